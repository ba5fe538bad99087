"""Points of candidates, computed chunk by chunk: the streams that the screen and the confirmation work on.

Events before the start never give points; pairs and returns look back at them, as the language does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

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
    pieces = study.pieces()
    builders: SimpleQueue[CubeBuilder] = SimpleQueue()  # one a core
    cores = min(len(pieces), os.cpu_count() or 1)
    for _ in range(cores):
        builders.put(CubeBuilder(study.population, len(candidates), counts, days))

    def add(piece: Study) -> None:
        builder = builders.get()
        try:
            for part in parts(piece, candidates, days):
                builder.add(*part)
        finally:
            builders.put(builder)

    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(add, pieces))
    whole = builders.get()
    for _ in range(cores - 1):
        whole.take_over(builders.get())
    return whole.result([c.what for c in candidates], bases(candidates))


def streams_of(study: Study, candidates: Sequence[Candidate], days: int, first: int = 50) -> Streams:
    """The first `first` points of each candidate within `days` days: the compact table for the few looked at closely.

    Memory: at most parties × candidates × `first` points.
    """
    pieces = study.pieces()
    with ThreadPoolExecutor(min(len(pieces), os.cpu_count() or 1)) as pool:
        found = list(pool.map(lambda piece: joined(_few_of_chunks(piece, candidates, days, first)), pieces))
    row, stream, offset = joined(found)
    free = np.zeros(len(study.population) + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=len(study.population)), out=free[1:])
    order = np.empty(len(row), np.int64)
    kernels.compiled(kernels.arrange)(row, free, order)
    return Streams(row[order], stream[order], offset[order], [c.what for c in candidates], bases(candidates))


def _few_of_chunks(study: Study, candidates: Sequence[Candidate], days: int, first: int) -> Iterator[Points]:
    """The first few points of each chunk's parties, sorted by (party, time)."""
    for chunk_parts in _of_chunks(study, candidates, days):
        yield in_time(joined(few_of(part, len(candidates), first) for part in chunk_parts))


def joined(parts: Iterable[Points]) -> Points:
    """Points put behind each other."""
    found = list(parts)
    if not found:
        return np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64)
    row, stream, offset = (np.concatenate([part[i] for part in found]) for i in range(3))
    return row, stream, offset


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
    for chunk_parts in _of_chunks(study, candidates, days):
        yield from chunk_parts


def _of_chunks(study: Study, candidates: Sequence[Candidate], days: int) -> Iterator[Iterator[Points]]:
    names = {choice.name for c in candidates for choice in (c.choice, c.first) if choice is not None}
    for chunk in study.chunks(asked_fields(candidates), days * DAY_US, names):
        yield _of_chunk(chunk, candidates, len(study.names))


def _of_chunk(chunk: Chunk, candidates: Sequence[Candidate], names: int) -> Iterator[Points]:
    numbered = list(enumerate(candidates))
    after = chunk.since_start()
    yield _counts(after, [(s, c) for s, c in numbered if c.kind == "count"], names)
    for field in chunk.fields:
        sliced = [(s, c) for s, c in numbered if c.kind == "slice" and c.choice.field == field]
        if sliced:
            yield _slices(after, sliced, field, names)
    for s, c in numbered:
        if c.kind == "distinct":
            yield _distinct(after, s, c)
    for per in sorted({c.per for c in candidates if c.pattern}, key=str):
        of_per = [(s, c) for s, c in numbered if c.pattern and c.per == per]
        for kind, found in (("pair", _pairs), ("return", _returns)):
            of_kind = [(s, c) for s, c in of_per if c.kind == kind]
            if of_kind:
                points = found(chunk, of_kind, None if per is None else chunk.fields[per])
                yield few_of(in_time(points), len(candidates), 1)


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


