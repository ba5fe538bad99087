"""Behind a number: the parties and occurrences or occasions that it counts. They add up, or say how many are hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select

from occasion.desk.cards import ON_DESK, Ground, per_text_shown
from occasion.desk.dates import DAY_US, day_begin
from occasion.desk.known import party_ref
from occasion.desk.occasions import window_length
from occasion.desk.parts import PartyRef
from occasion.desk.viewer import owners_seen, sees_names
from occasion.errors import InputError
from occasion.people.parties import parties_of
from occasion.store.schema.desk import GESTURES, OCCASIONS
from occasion.store.schema.people import PARTIES
from occasion.store.schema.watched import OCCURRENCES

O = OCCASIONS.c  # noqa: E741 - the columns, said often
C = OCCURRENCES.c
COUNTS = ("reached", "coming", "slipping", "slipped", "made", "open")
LINES = 200


@dataclass(frozen=True, slots=True)
class BehindLine:
    """One that is counted. `events`: ids of the events that show it; `occasion`: its number where there is one."""

    party: PartyRef
    per: str
    at_us: int
    occasion: int | None = None
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BehindPage:
    """What a number counts: `total` of them, the latest `lines` first; `hidden` are not the viewer's to see.

    `count`: reached, coming, slipping, slipped, made, open. `month` ("2026-02") and `owner`: narrowed to these.
    """

    now_us: int
    zone: str
    moment: str
    count: str
    month: str
    owner: str
    owner_name: str
    total: int
    hidden: int
    lines: tuple[BehindLine, ...]


def behind(
    ground: Ground, zone: str, *, moment: str, count: str, month: str = "", owner: str = "", most: int = LINES
) -> BehindPage:
    """The page behind a number of a moment (or, with `moment` "", of an owner's occasions).

    Raises InputError for a count or month that is none.
    """
    if count not in COUNTS:
        raise InputError(f"count {count[:20]!r}: is none; one of {', '.join(COUNTS)}")
    of_occurrences = count in ("reached", "coming") or (count == "slipped" and not month)
    table = OCCURRENCES if of_occurrences else OCCASIONS
    where = _occurrences(ground, moment, count) if of_occurrences else _occasions(count, moment, month, owner, zone)
    total = ground.connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()
    mine = _mine(ground, table.c)
    seen = select(func.count()).select_from(table).where(*where, *mine)
    visible = ground.connection.execute(seen).scalar_one() if mine else total
    rows = ground.connection.execute(_latest(table, count).where(*where, *mine).limit(most)).all()
    name = ground.house.name(owner) if owner else ""
    return BehindPage(
        ground.now,
        zone,
        moment,
        count,
        month,
        owner,
        name,
        total,
        total - visible,
        _lines(ground, rows, of_occurrences),
    )


def _latest(table: Any, count: str) -> Select[Any]:
    at = table.c.at_us if table is OCCURRENCES else table.c.changed_us if count in ("made", "slipped") else O.about_us
    return select(table).order_by(at.desc(), table.c.number.desc())


def _occurrences(ground: Ground, moment: str, count: str) -> list[ColumnElement[bool]]:
    if count != "coming":
        return [C.moment == moment, C.role == ("reached" if count == "reached" else "missed"), C.state != "retracted"]
    known = ground.moments.get(moment)
    length = window_length(known.definition) if known else None
    if length is None:
        return [C.moment == moment, C.role == "nothing"]
    since = ground.now - (length.months * 31 * DAY_US if length.civil else length.us)
    later = OCCURRENCES.alias("later")
    over = exists().where(
        later.c.party == C.party,
        later.c.at_us >= C.at_us,
        later.c.moment == C.moment,
        later.c.per == C.per,
        later.c.role.in_(("reached", "missed")),
        later.c.state == "holds",
    )
    opened = [C.moment == moment, C.role == "opened", C.at_us > since, C.at_us <= ground.now, C.state == "holds"]
    return [*opened, ~over]


def _occasions(count: str, moment: str, month: str, owner: str, zone: str) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [O.moment == moment] if moment else []
    where += [O.owner == owner] if owner else []
    match count:
        case "slipping":
            where += [O.kind == "slipping", O.state.in_(ON_DESK)]
        case "open":
            where += [O.state.in_(ON_DESK)]
        case "made":
            gesture = exists().where(GESTURES.c.occasion == O.number, GESTURES.c.form != "nothing")
            where += [O.state == "done", gesture]
        case _:
            since, until = _month(month, zone)
            where += [O.state == "slipped", O.changed_us >= since, O.changed_us < until]
    return where


def _month(month: str, zone: str) -> tuple[int, int]:
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise InputError(f"month {month[:20]!r}: is none; such as 2026-02") from None
    return day_begin(first, zone), day_begin((first + timedelta(days=31)).replace(day=1), zone)


def _mine(ground: Ground, columns: Any) -> list[ColumnElement[bool]]:
    """What the viewer may see: their own parties and occasions, and their teams'."""
    whose = owners_seen(ground.connection, ground.viewer)
    if whose is None:
        return []
    bond = exists().where(PARTIES.c.party == columns.party, PARTIES.c.owner.in_(whose))
    other = OCCASIONS.alias("other")
    work = exists().where(other.c.party == columns.party, other.c.owner.in_(whose) | other.c.taken_by.in_(whose))
    return [bond | work]


def _lines(ground: Ground, rows: Sequence[Any], of_occurrences: bool) -> tuple[BehindLine, ...]:
    named, known = sees_names(ground.viewer), parties_of(ground.connection, [row.party for row in rows])
    places: dict[str, int] = {}
    found = []
    for row in rows:
        party = known[row.party]
        ref = party_ref(party, ground.house, ground.zone, named, places.setdefault(party.party, len(places) + 1))
        per = per_text_shown(row.per) if named else ""
        if of_occurrences:
            found.append(BehindLine(ref, per, row.at_us, None, tuple(row.evidence) if named else ()))
        else:
            found.append(BehindLine(ref, per, row.about_us, row.number if named else None))
    return tuple(found)
