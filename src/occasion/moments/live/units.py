"""The civil unit an instant falls in, looked up once for all events of the same unit."""

from __future__ import annotations

from occasion.moments import calendar
from occasion.moments.definition import CivilUnit


class Units:
    """The civil unit an instant falls in, per zone: the last one looked up is kept with its bounds."""

    def __init__(self, unit: CivilUnit) -> None:
        self.unit = unit
        self.last: dict[str, tuple[int, int, int]] = {}

    def number(self, at: int, zone: str) -> int:
        """The same as `calendar.civil_unit`."""
        begin, end, number = self.last.get(zone, (0, 0, 0))
        if not begin <= at < end:
            number = calendar.civil_unit(at, self.unit, zone)
            self.last[zone] = (
                calendar.unit_begin(number, self.unit, zone),
                calendar.unit_begin(number + 1, self.unit, zone),
                number,
            )
        return number
