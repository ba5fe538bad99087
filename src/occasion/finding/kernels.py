"""The compiled loops of finding: numba, compiled on first use and cached on disk; they hold no lock while they run.

Histograms inside the kernels are flat, laid out [cell of the party, stream, count, day]; a party's cell is
2 · group + kept, so that all increments of one party fall into one block that stays in the processor's cache.
"""

# ruff: noqa: PLR0917 -- a compiled loop takes plain arrays and numbers, many of them
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

DAY_US = 86_400_000_000
NOT_SORTED = -1
Int = npt.NDArray[Any]


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled by numba (once a process; the machine code is kept on disk between processes)."""
    from numba import njit

    machine_code: Callable[..., Any] = njit(cache=True, nogil=True)(function)
    return machine_code


def count_sorted(
    row: Int, stream: Int, offset: Int, cell: Int, state: Int, counter: Int, histogram: Int, counts: int, days: int
) -> int:
    """Add points sorted by (party, time) to the histogram; 0, or NOT_SORTED where the order is broken.

    `row`: the party's row (negative: not under study, skipped); `offset`: microseconds since its start;
    `cell[row]`: 2 · group + kept. `counter[stream]` (int64) is never reset: a party's counts begin at its own base,
    which is above all bases before it. `state` = [base, last row, last offset] goes on from call to call.
    """
    end = np.uint64(days) * np.uint64(DAY_US)
    block = counter.shape[0] * counts * days
    base, last, before = state[0], state[1], state[2]
    first_cell = np.int64(0)
    if last >= 0:
        first_cell = np.int64(cell[last]) * block
    for i in range(row.shape[0]):
        r = np.int64(row[i])
        if r < 0:
            continue
        at = np.int64(offset[i])
        if r != last:
            base += counts + 1
            last = r
            first_cell = np.int64(cell[r]) * block
        elif at < before:
            return NOT_SORTED
        before = at
        since = np.uint64(at)  # an offset before the start wraps round to far beyond the end
        if since < end:
            s = np.int64(stream[i])
            seen = max(counter[s], base) - base
            if seen < counts:
                histogram[first_cell + (s * counts + seen) * days + np.int64(since // np.uint64(DAY_US))] += 1
                counter[s] = base + seen + 1
    state[0], state[1], state[2] = base, last, before
    return 0
