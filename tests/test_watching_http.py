"""Events in through HTTP, late and shuffled, with the server stopped in between: on record is what `reach` says."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from occasion.store.schema.watched import OCCURRENCES
from serving import make_place
from watched_server import Clock, watched
from watched_streams import BEGIN, DAY, EVERY_NODE, SECOND, at_of, differences, items

NODES = {"Did", "Start", "Or", "And", "Nth", "Reach", "Fewer", "Rolling", "After", "Streak", "Every", "While", "Per"}


@pytest.mark.parametrize("seed", [1, 2])
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
        assert states["holds"] > 500
        assert states["retracted"] > 20, "what came late took nothing back: the stream tests too little"
        assert differences(server.service.engine, plan, log, clock.now - server.service.settings.buffer_us) == []
