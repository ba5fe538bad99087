"""The live reading's quick path: one Python function an event name, written as source and compiled once.

It handles what is by far the commonest: a party's instant with one event, none of its timers due, its stage unchanged.
For each definition that the name touches there is a snippet that works on the very same state as the machines do, for
the commonest patterns and states, and hands everything else to the machine (`slow`). So a snippet has no meaning of its
own: on every state it must leave what the machine leaves, which the tests compare slot by slot.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, cast

from occasion.events.event import Event
from occasion.moments.calendar import FAR
from occasion.moments.definition import Per, Selection, Stage, selections
from occasion.moments.live.inert import Touch
from occasion.moments.live.program import DUE, LAST, PLACES, STARTED, ZONE, Program
from occasion.moments.live.reader import PLACE, TIMER
from occasion.moments.live.snippets import snippet, starting
from occasion.moments.live.state import Evidence, Found, Instant, State, merged

# party, which definition, value of `per`, at, known, evidence
Shown = tuple[str, int, Any, int, int, Evidence]
Handler = Callable[[State, int, Event, list[Shown], list[str]], None]


class Fast:
    """The handlers of a program: None where every definition must be asked the long way."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.handlers: dict[tuple[str, bool], Handler | None] = {}
        staged = {one for stages in program.sets for stage in stages for one in selections_of(stage)}
        self.entered = {one.name for one in staged if one.of == "event"}
        self.entered_by_any = any(one.of != "event" for one in staged)

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
        lines = ["def handler(row, t, e, out, wake):", "    seen = e.seen"]
        for i, reader in enumerate(self.program.readers):
            if reader.names is None or name in reader.names or (first and reader.starts):
                lines += [f"    # {i}", *("    " + line for line in self._one(i, Touch(name, names), first))]
        return "\n".join(lines), names

    def _one(self, i: int, touch: Touch, first: bool) -> list[str]:
        node, reader = self.program.definitions[i].node, self.program.readers[i]
        column = self.program.first + i
        touch.names[f"blank{i}"] = reader.blank if reader.field is not None else reader.initial
        blank = f"blank{i}()" if reader.field is not None else f"[*blank{i}]"
        begin = [f"s = row[{column}]", f"if s is None: s = row[{column}] = {blank}"]
        if first and reader.starts:
            slow = f"slow(row, {i}, t, e, out, wake)"
            return begin + (starting(node, reader.machine, touch) or [slow])
        if isinstance(node, Per):
            field = touch.field(node.field)
            inner = snippet(node.pattern, reader.machine, touch, i, "x")
            known_value = [
                f"x = {field}",
                'own = s[2].get("text:" + x) if type(x) is str else None',
                f"if own is None:\n        if x is not None: slow(row, {i}, t, e, out, wake)",
                "else:",
                "    whole, s = s, own",
                *("    " + line for line in inner),
                f"    if s[{TIMER}] < whole[{TIMER}]: whole[{TIMER}] = s[{TIMER}]",
            ]
            return begin + known_value
        return begin + snippet(node, reader.machine, touch, i, "None")

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
        state = row[program.first + i]
        start: Found | None = (event.seen, ((at, event.id),), event) if first else None
        now = Instant(at, (event,), row[ZONE] or program.zone, start)
        if placed >= 0:
            now.place = row[PLACES + placed][PLACE]
        for per, (known, evidence, _) in reader.step(state, now):
            out.append((event.party, i, per, at, known, evidence))
        if state[TIMER] < row[DUE]:
            row[DUE] = state[TIMER]
            wake.append(event.party)


def selections_of(stage: Stage) -> list[Selection]:
    """Every selection in the pattern that enters a stage."""
    return list(selections(stage.enter))
