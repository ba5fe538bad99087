"""What can never hold, whatever comes: found by form alone, so it is never wrong, but does not find everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import inf

from occasion.events.event import EVENT_FIELDS, Scalar
from occasion.moments.definition import (
    After,
    And,
    Both,
    Compare,
    Condition,
    Definition,
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
    Start,
    Streak,
    While,
    at_most_once,
    plain,
    walk,
)
from occasion.moments.lower import longest_days, shortest_days
from occasion.moments.show import phrase
from occasion.moments.words import field_text, number_text, selected_text, shorten

MAX_ALTERNATIVES = 4096
INVERSE: dict[Operator, Operator] = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
DIRECTIONS = ("in", "out")


def never(definition: Definition) -> str | None:
    """Why the definition can never be reached, or None where nothing is against it."""
    why = impossible(definition.node)
    if why is not None:
        return why
    stages = {stage.name: stage.enter for stage in definition.stages}
    for part in walk(definition.node):
        if isinstance(part, While) and (why := impossible(stages[part.stage])) is not None:
            return f'nobody enters stage "{part.stage}": {why}'
    return None


def idle(definition: Definition) -> Iterator[str]:
    """Silences and shortfalls that say nothing, because what they wait for can never come."""
    for part in walk(definition.node):
        if isinstance(part, Fewer) and (why := _too_much(part.measure, part.n)) is not None:
            yield f"comes after every anchor whatever happens: {why}"


def impossible(node: Node) -> str | None:
    """Why a pattern has no point, or None."""
    match node:
        case Did(selection):
            return _no_event(selection)
        case Start():
            return None
        case Or(left, right):
            why = impossible(left)
            return why if why is not None and impossible(right) is not None else None
        case And(left, right, within):
            return impossible(left) or impossible(right) or _opposed(_members(node)) or _apart(left, right, within)
        case Nth(pattern, k):
            most = _most(pattern)
            few = f"{_said(pattern)} comes at most {most} time{'' if most == 1 else 's'}, so there is no number {k}"
            return impossible(pattern) or (few if most is not None and most < k else None)
        case Reach(measure, n, anchor, lo, hi):
            return impossible(anchor) or _too_much(measure, n) or _not_later(anchor, measure.source, lo, hi)
        case After(anchor, pattern, within):
            why = impossible(anchor) or impossible(pattern) or _opposed([anchor, pattern])
            return why or _not_later(anchor, pattern, Period(1, "microsecond"), within)
        case Rolling(measure, n):
            return _too_much(measure, n)
        case Fewer(anchor=inner) | Every(anchor=inner):
            return impossible(inner)
        case Streak(pattern=inner) | While(pattern=inner) | Per(pattern=inner):
            return impossible(inner)


def _said(node: Node) -> str:
    return f"`{shorten(phrase(node))}`"


# how often, how much


def _most(node: Node) -> int | None:
    """At most how many points a pattern has; None: no limit known."""
    if at_most_once(node):
        return 1
    if isinstance(node, Or):
        left, right = _most(node.left), _most(node.right)
        return None if left is None or right is None else left + right
    return None


def _too_much(measure: Measure, n: Decimal) -> str | None:
    """Why a measure can never be n."""
    why = impossible(measure.source)
    if why is not None:
        return why
    if measure.kind == "count":
        most = _most(measure.source)
        return f"{_said(measure.source)} comes at most {most} times" if most is not None and most < n else None
    if not isinstance(measure.source, Did):
        return None
    cases = _cases(measure.source.selection)
    field, of = measure.field, selected_text(measure.source.selection)
    if measure.kind == "sum":
        if field in EVENT_FIELDS:
            return f"{field_text(field)} is a text, so its sum is nothing"
        tops = [_Range(case.get(field, [])).high for case in cases]
        return f"{field_text(field)} of {of} is never above 0" if tops and max(tops) <= 0 else None
    values = [_only(field, case.get(field, [])) for case in cases]
    known = {repr(value) for some in values if some is not None for value in some}
    if None in values or len(known) >= n:
        return None
    return f"{field_text(field)} of {of} has at most {len(known)} different values, never {number_text(n)}"


# conditions


def _no_event(selection: Selection) -> str | None:
    if selection.where is None or _cases(selection):
        return None
    return f"no event can be {_said(Did(selection))}: its conditions contradict each other"


def _cases(selection: Selection) -> list[dict[str, list[Compare]]]:
    """The ways in which a selection's condition can be true, each as comparisons by field; [{}] where all can."""
    if selection.where is None:
        return [{}]
    ways = _ways(selection.where, True)
    if ways is None:
        return [{}]
    found = []
    for way in ways:
        fields: dict[str, list[Compare]] = {}
        for compare in way:
            fields.setdefault(compare.field, []).append(compare)
        if all(_can(field, compares) for field, compares in fields.items()):
            found.append(fields)
    return found


