"""A party's page: one timeline, what is known, what is open and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from occasion.coach.context import stage_of
from occasion.desk.ahead import standing
from occasion.desk.cards import ON_DESK, Ground
from occasion.desk.certain import certain
from occasion.desk.dates import local_date
from occasion.desk.known import detail_line, know, party_ref, promise_line
from occasion.desk.pages import Consent, Identity, PartyPage, Trait
from occasion.desk.parts import Entry, ProgressLine, Said, Value
from occasion.desk.snapshot import event_line, shown
from occasion.events.event import Event
from occasion.moments.catalogue import Moment
from occasion.moments.definition import Per
from occasion.moments.progress import Progress
from occasion.people.details import Detail
from occasion.people.merges import history
from occasion.people.parties import Party, party_of
from occasion.people.promises import promises_of
from occasion.people.quiet import is_quiet
from occasion.people.timeline import Line, WholeLog, timeline
from occasion.people.traits import traits_of
from occasion.store.schema.desk import OCCASIONS

O = OCCASIONS.c  # noqa: E741 - the columns, said often
LINES = 60  # of the timeline on a page
LEADS = ("manager", "admin")
OCCURRED = ("reached", "slipping", "missed")


def party_page(
    ground: Ground, zone: str, party: str, log: Callable[[str], Sequence[Event]], *, older: str | None = None
) -> PartyPage:
    """The page of a party, by any of its identities. `log`: every event of a canonical party, in order.

    `older`: the cursor of the page before. Raises InputError for a cursor that is none.
    """
    connection, house, now = ground.connection, ground.house, ground.now
    found = party_of(connection, party)
    known = know(connection, [found.party], house, ground.pits)
    events = list(log(found.party))
    rows = _on_desk(connection, found)
    cards = ground.cards(rows)
    lines = timeline(connection, WholeLog(lambda _: events), found.party, cursor=older, limit=LINES)
    theirs, rules = found.zone or ground.zone, ground.rules
    start, end = found.quiet_from or rules.quiet_from, found.quiet_to or rules.quiet_to
    rests = known.rests_until(found, now, rules)
    details: Sequence[Detail] = known.details.get(found.party, ())
    return PartyPage(
        now_us=now,
        zone=zone,
        party=party_ref(found, house, ground.zone, True),
        local_us=now,
        quiet_now=is_quiet(start, end, theirs, now),
        quiet=(start, end),
        channel=found.channel,
        consents=_consents(found),
        rests_until_us=rests[0] if rests else None,
        deceased="yes" if found.deceased == "unknown" else found.deceased,
        stage=stage_of(ground.catalogue, events, now, theirs) or "",
        first_us=events[0].at if events else None,
        last_us=events[-1].at if events else None,
        events_total=len(events),
        traits=tuple(Trait(t.key, shown(t.value), t.source, t.seen_us) for t in traits_of(connection, found.party)),
        details=tuple(detail_line(one, house) for one in details),
        promises=tuple(promise_line(one, house, theirs, now) for one in promises_of(connection, found.party)),
        cards=tuple(cards.card(row) for row in rows),
        moments=how_far(ground, found, events, rows),
        timeline=_entries(ground, lines.lines),
        older=lines.older,
        identities=tuple(
            Identity(one.number, one.party, one.made_us, house.name(one.made_by), one.why, one.undone_us)
            for one in history(connection, found.party)
        ),
        gestures=known.gestures.get(found.party, ()),
        may=_may(ground.viewer.role),
    )


def how_far(ground: Ground, party: Party, events: Sequence[Event], rows: Sequence[Any]) -> tuple[ProgressLine, ...]:
    """Moments that are open for a party, the nearest to its end first, then those that can no longer come."""
    zone, lines = party.zone or ground.zone, []
    for moment in ground.catalogue.moments:
        if moment.who != party.kind or isinstance(moment.definition.node, Per) or not events:
            continue
        stands = standing(moment.definition, events, ground.now, zone, None)
        if says_something(stands):
            lines.append(_progress(moment, stands, rows, ground.now, zone))
    return tuple(sorted(lines, key=lambda one: (one.state == "closed", one.until_us or ground.now << 1, one.moment)))


def says_something(stands: Progress) -> bool:
    """Whether there is anything to say of a moment: it is under way, has a date, or can no longer come."""
    return stands.state == "closed" or (stands.state == "open" and (stands.have > 0 or stands.until is not None))


def _progress(moment: Moment, stands: Progress, rows: Sequence[Any], now: int, zone: str) -> ProgressLine:
    facts: dict[str, Value] = {"have": shown(Decimal(stands.have)), "need": shown(Decimal(stands.need))}
    key = "closed" if stands.state == "closed" else "count"
    if key == "count" and stands.until is not None:
        facts["left_for_us"] = max(stands.until - now, 0)
        facts["on_date"] = local_date(stands.until, zone).isoformat()
        key = _how_dated(moment, stands)
    row = next((row for row in rows if row.moment == moment.name and not row.per), None)
    return ProgressLine(
        moment.name,
        moment.written.text.strip(),
        stands.state,
        shown(Decimal(stands.have)),
        shown(Decimal(stands.need)),
        stands.until,
        stands.comes,
        stands.waits,
        Said(f"progress.{key}", facts),
        occasion=row.number if row is not None else None,
    )


def _how_dated(moment: Moment, stands: Progress) -> str:
    """In which words the date of an open moment is said."""
    if stands.waits or not stands.comes:
        return "waits" if stands.waits else "left"
    if certain(moment):
        return "comes"
    return "due" if not stands.need else "silence" if stands.need == 1 and not stands.have else "unless"


def _on_desk(connection: Connection, party: Party) -> list[Any]:
    state = O.state + ""  # no index for this: they are found by party
    query = select(OCCASIONS).where(O.party.in_(party.identities), state.in_(ON_DESK))
    return list(connection.execute(query.order_by(O.stake.desc(), O.until_us)).all())


def _consents(party: Party) -> tuple[Consent, ...]:
    channels = [*party.consent, *([party.channel] if party.channel and party.channel not in party.consent else [])]
    said = [(one, party.consent.get(one)) for one in channels]
    return tuple(Consent(one, c.given, c.at_us, c.source) if c else Consent(one, None, None, "") for one, c in said)


def _entries(ground: Ground, lines: Sequence[Line]) -> tuple[Entry, ...]:
    """The lines as entries; what was reached leads to the occasion it became, where it did."""
    numbers = [line.number for line in lines if line.kind in OCCURRED]
    query = select(O.occurrence, O.number).where(O.occurrence.in_(numbers)).order_by(O.number)
    became = {row.occurrence: row.number for row in ground.connection.execute(query)}
    return tuple(_entry(ground, line, became) for line in lines)


def _entry(ground: Ground, line: Line, became: Mapping[int, int]) -> Entry:
    names, facts = ground.house.names, dict(line.facts)
    by = names.get(line.by, line.by)
    if line.event is not None:
        return Entry(
            line.at_us, "event", Said("line.event", {"name": line.event.name}), by, event=event_line(line.event, names)
        )
    said: dict[str, Value] = {key: value for key, value in facts.items() if isinstance(value, str | int)}
    match line.kind:
        case "gesture":
            title = Said("line.gesture.free", {"form": said["form"]})
        case "promise":
            title = Said("line.promise", {"on_date": said["due"]})
        case "merged" | "parted":
            title = Said("line.merged" if line.kind == "merged" else "line.unmerged", {"party": line.party})
        case "reached" | "slipping" | "missed":
            title = Said(f"line.{line.kind}", {"moment": said["moment"]})
        case _:
            title = Said(f"line.{line.kind}")
    number = said.get("occasion") if line.kind == "gesture" else line.number
    if line.kind in OCCURRED:
        number = became.get(line.number or 0)
    return Entry(line.at_us, line.kind, title, by, line.text, number=number if isinstance(number, int) else None)


def _may(role: str) -> tuple[str, ...]:
    return ("detail", "promise", "owner", "merge", "export", *(("erase",) if role in LEADS else ()))
