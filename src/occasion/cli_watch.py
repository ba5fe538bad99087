"""`occasion watch`: a folder of files that grows, watched; what is reached or no longer true is said as it comes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from occasion.cli_load import MAP_HELP

if TYPE_CHECKING:
    from occasion.store.streaming import Watching

SOURCE = typer.Option("--source", metavar="DIR", help="The folder that files of events come into; each is read once.")
MOMENT = typer.Option("--moment", metavar="TEXT", help="A moment in the language, or a name from the catalogue.")
CATALOGUE = typer.Option("--catalogue", metavar="FILE", help="Every moment of this catalogue, or stages for --moment.")
STATE = typer.Option("--state", metavar="DIR", help="Where it keeps how far it is; DIR/.occasion-watch if left out.")
OUT = typer.Option("--out", metavar="DIR", help="Write a file a batch into this folder rather than to the terminal.")
ENGINE = typer.Option(help="local (this process) or spark (Structured Streaming).")
MAP = typer.Option("--map", help=MAP_HELP)
TZ = typer.Option(help="The zone of times that state none, and of parties that have stated none.")
BUFFER = typer.Option("--buffer", min=0, help="Seconds of the events' time that an instant waits for earlier events.")
ONCE = typer.Option("--once", help="Read what is there and end, rather than wait for more.")
WORKSPACE = typer.Option("--workspace", metavar="DIR", help="The workspace whose catalogue is meant, if not this one.")
LOOK_SECONDS = 1.0
FILES_A_BATCH = 100


def register(app: typer.Typer) -> None:
    """Mount `watch`."""
    app.command(name="watch")(watch)


def watch(
    source: Annotated[Path, SOURCE],
    moment: Annotated[list[str] | None, MOMENT] = None,
    catalogue: Annotated[Path | None, CATALOGUE] = None,
    engine: Annotated[str, ENGINE] = "local",
    state: Annotated[Path | None, STATE] = None,
    out: Annotated[Path | None, OUT] = None,
    mapping: Annotated[str, MAP] = "",
    tz: Annotated[str, TZ] = "UTC",
    buffer: Annotated[float, BUFFER] = 0,
    once: Annotated[bool, ONCE] = False,
    workspace: Annotated[Path | None, WORKSPACE] = None,
) -> None:
    """Watch moments over files as they come into a folder. Ends with Ctrl-C, and goes on where it was.

    Prints one object a line for each change: reached, corrected, retracted. Time goes on with the events: it is as late
    as the latest of them was seen.
    """
    from occasion.cli_moments import asked_moments, read_named
    from occasion.errors import InputError
    from occasion.store.streaming import Watching

    if not source.is_dir():
        raise InputError(f"--source {source}: is no folder; name the one that files come into")
    if engine not in ("local", "spark"):
        raise InputError(f"--engine {engine!r} is not known: choose local or spark")
    asked = asked_moments(moment or [], read_named(catalogue, workspace, needed=not moment))
    names = {one.definition.identity: one.name for one in asked}
    definitions = tuple({one.definition.identity: one.definition for one in asked}.values())
    folder = (state or source / ".occasion-watch").absolute()
    watching = Watching(str(folder), definitions, names, tz, round(buffer * 1_000_000))
    say = _sayer(out)
    try:
        if engine == "spark":
            _by_spark(source, watching, mapping, say, once)
        else:
            _here(source, watching, mapping, say, once)
    except KeyboardInterrupt:
        typer.echo("stopped; the same command goes on from here", err=True)
    except BrokenPipeError:  # the reader (| head) has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _sayer(out: Path | None) -> Callable[[int, Iterable[str]], None]:
    """Writes a batch's lines: whole files that are replaced when a batch is said again, or lines on the terminal."""
    if out is None:
        return lambda _, lines: _print(lines)
    out.mkdir(parents=True, exist_ok=True)

    def write(batch: int, lines: Iterable[str]) -> None:
        path = out / f"batch-{batch:06d}.jsonl"
        made = path.with_suffix(".new")
        made.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        made.replace(path)

    return write


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _here(
    source: Path, watching: Watching, mapping: str, say: Callable[[int, Iterable[str]], None], once: bool
) -> None:
    from occasion.store.streaming import LocalStream

    stream = LocalStream(source, watching, mapping, files_a_batch=FILES_A_BATCH)
    while True:
        for number, lines in stream.numbered():
            say(number, lines)
        if stream.refused:
            typer.echo(f"{stream.refused} rows refused; occasion load FILE says why", err=True)
            stream.refused = 0
        if once:
            return
        time.sleep(LOOK_SECONDS)


def _by_spark(
    source: Path, watching: Watching, mapping: str, say: Callable[[int, Iterable[str]], None], once: bool
) -> None:
    from contextlib import closing

    from occasion.store.engine_spark import SparkEngine
    from occasion.store.streaming_spark import spark_stream

    def said(batch: int, frame: Any) -> None:
        rows = frame.orderBy("bucket").toLocalIterator()
        say(batch, (row["line"] for row in rows))

    with closing(SparkEngine()) as runs:
        stream = spark_stream(runs.session, source.absolute(), watching, said, mapping=mapping)
        stream = stream.trigger(availableNow=True) if once else stream.trigger(processingTime=f"{LOOK_SECONDS} seconds")
        query = stream.start()
        try:
            query.awaitTermination()
        finally:
            query.stop()
