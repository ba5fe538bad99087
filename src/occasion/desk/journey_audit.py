"""The whole journey audited: every interaction by stage, and which mass steps to turn into one-to-one first.

An interaction is any event that comes, however remote (an invoice, the voice of the answering machine, a tweet), in the
stage its party is in at that instant; the rarest are listed like the commonest. A mass step is what went out to many
alike (`mass`). Which to turn first: people reached × the share that stayed unanswered × what the stage is worth.

Figures of what happened, no claim about effects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from occasion.desk.dates import DAY_US
from occasion.desk.snapshot import shown
from occasion.events.event import Event, in_order
from occasion.moments.catalogue import Catalogue, Step
from occasion.moments.condition import selects
from occasion.moments.definition import Definition
from occasion.moments.live.program import Program

ANSWER_DAYS = 14  # within so many days after a mass step a word from the party is an answer to it
BEFORE = "before any stage"
KINDS = (
    "campaign",
    "template",
    "kind",
    "subject",
)  # properties that tell mass steps of one name apart, in order
RATINGS = ("rating", "score", "stars")
FIRST = 3  # steps to turn first
RATED = 5  # ratings below which no mean is said
LATELY = 20  # parties a step reached last, to begin with


@dataclass(frozen=True)
class Interaction:
    """One kind of event in one stage: how often, of how many parties; `contacts` have a direction and are not mass.

    `rating`: the mean of the ratings it left, None where fewer than five came (`ratings` says how many).
    """

    stage: str
    name: str
    count: int
    parties: int
    contacts: int
    mass: int
    ratings: int
    rating: float | None


@dataclass(frozen=True)
class MassStep:
    """Something that goes to many alike, in a stage. `unanswered`: the share of sendings with no word from the party
    within 14 days. `worth`: what the stage is worth, see StageWorth; `score` orders: people × unanswered × worth.
    `lately`: the parties it reached last, the latest first.
    """

    name: str
    stage: str
    people: int
    sendings: int
    unanswered: float
    worth: float
    score: float
    lately: tuple[str, ...] = ()


@dataclass(frozen=True)
class StageWorth:
    """A stage: how many parties were ever in it, how many interactions, and what it is worth: the mean amount that its
    parties brought from their entering it on (`amounts` says from how many of them any was seen). 1 for every stage
    where the log has no amounts at all.
    """

    stage: str
    parties: int
    interactions: int
    one_to_one: int
    mass: int
    worth: float
    amounts: int


@dataclass(frozen=True)
class JourneyAudit:
    """The audit as of an instant. `interactions`: by stage in order, the commonest first, the rarest last and not left
    out. `first`: at most three mass steps, by score. `valued_by`: the property summed, None where there was none.
    """

    as_of_us: int
    parties: int
    events: int
    stages: tuple[StageWorth, ...]
    interactions: tuple[Interaction, ...]
    mass: tuple[MassStep, ...]
    first: tuple[MassStep, ...]
    valued_by: str | None


@dataclass
class _Kind:
    count: int = 0
    parties: int = 0
    contacts: int = 0
    mass: int = 0
    ratings: list[float] = field(default_factory=list)


@dataclass
class _Sent:
    people: int = 0
    sendings: int = 0
    unanswered: int = 0
    lately: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class _Stage:
    parties: int = 0
    amount: float = 0.0
    amounts: int = 0


class _Counting:
    """Adds one party after the other; nothing of a party is kept but the latest few each step reached."""

    def __init__(self, catalogue: Catalogue, now: int, zone: str, worth: str) -> None:
        self.catalogue, self.now, self.worth = catalogue, now, worth
        self.program = Program([Definition(entry.stage.enter) for entry in catalogue.stages], zone)
        self.kinds: dict[tuple[str, str], _Kind] = {}
        self.sent: dict[tuple[str, str], _Sent] = {}
        self.stages: dict[str, _Stage] = {}
        self.parties = self.events = 0

    def add(self, party: str, events: Sequence[Event]) -> None:
        log = in_order(events, self.now)
        if not log:
            return
        self.parties += 1
        self.events += len(log)
        placed = self._placed(log)
        for key in self._count(log, placed):
            self.kinds[key].parties += 1
        self._stages(log, placed)
        self._sendings(party, log, placed)

    def _placed(self, log: Sequence[Event]) -> list[str]:
        """The stage of each event: the one its party entered last, its own instant included."""
        names = [entry.stage.name for entry in self.catalogue.stages]
        row = self.program.blank()
        reached = [*self.program.read(row, log), *self.program.advance(row, self.now)] if names else []
        entered = sorted((at, place, names[place]) for place, _, at, _ in reached)
        found, at, stage = [], 0, BEFORE
        for event in log:
            while at < len(entered) and entered[at][0] <= event.at:
                stage = entered[at][2]
                at += 1
            found.append(stage)
        return found

    def _count(self, log: Sequence[Event], placed: Sequence[str]) -> set[tuple[str, str]]:
        keys = set()
        for event, stage in zip(log, placed, strict=True):
            key = (stage, event.name)
            kind = self.kinds.setdefault(key, _Kind())
            kind.count += 1
            kind.contacts += event.contact
            kind.mass += event.mass
            rating = next((v for name in RATINGS if isinstance(v := event.properties.get(name), Decimal)), None)
            if rating is not None:
                kind.ratings.append(float(rating))
            keys.add(key)
        return keys

    def _stages(self, log: Sequence[Event], placed: Sequence[str]) -> None:
        brought = [float(v) if isinstance(v := e.properties.get(self.worth), Decimal) else 0.0 for e in log]
        for stage in set(placed):
            there = self.stages.setdefault(stage, _Stage())
            since = placed.index(stage)
            there.parties += 1
            there.amount += sum(brought[since:])
            there.amounts += any(brought[since:])

    def _sendings(self, party: str, log: Sequence[Event], placed: Sequence[str]) -> None:
        answers = [event.at for event in log if event.contact and event.direction == "in"]
        reached: Counter[tuple[str, str]] = Counter()
        for event, stage in zip(log, placed, strict=True):
            if not event.mass or event.direction == "in":
                continue
            key = (stage, step_name(event, self.catalogue.process))
            sent = self.sent.setdefault(key, _Sent())
            sent.sendings += 1
            sent.unanswered += not any(event.at < at <= event.at + ANSWER_DAYS * DAY_US for at in answers)
            sent.people += not reached[key]
            reached[key] += 1
            sent.lately = sorted([*sent.lately, (-event.at, party)])[:LATELY]


def step_name(event: Event, process: Iterable[Step]) -> str:
    """What a mass sending is called: the step of the process it is, else its name and what tells it apart.

    >>> step_name(Event(party="a", name="mail", at=0, id="1", seen=0, properties={"campaign": "spring"}), ())
    'mail (spring)'
    """
    for step in process:
        if selects(step.event, event):
            return step.name
    kind = next((value for name in KINDS if (value := event.properties.get(name)) is not None), None)
    return event.name if kind is None else f"{event.name} ({shown(kind)})"


def audit_journey(
    parties: Iterable[tuple[str, Sequence[Event]]], catalogue: Catalogue, *, now: int, zone: str, worth: str = "amount"
) -> JourneyAudit:
    """Audit the journeys of all parties, each with all its events. `worth`: the property with what an event brought.

    Money is that of the log: amounts of different currencies must not be mixed in it.
    """
    counting = _Counting(catalogue, now, zone, worth)
    for party, events in parties:
        counting.add(party, events)
    order = [BEFORE, *(entry.stage.name for entry in catalogue.stages)]
    valued = any(stage.amounts for stage in counting.stages.values())
    worths = {name: stage.amount / stage.parties if valued else 1.0 for name, stage in counting.stages.items()}
    mass = _mass(counting.sent, worths)
    interactions = _interactions(counting.kinds, order)
    return JourneyAudit(
        now, counting.parties, counting.events, _stage_lines(counting, order, worths, interactions), interactions,
        mass, mass[:FIRST], worth if valued else None,
    )  # fmt: skip


def _mass(sent: Mapping[tuple[str, str], _Sent], worths: Mapping[str, float]) -> tuple[MassStep, ...]:
    found = []
    for (stage, name), one in sent.items():
        unanswered = one.unanswered / one.sendings
        score = one.people * unanswered * worths[stage]
        lately = tuple(dict.fromkeys(party for _, party in one.lately))
        found.append(MassStep(name, stage, one.people, one.sendings, unanswered, worths[stage], score, lately))
    return tuple(sorted(found, key=lambda step: (-step.score, step.stage, step.name)))


def _interactions(kinds: Mapping[tuple[str, str], _Kind], order: Sequence[str]) -> tuple[Interaction, ...]:
    found = [
        Interaction(
            stage, name, one.count, one.parties, one.contacts, one.mass, len(one.ratings),
            sum(one.ratings) / len(one.ratings) if len(one.ratings) >= RATED else None,
        )
        for (stage, name), one in kinds.items()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (order.index(one.stage), -one.count, one.name)))


def _stage_lines(
    counting: _Counting, order: Sequence[str], worths: Mapping[str, float], interactions: Sequence[Interaction]
) -> tuple[StageWorth, ...]:
    lines = []
    for name in order:
        there = counting.stages.get(name)
        if there is None:
            continue
        own = [one for one in interactions if one.stage == name]
        lines.append(
            StageWorth(
                name, there.parties, sum(one.count for one in own), sum(one.contacts for one in own),
                sum(one.mass for one in own), worths[name], there.amounts,
            )
        )  # fmt: skip
    return tuple(lines)
