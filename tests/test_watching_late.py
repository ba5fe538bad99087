"""A rush that the watcher cannot follow at once: events are taken in, and the desk says by itself how late it is."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

from doors import add, desk_app, do, signed_in
from occasion.events.event import Event
from occasion.people import parties
from occasion.service.clock import utc_micros
from occasion.store.arrived import Arrived, Batch
from occasion.store.workspace import make_workspace

CATALOGUE = "moments:\n  visit: {when: visit, owner: col, purpose: they came}\n"
AHEAD_US = 7_000_000


def test_the_desk_says_that_it_is_late_and_then_what_it_missed(tmp_path: Path) -> None:
    make_workspace(tmp_path / "place")
    (tmp_path / "place" / "moments.yaml").write_text(CATALOGUE)
    ahead = [0]
    with desk_app(tmp_path, lambda: utc_micros() + ahead[0], following=True, apart=True) as app:
        service = app.state.service
        add(app, "col")
        do(
            app,
            lambda c: parties.change(c, "ana", now=service.clock(), by="t", kind="customer", name="Ana", owner="col"),
        )
        desk = signed_in(app, "colleague", "col")

        def wait_for(words: str, *, there: bool) -> str:
            until = time.monotonic() + 30
            while (words in (page := desk.get("/").text)) is not there:
                assert time.monotonic() < until, page
                time.sleep(0.1)
            return page

        def send(id: str) -> None:
            at = service.clock()
            event = Event(party="ana", name="visit", at=at, seen=at, id=f"tests:{id}")
            receipt = service.writer.submit(Batch(arrived=[Arrived("tests", id, event=event)])).result(30)
            assert receipt.taken == 1

        send("one")
        assert 'id="late"' not in wait_for("visit", there=True)
        os.kill(service.watching._process.pid, signal.SIGSTOP)
        try:
            send("two")
            ahead[0] = AHEAD_US  # and nothing more comes
            page = wait_for('id="late"', there=True)
            found = re.search(r"The desk is (\d+) seconds behind", page)
            assert found is not None
            assert 6 <= int(found[1]) <= 12
            metrics = desk.get("/metrics").text
            assert re.search(r"^occasion_watcher_late_seconds [6-9]", metrics, re.MULTILINE)
        finally:
            os.kill(service.watching._process.pid, signal.SIGCONT)
        wait_for('id="late"', there=False)
