"""What every reading command does first: open the files it was given, or else the workspace's history."""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from occasion.store.source import Source


@dataclass(frozen=True)
class Reading:
    """A source, what was read in a person's words, and the options that make another command read the same."""

    source: Source
    described: str
    options: str


@contextmanager
def reading(
    files: Sequence[str], mapping: str, *, both: bool, tz: str, workspace: Path | None, quiet: bool = False
) -> Iterator[Reading]:
    """The source a command reads; what was guessed and refused is said on stderr unless `quiet`."""
    from occasion.cli_load import progress, report_text
    from occasion.store.files import open_source
    from occasion.store.history import History
    from occasion.store.workspace import find_workspace

    with ExitStack() as held:
        if not files:
            place = find_workspace(workspace)
            history = held.enter_context(History(place.data, records=place.records))
            options = f" --workspace {shlex.quote(str(workspace))}" if workspace else ""
            yield Reading(history.source(place.zone), f"the history in {place.folder.name}", options)
            return
        scratch = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="occasion-")))
        with progress() as step:
            opened = held.enter_context(
                open_source(files, mapping or None, tz or "UTC", scratch=scratch, both=both, step=step)
            )
        if not quiet:
            for note in opened.notes:
                typer.echo(note, err=True)
            if opened.report is not None:
                typer.echo(report_text(opened.report), err=True)
        said = [*map(shlex.quote, files), *(["--map", shlex.quote(mapping)] if mapping else [])]
        said += (["--both"] if both else []) + (["--tz", shlex.quote(tz)] if tz else [])
        names = ", ".join(Path(file).name for file in files)
        yield Reading(opened.source, names, " " + " ".join(said))


def instant(text: str, files: Sequence[str], tz: str, workspace: Path | None) -> int | None:
    """`--as-of` in UTC microseconds: an instant, or a date, which means the end of that day; None if left out.

    In the zone of `--tz`, else the workspace's where its history is read, else UTC.
    """
    if not text:
        return None
    import pyarrow as pa

    from occasion.errors import InputError
    from occasion.events.times import to_micros
    from occasion.store.workspace import find_workspace

    zone = tz or ("UTC" if files else find_workspace(workspace).zone)
    found = to_micros(pa.array([text.strip()]), "iso", zone)[0].as_py()
    if found is None:
        raise InputError(f"--as-of {text!r} is no time: write 2026-03-02, or 2026-03-02T09:00:00Z")
    if len(text.strip()) > len("2026-03-02"):
        return int(found)
    return int(to_micros(pa.array([f"{text.strip()}T23:59:59.999999"]), "iso", zone)[0].as_py())


def now_us() -> int:
    """The clock, in UTC microseconds; only the command line reads it."""
    return time.time_ns() // 1000
