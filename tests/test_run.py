"""`find` from files to findings: the planted moment first, figures of everybody, the same answer twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from occasion.estimate import Estimate
from occasion.events.world import DAY_US, World, event_table
from occasion.events.world_patterns import simulate
from occasion.finding import following, prefilter, sample
from occasion.finding.afterwards import by_sql, done, done_afterwards
from occasion.finding.candidates import Choice, count, distinct, line
from occasion.finding.chunks import study
from occasion.finding.cube import Cube
from occasion.finding.findings import Findings
from occasion.finding.outcome import _over, outcomes, question
from occasion.finding.population import Population
from occasion.finding.run import Options, _promising, _tautologies, find_in
from occasion.finding.sample import of_rows
from occasion.measure.power import two_proportions
from occasion.moments.definition import Definition
from occasion.moments.query import reading
from occasion.moments.query_fields import needs
from occasion.store.engine import engine
from occasion.store.engine_duckdb import DuckEngine
from occasion.store.relation import relation
from occasion.store.source import Source
from occasion.store.tables import seal_table

PARTIES = 9000


@pytest.fixture(scope="module")
def world() -> World:
    return simulate("planted under engagement", np.random.default_rng(11), PARTIES)


@pytest.fixture(scope="module")
def source(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    table = event_table(world)
    at_us = table["at"].cast(pa.int64())
    columns = {"party": table["party"], "name": table["name"], "at_us": at_us}
    with seal_table(pa.table(columns), tmp_path_factory.mktemp("find") / "data") as history:
        yield history.source()


def findings(source: Source, world: World, *, pictures: bool = False, asked: tuple[str, ...] = ()) -> Findings:
    with DuckEngine() as engine:
        return find_in(
            engine,
            source,
            Options(kept=world.kept_text, as_of_us=world.as_of_us, most=6, pictures=pictures, asked=asked),
        )


@pytest.fixture(scope="module")
def few_looked_at(source: Source, world: World) -> Iterator[Findings]:
    """Few people, few lines: the same steps that large histories go through."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample, "COARSE", 1200)
        patch.setattr(sample, "SCREENED", 2800)
        patch.setattr(sample, "ESTIMATED", 4000)
        yield findings(source, world)


def counted(world: World, what: str, count: int, days: int) -> tuple[int, float, float]:
    """Who reached a plain count, and the shares kept, by pandas."""
    events = pd.DataFrame({"party": world.party, "name": np.array(world.names)[world.name], "offset": world.offset_us})
    own = events[(events.name == what.removeprefix("count(").removesuffix(")")) & (events.offset < days * DAY_US)]
    reached = own.groupby("party").size().reindex(range(len(world.kept)), fill_value=0).to_numpy() >= count
    return int(reached.sum()), float(world.kept[reached].mean()), float(world.kept[~reached].mean())


def plain(world: World) -> set[str]:
    return {f"count({name})" for name in world.names}


def check_figures(found: Findings, world: World) -> None:
    assert found.parties == PARTIES
    assert found.kept == pytest.approx(world.kept.mean(), abs=1e-12)
    lines = [one for one in found.candidates if one.what in plain(world)]
    assert len(lines) >= 2
    for one in lines:
        assert (one.reached, one.kept_with, one.kept_without) == pytest.approx(
            counted(world, one.what, one.count, one.days), abs=1e-12
        )
    peers = {line(f"count({name})", k, d): (f"count({name})", k, d) for name in world.names
             for k in range(1, 51) for d in range(1, 29)}  # fmt: skip
    told = [one for one in found.peers if one.when in peers]
    assert told
    for peer in told:
        assert (peer.reached, peer.kept_with, peer.kept_without) == pytest.approx(
            counted(world, *peers[peer.when]), abs=1e-12
        )
    assert [one.phi for one in found.peers] == sorted((one.phi for one in found.peers), reverse=True)


def test_the_planted_moment_comes_first(source: Source, world: World) -> None:
    found = findings(source, world)
    truth, first = world.moments[0], found.candidates[0]
    assert (first.what, first.verdict) == (truth.what, "candidate")
    assert abs(first.count - truth.count) <= 1
    assert isinstance(first.effect, Estimate)
    assert first.effect.low > 0
    more = first.effect.value * min(0.1, (1 - first.reached / PARTIES) / 2)
    assert (
        first.test.parties == two_proportions(found.kept, found.kept + more).total
    )  # the half left alone is everybody
    check_figures(found, world)


