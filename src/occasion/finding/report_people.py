"""The people behind each number: the `occasion reach` command that lists them."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from occasion.errors import InputError
from occasion.finding.findings import Finding
from occasion.finding.report_numbers import visible
from occasion.moments.definition import And, Definition, Every, Fewer, Node, Per, Reach, While
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
    stayed, known = _node(kept), _known(kept)
    return _commands([("all_kept", _all(stayed, known)), ("all_not_kept", _opposite(stayed))], reaching)


def of_finding(finding: Finding, kept: str, reaching: Reaching) -> list[Command]:
    """The commands for who reached the line, who of them was kept and was not, and who did not reach it.

    Each lists exactly the people behind the number: those whose outcome is known, where the outcome's line says when.
    """
    line, stayed, known = _node(finding.when), _node(kept), _known(kept)
    if line is None:
        return [Command("reached", command(reaching, finding.when))]
    if isinstance(line, Per):
        inner = line.pattern if isinstance(line.pattern, While) else _all(line.pattern, known)
        return _commands([("reached", None if inner is None else Per(inner, line.field))], reaching)
    lines = [
        ("reached", _all(line, known) if known else line),
        ("reached_kept", _all(line, stayed, known)),
        ("reached_not_kept", _all(line, _opposite(stayed))),
        ("not_reached", _all(_opposite(line), known) if known else _opposite(line)),
    ]
    return _commands(lines, reaching)


def known_line(kept: str) -> str:
    """The text that keeps to people whose outcome is known (`every 70 days since start`); empty where none can."""
    return _text(_known(kept)) or ""


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


def _known(kept: str) -> Node | None:
    """Reached by everybody whose outcome's window is over, and by nobody else."""
    match _node(kept):
        case Reach(_, _, anchor, _, hi) if hi is not None:
            return Every(anchor, hi)
        case Fewer(_, _, anchor, _, hi, None):
            return Every(anchor, hi)
    return None


def _all(first: Node | None, *others: Node | None) -> Node | None:
    """All of them reached; None if one is missing or cannot stand beside others."""
    whole = first
    for other in others:
        if whole is None or other is None or isinstance(whole, (Per, While)) or isinstance(other, (Per, While)):
            return None
        whole = And(whole, other)
    return whole


def _opposite(node: Node | None) -> Node | None:
    """Reached exactly where this is not, once the window is over; None where no node says it."""
    match node:
        case Reach(measure, n, anchor, lo, hi) if hi is not None:
            return Fewer(measure, n, anchor, lo, hi)
        case Fewer(measure, n, anchor, lo, hi, None):
            return Reach(measure, n, anchor, lo, hi)
    return None
