"""What goes out: calendar feeds, webhooks, notices."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table

from occasion.store.schema.base import METADATA, Json, Whole, instant

FEEDS = Table(
    "feeds",
    METADATA,
    Column("digest", LargeBinary(32), primary_key=True),  # of the secret in its address
    Column("colleague", String, nullable=False),  # who asked for it, and whose rights it has
    Column("owner", String, nullable=False),  # whose moments: a colleague's id or a team's name
    Column("names", Boolean, nullable=False),  # whether parties are named
    instant("made_us"),
    instant("revoked_us", nullable=True),
)
FEED_ENTRIES = Table(  # what a feed has said, so that UID stays and SEQUENCE grows
    "feed_entries",
    METADATA,
    Column("uid", String, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("said", String, nullable=False),  # a digest of the entry
    instant("changed_us"),
)
WEBHOOKS = Table(
    "webhooks",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("url", String, nullable=False),
    Column("secret", String, nullable=False),
    Column("kinds", Json, nullable=False),  # which messages it gets
    instant("made_us"),
    instant("disabled_us", nullable=True),
    Column("why_disabled", String),
)
DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("webhook", Whole, nullable=False, index=True),
    Column("message", String, nullable=False),  # webhook-id
    Column("party", String, index=True),
    Column("body", String, nullable=False),
    instant("made_us"),
    instant("next_us"),
    Column("tries", Integer, nullable=False),
    instant("done_us", nullable=True),
    Column("outcome", String, nullable=False),
)
NOTICES = Table(
    "notices",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("colleague", String, nullable=False, index=True),
    Column("kind", String, nullable=False),  # at once, digest
    Column("party", String, index=True),
    Column("text", String, nullable=False),
    instant("made_us"),
    instant("sent_us", nullable=True),
    Column("outcome", String, nullable=False),
)
Index("ix_deliveries_next", DELIVERIES.c.done_us, DELIVERIES.c.next_us)
# What an assistant proposed; a person takes it up or declines it.
PROPOSALS = Table(
    "proposals",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("kind", String, nullable=False),  # moment, gesture
    Column("party", String, index=True),
    Column("occasion", Whole),
    Column("text", String, nullable=False),  # the moment's line, or what could be done
    Column("why", String, nullable=False),
    Column("made_by", String, nullable=False),
    instant("made_us"),
    Column("state", String, nullable=False),  # open, taken, declined
    instant("settled_us", nullable=True),
    Column("settled_by", String),
)
Index("ix_proposals_state", PROPOSALS.c.state, PROPOSALS.c.kind, PROPOSALS.c.number)
Index("ix_proposals_occasion", PROPOSALS.c.occasion)
