"""`reach` and `fewer` where there is only ever one window at a time: its slots lie in the state itself.

An anchor that comes at most once opens one window; and what counts `no X for D` is closed and opened by every X.
"""

from __future__ import annotations

from collections.abc import Sequence

from occasion.moments.calendar import FAR
from occasion.moments.definition import NOW, STRICTLY_LATER, Did, Fewer, Node, Or, Reach, Start, at_most_once
from occasion.moments.live.node import Machine, Slots
from occasion.moments.live.state import LONG_AGO, NOTHING, Found, Instant, State, merged, trimmed, united
from occasion.moments.live.windows import micros, threshold, value_text
from occasion.moments.meaning import EVIDENCE_LIMIT

BEGIN, END, KNOWN, EVIDENCE, TOTAL, KEYS, VALUES = range(7)  # of the window's slots; a fewer needs no keys


def opens_once(node: Node) -> bool:
    """Whether only one window is ever opened, and none that a stage closes."""
    return isinstance(node, (Reach, Fewer)) and at_most_once(node.anchor) and getattr(node, "silence", None) is None


def silent(node: Node) -> bool:
    """Whether it is `no X for D`: each X closes the window and opens another."""
    if not isinstance(node, Fewer) or node.silence is not None or node.hi is None or node.hi.civil:
        return False
    source = node.measure.source
    one = node.measure.kind == "count" and node.n == 1 and node.lo == STRICTLY_LATER
    return one and isinstance(source, Did) and node.anchor in (source, Or(source, Start()))


class OnceMachine(Machine):
    """The window [begin, end), what shows it, and what was counted. END is LONG_AGO while there is none; the total of
    the last one stays for its progress.
    """

    def __init__(self, slots: Slots, node: Reach | Fewer, anchor: Machine, source: Machine) -> None:
        super().__init__(anchor, source)
        self.measure, self.n = node.measure, threshold(node.measure, node.n)
        self.lo, self.hi = node.lo, node.hi
        self.slot = slots.take(LONG_AGO, LONG_AGO, LONG_AGO, None, 0)
        self.alike = node.lo in (NOW, STRICTLY_LATER)  # begins with its anchor

    def open(self, s: State, now: Instant, anchors: Sequence[Found]) -> None:
        """The window for this instant's anchors."""
        i = self.slot
        known, evidence, _ = united(anchors)
        if not self.alike:
            s[i + BEGIN] = now.plus(self.lo)
        s[i + END], s[i + KNOWN], s[i + EVIDENCE] = now.plus(self.hi), known, evidence

    def close(self, s: State) -> None:
        """No window any more."""
        s[self.slot + END], s[self.slot + EVIDENCE] = LONG_AGO, None

    def counts(self, s: State, now: Instant) -> bool:
        """Whether the window holds this instant."""
        return bool(now.at < s[self.slot + END]) and bool(s[self.slot + BEGIN] <= now.at)

    def gain(self, s: State, point: Found) -> int | None:
        """How much a point adds; None if it does not count."""
        if self.measure.kind == "sum":
            return micros(self.measure, point[2])
        if self.measure.kind == "distinct":
            value, values = value_text(self.measure, point[2]), s[self.slot + self.values]
            if value is None or value in (values or ()):
                return None
            if values is None:
                s[self.slot + self.values] = [value]
            else:
                values.append(value)
        return 1

    values = VALUES


