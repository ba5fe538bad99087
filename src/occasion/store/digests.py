"""Identity for ever: the digests of everything that was sealed, in sorted runs that are read where they lie on disk.

A run is a file of 16-byte digests as two arrays of little-endian uint64: first the first halves, sorted, then the
second halves in the same order. Halves are big-endian within a digest, so the order is that of the bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from occasion.store.arrived import DIGEST_BYTES

WORDS = DIGEST_BYTES // 8


class Run:
    """One file of sorted digests."""

    def __init__(self, path: Path) -> None:
        self.path = path
        words = np.memmap(path, np.uint64, "r") if path.stat().st_size else np.array([], np.uint64)
        n = len(words) // WORDS
        self.first, self.second = words[:n], words[n:]

    def __len__(self) -> int:
        return len(self.first)

    def contains(self, first: Any, second: Any) -> Any:
        """Which of the digests (by their halves, sorted by the first) are in here."""
        if not len(self.first):
            return np.zeros(len(first), bool)
        place = np.searchsorted(self.first, first)
        inside = np.minimum(place, len(self.first) - 1)
        alike = (place < len(self.first)) & (self.first[inside] == first)
        found = np.zeros(len(first), bool)
        for i in np.flatnonzero(alike).tolist():
            at = int(place[i])
            while at < len(self.first) and self.first[at] == first[i]:  # halves may agree by chance
                if self.second[at] == second[i]:
                    found[i] = True
                    break
                at += 1
        return found


class Runs:
    """All runs of a history."""

    def __init__(self, paths: Sequence[Path] = ()) -> None:
        self.runs = tuple(Run(path) for path in paths)

    def __len__(self) -> int:
        return sum(len(run) for run in self.runs)

    def contains(self, digests: Sequence[bytes]) -> Any:
        """For each digest whether it is known: an array of flags."""
        found = np.zeros(len(digests), bool)
        if not self.runs or not digests:
            return found
        first, second = halves(digests)
        order = np.argsort(first)
        first, second = first[order], second[order]
        for run in self.runs:
            found[order] |= run.contains(first, second)
        return found


def halves(digests: Sequence[bytes]) -> tuple[Any, Any]:
    """The two halves of each digest as numbers."""
    words = np.frombuffer(b"".join(digests), ">u8").astype(np.uint64).reshape(-1, WORDS)
    return words[:, 0], words[:, 1]


def identity_digests(ids: Any) -> bytes:
    """The digests of those ids of events (an Arrow column) by which an item that arrives could be known: SOURCE:ID."""
    import pyarrow.compute as pc

    could = ids.filter(pc.match_substring(ids, ":")).to_pylist()
    return b"".join([blake2b(text.encode(), digest_size=DIGEST_BYTES).digest() for text in could])


def write_run(path: Path, first: Any, second: Any) -> int:
    """Write digests (their halves, in any order, repeats allowed) as a run; how many it has."""
    order = np.argsort(first, kind="stable")  # several sorted runs one after the other are merged, not sorted anew
    first, second = first[order], second[order]
    alike = first[1:] == first[:-1]
    if alike.any():
        order = np.lexsort((second, first))
        first, second = first[order], second[order]
    new = np.ones(len(first), bool)
    new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    with path.open("wb") as file:
        np.ascontiguousarray(first[new]).tofile(file)
        np.ascontiguousarray(second[new]).tofile(file)
    return int(np.count_nonzero(new))
