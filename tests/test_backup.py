"""A backup while events come in, on both databases: everything acknowledged before it began is there, nothing half."""

from __future__ import annotations

import io
import json
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from fastapi import FastAPI
from sqlalchemy import select

from databases import Postgres, postgres_server, records_url  # noqa: F401
from doors import Client, add, desk_app, do, stranger
from occasion.cli import run
from occasion.errors import InputError
from occasion.service.keys import add_key
from occasion.store import audit
from occasion.store.backup import Contents, make_backup
from occasion.store.history import History
from occasion.store.records import open_records, writing
from occasion.store.restore import restore_backup
from occasion.store.schema.doors import COLLEAGUES
from occasion.store.workspace import read_workspace
from serving import make_place

KEY = "occ_backup_0123456789abcdef0123456789abcdef"
NOW = 1_772_442_000_000_000
DIRECT = {"files": [], "mapping": ""}


@pytest.fixture
def records(records_url: str, tmp_path: Path) -> str:  # noqa: F811
    """Where the records of the workspace in tmp_path are."""
    return records_url if "postgresql" in records_url else f"sqlite:///{tmp_path / 'place' / 'data' / 'records.db'}"


@pytest.fixture
def app(tmp_path: Path, records: str) -> Iterator[FastAPI]:
    with desk_app(tmp_path, records=records) as running:
        do(
            running,
            lambda c: add_key(c, KEY, name="t", source="t", may="write", now=0, by="tests", overlap_us=None),
        )
        yield running


def send(client: Client, ids: list[str]) -> None:
    batch = [{"type": "track", "userId": f"u{hash(i) % 7}", "event": "Seen", "messageId": i} for i in ids]
    assert client.post("/v1/batch", json={"batch": batch}, auth=(KEY, "")).status_code == 200


def stored(folder: Path, records: str | None) -> Counter[str]:
    """How often each message is in a workspace: by the plain reading, segments and tail."""
    with History(folder / "data", records=records) as history:
        return Counter(event.id.partition(":")[2] for event in history.events())


def restored_records(records: str, request: pytest.FixtureRequest) -> str | None:
    """Where to restore the records to: an empty database of PostgreSQL, or the folder."""
    if "postgresql" not in records:
        return None
    return str(request.getfixturevalue("postgres_server").database())


