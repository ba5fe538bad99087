"""The nodes without windows, one instant at a time. What each means is in `meaning.py`; here is what each remembers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from occasion.moments import calendar
from occasion.moments.calendar import FAR
from occasion.moments.definition import CivilUnit, Period, Selection
from occasion.moments.live.choose import chooses
from occasion.moments.live.state import LONG_AGO, NOTHING, Found, Instant, State, resting, united


class Slots:
    """Where slots are given out; `initial` is the state before anything happened. Timers lie side by side after the
    head, so that the earliest is found at one go.
    """

    def __init__(self, timers: int, *head: Any) -> None:
        self.begin = self.timer = len(head)
        self.initial: State = [*head, *[FAR] * timers]
        self.end = len(self.initial)

    def take(self, *initial: Any) -> int:
        """Slots one after another; the first one's index."""
        self.initial.extend(initial)
        return len(self.initial) - len(initial)

    def alarm(self) -> int:
        """The next slot for a timer."""
        assert self.timer < self.end, "more timers than were counted"
        self.timer += 1
        return self.timer - 1


class Machine:
    """A node with everything below it. `slot`: its first own slot in the definition's state. `timers`: the slots, its
    own and those below, that hold the next instant at which it must be called although nothing happens; FAR if none.
    """

    def __init__(self, *parts: Machine) -> None:
        self.parts = parts
        self.slot = 0
        self.timers: tuple[int, ...] = tuple(timer for part in parts for timer in part.timers)

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        """What is reached at this instant: for a selection a point an event, otherwise at most one.

        Called at every instant at which an event that the pattern can see happened, a timer is due, the party starts
        or changes its stage; calling it at another one changes nothing.
        """
        raise NotImplementedError

    def tick(self, s: State, now: Instant) -> Sequence[Found]:
        """The same at an instant at which nothing happened but a timer of the definition is due."""
        return self.step(s, now)


class DidMachine(Machine):
    """Remembers nothing."""

    def __init__(self, selection: Selection) -> None:
        super().__init__()
        self.chooses = chooses(selection)

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        return [(e.seen, ((e.at, e.id),), e) for e in now.events if self.chooses(e)]


class StartMachine(Machine):
    """Remembers nothing of its own: that the party has started is the party's."""

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        return (now.start,) if now.start is not None else NOTHING


class OrMachine(Machine):
    """Remembers nothing."""

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        found = [*self.parts[0].step(s, now), *self.parts[1].step(s, now)]
        return (united(found),) if found else NOTHING


class LatchMachine(Machine):
    """What can be reached only once forgets everything below it when it was."""

    def __init__(self, slots: Slots, first: int, *parts: Machine) -> None:
        super().__init__(*parts)
        self.below = slice(first, len(slots.initial))
        self.blank = slots.initial[self.below]

    def forget(self, s: State) -> None:
        """Back to the beginning for everything below: no timer of theirs is due any more."""
        s[self.below] = self.blank
        for timer in self.timers:
            s[timer] = FAR


class NthMachine(LatchMachine):
    """Remembers how many there were, and since when all of them are known."""

    def __init__(self, slots: Slots, first: int, pattern: Machine, k: int, every: bool) -> None:
        super().__init__(slots, first, pattern)
        self.k, self.every = k, every
        self.slot = slots.take(0, LONG_AGO)

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        i = self.slot
        if s[i] >= self.k and not self.every:
            return NOTHING
        reached: list[Found] = []
        for known, evidence, _ in self.parts[0].step(s, now):
            s[i + 1] = max(s[i + 1], known)
            s[i] += 1
            if s[i] % self.k == 0:
                reached.append((s[i + 1], evidence, None))
                if not self.every:
                    self.forget(s)
                    break
        return (united(reached),) if reached else NOTHING


class AndMachine(LatchMachine):
    """Remembers of each side the instant that lasts longest, and whether both held at the last own instant."""

    def __init__(self, slots: Slots, first: int, left: Machine, right: Machine, within: Period | None) -> None:
        super().__init__(slots, first, left, right)
        self.within = within
        self.slot = slots.take(None, None, False)

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        i = self.slot
        if s[i + 2] and self.within is None:
            return NOTHING
        sides = [self.parts[0].step(s, now), self.parts[1].step(s, now)]
        if not (sides[0] or sides[1]):
            return NOTHING
        for j, found in enumerate(sides):
            if found:
                s[i + j] = lasting(s[i + j], found, now, self.within)
        left, right = s[i], s[i + 1]
        held = s[i + 2]
        s[i + 2] = left is not None and right is not None and left[0] > now.at and right[0] > now.at
        if held or not s[i + 2]:
            return NOTHING
        if self.within is None:
            self.forget(s)
            s[i] = s[i + 1] = None
        return (resting((left[2], left[3]), (right[2], right[3])),)


