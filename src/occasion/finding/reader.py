"""Cubes and streams of a study, on whichever engine: compiled loops beside DuckDB, SQL on Spark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from occasion.finding.candidates import Candidate
from occasion.finding.chunks import Study
from occasion.finding.cube import Cube
from occasion.finding.cube_sql import cube_by_sql, streams_by_sql
from occasion.finding.population import Streams
from occasion.finding.streams import candidate_cube, streams_of
from occasion.store.engine import Engine

FIRST_POINTS = 50  # of each party and stream at least
POINTS_IN_MEMORY = 40_000_000


@dataclass(frozen=True)
class Reader:
    """Reads candidates for the parties of a study."""

    engine: Engine

    def cube(self, study: Study, candidates: Sequence[Candidate], counts: int, days: int) -> Cube:
        """How many parties reached each count by each day."""
        if self.engine.name == "duckdb":
            return candidate_cube(study, candidates, counts, days)
        return cube_by_sql(self.engine, study, candidates, counts, days)

    def streams(self, study: Study, candidates: Sequence[Candidate], days: int, at_least: int = 0) -> Streams:
        """The points of each party, the first `at_least` of a stream at any rate.

        A stream that is cut short makes busy people look as if they had left: cut only where memory would not do.
        """
        room = POINTS_IN_MEMORY // max(1, len(study.population) * len(candidates))
        first = max(FIRST_POINTS, room, at_least)
        if self.engine.name == "duckdb":
            return streams_of(study, candidates, days, first)
        return streams_by_sql(self.engine, study, candidates, days, first)
