"""The desk: occasions and gestures."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, String, Table

from occasion.store.schema.base import METADATA, Json, Whole, instant

# A piece of work: this party, this moment, this owner, until then.
OCCASIONS = Table(
    "occasions",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("party", String, nullable=False),
    Column("moment", String, nullable=False),
    Column("identity", String, nullable=False),  # the version of the moment
    Column("kind", String, nullable=False),  # reached, coming, slipping, missed, handover, promise
    Column("per", String, nullable=False),
    instant("about_us"),  # the instant it is about: reached, expected, ended
    Column("occurrence", Whole),  # OCCURRENCES.number where there is one
    Column("owner", String, nullable=False),  # a colleague's id or a team's name
    instant("shown_us"),  # on the desk since
    instant("until_us"),
    Column("state", String, nullable=False),  # open, taken, held, skipped, done, slipped, retracted
    Column("taken_by", String),
    instant("held_until_us", nullable=True),
    Column("reason", String, nullable=False),  # why held, skipped, handed over, retracted
    Column("chance", Float),  # how likely it still comes, where that could be said
    Column("stake", Float, nullable=False),  # orders the desk; higher first
    Column("answer", String, nullable=False),  # the loyalty question's, one line
    Column("who", String, nullable=False),  # customer, partner, colleague: in whose words it is said
    Column("facts", Json, nullable=False),  # what was so when it was opened: events that show it, how far it was, ...
    instant("changed_us"),
)
Index("uq_occasions", OCCASIONS.c.party, OCCASIONS.c.moment, OCCASIONS.c.identity, OCCASIONS.c.kind, OCCASIONS.c.per,
      OCCASIONS.c.about_us, unique=True)  # fmt: skip
# By party they are found in that one: another by (party, state) would be as many pages again to write, at random.
Index("ix_occasions_owner", OCCASIONS.c.owner, OCCASIONS.c.state, OCCASIONS.c.until_us)
Index("ix_occasions_state", OCCASIONS.c.state, OCCASIONS.c.until_us)
Index("ix_occasions_moment", OCCASIONS.c.moment, OCCASIONS.c.state)
Index("ix_occasions_owner_stake", OCCASIONS.c.owner, OCCASIONS.c.state, OCCASIONS.c.stake)
Index("ix_occasions_owner_shown", OCCASIONS.c.owner, OCCASIONS.c.state, OCCASIONS.c.shown_us)
Index("ix_occasions_state_stake", OCCASIONS.c.state, OCCASIONS.c.stake)
Index("ix_occasions_changed", OCCASIONS.c.state, OCCASIONS.c.changed_us, OCCASIONS.c.owner, OCCASIONS.c.moment)
Index("ix_occasions_occurrence", OCCASIONS.c.occurrence)
Index("ix_occasions_coming", OCCASIONS.c.kind, OCCASIONS.c.state, OCCASIONS.c.about_us)
Index("ix_occasions_shown", OCCASIONS.c.state, OCCASIONS.c.shown_us)
HELD = OCCASIONS.c.held_until_us.is_not(None)  # few are
Index("ix_occasions_held", OCCASIONS.c.state, OCCASIONS.c.held_until_us, sqlite_where=HELD, postgresql_where=HELD)
# What a person did about it; it is also an event in the log (`event`), so that moments may be made of it.
GESTURES = Table(
    "gestures",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("occasion", Whole, ForeignKey("occasions.number"), index=True),
    Column("party", String, nullable=False, index=True),
    Column("colleague", String, nullable=False),
    Column("form", String, nullable=False),  # call, note, film, gift, visit, nothing
    Column("text", String, nullable=False),  # what happened
    instant("at_us"),
    Column("event", String),  # the id of its event
)
Index("ix_gestures_at", GESTURES.c.at_us)
