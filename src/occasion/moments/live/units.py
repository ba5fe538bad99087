"""The civil unit an instant falls in, looked up once for all events of the same hour."""

from __future__ import annotations

from occasion.moments import calendar
from occasion.moments.definition import CivilUnit

HOUR_US = 3_600_000_000
MOST = 100_000  # hours remembered


class Units:
    """The civil unit an instant falls in, per zone: of every hour seen, the last unit looked up with its bounds."""

    def __init__(self, unit: CivilUnit) -> None:
        self.unit = unit
        self.zones: dict[str, dict[int, tuple[int, int, int]]] = {}

    def number(self, at: int, zone: str) -> int:
        """The same as `calendar.civil_unit`."""
        try:
            begin, end, number = self.zones[zone][at // HOUR_US]
        except KeyError:
            return self._looked_up(at, zone)
        return number if begin <= at < end else self._looked_up(at, zone)

    def _looked_up(self, at: int, zone: str) -> int:
        hours = self.zones.setdefault(zone, {})
        if len(hours) >= MOST:
            hours.clear()
        number = calendar.civil_unit(at, self.unit, zone)
        begin = calendar.unit_begin(number, self.unit, zone)
        hours[at // HOUR_US] = begin, calendar.unit_begin(number + 1, self.unit, zone), number
        return number
