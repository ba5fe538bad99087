"""The command line: mounts the commands, and turns every error into one line and an exit code.

Exit codes: 0 done, 1 a finding of a check, 2 usage or input error.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import typer

from occasion import __version__
from occasion.errors import OccasionError

# What typer raises for an option or argument that is wrong: click's class, or in later versions typer's own copy of it.
WRONG_USE = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException" and issubclass(kind, Exception)
)
COMMANDS = (
    "cli_demo",
    "cli_load",
    "cli_check",
    "cli_reach",
    "cli_watch",
    "cli_find",
    "cli_serve",
    "cli_colleague",
    "cli_backup",
    "cli_mcp",
    "cli_people",
    "cli_journey",
    "cli_coach",
    "cli_practice",
)

app = typer.Typer(
    name="occasion",
    help="Find, foresee, make and measure the moments that keep customers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"occasion {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Say which version this is."
    ),
) -> None:
    pass


for _name in COMMANDS:
    import_module(f"occasion.{_name}").register(app)


def run(arguments: list[str]) -> int:
    """Run one command; returns the exit code. Errors are one line on stderr, never a traceback."""
    try:
        result = app(args=arguments, standalone_mode=False)
        sys.stdout.flush()
    except typer.Exit as end:
        return end.exit_code
    except WRONG_USE as wrong:
        return _wrong_use(wrong)
    except (typer.Abort, KeyboardInterrupt):
        return _fail("stopped; nothing was changed by the step that was under way", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone: nobody to tell
        return 0
    except OccasionError as wrong:
        return _fail(str(wrong), 2)
    except OSError as wrong:
        return _fail(
            f"{wrong.strerror or wrong}: {wrong.filename or 'a file'}; check that it exists and may be used", 2
        )
    except Exception as wrong:
        if os.environ.get("OCCASION_DEBUG"):
            raise
        kind = f"{type(wrong).__name__}: {wrong}"
        return _fail(f"this should not happen ({kind}); run it again with OCCASION_DEBUG=1 and report it", 2)
    return result if isinstance(result, int) else 0


def _wrong_use(wrong: Exception) -> int:
    """One line for an option or argument that is wrong; where nothing was asked for, the help."""
    said = str(getattr(wrong, "format_message", wrong.__str__)())
    if type(wrong).__name__ == "NoArgsIsHelpError":
        typer.echo(said)
        return 2
    command = getattr(getattr(wrong, "ctx", None), "command_path", "occasion")
    return _fail(f"{said} (see: {command} --help)", 2)


def _fail(message: str, code: int) -> int:
    sys.stderr.write(" ".join(f"{Path(sys.argv[0]).name}: {message}".split()) + "\n")
    return code


def main() -> None:
    """The `occasion` command."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
