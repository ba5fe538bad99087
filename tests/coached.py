"""A workspace filled by the command line, and drafts read by it, for the stories of the coach."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from occasion.cli import run
from occasion.people import details
from occasion.store.records import open_records, writing

Row = dict[str, Any]


class Coached:
    """A workspace; `records`: the address of its records."""

    def __init__(self, folder: Path, records: str, patch: pytest.MonkeyPatch, zone: str = "Europe/Warsaw") -> None:
        patch.setenv("OCCASION_RECORDS", records)
        self.records = records
        self.folder = folder / "house"
        assert run(["init", str(self.folder)]) == 0
        settings = self.folder / "occasion.toml"
        settings.write_text(f'zone = "{zone}"\n', encoding="utf-8")

    def load(self, rows: Iterable[Row]) -> None:
        """Events, by `occasion load`."""
        file = self.folder / "events.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        assert run(["load", str(file), "--workspace", str(self.folder)]) == 0

    def people(self, header: str, lines: Sequence[str], mapping: str = "") -> None:
        """Who they are, by `occasion people import`."""
        file = self.folder / "people.csv"
        file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        asked = ["people", "import", str(file), "--workspace", str(self.folder)]
        assert run([*asked, "--map", mapping] if mapping else asked) == 0

    def note(self, party: str, text: str, at: str, **more: Any) -> None:
        """Something to remember, noted at an earlier time than now."""
        engine = open_records(self.records)
        with writing(engine) as connection:
            noted = int(datetime.fromisoformat(at).timestamp()) * 10**6
            details.note(connection, party, text, now=noted, by="ewa", **({"source": "said in the chair"} | more))
        engine.dispose()

    def run(self, text: str, *options: str) -> int:
        """`occasion coach` on a text."""
        draft = self.folder / "draft.txt"
        draft.write_text(text, encoding="utf-8")
        return run(["coach", str(draft), "--workspace", str(self.folder), *options])

    def read(self, capsys: pytest.CaptureFixture[str], text: str, *options: str) -> Row:
        """The whole reading, as `--json` prints it."""
        capsys.readouterr()
        assert self.run(text, *options, "--json") == 0
        said: Row = json.loads(capsys.readouterr().out)
        return said


def part(reading: Row, name: str) -> Row:
    """One part of a reading."""
    found: Row = next(one for one in reading["parts"] if one["name"] == name)
    return found


def marked(text: str, of: Row) -> list[str]:
    """The words a part means."""
    return [text[span["start"] : span["end"]] for span in of["spans"]]


def message(party: str, at: str, body: str, direction: str = "in", channel: str = "sms") -> Row:
    return {"party": party, "name": "message", "at": at, "direction": direction, "channel": channel, "body": body}
