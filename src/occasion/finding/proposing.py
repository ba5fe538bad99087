"""Which candidates to look at, within a stated budget, and what was left out because of it.

What fields events have, and which of their values are frequent, is read from a sample of evenly spaced row groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from occasion.events.event import Scalar
from occasion.finding.candidates import Candidate, Choice, count, counts, distinct, pair, period, returns
from occasion.finding.chunks import Study

SLICED = ("channel", "direction")  # of the event's own fields; a counterpart counts, a colleague who acted is no slice


@dataclass(frozen=True)
class Budget:
    """How many candidates of each kind, and what makes a value or a field worth one.

    A slice needs a value on at least `share` of its name's sampled events and is among the `values` most frequent; a
    number is sliced only if it takes at most `few` different values; a field whose values hardly ever repeat (more than
    `unique` of its events carry a new one) is not counted as distinct: that would be the plain count again.
    """

    sample_rows: int = 500_000
    share: float = 0.02
    values: int = 5
    few: int = 10
    unique: float = 0.95
    slices: int = 200
    distinct: int = 60
    pairs: int = 200
    returns: int = 60
    pair_days: tuple[int, ...] = (1, 7)
    pair_times: tuple[int, ...] = (1, 3)
    return_days: tuple[int, ...] = (7, 30, 90, 365)


@dataclass(frozen=True)
class Proposal:
    """The candidates, and in sentences what was left out."""

    candidates: tuple[Candidate, ...]
    left_out: tuple[str, ...]


@dataclass
class Seen:
    """What the sample showed of one field of one name: how many events carry it, and how often each value came."""

    values: dict[Scalar, int] = field(default_factory=dict)

    @property
    def events(self) -> int:
        """How many sampled events of the name carry the field."""
        return sum(self.values.values())


Sample = dict[int, dict[str, Seen]]


def propose(study: Study, budget: Budget | None = None, promising: Sequence[int] | None = None) -> Proposal:
    """The candidates of a source: every count, then slices, distinct values, pairs and returns within the budget.

    `promising`: names (their indices), best first, for pairs and returns; without it the most frequent come first.
    """
    budget = budget or Budget()
    events, seen, span_days = _sample(study, budget.sample_rows)
    order = (
        list(promising)
        if promising is not None
        else sorted(events, key=lambda name: (-events[name], study.names[name]))
    )
    left_out: list[str] = []
    kinds = {
        f"slices (values on at least {budget.share:.0%} of a name's events)": (
            _slices(study.names, events, seen, budget), budget.slices),
        "distinct values": (_distinct(study.names, seen, budget), budget.distinct),
        "ordered pairs": (_pairs(study.names, order, seen, budget), budget.pairs),
        "returns": (_returns(study.names, order, seen, span_days, budget), budget.returns),
    }  # fmt: skip
    found = counts(study.names)
    for kind, (possible, most) in kinds.items():
        taken = [candidate for candidate, _ in zip(possible, range(most), strict=False)]
        more = sum(1 for _ in possible)
        if more:
            left_out.append(f"{more + 1} of {more + 1 + len(taken)} {kind}: the budget is {most}")
        found += taken
    return Proposal(tuple(found), tuple(left_out))


def _slices(names: Sequence[str], events: dict[int, int], seen: Sample, budget: Budget) -> Iterator[Candidate]:
    """Frequent values, the most frequent first."""
    found = []
    for name, fields in seen.items():
        for field_name, what in fields.items():
            if field_name == "counterpart":
                continue
            frequent = sorted(what.values.items(), key=lambda item: (-item[1], str(item[0])))[: budget.values]
            for value, n in frequent:
                few = not isinstance(value, Decimal) or len(what.values) <= budget.few
                if few and budget.share * events[name] <= n < events[name]:
                    found.append((n, count(names, Choice(name, field_name, value))))
    yield from (candidate for _, candidate in sorted(found, key=lambda one: (-one[0], one[1].what)))


def _distinct(names: Sequence[str], seen: Sample, budget: Budget) -> Iterator[Candidate]:
    """Counterparts first, whole and by direction; then properties by how many events carry them."""
    found = []
    for name, fields in seen.items():
        for of, what in fields.items():
            if of in SLICED or not _countable(of, what, budget):
                continue
            found.append((of != "counterpart", -what.events, distinct(names, of, Choice(name))))
            for way in fields["direction"].values if of == "counterpart" and "direction" in fields else ():
                choice = Choice(name, "direction", way)
                found.append((False, -fields["direction"].values[way], distinct(names, of, choice)))
    yield from (candidate for *_, candidate in sorted(found, key=lambda one: (*one[:2], one[2].what)))


def _countable(of: str, what: Seen, budget: Budget) -> bool:
    """Whether counting different values says more than counting events."""
    whole = all(isinstance(v, str) or (isinstance(v, Decimal) and v == v.to_integral_value()) for v in what.values)
    repeats = len(what.values) <= budget.unique * what.events
    return of == "counterpart" or (whole and len(what.values) > 1 and repeats)


def _pairs(names: Sequence[str], order: Sequence[int], seen: Sample, budget: Budget) -> Iterator[Candidate]:
    """Pairs of the most promising, plain ones before those read apart by a field both sides carry."""
    sides = [side for name in order for side in _sides(name, seen)]
    per_pair = len(budget.pair_days) * len(budget.pair_times)
    many = 2
    while many * (many + 1) * per_pair <= budget.pairs:
        many += 1
    # pairs within the first `many` sides come before those that reach beyond them
    ranked = sorted(
        (max(i, j), i, j) for i in range(len(sides)) for j in range(len(sides)) if i != j and max(i, j) <= 2 * many
    )
    for _, i, j in ranked:
        first, second = sides[i], sides[j]
        for per in (None, *_shared(first.name, second.name, seen, budget)):
            for times in budget.pair_times:
                for days in budget.pair_days:
                    yield pair(names, first, second, days, times=times, per=per)


def _sides(name: int, seen: Sample) -> list[Choice]:
    """A name, or its two directions where its events have them (a message, and the answer to it)."""
    ways = seen.get(name, {}).get("direction")
    return [Choice(name, "direction", way) for way in sorted(ways.values, key=str)] if ways else [Choice(name)]


def _shared(first: int, second: int, seen: Sample, budget: Budget) -> list[str]:
    """Fields that tell things apart (a counterpart, a listing) and that both names carry."""
    left, right = seen.get(first, {}), seen.get(second, {})
    return sorted(f for f in left if f in right and f not in SLICED and len(left[f].values) > budget.few)


def _returns(
    names: Sequence[str], order: Sequence[int], seen: Sample, span_days: int, budget: Budget
) -> Iterator[Candidate]:
    for name in order:
        for per in (None, "counterpart") if "counterpart" in seen.get(name, {}) else (None,):
            for days in budget.return_days:
                if days < span_days:
                    yield returns(names, Choice(name), days, per=per)


def _sample(study: Study, rows: int) -> tuple[dict[int, int], Sample, int]:
    """Sampled events of each name, what their fields held, and how many days the sample spans."""
    from occasion.finding import sampling

    table, span_days = sampling.sample(study, rows)
    events: dict[int, int] = {}
    seen: Sample = {}
    for name, field_name, value, n in table:
        if field_name is None:
            events[name] = n
        elif value is not None:
            seen.setdefault(name, {}).setdefault(field_name, Seen()).values[value] = n
    return events, seen, span_days


def describe(budget: Budget) -> str:
    """The budget in a sentence, for the report.

    >>> describe(Budget())[:62]
    'Pairs within 1 day, 7 days, after 1 or 3 times; returns after '
    """
    pairs = ", ".join(map(period, budget.pair_days))
    times = " or ".join(map(str, budget.pair_times))
    silences = ", ".join(map(period, budget.return_days))
    return (
        f"Pairs within {pairs}, after {times} times; returns after {silences}; at most {budget.slices} slices, "
        f"{budget.distinct} distinct, {budget.pairs} pairs, {budget.returns} returns; "
        f"fields and values from a sample of {budget.sample_rows} events."
    )
