"""A reading under construction: named steps of SQL, each made once, and the two scopes they live in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlglot import exp

from occasion.moments.definition import Node, Stage
from occasion.moments.query_fields import Relation
from occasion.moments.query_sql import sql, widen


class Steps(Protocol):
    """What a reading asks of an engine before it goes on: only the calendar does (see `query_civil`)."""

    def run(self, query: exp.Query) -> Any:
        """The rows of a query as a pyarrow Table."""

    def put(self, table: Any) -> str:
        """A pyarrow Table made visible to later queries, under the name returned."""


@dataclass(frozen=True)
class Points:
    """A table of points: party, at_us; `unique`: whether no instant stands twice (in every other one it may)."""

    table: str
    unique: bool


class Chain:
    """Steps of SQL (common table expressions) for one definition.

    `valued`: the scope of a `per`, in which every table is keyed by (party, value); `party_level` leaves it for what
    stays the party's: starts, stages, zones.
    """

    def __init__(
        self,
        relation: Relation,
        as_of: int,
        steps: Steps,
        stages: tuple[Stage, ...],
        compile_node: Callable[[Chain, Node], Points],
    ) -> None:
        self.relation = relation
        self.as_of = as_of
        self.steps = steps
        self.stages = stages
        self.valued = False
        self.events = relation.events
        self.values = ""
        self._compile = compile_node
        self._made: dict[str, exp.Query] = {}
        self._once: dict[tuple[object, ...], Any] = {}

    def add(self, stem: str, text: str, tables: dict[str, str] | None = None, /, **filled: Any) -> str:
        """One more step from a template (see `query_sql.sql`), keyed as the scope says; its name."""
        tree = sql(text, tables, **filled)
        return self.keep(stem, widen(tree) if self.valued else tree)

    def keep(self, stem: str, tree: exp.Query) -> str:
        """One more step as it is; its name."""
        name = f"{stem}_{len(self._made)}"
        self._made[name] = tree
        return name

    def once(self, make: Callable[[], Any], *key: object) -> Any:
        """What `make` gives, made once for a key and scope."""
        full = (self.valued, *key)
        if full not in self._once:
            self._once[full] = make()
        return self._once[full]

    def points(self, node: Node) -> Points:
        """The points of a pattern: for a selection one an event, else each instant at least once."""
        made: Points = self.once(lambda: self._compile(self, node), "points", node)
        return made

    def instants(self, node: Node) -> str:
        """The instants of a pattern, each once."""
        found = self.points(node)
        return found.table if found.unique else self.once(lambda: self.distinct(found.table), "instants", node)

    def distinct(self, table: str) -> str:
        """The rows (party, at_us) of a table, each once."""
        return self.add("instants", "SELECT DISTINCT party, at_us FROM given", {"given": table})

    @contextmanager
    def party_level(self) -> Iterator[None]:
        """The scope outside of a `per`."""
        before = self.valued, self.events
        self.valued, self.events = False, self.relation.events
        yield
        self.valued, self.events = before

    def spread(self, table: str, *columns: str) -> str:
        """A table of the party's, for every value of the `per` if there is one."""
        if not self.valued:
            return table
        chosen = exp.select("v.party", "v.value", *(f"p.{column}" for column in columns))
        tree = chosen.from_(exp.to_table(self.values).as_("v")).join(
            exp.to_table(table).as_("p"), using=[exp.to_identifier("party")]
        )
        return self.keep("spread", tree)

    def query(self, tree: exp.Query) -> exp.Query:
        """A whole query: the tree with the steps it rests on."""
        used: set[str] = set()
        waiting = [tree]
        while waiting:
            for table in waiting.pop().find_all(exp.Table):
                if table.name in self._made and table.name not in used:
                    used.add(table.name)
                    waiting.append(self._made[table.name])
        whole = tree.copy()
        for name, made in self._made.items():
            if name in used:
                whole = whole.with_(name, made.copy(), copy=False)
        return whole
