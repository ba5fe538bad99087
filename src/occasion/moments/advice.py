"""What to say when a moment's text does not parse: the place, what was found, and what could stand there."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from lark import Token
from lark.exceptions import UnexpectedCharacters

from occasion.errors import TextError
from occasion.moments.words import RESERVED, place, shorten

# The parser's terminals as a person writes them; what is left out here is offered under another name already.
SHOWN = {
    "WORD": "a name",
    "QUOTED": "a text in double quotes",
    "NUMBER": "a number",
    "ORDINAL": "`3rd`",
    "OP": "a comparison (= != < <= > >=)",
    "TRUE": "`true`",
    "FALSE": "`false`",
    "_LPAR": "`(`",
    "_RPAR": "`)`",
    "_COMMA": "`,`",
    "_STAGE": "`stage`",
    "_WHERE_AND": "",
    "_WHERE_OR": "",
    "BACKTICKED": "",
    "$END": "the end",
}
PATTERN_BEGINS = {"_COUNT", "_DISTINCT", "_SUM", "_NO", "_EVERY", "_STREAK", "_START", "WORD"}
SELECTION_BEGINS = {"WORD", "QUOTED", "_ANY", "_CONTACT"}
INSTEAD = {
    "'": 'texts are written in double quotes: "..."',
    "“": 'texts are written in plain double quotes: "..."',
    "”": 'texts are written in plain double quotes: "..."',
    '"': "a text in quotes is not closed on its line",
    "`": "a name in backticks is not closed on its line",
    "≥": "write >=",
    "≤": "write <=",
    "≠": "write !=",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not` or !=",
}


def wrong_character(error: UnexpectedCharacters, text: str) -> TextError:
    """A character that begins nothing."""
    at = error.pos_in_stream or 0
    char, before = text[at], text[at - 1 : at]
    shown = char if char.isprintable() else f"U+{ord(char):04X}"
    if char in INSTEAD:
        hint = INSTEAD[char]
    elif before.isalnum():
        hint = 'a name with other signs than letters, digits and _ is written in quotes ("a-b"), a field in backticks'
    else:
        hint = "allowed are names, numbers, texts in double quotes, comparisons and brackets"
    return TextError(f"unexpected `{shown}`: {hint}", error.line, error.column)


def wrong_token(token: Token, before: Token | None, allowed: set[str]) -> TextError:
    """A token that cannot stand here. `before`: to its left; `allowed`: what could."""
    if token.type == "$END":
        line, column = (before.end_line or 1, before.end_column or 1) if before else (1, 1)
        found = "the text ends here" if before else "the text is empty"
    else:
        (line, column), found = place(token), f"unexpected `{shorten(token)}`"
    hint = next(_hints(token, before, allowed), None) or f"expected {alternatives(allowed)}"
    return TextError(f"{found}: {hint}", line, column)


def keywords(allowed: set[str]) -> set[str]:
    """The reserved words among the parser's terminals."""
    return {name.lstrip("_").lower() for name in allowed} & RESERVED


def alternatives(allowed: set[str]) -> str:
    """What could stand here, in words."""
    shown: list[str] = []
    if allowed >= PATTERN_BEGINS:
        shown = ["a pattern (an event's name, `first ...`, `count(...)`, `no ...`, ...)"]
        allowed = allowed & {"_RPAR", "$END"}
    elif allowed >= SELECTION_BEGINS:
        shown = ["an event's name, `any` or `contact`"]
        allowed = allowed - SELECTION_BEGINS
    listed = [SHOWN.get(name, f"`{name.lstrip('_').lower()}`") for name in sorted(allowed)]
    shown += [one for one in listed if one]
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " or " + shown[-1]


def _hints(token: Token, before: Token | None, allowed: set[str]) -> Iterator[str]:
    """Hints for what people often write, the most telling first."""
    yield from _misplaced(token, before.type if before else "", allowed)
    yield from _misspelt(token, before, allowed)


def _misplaced(token: Token, left: str, allowed: set[str]) -> Iterator[str]:
    """Words of the language where they mean nothing."""
    if token.type in ("_COUNT", "_DISTINCT", "_SUM") and left in ("_THEN", "_FIRST"):
        yield f"after `then` stands an event or a pattern in brackets; write `{token}(...) >= n within ... of ...`"
    if token.type in ("_WHILE", "_PER"):
        yield f"`{token}` stands only at the end of the whole moment, outside brackets, `while` before `per`"
    if token.type in ("_WHERE_AND", "_WHERE_OR"):
        yield "a comparison follows, but no `where` is open here: write `<event> where <comparison>`"
    if token.type == "_WITHIN" and allowed.isdisjoint({"_WITHIN"}):
        yield "`within` stands after a count, a `then` or an `and`: write `count(...) >= n within ...`"
    if token.type == "ORDINAL" and left == "_THEN":
        yield f"only `then first` is counted anew after each; put brackets for the {token} ever: `then ({token} ...)`"
    if token.type == "_NOT" and "WORD" in allowed:
        yield "`not` stands only in conditions; for something that did not come write `no <event> for <time>`"


def _misspelt(token: Token, before: Token | None, allowed: set[str]) -> Iterator[str]:
    """Names, values and comparisons written in another way than the language's."""
    left = before.type if before else ""
    if token.type == "WORD" and (near := get_close_matches(token, sorted(keywords(allowed)), n=1, cutoff=0.75)):
        yield f"did you mean `{near[0]}`? {alternatives(allowed)} can stand here"
    if left == "NUMBER" and allowed == {"WORD"}:
        yield "a unit of time is missing: microseconds, seconds, minutes, hours, days, weeks, months or years"
    if token.type == "OP" and left == "OP":
        yield "two comparisons in a row; the comparisons are = != < <= > >="
    if token.type == "OP" and left == "WORD" and "_RPAR" not in allowed:
        yield from _comparison(token, before)
    if token.type == "QUOTED" and "BACKTICKED" in allowed and "QUOTED" not in allowed:
        yield "a quoted name is an event's; write a field with spaces or signs in backticks: `Order Total`"
    if token.type in ("WORD", "_ANY") and {"QUOTED", "NUMBER"} <= allowed and "WORD" not in allowed:
        yield f'a value is a number, true, false or a text in quotes: write "{shorten(token)}"'
    if token.type == "BACKTICKED" and "QUOTED" in allowed:
        yield "backticks are for fields; write an event's name or a text in double quotes"
    if str(token) in RESERVED and "WORD" in allowed:
        in_quotes = f"`{token}` in backticks for a field" if "BACKTICKED" in allowed else f'"{token}" in quotes'
        yield f"it is a reserved word; write {in_quotes}, or {alternatives(allowed)} was expected"
    if token.type == "WORD" and left in ("WORD", "_ANY", "_CONTACT") and "WORD" not in allowed:
        both = shorten(f"{before} {token}")
        yield f'two names in a row; write a name with a space in quotes ("{both}"), or {alternatives(allowed)} here'


def _comparison(token: Token, before: Token | None) -> Iterator[str]:
    if before is not None:
        name = shorten(before)
        yield f"a comparison stands after `where` or a count: `<event> where {name} {token} ...`, `count({name}) >= n`"
