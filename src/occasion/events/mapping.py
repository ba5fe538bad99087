"""Which column of a file is what of an event: read from `--map`, or guessed from names and a sample."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from occasion.errors import InputError

Unit = Literal["iso", "ymd", "s", "ms", "us", "ns"]

FIELDS = (
    "party",
    "name",
    "at",
    "id",
    "seen",
    "counterpart",
    "direction",
    "channel",
    "actor",
    "mass",
    "zone",
    "body",
)
REQUIRED = ("party", "name", "at")
UNITS: tuple[Unit, ...] = ("iso", "ymd", "s", "ms", "us", "ns")

# Names that columns of each kind usually carry, the likeliest first.
USUAL: Mapping[str, tuple[str, ...]] = {
    "party": (
        "party", "party_id", "user_id", "userid", "customer_id", "customerid", "client_id", "person_id", "member_id",
        "contact_id", "account_id", "user", "customer", "client", "person", "member", "distinct_id", "anonymousid",
        "visitor_id", "uid", "cust_id", "sender_id", "sender", "source", "from", "src",
    ),
    "name": ("name", "event", "event_name", "eventname", "event_type", "eventtype", "action", "activity", "type"),
    "at": (
        "at", "timestamp", "event_time", "event_timestamp", "eventtime", "time", "datetime", "date", "ts", "at_us",
        "occurred_at", "happened_at", "created_at", "sent_at", "event_date", "unixtime", "when",
    ),
    "id": ("id", "event_id", "eventid", "message_id", "messageid", "uuid", "insert_id"),
    "seen": ("seen", "seen_at", "seen_us", "received_at", "receivedat", "ingested_at"),
    "counterpart": ("counterpart", "target", "recipient_id", "recipient", "receiver", "to", "dst"),
    "direction": ("direction",),
    "channel": ("channel",),
    "actor": ("actor", "colleague", "agent", "staff", "employee"),
    "mass": ("mass",),
    "zone": ("zone", "timezone", "time_zone", "tz"),
    "body": ("body", "text", "message_text"),
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of the file by its name; `text` keeps a property's cells as they are written."""

    name: str
    text: bool = False
    unit: Unit | None = None


@dataclass(frozen=True)
class Constant:
    """The same text in every row, where the file has no column for it."""

    value: str


@dataclass(frozen=True)
class MapSpec:
    """What `--map` says: fields and properties, in the words of the person; `rest` takes all other columns too."""

    fields: Mapping[str, Column | Constant] = field(default_factory=dict)
    properties: Mapping[str, Column] = field(default_factory=dict)
    rest: bool = False


@dataclass(frozen=True)
class Roles:
    """A mapping settled for the columns of one file; `guessed` are the fields nobody named, `unused` the columns left.

    `rest`: every column that is no field is a property, also one that the sample does not show.
    Every `Column` here is the real name of a column; `at` and `seen` have their unit.
    """

    fields: Mapping[str, Column | Constant]
    properties: Mapping[str, Column]
    guessed: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    rest: bool = False

    def needed(self) -> list[str] | None:
        """The columns that must be read; None for all of them."""
        if self.rest:
            return None
        used = (*self.fields.values(), *self.properties.values())
        return list(dict.fromkeys(ref.name for ref in used if isinstance(ref, Column)))

    def text(self) -> str:
        """The mapping as it could be given to `--map`."""
        parts = [_item(kind, self.fields[kind]) for kind in FIELDS if kind in self.fields]
        parts += [_item(f"prop:{name}", column) for name, column in self.properties.items()]
        return ",".join(parts)


def _item(key: str, ref: Column | Constant) -> str:
    if isinstance(ref, Constant):
        return f"{key}='{ref.value}'"
    unit = f":{ref.unit}" if ref.unit and ref.unit != "iso" else ""
    return f"{key}{unit}=text({ref.name})" if ref.text else f"{key}{unit}={ref.name}"


# key, key:word, prop:anything or prop:*, then a quoted constant, text(column) or a column up to the next comma
ITEM = re.compile(
    r"""\s*(?:(?P<rest>prop:\*)|(?P<key>prop:[^=,]+|[a-z_]+)(?::(?P<unit>[a-z]+))?\s*=\s*
        (?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|text\((?P<text>[^)]*)\)|(?P<column>[^,]*)))\s*(?:,|$)""",
    re.VERBOSE,
)


