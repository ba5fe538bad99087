"""After a send to many: the few for whom there is something personal to add, with what, and from where it is known.

A send to many is what was marked so (`mass`), or the same words to ten people or more within a day. Proposed are those
of whom a detail is known of which may be mentioned and which either

    text       the text that went out means (it spoke of the garden, and they have roses),
    date       has its day in these two weeks,
    unspoken   was noted within the last year and no message of ours has meant since.

Never the others; never the dead, nobody in trouble, nobody who is being left in peace, and nobody for whom it was taken
up or declined already. A proposal does nothing: a person takes it up, and then it is an occasion of theirs, or declines
it with a reason, and then it stays declined.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import groupby

from sqlalchemy import Connection, select

from occasion.coach.mentioned import mentioned
from occasion.coach.sent import is_sent
from occasion.desk.cards import Ground
from occasion.desk.dates import DAY_US, day_of, local_date
from occasion.desk.journey_audit import step_name
from occasion.desk.known import Known, detail_line, know, party_ref
from occasion.desk.occasions import new_row, open_one
from occasion.desk.parts import REASONS, ForOne, Reason, Send
from occasion.desk.ranking import stake
from occasion.desk.snapshot import EventsOf
from occasion.desk.suggestions import quoted
from occasion.desk.viewer import owners_seen, sees_names
from occasion.errors import InputError
from occasion.events.event import Event
from occasion.people.details import Detail
from occasion.people.merges import identities_of
from occasion.people.partial import read_partial
from occasion.people.parties import Party
from occasion.store import audit
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.people import DETAILS

LATELY_DAYS = 7
MANY = 10  # people who got the same within a day
FEW = 12  # proposed of one send
LOOKED_AT = 400  # of those with details, the latest noted
NEAR_DAYS = 14
FRESH_DAYS = 365
PIECE = 400
DAYS = 3  # there are for what was taken up
ONE_LINE = 300  # characters of a reason
MORE_THAN = "more than "  # the moment of its occasion: more than the newsletter
_SUBJECT = re.compile(r"[\w -]+ \((.+)\)", re.DOTALL)  # what a step is called after an event with a subject
Texts = Callable[[Sequence[Event]], Mapping[str, int]]  # by event which text it is, names and numbers left out


@dataclass(frozen=True)
class _Sent:
    """A send as it lies in the log: its messages, the first of each party."""

    name: str
    messages: Mapping[str, Event]

    @property
    def at(self) -> int:
        return min(event.at for event in self.messages.values())

    @property
    def text(self) -> str:
        return next((event.body for event in self.messages.values() if event.body), "")

    @property
    def key(self) -> str:
        return blake2b(f"{self.name}\x00{self.at}".encode(), digest_size=8).hexdigest()


def sends(
    ground: Ground, lately: Iterable[Event], events_of: EventsOf, texts: Texts | None = None, *, most: int = FEW
) -> tuple[Send, ...]:
    """The sends of the last seven days, the latest first, with the few of each. Who may not see names gets none.

    `lately`: the log's events of that time; `texts`: which text a message is, from the index of what was sent; `most`:
    how many are named of each.
    """
    if not sees_names(ground.viewer):
        return ()
    found = _to_many(ground, [event for event in lately if event.at > ground.now - LATELY_DAYS * DAY_US], texts)
    return tuple(_send(ground, sent, events_of, most) for sent in sorted(found, key=lambda sent: -sent.at))


def take_up(connection: Connection, send: Send, party: str, *, now: int, by: str) -> int:
    """The proposal becomes an occasion of whoever takes it up; its number. Raises InputError where it is none."""
    return _settle(connection, send, party, "taken", "", now=now, by=by)


def decline(connection: Connection, send: Send, party: str, reason: str, *, now: int, by: str) -> int:
    """Nothing will be added for this one, for a reason; what went to the others stays proposed. It is kept as an
    occasion that was skipped, whose number is given. Raises InputError where it is no proposal, or without a reason.
    """
    said = " ".join(reason.split())
    if not 0 < len(said) <= ONE_LINE:
        raise InputError(f"the reason has {len(said)} characters; say in one line of 1 to {ONE_LINE} why not")
    return _settle(connection, send, party, "skipped", said, now=now, by=by)


def _settle(connection: Connection, send: Send, party: str, state: str, reason: str, *, now: int, by: str) -> int:
    one = next((one for one in send.few if one.party.party == party), None)
    if one is None:
        raise InputError(f"{party[:80]!r} is not proposed for {send.name[:60]!r} (any more): look at the page again")
    until = day_of(day_of(now, one.party.zone)[0] + (DAYS - 1) * DAY_US + DAY_US // 2, one.party.zone)[1]
    row = new_row(
        party=party, moment=f"{MORE_THAN}{send.name}", identity=f"expand:{send.key}", kind="reached",
        about_us=send.at_us, owner=by, shown_us=now, until_us=until, state=state, taken_by=by, reason=reason,
        stake=stake("reached"), who=one.party.kind,
        facts={"why": "expand", "text": one.detail.text, "name": send.name, "detail": one.detail.number},
        changed_us=now,
    )  # fmt: skip
    number = open_one(connection, row)
    if number is None:
        raise InputError(f"{party[:80]!r}: was taken up or declined already; look at the page again")
    said = "taken" if state == "taken" else "declined"
    audit.note(connection, now, by, f"proposal {said}", f"occasion:{number}", {"send": send.key})
    return number


def still(ground: Ground, found: Sequence[Send], owners: Sequence[str] | None) -> tuple[Send, ...]:
    """What was found a while ago, for a viewer now: of their owners (None: all), each person once, without whom it was
    taken up or declined for by now, who is to be left in peace, and details that may no longer be mentioned.
    """
    if not sees_names(ground.viewer):
        return ()
    since = ground.now - LATELY_DAYS * DAY_US
    near = [
        (send, [one for one in send.few if owners is None or one.party.owner in owners][: 3 * FEW])
        for send in found
        if send.at_us > since
    ]
    known = know(ground.connection, {one.party.party for _, few in near for one in few}, ground.house, ground.pits)
    shown: list[Send] = []
    seen: set[str] = set()
    for send, some in near:
        settled, few = settled_for(ground.connection, send.name, send.key), []
        for one in some:
            party = known.parties[one.party.party]
            theirs = {detail.number for detail in known.details.get(party.party, ()) if detail.may("mention")}
            mine = owners is None or party.owner in owners  # still
            free = settled.isdisjoint(party.identities) and party.party not in seen
            if mine and free and one.detail.number in theirs and not _in_peace(ground, known, party):
                seen.add(party.party)
                few.append(replace(one, party=party_ref(party, ground.house, ground.zone, True)))
        if few:
            shown.append(replace(send, few=tuple(few[:FEW])))
    return tuple(shown)


def _to_many(ground: Ground, events: Sequence[Event], texts: Texts | None) -> list[_Sent]:
    """Each send once: by what the step is called, and by its words."""
    out = [event for event in events if event.at <= ground.now and is_sent(event) and event.name != "gesture"]
    marked = [(_named(step_name(event, ground.catalogue.process)), event) for event in out if event.mass]
    found = [_Sent(name, some) for name, some in _within_a_day(marked)]
    plain = [event for event in out if not event.mass and event.body]
    if texts is not None and plain:
        same = texts(plain)
        worded = [(str(same[event.id]), event) for event in plain if event.id in same]
        found += [_Sent(_called(some), some) for _, some in _within_a_day(worded)]
    return found


def _named(step: str) -> str:
    """A mail by its subject alone.

    >>> _named("newsletter (The garden opens)"), _named("spring letter")
    ('The garden opens', 'spring letter')
    """
    subject = _SUBJECT.fullmatch(step)
    return subject[1] if subject else step


def _called(some: Mapping[str, Event]) -> str:
    first = next(iter(some.values()))
    subject = first.properties.get("subject")
    return str(subject) if isinstance(subject, str) and subject else quoted(first.body or first.name)[:60]


def _within_a_day(named: Sequence[tuple[str, Event]]) -> list[tuple[str, dict[str, Event]]]:
    """Messages of one name, cut where a day lies between two; those to enough people."""
    found: list[tuple[str, dict[str, Event]]] = []
    ordered = sorted(named, key=lambda one: (one[0], one[1].at))
    for name, some in groupby(ordered, key=lambda one: one[0]):
        parties: dict[str, Event] = {}
        last = None
        for _, event in some:
            if last is not None and event.at - last > DAY_US:
                found.append((name, parties))
                parties = {}
            parties.setdefault(event.party, event)
            last = event.at
        found.append((name, parties))
    return [(name, parties) for name, parties in found if len(parties) >= MANY]


def _send(ground: Ground, sent: _Sent, events_of: EventsOf, most: int) -> Send:
    asked = _noted(ground.connection, list(sent.messages))
    known = know(ground.connection, asked[:LOOKED_AT], ground.house, ground.pits)
    settled = settled_for(ground.connection, sent.name, sent.key)
    whose = owners_seen(ground.connection, ground.viewer)
    few: list[tuple[tuple[int, int], ForOne]] = []
    for name in asked[:LOOKED_AT]:
        party = known.parties[name]
        theirs = whose is not None and party.owner not in whose
        if theirs or not settled.isdisjoint(party.identities) or _in_peace(ground, known, party):
            continue
        fit = _fitting(ground, sent, party, known.details.get(party.party, ()), events_of)
        if fit is not None:
            reason, detail = fit
            line = ForOne(party_ref(party, ground.house, ground.zone, True), detail_line(detail, ground.house), reason)
            few.append(((REASONS.index(reason), -detail.noted_us), line))
    best = sorted(few, key=lambda one: one[0])[:most]
    return Send(
        sent.key, sent.name, sent.at, len(sent.messages), quoted(sent.text), tuple(one for _, one in best), len(asked)
    )


def _in_peace(ground: Ground, known: Known, party: Party) -> bool:
    """Whether nothing is proposed for them: the dead, those in trouble, those left in peace after a gesture."""
    resting = known.rests_until(party, ground.now, ground.rules) is not None
    return party.deceased is not None or party.party in known.troubled or resting


def _noted(connection: Connection, parties: Sequence[str]) -> list[str]:
    """Those of whom there is a detail that may be mentioned, the latest noted first."""
    latest: dict[str, int] = {}
    fit = (DETAILS.c.ended_us.is_(None), DETAILS.c.use != "inside", ~DETAILS.c.sensitive, ~DETAILS.c.unmentioned)
    query = select(DETAILS.c.party, DETAILS.c.noted_us).where(*fit)
    identities = identities_of(connection, parties) if len(parties) <= 20 * PIECE else None
    if identities is not None:
        top = {one: party for party, some in identities.items() for one in some}
        asked = list(top)
        for at in range(0, len(asked), PIECE):
            for party, noted in connection.execute(query.where(DETAILS.c.party.in_(asked[at : at + PIECE]))):
                latest[top[party]] = max(latest.get(top[party], noted), noted)
    else:  # more people than details are noted of: those first
        rows = connection.execute(query).all()
        tops = {party: some[0] for party, some in identities_of(connection, [row[0] for row in rows]).items()}
        there = set(parties)
        for party, noted in rows:
            if tops[party] in there:
                latest[tops[party]] = max(latest.get(tops[party], noted), noted)
    return sorted(latest, key=lambda party: (-latest[party], party))


def settled_for(connection: Connection, name: str, key: str) -> set[str]:
    """For whom it was taken up or declined."""
    same = (OCCASIONS.c.moment == f"{MORE_THAN}{name}", OCCASIONS.c.identity == f"expand:{key}")
    query = select(OCCASIONS.c.party).where(*same)
    return set(connection.execute(query).scalars())


def _fitting(
    ground: Ground, sent: _Sent, party: Party, details: Sequence[Detail], events_of: EventsOf
) -> tuple[Reason, Detail] | None:
    """The detail to add, and why it fits."""
    may = [one for one in details if one.may("mention") and one.noted_us <= ground.now]
    if not may:
        return None
    skip = (party.name, *party.identities)
    if sent.text and (meant := mentioned(sent.text, may, skip=skip)):
        return "text", meant[0].detail
    today = local_date(ground.now, party.zone or ground.zone)
    for detail in may:
        if detail.on_date is not None and _near(detail.on_date, today.toordinal()):
            return "date", detail
    fresh = [one for one in may if one.noted_us > ground.now - FRESH_DAYS * DAY_US and one.on_date is None]
    if fresh:
        said = [event for event in events_of(party.party) if is_sent(event) and event.body and not event.mass]
        for detail in fresh:
            later = [event.body or "" for event in said if event.at > detail.noted_us]
            if not any(mentioned(text, [detail], skip=skip) for text in later):
                return "unspoken", detail
    return None


def _near(on_date: str, today: int) -> bool:
    """Whether its day, this year's where it comes every year, is within two weeks."""
    from datetime import date

    try:
        span = read_partial(on_date).next(date.fromordinal(today - NEAR_DAYS), yearly=True)
    except InputError:
        return False
    return span is not None and abs(span.first.toordinal() - today) <= NEAR_DAYS


__all__ = [
    "FEW", "LATELY_DAYS", "MANY", "ForOne", "Reason", "Send", "decline", "sends", "settled_for", "still", "take_up",
]  # fmt: skip
