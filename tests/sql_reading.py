"""What tests of the SQL reading share: events as a table, a definition read by an engine, and by the law."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from occasion.events.event import Event, Scalar
from occasion.events.values import PROPERTIES
from occasion.moments.definition import Definition
from occasion.moments.meaning import meaning, tagged
from occasion.moments.query import reading
from occasion.moments.query_fields import needs, unkeyed
from occasion.store.engine import Engine
from occasion.store.relation import named_party, relation

Found = set[tuple[str, tuple[str, str], int]]
TEXTS = ("party", "name", "id", "channel", "direction", "actor", "counterpart", "body", "zone")


def typed(value: Scalar) -> dict[str, Scalar | None]:
    kind = "flag" if isinstance(value, bool) else "number" if isinstance(value, Decimal) else "text"
    return {"text": None, "number": None, "flag": None, "other": None} | {kind: value}


def table(events: Sequence[Event]) -> Any:
    columns = {name: pa.array([getattr(e, name) for e in events], pa.string()) for name in TEXTS}
    columns |= {"at_us": pa.array([e.at for e in events], pa.int64()), "mass": pa.array([e.mass for e in events])}
    columns |= {"seen_us": pa.array([e.seen for e in events], pa.int64())}
    maps = [[(name, typed(value)) for name, value in e.properties.items()] for e in events]
    return pa.table(columns | {"properties": pa.array(maps, PROPERTIES)})


def by_query(
    engine: Engine, definition: Definition, events: Sequence[Event], as_of: int, zone: str = "UTC", many: bool = False
) -> Found:
    seen = relation(engine, engine.open(table(events), zone), needs([definition]), as_of, many)
    return rows(engine.run(named_party(seen, reading(definition, seen, as_of, engine))))


def rows(found: Any) -> Found:
    columns = (found.column(name).to_pylist() for name in ("party", "value", "at_us"))
    out = [(party, exact(unkeyed(value)), at) for party, value, at in zip(*columns, strict=True)]
    assert len(out) == len(set(out)), "an occurrence stands once"
    return set(out)


def by_law(definition: Definition, events: Iterable[Event], as_of: int, zone: str = "UTC") -> Found:
    logs: dict[str, list[Event]] = {}
    for event in events:
        logs.setdefault(event.party, []).append(event)
    found = [o for log in logs.values() for o in meaning(definition, log, as_of, zone)]
    return {(o.party, exact(o.per), o.at) for o in found}


def exact(value: Scalar | None) -> tuple[str, str]:
    """A value with its type, numbers with six places."""
    return tagged(value.quantize(Decimal("0.000001")) if isinstance(value, Decimal) else value)
