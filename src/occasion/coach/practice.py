"""Practice: a message of one's own is rewritten, read before and after, and comes back after days.

When it comes back: an exercise stands on a rung of `LADDER`. A rewriting that still reads as a touch leads to the first
rung, one that nearly is a moment to the second, a moment one rung up (from the first to the second at least); a moment
from the last rung puts the exercise away. So what was weak comes back after one day or four, what was good after ten,
after twenty-five, and no more.

What somebody practises is theirs: every function that reads takes the colleague and gives that colleague's only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from whenever import Instant, ZonedDateTime

from occasion.coach.reading import PARTS, VERDICTS, Level, PartName, Reading, Verdict
from occasion.errors import InputError
from occasion.estimate import Refusal
from occasion.store.schema.practice import ATTEMPTS, EXERCISES

LADDER = (1, 4, 10, 25)  # days
LONGEST = 4000  # characters of a rewriting
FEWEST = 3  # people whose practice may be told together
WEEKS = 12
X, A = EXERCISES.c, ATTEMPTS.c
RANK: Mapping[str, int] = {verdict: place for place, verdict in enumerate(reversed(VERDICTS))}
STEPS: Mapping[str, int] = {"poor": 0, "mixed": 1, "good": 2}


@dataclass(frozen=True)
class Exercise:
    """A message somebody practises on. `party` None: a written pair of that name (coach/tones.py). `due_us` None: it is
    put away. `weak`: the parts to look at.
    """

    number: int
    colleague: str
    party: str | None
    message: str
    begun_us: int
    rung: int
    due_us: int | None
    weak: tuple[PartName, ...]


@dataclass(frozen=True)
class Read:
    """How a text read: what is kept of a Reading."""

    verdict: Verdict
    levels: Mapping[PartName, Level]
    scores: Mapping[PartName, float | None]


@dataclass(frozen=True)
class Attempt:
    """A rewriting that was kept; `text` is under the names of the exercise."""

    number: int
    exercise: int
    at_us: int
    text: str
    before: Read
    after: Read


@dataclass(frozen=True)
class Moved:
    """What became of a part: `step` is 1 where it got better, -1 where it got worse, 0 else or where either is unknown.

    `by`: the difference of the scores, None where either is unknown.
    """

    name: PartName
    before: Level
    after: Level
    step: int
    by: float | None


@dataclass(frozen=True)
class Week:
    """What a group did in the week that begins on a Monday: sums only. `better`: rewritings whose verdict rose;
    `moved`: how many rewritings each part got better in.
    """

    monday: str
    people: int
    kept: int
    better: int
    moved: Mapping[PartName, int]


def rung_after(rung: int, verdict: Verdict) -> int | None:
    """The rung an exercise stands on after a rewriting; None: it is put away.

    >>> rung_after(0, "moment"), rung_after(3, "nearly"), rung_after(2, "touch"), rung_after(3, "moment")
    (1, 1, 0, None)
    """
    if verdict == "touch":
        return 0
    if verdict == "nearly":
        return 1
    return rung + 1 if rung + 1 < len(LADDER) else None


def day_after(now: int, days: int, zone: str) -> int:
    """The first instant of the day that many days from now, in a zone."""
    at = Instant.from_timestamp(now, unit="microsecond").to_tz(zone)
    day = at.date().to_stdlib() + timedelta(days=days)
    return int(ZonedDateTime(day.year, day.month, day.day, tz=zone).timestamp(unit="microsecond"))


def read_of(reading: Reading) -> Read:
    """What is kept of a reading."""
    return Read(
        reading.verdict, {one.name: one.level for one in reading.parts}, {one.name: one.score for one in reading.parts}
    )


def moved(before: Read, after: Read) -> tuple[Moved, ...]:
    """What moved, part by part."""
    return tuple(_moved(name, before, after) for name in PARTS)


def _moved(name: PartName, before: Read, after: Read) -> Moved:
    old, new = before.levels[name], after.levels[name]
    step = 0
    if old in STEPS and new in STEPS:
        step = (STEPS[new] > STEPS[old]) - (STEPS[new] < STEPS[old])
    had, has = before.scores[name], after.scores[name]
    return Moved(name, old, new, step, None if had is None or has is None else has - had)


def weak_in(before: Read, after: Read) -> tuple[PartName, ...]:
    """What to look at next time: what is not good in the rewriting, then what was not before; the worst first."""
    weak = (name for read in (after, before) for name in _not_good(read))
    return tuple(dict.fromkeys(weak))


def _not_good(read: Read) -> list[PartName]:
    weak = [name for name in PARTS if STEPS.get(read.levels[name], 2) < 2]
    return sorted(weak, key=lambda name: (STEPS[read.levels[name]], read.scores[name] or 0.0))


def begin(connection: Connection, colleague: str, message: str, party: str | None, *, now: int) -> int:
    """A message becomes an exercise, due now; its number. One that it is already stays as it is."""
    same = select(X.number).where(X.colleague == colleague, X.message == message)
    number = connection.execute(same).scalar()
    if number is None:
        row: dict[str, Any] = {"colleague": colleague, "party": party, "message": message, "begun_us": now}
        made = insert(EXERCISES).values(**row, rung=0, weak=[], due_us=now)
        number = connection.execute(made.returning(X.number)).scalar_one()
    return int(number)


def get(connection: Connection, colleague: str, number: int) -> Exercise:
    """One of the colleague's; InputError where they have none of this number."""
    row = connection.execute(select(EXERCISES).where(X.number == number, X.colleague == colleague)).mappings().first()
    if row is None:
        raise InputError(f"exercise {number}: you have none with this number; your practice lists those you have")
    return _exercise(row)


