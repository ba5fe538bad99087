"""What `find` must not look at: events seen after the cut, and ids that stand twice."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from occasion.cli import run

DAY = 86_400
KEPT = "count(order) >= 1 between 28 days and 70 days after start"


def history(folder: Path, late: bool) -> Path:
    """A hundred people; every other one orders on day 30, and so do ten more whose order was seen only on day 200."""
    rows = ["party,name,at,seen,id"]
    for p in range(100):
        rows.append(f"p{p},visit,0,0,v{p}")
        rows.append(f"p{p},visit,{(1 + p % 5) * DAY},{(1 + p % 5) * DAY},w{p}")
        if p % 2 == 0:
            rows.append(f"p{p},order,{30 * DAY},{30 * DAY},o{p}")
    if late:
        rows += [f"p{p},order,{30 * DAY},{200 * DAY},late{p}" for p in range(1, 20, 2)]
        rows += [f"p{p},visit,{2 * DAY},{200 * DAY},seen-late{p}" for p in range(100)]
    rows.append(f"end,visit,{210 * DAY},{210 * DAY},end")
    path = folder / ("late.csv" if late else "early.csv")
    path.write_text("\n".join(rows))
    return path


def answer(capsys: pytest.CaptureFixture[str], path: Path) -> object:
    given = ["find", str(path), "--map", "party=party,name=name,at:s=at,seen:s=seen,id=id", "--kept", KEPT, "--json"]
    assert run([*given, "--as-of", "1970-05-01"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_what_was_seen_later_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, history(tmp_path, late=True)) == answer(capsys, history(tmp_path, late=False))


def test_a_repeated_id_in_files_read_where_they_lie_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = [0, DAY * 10**6, 100 * DAY * 10**6, 100 * DAY * 10**6]
    table = pa.table({"party": ["a", "a", "a", "b"], "name": ["x"] * 4, "at": at, "id": ["1", "2", "2", "4"]})
    path = tmp_path / "twice.parquet"
    pq.write_table(table.set_column(2, "at", pa.array(at, pa.timestamp("us", "UTC"))), path)
    assert run(["find", str(path), "--kept", "count(x) >= 1 between 28 days and 70 days after start"]) == 2
    said = capsys.readouterr().err
    assert "'2'" in said
    assert "occasion load" in said
