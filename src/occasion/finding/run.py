"""`find` from a source to its findings: who is under study, what could be a moment, and then the six steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import numpy as np
import numpy.typing as npt

from occasion.errors import InputError
from occasion.finding import one_name
from occasion.finding.afterwards import done_afterwards
from occasion.finding.candidates import Candidate, Choice, counts
from occasion.finding.chunks import Study, study
from occasion.finding.cube import Cube
from occasion.finding.everybody import PEERS, Key, Sides, of_everybody, ranking, sides_of_all
from occasion.finding.find import find
from occasion.finding.findings import Finding, Findings, SetAside
from occasion.finding.following import COUNTS, HELD, Followed, follow
from occasion.finding.outcome import Question, outcomes, question
from occasion.finding.proposing import Budget, propose
from occasion.finding.reader import Reader
from occasion.finding.screen import Cell
from occasion.finding.warm import warm
from occasion.moments.definition import Compare, Did, Node, Period, Reach, Selection, Start, selections, starting_with
from occasion.moments.query_sql import sql
from occasion.moments.text import read, read_pattern, show
from occasion.store.cut import refuse_repeats, seen_by
from occasion.store.engine import Engine, Raw
from occasion.store.reach import latest
from occasion.store.source import Source

SCREEN_DAYS = 30
CELLS_IN_MEMORY = 1_000_000  # of the first pass, for each group and outcome
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """`kept`, `start`: texts of the language; `asked`: lines to judge whatever the screen says; `as_of_us`: None is the
    end of the log, or `clock_us` if that is earlier; `seed`: of everything drawn; `most`: how many lines are confirmed.
    """

    kept: str
    start: str = "start"
    asked: Sequence[str] = ()
    as_of_us: int | None = None
    clock_us: int | None = None
    seed: int = 1
    most: int = 20
    pictures: bool = True


def find_in(engine: Engine, source: Source, options: Options, progress: Progress = lambda _: None) -> Findings:
    """Find the moments of a history that go with being kept. Raises InputError for what cannot be asked of it."""
    from threadpoolctl import threadpool_limits

    # the regressions are many and small: threads inside each cost more than they bring, far more on a busy machine
    with threadpool_limits(1, "blas"), TemporaryDirectory(prefix="occasion-") as scratch:
        question(options.kept, options.start)
        Thread(target=warm).start()
        progress("opening")
        raw = engine.open(source)
        refuse_repeats(engine, raw)
        as_of = latest(engine, raw, options.clock_us) if options.as_of_us is None else options.as_of_us
        seen = seen_by(engine, raw, source, as_of, Path(scratch))
        return _found(engine, seen, replace(options, as_of_us=as_of), progress)


@dataclass(frozen=True)
class _Under:
    """Who is under study, on what, and what was asked."""

    engine: Engine
    asked: Question
    study: Study
    unknown: int
    options: Options

    def found(self, progress: Progress) -> Findings:
        """The six steps."""
        under, asked, options, reader = self.study, self.asked, self.options, Reader(self.engine)
        progress("counting")
        plain = reader.cube(under, counts(under.names), COUNTS, _counted_days(asked.horizon_days, len(under.names)))
        proposal = propose(under, Budget(), _promising(plain))
        # `per` would narrow a start that is written as an event to that event's own value: no line could say it
        sayable = [one for one in proposal.candidates if one.per is None or asked.begin == Start()]
        candidates, cells = _with_asked(under, sayable, options.asked, asked)
        followed = follow(
            reader, under, candidates, cells, days=asked.horizon_days, seed=options.seed, progress=progress
        )
        aside = _tautologies(followed.candidates, under, asked)
        leave_out = frozenset(candidates[s].what for s in _tautologies(candidates, under, asked))
        cubes = [plain, *followed.cubes]
        with ThreadPoolExecutor(1) as beside:  # these ask no more of what is found than which lines were chosen
            later = beside.submit(done_afterwards, self.engine, followed.study, asked)
            ranked = beside.submit(ranking, cubes, asked.horizon_days, leave_out, candidates)
            known: list[Future[dict[Key, Sides]]] = []

            of_all = cubes[: 2 if followed.everybody else 1]

            def sides(chosen: Sequence[Key]) -> dict[Key, Sides]:
                keys = [*chosen, *ranked.result().first(PEERS)]
                return sides_of_all(keys, reader, under, candidates, of_all)

            found = self._looked(followed, aside, progress, lambda chosen: known.append(beside.submit(sides, chosen)))
            progress("counting everybody")
            found = of_everybody(found, under, ranked.result(), known[0].result(), everybody=followed.everybody)
        over = tuple(SetAside("candidates over the budget", text) for text in proposal.left_out)
        return self._said(found, followed, aside, later.result() + over)

    def _looked(
        self,
        followed: Followed,
        aside: Mapping[int, str],
        progress: Progress,
        choosing: Callable[[Sequence[Key]], None],
    ) -> Findings:
        """What those who are followed show."""
        return find(
            followed.streams,
            followed.population,
            self.asked.horizon_days,
            self.options.seed,
            most=self.options.most,
            asked=followed.cells,
            tautologies={s: HELD for s in followed.only_held} | dict(aside),
            names=one_name.NAMES if followed.apart else self.study.names,
            with_pictures=self.options.pictures,
            unknown=self.unknown,
            kept_text=self.options.kept,
            start_text=self.options.start,
            as_of_us=self.options.as_of_us,
            progress=progress,
            choosing=choosing,
        )

    def _said(
        self, found: Findings, followed: Followed, aside: Mapping[int, str], more: tuple[SetAside, ...]
    ) -> Findings:
        """With what was set aside, and the lines as they would be written."""
        same = {followed.candidates[i].what: why for i, why in aside.items()}
        judged = tuple(_tautology_said(one, same) for one in found.candidates)
        said = tuple(one for one in found.refusals if not one.why.endswith(HELD))
        found = replace(found, candidates=judged, refusals=said + more + followed.left_out)
        return _in_writing(found, self.options.start)


def _found(engine: Engine, source: Source, options: Options, progress: Progress) -> Findings:
    raw, as_of = engine.open(source), options.as_of_us or 0
    asked = question(options.kept, options.start)
    progress("who is under study")
    known = outcomes(engine, raw, asked, as_of)
    if not known.population.kept.any() or known.population.kept.all():
        _refuse_unknown_names(engine, raw, asked)
    if not len(known.population):
        raise InputError(
            f"nobody's outcome is known: {known.unknown} parties have started, and for none is the window of "
            f"{options.kept!r} over; ask for a shorter one, or load more events"
        )
    under = study(source, known.population, None if source.sealed else known.texts)
    return _Under(engine, asked, under, known.unknown, options).found(progress)


def _refuse_unknown_names(engine: Engine, raw: Raw, asked: Question) -> None:
    """Where an outcome tells nobody apart: say so if it, or the start, names an event that never came."""
    names = list(raw.names or engine.run(sql("SELECT DISTINCT name FROM raw", {"raw": raw.table}))["name"].to_pylist())
    for selection in (*selections(asked.begin), *selections(asked.outcome)):
        if selection.of == "event" and selection.name not in names:
            raise _no_event(selection.name, names)


def _no_event(name: str, names: Sequence[str]) -> InputError:
    near = get_close_matches(name, names, n=1)
    there = f"did you mean {near[0]!r}?" if near else f"the history has {', '.join(sorted(names)[:8])}"
    return InputError(f"no event is called {name!r}: {there}{'' if near or len(names) <= 8 else ', ...'}")


def _counted_days(horizon_days: int, names: int) -> int:
    """How many days the first pass counts: up to the horizon, as far as memory allows, a month at least."""
    return min(horizon_days, max(SCREEN_DAYS, CELLS_IN_MEMORY // (names * COUNTS)))


def _promising(plain: Cube) -> list[int]:
    """The names, those first whose counts tell kept and lost apart best: by the largest phi over all cells.

    Only the groups that screen are asked: which pairs are tried is a choice, and who estimates has no part in it.
    """
    return [int(i) for i in np.argsort(-_best_phi(plain), kind="stable")]


def _best_phi(made: Cube) -> npt.NDArray[np.float64]:
    """The largest |phi| of each stream's cells (association between reaching a cell and being kept), screening half."""
    screening = slice(len(made.parties) // 2)
    reached = made.windows[screening].sum(axis=0, dtype=np.float64)  # [stream, k, day, kept]
    total = made.parties[screening].sum(axis=0).astype(np.float64)
    lost_with, kept_with = reached[..., 0], reached[..., 1]
    n, with_it = total.sum(), lost_with + kept_with
    spread = with_it * (n - with_it) * total[0] * total[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        phi = np.abs(kept_with * n - with_it * total[1]) / np.sqrt(spread)
    best: npt.NDArray[np.float64] = np.nan_to_num(phi).max(axis=(1, 2))
    return best


def _with_asked(
    under: Study, candidates: list[Candidate], texts: Sequence[str], asked: Question
) -> tuple[list[Candidate], list[Cell]]:
    """The candidates with those that a person asked about, and where these are."""
    cells = []
    for text in texts:
        candidate, count, days = _asked(under, text, asked)
        known = [i for i, one in enumerate(candidates) if one.what == candidate.what]
        if not known:
            candidates.append(candidate)
            known = [len(candidates) - 1]
        cells.append(Cell(known[0], count, days))
    return candidates, cells


def _asked(under: Study, text: str, asked: Question) -> tuple[Candidate, int, int]:
    """A line that a person asked about, as a stream with its threshold and window."""
    node = read(text).node
    advice = "ask as count(x) >= 3 within 14 days of start, or distinct(field of x) >= 3 within 14 days of start"
    if not (isinstance(node, Reach) and isinstance(node.hi, Period) and node.lo.n == 0):
        raise InputError(f"--ask {text!r} is not a count or distinct in a window of the start: {advice}")
    chosen = _choice(under, node.measure.source) if node.anchor in (Start(), asked.begin) else None
    if chosen is None or node.measure.kind == "sum" or node.hi.civil or node.hi.us % Period(1, "day").us:
        raise InputError(f"--ask {text!r} cannot be judged beside the others: {advice}, over whole days")
    days = node.hi.us // Period(1, "day").us
    if days > asked.horizon_days:
        begins = f"the outcome, which begins after {asked.horizon_days} days"
        raise InputError(f"--ask {text!r}: {days} days reach into {begins}; ask for a shorter window")
    what = show(node).split(" >= ")[0]
    of = node.measure.field or None
    kind = "distinct" if of else "slice" if chosen.field else "count"
    return Candidate(what, kind, chosen, of=of), int(node.n), days  # type: ignore[arg-type]


def _choice(under: Study, source: Node) -> Choice | None:
    if not isinstance(source, Did) or source.selection.of != "event":
        return None
    selection = source.selection
    if selection.name not in under.names:
        raise _no_event(selection.name, under.names)
    name = under.names.index(selection.name)
    match selection.where:
        case None:
            return Choice(name)
        case Compare(field, "=", value):
            return Choice(name, field, value)
        case _:
            return None


def _tautology_said(finding: Finding, aside: Mapping[str, str]) -> Finding:
    """A line that a person asked about though the outcome is made of it: judged as what it is."""
    if finding.what not in aside:
        return finding
    why = f"tautology: {aside[finding.what]}; it is the same habit early, not a moment that leads to it"
    return replace(finding, verdict="association only", why=why)


def _in_writing(found: Findings, start: str) -> Findings:
    """The lines as the catalogue and `reach` would hold them: with what `start` stood for in its place."""
    begin = read_pattern(start)
    if begin == Start():
        return found

    def written(text: str) -> str:
        return show(starting_with(read(text).node, begin))

    return replace(
        found,
        candidates=tuple(
            replace(
                one,
                when=written(one.when),
                test=replace(one.test, sentence=one.test.sentence.replace(one.when, written(one.when))),
            )
            for one in found.candidates
        ),
        peers=tuple(replace(one, when=written(one.when)) for one in found.peers),
        kept_text=written(found.kept_text),
    )


def _tautologies(candidates: Sequence[Candidate], under: Study, asked: Question) -> dict[int, str]:
    """Streams made of the very events that the outcome counts: the same habit earlier, not a moment that leads to it.

    How many people somebody dealt with says something else than how often they did, so that stays, unless the outcome
    itself counts people; how many different values of a property does not.
    """
    people = asked.outcome.measure.field != "counterpart"
    aside = {}
    for i, candidate in enumerate(candidates):
        if candidate.kind == "distinct" and candidate.of == "counterpart" and people:
            continue
        if any(_within(candidate.choice, under, selection) for selection in asked.counted if selection.of == "event"):
            aside[i] = "the outcome counts these very events, only later"
    return aside


def _within(choice: Choice, under: Study, selection: Selection) -> bool:
    """Whether every event of the choice is one of the selection, by its form alone."""
    if under.names[choice.name] != selection.name:
        return False
    if selection.where is None:
        return True
    if choice.field is None or choice.value is None:
        return False
    return selection.where == Compare(choice.field, "=", choice.value)
