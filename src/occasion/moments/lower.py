"""From the parsed text to the nodes: every surface form of the language lowers to the thirteen of `definition`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NoReturn, cast

from lark import Token, Tree

from occasion.errors import TextError
from occasion.events.event import Scalar
from occasion.moments.definition import (
    FIXED_US,
    NOW,
    STRICTLY_LATER,
    After,
    And,
    Both,
    Compare,
    Condition,
    Did,
    Either,
    Every,
    Fewer,
    Measure,
    Node,
    Not,
    Nth,
    OneOf,
    Operator,
    Or,
    Per,
    Period,
    Reach,
    Rolling,
    Selection,
    Silence,
    Start,
    Streak,
    Unit,
    While,
    at_most_once,
)
from occasion.moments.words import UNITS, exact, length_text, place, shorten, unquote

Parsed = Tree[Token]
MAX_YEARS = 1000
YEAR_US = 31_557_600_000_000  # 365.25 days
DAYS_A_MONTH = 30.436875
MONTH_SLACK_DAYS = 2.5  # a month is 28 to 31 days, and a clock may change within it


def refuse(where: Parsed | Token, message: str) -> NoReturn:
    """Raise the error at the place."""
    if isinstance(where, Token):
        raise TextError(message, *place(where))
    raise TextError(message, getattr(where.meta, "line", 1), getattr(where.meta, "column", 1))


def parts(tree: Parsed) -> list[Parsed]:
    """The children that are trees."""
    return [child for child in tree.children if isinstance(child, Tree)]


def tokens(tree: Parsed) -> list[Token]:
    """The children that are tokens."""
    return [child for child in tree.children if isinstance(child, Token)]


@dataclass(frozen=True)
class Lowering:
    """Lowers one text. `stages`: the names `while` may use; `whole`: whether `while` and `per` may be used at all."""

    text: str
    stages: Sequence[str] = ()
    whole: bool = True
    stage: str | None = None  # the stage of the text's own `while`, known to every silence inside

    def moment(self, tree: Parsed) -> Node:
        """The whole text: the pattern, in a stage, once for every value of a field."""
        pattern, *ends = parts(tree)
        if ends and not self.whole:
            refuse(ends[0], f"`{'while' if ends[0].data == 'stage' else 'per'}` is only for a moment's own `when`")
        named = {str(end.data): end for end in ends}
        stage = self.stage_name(named["stage"]) if "stage" in named else None
        node = replace(self, stage=stage).node(pattern)
        if stage is not None:
            node = While(node, stage)
        return Per(node, self.field(parts(named["per"])[0])) if "per" in named else node

    def stage_name(self, tree: Parsed) -> str:
        """A stage that exists."""
        op, name = tokens(tree)
        if op != "=":
            refuse(op, f'`while stage {op}` cannot be written: only `while stage = "..."`')
        stage = unquote(name)
        if stage not in self.stages:
            refuse(name, unknown("stage", stage, self.stages, "the catalogue names no stages: add it under `stages:`"))
        return stage

    def node(self, tree: Parsed) -> Node:
        """Any pattern, by the rule that read it."""
        return cast(Node, getattr(self, str(tree.data))(tree))

    # patterns, from the loosest to the tightest

    def either(self, tree: Parsed) -> Node:
        left, right = parts(tree)
        return Or(self.node(left), self.node(right))

    def both(self, tree: Parsed) -> Node:
        left, right, *within = parts(tree)
        return And(self.node(left), self.node(right), self.window(within))

    def after(self, tree: Parsed) -> Node:
        anchor, pattern, *within = parts(tree)
        return After(self.node(anchor), self.node(pattern), self.window(within))

    def next(self, tree: Parsed) -> Node:
        anchor, pattern, *within = parts(tree)
        measure = Measure("count", self.node(pattern))
        return Reach(measure, Decimal(1), self.node(anchor), STRICTLY_LATER, self.window(within))

    def did(self, tree: Parsed) -> Node:
        return Did(self.selection(parts(tree)[0]))

    def start(self, _tree: Parsed) -> Node:
        return Start()

    def first(self, tree: Parsed) -> Node:
        return Nth(self.node(parts(tree)[0]), 1)

    def nth(self, tree: Parsed) -> Node:
        return Nth(self.node(parts(tree)[0]), ordinal(tokens(tree)[0]))

    def every_nth(self, tree: Parsed) -> Node:
        return Nth(self.node(parts(tree)[0]), ordinal(tokens(tree)[0]), every=True)

    # measures

    def total(self, tree: Parsed) -> Node:
        measure, n = self.threshold(tree)
        if tokens(tree)[0] == "<":
            self.no_fewer(tree)
        if measure.kind == "count":
            return Nth(measure.source, int(n))
        return Reach(measure, n, Start())

    def rolling(self, tree: Parsed) -> Node:
        measure, n = self.threshold(tree)
        if tokens(tree)[0] == "<":
            self.no_fewer(tree)
        within = parts(tree)[1]
        length = self.period(within)
        if length.civil:
            refuse(
                within,
                f"a rolling window cannot be counted in {length.unit}s, they differ in length: write days or weeks, "
                "or say from when with `of`",
            )
        return Rolling(measure, n, length)

    def within(self, tree: Parsed) -> Node:
        _, within, anchor = parts(tree)
        return self.windowed(tree, NOW, self.period(within), anchor)

    def between(self, tree: Parsed) -> Node:
        _, first, last, anchor = parts(tree)
        lo, hi = self.period(first, zero=True), self.period(last, zero=True)
        if not surely_shorter(lo, hi):
            refuse(
                last,
                f"`between {length_text(lo)} and {length_text(hi)}` "
                + ("can be empty, a month differs in length" if lo.civil != hi.civil else "is empty")
                + ": the second must be longer than the first",
            )
        return self.windowed(tree, lo if lo.n else NOW, hi, anchor)

    def windowed(self, tree: Parsed, lo: Period, hi: Period, anchor: Parsed) -> Node:
        """A measure in a window that an anchor opens."""
        measure, n = self.threshold(tree)
        opened = self.node(anchor)
        if measure.kind != "count" and not at_most_once(opened):
            refuse(
                anchor,
                f"`{measure.kind}` needs an anchor that happens at most once, and this one can happen again: "
                f"write `first {self.said(anchor)}`, `3rd ...` or `start`",
            )
        if tokens(tree)[0] == "<":
            return Fewer(measure, n, opened, lo, hi)
        return Reach(measure, n, opened, lo, hi)

    def said(self, tree: Parsed) -> str:
        """The beginning of a piece's own text; in brackets unless it is a selection."""
        text = " ".join(self.text[tree.meta.start_pos : tree.meta.end_pos].split())
        return shorten(text if tree.data == "did" else f"({text})")

    def threshold(self, tree: Parsed) -> tuple[Measure, Decimal]:
        """What is measured and the number it is held against; > 0, whole for counts."""
        op, n = tokens(tree)
        value = exact(n)
        if op not in (">=", "<"):
            instead = {">": ">= with the next number", "<=": "< with the next number"}.get(op, ">= or <")
            refuse(op, f"a measure is compared with >= or <, not {op}: write {instead}")
        if value <= 0:
            always = "always true" if op == ">=" else "never true"
            refuse(n, f"`{op} {n}` is {always}: the number must be above 0")
        measure = self.measure(parts(tree)[0])
        if measure.kind != "sum" and value != int(value):
            refuse(n, f"a {measure.kind} is a whole number and {n} is none: write {int(value) + 1}, say")
        return measure, value

    def measure(self, tree: Parsed) -> Measure:
        *field, selection = parts(tree)
        source = Did(self.selection(selection))
        match str(tree.data):
            case "count":
                return Measure("count", source)
            case "distinct":
                return Measure("distinct", source, self.field(field[0]))
            case _:
                return Measure("sum", source, self.field(field[0]))

    def no_fewer(self, tree: Parsed) -> NoReturn:
        refuse(
            tokens(tree)[0],
            "`<` needs a window that ends and what opens it: write `within 14 days of start` or "
            "`between 28 days and 70 days after start` behind it",
        )

    # silences, returns, dates

    def silence(self, tree: Parsed) -> Node:
        selection, length, *anchor = parts(tree)
        quiet = Did(self.selection(selection))
        opened = self.node(anchor[0]) if anchor else Or(quiet, Start())
        inside = None if self.stage is None else Silence(self.stage, coming_in=not anchor)
        return Fewer(Measure("count", quiet), Decimal(1), opened, STRICTLY_LATER, self.period(length), inside)

    def returns(self, tree: Parsed) -> Node:
        selection, length = parts(tree)
        again = Did(self.selection(selection))
        count = Measure("count", again)
        silence = Fewer(count, Decimal(1), again, STRICTLY_LATER, self.period(length))
        return Reach(count, Decimal(1), silence, NOW, None)

    def every(self, tree: Parsed) -> Node:
        length, anchor = parts(tree)
        return Every(self.node(anchor), self.period(length))

    def streak(self, tree: Parsed) -> Node:
        n, word = tokens(tree)
        unit = unit_of(word)
        if unit not in ("day", "week", "month", "year"):
            refuse(word, f"a streak is counted in days, weeks, months or years, not in {unit}s")
        if exact(n) != int(exact(n)) or exact(n) < 1:
            refuse(n, f"a streak of {n} cannot be: write a whole number from 1")
        return Streak(Did(self.selection(parts(tree)[0])), int(exact(n)), unit)

    def window(self, within: list[Parsed]) -> Period | None:
        return self.period(within[0]) if within else None

    def period(self, tree: Parsed, zero: bool = False) -> Period:
        """A length of time: whole, above 0 (unless `zero`), at most 1 000 years."""
        n, word = tokens(tree)
        value, unit = exact(n), unit_of(word)
        if value != int(value):
            refuse(n, f"{n} {word} is not whole: write it in a smaller unit, as 36 hours for 1.5 days")
        if value < 0 or (value == 0 and not zero):
            refuse(n, f"a window of {n} {word} is empty: write a whole number from 1")
        period = Period(int(value), unit)
        if (period.months > MAX_YEARS * 12) if period.civil else (period.us > MAX_YEARS * YEAR_US):
            refuse(n, f"{n} {word} is too long: at most {MAX_YEARS} years")
        return period

    # selections and conditions

    def selection(self, tree: Parsed) -> Selection:
        name, *where = parts(tree)
        condition = self.condition(where[0]) if where else None
        if name.data == "any":
            return Selection("any", where=condition)
        if name.data == "contact":
            return Selection("contact", where=condition)
        return Selection("event", self.name(tokens(name)[0]), condition)

    def field(self, tree: Parsed) -> str:
        return self.name(tokens(tree)[0])

    def name(self, token: Token) -> str:
        name = str(token) if token.type == "WORD" else unquote(token)
        if not name:
            refuse(token, "a name is empty: write the event's or the field's name between the quotes")
        return name

    def condition(self, tree: Parsed) -> Condition:
        match str(tree.data), parts(tree):
            case "where_or", [left, right]:
                return Either(self.condition(left), self.condition(right))
            case "where_and", [left, right]:
                return Both(self.condition(left), self.condition(right))
            case "where_not", [part]:
                return Not(self.condition(part))
            case "compare", [field, value]:
                return self.compare(field, tokens(tree)[0], value)
            case kind, [field, values]:
                among = OneOf(self.field(field), tuple(self.value(value) for value in parts(values)))
                return Not(among) if kind == "none_of" else among
        raise AssertionError(tree.data)

    def compare(self, field: Parsed, op: Token, value: Parsed) -> Condition:
        right = self.value(value)
        if op not in ("=", "!=") and not isinstance(right, Decimal):
            what = "true and false know" if isinstance(right, bool) else "text knows"
            refuse(op, f"{what} no order: only = and != (or `in`) are allowed, or a number after {op}")
        return Compare(self.field(field), cast(Operator, str(op)), right)

    def value(self, tree: Parsed) -> Scalar:
        token = tokens(tree)[0]
        if token.type == "QUOTED":
            return unquote(token)
        return exact(token) if token.type == "NUMBER" else token.type == "TRUE"


