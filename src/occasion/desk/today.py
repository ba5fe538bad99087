"""Today: what can be done, in order and within the day's room; yesterday and tomorrow beside it; what is laid aside.

Only the occasions themselves are read, by their indexes, and what stands beside the few that are shown: no look into
the log, however long it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select, true

from occasion.desk.capacity import Days, days
from occasion.desk.cards import Cards, Ground
from occasion.desk.dates import day_begin, local_date
from occasion.desk.expand import FEW, still
from occasion.desk.owners import read_house
from occasion.desk.pages import OwnerDay, TodayPage
from occasion.desk.parts import CardLine, ForOne, Said, Send
from occasion.desk.ranking import order
from occasion.desk.slipped import slipped_last_month
from occasion.desk.snapshot import EventsOf
from occasion.desk.viewer import Looks, owners_seen
from occasion.moments.catalogue import Catalogue
from occasion.people.permission import ContactRules
from occasion.store.schema.desk import GESTURES, OCCASIONS

O = OCCASIONS.c  # noqa: E741 - the columns, said often
LOOKED_AT = 80  # of each kind of row, the most urgent
LEAST = 20  # of each owner, however many there are
CARDS = 24  # shown in full at most; the others wait
LINES = 30


@dataclass(frozen=True)
class Span:
    """Yesterday's, today's and tomorrow's first instants, and the one after."""

    yesterday: int
    today: int
    tomorrow: int
    after: int


def today(
    connection: Connection,
    viewer: Looks,
    now: int,
    *,
    catalogue: Catalogue,
    zone: str,
    recent: EventsOf | None = None,
    rules: ContactRules | None = None,
    whose: str = "",
    sends: Sequence[Send] = (),
) -> TodayPage:
    """The page for a viewer at an instant, its days reckoned in the viewer's zone, else the workspace's (`zone`).

    `whose`: "own" narrows a manager's page to their own; `recent`: a party's events that can be had at once; `sends`:
    what went to many lately, as it was looked through last (see expand.py).
    """
    house = read_house(connection, now)
    ground = Ground(connection, viewer, now, zone, catalogue, house, rules or ContactRules(zone=zone), recent)
    shown_zone = viewer.zone or zone
    span = spans(now, shown_zone)
    owners = (viewer.id, *viewer.teams) if whose == "own" else owners_seen(connection, viewer)
    scope = _scope(owners)
    rows = _for_now(connection, owners, span, now)
    cards = ground.cards(rows)
    ready, aside = _sift(cards, rows)
    ranked = sorted(ready, key=lambda row: order(row.stake, row.until_us, now, row.number))
    worked = _worked(connection, span)
    room = days(house, viewer, worked)
    do, wait = room.split(ranked)
    do, wait = do[:CARDS], [*do[CARDS:], *wait]
    to_add, more_to_add = _to_add(ground, room, do, still(ground, sends, owners) if sends else ())
    total = _count(connection, scope, span, now)
    own = owners is not None and set(owners) == {viewer.id, *viewer.teams}
    done_today = worked.get(viewer.id, 0) if own else _done(connection, scope, span)
    return TodayPage(
        now, shown_zone, local_date(now, shown_zone).isoformat(), "all" if owners is None else "own" if own else "team",
        tuple(cards.card(row) for row in do),
        tuple(cards.line(row) for row in wait[:LINES]),
        max(len(wait), total - len(do) - len(aside)),
        tuple(_aside(cards, aside) + _held(ground, scope)),
        _lines(ground, _yesterday(connection, scope, span)),
        _lines(ground, _tomorrow(connection, scope, span, now)),
        _lines(ground, _missed(connection, scope, span)),
        _owner_days(ground, room, do, wait),
        done_today,
        not do,
        None if own and viewer.role == "colleague" else slipped_last_month(ground, owners, shown_zone),
        to_add, more_to_add,
    )  # fmt: skip


