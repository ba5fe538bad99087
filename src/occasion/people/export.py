"""Everything held about a party, to give to that person: one object for a machine, one page for a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection
from whenever import Instant

from occasion.events.event import Event
from occasion.people.held import rows_about
from occasion.people.parties import party_of

Rows = Sequence[Mapping[str, Any]]
TEMPLATES = Path(__file__).parent / "templates"
# The order of the page and what each part is called there; parts without rows are left out.
PARTS = (
    ("details", "What is remembered"),
    ("traits", "What systems told us"),
    ("promises", "What was promised"),
    ("gestures", "What was done"),
    ("occasions", "What was on the desk"),
    ("occurrences", "Moments that were recognised"),
    ("proposals", "What was proposed"),
    ("merges", "Identities that were joined"),
    ("refused", "What came in and was refused"),
    ("deliveries", "What was sent on to other systems"),
    ("notices", "What colleagues were told"),
    ("audit", "Who did what here"),
)
NOT_HELD = (
    "backups made before today hold this as it was then, until they are deleted",
    "files that were exported to other places, and what other systems were sent, are not in our hands",
    "what colleagues wrote for themselves, under other names, to practise on a message; it is erased with all this",
)


def everything(
    connection: Connection, events_of: Callable[[str], Sequence[Event]], party: str, *, now: int
) -> dict[str, Any]:
    """All that is held about the party under all its identities, as plain values; instants in RFC 3339 UTC.

    `events_of` gives the events of a canonical party. Somebody nothing is known about has empty parts.
    """
    found = party_of(connection, party)
    rows = rows_about(connection, found.identities)
    return {
        "made_at": instant(now),
        "party": _plain(asdict(found)),
        "held": {name: [_plain(row) for row in some] for name, some in rows.items()},
        "events": [_event(event) for event in events_of(found.party)],
        "not_included": list(NOT_HELD),
    }


def export_json(found: Mapping[str, Any]) -> str:
    """The object as text."""
    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode()


def export_page(found: Mapping[str, Any]) -> str:
    """The object as one self-contained page of HTML: no script, nothing fetched, readable in print."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    parts = [(title, columns(found["held"].get(name, [])), found["held"].get(name, [])) for name, title in PARTS]
    about = [(key, value) for key, value in found["party"].items() if value not in (None, "", [], {})]
    return environment.get_template("export.html").render(
        found=found, parts=[part for part in parts if part[2]], about=about, shown=shown
    )


def columns(rows: Rows) -> list[str]:
    """The columns in which any row says something, in their order."""
    return [key for key in (rows[0] if rows else ()) if any(row[key] not in (None, "", [], {}) for row in rows)]


def shown(value: Any) -> str:
    """A value as it stands on the page."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {shown(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(shown(inner) for inner in value)
    return str(value)


def instant(at_us: int) -> str:
    """UTC microseconds in RFC 3339; an instant no calendar has stays a number."""
    try:
        return Instant.from_timestamp(at_us, unit="microsecond").format_iso()
    except ValueError:
        return str(at_us)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Instants readable, under their name without its unit; nothing that is no JSON."""
    return {
        key.removesuffix("_us") if _is_instant(key, value) else key: _value(key, value) for key, value in row.items()
    }


def _is_instant(key: str, value: Any) -> bool:
    return key.endswith("_us") and (value is None or isinstance(value, int))


def _value(key: str, value: Any) -> Any:
    if _is_instant(key, value):
        return None if value is None else instant(value)
    if isinstance(value, Mapping):
        return _plain(value)
    return list(value) if isinstance(value, tuple) else value


def _event(event: Event) -> dict[str, Any]:
    given = {
        "id": event.id, "name": event.name, "at": instant(event.at), "seen": instant(event.seen),
        "properties": {key: _scalar(value) for key, value in event.properties.items()}, "channel": event.channel,
        "direction": event.direction, "actor": event.actor, "counterpart": event.counterpart,
        "mass": event.mass or None, "body": event.body, "zone": event.zone,
    }  # fmt: skip
    return {key: value for key, value in given.items() if value not in (None, {})}


def _scalar(value: Any) -> Any:
    """An exact number as JSON has it: whole where it is whole."""
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == value.to_integral_value() else float(value)
