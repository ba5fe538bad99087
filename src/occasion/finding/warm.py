"""What every search needs and takes a while to come: read while the engine is busy with its first questions."""

from __future__ import annotations


def warm() -> None:
    """Import what counts and fits; compiled loops are read from disk as they are first asked for."""
    import numba  # noqa: F401
    import pyarrow.compute  # noqa: F401
    import scipy.special  # noqa: F401

    from occasion.finding import fitting, row_groups, scan  # noqa: F401
