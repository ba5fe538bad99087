"""The cube against a slow and obvious count, ties, edges and all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from occasion.errors import InputError
from occasion.finding.cube import Cube, cube
from occasion.finding.population import DAY_US, Population, Streams

EDGES = (0, 1, DAY_US - 1, DAY_US, DAY_US + 1, 2 * DAY_US - 1, 2 * DAY_US, 5 * DAY_US, -1, -DAY_US)
offsets = st.one_of(st.sampled_from(EDGES), st.integers(-2 * DAY_US, 7 * DAY_US))


@st.composite
def cases(draw):
    """A population and points (party row, stream, offset), in no order."""
    n, streams, groups = draw(st.integers(1, 6)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    population = Population(
        np.array(draw(st.lists(st.integers(0, 40), min_size=n, max_size=n, unique=True)), np.int64),
        np.array(draw(st.lists(st.integers(0, 3 * DAY_US), min_size=n, max_size=n)), np.int64),
        np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)), np.bool_),
        np.array(draw(st.lists(st.integers(0, groups - 1), min_size=n, max_size=n)), np.uint8),
        groups,
    )
    point = st.tuples(st.integers(0, n - 1), st.integers(0, streams - 1), offsets)
    return population, streams, draw(st.lists(point, max_size=60))


def slow(population: Population, streams: int, points, counts: int, days: int) -> np.ndarray:
    """The definition, word for word."""
    cells = np.zeros((population.groups, streams, counts, days, 2), np.int32)
    for row in range(len(population)):
        for stream in range(streams):
            after = sorted(offset for r, s, offset in points if r == row and s == stream and offset >= 0)
            for k, offset in enumerate(after, 1):
                day = offset // DAY_US
                if k <= counts and day < days:
                    cells[population.group[row], stream, k - 1, day, int(population.kept[row])] += 1
    return cells


def as_streams(streams: int, points) -> Streams:
    table = sorted(points, key=lambda point: (point[0], point[2]))
    row, stream, offset = (np.array([point[i] for point in table], np.int64) for i in range(3))
    what = [f"count(n{i})" for i in range(streams)]
    return Streams(row.astype(np.int32), stream.astype(np.int32), offset, what, np.arange(streams, dtype=np.int32))


@settings(max_examples=150, deadline=None)
@given(cases(), st.integers(1, 4), st.integers(1, 5))
def test_the_kernel_counts_what_the_definition_says(case, counts, days):
    population, streams, points = case
    got = cube(as_streams(streams, points), population, counts, days)
    expected = slow(population, streams, points, counts, days)
    np.testing.assert_array_equal(got.counts, expected)
    np.testing.assert_array_equal(got.windows, np.cumsum(expected, axis=3))
    np.testing.assert_array_equal(got.reached(counts, days), expected[:, :, counts - 1].sum(axis=2))
    assert got.parties.sum() == len(population)


@settings(max_examples=50, deadline=None)
@given(cases(), st.integers(0, 6))
def test_chunks_of_parties_add_up(case, cut):
    population, streams, points = case
    whole = as_streams(streams, points)
    left = as_streams(streams, [p for p in points if p[0] < cut])
    right = as_streams(streams, [p for p in points if p[0] >= cut])
    assert cube([left, right], population, 3, 4) == cube(whole, population, 3, 4)


def test_a_window_is_open_at_its_end():
    one = Population(np.array([1]), np.array([0]), np.array([False]), np.array([0], np.uint8), 1)
    got = cube(as_streams(1, [(0, 0, 3 * DAY_US)]), one, 1, 4)
    assert got.reached(1, 3).sum() == 0
    assert got.reached(1, 4).tolist() == [[[1, 0]]]


def test_points_out_of_order_are_refused_and_so_are_cells_that_do_not_exist():
    one = Population(np.array([1]), np.array([0]), np.array([False]), np.array([0], np.uint8), 1)
    points = Streams(
        np.zeros(2, np.int32), np.zeros(2, np.int32), np.array([5, 4]), ["count(x)"], np.zeros(1, np.int32)
    )
    with pytest.raises(InputError, match="not sorted"):
        cube(points, one)
    built: Cube = cube(as_streams(1, []), one, 2, 2)
    with pytest.raises(InputError, match="1 to 2 points"):
        built.reached(3, 1)
    with pytest.raises(InputError, match="at least 1"):
        cube(as_streams(1, []), one, 0, 2)
