"""The catalogue's linter: what is wrong, what is odd, and what each definition keeps, with line and column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from occasion.moments.alike import sense
from occasion.moments.catalogue import After, Catalogue, Finding, Moment
from occasion.moments.definition import (
    FIXED_US,
    Both,
    Compare,
    Condition,
    Definition,
    Did,
    Either,
    Every,
    Measure,
    Node,
    Not,
    OneOf,
    Per,
    Reach,
    Rolling,
    Selection,
    While,
    walk,
)
from occasion.moments.definition import Fewer as FewerNode
from occasion.moments.keeps import state_of
from occasion.moments.never import idle, impossible, never
from occasion.moments.placed import Place, Value
from occasion.moments.text import mentions
from occasion.moments.words import event_text, field_text, length_text, selected_text, shorten

OFTEN = FIXED_US["hour"]  # a date that returns more often than this is hardly a moment


@dataclass(frozen=True)
class Seen:
    """What a log holds: how often each event's name came; which fields events of a name ever had (None: not known)."""

    names: Mapping[str, int]
    fields: Mapping[str, frozenset[str]] | None = None


@dataclass(frozen=True)
class Written:
    """A piece of the catalogue that is in the language."""

    about: str
    value: Value
    node: Node
    expected: bool = False  # of the form `W after anchor`


def check(
    catalogue: Catalogue, seen: Seen | None = None, reached: Callable[[Moment], int] | None = None
) -> list[Finding]:
    """Everything to know about a catalogue, by place in the file; notes are not counted as something wrong.

    `seen`: what the log holds; without it no event or field is called unknown. `reached`: how often a moment occurred;
    without it none is said never to have. A moment that cannot occur or names an unknown event is not asked for.
    """
    found = list(catalogue.findings)
    pieces = list(_pieces(catalogue))
    if seen is not None:
        for piece in pieces:
            found += _unknown_events(piece, seen.names)
            found += _unseen_fields(piece, seen)
    for moment in _moments(catalogue):
        found += _odd(moment)
    for entry in catalogue.stages:
        if (why := impossible(entry.stage.enter)) is not None:
            found.append(
                Finding(entry.written.place, "warning", "never", _stage(entry.stage.name), f"is never entered: {why}")
            )
    found += _alike(_moments(catalogue))
    found += _stages_without(catalogue)
    if reached is not None:
        found += _never_came(catalogue, found, reached)
    found += [_keeps(moment) for moment in _moments(catalogue)]
    return sorted(found, key=lambda finding: finding.place)


