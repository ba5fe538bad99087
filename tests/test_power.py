"""Sample sizes against published tables, a reference library, and tests that are actually run."""

from __future__ import annotations

import numpy as np
import pytest

from occasion.errors import InputError
from occasion.measure.power import achieved, encouragement, two_proportions


def test_published_sizes() -> None:
    # the example of R's power.prop.test(p1 = .50, p2 = .75, power = .90): n = 76.7
    assert round(two_proportions(0.5, 0.75, power=0.9).exact, 1) == 76.7
    # Fleiss, Levin & Paik 2003, table A.4 (with continuity): .60 against .70 needs 827 a side for alpha .01, power .95,
    # and 376 for .05 and .80; without the correction 356
    assert two_proportions(0.6, 0.7, alpha=0.01, power=0.95, continuity=True).untreated == 827
    assert two_proportions(0.6, 0.7).untreated == 356
    assert two_proportions(0.6, 0.7, continuity=True).untreated == 376


def test_against_a_reference_library() -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion", reason="statsmodels is not installed")
    for base, other, people, ratio in ((0.25, 0.5, 77, 1.0), (0.1, 0.2, 155, 2.0), (0.3, 0.35, 1000, 0.5)):
        # the library's first sample is the changed one, its ratio the second over the first
        treated = int(people * ratio)
        theirs = proportion.power_proportions_2indep(other - base, base, treated, ratio=1 / ratio, alpha=0.05).power
        # it counts a false alarm on the wrong side as power too, which is a chance of about one in a million here
        assert achieved(base, other, untreated_people=people, treated_people=treated) == pytest.approx(theirs, abs=1e-4)


def test_the_sides_may_be_swapped_and_the_effect_turned_round() -> None:
    assert two_proportions(0.2, 0.3).untreated == two_proportions(0.3, 0.2).untreated
    uneven, turned = two_proportions(0.2, 0.3, ratio=3.0), two_proportions(0.3, 0.2, ratio=1 / 3)
    assert (uneven.treated, uneven.untreated) == (turned.untreated, turned.treated)
    assert uneven.total > two_proportions(0.2, 0.3).total


@pytest.mark.parametrize(("base", "other", "ratio"), [(0.2, 0.3, 1.0), (0.33, 0.25, 1.0), (0.1, 0.18, 3.0)])
def test_a_test_of_that_size_has_that_power(base: float, other: float, ratio: float) -> None:
    rng = np.random.default_rng(17)
    size = two_proportions(base, other, power=0.8, ratio=ratio)
    runs = 20_000
    a = rng.binomial(size.untreated, base, runs) / size.untreated
    b = rng.binomial(size.treated, other, runs) / size.treated
    mean = (a * size.untreated + b * size.treated) / size.total
    z = (b - a) / np.sqrt(mean * (1 - mean) * (1 / size.untreated + 1 / size.treated))
    assert np.mean(np.abs(z) > 1.959964) == pytest.approx(0.8, abs=0.025)


@pytest.mark.parametrize("ratio", [1.0, 3.0, 0.5])
def test_continuity_makes_up_for_what_the_correction_takes(ratio: float) -> None:
    # Fleiss, Tytun & Ury 1980: n people with |difference| − (1/n + 1/rn)/2 see as much as n' with all of it
    plain = two_proportions(0.2, 0.3, ratio=ratio).exact
    n = two_proportions(0.2, 0.3, ratio=ratio, continuity=True).exact
    corrected = 0.1 - (1 / n + 1 / (ratio * n)) / 2
    assert corrected * n**0.5 == pytest.approx(0.1 * plain**0.5)


def test_achieved_is_the_inverse() -> None:
    size = two_proportions(0.2, 0.3, power=0.9, ratio=2.0)
    there = achieved(0.2, 0.3, untreated_people=size.untreated, treated_people=size.treated)
    below = achieved(0.2, 0.3, untreated_people=size.untreated - 2, treated_people=size.treated - 4)
    assert 0.9 <= there < 0.905
    assert below < 0.9
    assert achieved(0.0, 1.0, untreated_people=50, treated_people=50) == 1.0


def test_encouragement_pays_for_who_does_not_move() -> None:
    full = encouragement(0.3, 0.1, uptake_encouraged=1.0)
    assert full == two_proportions(0.3, 0.4)
    half = encouragement(0.3, 0.1, uptake_encouraged=0.7, uptake_otherwise=0.2)
    # about one over the square of the difference in uptake
    assert half.total / full.total == pytest.approx(4.0, rel=0.06)
    lost = encouragement(0.3, -0.2, uptake_encouraged=0.5)
    assert lost.exact == pytest.approx(two_proportions(0.3, 0.2).exact)


def test_an_encouragement_of_that_size_has_that_power() -> None:
    rng = np.random.default_rng(23)
    # takers-up 60 against 20 in 100, effect .15 on them, .30 kept without encouragement
    size = encouragement(0.30, 0.15, uptake_encouraged=0.6, uptake_otherwise=0.2)
    seen, runs = 0, 2000
    for _ in range(runs):
        drawn = np.arange(size.total) < size.treated
        takes = rng.random(size.total) < np.where(drawn, 0.6, 0.2)
        kept = rng.random(size.total) < 0.30 - 0.15 * 0.2 + 0.15 * takes
        a, b = kept[~drawn].mean(), kept[drawn].mean()
        pooled = kept.mean()
        z = (b - a) / np.sqrt(pooled * (1 - pooled) * (1 / size.treated + 1 / size.untreated))
        seen += abs(z) > 1.959964
    assert seen / runs == pytest.approx(0.8, abs=4 * np.sqrt(0.8 * 0.2 / runs))


@pytest.mark.parametrize(
    "bad",
    [
        lambda: two_proportions(0.2, 0.2),
        lambda: two_proportions(0.2, 1.2),
        lambda: two_proportions(0.2, 0.3, alpha=0),
        lambda: two_proportions(0.2, 0.3, power=1.0),
        lambda: two_proportions(0.2, 0.3, ratio=0),
        lambda: encouragement(0.2, 0.1, uptake_encouraged=0.2, uptake_otherwise=0.2),
        lambda: encouragement(0.2, 0.1, uptake_encouraged=1.2),
        lambda: encouragement(0.9, 0.5, uptake_encouraged=0.9),
        lambda: achieved(0.2, 0.3, untreated_people=0, treated_people=5),
    ],
)
def test_bad_input_is_one_line(bad) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError) as caught:
        bad()
    assert "\n" not in str(caught.value)
