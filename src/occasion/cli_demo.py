"""`occasion demo`: the main job on a real data set that ships with the package, by the commands anyone would type."""

from __future__ import annotations

import shlex
import shutil
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
     moments in writing; change one and run: occasion check --workspace {folder}
"""


def register(app: typer.Typer) -> None:
    """Mount `demo`."""
    app.command(name="demo")(demo)


def demo(
    out: Path = typer.Option(Path("demo-out"), "--out", metavar="DIR", help="Where the workspace and the report go."),
) -> None:
    """Load a real campus network, find the moments that make people stay, write a report to look at."""
    from importlib.resources import as_file, files

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
        _step("init", folder)
        _step("load", str(network), "--map", MAPPING, "--both", "--workspace", folder)
    (out / "moments.yaml").write_text((files("occasion") / "examples" / "campus.yaml").read_text(encoding="utf-8"))
    _step("check", "--workspace", folder)
    _step("find", "--workspace", folder, "--kept", KEPT, "--ask", TEN_FRIENDS, "--html", str(report))
    again = f"occasion reach --workspace {shlex.quote(folder)} --moment {shlex.quote(TEN_FRIENDS)} --json | head"
    typer.echo(
        WHAT_TO_LOOK_AT.format(
            report=report.absolute(), again=again, moments=(out / "moments.yaml").absolute(), folder=folder
        )
    )


def _step(*arguments: str) -> None:
    """Show a command as it would be typed, and run it."""
    from occasion.cli import run

    shown = shlex.join([Path(one).name if one.endswith(".txt.gz") else one for one in arguments])
    typer.echo(f"\n$ occasion {shown}")
    code = run(list(arguments))
    if code == 2:
        raise typer.Exit(code)
