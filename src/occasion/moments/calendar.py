"""Civil time: months and years from an anchor, and the civil unit an instant falls in. UTC microseconds in and out."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from whenever import Instant, ZonedDateTime

from occasion.moments.definition import CivilUnit, Period

FAR = 1 << 62  # later than every instant: the end of a window that has none


@lru_cache(maxsize=65536)
def _add_months(at_us: int, months: int, zone: str) -> int:
    wall = Instant.from_timestamp(at_us, unit="microsecond").to_tz(zone).to_plain()
    try:  # by the wall clock alone: with its offset, a time of winter would come back as the later of a doubled hour
        moved = wall.add(months=months).assume_tz(zone, disambiguation="compatible")
    except ValueError:  # past the year 9999
        return FAR
    return int(moved.timestamp(unit="microsecond"))


def add(at_us: int, period: Period | None, zone: str) -> int:
    """The instant `period` after `at_us`; None is for ever. Months and years by the wall clock of `zone`.

    The day is clipped to the month, a time skipped by a clock change moves forward, a doubled one is the earlier.

    >>> at = Instant.from_utc(2024, 2, 29, 12).timestamp() * 10**6
    >>> str(Instant.from_timestamp(add(at, Period(1, "year"), "UTC") // 10**6))
    '2025-02-28T12:00:00Z'
    """
    if period is None:
        return FAR
    if not period.civil:
        return at_us + period.us
    return _add_months(at_us, period.months, zone)


def civil_unit(at_us: int, unit: CivilUnit, zone: str) -> int:
    """The number of the civil day, week (from Monday), month or year that the instant falls in; consecutive ones differ
    by 1.
    """
    return unit_of_day(local_day(at_us, zone), unit)


def local_day(at_us: int, zone: str) -> int:
    """The proleptic ordinal of the local date."""
    local: ZonedDateTime = Instant.from_timestamp(at_us, unit="microsecond").to_tz(zone)
    return local.date().to_stdlib().toordinal()


def unit_of_day(ordinal: int, unit: CivilUnit) -> int:
    """The number of the civil unit a date (by its ordinal; 1 is a Monday) falls in."""
    if unit == "day":
        return ordinal
    if unit == "week":
        return (ordinal - 1) // 7
    day = date.fromordinal(ordinal)
    return day.year if unit == "year" else day.year * 12 + day.month - 1


def unit_begin(number: int, unit: CivilUnit, zone: str) -> int:
    """The first instant of a civil unit by its number (see `civil_unit`), in the zone.

    >>> civil_unit(unit_begin(2900, "week", "Europe/Warsaw"), "week", "Europe/Warsaw")
    2900
    """
    if unit in ("day", "week"):
        day = date.fromordinal(number if unit == "day" else number * 7 + 1)
    else:
        day = date(number, 1, 1) if unit == "year" else date(number // 12, number % 12 + 1, 1)
    local = ZonedDateTime(day.year, day.month, day.day, tz=zone)
    return int(local.timestamp(unit="microsecond"))