class OnceReachMachine(OnceMachine):
    """KNOWN is that of everything the window rests on; KEYS are the counted ones."""

    def __init__(self, slots: Slots, node: Reach, anchor: Machine, source: Machine) -> None:
        super().__init__(slots, node, anchor, source)
        slots.take(None, *[None] * (node.measure.kind == "distinct"))

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        anchors, source = self.parts[0].step(s, now), self.parts[1].step(s, now)
        if anchors and self.lo == NOW:  # the window holds its own instant
            self.open(s, now, anchors)
        reached: Sequence[Found] = NOTHING
        if source:
            if self.counts(s, now):
                reached = self.counted(s, source)
            elif s[self.slot + END] <= now.at and s[self.slot + EVIDENCE] is not None:
                self.close(s)
        if anchors and self.lo != NOW:
            self.open(s, now, anchors)
        return reached

    def counted(self, s: State, source: Sequence[Found]) -> Sequence[Found]:
        """This instant's points counted."""
        i = self.slot
        for point in source:
            gain = self.gain(s, point)
            if gain is not None:
                known, evidence, event = point
                s[i + TOTAL] += gain
                s[i + KNOWN] = max(s[i + KNOWN], known)
                keys = s[i + KEYS] or []
                s[i + KEYS] = [*keys, evidence[0]][-EVIDENCE_LIMIT:] if event else trimmed(merged(keys, evidence))
        if s[i + TOTAL] < self.n:
            return NOTHING
        found = s[i + KNOWN], merged(s[i + EVIDENCE], s[i + KEYS]), None
        self.close(s)
        return (found,)

    def close(self, s: State) -> None:
        super().close(s)
        s[self.slot + KEYS] = None
        if self.measure.kind == "distinct":
            s[self.slot + VALUES] = None


class OnceFewerMachine(OnceMachine):
    """The timer is the window's end."""

    values = KEYS

    def __init__(self, slots: Slots, node: Fewer, anchor: Machine, source: Machine) -> None:
        super().__init__(slots, node, anchor, source)
        if node.measure.kind == "distinct":
            slots.take(None)
        self.timer = slots.alarm()
        self.timers = (*self.timers, self.timer)

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        anchors, source = self.parts[0].step(s, now), self.parts[1].step(s, now)
        over = self.expire(s) if s[self.timer] <= now.at else NOTHING
        if anchors and self.lo == NOW:
            self.open(s, now, anchors)
        if source and self.counts(s, now):
            for point in source:
                s[self.slot + TOTAL] += self.gain(s, point) or 0
            if s[self.slot + TOTAL] >= self.n:
                self.close(s)
        if anchors and self.lo != NOW:
            self.open(s, now, anchors)
        return over

    def tick(self, s: State, now: Instant) -> Sequence[Found]:
        if len(self.timers) > 1:  # something below has timers of its own
            return self.step(s, now)
        return self.expire(s) if s[self.timer] <= now.at else NOTHING

    def open(self, s: State, now: Instant, anchors: Sequence[Found]) -> None:
        super().open(s, now, anchors)
        s[self.timer] = s[self.slot + END]

    def close(self, s: State) -> None:
        super().close(s)
        s[self.timer] = FAR
        if self.measure.kind == "distinct":
            s[self.slot + self.values] = None

    def expire(self, s: State) -> Sequence[Found]:
        """The window that ends now without having reached n."""
        found = s[self.slot + KNOWN], s[self.slot + EVIDENCE], None
        self.close(s)
        return (found,)


class SilentMachine(Machine):
    """Remembers when the window was opened (None: there is none), known and shown by; the timer is never late."""

    def __init__(self, slots: Slots, node: Fewer, anchor: Machine, source: Machine) -> None:
        super().__init__(anchor, source)
        assert node.hi is not None
        self.length = node.hi.us
        self.slot = slots.take(None, LONG_AGO, None)
        self.timer = slots.alarm()
        self.timers = (self.timer,)

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        over = self.tick(s, now)
        anchors = self.parts[0].step(s, now)
        if anchors:
            i = self.slot
            known, evidence, _ = united(anchors)
            s[i], s[i + 1], s[i + 2] = now.at, known, evidence
            if s[self.timer] >= FAR:
                s[self.timer] = now.at + self.length
        return over

    def tick(self, s: State, now: Instant) -> Sequence[Found]:
        if s[self.timer] > now.at:
            return NOTHING
        i = self.slot
        end = s[i] + self.length
        if end > now.at:
            s[self.timer] = end
            return NOTHING
        found = s[i + 1], s[i + 2], None
        s[i], s[i + 2], s[self.timer] = None, None, FAR
        return (found,)
