"""E-values and robustness values against published figures, a reference library and their own defining properties."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from occasion.errors import InputError
from occasion.measure.sensitivity import (
    adjusted,
    benchmark,
    e_value,
    e_value_difference,
    e_value_risks,
    partial_r2,
    robustness_value,
)


def test_e_value_of_the_breastfeeding_example() -> None:
    # VanderWeele & Ding 2017: risk ratio 3.9 (1.8 to 8.7) has the E-value 7.26, its limit 3.0
    e = e_value(3.9, 1.8, 8.7)
    assert round(e.point, 2) == 7.26
    assert round(e.limit, 2) == 3.0


def test_a_protective_ratio_is_read_the_other_way_round() -> None:
    assert e_value(1 / 3.9, 1 / 8.7, 1 / 1.8).point == pytest.approx(e_value(3.9, 1.8, 8.7).point)
    assert e_value(1 / 3.9, 1 / 8.7, 1 / 1.8).limit == pytest.approx(3.0)


def test_an_interval_that_holds_no_effect_has_the_weakest_limit() -> None:
    assert e_value(1.4, 0.9, 2.1).limit == 1.0
    assert e_value(0.8, 0.5, 1.1).limit == 1.0
    assert e_value(1.0).point == 1.0


@pytest.mark.parametrize("ratio", [1.2, 2.0, 3.9, 10.7])
def test_a_cause_of_that_strength_explains_it_away_exactly(ratio: float) -> None:
    # the bounding factor of two equal ratios g is g²/(2g − 1) (Ding & VanderWeele 2016): at the E-value it is the ratio
    g = e_value(ratio).point
    assert g * g / (2 * g - 1) == pytest.approx(ratio)


def test_a_real_hidden_cause_of_less_than_the_e_value_cannot_do_it() -> None:
    # worlds without any effect: a yes-no hidden cause, by exact arithmetic; the larger of its two ratios is never
    # below the E-value of the ratio that it fakes
    rng = np.random.default_rng(3)
    for _ in range(2000):
        share, risk = rng.uniform(0.05, 0.95), rng.uniform(0.01, 0.2)
        times_outcome, without, times_treatment = rng.uniform(1, 5), rng.uniform(0.01, 0.15), rng.uniform(1, 5)
        treated = np.array([without, without * times_treatment])
        mix = np.array([1 - share, share])
        among_treated = mix * treated / (mix * treated).sum()
        among_others = mix * (1 - treated) / (mix * (1 - treated)).sum()
        risks = np.array([risk, risk * times_outcome])
        faked = float(among_treated @ risks / (among_others @ risks))
        association = among_treated[1] / among_others[1]
        assert max(times_outcome, association) >= e_value(faked).point - 1e-9


def fieller(p1: float, p0: float, se1: float, se0: float, covariance: float) -> float:
    """The least B for which p1 − B p0 is no longer clear of zero, by bisection."""
    low, high = 1.0, p1 / p0
    for _ in range(100):
        b = (low + high) / 2
        clear = p1 - b * p0 > 1.959963984540054 * math.sqrt(se1**2 - 2 * b * covariance + b**2 * se0**2)
        low, high = (b, high) if clear else (low, b)
    return low


def test_two_risks_smoking_and_lung_cancer() -> None:
    # Hammond & Horn's 397 of 78 954 smokers and 51 of 108 829 others: risk ratio 10.73 and E-value 20.9 as in
    # VanderWeele & Ding 2017; the limit by Fieller's formula, solved here by bisection
    p1, p0 = 397 / 78_954, 51 / 108_829
    se1, se0 = math.sqrt(p1 * (1 - p1) / 78_954), math.sqrt(p0 * (1 - p0) / 108_829)
    e = e_value_risks(p1, p0, se_treated=se1, se_untreated=se0)
    low = fieller(p1, p0, se1, se0, 0.0)
    assert round(e.point, 1) == 20.9
    assert e.limit == pytest.approx(low + math.sqrt(low * (low - 1)), rel=1e-9)


@pytest.mark.parametrize("covariance", [-0.0001, 0.0, 0.0001, 0.00019])
def test_two_risks_that_vary_together(covariance: float) -> None:
    e = e_value_risks(0.25, 0.22, se_treated=0.02, se_untreated=0.01, covariance=covariance)
    low = fieller(0.25, 0.22, 0.02, 0.01, covariance)
    assert e.limit == pytest.approx(low + math.sqrt(low * (low - 1)), rel=1e-6)
    # errors that go together cancel: only then is this difference clear of zero
    apart = 1.959963984540054 * math.sqrt(0.02**2 - 2 * covariance + 0.01**2) < 0.03
    assert (e.limit > 1.001) == apart


def test_two_risks_the_other_way_round_or_not_apart() -> None:
    kept = e_value_risks(0.3, 0.2, se_treated=0.02, se_untreated=0.01)
    lost = e_value_risks(0.2, 0.3, se_treated=0.01, se_untreated=0.02)
    assert kept == lost
    assert kept.limit > 1
    assert e_value_risks(0.21, 0.2, se_treated=0.02, se_untreated=0.01).limit == 1.0
    assert e_value_risks(0.5, 0.2, se_treated=0.02, se_untreated=0.3).limit == 1.0
    # a weighted share a little above one is read as one
    beyond, end = (e_value_risks(p, 0.5, se_treated=0.01, se_untreated=0.01) for p in (1.005, 1.0))
    assert beyond == end
    assert e_value_risks(0.2, 0.0, se_treated=0.01, se_untreated=0.01).point > 1e6


def test_a_difference_is_read_through_its_risks() -> None:
    by_difference = e_value_difference(0.2, 0.1, 0.04, 0.16)
    assert by_difference.point == pytest.approx(e_value(1.5).point)
    assert by_difference.limit == pytest.approx(e_value(1.2).point)
    assert e_value_difference(0.2, 0.1, -0.01, 0.21).limit == 1.0
    assert e_value_difference(0.2, -0.1, -0.16, -0.04).point == pytest.approx(e_value(2.0).point)
    # nobody else stayed, or an adjusted share a little above one: still an answer
    assert e_value_difference(0.0, 0.1, 0.05, 0.15).limit > 1e6
    assert e_value_difference(0.9, 0.12, 0.05, 0.19).point == pytest.approx(e_value(1 / 0.9).point)
    # with a risk without the moment that is certain the two ways agree
    sure = e_value_risks(0.3, 0.2, se_treated=0.03, se_untreated=0.0)
    same = e_value_difference(0.2, 0.1, 0.1 - 1.959963984540054 * 0.03, 0.1 + 1.959963984540054 * 0.03)
    assert sure.limit == pytest.approx(same.limit)


DARFUR_T, DARFUR_DF = 4.18445, 783  # Cinelli & Hazlett 2020, table 1


def test_robustness_value_of_the_darfur_example() -> None:
    assert round(partial_r2(DARFUR_T, DARFUR_DF), 4) == 0.0219
    assert round(robustness_value(DARFUR_T, DARFUR_DF), 4) == 0.1388
    assert round(robustness_value(DARFUR_T, DARFUR_DF, alpha=0.05), 4) == 0.0763


def test_something_as_strong_as_the_robustness_value_takes_it_all_away() -> None:
    value, se, df = 0.0973158, 0.0973158 / DARFUR_T, DARFUR_DF
    rv = robustness_value(DARFUR_T, df)
    assert adjusted(value, se, df, rv, rv)[0] == pytest.approx(0, abs=1e-12)
    half = robustness_value(DARFUR_T, df, q=0.5)
    assert adjusted(value, se, df, half, half)[0] == pytest.approx(value / 2)
    rva = robustness_value(DARFUR_T, df, alpha=0.05)
    assert adjusted(value, se, df, rva, rva)[2] == pytest.approx(0, abs=1e-6)
    assert adjusted(-value, se, df, rva, rva)[3] == pytest.approx(0, abs=1e-6)


def test_what_is_not_significant_needs_nothing() -> None:
    assert robustness_value(1.5, 500, alpha=0.05) == 0.0
    assert robustness_value(0.0, 500) == 0.0
    assert robustness_value(-4.0, 500) == robustness_value(4.0, 500)
    assert 0 < robustness_value(200.0, 50, alpha=0.05) < 1


def test_darfur_from_its_data_and_the_reference_library() -> None:
    sensemakr = pytest.importorskip("sensemakr", reason="pysensemakr, which holds the Darfur data, is not installed")
    smf = pytest.importorskip("statsmodels.formula.api", reason="statsmodels is not installed")
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    darfur = sensemakr.load_darfur()
    formula = (
        "peacefactor ~ directlyharmed + age + farmer_dar + herder_dar + pastvoted + hhsize_darfur + female + village"
    )
    model = smf.ols(formula, data=darfur).fit()
    assert round(model.params["directlyharmed"], 4) == 0.0973
    assert round(model.tvalues["directlyharmed"], 3) == 4.184
    names = ["age", "farmer_dar", "herder_dar", "pastvoted", "hhsize_darfur", "female"]
    villages = pd.get_dummies(darfur["village"], drop_first=True)
    X = np.column_stack([darfur[names], villages]).astype(float)
    y, harmed = darfur["peacefactor"].to_numpy(float), darfur["directlyharmed"].to_numpy(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own auxiliary fit warns of a village nobody is left in
        theirs = sensemakr.ovb_bounds(
            model=model, treatment="directlyharmed", benchmark_covariates="female", kd=[1, 2, 3], ky=[1, 2, 3]
        )
    bounds = [benchmark(y, harmed, X, names.index("female"), strength=strength) for strength in (1, 2, 3)]
    for row, ours in enumerate(bounds):
        want = theirs.iloc[row]
        assert ours.treatment_r2 == pytest.approx(want["r2dz_x"], rel=1e-8)
        assert ours.outcome_r2 == pytest.approx(want["r2yz_dx"], rel=1e-8)
        assert ours.value == pytest.approx(want["adjusted_estimate"], rel=1e-8)
        assert ours.se == pytest.approx(want["adjusted_se"], rel=1e-8)
        # the library's quantile takes the short regression's degrees of freedom, ours one fewer, as for its RV
        assert ours.low == pytest.approx(want["adjusted_lower_CI"], rel=1e-4)
    # the published table: once, twice and three times as strong as being female leaves .0752, .0529 and .0304
    assert [round(bound.value, 4) for bound in bounds] == [0.0752, 0.0529, 0.0304]
    for t in (0.5, 2.5, 4.18445, 30.0, 400.0):
        for alpha in (0.05, 0.01):
            theirs_rv = float(sensemakr.robustness_value(t_statistic=t, dof=100, alpha=alpha).iloc[0])
            assert robustness_value(t, 100, alpha=alpha) == pytest.approx(theirs_rv, rel=1e-9)


def test_leaving_out_a_covariate_biases_by_just_what_the_formula_says() -> None:
    # with the confounder's true partial R²s the long regression comes back: C&H 2020, section 4.1, is an identity
    rng = np.random.default_rng(8)
    n = 400
    hidden, x = rng.normal(size=n), rng.normal(size=n)
    d = 0.7 * hidden + 0.4 * x + rng.normal(size=n)
    y = 1.0 * d + 0.5 * hidden + 0.3 * x + rng.normal(size=n)
    one = np.ones(n)

    def fit(target: np.ndarray, *columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
        Z = np.column_stack(columns)
        beta = np.linalg.lstsq(Z, target, rcond=None)[0]
        rest = target - Z @ beta
        df = n - Z.shape[1]
        return beta, np.sqrt(rest @ rest / df * np.diag(np.linalg.inv(Z.T @ Z))), df

    short, long = fit(y, d, x, one), fit(y, d, x, one, hidden)
    with_d = fit(d, hidden, x, one)
    outcome_r2 = partial_r2(long[0][3] / long[1][3], long[2])
    treatment_r2 = partial_r2(with_d[0][0] / with_d[1][0], with_d[2])
    value, se, _, _ = adjusted(short[0][0], short[1][0], short[2], treatment_r2, outcome_r2)
    assert value == pytest.approx(long[0][0], rel=1e-9)
    assert se == pytest.approx(long[1][0], rel=1e-9)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: e_value(-1.0),
        lambda: e_value(2.0, 2.5, 3.0),
        lambda: e_value(math.nan),
        lambda: e_value_difference(0.2, 0.1, 0.2, 0.3),
        lambda: e_value_difference(0.9, 0.7, 0.1, 0.8),
        lambda: e_value_risks(1.7, 0.2, se_treated=0.1, se_untreated=0.1),
        lambda: partial_r2(2.0, 1),
        lambda: robustness_value(2.0, 50, q=0),
        lambda: robustness_value(2.0, 50, alpha=0),
        lambda: adjusted(1.0, 0.1, 50, 1.0, 0.2),
        lambda: benchmark(np.zeros(5), np.zeros(5), np.zeros((5, 1)), 1),
        lambda: benchmark(np.arange(9.0), np.arange(9.0) ** 2, np.ones((9, 1)), 0),
    ],
)
def test_bad_input_is_one_line(bad) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError) as caught:
        bad()
    assert "\n" not in str(caught.value)
