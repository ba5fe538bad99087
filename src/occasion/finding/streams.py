"""Points of candidates, computed chunk by chunk: the streams that the screen and the confirmation work on.

Events before the start never give points; pairs and returns look back at them, as the language does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from occasion.finding import kernels
from occasion.finding.candidates import DAY_US, Candidate, Choice
from occasion.finding.chunks import Chunk, FieldCodes, Study
from occasion.finding.cube import Cube, CubeBuilder, group_sizes
from occasion.finding.population import Streams

Points = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int64]]
Numbered = list[tuple[int, Candidate]]


def candidate_cube(study: Study, candidates: Sequence[Candidate], counts: int = 50, days: int = 30) -> Cube:
    """The cube of candidates: plain counts by the fast scan, all others in one more pass over chunks."""
    from occasion.finding.scan import scan

    plain = [s for s, c in enumerate(candidates) if c.kind == "count"]
    other = [s for s, c in enumerate(candidates) if c.kind != "count"]
    cells = np.empty((study.population.groups, len(candidates), counts, days, 2), np.int32)
    if plain:
        named = scan(study, counts, days).cube.counts
        cells[:, plain] = named[:, [candidates[s].choice.name for s in plain]]
    if other:
        cells[:, other] = chunked_cube(study, [candidates[s] for s in other], counts, days).counts
    return Cube(cells, group_sizes(study.population), [c.what for c in candidates], bases(candidates))


def chunked_cube(study: Study, candidates: Sequence[Candidate], counts: int = 50, days: int = 30) -> Cube:
    """The cube of candidates of any kind, in one pass over chunks of whole parties."""
    builder = CubeBuilder(study.population, len(candidates), counts, days)
    for part in parts(study, candidates, days):
        builder.add(*part)
    return builder.result([c.what for c in candidates], bases(candidates))


def streams_of(study: Study, candidates: Sequence[Candidate], days: int, first: int = 50) -> Streams:
    """The first `first` points of each candidate within `days` days: the compact table for the few looked at closely.

    Memory: at most parties × candidates × `first` points.
    """
    kept = [first_points(part, len(candidates), first) for part in parts(study, candidates, days)]
    row, stream, offset = (np.concatenate([part[i] for part in kept]) if kept else np.zeros(0) for i in range(3))
    order = np.lexsort((stream, offset, row))
    return Streams(
        row[order].astype(np.int32), stream[order].astype(np.int32), offset[order].astype(np.int64),
        [c.what for c in candidates], bases(candidates),
    )  # fmt: skip


def bases(candidates: Sequence[Candidate]) -> npt.NDArray[np.int32]:
    """The name each stream is made of (a pair: its second)."""
    return np.array([c.choice.name for c in candidates], np.int32)


def asked_fields(candidates: Sequence[Candidate]) -> list[str]:
    """The fields the candidates read, sorted."""
    return sorted({f for c in candidates for f in (c.choice.field, c.of, c.per, c.first and c.first.field) if f})


def parts(study: Study, candidates: Sequence[Candidate], days: int) -> Iterator[Points]:
    """Points as (row, stream, offset), each part sorted by time within a party, parties in one piece.

    No two parts share both a party and a stream.
    """
    numbered = list(enumerate(candidates))
    asked = asked_fields(candidates)
    for chunk in study.chunks(asked, days * DAY_US):
        after = chunk.since_start()
        yield _counts(after, [(s, c) for s, c in numbered if c.kind == "count"], len(study.names))
        for field in asked:
            sliced = [(s, c) for s, c in numbered if c.kind == "slice" and c.choice.field == field]
            if sliced:
                yield _slices(after, sliced, field, len(study.names))
        for s, c in numbered:
            if c.kind == "distinct":
                yield _distinct(after, s, c)
        for per in sorted({c.per for c in candidates if c.pattern}, key=str):
            yield from _patterns(chunk, [(s, c) for s, c in numbered if c.pattern and c.per == per], per)


def _counts(chunk: Chunk, numbered: Numbered, names: int) -> Points:
    stream_of = np.full(names, -1, np.int32)
    for s, candidate in numbered:
        stream_of[candidate.choice.name] = s
    return _taken(chunk, stream_of[chunk.name])


def _slices(chunk: Chunk, numbered: Numbered, field: str, names: int) -> Points:
    values = list(dict.fromkeys(c.choice.value for _, c in numbered if c.choice.value is not None))
    stream_of = np.full((names, len(values) + 1), -1, np.int32)  # the last column: another value, or none
    for s, c in numbered:
        if c.choice.value is not None:
            stream_of[c.choice.name, values.index(c.choice.value)] = s
    return _taken(chunk, stream_of[chunk.name, chunk.fields[field].places(values)])


def _taken(chunk: Chunk, stream: npt.NDArray[np.int32]) -> Points:
    keep = stream >= 0
    return chunk.row[keep], stream[keep], chunk.offset_us[keep]


def _distinct(chunk: Chunk, stream: int, candidate: Candidate) -> Points:
    """A point where a value comes for the first time since the start."""
    field = chunk.fields[str(candidate.of)]
    at = np.flatnonzero(chosen(chunk, candidate.choice) & (field.codes >= 0))
    key = chunk.row[at].astype(np.int64) * len(field) + field.codes[at]
    _, new = np.unique(key, return_index=True)  # the first of each: rows are in order of time
    at = at[np.sort(new)]
    return chunk.row[at], np.full(len(at), stream, np.int32), chunk.offset_us[at]


def chosen(chunk: Chunk, choice: Choice) -> npt.NDArray[np.bool_]:
    """Which events of the chunk the choice takes."""
    found: npt.NDArray[np.bool_] = chunk.name == choice.name
    if choice.field is not None and choice.value is not None:
        found &= chunk.fields[choice.field].places([choice.value]) == 0
    return found


def _patterns(chunk: Chunk, numbered: Numbered, per: str | None) -> Iterator[Points]:
    """Pairs and returns over parties, or over parties and values of a field; the first of each after the start."""
    field = None if per is None else chunk.fields[per]
    streams = 1 + max(s for s, _ in numbered)
    pairs = [(s, c) for s, c in numbered if c.kind == "pair"]
    if pairs:
        yield first_points(_pairs(chunk, pairs, field), streams, 1)
    for s, c in numbered:
        if c.kind == "return":
            yield first_points(_returns(chunk, s, c, field), streams, 1)


def _by_key(
    chunk: Chunk, keep: npt.NDArray[np.bool_], field: FieldCodes | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]]:
    """The kept events' keys (party, or party and value), in order of (key, time), and where they stand in the chunk."""
    if field is None:
        at = np.flatnonzero(keep)
        return chunk.row[at].astype(np.int64), at
    at = np.flatnonzero(keep & (field.codes >= 0))
    key = chunk.row[at].astype(np.int64) * len(field) + field.codes[at]
    order = np.argsort(key, kind="stable")
    return key[order], at[order]


