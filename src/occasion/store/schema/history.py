"""The manifest: the files that the sealed history consists of, and the loads that made them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table

from occasion.store.schema.base import METADATA

SETTINGS = Table(
    "history_settings", METADATA, Column("key", String, primary_key=True), Column("value", String, nullable=False)
)
SEGMENTS = Table(
    "segments",
    METADATA,
    Column("file", String, primary_key=True),
    Column("bucket", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("first_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
    Column("load", Integer, nullable=False),
)
DICTIONARIES = Table(
    "dictionaries",
    METADATA,
    Column("kind", String, primary_key=True),
    Column("file", String, nullable=False),
    Column("rows", BigInteger, nullable=False),
)
LOADS = Table(
    "loads",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("files", String, nullable=False),
    Column("mapping", String, nullable=False),
    Column("both", Boolean, nullable=False),
    Column("read", BigInteger, nullable=False),
    Column("taken", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("known", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("rejects", String),
)
# Sorted digests of what was ever sealed: see store.digests.
RUNS = Table(
    "runs",
    METADATA,
    Column("file", String, primary_key=True),
    Column("rows", BigInteger, nullable=False),
)
