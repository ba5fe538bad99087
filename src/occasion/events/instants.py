"""Instants as text, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(at_us: int) -> str:
    """An instant in UTC with microseconds.

    >>> rfc3339(1_709_200_800_000_001)
    '2024-02-29T10:00:00.000001Z'
    """
    return (EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def day_of(at_us: int) -> str:
    """The UTC date of an instant.

    >>> day_of(-1)
    '1969-12-31'
    """
    return (EPOCH + timedelta(microseconds=at_us)).date().isoformat()
