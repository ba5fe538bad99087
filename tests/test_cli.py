"""The command line's frame: whatever is wrong with how it was called is one line and exit code 2."""

from __future__ import annotations

import pytest

from occasion.cli import run


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["reach", "--moment", "any", "--frob"], "--frob"),
        (["reach", "--moment"], "--moment"),
        (["check", "--quick=perhaps"], "--quick"),
        (["reech"], "reech"),
        (["init"], "DIR"),
    ],
)
def test_wrong_use_is_one_line_that_names_it(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1
    assert named in err
    assert "should not happen" not in err
    assert "--help" in err


def test_without_a_command_it_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "Usage" in capsys.readouterr().out


def test_help_and_version_are_no_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reach", "--help"]) == 0
    assert run(["--version"]) == 0
    assert not capsys.readouterr().err
