"""Who looks at the desk, and whose occasions they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from sqlalchemy import Connection, select

from occasion.store.schema.doors import TEAMS

Role = Literal["colleague", "manager", "analyst", "admin"]
ROLES: tuple[Role, ...] = ("colleague", "manager", "analyst", "admin")
SYSTEM = "system"  # the actor where no person acted


class Looks(Protocol):
    """Whoever is looking: what a session says about its colleague. `locale` and `zone` may be unknown."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def teams(self) -> tuple[str, ...]: ...
    @property
    def locale(self) -> str | None: ...
    @property
    def zone(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Viewer:
    """A colleague who is looking: id, name, role, the teams they belong to, locale ("en-GB") and IANA time zone."""

    id: str
    name: str
    role: str
    teams: tuple[str, ...] = ()
    locale: str | None = None
    zone: str | None = None

    @property
    def sees_names(self) -> bool:
        """Whether they may see who a party is."""
        return sees_names(self)


def sees_names(viewer: Looks) -> bool:
    """Whether they may see who a party is; an analyst sees numbers."""
    return viewer.role != "analyst"


def owners_seen(connection: Connection, viewer: Looks) -> tuple[str, ...] | None:
    """The owners (ids and teams) whose occasions they see; None: everybody's.

    A colleague their own and their teams'; a manager those of everybody in their teams, without a team all; an admin
    and an analyst all (the analyst without names).
    """
    if viewer.role in ("admin", "analyst") or (viewer.role == "manager" and not viewer.teams):
        return None
    mine = {viewer.id, *viewer.teams}
    if viewer.role == "manager":
        mine |= set(connection.execute(select(TEAMS.c.colleague).where(TEAMS.c.team.in_(viewer.teams))).scalars())
    return tuple(sorted(mine))
