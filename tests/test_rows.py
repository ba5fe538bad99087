"""A watcher whose rows are on a shelf says what one says that has them in memory; parties are read again when asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from occasion.events.event import Event, in_order
from occasion.moments.definition import Definition, Nth
from occasion.moments.live import Program
from occasion.moments.live import program as programs
from occasion.moments.meaning import meaning
from occasion.moments.rows import ShelvedRows
from occasion.moments.timers import SHIFT
from occasion.moments.watch import Change, MemoryLog, Watcher
from test_live_law import DAY, cases, simple_cases
from test_meaning import A, X, event
from test_watch import SECOND, SILENT, Desk, law, short, streams, watching

QUICK = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
Stream = tuple[list[Definition], list[Event], list[tuple[int, str]], int]


class Table:
    """A shelf in an SQLite database."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:")
        self.db.execute("CREATE TABLE state (party TEXT PRIMARY KEY, due INTEGER, row BLOB) WITHOUT ROWID")
        self.db.execute("CREATE INDEX by_due ON state (due)")
        self.reads = 0

    def read(self, parties: Sequence[str]) -> Iterable[tuple[str, bytes]]:
        self.reads += len(parties)
        for party in parties:
            yield from self.db.execute("SELECT party, row FROM state WHERE party = ?", (party,))

    def due(self, after: int, until: int) -> Iterable[tuple[int, str]]:
        return self.db.execute("SELECT due, party FROM state WHERE due > ? AND due <= ?", (after, until)).fetchall()

    def write(self, rows: Iterable[tuple[str, int, bytes]], gone: Iterable[str]) -> None:
        self.db.executemany("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", rows)
        self.db.executemany("DELETE FROM state WHERE party = ?", [(party,) for party in gone])

    def parties(self) -> Iterator[str]:
        return (party for (party,) in self.db.execute("SELECT party FROM state").fetchall())


def from_shelf(watcher: Watcher, shelf: Table, log: MemoryLog, definitions: Sequence[Definition]) -> Watcher:
    """A new watcher after a restart."""
    saved = msgspec.json.decode(msgspec.json.encode(watcher.save()))
    again = Watcher(definitions, log, buffer_us=watcher.buffer_us, rows=ShelvedRows(shelf))
    again.restore(saved)
    return again


@QUICK
@given(streams().filter(lambda s: s[0][0].identity != s[0][1].identity and short(s[0], s[1], DAY)), st.integers(0, 2))
def test_rows_on_a_shelf_say_what_the_law_says(stream: Stream, keep: int) -> None:
    watched, events, steps, buffer_us = stream
    log, desk, shelf, at = MemoryLog(), Desk(), Table(), 0
    watcher = Watcher(watched, log, buffer_us=buffer_us, rows=ShelvedRows(shelf))
    for size, what in [*steps, (len(events), "feed"), (0, "feed")]:
        batch, at = events[at : at + size], at + size
        clock = max([watcher.clock, *(e.seen for e in batch)] if size % 2 else [watcher.clock, *(e.at for e in batch)])
        if clock < 0 and not batch and not log.events:
            continue
        desk.take(watcher.feed(log.add(batch), clock))
        if what == "restart":
            watcher = from_shelf(watcher, shelf, log, watched)
        elif what == "save":
            watcher.save()
            assert isinstance(watcher.rows, ShelvedRows)
            watcher.rows.evict(keep)
        for definition in watched:
            for party in ("p", "q"):
                assert desk.said(definition, party) == law(definition, log, party, watcher)


@QUICK
@given(streams().filter(lambda s: s[0][0].identity != s[0][1].identity and short(s[0], s[1], DAY)), st.booleans())
def test_definitions_exchanged_while_running_say_what_the_law_says(stream: Stream, shelved: bool) -> None:
    """One definition is watched, the other is added between two feeds, the parties read at once or when touched."""
    (one, two), events, steps, buffer_us = stream
    log, desk, at, watched = MemoryLog(), Desk(), 0, [one]
    watcher = Watcher(watched, log, buffer_us=buffer_us, rows=ShelvedRows(Table()) if shelved else None)
    for i, (size, what) in enumerate([*steps, (len(events), "feed")]):
        batch, at = events[at : at + size], at + size
        clock = max([watcher.clock, *(e.seen for e in batch)])
        desk.take(watcher.feed(log.add(batch), clock))
        if i == len(steps) // 2:
            if what == "save":
                watcher.save()
            watched = [two, one]
            desk.take(watcher.redefine(watched, None if size % 2 else ()))
            if size % 2 == 0:
                desk.take(watcher.catch_up(["q"]))
                desk.take(watcher.feed((), clock + DAY))
                desk.take(watcher.catch_up(["p"]))
        for definition in watched:
            for party in ("p", "q"):
                expected = law(definition, log, party, watcher)
                assert desk.said(definition, party) == expected


