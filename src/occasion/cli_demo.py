"""`occasion demo`: the main job on a real data set that ships with the package."""

from __future__ import annotations

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Mount `demo`."""
    app.command(name="demo")(demo)


def demo(
    out: Path = typer.Option(Path("demo-out"), "--out", help="Where the workspace and the report go."),
) -> None:
    """Load a real campus network, find the moments that make people stay, write a report to look at."""
    from occasion.demo import run_demo

    run_demo(out)
