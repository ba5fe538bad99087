"""Events in through HTTP, late and shuffled, with the server stopped in between: on record is what `reach` says."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from clocks import Clock
from occasion.store import versions
from occasion.store.schema.watched import OCCURRENCES
from occasion.store.sealer import Sealer
from serving import make_place
from watched_server import Watched, watched
from watched_streams import BEGIN, DAY, EVERY_NODE, SECOND, at_of, differences, items

NODES = {"Did", "Start", "Or", "And", "Nth", "Reach", "Fewer", "Rolling", "After", "Streak", "Every", "While", "Per"}


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))])
def test_on_record_is_what_reach_says_of_the_same_log(records_url: str, tmp_path: Path, seed: int) -> None:
    place, clock = make_place(tmp_path / "w", EVERY_NODE), Clock(BEGIN)
    sent = items(seed, 240)
    for n, part in enumerate([sent[:70], sent[70:75], sent[75:160], sent[160:]]):
        with watched(place, clock, records_url) as server:
            for begin in range(0, len(part), 25):
                batch = part[begin : begin + 25]
                clock.now = max([clock.now + SECOND, *(at_of(item) for item in batch)])
                server.send(batch)
            if n % 2:
                clock.now += DAY
                server.passed()
            assert server.service.writer.trouble is None
    with watched(place, clock, records_url) as server:
        clock.now += 60 * DAY
        server.passed()
        log, plan = server.events([f"p{i}" for i in range(8)]), server.service.watching.plan
        assert len(log) == len(sent)
        assert {type(one.definition.node).__name__ for one in plan.watched} >= NODES
        with server.service.engine.connect() as connection:
            states = dict(connection.execute(select(OCCURRENCES.c.state, func.count()).group_by("state")).all())
        assert states["holds"] > 300
        assert states["retracted"] > 20, "what came late took nothing back: the stream tests too little"
        assert differences(server.service.engine, plan, log, clock.now - server.service.settings.buffer_us) == []


def test_it_reads_on_from_segments_and_after_its_state_is_lost(records_url: str, tmp_path: Path) -> None:
    place, clock = make_place(tmp_path / "w", EVERY_NODE), Clock(BEGIN)
    sent = items(3, 150)
    for part in (sent[:100], sent[100:]):
        with watched(place, clock, records_url) as server:
            service = server.service
            service.sealer.stop()  # one at a time
            sealer = Sealer(service.writer, service.history, apart=False, kept=service.watching.kept)
            for begin in range(0, len(part), 20):
                batch = part[begin : begin + 20]
                clock.now = max([clock.now + SECOND, *(at_of(item) for item in batch)])
                server.send(batch)
                if begin % 40 == 0:
                    assert sealer.seal()
                    assert service.watching.kept(service.writer.tail.sealed), "what it may need was sealed"
            server.passed()
            right(server)
    (place / "data" / "state.db").unlink()
    with watched(place, clock, records_url) as server:
        server.passed()
        right(server)
        assert server.service.watching.plan.keys == watched_keys(server)


def right(server: Watched) -> None:
    """What is on record is what `reach` says of the log as it stands."""
    server.clock.now += SECOND
    server.passed()
    log = server.events([f"p{i}" for i in range(8)])
    as_of = server.clock.now - server.service.settings.buffer_us
    assert differences(server.service.engine, server.service.watching.plan, log, as_of) == []


def watched_keys(server: Watched) -> set[tuple[str, str, str]]:
    """The versions that are watched and have read history."""
    with server.service.engine.connect() as connection:
        return {key for key, version in versions.current(connection).items() if version.ready}


def test_who_turns_out_to_be_one_is_watched_as_one(records_url: str, tmp_path: Path) -> None:
    place, clock = make_place(tmp_path / "w", EVERY_NODE), Clock(BEGIN)
    sent = items(4, 120, parties=6)
    with watched(place, clock, records_url) as server:
        for begin in range(0, len(sent), 20):
            batch = sent[begin : begin + 20]
            clock.now = max([clock.now + SECOND, *(at_of(item) for item in batch)])
            server.send(batch)
            if begin in (40, 80):
                old, new = f"p{begin // 40}", "p0"
                server.send([{"type": "alias", "previousId": old, "userId": new, "messageId": f"alias-{begin}"}])
        server.passed()
        assert server.service.log.members("p0") == {"p0", "p1", "p2"}
        assert server.service.log.of("p1") == []
        right(server)
