"""Everything that happened with a party, in one order: newest first, a page at a time.

Sources are read only as far as the page needs, each in the same total order (instant, kind, number or id), so that
pages neither repeat nor leave out a line, however many lie at one instant.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice
from typing import Any, Literal, Protocol

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, Table, and_, false, or_, select

from occasion.errors import InputError
from occasion.events.event import Event
from occasion.people.merges import identities
from occasion.store.schema.desk import GESTURES, OCCASIONS
from occasion.store.schema.log import MERGES
from occasion.store.schema.people import DETAILS, PROMISES
from occasion.store.schema.watched import OCCURRENCES

LineKind = Literal[
    "event", "reached", "slipping", "missed", "gesture", "answer", "detail", "ended", "promise", "kept", "dropped",
    "merged", "parted",
]  # fmt: skip
MOST = 500  # lines of a page
FAR = 1 << 62  # no instant and no number is as large
EVENTS_RANK = 0  # at one instant the event stands below what follows from it
Key = tuple[int, int, int | str]


@dataclass(frozen=True)
class Line:
    """One line. `party` is the identity it belongs to, `by` who did or noted it ("" where nobody).

    `number` is that of the occurrence, gesture, occasion (of an answer), detail, promise or merge; `event` is set for
    events. `text` is what a person wrote, `facts` what else there is to say, by name.
    """

    at_us: int
    kind: LineKind
    party: str
    number: int | None = None
    by: str = ""
    text: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    event: Event | None = None


@dataclass(frozen=True)
class TimelinePage:
    """Some lines, newest first; `older` asks for the next ones, None at the end."""

    lines: tuple[Line, ...]
    older: str | None


class Events(Protocol):
    """Where events are read from."""

    def newest(
        self, party: str, before: tuple[int, str] | None, limit: int, skip: frozenset[str] = frozenset()
    ) -> Sequence[Event]:
        """At most `limit` events of a canonical party, newest first by (at, id), below `before`, none with an id in
        `skip`."""


class WholeLog:
    """Events of something that gives all of a party's at once, by (at, id), as a log does (store.log.Log.of)."""

    def __init__(self, of: Callable[[str], Sequence[Event]]) -> None:
        self._of = of

    def newest(
        self, party: str, before: tuple[int, str] | None, limit: int, skip: frozenset[str] = frozenset()
    ) -> Sequence[Event]:
        """See Events."""
        events = self._of(party)
        end = len(events) if before is None else bisect_left(events, before, key=lambda event: (event.at, event.id))
        older = (events[place] for place in range(end - 1, -1, -1))
        return list(islice((event for event in older if event.id not in skip), limit))


def timeline(
    connection: Connection, events: Events, party: str, *, cursor: str | None = None, limit: int = 50
) -> TimelinePage:
    """A page of the party's timeline, all its identities together; `cursor` is the `older` of the page before.

    Raises InputError for a cursor that is none, or a limit outside 1 to 500.
    """
    if not 1 <= limit <= MOST:
        raise InputError(f"limit {limit}: is no number of lines from 1 to {MOST}")
    before = _read_cursor(cursor) if cursor else None
    names = identities(connection, party)
    sources = [_events(connection, events, names, before, limit + 1)]
    sources += [_rows(connection, place, names, before, limit + 1) for place in enumerate(SOURCES, EVENTS_RANK + 1)]
    found = list(islice(merge(*sources, key=lambda pair: pair[0], reverse=True), limit + 1))
    older = _cursor(found[limit - 1][0]) if len(found) > limit else None
    return TimelinePage(tuple(line for _, line in found[:limit]), older)


@dataclass(frozen=True)
class _Source:
    """Lines of one table: of which rows, at which instant, and how a row reads as a line."""

    kind: LineKind | None  # None: the row's role says it
    table: Table
    at: str
    only: Callable[[Any], ColumnElement[bool]] | None
    by: str | None
    text: str | None
    facts: tuple[str, ...] = ()
    party: str = "party"
    number: str = "number"

    def line(self, row: Mapping[str, Any]) -> Line:
        return Line(
            at_us=row[self.at],
            kind=self.kind or row["role"],
            party=row[self.party],
            number=row[self.number],
            by=(row["facts"].get("answered_by") if self.kind == "answer" else None)
            or (row[self.by] if self.by else "")
            or "",
            text=(row[self.text] if self.text else "") or "",
            facts={name: row[name] for name in self.facts if row[name] is not None},
        )


