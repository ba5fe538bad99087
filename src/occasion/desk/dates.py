"""Days as people mean them: local dates, where a day begins and ends, months."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from whenever import Instant, ZonedDateTime

US = 1_000_000
DAY_US = 86_400 * US
QUARTER_US = 900 * US


def local(at_us: int, zone: str) -> ZonedDateTime:
    """The instant on the wall clock of a zone."""
    return Instant.from_timestamp(at_us, unit="microsecond").to_tz(zone)


def local_date(at_us: int, zone: str) -> date:
    """The date of an instant in a zone."""
    return local(at_us, zone).date().to_stdlib()


@lru_cache(maxsize=4096)
def day_begin(day: date, zone: str) -> int:
    """The first instant of a date in a zone.

    >>> day_begin(date(2026, 3, 2), "Europe/Warsaw") == day_begin(date(2026, 3, 2), "UTC") - 3600 * US
    True
    """
    at = ZonedDateTime(day.year, day.month, day.day, tz=zone)
    return int(at.timestamp(unit="microsecond"))


def day_of(at_us: int, zone: str) -> tuple[int, int]:
    """The day an instant lies in: its first instant and the first of the next day."""
    return _day_of(at_us // QUARTER_US, zone)


@lru_cache(maxsize=4096)
def _day_of(quarter: int, zone: str) -> tuple[int, int]:
    """The same for a quarter of an hour: every zone's days begin with one."""
    day = local_date(quarter * QUARTER_US, zone)
    return day_begin(day, zone), day_begin(day + timedelta(days=1), zone)


def month_before(at_us: int, zone: str) -> tuple[str, int, int]:
    """The civil month before the one an instant lies in: "2026-02", its first instant, the first of the next."""
    first = local_date(at_us, zone).replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    return before.isoformat()[:7], day_begin(before, zone), day_begin(first, zone)


def local_text(at_us: int, zone: str) -> str:
    """An instant for a terminal: date and minute in the zone.

    >>> local_text(1_772_442_000_000_000, "Europe/Warsaw")
    '2026-03-02 10:00'
    """
    at = local(at_us, zone)
    return f"{at.date().to_stdlib().isoformat()} {at.hour:02d}:{at.minute:02d}"
