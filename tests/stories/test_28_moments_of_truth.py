"""Story 28: parking, invoice, the answering machine, a tweet: each is an interaction in its stage."""

from __future__ import annotations

from desk_world import DAY, MORNING, ZONE, event
from occasion.desk.journey_audit import BEFORE, audit_journey
from occasion.moments.catalogue import parse_catalogue

CATALOGUE = """\
stages:
  - {name: visiting, enter: first visit}
  - {name: at home, enter: first lease_signed}
moments: {}
"""


def test_each_is_counted_in_its_stage_with_the_impression_it_left_and_the_rarest_is_listed() -> None:
    logs = {}
    for i in range(6):
        at = MORNING - 30 * DAY
        logs[f"p{i}"] = [
            event(f"p{i}", "parking", at - DAY),
            event(f"p{i}", "visit", at, rating=4 if i else 1),
            event(f"p{i}", "invoice", at + DAY, mass=True, direction="out"),
            event(f"p{i}", "lease_signed", at + 2 * DAY),
            event(f"p{i}", "answering_machine", at + 3 * DAY, direction="in", channel="phone"),
        ]
    logs["p3"].append(event("p3", "tweet", MORNING - DAY, rating=2))
    found = audit_journey(logs.items(), parse_catalogue(CATALOGUE), now=MORNING, zone=ZONE)
    assert [(one.stage, one.name, one.count, one.parties, one.contacts) for one in found.interactions] == [
        (BEFORE, "parking", 6, 6, 0),
        ("visiting", "invoice", 6, 6, 0),
        ("visiting", "visit", 6, 6, 0),
        ("at home", "answering_machine", 6, 6, 6),
        ("at home", "lease_signed", 6, 6, 0),
        ("at home", "tweet", 1, 1, 0),
    ]
    by_name = {one.name: (one.ratings, one.rating) for one in found.interactions}
    assert by_name["visit"] == (6, 3.5)
    assert by_name["tweet"] == (1, None)  # one rating is not yet a mean
    assert by_name["parking"] == (0, None)


def test_what_has_not_come_yet_is_not_counted() -> None:
    log = [event("p", "visit", MORNING - DAY), event("p", "tweet", MORNING + DAY), event("p", "late", MORNING - DAY,
                                                                                       seen=MORNING + DAY)]  # fmt: skip
    found = audit_journey([("p", log)], parse_catalogue(CATALOGUE), now=MORNING, zone=ZONE)
    assert [one.name for one in found.interactions] == ["visit"]
    assert found.events == 1
