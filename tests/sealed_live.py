"""What a store holds against what was sent to it."""

from __future__ import annotations

from occasion.store.arrived import Arrived
from occasion.store.log import Log


def of_all(log: Log, given: list[Arrived]) -> dict[str, list[object]]:
    parties = {item.event.party for item in given if item.event}
    return {party: list(log.of(party)) for party in sorted(parties)}


def expected(given: list[Arrived]) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for item in sorted(given, key=lambda item: (item.event.at, item.event.id)):  # type: ignore[union-attr]
        found.setdefault(item.event.party, []).append(item.event)  # type: ignore[union-attr]
    return dict(sorted(found.items()))
