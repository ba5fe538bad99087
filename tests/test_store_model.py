"""The store against a plain model: days of arrivals, repeats, merges made and undone, sealings, erasures, restarts."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from occasion.events.event import Event
from occasion.store.arrived import Arrived
from occasion.store.log import Log
from occasion.store.merged import undo
from occasion.store.schema.log import MERGES
from occasion.store.sealer import Sealer
from occasion.store.tombstones import bury
from storing import WAIT, Store, arrived, merged, store

PARTIES = [f"p{i}" for i in range(12)]


@dataclass
class Model:
    """What should be there, in the simplest way."""

    events: dict[str, Event] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    into: dict[str, str] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)

    def root(self, party: str) -> str:
        while party in self.into:
            party = self.into[party]
        return party

    def take(self, item: Arrived) -> bool:
        """Whether it is new."""
        parties = {item.event.party} if item.event else set(item.merge[:2]) if item.merge else set()
        if item.message_id in self.known or parties & self.erased:
            return False
        self.known.add(item.message_id)
        if item.event:
            self.events[item.event.id] = item.event
        if item.merge:
            party, into, _ = item.merge
            if party not in self.into and self.root(into) != party:
                self.into[party] = into
        return True

    def of(self, party: str) -> list[Event]:
        if party in self.into:
            return []
        theirs = [replace(e, party=party) for e in self.events.values() if self.root(e.party) == party]
        return sorted(theirs, key=lambda e: (e.at, e.id))

    def erase(self, party: str, stands: str) -> None:
        """Nothing of one identity; others name it no more."""
        self.erased.add(party)
        self.events = {
            id_: replace(e, counterpart=stands) if e.counterpart == party else e
            for id_, e in self.events.items()
            if e.party != party
        }


class Day:
    """One random day."""

    def __init__(self, seed: int, data: Path, url: str) -> None:
        self.draw, self.model = Random(seed), Model()
        self.data, self.url = data, url
        self.past: list[Arrived] = []
        self.number = 0
        self.stack = ExitStack()
        self.open()

    def open(self) -> None:
        self.one: Store = self.stack.enter_context(store(self.data, self.url))
        self.sealer = Sealer(self.one.writer, self.one.history, apart=False)

    def step(self) -> None:
        kinds = {self.put: 10, self.repeat: 3, self.merge: 3, self.undo: 1, self.seal: 2, self.erase: 0.5,
                 self.restart: 1, self.analyse: 1}  # fmt: skip
        self.draw.choices(list(kinds), list(kinds.values()))[0]()

    def check(self) -> None:
        beside = Log(self.one.engine, self.one.history)
        for party in PARTIES:
            expected = self.model.of(party)
            assert self.one.log.of(party) == expected, party
            assert beside.of(party) == expected, party
            assert self.one.log.canonical(party) == self.model.root(party)

    def send(self, items: list[Arrived]) -> None:
        wanted = {i for i, item in enumerate(items) if not self.model.take(item)}
        assert self.one.put(*items).known_places == wanted
        self.past += items

    def party(self) -> str:
        return self.draw.choice(PARTIES)

    def put(self) -> None:
        items = []
        for _ in range(self.draw.randrange(1, 12)):
            self.number += 1
            friend = self.draw.choice([None, self.party()])
            items.append(
                arrived(self.party(), "x", self.draw.randrange(40), f"m{self.number}", counterpart=friend, body="b")
            )
        self.send(items)

    def repeat(self) -> None:
        self.send([self.draw.choice(self.past) for _ in range(5)] if self.past else [])

    def merge(self) -> None:
        self.number += 1
        self.send([merged(self.party(), self.party(), f"m{self.number}")])

    def undo(self) -> None:
        with self.one.engine.connect() as connection:
            active = connection.execute(
                select(MERGES.c.number, MERGES.c.party).where(MERGES.c.undone_us.is_(None))
            ).all()
        if active:
            number, party = self.draw.choice(active)
            self.one.writer.do(lambda c: undo(c, number, now=1, by="ewa")).result(WAIT)
            del self.model.into[party]

    def seal(self) -> None:
        self.sealer.seal()

    def erase(self) -> None:
        party, stands = self.party(), f"erased-{len(self.model.erased)}"
        self.one.writer.do(lambda c: bury(c, party, now=1)).result(WAIT)
        self.sealer.erase({party: stands})
        self.model.erase(party, stands)

    def restart(self) -> None:
        self.stack.close()
        self.open()

    def analyse(self) -> None:
        """By files: every event once, under its canonical identity."""
        with self.one.history.beside() as history:
            found = sorted((e.party, e.id) for e in history.events())
            assert found == sorted((self.model.root(e.party), e.id) for e in self.model.events.values())
            if found:
                files = history.source().files
                rows = sum(_rows(path) for path in files)
                assert rows == len(found)


def _rows(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


def run(seed: int, steps: int, data: Path, url: str) -> None:
    day: Any = Day(seed, data, url)
    try:
        for _ in range(steps):
            day.step()
            day.check()
        day.restart()
        day.check()
        day.analyse()
    finally:
        day.stack.close()


@pytest.mark.parametrize("seed", range(3))
def test_a_random_day(tmp_path: Path, records_url: str, seed: int) -> None:
    run(seed, 40, tmp_path / "data", records_url)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 130))
def test_many_random_days(tmp_path: Path, records_url: str, seed: int) -> None:
    run(seed, 80, tmp_path / "data", records_url)
