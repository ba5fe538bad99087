"""The pages of the desk, a frozen dataclass each: everything a page shows, as plain values (see parts.py).

`--json`, the HTML pages and the MCP server show the same objects. `now_us` is the instant a page is true for and
`zone` the zone its days are reckoned in: the viewer's, but a party's own page has also the party's.
"""

from __future__ import annotations

from dataclasses import dataclass

from occasion.desk.pages_house import AuditPage, FindPage, RefusedPage, SearchPage, SettingsPage
from occasion.desk.parts import (
    Card,
    CardLine,
    DetailLine,
    Entry,
    FindingLine,
    GestureLine,
    PartyRef,
    ProgressLine,
    PromiseLine,
    ProposalLine,
    Said,
    Send,
)
from occasion.estimate import Refusal


@dataclass(frozen=True, slots=True)
class OwnerDay:
    """What an owner's day holds: `capacity` occasions a day, of which `worked` were finished today and `shown` stand on
    the page; `waiting` wait for another day. A team's capacity is its colleagues' together.
    """

    owner: str
    owner_name: str
    is_team: bool
    capacity: int
    worked: int
    shown: int
    waiting: int


@dataclass(frozen=True, slots=True)
class SlippedBy:
    """What slipped by in a month at one owner: how many of which moment, and of whom."""

    owner: str
    owner_name: str
    moment: str
    count: int
    lines: tuple[CardLine, ...]  # a few, the latest first


@dataclass(frozen=True, slots=True)
class Slipped:
    """What slipped by in a civil month ("2026-02") and whose it was; `total` counts all: what `by` adds up to, the most
    of an owner's moment first, and the `rest`, fewer of each.
    """

    month: str
    total: int
    by: tuple[SlippedBy, ...]
    rest: int = 0


@dataclass(frozen=True, slots=True)
class TodayPage:
    """Today, with yesterday and tomorrow beside it.

    `today`: what the owners can do today, the most urgent first, in full. `waiting`: what their day has no room for,
    in the same order. `held`: laid aside, by a person or because something goes first, with the reason. `slipping`
    are among `today`; `missed`: slipped by since yesterday began, nothing left to do but to know. `yesterday`: what
    was finished, skipped or slipped by then. `tomorrow`: what begins or ends tomorrow, and certain moments.
    `empty`: nothing is left to do today (`done_today` says how much was done). `whose`: own, team or all.
    `sends`: what went to many, with those for whom there is something to add and whose owner's day has room for it
    beside the occasions; of `more_to_add` more there is something too.
    """

    now_us: int
    zone: str
    date: str
    whose: str
    today: tuple[Card, ...]
    waiting: tuple[CardLine, ...]
    waiting_total: int  # `waiting` shows at most 50 of them
    held: tuple[CardLine, ...]
    yesterday: tuple[CardLine, ...]
    tomorrow: tuple[CardLine, ...]
    missed: tuple[CardLine, ...]
    days: tuple[OwnerDay, ...]
    done_today: int
    empty: bool
    slipped: Slipped | None = None  # last month's, where the viewer looks at more than their own
    sends: tuple[Send, ...] = ()
    more_to_add: int = 0


@dataclass(frozen=True, slots=True)
class Trait:
    """What a system said about a party: key, value as text, which source, when."""

    key: str
    value: str
    source: str
    seen_us: int


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether the party may be written to on a channel; None: nothing is on file."""

    channel: str
    given: bool | None
    at_us: int | None
    source: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Another identity that is read as this party. `undone_us`: it was, and is not any more."""

    merge: int
    party: str
    made_us: int
    made_by_name: str
    why: str
    undone_us: int | None = None


@dataclass(frozen=True, slots=True)
class PartyPage:
    """Everything about a party. `older`: the cursor that asks for the timeline before what is shown, None at its end.

    `cards`: open, taken and held occasions. `moments`: open and coming moments with how far they are, the nearest to
    its end first. `deceased`: what is on file ("2026-02", "yes"), a hard stop: nothing is suggested, no gesture taken.
    """

    now_us: int
    zone: str
    party: PartyRef
    local_us: int  # equal to now_us; shown in the party's zone ("it is 21:40 there")
    quiet_now: bool
    quiet: tuple[str, str] | None  # "21:00", "08:00" in their zone
    channel: str | None
    consents: tuple[Consent, ...]
    rests_until_us: int | None  # the person-wide cool-down after the last gesture
    deceased: str | None
    stage: str
    first_us: int | None
    last_us: int | None
    events_total: int | None
    traits: tuple[Trait, ...]
    details: tuple[DetailLine, ...]
    promises: tuple[PromiseLine, ...]
    cards: tuple[Card, ...]
    moments: tuple[ProgressLine, ...]
    timeline: tuple[Entry, ...]
    older: str | None
    identities: tuple[Identity, ...]
    gestures: tuple[GestureLine, ...]
    may: tuple[str, ...] = ()  # detail, promise, merge, export, erase, owner


