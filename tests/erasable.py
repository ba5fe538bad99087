"""A workspace with a word of theirs in every field that can hold one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import JSON, Connection, Engine, LargeBinary, String, Table, insert, select

from occasion.people import held
from occasion.people.details import note
from occasion.store import audit
from occasion.store.schema import METADATA
from occasion.store.schema.log import REFUSED
from occasion.store.schema.out import DELIVERIES, PROPOSALS
from occasion.store.schema.watched import OCCURRENCES
from serving import make_place

CANARY = "kanarek7c1f"
PARTY, PHONE = f"{CANARY}-u1", f"{CANARY}-phone"
NOW = 1_772_452_800_000_000
CATALOGUE = """
stages: [{name: new, enter: start}]
process: []
moments:
  friends: {when: "distinct(friend of friend_added) >= 3 within 900000 days of start", owner: team, purpose: x}
  pictures: {when: "count(friend_added) >= 2 per friend", owner: team, purpose: x}
  calls: {when: "count(call) >= 2", owner: team, purpose: x}
"""


def fill(table: Table, number: int, /, **given: Any) -> dict[str, Any]:
    """A row with the canary in every column that can hold a text."""
    row: dict[str, Any] = {}
    for column in table.columns:
        kind = column.type
        if column.name in given:
            row[column.name] = given[column.name]
        elif isinstance(kind, String):
            row[column.name] = f"{CANARY} {column.name} {number}"
        elif isinstance(kind, JSON):
            row[column.name] = {CANARY: [f"{CANARY} {number}", {"deep": PARTY}]}
        elif isinstance(kind, LargeBinary):
            row[column.name] = f"{CANARY} {number}".encode()
        elif not column.primary_key:
            row[column.name] = None if column.nullable else kind.python_type(number)
    return row


def fill_every_table(connection: Connection) -> None:
    """In every table with rows about a party: one under each of its identities."""
    for place in reversed(list(held.places())):
        if place.table.name in ("merges", "audit_names"):
            continue  # made by their own verbs
        for number, party in enumerate((PARTY, PHONE), 900):
            keys: dict[str, Any] = {c.name: number for c in place.table.primary_key.columns if c.name == "number"}
            if place.table.name == "gestures":
                keys["occasion"] = number
            if place.table.name == "parties":
                connection.execute(place.table.delete().where(place.table.c.party == party))
                said = {"given": True, "at_us": 1, "source": CANARY}
                keys = {"consent": {CANARY: said}, "rest_days": "3", "kind": "customer"}
            connection.execute(insert(place.table).values(**fill(place.table, number, party=party, **keys)))


def others_name_them(connection: Connection) -> None:
    """Rows about others, or about nobody, in which their identity stands."""
    row = fill(OCCURRENCES, 1, number=990, party="ola", per=f"text:{PARTY}", moment="pictures", identity="v",
               role="reached", evidence=["web:1"], state="holds", reason="")  # fmt: skip
    connection.execute(insert(OCCURRENCES).values(**row))
    body = json.dumps({"type": "moment.reached", "data": {"party": "ola", "per": PARTY}})
    row = fill(DELIVERIES, 1, number=990, party="ola", body=body, message="msg_1", outcome="")
    connection.execute(insert(DELIVERIES).values(**row))
    row = fill(REFUSED, 1, number=990, party=None, message_id=None, body={"userId": [PARTY], "event": "x"}, value=PARTY,
               source="web", kind="track", field="userId", reason=f"userId {PARTY!r}: is no text")  # fmt: skip
    connection.execute(insert(REFUSED).values(**row))
    for number, text, why in ((990, "first visit", f"{PARTY} came"), (991, "2nd visit", f"as {CANARY} name 900 did")):
        row = fill(PROPOSALS, 1, number=number, party=None, kind="moment", text=text, why=why, made_by="assistant",
                   state="open", settled_by=None)  # fmt: skip
        connection.execute(insert(PROPOSALS).values(**row))
    note(connection, "ola", "likes tea", now=NOW, by="ewa", source="call")
    audit.note(connection, NOW, "ewa", "party seen", f"party:{PARTY}", {"n": 1})


def send(url: str, key: str) -> None:
    """Their events and others' that name them, through the real door."""
    batch: list[dict[str, Any]] = [
        {"type": "identify", "anonymousId": PHONE, "userId": PARTY,
         "traits": {"name": f"{CANARY} Name", "email": f"{CANARY}@example.com", "birthday": "--04-12"}},
        {"type": "track", "userId": PARTY, "properties": {"body": CANARY}},  # refused: it has no event
    ]  # fmt: skip
    for i in range(6):
        at = f"2026-03-0{i + 1}T10:00:00Z"
        theirs = {"body": f"{CANARY} writes", "channel": f"c {CANARY}", "actor": f"a {CANARY}", "counterpart": PHONE,
                  "n": {"deep": CANARY}, "friend": "ola", "direction": "out"}  # fmt: skip
        batch.append({"type": "track", "userId": (PARTY, PHONE)[i % 2], "event": "call", "timestamp": at,
                      "messageId": f"{CANARY}-{i}", "properties": theirs})  # fmt: skip
        batch.append({"type": "track", "userId": "ola", "event": "friend_added", "timestamp": at, "messageId": f"o{i}",
                      "properties": {"friend": (PARTY, "jan", PHONE)[i % 3], "counterpart": PARTY}})  # fmt: skip
    answer = requests.post(f"{url}/v1/batch", auth=(key, ""), json={"batch": batch}, timeout=20)
    assert answer.status_code == 200, answer.text


def places_with(folder: Path, engine: Engine) -> list[str]:
    """Every file and every column in which the canary still sings."""
    found = [str(path.relative_to(folder)) for path in folder.rglob("*")
             if path.is_file() and CANARY.encode() in path.read_bytes()]  # fmt: skip
    with engine.connect() as connection:
        for table in METADATA.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                for name, value in row.items():
                    held_ = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    if CANARY.encode() in held_:
                        found.append(f"{table.name}.{name}")
    return sorted(set(found))


@pytest.fixture
def place(tmp_path: Path, records_url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    folder = tmp_path / "shop"
    make_place(folder, CATALOGUE)
    url = records_url if records_url.startswith("postgresql") else f"sqlite:///{folder / 'data' / 'records.db'}"
    monkeypatch.setenv("OCCASION_RECORDS", url)
    return folder, url


def prepare(folder: Path, url: str, server: Any) -> None:
    """Everything that can be known about somebody, some of it sealed and some not; files beside."""
    send(server.url, server.key)
    assert server.service.sealer.seal()
    late = {"userId": PARTY, "event": "call", "messageId": f"{CANARY}-tail", "properties": {"body": CANARY}}
    requests.post(f"{server.url}/v1/track", auth=(server.key, ""), json=late, timeout=20).raise_for_status()
    server.service.writer.do(fill_every_table).result(20)
    server.service.writer.do(others_name_them).result(20)
    exports = folder / "data" / "exports"
    exports.mkdir()
    (exports / "everything.json").write_text(json.dumps({"party": PARTY}))
    (exports / "somebody-else.json").write_text(json.dumps({"party": "ola"}))
    rejects = folder / "data" / "rejects" / "load-000001"
    rejects.mkdir(parents=True)
    lines = [{"file": "f", "line": 1, "field": "at", "value": v, "reason": "is no time"} for v in (PARTY, "ola")]
    (rejects / "rejects.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
