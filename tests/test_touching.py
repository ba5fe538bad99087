"""What the server keeps in memory of what went to many: who is erased while it is looked through is not in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Signal
from typing import Any

import pytest

from newsletter import KNOWN, furnish, send
from occasion.service import touching
from occasion.service.touching import Touching
from occasion.store.workspace import make_workspace
from serving import ServerHere, serving_here


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerHere]:
    make_workspace(tmp_path / "place", "UTC")
    with serving_here(tmp_path / "place", catalogue="moments: {}\n", buffer_us=0) as running:
        running.service.writer.do(lambda c: furnish(c, running.service.clock())).result(30)
        send(running)
        yield running


@pytest.mark.parametrize("erased", [False, True])
def test_a_look_that_was_begun_before_an_erasure_leaves_nothing(
    server: ServerHere, monkeypatch: pytest.MonkeyPatch, erased: bool
) -> None:
    service, found = server.service, Touching(server.service)
    unread = service.log.unread

    def meanwhile(*until: Any) -> Any:
        events = list(unread(*until))
        if erased:
            found.forget()
        return events

    monkeypatch.setattr(service.log, "unread", meanwhile)
    now = service.clock()
    found._look(now)
    assert {one.party.party for sent in found._few for one in sent.few} == (set() if erased else set(KNOWN))
    assert len(found.lately(now)) == 14
    assert (found._lately is None) == erased


def test_what_is_sent_while_the_last_days_are_looked_through_is_told(
    server: ServerHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(touching, "LATELY_SECONDS", 0.2)
    service, found = server.service, Touching(server.service)
    unread = service.log.unread

    def meanwhile(*until: Any) -> Any:
        events = list(unread(*until))
        found.more()
        return events

    monkeypatch.setattr(service.log, "unread", meanwhile)
    told = Signal()
    monkeypatch.setattr(service.changed, "tell", lambda what: told.set() if what == touching.TOUCHES else None)
    found.lately(service.clock())
    assert told.wait(10)
    found.stop()