def wrong(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that are no notes."""
    return [finding for finding in findings if finding.severity != "note"]


def _moments(catalogue: Catalogue) -> list[Moment]:
    return sorted([*catalogue.moments, *catalogue.refused], key=lambda moment: moment.key)


def _moment(moment: Moment) -> str:
    return f'moment "{shorten(moment.name)}"'


def _stage(name: str) -> str:
    return f'stage "{shorten(name)}"'


def _pieces(catalogue: Catalogue) -> Iterator[Written]:
    for entry in catalogue.stages:
        yield Written(_stage(entry.stage.name), entry.written, entry.stage.enter)
    for step in catalogue.process:
        about = f'process step "{shorten(step.name)}"'
        yield Written(about, step.written, Did(step.event))
        yield from _expected(about, step.due)
    for moment in _moments(catalogue):
        yield Written(_moment(moment), moment.written, moment.definition.node)
        yield from _expected(_moment(moment), moment.expect)


def _expected(about: str, after: After | None) -> Iterator[Written]:
    if after is not None:
        yield Written(about, after.written, after.anchor, expected=True)


# events and fields that the log does not know


def _unknown_events(piece: Written, names: Mapping[str, int]) -> Iterator[Finding]:
    for mention in mentions(piece.value.text, "expected" if piece.expected else "moment"):
        if mention.what != "event" or mention.name in names:
            continue
        near = get_close_matches(mention.name, list(names), n=1)
        if near:
            hint = f"did you mean {event_text(near[0])}?"
        else:
            common = sorted(names, key=lambda name: (-names[name], name))[:8]
            hint = f"the log has {', '.join(map(event_text, common))}" if common else "the log has no events yet"
        message = f"no event {event_text(mention.name)} ever came: {hint}"
        yield Finding(piece.value.inside(mention.line, mention.column), "warning", "event", piece.about, message)


def _unseen_fields(piece: Written, seen: Seen) -> Iterator[Finding]:
    if seen.fields is None:
        return
    places: dict[str, Place] = {}
    for mention in mentions(piece.value.text, "expected" if piece.expected else "moment"):
        if mention.what == "field":
            # `per` stands last, and what it says of a selection is said at its own place
            key = f"per {mention.name}" if places.get(mention.name) and isinstance(piece.node, Per) else mention.name
            places[key] = piece.value.inside(mention.line, mention.column)
    per = piece.node.field if isinstance(piece.node, Per) else None
    for selection, field in dict.fromkeys(_used(piece.node)):
        known = _fields_of(selection, seen)
        if known is None or field in known:
            continue
        near = get_close_matches(field, sorted(known), n=1)
        hint = f": did you mean {field_text(near[0])}?" if near else ""
        name, place = selected_text(selection), places.get(field, piece.value.place)
        yield Finding(place, "warning", "field", piece.about, f"{name} never has the field {field_text(field)}{hint}")
    if per is not None:
        yield from _without_per(piece, per, seen, places.get(f"per {per}") or places.get(per, piece.value.place))


def _without_per(piece: Written, per: str, seen: Seen, place: Place) -> Iterator[Finding]:
    for selection in dict.fromkeys(_chosen(piece.node)):
        known = _fields_of(selection, seen)
        if known is None or per in known:
            continue
        near = get_close_matches(per, sorted(known), n=1)
        name = selected_text(selection)
        hint = f": did you mean {field_text(near[0])}?" if near else ": without it the event belongs to no value"
        yield Finding(place, "warning", "per", piece.about, f"{name} never has the `per` field {field_text(per)}{hint}")


def _fields_of(selection: Selection, seen: Seen) -> frozenset[str] | None:
    """The fields that events of a selection ever had; None where none of them came."""
    fields = seen.fields or {}
    if selection.of == "event":
        return fields.get(selection.name)
    return frozenset().union(*fields.values()) if fields else None


def _chosen(node: Node) -> Iterator[Selection]:
    return (part.selection for part in walk(node) if isinstance(part, Did))


def _used(node: Node) -> Iterator[tuple[Selection, str]]:
    """Every selection with every field that its condition or its measure looks at."""
    for part in walk(node):
        if isinstance(part, Did):
            for field in _compared(part.selection.where):
                yield part.selection, field
        if isinstance(part, Reach | FewerNode | Rolling):
            yield from _measured(part.measure)


def _measured(measure: Measure) -> Iterator[tuple[Selection, str]]:
    if measure.kind != "count" and isinstance(measure.source, Did):
        yield measure.source.selection, measure.field


def _compared(condition: Condition | None) -> Iterator[str]:
    match condition:
        case Compare(field) | OneOf(field):
            yield field
        case Not(part):
            yield from _compared(part)
        case Both(left, right) | Either(left, right):
            yield from _compared(left)
            yield from _compared(right)


# what the definitions themselves tell


def _odd(moment: Moment) -> Iterator[Finding]:
    def finding(code: str, message: str) -> Finding:
        return Finding(moment.written.place, "warning", code, _moment(moment), message)

    why = never(moment.definition)
    if why is not None:
        yield finding("never", f"can never hold: {why}")
        return
    for message in idle(moment.definition):
        yield finding("idle", message)
    for part in walk(moment.definition.node):
        if isinstance(part, Every) and not part.period.civil and part.period.us < OFTEN:
            each = length_text(part.period)
            yield finding("often", f"comes every {each} for every party, for ever: use an hour or longer")


def _alike(moments: list[Moment]) -> Iterator[Finding]:
    first: dict[tuple[str, str], Moment] = {}
    for moment in moments:
        other = first.setdefault((sense(moment.definition), moment.who), moment)
        if other is not moment:
            message = f"means the same as {_moment(other)} on line {other.written.place.line}: keep one of them"
            yield Finding(moment.written.place, "warning", "same", _moment(moment), message)


def _stages_without(catalogue: Catalogue) -> Iterator[Finding]:
    used = {moment.stage for moment in _moments(catalogue)}
    for moment in _moments(catalogue):
        used |= {part.stage for part in walk(moment.definition.node) if isinstance(part, While)}
    for entry in catalogue.stages:
        if entry.stage.name not in used:
            message = "has no moment: give one the line `stage:` with this name, or write `while stage = ...`"
            yield Finding(entry.key, "warning", "stage", _stage(entry.stage.name), message)


def _never_came(catalogue: Catalogue, found: list[Finding], reached: Callable[[Moment], int]) -> Iterator[Finding]:
    explained = {finding.about for finding in found if finding.code in ("never", "event", "field", "per")}
    for moment in _moments(catalogue):
        if _moment(moment) not in explained and reached(moment) == 0:
            message = "never occurred in this log: look at its numbers, or at how the events are called"
            yield Finding(moment.written.place, "warning", "none", _moment(moment), message)


def _keeps(moment: Moment) -> Finding:
    return Finding(moment.written.place, "note", "state", _moment(moment), keeps(moment.definition))


def keeps(definition: Definition) -> str:
    """The sentence on what a definition keeps for each party, and that it is not bounded where it is not."""
    state = state_of(definition)
    return (
        state.sentence if state.bounded else f"{state.sentence}; not bounded by the number of parties: {state.why_not}"
    )
