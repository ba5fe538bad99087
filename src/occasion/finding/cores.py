"""Work side by side on all cores."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor


def side_by_side() -> ThreadPoolExecutor:
    """Threads for compiled work with a little Python in between: one more than cores, which fills the gaps (two more do
    not, measured with two cores; bench/README.md).
    """
    return ThreadPoolExecutor(1 + (os.cpu_count() or 1))


__all__ = ["side_by_side"]
