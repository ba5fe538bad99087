"""The catalogue: the moments in writing (`moments.yaml`), with stages and the scheduled process.

    stages:  a list of {name, enter}
    process: a list of {name, event, due, purpose}
    moments: name → {when, who, owner, purpose, stage, expect, make, mark}

What cannot be used is a finding with its line and column and leaves the rest usable; only a file that is no catalogue
at all is an InputError. A moment without an owner is not among `moments` but among `refused`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from occasion.errors import InputError, TextError
from occasion.moments.definition import Definition, Did, Node, Period, Selection, Stage, Start
from occasion.moments.lower import unknown
from occasion.moments.placed import Place, Value, read_yaml
from occasion.moments.text import read, read_after, read_pattern
from occasion.moments.words import shorten

Who = Literal["customer", "partner", "colleague"]
WHO: tuple[Who, ...] = ("customer", "partner", "colleague")
SECTIONS = ("stages", "process", "moments")
STAGE_KEYS = ("name", "enter")
STEP_KEYS = ("name", "event", "due", "purpose")
MOMENT_KEYS = ("when", "who", "owner", "purpose", "stage", "expect", "make", "mark")
Mark = Literal["", "pit", "peak"]  # a pit goes before everything else of its party; "" says nothing
MARKS: tuple[Mark, ...] = ("pit", "peak")
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """Something to know about the catalogue: an error (refused), a warning, or a note; at a place in the file."""

    place: Place
    severity: Severity
    code: str
    about: str
    message: str


@dataclass(frozen=True)
class After:
    """So long after an anchor: when a moment is expected, when a step is due."""

    length: Period
    anchor: Node
    written: Value


@dataclass(frozen=True)
class StageEntry:
    """A stage as written."""

    stage: Stage
    key: Place
    written: Value


@dataclass(frozen=True)
class Step:
    """A step of the process: a scheduled interaction that everyone expects."""

    name: str
    event: Selection
    due: After | None
    purpose: str
    key: Place
    written: Value


@dataclass(frozen=True)
class Moment:
    """A moment as written: what to look for (`definition`), for whom, whose it is, what for, and what could be made."""

    name: str
    definition: Definition
    who: Who
    owner: str
    purpose: str
    stage: str
    expect: After | None
    make: tuple[str, ...]
    key: Place
    written: Value
    stage_place: Place
    mark: Mark = ""
    owner_place: Place | None = None


@dataclass(frozen=True)
class Catalogue:
    """What a catalogue file says, and what was found wrong while reading it."""

    file: str
    stages: tuple[StageEntry, ...] = ()
    process: tuple[Step, ...] = ()
    moments: tuple[Moment, ...] = ()
    refused: tuple[Moment, ...] = ()
    findings: tuple[Finding, ...] = ()

    def errors(self) -> list[str]:
        """What was refused, one line each, with file, line and column."""
        return [f"{self.file}:{f.place}: {f.about}: {f.message}" for f in self.findings if f.severity == "error"]


def read_catalogue(path: Path) -> Catalogue:
    """The catalogue in a file; InputError if it is missing, not UTF-8, not YAML or no mapping of sections."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such catalogue; name one with --catalogue, or run `occasion init`") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8; save the catalogue as UTF-8 text") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); name a catalogue file") from None
    return parse_catalogue(text, str(path))


def parse_catalogue(text: str, file: str = "moments.yaml") -> Catalogue:
    """The catalogue in a text; `file` is what its messages call it."""
    document = read_yaml(text, file)
    if document is None or document.kind == "nothing":
        raise InputError(f"{file}: is empty; a catalogue has the sections {', '.join(SECTIONS)}")
    if document.kind != "mapping":
        wanted = f"a catalogue has the sections {', '.join(SECTIONS)}"
        raise InputError(f"{file}:{document.place}: is a {document.kind}; {wanted}")
    return _Reader().catalogue(document, file)


