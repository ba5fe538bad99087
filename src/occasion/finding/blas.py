"""Matrix products on one thread.

The products of finding are many and small. Spread over threads that have to share their cores with others they wait for
one another: on a busy machine that took twenty times as long as one thread (measured on two cores).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
T = TypeVar("T")


def on_one_thread(function: Callable[P, T]) -> Callable[P, T]:
    """The function with its matrix products on one thread."""

    @wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> T:
        with _libraries(len(sys.modules)).limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """The libraries in memory that compute on threads, looked for anew once more of Python's modules are there."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
