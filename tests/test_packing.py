"""Parties in a table of words, kept on a shelf as words: what is said and kept is what rows in memory say and keep."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import test_rows
from occasion.events.event import in_order
from occasion.moments.columns import Columns
from occasion.moments.held import Held
from occasion.moments.live.program import DUE, Program, Saved
from occasion.moments.packing import FORM, Packing, in_words
from occasion.moments.rows import ShelvedRows
from occasion.moments.text import read
from occasion.moments.timers import SHIFT
from occasion.moments.watch import MemoryLog, Watcher
from test_columns import TEXTS, Case, cases, fit
from test_columns import kept as kept_in_memory
from test_meaning import DAY, event
from test_rows import Stream, Table, from_shelf

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def simple_streams(draw: st.DrawFn) -> Stream:
    """As `test_watch.streams`, of patterns that go into words."""
    watched, events, steps, buffer_us, _ = draw(cases().filter(fit))
    done = [(size, what if what in {"save", "restart"} else "feed") for size, what in steps]
    return [watched[0], draw(st.sampled_from(watched[1:]))], events, done, buffer_us


HOW = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=8)  # rows saved at once, rows kept


def rows_of(watcher: Watcher) -> ShelvedRows:
    assert isinstance(watcher.rows, ShelvedRows)
    return watcher.rows


def kept(watcher: Watcher) -> dict[str, object]:
    """What is on the shelf and in memory of each party, as `test_columns.kept` has it."""
    rows, found = rows_of(watcher), dict[str, object]()
    for party in sorted(set(rows.everyone())):
        assert rows.load([party]) == []
        watcher.reading.whole(party, 0)
        found[party] = slots(watcher.program.save(rows.held[party])) | {"read": 0}
    return found


def slots(saved: Saved) -> dict[str, object]:
    """A row that was saved, but for its timers: one may be early, since what it waited for was put off."""
    moments = cast(dict[str, Any], saved["moments"])
    return saved | {"moments": {i: own[1] for i, own in moments.items()}}


def agrees(case: Case, how: list[tuple[int, int]]) -> None:
    """One watcher has its parties in a table on a shelf, from the first event on; the other its rows in memory."""
    watched, events, steps, buffer_us, looking = case
    watched = list({d.identity: d for d in watched}.values())
    log, shelf, at = MemoryLog(), Table(), 0
    rows = Watcher(watched, log, buffer_us=buffer_us)
    table = Watcher(watched, log, buffer_us=buffer_us, rows=ShelvedRows(shelf))
    rows.reading.many, table.reading.many = None, 1
    for i, (size, what) in enumerate([*steps, (len(events), "feed"), (0, "later")]):
        some, keep = how[i % len(how)]
        batch, at = events[at : at + size], at + size
        clock = max([table.clock, *(e.seen if size % 2 else e.at for e in batch)])
        if clock < 0:
            continue
        new = log.add(batch)
        clock += 400 * DAY * (what == "later")
        assert Counter(table.feed(new, clock)) == Counter(rows.feed(new, clock))
        shelved = rows_of(table)
        if keep != 1:
            shelved.warm(shelf.read(["p", "q", "nobody"]))
        if what != "feed" or size % 3 == 0:
            shelved.save_some(len(shelved.leaving))
        if what == "restart":
            table = from_shelf(table, shelf, log, watched)
            table.reading.many = 1
        elif what == "save":
            shelved.begin_save()
            shelved.save_some(some)
        elif what == "forget":
            log.events = {key: e for key, e in log.events.items() if e.party != "q"}
            log.parties.pop("q", None)
            table.forget("q")
            rows.forget("q")
        elif size % 3 == 0:
            shelved.save()
            shelved.evict(keep)
        if keep == 2:
            rows_of(table).warm(shelf.read(["q", "p"]))
        if looking and what == "feed":
            assert kept(table) == kept_in_memory(rows)
    assert kept(table) == kept_in_memory(rows)


@QUICK
@given(cases().filter(fit), HOW)
def test_a_table_on_a_shelf_says_and_keeps_what_rows_in_memory_do(case: Case, how: list[tuple[int, int]]) -> None:
    agrees(case, how)


@pytest.mark.slow
@settings(QUICK, max_examples=15_000)
@given(cases().filter(fit), HOW)
def test_a_table_on_a_shelf_says_and_keeps_what_rows_do_on_many(case: Case, how: list[tuple[int, int]]) -> None:
    agrees(case, how)


@pytest.fixture
def tabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows on a shelf have a table from the first event on, also after definitions are exchanged."""
    monkeypatch.setattr("occasion.moments.reading.MANY_ON_SHELF", 1)


