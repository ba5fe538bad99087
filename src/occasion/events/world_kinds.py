"""The worlds every release is tried on, drawn from a seed; see `KINDS` for their names.

Common to all: parties start on days spread over half a year; twelve event names come as Poisson processes whose rates a
party's latent engagement multiplies (`hidden` worlds: the same engagement also raises the chance of being kept); the
outcome lies strictly after the horizon of 28 days. About 115 events a party.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from occasion.events.world import DAY_US, EPOCH_US, Derived, Truth, World, sorted_events

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Part = tuple[Ints, Ints, Ints]

HORIZON_DAYS = 28
NAMES = (
    "visit", "search", "picture_viewed", "message_sent", "friend_added", "comment",
    "like", "share", "invite", "upload", "help_read", "settings_changed",
)  # fmt: skip
RATES = (0.80, 0.55, 0.45, 0.40, 0.50, 0.35, 0.40, 0.20, 0.15, 0.15, 0.12, 0.08)  # a day, at mean engagement
LOADINGS = (1.15, 0.7, 0.6, 0.6, 0.6, 0.7, 0.6, 0.5, 0.7, 0.5, 0.3, 0.3)  # on engagement; the first is the peers' bait


@dataclass
class Draft:
    """A world being drawn: what a kind changes before it is finished."""

    rng: np.random.Generator
    n: int
    engaged: Floats
    parts: list[Part] = field(default_factory=list)
    names: tuple[str, ...] = NAMES

    @classmethod
    def begin(cls, rng: np.random.Generator, n: int) -> Draft:
        """Parties with a standard normal engagement and no events yet."""
        return cls(rng, n, rng.standard_normal(n))

    def code(self, name: str) -> int:
        """The index of an event name."""
        return self.names.index(name)

    def rates(self, *, loading: float = 1.0, taste: float = 0.3) -> Floats:
        """Rates a day, (n, names): engagement times each name's loading, and a taste of the party for each name."""
        load = loading * np.asarray(LOADINGS)
        spread = np.exp(self.engaged[:, None] * load - load**2 / 2)
        liking = np.exp(taste * self.rng.standard_normal((self.n, len(NAMES))) - taste**2 / 2)
        return np.asarray(RATES) * spread * liking

    def pour(self, rates: Floats, until_days: Floats | float = HORIZON_DAYS) -> None:
        """Add Poisson events at `rates` (n, names) from the start until each party's `until_days`."""
        until = np.broadcast_to(np.asarray(until_days, np.float64), (self.n,))
        counts = self.rng.poisson(rates * until[:, None])
        cell = np.repeat(np.arange(counts.size), counts.ravel())
        party, name = cell // counts.shape[1], cell % counts.shape[1]
        offset = (self.rng.random(len(cell)) * until[party] * DAY_US).astype(np.int64)
        self.parts.append((party, name, offset))

    def pour_after(self, name: str, who: Ints, from_us: Ints, mean: float, within_days: float) -> None:
        """Add about `mean` events of `name` to each party of `who` within some days after an instant."""
        counts = self.rng.poisson(mean, len(who))
        party, begin = np.repeat(who, counts), np.repeat(from_us, counts)
        offset = begin + 1 + (self.rng.random(len(party)) * within_days * DAY_US).astype(np.int64)
        self.parts.append((party, np.full(len(party), self.code(name)), offset))

    def reach_us(self, name: str, count: int, days: float) -> Ints:
        """When each party's `count`-th event of `name` came, if within `days`; else -1."""
        code = self.code(name)
        party = np.concatenate([p[0][p[1] == code] for p in self.parts])
        offset = np.concatenate([p[2][p[1] == code] for p in self.parts])
        return nth_within(party, offset, self.n, count, days)

    def base_chance(self, *, hidden: bool) -> Floats:
        """The chance of being kept without any moment: between .05 and .69, by engagement if `hidden`, else .32."""
        if not hidden:
            return np.full(self.n, 0.32)
        return 0.05 + 0.64 / (1 + np.exp(-(1.8 * self.engaged - 0.3)))

    def finish(
        self,
        kind: str,
        chance: Floats,
        truths: tuple[Truth, ...],
        *,
        hidden: bool,
        kept: npt.NDArray[np.bool_] | None = None,
        derived: tuple[Derived, ...] = (),
    ) -> World:
        """Draw the outcome (unless decided already), sort the events and seal the world."""
        party, name, offset = sorted_events(self.parts)
        drawn = self.rng.random(self.n) < chance
        start = EPOCH_US + (self.rng.random(self.n) * 182 * DAY_US).astype(np.int64)
        return World(
            kind=kind, names=self.names, horizon_days=HORIZON_DAYS, start_us=start,
            kept=drawn if kept is None else kept, party=party, name=name, offset_us=offset,
            truths=truths, hidden=hidden, derived=derived,
        )  # fmt: skip


def nth_within(party: Ints, offset: Ints, n: int, count: int, days: float) -> Ints:
    """Per party the instant of its `count`-th point if before `days` (open at the end), else -1; any order of rows."""
    order = np.lexsort((offset, party))
    party, offset = party[order], offset[order]
    first = np.searchsorted(party, np.arange(n))
    size = np.bincount(party, minlength=n)
    at = np.full(n, -1, np.int64)
    enough = size >= count
    at[enough] = offset[first[enough] + count - 1]
    at[at >= days * DAY_US] = -1
    return at


