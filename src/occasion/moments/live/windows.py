"""`reach` and `fewer`: the windows that anchors open, and what is counted in them.

Between two instants of the source all windows that begin are alike in what they count, so they form one group with one
count. A group is [total, known, evidence, values, windows], a window [begin, end, at, known, evidence]. With a count
that begins with its anchor there are never more groups than n.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from occasion.events.event import Event
from occasion.moments.calendar import FAR
from occasion.moments.definition import NOW, STRICTLY_LATER, Fewer, Measure, Reach, Silence
from occasion.moments.live.node import Machine, Slots
from occasion.moments.live.state import LONG_AGO, NOTHING, Found, Instant, State, merged, trimmed, united
from occasion.moments.meaning import EVIDENCE_LIMIT, tagged

MICRO = 1_000_000
CROWD = 2 * EVIDENCE_LIMIT  # more windows than this in one group are thinned
TOTAL, KNOWN, EVIDENCE, VALUES, WINDOWS = range(5)


def value_text(measure: Measure, event: Event | None) -> str | None:
    """The value of a distinct measure as text that tells types apart; None if missing."""
    assert event is not None, "distinct and sum are over a selection"
    value = event.field(measure.field)
    return None if value is None else ":".join(tagged(value))


def micros(measure: Measure, event: Event | None) -> int | None:
    """The number of a sum in millionths, exactly; None if missing or not a number."""
    assert event is not None, "distinct and sum are over a selection"
    value = event.field(measure.field)
    return int(value * MICRO) if isinstance(value, Decimal) else None


def threshold(measure: Measure, n: Decimal) -> int | Decimal:
    """The n of a measure in the unit that it is counted in."""
    if measure.kind == "sum":
        return n * MICRO
    return int(n) if n == int(n) else n


class WindowMachine(Machine):
    """Remembers windows that have not begun to count, and the groups of those that have."""

    def __init__(self, slots: Slots, node: Reach | Fewer, anchor: Machine, source: Machine) -> None:
        super().__init__(anchor, source)
        self.measure, self.n = node.measure, threshold(node.measure, node.n)
        self.lo, self.hi = node.lo, node.hi
        self.endless = node.hi is None and node.lo in (NOW, STRICTLY_LATER)
        self.alike = node.lo in (NOW, STRICTLY_LATER)
        self.slot = slots.take(None, None)

    def look(self, s: State, now: Instant, anchors: Sequence[Found], source: Sequence[Found]) -> list[State]:
        """This instant's anchors and points taken in; the groups that reached n, taken out."""
        if anchors and self.lo == NOW:  # the window holds its own instant
            self.open(s, now, anchors)
        reached = self.count(s, now, source) if source else []
        if anchors and self.lo != NOW:
            self.open(s, now, anchors)
        return reached

    def open(self, s: State, now: Instant, anchors: Sequence[Found]) -> None:
        """A window for this instant's anchors; one that could hold nothing is left out."""
        known, evidence, _ = united(anchors)
        window = (now.plus(self.lo), now.plus(self.hi), now.at, known, evidence)
        waiting = s[self.slot]
        if waiting is None:
            s[self.slot] = [window]
        elif self.endless:
            last = waiting[0]
            s[self.slot] = [(window[0], FAR, now.at, min(last[3], known), merged(last[4], evidence))]
        else:
            while waiting and waiting[0][1] <= now.at:  # over without having begun
                del waiting[0]
            waiting.append(window)
            if self.alike and len(waiting) > CROWD:
                s[self.slot] = self.thinned(waiting, now.at)

    def thinned(self, windows: list[State], at: int) -> list[State]:
        """Without windows that nothing will rest on."""
        return windows

    def begin(self, s: State, now: Instant) -> None:
        """Windows that hold this instant form a new group; those already over can hold nothing more."""
        i = self.slot
        begun = [w for w in s[i] if w[0] <= now.at]
        if begun:
            s[i] = [w for w in s[i] if w[0] > now.at] or None
            s[i + 1] = [*(s[i + 1] or ()), [0, LONG_AGO, [], None, begun]]

    def count(self, s: State, now: Instant, source: Sequence[Found]) -> list[State]:
        """This instant's points counted in every group; the groups that reached n, taken out."""
        if s[self.slot]:
            self.begin(s, now)
        reached: list[State] = []
        going: list[State] = []
        for group in s[self.slot + 1] or ():
            group[WINDOWS] = [w for w in group[WINDOWS] if w[1] > now.at]
            if not group[WINDOWS]:
                self.forgotten(s, group)
                continue
            for point in source:
                self.add(group, point)
            (reached if group[TOTAL] >= self.n else going).append(group)
        s[self.slot + 1] = going or None
        return reached

    def forgotten(self, s: State, group: State) -> None:
        """A group whose windows are all over is let go."""

    def add(self, group: State, point: Found) -> None:
        """One more point in a group, if it counts."""
        known, evidence, event = point
        gain: int | None = 1
        if self.measure.kind == "distinct":
            value = value_text(self.measure, event)
            if value is None or value in (group[VALUES] or ()):
                return
            group[VALUES] = [*(group[VALUES] or ()), value]
        elif self.measure.kind == "sum":
            gain = micros(self.measure, event)
            if gain is None:
                return
        group[KNOWN] = max(group[KNOWN], known)
        group[TOTAL] += gain
        if event is not None:
            group[EVIDENCE].append(evidence[0])
            if len(group[EVIDENCE]) > EVIDENCE_LIMIT:
                del group[EVIDENCE][0]
        else:
            group[EVIDENCE] = trimmed(merged(group[EVIDENCE], evidence))


