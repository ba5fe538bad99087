"""Until store/writer.py is there: the writer's interface over one transaction per batch. To be deleted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event, func, insert, select

from occasion.service.clock import Clock
from occasion.store.arrived import Batch, Receipt, digest
from occasion.store.schema import METADATA
from occasion.store.schema.log import MERGES, REFUSED, TAIL

T = TypeVar("T")


def open_records(where: Path | str) -> Engine:
    engine = create_engine(str(where) if "://" in str(where) else f"sqlite:///{where}")

    def prepare(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA busy_timeout=10000")

    event.listen(engine, "connect", prepare)
    METADATA.create_all(engine)
    return engine


class Writer:
    def __init__(self, engine: Engine, history: Any, clock: Clock) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(1)

    def start(self) -> None:
        pass

    def stop(self) -> None:
        self._pool.shutdown()

    def do(self, change: Callable[[Connection], T]) -> Future[T]:
        def run() -> T:
            with self._engine.begin() as connection:
                return change(connection)

        return self._pool.submit(run)

    def submit(self, batch: Batch) -> Future[Receipt]:
        return self.do(lambda connection: _store(connection, batch))


def _store(connection: Connection, batch: Batch) -> Receipt:
    seq = connection.execute(select(func.max(TAIL.c.seq))).scalar() or 0
    taken = known = 0
    for item in batch.arrived:
        own = digest(item.source, item.message_id)
        if connection.execute(select(TAIL.c.seq).where(TAIL.c.digest == own)).first():
            known += 1
            continue
        taken += 1
        if item.merge:
            party, into, why = item.merge
            connection.execute(insert(MERGES).values(party=party, into=into, made_us=0, made_by=item.source, why=why))
        if item.event:
            seq += 1
            e = item.event
            row = {"seq": seq, "digest": own, "party": e.party, "at_us": e.at, "seen_us": e.seen}
            connection.execute(insert(TAIL).values(**row, event=msgspec.msgpack.encode(e)))
    for r in batch.refused:
        connection.execute(insert(REFUSED).values(**msgspec.structs.asdict(r)))
    return Receipt(taken, known, len(batch.refused))
