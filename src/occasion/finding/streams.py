"""Points of candidates, computed chunk by chunk: the streams that the screen and the confirmation work on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from occasion.finding.candidates import Candidate
from occasion.finding.chunks import Chunk, Study
from occasion.finding.cube import Cube, CubeBuilder
from occasion.finding.population import Streams

Points = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int64]]


def candidate_cube(study: Study, candidates: Sequence[Candidate], counts: int = 50, days: int = 30) -> Cube:
    """The cube of candidates, in one pass over the source."""
    builder = CubeBuilder(study.population, len(candidates), counts, days)
    for part in parts(study, candidates, days):
        builder.add(*part)
    return builder.result([c.what for c in candidates], _base(candidates))


def streams_of(study: Study, candidates: Sequence[Candidate], days: int, first: int = 50) -> Streams:
    """The first `first` points of each candidate within `days` days, for the few that are looked at closely."""
    kept = [_first_points(part, len(candidates), first) for part in parts(study, candidates, days)]
    row, stream, offset = (np.concatenate([part[i] for part in kept]) if kept else np.zeros(0) for i in range(3))
    order = np.lexsort((stream, offset, row))
    return Streams(
        row[order].astype(np.int32), stream[order].astype(np.int32), offset[order].astype(np.int64),
        [c.what for c in candidates], _base(candidates),
    )  # fmt: skip


def parts(study: Study, candidates: Sequence[Candidate], days: int) -> Iterator[Points]:
    """Points as (row, stream, offset), each part sorted by (party, time); parts share parties but not both party and
    stream."""
    for chunk in study.chunks((), days * 86_400_000_000):
        yield _counts(chunk, candidates, len(study.names))


def _base(candidates: Sequence[Candidate]) -> npt.NDArray[np.int32]:
    return np.array([c.name for c in candidates], np.int32)


def _counts(chunk: Chunk, candidates: Sequence[Candidate], names: int) -> Points:
    stream_of = np.full(names, -1, np.int32)
    for s, candidate in enumerate(candidates):
        if candidate.kind == "count":
            stream_of[candidate.name] = s
    stream = stream_of[chunk.name]
    keep = (chunk.offset_us >= 0) & (stream >= 0)
    return chunk.row[keep], stream[keep], chunk.offset_us[keep]


def _first_points(part: Points, streams: int, first: int) -> Points:
    """Only the first few points of each (party, stream)."""
    row, stream, offset = part
    key = row.astype(np.int64) * streams + stream
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(key[order]) != 0)) if len(key) else np.zeros(0, np.int64)
    place = np.arange(len(key)) - np.repeat(starts, np.diff(np.append(starts, len(key))))
    keep = np.sort(order[place < first])
    return row[keep], stream[keep], offset[keep]
