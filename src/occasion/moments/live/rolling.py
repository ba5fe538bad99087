"""`rolling`: a measure over the last W, at the edge."""

from __future__ import annotations

from collections.abc import Sequence

from occasion.moments.definition import Rolling
from occasion.moments.live.node import Machine, Slots
from occasion.moments.live.state import NOTHING, Found, Instant, State, resting
from occasion.moments.live.windows import micros, threshold, value_text


class RollingMachine(Machine):
    """Remembers points [at, known, evidence, gain or value], and whether it held.

    A count remembers the last n, one after another in one list [at, known, evidence, at, ...]: it was not held before
    an edge, so that the window had fewer. Distinct needs the latest of each of the last n values; a sum all of the
    window.
    """

    def __init__(self, slots: Slots, node: Rolling, source: Machine) -> None:
        super().__init__(source)
        self.measure, self.n, self.within = node.measure, threshold(node.measure, node.n), node.within.us
        self.kind = node.measure.kind
        self.slot = slots.take(None, False)

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        source = self.parts[0].step(s, now)
        if not source:
            return NOTHING
        i, begin = self.slot, now.at - self.within
        if self.kind == "count":
            flat: State = s[i] or []
            s[i] = flat
            for known, evidence, _ in source:
                flat.extend((now.at, known, evidence))
            window = [p for p in self.points(s) if p[0] > begin]
            del flat[: -3 * int(self.n)]
        else:
            window = [p for p in s[i] or () if p[0] > begin]
            for point in source:
                window = self.taken(window, now.at, point)
            s[i] = window if self.kind == "sum" else window[-int(self.n) :]
        total = sum(p[3] for p in window) if self.kind == "sum" else len(window)
        held, s[i + 1] = s[i + 1], bool(window) and total >= self.n
        if held or not s[i + 1]:
            return NOTHING
        return (resting(*((p[1], p[2]) for p in window)),)

    def taken(self, window: list[State], at: int, point: Found) -> list[State]:
        """The window with one more point of a sum or a distinct count, if it counts."""
        known, evidence, event = point
        if self.kind == "sum":
            gain = micros(self.measure, event)
            return window if gain is None else [*window, [at, known, evidence, gain]]
        value = value_text(self.measure, event)
        if value is None:
            return window
        return [*(p for p in window if p[3] != value), [at, known, evidence, value]]

    def points(self, s: State) -> list[State]:
        """The points remembered, each [at, known, evidence, gain or value]."""
        flat = s[self.slot] or []
        return [[*flat[k : k + 3], 1] for k in range(0, len(flat), 3)] if self.kind == "count" else flat
