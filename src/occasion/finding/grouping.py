"""Which hash group a party is in: the same on every engine, being computed once, here, from the party's text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from occasion.errors import InputError
from occasion.finding import kernels


def text_hashes(texts: Any) -> npt.NDArray[np.uint64]:
    """A 64-bit hash of each text's UTF-8 bytes: FNV-1a, then the finaliser of splitmix64.

    Takes an Arrow array or strings.

    >>> [hex(int(h)) for h in text_hashes(["", "ann"])]
    ['0xf52a15e9a9b5e89b', '0x8096e52ad559ed80']
    """
    import pyarrow as pa

    array = texts if isinstance(texts, (pa.Array, pa.ChunkedArray)) else pa.array(list(texts), pa.large_string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    array = array.cast(pa.large_string())
    if array.null_count:
        raise InputError(f"{array.null_count} parties have no text: every party needs one")
    return hashes_of(array)


def hashes_of(array: Any) -> npt.NDArray[np.uint64]:
    """The same of an Arrow string or large_string array without nulls."""
    offsets, data = text_buffers(array)
    hashes = np.empty(len(array), np.uint64)
    kernels.compiled(kernels.hash_texts)(offsets, data, hashes)
    return hashes


def text_buffers(array: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]:
    """The offsets (n + 1) and the bytes of an Arrow string or large_string array, without copying."""
    import pyarrow as pa

    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, np.int64 if array.type == pa.large_string() else np.int32)[
        array.offset : array.offset + len(array) + 1
    ]
    return starts, np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)


def groups_of(texts: Sequence[str] | Any, groups: int) -> npt.NDArray[np.uint8]:
    """The hash group 0 .. groups-1 of each party: (upper 32 bits of its hash × groups) / 2^32, rounded down."""
    if not 1 <= groups <= 255:
        raise InputError(f"{groups} groups: between 1 and 255 are possible")
    upper = text_hashes(texts) >> np.uint64(32)
    return ((upper * np.uint64(groups)) >> np.uint64(32)).astype(np.uint8)
