"""The confirmation: trials emulated from the log, doubly robust, on parties that the screen never saw.

For a moment (k points of a stream within W) every party that reached it enters at the instant it did, with what it had
done *before*; and every party enters as a comparison at an instant drawn from when the others reached it, namely at its
next event of another name, provided it had not reached the moment by then (Hernán & Robins 2016, target trial; Danaei
et al. 2013, sequential trials). Both sides are thereby present at that instant: nobody is compared with somebody who
had left. Nothing after that instant is held equal.

Comparison parties may still reach the moment later in the window. The difference in the outcome is therefore divided by
the difference in ever reaching it within the window, as with a randomised offer that not everybody takes up: neither
looks ahead, and both are adjusted alike (the structural mean model of Robins 1994 with one parameter).

Adjustment: augmented overlap weights, cross-fitted over two halves of the parties (Li, Morgan & Zaslavsky 2018; the
score is orthogonal as in Chernozhukov et al. 2018): logistic regression for the chance of reaching it now, linear ones
for the outcome. The effect is about people who might or might not have reached it; rows with a chance below `TRIM` or
above 1 - `TRIM` (a quarter of the share that reached it or did not, where that is less) are left out. Standard errors
are clustered by party.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from occasion.finding.activity import Activity
from occasion.finding.population import DAY_US
from occasion.finding.screen import Cell
from occasion.measure.regression import fit_linear, fit_logistic, linear_score, standardised

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

TRIM = 0.02
ALIKE = 0.05  # a party is counted as having its like on the other side if its chance lies between this and 1 - this
LEAST_SIDE = 40
MANY_ROWS = 20_000  # from which on the two halves are fitted side by side


@dataclass(frozen=True)
class Trials:
    """The rows of the emulated trials: `party`, whether it reached the moment at this instant, and whether it ever did.

    `at_days`: the instant in days since the start; `held`: what is held equal (rows × covariates, all known before).
    """

    party: Ints
    now: Flags
    ever: Floats
    kept: Floats
    at_days: Floats
    held: Floats


@dataclass(frozen=True)
class Confirmed:
    """The adjusted effect of reaching a moment on being kept, in shares.

    `value`, `se`: the effect and its clustered standard error; `naive`: the plain difference among the same rows,
    corrected for reaching it later alike; `without`: share kept without the moment among those who are alike;
    `alike`: of the parties that reached it, the share that had their like on the other side; `reached`: parties that
    did; `rows`, `parties`: what it rests on; `by_party`: each party's part in the error (influence), for joint tests.
    """

    value: float
    se: float
    naive: float
    without: float
    alike: float
    reached: int
    rows: int
    parties: int
    by_party: Floats


def trials(
    activity: Activity,
    kept: Flags,
    cell: Cell,
    rng: np.random.Generator,
    beside: tuple[Cell, ...] = (),
) -> Trials | None:
    """The trials of one moment, held equal beside the moments in `beside`; None where hardly anybody reached it."""
    at = activity.nth(cell.stream, cell.count, cell.days)
    reached = at >= 0
    times = at[reached]
    if min(len(times), activity.n - len(times)) < LEAST_SIDE:
        return None
    end = int(cell.days * DAY_US)
    drawn = times[rng.integers(0, len(times), activity.n)]
    other = activity.next_other(cell.stream, drawn, np.where(reached, at, end))
    treated, compared = np.flatnonzero(reached), np.flatnonzero(other >= 0)
    if len(compared) < LEAST_SIDE:
        return None
    instants = np.concatenate([at[treated], other[compared]])
    party = np.concatenate([treated, compared])
    rows = [_held_equal(activity, cell, cut)[chosen] for cut, chosen in ((at, treated), (other, compared))]
    days = instants / DAY_US
    clock = np.column_stack([days, days**2, np.log(days + 0.1)])
    base = activity.base
    status = [
        _status(activity, moment, party, instants, same_events=bool(base[moment.stream] == base[cell.stream]))
        for moment in beside
    ]
    return Trials(
        party=party,
        now=np.arange(len(party)) < len(treated),
        ever=reached[party].astype(np.float64),
        kept=kept[party].astype(np.float64),
        at_days=days,
        held=np.column_stack([np.concatenate(rows), clock, *status]),
    )


def _pace(total: Floats, days: float) -> tuple[float, float]:
    """Mean pace (events a day) and the gamma shape of how it varies between parties, from their totals in a window."""
    mean, spread = float(total.mean()), float(total.var())
    shape = mean**2 / max(spread - mean, 1e-3 * mean) if mean > 0 else 1.0
    return max(mean, 1e-9) / days, min(max(shape, 0.05), 100.0)


def _held_equal(activity: Activity, cell: Cell, cut: Ints) -> Floats:
    """Logs of counts of every other event, their volume, the pace it shows, recent ones, active days and gap.

    A few events soon after the start say little about how active a party is: its pace is drawn to the mean by as much
    as that (gamma-Poisson), and enters with its square and cube, since staying need not rise evenly with it.
    """
    before = activity.before(cut)
    others = activity.others(before.counts, cell.stream)
    mean, shape = _pace(activity.others(activity.until(cell.days).counts, cell.stream).sum(axis=1), cell.days)
    volume = others.sum(axis=1)
    shown = np.log((volume + shape) / (np.maximum(cut / DAY_US, 0) * mean + shape))
    return np.column_stack([
        np.log1p(others), np.log1p(volume), shown, shown**2, shown**3, np.log1p(before.recent), np.log1p(before.days),
        np.log1p(4 * np.maximum(before.gap_days, 0)),
    ])  # fmt: skip


def _status(activity: Activity, moment: Cell, party: Ints, instants: Ints, *, same_events: bool) -> Floats:
    """Whether another moment was reached before the row's instant: what came after it may be its consequence.

    Where it is made of the same events it is none, but those counted anew: then also whether it was reached at all.
    """
    at = activity.nth(moment.stream, moment.count, moment.days)[party]
    before = (at >= 0) & (at < instants)
    return np.column_stack([before, at >= 0] if same_events else [before]).astype(np.float64)


def _crossed(rows: Trials, Z: Floats, out: Flags) -> Floats:
    """For the rows in `out`, fitted on all the others: the chance of reaching it now, the outcome with and without it,
    and the chance of ever reaching it without (rows × 4)."""
    with_it, without = Z[~out & rows.now], Z[~out & ~rows.now]
    kept_with, kept_without = rows.kept[~out & rows.now], rows.kept[~out & ~rows.now]
    gram, gram_without = with_it.T @ with_it, without.T @ without
    reached = np.arange(len(with_it) + len(without)) < len(with_it)
    chance = fit_logistic(
        np.concatenate([with_it, without]), reached.astype(float), 1.0, steps=10, gram=gram + gram_without
    )
    both = np.column_stack([kept_without, rows.ever[~out & ~rows.now]])
    outcome = np.column_stack([
        fit_linear(with_it, kept_with, 1.0, gram=gram), fit_linear(without, both, 1.0, gram=gram_without)
    ])  # fmt: skip
    return np.column_stack([linear_score(Z[out], chance, logistic=True), Z[out] @ outcome])


def effect(rows: Trials, parties: int) -> Confirmed | None:
    """The doubly robust effect from the trials of one moment; None where too few are alike."""
    Z = standardised(rows.held)
    n, now, y, ever = len(rows.party), rows.now, rows.kept, rows.ever
    odd = rows.party % 2 == 1
    if min(int((fit & side).sum()) for fit in (odd, ~odd) for side in (now, ~now)) < LEAST_SIDE // 2:
        return None
    fitted = np.empty((n, 4))
    with ThreadPoolExecutor(2 if n >= MANY_ROWS else 1) as halves:
        for out, of_half in zip((odd, ~odd), halves.map(partial(_crossed, rows, Z), (odd, ~odd)), strict=True):
            fitted[out] = of_half
    chance, y1, y0, ever0 = fitted.T
    share = float(now.mean())  # what is rare for all is no reason to leave anybody out
    least, most = min(TRIM, share / 4), 1 - min(TRIM, (1 - share) / 4)
    used = (chance >= least) & (chance <= most)
    if min(int((used & now).sum()), int((used & ~now).sum())) < LEAST_SIDE:
        return None
    weight = chance * (1 - chance) * used
    to_now, to_other = now * (1 - chance) * used, ~now * chance * used
    outcome = weight * (y1 - y0) + to_now * (y - y1) - to_other * (y - y0)
    uptake = weight * (1 - ever0) - to_other * (ever - ever0)
    scale = float(uptake.sum())
    if scale <= 0.02 * float(weight.sum()):
        return None  # nearly everybody who is alike reaches it soon after: nothing to compare
    value = float(outcome.sum()) / scale
    influence = np.bincount(rows.party, weights=(outcome - value * uptake) / scale, minlength=parties)
    by_party = np.asarray(influence, np.float64)
    alike = (chance[now] >= min(ALIKE, share / 2)) & (chance[now] <= 1 - min(ALIKE, (1 - share) / 2))
    raw = float(y[now].mean() - y[~now].mean()) / (1 - float(ever[~now].mean()))
    treated_mean = float((to_now * y).sum() / to_now.sum())
    return Confirmed(
        value=value,
        se=float(np.sqrt((by_party**2).sum())),
        naive=raw,
        without=min(max(treated_mean - value, 1e-3), 1 - 1e-3),
        alike=float(alike.mean()),
        reached=int(now.sum()),
        rows=n,
        parties=len(np.unique(rows.party)),
        by_party=by_party,
    )


def confirm(
    activity: Activity, kept: Flags, cell: Cell, rng: np.random.Generator, beside: tuple[Cell, ...] = ()
) -> Confirmed | None:
    """The effect of one moment on the parties of `activity`, the moments in `beside` held equal."""
    rows = trials(activity, kept, cell, rng, beside)
    return None if rows is None else effect(rows, activity.n)
