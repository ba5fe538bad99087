"""Streams of events and a catalogue with every node of the language, for servers that are watched as they read them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import requests
from sqlalchemy import Engine

from occasion.events.event import Event
from occasion.service.watched import Plan
from occasion.store import occurrences
from occasion.store.engine_duckdb import DuckEngine
from sql_reading import by_query

DAY = 86_400_000_000
SECOND = 1_000_000
BEGIN = 1_772_442_000_000_000  # 2026-03-02T09:00:00Z

EVERY_NODE = """
stages:
  - {name: new, enter: start}
  - {name: settled, enter: "count(session) >= 4 within 20 days of start"}
moments:
  did: {when: 'order where amount > 50 and country in ("PL", "DE")', owner: a, purpose: p}
  start: {when: start, owner: a, purpose: p, expect: 1 day after start}
  or: {when: first call or 2nd order, owner: a, purpose: p}
  and: {when: call and order within 2 days, owner: a, purpose: p}
  nth: {when: 3rd session, owner: a, purpose: p, expect: 10 days after start}
  every nth: {when: every 4th session, owner: a, purpose: p}
  reach: {when: count(session) >= 3 within 5 days of first order, owner: a, purpose: p, expect: 4 days after start}
  distinct: {when: distinct(friend of call) >= 3 within 14 days of start, owner: a, purpose: p}
  sum: {when: sum(amount of order) >= 200 within 30 days of start, owner: a, purpose: p}
  fewer: {when: count(session) < 2 within 6 days of start, owner: a, purpose: p}
  silence: {when: no session for 7 days, owner: a, purpose: p}
  rolling: {when: count(session) >= 3 within 4 days, owner: a, purpose: p}
  rolling sum: {when: sum(amount of order) >= 120 within 6 days, owner: a, purpose: p}
  after: {when: call then order within 3 days, owner: a, purpose: p}
  next: {when: call then first order within 3 days, owner: a, purpose: p}
  streak: {when: streak of 3 days of session, owner: a, purpose: p}
  every: {when: every 10 days since first order, owner: a, purpose: p}
  months: {when: every 1 month since start, owner: a, purpose: p}
  while: {when: 'count(call) >= 2 within 5 days of first session while stage = "settled"', owner: a, purpose: p}
  quiet stage: {when: 'no contact for 4 days while stage = "settled"', owner: a, purpose: p}
  per: {when: count(picture) >= 2 then first order within 2 days per listing, owner: a, purpose: p}
  returns: {when: contact returns after 6 days per counterpart, owner: a, purpose: p}
"""


def items(seed: int, many: int, parties: int = 8, days: int = 40) -> list[dict[str, Any]]:
    """Segment `track` items in the order they are sent: mostly by time, some shuffled by minutes, some days late."""
    draw = random.Random(seed)
    found = []
    for i in range(many):
        at = BEGIN + round(draw.random() * days * DAY)
        if found and draw.random() < 0.15:  # at the very instant of another, or a window later
            at = draw.choice(found)[1] + draw.choice([0, 0, 2 * DAY, 3 * DAY, 5 * DAY, 1])
        sent = at + draw.choice([0, 0, 0, 0, 60 * SECOND, DAY // 3, 6 * DAY])
        properties: dict[str, Any] = {
            "amount": draw.choice([10, 49.5, 60, 75.25]),
            "country": draw.choice(["PL", "US"]),
        }
        properties |= {"listing": draw.choice("AB"), "friend": draw.choice("abcd")}
        name = draw.choice(["session", "session", "session", "order", "call", "picture"])
        if name == "call":
            properties |= {"direction": draw.choice(["in", "out"]), "counterpart": draw.choice(["anna", "ben"])}
        item = {"type": "track", "event": name, "messageId": f"{seed}-{i}", "userId": f"p{draw.randrange(parties)}"}
        found.append((sent, at, item | {"timestamp": iso(at), "properties": properties}))
    return [item for _, _, item in sorted(found, key=lambda one: one[0])]


def iso(at: int) -> str:
    whole, micros = divmod(at, SECOND)
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{micros:06d}Z"


def at_of(item: dict[str, Any]) -> int:
    when = datetime.fromisoformat(item["timestamp"].replace("Z", "+00:00"))
    return int(when.timestamp()) * SECOND + when.microsecond


def send(url: str, key: str, batch: list[dict[str, Any]]) -> None:
    """A batch that has to be acknowledged."""
    answer = requests.post(f"{url}/v1/batch", json={"batch": batch}, auth=(key, ""), timeout=30)
    assert answer.status_code == 200, answer.text


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def differences(engine: Engine, plan: Plan, events: Iterable[Event], as_of: int) -> list[str]:
    """Where what is on record is not what `reach` says over the same events, for everything watched."""
    log, wrong = list(events), []
    with DuckEngine() as duck, engine.connect() as connection:
        for one in plan.watched:
            said = occurrences.keys(connection, one.definition.identity, one.role)
            found = by_query(duck, one.definition, log, as_of)
            reached = {(party, _text(value), at) for party, value, at in found}
            recorded = {(party, _text(tuple(per.split(":", 1)) if per else ("", "")), at) for party, per, at in said}
            if reached != recorded:
                more, less = sorted(recorded - reached)[:3], sorted(reached - recorded)[:3]
                wrong.append(f"{one.moment} {one.role}: too much {more}, missing {less}")
    return wrong


def _text(value: tuple[str, ...]) -> str:
    kind, text = value
    return f"{kind}:{float(text)}" if kind == "number" else ":".join(value)
