"""The live reading's quick path: one Python function an event name, written as source and compiled once.

It handles what is by far the commonest: a party's instant with one event, none of its timers due, its stage unchanged.
For each definition that the name touches there is a snippet that works on the very same state as the machines do, for
the commonest patterns and states, and hands everything else to the machine (`slow`). So a snippet has no meaning of its
own: on every state it must leave what the machine leaves, which the tests compare slot by slot.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from functools import partial
from typing import Any, cast

from occasion.events.event import Event
from occasion.moments.calendar import FAR
from occasion.moments.definition import Per, Selection, Stage, selections
from occasion.moments.live.inert import Touch
from occasion.moments.live.lines import KEY, PAIR, Place, indented, lowered
from occasion.moments.live.node import Machine
from occasion.moments.live.once import SilentMachine
from occasion.moments.live.program import DUE, LAST, PLACES, STARTED, ZONE, Program
from occasion.moments.live.reader import PLACE, VALUES
from occasion.moments.live.snippets import snippet
from occasion.moments.live.snippets_once import starting
from occasion.moments.live.state import Evidence, Found, Instant, State, merged

# party, which definition, value of `per`, at, known, evidence
Shown = tuple[str, int, Any, int, int, Evidence]
Handler = Callable[[State, int, Event, list[Shown], list[str]], None]


class Fast:
    """The handlers of a program: None where every definition must be asked the long way. `which`: those of its
    definitions that are read at all, by their place (None: every one).
    """

    def __init__(self, program: Program, which: Collection[int] | None = None) -> None:
        self.program = program
        self.which = range(len(program.definitions)) if which is None else which
        self.handlers: dict[tuple[str, bool], Handler | None] = {}
        staged = {one for stages in program.sets for stage in stages for one in selections_of(stage)}
        self.entered = {one.name for one in staged if one.of == "event"}
        self.entered_by_any = any(one.of != "event" for one in staged)
        self.put_off = self._putting_off()

    def handler(self, name: str, first: bool = False) -> Handler | None:
        """The function for events of this name, or for a party's `first` event; made when first asked for."""
        if (name, first) not in self.handlers:
            enters = self.entered_by_any or name in self.entered or (first and bool(self.program.places))
            self.handlers[name, first] = None if enters else self._compiled(name, first)
        return self.handlers[name, first]

    def event(self, row: State, event: Event, out: list[Shown], wake: list[str]) -> bool:
        """Reads an instant that holds only this event, if that can be done quickly; False: nothing was done.

        No timer may be due before it. A party whose next timer is lowered is put on `wake`.
        """
        handle = self.handler(event.name, not row[STARTED])
        at = event.at
        if handle is None or at >= row[DUE] or (event.zone is not None and event.zone != row[ZONE]):
            return False
        row[STARTED] = True
        row[LAST] = at
        handle(row, at, event, out, wake)
        return True

    def source(self, name: str, first: bool) -> tuple[str, dict[str, Any]]:
        """The handler's Python source and the constants that it speaks of."""
        slow = partial(self._slow, first)
        names: dict[str, Any] = {"Decimal": Decimal, "merged": merged, "slow": slow, "FAR": FAR}
        names["ZONE"] = self.program.zone
        body: list[str] = []
        showing = 0
        for i in self.which:
            reader = self.program.readers[i]
            if reader.names is None or name in reader.names or (first and reader.starts):
                lines = self._one(i, Touch(name, names), first)
                body += [f"# {i}", *lines]
                showing += any(PAIR in line for line in lines)
        head = ["s = row", "seen = e.seen"]
        if showing > 1:  # one for all that the event shows
            head.append(f"key = {KEY}")
            body = [line.replace(KEY, "key").replace(PAIR, "key[0]") for line in body]
        if first and self.program.alarms:
            due = self.program.due
            body += [f"row[{DUE}] = min(row[{due.start}:{due.stop}])", f"if row[{DUE}] < FAR: wake.append(e.party)"]
        return "\n".join(["def handler(row, t, e, out, wake):", *("    " + line for line in head + body)]), names

    def _one(self, i: int, touch: Touch, first: bool) -> list[str]:
        node, reader = self.program.definitions[i].node, self.program.readers[i]
        slow = f"slow(row, {i}, t, e, out, wake)"
        if first and reader.starts:
            place = Place(i, "None", slow, reader.reached)
            return (None if isinstance(node, Per) else starting(node, reader.machine, touch, place)) or [slow]
        if not isinstance(node, Per):
            return snippet(node, reader.machine, touch, Place(i, "None", slow, reader.reached))
        inner = snippet(node.pattern, reader.machine, touch, Place(i, "x", slow, reader.reached, own=True))
        lines = [
            f"x, own = {touch.field(node.field)}, row[{reader.slot}]",
            f'own = own[{VALUES}].get("text:" + x) if own is not None and type(x) is str else None',
            f"if own is None:\n        if x is not None: {slow}",
            "else:",
            "    s = own",
            *("    " + line for line in inner),
            "    s = row",
        ]
        if reader.timers:
            (alarm,) = reader.timers
            own = ", ".join(f"own[{timer}]" for timer in reader.own_timers)
            lines += [f"    d = min({own}, FAR)", f"    if d < row[{alarm}]: row[{alarm}] = d"]
            lines += indented(lowered(Place(i, "x", slow, reader.reached)))
        return lines

    def _putting_off(self) -> Callable[[State, int], bool]:
        """A function of a row and an instant at or after its next timer: whether nothing comes of any timer until that
        instant, which are then all later. Most are: a silence that was broken is only to be waited for longer.
        """
        silences = {one.timer: one for r in self.program.readers if r.field is None for one in silent_below(r.machine)}
        due = self.program.due
        lines = ["def put_off(row, t):"]
        for timer in range(due.start, due.stop):
            lines.append(f"    if row[{timer}] <= t:")
            if timer in silences:
                since, length = silences[timer].slot, silences[timer].length
                lines += [
                    f"        d = row[{since}] + {length}",
                    "        if d <= t: return False",
                    f"        row[{timer}] = d",
                ]
            else:
                lines.append("        return False")
        lines += [f"    row[{DUE}] = min(row[{due.start}:{due.stop}])", "    return True"]
        names: dict[str, Any] = {}
        exec(compile("\n".join(lines), "<timers put off>", "exec"), names)
        return cast(Callable[[State, int], bool], names["put_off"])

    def _compiled(self, name: str, first: bool) -> Handler:
        source, names = self.source(name, first)
        exec(compile(source, f"<events called {name}>", "exec"), names)
        return cast(Handler, names["handler"])

    def _slow(  # noqa: PLR0917 - as the handlers call it
        self, first: bool, row: State, i: int, at: int, event: Event, out: list[Shown], wake: list[str]
    ) -> None:
        """One definition's machine for one event, the party's first or not; no stage is entered at this instant."""
        program = self.program
        reader, placed = program.readers[i], program.placed[i]
        start: Found | None = (event.seen, ((at, event.id),), event) if first else None
        now = Instant(at, (event,), row[ZONE] or program.zone, start)
        if placed >= 0:
            now.place = row[PLACES + placed][PLACE]
        for per, (known, evidence, _) in reader.step(row, now):
            out.append((event.party, i, per, at, known, evidence))
        due = reader.due(row)
        if due < row[DUE]:
            row[DUE] = due
            wake.append(event.party)


def silent_below(machine: Machine) -> list[SilentMachine]:
    """Every silence in a pattern."""
    own = [machine] if isinstance(machine, SilentMachine) else []
    return own + [one for part in machine.parts for one in silent_below(part)]


def selections_of(stage: Stage) -> list[Selection]:
    """Every selection in the pattern that enters a stage."""
    return list(selections(stage.enter))