_SHOWN_ROLES = ("reached", "slipping", "missed")
_DETAIL = ("kind", "on_date", "source", "use", "sensitive", "unmentioned")
_OCCURRENCE = ("moment", "per", "known_us", "evidence", "state", "reason")
SOURCES: tuple[_Source, ...] = (
    _Source("merged", MERGES, "made_us", None, "made_by", "why", ("into",)),
    _Source("parted", MERGES, "undone_us", None, "undone_by", None, ("into",)),
    _Source("detail", DETAILS, "noted_us", None, "noted_by", "text", _DETAIL),
    _Source("ended", DETAILS, "ended_us", None, None, "text", _DETAIL),
    _Source("promise", PROMISES, "made_us", None, "made_by", "text", ("due",)),
    _Source("kept", PROMISES, "kept_us", None, "kept_by", "text", ("due",)),
    _Source("dropped", PROMISES, "dropped_us", None, None, "text", ("due", "why_dropped")),
    _Source(None, OCCURRENCES, "at_us",
            lambda c: and_(c.role.in_(_SHOWN_ROLES), c.state != "retracted"), None, None, _OCCURRENCE),
    _Source("answer", OCCASIONS, "changed_us", lambda c: c.answer != "", "taken_by", "answer", ("moment",)),
    _Source("gesture", GESTURES, "at_us", None, "colleague", "text", ("form", "occasion")),
)  # fmt: skip


def _rows(
    connection: Connection, place: tuple[int, _Source], names: Sequence[str], before: Key | None, limit: int
) -> Iterator[tuple[Key, Line]]:
    rank, source = place
    columns = source.table.c
    at, number = columns[source.at], columns[source.number]
    query = select(source.table).where(columns[source.party].in_(names), at.is_not(None))
    if source.only is not None:
        query = query.where(source.only(columns))
    if before is not None:
        query = query.where(_below(at, number, rank, before))
    rows = connection.execute(query.order_by(at.desc(), number.desc()).limit(limit)).mappings()
    for row in rows.all():
        yield (row[source.at], rank, row[source.number]), source.line(dict(row))


def _below(at: Column[Any], number: Column[Any], rank: int, before: Key) -> ColumnElement[bool]:
    """What comes after `before` in the order of a page, among the lines of one rank."""
    instant, of, tie = before
    if rank < of:
        return at <= instant
    here = number < tie if rank == of and isinstance(tie, int) else false()
    return or_(at < instant, and_(at == instant, here))


def _events(
    connection: Connection, events: Events, names: Sequence[str], before: Key | None, limit: int
) -> Iterator[tuple[Key, Line]]:
    """Events; a gesture is told by its own line, not by the event it is too."""
    told = connection.execute(
        select(GESTURES.c.event).where(GESTURES.c.party.in_(names), GESTURES.c.event.is_not(None))
    ).scalars()
    for event in events.newest(names[0], _before_events(before), limit, frozenset(str(one) for one in told)):
        line = Line(event.at, "event", event.party, by=event.actor or "", text=event.body or "", event=event)
        yield (event.at, EVENTS_RANK, event.id), line


def _before_events(before: Key | None) -> tuple[int, str] | None:
    """Events have the lowest rank: with a cursor at another line, all of its instant are still to come."""
    if before is None:
        return None
    instant, _, tie = before
    return (instant, tie) if isinstance(tie, str) else (instant + 1, "")


def _cursor(key: Key) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def cursor_at(at_us: int) -> str:
    """The cursor of the page that begins with what happened at an instant."""
    return _cursor((min(abs(at_us), FAR - 2) + 1, EVENTS_RANK, ""))


def _read_cursor(text: str) -> Key:
    try:
        padded = text + "=" * (-len(text) % 4)
        key = msgspec.json.decode(base64.b64decode(padded, b"-_", validate=True), type=tuple[int, int, int | str])
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        key = (0, -1, 0)
    instant, rank, tie = key
    wrong = not 0 <= rank <= len(SOURCES) or isinstance(tie, str) != (rank == EVENTS_RANK)
    if wrong or max(abs(instant), abs(tie) if isinstance(tie, int) else 0) >= FAR:
        raise InputError(f"cursor {text[:40]!r}: is none; leave it out to begin with the newest")
    return key
