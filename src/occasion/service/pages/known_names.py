"""Which names of events ever came, for "did you mean": counted anew in the background now and then."""

from __future__ import annotations

import logging
from threading import Lock, Thread
from typing import Any

from occasion.errors import OccasionError
from occasion.moments.check import Seen
from occasion.store.seen import seen

LOG = logging.getLogger("occasion.pages")
FRESH_US = 600_000_000
TAIL_EVENTS = 20_000


class Names:
    """What one service's log holds. `known` is None until it was counted for the first time."""

    def __init__(self) -> None:
        self.known: Seen | None = None
        self.at_us = 0
        self.lock = Lock()

    def count(self, service: Any) -> None:
        """Count the segments; in a thread of its own."""
        try:
            with self.lock:
                if service.history.state().segments:
                    with service.history.beside() as history:  # the server's own would keep every old file in place
                        self.known = seen(history.source(service.workspace.zone))
        except (OccasionError, OSError) as why:  # sealed anew meanwhile: the next time will do
            LOG.warning("names of events were not counted", extra={"kind": type(why).__name__})


def names_in(service: Any) -> Seen | None:
    """Names with how often they came, and their fields: of the segments as last counted, and of the latest of the tail.

    None where nothing ever came. The first call after a start counts at once where there is no more than a little.
    """
    names: Names = service.__dict__.setdefault("event_names", Names())
    now = service.clock()
    if now - names.at_us > FRESH_US:
        names.at_us = now
        thread = Thread(target=names.count, args=(service,), name="names", daemon=True)
        thread.start()
        thread.join(0.2)
    return with_tail(names.known, service.writer.tail.stretches)


def with_tail(known: Seen | None, stretches: Any) -> Seen | None:
    """The same with the latest events that no segment holds."""
    counts: dict[str, int] = dict(known.names) if known else {}
    left = TAIL_EVENTS
    for stretch in reversed(stretches):
        for _, _, events in reversed(stretch.groups):
            if left <= 0:
                break
            left -= len(events)
            for event in events:
                counts[event.name] = counts.get(event.name, 0) + 1
    if not counts:
        return None
    fields = None if known is None or counts.keys() - known.names.keys() else known.fields
    return Seen(counts, fields)
