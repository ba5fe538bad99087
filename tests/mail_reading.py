"""Mail read as the tests want it: events and what was refused, or the one event of a message."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

from mailing import OURS
from occasion.coach.languages import language_of
from occasion.events.event import Event
from occasion.events.load import plan_load
from occasion.events.mail import rows_of
from occasion.events.mail_ours import Ours, read_ours
from occasion.events.raw import Reject

FIRM = read_ours(OURS)
HOUR = 3600
HEADED = "From: a@c.example\nTo: b@firm.example\nDate: Mon, 2 Mar 2026 09:00:00 +0000\n"


def load(*paths: Path, ours: Ours | None = FIRM) -> tuple[list[Event], list[Reject]]:
    found = list(plan_load(list(paths), ours=ours, language=language_of))
    return [e for e in found if isinstance(e, Event)], [r for r in found if isinstance(r, Reject)]


def one(data: bytes | EmailMessage) -> Event:
    (row,) = rows_of(data if isinstance(data, bytes) else data.as_bytes(), FIRM)
    return Event(
        party=row.party, name=row.name, at=row.at, id=row.id, seen=row.at, properties=row.properties,
        direction=row.direction, actor=row.actor, counterpart=row.counterpart, mass=row.mass, body=row.body,
    )  # fmt: skip
