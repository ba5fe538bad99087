"""What pages are made of: people, occasions, events and sentences as plain values.

Instants are UTC microseconds in fields that end in `_us`; a date is ISO text ("2026-03-02") in the zone that stands
beside it. No HTML and no finished sentences: what is said is a `Said`, a key of the text catalogue with the values
that go into it (`desk/texts.py` has the keys and their English).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from occasion.estimate import Estimate, Refusal

Value = str | int | float | None
Kind = Literal["reached", "coming", "slipping", "missed", "handover", "promise"]
KINDS: tuple[Kind, ...] = ("reached", "coming", "slipping", "missed", "handover", "promise")
State = Literal["open", "taken", "held", "skipped", "done", "slipped", "retracted"]
STATES: tuple[State, ...] = ("open", "taken", "held", "skipped", "done", "slipped", "retracted")
Verb = Literal["take", "hold", "skip", "hand_over", "done", "answer", "detail", "promise", "release"]
Form = Literal["call", "note", "film", "gift", "visit", "nothing"]
FORMS: tuple[Form, ...] = ("call", "note", "film", "gift", "visit", "nothing")


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence: its key in the text catalogue, and the values in it.

    A value under a name that ends in `_us` is an instant, in `_for_us` a length of time, in `_date` an ISO date,
    in `_n` a count (for plurals), `chance` a share from 0 to 1; a sentence within it is a `Said`, a list a tuple;
    everything else is text that is shown as it is.
    """

    key: str
    facts: Mapping[str, Value | Said | tuple[str | Said, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartyRef:
    """A party in a line. `name` is "" where the viewer may not see who it is (then `party` is "" too and
    `label` alone tells parties apart on this page). `zone`: theirs, else the workspace's. `owner`: whose bond it is.
    """

    party: str
    name: str
    label: str  # what to call them: the name, else the id, else "party 1", "party 2" for who may not see names
    kind: str  # customer, partner, colleague
    zone: str
    owner: str | None = None
    owner_name: str = ""
    deceased: bool = False


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event. `facts`: its properties as text, in order. `body` is "" where there is none or it may not be read."""

    id: str
    at_us: int
    seen_us: int
    name: str
    channel: str | None = None
    direction: str | None = None  # in, out
    actor: str | None = None  # a colleague's name where known, else as it came
    counterpart: str | None = None
    body: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    mass: bool = False


@dataclass(frozen=True, slots=True)
class DetailLine:
    """A remembered fact, with where it is from (`noted_by_name`, `noted_us`, `source`).

    `use`: anything, care (not for gifts), inside (never towards the party).
    """

    number: int
    text: str
    kind: str  # preference, family, health, work, date, other
    source: str
    noted_by: str
    noted_by_name: str
    noted_us: int
    use: str
    sensitive: bool
    unmentioned: bool
    on_date: str | None = None  # partial: 2026-05-12, --02-29, 2026-05


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """What was promised, by whom and until which date in the party's zone. `overdue` as of the page's `now_us`."""

    number: int
    text: str
    made_by: str
    made_by_name: str
    made_us: int
    due: str
    kept_us: int | None = None
    dropped_us: int | None = None
    why_dropped: str = ""
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class GestureLine:
    """What a person did before: form, what happened, who and when."""

    number: int
    at_us: int
    form: str
    text: str
    colleague: str
    colleague_name: str
    occasion: int | None = None
    moment: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What could be made of it: facts to choose from, never words for the party.

    `form`: call, note, film, gift, visit. `why`: what makes this form fit. `details`: numbers of the details it
    rests on (in the card's `details`); `like`: what was done before that it follows or should not repeat.
    `by_catalogue`: a line that the catalogue's `make` says, as written there.
    """

    form: Form
    why: Said
    details: tuple[int, ...] = ()
    like: GestureLine | None = None
    by_catalogue: str = ""


@dataclass(frozen=True, slots=True)
class ProgressLine:
    """How far a party is with a moment: `have` of `need` until `until_us`; see moments/progress.py.

    `state`: reached, open, closed. `said`: the same as a sentence ("7 of 10, 5 days left").
    """

    moment: str
    line: str  # the definition as text
    state: str
    have: str
    need: str
    until_us: int | None
    comes: bool
    waits: bool
    said: Said
    per: str = ""
    chance: Estimate | Refusal | None = None  # that it still comes
    occasion: int | None = None  # the open occasion about it


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """What an assistant proposed, and why; a person takes it up or declines it."""

    number: int
    text: str
    why: str
    made_by: str
    made_us: int


@dataclass(frozen=True, slots=True)
class Card:
    """An occasion in full.

    `why`: why now, in a sentence, with `events` that show it, the latest last. `details`: only those allowed for this.
    `suggestions`, `before` (what was done for them, latest first) and `helped` (what usually helped others from here)
    are for making something of it. `question` is the loyalty question; `answer` what was answered, "" for nothing yet.
    `may`: what the viewer may do now; what is not in it is shown without a button. `told`: what to know first
    (somebody else has it; it is held and why). `chance`: that a slipping or coming one still comes.
    """

    number: int
    party: PartyRef
    moment: str
    moment_line: str
    purpose: str
    kind: Kind
    state: State
    owner: str
    owner_name: str
    owner_is_team: bool
    about_us: int
    shown_us: int
    until_us: int
    why: Said
    question: Said
    per: str = ""
    events: tuple[EventLine, ...] = ()
    details: tuple[DetailLine, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    before: tuple[GestureLine, ...] = ()
    promises: tuple[PromiseLine, ...] = ()
    helped: tuple[Said, ...] = ()
    progress: ProgressLine | None = None
    chance: Estimate | Refusal | None = None
    answer: str = ""
    taken_by: str | None = None
    taken_by_name: str = ""
    held_until_us: int | None = None
    reason: Said | None = None
    told: Said | None = None
    stake: float = 0.0
    may: tuple[Verb, ...] = ()
    proposals: tuple[ProposalLine, ...] = ()


@dataclass(frozen=True, slots=True)
class CardLine:
    """An occasion in one line, where the whole card would be too much: waiting, held, tomorrow, yesterday, missed."""

    number: int
    party: PartyRef
    moment: str
    kind: Kind
    state: State
    owner: str
    owner_name: str
    about_us: int
    until_us: int
    why: Said
    reason: Said | None = None
    taken_by_name: str = ""
    held_until_us: int | None = None
    changed_us: int = 0
    form: str = ""  # of its gesture, where it is done


@dataclass(frozen=True, slots=True)
class FindingLine:
    """What the linter says: severity error, warning or note; line and column count from 1 in the catalogue file, or in
    the text of the field `about_field` where one is being edited.
    """

    severity: str
    code: str
    about: str
    message: str
    line: int
    column: int
    about_field: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a party's timeline.

    `kind`: event, reached, slipping, missed, gesture, detail, promise, kept, answer, merged. `title`: its sentence.
    `event` where it is one; `number` of the occasion, gesture, detail or promise it is about.
    """

    at_us: int
    kind: str
    title: Said
    by_name: str = ""
    text: str = ""  # what a person wrote, or a message's body
    event: EventLine | None = None
    number: int | None = None
    facts: tuple[tuple[str, str], ...] = field(default=())


Reason = Literal["text", "date", "unspoken"]
REASONS: tuple[Reason, ...] = ("text", "date", "unspoken")


@dataclass(frozen=True, slots=True)
class ForOne:
    """Somebody for whom there is something to add: the detail, its source beside it, and why this one now."""

    party: PartyRef
    detail: DetailLine
    reason: Reason


@dataclass(frozen=True, slots=True)
class Send:
    """What went to many. `key` names it; `people`: how many got it; `text`: its beginning, "" where it has none.

    `few`: for whom there is something to add, the most fitting first; `known_of`: of how many anything was known.
    """

    key: str
    name: str
    at_us: int
    people: int
    text: str
    few: tuple[ForOne, ...]
    known_of: int
