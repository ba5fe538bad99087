"""The people behind each number: the `occasion reach` command that lists them."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from occasion.errors import InputError
from occasion.finding.findings import Finding
from occasion.finding.report_numbers import visible
from occasion.moments.definition import And, Definition, Fewer, Node, Per, Reach
from occasion.moments.text import read, show

Reaching = str | Callable[[str], str]


@dataclass(frozen=True)
class Command:
    """`who` it lists (a text's name under [reach]), and the command."""

    who: str
    command: str


def command(reaching: Reaching, moment: str) -> str:
    """The whole command for a moment: `reaching` is the command without its moment, or makes one from a moment."""
    return reaching(moment) if callable(reaching) else f"{reaching} --moment {quoted(moment)}"


def quoted(text: str) -> str:
    """The text as one word of a shell; with signs that act written out where it has any.

    >>> print(quoted("it's"), quoted("a\\x1bb\\u202ec"))
    'it'"'"'s' $'a\\u001bb\\u202ec'
    """
    if visible(text) == text:
        return shlex.quote(text)
    plain = text.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + "".join(f"\\u{ord(sign):04x}" if visible(sign) != sign else sign for sign in plain) + "'"


def of_outcome(kept: str, reaching: Reaching) -> list[Command]:
    """The commands for everybody kept and everybody not kept; nothing for an outcome that cannot be read."""
    lines = [("all_kept", _node(kept)), ("all_not_kept", _opposite(_node(kept)))]
    return _commands(lines, reaching)


def of_finding(finding: Finding, kept: str, reaching: Reaching) -> list[Command]:
    """The commands for who reached the line, who of them was kept and was not, and who did not reach it."""
    line, stayed = _node(finding.when), _node(kept)
    if line is None or isinstance(line, Per):
        return [Command("reached", command(reaching, finding.when))]
    lines = [
        ("reached", line),
        ("reached_kept", _both(line, stayed)),
        ("reached_not_kept", _both(line, _opposite(stayed))),
        ("not_reached", _opposite(line)),
    ]
    return _commands(lines, reaching)


def apart(finding: Finding) -> bool:
    """Whether the line is read apart for each value of a field, so that a party may reach it more than once."""
    return isinstance(_node(finding.when), Per)


def _commands(lines: list[tuple[str, Node | None]], reaching: Reaching) -> list[Command]:
    found = []
    for who, node in lines:
        text = _text(node)
        if text is not None:
            found.append(Command(who, command(reaching, text)))
    return found


def _node(text: str) -> Node | None:
    try:
        return read(text).node
    except InputError:
        return None


def _text(node: Node | None) -> str | None:
    try:
        return None if node is None else show(Definition(node))
    except InputError:
        return None


def _both(left: Node | None, right: Node | None) -> Node | None:
    return None if left is None or right is None or isinstance(right, Per) else And(left, right)


def _opposite(node: Node | None) -> Node | None:
    """Reached exactly where this is not, once the window is over; None where no node says it."""
    match node:
        case Reach(measure, n, anchor, lo, hi) if hi is not None:
            return Fewer(measure, n, anchor, lo, hi)
        case Fewer(measure, n, anchor, lo, hi, None):
            return Reach(measure, n, anchor, lo, hi)
    return None
