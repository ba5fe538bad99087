"""Dates as people know them: a day, a month, a day without its year. Civil dates throughout, never an instant.

29 October is 29 October, in whatever zone the reader or the party is. A date is turned into "today" only by the party's
own calendar (`today_in`), never by converting a midnight.
"""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import date

from whenever import Instant

from occasion.errors import InputError

FORMS = "2026-05-12, 2026-05, 2026, --05-12 (no year) or --05"
_FORMS = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"),
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"),
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})"),
    re.compile(r"(?P<year>\d{4})"),
    re.compile(r"--(?P<month>\d{2})-?(?P<day>\d{2})"),
    re.compile(r"--(?P<month>\d{2})"),
)
LEAP_YEAR = 2000  # any: in it 29 February exists


@dataclass(frozen=True)
class Span:
    """The civil days from `first` to `last`, both included; one day where a date names one."""

    first: date
    last: date


@dataclass(frozen=True)
class PartialDate:
    """A date of which the year, or the day, or month and day may be unknown (None)."""

    year: int | None
    month: int | None
    day: int | None

    def __str__(self) -> str:
        """The one way it is written: see FORMS."""
        if self.month is None:
            return f"{self.year:04d}"
        head = "--" if self.year is None else f"{self.year:04d}-"
        return f"{head}{self.month:02d}" + ("" if self.day is None else f"-{self.day:02d}")

    def on(self, year: int) -> Span:
        """The days it means in `year`; 29 February is 28 February where there is no 29th.

        >>> str(read_partial("--02-29").on(2027).first), str(read_partial("--02-29").on(2028).first)
        ('2027-02-28', '2028-02-29')
        """
        if self.month is None:
            return Span(date(year, 1, 1), date(year, 12, 31))
        most = monthrange(year, self.month)[1]
        if self.day is None:
            return Span(date(year, self.month, 1), date(year, self.month, most))
        day = date(year, self.month, min(self.day, most))
        return Span(day, day)

    def next(self, today: date, *, yearly: bool = False) -> Span | None:
        """The next days it means, today's included; None when it is over for good.

        A date without a year comes every year; one with a year only if `yearly` (a birthday), from that year on.

        >>> read_partial("2026-05").next(date(2026, 5, 20)).first
        datetime.date(2026, 5, 1)
        >>> read_partial("2026-05").next(date(2026, 6, 1)) is None
        True
        """
        if self.year is not None and (not yearly or self.month is None):
            only = self.on(self.year)
            return only if only.last >= today else None
        begin = max(today.year, self.year or today.year)
        for year in range(begin, min(begin + 2, date.max.year + 1)):
            span = self.on(year)
            if span.last >= today:
                return span
        return None

    def years_by(self, span: Span) -> int | None:
        """How many years it will be by then (whom a birthday makes how old); None where the year is unknown."""
        return None if self.year is None else span.first.year - self.year


def read_partial(text: str) -> PartialDate:
    """A partial date as written in one of FORMS (`20260512` and `--0512` too); InputError for anything else.

    >>> str(read_partial("--0412")), str(read_partial("20260512"))
    ('--04-12', '2026-05-12')
    """
    written = text.strip()
    for form in _FORMS:
        match = form.fullmatch(written)
        if match:
            given = {key: int(value) for key, value in match.groupdict().items()}
            return _checked(PartialDate(given.get("year"), given.get("month"), given.get("day")), written)
    raise InputError(f"date {written[:40]!r}: is not a date; write {FORMS}")


def _checked(found: PartialDate, written: str) -> PartialDate:
    year, month, day = found.year, found.month, found.day
    if year is not None and year < 1:
        raise InputError(f"date {written!r}: there is no year 0; write {FORMS}")
    if month is not None and not 1 <= month <= 12:
        raise InputError(f"date {written!r}: there is no month {month}; write {FORMS}")
    if month is not None and day is not None:
        of = LEAP_YEAR if year is None else year
        if not 1 <= day <= monthrange(of, month)[1]:
            hint = f" ({of} is no leap year)" if month == 2 and day == 29 and not isleap(of) else ""
            raise InputError(f"date {written!r}: there is no day {day} in that month{hint}; write {FORMS}")
    return found


def today_in(zone: str, now: int) -> date:
    """The date on the calendar of `zone` at the instant `now` (UTC microseconds)."""
    return Instant.from_timestamp(now, unit="microsecond").to_tz(zone).date().to_stdlib()