class ReachMachine(WindowMachine):
    """Reached by each window of a group at the same instant; then the group is forgotten, all but its total: what the
    last one let go had, reached or missed, is what its progress says afterwards.
    """

    def __init__(self, slots: Slots, node: Reach, anchor: Machine, source: Machine) -> None:
        super().__init__(slots, node, anchor, source)
        self.last = slots.take(None)

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        anchors, source = self.parts[0].step(s, now), self.parts[1].step(s, now)
        reached: list[Found] = []
        for group in self.look(s, now, anchors, source):
            self.forgotten(s, group)
            reached += _shown(group)
        return (united(reached),) if reached else NOTHING

    def forgotten(self, s: State, group: State) -> None:
        s[self.last] = group[TOTAL]

    def thinned(self, windows: list[State], at: int) -> list[State]:
        """Keeps of windows that begin alike what the instant they reach together may rest on, whenever that is: the
        100 latest keys among those that are still open then, and the earliest known of those.
        """
        kept: list[State] = []
        keys: set[tuple[int, str]] = set()
        earliest = FAR
        for window in sorted((w for w in windows if w[1] > at), key=lambda w: (-w[1], -w[2])):
            floor = sorted(keys)[-EVIDENCE_LIMIT] if len(keys) >= EVIDENCE_LIMIT else None
            shows = any(key not in keys and (floor is None or key > floor) for key in window[4])
            if shows or max(window[3], at) < max(earliest, at):
                kept.append(window)
                keys.update(window[4])
                earliest = min(earliest, window[3])
        return sorted(kept, key=lambda w: int(w[2]))


def _shown(group: State) -> list[Found]:
    return [(max(w[3], group[KNOWN]), merged(w[4], group[EVIDENCE]), None) for w in group[WINDOWS]]


class FewerMachine(WindowMachine):
    """Remembers, besides, when the first window still open may end: the timer. It is never late."""

    def __init__(
        self, slots: Slots, node: Fewer, anchor: Machine, source: Machine, silence: Silence | None = None
    ) -> None:
        super().__init__(slots, node, anchor, source)
        self.silence = silence
        self.timer = slots.alarm()
        self.timers = (*self.timers, self.timer)

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        anchors, source = self.parts[0].step(s, now), self.parts[1].step(s, now)
        if now.came is not None and self.comes_in(now):
            anchors = [*anchors, now.came]
        over = self.expire(s, now) if s[self.timer] <= now.at else []
        self.look(s, now, anchors, source)
        if anchors:
            s[self.timer] = min(s[self.timer], now.plus(self.hi))
        found: list[Found] = [(w[3], w[4], None) for w in over if self.in_stage(w[2], now)]
        return (united(found),) if found else NOTHING

    def tick(self, s: State, now: Instant) -> Sequence[Found]:
        if len(self.timers) > 1:  # something below has timers of its own
            return self.step(s, now)
        over = self.expire(s, now) if s[self.timer] <= now.at else []
        found: list[Found] = [(w[3], w[4], None) for w in over if self.in_stage(w[2], now)]
        return (united(found),) if found else NOTHING

    def comes_in(self, now: Instant) -> bool:
        """Whether the party came into the silence's stage at this instant."""
        silence = self.silence
        return silence is not None and silence.coming_in and now.place is not None and now.place[0] == silence.stage

    def in_stage(self, since: int, now: Instant) -> bool:
        """Whether the party was in the silence's stage from then until now, both included."""
        if self.silence is None:
            return True
        return now.place is not None and now.place[0] == self.silence.stage and now.place[1] <= since

    def expire(self, s: State, now: Instant) -> list[State]:
        """The windows that end now without having reached n, taken out; the timer set to the next end."""
        i = self.slot
        waiting: list[State] = s[i] or []
        if s[i + 1] is None and len(waiting) == 1:
            end = waiting[0][1]
            s[i], s[self.timer] = (None, FAR) if end <= now.at else (waiting, end)
            return waiting if end <= now.at else []
        over = [w for w in waiting if w[1] <= now.at]
        if over:
            s[i] = [w for w in waiting if w[1] > now.at] or None
        for group in s[i + 1] or ():
            over += [w for w in group[WINDOWS] if w[1] <= now.at]
            group[WINDOWS] = [w for w in group[WINDOWS] if w[1] > now.at]
        s[i + 1] = [group for group in s[i + 1] or () if group[WINDOWS]] or None
        left = [w[1] for w in s[i] or ()] + [w[1] for group in s[i + 1] or () for w in group[WINDOWS]]
        s[self.timer] = min(left, default=FAR)
        return over
