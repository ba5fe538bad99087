"""The simulated worlds: the same from the same seed, and true to what they say of themselves."""

import numpy as np
import pytest

from occasion.events.world import DAY_US, OUTCOME_NAME, event_table
from occasion.events.world_patterns import KINDS, seen, simulate
from occasion.finding.population import Population
from occasion.finding.present import reached_by
from occasion.finding.screen import Cell
from occasion.finding.simulated import in_memory


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_world_is_the_same_from_the_same_seed(kind):
    one, two = (simulate(kind, np.random.default_rng(5), 800) for _ in range(2))
    assert np.array_equal(one.offset_us, two.offset_us)
    assert np.array_equal(one.kept, two.kept)
    other = simulate(kind, np.random.default_rng(6), 800)
    assert not np.array_equal(one.kept, other.kept)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_rows_are_sorted_and_start_at_the_start(kind):
    world = simulate(kind, np.random.default_rng(1), 1000)
    key = world.party.astype(np.int64) * (1 << 44) + world.offset_us
    assert (np.diff(key) >= 0).all()
    assert world.offset_us.min() >= 0
    assert set(np.unique(world.name)) <= set(range(len(world.names)))


@pytest.mark.parametrize("kind", ["planted", "sequence", "distinct", "partner's first", "rare tie", "newcomers"])
def test_the_planted_effect_is_in_the_data(kind):
    """Where engagement is not held equal the plain difference is at least the effect; without it, equal to it."""
    world = simulate(kind, np.random.default_rng(3), 40_000)
    streams, population = in_memory(world, np.random.default_rng(3))
    truth = world.moments[0]
    reached = reached_by(streams, len(population), Cell(streams.what.index(truth.what), truth.count, truth.window_days))
    plain = population.kept[reached].mean() - population.kept[~reached].mean()
    error = 3 * np.sqrt(0.25 / reached.sum() + 0.25 / (~reached).sum())
    if world.hidden:
        assert plain > truth.effect - error
    else:
        assert abs(plain - truth.effect) < error


def test_leavers_leave_nothing_after_they_left_and_the_rest_are_kept_alike():
    world = simulate("early leavers", np.random.default_rng(2), 20_000)
    last = np.zeros(len(world.kept), np.int64)
    np.maximum.at(last, world.party, world.offset_us)
    gone = last < 20 * DAY_US
    assert world.kept[gone].mean() < 0.12
    assert world.kept[~gone].mean() > 0.45


def test_the_table_holds_every_event_a_start_and_an_outcome_for_the_kept():
    world = simulate("distinct", np.random.default_rng(4), 500)
    table = event_table(world)
    names = np.array(table["name"].to_pylist())
    assert (names == "joined").sum() == 500
    assert (names == OUTCOME_NAME).sum() == world.kept.sum()
    assert len(table) == len(world.party) + 500 + world.kept.sum()
    at = table["at"].cast("int64").to_numpy()
    assert (np.diff(at) >= 0).all()
    written = [c is not None for c in table["counterpart"].to_pylist()]
    assert sum(written) == (world.name == world.names.index("message_sent")).sum()
    assert len(set(table["id"].to_pylist())) == len(table)


def test_the_outcome_lies_after_the_horizon():
    world = simulate("planted", np.random.default_rng(4), 500)
    table = event_table(world)
    names, party = np.array(table["name"].to_pylist()), np.array([int(p[1:]) for p in table["party"].to_pylist()])
    since = table["at"].cast("int64").to_numpy() - world.start_us[party]
    outcome = since[names == OUTCOME_NAME]
    assert outcome.min() >= world.horizon_days * DAY_US
    assert outcome.max() < 2 * world.horizon_days * DAY_US
    assert set(party[names == OUTCOME_NAME]) == set(np.flatnonzero(world.kept))


def test_distinct_counterparts_and_pairs_against_a_slow_reading():
    world = simulate("sequence", np.random.default_rng(9), 60)
    streams, _ = in_memory(world, np.random.default_rng(0))
    pair = streams.what.index(world.moments[0].what)
    got = {
        (int(p), int(o)) for p, o, s in zip(streams.party, streams.offset_us, streams.stream, strict=True) if s == pair
    }
    first, then = world.names.index("picture_viewed"), world.names.index("rent_clicked")
    slow = set()
    for p in range(60):
        rows = [(int(o), int(n)) for q, o, n in zip(world.party, world.offset_us, world.name, strict=True) if q == p]
        for a in [o for o, n in rows if n == first]:
            later = [o for o, n in rows if n == then and a < o < a + DAY_US]
            slow |= {(p, min(later))} if later else set()
    assert got == slow


def test_the_small_world_has_its_confounder_in_the_log():
    world = seen(np.random.default_rng(1), 20_000)
    searched = np.bincount(world.party[world.name == world.names.index("search")], minlength=20_000)
    assert world.kept[searched >= 3].mean() - world.kept[searched == 0].mean() > 0.1
    assert not world.hidden


def test_groups_are_drawn_evenly():
    world = simulate("planted", np.random.default_rng(1), 5000)
    _, population = in_memory(world, np.random.default_rng(1), groups=5)
    assert isinstance(population, Population)
    assert (np.bincount(population.group) > 850).all()
