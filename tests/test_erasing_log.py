"""A person is taken out of the log: no byte of them is left in the workspace, and what others did stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from occasion.errors import InputError
from occasion.store.arrived import Arrived
from occasion.store.history import History
from occasion.store.sealer import Sealer
from occasion.store.tombstones import bury
from sealed_live import expected, of_all
from storing import WAIT, arrived, store

CANARY = "canary-7c1f"
NAMES = {CANARY: "erased-1", f"{CANARY}-phone": "erased-2"}


def theirs(n: int) -> list[Arrived]:
    parties = list(NAMES)
    return [
        arrived(
            parties[i % 2], f"x{i % 3}", i, f"mine-{CANARY}-{i}", properties={"note": f"{CANARY} said {i}"},
            channel=f"c {CANARY}", actor=f"a {CANARY}", counterpart=f"p {CANARY}", body=f"Hello {CANARY} {i}",
        )
        for i in range(n)
    ]  # fmt: skip


def others(n: int, prefix: str) -> list[Arrived]:
    draw = ["u1", "u2", "u3", "u4"]
    return [
        arrived(draw[i % 4], "y", i, f"{prefix}{i}", properties={"friend": CANARY, "n": "1"}, counterpart=CANARY)
        if i % 3 == 0
        else arrived(draw[i % 4], "z", i, f"{prefix}{i}", properties={"friend": "u9"}, counterpart="u9")
        for i in range(n)
    ]


def nameless(items: list[Arrived]) -> dict[str, list[Any]]:
    found = expected(items)
    for events in found.values():
        for i, event in enumerate(events):
            fields = {name: getattr(event, name) for name in event.__struct_fields__}
            fields["properties"] = {k: NAMES.get(v, v) for k, v in fields["properties"].items()}
            fields["counterpart"] = NAMES.get(fields["counterpart"], fields["counterpart"])
            events[i] = type(event)(**fields)
    return found


def files_with(folder: Path, word: bytes) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and word in path.read_bytes()]


def bury_all(connection: Connection) -> None:
    for party in NAMES:
        bury(connection, party, now=1, random=lambda n: b"s" * n)


@pytest.mark.parametrize("running", [True, False])
def test_no_byte_of_them_is_left(tmp_path: Path, records_url: str, running: bool) -> None:
    data = tmp_path / "data"
    mine, rest = theirs(60), others(60, "a")
    with store(data, records_url) as one:
        sealer = Sealer(one.writer, one.history, apart=False)
        for i in range(0, 60, 10):  # in several segments, by party too
            one.put(*mine[i : i + 10], *rest[i : i + 10])
            assert sealer.seal()
        late = others(12, "late")
        rest += late
        one.put(*theirs(6), *late)  # and in the tail
        with one.history.beside() as beside:
            beside.source()  # leaves an overlay
        assert files_with(data, CANARY.encode()), "they are there"
        one.writer.do(bury_all).result(WAIT)
        if running:
            assert sealer.erase(NAMES)
            assert of_all(one.log, rest) == nameless(rest)
            assert all(one.log.of(party) == [] for party in NAMES)
            assert one.put(*mine).known == len(mine)
    if not running:
        with History(data, records=records_url) as history:
            assert history.erase(NAMES)
            assert history.erase({"nobody": "erased-3"}), "somebody who was never there"
    assert files_with(data, CANARY.encode()) == []
    assert files_with(tmp_path, CANARY.encode()) == []
    with store(data, records_url) as again:
        assert of_all(again.log, rest) == nameless(rest)
        assert all(again.log.of(party) == [] for party in NAMES)
        assert again.put(*mine).known == len(mine), "a late retry brings nothing back"
        assert again.put(arrived(CANARY, "new")).known == 1
        assert again.put(*rest).known == len(rest)


def test_what_a_reading_holds_goes_after_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'records.db'}"
    with store(tmp_path / "data", url) as one:
        sealer = Sealer(one.writer, one.history, apart=False)
        one.put(*theirs(10), *others(10, "a"))
        sealer.seal()
        with one.history.beside() as beside:
            beside.source()
            assert not sealer.erase(NAMES), "it says so"
        one.put(arrived("u1"))
        assert sealer.seal()
        assert files_with(tmp_path, CANARY.encode()) == []


def test_refused_rows_of_loads_go_too(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"id,user,event,ts\n1,{CANARY},x,never\n2,u1,x,never\n3,u1,x,2024-01-01\n4,u2,y,{CANARY}\n")
    data = tmp_path / "data"
    from occasion.events.load import plan_load

    with History(data) as history:
        history.load(plan_load([file]))
        assert files_with(data, CANARY.encode())
        assert history.erase(NAMES)
    assert files_with(data, CANARY.encode()) == []
    assert [len(path.read_text().splitlines()) for path in data.glob("rejects/*/*.jsonl")] == [2]


def test_not_beside_a_server(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'records.db'}"
    said = pytest.raises(InputError, match="a server runs")
    with store(tmp_path / "data", url), History(tmp_path / "data") as history, said:
        history.erase(NAMES)
