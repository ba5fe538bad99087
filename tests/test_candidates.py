"""Candidate streams against the law: what a candidate's line means is what its stream's points say."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candidate_logs import CANDIDATES, HORIZON, NAMES, as_events, busy, logs, population_of, sealed, unsealed
from occasion.errors import InputError
from occasion.events.table import event_table
from occasion.finding.candidates import Choice, count, distinct, line, returns
from occasion.finding.chunks import study
from occasion.finding.population import DAY_US
from occasion.finding.proposing import Budget, propose
from occasion.finding.streams import candidate_cube, streams_of
from occasion.moments.meaning import meaning
from occasion.moments.text import read, show
from occasion.store.tables import seal_table


@settings(max_examples=60, deadline=None)
@given(logs, st.integers(1, 20))
def test_a_stream_says_what_its_line_means(log, row_group):
    events = as_events(log)
    population, texts = population_of(events)
    with tempfile.TemporaryDirectory() as folder:
        looked = study(sealed(Path(folder), events, row_group), population)
        cube = candidate_cube(looked, CANDIDATES, 3, HORIZON)
        points = streams_of(looked, CANDIDATES, HORIZON)
    key = points.party.astype(np.int64) * HORIZON * DAY_US + points.offset_us
    assert (np.diff(key) >= 0).all()
    as_of = max(e.at for e in events) + 100 * DAY_US
    for s, candidate in enumerate(CANDIDATES):
        for k in (1,) if candidate.pattern else (1, 3):
            for days in (1, 2, HORIZON):
                definition = read(line(candidate.what, k, days))
                reached = [any(meaning(definition, [e for e in events if e.party == text], as_of)) for text in texts]
                assert cube.reached(k, days)[0, s, 1] == sum(reached), line(candidate.what, k, days)
                for row, yes in enumerate(reached):
                    mine = points.offset_us[(points.party == row) & (points.stream == s)]
                    assert (len(mine) >= k and mine[k - 1] < days * DAY_US) == yes, line(candidate.what, k, days)


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda c: c.what)
def test_the_line_is_in_its_printed_form(candidate):
    text = line(candidate.what, 1, 2)
    printed = text.replace("count(call) >= 2 then", "2nd call then").replace("count(visit) >= 2 then", "2nd visit then")
    assert show(read(text)) == printed


def test_only_the_first_time_of_a_pattern_can_be_written():
    assert line("count(call)", 3, 1) == "count(call) >= 3 within 1 day of start"
    with pytest.raises(InputError, match="its time 2 not"):
        line("call returns after 2 days", 2, 9)


@settings(max_examples=15, deadline=None)
@given(logs)
def test_sealed_or_not_the_streams_are_the_same(log):
    events = as_events(log)
    population, texts = population_of(events)
    with tempfile.TemporaryDirectory() as folder:
        own = study(unsealed(Path(folder), events), population, texts)
        ours = study(sealed(Path(folder), events, 7), population)
        names = own.names
        wanted = [
            *(count(names, Choice(i)) for i in range(len(names))),
            *(distinct(names, "counterpart", Choice(i)) for i in range(len(names))),
            *(count(names, Choice(i, "room", "5")) for i in range(len(names))),
            *(returns(names, Choice(i), 1, per="counterpart") for i in range(len(names))),
        ]
        places = [NAMES.index(name) for name in names]
        same = [
            *(count(NAMES, Choice(i)) for i in places),
            *(distinct(NAMES, "counterpart", Choice(i)) for i in places),
            *(count(NAMES, Choice(i, "room", "5")) for i in places),
            *(returns(NAMES, Choice(i), 1, per="counterpart") for i in places),
        ]
        assert candidate_cube(own, wanted, 4, HORIZON) == candidate_cube(ours, same, 4, HORIZON)
        sized = [count(names, Choice(i, "size", Decimal(5))) for i in range(len(names))]
        numbers = [count(NAMES, Choice(i, "room", Decimal(5))) for i in places]
        mine, theirs = candidate_cube(own, sized, 4, HORIZON), candidate_cube(ours, numbers, 4, HORIZON)
        np.testing.assert_array_equal(mine.counts, theirs.counts)


def test_what_is_proposed_and_what_is_left_out(tmp_path):
    events = busy(np.random.default_rng(1), 2_000)
    population, _ = population_of(events)
    looked = study(sealed(tmp_path, events, 300), population)
    proposal = propose(looked, Budget(pairs=30))
    what = [candidate.what for candidate in proposal.candidates]
    for expected in (
        "count(call)", 'count("Lease Signed")',
        'count(call where direction = "in")', 'count(visit where kind = "flat")',
        "distinct(counterpart of call)", 'distinct(counterpart of call where direction = "out")',
        "distinct(listing of visit)", "call returns after 7 days per counterpart", "visit returns after 30 days",
        'call where direction = "in" then first call where direction = "out" within 1 day',
    ):  # fmt: skip
        assert expected in what
    assert not any("returns after 90" in text for text in what), "longer than the log"
    assert not any("where direction = " in text and "Lease" in text.split(" then ")[0] for text in what)
    assert len(what) == len(set(what))
    assert [text for text in proposal.left_out if "ordered pairs: the budget is 30" in text]
    pairs = [candidate for candidate in proposal.candidates if candidate.kind == "pair"]
    assert len(pairs) == 30


def test_a_source_of_somebody_elses_is_proposed_from_its_mapped_columns(tmp_path):
    events = busy(np.random.default_rng(2), 800)
    population, texts = population_of(events)
    what = [c.what for c in propose(study(unsealed(tmp_path, events), population, texts)).candidates]
    assert 'count(call where direction = "in")' in what
    assert "distinct(counterpart of call)" in what


def test_segments_written_by_the_store_are_read_the_same(tmp_path):
    events = busy(np.random.default_rng(5), 3_000)
    population, texts = population_of(events)
    with seal_table(event_table(events), tmp_path / "store", 3) as history:
        check_stored(history.source(), tmp_path, events, population, texts)


def check_stored(source, folder, events, population, texts):
    parties = pq.read_table(source.parties)
    code = dict(zip(parties["text"].to_pylist(), parties["code"].to_pylist(), strict=True))
    coded = replace(population, ids=np.array([code[text] for text in texts], np.int64))
    stored = study(source, coded)
    ours = study(sealed(folder, events, 300), population)
    choices = [(name, field, value) for name in NAMES for field, value in [(None, None), ("kind", "flat")]]

    def of(names):
        plain = [count(names, Choice(names.index(name), field, value)) for name, field, value in choices]
        call = names.index("call")
        return [*plain, distinct(names, "counterpart", Choice(call)), returns(names, Choice(call), 2, "counterpart")]

    assert candidate_cube(stored, of(stored.names), 20, 30) == candidate_cube(ours, of(NAMES), 20, 30)
    proposed = {candidate.what for candidate in propose(stored).candidates}
    assert proposed == {candidate.what for candidate in propose(ours).candidates}
