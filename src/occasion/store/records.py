"""The records' database: SQLite, durable at every commit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event


def open_records(path: Path) -> Engine:
    """An engine on the SQLite file, made if it is not there: write-ahead log, a commit waits for the disk."""
    engine = create_engine(f"sqlite:///{path}")

    def prepare(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA busy_timeout=10000")

    event.listen(engine, "connect", prepare)
    return engine