def read_map(text: str) -> MapSpec:
    """What `--map` says.

    Raises InputError on an unknown key or unit, a key given twice, a property given a constant, or text that is no list
    of key=column.

    >>> spec = read_map("party=from,at:ms=sent,name='message',prop:code=text(code)")
    >>> spec.fields["name"], spec.fields["at"], spec.properties["code"].text
    (Constant(value='message'), Column(name='sent', text=False, unit='ms'), True)
    """
    fields: dict[str, Column | Constant] = {}
    properties: dict[str, Column] = {}
    rest, place = False, 0
    while place < len(text):
        item = ITEM.match(text, place)
        if item is None or item.end() == place:
            raise InputError(
                f"--map {text[place:][:40]!r} cannot be read: write key=column, key='constant' or prop:x=column, "
                "separated by commas"
            )
        place = item.end()
        if item["rest"]:
            rest = True
            continue
        key, ref = item["key"].strip(), _reference(item)
        if key in fields or key in {f"prop:{name}" for name in properties}:
            raise InputError(f"--map names {key!r} twice: leave one")
        if key.startswith("prop:"):
            if isinstance(ref, Constant):
                raise InputError(f"--map {key}={ref.value!r} is a constant: a property needs a column")
            properties[key.removeprefix("prop:")] = ref
        else:
            _check_key(key, ref)
            fields[key] = ref
    return MapSpec(fields, properties, rest)


def _reference(item: re.Match[str]) -> Column | Constant:
    unit = item["unit"]
    if unit is not None and unit not in UNITS:
        raise InputError(f"--map {item['key']}:{unit} is no unit of time: it is one of {', '.join(UNITS)}")
    if item["single"] is not None or item["double"] is not None:
        return Constant(item["single"] if item["single"] is not None else item["double"])
    if item["text"] is not None:
        return Column(item["text"].strip(), text=True)
    column = item["column"].strip()
    if not column:
        raise InputError(f"--map {item['key']}= names no column: write {item['key']}=COLUMN or {item['key']}='text'")
    return Column(column, unit=unit)


def _check_key(key: str, ref: Column | Constant) -> None:
    if key not in FIELDS:
        near = difflib.get_close_matches(key, FIELDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"a property is written prop:{key}=..."
        raise InputError(f"--map {key}: unknown; it is one of {', '.join(FIELDS)} or prop:NAME; {hint}")
    if isinstance(ref, Column) and ref.unit and key not in ("at", "seen"):
        raise InputError(f"--map {key}:{ref.unit}: only at and seen take a unit of time")
    if isinstance(ref, Constant) and key in ("party", "at", "id"):
        raise InputError(f"--map {key}={ref.value!r} is a constant: {key} needs a column")
    if isinstance(ref, Constant) and key == "direction" and ref.value not in ("in", "out"):
        raise InputError(f"--map direction={ref.value!r}: it is 'in' or 'out'")


def place_columns(spec: MapSpec, columns: Sequence[str], where: str) -> Roles:
    """The spec with names of the file's own columns (a number counts columns from 1); nothing is guessed here.

    Raises InputError for a column the file does not have, with the nearest name.
    """
    fields = {key: _place(ref, columns, where) for key, ref in spec.fields.items()}
    properties = {name: _place_column(ref, columns, where) for name, ref in spec.properties.items()}
    return Roles(fields, properties)


def _place(ref: Column | Constant, columns: Sequence[str], where: str) -> Column | Constant:
    return ref if isinstance(ref, Constant) else _place_column(ref, columns, where)


def _place_column(ref: Column, columns: Sequence[str], where: str) -> Column:
    if ref.name in columns:
        return ref
    if ref.name.isdigit() and 1 <= int(ref.name) <= len(columns):
        return Column(columns[int(ref.name) - 1], ref.text, ref.unit)
    folded = {plain(column): column for column in columns}
    near = difflib.get_close_matches(plain(ref.name), folded, n=1, cutoff=0.5)
    hint = f"did you mean {folded[near[0]]!r}? " if near else ""
    raise InputError(f"{where}: has no column {ref.name!r}; {hint}it has {_listed(columns)}")


def _listed(columns: Sequence[str], most: int = 20) -> str:
    return ", ".join(columns[:most]) + (f" and {len(columns) - most} more" if len(columns) > most else "")


def plain(name: str) -> str:
    """A column's name as it is compared with the usual ones: small letters, words joined by underscores."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def guess_by_name(columns: Iterable[str], kinds: Sequence[str]) -> dict[str, str]:
    """For each kind of field the column whose name is the likeliest for it; a column serves one kind."""
    free = {plain(column): column for column in reversed(list(columns))}
    found: dict[str, str] = {}
    for kind in kinds:
        for usual in USUAL[kind]:
            if usual in free:
                found[kind] = free.pop(usual)
                break
    return found


def known_name(name: str) -> bool:
    """Whether a column is likely to carry this name, whatever its kind."""
    return any(plain(name) in usual for usual in USUAL.values())
