"""What the watcher found: versions of definitions, and occurrences."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table

from occasion.store.schema.base import METADATA, Json, Whole, instant

# A definition that is or was watched. An edited moment is a new version; old occurrences keep theirs.
VERSIONS = Table(
    "versions",
    METADATA,
    Column("identity", String, primary_key=True),  # Definition.identity
    Column("moment", String, primary_key=True),  # its name in the catalogue
    Column("role", String, primary_key=True),  # see OCCURRENCES.role
    Column("text", String, nullable=False),
    instant("since_us"),
    instant("until_us", nullable=True),  # when another version took its place
    Column("ready", Boolean, nullable=False),  # whether it has read history
)
OCCURRENCES = Table(
    "occurrences",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("moment", String, nullable=False),
    Column("identity", String, nullable=False),
    # reached: the moment. opened: what it waits for has happened, so it may come. slipping: it was expected by now.
    # missed: it can no longer come for that opening.
    Column("role", String, nullable=False),
    Column("party", String, nullable=False),
    Column("per", String, nullable=False),  # tagged: "" for none, else kind and text
    instant("at_us"),
    instant("known_us"),
    Column("evidence", Json, nullable=False),  # ids of events
    instant("noticed_us"),
    Column("state", String, nullable=False),  # holds, retracted, stands (no longer true, but a person acted on it)
    Column("reason", String, nullable=False),
    instant("changed_us", nullable=True),
    Column("seq", BigInteger, nullable=False),  # the position of the log at which it was noticed
)
# The party first: what is written of one party lies together, and it is found by party without another index.
Index("uq_occurrences", OCCURRENCES.c.party, OCCURRENCES.c.at_us, OCCURRENCES.c.identity, OCCURRENCES.c.role,
      OCCURRENCES.c.per, OCCURRENCES.c.moment, unique=True)  # fmt: skip
Index("ix_occurrences_moment", OCCURRENCES.c.moment, OCCURRENCES.c.role, OCCURRENCES.c.at_us)
