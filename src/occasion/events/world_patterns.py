"""Worlds whose true moment is more than a count of one event name, and the list of all kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from occasion.events.world import DAY_US, Derived, Truth, World
from occasion.events.world_kinds import (
    NAMES,
    Draft,
    because,
    leavers,
    nothing,
    nth_within,
    planted,
    proxy,
    true_moment,
    two,
)


def sequence(rng: np.random.Generator, n: int) -> World:
    """A picture viewed and then, within a day, a first click on rent: the pair counts, neither event alone does."""
    draft = Draft.begin(rng, n)
    draft.names = (*NAMES[:-1], "rent_clicked")
    rates = draft.rates()
    rates[:, draft.code("picture_viewed")] *= 0.45
    rates[:, draft.code("rent_clicked")] *= 2.5
    draft.pour(rates)
    pair = Derived("pair", "rent_clicked", after="picture_viewed")
    days, effect = int(rng.integers(8, 19)), float(rng.uniform(0.15, 0.25))
    party, name, offset = draft.parts[0]
    order = np.lexsort((offset, party))
    party, name, offset = party[order], name[order], offset[order]
    first, then = draft.code("picture_viewed"), draft.code("rent_clicked")
    who, at = follows(party, name, offset, a=first, b=then, within_us=DAY_US)
    reached = nth_within(who, at, n, 1, days) >= 0
    truth = Truth(pair.what, 1, days, effect, "candidate", "planted")
    chance = draft.base_chance(hidden=True) + effect * reached
    return draft.finish("sequence", chance, (truth,), hidden=True, derived=(pair,))


def follows(
    party: np.ndarray, name: np.ndarray, offset: np.ndarray, *, a: int, b: int, within_us: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows (party, instant) of every first `b` strictly after an `a`, less than `within_us` after it; sorted rows in.

    A `b` is the first after some `a` exactly if an `a` came since the `b` before it (or at the very instant of it).
    """
    row = np.flatnonzero((name == a) | (name == b))
    party, offset, is_b = party[row], offset[row], name[row] == b
    before = np.r_[False, ~is_b[:-1] & (party[1:] == party[:-1])]  # the row before is an `a` of the same party
    gap = np.r_[0, np.diff(offset)]
    hit = is_b & before & (gap > 0) & (gap < within_us)
    return party[hit].astype(np.int64), offset[hit]


def distinct(rng: np.random.Generator, n: int) -> World:
    """Different people written to count; how many messages does not. Some write a lot to few, some a little to many."""
    draft = Draft.begin(rng, n)
    rates = draft.rates()
    rates[:, draft.code("message_sent")] *= 1.6
    draft.pour(rates)
    circle = 1 + rng.poisson(rng.gamma(2.0, 4.0, n))  # how many people the party knows
    code = draft.code("message_sent")
    days, effect = int(rng.integers(8, 19)), float(rng.uniform(0.15, 0.25))
    sealed = draft.finish("distinct", np.zeros(n), (), hidden=True)
    writes = sealed.name == code
    friend = np.where(writes, (rng.random(len(writes)) * circle[sealed.party]).astype(np.int32), -1).astype(np.int32)
    who, at = first_of_each(sealed.party[writes], friend[writes], sealed.offset_us[writes])
    count = 3
    while (nth_within(who, at, n, count, days) >= 0).mean() > 0.4:
        count += 1
    reached = nth_within(who, at, n, count, days) >= 0
    friends = Derived("distinct", "message_sent")
    truth = Truth(friends.what, count, days, effect, "candidate", "planted")
    raw = Truth("count(message_sent)", 0, 0, 0.0, "association only", "raw messages stand for different people")
    kept = rng.random(n) < draft.base_chance(hidden=True) + effect * reached
    return replace(sealed, kept=kept, truths=(truth, raw), counterpart=friend, derived=(friends,))


