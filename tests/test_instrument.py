"""Instruments against Card 1995, a reference library, and worlds in which the truth is known."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from occasion.errors import InputError
from occasion.estimate import Estimate, Refusal
from occasion.measure.instrument import ols, two_stage, wald

DATA = Path(os.environ.get("OCCASION_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))


@pytest.fixture(scope="module")
def card() -> dict[str, np.ndarray]:
    """Card 1995: log wage, schooling, growing up near a four-year college, and the columns held equal."""
    path = DATA / "card.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the project; set OCCASION_DATA to its folder")
    rows = np.genfromtxt(path, delimiter=",", names=True)
    names = ["exper", "expersq", "black", "south", "smsa", "smsa66", *[f"reg66{i}" for i in range(2, 10)]]
    others = np.column_stack([np.ones(len(rows)), *[rows[name] for name in names]])
    return {"wage": rows["lwage"], "school": rows["educ"], "near": rows["nearc4"], "others": others}


def test_card_least_squares(card: dict[str, np.ndarray]) -> None:
    # Card 1995, table 2 (.075 there), with the extract's columns: .0747 (.0035); n 3 010
    fit = ols(card["wage"], np.column_stack([card["school"], card["others"]]), errors="classical")
    assert len(card["wage"]) == 3010
    assert round(fit.coefficients[0], 4) == 0.0747
    assert round(fit.se[0], 4) == 0.0035


def test_card_two_stage(card: dict[str, np.ndarray]) -> None:
    # Card 1995, table 3, panel A, column 5 (.132, .055 there): .1315 (.0550), classical errors with n − k
    fit = two_stage(card["wage"], card["school"], card["near"], card["others"], errors="classical")
    assert isinstance(fit.answer, Estimate)
    assert round(fit.answer.value, 4) == 0.1315
    assert round(fit.se, 4) == 0.0550
    assert fit.answer.n == 3010
    assert round(float(fit.first_stage[0]), 3) == 0.320
    assert round(fit.first_stage_f, 2) == 13.26
    # Kang, Jiang, Zhao & Small 2021, the tests of their R package ivmodel on the same model
    assert fit.anderson_rubin is not None
    assert fit.anderson_rubin == pytest.approx((0.0248048359651, 0.284823593339), rel=1e-8)


@pytest.mark.parametrize("errors", ["classical", "robust"])
def test_card_against_a_reference_library(card: dict[str, np.ndarray], errors: str) -> None:
    iv = pytest.importorskip("linearmodels.iv", reason="linearmodels is not installed")
    kind = {"classical": "unadjusted", "robust": "robust"}[errors]
    theirs = iv.IV2SLS(card["wage"], card["others"], card["school"], card["near"]).fit(cov_type=kind, debiased=True)
    ours = two_stage(card["wage"], card["school"], card["near"], card["others"], errors=errors)  # type: ignore[arg-type]
    assert ours.value == pytest.approx(theirs.params["endog"], rel=1e-8)
    assert ours.se == pytest.approx(theirs.std_errors["endog"], rel=1e-6)
    assert ours.first_stage_f == pytest.approx(float(theirs.first_stage.diagnostics["f.stat"].iloc[0]), rel=1e-6)
    assert isinstance(ours.answer, Estimate)
    low, high = theirs.conf_int().loc["endog"]
    assert (ours.answer.low, ours.answer.high) == pytest.approx((low, high), rel=1e-6)


def test_least_squares_and_two_instruments_against_reference_libraries() -> None:
    sm = pytest.importorskip("statsmodels.api", reason="statsmodels is not installed")
    iv = pytest.importorskip("linearmodels.iv", reason="linearmodels is not installed")
    rng = np.random.default_rng(5)
    n = 500
    hidden, z = rng.normal(size=n), rng.normal(size=(n, 2))
    x = z @ [0.5, 0.3] + hidden + rng.normal(size=n)
    y = 0.7 * x + hidden + rng.normal(size=n) * (1 + np.abs(z[:, 0]))
    others = np.column_stack([np.ones(n), rng.normal(size=n)])
    X = np.column_stack([x, others])
    for errors, kind in (("classical", "nonrobust"), ("robust", "HC1")):
        theirs = sm.OLS(y, X).fit(cov_type=kind)
        fit = ols(y, X, errors=errors)  # type: ignore[arg-type]
        assert fit.coefficients == pytest.approx(theirs.params, rel=1e-9)
        assert fit.se == pytest.approx(theirs.bse, rel=1e-9)
        assert fit.t == pytest.approx(theirs.tvalues, rel=1e-9)
    theirs_iv = iv.IV2SLS(y, others, x, z).fit(cov_type="robust", debiased=True)
    ours = two_stage(y, x, z, others)
    assert ours.value == pytest.approx(theirs_iv.params["endog"], rel=1e-9)
    assert ours.se == pytest.approx(theirs_iv.std_errors["endog"], rel=1e-9)


def encouraged_world(rng: np.random.Generator, n: int, lift: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Engagement drives uptake and staying; encouragement adds `lift` to uptake; taking it up keeps 20 points more."""
    engaged = rng.random(n)
    drawn = rng.random(n) < 0.5
    taken = rng.random(n) < np.clip(0.1 + 0.5 * engaged + lift * drawn, 0, 1)
    kept = rng.random(n) < 0.1 + 0.5 * engaged + 0.2 * taken
    return kept, taken, drawn


