"""Quiet hours: from one time of day to another by the party's own clock, over midnight and clock changes alike."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Literal

from whenever import Instant, PlainDateTime, ZonedDateTime

from occasion.moments.zones import offsets

DAY_US = 86_400_000_000
DAYS_AHEAD = 3  # an end skipped by a clock change comes at the latest then
SIDES: tuple[Literal["earlier", "later"], ...] = ("earlier", "later")


def is_quiet(start: str, end: str, zone: str, now: int) -> bool:
    """Whether the wall clock of `zone` stands in [start, end) at `now` (UTC microseconds); both are written 21:00.

    Over midnight if the end is not after the start; never if they are equal.

    >>> at = int(Instant.from_utc(2026, 3, 2, 22, 30).timestamp()) * 10**6
    >>> is_quiet("21:00", "08:00", "Europe/London", at), is_quiet("21:00", "08:00", "America/New_York", at)
    (True, False)
    """
    clock = _local(zone, now).time().to_stdlib()
    first, last = time.fromisoformat(start), time.fromisoformat(end)
    if first == last:
        return False
    return first <= clock < last if first < last else clock >= first or clock < last


def quiet_until(start: str, end: str, zone: str, now: int) -> int | None:
    """When the quiet hours that hold at `now` are over (UTC microseconds); None when it is not quiet now.

    An end that a clock change skips comes when the clocks have moved on; one that comes twice may be either.
    """
    if not is_quiet(start, end, zone, now):
        return None
    today = _local(zone, now).date().to_stdlib()
    last = time.fromisoformat(end)
    ends = {begin for begin, _, _ in offsets(zone, now, now + DAYS_AHEAD * DAY_US)}  # a clock change may end them
    for ahead in range(DAYS_AHEAD):
        day = today + timedelta(days=ahead)
        wall = PlainDateTime(day.year, day.month, day.day, last.hour, last.minute)
        ends |= {int(wall.assume_tz(zone, disambiguation=side).timestamp(unit="microsecond")) for side in SIDES}
    return next(at for at in sorted(ends) if at > now and not is_quiet(start, end, zone, at))


def _local(zone: str, now: int) -> ZonedDateTime:
    return Instant.from_timestamp(now, unit="microsecond").to_tz(zone)
