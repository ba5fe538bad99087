"""`rolling`: a measure over the last W, at the edge."""

from __future__ import annotations

from collections.abc import Sequence

from occasion.moments.definition import Rolling
from occasion.moments.live.node import Machine, Slots
from occasion.moments.live.state import NOTHING, Found, Instant, State, resting
from occasion.moments.live.windows import micros, threshold, value_text


class RollingMachine(Machine):
    """Remembers the points that may still count, [at, known, evidence, gain or value], and whether it held.

    A count needs the last n: it was not held before an edge, so that the window had fewer. Distinct needs the latest of
    each of the last n values; a sum all of the window.
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
        i = self.slot
        window: list[State] = [p for p in s[i] or () if p[0] > now.at - self.within]
        for known, evidence, event in source:
            if self.kind == "count":
                window.append([now.at, known, evidence, 1])
            elif self.kind == "sum":
                gain = micros(self.measure, event)
                if gain is not None:
                    window.append([now.at, known, evidence, gain])
            elif (value := value_text(self.measure, event)) is not None:
                window = [p for p in window if p[3] != value]
                window.append([now.at, known, evidence, value])
        total = sum(p[3] for p in window) if self.kind == "sum" else len(window)
        held, s[i + 1] = s[i + 1], bool(window) and total >= self.n
        s[i] = window if self.kind == "sum" else window[-int(self.n) :]
        if held or not s[i + 1]:
            return NOTHING
        return (resting(*((p[1], p[2]) for p in window)),)