def _ways(condition: Condition, wanted: bool) -> list[list[Compare]] | None:
    """The condition (or its negation) as alternatives of comparisons that must all be true; None if too many.

    In three-valued logic too: a negated comparison is true only where the field is there and of its type.
    """
    match condition:
        case Compare(field, op, value):
            return [[condition if wanted else Compare(field, INVERSE[op], value)]]
        case OneOf(field, values) if wanted:
            return [[Compare(field, "=", value)] for value in values]
        case OneOf(field, values):
            return [[Compare(field, "!=", value) for value in values]]
        case Not(part):
            return _ways(part, not wanted)
        case Both(left, right) | Either(left, right):
            sides = _ways(left, wanted), _ways(right, wanted)
            if sides[0] is None or sides[1] is None:
                return None
            if isinstance(condition, Either) is wanted:
                return sides[0] + sides[1]
            if len(sides[0]) * len(sides[1]) > MAX_ALTERNATIVES:
                return None
            return [a + b for a, b in product(sides[0], sides[1])]


class _Range:
    """What comparisons with numbers leave: low to high, an end open or not."""

    def __init__(self, compares: list[Compare]) -> None:
        self.low, self.high = -inf, inf
        self.empty = False
        self._low: Decimal | None = None
        self._high: Decimal | None = None
        closed = {"=": (True, True), ">=": (True, False), "<=": (False, True)}
        open_low = open_high = False
        for compare in compares:
            if not isinstance(compare.value, Decimal) or compare.op == "!=":
                continue
            value, (low, high) = compare.value, closed.get(compare.op, (False, False))
            if (low or compare.op == ">") and (self._low is None or value >= self._low):
                open_low = (open_low and value == self._low) or compare.op == ">"
                self._low = value
            if (high or compare.op == "<") and (self._high is None or value <= self._high):
                open_high = (open_high and value == self._high) or compare.op == "<"
                self._high = value
        if self._low is not None:
            self.low = float(self._low)
        if self._high is not None:
            self.high = float(self._high)
        if self._low is not None and self._high is not None:
            touching = self._low == self._high and (open_low or open_high)
            self.empty = self._low > self._high or touching


def _can(field: str, compares: list[Compare]) -> bool:
    """Whether one value can make all these comparisons of one field true."""
    kinds = {type(compare.value) for compare in compares}
    if len(kinds) > 1 or (field in EVENT_FIELDS and kinds != {str}):
        return False
    values = _only(field, compares)
    if values is not None:
        return bool(values)
    return not _Range(compares).empty


def _only(field: str, compares: list[Compare]) -> list[Scalar] | None:
    """The values a field can have where that is a short list; None where it is not."""
    equal = [compare.value for compare in compares if compare.op == "="]
    if field == "direction":
        candidates: list[Scalar] = list(DIRECTIONS)
    elif equal:
        candidates = equal[:1]
    elif compares and isinstance(compares[0].value, bool):
        candidates = [True, False]
    else:
        return None
    return [value for value in candidates if all(_holds(value, compare) for compare in compares)]