def _to_add(ground: Ground, room: Days, do: Sequence[Any], sends: Sequence[Send]) -> tuple[tuple[Send, ...], int]:
    """Those for whom there is something to add to what went to many, as far as their owners' days have room for them
    after the occasions; and how many more there are.
    """
    left, shown, more = room.left(do), 0, 0
    found: list[Send] = []
    for send in sends:
        few: list[ForOne] = []
        for one in send.few:
            owner = room.own or one.party.owner or ground.viewer.id
            left.setdefault(owner, room.room(owner))
            if left[owner] > 0 and shown < FEW:
                left[owner] -= 1
                shown += 1
                few.append(one)
            else:
                more += 1
        found += [replace(send, few=tuple(few))] if few else []
    return tuple(found), more


def spans(now: int, zone: str) -> Span:
    """Where the days around an instant begin in a zone."""
    day = local_date(now, zone)
    begins = [day_begin(day + timedelta(days=n), zone) for n in (-1, 0, 1, 2)]
    return Span(*begins)


def _scope(owners: Sequence[str] | None) -> ColumnElement[bool]:
    return true() if owners is None else O.owner.in_(owners)


def _due(now: int) -> ColumnElement[bool]:
    """Held until an instant that has come: it is back."""
    return and_(O.state == "held", O.held_until_us <= now)


