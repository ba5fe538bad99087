"""Files that are not as they should be: rows are refused with their place and reason, and the others taken."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
import zstandard

from occasion.errors import InputError
from occasion.events.load import plan_load
from reading_files import CSV, load, read, write


def test_fields_with_few_values_are_checked(tmp_path: Path) -> None:
    head = "user,event,ts,direction,mass,zone\n"
    rows = [
        "a,x,2024-01-01,Inbound,no,Europe/Warsaw",
        "b,x,2024-01-01,up,,",
        "c,x,2024-01-01,,maybe,",
        "d,x,2024-01-01,,1,Mars",
    ]
    events, rejects = load(write(tmp_path, "a.csv", head + "\n".join(rows)))
    assert [(e.party, e.direction, e.mass, e.zone) for e in events] == [("a", "in", False, "Europe/Warsaw")]
    assert [(r.line, r.field, r.value) for r in rejects] == [
        (3, "direction", "up"),
        (4, "mass", "maybe"),
        (5, "zone", "Mars"),
    ]


def test_ragged_rows_are_refused_and_the_others_taken(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "user,event,ts\na,x,2024-01-01\nb,x\n\nc,x,2024-01-01,9\nd,x,2024-01-02\n")
    events, rejects = load(path)
    assert [e.party for e in events] == ["a", "d"]
    assert [(r.line, r.value, r.reason) for r in rejects] == [
        (3, "b,x", "has 2 cells where 3 are expected"),
        (5, "c,x,2024-01-01,9", "has 4 cells where 3 are expected"),
    ]


def test_lines_are_counted_through_cells_with_line_ends(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'user,event,ts,note\na,x,2024-01-01,"two\nlines, ""quoted"""\nb,x,never,z\n')
    events, rejects = load(path)
    assert events[0].properties["note"] == 'two\nlines, "quoted"'
    assert [(r.line, r.value) for r in rejects] == [(4, "never")]


def test_a_quote_that_is_not_closed_costs_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'user,event,ts\na,x,2024-01-01\n"b,x,2024-01-01\nc,x,2024-01-02\nd,x,2024-01-03\n')
    events, rejects = load(path)
    assert [e.party for e in events] == ["a", "c", "d"]
    assert [(r.line, r.reason) for r in rejects] == [(3, "a quote opens that is not closed")]


def test_latin_1_is_refused_by_the_row_unless_it_is_said(tmp_path: Path) -> None:
    path = write(
        tmp_path, "a.csv", "user,event,ts\nann,x,2024-01-01\nRené,x,2024-01-02\nbob,x,2024-01-03\n".encode("latin-1")
    )
    events, rejects = load(path)
    assert [e.party for e in events] == ["ann", "bob"]
    assert [(r.line, r.value) for r in rejects] == [(3, "René,x,2024-01-02")]
    assert "--encoding" in rejects[0].reason
    events, rejects = load(path, encoding="latin-1")
    assert [e.party for e in events] == ["ann", "René", "bob"]
    assert not rejects


@pytest.mark.parametrize(("written", "said"), [("utf-16", "utf-16"), ("utf-16-be", "utf-16-be"), ("cp1251", "cp1251")])
def test_an_encoding_that_is_said(tmp_path: Path, written: str, said: str) -> None:
    mark = b"\xfe\xff" if written == "utf-16-be" else b""
    path = write(tmp_path, "a.csv", mark + "user,event,ts\nСтанислав,x,2024-01-01\n".encode(written))
    assert [e.party for e in load(path, encoding=said)[0]] == ["Станислав"]
    with pytest.raises(InputError, match="is unknown"):
        load(write(tmp_path, "b.csv", "user,event,ts\nann,x,2024-01-01\n"), encoding="klingon")


@pytest.mark.parametrize("block", [1, 7, 64, 1 << 20])
def test_rows_are_the_same_wherever_the_chunks_end(tmp_path: Path, block: int) -> None:
    from occasion.events.chunks import quoted_field, record_chunks

    text = ('a,"x\ny",1\r\n' * 5 + 'b,"say ""hi""\n",2\n' + 'c,5" pipe,3\r' * 3).encode()
    chunks = list(record_chunks(io.BytesIO(text).read, quoted_field(","), limit=1 << 20, block=block))
    assert b"".join(chunk.data for chunk in chunks) == text
    assert all(chunk.data.count(b'"x\ny"') == chunk.data.count(b'"x') for chunk in chunks)
    assert all(chunk.data.count(b'"say') == chunk.data.count(b'""\n"') for chunk in chunks)


def test_a_line_that_is_too_long_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    path = write(
        tmp_path, "a.csv", "user,event,ts,p\na,x,2024-01-01,1\nb,x,2024-01-01," + "y" * 300_000 + "\nc,x,2024-01-03,3\n"
    )
    events, rejects = load(path, line_limit=100_000)
    assert [e.party for e in events] == ["a", "c"]
    assert [(r.line, r.reason) for r in rejects] == [(3, "the line is too long")]
    assert rejects[0].value.startswith("b,x,2024")


