"""Which of very many candidates go on, and on whom that is decided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from occasion.events.world import World
from occasion.events.world_patterns import simulate
from occasion.finding.activity import activity_of
from occasion.finding.adjusted import Beside, Panel
from occasion.finding.candidates import Candidate, Choice, count, counts, pair, returns
from occasion.finding.population import Population
from occasion.finding.prefilter import coarse, followed, left_out
from occasion.finding.sample import COARSE, ESTIMATED, SCREENED, drawn, of_rows
from occasion.finding.simulated import in_memory

PARTS = 18


def wide(world: World, rng: np.random.Generator) -> World:
    """The world with every event but the true moments' told apart into many names, by chance: 200 names of noise that
    are as engaged as what they were split from."""
    true = {truth.what for truth in world.moments}
    names, first = [], []
    for name in world.names:
        first.append(len(names))
        names += [name] if f"count({name})" in true else [f"{name}_{part:02}" for part in range(PARTS)]
    parts = np.array([1 if f"count({name})" in true else PARTS for name in world.names])
    code = np.array(first)[world.name] + rng.integers(0, parts[world.name])
    return replace(world, names=tuple(names), name=code.astype(np.int16))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_planted_moment_goes_on_among_two_hundred_names_under_latent_engagement(seed: int) -> None:
    rng = np.random.default_rng(seed)
    world = wide(simulate("planted under engagement", rng, 5000), rng)
    streams, population = in_memory(world, rng)
    candidates = counts(world.names)
    z = coarse(activity_of(streams, np.ones(5000, bool), 28), population.kept, 28, candidates)
    going_on = followed(candidates, z)
    truth = world.moments[0].what
    assert len(world.names) >= 199
    assert len(going_on) == 60
    assert truth in [candidates[i].what for i in going_on]
    assert candidates[int(np.nanargmax(z))].what == truth  # it is the first of all, not just among them


def test_a_regression_by_shared_products_is_the_plain_one() -> None:
    rng = np.random.default_rng(4)
    n = 3000
    shared, extra = rng.standard_normal((n, 5)), rng.standard_normal((n, 2))
    shared[:, 0] = 1.0
    points = rng.poisson(1.5 * np.exp(0.3 * shared[:, 1])).clip(0, 9).astype(np.uint8)
    y = (rng.random(n) < 0.4 + 0.1 * (points >= 3)).astype(float)
    found = Beside.of(Panel.of([shared], y), 2, extra).reached(points, 9)
    for k in (1, 3, 5):
        X = np.column_stack([points >= k, np.delete(shared, 2, axis=1), extra])
        assert found.adjusted[k - 1] == pytest.approx(np.linalg.lstsq(X, y, rcond=None)[0][0], abs=1e-6)
        assert found.size[k - 1] == (points >= k).sum()
        assert found.kept[k - 1] == y[points >= k].sum()
    X = np.column_stack([np.delete(shared, 2, axis=1), extra])
    rest = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    assert found.variance == pytest.approx(rest @ rest / (n - X.shape[1]), rel=1e-6)


def test_what_is_left_of_reaching_a_count_times_the_outcome_is_its_z() -> None:
    rng = np.random.default_rng(5)
    shared = np.column_stack([np.ones(2000), rng.standard_normal((2000, 3))])
    points = rng.poisson(1.0, 2000).astype(np.uint8)
    y = (rng.random(2000) < 0.5).astype(float)
    beside = Beside.of(Panel.of([shared], y), -1, rng.standard_normal((2000, 2)))
    found = beside.reached(points, 5)
    assert beside.rests(points, found, [1, 2]).T @ y == pytest.approx(found.z[:2], abs=1e-3)


def kinds() -> list[Candidate]:
    names = ["a", "b", "c"]
    pairs = [pair(names, Choice(0), Choice(1), days, times=t) for days in range(1, 41) for t in (1, 3)]
    return [
        *(count(names, Choice(0, "p", f"{i}")) for i in range(20)),
        *pairs,
        *(returns(names, Choice(2), d) for d in range(1, 9)),
    ]


def test_pairs_do_not_crowd_out_the_other_kinds() -> None:
    candidates = kinds()
    z = np.array([{"pair": 9.0, "slice": 2.0, "return": 1.0}[c.kind] for c in candidates])
    taken = [candidates[i].kind for i in followed(candidates, z, most=40)]
    assert (taken.count("slice"), taken.count("return"), taken.count("pair")) == (8, 4, 28)


def test_what_a_person_asked_for_goes_on_and_what_too_few_did_does_not() -> None:
    candidates = kinds()
    z = np.full(len(candidates), np.nan)
    z[:3] = 1.0
    assert followed(candidates, z, [50], most=40) == [0, 1, 2, 50]


def test_what_does_not_go_on_is_said_by_kind() -> None:
    said = left_out(kinds(), list(range(25)), 4000)
    assert [one.what for one in said] == ["75 of 80 pairs", "8 of 8 returns"]
    assert "25 lines" in said[0].why
    assert "4000 people" in said[0].why


def people(n: int) -> Population:
    rng = np.random.default_rng(1)
    group = rng.integers(0, 10, n).astype(np.uint8)
    return Population(np.arange(n), np.zeros(n, np.int64), rng.random(n) < 0.5, group, 10)


def test_nobody_serves_twice_and_the_same_seed_draws_the_same() -> None:
    population = people(200_000)
    who = drawn(population, 3, coarse=True)
    assert len(who.coarse) == COARSE
    assert not who.everybody
    assert not set(who.coarse.tolist()) & set(who.looked.tolist())
    assert (population.group[who.coarse] < 5).all()
    looked = of_rows(population, who.looked)
    assert int((looked.group < 5).sum()) == SCREENED
    assert int((looked.group >= 5).sum()) == ESTIMATED
    again, other = drawn(population, 3, coarse=True), drawn(population, 4, coarse=True)
    assert np.array_equal(who.looked, again.looked)
    assert np.array_equal(who.coarse, again.coarse)
    assert not np.array_equal(who.looked, other.looked)


def test_where_there_are_few_everybody_is_looked_at() -> None:
    who = drawn(people(5000), 1, coarse=True)
    assert who.everybody
    assert not len(who.coarse)
    assert np.array_equal(who.looked, np.arange(5000))
