"""A stretch of messages, each read as it turned out, and the sums: in all, by stage, by team and by month.

What a single colleague's messages came to is for that colleague's eyes; a sum over fewer than three who sent any would
tell of one of them, so there is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Connection, select

from occasion.coach.copies import Copied, Copies
from occasion.coach.fields import our_names
from occasion.coach.gestures import SAME_US, Gesture, linked
from occasion.coach.index import Sent
from occasion.coach.sent import OUTCOMES, Outcome, Turned, is_sent, own_messages, turned_out
from occasion.desk.dates import DAY_US, local_date
from occasion.events.event import Event, in_order
from occasion.moments.catalogue import Catalogue
from occasion.moments.definition import Definition
from occasion.moments.live.program import Program
from occasion.people.details import Detail
from occasion.people.merges import identities_of
from occasion.store.schema.desk import GESTURES
from occasion.store.schema.doors import COLLEAGUES, TEAMS
from occasion.store.schema.people import DETAILS, PARTIES

DAYS = 365
BEFORE = "before any stage"
NOBODY = ""  # the team of those who are in none, and of whoever is no colleague
AT_ONCE = 400  # parties whose details are asked for together
FEWEST_SENDERS = 3  # behind a sum


@dataclass(frozen=True)
class Shares:
    """How many messages came to what; the five add up to all (`total`)."""

    moment: int = 0
    nearly: int = 0
    touch: int = 0
    open: int = 0
    unread: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.moment + self.nearly + self.touch + self.open + self.unread

    @property
    def told(self) -> int:
        """Those of which it can be told: a moment, nearly one or a touch."""
        return self.moment + self.nearly + self.touch

    def share(self, outcome: Outcome) -> float | None:
        """Of those that can be told; None where there are none."""
        return getattr(self, outcome) / self.told if self.told else None


@dataclass(frozen=True)
class Line:
    """One line of a table: a stage, a team or a month, its messages, and how many colleagues sent them."""

    name: str
    shares: Shares
    senders: int


@dataclass(frozen=True)
class Touches:
    """The messages sent from `since_us` up to `as_of_us`. Stages in the order of the catalogue, months ("2026-03") and
    teams by name; stages and months each add up to `all`, teams do not, as somebody may be in two. `own`: by colleague,
    for their own eyes. `senders`: how many colleagues or addresses of ours wrote.
    """

    as_of_us: int
    since_us: int
    all: Shares
    senders: int
    stages: tuple[Line, ...]
    teams: tuple[Line, ...]
    months: tuple[Line, ...]
    own: Mapping[str, Shares]
    own_months: Mapping[str, tuple[Line, ...]]
    answered: int
    mass: int


@dataclass
class _Sum:
    outcomes: Counter[str] = field(default_factory=Counter)
    senders: set[str] = field(default_factory=set)

    def add(self, one: Turned, by: str) -> None:
        self.outcomes[one.outcome] += 1
        self.senders.add(by)

    def shares(self) -> Shares:
        return Shares(**{outcome: self.outcomes[outcome] for outcome in OUTCOMES})

    def line(self, name: str) -> Line:
        return Line(name, self.shares(), len(self.senders - {""}))


@dataclass(frozen=True)
class Reading:
    """What messages are read with. `copies`: the index of what was sent, None where there is none; `sent`: the same,
    to search it for one message.
    """

    connection: Connection
    catalogue: Catalogue
    copies: Copies | None
    now: int
    zone: str
    days: int = DAYS
    sent: Sent | None = None

    @property
    def since(self) -> int:
        """The first instant of the stretch."""
        return self.now - self.days * DAY_US


@dataclass(frozen=True)
class Placed:
    """A message as it turned out, and the stage its party was in."""

    turned: Turned
    stage: str


def each_message(parties: Iterable[tuple[str, Sequence[Event]]], reading: Reading) -> Iterator[Placed]:
    """Every message of the stretch, party by party. `parties`: each with all its events."""
    names = our_names(reading.connection)
    stages = _Stages(reading.catalogue, reading.zone)
    sending = ((party, log) for party, log in _logs(parties, reading))
    while some := dict(islice(sending, AT_ONCE)):
        known = _known(reading.connection, some)
        sent = [e.id for log in some.values() for e in log if e.at >= reading.since and is_sent(e)]
        copied = reading.copies.of(sent) if reading.copies is not None else {}
        for party, log in some.items():
            about = known[party]
            turned = turned_out(
                log, copied, now_us=reading.now, details=about.details, gestures=about.gestures,
                skip=(*about.names, *names), zone=about.zone or reading.zone, since_us=reading.since,
            )  # fmt: skip
            at = stages.of(log, [one.at_us for one in turned], about.zone or reading.zone)
            yield from (Placed(one, stage) for one, stage in zip(turned, at, strict=True))


def turned_about(reading: Reading, log: Sequence[Event], occasion: int) -> Turned | None:
    """How the gesture of an occasion turned out, the message that was sent for it in its place where the log has that.

    `log`: all events of its party. Who got its words is searched for this one message, as for a draft; what went to
    the party itself within days is the same message, changed a little. None where no gesture is in the log.
    """
    events = in_order(log, reading.now)
    if not events:
        return None
    party = events[0].party
    about = _known(reading.connection, [party])[party]
    skip = (*about.names, *our_names(reading.connection))
    occasions, _ = linked(events, own_messages(events), about.gestures, skip)
    ours = [one for one in events if occasions.get(one.id) == occasion]
    copied = _copied(reading, ours[-1:], identities_of(reading.connection, [party])[party])
    found = turned_out(
        events, copied, now_us=reading.now, details=about.details, gestures=about.gestures, skip=skip,
        zone=about.zone or reading.zone,
    )  # fmt: skip
    return next((one for one in reversed(found) if one.occasion == occasion), None)


def _copied(reading: Reading, events: Sequence[Event], identities: Sequence[str]) -> dict[str, Copied]:
    """Of a few messages what others got of them."""
    if reading.sent is None or reading.copies is None or not reading.sent.ready:
        return reading.copies.same([event.id for event in events]) if reading.copies is not None else {}
    found: dict[str, Copied] = {}
    for event, words in reading.copies.words([event.id for event in events]).items():
        at = next(one.at for one in events if one.id == event)
        like = reading.sent.like(words, without=(identities[0], at), also=identities[1:], around_us=SAME_US)
        others = len({one.party for one in like.sendings}) if like.whole else 0
        shared = int(like.shared.sum())
        found[event] = Copied(len(words), shared, others, False, shared)
    return found


def _logs(parties: Iterable[tuple[str, Sequence[Event]]], reading: Reading) -> Iterator[tuple[str, list[Event]]]:
    """Those to whom something went out in the stretch, with their logs as they could be read at its end."""
    for party, events in parties:
        if any(reading.since <= event.at <= reading.now and is_sent(event) for event in events):
            yield party, in_order(events, reading.now)


@dataclass
class _About:
    details: list[Detail] = field(default_factory=list)
    gestures: list[Gesture] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    zone: str | None = None


def _known(connection: Connection, parties: Iterable[str]) -> dict[str, _About]:
    """What is noted of some parties, under whichever of their identities."""
    identities = identities_of(connection, parties)
    top = {identity: party for party, some in identities.items() for identity in some}
    known = {party: _About(names=list(some)) for party, some in identities.items()}
    asked = list(top)
    for at in range(0, len(asked), AT_ONCE):
        some = asked[at : at + AT_ONCE]
        for row in connection.execute(select(DETAILS).where(DETAILS.c.party.in_(some))).mappings():
            known[top[row["party"]]].details.append(Detail(**row))
        for row in connection.execute(select(GESTURES).where(GESTURES.c.party.in_(some))).mappings():
            gesture = Gesture(row["number"], row["occasion"], row["form"], row["at_us"])
            known[top[row["party"]]].gestures.append(gesture)
        people = select(PARTIES.c.party, PARTIES.c.name, PARTIES.c.zone).where(PARTIES.c.party.in_(some))
        for party, name, zone in connection.execute(people):
            known[top[party]].names.append(name)
            known[top[party]].zone = known[top[party]].zone or zone
    return known


class _Stages:
    """In which stage a party was at an instant: the one entered last by then."""

    def __init__(self, catalogue: Catalogue, zone: str) -> None:
        self.names = [entry.stage.name for entry in catalogue.stages]
        self._definitions = [Definition(entry.stage.enter) for entry in catalogue.stages]
        self._programs = {zone: Program(self._definitions, zone)}

    def of(self, log: Sequence[Event], instants: Sequence[int], zone: str) -> list[str]:
        """For instants in order."""
        if not self.names:
            return [BEFORE] * len(instants)
        program = self._programs.setdefault(zone, Program(self._definitions, zone))
        row = program.blank()
        reached = [*program.read(row, log), *program.advance(row, max(instants, default=0))]
        entered = sorted((at, place) for place, _, at, _ in reached)
        found, upto, stage = [], 0, BEFORE
        for instant in instants:
            while upto < len(entered) and entered[upto][0] <= instant:
                stage = self.names[entered[upto][1]]
                upto += 1
            found.append(stage)
        return found


class Adding:
    """Adds up messages as they come; kept are sums only."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._who = _colleagues(reading.connection)
        self._teams = _teams(reading.connection)
        self._all = _Sum()
        self._stages: dict[str, _Sum] = {}
        self._team: dict[str, _Sum] = {}
        self._months: dict[str, _Sum] = {}
        self._own: dict[str, _Sum] = {}
        self._own_months: dict[tuple[str, str], _Sum] = {}
        self._answered = self._mass = 0

    def add(self, placed: Placed) -> None:
        """One message more."""
        one = placed.turned
        colleague = self._who.get(one.by.casefold())
        by = colleague or one.by
        month = local_date(one.at_us, self._reading.zone).isoformat()[:7]
        self._all.add(one, by)
        self._stages.setdefault(placed.stage, _Sum()).add(one, by)
        self._months.setdefault(month, _Sum()).add(one, by)
        for team in self._teams.get(colleague or "", (NOBODY,)):
            self._team.setdefault(team, _Sum()).add(one, by)
        if colleague:
            self._own.setdefault(colleague, _Sum()).add(one, by)
            self._own_months.setdefault((colleague, month), _Sum()).add(one, by)
        self._answered += one.answer is not None
        self._mass += one.why.key == "turned.mass"

    def touches(self) -> Touches:
        """The sums so far."""
        reading = self._reading
        order = [BEFORE, *(entry.stage.name for entry in reading.catalogue.stages)]
        months: dict[str, list[Line]] = {}
        for (colleague, month), some in sorted(self._own_months.items()):
            months.setdefault(colleague, []).append(some.line(month))
        return Touches(
            reading.now, reading.since, self._all.shares(), self._all.line("").senders,
            tuple(self._stages[name].line(name) for name in order if name in self._stages),
            tuple(some.line(name) for name, some in sorted(self._team.items())),
            tuple(some.line(name) for name, some in sorted(self._months.items())),
            {name: some.shares() for name, some in self._own.items()},
            {name: tuple(some) for name, some in months.items()},
            self._answered, self._mass,
        )  # fmt: skip


def read_touches(parties: Iterable[tuple[str, Sequence[Event]]], reading: Reading) -> Touches:
    """The sums over every message of the stretch."""
    adding = Adding(reading)
    for placed in each_message(parties, reading):
        adding.add(placed)
    return adding.touches()


def _colleagues(connection: Connection) -> dict[str, str]:
    """A colleague by what an event may call them: id, name, mail address, in small letters."""
    found: dict[str, str] = {}
    for row in connection.execute(select(COLLEAGUES.c.id, COLLEAGUES.c.name, COLLEAGUES.c.email)):
        for called in (row.name, row.email, row.id):
            if called:
                found[called.casefold()] = row.id
    return found


def _teams(connection: Connection) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for team, colleague in connection.execute(select(TEAMS.c.team, TEAMS.c.colleague)):
        found.setdefault(colleague, []).append(team)
    return {colleague: tuple(teams) for colleague, teams in found.items()}


__all__ = ["BEFORE", "DAYS", "FEWEST_SENDERS", "NOBODY", "Adding", "Line", "Placed", "Reading", "Shares", "Touches",
           "each_message", "read_touches", "turned_about"]  # fmt: skip
