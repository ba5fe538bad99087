"""Occasions are opened, taken back and closed by what the watcher noticed.

    reached    opens one that is reached; what was coming or slipping is no longer needed
    slipping   opens one that is slipping, if it can still come
    missed     what was coming or slipping is over; it stays on record as slipped by, with whose it was
    opened     opens nothing by itself: `ahead.py` looks each day who of those is coming and who is slipping

Said twice, nothing is opened twice. What is taken back takes its occasion off the desk, unless a person acted on it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from occasion.desk import snapshot
from occasion.desk.dates import DAY_US, day_of
from occasion.desk.owners import House, fallback, read_house
from occasion.desk.parts import Kind
from occasion.desk.ranking import stake
from occasion.desk.snapshot import EventsOf
from occasion.desk.standing import KEY, WORKED, Standing, at_place, of_occurrence, rows_of, waiting
from occasion.errors import InputError
from occasion.events.event import Event
from occasion.moments.calendar import FAR, add
from occasion.moments.catalogue import Catalogue, Moment
from occasion.moments.definition import Definition, Fewer, Per, Period
from occasion.moments.derived import missed as missed_definition
from occasion.people.parties import Party, known_of
from occasion.store.occurrences import Noticed, per_text
from occasion.store.schema.desk import GESTURES, OCCASIONS
from occasion.store.schema.watched import OCCURRENCES

O = OCCASIONS.c  # noqa: E741 - the columns, said often
REACHED_DAYS = 3  # how many local days there are to make something of what was reached, its own day included
SLIPPING_DAYS = 14  # how long one that slips is worked on, where no window says it
MISSED_DAYS = 62  # how far back what slipped by is put on record: this month and the last
NOBODY = Party("", ())  # of whom nothing is written down
RETURNS = re.compile(r"\breturns\s+after\b")


@dataclass
class Opened:
    """What a call changed: numbers of occasions that are new on the desk, and of those that left it."""

    opened: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    urgent: list[int] = field(default_factory=list)  # of those opened: pits, to be told at once


class Openings:
    """Follows what the watcher notices. `catalogue`: gives the one in force; `zone`: the workspace's.

    `recent`: a party's events that can be had at once (the log's tail). `told`, where given, hears of every call that
    changed something, in the writer's thread before the commit.
    """

    def __init__(
        self,
        catalogue: Callable[[], Catalogue],
        zone: str,
        recent: EventsOf | None = None,
        told: Callable[[Opened], None] | None = None,
    ) -> None:
        self.catalogue, self.zone, self.recent, self.told = catalogue, zone, recent, told

    def from_changes(self, connection: Connection, noticed: Sequence[Noticed], now: int) -> Opened:
        """Bring the desk up to date with changes as they are on record; what became of it."""
        moments = {moment.name: moment for moment in self.catalogue().moments}
        relevant = [one for one in noticed if one.moment in moments and not _says_nothing(one)]
        done = Opened()
        if relevant:
            turn = _Turn(connection, moments, self, now, done)
            turn.read(relevant)
            if self.told is not None and (done.opened or done.closed):
                self.told(done)
        return done

    def __call__(self, connection: Connection, noticed: Sequence[Noticed], now: int) -> None:
        """The same, for whoever does not ask what became of it."""
        self.from_changes(connection, noticed, now)


def from_changes(
    connection: Connection, noticed: Sequence[Noticed], now: int, catalogue: Catalogue, zone: str
) -> Opened:
    """Bring the desk up to date with changes as they are on record (see Openings)."""
    return Openings(lambda: catalogue, zone).from_changes(connection, noticed, now)


class _Turn:
    """One call's work: what is read once for all its changes."""

    def __init__(
        self, connection: Connection, moments: dict[str, Moment], openings: Openings, now: int, done: Opened
    ) -> None:
        self.connection, self.moments, self.now, self.done = connection, moments, now, done
        self.zone, self.recent = openings.zone, openings.recent
        self.house: House = read_house(connection, now)
        self.parties: dict[str, Party] = {}
        self.ends: dict[int, int] = {}  # until when, by `id` of a change
        self.standing = Standing(connection, (), now)
        self.fresh: set[int] = set()  # by `id`: those there is still time for

    def read(self, noticed: Sequence[Noticed]) -> None:
        fresh = [one for one in noticed if one.change.kind == "reached" and self.due(one)]
        self.fresh = set(map(id, fresh))
        self.parties = known_of(self.connection, [one.change.party for one in fresh])
        over = [one for one in noticed if one.role == "missed"]  # first: what is missed no longer slips
        for some in _rounds([*over, *(one for one in noticed if one.role != "missed")]):
            if some and some[0].change.kind == "reached":
                about = [(one.change.party, one.moment, one.change.at) for one in some]
                self.standing = Standing(self.connection, about, self.now)
                for one in some:
                    self.reached(one)
                self.written()
            for one in some:
                if one.change.kind == "corrected":
                    self.corrected(one)
                elif one.change.kind != "reached":
                    self.retracted(one, stands=one.change.kind == "stands")

    def written(self) -> None:
        """Write what was collected."""
        for number, moment in self.standing.flush():
            self.opened(number, moment)

    def opened(self, number: int, moment: str) -> None:
        self.done.opened.append(number)
        if self.moments[moment].mark == "pit":
            self.done.urgent.append(number)

    def due(self, one: Noticed) -> bool:
        """Whether there is still time for the occasion that the change would open."""
        if one.role == "missed":
            return one.change.at > self.now - MISSED_DAYS * DAY_US
        return one.role != "opened" and self.until(one) > self.now

    def until(self, one: Noticed) -> int:
        """Until when something can be made of it."""
        if id(one) not in self.ends:
            self.ends[id(one)] = self.found_until(one)
        return self.ends[id(one)]

    def found_until(self, one: Noticed) -> int:
        at = one.change.at
        if one.role == "slipping":
            return window_end(self.connection, self.moments[one.moment], one, self.zone) or at + SLIPPING_DAYS * DAY_US
        return reached_until(at, self.zone, self.moments[one.moment].mark)

    def fits(self, one: Noticed) -> bool:
        """Whether the moment is meant for this kind of party, and the party lives."""
        party = self.parties.get(one.change.party, NOBODY)
        return party.kind == self.moments[one.moment].who and party.deceased is None

    def events(self, one: Noticed) -> list[Event]:
        """What shows it, as far as that can be had at once."""
        return [] if self.recent is None else snapshot.shown_by(self.recent(one.change.party), one.change.evidence)

    def reached(self, one: Noticed) -> None:
        if one.role in ("reached", "missed"):
            reason = "reason.gone" if one.role == "reached" else "reason.over"
            self.done.closed += self.standing.close_ahead(
                one.change.party, one.moment, per_text(one.change.per), reason
            )
        if id(one) not in self.fresh or not self.fits(one):
            return
        if one.role == "slipping" and not self.can_come(one):
            return
        if one.role == "reached" and self.standing.worked_on(one.change.party, one.moment, one.change.at):
            return
        kind: Kind = "slipping" if one.role == "slipping" else "missed" if one.role == "missed" else "reached"
        row = self.row(one, kind, self.events(one))
        again = self.standing.open(row)
        if again is not None and kind != "missed":
            self.opened(again, one.moment)

    def can_come(self, one: Noticed) -> bool:
        """Whether what is slipping was neither reached nor missed since."""
        later = select(OCCURRENCES.c.number).where(
            OCCURRENCES.c.party == one.change.party,
            OCCURRENCES.c.moment == one.moment,
            OCCURRENCES.c.per == per_text(one.change.per),
            OCCURRENCES.c.role.in_(("reached", "missed")),
            OCCURRENCES.c.at_us >= one.change.at,
            OCCURRENCES.c.state == "holds",
        )
        return self.connection.execute(later.limit(1)).first() is None

    def row(self, one: Noticed, kind: Kind, events: list[Event]) -> dict[str, Any]:
        moment, change = self.moments[one.moment], one.change
        party = self.parties.get(change.party, NOBODY)
        return new_row(
            party=change.party,
            moment=moment.name,
            identity=one.identity,
            kind=kind,
            per=per_text(change.per),
            about_us=change.at,
            occurrence=one.number or None,
            owner=self.house.owner(moment.owner, party.owner),
            shown_us=self.now,
            until_us=change.at if kind == "missed" else self.until(one),
            state="slipped" if kind == "missed" else "open",
            stake=stake(kind, moment.mark),
            who=party.kind if party.known else moment.who,
            facts=shown_facts(moment, events),
            changed_us=change.at if kind == "missed" else self.now,
        )

    def corrected(self, one: Noticed) -> None:
        """The same occurrence rests on other events, or is another party's now."""
        if not one.number:
            return
        for row in rows_of(self.connection, of_occurrence(), {"occurrence": one.number}):
            moved = {**row, "party": one.change.party}
            taken = select(O.number).where(*(column == moved[column.name] for column in KEY), O.number != row["number"])
            if row["party"] == one.change.party:
                events = self.events(one)
                facts = {**row["facts"], "events": snapshot.kept(events)} if events else row["facts"]
                _set(self.connection, [row["number"]], facts=facts)
            elif self.connection.execute(taken).first() is None:
                _set(self.connection, [row["number"]], party=one.change.party, changed_us=self.now)
            elif row["state"] in ("open", "held"):
                _set(self.connection, [row["number"]], state="retracted", reason="reason.merged", changed_us=self.now)
                self.done.closed.append(row["number"])

    def retracted(self, one: Noticed, stands: bool) -> None:
        if one.role == "opened":
            if not stands:
                self.done.closed += close_waiting(self.connection, one, "reason.late", self.now)
            return
        kind = "reached" if one.role == "reached" else "slipping" if one.role == "slipping" else "missed"
        change = one.change
        place: dict[str, Any] = {"party": change.party, "moment": one.moment, "identity": one.identity, "kind": kind}
        place |= {"per": per_text(change.per), "about_us": change.at}
        for row in rows_of(self.connection, at_place(), place):
            facts = {**row["facts"], "late": one.change.reason}
            acted = row["state"] in WORKED or _gestured(self.connection, row["number"])
            if stands or acted:
                _set(self.connection, [row["number"]], facts=facts, changed_us=self.now)
            elif row["state"] != "retracted":
                _set(self.connection, [row["number"]], state="retracted", reason="reason.late", facts=facts,
                     changed_us=self.now)  # fmt: skip
                self.done.closed.append(row["number"])