@pytest.mark.parametrize("shelved", [False, True])
def test_a_definition_taken_away_is_watched_no_more_and_the_others_go_on(shelved: bool) -> None:
    log = MemoryLog()
    third, each = Definition(Nth(X, 3)), Definition(A)
    watcher = Watcher([each, third], log, rows=ShelvedRows(Table()) if shelved else None)
    watcher.feed(log.add([event("x", 1), event("x", 2), event("a", 2)]), 3 * DAY)
    assert watcher.redefine([third]) == []
    changes = watcher.feed(log.add([event("x", 4), event("a", 4)]), 5 * DAY)
    assert [change.moment for change in changes] == [third.identity]


def test_at_the_start_no_row_is_read_and_a_timer_still_comes() -> None:
    log, shelf = MemoryLog(), Table()
    watcher = Watcher([SILENT], log, rows=ShelvedRows(shelf))
    watcher.feed(log.add([event("a", 1)]), 2 * DAY)
    again = from_shelf(watcher, shelf, log, [SILENT])
    shelf.reads = 0
    assert again.advance(4 * DAY + 2 * SECOND - 1) == []
    assert shelf.reads == 0
    (change,) = again.advance(4 * DAY + 2 * SECOND)
    assert (change.kind, change.at, shelf.reads) == ("reached", 4 * DAY, 1)


def test_a_definition_new_after_a_restart_says_its_past_when_the_party_is_touched() -> None:
    log, shelf = MemoryLog(), Table()
    watcher = Watcher([Definition(A)], log, rows=ShelvedRows(shelf))
    watcher.feed(log.add([event("a", 1), event("x", 1.5)]), 2 * DAY)
    again = from_shelf(watcher, shelf, log, [Definition(A), Definition(X)])
    changes = again.feed(log.add([event("x", 3), event("a", 3.5)]), 4 * DAY)
    assert sorted((change.moment == Definition(X).identity, change.at / DAY) for change in changes) == [
        (False, 3.5),
        (True, 1.5),
        (True, 3),
    ]


def merged(log: MemoryLog, one: str, into: str) -> None:
    """The log reads the events of one party as another's, as a map of identities would."""
    log.parties.setdefault(into, []).extend(log.parties.pop(one))


@pytest.mark.parametrize("shelved", [False, True])
def test_two_parties_that_are_one_are_read_again_and_parted_again(shelved: bool) -> None:
    third, log = Definition(Nth(X, 3)), MemoryLog()
    watcher = Watcher([third, SILENT], log, rows=ShelvedRows(Table()) if shelved else None)
    p = [event("x", 1), event("a", 2)]
    q = [msgspec.structs.replace(e, party="q") for e in (event("x", 3), event("x", 4), event("a", 9))]
    (silent,) = watcher.feed(log.add([*p, *q]), 6 * DAY)
    assert (silent.party, silent.at) == ("p", 5 * DAY)
    own = {party: list(log.parties[party]) for party in "pq"}
    merged(log, "q", "p")
    into = watcher.reread("p", "q is p", [silent])
    assert watcher.reread("q", "q is p", []) == []
    assert [(c.kind, c.moment, c.at / DAY, c.reason) for c in into] == [
        ("retracted", SILENT.identity, 5, "q is p"),
        ("reached", third.identity, 4, ""),
    ]
    assert [(c.party, c.at) for c in watcher.advance(13 * DAY)] == [("p", 12 * DAY)]  # q's event that waited is p's
    log.parties = own
    parted = [*watcher.reread("p", "parted", [into[1]]), *watcher.reread("q", "parted", [])]
    assert [(c.kind, c.party, c.moment) for c in parted] == [
        ("retracted", "p", third.identity),
        ("reached", "p", SILENT.identity),
        ("reached", "q", SILENT.identity),
    ]


def test_what_a_person_acted_on_stands_when_a_party_is_read_again() -> None:
    watcher, log = watching(Definition(A))
    (change,) = watcher.feed(log.add([event("a", 1)]), 2 * DAY)
    watcher.act(change)
    log.parties.clear()
    (stands,) = watcher.reread("p", "was somebody else", [change])
    assert (stands.kind, stands.reason) == ("stands", "was somebody else")


