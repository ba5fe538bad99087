"""The sealed history: complete, in order, unchanged by what it knows, and whole whatever happens in between."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from occasion.errors import InputError
from occasion.events.event import Event
from occasion.events.load import plan_load
from occasion.events.table import event_table
from occasion.store.files import open_source
from occasion.store.history import History, LoadReport
from occasion.store.source import SEGMENT_COLUMNS, Source
from occasion.store.tables import seal_table

HEAD = "id,user,event,ts,amount\n"


def write(folder: Path, rows: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(rows)
    return path


def load(data: Path, path: Path, mapping: str | None = None, **how: object) -> LoadReport:
    with History(data, buckets=3) as history:
        return history.load(plan_load([path], mapping, **how))  # type: ignore[arg-type]


def events(data: Path) -> list[Event]:
    with History(data) as history:
        return sorted(history.events(), key=lambda event: event.id)


def counts(report: LoadReport) -> tuple[int, int, int, int]:
    return report.read, report.taken, report.refused, report.known


def test_what_was_planned_is_what_is_sealed(tmp_path: Path) -> None:
    rows = "".join(f"{i},u{i % 7},e{i % 3},{1709287200 + i * i % 50},{i}\n" for i in range(500))
    path = write(tmp_path, HEAD + rows)
    assert counts(load(tmp_path / "data", path)) == (500, 500, 0, 0)
    assert events(tmp_path / "data") == sorted(plan_load([path]), key=lambda e: e.id)  # type: ignore[union-attr]


def test_segments_are_as_the_source_describes_them(tmp_path: Path) -> None:
    rows = "".join(f"{i * 7919 % 500:03d},u{i % 40},e{i % 3},{1709287200 + i % 5},{i}\n" for i in range(500))
    load(tmp_path / "data", write(tmp_path, HEAD + rows))
    with History(tmp_path / "data") as history:
        source = history.source("Europe/Warsaw")
        check_source(source)
        assert source.zone == "Europe/Warsaw"


def check_source(source: Source) -> None:
    assert source.sealed
    assert source.parties
    assert source.names
    for dictionary in (source.parties, source.names):
        table = pq.read_table(dictionary)
        assert table.schema.field("code").type == pa.int32()
        assert table.column("code").to_pylist() == list(range(table.num_rows))
    assert sorted(file for files in source.buckets for file in files) == sorted(source.files)
    seen: set[int] = set()
    for files in source.buckets:
        here: set[int] = set()
        for file in files:
            table = pq.read_table(file)
            assert tuple(table.column_names) == SEGMENT_COLUMNS
            assert table.schema.field("party").type == table.schema.field("name").type == pa.int32()
            assert pa.types.is_map(table.schema.field("properties").type)
            keys = list(zip(*(table.column(c).to_pylist() for c in ("party", "at_us", "id")), strict=True))
            assert keys == sorted(keys)
            here |= set(table.column("party").to_pylist())
        assert not here & seen, "no party in two buckets"
        seen |= here


def test_duckdb_reads_a_segment_s_properties(tmp_path: Path) -> None:
    import duckdb

    load(tmp_path / "data", write(tmp_path, HEAD + "1,u,e,2024-01-01,2.5\n2,u,e,2024-01-02,many\n"))
    with History(tmp_path / "data") as history:
        file = str(history.source().files[0])
        found = duckdb.sql(
            f"select properties['amount'].number, properties['amount'].text from '{file}' order by at_us"
        ).fetchall()
    assert found == [(Decimal("2.500000"), None), (None, "many")]


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    for head, row in ((HEAD, "{i},u{i},e,2024-01-01,{i}\n"), ("user,event,ts,amount\n", "u{j},e,2024-01-01,1\n")):
        data = tmp_path / head[:2]
        path = write(tmp_path, head + "".join(row.format(i=i, j=i % 5) for i in range(30)))
        assert counts(load(data, path)) == (30, 30, 0, 0)
        with History(data) as history:
            before = history.state().segments
        assert counts(load(data, path)) == (30, 0, 0, 30)
        with History(data) as history:
            assert history.state().segments == before


def test_messages_between_two_parties_twice(tmp_path: Path) -> None:
    path = write(
        tmp_path, "source target weight\n1 2 1082040961\n1 2 1082040961\n2 1 1082040962\n3 3 1082040962\n", "m.txt"
    )
    report = load(tmp_path / "data", path, both=True)
    assert (*counts(report), report.events) == (4, 4, 0, 0, 8)
    assert counts(load(tmp_path / "data", path, both=True)) == (4, 0, 0, 4)
    assert events(tmp_path / "data") == sorted(plan_load([path], both=True), key=lambda e: e.id)  # type: ignore[union-attr]


def test_a_longer_file_adds_what_is_new(tmp_path: Path) -> None:
    head = "user,event,ts\n"
    load(tmp_path / "data", write(tmp_path, head + "a,x,2024-01-01\n"))
    report = load(tmp_path / "data", write(tmp_path, head + "a,x,2024-01-01\n" * 3 + "b,x,2024-01-01\n"))
    assert counts(report) == (4, 3, 0, 1), "the second and third equal rows are new, the first is known"


def test_an_id_with_different_content_is_refused_and_the_first_stands(tmp_path: Path) -> None:
    first = load(
        tmp_path / "data",
        write(tmp_path, HEAD + "1,a,x,2024-01-01,1\n2,a,x,2024-01-01,1\n1,b,x,2024-01-01,1\n2,a,x,2024-01-01,1\n"),
    )
    assert counts(first) == (4, 2, 1, 1)
    path = write(tmp_path, HEAD + "3,a,x,2024-01-01,1\n1,a,x,2024-01-01,9\n2,c,x,2024-01-01,1\n1,a,x,2024-01-01,1\n")
    second = load(tmp_path / "data", path)
    assert counts(second) == (4, 1, 2, 1)
    assert {e.id: (e.party, e.properties["amount"]) for e in events(tmp_path / "data")} == dict.fromkeys(
        "123", ("a", 1)
    )
    assert second.rejects
    rejects = [json.loads(line) for line in second.rejects.read_text().splitlines()]
    assert [(r["line"], r["field"], r["value"]) for r in rejects] == [(3, "id", "1"), (4, "id", "2")]
    assert all(r["file"] == str(path) and "the first stands" in r["reason"] for r in rejects)


def test_contradictions_between_two_parties(tmp_path: Path) -> None:
    head = "id,source,target,ts,words\n"
    load(tmp_path / "data", write(tmp_path, head + "1,a,b,2024-01-01,hi\n"), both=True)
    report = load(
        tmp_path / "data",
        write(tmp_path, head + "1,a,c,2024-01-01,hi\n1,a,b,2024-01-01,hi\n2,a,b,2024-01-01,hi\n"),
        both=True,
    )
    assert counts(report) == (3, 1, 1, 1)
    assert sorted(e.id for e in events(tmp_path / "data")) == ["1:in", "1:out", "2:in", "2:out"]


def test_rejects_of_each_load_are_kept(tmp_path: Path) -> None:
    kept = [
        load(tmp_path / "data", write(tmp_path, HEAD + f"{i},a,x,2024-01-01,1\n{i}x,,x,2024-01-01,1\n")).rejects
        for i in range(2)
    ]
    assert all(path and len(path.read_text().splitlines()) == 1 for path in kept)
    with History(tmp_path / "data") as history:
        assert history.manifest.rejects() == kept


def test_small_segments_are_merged(tmp_path: Path) -> None:
    for i in range(9):
        load(
            tmp_path / "data",
            write(tmp_path, HEAD + "".join(f"{i}-{j},u{j},x,2024-01-0{i + 1},{i}\n" for j in range(40))),
        )
    with History(tmp_path / "data") as history:
        source = history.source()
        assert max(len(files) for files in source.buckets) <= 4
        check_source(source)
    assert len({e.id for e in events(tmp_path / "data")}) == 360
    left = {path.name for path in (tmp_path / "data" / "history").glob("*.parquet")}
    with History(tmp_path / "data") as history:
        assert left == history.state().files(), "what was merged away is removed at the next opening"


def test_files_stay_while_somebody_reads_them(tmp_path: Path) -> None:
    load(tmp_path / "data", write(tmp_path, HEAD + "0,u,x,2024-01-01,1\n"))
    with History(tmp_path / "data") as reader:
        source = reader.source()
        for i in range(1, 7):
            load(tmp_path / "data", write(tmp_path, HEAD + f"{i},u,x,2024-01-01,1\n"))
        assert all(file.exists() for file in source.files)
    with History(tmp_path / "data") as history:
        assert not set(source.files) <= set(history.source().files)
    assert not all(file.exists() for file in source.files)


def test_one_load_at_a_time(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "0,u,x,2024-01-01,1\n")
    with (
        History(tmp_path / "data") as one,
        History(tmp_path / "data") as other,
        one.writing(),
        pytest.raises(InputError, match="another load"),
    ):
        other.load(plan_load([path]))
    assert counts(load(tmp_path / "data", path)) == (1, 1, 0, 0)


def test_an_empty_history_says_what_to_do(tmp_path: Path) -> None:
    with History(tmp_path / "data") as history, pytest.raises(InputError, match="occasion load"):
        history.source()


def test_a_damaged_file_leaves_the_history_as_it_was(tmp_path: Path) -> None:
    import gzip

    load(tmp_path / "data", write(tmp_path, HEAD + "0,u,x,2024-01-01,1\n"))
    before = events(tmp_path / "data")
    rows = HEAD + "".join(f"{i},u{i},x,2024-01-01,1\n" for i in range(300_000))
    damaged = tmp_path / "b.csv.gz"
    damaged.write_bytes(gzip.compress(rows.encode())[:-1000])
    with pytest.raises(InputError, match="cut short"):
        load(tmp_path / "data", damaged)
    assert events(tmp_path / "data") == before
    assert not list((tmp_path / "data" / "history").glob("load-*"))


# Events as they can be: any text, ties, missing fields; a history gives back what it was given.
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=5
)
scalars = st.one_of(texts, st.booleans(), st.decimals(-1000, 1000, places=6).map(lambda d: d + 0))
some_events = st.builds(
    Event,
    party=texts,
    name=st.sampled_from(["a", "b"]),
    at=st.integers(0, 3) | st.integers(-(10**15), 10**16),
    id=st.uuids().map(str),
    seen=st.integers(0, 10**16),
    properties=st.dictionaries(texts, scalars, max_size=3),
    channel=st.none() | texts,
    direction=st.sampled_from([None, "in", "out"]),
    actor=st.none() | texts,
    counterpart=st.none() | texts,
    mass=st.booleans(),
    body=st.none() | texts,
    zone=st.sampled_from([None, "Europe/Warsaw"]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(some_events, min_size=1, max_size=30, unique_by=lambda e: e.id), st.booleans())
def test_events_survive_being_sealed(some: list[Event], at_once: bool) -> None:
    import tempfile

    table = event_table(some)
    with (
        tempfile.TemporaryDirectory() as folder,
        seal_table(table if at_once else table.to_batches(7), Path(folder) / "d", 2) as history,
    ):
        assert sorted(history.events(), key=lambda e: e.id) == sorted(some, key=lambda e: e.id)
        check_source(history.source())


def test_a_large_table_is_sealed_by_the_bucket(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    n = 300_000
    names = pa.DictionaryArray.from_arrays(pa.array(rng.integers(0, 5, n).astype("i4")), pa.array(list("abcde")))
    at = np.sort(rng.integers(0, 10**12, n))
    table = pa.table(
        {"party": rng.integers(0, 2000, n), "name": names, "at_us": at, "prop:amount": rng.integers(0, 9, n)}
    )
    with seal_table(table, tmp_path / "data") as history:
        source = history.source()
        check_source(source)
        sealed = pa.concat_tables([pq.read_table(file) for file in source.files])
    assert sealed.num_rows == n
    row = np.argsort(np.array(sealed.column("id").to_pylist(), np.int64))
    assert (sealed.column("at_us").to_numpy()[row] == at).all()
    assert source.parties
    texts_of = pq.read_table(source.parties).column("text").to_numpy(zero_copy_only=False)
    parties = texts_of[sealed.column("party").to_numpy()[row]].astype(int)
    assert (parties == table.column("party").to_numpy()).all()
    with pytest.raises(InputError, match="already holds events"):
        seal_table(table, tmp_path / "data")


# --- files for any command ---


def test_parquet_with_usable_types_is_read_where_it_is(tmp_path: Path) -> None:
    when = [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 1, 2, tzinfo=dt.UTC)]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"user": ["a", "b"], "event": ["x", "x"], "ts": pa.array(when), "n": [1, 2]}), path)
    with open_source([path], scratch=tmp_path) as opened:
        assert opened.source == Source(
            files=(path,), sealed=False, clock="timestamp",
            columns={"party": "user", "name": "event", "at_us": "ts", "prop:n": "n"},
        )  # fmt: skip
        assert opened.report is None
    with open_source([path], "party=user,name='seen it',at=ts", scratch=tmp_path) as opened:
        assert opened.source.constants == {"name": "seen it"}


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"user": ["a", None], "event": ["x", "x"], "ts": [1709287200, 1709287200]}),
        pa.table({"user": [1.0, 2.0], "event": ["x", "x"], "ts": [1709287200, 1709287200]}),
        pa.table({"user": ["a", "b"], "event": ["x", "x"], "ts": ["2024-01-01", "2024-01-02"]}),
        pa.table(
            {"user": ["a", "b"], "event": ["x", "x"], "ts": [1709287200, 1709287200], "direction": ["inbound", "out"]}
        ),
    ],
)
def test_other_parquet_goes_through_the_loader(tmp_path: Path, table: pa.Table) -> None:
    pq.write_table(table, tmp_path / "a.parquet")
    with open_source([tmp_path / "a.parquet"], scratch=tmp_path) as opened:
        assert opened.source.sealed
        assert opened.report
        assert opened.report.read == 2


def test_a_csv_is_sealed_in_the_scratch_folder(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "1,a,x,2024-01-01,1\n")
    with open_source([path], zone="Europe/Warsaw", scratch=tmp_path) as opened:
        check_source(opened.source)
        assert opened.report
        assert counts(opened.report) == (1, 1, 0, 0)
        assert opened.mapping == "party=user,name=event,at=ts,id=id,prop:amount=amount"


def test_refused_rows_of_a_command_s_files_are_shown(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "1,a,x,2024-01-01,1\n" + "".join(f"{i},b,x,never,1\n" for i in range(2, 7)))
    with open_source([path], "party=user,name=event,at=ts", scratch=tmp_path) as opened:
        assert opened.report
        assert opened.report.rejects is None
        assert opened.report.remarks == (
            "refused 5: at is no ISO 8601 time",
            *(f"{path} line {line}: at 'never' is no ISO 8601 time" for line in (3, 4, 5)),
            "occasion load keeps all refused rows in rejects.jsonl",
        )


def test_a_history_that_is_damaged_says_so(tmp_path: Path) -> None:
    load(tmp_path / "data", write(tmp_path, HEAD + "0,u,x,2024-01-01,1\n"))
    next((tmp_path / "data" / "history").glob("bucket-*.parquet")).unlink()
    with History(tmp_path / "data") as history, pytest.raises(InputError, match=r"is part of the history but gone"):
        history.source()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "records.db").write_text("no database at all, but long enough to be looked at" * 20)
    with pytest.raises(InputError, match="file is not a database"):
        History(tmp_path / "other")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be used as a data folder"):
        History(tmp_path / "file" / "data")


def test_reading_goes_on_while_others_load(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    load(tmp_path / "data", write(tmp_path, HEAD + "first,u,x,2024-01-01,1\n"))
    paths = [
        write(tmp_path, HEAD + "".join(f"{i}-{j},u{j},x,2024-01-01,1\n" for j in range(9)), f"{i}.csv")
        for i in range(12)
    ]

    def read_until(count: int) -> list[int]:
        seen = [0]
        for _ in range(3000):
            if seen[-1] == count:
                break
            with History(tmp_path / "data") as history:
                tables = [pq.read_table(file) for file in history.source().files]
            seen.append(sum(table.num_rows for table in tables))
        return seen

    with ThreadPoolExecutor(2) as threads:
        readers = [threads.submit(read_until, 1 + 9 * len(paths)) for _ in range(2)]
        for path in paths:
            load(tmp_path / "data", path)
        for reader in readers:
            seen = reader.result(timeout=60)
            assert seen == sorted(seen)
            assert all(count % 9 == 1 for count in seen[1:]), "whole loads only"
