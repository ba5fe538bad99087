"""What the coach is given and what it answers: a draft, what is known, five parts, a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from occasion.coach.said import Sentence
from occasion.events.event import Event
from occasion.people.details import Detail
from occasion.people.parties import Party
from occasion.people.promises import Promise

PartName = Literal["unique", "relatable", "relevant", "respectful", "two-way"]
Level = Literal["good", "mixed", "poor", "unknown"]
Verdict = Literal["moment", "nearly", "touch"]
PARTS: tuple[PartName, ...] = get_args(PartName)
LEVELS: tuple[Level, ...] = get_args(Level)
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True)
class Draft:
    """A message before it is sent. `now_us`: when it would go out; `by`: a colleague's id or name; "" where unknown."""

    text: str
    to: str  # a party
    now_us: int
    channel: str | None = None
    by: str = ""
    occasion: int | None = None


@dataclass(frozen=True)
class Known:
    """What the coach knows about somebody when it reads.

    `events` are newest first and none is later than the draft; messages are the events with a body. `traits` are what
    their systems say of them (name, email, plan, ...), by name. `zone` is the party's, else the workspace's.
    `names` are those of colleagues and teams, which make no text personal; `firm`: what the firm is called (firm.py).
    """

    party: Party
    details: tuple[Detail, ...] = ()
    events: tuple[Event, ...] = ()
    promises: tuple[Promise, ...] = ()
    traits: Mapping[str, str] = field(default_factory=dict)
    stage: str | None = None
    zone: str = "UTC"
    names: tuple[str, ...] = ()
    firm: tuple[str, ...] = ()


@dataclass(frozen=True)
class Span:
    """Characters `start` up to `end` of the draft, and what is to be said of them."""

    start: int
    end: int
    why: Sentence


@dataclass(frozen=True)
class Part:
    """One of the five readings.

    `score`: 0 (poor) to 1 (good), None where it could not be judged, and then `level` is unknown and `unjudged` says
    why. `changes` are facts that would change it, never ready text for a customer. `unjudged` is also filled where
    only some of it could not be judged. `facts` are the figures behind it, by name, for the page and for measuring.
    """

    name: PartName
    score: float | None
    level: Level
    why: Sentence
    spans: tuple[Span, ...] = ()
    changes: tuple[Sentence, ...] = ()
    unjudged: tuple[Sentence, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """The whole answer: the same object for the command line, the page and the API.

    `parts` are five, in the order of `PARTS`. `question` is the golden rule, asked and never scored. `said`: of every
    sentence of the parts and of the question, by its English, the key and the values it is made of, as plain values.
    """

    verdict: Verdict
    why: str
    parts: tuple[Part, ...]
    changes: tuple[Sentence, ...]
    unjudged: tuple[Sentence, ...]
    language: str | None  # ISO 639-1, None where it could not be told
    question: Sentence
    said: Mapping[str, object] = field(default_factory=dict)

    def part(self, name: PartName) -> Part:
        """The part of that name."""
        return self.parts[PARTS.index(name)]
