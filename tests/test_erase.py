"""Somebody is erased: a word of theirs in every field that can hold one, and afterwards in no file and no table."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import JSON, Connection, Engine, LargeBinary, String, Table, insert, select

from databases import postgres_server, records_url  # noqa: F401
from occasion.cli import run
from occasion.people import erase as erasing
from occasion.people import held, merges
from occasion.people.details import note
from occasion.people.forget import nameless
from occasion.people.search import search
from occasion.service.running import Service, Settings
from occasion.store import audit
from occasion.store.history import History
from occasion.store.records import open_records
from occasion.store.schema import METADATA
from occasion.store.schema.log import REFUSED
from occasion.store.schema.out import DELIVERIES, PROPOSALS
from occasion.store.schema.watched import OCCURRENCES
from occasion.store.workspace import read_workspace
from serving import make_place, serving_here
from storing import arrived, merged, store

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


def test_every_table_is_known_to_hold_something_of_a_party_or_nothing() -> None:
    known = {*held.ABOUT, *held.NOTHING, *held.LOG}
    assert {table.name for table in METADATA.sorted_tables} == known
    for name, columns in held.ABOUT.items():
        assert set(columns) <= set(METADATA.tables[name].columns.keys())
    for table in METADATA.sorted_tables:  # a column that names a party is never in a table said to hold nothing
        assert table.name in (*held.ABOUT, *held.LOG) or not {"party", "into"} & set(table.columns.keys()), table.name


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
def place(tmp_path: Path, records_url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:  # noqa: F811
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


def check_gone(folder: Path, engine: Engine) -> None:
    assert places_with(folder, engine) == []
    assert (folder / "data" / "exports" / "somebody-else.json").exists()
    with engine.connect() as connection:
        assert isinstance(audit.verify(connection), audit.Head)
        assert search(connection, CANARY) == []
        per = connection.execute(select(OCCURRENCES.c.per).where(OCCURRENCES.c.number == 990)).scalar_one()
        assert per.startswith("text:erased-")
        assert connection.execute(select(DELIVERIES.c.body)).scalar_one().count("erased-") == 1


@pytest.mark.parametrize("running", [False, True])
def test_not_a_word_is_left(place: tuple[Path, str], running: bool, capsys: pytest.CaptureFixture[str]) -> None:
    folder, url = place
    with serving_here(folder, records=url) as server:
        prepare(folder, url, server)
        assert len(places_with(folder, server.service.engine)) > 40
        if running:
            assert run(["erase", PHONE, "--yes", "--workspace", str(folder)]) == 0, capsys.readouterr().err
            check_gone(folder, server.service.engine)
            send(server.url, server.key)  # a late retry, and new things under the same name
            assert server.service.log.of(PARTY) == []
            assert {event.counterpart for event in server.service.log.of("ola")} != {PARTY}
            assert run(["erase", PARTY, "--yes", "--workspace", str(folder)]) == 2
            assert "nothing is held" in capsys.readouterr().err
    if not running:
        assert run(["erase", PHONE, "--yes", "--workspace", str(folder)]) == 0, capsys.readouterr().err
    engine = open_records(url)
    try:
        if not running:
            check_gone(folder, engine)
        assert len(erasing.written_erasures(folder / "data")) == 1
    finally:
        engine.dispose()
    again = Service(Settings(read_workspace(folder), records=url))  # and it starts, and watches, without them
    again.start()
    try:
        assert again.log.of(PARTY) == []
        assert len(again.log.of("ola")) == 6
    finally:
        again.stop()


def test_it_asks_first_and_knows_who_is_not_there(
    place: tuple[Path, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = place
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run(["erase", "nobody", "--yes", "--workspace", str(folder)]) == 2
    assert "nothing is held" in capsys.readouterr().err
    table = folder / "people.csv"
    table.write_text("id,name\nc1,Anna\n")
    assert run(["people", "import", str(table), "--workspace", str(folder)]) == 0
    assert run(["erase", "c1", "--workspace", str(folder)]) == 130  # no answer is no yes
    assert run(["people", "show", "c1", "--workspace", str(folder)]) == 0
    assert run(["erase", "c1", "--yes", "--workspace", str(folder)]) == 0
    assert run(["people", "show", "c1", "--workspace", str(folder)]) == 2
    capsys.readouterr()
    assert run(["people", "import", str(table), "--json", "--workspace", str(folder)]) == 0
    assert "was erased" in json.loads(capsys.readouterr().out)["refused"][0]["reason"]


def test_a_report_that_names_them_is_told(place: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    folder, url = place
    engine = open_records(url)
    with engine.begin() as connection:
        for party in ("c1", "c12"):
            note(connection, party, "likes tea", now=NOW, by="ewa", source="call")
    engine.dispose()
    (folder / "data" / "finds").mkdir()
    (folder / "data" / "finds" / "report.html").write_text("when seller = &quot;c1&quot;")
    (folder / "data" / "finds" / "other.html").write_text("c12 and xc1 and c1@example.com")
    assert run(["erase", "c1", "--yes", "--json", "--workspace", str(folder)]) == 0
    assert json.loads(capsys.readouterr().out)["elsewhere"] == ["finds/report.html"]
    assert run(["people", "show", "c12", "--workspace", str(folder)]) == 0


class BrokenOff(Exception):
    """As if the power went."""


class Breaking(erasing.Alone):
    """An erasure that is broken off before its n-th step."""

    steps = 99

    def _step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise BrokenOff

    def change(self, verb: Any) -> Any:
        self._step()
        return super().change(verb)

    def log(self, names: Any) -> bool:
        self._step()
        return super().log(names)

    def watched(self, names: Any) -> bool:
        self._step()
        return super().watched(names)


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_what_was_broken_off_is_finished_by_the_same_command(tmp_path: Path, steps: int) -> None:
    folder = make_place(tmp_path / "shop")
    with store(folder / "data", f"sqlite:///{folder / 'data' / 'records.db'}") as one:
        one.put(arrived(PARTY, "call", body=CANARY), arrived("ola", "call", counterpart=PHONE))
        one.put(arrived(PHONE, "call", body=CANARY), merged(PHONE, PARTY))
        one.writer.do(lambda c: note(c, PARTY, CANARY, now=NOW, by="ewa", source="call")).result(20)
    with History(folder / "data") as history:
        tools = Breaking(history)
        tools.steps = steps
        with pytest.raises(BrokenOff):
            erasing.erase(tools, PHONE, now=NOW, by="ewa")
    assert run(["erase", PHONE, "--yes", "--workspace", str(folder)]) == 0
    engine = open_records(folder / "data" / "records.db")
    assert places_with(folder, engine) == []
    engine.dispose()
    assert len(erasing.written_erasures(folder / "data")) == 1


def test_what_is_written_about_others_keeps_its_shape() -> None:
    value = {"a": [PARTY, {"b": "x " + PARTY}], PARTY: 1, "n": 2.5, "none": None}
    assert nameless(value, {PARTY: "erased-1"}) == {"a": ["erased-1", {"b": "x " + PARTY}], "erased-1": 1, "n": 2.5,
                                                    "none": None}  # fmt: skip


def test_only_identities_that_are_read_as_one_go_together(place: tuple[Path, str]) -> None:
    folder, url = place
    engine = open_records(url)
    with engine.begin() as connection:
        for party in ("a", "b", "c"):
            note(connection, party, f"about {party}", now=NOW, by="ewa", source="call")
        merges.merge(connection, "a", "b", now=NOW, by="ewa", why="")
        number = merges.merge(connection, "c", "b", now=NOW, by="ewa", why="")
        assert number is not None
        merges.undo(connection, number, now=NOW, by="ewa")
    engine.dispose()
    assert run(["erase", "a", "--yes", "--workspace", str(folder)]) == 0
    assert run(["people", "show", "b", "--workspace", str(folder)]) == 2
    assert run(["people", "show", "c", "--workspace", str(folder)]) == 0
