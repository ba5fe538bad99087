"""What a reading needs of the log, how the log looks to it, and conditions as SQL in three-valued logic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from sqlglot import exp

from occasion.events.event import EVENT_FIELDS, MICRO, NUMBER_LIMIT, Scalar
from occasion.moments.definition import (
    Both,
    Compare,
    Condition,
    Definition,
    Either,
    Every,
    Fewer,
    Measure,
    Node,
    Not,
    OneOf,
    Per,
    Period,
    Reach,
    Selection,
    Start,
    Streak,
    walk,
)
from occasion.moments.query_sql import decimal, part


@dataclass(frozen=True)
class Needs:
    """What a set of definitions needs of the log, so that nothing else is read.

    `names`: the events' names, None where more than those named are needed (`named`): with `contact` every event that
    has a direction, with `every` simply all; `fields`: the fields conditions and measures look at; `contact`: whether
    direction and mass are needed; `start`: the parties' first instants; `zones`: the zones their events state.
    """

    names: frozenset[str] | None
    named: frozenset[str]
    every: bool
    fields: frozenset[str]
    contact: bool
    start: bool
    zones: bool


@dataclass(frozen=True)
class Relation:
    """The log as a reading sees it, cut at its as-of: three tables of an engine.

    `events`: party, name, at_us, direction, mass, the event's own fields that are needed, and for the i-th property in
    `properties` the columns p<i>_text, p<i>_number (DECIMAL(24, 6)) and p<i>_flag, of which at most one is not null.
    `starts`: party, at_us of its first event. `zones`: party, at_us, id, zone of the events that state one; None if
    none does. `names`: the code of each name where the column `name` holds codes. `parties`: a table (code, text) where
    parties are codes.
    """

    events: str
    starts: str
    zones: str | None
    properties: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, int] | None = None
    zone: str = "UTC"
    parties: str | None = None

    def name(self, text: str) -> exp.Expression:
        """An event's name as the column `name` has it."""
        return exp.convert(text if self.names is None else self.names.get(text, -1))

    def typed(self, name: str, kind: str) -> exp.Expression:
        """A field's column of one type: text, number or flag; null where the field is of another."""
        if name in EVENT_FIELDS:
            return exp.column(name) if kind == "text" else part(f"CAST(NULL AS {SQL_TYPES[kind]})")
        return exp.column(f"p{self.properties[name]}_{kind}")

    def key(self, name: str) -> exp.Expression:
        """A field's value as one text that keeps its type apart: t..., n..., f...; see `unkeyed`."""
        if name in EVENT_FIELDS:
            return part("'t' || :text", text=exp.column(name))
        text, number, flag = (self.typed(name, kind) for kind in ("text", "number", "flag"))
        return part(
            "CASE WHEN :text IS NOT NULL THEN 't' || :text WHEN :number IS NOT NULL THEN 'n' || CAST(:number AS TEXT) "
            "WHEN :flag THEN 'ftrue' WHEN NOT :flag THEN 'ffalse' END",
            text=text, number=number, flag=flag,
        )  # fmt: skip


SQL_TYPES = {"text": "TEXT", "number": "DECIMAL(24, 6)", "flag": "BOOLEAN"}


def unkeyed(key: str | None) -> Scalar | None:
    """The value that `Relation.key` made a text of.

    >>> unkeyed("t5"), unkeyed("n5.000000"), unkeyed("ftrue")
    ('5', Decimal('5.000000'), True)
    """
    if key is None:
        return None
    kind, text = key[0], key[1:]
    return text if kind == "t" else Decimal(text) if kind == "n" else text == "true"