SIMPLE = st.composite(lambda draw: (draw(simple_streams()), draw(st.booleans()), draw(st.integers(0, 2))))()


@settings(QUICK, suppress_health_check=list(HealthCheck))
@given(SIMPLE.filter(lambda c: c[0][0][0].identity != c[0][0][1].identity))
def test_a_table_on_a_shelf_says_what_the_law_says(tabled: None, case: tuple[Stream, bool, int]) -> None:
    stream, exchanged, keep = case
    if exchanged:
        test_rows.test_definitions_exchanged_while_running_say_what_the_law_says.hypothesis.inner_test(stream, True)
    else:
        test_rows.test_rows_on_a_shelf_say_what_the_law_says.hypothesis.inner_test(stream, keep)


def filled(texts: tuple[str, ...] = TEXTS) -> tuple[Watcher, Table, MemoryLog]:
    """A watcher with a table on a shelf, and three parties in it."""
    log, shelf = MemoryLog(), Table()
    watcher = Watcher([read(text) for text in texts], log, buffer_us=0, rows=ShelvedRows(shelf))
    watcher.reading.many = 1
    days = {"p": (1, 1.5, 2, 4), "q": (1.2, 3.1), "r": (2.2, 2.3, 2.4, 3.9, 4.4)}
    events = [
        msgspec.structs.replace(event("ab"[i % 2], day, f"{party}{i}"), party=party)
        for party, own in days.items()
        for i, day in enumerate(own)
    ]
    watcher.feed(log.add(events), 5 * DAY)
    return watcher, shelf, log


def test_words_are_packed_with_the_events_that_they_speak_of_and_come_back_the_same() -> None:
    watcher, _, _ = filled()
    table, packing = watcher.reading.columns, rows_of(watcher).packing
    assert table is not None
    assert table.everyone() == ["p", "q", "r"]
    rows = packing.of_table(table, ["r", "p", "q"], {})
    assert all(in_words(packed) for _, _, packed in rows)
    words = {party: packing.words(packed) for party, _, packed in rows}
    assert all(one is not None and set(one.ids) <= {f"{party}{i}" for i in range(5)} for party, one in words.items())
    whole = {party: packing.unpack(packed) for party, _, packed in rows}
    assert all(due <= (whole[party] or [])[DUE] for party, due, _ in rows)  # one that was put off may be early
    for party in ("p", "q", "r"):
        watcher.reading.whole(party, 0)
        assert watcher.program.save(rows_of(watcher).held[party]) == watcher.program.save(whole[party] or [])


def test_words_of_other_definitions_in_another_form_or_damaged_are_read_from_the_log() -> None:
    watcher, shelf, _ = filled()
    watcher.save()
    ((_, good),) = shelf.read(["p"])
    other = Packing(Program([read("4th a")]))
    packing = rows_of(watcher).packing
    assert other.words(good) is None
    assert other.unpack(good) is None
    damaged = bytes([*good[:60], good[60] ^ 4, *good[61:]])
    form = bytes([*good[:2], FORM + 1, *good[3:]])
    for changed in (form, damaged, good[:-8], good[:9], bytes([*good[:9], good[9] ^ 1, *good[10:]])):
        assert in_words(changed)
        assert packing.words(changed) is None
        assert packing.unpack(changed) is None
    earlier = msgspec.msgpack.encode([watcher.program.layout, [], [], 1, 0, 0, b"", b"", b"", [], 0])  # as form 1 was
    assert packing.unpack(earlier) is None
    for unreadable in (damaged, earlier):
        is_read_from_the_log(unreadable)


def test_a_whole_row_that_is_damaged_is_read_from_the_log() -> None:
    packing = Packing(Program([read("every 1 week since first a")], "UTC"))
    good = packing.pack(packing.program.blank())
    assert packing.unpack(good) is not None
    for i in range(len(good)):
        for byte in (0, 0x41, 0xC1, 0xFF):
            if good[i] != byte:
                assert packing.unpack(bytes([*good[:i], byte, *good[i + 1 :]])) is None
        assert packing.unpack(good[:i]) is None


