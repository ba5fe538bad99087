"""The plain rule: how many of those who stood where she stands reached it in the end.

Of the windows that are over: those that at the same time since they opened were as far, and had not reached it yet.
The share of them that did reach it before their end is the chance; no model, and a refusal where there are too few.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from occasion.estimate import Estimate, Refusal

FEWEST = 10  # alike, below which nothing is said
FEWEST_HELPED = 5  # alike with a form of gesture, and without any, below which nothing is said of it
EXACT = 20  # up to so many needed "as far" is the same number; beyond, the same tenth of it
Z = 1.959963984540054
METHOD = "share of those who were as far at the same time since it opened (Wilson interval)"
ASSUMPTIONS = ("what held for those before holds now",)


@dataclass(frozen=True)
class Course:
    """A window that is over. Times are microseconds since it opened.

    `steps`: (when, how many by then), ascending; before the first there were none. `reached`: when it was reached, None
    if it never was before the window's end. `gestures`: (when, form) of what people did for the party meanwhile.
    """

    steps: tuple[tuple[int, float], ...]
    reached: int | None
    gestures: tuple[tuple[int, str], ...] = ()

    def had(self, elapsed: int) -> float:
        """How many there were at a time."""
        place = bisect_right(self.steps, elapsed, key=lambda step: step[0])
        return self.steps[place - 1][1] if place else 0.0


@dataclass(frozen=True)
class Helped:
    """Of `of` who got a gesture of this form from here on `reached` reached it; of `without` who got none, `alone`.

    An association: who gets a gesture differs from who gets none.
    """

    form: str
    reached: int
    of: int
    alone: int
    without: int


def wilson(k: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a share k / n (Wilson 1927, equation 2.7 of Brown, Cai and DasGupta 2001).

    >>> [round(one, 3) for one in wilson(3, 10)]
    [0.108, 0.603]
    """
    share, square = k / n, Z * Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z / (1 + square / n) * sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def alike(courses: Iterable[Course], elapsed: int, have: float, need: float) -> list[Course]:
    """The courses that at `elapsed` were as far as `have` (of `need`) and not there yet."""
    wanted = _level(have, need)
    return [
        course
        for course in courses
        if (course.reached is None or course.reached > elapsed) and _level(course.had(elapsed), need) == wanted
    ]


def chance(courses: Iterable[Course], elapsed: int, have: float, need: float) -> Estimate | Refusal:
    """The chance that it is still reached in time from here (0 to 1); `n` counts those alike.

    >>> three = [Course(((1, 4.0),), 12)] * 3 + [Course(((1, 4.0),), None)] * 7
    >>> chance(three, 9, 4, 10).value
    0.3
    >>> chance(three, 9, 5, 10).needs
    10
    """
    same = alike(courses, elapsed, have, need)
    n = len(same)
    if n < FEWEST:
        return Refusal(f"only {n} were as far at this time so far, {FEWEST} are needed", FEWEST - n)
    reached = sum(course.reached is not None for course in same)
    low, high = wilson(reached, n)
    return Estimate(reached / n, low, high, n, METHOD, ASSUMPTIONS)


def helped(courses: Iterable[Course], elapsed: int, have: float, need: float) -> list[Helped]:
    """Which forms of gesture those alike got from here on, with how many reached it; where more did than without any.

    The one with the largest difference first; a form that too few got, or few had none, is left out.
    """
    same = alike(courses, elapsed, have, need)
    later = [[form for at, form in course.gestures if at > elapsed and _before(course, at)] for course in same]
    without = [course for course, forms in zip(same, later, strict=True) if not forms]
    alone = _reached(without)
    found = []
    for form in sorted({form for forms in later for form in forms}):
        got = [course for course, forms in zip(same, later, strict=True) if form in forms]
        if len(got) >= FEWEST_HELPED and len(without) >= FEWEST_HELPED:
            one = Helped(form, _reached(got), len(got), alone, len(without))
            if one.reached * one.without > one.alone * one.of:
                found.append(one)
    return sorted(found, key=lambda one: (one.alone / one.without - one.reached / one.of, one.form))


def _reached(courses: Sequence[Course]) -> int:
    return sum(course.reached is not None for course in courses)


def _before(course: Course, at: int) -> bool:
    """A gesture after it was reached did not help to reach it."""
    return course.reached is None or at < course.reached


def _level(have: float, need: float) -> float:
    return have if need <= EXACT else float(int(10 * have / need))
