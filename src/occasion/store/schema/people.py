"""Who the business deals with, and what is remembered about them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, String, Table

from occasion.store.schema.base import METADATA, Json, Whole, instant

BYTEWISE = String().with_variant(String(collation="C"), "postgresql")  # compared byte by byte, as SQLite does

# A party that something is known about beside its events. `party` is the identity that merges lead to.
PARTIES = Table(
    "parties",
    METADATA,
    Column("party", String, primary_key=True),
    Column("kind", String, nullable=False),  # customer, partner, colleague
    Column("name", String, nullable=False),
    Column("owner", String, index=True),  # the colleague (id) whose bond this is
    Column("zone", String),
    Column("locale", String),
    Column("channel", String),  # preferred
    Column("quiet_from", String),  # "21:00", in their zone
    Column("quiet_to", String),
    Column("consent", Json, nullable=False),  # channel → {"given": bool, "at_us": ..., "source": ...}
    Column("rest_days", String),  # days between gestures, person-wide; null: the workspace's
    Column("deceased", String),  # a partial date; a hard stop
    instant("made_us"),
    instant("changed_us"),
)
TRAITS = Table(
    "traits",
    METADATA,
    Column("party", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("value", Json),
    Column("source", String, nullable=False),
    instant("seen_us"),
)
# A remembered fact.
DETAILS = Table(
    "details",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("party", String, nullable=False, index=True),
    Column("text", String, nullable=False),
    Column("kind", String, nullable=False),  # preference, family, health, work, date, other
    Column("on_date", String),  # partial: 2026-05-12, --02-29, 2026-05
    Column("source", String, nullable=False),  # said on the phone, letter, identify, vcard, ...
    Column("noted_by", String, nullable=False),
    instant("noted_us"),
    Column("use", String, nullable=False),  # anything, care (not gifts), inside (never towards the party)
    Column("sensitive", Boolean, nullable=False),
    Column("unmentioned", Boolean, nullable=False),  # do not mention
    instant("ended_us", nullable=True),  # no longer true
)
PROMISES = Table(
    "promises",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("party", String, nullable=False, index=True),
    Column("text", String, nullable=False),
    Column("made_by", String, nullable=False),
    instant("made_us"),
    Column("due", String, nullable=False),  # a date in the party's zone
    instant("kept_us", nullable=True),
    Column("kept_by", String),
    instant("dropped_us", nullable=True),
    Column("why_dropped", String),
)
Index("ix_parties_name", PARTIES.c.name)
# The words a party is found by, folded (lower case, no accents): a prefix is a range of the key, on either database.
FINDABLE = Table(
    "findable",
    METADATA,
    Column("word", BYTEWISE, primary_key=True),
    Column("party", String, primary_key=True, index=True),
    Column("place", String, primary_key=True),  # name, identity, trait, detail
    Column("number", Whole, primary_key=True, autoincrement=False),  # DETAILS.number, else 0
)