def draw_threshold(draft: Draft, rates: Floats, name: str) -> tuple[int, int]:
    """A count and a window (days) that between 18 % and 45 % of parties reach by these mean rates."""
    rng = draft.rng
    mean = rates[:, draft.code(name)]
    while True:
        days, count = int(rng.integers(5, 19)), int(rng.integers(3, 11))
        draws = rng.poisson(mean[:4000] * days)
        if 0.18 <= (draws >= count).mean() <= 0.45:
            return count, days


def true_moment(name: str, count: int, days: float, effect: float) -> Truth:
    """The truth that reaching `count` events of `name` within `days` raises the chance by `effect`."""
    return Truth(f"count({name})", count, days, effect, "candidate", "planted")


def planted(rng: np.random.Generator, n: int, *, hidden: bool) -> World:
    """One threshold with an effect between .10 and .25; `hidden`: engagement drives every event and the outcome."""
    draft = Draft.begin(rng, n)
    rates = draft.rates()
    name = str(rng.choice(("search", "picture_viewed", "message_sent", "friend_added", "comment", "like")))
    count, days = draw_threshold(draft, rates, name)
    effect = float(rng.uniform(0.10, 0.25))
    draft.pour(rates)
    reached = draft.reach_us(name, count, days) >= 0
    chance = draft.base_chance(hidden=hidden) + effect * reached
    kind = "planted under engagement" if hidden else "planted"
    return draft.finish(kind, chance, (true_moment(name, count, days, effect),), hidden=hidden)


def nothing(rng: np.random.Generator, n: int) -> World:
    """Engagement drives every event and the outcome; no event does anything."""
    draft = Draft.begin(rng, n)
    draft.pour(draft.rates())
    return draft.finish("nothing planted", draft.base_chance(hidden=True), (), hidden=True)


def leavers(rng: np.random.Generator, n: int) -> World:
    """Almost half leave early (mean 8 days) for no reason seen; whoever is there after the horizon may be kept."""
    draft = Draft.begin(rng, n)
    leaves = rng.random(n) < 0.45
    until = np.where(leaves, np.minimum(rng.exponential(8.0, n), HORIZON_DAYS), HORIZON_DAYS)
    draft.pour(draft.rates(), until)
    gone = until < HORIZON_DAYS
    return draft.finish("early leavers", np.where(gone, 0.02, 0.60), (), hidden=False)


def proxy(rng: np.random.Generator, n: int) -> World:
    """A true moment that sets off a run of another event, which itself does nothing."""
    draft = Draft.begin(rng, n)
    rates = draft.rates()
    count, days = draw_threshold(draft, rates, "message_sent")
    rates[:, draft.code("invite")] *= 0.5
    effect = float(rng.uniform(0.15, 0.25))
    draft.pour(rates)
    at = draft.reach_us("message_sent", count, days)
    who = np.flatnonzero(at >= 0)
    draft.pour_after("invite", who, at[who], mean=3.0, within_days=6)
    chance = draft.base_chance(hidden=True) + effect * (at >= 0)
    follows = Truth("count(invite)", 0, 0, 0.0, "association only", "set off by the true moment")
    return draft.finish("proxy", chance, (true_moment("message_sent", count, days, effect), follows), hidden=True)


SETTLING = ("settings_changed", "help_read", "upload")


def because(rng: np.random.Generator, n: int) -> World:
    """The outcome is decided within the first ten days; whoever will be kept then settles in, and goes on later."""
    draft = Draft.begin(rng, n)
    rates = draft.rates()
    kept = rng.random(n) < draft.base_chance(hidden=True) + 0.1
    draft.pour(rates)
    decided = (rng.random(n) * 10 * DAY_US).astype(np.int64)
    who = np.flatnonzero(kept)
    for name in SETTLING:
        draft.pour_after(name, who, decided[who], mean=2.0, within_days=14)
    later = np.full(len(who), HORIZON_DAYS * DAY_US)
    for name in ("invite", "share"):
        draft.pour_after(name, who, later, mean=6.0, within_days=14)
    truths = tuple(
        Truth(f"count({name})", 0, 0, 0.0, "association only", "done because the outcome was already decided")
        for name in SETTLING
    )
    return draft.finish("because kept", np.zeros(n), truths, hidden=True, kept=kept)


def two(rng: np.random.Generator, n: int) -> World:
    """Two true moments of different events, each worth .15 to .20."""
    draft = Draft.begin(rng, n)
    rates = draft.rates()
    truths = []
    draft.pour(rates)
    chance = draft.base_chance(hidden=True)
    for name in ("picture_viewed", "comment"):
        count, days = draw_threshold(draft, rates, name)
        effect = float(rng.uniform(0.15, 0.20))
        chance = chance + effect * (draft.reach_us(name, count, days) >= 0)
        truths.append(true_moment(name, count, days, effect))
    return draft.finish("two moments", chance, tuple(truths), hidden=True)
