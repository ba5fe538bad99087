"""`occasion demo`: the main job on a real data set that ships with the package, by the commands anyone would type."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

import typer

KEPT = 'count(message where direction = "out") >= 1 between 28 days and 70 days after start'
TEN_FRIENDS = "distinct(counterpart of message) >= 10 within 14 days of start"
MAPPING = "party=source,counterpart=target,at=weight,name='message'"
WHAT_TO_LOOK_AT = """
What to look at:
  1. {report}
     the report: open it in a browser; it needs no network
  2. {again}
     the people behind one line, with the messages that show it
  3. {moments}
     moments in writing; change one and run: {typed} check --workspace {folder}
"""


def register(app: typer.Typer) -> None:
    """Mount `demo`."""
    app.command(name="demo")(demo)


def demo(
    context: typer.Context,
    out: Path = typer.Option(Path("demo-out"), "--out", metavar="DIR", help="Where the workspace and the report go."),
    desk: bool = typer.Option(True, "--desk/--no-desk", help="Whether to open the desk of a simulated practice then."),
    port: int = typer.Option(8000, "--port", min=1, max=65535, help="The desk's port; another one if it is taken."),
    seconds: float | None = typer.Option(
        None, "--for", min=0, help="Close the desk after so many seconds; at a terminal it stays until Ctrl-C."
    ),
) -> None:
    """Find the moments that make people stay on a real campus, then open the desk of a simulated dental practice."""
    from importlib.resources import as_file, files

    from occasion import cli_demo_desk
    from occasion.errors import InputError

    if out.exists() and any(out.iterdir()) and not (out / "occasion.toml").is_file():
        raise InputError(f"{out} is there and is no earlier demo: name another folder with --out")
    shutil.rmtree(out, ignore_errors=True)
    typer.echo(
        "A campus network of 2004: 59 835 messages among 1 899 students. Who stays, and what goes with it?\n"
        "(Panzarasa, Opsahl & Carley 2009; only who wrote to whom, and when.)"
    )
    folder = str(out)
    report = out / "report.html"
    with as_file(files("occasion") / "examples" / "collegemsg.txt.gz") as network:
        _step(context, "init", folder)
        _step(context, "load", str(network), "--map", MAPPING, "--both", "--workspace", folder)
    (out / "moments.yaml").write_text((files("occasion") / "examples" / "campus.yaml").read_text(encoding="utf-8"))
    _step(context, "check", "--workspace", folder)
    _step(context, "find", "--workspace", folder, "--kept", KEPT, "--ask", TEN_FRIENDS, "--html", str(report))
    typed = "occasion" if shutil.which("occasion") else os.path.relpath(sys.argv[0])
    again = f"{typed} reach --workspace {shlex.quote(folder)} --moment {shlex.quote(TEN_FRIENDS)} --json | head"
    typer.echo(
        WHAT_TO_LOOK_AT.format(
            report=report.absolute(), again=again, moments=(out / "moments.yaml").absolute(), folder=folder, typed=typed
        )
    )
    if desk:
        cli_demo_desk.desk(
            out,
            cli_demo_desk.free_port(port),
            cli_demo_desk.how_long(seconds),
            lambda *arguments: _step(context, *arguments),
        )


def _step(context: typer.Context, *arguments: str) -> None:
    """Show a command as it would be typed, and run it; an error ends the demo as it would end the command."""
    shown = " ".join(_typed(Path(one).name if one.endswith(".txt.gz") else one) for one in arguments)
    typer.echo(f"\n$ occasion {shown}")
    context.find_root().command.main(list(arguments), prog_name="occasion", standalone_mode=False)


def _typed(argument: str) -> str:
    """As a person would quote it: a text that has single quotes stands in double ones."""
    return f'"{argument}"' if "'" in argument and not set(argument) & set('"$`\\!') else shlex.quote(argument)
