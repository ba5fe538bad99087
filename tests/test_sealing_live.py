"""Sealing while a server runs: nothing is lost, doubled or held up; what was sealed is read and known as before."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from threading import Event as Signal
from typing import Any

import pytest
from sqlalchemy import func, select

from occasion.errors import InputError
from occasion.events.load import plan_load
from occasion.moments.query_sql import sql
from occasion.store.arrived import Arrived, Batch
from occasion.store.engine_duckdb import DuckEngine
from occasion.store.history import History
from occasion.store.log import Log
from occasion.store.merged import undo
from occasion.store.schema.log import MERGES, TAIL
from occasion.store.sealer import Sealer
from occasion.store.tombstones import bury
from sealed_live import expected, of_all
from storing import START, Store, arrived, merged, store


def events(seed: int, n: int, parties: int = 30) -> list[Arrived]:
    """Events of all kinds, some at one instant."""
    draw = random.Random(seed)
    made = []
    for i in range(n):
        properties: dict[str, str | bool | Decimal] = {}
        if draw.random() < 0.7:
            properties = {"unit": f"{draw.randrange(5)}B", "amount": Decimal(draw.randrange(10**6)).scaleb(-6)}
            properties |= {"gift": draw.random() < 0.5} if draw.random() < 0.3 else {}
        made.append(
            arrived(
                f"u{draw.randrange(parties)}",
                f"n{draw.randrange(4)}",
                draw.randrange(50),
                f"s{seed}-{i}",
                properties=properties,
                direction=draw.choice(["in", "out", None]),
                mass=draw.random() < 0.1,
                body=draw.choice([None, "Dzień dobry"]),
                zone=draw.choice([None, "Europe/Warsaw"]),
            )
        )
    return made


@pytest.fixture
def opened(tmp_path: Path, records_url: str) -> Iterator[Store]:
    with store(tmp_path / "data", records_url) as one:
        yield one


def test_what_is_sealed_is_read_and_known_as_before(tmp_path: Path, records_url: str) -> None:
    given: list[Arrived] = []
    with store(tmp_path / "data", records_url) as one:
        sealer = Sealer(one.writer, one.history, apart=False)
        assert not sealer.seal(), "there is nothing"
        for seed in range(7):  # often enough that segments and runs are merged
            some = events(seed, 40)
            given += some
            one.put(*some)
            one.put(merged("a", "b", f"alias {seed}"))
            assert sealer.seal()
            assert of_all(one.log, given) == expected(given)
            assert one.put(*some).known == len(some), "known for ever"
            assert one.put(merged("a", "b", f"alias {seed}")).known == 1, "also what is no event"
        one.put(*events(99, 20))
        given += events(99, 20)
        with one.engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(TAIL)).scalar() == 1, "the tail holds the rest"
        beside = Log(one.engine, one.history)
        assert of_all(beside, given) == expected(given)
        state = one.history.state()
        assert len(state.runs) < 4
        assert len({s.bucket for s in state.segments}) > 3
    with store(tmp_path / "data", records_url) as again:
        assert of_all(again.log, given) == expected(given)
        assert again.put(*given).known == len(given)


def test_the_log_without_files_by_party(opened: Store) -> None:
    given = events(1, 200)
    opened.put(*given)
    Sealer(opened.writer, opened.history, apart=False).seal()
    files = list(opened.history.folder.glob("*.parties"))
    assert files
    for file in files:
        file.unlink()
    assert of_all(Log(opened.engine, opened.history), given) == expected(given)
    sealer = Sealer(opened.writer, opened.history, apart=False)
    made = 0
    while sealer.file_by_party():
        made += 1
    assert made == len(files)
    assert sorted(opened.history.folder.glob("*.parties")) == sorted(files)
    assert of_all(Log(opened.engine, opened.history), given) == expected(given)


def test_unread_from_segments_and_tail(opened: Store) -> None:
    early, late = arrived("u1", "early", 5), arrived("u2", "late", 50)
    seen_late = arrived("u3", "seen late", 1, seen=START + 40_000_000)
    tail_early, tail_late = arrived("u4", "e", 5), arrived("u4", "l", 60)
    opened.put(early, late, seen_late)
    Sealer(opened.writer, opened.history, apart=False).seal()
    opened.put(tail_early, tail_late)
    found = opened.log.unread(START + 30_000_000, START + 30_000_000)
    assert sorted(e.name for e in found) == ["l", "late", "seen late"]


def test_in_a_process_of_its_own_while_events_come(tmp_path: Path, records_url: str) -> None:
    given = [events(seed, 100) for seed in range(40)]
    with store(tmp_path / "data", records_url) as one:
        sealer = Sealer(one.writer, one.history, rows=500)
        stop = Signal()
        wrong: list[object] = []

        def read() -> None:
            seen: dict[str, int] = {}
            while not stop.is_set():
                for party in ("u1", "u2", "u3"):
                    found = one.log.of(party)
                    ids = {event.id for event in found}
                    if len(ids) != len(found) or len(found) < seen.get(party, 0):
                        wrong.append((party, len(ids), len(found), seen.get(party)))
                    seen[party] = len(found)

        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(read)
            try:
                one.put(*given[0])
                assert sealer.seal(), "the process runs"
                sealer.start()
                for some in given[1:]:
                    one.put(*some)
                while sealer.due():
                    assert sealer.trouble is None
                sealer.stop()
            finally:
                stop.set()
            reader.result()
        assert wrong == []
        everything = [item for some in given for item in some]
        assert of_all(one.log, everything) == expected(everything)
        assert one.history.state().sealed > 500
        assert one.writer.submit(Batch(everything)).result(20).known == len(everything)


def codes(engine: Any, file: Path) -> list[int]:
    query = sql("SELECT DISTINCT party FROM f", {"f": engine.files([file], False)})
    found: list[int] = engine.run(query).column(0).to_pylist()
    return found


def party_names(data: Path, records_url: str) -> list[tuple[str, str]]:
    """Every event by what an engine reads: (party, id)."""
    with History(data, records=records_url) as history, closing(DuckEngine()) as engine:
        raw = engine.open(history.source())
        assert raw.parties is not None
        rows = engine.run(
            sql("SELECT d.text AS party, r.id FROM r JOIN d ON d.code = r.party", {"r": raw.table, "d": raw.parties})
        )
        buckets = [{code for file in bucket for code in codes(engine, file)} for bucket in history.source().buckets]
        assert sum(map(len, buckets)) == len(set().union(*buckets)), "each party in one bucket"
        assert sorted((event.party, event.id) for event in history.events()) == sorted(
            zip(*(rows.column(c).to_pylist() for c in ("party", "id")), strict=True)
        )
    return sorted(zip(*(rows.column(c).to_pylist() for c in ("party", "id")), strict=True))


def told(log: Log, given: list[Arrived]) -> list[tuple[str, str]]:
    parties = {log.canonical(item.event.party) for item in given if item.event}
    return sorted((event.party, event.id) for party in parties for event in log.of(party))


def test_an_analysis_beside_the_server_reads_segments_tail_and_merges(tmp_path: Path, records_url: str) -> None:
    data, given = tmp_path / "data", events(1, 300)
    with store(data, records_url) as one:
        one.put(*given)
        assert party_names(data, records_url) == told(one.log, given), "only a tail"
        one.put(merged("u1", "u2"), merged("u2", "u3"), merged("u4", "new"), merged("nobody", "u5"))
        assert party_names(data, records_url) == told(one.log, given), "a tail and merges"
        Sealer(one.writer, one.history, apart=False).seal()
        assert party_names(data, records_url) == told(one.log, given), "segments and merges"
        given += events(2, 100, parties=40)
        one.put(*given[300:])
        one.put(merged("u31", "u7"), merged("u6", "u32"))
        now = party_names(data, records_url)
        assert now == told(one.log, given), "segments, a tail, and merges across them"
        assert {"u1", "u2", "u4", "u6", "u31"}.isdisjoint(party for party, _ in now)
        with one.engine.connect() as connection:
            number = connection.execute(select(MERGES.c.number).where(MERGES.c.party == "u2")).scalar_one()
        one.writer.do(lambda c: undo(c, number, now=1, by="ewa")).result(20)
        assert party_names(data, records_url) == told(one.log, given), "one of them undone"
    assert party_names(data, records_url) == now or len(now) == 400, "also when no server runs"
    with History(data, records=records_url) as history:
        history.source()
        made = {path.name for path in history.folder.glob("overlay-*")}
        assert len(made) == 1, "what earlier readings made is gone"
        with History(data, records=records_url) as other:
            other.source()
            assert {path.name for path in history.folder.glob("overlay-*")} == made, "and this one used again"


def test_a_load_is_refused_beside_a_server_and_takes_the_tail_along_without(tmp_path: Path, records_url: str) -> None:
    data = tmp_path / "data"
    file = tmp_path / "more.csv"
    file.write_text("id,user,event,ts\nf1,u1,x,2024-01-01\n")
    with store(data, records_url) as one:
        one.put(*(given := events(1, 50)))
        with History(data, records=records_url) as history, pytest.raises(InputError, match="a server runs") as error:
            history.load(plan_load([file]))
        assert "\n" not in str(error.value)
    with History(data, records=records_url) as history:
        assert history.load(plan_load([file])).events == 1
        assert history.state().sealed == 50
        assert len(list(history.events())) == 51
    with store(data, records_url) as again:
        assert again.put(*given).known == 50
        assert len(again.log.of("u1")) == 1 + sum(item.event.party == "u1" for item in given if item.event)


def test_lost_runs_of_digests_are_made_again(tmp_path: Path, records_url: str) -> None:
    given = events(3, 120)
    with store(tmp_path / "data", records_url) as one:
        one.put(*given)
        Sealer(one.writer, one.history, apart=False).seal()
    for file in (tmp_path / "data" / "history").glob("*.digests"):
        file.unlink()
    with store(tmp_path / "data", records_url) as again:
        assert again.put(*given).known == len(given)
        assert again.put(*events(4, 5)).taken == 5


def test_an_id_is_one_whether_it_came_in_a_file_or_over_the_wire(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'records.db'}"
    file = tmp_path / "exported.csv"
    file.write_text("id,user,event,ts\nweb:m1,u1,x,2024-01-01\nplain,u1,y,2024-01-01\nweb:m2,u2,x,2024-01-02\n")
    with store(tmp_path / "data", url) as one:
        one.put(arrived("u2", "x", message="m2"))
    with History(tmp_path / "data") as history:
        report = history.load(plan_load([file]))
        assert (report.events, report.refused) == (2, 1), "m2 is there already, with other content"
    with store(tmp_path / "data", url) as one:
        receipt = one.put(*(arrived("u1", "x", message=f"m{i}") for i in (1, 2, 3)))
        assert receipt.known_places == {0, 1}


def test_rows_of_the_erased_are_not_loaded_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'records.db'}"
    file = tmp_path / "old.csv"
    file.write_text("user,event,ts\ngone,x,2024-01-01\nhere,x,2024-01-01\ngone,y,2024-01-02\n")
    with store(tmp_path / "data", url) as one:
        one.writer.do(lambda c: bury(c, "gone", now=1)).result(20)
    with History(tmp_path / "data") as history:
        report = history.load(plan_load([file]))
        assert (report.read, report.taken, report.refused, report.events) == (3, 1, 2, 1)
        assert [event.party for event in history.events()] == ["here"]
        assert report.rejects is not None
        said = report.rejects.read_text()
    assert "was erased" in said
    assert "gone" not in said


def test_what_the_watcher_keeps_is_sealed_though_more_came(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("occasion.store.sealer.KEPT_TRIES", 1)
    first, then = events(1, 40), events(2, 40)
    opened.put(*first)
    opened.writer.do(lambda _: opened.writer.tail.cut()).result()
    until = opened.writer.position
    opened.put(*then)
    sealer = Sealer(opened.writer, opened.history, apart=False, kept=lambda upto: upto <= until)
    assert sealer.seal()
    assert opened.writer.tail.sealed == until
    assert not sealer.seal(), "no more is kept"
    assert of_all(opened.log, first + then) == expected(first + then)
    assert opened.put(*first, *then).known == 80
