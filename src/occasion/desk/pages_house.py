"""The pages beside the day's work: finds, refused events, settings, audit, search. See pages.py."""

from __future__ import annotations

from dataclasses import dataclass

from occasion.desk.parts import CardLine, PartyRef, Said


@dataclass(frozen=True, slots=True)
class FindRun:
    """A find that runs or ran. `state`: running, done, failed, stopped. `report`: whether there is a report to open.

    `step`, `done`, `total`: how far it is. `error`: one line. `candidates`: the best, as (when, verdict, why).
    """

    id: str
    kept: str
    start: str
    state: str
    begun_us: int
    ended_us: int | None
    by: str
    by_name: str
    step: str
    done: int
    total: int
    report: bool
    error: str = ""
    parties: int | None = None
    candidates: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FindPage:
    """Finds, the latest first. `refused`: why the one asked for was not started, with the texts given beside it."""

    now_us: int
    zone: str
    runs: tuple[FindRun, ...]
    events: tuple[str, ...]
    kept: str = ""
    start: str = ""
    refused: str = ""
    may_start: bool = False


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """An item that was refused: which field had which value, and the reason in one line. `body`: as it came, JSON."""

    number: int
    received_us: int
    source: str
    kind: str
    field: str
    value: str
    reason: str
    body: str


@dataclass(frozen=True, slots=True)
class RefusedPage:
    """Refused items, the latest first. `by_source`: source, field, how many. `older`: the next page's cursor."""

    now_us: int
    zone: str
    total: int
    by_source: tuple[tuple[str, str, int], ...]
    lines: tuple[RefusedLine, ...]
    source: str = ""  # the filter in force
    older: int | None = None


@dataclass(frozen=True, slots=True)
class ColleagueLine:
    """A colleague. `moments`: those whose owner they are; `bonds`: how many parties are theirs; `open`: occasions."""

    id: str
    name: str
    email: str
    role: str
    teams: tuple[str, ...]
    capacity: int
    moments: tuple[str, ...]
    bonds: int
    open: int
    joined_us: int
    left_us: int | None = None
    notify: tuple[str, ...] = ()  # kinds of channel, never their addresses


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key of a machine; never the key. `state`: in use, ending, ended."""

    name: str
    source: str
    shown: str
    may: str
    made_us: int
    made_by_name: str
    ends_us: int | None
    used_us: int | None
    state: str


@dataclass(frozen=True, slots=True)
class FeedLine:
    """A calendar feed: whose moments, whether parties are named, made when; never its address."""

    owner: str
    owner_name: str
    names: bool
    made_us: int
    revoked_us: int | None
    digest: str  # hex, to revoke it by


@dataclass(frozen=True, slots=True)
class HookLine:
    """A webhook: where (host only), which kinds, and whether and why it is disabled."""

    number: int
    host: str
    kinds: tuple[str, ...]
    made_us: int
    disabled_us: int | None
    why_disabled: str


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """A way to reach a colleague: its kind ("slack"), never its address, and what it is removed by."""

    kind: str
    digest: str


@dataclass(frozen=True, slots=True)
class Notified:
    """How the viewer is told: at once when a party is in trouble, each morning at `morning` ("": not)."""

    channels: tuple[ChannelLine, ...]
    at_once: bool
    morning: str


@dataclass(frozen=True, slots=True)
class LeavingPlan:
    """What a colleague would leave behind: moments and parties that need a new owner, by name."""

    colleague: str
    colleague_name: str
    moments: tuple[str, ...]
    parties: tuple[PartyRef, ...]  # at most 100
    parties_total: int
    occasions_total: int
    to: tuple[tuple[str, str], ...]  # who may take over: id and name
    refused: tuple[Said, ...] = ()  # why the closing was refused, a line each


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """Colleagues, teams, keys, channels. What the viewer may not see is empty."""

    now_us: int
    zone: str
    workspace_zone: str
    colleagues: tuple[ColleagueLine, ...]
    teams: tuple[tuple[str, tuple[str, ...]], ...]
    keys: tuple[KeyLine, ...]
    feeds: tuple[FeedLine, ...]
    hooks: tuple[HookLine, ...]
    leaving: LeavingPlan | None = None
    may: tuple[str, ...] = ()  # colleagues, keys, hooks, own
    notified: Notified | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what about what. `facts` never hold bodies or details. `digest`: hex, the first 12 places."""

    number: int
    at_us: int
    actor: str
    actor_name: str
    action: str
    about: str
    about_label: str
    facts: tuple[tuple[str, str], ...]
    digest: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """The audit, the latest first. `whole`: the chain of digests was checked and holds (None: not checked now).

    `broken_at`: the first number at which it does not hold.
    """

    now_us: int
    zone: str
    lines: tuple[AuditLine, ...]
    total: int
    whole: bool | None
    broken_at: int | None = None
    about: str = ""  # the filters in force
    actor: str = ""
    older: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A party found, and by what: name, id, trait, detail. `shown`: the text that matched."""

    party: PartyRef
    by: str
    shown: str


@dataclass(frozen=True, slots=True)
class SearchPage:
    """What a few words find: parties the viewer may see, moments, open occasions. `more`: there are more than shown."""

    now_us: int
    zone: str
    query: str
    parties: tuple[Found, ...]
    moments: tuple[tuple[str, str], ...]  # name, line
    occasions: tuple[CardLine, ...]
    more: bool = False