def test_on_people_drawn_it_still_comes_first_and_figures_are_of_everybody(
    few_looked_at: Findings, world: World
) -> None:
    first = few_looked_at.candidates[0]
    assert (first.what, first.verdict) == (world.moments[0].what, "candidate")
    assert "screened on 2800 people, estimated on 4000 others" in few_looked_at.notes
    assert any(f"of all {PARTIES} people" in note for note in few_looked_at.notes)
    over = [one for one in few_looked_at.refusals if "coarse screen of 1200 people" in one.why]
    assert over
    assert sum(int(one.what.split()[0]) for one in over) > 100
    assert not any("held equal" in one.why for one in few_looked_at.refusals)
    check_figures(few_looked_at, world)


def test_the_same_seed_gives_the_same_answer(few_looked_at: Findings, source: Source, world: World) -> None:
    assert findings(source, world) == few_looked_at


def test_the_peers_line_has_the_place_that_ours_says(few_looked_at: Findings) -> None:
    for place, one in enumerate(few_looked_at.candidates, 1):
        if one.peer_rank is not None and one.peer_rank <= len(few_looked_at.peers):
            peer = few_looked_at.peers[one.peer_rank - 1]
            assert (peer.when, peer.ours, peer.verdict) == (one.when, place, one.verdict)


