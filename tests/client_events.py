"""What a running server has kept of what clients sent."""

from __future__ import annotations

from occasion.events.event import Event
from serving import ServerProcess


def kept(server: ServerProcess) -> list[Event]:
    """What a server that has stopped left behind: segments and tail."""
    from occasion.store.history import History
    from occasion.store.log import Log
    from occasion.store.records import open_records

    engine = open_records(server.folder / "data" / "records.db")
    with History(server.folder / "data") as history:
        events = [event for group in Log(engine, history).after(0) for event in group.events]
        if history.state().segments:
            events += history.events()
    engine.dispose()
    return events
