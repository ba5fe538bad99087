"""The log as it arrives: groups of events committed together, what was refused, and who turned out to be whom."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table

from occasion.store.schema.base import METADATA, Json, Whole, instant

# The tail: what no segment holds yet, a row for each group that was committed together (read it by `store.log`).
# `seq` counts what was taken, for ever; that no digest comes twice is the one writer's to see to, which knows them all.
TAIL = Table(
    "tail",
    METADATA,
    Column("seq", Whole, primary_key=True, autoincrement=False),  # of the last in the group
    instant("clock_us"),  # when it was committed
    Column("digests", LargeBinary, nullable=False),  # 16 bytes of (source, message id) for each that was taken
    Column("events", LargeBinary, nullable=False),  # see store.packed
)
# One row: what was given out last. `clock_us`: the latest clock a group was committed with.
POSITIONS = Table(
    "positions",
    METADATA,
    Column("reader", String, primary_key=True),  # "log", "watch", "sealed", ...
    Column("seq", BigInteger, nullable=False),
    instant("clock_us"),
)
REFUSED = Table(
    "refused",
    METADATA,
    Column("number", Whole, primary_key=True),
    instant("received_us"),
    Column("source", String, nullable=False),
    Column("kind", String, nullable=False),  # track, identify, ..., cloudevent, row
    Column("field", String, nullable=False),
    Column("value", String, nullable=False),  # shortened
    Column("reason", String, nullable=False),  # one line: what, which value, what is allowed, what to do next
    Column("party", String, index=True),
    Column("message_id", String),
    Column("body", Json, nullable=False),  # the item as it came
)
# Two identities that are one party: `party` is read as `into` until that is undone. Events keep what they came with.
MERGES = Table(
    "merges",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("party", String, nullable=False, index=True),
    Column("into", String, nullable=False, index=True),
    instant("made_us"),
    Column("made_by", String, nullable=False),  # a source's name, or a colleague's id
    Column("why", String, nullable=False),
    instant("undone_us", nullable=True),
    Column("undone_by", String),
)
# Digests of what was erased, so that a late retry does not bring it back.
TOMBSTONES = Table(
    "tombstones",
    METADATA,
    Column("digest", LargeBinary(16), primary_key=True),  # of a party's identity, salted by the workspace
    instant("erased_us"),
)
Index("ix_refused_received", REFUSED.c.received_us)
