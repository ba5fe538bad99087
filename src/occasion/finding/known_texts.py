"""Texts to be found again among millions, by their bytes: a table of slots that hold their first bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from occasion.finding import ordered_kernels
from occasion.finding.grouping import text_buffers
from occasion.finding.kernels import compiled
from occasion.finding.pages import Bytes


@dataclass(frozen=True)
class KnownTexts:
    """Text i is `data[offsets[i] : offsets[i + 1]]`; `table` [slot, 4 words] finds it."""

    offsets: npt.NDArray[np.int64]
    data: Bytes
    table: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, texts: Any) -> KnownTexts | None:
        """Of an Arrow array of text; None if one comes twice."""
        offsets, data = text_buffers(large(texts))
        table = _slots(1 << max(4, (2 * len(texts) - 1).bit_length()))
        return cls(offsets, data, table) if compiled(ordered_kernels.fill_table)(data, offsets, table) else None

    def places(self, column: Any) -> npt.NDArray[np.int32]:
        """Which of them each text of an Arrow array is; -1 where it is none."""
        place = np.empty(len(column), np.int32)
        offsets, data = text_buffers(column)
        self.find(data, offsets[:-1], offsets[1:], place)
        return place

    def find(self, data: Bytes, begin: npt.NDArray[Any], stop: npt.NDArray[Any], place: npt.NDArray[np.int32]) -> None:
        """The same of texts that lie at `data[begin[i] : stop[i]]`, into `place`."""
        compiled(ordered_kernels.look_up)(data, begin, stop, self.table, self.offsets, self.data, place)


def _slots(n: int) -> npt.NDArray[np.uint64]:
    """Empty slots of 32 bytes, none of which lies across two lines of the processor's cache."""
    room = np.zeros(4 * n + 8, np.uint64)
    skip = -room.ctypes.data % 64 // 8
    return room[skip : skip + 4 * n].reshape(n, 4)


def large(array: Any) -> Any:
    """As one large_string array."""
    import pyarrow as pa

    pieces = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    return pieces.cast(pa.large_string()).combine_chunks()
