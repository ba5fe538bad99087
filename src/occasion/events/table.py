"""Events as an Arrow table: what a loader gives and a history takes, a row an event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from occasion.events.event import Event, Scalar
from occasion.events.values import PROPERTIES, written_properties

# Of an event itself; party and name are text here.
EVENT_COLUMNS = pa.schema(
    [
        ("party", pa.string()),
        ("name", pa.string()),
        ("at_us", pa.int64()),
        ("seen_us", pa.int64()),
        ("id", pa.string()),  # null: derived from the content when the event is sealed
        ("properties", PROPERTIES),
        ("channel", pa.string()),
        ("direction", pa.string()),
        ("actor", pa.string()),
        ("counterpart", pa.string()),
        ("mass", pa.bool_()),
        ("body", pa.string()),
        ("zone", pa.string()),
    ]
)
# Of the load: where a row came from and what it says, so that repeats and contradictions are found.
LOAD_COLUMNS = pa.schema(
    [
        ("content", pa.string()),  # a digest of what the row says, the same for both sides of a row
        ("side", pa.string()),  # "out" or "in" when one row concerns two parties
        ("row", pa.int64()),  # counts the rows of the load
        ("file", pa.int32()),
        ("line", pa.int64()),
    ]
)
LOADED = pa.schema([*EVENT_COLUMNS, *LOAD_COLUMNS])
SIDES = ("out", "in")


def contents(table: Any) -> Any:
    """A digest of what each row says: all of the event but its id and when it was seen (96 bits in hexadecimal)."""
    if table.num_rows == 0:
        return pa.array([], pa.string())
    table = table.combine_chunks()
    names = [name for name in EVENT_COLUMNS.names if name not in ("id", "seen_us", "properties")]
    parts = [_text_or_nothing(_whole(table, name)) for name in names]
    written = written_properties(_whole(table, "properties"))
    joined = pc.binary_join_element_wise(*parts, written, "\x1d", null_handling="replace", null_replacement="\x00")
    return pa.array(
        [blake2b(text, digest_size=12).hexdigest() for text in joined.cast(pa.binary()).to_pylist()], pa.string()
    )


def _text_or_nothing(column: Any) -> Any:
    """The column as text; one that has no value at all as the single value it is."""
    return pc.cast(column, pa.string()) if column.null_count < len(column) else pa.scalar(None, pa.string())


def _whole(table: Any, name: str) -> Any:
    """One array of a column, whatever its chunks."""
    column = table.column(name)
    if isinstance(column, pa.ChunkedArray):
        return (
            column.chunk(0)
            if column.num_chunks == 1
            else pa.concat_arrays(column.chunks)
            if column.num_chunks
            else pa.array([], column.type)
        )
    return column


def with_contents(table: Any) -> Any:
    """The table with the digest of each row in its column `content`."""
    return table.set_column(table.schema.get_field_index("content"), "content", contents(table))


def both_sides(table: Any) -> Any:
    """A row between two parties as two events: sent by `party` (out) and received by `counterpart` (in)."""
    out = table.set_column(*_fixed(table, "direction", "out")).set_column(*_fixed(table, "side", "out"))
    out = with_contents(out)  # of the sender's event; the receiver's shares it, so that their ids belong together
    swapped = out.set_column(*_fixed(table, "direction", "in")).set_column(*_fixed(table, "side", "in"))
    party, counterpart = table.column("party"), table.column("counterpart")
    swapped = swapped.set_column(table.schema.get_field_index("party"), "party", counterpart)
    swapped = swapped.set_column(table.schema.get_field_index("counterpart"), "counterpart", party)
    return pa.concat_tables([out, swapped])


def _fixed(table: Any, name: str, value: str) -> tuple[int, str, Any]:
    return table.schema.get_field_index(name), name, pa.repeat(pa.scalar(value, pa.string()), table.num_rows)


def event_table(events: Iterable[Event]) -> Any:
    """Events as a table of EVENT_COLUMNS, in the order given."""
    rows = [
        {
            "party": event.party, "name": event.name, "at_us": event.at, "seen_us": event.seen, "id": event.id,
            "properties": [(key, _typed(value)) for key, value in sorted(event.properties.items())],
            "channel": event.channel, "direction": event.direction, "actor": event.actor,
            "counterpart": event.counterpart, "mass": event.mass or None, "body": event.body, "zone": event.zone,
        }
        for event in events
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, EVENT_COLUMNS)


def _typed(value: Scalar) -> dict[str, Scalar]:
    if isinstance(value, bool):
        return {"flag": value}
    return {"number": value} if isinstance(value, Decimal) else {"text": value}


def table_events(table: Any) -> Iterator[Event]:
    """The rows of a table of EVENT_COLUMNS as events, in its order."""
    for batch in table.select(EVENT_COLUMNS.names).to_batches():
        for row in batch.to_pylist():
            at, seen = row.pop("at_us"), row.pop("seen_us")
            properties = {key: value for key, held in row.pop("properties") if (value := _scalar(held)) is not None}
            mass = bool(row.pop("mass"))
            yield Event(at=at, seen=seen, properties=properties, mass=mass, **row)


def _scalar(held: dict[str, Scalar | None]) -> Scalar | None:
    for kind in ("text", "number", "flag"):
        if held[kind] is not None:
            return held[kind]
    return None