def _rounds(noticed: Sequence[Noticed]) -> list[list[Noticed]]:
    """Changes in few lists, by turns such as take something back and such as reach something: what is known of the desk
    is read once for a list of these. Each party's stay in their order; of different parties none touches the other's.
    """
    rounds: list[list[Noticed]] = []
    reached: dict[str, int] = {}  # the last list in which there is something of a party
    for one in noticed:
        party, odd = one.change.party, one.change.kind == "reached"
        at = reached.get(party, 0)
        reached[party] = at = at + (at % 2 != odd)
        rounds += [[] for _ in range(at + 1 - len(rounds))]
        rounds[at].append(one)
    return rounds


def _says_nothing(one: Noticed) -> bool:
    """Whether nothing on the desk comes of it: a window that opened is looked at each day."""
    return one.role == "opened" and one.change.kind == "reached"


def shown_facts(moment: Moment, events: Sequence[Event]) -> dict[str, Any]:
    """What is kept with an occasion of the events that show it; for `returns after`, how long the silence was."""
    if not events:
        return {}
    kept: dict[str, Any] = {"events": snapshot.kept(events)}
    gap = gap_of(moment, [event.at for event in events])
    return {**kept, "gap_for_us": gap} if gap else kept


def gap_of(moment: Moment | None, at: Sequence[int]) -> int:
    """How long the silence was that `returns after` speaks of, by the instants of the events that show it; else 0."""
    if moment is None or len(at) < 2 or not RETURNS.search(moment.written.text):
        return 0
    return max(at) - min(at)