def _holds(value: Scalar, compare: Compare) -> bool:
    if type(value) is not type(compare.value):
        return False
    if compare.op in ("=", "!="):
        return (value == compare.value) == (compare.op == "=")
    return not isinstance(value, Decimal) or not _Range([Compare("", "=", value), compare]).empty


# windows


@dataclass(frozen=True)
class _Span:
    """A pattern's instants lie `low` to `high` days after the one instant of `root`."""

    root: object
    low: float
    high: float


def _span(node: Node) -> _Span | None:
    """Where a pattern lies from something that happens at most once; None where nothing is known."""
    if isinstance(node, While):
        return _span(node.pattern)
    if isinstance(node, After):
        return _span(node.pattern)
    if not isinstance(node, Reach | Fewer | Every):
        return _Span(plain(node), 0, 0) if at_most_once(node) else None
    root = _span(node.anchor) if at_most_once(node.anchor) else None
    if root is None or (isinstance(node, Fewer) and node.silence is not None):
        return None
    match node:
        case Reach(lo=lo, hi=hi):
            return _Span(root.root, root.low + shortest_days(lo), inf if hi is None else root.high + longest_days(hi))
        case Fewer(hi=end):
            return _Span(root.root, root.low + shortest_days(end), root.high + longest_days(end))
        case Every(period=period):
            return _Span(root.root, root.low + shortest_days(period), inf)


def _not_later(anchor: Node, pattern: Node, lo: Period, hi: Period | None) -> str | None:
    """Why no point of the pattern lies in a window that begins `lo` after the anchor, above 0, and ends at `hi`."""
    if lo.n == 0:
        return None
    if isinstance(pattern, Start):
        return "nothing comes before `start`"
    first, then = _span(anchor), _span(pattern)
    if isinstance(anchor, Nth) and isinstance(pattern, Nth) and plain(anchor.pattern) == plain(pattern.pattern):
        if not pattern.every and pattern.k <= anchor.k:
            return f"{_said(pattern)} does not come after {_said(anchor)}"
        return None
    if first is None or then is None or first.root != then.root:
        return None
    if then.high <= first.low:
        return f"{_said(pattern)} never comes after {_said(anchor)}"
    if hi is not None and then.low >= first.high + longest_days(hi):
        return f"{_said(pattern)} comes too late after {_said(anchor)} for the window"
    return None


def _apart(left: Node, right: Node, within: Period | None) -> str | None:
    """Why the two sides of an `and ... within` are never that near each other."""
    one, other = _span(left), _span(right)
    if within is None or one is None or other is None or one.root != other.root:
        return None
    if max(one.low - other.high, other.low - one.high) >= longest_days(within):
        return f"{_said(left)} and {_said(right)} always lie further apart than the window"
    return None


def _members(node: Node) -> list[Node]:
    """What an `and` joins, those of its own sides included."""
    return [*_members(node.left), *_members(node.right)] if isinstance(node, And) else [node]


def _opposed(nodes: list[Node]) -> str | None:
    """Two of the nodes of which never both are reached: `>= n` and `< n` of one measure from one anchor."""
    for reach, fewer in product(nodes, nodes):
        if isinstance(reach, Reach) and isinstance(fewer, Fewer) and _contradict(reach, fewer):
            return f"{_said(reach)} and {_said(fewer)} exclude each other"
    return None


def _contradict(reach: Reach, fewer: Fewer) -> bool:
    if fewer.silence is not None or not at_most_once(reach.anchor) or reach.n < fewer.n or reach.hi is None:
        return False
    same = plain(reach.measure) == plain(fewer.measure) and plain(reach.anchor) == plain(fewer.anchor)
    earlier = reach.hi == fewer.hi or longest_days(reach.hi) <= shortest_days(fewer.hi)
    later = reach.lo == fewer.lo or (reach.measure.kind != "sum" and shortest_days(reach.lo) >= longest_days(fewer.lo))
    return same and earlier and later
