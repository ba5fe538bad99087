"""The words of the moment language: which are reserved, how names and texts are quoted, what a token is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from lark import Token

from occasion.errors import TextError
from occasion.events.event import Scalar, number
from occasion.moments.definition import Period, Selection

JOINING = frozenset(("and", "or", "not", "in", "where", "then", "within", "of", "between", "after", "for", "since"))
OPENING = frozenset(("first", "no", "returns", "every", "streak", "count", "distinct", "sum", "while", "per"))
STANDING = frozenset(("start", "any", "contact", "true", "false"))
RESERVED = JOINING | OPENING | STANDING
UNITS = ("microsecond", "second", "minute", "hour", "day", "week", "month", "year")
PLAIN_WORD = re.compile(r"[^\W\d]\w*\Z")
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "`": "`"}


class Keywords:
    """What stands between Lark's lexer and its parser.

    Words that are reserved become keywords. An `and` or `or` that a comparison follows is a condition's, any other one
    a pattern's: no pattern begins with a comparison, so looking ahead over `not` and brackets decides it.
    """

    always_accept: Sequence[str] = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The parser's tokens."""
        tokens = [_keyword(token) for token in stream]
        for i, token in enumerate(tokens):
            if token.type in ("_AND", "_OR") and _comparison_follows(tokens, i + 1):
                yield Token.new_borrow_pos(f"_WHERE{token.type}", token.value, token)
            elif token.type == "WORD" and token == "stage" and i and tokens[i - 1].type == "_WHILE":
                yield Token.new_borrow_pos("_STAGE", token.value, token)
            else:
                yield token


def _keyword(token: Token) -> Token:
    if token.type != "WORD" or token.lower() not in RESERVED:
        return token
    if token != token.lower():
        raise TextError(
            f'`{token}` is a reserved word in capitals: write `{token.lower()}`, or "{token}" in quotes for an event',
            *place(token),
        )
    kind = token.upper() if token in ("true", "false") else f"_{token.upper()}"
    return Token.new_borrow_pos(kind, token.value, token)


def _comparison_follows(tokens: list[Token], i: int) -> bool:
    while i < len(tokens) and tokens[i].type in ("_NOT", "_LPAR"):
        i += 1
    kinds = [token.type for token in tokens[i : i + 3]]
    named = kinds[:1] in (["WORD"], ["BACKTICKED"])
    return named and (kinds[1:2] in (["OP"], ["_IN"]) or kinds[1:3] == ["_NOT", "_IN"])


def place(token: Token) -> tuple[int, int]:
    """The token's line and column, from 1."""
    return token.line or 1, token.column or 1


def unquote(token: Token) -> str:
    """What stands between the quotes or backticks, escapes resolved."""

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        if code in ESCAPES:
            return ESCAPES[code]
        point = int(code[1:], 16) if len(code) > 1 else -1
        if not 0 <= point <= 0x10FFFF or 0xD800 <= point <= 0xDFFF:
            line, column = place(token)
            allowed = r"\" \\ \n \t \r, \u with 4 or \U with 8 hexadecimal digits of a character"
            raise TextError(f"`\\{code}` is no escape: allowed are {allowed}", line, column + match.start())
        return chr(point)

    return ESCAPE.sub(one, token[0] + token[1:-1] + token[-1])[1:-1]


def quote(text: str, mark: str = '"') -> str:
    """The text in quotes, escaped so that `unquote` gives it back; what cannot be printed is written as its code."""

    def one(char: str) -> str:
        if char in (mark, "\\"):
            return "\\" + char
        if char.isprintable():
            return char
        known = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char)
        return known or (f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}")

    return mark + "".join(map(one, text)) + mark


def bare(name: str) -> bool:
    """Whether a name can be written without quotes."""
    return PLAIN_WORD.match(name) is not None and name.lower() not in RESERVED


def event_text(name: str) -> str:
    """An event's name as the language writes it."""
    return name if bare(name) else quote(name)


def field_text(name: str) -> str:
    """A field's name as the language writes it."""
    return name if bare(name) else quote(name, "`")


def selected_text(selection: Selection) -> str:
    """What a selection chooses, without its condition, as the language writes it."""
    return event_text(selection.name) if selection.of == "event" else selection.of


def number_text(value: Decimal) -> str:
    """A number as the language writes it: no exponent, no needless zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def value_text(value: Scalar) -> str:
    """A value of a condition as the language writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(value) if isinstance(value, str) else number_text(value)


def length_text(period: Period) -> str:
    """A period as the language writes it."""
    return f"{period.n} {period.unit}{'' if period.n == 1 else 's'}"


def exact(token: Token) -> Decimal:
    """The number a token stands for, exactly; refused where it has more than 6 decimals or 18 digits before them."""
    value = number(token.value)
    if value is None or value != Decimal(token.value):
        raise TextError(f"the number {shorten(token)} does not fit: at most 18 digits and 6 decimals", *place(token))
    return value if value else Decimal(0)  # never minus zero


def shorten(text: str) -> str:
    """A piece of somebody's text, fit for one line of a message."""
    text = "".join(char if char.isprintable() else " " for char in text)
    return text if len(text) <= 40 else text[:37] + "..."
