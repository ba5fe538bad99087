"""From a raw history to what readings see: cut on both clocks, each id once, only the names and columns needed."""

from __future__ import annotations

from sqlglot import exp

from occasion.events.event import EVENT_FIELDS
from occasion.moments.query_fields import SQL_TYPES, Needs, Relation
from occasion.moments.query_sql import sql
from occasion.store.engine import Engine, Raw


def relation(engine: Engine, raw: Raw, needs: Needs, as_of: int, many: bool = False) -> Relation:
    """The tables a set of definitions reads, made in one scan each and shared by them all (see `Relation`).

    `many`: there are so many definitions that it pays to give parties and names numbers first, if they have none.
    """
    seen = log(engine, raw, as_of)
    if many and raw.parties is None and engine.numbers_parties:
        return _numbered(engine, raw, needs, seen)
    events = engine.create("events", _events(raw, needs).from_(seen.subquery("log")))
    starts = events
    if needs.start:
        first = sql("SELECT party, MIN(at_us) AS at_us FROM log GROUP BY party", {"log": seen})
        starts = engine.create("starts", first)
    zones = None
    if needs.zones and raw.states_zones:
        zones = engine.create("zones", sql(ZONES, {"log": seen}))
    return Relation(events, starts, zones, _properties(needs), raw.names, raw.zone, raw.parties)


ZONES = "SELECT party, at_us, id, zone FROM log WHERE NOT zone IS NULL"


def _numbered(engine: Engine, raw: Raw, needs: Needs, seen: exp.Query) -> Relation:
    """The same with numbers for parties (texts cost several times as much to sort) and for the names that matter."""
    first = sql(
        "SELECT party AS text, MIN(at_us) AS first_us, CAST(ROW_NUMBER() OVER () AS INT) AS code "
        "FROM log GROUP BY party",
        {"log": seen},
    )
    parties = engine.create("parties", first)
    codes = {name: i for i, name in enumerate(sorted(needs.named))}
    name = exp.Case()
    for text, code in codes.items():
        name = name.when(exp.column("name").eq(text), exp.convert(code))
    known = exp.cast(name.else_(exp.convert(-1)) if codes else exp.convert(-1), "int")
    query = _events(raw, needs, {"party": exp.column("code"), "name": known})
    query = query.from_(seen.subquery("log")).join(exp.to_table(parties).as_("p"), on="log.party = p.text")
    starts = engine.create("starts", sql("SELECT code AS party, first_us AS at_us FROM p", {"p": parties}))
    zones = None
    if needs.zones and raw.states_zones:
        stated = "SELECT p.code AS party, z.at_us, z.id, z.zone FROM z JOIN p ON z.party = p.text"
        zones = engine.create("zones", sql(stated, {"z": sql(ZONES, {"log": seen}), "p": parties}))
    return Relation(engine.create("events", query), starts, zones, _properties(needs), codes, raw.zone, parties)


def _properties(needs: Needs) -> dict[str, int]:
    return {name: i for i, name in enumerate(sorted(needs.fields - set(EVENT_FIELDS)))}


def _events(raw: Raw, needs: Needs, instead: dict[str, exp.Expression] | None = None) -> exp.Select:
    """The columns and rows of a log that are needed; `instead`: what to show as a column in place of it."""
    columns = [exp.alias_(value, name) for name, value in (instead or {}).items()]
    columns += [exp.column(name) for name in ("party", "name", "at_us") if name not in (instead or {})]
    own = sorted(needs.fields & set(EVENT_FIELDS) | ({"direction"} if needs.contact else set()))
    columns += [exp.column(name) for name in own] + ([exp.column("mass")] if needs.contact else [])
    for name, i in _properties(needs).items():
        for kind, value in zip(SQL_TYPES, raw.typed(name), strict=True):
            columns.append(exp.alias_(value, f"p{i}_{kind}"))
    return exp.select(*columns).where(chosen(raw, needs))


def chosen(raw: Raw, needs: Needs) -> exp.Expression:
    """The rows that any selection could choose."""
    if needs.every:
        return exp.true()
    values = [name if raw.names is None else raw.names.get(name, -1) for name in sorted(needs.named)]
    named = exp.column("name").isin(*values) if values else exp.false()
    return exp.or_(named, exp.not_(exp.column("direction").is_(exp.null()))) if needs.contact else named


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


def named_party(shown: Relation, query: exp.Query) -> exp.Query:
    """Occurrences (party, value, at_us) with the party's text in place of its code."""
    if shown.parties is None:
        return query
    return sql(
        "SELECT d.text AS party, o.value, o.at_us FROM o JOIN d ON d.code = o.party",
        {"o": query, "d": shown.parties},
    )
