"""Logs and candidates for tests of the first pass."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from occasion.events.event import Event
from occasion.finding.candidates import Candidate, Choice, count, distinct, pair, returns
from occasion.finding.population import DAY_US, Population
from occasion.store.source import Source

NAMES = ("Lease Signed", "call", "visit")
HORIZON = 6
VALUE = pa.struct(
    [("text", pa.string()), ("number", pa.decimal128(24, 6)), ("flag", pa.bool_()), ("other", pa.string())]
)
CANDIDATES: list[Candidate] = [
    *(count(NAMES, Choice(i)) for i in range(3)),
    count(NAMES, Choice(1, "direction", "in")),
    count(NAMES, Choice(2, "room", "5")),
    count(NAMES, Choice(2, "room", Decimal(5))),
    count(NAMES, Choice(0, "room", True)),
    distinct(NAMES, "counterpart", Choice(1)),
    distinct(NAMES, "counterpart", Choice(1, "direction", "out")),
    distinct(NAMES, "room", Choice(2)),
    pair(NAMES, Choice(1), Choice(2), 1),
    pair(NAMES, Choice(1), Choice(2), 2, times=2),
    pair(NAMES, Choice(2), Choice(2), 2),
    pair(NAMES, Choice(1, "direction", "in"), Choice(1, "direction", "out"), 1, per="counterpart"),
    pair(NAMES, Choice(2), Choice(1), 3, times=2, per="room"),
    returns(NAMES, Choice(1), 1),
    returns(NAMES, Choice(2), 2, per="counterpart"),
    # choices that share events
    pair(NAMES, Choice(1, "direction", "in"), Choice(1), 2),
    pair(NAMES, Choice(1), Choice(2, "room", "5"), 2),
    returns(NAMES, Choice(1, "direction", "in"), 2),
]
gaps = st.sampled_from([0, 1, DAY_US // 2, DAY_US - 1, DAY_US, DAY_US + 1, 2 * DAY_US])
event = st.tuples(
    gaps,
    st.sampled_from(NAMES),
    st.sampled_from([None, "ann", "bob"]),
    st.sampled_from([None, "in", "out"]),
    st.sampled_from([None, "5", Decimal(5), True]),
)
logs = st.dictionaries(st.sampled_from("pqrs"), st.lists(event, min_size=1, max_size=14), min_size=1, max_size=3)


def as_events(log) -> list[Event]:
    events = []
    for party, steps in log.items():
        at = 10 * DAY_US
        for i, (gap, name, counterpart, direction, room) in enumerate(steps):
            at += gap
            properties = {} if room is None else {"room": room}
            events.append(
                Event(party=party, name=name, at=at, seen=at, id=f"{party}{i:03}", counterpart=counterpart,
                      direction=direction, properties=properties)
            )  # fmt: skip
    return events


def sealed(folder: Path, events: list[Event], row_group: int) -> Source:
    """Segments as the store writes them, one bucket of one file, small row groups so that parties straddle them."""
    parties = sorted({e.party for e in events})
    ordered = sorted(events, key=lambda e: (parties.index(e.party), e.at, e.id))

    def value(v):
        part = {str: "text", Decimal: "number", bool: "flag"}[type(v)]
        return dict.fromkeys(["text", "number", "flag", "other"]) | {part: v}

    table = pa.table(
        {
            "party": pa.array([parties.index(e.party) for e in ordered], pa.int32()),
            "name": pa.array([NAMES.index(e.name) for e in ordered], pa.int32()),
            "at_us": pa.array([e.at for e in ordered], pa.int64()),
            "properties": pa.array(
                [[(k, value(v)) for k, v in e.properties.items()] for e in ordered], pa.map_(pa.string(), VALUE)
            ),
            "channel": pa.nulls(len(ordered), pa.string()),
            "direction": pa.array([e.direction for e in ordered], pa.string()),
            "counterpart": pa.array([e.counterpart for e in ordered], pa.string()),
        }
    )
    pq.write_table(table, folder / "segment.parquet", row_group_size=row_group)
    for kind, texts in (("parties", parties), ("names", NAMES)):
        pq.write_table(pa.table({"code": pa.array(range(len(texts)), pa.int32()), "text": texts}), folder / kind)
    file = folder / "segment.parquet"
    return Source((file,), True, folder / "parties", folder / "names", ((file,),))


def population_of(events: list[Event]) -> tuple[Population, list[str]]:
    texts = sorted({e.party for e in events})
    start = [min(e.at for e in events if e.party == text) for text in texts]
    n = len(texts)
    return Population(np.arange(n), np.array(start), np.ones(n, bool), np.zeros(n, np.uint8), 1), texts


def unsealed(folder: Path, events: list[Event]) -> Source:
    """The same as somebody's own file, in order of time, with text ids."""
    ordered = sorted(events, key=lambda e: (e.at, e.id))
    rooms = [e.properties.get("room") for e in ordered]
    table = pa.table(
        {
            "user": [e.party for e in ordered],
            "what": [e.name for e in ordered],
            "ts": pa.array([e.at for e in ordered], pa.timestamp("us", tz="UTC")),
            "to": pa.array([e.counterpart for e in ordered], pa.string()),
            "way": pa.array([e.direction for e in ordered], pa.string()),
            "room": pa.array([r if isinstance(r, str) else None for r in rooms], pa.string()),
            "size": pa.array([float(r) if isinstance(r, Decimal) else None for r in rooms], pa.float64()),
        }
    )
    pq.write_table(table, folder / "own.parquet", row_group_size=5)
    columns = {"party": "user", "name": "what", "at": "ts", "counterpart": "to", "direction": "way"}
    columns |= {"prop:room": "room", "prop:size": "size"}
    return Source((folder / "own.parquet",), False, columns=columns, clock="timestamp")


def busy(rng: np.random.Generator, n: int) -> list[Event]:
    """Calls in and out to many people, visits to listings of two kinds, and one name without any field."""
    events = []
    for i in range(n):
        name = ("call", "visit", "Lease Signed")[int(rng.choice(3, p=[0.5, 0.4, 0.1]))]
        properties = {"kind": str(rng.choice(["flat", "house"], p=[0.7, 0.3])), "listing": f"l{rng.integers(40)}"}
        events.append(
            Event(
                party=f"p{rng.integers(30)}", name=name, at=int(rng.integers(0, 60 * DAY_US)), seen=0, id=f"e{i}",
                counterpart=f"c{rng.integers(50)}" if name == "call" else None,
                direction=str(rng.choice(["in", "out"])) if name == "call" else None,
                properties=properties if name == "visit" else {},
            )
        )  # fmt: skip
    return events
