"""The screen: its adjusted difference is a regression's, its strata are Mantel–Haenszel's, its bar is a family's."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from occasion.errors import InputError
from occasion.events.world_patterns import simulate
from occasion.finding.activity import activity_of, plain_columns
from occasion.finding.population import DAY_US, Streams
from occasion.finding.preselect import Bar, preselect
from occasion.finding.screen import is_pattern, screen, window_days
from occasion.finding.simulated import in_memory


@pytest.fixture(autouse=True)
def one_thread():
    """As find itself does it: see occasion.finding.blas."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield


def small(kind="planted under engagement", n=3000, seed=1):
    world = simulate(kind, np.random.default_rng(seed), n)
    streams, population = in_memory(world, np.random.default_rng(seed))
    return world, activity_of(streams, np.ones(n, bool), world.horizon_days), population.kept


def test_raw_figures_of_a_cell_are_those_of_a_count_by_hand():
    _, activity, kept = small()
    grid = screen(activity, kept, window_days(28), np.random.default_rng(0), permutations=5)
    for stream, window, count in ((0, 9, 3), (4, 13, 5), (7, 27, 1)):
        points = activity.points(stream, grid.windows[window])
        reached = points >= count
        assert grid.reached[stream, window, count - 1] == reached.sum()
        assert grid.kept_with[stream, window, count - 1] == pytest.approx(kept[reached].mean())
        assert grid.kept_without[stream, window, count - 1] == pytest.approx(kept[~reached].mean())
        phi = np.corrcoef(reached, kept)[0, 1]
        assert grid.phi[stream, window, count - 1] == pytest.approx(phi, abs=1e-6)


def test_the_adjusted_difference_is_that_of_ordinary_least_squares():
    """By statsmodels on the same columns, written out again here."""
    sm = pytest.importorskip("statsmodels.api")
    _, activity, kept = small(n=2500)
    windows = window_days(28)
    grid = screen(activity, kept, windows, np.random.default_rng(0), permutations=5)
    stream, w, count = 4, 11, 4
    until, horizon = activity.until(windows[w]), activity.until(28)
    others = np.delete(np.minimum(until.counts, 50), 4, axis=1).sum(axis=1)  # the screen counts up to 50
    later = np.delete(np.minimum(horizon.counts, 50), 4, axis=1).sum(axis=1)
    edges = np.quantile(later, np.linspace(0, 1, 11)[1:-1])
    strata = np.searchsorted(edges, later, side="right")[:, None] == np.arange(1, 10)
    gap, volume, whole = until.gap_days, np.log1p(others), np.log1p(later)
    X = np.column_stack([
        np.ones(len(kept)), np.log1p(until.days), np.log1p(gap), gap > windows[w] / 2, gap > windows[w] / 4,
        volume, volume**2, whole, whole**2, strata,
    ]).astype(float)  # fmt: skip
    reached = activity.points(stream, windows[w]) >= count
    fit = sm.OLS(kept.astype(float), np.column_stack([reached, X])).fit()
    assert grid.adjusted[stream, w, count - 1] == pytest.approx(fit.params[0], abs=1e-4)
    assert grid.z[stream, w, count - 1] == pytest.approx(fit.tvalues[0], rel=0.02)


def test_the_planted_cell_has_the_largest_z_of_its_stream():
    """Six worlds; the count within 1 and the window within 2 days, from 5 000 people."""
    right = 0
    for seed in range(6):
        world, activity, kept = small(n=5000, seed=seed)
        grid = screen(activity, kept, window_days(28), np.random.default_rng(0), permutations=5)
        truth = world.moments[0]
        z = grid.z[activity.what.index(truth.what)]
        w, k = np.unravel_index(np.nanargmax(z), z.shape)
        right += abs(k + 1 - truth.count) <= 1 and abs(grid.windows[w] - truth.window_days) <= 2
    assert right >= 5