def _for_now(connection: Connection, owners: Sequence[str] | None, span: Span, now: int) -> list[Any]:
    """Rows for today: those with most at stake, those that end today, those whose rest is over; each once.

    Owner by owner, so that each is read off an index in its order and no further than it is shown.
    """
    found: dict[int, Any] = {}
    most = LOOKED_AT if owners is None else max(LEAST, LOOKED_AT // len(owners))
    for scope in [true()] if owners is None else [O.owner == owner for owner in owners]:
        shown = O.shown_us + 0 < span.tomorrow  # no index for this: the rows are to come in the order of another
        picked = select(OCCASIONS).where(scope, shown).limit(most)
        ending = picked.where(O.until_us <= span.tomorrow).order_by(O.until_us)
        for query in (
            *(picked.where(O.state == state).order_by(O.stake.desc()) for state in ("open", "taken")),
            *(ending.where(O.state == state) for state in ("open", "taken")),
            picked.where(_due(now)).order_by(O.held_until_us),
        ):
            found |= {row.number: row for row in connection.execute(query)}
    return [row for row in found.values() if row.until_us > now or row.kind in ("promise", "handover") or _goes_on(row)]


def _goes_on(row: Any) -> bool:
    """What somebody has taken, and what hurts, does not end with its time."""
    return row.taken_by is not None or row.stake >= 1000


def _sift(cards: Cards, rows: Sequence[Any]) -> tuple[list[Any], list[tuple[Any, Said, int | None]]]:
    """What is for now, and what something else goes before, with why and until when."""
    ready, aside = [], []
    for row in rows:
        why = cards.laid_aside(row)
        if why is None:
            ready.append(row)
        else:
            aside.append((row, *why))
    return ready, aside


def _count(connection: Connection, scope: ColumnElement[bool], span: Span, now: int) -> int:
    """How many occasions are for now, in all."""
    counts = [select(func.count()).where(scope, O.state == state, O.shown_us < span.tomorrow) for state in
              ("open", "taken")]  # fmt: skip
    counts.append(select(func.count()).where(scope, _due(now)))
    return sum(connection.execute(query).scalar_one() for query in counts)


def _worked(connection: Connection, span: Span) -> Counter[str]:
    """How many gestures each colleague made today about occasions."""
    query = (
        select(GESTURES.c.colleague, func.count(GESTURES.c.occasion.distinct()))
        .where(GESTURES.c.at_us >= span.today, GESTURES.c.at_us < span.tomorrow, GESTURES.c.occasion.is_not(None))
        .group_by(GESTURES.c.colleague)
    )
    return Counter({row[0]: row[1] for row in connection.execute(query)})


def _done(connection: Connection, scope: ColumnElement[bool], span: Span) -> int:
    query = select(func.count()).where(scope, O.state == "done", O.changed_us >= span.today)
    return connection.execute(query).scalar_one()


def _aside(cards: Cards, aside: Sequence[tuple[Any, Said, int | None]]) -> list[CardLine]:
    """What something else goes before."""
    return [cards.line(row, why, until) for row, why, until in aside[:LINES]]


def _held(ground: Ground, scope: ColumnElement[bool]) -> list[CardLine]:
    """What people held, the soonest back first."""
    query = select(OCCASIONS).where(scope, O.state == "held", O.held_until_us > ground.now)
    rows = ground.connection.execute(query.order_by(O.held_until_us).limit(LINES)).all()
    cards = ground.cards(rows)
    return [cards.line(row) for row in rows]


def _yesterday(connection: Connection, scope: ColumnElement[bool], span: Span) -> list[Any]:
    found: list[Any] = []
    for state in ("done", "skipped", "slipped"):
        query = select(OCCASIONS).where(scope, O.state == state)
        query = query.where(O.changed_us >= span.yesterday, O.changed_us < span.today)
        found += connection.execute(query.order_by(O.changed_us.desc()).limit(LINES)).all()
    return sorted(found, key=lambda row: -row.changed_us)[:LINES]


def _tomorrow(connection: Connection, scope: ColumnElement[bool], span: Span, now: int) -> list[Any]:
    """What begins or comes tomorrow, comes back from its rest, or ends: until midnight is the end of the day before."""
    query = select(OCCASIONS).where(scope).limit(LINES)
    found: dict[int, Any] = {}
    for one in (
        query.where(O.state == "open", O.kind == "coming", O.about_us >= span.tomorrow, O.about_us < span.after)
        .order_by(O.about_us),
        query.where(O.state == "open", O.shown_us >= span.tomorrow, O.shown_us < span.after).order_by(O.shown_us),
        query.where(O.state == "held", O.held_until_us >= max(now, span.tomorrow), O.held_until_us < span.after)
        .order_by(O.held_until_us),
        query.where(O.state == "open", O.until_us > span.tomorrow, O.until_us <= span.after).order_by(O.until_us),
    ):  # fmt: skip
        found |= {row.number: row for row in connection.execute(one)}
    return list(found.values())[:LINES]


def _missed(connection: Connection, scope: ColumnElement[bool], span: Span) -> list[Any]:
    query = select(OCCASIONS).where(scope, O.state == "slipped", O.changed_us >= span.yesterday)
    return list(connection.execute(query.order_by(O.changed_us.desc()).limit(LINES)).all())


def _lines(ground: Ground, rows: Sequence[Any]) -> tuple[CardLine, ...]:
    cards = ground.cards(rows)
    forms = {}
    done = [row.number for row in rows if row.state == "done"]
    if done:
        query = select(GESTURES.c.occasion, GESTURES.c.form).where(GESTURES.c.occasion.in_(done))
        forms = {row[0]: row[1] for row in ground.connection.execute(query.order_by(GESTURES.c.number))}
    return tuple(cards.line(row, form=forms.get(row.number, "")) for row in rows)


def _owner_days(ground: Ground, room: Days, do: Sequence[Any], wait: Sequence[Any]) -> tuple[OwnerDay, ...]:
    """A line for every owner whose day the page holds, the fullest first."""
    shown = Counter(room.of(row) for row in do)
    waiting = Counter(room.of(row) for row in wait)
    owners = {*shown, *waiting} | ({room.own} if room.own else set())
    house = ground.house
    lines = [
        OwnerDay(
            owner, house.name(owner), house.is_team(owner), room.capacity.get(owner, 0), room.worked.get(owner, 0),
            shown[owner], waiting[owner],
        )
        for owner in owners
    ]  # fmt: skip
    return tuple(sorted(lines, key=lambda one: (-one.shown, -one.waiting, one.owner)))
