"""Days as a recipient counts them, and dates that a text or a detail names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december")  # fmt: skip
_MONTH = "|".join(f"{month}|{month[:3]}(?=[ .,]|$)" for month in MONTHS)
_NAMED = re.compile(
    rf"(?i)\b(?:(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? )?({_MONTH})\.?(?: (\d{{1,2}})(?:st|nd|rd|th)?(?!\d))?"
    r"(?:,? (\d{4}))?"
)
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_PART = re.compile(r"(?i)\b(early|beginning of|start of|mid|middle of|late|end of)(?: in)?[ -]*$")


@dataclass(frozen=True)
class Days:
    """A day or a stretch of days that is named, both ends in it."""

    first: date
    last: date

    def away(self, today: date) -> int:
        """How many days from today: positive ahead, negative past, 0 within."""
        if self.first > today:
            return (self.first - today).days
        return min((self.last - today).days, 0)


def date_in(at_us: int, zone: str) -> date:
    """The date of an instant in a zone."""
    return datetime.fromtimestamp(at_us // 1_000_000, _zone(zone)).date()


def hour_in(at_us: int, zone: str) -> int:
    """The hour of an instant in a zone."""
    return datetime.fromtimestamp(at_us // 1_000_000, _zone(zone)).hour


@lru_cache(maxsize=256)
def _zone(zone: str) -> ZoneInfo:
    return ZoneInfo(zone)


def days_named(text: str, written: date) -> Iterator[Days]:
    """The days a text names, read as written on that day: a day without a year is the nearest one.

    A month alone is all of it; "in May" counts, "may" as a verb does not.

    >>> [str(one.first) for one in days_named("a marathon on 21 June, starts school in May", date(2026, 4, 2))]
    ['2026-06-21', '2026-05-01']
    """
    for match in _ISO.finditer(text):
        found = _day(int(match[1]), int(match[2]), int(match[3]))
        if found is not None:
            yield Days(found, found)
    for match in _NAMED.finditer(text):
        before, month, after, year = match.groups()
        if month.islower() or (month.lower() == "may" and not _a_month(text, match)):
            continue
        number = next(i for i, name in enumerate(MONTHS, 1) if name.startswith(month.lower()[:3]))
        yield from _named(number, before or after, year, written, text[: match.start()])


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CALLED = re.compile(
    rf"(?i)\b(today|tonight|this (?:morning|afternoon|evening)|yesterday|tomorrow|{'|'.join(WEEKDAYS)})\b"
)


def days_called(text: str, today: date) -> Iterator[Days]:
    """The days a text calls by how they lie to today; a weekday is both the one before and the one after.

    >>> [str(one.first) for one in days_called("See you tomorrow, or on Monday", date(2026, 4, 2))]
    ['2026-04-03', '2026-03-30', '2026-04-06']
    """
    for match in _CALLED.finditer(text):
        called = match[1].lower()
        if called in WEEKDAYS:
            ahead = (WEEKDAYS.index(called) - today.weekday()) % 7
            moves = [ahead - 7, ahead]
        else:
            moves = [-1 if called == "yesterday" else 1 if called == "tomorrow" else 0]
        for move in moves:
            yield Days(today + timedelta(days=move), today + timedelta(days=move))


def _a_month(text: str, match: re.Match[str]) -> bool:
    return bool(
        match[1]
        or match[3]
        or match[4]
        or re.search(r"(?i)\b(?:in|of|since|until|by|next|last|early|late) $", text[: match.start()])
    )


def _named(month: int, day: str | None, year: str | None, written: date, before: str) -> Iterator[Days]:
    years = [int(year)] if year else [written.year - 1, written.year, written.year + 1]
    found: list[Days] = []
    for one in years:
        if day:
            exact = _day(one, month, int(day))
            if exact is not None:
                found.append(Days(exact, exact))
        else:
            found.append(_of_month(one, month, before))
    if found:
        yield min(found, key=lambda days: abs(days.away(written)))


def _of_month(year: int, month: int, before: str) -> Days:
    first = date(year, month, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    part = _PART.search(before)
    if part is None:
        return Days(first, last)
    if part[1].lower() in ("early", "beginning of", "start of"):
        return Days(first, first + timedelta(days=9))
    if part[1].lower() in ("mid", "middle of"):
        return Days(first + timedelta(days=9), first + timedelta(days=19))
    return Days(last - timedelta(days=9), last)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def said_day(day: date, today: date) -> str:
    """A date in words, with its year where it is another.

    >>> said_day(date(2026, 3, 2), date(2026, 4, 1))
    '2 March'
    """
    return f"{day.day} {day:%B}" if day.year == today.year else f"{day.day} {day:%B %Y}"
