"""Everything held is given back, to a machine and to a person."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from databases import postgres_server, records_url  # noqa: F401
from erasable import CANARY, CATALOGUE, PARTY, PHONE, prepare
from occasion.cli import run
from occasion.people import held
from occasion.store.schema import METADATA
from serving import make_place, serving_here


def test_every_row_about_them_is_given_back(
    tmp_path: Path, records_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]  # noqa: F811
) -> None:  # fmt: skip
    folder = tmp_path / "shop"
    make_place(folder, CATALOGUE)
    url = records_url if records_url.startswith("postgresql") else f"sqlite:///{folder / 'data' / 'records.db'}"
    monkeypatch.setenv("OCCASION_RECORDS", url)
    with serving_here(folder, records=url) as server:
        prepare(folder, url, server)
    capsys.readouterr()
    page = tmp_path / "page.html"
    there = ["--workspace", str(folder)]
    assert run(["export", PHONE, "--json", "--html", str(page), *there]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["party"]["identities"]) == {PARTY, PHONE}
    for name, columns in held.ABOUT.items():
        if name in ("findable", "audit_names", "merges"):
            continue
        if name in held.THEIRS:  # what a colleague practised on
            assert name not in found["held"]
            continue
        rows = found["held"][name]
        assert len(rows) >= 2, name  # one under each identity
        kept = {column.name.removesuffix("_us") for column in METADATA.tables[name].columns}
        assert kept == set(rows[0]), name
        assert {row[columns[0]] for row in rows} == {PARTY, PHONE}, name
    assert [row["why"] for row in found["held"]["merges"]] == ["identify"]
    assert [row["action"] for row in found["held"]["audit"]] == ["party seen"]
    assert len(found["events"]) == 7
    assert sum(event.get("body") == f"{CANARY} writes" for event in found["events"]) == 6
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", event["at"]) for event in found["events"])
    assert "ola" not in {row["party"] for rows in found["held"].values() for row in rows if "party" in row}

    html = page.read_text()
    for event in found["events"]:
        assert event["id"] in html
    for detail in found["held"]["details"]:
        assert detail["text"] in html
    assert not re.search(r"<script|https?://|src=|@import|url\(", html)  # nothing runs, nothing is fetched
    assert run(["export", PHONE, *there]) == 0
    assert re.search(r"events 7", capsys.readouterr().out)


def test_what_is_shown_on_the_page_is_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "shop"
    make_place(folder)
    table = tmp_path / "people.csv"
    table.write_text("id,name,notes\nc1,<b>Anna</b>,<script>alert(1)</script>\n")
    assert run(["people", "import", str(table), "--workspace", str(folder)]) == 0
    page = tmp_path / "page.html"
    assert run(["export", "c1", "--html", str(page), "--workspace", str(folder)]) == 0
    assert "<script" not in page.read_text()
    assert "&lt;b&gt;Anna" in page.read_text()
    assert run(["export", "nobody", "--workspace", str(folder)]) == 2
    assert "nothing is held" in capsys.readouterr().err
