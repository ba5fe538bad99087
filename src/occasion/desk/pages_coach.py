"""The pages of the coach: a message before it is sent, and practice. See pages.py."""

from __future__ import annotations

from dataclasses import dataclass

from occasion.coach.practice import Moved, Week
from occasion.coach.reading import Level, PartName, Verdict
from occasion.coach.said import Sentence
from occasion.desk.parts import DetailLine, PartyRef, Said
from occasion.estimate import Refusal


@dataclass(frozen=True, slots=True)
class Piece:
    """Some characters of a text, and the numbers of the notes that mean them; no number: nothing is said of them.

    `ends`: those of the notes whose words end here.
    """

    text: str
    notes: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """What is said of marked words, and under which part."""

    number: int
    part: PartName
    why: Sentence


@dataclass(frozen=True, slots=True)
class PartLine:
    """A part of a reading: its level and the sentence why."""

    name: PartName
    level: Level
    why: Sentence


@dataclass(frozen=True, slots=True)
class Others:
    """Who else was sent these words: how many (`at_least`: or more), and, as (identity, name), those the viewer may
    see.
    """

    count: int
    at_least: bool = False
    seen: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ReadingView:
    """A reading as a page shows it. `pieces` make up the text; `notes` are numbered from 1 in the order of the text.

    The sentences are the coach's own, which the catalogue has by their keys; `why` alone is said from the levels.
    `others` None: nobody else is known to have got these words.
    """

    verdict: Verdict
    why: str
    parts: tuple[PartLine, ...]
    pieces: tuple[Piece, ...]
    notes: tuple[Note, ...]
    changes: tuple[Sentence, ...]
    unjudged: tuple[Sentence, ...]
    language: str | None
    question: Sentence
    others: Others | None = None


@dataclass(frozen=True, slots=True)
class CoachPage:
    """A message to a party before it is sent. `reading` None: nothing was read yet, or `refused` says why not.

    `occasion`: the one it is about, with its moment. `may_keep`: that occasion may be done by saying "this is what I
    sent". `drafting`: what a model is called that may be asked for a draft, "" where none may. `drafted`: the model
    that wrote the text at first, "" for nobody but the person. `to_add`: what is known of them and could be added to
    what went to many, where the occasion is about that. `known_share`: while what was sent before is read for the
    first time, how much of it is; None after that.
    """

    now_us: int
    zone: str
    party: PartyRef
    occasion: int | None = None
    moment: str = ""
    channels: tuple[str, ...] = ()
    channel: str = ""
    text: str = ""
    reading: ReadingView | None = None
    may_keep: bool = False
    drafting: str = ""
    drafted: str = ""
    wish: str = ""
    refused: str = ""
    to_add: Said | None = None
    known_share: float | None = None


@dataclass(frozen=True, slots=True)
class Tones:
    """The same content in two tones. `about`: the situation; `own`: both are the viewer's; `moved`: in which parts.

    `differs`: what makes the difference, in a sentence, for a written pair.
    """

    name: str
    about: str
    cold: str
    warm: str
    own: bool
    moved: tuple[PartName, ...]
    differs: str = ""


@dataclass(frozen=True, slots=True)
class ExerciseView:
    """A message to practise on, under other names. `details`: what is known and may be mentioned; `said`: what they
    last wrote before it. `weak`: the parts that were weak last time; `attempts`: how often it was rewritten already.
    """

    number: int
    to: str
    sent_us: int
    text: str
    details: tuple[DetailLine, ...]
    said: str
    weak: tuple[PartName, ...]
    attempts: int
    pair: bool = False  # a written pair: about nobody


@dataclass(frozen=True, slots=True)
class PracticePage:
    """Practice, of the viewer alone. `exercise` None: nothing is due; `next_us`: when something is.

    `text`: the rewriting as typed; `before`, `after`: how both read; `moved`: part by part;
    `left_out`: figures, days and months of the message that the rewriting says no longer. `kept`: it was kept, and
    comes back at `next_us` (None: put away). `team`: the group's sums by week, a Refusal where they cannot be told.
    """

    now_us: int
    zone: str
    exercise: ExerciseView | None = None
    text: str = ""
    before: ReadingView | None = None
    after: ReadingView | None = None
    moved: tuple[Moved, ...] = ()
    left_out: tuple[str, ...] = ()
    kept: bool = False
    due: int = 0
    waiting: int = 0
    next_us: int | None = None
    tones: tuple[Tones, ...] = ()
    team: tuple[Week, ...] | Refusal | None = None
    refused: str = ""