def needs(definitions: Iterable[Definition]) -> Needs:
    """What the readings of these definitions look at."""
    nodes = [n for d in definitions for top in (d.node, *(s.enter for s in d.stages)) for n in walk(top)]
    chosen = [n.selection for n in nodes if hasattr(n, "selection")]
    named = frozenset(s.name for s in chosen if s.of == "event")
    fields = {f for s in chosen if s.where is not None for f in _fields(s.where)}
    measures = [m for n in nodes if isinstance(m := getattr(n, "measure", None), Measure)]
    fields |= {m.field for m in measures if m.field}
    fields |= {n.field for n in nodes if isinstance(n, Per)}
    return Needs(
        names=None if any(s.of != "event" for s in chosen) else named,
        named=named,
        every=any(s.of == "any" for s in chosen),
        fields=frozenset(fields),
        contact=any(s.of == "contact" for s in chosen),
        start=any(isinstance(n, Start) for n in nodes),
        zones=any(civil(n) for n in nodes),
    )


def civil(node: Node) -> bool:
    """Whether the node itself asks the calendar."""
    if isinstance(node, Streak):
        return True
    periods = [getattr(node, name, None) for name in ("lo", "hi", "within", "period")]
    if not isinstance(node, Reach | Fewer | Every):
        periods = [getattr(node, "within", None)]
    return any(isinstance(p, Period) and p.civil for p in periods)


def _fields(condition: Condition) -> list[str]:
    match condition:
        case Compare(name, _, _) | OneOf(name, _):
            return [name]
        case Not(inner):
            return _fields(inner)
        case Both(left, right) | Either(left, right):
            return _fields(left) + _fields(right)


def chosen_by(selection: Selection, relation: Relation) -> exp.Expression:
    """The condition that holds of the events a selection chooses (only true selects, so null does not)."""
    parts: list[exp.Expression] = []
    if selection.of == "event":
        parts.append(part("name = :name", name=relation.name(selection.name)))
    if selection.of == "contact":
        parts.append(part("direction IS NOT NULL AND NOT COALESCE(mass, FALSE)"))
    if selection.where is not None:
        parts.append(truth(selection.where, relation))
    return exp.and_(*parts) if parts else exp.true()


def truth(condition: Condition, relation: Relation) -> exp.Expression:
    """A condition as an expression that is true, false or null (unknown)."""
    match condition:
        case Compare(name, op, value):
            return _compare(relation, name, op, value)
        case OneOf(name, values):
            return exp.paren(exp.or_(*(_compare(relation, name, "=", value) for value in values)))
        case Not(inner):
            return exp.not_(exp.paren(truth(inner, relation)))
        case Both(left, right):
            return exp.paren(exp.and_(truth(left, relation), truth(right, relation)))
        case Either(left, right):
            return exp.paren(exp.or_(truth(left, relation), truth(right, relation)))


OPERATORS: Mapping[str, type[exp.Expression]] = {
    "=": exp.EQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE,
}  # fmt: skip


def _compare(relation: Relation, name: str, op: str, value: Scalar) -> exp.Expression:
    kind = "flag" if isinstance(value, bool) else "number" if isinstance(value, Decimal) else "text"
    column = relation.typed(name, kind)
    if isinstance(value, Decimal):
        return _compare_number(column, op, value)
    return exp.paren(OPERATORS[op](this=column, expression=exp.convert(value)))


def _compare_number(column: exp.Expression, op: str, value: Decimal) -> exp.Expression:
    """Columns have six places: a finer or larger value is compared with the nearest that they can have."""
    if abs(value) < NUMBER_LIMIT - 1:
        down, up = (value.quantize(MICRO, rounding) for rounding in (ROUND_FLOOR, ROUND_CEILING))
        if down == up or op in ("<", "<=", ">", ">="):
            # x > v, where v lies between two such numbers, is x > the lower; x >= v is the same; and so on downwards
            near, sign = (up, op[0]) if op[0] == "<" else (down, op[0])
            sign = op if down == up else sign
            return exp.paren(OPERATORS[sign](this=column, expression=decimal(near)))
        always = op == "!="
    else:
        always = op == "!=" or ((op[0] == "<") == (value > 0) and op != "=")
    return part(f"CASE WHEN :column IS NOT NULL THEN {'TRUE' if always else 'FALSE'} END", column=column)
