"""How parties came along in windows that are over, read from the log: what `forecast.alike` compares with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection, select

from occasion.desk.snapshot import EventsOf
from occasion.events.event import Event, in_order
from occasion.forecast.alike import Course
from occasion.moments.calendar import FAR, add
from occasion.moments.definition import Definition, Period
from occasion.moments.live.program import Program
from occasion.moments.progress import progress
from occasion.store.schema.desk import GESTURES
from occasion.store.schema.watched import OCCURRENCES

LATEST = 1000  # windows looked at, the latest that are over
C = OCCURRENCES.c


@dataclass(frozen=True)
class Window:
    """A window that opened for a party (and a value of `per`, as text); its end; when it was reached in it, if so."""

    party: str
    per: str
    opened: int
    end: int
    reached: int | None = None


def windows(connection: Connection, moment: str, length: Period, zone: str, *, now: int) -> list[Window]:
    """The latest windows of a moment that are over, with whether it was reached in each."""
    query = select(C.party, C.per, C.at_us).where(
        C.moment == moment, C.role == "opened", C.state == "holds", C.at_us < now
    )
    opened = connection.execute(query.order_by(C.at_us.desc()).limit(4 * LATEST)).all()
    found = [Window(row.party, row.per, row.at_us, add(row.at_us, length, zone)) for row in opened]
    over = [window for window in found if window.end <= now and window.end < FAR][:LATEST]
    if not over:
        return []
    reached: dict[tuple[str, str], list[int]] = {}
    parties = list({window.party for window in over})
    for i in range(0, len(parties), 400):
        same = (C.moment == moment, C.role == "reached", C.state == "holds", C.party.in_(parties[i : i + 400]))
        for party, per, at in connection.execute(select(C.party, C.per, C.at_us).where(*same)):
            reached.setdefault((party, per), []).append(at)
    return [_with_reached(window, reached.get((window.party, window.per), ())) for window in over]


def _with_reached(window: Window, reached: Sequence[int]) -> Window:
    inside = [at for at in reached if window.opened <= at < window.end]
    return Window(window.party, window.per, window.opened, window.end, min(inside, default=None))


def courses(
    connection: Connection, definition: Definition, over: Sequence[Window], events_of: EventsOf, zone: str
) -> list[Course]:
    """How each window went: step by step from the party's events, with what people did for the party meanwhile."""
    gestures: dict[str, list[tuple[int, str]]] = {}
    parties = list({window.party for window in over})
    for i in range(0, len(parties), 400):
        query = select(GESTURES.c.party, GESTURES.c.at_us, GESTURES.c.form).where(
            GESTURES.c.party.in_(parties[i : i + 400]), GESTURES.c.form != "nothing"
        )
        for party, at, form in connection.execute(query.order_by(GESTURES.c.at_us)):
            gestures.setdefault(party, []).append((at, form))
    program = Program([definition], zone)
    return [
        Course(
            steps(program, events_of(window.party), window),
            None if window.reached is None else window.reached - window.opened,
            tuple((at - window.opened, form) for at, form in gestures.get(window.party, ())
                  if window.opened <= at < window.end),
        )
        for window in over
    ]  # fmt: skip


def steps(program: Program, events: Iterable[Event], window: Window) -> tuple[tuple[int, float], ...]:
    """(microseconds since it opened, how many) at every change within the window, up to when it was reached."""
    row = program.blank()
    until = window.end if window.reached is None else window.reached
    found: list[tuple[int, float]] = []
    per = window.per or None
    for at, together in groupby(in_order(events), key=attrgetter("at")):
        if at >= until:
            break
        program.advance(row, at - 1)
        program.instant(row, at, list(together))
        if at >= window.opened:
            have = float(progress(program, row, 0, at, per).have)
            if have != (found[-1][1] if found else 0.0):
                found.append((at - window.opened, have))
    return tuple(found)
