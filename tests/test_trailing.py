"""The log as a process beside the writer reads it: the same log, exactly as far as it was handed out."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from occasion.store.arrived import Busy
from occasion.store.merged import undo
from occasion.store.records import writing
from occasion.store.sealer import Sealer
from occasion.store.trailing import Overtaken, TrailingLog
from occasion.store.versions import ready, unconfirm
from occasion.store.writer import REFUSED, WAITED
from storing import WAIT, Store, arrived, merged, store

PARTIES = [f"u{n}" for n in range(6)]


def everything(log: TrailingLog) -> dict[str, list[str]]:
    return {party: [event.id for event in log.of(party)] for party in PARTIES}


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_writers_log_as_far_as_it_was_handed_out(tmp_path: Path, records_url: str, seed: int) -> None:
    draw = random.Random(seed)
    with store(tmp_path / "data", records_url) as one:
        sealer = Sealer(one.writer, one.history, apart=False)
        for _ in range(3):
            one.put(arrived(draw.choice(PARTIES)))
        trailing = TrailingLog(one.engine, one.history)
        assert trailing.position() == 3

        given: list[str] = []
        for _ in range(60):
            what = draw.choice(["put", "put", "put", "merge", "undo", "refresh", "refresh", "seal"])
            before = everything(trailing)
            if what == "put":
                one.put(*(arrived(draw.choice(PARTIES)) for _ in range(draw.randint(1, 4))))
            elif what == "merge":
                one.put(merged(*draw.sample(PARTIES, 2)))
            elif what == "undo":
                undone(one)
            elif what == "seal":
                given += _handed_out(trailing)
                assert sealer.seal() in (True, False)
                before = everything(trailing)
            if what != "refresh":
                assert everything(trailing) == before, "nothing is seen before it is handed out"
            else:
                given += _handed_out(trailing)
                assert everything(trailing) == {party: [e.id for e in one.log.of(party)] for party in PARTIES}
        given += _handed_out(trailing)
        assert len(given) == len(set(given)), "each once"
        assert trailing.position() == one.writer.position
        whole = dict(trailing.by_party(trailing.position()))
        assert {party: sorted(e.id for e in events) for party, events in whole.items()} == {
            party: sorted(ids) for party, ids in everything(trailing).items() if ids
        }


def _handed_out(trailing: TrailingLog) -> list[str]:
    found: list[str] = []
    while (group := trailing.refresh()) is not None:
        assert group.seq == trailing.position()
        for party in group.changed:
            assert isinstance(trailing.of(party), list)
        found += [event.id for event in group.events]
    return found


def undone(one: Store) -> None:
    from sqlalchemy import select

    from occasion.store.schema.log import MERGES

    with one.engine.connect() as connection:
        active = connection.execute(select(MERGES.c.number).where(MERGES.c.undone_us.is_(None))).scalars().all()
    if active:
        one.writer.do(lambda c: undo(c, active[-1], now=one.clock(), by="test")).result(WAIT)


def test_all_of_the_log_up_to_a_position_leaves_out_what_came_later(tmp_path: Path, records_url: str) -> None:
    with store(tmp_path / "data", records_url) as one:
        one.put(arrived("u0"), arrived("u1"))
        trailing = TrailingLog(one.engine, one.history)
        upto = trailing.position()
        one.put(arrived("u0"), arrived("u2"))
        found = {party: len(events) for party, events in trailing.by_party(upto)}
        assert found == {"u0": 1, "u1": 1}


def test_segments_that_run_ahead_of_it_are_said(tmp_path: Path, records_url: str) -> None:
    with store(tmp_path / "data", records_url) as one:
        one.put(arrived("u0"))
        trailing = TrailingLog(one.engine, one.history)
        one.put(arrived("u1"))
        assert Sealer(one.writer, one.history, apart=False).seal()
        with pytest.raises(Overtaken):
            trailing.refresh()


class Slow:
    """A follower beside that is so far behind."""

    def __init__(self) -> None:
        self.far, self.heard = 0.0, 0

    def pressure(self, seq: int, clock: int) -> float:
        return self.far

    def committed(self) -> None:
        self.heard += 1


def test_groups_wait_for_a_follower_that_is_behind_and_are_refused_when_it_is_far(
    tmp_path: Path, records_url: str
) -> None:
    slow = Slow()
    with store(tmp_path / "data", records_url, beside=slow) as one:
        assert one.put(arrived("u0")).taken == 1
        assert slow.heard == 1
        slow.far = WAITED
        begun = time.monotonic()
        assert one.put(arrived("u0")).taken == 1, "it waits a little, not for ever"
        assert time.monotonic() - begun >= 0.19
        one.writer.do(lambda c: None).result(WAIT)
        slow.far = REFUSED
        with pytest.raises(Busy):
            one.put(arrived("u0"))
        slow.far = 0.0
        assert one.put(arrived("u0")).taken == 1


def test_no_more_is_taken_than_memory_holds_until_some_is_sealed(
    tmp_path: Path, records_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("occasion.store.writer.TAIL_FULL", 5)
    with store(tmp_path / "data", records_url) as one:
        for n in range(5):
            assert one.put(arrived(f"u{n}")).taken == 1
        with pytest.raises(Busy):
            one.put(arrived("u0"))
        assert Sealer(one.writer, one.history, apart=False).seal(), "what is no event is done all the same"
        assert one.put(arrived("u0")).taken == 1


def test_versions_are_gone_through_in_steps(tmp_path: Path, records_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy import insert, select

    from occasion.store.schema.watched import OCCURRENCES, VERSIONS

    monkeypatch.setattr("occasion.store.versions.AT_ONCE", 3)
    key = ("v1", "third", "reached")
    text = {"text": "3rd session", "since_us": 1, "until_us": None, "ready": False}
    given = {c.name: ("" if c.type.python_type is str else 0) for c in OCCURRENCES.c if not c.nullable}
    given |= {"moment": "third", "role": "reached", "state": "holds", "evidence": []}
    given.pop("number")
    with store(tmp_path / "data", records_url) as one, writing(one.engine) as connection:
        connection.execute(insert(VERSIONS).values(identity=key[0], moment=key[1], role=key[2], **text))
        for n in range(10):
            identity = "v1" if n % 5 else "other"
            connection.execute(insert(OCCURRENCES).values(**given | {"identity": identity, "at_us": n, "seq": n}))
        after, steps = 0, 0
        while (upto := unconfirm(connection, [key], after)) is not None:
            after, steps = upto, steps + 1
        assert steps == 4
        seqs = connection.execute(select(OCCURRENCES.c.seq).order_by(OCCURRENCES.c.number)).scalars().all()
        assert seqs == [0, -2, -3, -4, -5, 5, -7, -8, -9, -10]
        connection.execute(OCCURRENCES.update().where(OCCURRENCES.c.at_us == 1).values(seq=11))  # found again
        after = 0
        while (upto := ready(connection, [key], 99, after)) is not None:
            after = upto
            assert not connection.execute(select(VERSIONS.c.ready)).scalar_one(), "not before the last step"
        rows = connection.execute(select(OCCURRENCES.c.state, OCCURRENCES.c.seq).order_by(OCCURRENCES.c.number)).all()
        assert [row[0] for row in rows] == ["holds", "holds", *["retracted"] * 3, "holds", *["retracted"] * 4]
        assert {row[1] for row in rows} == {0, 11, 5}
        assert connection.execute(select(VERSIONS.c.ready)).scalar_one()
