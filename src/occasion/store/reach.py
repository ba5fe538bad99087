"""`reach`: definitions over a history. The SQL reading gives who and when; the law, party by party, gives why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlglot import exp

from occasion.errors import InputError, OccasionError
from occasion.events.event import EVENT_FIELDS, Event, Scalar
from occasion.moments.definition import Definition
from occasion.moments.meaning import Occurrence, meaning, tagged
from occasion.moments.query import reading
from occasion.moments.query_fields import SQL_TYPES, Needs, Relation, needs, unkeyed
from occasion.moments.query_sql import sql
from occasion.store.engine import Engine, Raw, refuse_gaps
from occasion.store.relation import chosen, log, named_party, relation

EXAMPLES = 3
MANY = 4  # definitions from which on numbering the parties first costs less than sorting their texts
OWN = ("id", "channel", "direction", "actor", "counterpart", "mass", "zone")


@dataclass(frozen=True)
class Asked:
    """A moment to look for: its name and what it means."""

    name: str
    definition: Definition


@dataclass(frozen=True)
class Reached:
    """How often a moment was reached. `examples`: (party, per, at_us) of the latest occurrences."""

    asked: Asked
    parties: int
    occurrences: int
    first_us: int | None
    last_us: int | None
    examples: tuple[tuple[str, Scalar | None, int], ...]


def latest(engine: Engine, raw: Raw, clock_us: int | None = None) -> int:
    """The latest instant at which anything of the history was seen: where a reading without an as-of stands.

    Never later than the clock, where it is given: an event ahead of it waits for its time.
    """
    found = engine.run(sql("SELECT MAX(seen_us) AS t FROM raw", {"raw": raw.table})).column("t")[0].as_py()
    if found is None:
        raise InputError("the history holds no event: load some first")
    return int(found) if clock_us is None else min(int(found), clock_us)


class Reach:
    """Several moments over one history as of an instant (UTC microseconds), sharing its scan."""

    def __init__(self, engine: Engine, raw: Raw, asked: Sequence[Asked], as_of: int) -> None:
        self.engine = engine
        self.raw = raw
        self.asked = tuple(asked)
        self.as_of = as_of
        self._shared: Relation | None = None

    @property
    def shared(self) -> Relation:
        """The tables the moments share, made when first asked for."""
        if self._shared is None:
            wanted = needs(one.definition for one in self.asked)
            self._shared = relation(self.engine, self.raw, wanted, self.as_of, many=len(self.asked) >= MANY)
        return self._shared

    def query(self, asked: Asked) -> exp.Query:
        """The occurrences of a moment: party as the shared tables have it, value, at_us."""
        refuse_gaps(self.engine.name, asked.definition)
        return reading(asked.definition, self.shared, self.as_of, self.engine)

    def rows(self, asked: Asked) -> Any:
        """The occurrences of a moment as a pyarrow Table: party (text), value (a key or null), at_us; no order."""
        return self.engine.run(named_party(self.shared, self.query(asked)))

    def summary(self, asked: Asked) -> Reached:
        """How many parties reached a moment, how often, and the latest few."""
        found = self.engine.create("found", self.query(asked))
        counts = self.engine.run(
            sql(
                "SELECT COUNT(DISTINCT party) AS parties, COUNT(*) AS n, MIN(at_us) AS first_us, MAX(at_us) AS last_us "
                "FROM found",
                {"found": found},
            )
        ).to_pylist()[0]
        some = sql("SELECT * FROM found ORDER BY at_us DESC, party, value LIMIT :n", {"found": found}, n=EXAMPLES)
        rows = self.engine.run(named_party(self.shared, some)).to_pylist()
        examples = sorted(((r["party"], unkeyed(r["value"]), r["at_us"]) for r in rows), key=lambda e: (-e[2], e[0]))
        return Reached(asked, counts["parties"], counts["n"], counts["first_us"], counts["last_us"], tuple(examples))

    def occurrences(self, asked: Asked) -> Iterator[Occurrence]:
        """Every occurrence with when it could be known and what shows it, party by party.

        Holds one party at a time. Raises OccasionError should the two readings ever differ.
        """
        query = self.query(asked)
        found = self.engine.create("found", named_party(self.shared, query) if self.raw.parties is None else query)
        ordered = sql("SELECT * FROM found ORDER BY party", {"found": found})
        reached = groupby(_rows(self.engine.batches(ordered)), key=lambda row: row["party"])
        wanted = needs([asked.definition])
        events = groupby(_rows(self.engine.batches(self._evidence(wanted, found))), key=lambda row: row["party"])
        names = None if self.raw.names is None else {code: text for text, code in self.raw.names.items()}
        fields = tuple(sorted(wanted.fields - set(EVENT_FIELDS)))
        for (party, theirs), (same, seen) in zip(reached, events, strict=True):
            log = [_event(row, fields, names) for row in seen]
            told = meaning(asked.definition, log, self.as_of, self.raw.zone)
            by_sql = sorted((row["at_us"], tagged(unkeyed(row["value"]))) for row in theirs)
            if party != same or by_sql != sorted((o.at, tagged(o.per)) for o in told):
                raise OccasionError(
                    f"the readings of {asked.name!r} differ for party {log[0].party!r}: this is a fault of occasion, "
                    "please report it with the moment's text"
                )
            yield from told

    def _evidence(self, wanted: Needs, found: str) -> exp.Query:
        """The events that the law needs of the parties in `found`, with their party's text, by party."""
        own = ["party", "name", "at_us", "seen_us", *OWN]
        columns: list[exp.Expression] = [exp.column(name) for name in own]
        for i, name in enumerate(sorted(wanted.fields - set(EVENT_FIELDS))):
            typed = zip(SQL_TYPES, self.raw.typed(name), strict=True)
            columns += [exp.alias_(value, f"p{i}_{kind}") for kind, value in typed]
        conditions = [chosen(self.raw, wanted)]
        if wanted.zones:
            conditions.append(exp.not_(exp.column("zone").is_(exp.null())))
        if wanted.start:
            columns.append(exp.alias_(exp.column("at_us").eq(_first_us()), "opening"))
            conditions.append(exp.column("opening"))
        of_found = exp.column("party").isin(query=exp.select("party").from_(found))
        everything = exp.select("*").from_(log(self.engine, self.raw, self.as_of).subquery("log")).where(of_found)
        shown = exp.select(*columns).from_(everything.subquery("all_events"))
        events = exp.select("*").from_(shown.subquery("shown")).where(exp.or_(*conditions))
        if self.raw.parties is None:
            return sql("SELECT *, party AS who FROM c ORDER BY party", {"c": events})
        return sql(
            "SELECT c.*, d.text AS who FROM c JOIN d ON d.code = c.party ORDER BY c.party",
            {"c": events, "d": self.raw.parties},
        )


def _first_us() -> exp.Expression:
    """The party's first instant beside each of its events."""
    return exp.Window(this=exp.Min(this=exp.column("at_us")), partition_by=[exp.column("party")])


def _rows(batches: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        yield from batch.to_pylist()


def _event(row: dict[str, Any], fields: tuple[str, ...], names: dict[int, str] | None) -> Event:
    properties = {}
    for i, name in enumerate(fields):
        value = next((v for kind in SQL_TYPES if (v := row[f"p{i}_{kind}"]) is not None), None)
        if value is not None:
            properties[name] = value
    return Event(
        party=row["who"],
        name=row["name"] if names is None else names[row["name"]],
        at=row["at_us"],
        seen=row["seen_us"],
        id=row["id"],
        properties=properties,
        channel=row["channel"],
        direction=row["direction"],
        actor=row["actor"],
        counterpart=row["counterpart"],
        mass=bool(row["mass"]),
        zone=row["zone"],
    )
