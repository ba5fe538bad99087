"""Texts to be found again among millions, by their bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from occasion.finding import text_kernels
from occasion.finding.grouping import text_buffers
from occasion.finding.kernels import compiled
from occasion.finding.pages import Bytes, Page

WORDS = (2, 3, 5, 8)  # a text's line: of the fewest that take all texts (15, 23, 39 bytes), or their first 63 bytes
NARROW = 22  # bits of a number: as many as leave ten for the sign in a slot of four bytes
NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class KnownTexts:
    """A table of texts by number: what text_kernels.py needs, in its order."""

    table: npt.NDArray[np.unsignedinteger[Any]]
    bits: np.uint64
    lines: npt.NDArray[np.uint64]
    row_of: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    texts: Bytes
    masks: npt.NDArray[np.uint64]
    words: tuple[int, ...]

    @classmethod
    def of(cls, texts: Any, number: npt.NDArray[np.int32] | None = None) -> KnownTexts | None:
        """Of an Arrow array of text; `number[row]`: by which number each is found, its row if left out; None if one
        comes twice."""
        offsets, data = text_buffers(large(texts))
        n = len(texts)
        longest, bits = int(np.diff(offsets).max(initial=0)), n.bit_length()
        words = next((w for w in WORDS if longest < 8 * w), WORDS[-1])
        number = np.arange(n, dtype=np.int32) if number is None else number
        table = aligned(1 << max(4, (2 * n - 1).bit_length()), np.uint32 if bits <= NARROW else np.uint64)
        lines = aligned((n + 1) * words, np.uint64)
        lines[:words] = np.iinfo(np.uint64).max
        found = cls(table, np.uint64(bits), lines, np.empty(n, np.int32), offsets, data, masks_of(words), (0,) * words)
        filled = compiled(text_kernels.fill)(
            offsets, data, number, found.row_of, table, found.bits, lines, found.masks, found.words
        )  # fmt: skip
        return found if filled else None

    def places(self, column: Any) -> npt.NDArray[np.int32]:
        """Which of them each text of an Arrow array is; -1 where it is none."""
        place = np.empty(len(column), np.int32)
        offsets, data = text_buffers(column)
        self._find(data, 0, offsets[:-1].astype(np.int64), offsets[1:].astype(np.int64), place)
        return place

    def in_page(self, page: Page, place: npt.NDArray[np.int32]) -> bool:
        """The same of a page's texts, each behind its length, into `place`; False where they do not fit it."""
        return self._find(page.data, page.begin, NONE, NONE, place)

    def _find(self, data: Bytes, p: int, begin: Any, stop: Any, place: npt.NDArray[np.int32]) -> bool:
        return bool(compiled(text_kernels.look_up)(
            data, p, begin, stop, self.table, self.bits, self.lines, self.row_of, self.offsets, self.texts, self.masks,
            self.words, place,
        ))  # fmt: skip


def masks_of(words: int) -> npt.NDArray[np.uint64]:
    """For each length that a line takes, what to keep of each of its words."""
    kept: npt.NDArray[np.int64] = np.clip(np.arange(8 * words)[:, None] - 8 * np.arange(words), 0, 8)
    masks: npt.NDArray[np.uint64] = np.array([(1 << 8 * k) - 1 for k in range(9)], np.uint64)[kept].reshape(-1)
    return masks


def aligned(size: int, kind: Any) -> npt.NDArray[Any]:
    """Zeros that begin where a line of the processor's cache does."""
    room = np.zeros(size + 64 // np.dtype(kind).itemsize, kind)
    skip = -room.ctypes.data % 64 // room.itemsize
    return room[skip : skip + size]


def large(array: Any) -> Any:
    """As one large_string array."""
    import pyarrow as pa

    pieces = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    return pieces.cast(pa.large_string()).combine_chunks()