def ordinal(token: Token) -> int:
    """The k of a k-th."""
    if len(token) > 20:
        refuse(token, f"{shorten(token)} is too far: at most 18 digits")
    k = int(token[:-2])
    if k < 1:
        refuse(token, f"there is no {token}: the first is `first` or `1st`")
    return k


def unit_of(word: Token) -> Unit:
    """The unit, from its singular or plural."""
    name = word[:-1] if word.endswith("s") else str(word)
    if name not in UNITS:
        refuse(word, unknown("unit of time", str(word), [f"{unit}s" for unit in UNITS]))
    return cast(Unit, name)


def unknown(what: str, name: str, allowed: Sequence[str], none: str = "") -> str:
    """The message for a name that is not among those allowed: the nearest of them, and all if they are few."""
    if not allowed:
        return f'unknown {what} "{shorten(name)}": {none}'
    near = get_close_matches(name, allowed, n=1)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    shown = ", ".join(f'"{shorten(one)}"' for one in allowed[:12]) + (", ..." if len(allowed) > 12 else "")
    return f'unknown {what} "{shorten(name)}": {hint}allowed are {shown}'


def longest_days(period: Period) -> float:
    """No period from any anchor is longer than this."""
    if period.civil:
        return period.months * DAYS_A_MONTH + (MONTH_SLACK_DAYS if period.months else 0)
    return period.us / FIXED_US["day"]


def shortest_days(period: Period) -> float:
    """No period from any anchor is shorter than this."""
    if period.civil:
        return period.months * DAYS_A_MONTH - (MONTH_SLACK_DAYS if period.months else 0)
    return period.us / FIXED_US["day"]


def surely_shorter(lo: Period, hi: Period) -> bool:
    """Whether a+lo comes before a+hi for every a."""
    if lo.civil and hi.civil:
        return lo.months < hi.months
    if lo.civil == hi.civil:
        return lo.us < hi.us
    return longest_days(lo) < shortest_days(hi)


def depth(tree: Tree[Any]) -> int:
    """How deep the parsed text is nested, without recursion."""
    deepest, todo = 0, [(tree, 1)]
    while todo:
        here, level = todo.pop()
        deepest = max(deepest, level)
        todo.extend((child, level + 1) for child in here.children if isinstance(child, Tree))
    return deepest