def _by_key(
    chunk: Chunk, choices: Sequence[Choice], field: FieldCodes | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp], npt.NDArray[np.int32]]:
    """The chosen events in order of (key, time): the key (party, or party and value), where they stand in the chunk,
    and which choice's they are (one that is of several choices comes once for each)."""
    known = np.True_ if field is None else field.codes >= 0
    each = [np.flatnonzero(chosen(chunk, choice) & known) for choice in choices]
    at = np.concatenate(each)
    which = np.repeat(np.arange(len(choices), dtype=np.int32), [len(places) for places in each])
    order = np.argsort(at, kind="stable")
    at, which = at[order], which[order]
    key = chunk.row[at].astype(np.int64)
    if field is None:
        return key, at, which
    key = key * len(field) + field.codes[at]
    order = np.argsort(key, kind="stable")
    return key[order], at[order], which[order]


def _grouped(
    of: Sequence[int], choices: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Numbers of candidates grouped by choice: the choice of each, the order, and where each choice's begin in it."""
    choice = np.array(of, np.int64)
    order = np.argsort(choice, kind="stable")
    return choice, order, np.searchsorted(choice[order], np.arange(choices + 1))


def _room(key: npt.NDArray[np.int64], numbered: Numbered) -> int:
    """How many points there can be: one for each key and candidate."""
    return (1 + int(np.count_nonzero(np.diff(key)))) * len(numbered)


def _pairs(chunk: Chunk, numbered: Numbered, field: FieldCodes | None) -> Points:
    """The first of each pair after the start, for each key."""
    choices = list(dict.fromkeys(choice for _, c in numbered for choice in (c.first, c.choice) if choice is not None))
    key, at, which = _by_key(chunk, choices, field)
    first = np.array([choices.index(c.first or c.choice) for _, c in numbered], np.int64)
    second, by_second, begin = _grouped([choices.index(c.choice) for _, c in numbered], len(choices))
    times = np.array([c.times for _, c in numbered], np.int64)
    within = np.array([c.window_us for _, c in numbered], np.int64)
    out_at, out_pair = np.empty(_room(key, numbered), np.int64), np.empty(_room(key, numbered), np.int32)
    found = kernels.compiled(kernels.pair_points)(
        key, which, chunk.offset_us[at], first, second, times, within, by_second, begin, len(choices),
        out_at, out_pair,
    )  # fmt: skip
    return _reached(chunk, numbered, at[out_at[:found]], out_pair[:found])


def _returns(chunk: Chunk, numbered: Numbered, field: FieldCodes | None) -> Points:
    """The first of each return after the start, for each key."""
    choices = list(dict.fromkeys(c.choice for _, c in numbered))
    key, at, which = _by_key(chunk, choices, field)
    _, by_choice, begin = _grouped([choices.index(c.choice) for _, c in numbered], len(choices))
    within = np.array([c.window_us for _, c in numbered], np.int64)
    out_at, out_return = np.empty(_room(key, numbered), np.int64), np.empty(_room(key, numbered), np.int32)
    found = kernels.compiled(kernels.return_points)(
        key, which, chunk.offset_us[at], within, by_choice, begin, out_at, out_return
    )
    return _reached(chunk, numbered, at[out_at[:found]], out_return[:found])


def _reached(chunk: Chunk, numbered: Numbered, at: npt.NDArray[np.intp], which: npt.NDArray[np.int32]) -> Points:
    """Points at these places of the chunk."""
    return chunk.row[at], np.array([s for s, _ in numbered], np.int32)[which], chunk.offset_us[at]


def in_time(points: Points) -> Points:
    """Points of whole parties, each party's in order of time."""
    row, stream, offset = points
    first = int(offset.min(initial=0))
    span = int(offset.max(initial=0)) - first + 1
    if (int(row.max(initial=0)) + 1) * span < 1 << 63:  # one key of both: pieces that are in order are only merged
        order = np.argsort(row.astype(np.int64) * span + (offset - first), kind="stable")
    else:
        order = np.lexsort((offset, row))
    return row[order], stream[order], offset[order]


def few_of(part: Points, streams: int, first: int) -> Points:
    """Only the first few points of each (party, stream); parties in one piece, in order of time."""
    row, stream, offset = part
    keep = np.empty(len(row), np.bool_)
    kernels.compiled(kernels.keep_first)(row, stream, np.zeros(streams, np.int64), first, keep)
    return row[keep], stream[keep], offset[keep]