@pytest.mark.slow
def test_a_line_of_two_gigabytes_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.write(b"user,event,ts,p\na,x,2024-01-01,1\nb,x,2024-01-01,")
        for _ in range(2048):
            file.write(b"y" * (1 << 20))
        file.write(b"\nc,x,2024-01-03,3\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    events, rejects = load(path)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert [e.party for e in events] == ["a", "c"]
    assert [(r.line, r.reason) for r in rejects] == [(3, "the line is too long")]
    assert grown < 200_000, f"{grown} kB more"


def test_bad_json_lines_are_refused_with_their_line(tmp_path: Path) -> None:
    good = '{"user": "a", "event": "x", "ts": "2024-01-01"}'
    path = write(tmp_path, "a.jsonl", f'{good}\n{{"user": NaN}}\n\n[1]\n{good[:-1]}\n{good}\n')
    events, rejects = load(path)
    assert len(events) == 2
    assert [r.line for r in rejects] == [2, 4, 5]


LINE = "user,event,ts\na,x,2024-01-01\n"


@pytest.mark.parametrize(
    ("name", "content", "mapping", "said"),
    [
        ("empty.csv", "", None, "is empty"),
        ("newlines.csv", "\n\r\n\n", None, "is empty"),
        ("header.csv", "user,event,ts\n", None, "has a header and no rows"),
        ("one.csv", "hello\nworld\n", None, "only one column"),
        ("a.json", '[{"user": 1}]', None, "one object a line"),
        ("a.csv", LINE, "party=usr", "did you mean 'user'"),
        ("a.csv", LINE, "party=4", "has no column '4'"),
        ("a.csv", LINE, "prty=user", "did you mean 'party'"),
        ("a.csv", LINE, "party='x'", "party needs a column"),
        ("a.csv", LINE, "at:week=ts", "is no unit of time"),
        ("a.csv", LINE, "party=user,party=event", "twice"),
        ("a.csv", LINE, "direction='up'", "it is 'in' or 'out'"),
        ("a.csv", LINE, "at=event", "holds 'x', which is no time"),
        ("a.csv", "p,q\n1,2\n", None, "no column tells whom"),
        ("a.csv.gz", gzip.compress(LINE.encode() * 5000)[:-20], None, "cut short or damaged"),
        ("a.csv.zst", zstandard.compress(LINE.encode() * 5000)[:-9], None, "cut short or damaged"),
        ("a.csv.gz", b"\x1f\x8bnothing of the kind", None, "cut short or damaged"),
        ("a.parquet", b"PAR1 and then nothing", None, "cannot be read"),
        ("a.parquet", b"what is this\n1\n", None, "is called Parquet but is not"),
        ("a.bin", b"\x00\x01\x02\x03" * 5, None, "neither text nor Parquet"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_in_one_line(
    tmp_path: Path, name: str, content: str | bytes, mapping: str | None, said: str
) -> None:
    path = write(tmp_path, name, content)
    with pytest.raises(InputError, match=said) as error:
        load(path, mapping)
    assert "\n" not in str(error.value)


def test_missing_files_empty_folders_and_what_is_skipped(tmp_path: Path) -> None:
    write(tmp_path, "events.csv", LINE)
    with pytest.raises(InputError, match=r"no such file; did you mean .*events\.csv"):
        plan_load([tmp_path / "event.csv"])
    with pytest.raises(InputError, match="no such file"):
        plan_load([tmp_path / "*.parquet"])
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="holds no data files"):
        plan_load([tmp_path / "none"])
    write(tmp_path, "part-1.csv", "")
    write(tmp_path, "_SUCCESS", "")
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep", "b.csv", LINE.replace("a,", "b,"))
    plan = plan_load([tmp_path])
    assert sorted(e.party for e in read(plan)[0]) == ["a", "b"]
    assert any("is empty; skipped" in note for note in plan.mapping_notes())
    assert [f.path.name for f in plan_load([tmp_path / "*s.csv"]).files] == ["events.csv"]


def test_a_file_that_ends_early_gives_no_complete_load(tmp_path: Path) -> None:
    rows = "user,event,ts\n" + "".join(f"a{i},x,{1709287200 + i}\n" for i in range(200_000))
    path = write(tmp_path, "a.csv.gz", gzip.compress(rows.encode())[:-100])
    with pytest.raises(InputError, match="nothing of it was taken"):
        list(plan_load([path]).batches())


def test_progress_counts_bytes_to_the_end(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", CSV)
    seen: list[tuple[int, int]] = []
    list(plan_load([path, write(tmp_path, "b.csv", CSV)]).batches(lambda done, total: seen.append((done, total))))
    assert seen[-1] == (2 * path.stat().st_size,) * 2
    assert seen == sorted(seen)


def test_thousands_of_lines_that_are_too_long(tmp_path: Path) -> None:
    rows = "".join(f"a{i},x,2024-01-01,{'y' * 600}\nb{i},x,2024-01-01,1\n" for i in range(1200))
    events, rejects = load(write(tmp_path, "a.csv", "user,event,ts,p\nz,x,2024-01-01,1\n" + rows), line_limit=200)
    assert len(events) + len(rejects) == 2401
    assert {e.party for e in events} >= {"z", *(f"b{i}" for i in range(1200))}
    assert all(r.line == 3 + 2 * i for i, r in enumerate(rejects))
