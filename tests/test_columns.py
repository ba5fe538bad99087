"""States in a table of words, read by the compiled loop, are what the rows and their machines say, word by word."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from occasion.events.event import Event
from occasion.moments import columns, serials
from occasion.moments.definition import Definition
from occasion.moments.live import kernel
from occasion.moments.live.program import Program
from occasion.moments.live.words import KINDS, ROOM
from occasion.moments.text import read
from occasion.moments.watch import MemoryLog, Watcher
from test_live_law import simple_cases, simple_patterns
from test_meaning import DAY, event
from test_watch import Desk, law, restarted, short

SECOND = 1_000_000
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
Case = tuple[list[Definition], list[Event], list[tuple[int, str]], int, bool]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Definitions of one log each, its events in the order they come (on time, late, shuffled), and what is done after
    how many of them.
    """
    first, log, _ = draw(simple_cases())
    watched = [first, *(Definition(draw(simple_patterns())) for _ in range(3))]
    other = [msgspec.structs.replace(e, party="q", id=f"q{e.id}") for e in draw(simple_cases())[1]]
    stated = draw(st.sampled_from([False, False, False, True]))
    events = [e if stated else msgspec.structs.replace(e, zone=None) for e in (*log, *other)]
    came = draw(st.sampled_from(["seen", "at", "at", "shuffled"]))
    if came == "shuffled":
        events = draw(st.permutations(events))
    else:
        events = sorted(events, key=lambda e: (getattr(e, came), e.id))
    done = st.sampled_from(["feed", "feed", "feed", "save", "restart", "forget"])
    steps = draw(st.lists(st.tuples(st.integers(1, 9), done), max_size=8))
    return watched, events, steps, draw(st.sampled_from([0, 2 * SECOND, DAY])), draw(st.booleans())


def kept(watcher: Watcher) -> dict[str, object]:
    """What is saved of each party, but for timers and when it was last read: a timer may be early, or set for nothing,
    since what it waited for was put off or ended.
    """
    parties = cast(dict[str, dict[str, Any]], watcher.save()["parties"])
    return {
        party: one | {"read": 0, "moments": {i: own[1] for i, own in one["moments"].items()}}
        for party, one in parties.items()
    }


def by_many(watched: list[Definition], log: MemoryLog, buffer_us: int) -> Watcher:
    """A watcher that has its table from the first event on."""
    watcher = Watcher(watched, log, buffer_us=buffer_us)
    watcher.reading.many = 1
    return watcher


def agrees(case: Case) -> int:
    """How many parties were in the table at the end."""
    watched, events, steps, buffer_us, saving = case
    watched = list({d.identity: d for d in watched}.values())
    log = MemoryLog()
    table, rows = by_many(watched, log, buffer_us), Watcher(watched, log, buffer_us=buffer_us)
    rows.reading.many = None
    at = inside = 0
    for size, what in [*steps, (len(events), "feed"), (0, "later")]:
        batch, at = events[at : at + size], at + size
        clock = max([table.clock, *(e.seen if size % 2 else e.at for e in batch)])
        if clock < 0:
            continue
        new = log.add(batch)
        clock += 400 * DAY * (what == "later")
        one, two = table.feed(new, clock), rows.feed(new, clock)
        assert Counter(one) == Counter(two)
        inside = len(table.reading.columns.everyone()) if table.reading.columns is not None else 0
        if what == "restart":
            table, rows = restarted(table, log), restarted(rows, log)
            table.reading.many, rows.reading.many = 1, None
        elif what == "save":
            assert kept(table) == kept(rows)
        elif what == "forget":
            log.events = {key: e for key, e in log.events.items() if e.party != "q"}
            log.parties.pop("q", None)
            table.forget("q")
            rows.forget("q")
        if saving:  # puts every party into its row
            assert kept(table) == kept(rows)
    assert kept(table) == kept(rows)
    return inside


def fit(case: Case) -> bool:
    watched, events, _, buffer_us, _ = case
    return short(watched, events, buffer_us + 400 * DAY)


@QUICK
@given(cases().filter(fit))
def test_the_table_says_and_keeps_what_the_rows_do(case: Case) -> None:
    agrees(case)


@pytest.mark.slow
@settings(QUICK, max_examples=15_000)
@given(cases().filter(fit))
def test_the_table_says_and_keeps_what_the_rows_do_on_many(case: Case) -> None:
    agrees(case)