def _pairs(chunk: Chunk, numbered: Numbered, field: FieldCodes | None) -> Points:
    choices = list(dict.fromkeys(choice for _, c in numbered for choice in (c.first, c.choice) if choice is not None))
    which = np.full(len(chunk.row), -1, np.int32)
    for i, choice in enumerate(choices):
        which[chosen(chunk, choice)] = i
    key, at = _by_key(chunk, which >= 0, field)
    first, second, times, within = (
        np.array(column, np.int64)
        for column in zip(
            *((choices.index(c.first or c.choice), choices.index(c.choice), c.times, c.window_us) for _, c in numbered),
            strict=True,
        )
    )
    by_second = np.argsort(second, kind="stable")
    begin = np.searchsorted(second[by_second], np.arange(len(choices) + 1))
    room = (1 + np.count_nonzero(np.diff(key))) * len(numbered)
    out_at, out_pair = np.empty(room, np.int64), np.empty(room, np.int32)
    found = kernels.compiled(kernels.pair_points)(
        key, which[at], chunk.offset_us[at], first, second, times, within, by_second, begin, len(choices),
        out_at, out_pair,
    )  # fmt: skip
    reached = at[out_at[:found]]
    stream = np.array([s for s, _ in numbered], np.int32)[out_pair[:found]]
    return chunk.row[reached], stream, chunk.offset_us[reached]


def _returns(chunk: Chunk, stream: int, candidate: Candidate, field: FieldCodes | None) -> Points:
    """Events at least W after the one before them, strictly after the start."""
    key, at = _by_key(chunk, chosen(chunk, candidate.choice), field)
    offset = chunk.offset_us[at]
    again = (key[1:] == key[:-1]) & (np.diff(offset) >= candidate.window_us) & (offset[1:] > 0)
    at = at[1:][again]
    return chunk.row[at], np.full(len(at), stream, np.int32), chunk.offset_us[at]


def first_points(part: Points, streams: int, first: int) -> Points:
    """Only the first few points of each (party, stream), in order of (party, time)."""
    row, stream, offset = part
    order = np.lexsort((offset, row))
    row, stream, offset = row[order], stream[order], offset[order]
    key = row.astype(np.int64) * streams + stream
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(key[order]) != 0)) if len(key) else np.zeros(0, np.int64)
    place = np.arange(len(key)) - np.repeat(starts, np.diff(np.append(starts, len(key))))
    keep = np.sort(order[place < first])
    return row[keep], stream[keep], offset[keep]