def is_read_from_the_log(unreadable: bytes) -> None:
    watcher, shelf, log = filled()
    watcher.save()
    again = from_shelf(watcher, shelf, log, watcher.program.definitions)
    shelf.write([("p", 1 << 62, unreadable)], ())
    again.reading.many = 1
    again.feed(log.add([event("a", 5, "new")]), 6 * DAY)
    watcher.feed([event("a", 5, "new")], 6 * DAY)
    assert kept_of(again) == kept_of(watcher)


def kept_of(watcher: Watcher) -> object:
    return kept(watcher)["p"]


def test_a_row_read_at_an_instant_is_no_snapshot_of_what_was_before_it() -> None:
    watcher, shelf, _ = filled()
    watcher.save()
    ((_, packed),) = shelf.read(["p"])
    packing = rows_of(watcher).packing
    assert packing.unpack(packed, int(5 * DAY)) is None  # timers ran until then
    assert packing.unpack(packed, int(5 * DAY) + 1) is not None


def test_a_timer_in_the_table_of_a_party_that_was_let_go_comes() -> None:
    log, bucket = MemoryLog(), 1 << SHIFT
    watcher = Watcher([read("no a for 1 day"), read("a")], log, buffer_us=0, rows=ShelvedRows(Table()))
    watcher.reading.many = 1
    at = 1_000 * bucket
    watcher.feed((), at + DAY - bucket // 10)  # timers are asked for until beyond the end of the party's
    came = msgspec.structs.replace(event("a", 0), at=at + 1)
    watcher.feed(log.add([came]), at + DAY - bucket // 10 + 1)
    rows = rows_of(watcher)
    watcher.save()
    rows.evict(0)
    assert rows.held.many() == 0
    assert watcher.reading.columns is not None
    assert watcher.reading.columns.everyone() == []
    (change,) = watcher.advance(at + DAY + 1)
    assert (change.kind, change.at) == ("reached", at + DAY + 1)


def test_a_party_that_left_the_table_for_its_row_leaves_no_number_when_it_is_let_go() -> None:
    log = MemoryLog()
    watcher = Watcher([read("first(a)")], log, buffer_us=0, rows=ShelvedRows(Table()))
    watcher.reading.many = 1
    for day in range(20):  # two events of an instant: not for the table
        some = [msgspec.structs.replace(event("a", day, f"{day}.{i}"), party=f"p{day}") for i in range(2)]
        watcher.feed(log.add(some), day * DAY + 1)
        watcher.save()
        rows_of(watcher).evict(0)
    table = watcher.reading.columns
    assert table is not None
    assert rows_of(watcher).held.many() == 0
    assert len(table.number.names) <= 1


def test_what_is_saved_at_once_is_not_copied_out_of_the_table_at_once() -> None:
    log = MemoryLog()
    watcher = Watcher([read("count(a) >= 60 within 3 days")], log, buffer_us=0, rows=ShelvedRows(Table()))
    watcher.prepare()
    came = [msgspec.structs.replace(event("a", 1, f"e{i}"), party=f"p{i}") for i in range(20_000)]
    watcher.feed(log.add(came), 2 * DAY)
    table = watcher.reading.columns
    assert table is not None
    assert len(table.everyone()) == len(came)
    tracemalloc.start()
    watcher.save()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < table.words[: len(came)].nbytes


def test_a_timer_in_the_table_comes_also_where_definitions_were_exchanged() -> None:
    log, bucket = MemoryLog(), 1 << SHIFT
    silent, third = read("no a for 1 day"), read("3rd b")
    watcher = Watcher([silent, third], log, buffer_us=0, rows=ShelvedRows(Table()))
    watcher.prepare()
    at = 1_000 * bucket
    watcher.feed((), at + DAY - bucket // 10)  # timers are asked for until beyond the end of the party's
    came = msgspec.structs.replace(event("a", 0), at=at + 1)
    watcher.feed(log.add([came]), at + DAY - bucket // 10 + 1)
    assert watcher.redefine([silent], ()) == []
    (change,) = watcher.advance(at + DAY + 1)
    assert (change.kind, change.at) == ("reached", at + DAY + 1)


def test_a_sum_beyond_63_bits_is_packed_beside_the_words() -> None:
    watcher, _, _ = filled((*TEXTS, "sum(amount of c) >= 5"))
    table, packing = watcher.reading.columns, rows_of(watcher).packing
    assert table is not None
    slot = watcher.program.readers[packing.plan.rest[-1]].kept.start
    table.held["p"][slot] = [1 << 70]
    ((_, _, packed),) = packing.of_table(table, ["p"], {})
    row = packing.unpack(packed)
    assert row is not None
    assert row[slot] == [1 << 70]


def test_a_watcher_that_is_prepared_has_its_table_and_says_the_same() -> None:
    log, twin = MemoryLog(), MemoryLog()
    watched = [read(text) for text in TEXTS]
    ready, plain = (Watcher(watched, log, buffer_us=0, rows=ShelvedRows(Table())) for log in (log, twin))
    ready.prepare()
    assert ready.reading.columns is not None
    assert plain.reading.columns is None
    events = [event("ab"[i % 2], 1 + i / 3) for i in range(12)]
    assert Counter(ready.feed(log.add(events), 9 * DAY)) == Counter(plain.feed(twin.add(events), 9 * DAY))
    assert ready.reading.columns.everyone() == ["p"]
    assert plain.reading.columns is None


@QUICK
@given(cases().filter(fit), st.sampled_from([64, 1 << 20]))
def test_a_row_that_is_settled_is_in_the_table_what_it_was_and_leaves_it_the_same(case: Case, room: int) -> None:
    watched, events, *_ = case
    packing = Packing(Program(list({d.identity: d for d in watched}.values())))
    program, rows = packing.program, list[tuple[str, bytes]]()
    for party in ("p", "q"):
        row, own = program.blank(), in_order(event for event in events if event.party == party)
        program.read(row, own)
        _, packed = packing.settled(row)
        if own and in_words(packed):
            rows.append((party, packed))
    held = Held()
    held.woken = packing.woken
    table = Columns.of(program, held)
    if table is None or not rows:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("occasion.moments.columns.TAKEN", room)
        packing.into_table(table, rows, held.asleep)
        assert not held
        asleep = {party: packed for party, _, packed in packing.of_table(table, [*table.number], held.asleep)}
        assert len([held[party] for party in table.number]) == len(rows)
        assert not held.asleep
        awake = {party: packed for party, _, packed in packing.of_table(table, [*table.number], held.asleep)}
    assert asleep == awake
    assert table.everyone() == [*asleep] == [party for party, _ in rows]
    for party, packed in rows:
        again, before = packing.unpack(asleep[party]), packing.unpack(packed)
        assert again is not None
        assert before is not None
        assert program.save(again) == program.save(before)


@QUICK
@given(cases().filter(fit))
def test_a_row_that_is_settled_is_the_same_row_in_words(case: Case) -> None:
    watched, events, *_ = case
    packing = Packing(Program(list({d.identity: d for d in watched}.values())))
    program, row = packing.program, packing.program.blank()
    own = in_order(event for event in events if event.party == "p")
    if not own:
        return
    program.read(row, own)
    saved = slots(program.save(row))
    due, packed = packing.settled(row)
    again = packing.unpack(packed)
    assert again is not None
    assert slots(program.save(again)) == saved
    assert due <= again[DUE]


def test_rows_brought_into_memory_beforehand_are_those_that_come_when_something_happens() -> None:
    watcher, shelf, log = filled()
    watcher.save()
    definitions = watcher.program.definitions
    again = from_shelf(watcher, shelf, log, definitions)
    rows = rows_of(again)
    again.prepare()
    table = again.reading.columns
    assert table is not None
    (own,) = [packed for party, packed in shelf.read(["q"]) if party == "q"]
    again.feed(log.add([msgspec.structs.replace(event("a", 5.5, "new"), party="q")]), 6 * DAY)
    held = rows.held["q"]
    rows.warm([*shelf.read(["p", "r"]), ("q", own)])
    assert sorted(table.everyone()) == ["p", "q", "r"]
    assert rows.held["q"] is held  # what is at hand is newer than what is on the shelf
    again.forget("r")
    rows.warm(shelf.read(["r"]))
    assert sorted(table.everyone()) == ["p", "q"]
    before = shelf.reads
    again.feed(log.add([event("a", 6.5, "p9")]), 7 * DAY)
    assert shelf.reads == before
