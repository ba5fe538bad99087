"""Times as files write them, to UTC microseconds, a column at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from occasion.events.mapping import Unit

ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,12})?)?)?$"
ISO_ZONED = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,12})?)? ?([Zz]|[+-]\d{2}(:?\d{2})?)$"
YMD = r"^\d{8}$"
UNIX = r"^-?\d{1,19}(\.\d{1,9})?$"
PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
MOST_MICROS = Decimal(9 * 10**18)  # what an int64 holds, and a little less
# A count of seconds below this is before the year 5138; the same count of the next finer unit is before it as well.
LIMITS: tuple[tuple[Unit, float], ...] = (("s", 1e11), ("ms", 1e14), ("us", 1e17), ("ns", float("inf")))


def unit_of(sample: Sequence[str], share: float = 0.0) -> Unit | None:
    """How the times of a column are written, from some of its cells; None when no more than this share are times.

    Whole numbers are dates YYYYMMDD if all of them can be, else a unix time whose unit follows from the largest.
    """
    cells = pa.array([cell.strip() for cell in sample if cell.strip()], pa.string())
    iso = _count(pc.or_(_matches(cells, ISO), _matches(cells, ISO_ZONED)))
    unix = cells.filter(_matches(cells, UNIX))
    if max(iso, len(unix)) <= share * len(cells):
        return None
    if iso >= len(unix):
        return "iso"
    if pc.all(_matches(unix, YMD)).as_py() and to_micros(unix, "ymd", "UTC").null_count == 0:
        return "ymd"
    largest = max(abs(float(cell)) for cell in unix.to_pylist())
    return next(unit for unit, limit in LIMITS if largest < limit)


def _count(mask: Any) -> int:
    return int(pc.sum(mask).as_py() or 0)


def looks_like_time(sample: Sequence[str]) -> bool:
    """Whether cells of a column without a telling name are times: ISO, YYYYMMDD, or unix times of 1990 to 2100."""
    unit = unit_of(sample, share=0.9)
    if unit in (None, "iso", "ymd"):
        return unit is not None
    micros = to_micros(pa.array([cell.strip() for cell in sample], pa.string()), unit, "UTC").drop_null()
    low, high = 631_152_000_000_000, 4_102_444_800_000_000
    return len(micros) > 0 and all(low <= value < high for value in micros.to_pylist())


def _matches(cells: Any, pattern: str) -> Any:
    return pc.fill_null(pc.match_substring_regex(cells, pattern), False)


def to_micros(cells: Any, unit: Unit, zone: str) -> Any:
    """Text cells as int64 UTC microseconds; null where a cell is no time of this unit.

    `zone`: the IANA zone of times that state none; a time skipped by a clock change moves forward, a doubled one is the
    earlier. Fractions finer than a microsecond are cut off.
    """
    if unit == "iso":
        return _iso(cells, zone)
    if unit == "ymd":
        good = pc.if_else(_matches(cells, YMD), cells, None)
        parts = [pc.utf8_slice_codeunits(good, *span) for span in ((0, 4), (4, 6), (6, 8))]
        return _iso(pc.binary_join_element_wise(*parts, "-"), zone)
    return _unix(cells, unit)


def _unix(cells: Any, unit: Unit) -> Any:
    good = pc.if_else(_matches(cells, UNIX), cells, None)
    exact = pc.cast(good, pa.decimal128(28, 9))
    if unit == "ns":
        return _thousandth(pc.cast(pc.floor(exact), pa.int64(), safe=False))
    micros = pc.floor(pc.multiply(exact, pa.scalar(Decimal(1_000_000 // PER_SECOND[unit]), pa.decimal128(7, 0))))
    inside = pc.less(pc.abs(micros), pa.scalar(MOST_MICROS, micros.type))
    return pc.cast(pc.if_else(inside, micros, None), pa.int64())


def unix_micros(values: Any, unit: Unit) -> Any:
    """Whole or floating unix times as int64 UTC microseconds; null for NaN and for what no int64 holds."""
    factor = 1_000_000 / PER_SECOND[unit]
    inside = pc.less(pc.abs(pc.cast(values, pa.float64(), safe=False)), 9e18 / max(factor, 1.0))
    good = pc.if_else(pc.fill_null(inside, False), values, None)
    if pa.types.is_floating(values.type):
        return pc.cast(pc.round(pc.multiply(pc.cast(good, pa.float64()), factor)), pa.int64())
    whole = pc.cast(good, pa.int64())
    return _thousandth(whole) if unit == "ns" else pc.multiply(whole, int(factor))


def _thousandth(whole: Any) -> Any:
    """Whole numbers divided by 1000, rounded down (Arrow's own division rounds to zero)."""
    quotient = pc.divide(whole, 1000)
    below = pc.less(whole, pc.multiply(quotient, 1000))
    return pc.if_else(below, pc.subtract(quotient, 1), quotient)


def _iso(cells: Any, zone: str) -> Any:
    cells = pc.replace_substring_regex(cells, r"[.,](\d{1,6})\d*", r".\1")
    zoned = _matches(cells, ISO_ZONED)
    local = pc.and_not(_matches(cells, ISO), zoned)
    here = _local_to_utc(_cast(pc.if_else(local, cells, None), pa.timestamp("us")), zone)
    if not pc.any(zoned).as_py():
        return here
    upper = pc.replace_substring(pc.utf8_upper(pc.if_else(zoned, cells, None)), " +", "+")
    upper = pc.replace_substring_regex(upper, r" ([Z-])", r"\1")
    there = pc.cast(_cast(upper, pa.timestamp("us", "UTC")), pa.int64())
    return pc.coalesce(here, there)


def _cast(cells: Any, kind: Any) -> Any:
    """The cast, with null where it fails: halves the column around what cannot be read (a 30 February is rare)."""
    cells = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
    try:
        return pc.cast(cells, kind)
    except pa.ArrowInvalid:
        if len(cells) == 1:
            return pa.nulls(1, kind)
        middle = len(cells) // 2
        return pa.concat_arrays([_cast(cells[:middle], kind), _cast(cells[middle:], kind)])


def _local_to_utc(local: Any, zone: str) -> Any:
    if zone == "UTC":
        return pc.cast(local, pa.int64())
    early = pc.assume_timezone(local, zone, ambiguous="earliest", nonexistent="earliest")
    late = pc.assume_timezone(local, zone, ambiguous="earliest", nonexistent="latest")
    micros = pc.cast(late, pa.int64())
    skipped = pc.fill_null(pc.not_equal(pc.cast(early, pa.int64()), micros), False)
    if not pc.any(skipped).as_py():
        return micros
    moved = [_moved(value, zone) for value in local.filter(skipped).to_pylist()]
    return pc.replace_with_mask(micros, skipped, pa.array(moved, pa.int64()))


def _moved(local: dt.datetime, zone: str) -> int:
    """An hour the clocks skipped, moved forward by as much as they moved."""
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (local.replace(tzinfo=ZoneInfo(zone)) - epoch) // dt.timedelta(microseconds=1)


def arrow_time(values: Any, zone: str) -> Any:
    """A date or timestamp column as int64 UTC microseconds; one without a zone is read in `zone`."""
    if pa.types.is_date(values.type):
        return _local_to_utc(pc.cast(values, pa.timestamp("us")), zone)
    micros = pc.cast(values, pa.timestamp("us", values.type.tz), safe=False)
    return pc.cast(micros, pa.int64()) if values.type.tz else _local_to_utc(micros, zone)


def year_counts(micros: Any) -> tuple[int, int]:
    """How many instants lie in 1970 or before, and how many in 2100 or after: both usually mean a broken clock."""
    values = micros.to_numpy(zero_copy_only=False)
    return int(np.count_nonzero(values < 31_536_000_000_000)), int(np.count_nonzero(values >= 4_102_444_800_000_000))