@pytest.mark.parametrize("shelved", [False, True])
def test_a_party_that_is_forgotten_says_nothing_and_leaves_nothing(shelved: bool) -> None:
    log, shelf = MemoryLog(), Table()
    watcher = Watcher([SILENT], log, rows=ShelvedRows(shelf) if shelved else None)
    watcher.feed(log.add([event("a", 1), event("x", 3)]), 2 * DAY)
    watcher.save()
    log.parties.clear()
    log.events.clear()
    watcher.forget("p")
    saved = watcher.save()
    assert "p" not in str(saved.get("parties"))
    assert list(shelf.parties()) == list(watcher.rows.everyone()) == []
    assert watcher.advance(9 * DAY) == []
    assert [c.at / DAY for c in watcher.feed(log.add([event("a", 10)]), 20 * DAY)] == [13]


@QUICK
@given(st.one_of(cases(), simple_cases()))
def test_packed_and_unpacked_is_the_row(case: tuple[Definition, list[Event], int]) -> None:
    definition, log, as_of = case
    program = Program([definition])
    row = program.blank()
    program.read(row, in_order(log, as_of))
    again = program.unpack(program.pack(row))
    assert again is not None
    assert program.save(again) == program.save(row)


def test_what_was_saved_in_another_layout_is_read_from_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    third = Definition(Nth(X, 3))
    for rows in (None, ShelvedRows(Table())):
        log = MemoryLog()
        monkeypatch.setattr(programs, "LAYOUT", 0)
        watcher = Watcher([third], log, rows=rows)
        watcher.feed(log.add([event("x", 1), event("x", 2)]), 3 * DAY)
        saved = watcher.save()
        row = next(iter(watcher.rows.held.values()))
        plain, packed = watcher.program.save(row), watcher.program.pack(row)
        monkeypatch.setattr(programs, "LAYOUT", 1)
        assert Program([third]).restore(plain) is None
        assert Program([third]).unpack(packed) is None
        again = Watcher([third], log, rows=None if rows is None else ShelvedRows(rows.shelf))
        again.restore(saved)
        found: list[Change] = again.feed(log.add([event("x", 4)]), 5 * DAY)
        expected = meaning(third, log.of("p"), 5 * DAY)
        assert [change.occurrence for change in found] == expected


def test_a_row_that_changes_while_it_is_being_saved_is_saved_as_it_was() -> None:
    shelf = Table()
    rows = ShelvedRows(shelf)
    watcher = Watcher([SILENT], MemoryLog(), rows=rows)
    watcher.feed([event("a", 1), msgspec.structs.replace(event("a", 1, "q"), party="q")], 2 * DAY)
    rows.begin_save()
    was = rows.packing.pack(rows.held["p"])
    assert rows.load(["p", "p"]) == []  # a timer may name a party twice
    assert dict(shelf.read(["p", "q"])) == {"p": was}
    watcher.feed([event("a", 3)], 4 * DAY)
    assert dict(shelf.read(["p"])) == {"p": was}
    assert rows.save_some(5)
    assert [party for party, _ in shelf.read(["p", "q"])] == ["p", "q"]
    assert list(rows.dirty) == ["p"]


@pytest.mark.parametrize("back", [False, True])
def test_what_was_read_right_before_definitions_are_exchanged_is_kept_by_the_next_save(back: bool) -> None:
    log, shelf = MemoryLog(), Table()
    third, other = Definition(Nth(A, 3)), Definition(Nth(X, 3))
    watcher = Watcher([third], log, buffer_us=0, rows=ShelvedRows(shelf))
    if back:
        watcher.feed(log.add([event("a", 0.5)]), 1 * DAY)
        watcher.save()
    watcher.feed(log.add([event("a", 1), *([] if back else [event("a", 1.5)])]), 2 * DAY)
    watcher.redefine([third, other], ())
    if back:
        watcher.redefine([third], ())
    again = from_shelf(watcher, shelf, log, [third] if back else [third, other])
    (change,) = again.feed(log.add([event("a", 3)]), 4 * DAY)
    assert (change.kind, change.at) == ("reached", 3 * DAY)


def test_a_timer_of_a_row_that_was_let_go_comes_in_the_next_bucket_too() -> None:
    log, bucket = MemoryLog(), 1 << SHIFT
    rows = ShelvedRows(Table())
    watcher = Watcher([SILENT], log, buffer_us=0, rows=rows)
    at = 1_000 * bucket - 3 * DAY  # so that a bucket begins three days later
    watcher.feed((), at + 3 * DAY - bucket // 10)  # timers are asked for until beyond the end of this bucket
    came = msgspec.structs.replace(event("a", 0), at=at + bucket // 10)
    watcher.feed(log.add([came]), at + 3 * DAY - bucket // 10 + 1)
    watcher.save()
    rows.evict(0)
    assert not rows.held
    (change,) = watcher.advance(at + 4 * DAY)
    assert (change.kind, change.at) == ("reached", came.at + 3 * DAY)