@dataclass
class _Reader:
    """Reads the sections, collecting what is wrong."""

    findings: list[Finding] = field(default_factory=list)
    stages: list[StageEntry] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)  # names of stages whose `enter` cannot be read

    def catalogue(self, document: Value, file: str) -> Catalogue:
        sections = self.mapping(document, SECTIONS, "the catalogue")
        for value in self.listed(sections.get("stages"), "stages"):
            self.stage(value)
        steps = [self.step(value) for value in self.listed(sections.get("process"), "process")]
        moments = [self.moment(key, value) for key, value in self.named(sections.get("moments"))]
        found = [moment for moment in moments if moment is not None]
        return Catalogue(
            file,
            tuple(self.stages),
            tuple(step for step in steps if step is not None),
            tuple(moment for moment in found if moment.owner),
            tuple(moment for moment in found if not moment.owner),
            tuple(sorted(self.findings, key=lambda finding: finding.place)),
        )

    def say(self, place: Place, severity: Severity, code: str, about: str, message: str) -> None:
        self.findings.append(Finding(place, severity, code, about, message))

    # the three sections

    def stage(self, value: Value) -> None:
        given = self.mapping(value, STAGE_KEYS, "a stage")
        name = self.text(given, "name", "a stage")
        about = f'stage "{shorten(name)}"'
        if not name:
            return self.say(value.place, "error", "missing", "a stage", "has no `name`")
        if any(entry.stage.name == name for entry in self.stages):
            return self.say(given["name"].place, "error", "duplicate", about, "is named twice; give it another name")
        if not self.text(given, "enter", about):
            self.unreadable.append(name)
            return self.say(value.place, "error", "missing", about, "has no `enter`: write the pattern that begins it")
        node = self.pattern(given["enter"], about)
        if node is None:
            self.unreadable.append(name)
        else:
            self.stages.append(StageEntry(Stage(name, node), given["name"].place, given["enter"]))
        return None

    def step(self, value: Value) -> Step | None:
        given = self.mapping(value, STEP_KEYS, "a process step")
        name = self.text(given, "name", "a process step")
        about = f'process step "{shorten(name)}"'
        if not name or not self.text(given, "event", about):
            missing = "event" if name else "name"
            self.say(value.place, "error", "missing", about if name else "a process step", f"has no `{missing}`")
            return None
        purpose = self.text(given, "purpose", about)
        if not purpose:
            self.say(value.place, "warning", "purpose", about, "has no purpose: write what it is for")
        due = self.after(given, "due", about)
        node = self.pattern(given["event"], about)
        if node is not None and not isinstance(node, Did):
            self.say(given["event"].place, "error", "event", about, "`event` is one event with or without a `where`")
        if not isinstance(node, Did):
            return None
        return Step(name, node.selection, due, purpose, value.place, given["event"])

    def moment(self, key: Value, value: Value) -> Moment | None:
        about = f'moment "{shorten(key.text)}"'
        if value.kind != "mapping":
            self.say(key.place, "error", "kind", about, "needs `when` and `owner`, each on a line of its own")
            return None
        given = self.mapping(value, MOMENT_KEYS, about)
        owner, purpose = self.text(given, "owner", about), self.text(given, "purpose", about)
        if not owner:
            self.say(
                key.place, "error", "owner", about, "has no owner and is refused: say with `owner:` who sees to it"
            )
        if not purpose:
            self.say(key.place, "warning", "purpose", about, "has no purpose: write what it is for")
        who, stage = self.who(given, about), self.label(given, about)
        expect = self.after(given, "expect", about)
        if not self.text(given, "when", about):
            self.say(key.place, "error", "missing", about, "has no `when`: write the pattern to look for")
            return None
        definition = self.definition(given["when"], about)
        if definition is None:
            return None
        return Moment(
            key.text.strip(),
            definition,
            who,
            owner,
            purpose,
            stage,
            expect,
            self.texts(given, "make", about),
            key.place,
            given["when"],
            given.get("stage", key).place,
            self.mark(given, about),
            given.get("owner", key).place,
        )

    # values

    def who(self, given: dict[str, Value], about: str) -> Who:
        who = self.text(given, "who", about) or "customer"
        if who not in WHO:
            self.say(given["who"].place, "error", "who", about, unknown("who", who, WHO))
            return "customer"
        return who

    def mark(self, given: dict[str, Value], about: str) -> Mark:
        mark = self.text(given, "mark", about)
        if mark and mark not in MARKS:
            self.say(given["mark"].place, "error", "mark", about, unknown("mark", mark, MARKS))
        return next((known for known in MARKS if known == mark), "")

    def label(self, given: dict[str, Value], about: str) -> str:
        stage = self.text(given, "stage", about)
        names = [*(entry.stage.name for entry in self.stages), *self.unreadable]
        if stage and stage not in names:
            message = unknown("stage", stage, names, "the catalogue names no stages")
            self.say(given["stage"].place, "error", "stage", about, message)
            return ""
        return stage

    def definition(self, written: Value, about: str) -> Definition | None:
        missing = [Stage(name, Start()) for name in self.unreadable]
        try:
            definition = read(written.text, [*(entry.stage for entry in self.stages), *missing])
        except TextError as error:
            self.wrong(written, error, about)
            return None
        if definition.stages and missing:
            message = f'has a `while`, which needs every stage, and stage "{missing[0].name}" cannot be read'
            self.say(written.place, "error", "stage", about, message)
            return None
        return definition

    def pattern(self, written: Value, about: str) -> Node | None:
        try:
            return read_pattern(written.text)
        except TextError as error:
            self.wrong(written, error, about)
            return None

    def after(self, given: dict[str, Value], key: str, about: str) -> After | None:
        if not self.text(given, key, about):
            return None
        try:
            return After(*read_after(given[key].text), given[key])
        except TextError as error:
            self.wrong(given[key], error, f"{about}, `{key}`")
            return None

    def wrong(self, written: Value, error: TextError, about: str) -> None:
        cut = ' (YAML ends a text at " #": put the whole line in single quotes)' if written.cut_by_comment else ""
        self.say(written.inside(error.line, error.column), "error", "text", about, error.message + cut)

    def text(self, given: dict[str, Value], key: str, about: str) -> str:
        """The text under a key; "" where there is none."""
        value = given.get(key)
        if value is None or value.kind == "nothing":
            return ""
        if value.kind != "text":
            self.say(value.place, "error", "kind", about, f"`{key}` is a {value.kind}, it must be a text")
            return ""
        return value.text.strip() if key not in ("when", "enter", "event", "expect", "due") else value.text

    def texts(self, given: dict[str, Value], key: str, about: str) -> tuple[str, ...]:
        """The texts under a key; one text is a list of one."""
        value = given.get(key)
        if value is None or value.kind != "list":
            text = self.text(given, key, about)
            return (text,) if text else ()
        return tuple(text for item in value.items() if (text := self.text({key: item}, key, about)))

    def mapping(self, value: Value, allowed: Sequence[str], about: str) -> dict[str, Value]:
        """The values by key; unknown and repeated keys are findings."""
        if value.kind != "mapping":
            self.say(value.place, "error", "kind", about, f"is a {value.kind}, it needs {', '.join(allowed)}")
            return {}
        found: dict[str, Value] = {}
        for key, item in value.pairs():
            name = key.text if key.kind == "text" else f"a {key.kind}"
            if name not in allowed:
                self.say(key.place, "warning", "key", about, unknown("key", name, allowed))
            elif name in found:
                self.say(key.place, "error", "duplicate", about, f"`{name}` is written twice; the first counts")
            else:
                found[name] = item
        return found

    def listed(self, value: Value | None, section: str) -> list[Value]:
        if value is None or value.kind in ("list", "nothing"):
            return list(value.items()) if value else []
        self.say(value.place, "error", "kind", f"`{section}`", f"is a {value.kind}, it must be a list (lines with -)")
        return []

    def named(self, value: Value | None) -> list[tuple[Value, Value]]:
        """The moments by name; a name used twice is a finding, and its first use counts."""
        if value is None or value.kind == "nothing":
            return []
        if value.kind != "mapping":
            self.say(value.place, "error", "kind", "`moments`", f"is a {value.kind}, it must be names with their lines")
            return []
        seen: dict[str, Place] = {}
        found = []
        for key, item in value.pairs():
            name = key.text.strip() if key.kind == "text" else ""
            about = f'moment "{shorten(name)}"'
            if not name:
                self.say(key.place, "error", "missing", "a moment", "has no name")
            elif name in seen:
                message = f"is named twice (first on line {seen[name].line}); the first counts, rename this one"
                self.say(key.place, "error", "duplicate", about, message)
            else:
                seen[name] = key.place
                found.append((key, item))
        return found
