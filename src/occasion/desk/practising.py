"""The page of practice, of the viewer alone: what is due, how it read and reads, what moved, the team in sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from occasion.coach import practice
from occasion.coach.context import Around
from occasion.coach.practice import Attempt, Exercise, Read, Week
from occasion.coach.rewriting import Material, Reads, find_touch, left_out, material, own_messages
from occasion.coach.tones import PREFIX, Pair, pair, pairs
from occasion.desk.known import detail_line
from occasion.desk.owners import House
from occasion.desk.pages_coach import ExerciseView, PracticePage, Tones
from occasion.desk.reading_view import reading_view
from occasion.desk.viewer import Looks
from occasion.errors import InputError
from occasion.estimate import Refusal

SHOWN = 3  # pairs of tones
LEADS = ("manager", "admin")


@dataclass(frozen=True)
class Practising:
    """What practice is shown with. `reads`: the coach as of when a message was sent; `sees`: whether the viewer may
    see a party; `zone`: the viewer's.
    """

    around: Around
    viewer: Looks
    house: House
    now: int
    zone: str
    reads: Reads
    sees: Callable[[str], bool]

    @property
    def connection(self) -> Connection:
        """Of the records."""
        return self.around.connection


def practice_page(
    at: Practising, *, number: int | None = None, text: str = "", kept: bool = False, refused: str = ""
) -> PracticePage:
    """The page: the exercise of that number, else what is due; with a `text` how that reads, and what moved.

    `kept`: the text was kept just now. Raises InputError for a number that is none of theirs.
    """
    mine = practice.exercises(at.connection, at.viewer.id)
    found = _shown(at, mine, number)
    waiting = [one.due_us for one in mine if one.due_us is not None and one.due_us > at.now]
    page = PracticePage(
        at.now, at.zone, due=sum(one.due_us is not None and one.due_us <= at.now for one in mine),
        waiting=len(waiting), next_us=min(waiting, default=None), team=team(at), refused=refused,
        tones=tones(at, hidden="" if kept or found is None else found.exercise.message),
    )  # fmt: skip
    return page if found is None else _with(at, page, found, text, kept)


def _with(at: Practising, page: PracticePage, found: Material, text: str, kept: bool) -> PracticePage:
    before = found.read(found.text, at.reads)
    after = found.read(text, at.reads) if text.strip() else None
    moved = practice.moved(practice.read_of(before), practice.read_of(after)) if after is not None else ()
    return replace(
        page,
        exercise=_view(at, found),
        text=text,
        before=reading_view(found.text, before),
        after=None if after is None else reading_view(text, after),
        moved=moved,
        left_out=left_out(found.text, text) if after is not None else (),
        kept=kept,
        next_us=found.exercise.due_us if kept else page.next_us,
    )


def _shown(at: Practising, mine: Sequence[Exercise], number: int | None) -> Material | None:
    if number is not None:
        found = usable(at, practice.get(at.connection, at.viewer.id, number))
        if found is None:
            raise InputError(f"exercise {number}: its message is not there for you any more; take another one")
        return found
    due = [one for one in mine if one.due_us is not None and one.due_us <= at.now]
    return next((found for one in due if (found := usable(at, one)) is not None), None)


def due_number(at: Practising) -> int | None:
    """The exercise that is due and has waited longest."""
    found = _shown(at, practice.exercises(at.connection, at.viewer.id), None)
    return None if found is None else found.exercise.number


def usable(at: Practising, exercise: Exercise) -> Material | None:
    """What it shows, where the message is still there and its party still one that the viewer sees."""
    if exercise.party is not None and not at.sees(exercise.party):
        return None
    return material(at.around, exercise)


def _view(at: Practising, found: Material) -> ExerciseView:
    exercise = found.exercise
    return ExerciseView(
        exercise.number,
        found.to,
        found.draft.now_us,
        found.text,
        tuple(detail_line(one, at.house) for one in found.details),
        found.said,
        exercise.weak,
        len(practice.attempts(at.connection, at.viewer.id, exercise.number)),
        exercise.message.startswith(PREFIX),
    )


def next_message(at: Practising) -> tuple[str, str | None]:
    """What to practise on next, and the party it went to: a message of one's own that reads as a touch, else a written
    pair. Raises InputError where there is neither.
    """
    known = {one.message for one in practice.exercises(at.connection, at.viewer.id)}
    messages = [one for one in own_messages(at.around, at.viewer.id, now=at.now) if one.id not in known]
    touch = find_touch(at.around, (one for one in messages if at.sees(one.party)), at.reads)
    if touch is not None:
        return touch.id, touch.party
    left = next((one for one in pairs() if PREFIX + one.name not in known), None)
    if left is None:
        raise InputError(
            "none of the messages you sent lately reads as a touch, and every written example is among your exercises; "
            "come back when one of them is due"
        )
    return PREFIX + left.name, None


def kept(at: Practising, number: int, text: str) -> Callable[[Connection], Exercise]:
    """The change that keeps a rewriting of an exercise that is due; everything is read before it is made."""
    exercise = practice.get(at.connection, at.viewer.id, number)
    if exercise.due_us is None or exercise.due_us > at.now:
        raise InputError(f"exercise {number}: is not due, so nothing was kept; read as often as you like until it is")
    found = usable(at, exercise)
    if found is None:
        raise InputError(f"exercise {number}: its message is not there for you any more; take another one")
    before, after = (practice.read_of(found.read(one, at.reads)) for one in (found.text, text))
    return lambda writing: practice.keep(writing, exercise, text, before, after, now=at.now, zone=at.zone)


def tones(at: Practising, hidden: str = "") -> tuple[Tones, ...]:
    """The same content in two tones: the viewer's own where one got better, then written pairs.

    `hidden`: a message that is being practised on.
    """
    own: list[Tones] = []
    for one in practice.attempts(at.connection, at.viewer.id):
        if len(own) == SHOWN - 1:
            break
        made = _own_tones(at, one, hidden)
        if made is not None and made.name not in {other.name for other in own}:
            own.append(made)
    written = [_written(one) for one in pairs() if PREFIX + one.name != hidden]
    return (*own, *written)[:SHOWN]


def _own_tones(at: Practising, attempt: Attempt, hidden: str) -> Tones | None:
    moved = practice.moved(attempt.before, attempt.after)
    better = tuple(one.name for one in moved if one.step > 0)
    exercise = practice.get(at.connection, at.viewer.id, attempt.exercise)
    if not better or exercise.message == hidden or not _risen(attempt.before, attempt.after):
        return None
    found = usable(at, exercise)
    if found is None:
        return None
    about = pair(exercise.message).about if exercise.party is None else ""
    return Tones(f"own-{exercise.number}", about, found.text, attempt.text, True, better)


def _risen(before: Read, after: Read) -> bool:
    return practice.RANK[after.verdict] >= practice.RANK[before.verdict]


def _written(one: Pair) -> Tones:
    return Tones(one.name, one.about, one.cold, one.warm, False, one.moved, one.differs)


def team(at: Practising) -> tuple[Week, ...] | Refusal | None:
    """The sums of the viewer's teams together; of everybody for whoever leads without a team; None for nobody else."""
    people = {one for name in at.viewer.teams for one in at.house.people(name)}
    if not at.viewer.teams and at.viewer.role in LEADS:
        people = set(at.house.here)
    if not people:
        return None
    return practice.progress(at.connection, sorted(people), now=at.now, zone=str(at.around.zone))