def reached_until(at: int, zone: str, mark: str = "") -> int:
    """Until when something can be made of a moment reached at an instant: the end of its third local day; a pit's day
    after.
    """
    days = 2 if mark == "pit" else REACHED_DAYS
    return day_of(day_of(at, zone)[0] + (days - 1) * DAY_US + DAY_US // 2, zone)[1]


def window_length(definition: Definition) -> Period | None:
    """How long the moment's window is, where it has one of its own."""
    found = missed_definition(definition)
    if found is None:
        return None
    node = found.node.pattern if isinstance(found.node, Per) else found.node
    return node.hi if isinstance(node, Fewer) else None


def window_end(connection: Connection, moment: Moment, one: Noticed, zone: str) -> int | None:
    """The end of the party's latest window for the moment; None where it has none."""
    length = window_length(moment.definition)
    if length is None:
        return None
    opened = connection.execute(
        select(OCCURRENCES.c.at_us)
        .where(
            OCCURRENCES.c.party == one.change.party,
            OCCURRENCES.c.moment == moment.name,
            OCCURRENCES.c.role == "opened",
            OCCURRENCES.c.per == per_text(one.change.per),
            OCCURRENCES.c.at_us <= one.change.at,
            OCCURRENCES.c.state == "holds",
        )
        .order_by(OCCURRENCES.c.at_us.desc())
        .limit(1)
    ).scalar()
    end = None if opened is None else add(opened, length, zone)
    return end if end is not None and end < FAR else None


def new_row(**given: Any) -> dict[str, Any]:
    """A row of OCCASIONS, with what was not given as it is at first. Raises InputError for one without an owner."""
    if not str(given.get("owner") or "").strip():
        raise InputError(
            f"moment {given.get('moment')!r}: has no owner for this occasion; write `owner:` in the catalogue"
        )
    return {
        "taken_by": None, "held_until_us": None, "reason": "", "chance": None, "answer": "", "occurrence": None,
        "per": "", "state": "open", "facts": {}, **given,
    }  # fmt: skip


def open_one(connection: Connection, row: dict[str, Any]) -> int | None:
    """Put an occasion on the desk; its number, or None where it stood there already (under any version of the moment).

    One that was taken back because something came late is open again.
    """
    same = select(O.number, O.state, O.reason, O.identity).where(
        O.party == row["party"], O.moment == row["moment"], O.kind == row["kind"], O.per == row["per"],
        O.about_us == row["about_us"],
    )  # fmt: skip
    for known in connection.execute(same).all():
        if known.state == "retracted" and known.reason == "reason.late" and known.identity == row["identity"]:
            again = {key: row[key] for key in ("state", "owner", "until_us", "occurrence", "facts", "changed_us")}
            _set(connection, [known.number], reason="", **again)
            return int(known.number)
        return None
    own = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement: Any = own(OCCASIONS)
    inserted = connection.execute(statement.values(**row).on_conflict_do_nothing().returning(O.number)).scalar()
    return None if inserted is None else int(inserted)


def close_waiting(connection: Connection, one: Noticed, reason: str, now: int) -> list[int]:
    """Coming and slipping occasions about the same thing are no longer needed; their numbers."""
    about = {"party": one.change.party, "moment": one.moment, "per": per_text(one.change.per), "now": now}
    numbers = [row["number"] for row in rows_of(connection, waiting(), about)]
    _set(connection, numbers, state="retracted", reason=reason, changed_us=now)
    return numbers


def _gestured(connection: Connection, number: int) -> bool:
    return bool(connection.execute(_gestures(), {"occasion": number}).scalar())


@cache
def _gestures() -> Any:
    return select(exists().where(GESTURES.c.occasion == bindparam("occasion")))


def _set(connection: Connection, numbers: Sequence[int], **values: Any) -> None:
    for number in numbers:
        new = {f"new_{name}": value for name, value in values.items()}
        connection.execute(_changed(tuple(values)), {"of": number, **new})


@cache
def _changed(names: tuple[str, ...]) -> Any:
    new = {name: bindparam(f"new_{name}", type_=OCCASIONS.c[name].type) for name in names}
    return update(OCCASIONS).where(O.number == bindparam("of")).values(new)


__all__ = ["Opened", "Openings", "close_waiting", "fallback", "from_changes", "new_row", "open_one", "reached_until",
           "window_end", "window_length"]  # fmt: skip
