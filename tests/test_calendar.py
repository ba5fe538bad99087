"""Months and years by the wall clock, where the clock changes; and that nought has no sign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from occasion.events.event import Event, number
from occasion.moments.calendar import FAR, add
from occasion.moments.definition import Period
from occasion.moments.meaning import meaning
from occasion.moments.progress import progress_of
from occasion.moments.text import read


def micros(text: str) -> int:
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )


@pytest.mark.parametrize(
    ("at", "months", "comes"),
    [
        ("2026-09-25T00:30", 1, "2026-10-25T00:30"),  # 02:30 of summer: the hour is doubled, the earlier is meant
        ("2025-11-25T01:30", 11, "2026-10-25T00:30"),  # 02:30 of winter: the earlier all the same
        ("2026-10-25T01:30", 1, "2026-11-25T01:30"),  # from the later 02:30 of the doubled hour
        ("2026-02-28T01:30", 1, "2026-03-28T01:30"),
        ("2026-02-28T01:30:00.000001", 13, "2027-03-28T01:30:00.000001"),  # 02:30 is skipped: it moves forward
        ("2024-02-29T12:00", 12, "2025-02-28T12:00"),
        ("2024-02-29T12:00", 48, "2028-02-29T12:00"),
    ],
)
def test_months_by_the_wall_clock(at: str, months: int, comes: str) -> None:
    assert add(micros(at), Period(months, "month"), "Europe/Warsaw") == micros(comes)


def test_past_the_year_9999_is_never() -> None:
    assert add(micros("9990-01-01T00:00"), Period(20, "year"), "UTC") == FAR
    assert add(micros("9999-12-31T23:00"), Period(1, "month"), "America/New_York") == FAR


def test_nought_below_nought_is_the_same_value() -> None:
    noughts = [number(-0.0), number("-0.0000001"), number(0)]
    assert [str(one) for one in noughts] == ["0.000000"] * 3
    days = [micros(f"2026-01-0{day}T10:00") for day in (1, 2, 3)]
    log = [
        Event(party="p", name="o", at=at, seen=at, id=str(at), properties={"x": nought})
        for at, nought in zip(days, noughts, strict=True)
        if nought is not None
    ]
    assert meaning(read("distinct(x of o) >= 2"), log, days[2]) == []
    assert [o.at for o in meaning(read("3rd o per x"), log, days[2])] == [days[2]]
    assert progress_of(read("distinct(x of o) >= 2"), log, days[2])[None].have == 1
