"""The text of the moment language: read it, and write it in its printed form.

>>> from occasion.moments.text import read, show
>>> show(read("count(friend_added) >= 10   within 14 days of first signup  -- ten friends"))
'count(friend_added) >= 10 within 14 days of first signup'
>>> read("count(session) < 2")
Traceback (most recent call last):
occasion.errors.TextError: line 1, column 16: `<` needs a window that ends and what opens it: write `within 14 days of \
start` or `between 28 days and 70 days after start` behind it

The grammar is in grammar.lark, the lowering in lower.py, the printed form in show.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from occasion.errors import TextError
from occasion.moments.advice import wrong_character, wrong_token
from occasion.moments.definition import Definition, Node, Period, Stage, While, walk
from occasion.moments.lower import Lowering, depth
from occasion.moments.show import show, show_after, whole
from occasion.moments.words import Keywords, place, unquote

__all__ = [
    "MAX_CHARACTERS",
    "MAX_DEPTH",
    "Mention",
    "mentions",
    "read",
    "read_after",
    "read_pattern",
    "show",
    "show_after",
]

MAX_CHARACTERS = 10_000
MAX_DEPTH = 50
PRINTED_LONGER = 12  # at most so many times is a text's printed form longer: one odd character becomes \U and 8 digits


def read(text: str, stages: Sequence[Stage] = ()) -> Definition:
    """The definition that a line of the language says.

    `stages`: the catalogue's, in their order; `while` may name only these, and the definition carries them all if it
    does (which stage a party is in depends on every one). Raises TextError with line and column, from 1.
    """
    tree = _parse(text)
    node = Lowering(text, [stage.name for stage in stages]).moment(tree)
    if len(text) * PRINTED_LONGER > MAX_CHARACTERS and (printed := len(whole(node))) > MAX_CHARACTERS:
        raise TextError(f"its printed form has {printed} characters: at most {MAX_CHARACTERS} are read back")
    uses = any(isinstance(part, While) for part in walk(node))
    return Definition(node, tuple(stages) if uses else ())


def read_pattern(text: str) -> Node:
    """The pattern that a text says, without `while` and `per` (what a stage's `enter` and `--start` are)."""
    return Lowering(text, whole=False).moment(_parse(text))


def read_after(text: str) -> tuple[Period, Node]:
    """The length and the anchor that `14 days after first signup` says (a moment's `expect`, a step's `due`)."""
    tree = _parse(text, "expected")
    length, anchor = (child for child in tree.children if isinstance(child, Tree))
    lowering = Lowering(text, whole=False)
    return lowering.period(length, zero=True), lowering.node(anchor)


@dataclass(frozen=True, slots=True)
class Mention:
    """An event's or a field's name where a text says it; `line` and `column` from 1."""

    what: Literal["event", "field"]
    name: str
    line: int
    column: int


def mentions(text: str, start: Literal["moment", "expected"] = "moment") -> list[Mention]:
    """Every event and field that a text names, in order; TextError if it cannot be read."""
    found = []
    for tree in _parse(text, start).iter_subtrees():
        if tree.data in ("event", "field"):
            token = cast(Token, tree.children[0])
            name = str(token) if token.type == "WORD" else unquote(token)
            found.append(Mention("event" if tree.data == "event" else "field", name, *place(token)))
    return sorted(found, key=lambda mention: (mention.line, mention.column))


@cache
def _parser() -> Lark:
    grammar = files("occasion.moments").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        postlex=Keywords(),
        start=["moment", "expected"],
        propagate_positions=True,
        maybe_placeholders=False,
    )


def _parse(text: str, start: str = "moment") -> Tree[Token]:
    """The parsed text; whatever is wrong with it is a TextError."""
    _refuse_odd(text)
    before: Token | None = None
    steps = _parser().parse_interactive(text, start)
    try:
        for token in steps.lexer_thread.lex(steps.parser_state):  # type: ignore[no-untyped-call]
            steps.feed_token(token)
            before = token
        tree = cast(Tree[Token], steps.feed_eof(before))  # type: ignore[no-untyped-call]
    except UnexpectedCharacters as error:
        raise wrong_character(error, text) from None
    except UnexpectedToken as error:
        allowed = set(steps.accepts())  # type: ignore[no-untyped-call]
        raise wrong_token(error.token, before, allowed) from None
    if depth(tree) > MAX_DEPTH:
        raise TextError(
            f"nested or joined more than {MAX_DEPTH} deep: say it with fewer brackets and `and`, `or`, `then` "
            "(several values of one field fit in `in (...)`)"
        )
    return tree


def _refuse_odd(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise TextError(f"the text has {len(text)} characters: at most {MAX_CHARACTERS} are read")
    for at, char in enumerate(text):
        if 0xD800 <= ord(char) <= 0xDFFF:
            line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
            raise TextError(f"half of a character (U+{ord(char):04X}): save the text as UTF-8", line, column)
