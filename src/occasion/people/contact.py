"""A person as an address book or a table has them, before we know which party that is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from occasion.people.details import DetailKind
from occasion.people.parties import Kind


@dataclass(frozen=True)
class Refused:
    """What was not taken: a whole contact, or one field of it (the rest was taken). `line` counts from 1."""

    line: int
    field: str
    value: str
    reason: str
    whole: bool = True

    def __str__(self) -> str:
        shown = f" {self.value[:60]!r}" if self.value else ""
        return f"line {self.line}: {self.field}{shown} {self.reason}" + ("" if self.whole else "; the rest was taken")


@dataclass
class Contact:
    """One contact; `line` is where it begins. Of several values the preferred comes first. Dates are partial ones."""

    line: int
    party: str = ""  # our own identity of them, as the file states it
    uid: str = ""  # the identity they have in the address book the file is from
    kind: Kind | None = None
    name: str = ""
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    birthday: str | None = None
    deceased: str | None = None
    zone: str = ""
    locale: str = ""
    channel: str = ""
    owner: str = ""
    traits: dict[str, str] = field(default_factory=dict)  # company, title, ...
    details: list[tuple[DetailKind, str, str | None]] = field(default_factory=list)  # kind, text, date


@dataclass
class Reading:
    """What a file holds: contacts, what was refused, and how often which field was left out."""

    contacts: list[Contact] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)  # how it was read
