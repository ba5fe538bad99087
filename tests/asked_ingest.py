"""What clients send, read: the one item of it, or why it was refused."""

from __future__ import annotations

import json
from typing import Any

from occasion.service.ingest.cloudevents import read_cloudevents
from occasion.service.ingest.envelope import open_envelope
from occasion.service.ingest.limits import (
    CLOUDEVENTS,
    POSTHOG,
    SEGMENT,
)
from occasion.service.ingest.posthog import read_posthog
from occasion.service.ingest.reading import Asked, Reading
from occasion.service.ingest.segment import read_segment
from occasion.store.arrived import Arrived, RefusedItem

NOW = 1_795_000_000_000_000  # 2026-11-18T11:06:40Z
ASKED = Asked("shop", NOW)
HOUR = 3_600_000_000


def segment(*items: dict[str, Any], **head: Any) -> Reading:
    """A batch, as it would come."""
    body = json.dumps({"batch": items, **head}).encode()
    return read_segment(open_envelope(body, SEGMENT, single=False), SEGMENT, ASKED, "batch")


def single(kind: str, **item: Any) -> Reading:
    """One call at its own path."""
    return read_segment(open_envelope(json.dumps(item).encode(), SEGMENT, single=True), SEGMENT, ASKED, kind)


def posthog(*items: dict[str, Any], **head: Any) -> Reading:
    """A batch of the other family."""
    body = json.dumps({"batch": items, **head}).encode()
    return read_posthog(open_envelope(body, POSTHOG, single=None), POSTHOG, ASKED, "capture")


def cloud(body: bytes) -> Reading:
    """CloudEvents."""
    return read_cloudevents(open_envelope(body, CLOUDEVENTS, single=None), CLOUDEVENTS, ASKED, "cloudevent")


def only(reading: Reading) -> Arrived:
    """The one item, which was read."""
    assert not reading.batch.refused, reading.batch.refused[0].reason
    (item,) = reading.batch.arrived
    return item


def refused(reading: Reading) -> RefusedItem:
    """The one item, which was refused."""
    assert not reading.batch.arrived
    (row,) = reading.batch.refused
    return row


def track(**more: Any) -> dict[str, Any]:
    """A good call, and what the test is about."""
    return {"type": "track", "event": "Lease Signed", "userId": "u1", "messageId": "m1", **more}