def exercises(connection: Connection, colleague: str) -> list[Exercise]:
    """All of the colleague's: what comes back first, the ones put away last."""
    rows = connection.execute(select(EXERCISES).where(X.colleague == colleague)).mappings()
    return sorted(map(_exercise, rows), key=lambda one: (one.due_us is None, one.due_us or 0, one.number))


def due(connection: Connection, colleague: str, now: int) -> list[Exercise]:
    """Those that are back by now, the longest waiting first."""
    return [one for one in exercises(connection, colleague) if one.due_us is not None and one.due_us <= now]


def keep(
    connection: Connection, exercise: Exercise, text: str, before: Read, after: Read, *, now: int, zone: str
) -> Exercise:
    """Keep a rewriting, and say when the message comes back (in whole days of the zone); the exercise as it is then."""
    if not text.strip() or len(text) > LONGEST:
        raise InputError(f"the rewriting has {len(text)} characters; write from 1 to {LONGEST}")
    rung = rung_after(exercise.rung, after.verdict)
    values: dict[str, Any] = {"weak": list(weak_in(before, after))}
    values |= {"due_us": None} if rung is None else {"rung": rung, "due_us": day_after(now, LADDER[rung], zone)}
    as_read = (X.number == exercise.number, X.due_us == exercise.due_us)
    if not connection.execute(update(EXERCISES).where(*as_read).values(**values)).rowcount:
        raise InputError(f"exercise {exercise.number}: was kept a moment ago already, and comes back by itself")
    row = {"exercise": exercise.number, "colleague": exercise.colleague, "party": exercise.party, "at_us": now}
    connection.execute(insert(ATTEMPTS).values(**row, text=text.strip(), before=_plain(before), after=_plain(after)))
    return get(connection, exercise.colleague, exercise.number)


def put_away(connection: Connection, colleague: str, number: int) -> None:
    """An exercise of theirs and what they wrote on it are gone."""
    connection.execute(delete(ATTEMPTS).where(A.exercise == number, A.colleague == colleague))
    connection.execute(delete(EXERCISES).where(X.number == number, X.colleague == colleague))


def forget_colleague(connection: Connection, colleague: str) -> None:
    """All of somebody's practice is gone: they have left."""
    connection.execute(delete(ATTEMPTS).where(A.colleague == colleague))
    connection.execute(delete(EXERCISES).where(X.colleague == colleague))


def attempts(connection: Connection, colleague: str, number: int | None = None) -> list[Attempt]:
    """What the colleague wrote (on one exercise, or on all), the latest first."""
    query = select(ATTEMPTS).where(A.colleague == colleague).order_by(A.at_us.desc(), A.number.desc())
    if number is not None:
        query = query.where(A.exercise == number)
    return [
        Attempt(row.number, row.exercise, row.at_us, row.text, _read(row.before), _read(row.after))
        for row in connection.execute(query)
    ]


def progress(connection: Connection, people: Sequence[str], *, now: int, zone: str) -> tuple[Week, ...] | Refusal:
    """What a group practised in each of the last weeks, the latest first: sums, never of a person.

    A week in which fewer than `FEWEST` people practised is left out; where no week has that many, a Refusal says so.
    """
    since = day_after(now, -7 * WEEKS, zone)
    query = select(A.colleague, A.at_us, A.before, A.after).where(A.colleague.in_(list(people)), A.at_us >= since)
    weeks: dict[str, list[Any]] = {}
    for row in connection.execute(query.where(A.at_us <= now)):
        weeks.setdefault(_monday(row.at_us, zone).isoformat(), []).append(row)
    found = [_week(monday, rows) for monday, rows in sorted(weeks.items(), reverse=True)]
    shown = tuple(week for week in found if week.people >= FEWEST)
    if shown:
        return shown
    most = max((week.people for week in found), default=0)
    return Refusal(f"fewer than {FEWEST} people practised in the same week", FEWEST - most if len(people) else None)


def _week(monday: str, rows: Sequence[Any]) -> Week:
    pairs = [(_read(row.before), _read(row.after)) for row in rows]
    return Week(
        monday,
        len({row.colleague for row in rows}),
        len(rows),
        sum(RANK[after.verdict] > RANK[before.verdict] for before, after in pairs),
        {name: sum(_moved(name, *pair).step > 0 for pair in pairs) for name in PARTS},
    )


def _monday(at_us: int, zone: str) -> date:
    day = Instant.from_timestamp(at_us, unit="microsecond").to_tz(zone).date().to_stdlib()
    return day - timedelta(days=day.weekday())


def _exercise(row: RowMapping) -> Exercise:
    return Exercise(**{**row, "weak": tuple(row["weak"])})


def _plain(read: Read) -> dict[str, Any]:
    return {"verdict": read.verdict, "levels": dict(read.levels), "scores": dict(read.scores)}


def _read(plain: Mapping[str, Any]) -> Read:
    return Read(plain["verdict"], plain["levels"], plain["scores"])
