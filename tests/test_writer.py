"""The writer: what it acknowledged is there once, for ever; what it could not store it says."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from threading import Event as Signal
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, text

from occasion.errors import InputError
from occasion.events.event import Event
from occasion.store.arrived import Arrived, Batch, Busy, Effects, Group, NotWritten, RefusedItem, Traits
from occasion.store.log import Log
from occasion.store.merged import merge, undo
from occasion.store.positions import WATCH, position
from occasion.store.records import writing
from occasion.store.schema.log import MERGES, POSITIONS, REFUSED, TAIL
from occasion.store.tombstones import bury
from storing import START, WAIT, Store, arrived, merged, store


@pytest.fixture
def opened(tmp_path: Path, records_url: str) -> Iterator[Store]:
    with store(tmp_path / "data", records_url) as one:
        yield one


def test_an_event_is_stored_with_all_it_has_and_read_again(tmp_path: Path, records_url: str) -> None:
    full = arrived(
        "u1", "order completed", 5, properties={"unit": "4B", "amount": Decimal("12.500000"), "gift": True, "n": "3"},
        channel="mail", direction="in", actor="ewa", counterpart="u9", mass=True,
        body="Dzień dobry", zone="Europe/Warsaw",
    )  # fmt: skip
    bare = arrived("u1", "y", 4)
    with store(tmp_path / "data", records_url) as one:
        receipt = one.put(full, bare)
        assert (receipt.taken, receipt.known, receipt.refused, receipt.seq) == (2, 0, 0, 2)
        assert one.log.of("u1") == [bare.event, full.event]
    with store(tmp_path / "data", records_url) as again:
        assert again.log.of("u1") == [bare.event, full.event], "also after a restart"
        assert again.writer.position == 2


def test_each_identity_once_in_a_batch_a_group_and_for_ever(tmp_path: Path, records_url: str) -> None:
    first, same = arrived("u1", "x", message="m"), arrived("u1", "other", message="m")
    with store(tmp_path / "data", records_url) as one:
        receipt = one.put(first, same, arrived("u2", message="n"))
        assert (receipt.taken, receipt.known, receipt.known_places) == (2, 1, {1})
        assert [receipt.outcome(i) for i in range(3)] == ["taken", "known", "taken"]
        waiting = [one.writer.submit(Batch([arrived("u3", message="g")])) for _ in range(20)]
        assert sorted(future.result(WAIT).taken for future in waiting) == [0] * 19 + [1]
    with store(tmp_path / "data", records_url) as again:
        assert again.put(same).known == 1, "known after a restart"
        assert again.log.of("u1") == [first.event], "the first stands"
        other = Arrived("app", "m", Event(party="u1", name="z", at=START, seen=START, id="app:m"))
        assert again.put(other).taken == 1, "another source's id is another"


def test_an_item_without_an_event_is_known_too(opened: Store) -> None:
    assert opened.put(merged("anon", "u1", "a")).taken == 1
    assert opened.put(merged("anon", "u1", "a")).known == 1


def test_merged_parties_are_read_as_one_and_apart_once_undone(opened: Store) -> None:
    a, b, c = arrived("anon", "a", 1), arrived("u1", "b", 2), arrived("u2", "c", 3)
    opened.put(a, b, c)
    opened.put(merged("anon", "u1"))
    opened.put(merged("u1", "u2"))
    assert [(e.name, e.party) for e in opened.log.of("u2")] == [("a", "u2"), ("b", "u2"), ("c", "u2")]
    assert opened.log.of("anon") == []
    assert opened.log.canonical("anon") == "u2"
    assert opened.log.members("u2") == {"anon", "u1", "u2"}
    with opened.engine.connect() as connection:
        number = connection.execute(select(MERGES.c.number).where(MERGES.c.party == "u1")).scalar_one()
    assert opened.writer.do(lambda c: undo(c, number, now=9, by="ewa")).result(WAIT) == ("u1", "u2")
    assert [(e.name, e.party) for e in opened.log.of("u1")] == [("a", "u1"), ("b", "u1")]
    assert opened.log.of("u2") == [c.event]
    with pytest.raises(InputError, match="undone already"):
        opened.writer.do(lambda c: undo(c, number, now=9, by="ewa")).result(WAIT)


def test_cycles_do_not_come_about_and_a_second_merge_is_kept_as_refused(opened: Store) -> None:
    opened.put(merged("anon", "u1"))
    opened.put(merged("u1", "anon"))
    opened.put(merged("anon", "u2"))
    assert opened.log.canonical("anon") == "u1"
    assert opened.log.canonical("u2") == "u2"
    with opened.engine.connect() as connection:
        refused = connection.execute(select(REFUSED.c.field, REFUSED.c.value, REFUSED.c.reason)).all()
        assert connection.execute(select(MERGES.c.party, MERGES.c.into)).all() == [("anon", "u1")]
    assert [(field, value) for field, value, _ in refused] == [("merge", "anon")]
    assert "already read as 'u1'" in refused[0].reason


def test_refused_items_are_kept(opened: Store) -> None:
    item = RefusedItem(START, "web", "track", "event", "", "no event: give a name", {"type": "track"}, message_id="r")
    receipt = opened.writer.submit(Batch([arrived("u1")], [item])).result(WAIT)
    assert (receipt.taken, receipt.refused) == (1, 1)
    with opened.engine.connect() as connection:
        row = connection.execute(select(REFUSED)).mappings().one()
    assert (row["reason"], row["body"], row["message_id"]) == ("no event: give a name", {"type": "track"}, "r")


def test_a_refused_item_with_a_character_that_no_database_takes(opened: Store) -> None:
    item = RefusedItem(START, "web", "track", "event", "a\0b", "odd\0", {"a\0": ["\0", {"b": 1}]}, party="p\0")
    assert opened.writer.submit(Batch([], [item])).result(WAIT).refused == 1
    with opened.engine.connect() as connection:
        row = connection.execute(select(REFUSED)).mappings().one()
    assert (row["value"], row["body"]) == ("a\ufffdb", {"a\ufffd": ["\ufffd", {"b": 1}]})


def test_large_events_fill_the_queue_sooner(tmp_path: Path, records_url: str) -> None:
    with store(tmp_path / "data", records_url, waiting_events=10) as one:
        hold, held = Signal(), Signal()
        blocked = one.writer.do(lambda _: (held.set(), hold.wait(WAIT)))
        held.wait(WAIT)
        large = one.writer.submit(Batch([arrived("u1")], size=100_000))
        with pytest.raises(Busy):
            one.writer.submit(Batch([arrived("u1")]))
        hold.set()
        blocked.result(WAIT)
        assert large.result(WAIT).taken == 1


def test_what_goes_wrong_after_a_commit_is_not_done_twice(opened: Store) -> None:
    calls: list[int] = []

    def change(connection: Connection) -> None:
        calls.append(1)
        connection.execute(insert(POSITIONS).values(reader="once", seq=1, clock_us=0))

    def fail() -> None:
        raise ZeroDivisionError

    failed = opened.writer.do(change, fail)
    after = opened.writer.do(lambda _: "still here")
    with pytest.raises(ZeroDivisionError):
        failed.result(WAIT)
    assert after.result(WAIT) == "still here"
    assert calls == [1]
    with opened.engine.connect() as connection:
        assert position(connection, "once").seq == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of six megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.xfail("no small file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_said_and_loses_nothing_acknowledged(small_disk: Path) -> None:
    follower = Recorder()
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(3_000_000))
    kept: list[str] = []
    with store(small_disk / "data", f"sqlite:///{small_disk / 'data' / 'records.db'}", follower=follower) as one:
        said = ""
        for i in range(200):
            items = [arrived("u1", message=f"{i}-{j}", body="x" * 500) for j in range(50)]
            try:
                one.put(*items)
            except NotWritten as error:
                said = str(error)
                break
            kept += [item.message_id for item in items]
        assert "full" in said
        assert "\n" not in said
        assert {event.id for event in one.log.of("u1")} == {f"web:{message}" for message in kept}
        ballast.unlink()
        assert one.put(*items).taken == 50, "goes on once there is room"
        kept += [item.message_id for item in items]
        one.writer.do(lambda _: None).result(WAIT)
        assert one.writer.trouble is None
        assert one.writer.broken is None
        assert [e.id for group in follower.groups for e in group.events] == [f"web:{message}" for message in kept]
    with store(small_disk / "data", f"sqlite:///{small_disk / 'data' / 'records.db'}") as again:
        assert {event.id for event in again.log.of("u1")} == {f"web:{message}" for message in kept}


def test_nothing_of_an_erased_party_is_stored_again(opened: Store) -> None:
    opened.writer.do(lambda c: bury(c, "gone", now=1, random=lambda n: b"s" * n)).result(WAIT)
    receipt = opened.put(arrived("gone"), arrived("here"), merged("x", "gone"))
    assert receipt.known_places == {0, 2}
    assert opened.log.of("gone") == []
    with opened.engine.connect() as connection:
        assert connection.execute(select(MERGES)).all() == []
        assert "gone" not in str(connection.execute(text("SELECT * FROM tombstones")).all())


def test_other_changes_are_made_in_order_and_undone_alone(opened: Store) -> None:
    def insert_position(reader: str, fail: bool = False) -> Any:
        def change(connection: Connection) -> str:
            connection.execute(insert(POSITIONS).values(reader=reader, seq=1, clock_us=0))
            if fail:
                raise InputError("no")
            return reader

        return change

    first = opened.writer.do(insert_position("a"))
    broken = opened.writer.do(insert_position("b", fail=True))
    twice = opened.writer.do(insert_position("a"))
    stored = opened.writer.submit(Batch([arrived("u1")]))
    assert first.result(WAIT) == "a"
    with pytest.raises(InputError):
        broken.result(WAIT)
    with pytest.raises(Exception, match=r"(?i)unique"):
        twice.result(WAIT)
    assert stored.result(WAIT).taken == 1
    with opened.engine.connect() as connection:
        assert position(connection, "a").seq == 1
        assert position(connection, "b").seq == 0


class Recorder:
    """A follower that keeps what it was given."""

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self.written: list[int] = []
        self.done: list[int] = []
        self.fail: Exception | None = None

    def read(self, group: Group) -> Effects:
        self.groups.append(group)
        return Effects(lambda connection: self.write(connection, group.seq), lambda: self.done.append(group.seq))

    def write(self, connection: Connection, seq: int) -> None:
        if self.fail:
            raise self.fail
        self.written.append(seq)
        connection.execute(insert(POSITIONS).values(reader=f"effect {seq} {len(self.written)}", seq=seq, clock_us=0))

    def tick(self, clock: int) -> Effects | None:
        return None


def test_a_follower_reads_groups_after_the_commit_and_its_effects_carry_its_position(
    tmp_path: Path, records_url: str
) -> None:
    follower = Recorder()
    with store(tmp_path / "data", records_url, follower=follower) as one:
        one.put(arrived("anon", "a"))
        one.put(arrived("u1", "b"), arrived("u1", "b", message="m"), arrived("u1", "b", message="m"))
        one.put(merged("anon", "u1"))
        one.put(arrived("anon", "c"))
        one.writer.do(lambda c: undo(c, 1, now=1, by="ewa")).result(WAIT)
    assert [[e.name for e in group.events] for group in follower.groups] == [["a"], ["b", "b"], [], ["c"], []]
    assert [group.changed for group in follower.groups] == [(), (), ("anon", "u1"), (), ("anon", "u1")]
    assert follower.groups[3].events[0].party == "u1", "under the identity that merges lead to"
    assert follower.written == follower.done == [group.seq for group in follower.groups]
    with one.engine.connect() as connection:
        assert position(connection, WATCH).seq == 5
    one.engine.dispose()


def test_a_follower_that_fails_stands_still_and_events_are_stored_on(tmp_path: Path, records_url: str) -> None:
    follower = Recorder()
    with store(tmp_path / "data", records_url, follower=follower) as one:
        one.put(arrived("u1"))
        one.writer.do(lambda c: None).result(WAIT)
        follower.fail = ZeroDivisionError("odd")
        for _ in range(5):
            assert one.put(arrived("u1")).taken == 1
        assert one.writer.trouble == "ZeroDivisionError: odd"
        with one.engine.connect() as connection:
            assert position(connection, WATCH).seq == 1, "from there it reads again"


def test_with_too_much_waiting_it_says_so(tmp_path: Path, records_url: str) -> None:
    with store(tmp_path / "data", records_url, waiting_events=10) as one:
        hold, held = Signal(), Signal()

        def block(_: Connection) -> None:
            held.set()
            hold.wait(WAIT)

        blocked = one.writer.do(block)
        held.wait(WAIT)
        accepted = [one.writer.submit(Batch([arrived("u1") for _ in range(6)])) for _ in range(2)]
        with pytest.raises(Busy) as error:
            one.writer.submit(Batch([arrived("u1")]))
        assert error.value.seconds >= 1
        hold.set()
        blocked.result(WAIT)
        assert sum(future.result(WAIT).taken for future in accepted) == 12
        assert one.put(arrived("u1")).taken == 1


def test_traits_are_handed_on_and_what_is_wrong_with_them_is_kept(tmp_path: Path, records_url: str) -> None:
    taken: list[tuple[str, Any]] = []

    def traits(_: Connection, items: Any, now: int) -> None:
        if any(item.traits.values.get("bad") for item in items):
            raise InputError("traits: bad")
        taken.extend((item.traits.party, dict(item.traits.values)) for item in items)

    with store(tmp_path / "data", records_url, traits=traits) as one:
        one.put(Arrived("web", "i1", traits=Traits("u1", {"name": "Ada"}, "customer")))
        assert taken == [("u1", {"name": "Ada"})]
        one.put(Arrived("web", "i2", traits=Traits("u1", {"bad": True}, "customer")), arrived("u1"))
        assert len(one.log.of("u1")) == 1
        with one.engine.connect() as connection:
            assert connection.execute(select(REFUSED.c.reason, REFUSED.c.party)).all() == [("traits: bad", "u1")]


def rename(engine: Engine, table: str, to: str) -> None:
    with writing(engine) as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {to}"))


def test_what_cannot_be_stored_is_said_and_everything_acknowledged_stays(tmp_path: Path, records_url: str) -> None:
    follower = Recorder()
    with store(tmp_path / "data", records_url, follower=follower) as one:
        one.put(arrived("u1", message="kept"))
        one.writer.do(lambda c: None).result(WAIT)
        rename(one.engine, "tail", "gone")
        with pytest.raises(NotWritten, match="nothing of it is kept, send it again"):
            one.put(arrived("u1", message="lost"))
        rename(one.engine, "gone", "tail")
        assert one.put(arrived("u1", message="lost")).taken == 1
        assert one.put(arrived("u1", message="kept")).known == 1
        assert [e.id for e in one.log.of("u1")] == ["web:kept", "web:lost"]
    assert [e.id for group in follower.groups for e in group.events] == ["web:kept", "web:lost"]


def test_a_log_without_the_writer_reads_what_is_committed(opened: Store) -> None:
    beside = Log(opened.engine, opened.history)
    for i in range(3):
        opened.put(arrived("anon", f"e{i}", i))
        assert [e.name for e in beside.of("anon")] == [f"e{n}" for n in range(i + 1)]
    opened.writer.do(lambda c: merge(c, "anon", "u1", now=1, by="ewa", why="same phone")).result(WAIT)
    assert beside.of("anon") == []
    assert {e.party for e in beside.of("u1")} == {"u1"}
    groups = list(beside.after(1))
    assert [(group.seq, [e.name for e in group.events]) for group in groups] == [(2, ["e1"]), (3, ["e2"])]
    assert [e.name for e in beside.unread(START, START + 1_000_000)] == ["e1", "e2"]


def test_one_server_at_a_time_and_no_load_beside_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'records.db'}"
    said = pytest.raises(InputError, match="a server runs on this workspace")
    with store(tmp_path / "data", url), said, store(tmp_path / "data", url):
        pass
    with store(tmp_path / "data", url):
        pass


def test_a_second_writer_on_the_same_records_is_noticed(tmp_path: Path, records_url: str) -> None:
    with store(tmp_path / "a", records_url) as one, store(tmp_path / "b", records_url) as other:
        one.put(arrived("u1", message="m"))
        with pytest.raises(NotWritten, match="something else writes to these records"):
            other.put(arrived("u1", message="m"))
        assert other.put(arrived("u1", message="m")).known == 1
        with one.engine.connect() as connection:
            assert len(connection.execute(select(TAIL)).all()) == 1
