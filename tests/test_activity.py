"""What single parties did until an instant, against a slow count; many points are at the same instant."""

from __future__ import annotations

import numpy as np
import pytest

from occasion.finding.activity import AMONG_ALL, Activity
from occasion.finding.population import DAY_US

PARTIES, NAMES = 30, 3


def drawn(seed: int) -> Activity:
    """Points of three names at noon and midnight of ten days."""
    rng = np.random.default_rng(seed)
    party, offset = rng.integers(0, PARTIES, 400), rng.integers(0, 20, 400) * (DAY_US // 2)
    order = np.lexsort((offset, party))
    own = np.arange(NAMES)
    return Activity(
        party[order].astype(np.int32),
        rng.integers(0, NAMES, 400).astype(np.int32),
        offset[order],
        ("count(a)", "count(b)", "count(c)"),
        own.astype(np.int32),
        own,
        PARTIES,
    )


def done(activity: Activity, party: int, cut: int) -> tuple[list[int], int, int, int]:
    """Points by name and days with any, up to the cut and at it; points in the last third before it, the last of all
    (-1: none)."""
    mine = (activity.party == party) & (activity.offset <= cut)
    counts = [int((mine & (activity.stream == name)).sum()) for name in range(NAMES)]
    before = activity.offset[mine & (activity.offset < cut)]
    days = len(set((activity.offset[mine] // DAY_US).tolist()))
    return counts, days, int((3 * before >= 2 * cut).sum()), int(before.max(initial=-1))


@pytest.mark.parametrize("own", [-1, 0, 2])
def test_what_is_held_equal_at_an_instant_is_what_was_done_until_then(own: int) -> None:
    activity, rng, (mean, shape) = drawn(own + 1), np.random.default_rng(7), (1.5, 0.8)
    chosen = rng.permutation(PARTIES)[:20]
    cut = rng.integers(0, 20, PARTIES) * (DAY_US // 2)
    found = np.empty((len(chosen), NAMES - (own >= 0) + AMONG_ALL))
    activity.held_before(chosen, cut, own, (mean, shape), found)
    several = 0
    for row, party in zip(found, chosen.tolist(), strict=True):
        at = int(cut[party])
        counts, days, recent, last = done(activity, party, at)
        others = [count for name, count in enumerate(counts) if name != own]
        since = at / DAY_US
        pace = np.log((sum(others) + shape) / (since * mean + shape))
        gap = (at - last) / DAY_US if last >= 0 else since
        whole = [*np.log1p([*others, sum(others)]), pace, pace**2, pace**3, *np.log1p([recent, days, 4 * gap])]
        np.testing.assert_allclose(row, whole, atol=1e-12)
        several += int(((activity.party == party) & (activity.offset == at)).sum() > 1)
    assert several > 1


def test_what_was_done_in_the_first_days_is_counted() -> None:
    activity = drawn(5)
    until = activity.until(4)
    for party in range(PARTIES):
        counts, days, _, last = done(activity, party, 4 * DAY_US - 1)
        assert until.counts[party].tolist() == counts
        assert (until.whole[party], until.days[party]) == (sum(counts), days)
        assert until.gap_days[party] == pytest.approx((4 * DAY_US - 1 - max(last, 0)) / DAY_US)