def test_the_bar_is_passed_by_few_worlds_in_which_the_outcome_means_nothing():
    """An outcome drawn by lot, 40 times: the best of all cells passes the 5 % bar in at most 6 (P = .014 at 5 %)."""
    _, activity, _ = small(n=1500)
    passed = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        grid = screen(activity, rng.random(1500) < 0.4, np.array([3.0, 7.0, 14.0, 28.0]), rng, most=20)
        passed += np.nanmax(grid.z) > grid.bar
    assert passed <= 6


def test_the_bar_is_above_the_point_wise_one():
    _, activity, kept = small("nothing planted", n=2000)
    grid = screen(activity, kept, window_days(28), np.random.default_rng(0))
    assert grid.bar > 3


def test_a_stratum_with_one_outcome_only_does_not_break_the_bar():
    y = np.r_[np.ones(50), np.zeros(50)]
    bar = Bar(y, np.r_[np.ones(50), np.full(50, 9.0)], np.random.default_rng(0), 20)
    assert np.array_equal(bar.outcomes[:, 0], bar.outcomes[:, 1])  # nothing to shuffle within either stratum
    assert bar.at(0.05) == np.inf


def test_windows_are_every_day_up_to_thirty_and_then_spread():
    assert list(window_days(3)) == [1, 2, 3]
    long = window_days(365)
    assert long[0] == 1
    assert long[-1] == 365
    assert len(long) <= 30


def test_patterns_are_tried_for_their_first_point_only():
    world = simulate("sequence", np.random.default_rng(1), 2000)
    streams, population = in_memory(world, np.random.default_rng(1))
    activity = activity_of(streams, np.ones(2000, bool), 28)
    grid = screen(activity, population.kept, window_days(28), np.random.default_rng(0), permutations=5)
    pair = activity.what.index(world.moments[0].what)
    assert is_pattern(activity.what[pair])
    assert np.isfinite(grid.z[pair, :, 0]).any()
    assert not np.isfinite(grid.z[pair, :, 1:]).any()


def test_many_streams_are_tried_first_within_strata_and_the_true_one_goes_on():
    rng = np.random.default_rng(2)
    n, s = 2000, 90
    points = [(p, j) for j in range(s) for p in np.flatnonzero(rng.random(n) < 0.3)]
    party, stream = (np.array(x, np.int32) for x in zip(*sorted(points), strict=True))
    offset = np.sort(rng.integers(0, 20 * DAY_US, len(party)))
    order = np.lexsort((offset, party))
    streams = Streams(
        party[order], stream[order], offset[order], [f"count(e{j})" for j in range(s)], np.arange(s, dtype=np.int32)
    )
    activity = activity_of(streams, np.ones(n, bool), 28)
    did = np.zeros(n, bool)
    did[party[stream == 71]] = True
    y = (rng.random(n) < 0.3 + 0.3 * did).astype(float)
    bar = Bar(y, activity.until(28).counts.sum(axis=1), rng, 20)
    near, behind = preselect(activity, y, window_days(28), [50] * s, lambda: bar)
    assert (len(near), len(behind), set(near) & set(behind)) == (60, 30, set())
    assert 71 in near
    wanted, _ = preselect(activity, y, window_days(28), [50] * s, lambda: bar, first=[behind[0]])
    assert behind[0] in wanted
    assert len(wanted) == 60
    assert np.isfinite(bar.largest).all()  # those left behind count for the bar


def test_frequent_names_have_a_column_each_and_the_others_share_one():
    streams = Streams(
        np.zeros(6, np.int32), np.array([0, 0, 0, 1, 1, 2], np.int32), np.arange(6),
        ["count(a)", "count(b)", "count(c)", 'count(a where x = "y")'], np.array([0, 1, 2, 0], np.int32),
    )  # fmt: skip
    assert plain_columns(streams).tolist() == [0, 1, 2, -1]
    assert plain_columns(streams, most=2).tolist() == [0, 1, 1, -1]


def test_counts_beyond_what_a_byte_holds_are_refused():
    _, activity, kept = small(n=200)
    with pytest.raises(InputError, match="250"):
        screen(activity, kept, window_days(28), np.random.default_rng(0), most=300)