@dataclass(frozen=True, slots=True)
class MomentLine:
    """A moment in the catalogue with its counts. `reached` counts occurrences that hold, of `parties` parties.

    `coming`: opened and neither reached nor missed; None where it has no window, so that nothing
    of it is under way. `slipping`: of those, expected by now. `slipped`: missed, in all.
    `made`: occasions done with a gesture that was not "nothing". `ready`: False while it still reads history.
    """

    name: str
    line: str
    who: str
    owner: str
    owner_name: str
    owner_known: bool
    purpose: str
    stage: str
    expect: str
    make: tuple[str, ...]
    reached: int
    parties: int
    coming: int | None
    slipping: int
    slipped: int
    made: int
    open: int  # occasions on the desk
    ready: bool
    findings: tuple[FindingLine, ...] = ()
    refused: bool = False  # has no owner, or cannot be read: not watched


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step of the process: what everyone expects."""

    name: str
    event: str
    due: str
    purpose: str
    findings: tuple[FindingLine, ...] = ()


@dataclass(frozen=True, slots=True)
class MomentsPage:
    """The catalogue. `stages`: names in order with the pattern that enters each. `file_digest`: which version of the
    file this is, to be given back when a moment is saved. `other`: findings that belong to no moment or step.
    """

    now_us: int
    zone: str
    file: str
    file_digest: str
    stages: tuple[tuple[str, str], ...]
    moments: tuple[MomentLine, ...]
    process: tuple[StepLine, ...]
    other: tuple[FindingLine, ...]
    slipped: Slipped
    may_edit: bool
    proposals: tuple[ProposalLine, ...] = ()  # of an assistant, for those who may edit


@dataclass(frozen=True, slots=True)
class MomentForm:
    """A moment as it is being edited; every field as text, as it stands in the file."""

    name: str
    when: str
    who: str
    owner: str
    purpose: str
    stage: str
    expect: str
    make: tuple[str, ...]
    mark: str = ""  # pit, peak or nothing


@dataclass(frozen=True, slots=True)
class Preview:
    """Who it would have been: over history as of `as_of_us`. `examples`: the latest, at most 10."""

    as_of_us: int
    parties: int
    occurrences: int
    first_us: int | None
    last_us: int | None
    examples: tuple[tuple[PartyRef, str, int], ...]  # party, per ("" for none), at_us
    seconds: float
    differs: int | None = None  # occurrences more (or fewer, negative) than the saved version has; None: it is new


@dataclass(frozen=True, slots=True)
class MomentPage:
    """A moment and its form. `name` is None for a new one. `findings`: the linter's answer to the form as it is.

    `valid`: it may be saved. `keeps`: what it keeps for each party. `preview`: None where not asked for, a Refusal
    where it could not be said in time. `conflict`: the file changed meanwhile; nothing was saved. `saved`: it was.
    """

    now_us: int
    zone: str
    name: str | None
    form: MomentForm
    file_digest: str
    findings: tuple[FindingLine, ...]
    valid: bool
    keeps: str
    owners: tuple[tuple[str, str], ...]  # id and name of colleagues and teams to choose from
    stages: tuple[str, ...]
    events: tuple[str, ...]  # names that came, the commonest first
    preview: Preview | Refusal | None = None
    counts: MomentLine | None = None
    occasions: tuple[CardLine, ...] = ()  # the latest about it
    conflict: Said | None = None
    saved: bool = False
    may_edit: bool = False


__all__ = [
    "AuditPage",
    "FindPage",
    "MomentPage",
    "MomentsPage",
    "PartyPage",
    "RefusedPage",
    "SearchPage",
    "SettingsPage",
    "TodayPage",
]
