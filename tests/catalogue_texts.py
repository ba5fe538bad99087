"""Catalogues as texts, and what is said of them."""

from __future__ import annotations

from occasion.moments.catalogue import Catalogue, Finding, parse_catalogue

DESIGN = """\
stages:
  - {name: new, enter: start}
  - {name: settled, enter: "count(session) >= 5 within 30 days of start"}
process:                       # the scheduled interactions: what everyone expects
  - {name: welcome letter, event: letter_sent where kind = "welcome", due: 2 days after start, purpose: they know whom to call}
moments:
  ten friends:
    when: count(friend_added) >= 10 within 14 days of first signup
    who: customer
    owner: growth               # a colleague or team; required
    purpose: the newcomer's people are here
    stage: new                  # a label; a filter is written with `while` in `when`
    expect: 14 days after start # W after anchor: when it should have happened; later is slipping
    make: [introduce two people who share a course]
"""  # fmt: skip  # noqa: E501
# Story 5: twelve moments from the first visit to the third year. The step on line 9 has no purpose, line 14 names an
# event that never came, the moment on line 31 has no owner, line 56 means the same as line 51.
STORY = """\
stages:
  - {name: visiting, enter: start}
  - {name: moving in, enter: first lease_signed}
  - {name: living here, enter: first key_handed}
  - {name: third year, enter: every 2 years since first lease_signed}

process:
  - {name: welcome letter, event: letter_sent where kind = "welcome", due: 2 days after start, purpose: know whom to call}
  - {name: yearly invoice, event: invoice_sent, due: 1 year after first lease_signed}

moments:
  first look:
    when: >-
      first fisrt_visit
      where place = "office"
    owner: desk
    purpose: a welcome by name
    stage: visiting
  came again:
    when: 2nd first_visit
    owner: desk
    purpose: they liked it
    stage: visiting
  many pictures:
    when: count(picture_viewed) >= 3 then first rent_clicked within 1 day per listing
    owner: desk
    purpose: they have fallen for one
    stage: visiting
    expect: 3 days after first first_visit
    make: [call the same day]
  first call:
    when: first call where direction = "in"
    purpose: they dare to ask
    stage: moving in
  quiet:
    when: no contact for 45 days while stage = "moving in"
    owner: leasing
    purpose: nobody waits in silence
    stage: moving in
  key:
    when: first key_handed
    owner: leasing
    purpose: the door is theirs
    stage: moving in
  kickoff:
    when: (first invoice_sent or first lease_signed) and first key_handed
    owner: leasing
    purpose: all is settled
    stage: moving in
  steady:
    when: count(call) >= 3 within 14 days of first key_handed
    owner: desk
    purpose: something does not work
    stage: living here
  many calls:
    when: count(call) >= 3 within 2 weeks of (first key_handed)
    owner: leasing
    purpose: something does not work
    stage: living here
  back:
    when: contact returns after 1 year per counterpart
    owner: desk
    purpose: an old tie
    stage: living here
  anniversary:
    when: every 1 year since first lease_signed
    owner: desk
    purpose: thanks
    stage: third year
  hundredth:
    when: every 100th call
    owner: desk
    purpose: a smile
    stage: third year
"""  # fmt: skip  # noqa: E501


def places(findings: list[Finding]) -> list[tuple[int, int, str, str]]:
    return [(f.place.line, f.place.column, f.severity, f.code) for f in findings]


def the_one(findings: list[Finding], code: str) -> Finding:
    (found,) = [finding for finding in findings if finding.code == code]
    return found


def moments(*lines: str, stages: str = "") -> Catalogue:
    """A catalogue of moments m1, m2, ..., each in order but for its `when`."""
    said = "".join(
        f"  m{i}:\n    when: |\n      {line}\n    owner: desk\n    purpose: a reason\n"
        for i, line in enumerate(lines, 1)
    )
    return parse_catalogue(f"{stages}moments:\n{said}")
