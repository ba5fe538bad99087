"""What the server's watcher has on record is what the law says of the log, whatever happens in between."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, insert, select, update

from followed import (
    SECOND,
    GroupLog,
    Server,
    agrees,
    all_ready,
    crash_while_catching_up,
    edit,
    engine,
    of,
    on_record,
    server,
)
from occasion.events.event import Event
from occasion.moments.definition import Definition
from occasion.moments.derived import Watched
from occasion.service import watched as watched_module
from occasion.store import occurrences
from occasion.store.schema import METADATA
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.watched import OCCURRENCES, VERSIONS
from test_meaning import DAY, event
from test_watch import streams

__all__ = ["engine", "server"]


def memory() -> Engine:
    """The tables in memory, in one connection."""
    from sqlalchemy.pool import StaticPool

    engine = create_engine("sqlite://", poolclass=StaticPool)
    METADATA.create_all(engine)
    return engine


class Definitions:
    """A catalogue of definitions rather than of texts."""

    def __init__(self, definitions: list[Definition]) -> None:
        self.watched = tuple(Watched(f"m{i}", "reached", one, "text") for i, one in enumerate(definitions))


@st.composite
def days(draw: st.DrawFn) -> tuple[list[Definition], list[Event], list[tuple[int, str]], int]:
    """Definitions, events as they come, and what happens in between: groups, stops, kills."""
    watched, events, steps, buffer_us = draw(streams())
    between = ["stop", "crash", "crash again", "tick", "tick", "checkpoint", "begin to save"]
    kinds = st.sampled_from(["group", "group", "group", *between])
    return watched, events, [(size, draw(kinds)) for size, _ in steps], buffer_us


QUICK = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(days(), st.booleans())
def test_occurrences_are_what_the_law_says_through_stops_and_crashes(
    day: tuple[list[Definition], list[Event], list[tuple[int, str]], int], small: bool
) -> None:
    follows_the_law(day, small)


@pytest.mark.slow
@settings(QUICK, max_examples=3_000)
@given(days(), st.booleans())
def test_occurrences_are_what_the_law_says_through_many_stops_and_crashes(
    day: tuple[list[Definition], list[Event], list[tuple[int, str]], int], small: bool
) -> None:
    follows_the_law(day, small)


def follows_the_law(day: tuple[list[Definition], list[Event], list[tuple[int, str]], int], small: bool) -> None:
    from test_watch import short

    watched, events, steps, buffer_us = day
    assume(watched[0].identity != watched[1].identity and short(watched, events, DAY))
    catalogue = Definitions(watched)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(watched_module, "watched", lambda moment: [moment])
        patch.setattr(watched_module, "IN_MEMORY", 1 if small else 1000)
        patch.setattr("occasion.service.catalogue_file.read_catalogue", lambda _: _Fake(catalogue.watched))
        (Path(folder) / "moments.yaml").touch()
        engine, log = memory(), GroupLog()
        server = Server(engine, log, Path(folder), buffer_us)
        server.start(min([0, *(e.at for e in events)]))
        server.write()
        at = 0
        for size, what in [*steps, (len(events), "group")]:
            batch, at = events[at : at + size], at + size
            server.take(batch, max([server.clock, *(e.at for e in batch)]))
            if what == "crash":
                server.crash()
                server.start(server.clock)
            elif what == "crash again":
                crash_while_catching_up(server, patch, size)
            elif what == "stop":
                server.stop()
                server.start(server.clock)
            elif what == "checkpoint":
                server.write()
                server.following.reading.save()  # type: ignore[union-attr]
            elif what == "begin to save":
                server.write()
                server.following.reading.end_save()  # type: ignore[union-attr]
                server.following.reading.begin_save()  # type: ignore[union-attr]
            if small:
                server.following.reading.save_some(1)  # type: ignore[union-attr]
            server.tick(server.clock + size * DAY if what == "tick" else None)
            agrees(server)
        server.crash()
        engine.dispose()


class _Fake:
    def __init__(self, moments: tuple[Watched, ...]) -> None:
        self.moments = moments

    def errors(self) -> list[str]:
        return []


def test_roles_come_as_their_time_comes(server: Server) -> None:
    server.take([event("a", 1)], 1 * DAY + SECOND)
    server.tick(1 * DAY + 5 * SECOND)
    assert on_record(server, "friends", "opened") == [("p", 1, "holds")]
    server.tick(4 * DAY + 5 * SECOND)
    assert on_record(server, "quiet") == [("p", 4, "holds")]
    server.tick(12 * DAY)
    assert on_record(server, "friends", "slipping") == [("p", 11, "holds")]
    server.tick(16 * DAY)
    assert on_record(server, "friends", "missed") == [("p", 15, "holds")]
    agrees(server)


def test_what_came_late_takes_it_back_with_the_reason(server: Server) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    server.take([event("x", 2, seen=5)], 5 * DAY + 10)
    server.tick(5 * DAY + 5 * SECOND)
    assert on_record(server, "quiet") == [("p", 4, "retracted")]
    with server.engine.connect() as connection:
        (first,) = [o for o in occurrences.of(connection, "p") if o.moment == "quiet"]
    assert first.reason == "x2 came late"
    assert first.changed_us == 5 * DAY + 10


def test_what_was_taken_back_in_vain_is_taken_back_after_a_crash(server: Server) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    assert on_record(server, "quiet") == [("p", 4, "holds")]
    server.take([event("x", 2, seen=5)], 5 * DAY + 10)
    server.crash()
    server.start(5 * DAY + 20)
    assert on_record(server, "quiet") == [("p", 4, "retracted")]


def test_two_that_came_late_and_each_took_it_back_do_so_after_a_crash_too(server: Server) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    reading = server.following.reading  # type: ignore[union-attr]
    assert reading is not None
    reading.save()
    server.take([event("x", 2, seen=5)], 5 * DAY + 10)
    server.take([event("x", 3, seen=5)], 5 * DAY + 20)
    server.crash()
    server.start(5 * DAY + 30)
    assert on_record(server, "quiet") == [("p", 4, "retracted")]
    agrees(server)


def test_what_a_person_acted_on_stands(server: Server) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    with server.engine.begin() as connection:
        taken_up(connection, "taken")
    server.take([event("x", 2, seen=5)], 5 * DAY + 10)
    server.tick(6 * DAY)
    assert on_record(server, "quiet") == [("p", 4, "stands")]


def taken_up(connection: Connection, state: str) -> None:
    number, identity = connection.execute(
        select(OCCURRENCES.c.number, OCCURRENCES.c.identity).where(OCCURRENCES.c.moment == "quiet")
    ).one()
    given = {c.name: ("" if c.type.python_type is str else 0) for c in OCCASIONS.c if not c.nullable}
    known = {"party": "p", "moment": "quiet", "identity": identity, "kind": "reached", "about_us": 4 * DAY}
    given |= known | {"occurrence": number, "state": state}
    given.pop("number")
    connection.execute(insert(OCCASIONS).values(**given))


def test_after_a_clean_stop_nothing_is_read_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.tick(2 * DAY)
    server.stop()
    monkeypatch.setattr(GroupLog, "of", None)
    monkeypatch.setattr(GroupLog, "by_party", None)
    server.start(3 * DAY)
    server.tick(5 * DAY)
    assert on_record(server, "quiet") == [("p", 4, "holds")]


def test_an_edited_moment_reads_history_and_old_occurrences_keep_their_version(server: Server) -> None:
    server.take([event("a", 1), of("q", event("a", 1))], 1 * DAY)
    server.tick(5 * DAY)
    (old,) = {one.definition.identity for one in server.following.plan.watched if one.moment == "quiet"}  # type: ignore[union-attr]
    edit(server, "no x for 3 days after a", "no x for 2 days after a")
    for second in range(1, 5):
        server.tick(5 * DAY + second * 2 * SECOND)
    wanted = [("p", 3, "holds"), ("p", 4, "holds"), ("q", 3, "holds"), ("q", 4, "holds")]
    assert sorted(on_record(server, "quiet")) == wanted
    agrees(server)
    with server.engine.connect() as connection:
        rows = connection.execute(select(VERSIONS).where(VERSIONS.c.moment == "quiet")).all()
    ended = {row.identity: (row.until_us is not None, row.ready) for row in rows}
    assert ended.pop(old) == (True, False)
    assert list(ended.values()) == [(False, True)]
    server.take([event("x", 2, seen=6)], 6 * DAY)
    server.tick()
    states = on_record(server, "quiet")
    assert ("p", 3, "retracted") in states
    assert ("p", 4, "holds") in states, "what is no longer watched stays as it was"


def test_an_edit_while_the_server_was_down_reads_history_too(server: Server) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    server.stop()
    edit(server, "no x for 3 days after a", "no x for 2 days after a")
    server.start(6 * DAY)
    server.tick(6 * DAY + 3 * SECOND)
    agrees(server)
    assert on_record(server, "quiet") == [("p", 4, "holds"), ("p", 3, "holds")]


@pytest.mark.parametrize("down", [False, True])
def test_a_moment_under_another_name_reads_history_for_it(server: Server, down: bool) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    if down:
        server.stop()
    edit(server, "  quiet:", "  silent:")
    if down:
        server.start(5 * DAY)
    for second in range(1, 5):
        server.tick(5 * DAY + second * 2 * SECOND)
    assert on_record(server, "silent") == on_record(server, "quiet") == [("p", 4, "holds")]
    assert all_ready(server)


def test_a_version_that_comes_back_finds_what_it_missed(server: Server) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    edit(server, "no x for 3 days after a", "no x for 2 days after a")
    server.tick(5 * DAY + 3 * SECOND)
    server.tick(5 * DAY + 6 * SECOND)
    server.take([event("x", 2.5, seen=6), event("a", 7)], 7 * DAY)
    server.tick(20 * DAY)
    edit(server, "no x for 2 days after a", "no x for 3 days after a")
    server.tick(20 * DAY + 3 * SECOND)
    server.tick(20 * DAY + 6 * SECOND)
    agrees(server)
    states = on_record(server, "quiet")
    assert ("p", 4, "retracted") in states
    assert ("p", 10, "holds") in states


def test_a_moment_that_cannot_be_watched_leaves_the_rest(server: Server) -> None:
    edit(server, "    owner: growth\n    purpose: p\n    expect", "    purpose: p\n    expect")
    server.tick(3 * SECOND)
    following = server.following
    assert following is not None
    assert {one.moment for one in following.plan.watched} == {"quiet"}
    assert len(following.problems) == 1
    assert "has no owner and is refused" in following.problems[0]
    server.take([event("a", 1)], 1 * DAY)
    (server.folder / "moments.yaml").write_text("moments: [")
    server.tick(5 * DAY)
    assert "no owner" in following.problems[0], "a file that is being written is read once it no longer changes"
    server.tick(5 * DAY + 2 * SECOND)
    assert "what was watched goes on" in following.problems[0]
    assert on_record(server, "quiet") == [("p", 4, "holds")]


def test_a_catalogue_that_is_back_as_it_was_is_no_problem_any_more(server: Server) -> None:
    following, path = server.following, server.folder / "moments.yaml"
    assert following is not None
    path.rename(path.with_suffix(".away"))
    server.tick(3 * SECOND)
    assert "cannot be read" in following.problems[0]
    path.with_suffix(".away").rename(path)
    server.tick(6 * SECOND)
    assert following.problems == ()


def test_a_merge_moves_what_is_still_true_and_takes_back_the_rest(server: Server) -> None:
    server.take([event("a", 1), of("q", event("x", 2)), of("q", event("a", 1.5))], 2 * DAY)
    server.tick(6 * DAY)
    assert on_record(server, "quiet") == [("p", 4, "holds")]
    number = server.merge("q", "p")
    server.tick()
    agrees(server)
    assert on_record(server, "quiet") == [("p", 4, "retracted")], "the x was theirs all along"
    server.undo(number or 0)
    server.tick()
    agrees(server)
    assert on_record(server, "quiet") == [("p", 4, "holds")]


def test_what_is_true_of_whom_they_turned_out_to_be_keeps_its_number(server: Server) -> None:
    server.take([of("q", event("a", 1))], 1 * DAY)
    server.tick(5 * DAY)
    assert on_record(server, "quiet") == [("q", 4, "holds")]
    server.merge("q", "p")
    server.take([of("q", event("x", 6))], 6 * DAY)
    server.tick()
    assert on_record(server, "quiet") == [("p", 4, "holds")]
    agrees(server)


def test_what_strangers_reach_at_one_instant_is_not_moved_between_them(server: Server) -> None:
    server.take([event("a", 1), of("q", event("a", 1)), of("r", event("a", 1)), of("r", event("x", 2))], 2 * DAY)
    server.tick(6 * DAY)
    before = sorted(on_record(server, "quiet"))
    assert before == [("p", 4, "holds"), ("q", 4, "holds")]
    server.take([event("x", 3, seen=6), of("s", event("a", 1, seen=6))], 6 * DAY + SECOND)
    server.crash()
    server.start(7 * DAY)
    assert sorted(on_record(server, "quiet")) == [("p", 4, "retracted"), ("q", 4, "holds"), ("s", 4, "holds")]
    agrees(server)


def test_a_merge_whose_effects_were_lost_is_made_up_for(server: Server) -> None:
    server.take([of("q", event("a", 1))], 1 * DAY)
    server.tick(5 * DAY)
    server.following.reading.save()  # type: ignore[union-attr]
    server.merge("q", "p")
    server.crash()
    server.start(5 * DAY)
    assert on_record(server, "quiet") == [("p", 4, "holds")]


def test_the_desk_is_told_in_the_same_transaction_and_not_twice(server: Server) -> None:
    told: list[tuple[str, str, str, int]] = []

    def hook(connection: Connection, noticed: object, now: int) -> None:
        for one in noticed:  # type: ignore[attr-defined]
            assert connection.execute(select(OCCURRENCES).where(OCCURRENCES.c.number == one.number)).one()
            told.append((one.change.kind, one.role, one.moment, now // DAY))

    server.stop()
    server.on_changes = hook
    server.start(0)
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    assert told == [("reached", "opened", "friends", 5), ("reached", "reached", "quiet", 5)]
    server.crash()
    server.start(5 * DAY)
    server.tick(6 * DAY)
    assert len(told) == 2


def test_an_erased_party_leaves_nothing_in_the_state(server: Server) -> None:
    server.take([of("canary-7c1f", event("a", 1)), event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    following = server.following
    assert following is not None
    following.reading.save()  # type: ignore[union-attr]
    server.log.groups = [(s, c, [e for e in events if e.party == "p"]) for s, c, events in server.log.groups]
    following.forget(["canary-7c1f"])
    for path in (server.folder / "data").glob("state.db*"):
        assert b"canary-7c1f" not in path.read_bytes()
    server.tick(20 * DAY)
    agrees_for_p = {party for party, _, _ in on_record(server, "friends", "slipping")}
    assert agrees_for_p == {"p"}


def test_what_the_tables_can_be_asked(server: Server) -> None:
    server.take([event("a", 1), of("q", event("a", 2))], 2 * DAY)
    server.tick(5 * DAY)
    with server.engine.connect() as connection:
        assert occurrences.counts(connection, 0, 5 * DAY)["quiet", "reached"] == 1
        waiting = occurrences.open_windows(connection, "friends", 0, 10)
        assert [one.party for one in waiting] == ["q", "p"]
        held = occurrences.holding(connection, "quiet", "reached", (0, 9 * DAY), 10)
        assert [(one.party, one.at_us // DAY, one.evidence) for one in held] == [("p", 4, ("a1",))]
        assert occurrences.numbered(connection, [held[0].number])[held[0].number] == held[0]
    with server.engine.begin() as connection:
        connection.execute(update(OCCURRENCES).values(state="retracted"))
        assert occurrences.counts(connection, 0, 5 * DAY) == {}
        assert occurrences.forget(connection, "p") > 0


def test_moments_that_share_a_definition_are_each_on_record(server: Server) -> None:
    edit(
        server,
        "  friends:",
        "  also quiet:\n    when: no x for 3 days after a\n    owner: me\n    purpose: p\n  friends:",
    )
    server.tick(3 * SECOND)
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    assert on_record(server, "quiet") == on_record(server, "also quiet") == [("p", 4, "holds")]
