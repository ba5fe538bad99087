"""A colleague leaves: the desk first (moments and bonds handed over), then the doors are shut. One transaction."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, update

from occasion.coach.practice import forget_colleague
from occasion.desk.leaving import leave
from occasion.service.colleagues import check_may_leave, close_account
from occasion.store.schema.doors import TEAMS
from occasion.store.schema.out import FEEDS
from occasion.store.workspace import Workspace


def say_goodbye(
    connection: Connection,
    now: int,
    by: str,
    id: str,
    *,
    place: Workspace,
    to: str | None = None,
    moments: Mapping[str, str] | None = None,
    parties: Mapping[str, str] | None = None,
) -> int:
    """Hand over everything of theirs (see desk.leaving), then end sessions, password, login, teams and calendar feeds;
    what they practised is theirs and goes with them.

    Returns how many people are to be met. Raises InputError, with the list of what would have no owner, and changes
    nothing then, the catalogue's file included.
    """
    check_may_leave(connection, now, id)
    people = leave(connection, id, to=to, moments=moments, parties=parties, file=place.catalogue, now=now, by=by)
    open_feeds = update(FEEDS).where(FEEDS.c.colleague == id, FEEDS.c.revoked_us.is_(None))
    connection.execute(open_feeds.values(revoked_us=now))
    connection.execute(delete(TEAMS).where(TEAMS.c.colleague == id))
    forget_colleague(connection, id)
    close_account(connection, now, by, id)
    return people