def test_wald_finds_the_effect_that_engagement_hides() -> None:
    rng = np.random.default_rng(11)
    held = naive = 0
    runs = 400
    for _ in range(runs):
        kept, taken, drawn = encouraged_world(rng, 2000, 0.3)
        fit = wald(kept, taken, drawn)
        assert isinstance(fit.answer, Estimate)
        held += fit.answer.low <= 0.2 <= fit.answer.high
        crude = ols(kept.astype(float), np.column_stack([taken, np.ones(len(taken))]))
        naive += abs(crude.coefficients[0] - 0.2) < 1.96 * crude.se[0]
    # four binomial standard errors about .95 for 400 runs
    assert abs(held / runs - 0.95) < 4 * np.sqrt(0.95 * 0.05 / runs)
    assert naive / runs < 0.2


def test_wald_is_the_ratio_of_two_differences() -> None:
    kept, taken, drawn = encouraged_world(np.random.default_rng(2), 3000, 0.3)
    fit = wald(kept, taken, drawn)
    moved = taken[drawn].mean() - taken[~drawn].mean()
    assert fit.value == pytest.approx((kept[drawn].mean() - kept[~drawn].mean()) / moved)
    assert fit.first_stage[0] == pytest.approx(moved)


def test_a_weak_instrument_is_refused_with_how_many_more() -> None:
    rng = np.random.default_rng(8)
    fit = wald(*encouraged_world(rng, 2000, 0.05))
    assert isinstance(fit.answer, Refusal)
    assert fit.first_stage_f < 10
    assert "first-stage F" in fit.answer.why
    needs = fit.answer.needs
    assert needs is not None
    # with that many more people of the same kind it is strong about as often as not
    strong = [wald(*encouraged_world(rng, 2000 + needs, 0.05)).first_stage_f >= 10 for _ in range(400)]
    assert 0.35 < np.mean(strong) < 0.9


def test_an_interval_that_stays_right_with_a_weak_instrument() -> None:
    # first-stage F of about 3: the set by Anderson & Rubin must still hold the truth 95 times in 100
    rng = np.random.default_rng(21)
    runs, held = 400, 0
    for _ in range(runs):
        n = 300
        hidden, z = rng.normal(size=n), rng.normal(size=n)
        x = 0.12 * z + hidden + 0.5 * rng.normal(size=n)
        y = 1.0 * x + 2 * hidden + rng.normal(size=n)
        ends = two_stage(y, x, z, np.ones((n, 1)), weak=0).anderson_rubin
        # a set that is no interval is read from its defining test at the truth
        t = ols(y - x, np.column_stack([z, np.ones(n)]), errors="classical").t[0]
        held += bool(abs(t) < 1.968) if ends is None else ends[0] <= 1.0 <= ends[1]
    assert abs(held / runs - 0.95) < 4 * np.sqrt(0.95 * 0.05 / runs)


def test_the_ends_of_that_interval_are_where_the_test_just_rejects() -> None:
    stats = pytest.importorskip("statsmodels.api", reason="statsmodels is not installed")
    rng = np.random.default_rng(4)
    n = 60
    hidden, z = rng.normal(size=n), rng.normal(size=(n, 3))
    x = z @ [0.6, 0.3, 0.2] + hidden
    y = 0.5 * x + hidden + rng.normal(size=n)
    others = np.column_stack([np.ones(n), rng.normal(size=n)])
    ends = two_stage(y, x, z, others).anderson_rubin
    assert ends is not None
    for end in ends:
        fit = stats.OLS(y - end * x, np.column_stack([z, others])).fit()
        assert float(fit.f_test(np.eye(5)[:3]).pvalue) == pytest.approx(0.05, rel=1e-6)


def test_an_encouragement_that_moved_nobody_is_refused() -> None:
    drawn = np.arange(100) % 2 == 0
    fit = wald(np.ones(100), np.zeros(100), drawn)
    assert isinstance(fit.answer, Refusal)
    assert fit.answer.needs is None


@pytest.mark.parametrize(
    "bad",
    [
        lambda: wald([1, 0, 1], [0, 1, 2], [0, 1, 1]),
        lambda: wald([1, 0, 1], [0, 1, 1], [1, 1, 1]),
        lambda: ols([1.0, 2.0], np.ones((3, 1))),
        lambda: ols([1.0, np.nan, 2.0], np.ones((3, 1))),
        lambda: ols([1.0, 2.0, 3.0], np.ones((3, 2))),
        lambda: ols([1.0, 2.0, 4.0], np.ones((3, 1)), errors="clustered"),  # type: ignore[arg-type]
        lambda: two_stage(np.arange(5.0), np.arange(5.0), np.ones(5), np.ones((5, 1))),
        lambda: two_stage(np.arange(5.0), np.arange(4.0), np.arange(4.0), np.ones((5, 1))),
    ],
)
def test_bad_input_is_one_line(bad) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError) as caught:
        bad()
    assert "\n" not in str(caught.value)
