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

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from occasion.finding.activity import AMONG_ALL, Activity
from occasion.finding.fitting import Near, Side, logistic
from occasion.finding.population import DAY_US
from occasion.finding.screen import Cell
from occasion.measure.regression import fit_linear, linear_score

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

TRIM = 0.02
ALIKE = 0.05  # a party is counted as having its like on the other side if its chance lies between this and 1 - this
LEAST_SIDE = 40
ASIDE = 4


@dataclass(frozen=True)
class Trials:
    """The rows of the emulated trials: `party`, whether it reached the moment at this instant, and whether it ever did.

    `instants`: microseconds since the start; `held`: what is held equal (rows × covariates, all known before).
    """

    party: Ints
    now: Flags
    ever: Floats
    kept: Floats
    instants: Ints
    held: Floats


@dataclass(frozen=True)
class Confirmed:
    """The adjusted effect of reaching a moment on being kept, in shares.

    `value`, `se`: the effect and its clustered standard error; `naive`: the plain difference among the same rows,
    corrected for reaching it later alike; `without`: share kept without the moment among those who are alike;
    `alike`: of the parties that reached it, the share that had their like on the other side; `reached`: parties that
    did; `rows`, `parties`: what it rests on; `by_party`: each party's part in the error (influence), for joint tests;
    `chance_of_it`: coefficients of the chance to reach it now, where the fit of a like one may `start`.
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
    chance_of_it: Floats


def drawn_instants(activity: Activity, cell: Cell, rng: np.random.Generator) -> Ints | None:
    """For every party an instant at which somebody reached the moment; None where hardly anybody did, or did not."""
    at = activity.nth(cell.stream, cell.count, cell.days)
    times = at[at >= 0]
    if min(len(times), activity.n - len(times)) < LEAST_SIDE:
        return None
    return np.asarray(times[rng.integers(0, len(times), activity.n)])


def trials(
    activity: Activity,
    kept: Flags,
    cell: Cell,
    drawn: np.random.Generator | Ints | None,
    beside: tuple[Cell, ...] = (),
) -> Trials | None:
    """The trials of one moment, held equal beside the moments in `beside`; None where hardly anybody reached it.

    `drawn`: instants drawn already, or what to draw them with.
    """
    drawn = drawn_instants(activity, cell, drawn) if isinstance(drawn, np.random.Generator) else drawn
    if drawn is None:
        return None
    at = activity.nth(cell.stream, cell.count, cell.days)
    reached = at >= 0
    end = int(cell.days * DAY_US)
    other = activity.next_other(cell.stream, drawn, np.where(reached, at, end))
    treated, compared = np.flatnonzero(reached), np.flatnonzero(other >= 0)
    if len(compared) < LEAST_SIDE:
        return None
    instants = np.concatenate([at[treated], other[compared]])
    party = np.concatenate([treated, compared])
    days = instants / DAY_US
    status = _reached_before(activity, cell, party, instants, beside)
    return Trials(
        party=party,
        now=np.arange(len(party)) < len(treated),
        ever=reached[party].astype(np.float64),
        kept=kept[party].astype(np.float64),
        instants=instants,
        held=_held_equal(activity, cell, (at, treated), (other, compared), [*_clock(days), *status]),
    )


def _clock(days: Floats) -> list[Floats]:
    """What is held equal of the instant itself."""
    return [days, days**2, np.log(days + 0.1)]


def _pace(activity: Activity, days: float, own: int) -> tuple[float, float]:
    """Mean pace (events a day, of other names than the own column's) in the first days and the gamma shape of how it
    varies between parties."""
    if (days, own) not in activity.paces:
        until = activity.until(days)
        total = until.whole if own < 0 else until.whole - until.counts[:, own]
        mean, spread = float(total.mean()), float(total.var())
        shape = mean**2 / max(spread - mean, 1e-3 * mean) if mean > 0 else 1.0
        activity.paces[days, own] = max(mean, 1e-9) / days, min(max(shape, 0.05), 100.0)
    return activity.paces[days, own]


Entry = tuple[Ints, Ints]  # when each party enters, and those that do


def _held_equal(activity: Activity, cell: Cell, reach: Entry, others: Entry, more: Sequence[Floats | Flags]) -> Floats:
    """Of those that reach it and of the others: logs of counts of every other event, their volume, the pace it shows
    with its square and cube, recent ones (in the last third of the time), active days and gap; and behind these `more`.

    A few events soon after the start say little about how active a party is: its pace is drawn to the mean by as much
    as that (gamma-Poisson), and enters with its square and cube, since staying need not rise evenly with it.
    """
    own = activity.own_column(cell.stream)
    pace, wide, first = _pace(activity, cell.days, own), activity.names - (own >= 0) + AMONG_ALL, len(reach[1])
    held = np.empty((first + len(others[1]), wide + len(more)))
    known = activity.aside.get(cell)  # asked again and again of one line while others are held against it
    if known is None:
        known = np.empty((first, wide))
        activity.held_before(reach[1], reach[0], own, pace, known)
        if len(activity.aside) >= ASIDE:
            activity.aside.clear()
        activity.aside[cell] = known  # only now: other cores look it up too
    held[:first, :wide] = known
    activity.held_before(others[1], others[0], own, pace, held[first:, :wide])
    for i, column in enumerate(more, wide):
        held[:, i] = column
    return held


def _reached_before(activity: Activity, cell: Cell, party: Ints, instants: Ints, beside: Sequence[Cell]) -> list[Flags]:
    """Whether each of other moments was reached before the row's instant: what came after it may be its consequence.

    Where it is made of the same events it is none, but those counted anew: then also whether it was reached at all.
    """
    status = []
    for moment in beside:
        at = activity.nth(moment.stream, moment.count, moment.days)[party]
        before = (at >= 0) & (at < instants)
        same_events = bool(activity.base[moment.stream] == activity.base[cell.stream])
        status += [before, at >= 0] if same_events else [before]
    return status


@dataclass(frozen=True)
class Design:
    """What is held equal, standardised, its rows in four quarters: odd parties who reached it now and who did not, then
    even ones; so that every part of it that is fitted lies in one piece.

    `order`: the row of the trials at each place; `begin`: where the quarters begin, and the end; the first `width`
    columns of `whole` count, the constant first, and behind them is room for more; `grams`: Z'Z of those in each
    quarter.
    """

    whole: Side
    order: Ints
    begin: tuple[int, ...]
    width: int
    grams: tuple[Floats, ...]

    @classmethod
    def of(cls, held: Floats, now: Flags, party: Ints, room: int = 0) -> Design:
        """With room for some columns more."""
        quarter = (2 * (party % 2 == 0) + ~now).astype(np.uint8)
        order = np.argsort(quarter, kind="stable")
        begin = tuple(np.concatenate([[0], np.cumsum(np.bincount(quarter, minlength=4))]).tolist())
        width = held.shape[1] + 1
        whole = Side.room(len(held), width + room)
        whole.put(held, order, 1)
        parts = [whole.Z[a:b, :width] for a, b in pairwise(begin)]
        return cls(whole, order, begin, width, tuple(part.T @ part for part in parts))

    @property
    def Z(self) -> Floats:  # noqa: N802 -- as the matrix is called everywhere
        """The columns that count, in double precision."""
        return self.whole.Z[:, : self.width]

    def beside(self, columns: Floats) -> Design:
        """With these columns (by row of the trials) in its room. Shares the room: only one at a time is to be used."""
        wide = self.width + columns.shape[1]
        self.whole.put(columns, self.order, self.width)
        return replace(self, width=wide, grams=tuple(self._bordered(q, wide) for q in range(4)))

    def _bordered(self, quarter: int, wide: int) -> Floats:
        part = self.whole.Z[self.begin[quarter] : self.begin[quarter + 1], :wide]
        gram = np.empty((wide, wide))
        gram[: self.width, : self.width] = self.grams[quarter]
        gram[:, self.width :] = part.T @ part[:, self.width :]
        gram[self.width :, : self.width] = gram[: self.width, self.width :].T
        return gram


def _crossed(design: Design, kept: Floats, ever: Floats, start: Floats | None) -> tuple[Floats, Floats]:
    """For each row, fitted on the other half: the chance of reaching it now, the outcome with and without it, and the
    chance of ever reaching it without (rows × 4, in the design's order); and the coefficients of that chance on the
    first half, begun at `start`."""
    Z, begin, fitted = design.Z, design.begin, np.empty((len(design.Z), 4))
    near = None if start is None else Near(start, None).of_width(design.width)
    first: Floats | None = None
    for a, b, out in ((0, 1, slice(begin[2], None)), (2, 3, slice(begin[2]))):
        with_it, without = slice(begin[a], begin[a + 1]), slice(begin[b], begin[b + 1])
        whole = slice(with_it.start, without.stop)
        reached = np.arange(whole.start, whole.stop) < with_it.stop
        gram, gram_without = design.grams[a], design.grams[b]
        # the other half's answer is near
        near = logistic(design.whole.of(whole, design.width), reached, 1.0, gram + gram_without, near)
        first = near.beta if first is None else first
        both = np.column_stack([kept[without], ever[without]])
        outcome = np.column_stack([
            fit_linear(Z[with_it], kept[with_it], 1.0, gram=gram),
            fit_linear(Z[without], both, 1.0, gram=gram_without),
        ])  # fmt: skip
        fitted[out, 0] = linear_score(Z[out], near.beta, logistic=True)
        fitted[out, 1:] = Z[out] @ outcome
    assert first is not None
    return fitted, first


def effect(rows: Trials, parties: int, start: Floats | None = None) -> Confirmed | None:
    """The doubly robust effect from the trials of one moment; None where too few are alike."""
    return estimated(rows, Design.of(rows.held, rows.now, rows.party), parties, start)


def estimated(rows: Trials, design: Design, parties: int, start: Floats | None = None) -> Confirmed | None:
    """The same where the design is known already; `held` of the rows is not looked at."""
    if min(b - a for a, b in pairwise(design.begin)) < LEAST_SIDE // 2:
        return None
    order, n = design.order, len(rows.party)
    party, now, y, ever = rows.party[order], rows.now[order], rows.kept[order], rows.ever[order]
    fitted, begun = _crossed(design, y, ever, start)
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
    by_party = np.bincount(party, weights=(outcome - value * uptake) / scale, minlength=parties).astype(np.float64)
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
        parties=int(np.count_nonzero(np.bincount(party))),
        by_party=by_party,
        chance_of_it=begun,
    )


def confirm(
    activity: Activity,
    kept: Flags,
    cell: Cell,
    drawn: np.random.Generator | Ints | None,
    beside: tuple[Cell, ...] = (),
    *,
    start: Floats | None = None,
) -> Confirmed | None:
    """The effect of one moment on the parties of `activity`, the moments in `beside` held equal; `drawn` as above."""
    rows = trials(activity, kept, cell, drawn, beside)
    return None if rows is None else effect(rows, activity.n, start)


def beside_each(
    activity: Activity,
    kept: Flags,
    cell: Cell,
    drawn: Ints | None,
    others: Sequence[Cell],
    *,
    start: Floats | None = None,
) -> list[Confirmed | None]:
    """The effect of one moment with each of others held equal, one at a time, on the same rows."""
    rows = trials(activity, kept, cell, drawn)
    if rows is None:
        return [None for _ in others]
    design = Design.of(rows.held, rows.now, rows.party, room=2)

    def with_other(other: Cell) -> Confirmed | None:
        status = _reached_before(activity, cell, rows.party, rows.instants, [other])
        return estimated(rows, design.beside(np.column_stack(status).astype(np.float64)), activity.n, start)

    return [with_other(other) for other in others]
