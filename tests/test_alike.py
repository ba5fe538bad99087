"""The plain rule against a slow twin, its interval against a published one, its coverage where the truth is known."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occasion.estimate import Estimate, Refusal
from occasion.forecast.alike import Course, alike, chance, helped, wilson

TIMES = st.integers(0, 20)


@st.composite
def courses(draw: st.DrawFn) -> Course:
    at = sorted(draw(st.lists(TIMES, max_size=6, unique=True)))
    reached = draw(st.none() | st.integers(1, 20))
    kept = [one for one in at if reached is None or one < reached]
    gestures = draw(st.lists(st.tuples(TIMES, st.sampled_from(("call", "note"))), max_size=3))
    return Course(tuple((one, float(i + 1)) for i, one in enumerate(kept)), reached, tuple(gestures))


@given(st.lists(courses(), max_size=40), TIMES, st.integers(0, 5))
def test_those_alike_and_their_share_as_a_slow_reading_says(past: list[Course], elapsed: int, have: int) -> None:
    same = []
    for course in past:
        if course.reached is not None and course.reached <= elapsed:
            continue
        had = 0.0
        for at, count in course.steps:
            if at <= elapsed:
                had = count
        if had == have:
            same.append(course)
    assert alike(past, elapsed, have, 6) == same
    told = chance(past, elapsed, have, 6)
    if len(same) < 10:
        assert isinstance(told, Refusal)
        assert told.needs == 10 - len(same)
    else:
        assert isinstance(told, Estimate)
        assert told.n == len(same)
        assert told.value == sum(one.reached is not None for one in same) / len(same)
        assert 0 <= told.low <= told.value <= told.high <= 1


@given(st.lists(courses(), min_size=10, max_size=60), TIMES)
def test_what_helped_adds_up(past: list[Course], elapsed: int) -> None:
    for one in helped(past, elapsed, 0, 6):
        assert one.of >= 5
        assert one.without >= 5
        assert one.of + one.without <= len(alike(past, elapsed, 0, 6))
        assert one.reached / one.of > one.alone / one.without


def test_a_gesture_after_it_was_reached_did_not_help() -> None:
    late = [Course((), 10, ((12, "call"),))] * 6
    never = [Course((), None)] * 6
    assert helped([*late, *never], 5, 0, 6) == []
    early = [Course((), 10, ((7, "call"),))] * 6
    (one,) = helped([*early, *never], 5, 0, 6)
    assert (one.form, one.reached, one.of, one.alone, one.without) == ("call", 6, 6, 0, 6)


def test_many_needed_are_compared_by_tenths() -> None:
    past = [Course(((0, float(40 + i)),), None) for i in range(20)]  # 40 to 59 of 100
    assert len(alike(past, 1, 45, 100)) == 10
    assert alike(past, 1, 45, 20) == [past[5]]


@pytest.mark.parametrize(
    ("k", "n", "low", "high"), [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)]
)
def test_wilson_as_published(k: int, n: int, low: float, high: float) -> None:
    """81 of 263: Newcombe (1998), Statistics in Medicine 17, table I, method 3; 0 and 10 of 10: z² / (n + z²)."""
    assert wilson(k, n) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    coin, held, said = random.Random(7), 0, 0
    for _ in range(600):
        past = [Course(((1, 4.0),), 12 if coin.random() < 0.3 else None) for _ in range(40)]
        told = chance(past, 9, 4, 10)
        assert isinstance(told, Estimate)
        held += told.low <= 0.3 <= told.high
        said += 1
    assert 0.92 <= held / said <= 0.98
