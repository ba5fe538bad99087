"""Files of every kind become events; what cannot be one is refused with its place and reason."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import tempfile
from decimal import Decimal
from pathlib import Path
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from occasion.events.event import number
from occasion.events.load import plan_load
from reading_files import CSV, load, read, write


def micros(*when: int) -> int:
    year, month, day, hour, minute = (*when, 0, 0)[:5]
    return int(dt.datetime(year, month, day, hour, minute, tzinfo=dt.UTC).timestamp()) * 1_000_000


def test_a_csv_is_read_with_a_guessed_mapping_and_says_so(tmp_path: Path) -> None:
    plan = plan_load([write(tmp_path, "a.csv", CSV)])
    events, rejects = read(plan)
    assert not rejects
    assert [(e.party, e.name, e.at) for e in events] == [
        ("ann", "order", micros(2024, 3, 1, 10)),
        ("bob", "call", micros(2024, 3, 2, 11, 30)),
    ]
    assert events[0].properties == {"amount": Decimal("12.5"), "vip": True}
    assert events[1].properties == {"vip": False}, "an empty cell is missing"
    assert plan.mapping_text() == "party=user_id,name=event,at=timestamp,prop:amount=amount,prop:vip=vip"
    assert "guessed: party, name, at" in plan.mapping_notes()[0]


def test_the_mapping_shown_reads_back_as_the_same_mapping(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", CSV)
    guessed = plan_load([path])
    assert list(plan_load([path], guessed.mapping_text())) == list(guessed)


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.csv", lambda text: text.encode()),
        ("a.csv.gz", lambda text: gzip.compress(text.encode())),
        ("a.csv.zst", lambda text: zstandard.compress(text.encode())),
        ("two-members.csv.gz", lambda text: gzip.compress(text[:30].encode()) + gzip.compress(text[30:].encode())),
        ("bom.csv", lambda text: b"\xef\xbb\xbf" + text.encode()),
        ("utf16.csv", lambda text: text.encode("utf-16")),
        ("utf16-without-mark.csv", lambda text: text.encode("utf-16-be")),
        ("crlf.csv", lambda text: text.replace("\n", "\r\n").encode()),
        ("old-mac.csv", lambda text: text.replace("\n", "\r").encode()),
        ("mixed-line-ends.csv", lambda text: text.replace("\n", "\r\n", 1).encode()),
        ("no-last-line-end.csv", lambda text: text.rstrip("\n").encode()),
        ("blank-lines.csv", lambda text: text.replace("\n", "\n\n").encode()),
        ("a.tsv", lambda text: text.replace(",", "\t").encode()),
        ("semicolons.csv", lambda text: text.replace(",", ";").encode()),
        ("bars.txt", lambda text: text.replace(",", "|").encode()),
        (
            "quoted.csv",
            lambda text: "\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in text.split()).encode(),
        ),
    ],
)
def test_the_same_rows_however_they_are_written(tmp_path: Path, name: str, pack) -> None:  # type: ignore[no-untyped-def]
    text = CSV.replace("2024-03-02 11", "2024-03-02T11")
    plain, _ = load(write(tmp_path, "plain.csv", text))
    events, rejects = load(write(tmp_path, name, pack(text)))
    assert not rejects
    assert events == plain


def test_json_lines_and_parquet_give_the_same_events_and_ids_as_csv(tmp_path: Path) -> None:
    rows = [
        {"user_id": "ann", "event": "order", "timestamp": "2024-03-01T10:00:00Z", "amount": 12.5, "vip": True},
        {"user_id": "bob", "event": "call", "timestamp": "2024-03-02T11:30:00Z", "amount": None, "vip": False},
    ]
    lines = write(tmp_path, "a.jsonl", "\n".join(json.dumps(row) for row in rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    csv, _ = load(write(tmp_path, "a.csv", CSV))
    assert load(lines)[0] == csv
    assert load(tmp_path / "a.parquet")[0] == csv


def test_json_keeps_types_takes_properties_apart_and_sets_nested_values_aside(tmp_path: Path) -> None:
    row = {
        "userId": 7,
        "event": "x",
        "timestamp": 1709287200,
        "properties": {"n": 0.1, "code": "007", "deep": {"a": 1}},
    }
    late = {"userId": 7, "event": "x", "timestamp": 1709287201, "properties": {"new": True}}
    events, _ = load(write(tmp_path, "a.jsonl", json.dumps(row) + "\n" + json.dumps(late)))
    assert events[0].party == "7"
    assert events[0].properties == {"n": Decimal("0.1"), "code": "007"}
    assert events[1].properties == {"new": True}


def test_a_property_that_comes_only_after_the_sample_is_not_lost(tmp_path: Path) -> None:
    rows = [{"user": "a", "event": "x", "ts": 1709287200 + i} for i in range(2000)]
    rows[-1] = rows[-1] | {"late": 1}
    events, _ = load(write(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows))))
    assert events[-1].properties == {"late": Decimal(1)}


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("12", Decimal(12)), ("-0.5", Decimal("-0.5")), ("1e3", Decimal(1000)), ("1.0000005", Decimal("1.000000")),
        ("1.0000015", Decimal("1.000002")), ("00004", "00004"), ("+1", "+1"), (".5", ".5"), ("1.", "1."),
        ("true", True),
        ("false", False), ("True", "True"), ("NaN", "NaN"), (" 1", " 1"), ("", None), ("1e40", None),
        ("999999999999999999.9999994", Decimal("999999999999999999.999999")), ("1000000000000000000", None),
        ("0x1", "0x1"),
    ],
)  # fmt: skip
def test_what_a_cell_means(tmp_path: Path, cell: str, meant: object) -> None:
    events, _ = load(write(tmp_path, "a.csv", f'user,event,ts,p\na,x,2024-01-01,"{cell}"\nb,x,2024-01-01,z\n'))
    assert events[0].properties.get("p") == meant


def test_text_keeps_a_cell_as_written(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "user,event,ts,code\na,x,2024-01-01,12\n")
    events, _ = load(path, "party=user,name=event,at=ts,prop:code=text(code)")
    assert events[0].properties == {"code": "12"}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**17), max_value=10**17))
def test_numbers_of_cells_are_the_language_s_numbers(value: Decimal) -> None:
    from occasion.events.values import from_cells

    assert from_cells(pa.array([format(value, "f")])).number[0].as_py() == number(value)


@pytest.mark.parametrize(
    ("cell", "zone", "at"),
    [
        ("2024-03-01", "UTC", micros(2024, 3, 1)),
        ("2024-03-01", "Europe/Warsaw", micros(2024, 2, 29, 23)),
        ("2024-07-01 12:00", "America/New_York", micros(2024, 7, 1, 16)),
        ("2024-07-01T12:00:00.1234567+02:00", "UTC", micros(2024, 7, 1, 10) + 123456),
        ("2024-07-01T12:00:00+0200", "Asia/Tokyo", micros(2024, 7, 1, 10)),
        ("2024-07-01 12:00:00 -05", "UTC", micros(2024, 7, 1, 17)),
        ("2024-07-01T12:00:00z", "UTC", micros(2024, 7, 1, 12)),
        ("2024-03-31 02:30:00", "Europe/Warsaw", micros(2024, 3, 31, 1, 30)),  # skipped: moves forward to 03:30
        ("2024-10-27 02:30:00", "Europe/Warsaw", micros(2024, 10, 27, 0, 30)),  # doubled: the earlier
        ("20240301", "UTC", micros(2024, 3, 1)),
        ("1709287200", "UTC", micros(2024, 3, 1, 10)),
        ("1709287200.25", "UTC", micros(2024, 3, 1, 10) + 250_000),
        ("1709287200123", "UTC", micros(2024, 3, 1, 10) + 123_000),
        ("1709287200123456", "UTC", micros(2024, 3, 1, 10) + 123_456),
        ("1709287200123456789", "UTC", micros(2024, 3, 1, 10) + 123_456),
        ("1970-01-01", "UTC", 0),
        ("2200-06-01", "UTC", micros(2200, 6, 1)),
        ("7263216000", "UTC", micros(2200, 3, 1)),
        ("1969-12-31T23:59:59.5Z", "UTC", -500_000),
    ],
)
def test_times(tmp_path: Path, cell: str, zone: str, at: int) -> None:
    events, rejects = load(write(tmp_path, "a.csv", f"user,event,ts\na,x,{cell}\n"), zone=zone)
    assert not rejects
    assert events[0].at == at


def test_the_unit_follows_from_the_whole_sample_or_is_said(tmp_path: Path) -> None:
    # one small value among milliseconds is early, not in seconds
    path = write(tmp_path, "a.csv", "user,event,ts\na,x,86400000\na,x,1709287200123\n")
    assert load(path)[0][0].at == micros(1970, 1, 2)
    path = write(tmp_path, "b.csv", "user,event,ts\na,x,86400000\n")
    assert load(path, "party=user,name=event,at:ms=ts")[0][0].at == micros(1970, 1, 2)


@pytest.mark.parametrize("cell", ["2023-02-29", "2024-13-01", "2024-01-01 25:00", "yesterday", "", "NaN", "01/02/2024"])
def test_what_is_no_time_is_refused_with_its_place(tmp_path: Path, cell: str) -> None:
    path = write(tmp_path, "a.csv", f"user,event,ts\na,x,2024-01-01\nb,x,{cell}\nc,x,2024-01-03\n")
    events, rejects = load(path)
    assert [e.party for e in events] == ["a", "c"]
    assert [(r.file, r.line, r.field, r.value) for r in rejects] == [(str(path), 3, "at", cell)]


@pytest.mark.parametrize(
    ("unit", "value", "at"),
    [
        ("ns", 1_709_287_200_123_456_789, micros(2024, 3, 1, 10) + 123_456),
        ("ns", -1_500, -2),
        ("us", micros(2300, 1, 1), micros(2300, 1, 1)),
    ],
)
def test_whole_unix_times_that_no_float_holds_are_read_exactly_whatever_the_file(
    tmp_path: Path, unit: str, value: int, at: int
) -> None:
    mapping = f"party=user,name=event,at:{unit}=ts"
    pq.write_table(pa.table({"user": ["a"], "event": ["x"], "ts": pa.array([value])}), tmp_path / "a.parquet")
    for path in (
        tmp_path / "a.parquet",
        write(tmp_path, "a.csv", f"user,event,ts\na,x,{value}\n"),
        write(tmp_path, "a.jsonl", f'{{"user": "a", "event": "x", "ts": {value}}}\n'),
    ):
        events, rejects = load(path, mapping)
        assert not rejects
        assert [event.at for event in events] == [at]


def test_strange_years_are_taken_and_remarked_on(tmp_path: Path) -> None:
    plan = plan_load([write(tmp_path, "a.csv", "user,event,ts\na,x,1970-01-01\nb,x,2200-01-01\nc,x,2024-01-01\n")])
    assert len(read(plan)[0]) == 3
    assert [remark[:20] for remark in plan.remarks()] == ["1 events are dated 1", "1 events are dated 2"]


def test_columns_without_header_are_counted_and_runs_of_spaces_separate(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", " 00004 0001 19970101  2   29.33\n 00004 0001 19970118  2   29.73\n")
    events, _ = load(path, "party=1,name='order',at=3,prop:cds=4,prop:dollars=5")
    assert [(e.party, e.name, e.at) for e in events] == [
        ("00004", "order", micros(1997, 1, 1)),
        ("00004", "order", micros(1997, 1, 18)),
    ]
    assert events[0].properties == {"cds": Decimal(2), "dollars": Decimal("29.33")}


def test_a_header_can_be_insisted_on_or_denied(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "ann,x,2024-01-01\nbob,y,2024-01-02\nann,x,2024-01-03\n")
    assert [e.party for e in load(path)[0]] == ["ann", "bob", "ann"], "a time in the first row: no header"
    assert [e.party for e in load(path, "party=1,name=2,at=3", header=True)[0]] == ["bob", "ann"]
    named = write(tmp_path, "b.csv", "user,event,ts\nann,x,2024-01-01\n")
    assert load(named, "party=1,name=2,at=3", header=False)[1][0].line == 1


def test_both_sides_of_a_message(tmp_path: Path) -> None:
    path = write(tmp_path, "m.txt", "source target weight\n1 2 1082040961\n1 2 1082040961\n")
    events, _ = load(path, both=True)
    out, received = events[0], events[2]
    assert (out.party, out.counterpart, out.direction) == ("1", "2", "out")
    assert (received.party, received.counterpart, received.direction) == ("2", "1", "in")
    assert out.id.removesuffix(":out") == received.id.removesuffix(":in")
    assert len({e.id for e in events}) == 4, "two equal rows stay two"
    assert {e.name for e in events} == {"message"}


def test_ids_are_derived_from_content_and_repeat(tmp_path: Path) -> None:
    rows = "user,event,ts,p\n" + "a,x,2024-01-01,1\n" * 2 + "a,x,2024-01-01,2\n"
    events, _ = load(write(tmp_path, "a.csv", rows))
    assert len({e.id for e in events}) == 3
    assert events[1].id == f"{events[0].id}-1"
    again, _ = load(write(tmp_path, "b.csv", rows))
    assert [e.id for e in again] == [e.id for e in events], "whatever the file is called"
    reordered, _ = load(write(tmp_path, "c.csv", "p,ts,event,user\n1.0,2024-01-01,x,a\n"))
    assert reordered[0].id == events[0].id, "the content counts, not how it is written"


def test_ids_that_are_nothing_are_derived_and_others_kept(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "a.csv",
        "event_id,user,event,ts\nNaN,a,x,2024-01-01\nNaN,b,x,2024-01-01\n17,c,x,2024-01-01\n,d,x,2024-01-01\n",
    )
    events, rejects = load(path)
    assert not rejects
    assert len({e.id for e in events}) == 4
    assert events[2].id == "17"


def test_a_party_that_is_nothing_is_refused(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "a.csv",
        "user,event,ts\nNaN,x,2024-01-01\nnull,x,2024-01-01\n ,x,2024-01-01\nann,,2024-01-01\nbob,x,2024-01-01\n",
    )
    events, rejects = load(path)
    assert [e.party for e in events] == ["bob"]
    assert [(r.line, r.field, r.value, r.reason) for r in rejects] == [
        (2, "party", "NaN", "is missing"), (3, "party", "null", "is missing"), (4, "party", " ", "is missing"),
        (5, "name", "", "is missing"),
    ]  # fmt: skip


def test_floats_for_ids_in_parquet_are_whole_numbers_and_nan_is_refused(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"user": [7.0, float("nan")], "event": ["x", "x"], "ts": [1709287200, 1709287200]}),
        tmp_path / "a.parquet",
    )
    events, rejects = load(tmp_path / "a.parquet")
    assert [e.party for e in events] == ["7"]
    assert [(r.line, r.field) for r in rejects] == [(2, "party")]


def test_fixed_columns_with_blanks_in_them(tmp_path: Path) -> None:
    lines = [
        "user   day       city        amount",
        "ann    20240101  New York      2.50",
        "bob    20240102               10.00",
        "",
        "césar  20240103  Łódź         100.5",
        "dorothea20240104 Oslo          1.00",
        "eve    2024010   Oslo          1.00",
    ]
    path = write(tmp_path, "a.txt", "\r\n".join(lines[:5]) + "\r\n")
    events, rejects = load(path, "name='visit'")
    assert not rejects
    assert [(e.party, e.properties) for e in events] == [
        ("ann", {"city": "New York", "amount": Decimal("2.5")}),
        ("bob", {"amount": Decimal(10)}),
        ("césar", {"city": "Łódź", "amount": Decimal("100.5")}),
    ]
    # what the sample did not show: a row that does not keep to the columns is refused, not cut
    many = lines[:1] + lines[1:3] * 400 + lines[5:]
    events, rejects = load(write(tmp_path, "b.txt", "\n".join(many)), "name='visit'")
    assert len(events) == 800
    assert [(r.line, r.field, r.reason) for r in rejects] == [
        (802, "", "has 1 cells where 4 are expected"),
        (803, "at", "is no date YYYYMMDD"),
    ]


cells = st.text(st.sampled_from([*"ab \"',;\n\r\t", "é", "1", "\u2028"]), max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(cells, cells), min_size=1, max_size=12),
    st.sampled_from(["\n", "\r\n", "\r", ""]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.integers(5, 60),
)
def test_any_cells_that_a_csv_writer_wrote_come_back(
    rows: list[tuple[str, str]], newline: str, delimiter: str, encoding: str, block: int
) -> None:
    held = io.StringIO(newline="")
    # the writer quotes a line end by itself only where it is part of its own
    quoting = csv.QUOTE_ALL if newline else csv.QUOTE_MINIMAL
    writer = csv.writer(held, delimiter=delimiter, lineterminator=newline or "\r\n", quoting=quoting)
    writer.writerow(["user", "event", "at", "one", "two"])
    writer.writerows([f"u{i}", "x", str(1709287200 + i), *row] for i, row in enumerate(rows))
    with tempfile.TemporaryDirectory() as folder, mock.patch("occasion.events.rows.BLOCK", block):
        path = write(Path(folder), "a.tsv" if delimiter == "\t" else "a.csv", held.getvalue().encode(encoding))
        mapping = "party=user,name=event,at:s=at,prop:one=text(one),prop:two=text(two)"
        events, rejects = load(path, mapping, header=True)
    assert not rejects
    expected = [{k: v for k, v in zip(("one", "two"), row, strict=True) if v} for row in rows]
    assert [e.properties for e in events] == expected
    assert [e.party for e in events] == [f"u{i}" for i in range(len(rows))]


def test_parquet_with_a_struct_of_properties(tmp_path: Path) -> None:
    rows = [
        {"user": "a", "event": "x", "ts": 1709287200, "properties": {"plan": "pro", "n": 1}},
        {"user": "b", "event": "x", "ts": 1709287201},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    events, _ = load(tmp_path / "a.parquet")
    assert [e.properties for e in events] == [{"plan": "pro", "n": Decimal(1)}, {}]
    events, _ = load(tmp_path / "a.parquet", "party=user,name=event,at=ts,prop:p=properties.plan")
    assert [e.properties for e in events] == [{"p": "pro"}, {}]


def test_floats_for_times_and_ids(tmp_path: Path) -> None:
    columns = {"user": [1e15, 2.5], "event": ["x", "x"], "ts": [1709287200123456.0, 1709287200123457.0]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    events, _ = load(tmp_path / "a.parquet")
    assert [(e.party, e.at) for e in events] == [
        ("1000000000000000", 1709287200123456),
        ("2.5", 1709287200123457),
    ]


def test_a_unit_that_cannot_be_is_refused_not_wrapped(tmp_path: Path) -> None:
    pq.write_table(pa.table({"user": ["a"], "event": ["x"], "ts": [1709287200123456]}), tmp_path / "a.parquet")
    _, rejects = load(tmp_path / "a.parquet", "party=user,name=event,at:s=ts")
    assert [(r.line, r.field, r.value, r.reason) for r in rejects] == [
        (1, "at", "1709287200123456", "is no unix time in s")
    ]


def test_messages_without_a_header(tmp_path: Path) -> None:
    plan = plan_load([write(tmp_path, "m.txt", "1 2 1082040961\n3 4 1082155839\n")], both=True)
    assert plan.mapping_text() == "party=column_1,name='message',at:s=column_3,counterpart=column_2"


def test_the_character_that_no_database_text_can_hold_is_replaced_as_at_the_servers_doors(tmp_path: Path) -> None:
    row = {"id": "i\0d", "party": "p\0", "name": "na\0me", "at": "2024-03-01T10:00:00Z", "body": "b\0",
           "actor": "\0a", "lis\0ting": "A\0B", "n": 1}  # fmt: skip
    plain = {key: value for key, value in row.items() if key != "lis\0ting"} | {"listing": "A\0B"}
    files = [write(tmp_path, "a.jsonl", json.dumps(row)), write(tmp_path, "plain.jsonl", json.dumps(plain))]
    for texts in (pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        files.append(tmp_path / f"{len(files)}.parquet")
        columns = {key: pa.array([v], texts if isinstance(v, str) else None) for key, v in plain.items()}
        pq.write_table(pa.table(columns), files[-1])
    for file in files:
        events, rejects = load(file)
        assert not rejects
        assert "\0" not in repr(events).replace("\\x00", "\0"), events
        (event,) = events
        assert (event.id, event.party, event.name, event.actor) == ("i\ufffdd", "p\ufffd", "na\ufffdme", "\ufffda")
        assert "A\ufffdB" in event.properties.values()
