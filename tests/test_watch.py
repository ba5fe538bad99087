"""The watcher says at any time what the law says of the log so far: in any order, late, repeated, restarted."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from occasion.errors import InputError
from occasion.events.event import Event
from occasion.moments.definition import STRICTLY_LATER, Definition, Every, Fewer, Nth, Reach, Rolling
from occasion.moments.meaning import Occurrence, meaning, tagged
from occasion.moments.watch import Change, MemoryLog, Watcher
from strategies import definitions, logs
from test_live_law import countable, patterns_of, simple_cases
from test_meaning import DAY, THREE, A, X, count, event

SECOND = 1_000_000


class Desk:
    """Keeps what the watcher says: what stands, what was retracted and why."""

    def __init__(self) -> None:
        self.true: dict[tuple[object, ...], Occurrence] = {}
        self.retracted: list[Change] = []
        self.standing: list[Change] = []

    def take(self, changes: list[Change]) -> None:
        for change in changes:
            o = change.occurrence
            key = (o.party, change.moment, tagged(o.per), o.at)
            if change.kind == "reached":
                assert key not in self.true, "said twice"
                self.true[key] = o
            elif change.kind == "corrected":
                assert self.true[key] != o
                self.true[key] = o
            else:
                assert change.reason
                del self.true[key]
                (self.retracted if change.kind == "retracted" else self.standing).append(change)

    def said(self, definition: Definition, party: str) -> list[Occurrence]:
        mine = [o for key, o in self.true.items() if key[:2] == (party, definition.identity)]
        return sorted(mine, key=lambda o: (o.at, tagged(o.per)))


def law(definition: Definition, log: MemoryLog, party: str, watcher: Watcher) -> list[Occurrence]:
    found = meaning(definition, log.of(party), watcher.clock)
    return [o for o in found if o.at <= watcher.horizon]


def restarted(watcher: Watcher, log: MemoryLog) -> Watcher:
    saved = msgspec.json.decode(msgspec.json.encode(watcher.save()))
    again = Watcher(watcher.program.definitions, log, watcher.program.zone, watcher.buffer_us)
    again.restore(saved)
    return again


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Definition], list[Event], list[tuple[int, str]], int]:
    """Definitions, events in the order they come, and after how many of them what is done: a batch ends, a restart."""
    if draw(st.booleans()):
        watched = [draw(definitions(depth=1)), draw(definitions(depth=1))]
        events = [*draw(logs(watched[0], parties=("p", "q"))), *draw(logs(watched[1], parties=("p", "q")))]
        events = [msgspec.structs.replace(e, id=f"{e.id}{i % 3}") for i, e in enumerate(events)]
    else:
        (one, first, _), (two, second, _) = draw(simple_cases()), draw(simple_cases())
        watched, events = [one, two], [*first, *(msgspec.structs.replace(e, party="q", id=f"q{e.id}") for e in second)]
    came = draw(st.sampled_from(["seen", "seen", "at", "shuffled"]))
    if came == "shuffled":
        events = draw(st.permutations(events))
    else:
        events = sorted(events, key=lambda e: (getattr(e, came), e.id))
    steps = draw(
        st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["feed", "feed", "restart", "save"])), max_size=12)
    )
    return watched, events, steps, draw(st.sampled_from([0, 2 * SECOND, DAY]))


def short(watched: list[Definition], events: list[Event], span: int) -> bool:
    last = max((max(e.at, e.seen) for e in events), default=0) + span
    return all(countable(d, events, last) for d in watched)


def follows_the_law(stream: tuple[list[Definition], list[Event], list[tuple[int, str]], int]) -> None:
    watched, events, steps, buffer_us = stream
    log, desk = MemoryLog(), Desk()
    watcher = Watcher(watched, log, buffer_us=buffer_us)
    at = 0
    dates = [p for d in watched for p in patterns_of(d) if isinstance(p, Every) and not p.period.civil]
    for size, what in [*steps, (len(events), "feed"), (0, "later")]:
        batch, at = events[at : at + size], at + size
        clock = max([watcher.clock, *(e.seen for e in batch)] if size % 2 else [watcher.clock, *(e.at for e in batch)])
        if what == "later" and not dates:
            clock = watcher.clock + 400 * DAY
        if clock < 0 and not batch and not log.events:
            continue
        desk.take(watcher.feed(log.add(batch), clock))
        if what == "restart":
            watcher = restarted(watcher, log)
        elif what == "save":
            watcher.save()
        for definition in {d.identity: d for d in watched}.values():
            for party in ("p", "q"):
                assert desk.said(definition, party) == law(definition, log, party, watcher)


QUICK = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(streams().filter(lambda s: s[0][0].identity != s[0][1].identity and short(s[0], s[1], DAY)))
def test_the_watcher_says_what_the_law_says(
    stream: tuple[list[Definition], list[Event], list[tuple[int, str]], int],
) -> None:
    follows_the_law(stream)


@pytest.mark.slow
@settings(QUICK, max_examples=10_000)
@given(streams().filter(lambda s: s[0][0].identity != s[0][1].identity and short(s[0], s[1], DAY)))
def test_the_watcher_says_what_the_law_says_on_many(
    stream: tuple[list[Definition], list[Event], list[tuple[int, str]], int],
) -> None:
    follows_the_law(stream)


SILENT = Definition(Fewer(count(X), Decimal(1), A, STRICTLY_LATER, THREE))


def watching(*definitions: Definition, buffer_us: int = 2 * SECOND) -> tuple[Watcher, MemoryLog]:
    log = MemoryLog()
    return Watcher(definitions, log, buffer_us=buffer_us), log


def test_what_comes_out_of_order_within_the_buffer_is_read_in_order() -> None:
    watcher, log = watching(Definition(Reach(count(X), Decimal(1), A, STRICTLY_LATER, THREE)))
    x, a = event("x", 1 + 1 / 86400), event("a", 1)
    assert watcher.feed(log.add([x]), x.at) == []
    (change,) = watcher.feed(log.add([a]), x.at + 2 * SECOND)
    assert (change.kind, change.occurrence.evidence) == ("reached", (a.id, x.id))


def test_a_timer_fires_when_the_clock_has_passed_it_without_any_event() -> None:
    watcher, log = watching(SILENT)
    watcher.feed(log.add([event("a", 1)]), 1 * DAY)
    assert watcher.advance(4 * DAY + 2 * SECOND - 1) == []
    (change,) = watcher.advance(4 * DAY + 2 * SECOND)
    assert (change.kind, change.occurrence.at) == ("reached", 4 * DAY)


def test_what_is_no_longer_true_is_retracted_with_time_and_reason() -> None:
    watcher, log = watching(SILENT)
    watcher.feed(log.add([event("a", 1), event("b", 4.5)]), 5 * DAY)
    late = event("x", 2, seen=6)
    (change,) = watcher.feed(log.add([late]), 6 * DAY)
    assert (change.kind, change.when, change.occurrence.at) == ("retracted", 6 * DAY, 4 * DAY)
    assert change.reason == "x2 came late"


def test_what_a_person_acted_on_stands_marked() -> None:
    watcher, log = watching(SILENT)
    watcher.feed(log.add([event("a", 1)]), 3 * DAY)
    (reached,) = watcher.advance(5 * DAY)
    watcher.act(reached)
    watcher = restarted(watcher, log)
    (change,) = watcher.feed(log.add([event("x", 2, seen=6)]), 6 * DAY)
    assert (change.kind, change.occurrence) == ("stands", reached.occurrence)


def test_a_late_event_corrects_what_an_occurrence_rests_on() -> None:
    watcher, log = watching(Definition(Rolling(count(X), Decimal(2), THREE)))
    watcher.feed(log.add([event("x", 1), event("x", 3)]), 5 * DAY)
    changes = watcher.feed(log.add([event("x", 2, seen=6)]), 6 * DAY)
    assert [(c.kind, c.occurrence.at / DAY, c.occurrence.known_at / DAY) for c in changes] == [
        ("retracted", 3, 3),
        ("reached", 2, 6),
    ]
    watcher, log = watching(Definition(Nth(X, 1)))
    watcher.feed(log.add([event("x", 3, "b")]), 5 * DAY)
    (change,) = watcher.feed(log.add([event("x", 2, seen=6)]), 6 * DAY)[1:]
    assert (change.kind, change.occurrence.at) == ("reached", 2 * DAY)


def test_a_late_event_may_set_a_timer_that_is_over_and_another_late_one_undo_it() -> None:
    watcher, log = watching(SILENT)
    watcher.feed(log.add([event("b", 0), event("b", 2)]), 9 * DAY)
    (reached,) = watcher.feed(log.add([event("a", 1.5, seen=10)]), 10 * DAY)
    assert (reached.kind, reached.at) == ("reached", 4.5 * DAY)
    (change,) = watcher.feed(log.add([event("x", 3, seen=11)]), 11 * DAY)
    assert (change.kind, change.at) == ("retracted", 4.5 * DAY)


def test_an_event_ahead_of_the_clock_waits_for_its_time() -> None:
    watcher, log = watching(Definition(X))
    assert watcher.feed(log.add([event("x", 10, seen=1)]), DAY) == []
    assert [c.occurrence.at for c in watcher.advance(11 * DAY)] == [10 * DAY]


def test_a_repeat_changes_nothing() -> None:
    watcher, log = watching(Definition(X), buffer_us=0)
    assert len(watcher.feed(log.add([event("x", 1), event("x", 1)]), DAY)) == 1
    assert watcher.feed(log.add([event("x", 1, seen=2)]), 2 * DAY) == []


def test_a_definition_that_is_new_after_a_restart_has_read_the_log() -> None:
    watcher, log = watching(Definition(X))
    watcher.feed(log.add([event("x", 1), event("x", 2)]), 3 * DAY)
    third = Definition(Nth(X, 3))
    again = Watcher([Definition(X), third], log)
    again.restore(msgspec.json.decode(msgspec.json.encode(watcher.save())))
    changes = again.feed(log.add([event("x", 4)]), 5 * DAY)
    assert [c.moment for c in changes] == [Definition(X).identity, third.identity]


def test_a_clock_that_goes_back_is_refused() -> None:
    watcher, _ = watching(SILENT)
    watcher.advance(5)
    with pytest.raises(InputError, match="the clock is at 4, before 5"):
        watcher.advance(4)