TEXTS = (
    "a",
    "3rd a",
    "every 2nd b",
    "count(a) >= 2 within 3 days",
    "count(b) >= 4 within 3 days",
    "streak of 2 days of a",
    "streak of 3 days of b",
    "no a for 1 day",
    "no b for 3 days after b",
    "count(a) >= 3 within 3 days of start",
    "count(b) >= 2 within 3 days of first a",
    "count(a) >= 2 between 1 day and 3 days after start",
    "count(a) < 3 within 3 days of start",
    "count(b) < 2 between 1 day and 3 days after 2nd a",
    "a then b within 1 day",
    "b then a",
    "first b then first b within 3 days",
    "no a for 3 days after first a",
    "a then first b within 3 days",
    "b then first b within 1 day",
    "no b for 1 day after a",
    'first a where f = "x" and 2nd b',
    'count(a where f = "x") >= 2 within 3 days',
    "distinct(f of a) >= 2 within 3 days of start",  # not in words, as the next two
    "every 1 week since first a",
    "(count(a) >= 2 within 1 day) and first b",
)


def aimed(seed: int, parties: int = 40, events: int = 40) -> list[Event]:
    """Streams in which many events lie on the edge of a window that an earlier one opened; some at one instant, some
    seen late.
    """
    rng = np.random.default_rng(seed)
    made = []
    for p in range(parties):
        ats = [1_711_756_800_000_000 + int(rng.integers(0, DAY))]
        for _ in range(events - 1):
            back = int(ats[-min(len(ats), int(rng.integers(1, 5)))])
            aim = back + int(rng.choice([1, DAY // 3, DAY, 3 * DAY])) + int(rng.integers(-1, 2))
            tied = rng.random() < 0.02
            ats.append(ats[-1] if tied else max(ats[-1] + 1, aim))
        for i, at in enumerate(ats):
            late = int(rng.choice([0, 0, 0, 5, DAY]))
            own = {"f": str(rng.choice(["x", "y"]))} if rng.random() < 0.7 else {}
            name = str(rng.choice(["a", "a", "b", "c"]))
            made.append(Event(party=f"p{p}", name=name, at=at, seen=at + late, id=f"{p}-{i:03}", properties=own))
    return sorted(made, key=lambda e: (e.seen, e.id))


def on_the_edges(seed: int) -> None:
    """Every kind in words, on streams aimed at edges, is what the rows say; as they come, and in order of time."""
    watched = [read(text) for text in TEXTS]
    stream = aimed(seed)
    for came in (stream, sorted(stream, key=lambda e: (e.at, e.id))):
        log = MemoryLog()
        table, rows = by_many(watched, log, SECOND), Watcher(watched, log, buffer_us=SECOND)
        rows.reading.many = None
        for at in range(0, len(came), 97):
            batch = log.add(came[at : at + 97])
            clock = max([table.clock, *(e.seen for e in batch)])
            assert Counter(table.feed(batch, clock)) == Counter(rows.feed(batch, clock))
        assert table.reading.columns is not None
        assert len(table.reading.columns.everyone()) > 20
        assert kept(table) == kept(rows)
        last = table.clock + 30 * DAY
        assert Counter(table.advance(last)) == Counter(rows.advance(last))
        assert kept(table) == kept(rows)


def test_on_the_edges_of_windows() -> None:
    on_the_edges(1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 60))
def test_on_the_edges_of_windows_of_many(seed: int) -> None:
    on_the_edges(seed)


def test_what_of_the_definitions_is_in_words() -> None:
    plan = columns.Plan(Program([read(text) for text in TEXTS]))
    assert {one.kind for one in plan.flats} == set(KINDS)
    assert [TEXTS[i] for i in plan.rest] == list(TEXTS[-3:])
    assert ROOM == kernel.ROOM
    for kind in KINDS:
        name = {"did": "DID", "both": "BOTH"}.get(kind, kind.replace(" ", "_").upper())
        assert getattr(kernel, name) == KINDS.index(kind)


def test_more_windows_than_there_is_room_for_are_read_in_the_row() -> None:
    for text in ("a then first b within 3 days", "no b for 3 days after a"):
        watched, log = [read(text)], MemoryLog()
        watcher = by_many(watched, log, 0)
        events = [event("a", 1 + i / 100) for i in range(ROOM + 4)] + [event("b", 2), event("a", 3)]
        desk = Desk()
        desk.take(watcher.feed(log.add(events[:3]), events[2].at))
        table = watcher.reading.columns
        assert table is not None
        assert table.everyone() == ["p"]
        desk.take(watcher.feed(log.add(events[3:-1]), 2 * DAY))
        assert table.everyone() == []
        desk.take(watcher.feed(log.add(events[-1:]), 9 * DAY))
        assert table.everyone() == ["p"]
        assert desk.said(watched[0], "p") == law(watched[0], log, "p", watcher)


def test_numbers_of_events_that_no_state_speaks_of_are_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serials, "LOOSE", 100)
    watched, log = [read("count(a) >= 3 within 3 days"), read("no a for 40 days")], MemoryLog()
    watcher = by_many(watched, log, 0)
    desk = Desk()
    for i in range(300):
        batch = log.add([msgspec.structs.replace(event("a", i * 0.9, f"{i}{p}"), party=p) for p in "pq"])
        desk.take(watcher.feed(batch, batch[0].at))
    assert watcher.reading.columns is not None
    assert watcher.reading.columns.serials.count < 150
    desk.take(watcher.advance(400 * DAY))
    for definition in watched:
        for party in "pq":
            assert desk.said(definition, party) == law(definition, log, party, watcher)


@pytest.mark.parametrize("many", [63, 64, 130])
def test_more_conditions_than_there_are_bits_are_read_in_the_row(many: int) -> None:
    watched, log = [read(f'a where f = "{i}"') for i in range(many)], MemoryLog()
    table, rows = by_many(watched, log, 0), Watcher(watched, log, buffer_us=0)
    batch = log.add([event("a", 1 + i / 1000, f=str(i)) for i in range(many)])
    said = table.feed(batch, 3 * DAY)
    assert Counter(said) == Counter(rows.feed(batch, 3 * DAY))
    assert len(said) == many


def test_more_hours_than_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("occasion.moments.live.units.MOST", 5)
    watched, log = [read("streak of 3 days of a")], MemoryLog()
    table, rows = by_many(watched, log, 0), Watcher(watched, log, buffer_us=0)
    batch = log.add([event("a", i / 3) for i in range(40)])
    assert Counter(table.feed(batch, 20 * DAY)) == Counter(rows.feed(batch, 20 * DAY))


class Joined(MemoryLog):
    """A log whose parties turn out to be others, and are told apart again."""

    def __init__(self) -> None:
        super().__init__()
        self.into: dict[str, str] = {}

    def read_as(self, party: str) -> str:
        while party in self.into:
            party = self.into[party]
        return party

    def under(self, events: list[Event]) -> list[Event]:
        return [msgspec.structs.replace(e, party=self.read_as(e.party)) for e in events]

    def of(self, party: str) -> list[Event]:
        return [e for e in self.under(list(self.events.values())) if e.party == party]

    def unread(self, horizon: int, clock: int) -> list[Event]:
        return [e for e in self.under(list(self.events.values())) if e.at > horizon or e.seen > clock]


def joins(seed: int) -> None:
    """Days of events, some late, of parties that are merged and parted: the table against the rows."""
    draw = np.random.default_rng(seed)
    log, buffer_us = Joined(), int(draw.choice([0, 2 * SECOND, DAY]))
    watched = list({d.identity: d for d in map(read, draw.choice(TEXTS, 8, replace=False))}.values())
    table, rows = by_many(watched, log, buffer_us), Watcher(watched, log, buffer_us=buffer_us)
    rows.reading.many = None
    clock = 0
    for step in range(40):
        what = draw.random()
        if what < 0.7:
            came = []
            for n in range(int(draw.choice([1, 2, 5, 20]))):
                at = max(0, clock + int(draw.choice([0, 1, DAY // 3, DAY, -DAY, -3 * DAY, 2 * DAY])))
                made = event("ab"[draw.integers(2)], 0, f"{step}-{n}", f="xy"[draw.integers(2)])
                party = "pqrs"[draw.integers(4)]
                came.append(msgspec.structs.replace(made, party=party, at=at, seen=at + int(draw.choice([0, 0, DAY]))))
            clock += int(draw.choice([0, DAY // 2, DAY]))
            new = log.under(log.add(came))
            assert Counter(table.feed(new, clock)) == Counter(rows.feed(new, clock))
        elif what < 0.9:
            before = {party: log.read_as(party) for party in "pqrs"}
            one, into = draw.choice(list("pqrs"), 2, replace=False)
            if one in log.into:
                del log.into[one]
            elif log.read_as(into) != one:
                log.into[one] = into
            changed = {
                p for party, was in before.items() if was != log.read_as(party) for p in (was, log.read_as(party))
            }
            for party in sorted(changed):
                assert Counter(table.reread(party, "", ())) == Counter(rows.reread(party, "", ()))
        else:
            clock += int(draw.choice([DAY, 9 * DAY, 40 * DAY]))
            assert Counter(table.advance(clock)) == Counter(rows.advance(clock))
        if step % 10 == 9:
            assert kept(table) == kept(rows)


@pytest.mark.parametrize("seed", range(6))
def test_parties_that_turn_out_to_be_one_are_read_again_in_the_table(seed: int) -> None:
    joins(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6, 300))
def test_parties_that_turn_out_to_be_one_are_read_again_in_the_table_many_times(seed: int) -> None:
    joins(seed)
