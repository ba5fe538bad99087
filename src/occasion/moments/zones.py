"""The UTC offsets of a zone as spans of time, for engines that reckon with whole numbers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from whenever import Instant, TimeZoneNotFoundError

from occasion.errors import InputError

DAY_S = 86_400


def refuse_unknown(zones: Iterable[str]) -> None:
    """Raise InputError for a zone that the calendar does not know."""
    for zone in sorted(set(zones)):
        try:
            Instant.from_timestamp(0).to_tz(zone)
        except (TimeZoneNotFoundError, ValueError):
            raise InputError(
                f"time zone {zone!r}: is not known, a zone is called like Europe/Warsaw; "
                "correct the events that state it"
            ) from None


def offsets(zone: str, first_us: int, last_us: int) -> list[tuple[int, int, int]]:
    """Spans (from_us, until_us, offset_us), open at their end, that cover first_us to last_us without gap or overlap.

    >>> [(a // 10**6, o // 10**6) for a, _, o in offsets("Europe/Warsaw", 1767225600000000, 1782864000000000)]
    [(1767225600, 3600), (1774746000, 7200)]
    """
    begin, end = first_us // 1_000_000, last_us // 1_000_000 + 1
    changes = [begin]
    for day in range(begin, end, DAY_S):
        upto = min(day + DAY_S, end)
        if _offset(zone, day) != _offset(zone, upto):
            changes.append(_change(zone, day, upto))
    bounds = [*changes, end]
    return [(a * 1_000_000, b * 1_000_000, _offset(zone, a) * 1_000_000) for a, b in pairwise(bounds) if a < b]


def _change(zone: str, low: int, high: int) -> int:
    """The second at which the offset becomes what it is at `high`."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == _offset(zone, low):
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=1 << 17)
def _offset(zone: str, second: int) -> int:
    return int(Instant.from_timestamp(second).to_tz(zone).offset.total("seconds"))
