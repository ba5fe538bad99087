"""The linter's answer to a moment as it is being edited: each finding at its field, and at its place in the field."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from occasion.desk.catalogue_file import FIELDS, edited
from occasion.desk.owners import House, fallback
from occasion.desk.pages import MomentForm
from occasion.desk.parts import FindingLine
from occasion.errors import InputError
from occasion.moments.catalogue import Catalogue, Finding, Moment, parse_catalogue
from occasion.moments.check import Seen, check, keeps
from occasion.moments.placed import Place, Value, read_yaml
from occasion.moments.words import shorten


@dataclass(frozen=True)
class Answer:
    """What is to be said of a form. `moment`: as it would be in the catalogue; None where it cannot be read."""

    findings: tuple[FindingLine, ...]
    valid: bool
    keeps: str = ""
    moment: Moment | None = None
    text: str = ""  # of the file with it


def lint(text: str, name: str | None, form: MomentForm, seen: Seen | None = None) -> Answer:
    """The answer to a form that would change the moment `name` (None: add one) in the catalogue's text."""
    try:
        new = edited(text, name, form)
        catalogue = parse_catalogue(new)
    except InputError as error:
        field = "name" if "name" in str(error) else ""
        return Answer((FindingLine("error", "file", "the moment", str(error), 1, 1, field),), False)
    about = moment_about(form.name.strip())
    found = [one for one in check(catalogue, seen) if one.about.split(", `")[0] == about]
    places = dict(_places(new, form.name.strip()))
    lines = tuple(_line(one, places) for one in found)
    moment = next((one for one in catalogue.moments if one.name == form.name.strip()), None)
    valid = moment is not None and not any(one.severity == "error" for one in found)
    return Answer(lines, valid, keeps(moment.definition) if moment else "", moment, new)


def moment_about(name: str) -> str:
    """What the linter calls a moment."""
    return f'moment "{shorten(name)}"'


def step_about(name: str) -> str:
    """What the linter calls a step of the process."""
    return f'process step "{shorten(name)}"'


def finding_lines(found: Iterable[Finding]) -> tuple[FindingLine, ...]:
    """Findings with their places in the file."""
    return tuple(
        FindingLine(one.severity, one.code, one.about, one.message, one.place.line, one.place.column) for one in found
    )


def by_about(catalogue: Catalogue, seen: Seen | None) -> dict[str, list[Finding]]:
    """Everything there is to know about a catalogue, by what it is about."""
    found: dict[str, list[Finding]] = {}
    for one in check(catalogue, seen):
        found.setdefault(one.about.split(", `")[0], []).append(one)
    return found


def nobody_behind(catalogue: Catalogue, house: House) -> list[Finding]:
    """The moments whose owner is neither a colleague who is here nor a team with somebody in it."""
    names = sorted({*house.here, *house.teams})
    found = []
    for moment in catalogue.moments:
        if not house.known(moment.owner):
            named = fallback(moment.owner)
            near = get_close_matches(named, names, n=1)
            hint = (
                f"did you mean {near[0]}?"
                if near
                else f"add one: occasion colleague add {shlex.quote(named)}, or --team"
            )
            message = f"its owner {named!r} is no colleague who is here and no team with people: {hint}"
            found.append(
                Finding(moment.owner_place or moment.key, "warning", "owner", moment_about(moment.name), message)
            )
    return found


def _line(one: Finding, places: dict[Place, tuple[str, int, int]]) -> FindingLine:
    field, line, column = places.get(one.place, ("", one.place.line, one.place.column))
    if not field and one.code in FIELDS:
        field, line, column = one.code, 1, 1
    return FindingLine(one.severity, one.code, one.about, one.message, line, column, field)


def _places(text: str, name: str) -> Iterator[tuple[Place, tuple[str, int, int]]]:
    """For every place in the file that lies in a field of the moment: which field, line and column in its text."""
    for key, value in _fields(text, name):
        yield key.place, (key.text, 1, 1)
        if value.kind != "text":
            yield value.place, (key.text, 1, 1)
            continue
        lines = value.text.split("\n")
        for i, line in enumerate(lines, start=1):
            for j in range(1, len(line) + 2):
                yield value.inside(i, j), (key.text, i, j)
        yield value.place, (key.text, 1, 1)


def _fields(text: str, name: str) -> Iterator[tuple[Value, Value]]:
    document = read_yaml(text, "moments.yaml")
    if document is None or document.kind != "mapping":
        return
    for section, moments in document.pairs():
        if section.text == "moments" and moments.kind == "mapping":
            for key, entry in moments.pairs():
                if key.text.strip() == name and entry.kind == "mapping":
                    yield from entry.pairs()
                    return
