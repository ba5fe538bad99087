"""A backup made before an erasure is brought back: whoever was erased is erased again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from databases import Postgres, postgres_server, records_url  # noqa: F401
from erasable import CANARY, NOW, places_with
from occasion.cli import run
from occasion.people import merges
from occasion.people.details import note
from occasion.people.parties import party_of
from occasion.store.arrived import Arrived, Batch
from occasion.store.history import History
from occasion.store.log import Log
from occasion.store.records import writing
from occasion.store.sealer import Sealer
from occasion.store.tombstones import Erased
from occasion.store.writer import Writer
from serving import make_place
from storing import arrived

PARTY, PHONE, LATER = f"{CANARY}-u1", f"{CANARY}-phone", f"{CANARY}-later"


def put(history: History, *items: Arrived, seal: bool) -> None:
    writer = Writer(history.engine, history, lambda: NOW)
    writer.start()
    writer.submit(Batch(list(items))).result(20)
    if seal:
        Sealer(writer, history, apart=False).seal()
    writer.stop()


@pytest.mark.parametrize("erased_before", [True, False])
def test_whoever_was_erased_is_erased_again(
    tmp_path: Path, request: pytest.FixtureRequest, records_url: str, monkeypatch: pytest.MonkeyPatch,  # noqa: F811
    erased_before: bool, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    shop, back, file = tmp_path / "shop", tmp_path / "back", tmp_path / "monday.occasion"
    make_place(shop)
    postgres = records_url.startswith("postgresql")
    url = records_url if postgres else f"sqlite:///{shop / 'data' / 'records.db'}"
    monkeypatch.setenv("OCCASION_RECORDS", url)
    shop_is = ["--workspace", str(shop)]
    with History(shop / "data", records=url) as history:
        put(history, arrived(PARTY, "call", body=CANARY), arrived("ola", "call", counterpart=PHONE), seal=True)
        put(history, arrived(PHONE, "call", body=CANARY), arrived("gone-before", "call"), seal=False)
        with writing(history.engine) as connection:
            note(connection, PARTY, f"{CANARY} likes tea", now=NOW, by="ewa", source="call")
            merges.merge(connection, PHONE, PARTY, now=NOW, by="ewa", why="")
    if erased_before:  # then the backup has a salt and a tombstone of its own
        assert run(["erase", "gone-before", "--yes", *shop_is]) == 0
    assert run(["backup", str(file), *shop_is]) == 0
    capsys.readouterr()
    assert run(["erase", PHONE, "--yes", *shop_is]) == 0
    assert str(file) in capsys.readouterr().out  # named as still holding them
    with History(shop / "data", records=url) as history:
        put(history, arrived(LATER, "call"), seal=False)  # came after the backup: it knows nothing of this one
    assert run(["erase", LATER, "--yes", *shop_is]) == 0
    monkeypatch.delenv("OCCASION_RECORDS")
    server: Postgres | None = request.getfixturevalue("postgres_server") if postgres else None
    there = server.database() if server is not None else f"sqlite:///{back / 'data' / 'records.db'}"
    options = ["--records", there] if postgres else []
    assert run(["restore", str(file), "--to", str(back), "--erased", str(shop), "--json", *options]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["erased_again"] == 2
    with History(back / "data", records=there) as history:
        assert places_with(back, history.engine) == []
        log = Log(history.engine, history)
        assert log.of(PARTY) == []
        [theirs] = log.of("ola")
        assert theirs.counterpart is not None
        assert theirs.counterpart.startswith("erased-")
        with history.engine.connect() as connection:
            assert not party_of(connection, PARTY).known
            erased = Erased(connection)
            assert [party in erased for party in (PARTY, PHONE, LATER, "ola")] == [True, True, True, False]
            assert ("gone-before" in erased) == erased_before


def test_without_its_list_a_restore_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop, file = tmp_path / "shop", tmp_path / "monday.occasion"
    make_place(shop)
    with History(shop / "data") as history:
        put(history, arrived(PARTY, "call"), seal=True)
    assert run(["backup", str(file), "--workspace", str(shop)]) == 0
    assert run(["restore", str(file), "--to", str(tmp_path / "back")]) == 0
    assert "--erased DIR" in capsys.readouterr().err
    assert run(["restore", str(file), "--to", str(tmp_path / "third"), "--erased", str(tmp_path / "nowhere")]) == 2
    assert "no data folder" in capsys.readouterr().err
