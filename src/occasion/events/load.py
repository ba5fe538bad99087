"""Loading: files planned first (formats, mapping), then read as tables of events; what is refused is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from occasion.errors import InputError
from occasion.events.chunks import LINE_LIMIT
from occasion.events.convert import convert, is_zone
from occasion.events.event import Event
from occasion.events.formats import Format, data_files, sniff
from occasion.events.mail import LanguageOf
from occasion.events.mail_files import ROLES, MailRules, look_at, mail_rows
from occasion.events.mail_ours import Ours
from occasion.events.mapping import MapSpec, Roles, guess_by_name, read_map
from occasion.events.raw import RawRows, Reject
from occasion.events.roles import settle
from occasion.events.rows import raw_rows
from occasion.events.table import table_events
from occasion.events.times import year_counts

Progress = Callable[[int, int], None]  # bytes read, bytes in all
OWN = ("counterpart", "direction", "channel", "actor", "body")  # what the language reads of the event itself


@dataclass(frozen=True)
class Loaded:
    """What one batch gave: a table of LOADED and the rows refused; `read` counts the rows of the files behind both."""

    table: Any
    rejects: list[Reject]
    read: int


@dataclass(frozen=True)
class FilePlan:
    path: Path
    form: Format
    roles: Roles


@dataclass
class Counts:
    """Rows of a load so far; `old` and `far` are events dated 1970 or earlier, and 2100 or later."""

    read: int = 0
    refused: int = 0
    old: int = 0
    far: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass
class LoadPlan:
    """Files with their formats and mappings, ready to be read once or more; iterating gives Events and Rejects."""

    files: list[FilePlan]
    zone: str
    both: bool
    line_limit: int
    skipped: list[str]
    mail: MailRules | None = None  # how the files of mail among them are read
    counts: Counts = field(default_factory=Counts)
    people: dict[str, str] = field(default_factory=dict)  # of mail that was read: by address the name they write under

    def size(self) -> int:
        """Bytes on disk."""
        return sum(plan.path.stat().st_size for plan in self.files)

    def mapping_text(self) -> str:
        """The mapping as `--map` takes it; where files differ, the one of the first."""
        first = self.files[0]
        return f"ours={self.mail.ours.text()}" if self.mail and first.form.mail else first.roles.text()

    def mapping_notes(self) -> list[str]:
        """What a person should know about how the columns were read, a line each."""
        tables = dict.fromkeys(_mapping_note(plan) for plan in self.files if not plan.form.mail)
        return [*([_mail_note(self.mail.ours)] if self.mail else []), *tables, *self.skipped]

    def remarks(self) -> list[str]:
        """After reading: what looks odd in the rows, a line each."""
        counts, notes = self.counts, list[str]()
        if counts.old:
            notes.append(f"{counts.old} events are dated 1970 or before: an empty time in the source often reads so")
        if counts.far:
            notes.append(f"{counts.far} events are dated 2100 or later: they wait for their time")
        for reason, count in counts.reasons.most_common(3):
            notes.append(f"refused {count}: {reason}")
        return notes

    def batches(self, progress: Progress | None = None) -> Iterator[Loaded]:
        """Read all files.

        Raises InputError when one of them is damaged: then none of what was given before may be kept.
        """
        self.counts = Counts()
        total, done = self.size(), 0
        for number, after in self._together():
            plan = self.files[number]
            for raw in self._raw(number, after):
                yield self._loaded(raw, plan, number)
                if progress:
                    progress(done + raw.position, total)
            done += sum(one.path.stat().st_size for one in self.files[number:after])

    def _together(self) -> Iterator[tuple[int, int]]:
        """The files that are read as one, each group as the number of its first and the one after its last."""
        number = 0
        while number < len(self.files):
            after = number + 1
            while self.files[number].form.kind == "letter" and after < len(self.files):
                if self.files[after].form.kind != "letter":
                    break
                after += 1
            yield number, after
            number = after

    def _raw(self, number: int, after: int) -> Iterator[RawRows]:
        plan = self.files[number]
        if self.mail and plan.form.mail:
            return mail_rows([(i, self.files[i].path, plan.form.kind) for i in range(number, after)], self.mail)
        return raw_rows(plan.path, plan.form, plan.roles.needed(), self.line_limit)

    def _loaded(self, raw: RawRows, plan: FilePlan, number: int) -> Loaded:
        counts, rejects = self.counts, list(raw.refused)
        first = counts.read
        table = None
        for address, name in raw.people.items():
            if name or address not in self.people:
                self.people[address] = name
        if len(raw.lines):
            table, refused = convert(raw, plan.roles, str(plan.path), self.zone, both=self.both)
            table = _numbered(table, first, number if raw.files is None else raw.files)
            rejects += refused
            old, far = year_counts(table.column("at_us"))
            counts.old, counts.far = counts.old + old, counts.far + far
        counts.read += len(raw.lines) + len(raw.refused)
        counts.refused += len(rejects)
        counts.reasons.update(f"{reject.field} {reject.reason}".strip() for reject in rejects)
        return Loaded(table, rejects, counts.read - first)

    def __iter__(self) -> Iterator[Event | Reject]:
        repeats: Counter[tuple[str, str | None]] = Counter()
        for loaded in self.batches():
            yield from loaded.rejects
            if loaded.table is None:
                continue
            table = loaded.table
            ids = [
                final_id(known, content, side, repeats)
                for known, content, side in zip(
                    *(table.column(c).to_pylist() for c in ("id", "content", "side")), strict=True
                )
            ]
            yield from table_events(
                table.set_column(table.schema.get_field_index("id"), "id", pa.array(ids, pa.string()))
            )


def final_id(known: str | None, content: str, side: str | None, repeats: Counter[tuple[str, str | None]]) -> str:
    """The id of an event: the one given or one derived from content and repeat, and the side of a row between two."""
    if known is None:
        repeat = repeats[content, side]
        repeats[content, side] += 1
        known = f"{content}-{repeat}" if repeat else content
    return f"{known}:{side}" if side else known


def _numbered(table: Any, first: int, number: Any) -> Any:
    """The table with the number of each row in the load, and of its file: one for all, or by row of the batch."""
    rows = table.column("row")
    row = pc.add(rows, first)
    file = (
        pa.repeat(pa.scalar(number, pa.int32()), len(rows)) if isinstance(number, int) else pa.array(number).take(rows)
    )
    place = table.schema.get_field_index
    return table.set_column(place("row"), "row", row).set_column(place("file"), "file", file)


def _mail_note(ours: Ours) -> str:
    guessed = f" (guessed from {ours.seen} messages; say --ours to name others)" if ours.seen else ""
    return f"mail: our own addresses are {ours.text()}{guessed}"


def _mapping_note(plan: FilePlan) -> str:
    roles = plan.roles
    note = f"mapping {roles.text()}"
    if roles.guessed:
        note += f" (guessed: {', '.join(roles.guessed)})"
    if roles.unused:
        note += f"; not taken: {', '.join(roles.unused)} (add {_more(roles)} to keep them)"
    elif own := _own(roles, [column.name for column in roles.properties.values()]):
        note += f"; kept as properties only, unless you add {own}"
    return note


def _own(roles: Roles, columns: Sequence[str]) -> str:
    """What `--map` needs for those columns that are fields of the event by their names."""
    found = guess_by_name(columns, [kind for kind in OWN if kind not in roles.fields])
    return ",".join(f"{kind}={column}" for kind, column in found.items())


def _more(roles: Roles) -> str:
    own = _own(roles, roles.unused)
    return f"{own},prop:*" if own else "prop:*"


def plan_load(
    paths: Sequence[str | Path],
    mapping: str | MapSpec | None = None,
    zone: str = "UTC",
    *,
    both: bool = False,
    header: bool | None = None,
    encoding: str | None = None,
    line_limit: int = LINE_LIMIT,
    ours: Ours | None = None,
    language: LanguageOf | None = None,
) -> LoadPlan:
    """Look at every file and settle what its columns are; nothing is read in full yet.

    `zone`: of times that state none. `both`: each row is an event for its party (out) and its counterpart (in).
    Of mail, `ours` are our own addresses (guessed if None), and `language` tells the language of a text.
    Raises InputError for whatever cannot be used, before anything was taken.
    """
    if not is_zone(zone):
        raise InputError(f"--tz {zone!r} is no time zone: for example UTC, Europe/Warsaw, America/New_York")
    spec = mapping if isinstance(mapping, MapSpec) else read_map(mapping or "")
    named = {Path(name) for name in paths}
    plans, skipped = [], []
    for path in data_files(paths):
        if path not in named and path.stat().st_size == 0:
            skipped.append(f"{path}: is empty; skipped")
            continue
        form = sniff(path, header, encoding)
        if form.mail and (mapping or both):
            raise InputError(f"{path}: is mail, which has no columns: load it without --map and --both")
        plans.append(FilePlan(path, form, ROLES if form.mail else settle(spec, form, str(path), both=both)))
    if not plans:
        raise InputError(f"{paths[0]}: holds nothing but empty files")
    letters = [(plan.path, plan.form.kind) for plan in plans if plan.form.mail]
    rules = MailRules(ours or look_at(letters, str(letters[0][0])), language) if letters else None
    return LoadPlan(plans, zone, both, line_limit, skipped, rules)
