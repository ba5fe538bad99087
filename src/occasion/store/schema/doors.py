"""Who may come in, and what they did: colleagues, teams, sessions, keys, the audit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, String, Table, event, text

from occasion.store.schema.base import METADATA, Json, Whole, instant

COLLEAGUES = Table(
    "colleagues",
    METADATA,
    Column("id", String, primary_key=True),  # short, readable: ewa
    Column("name", String, nullable=False),
    Column("email", String, unique=True),
    Column("role", String, nullable=False),  # colleague, manager, analyst, admin
    Column("password", String),  # argon2 encoded; null: only by OIDC
    Column("subject", String, unique=True),  # issuer and subject at the OIDC provider
    Column("capacity", Integer, nullable=False),  # occasions a day
    Column("zone", String),
    Column("locale", String),
    Column("notify", Json, nullable=False),  # Apprise addresses and when
    instant("joined_us"),
    instant("left_us", nullable=True),
)
TEAMS = Table(
    "teams",
    METADATA,
    Column("team", String, primary_key=True),
    Column("colleague", String, primary_key=True),
)
SESSIONS = Table(
    "sessions",
    METADATA,
    Column("digest", LargeBinary(32), primary_key=True),  # of the cookie's token
    Column("colleague", String, nullable=False, index=True),
    Column("csrf", String, nullable=False),
    instant("begun_us"),
    instant("seen_us"),
    instant("ends_us"),
)
# Keys of machines: stored hashed; a key that follows another works beside it until that one ends.
KEYS = Table(
    "keys",
    METADATA,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("name", String, nullable=False),
    Column("source", String, nullable=False),  # what its events are known under
    Column("shown", String, nullable=False),  # the first characters, to tell it by
    Column("may", String, nullable=False),  # write, read
    instant("made_us"),
    Column("made_by", String, nullable=False),
    instant("ends_us", nullable=True),
    instant("used_us", nullable=True),
)
AUDIT = Table(
    "audit",
    METADATA,
    Column("number", Whole, primary_key=True, autoincrement=False),
    instant("at_us"),
    Column("actor", String, nullable=False),  # a colleague's id, key:<name>, or system
    Column("action", String, nullable=False),
    Column("about", String, nullable=False),  # party:<id>, occasion:<number>, moment:<name>, ...
    Column("facts", Json, nullable=False),  # never bodies or details
    Column("before", LargeBinary(32), nullable=False),  # the digest of the row before
    Column("digest", LargeBinary(32), nullable=False),
)
Index("ix_audit_about", AUDIT.c.about, AUDIT.c.number)
_REFUSAL = "the audit is only added to"
_SQLITE = tuple(
    f"CREATE TRIGGER IF NOT EXISTS audit_no_{what} BEFORE {what.upper()} ON audit "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    for what in ("update", "delete")
)
_POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
    "DROP TRIGGER IF EXISTS audit_no_change ON audit",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuses()",
    "DROP TRIGGER IF EXISTS audit_no_truncate ON audit",
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses()",
)


def protect_audit(connection: Connection) -> None:
    """Make the database refuse to change or remove rows of the audit; doing it again changes nothing."""
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL:
        connection.execute(text(statement))


@event.listens_for(AUDIT, "after_create")
def _protect_created(_: Table, connection: Connection, **__: Any) -> None:
    protect_audit(connection)


# The audit knows a party by a random name, so that erasing the party forgets whose rows these were and keeps the chain.
AUDIT_NAMES = Table(
    "audit_names",
    METADATA,
    Column("party", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
)
