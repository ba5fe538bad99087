"""From a raw history to what readings see: cut on both clocks, each id once, only the names and columns needed."""

from __future__ import annotations

from sqlglot import exp

from occasion.events.event import EVENT_FIELDS
from occasion.moments.query_fields import SQL_TYPES, Needs, Relation
from occasion.moments.query_sql import sql
from occasion.store.engine import Engine, Raw


def relation(engine: Engine, raw: Raw, needs: Needs, as_of: int) -> Relation:
    """The tables a set of definitions reads, made in one scan each and shared by them all (see `Relation`)."""
    seen = log(engine, raw, as_of)
    properties = {name: i for i, name in enumerate(sorted(needs.fields - set(EVENT_FIELDS)))}
    columns = [exp.column("party"), exp.column("name"), exp.column("at_us")]
    own = sorted(needs.fields & set(EVENT_FIELDS) | ({"direction"} if needs.contact else set()))
    columns += [exp.column(name) for name in own] + ([exp.column("mass")] if needs.contact else [])
    for name, i in properties.items():
        for kind, value in zip(SQL_TYPES, raw.typed(name), strict=True):
            columns.append(exp.alias_(value, f"p{i}_{kind}"))
    events = engine.create("events", exp.select(*columns).from_(seen.subquery("log")).where(_named(raw, needs)))
    starts = events
    if needs.start:
        first = sql("SELECT party, MIN(at_us) AS at_us FROM log GROUP BY party", {"log": seen})
        starts = engine.create("starts", first)
    zones = None
    if needs.zones and raw.states_zones:
        stated = sql("SELECT party, at_us, id, zone FROM log WHERE NOT zone IS NULL", {"log": seen})
        zones = engine.create("zones", stated)
    return Relation(events, starts, zones, properties, raw.names, raw.zone)


def _named(raw: Raw, needs: Needs) -> exp.Expression:
    if needs.names is None:
        return exp.true()
    if not needs.names:
        return exp.false()
    values = [name if raw.names is None else raw.names.get(name, -1) for name in sorted(needs.names)]
    return exp.column("name").isin(*values)


def cut(raw: Raw, as_of: int) -> exp.Query:
    """What happened and was seen by `as_of`, which is included on both clocks."""
    return sql("SELECT * FROM raw WHERE at_us <= :t AND seen_us <= :t", {"raw": raw.table}, t=as_of)


def log(engine: Engine, raw: Raw, as_of: int) -> exp.Query:
    """The log as of an instant with each id once: the first seen."""
    seen = cut(raw, as_of)
    if raw.unique or not _repeats(engine, seen):
        return seen
    return once(seen)


def once(log: exp.Query) -> exp.Query:
    """Each id of a party once: the first seen."""
    return sql(
        "SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY party, id ORDER BY seen_us, at_us, name) AS turn "
        "FROM log) AS turns WHERE turn = 1",
        {"log": log},
    )


def _repeats(engine: Engine, log: exp.Query) -> bool:
    """Whether any id stands twice (asked once: most logs have none, and then nothing need be sorted)."""
    repeated = sql("SELECT id FROM log GROUP BY party, id HAVING COUNT(*) > 1 LIMIT 1", {"log": log})
    return bool(engine.run(repeated).num_rows)


def named_party(raw: Raw, query: exp.Query) -> exp.Query:
    """Occurrences (party, value, at_us) with the party's text in place of its code."""
    if raw.parties is None:
        return query
    return sql(
        "SELECT d.text AS party, o.value, o.at_us FROM o JOIN d ON d.code = o.party",
        {"o": query, "d": raw.parties},
    )