def first_of_each(party: np.ndarray, value: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows (party, instant) at which a party's value was seen for the first time; rows sorted by time in, and out."""
    _, first = np.unique(party.astype(np.int64) * (int(value.max(initial=0)) + 2) + value, return_index=True)
    first.sort()
    return party[first].astype(np.int64), offset[first]


def partner(rng: np.random.Generator, n: int) -> World:
    """Two kinds of parties; a partner's first client sent matters, a customer never sends one."""
    draft = Draft.begin(rng, n)
    draft.names = (*NAMES[:-2], "client_referred", "training_attended")
    is_partner = rng.random(n) < 0.4
    rates = draft.rates(loading=0.8)
    rates[:, draft.code("client_referred")] = 0.035 * is_partner * np.exp(0.4 * draft.engaged)
    rates[:, draft.code("training_attended")] = 0.25 * is_partner
    draft.pour(rates)
    days, effect = int(rng.integers(12, 22)), float(rng.uniform(0.18, 0.25))
    reached = draft.reach_us("client_referred", 1, days) >= 0
    chance = draft.base_chance(hidden=True) + 0.05 * is_partner + effect * reached
    truth = Truth("count(client_referred)", 1, days, effect, "candidate", "planted")
    return draft.finish("partner's first", chance, (truth,), hidden=True)


def rare_tie(rng: np.random.Generator, n: int) -> World:
    """About one party in twenty hears from a long-lost friend; that one contact counts, contacts in general do not."""
    draft = Draft.begin(rng, n)
    draft.pour(draft.rates())
    effect, days = float(rng.uniform(0.20, 0.30)), int(rng.integers(8, 19))
    sealed = draft.finish("rare tie", np.zeros(n), (), hidden=True)
    old = (sealed.name == draft.code("message_sent")) & (rng.random(len(sealed.name)) < 0.006)
    ties = Derived("slice", "message_sent")
    reached = nth_within(sealed.party[old].astype(np.int64), sealed.offset_us[old], n, 1, days) >= 0
    truth = Truth(ties.what, 1, days, effect, "candidate", "planted")
    kept = rng.random(n) < draft.base_chance(hidden=True) + effect * reached
    return replace(sealed, kept=kept, truths=(truth,), old_tie=old, derived=(ties,))


def newcomers(rng: np.random.Generator, n: int) -> World:
    """Counts only in the first two to four days: the same count later does nothing."""
    draft = Draft.begin(rng, n)
    draft.pour(draft.rates())
    days, effect = int(rng.integers(2, 5)), float(rng.uniform(0.15, 0.25))
    count = 2
    while (draft.reach_us("friend_added", count, days) >= 0).mean() > 0.35:
        count += 1
    reached = draft.reach_us("friend_added", count, days) >= 0
    chance = draft.base_chance(hidden=True) + effect * reached
    return draft.finish("newcomers", chance, (true_moment("friend_added", count, days, effect),), hidden=True)


def seen(rng: np.random.Generator, n: int) -> World:
    """For the estimator alone: what drives both moment and outcome is how often a party searched in its first two days.

    That is in the log before anybody can reach the moment, and nothing else matters.
    """
    draft = Draft.begin(rng, n)
    code = draft.code
    early = np.zeros((n, len(NAMES)))
    early[:, code("search")] = 1.5 * rng.gamma(1.5, 1 / 1.5, n)
    draft.pour(early, 2)
    searches = np.log1p(np.bincount(draft.parts[0][0], minlength=n))
    later = np.zeros((n, len(NAMES)))
    later[:, code("visit")], later[:, code("like")] = 0.6, 0.3
    later[:, code("comment")] = 0.12 + 0.18 * searches
    draft.pour(later)
    party, name, offset = draft.parts[1]
    after = (name != code("comment")) | (offset >= 2 * DAY_US)
    draft.parts[1] = party[after], name[after], offset[after]
    count, days, effect = 4, 14, 0.15
    reached = draft.reach_us("comment", count, days) >= 0
    chance = 0.15 + 0.22 * searches / (1 + 0.5 * searches) + effect * reached
    return draft.finish("all seen", chance, (true_moment("comment", count, days, effect),), hidden=False)


KINDS: dict[str, Callable[[np.random.Generator, int], World]] = {
    "planted": partial(planted, hidden=False),
    "planted under engagement": partial(planted, hidden=True),
    "nothing planted": nothing,
    "early leavers": leavers,
    "proxy": proxy,
    "because kept": because,
    "two moments": two,
    "sequence": sequence,
    "distinct": distinct,
    "partner's first": partner,
    "rare tie": rare_tie,
    "newcomers": newcomers,
}


def simulate(kind: str, rng: np.random.Generator, parties: int = 20_000) -> World:
    """A world of one of the `KINDS`, the same for the same generator state."""
    return KINDS[kind](rng, parties)