class AfterMachine(Machine):
    """Remembers of the anchor the instant that lasts longest."""

    def __init__(self, slots: Slots, anchor: Machine, pattern: Machine, within: Period | None) -> None:
        super().__init__(anchor, pattern)
        self.within = within
        self.slot = slots.take(None)

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        anchors, found = self.parts[0].step(s, now), self.parts[1].step(s, now)
        last = s[self.slot]
        reached = NOTHING
        if found and last is not None and last[0] > now.at:
            known, evidence, _ = united(found)
            reached = (resting((last[2], last[3]), (known, evidence)),)
        if anchors:  # after the pattern was looked at: an anchor comes strictly before
            s[self.slot] = lasting(last, anchors, now, self.within)
        return reached


def lasting(last: State | None, found: Sequence[Found], now: Instant, within: Period | None) -> State:
    """Of the instant remembered and this one, that whose window ends later, as [end, at, known, evidence]; the later
    one if they end together. What ends earlier can never be the longest lasting again.
    """
    end = now.plus(within)
    if last is not None and last[0] > end:
        return last
    known, evidence, _ = united(found)
    return [end, now.at, known, evidence]


class StreakMachine(Machine):
    """Remembers the unit, how many in a row, and while the run is short what shows it."""

    def __init__(self, slots: Slots, pattern: Machine, n: int, unit: CivilUnit) -> None:
        super().__init__(pattern)
        self.n, self.unit = n, unit
        self.slot = slots.take(None, 0, 0, None)

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        found = self.parts[0].step(s, now)
        if not found:
            return NOTHING
        i = self.slot
        unit, last = calendar.civil_unit(now.at, self.unit, now.zone), s[i]
        if last is not None and unit <= last:
            return NOTHING
        known, evidence, _ = united(found)
        if last is not None and unit == last + 1:
            if s[i + 3] is not None:
                known, evidence, _ = resting((s[i + 2], s[i + 3]), (known, evidence))
            length = s[i + 1] + 1
        else:
            length = 1
        s[i : i + 4] = [unit, length, known, evidence] if length < self.n else [unit, length, 0, None]
        return ((known, evidence, None),) if length == self.n else NOTHING


class EveryMachine(Machine):
    """Remembers every anchor with its zone and its next date: [next, k, at, zone, known, evidence]."""

    def __init__(self, slots: Slots, anchor: Machine, period: Period) -> None:
        super().__init__(anchor)
        self.period = period
        self.slot = slots.take(None)
        self.timer = slots.alarm()
        self.timers = (*self.timers, self.timer)

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        return self.dates(s, now, self.parts[0].step(s, now))

    def tick(self, s: State, now: Instant) -> Sequence[Found]:
        return self.dates(s, now, self.parts[0].tick(s, now) if self.parts[0].timers else NOTHING)

    def dates(self, s: State, now: Instant, anchors: Sequence[Found]) -> Sequence[Found]:
        """The date that has come, if one has; and this instant's anchors remembered."""
        i = self.slot
        reached: list[Found] = []
        if s[self.timer] <= now.at:
            for anchor in s[i]:
                if anchor[0] <= now.at:
                    reached.append((anchor[4], anchor[5], None))
                    anchor[1] += 1
                    anchor[0] = calendar.add(anchor[2], self.period.times(anchor[1]), anchor[3])
            if reached:
                s[i] = [anchor for anchor in s[i] if anchor[0] < FAR] or None
        if anchors:
            known, evidence, _ = united(anchors)
            date = now.plus(self.period)
            if date < FAR:
                s[i] = [*(s[i] or ()), [date, 1, now.at, now.zone, known, evidence]]
        if anchors or reached:
            s[self.timer] = min((anchor[0] for anchor in s[i] or ()), default=FAR)
        return (united(reached),) if reached else NOTHING


class WhileMachine(Machine):
    """Remembers nothing of its own: where the party is, is the party's."""

    def __init__(self, pattern: Machine, stage: str) -> None:
        super().__init__(pattern)
        self.stage = stage

    def step(self, s: State, now: Instant) -> Sequence[Found]:
        return self.placed(self.parts[0].step(s, now), now)

    def tick(self, s: State, now: Instant) -> Sequence[Found]:
        return self.placed(self.parts[0].tick(s, now), now)

    def placed(self, found: Sequence[Found], now: Instant) -> Sequence[Found]:
        """What was found, if the party is in the stage."""
        if not found or now.place is None or now.place[0] != self.stage:
            return NOTHING
        known, evidence, _ = united(found)
        return ((max(known, now.place[2]), evidence, None),)