def test_a_line_asked_for_is_judged_though_it_would_not_go_on(
    few_looked_at: Findings, source: Source, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert few_looked_at.parties == PARTIES  # the sizes are small still
    monkeypatch.setattr(following, "FOLLOWED", 3)
    monkeypatch.setattr(prefilter, "LEAST_OF_KIND", {})
    when = "count(settings_changed) >= 2 within 20 days of start"
    assert not any(one.what == "count(settings_changed)" for one in findings(source, world).candidates)
    found = findings(source, world, asked=(when,))
    one = next(one for one in found.candidates if one.when == when)
    assert one.asked
    assert (one.reached, one.kept_with, one.kept_without) == pytest.approx(
        counted(world, "count(settings_changed)", 2, 20), abs=1e-12
    )


@pytest.fixture(scope="module")
def because_kept() -> World:
    return simulate("because kept", np.random.default_rng(3), 3000)


def late_by_pandas(world: World) -> dict[str, float]:
    """How many more of 100 are kept among those with an event between day 28 and the end of the outcome, by name."""
    days = world.horizon_days
    end = int(world.kept_text.split(" and ")[1].split()[0])
    events = pd.DataFrame({"party": world.party, "name": np.array(world.names)[world.name], "at": world.offset_us})
    late = events[(events["at"] >= days * DAY_US) & (events["at"] < end * DAY_US)]
    out = {}
    for name, rows in late.groupby("name"):
        did = np.isin(np.arange(len(world.kept)), rows.party)
        out[str(name)] = 100 * float(world.kept[did].mean() - world.kept[~did].mean())
    return out


@pytest.mark.parametrize("name", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_what_is_only_done_once_the_outcome_has_begun_is_set_aside_for_its_time(
    name: str, because_kept: World, tmp_path: Path
) -> None:
    path, own = tmp_path / "events.parquet", because_kept.kept_text.split("(")[1].split(")")[0]
    log = event_table(because_kept)
    pq.write_table(log.set_column(log.schema.get_field_index("at"), "at", log["at"].cast(pa.int64())), path)
    source = Source((path,), False, columns={"party": "party", "name": "name", "at_us": "at", "id": "id"})
    with closing(engine(name)) as runs:
        raw, asked = runs.open(source), question(because_kept.kept_text)
        known = outcomes(runs, raw, asked, because_kept.as_of_us)
        said = done_afterwards(runs, study(source, known.population, known.texts), asked)
    apart = {one.what.removeprefix("count(").split(")")[0]: one.why for one in said}
    expected = {one: more for one, more in late_by_pandas(because_kept).items() if more > 20 and one != own}
    assert {"invite", "share"} <= set(expected)
    assert set(apart) == set(expected)
    for one, more in expected.items():
        assert apart[one].startswith(f"time: {more:.1f} more of 100")


def test_the_whole_of_find_says_what_came_too_late(because_kept: World, tmp_path: Path) -> None:
    columns = event_table(because_kept)
    table = pa.table({"party": columns["party"], "name": columns["name"], "at_us": columns["at"].cast(pa.int64())})
    with seal_table(table, tmp_path / "data") as history:
        found = findings(history.source(), because_kept)
    late = {one.what for one in found.refusals if "by then the outcome has begun" in one.why}
    assert {"count(invite) after 28 days", "count(share) after 28 days"} <= late


def test_what_is_done_afterwards_is_counted_alike_from_pages_and_by_sql(because_kept: World, tmp_path: Path) -> None:
    columns = event_table(because_kept)
    table = pa.table({"party": columns["party"], "name": columns["name"], "at_us": columns["at"].cast(pa.int64())})
    with seal_table(table, tmp_path / "data") as history, DuckEngine() as runs:
        source, asked = history.source(), question(because_kept.kept_text)
        known = outcomes(runs, runs.open(source), asked, because_kept.as_of_us).population
        under = study(source, of_rows(known, np.flatnonzero(known.ids % 3 == 0)))
        begin, end = 3 * DAY_US, 40 * DAY_US
        did, counted = done(under, begin, end), by_sql(runs, under, begin, end)
    assert counted == {i: (int(of), int(kept)) for i, (of, kept) in enumerate(did) if of}
    assert len(counted) > 5


def test_an_outcome_of_days_and_one_of_dates_know_the_same_people(because_kept: World, tmp_path: Path) -> None:
    """A window of weeks is over so long after its start; the language's own dates (`every`) say the same."""
    columns = event_table(because_kept)
    table = pa.table({"party": columns["party"], "name": columns["name"], "at_us": columns["at"].cast(pa.int64())})
    with seal_table(table, tmp_path / "data") as history, DuckEngine() as runs:
        raw, asked = runs.open(history.source()), question(because_kept.kept_text)
        middle = int(np.median(because_kept.start_us)) + 56 * DAY_US
        for as_of in (middle, middle + 1, because_kept.as_of_us):
            known = outcomes(runs, raw, asked, as_of).population
            by_dates = Definition(_over(asked))
            shown = relation(runs, raw, needs([by_dates]), as_of)
            over = runs.run(reading(by_dates, shown, as_of, runs))["party"].to_pylist()
            assert sorted(set(over)) == sorted(known.ids.tolist())


def test_which_pairs_are_tried_is_chosen_by_those_who_screen() -> None:
    """Two names: one tells kept and lost apart among those who screen, the other among those who estimate."""
    reached = np.zeros((2, 2, 1, 1, 2), np.int32)  # [group, name, k - 1, day, kept]
    reached[0, 0, 0, 0] = 10, 40
    reached[0, 1, 0, 0] = 25, 25
    reached[1, 0, 0, 0] = 25, 25
    reached[1, 1, 0, 0] = 0, 50
    made = Cube(reached, np.full((2, 2), 50), ["count(a)", "count(b)"], np.arange(2, dtype=np.int32))
    assert _promising(made) == [0, 1]


@pytest.mark.parametrize("kept", ["count(any)", "count(contact)", 'count(visit where direction = "out")'])
def test_what_the_outcome_itself_counts_is_never_said_to_come_too_late(
    kept: str, because_kept: World, tmp_path: Path
) -> None:
    columns = event_table(because_kept)
    table = pa.table({"party": columns["party"], "name": columns["name"], "at_us": columns["at"].cast(pa.int64())})
    with seal_table(table, tmp_path / "data") as history, DuckEngine() as runs:
        source = history.source()
        known = outcomes(runs, runs.open(source), question(because_kept.kept_text), because_kept.as_of_us)
        asked = question(f"{kept} >= 1 between 28 days and 56 days after start")
        said = done_afterwards(runs, study(source, known.population), asked)
    assert not any("count(visit)" in one.what for one in said)
    assert bool(said) == ("visit" in kept)


@pytest.mark.parametrize(
    ("kept", "aside"),
    [
        ("count(visit)", ["count(visit)", "count(visit where p = \"a\")", "distinct(p of visit)"]),
        ('count(visit where p = "a")', ['count(visit where p = "a")']),
        ("distinct(counterpart of visit)", [
            "count(visit)", "count(visit where p = \"a\")", "distinct(p of visit)", "distinct(counterpart of visit)",
        ]),
        ("count(other)", []),
    ],
)  # fmt: skip
def test_what_is_made_of_the_outcomes_own_events_is_a_tautology(
    kept: str, aside: list[str], because_kept: World, tmp_path: Path
) -> None:
    """How many people somebody dealt with is another question than how often; how many values of a property is not."""
    columns = event_table(because_kept)
    table = pa.table({"party": columns["party"], "name": columns["name"], "at_us": columns["at"].cast(pa.int64())})
    with seal_table(table, tmp_path / "data") as history:
        population = Population(
            np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0, np.uint8), 2
        )
        under = study(history.source(), population)
    visit = under.names.index("visit")
    plain, sliced = Choice(visit), Choice(visit, "p", "a")
    candidates = [
        count(under.names, plain), count(under.names, sliced), distinct(under.names, "p", plain),
        distinct(under.names, "counterpart", plain),
    ]  # fmt: skip
    asked = question(f"{kept} >= 1 between 28 days and 56 days after start")
    assert [candidates[i].what for i in _tautologies(candidates, under, asked)] == aside
