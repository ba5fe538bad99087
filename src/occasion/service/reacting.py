"""What follows from an occurrence, in the transaction that writes it: the desk, and messages to be sent about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, exists, select

from occasion.desk.occasions import Opened, Openings
from occasion.desk.snapshot import EventsOf
from occasion.moments.catalogue import Catalogue
from occasion.service.out.notices import tell_at_once
from occasion.service.out.webhooks import Post, queue
from occasion.service.ssrf import Sender
from occasion.store.occurrences import Noticed
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.out import WEBHOOKS

TOLD = {"reached": "moment.reached", "retracted": "moment.retracted"}


class Reacting:
    """Called by the watcher with what it noticed. `catalogue`: gives the one in force; `zone`: the workspace's."""

    def __init__(self, catalogue: Callable[[], Catalogue], zone: str, recent: EventsOf | None = None) -> None:
        self._openings = Openings(catalogue, zone, recent)

    def __call__(self, connection: Connection, noticed: Sequence[Noticed], now: int) -> None:
        """Open and close occasions, queue webhooks and notices."""
        opened = self._openings.from_changes(connection, noticed, now)
        for row in _occasions(connection, opened.urgent):
            tell_at_once(connection, row["owner"], row["moment"], row["party"], now)
        if connection.execute(select(exists().where(WEBHOOKS.c.disabled_us.is_(None)))).scalar():
            _tell_machines(connection, noticed, opened, now)


def _tell_machines(connection: Connection, noticed: Sequence[Noticed], opened: Opened, now: int) -> None:
    for one in noticed:
        kind = TOLD.get(one.change.kind)
        if kind is not None and one.role == "reached":
            change = one.change
            said = {"moment": one.moment, "version": change.moment, "party": change.party, "at": _utc(change.at)}
            key = f"{change.moment}_{change.party}_{change.at}_{now}"
            queue(connection, kind, key, said, now=now, party=change.party)
    for row in _occasions(connection, opened.opened):
        kind = "occasion.slipped" if row["kind"] in ("slipping", "missed") else "occasion.opened"
        said = {"occasion": row["number"], "kind": row["kind"], "moment": row["moment"], "party": row["party"]}
        said |= {"owner": row["owner"], "until": _utc(row["until_us"])}
        queue(connection, kind, str(row["number"]), said, now=now, party=row["party"])


def _occasions(connection: Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    if not numbers:
        return []
    return [
        dict(row) for row in connection.execute(select(OCCASIONS).where(OCCASIONS.c.number.in_(numbers))).mappings()
    ]


def _utc(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1_000_000, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def poster(sender: Sender) -> Post:
    """A webhook's way out through checked addresses only."""

    def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> int:
        return sender.post(url, body, headers).status

    return post