def test_under_load_what_was_acknowledged_before_is_there_and_everything_once(
    app: FastAPI, records: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = read_workspace(tmp_path / "place")
    send(stranger(app), [f"before-{i}" for i in range(200)])
    acknowledged: list[str] = [f"before-{i}" for i in range(200)]
    sent: set[str] = set(acknowledged)
    ending = threading.Event()

    def load(who: int) -> None:
        client, round_ = stranger(app), 0
        while not ending.is_set():
            ids = [f"{who}-{round_}-{i}" for i in range(20)]
            sent.update(ids)
            send(client, ids)
            acknowledged.extend(ids)
            round_ += 1

    def seal() -> None:
        while not ending.is_set():
            app.state.service.sealer.seal()
            time.sleep(0.05)

    threads = [threading.Thread(target=load, args=(who,)) for who in range(2)] + [threading.Thread(target=seal)]
    for thread in threads:
        thread.start()
    made = []
    try:
        for number in range(3):
            app.state.service.writer.do(
                lambda c, number=number: audit.note(c, NOW, "ewa", "noted", "x", {"n": number})
            ).result(30)
            until, loads = len(acknowledged) + 100, app.state.service.history.state().loads + 1
            while len(acknowledged) < until or app.state.service.history.state().loads < loads:
                time.sleep(0.01)
            before = list(acknowledged)
            file = tmp_path / f"{number}.occasion"
            contents = make_backup(place, records, file, NOW)
            made.append((before, file, contents, set(sent)))
    finally:
        ending.set()
        for thread in threads:
            thread.join(60)
    assert len(acknowledged) > len(made[0][0]) > 200
    assert {contents.segments > 0 for _, _, contents, _ in made} == {True}, "the tail was sealed meanwhile"
    for number, (before, file, contents, until) in enumerate(made):
        to = tmp_path / f"restored-{number}"
        where = restored_records(records, request)
        place, again = restore_backup(file, to, where)
        assert again == contents
        there = stored(to, where)
        assert set(there.values()) == {1}
        assert set(before) <= set(there) <= until
        assert len(there) == contents.position
        engine = open_records(where or to / "data" / "records.db")
        with engine.connect() as connection:
            assert isinstance(audit.verify(connection), audit.Head)
        engine.dispose()


def test_a_restored_workspace_is_served_and_goes_on(
    app: FastAPI, records: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    add(app, "ewa", "admin", email="ewa@example.com")
    (tmp_path / "place" / "moments.yaml").write_text("moments: {}\n# mine: żółw\n", encoding="utf-8")
    send(stranger(app), ["one", "two"])
    file = tmp_path / "one.occasion"
    make_backup(read_workspace(tmp_path / "place"), records, file, NOW)
    assert file.stat().st_mode & 0o777 == 0o600
    where = restored_records(records, request)
    to = tmp_path / "again" / "place"
    to.parent.mkdir()
    restore_backup(file, to, where)
    assert "żółw" in (to / "moments.yaml").read_text(encoding="utf-8")
    with desk_app(to.parent, records=where) as running:
        send(stranger(running), ["two", "three"])
        add(running, "jan")
        assert do(running, lambda c: sorted(c.execute(select(COLLEAGUES.c.id)).scalars())) == ["ewa", "jan"]
    assert stored(to, where) == {"one": 1, "two": 1, "three": 1}


@pytest.fixture
def whole(tmp_path: Path) -> tuple[Path, Contents]:
    """A backup of a small workspace with a loaded history, and what it says of itself."""
    place = make_place(tmp_path / "place")
    csv = tmp_path / "events.csv"
    csv.write_text("party,name,at\n" + "".join(f"u{i % 5},seen,2026-03-0{i % 9 + 1}T10:00:00Z\n" for i in range(50)))
    with csv.open("a") as more:
        more.write("u1,seen,never\n")
    assert run(["load", str(csv), "--workspace", str(place)]) == 0
    file = tmp_path / "whole.occasion"
    return file, make_backup(read_workspace(place), place / "data" / "records.db", file, NOW)


def test_a_loaded_history_and_its_refused_rows_come_back(whole: tuple[Path, Contents], tmp_path: Path) -> None:
    file, contents = whole
    place, _ = restore_backup(file, tmp_path / "again")
    assert contents.segments > 0
    with History(tmp_path / "place" / "data") as before, History(place.data) as after:
        assert sorted(map(repr, before.events())) == sorted(map(repr, after.events()))
        assert len(list(after.events())) == 50
    rejects = list((place.data / "rejects").rglob("rejects.jsonl"))
    assert [json.loads(path.read_text())["line"] for path in rejects] == [52]


def test_a_cut_file_anywhere_restores_nothing(whole: tuple[Path, Contents], tmp_path: Path) -> None:
    content = whole[0].read_bytes()
    for cut in range(0, len(content) - 1, max(1, len(content) // 12)):
        check_refused(tmp_path, content[:cut])


def test_a_changed_byte_anywhere_restores_nothing(whole: tuple[Path, Contents], tmp_path: Path) -> None:
    plain = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(whole[0].read_bytes())).read()
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        names = tar.getmembers()
    for member in names:
        if member.size:
            at = member.offset_data + member.size // 2
            changed = plain[:at] + bytes([plain[at] ^ 1]) + plain[at + 1 :]
            check_refused(tmp_path, zstandard.ZstdCompressor().compress(changed))


@pytest.mark.parametrize(
    "name", ["../evil", "{}/evil", "history/../../evil", "history/.evil", "evil", "data/records.db"]
)
def test_a_member_that_leads_elsewhere_writes_nothing_and_restores_nothing(
    whole: tuple[Path, Contents], tmp_path: Path, name: str
) -> None:
    plain = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(whole[0].read_bytes())).read()
    made = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(plain)) as old, tarfile.open(fileobj=made, mode="w") as new:
        entry = tarfile.TarInfo(name.format(tmp_path))
        entry.size = 1
        new.addfile(entry, io.BytesIO(b"x"))
        for member in old:
            new.addfile(member, old.extractfile(member))
    check_refused(tmp_path, zstandard.ZstdCompressor().compress(made.getvalue()))
    assert not list(tmp_path.parent.rglob("*evil*"))


def check_refused(tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "bad.occasion"
    bad.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.occasion"):
        restore_backup(bad, tmp_path / "bad")
    assert not (tmp_path / "bad").exists()
    assert not list(tmp_path.glob(".bad*"))


def test_a_file_of_the_history_that_is_gone_is_said(whole: tuple[Path, Contents], tmp_path: Path) -> None:
    place = read_workspace(tmp_path / "place")
    next((place.data / "history").glob("bucket-*.parquet")).unlink()
    with pytest.raises(InputError, match="would not be whole"):
        make_backup(place, place.data / "records.db", tmp_path / "two.occasion", NOW)
    assert not list(tmp_path.glob("*two.occasion*"))


def test_what_is_in_the_way_is_said(
    whole: tuple[Path, Contents], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, place = str(whole[0]), str(tmp_path / "place")
    assert run(["backup", file, "--workspace", place]) == 2
    assert run(["backup", str(tmp_path / "no" / "x.occasion"), "--workspace", place]) == 2
    assert run(["restore", file, "--to", place]) == 2
    assert run(["restore", file, "--to", str(tmp_path / "x"), "--records", "postgresql://nobody@127.0.0.1:9/x"]) == 2
    assert run(["restore", str(tmp_path / "none"), "--to", str(tmp_path / "x")]) == 2
    said = capsys.readouterr().err
    assert [line.count("\n") for line in said.splitlines()] == [0] * 5
    assert "is there already" in said
    assert not (tmp_path / "x").exists()


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = make_place(tmp_path / "place")
    assert run(["backup", str(tmp_path / "b"), "--workspace", str(place), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["database"] == "sqlite"
    assert run(["restore", str(tmp_path / "b"), "--to", str(tmp_path / "again")]) == 0
    assert "all whole" in capsys.readouterr().out
    assert run(["audit", "verify", "--workspace", str(tmp_path / "again")]) == 0


def test_a_database_that_is_not_empty_is_left_alone(postgres_server: Postgres, tmp_path: Path) -> None:  # noqa: F811
    place, records = make_place(tmp_path / "place"), postgres_server.database()
    open_records(records).dispose()
    make_backup(read_workspace(place), records, tmp_path / "b", NOW)
    with pytest.raises(InputError, match="holds tables already"):
        restore_backup(tmp_path / "b", tmp_path / "again", records)
    with pytest.raises(InputError, match="name an empty database"):
        restore_backup(tmp_path / "b", tmp_path / "again")


def test_the_restored_workspace_never_points_at_the_records_it_was_taken_from(
    postgres_server: Postgres,  # noqa: F811
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place, before = make_place(tmp_path / "place"), postgres_server.database()
    with (place / "occasion.toml").open("r+", encoding="utf-8") as file:
        content = file.read()
        file.seek(0)
        file.write(f'records = "{before}"\n{content}')
    assert run(["backup", str(tmp_path / "b"), "--workspace", str(place)]) == 0
    after = postgres_server.database()
    assert run(["restore", str(tmp_path / "b"), "--to", str(tmp_path / "again"), "--records", after]) == 0
    assert read_workspace(tmp_path / "again").records == after
    assert run(["key", "new", "mine", "--workspace", str(tmp_path / "again")]) == 0
    capsys.readouterr()
    for folder, keys in ((place, 0), (tmp_path / "again", 1)):
        assert run(["key", "list", "--json", "--workspace", str(folder)]) == 0
        assert len(json.loads(capsys.readouterr().out)["keys"]) == keys


def test_numbers_go_on_after_a_restore(
    records: str, app: FastAPI, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    from occasion.store.schema.people import DETAILS

    detail = {
        **{"party": "u1", "text": "tab\there\\n", "kind": "other", "source": "x", "noted_by": "ewa", "noted_us": 1},
        **{"use": "anything", "sensitive": False, "unmentioned": False},
    }
    do(app, lambda c: c.execute(DETAILS.insert(), [detail, detail]))
    make_backup(read_workspace(tmp_path / "place"), records, tmp_path / "b", NOW)
    where = restored_records(records, request)
    restore_backup(tmp_path / "b", tmp_path / "again", where)
    engine = open_records(where or tmp_path / "again" / "data" / "records.db")
    with writing(engine) as connection:
        connection.execute(DETAILS.insert().values(**detail))
        rows = connection.execute(select(DETAILS.c.number, DETAILS.c.text).order_by(DETAILS.c.number)).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [(n, "tab\there\\n") for n in (1, 2, 3)]
