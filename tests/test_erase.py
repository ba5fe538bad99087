"""Somebody is erased: a word of theirs in every field that can hold one, and afterwards in no file and no table."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from databases import postgres_server, records_url  # noqa: F401
from erasable import CANARY, NOW, PARTY, PHONE, place, places_with, prepare, send
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
from occasion.store.schema.out import DELIVERIES
from occasion.store.schema.watched import OCCURRENCES
from occasion.store.workspace import read_workspace
from serving import make_place, serving_here
from storing import arrived, merged, store

__all__ = ["place"]


def test_every_table_is_known_to_hold_something_of_a_party_or_nothing() -> None:
    known = {*held.ABOUT, *held.NOTHING, *held.LOG}
    assert {table.name for table in METADATA.sorted_tables} == known
    for name, columns in held.ABOUT.items():
        assert set(columns) <= set(METADATA.tables[name].columns.keys())
    for table in METADATA.sorted_tables:  # a column that names a party is never in a table said to hold nothing
        assert table.name in (*held.ABOUT, *held.LOG) or not {"party", "into"} & set(table.columns.keys()), table.name


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
            assert run(["erase", PARTY, "--yes", "--workspace", str(folder)]) == 0
            assert "0 events, 0 rows, 0 files" in capsys.readouterr().out
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

    def bytes(self) -> bool:
        self._step()
        return super().bytes()


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
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
