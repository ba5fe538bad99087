"""`occasion mcp`: tools for an assistant over standard input and output."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

WORKSPACE = typer.Option("--workspace", metavar="DIR", help="The workspace, if not the one here.")


def register(app: typer.Typer) -> None:
    """Mount `mcp`."""
    app.command(name="mcp")(mcp)


def mcp(workspace: Annotated[Path | None, WORKSPACE] = None) -> None:
    """Give an assistant tools that read the desk and propose (Model Context Protocol over stdin and stdout)."""
    from importlib.util import find_spec

    from occasion.errors import InputError
    from occasion.service.clock import utc_micros
    from occasion.store.records import open_records
    from occasion.store.workspace import find_workspace

    if find_spec("mcp") is None:
        raise InputError(
            "occasion mcp: needs the extra mcp; in the folder that was cloned: "
            ".venv/bin/pip install -c constraints.txt -e '.[mcp]'"
        )
    from occasion.service.out.assistant import Assistant, mcp_server

    place = find_workspace(workspace)
    engine = open_records(place.records or place.data / "records.db")
    mcp_server(Assistant(engine, place.catalogue, utc_micros, place.zone)).run("stdio")
