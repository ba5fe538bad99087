"""Who looks at the desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["colleague", "manager", "analyst", "admin"]
ROLES: tuple[Role, ...] = ("colleague", "manager", "analyst", "admin")
SYSTEM = "system"  # the actor where no person acted


@dataclass(frozen=True, slots=True)
class Viewer:
    """A colleague who is looking: id, name, role, the teams they belong to, locale ("en-GB") and IANA time zone."""

    id: str
    name: str
    role: Role
    teams: tuple[str, ...] = ()
    locale: str = "en"
    zone: str = "UTC"

    @property
    def sees_names(self) -> bool:
        """Whether they may see who a party is; an analyst sees numbers."""
        return self.role != "analyst"

    @property
    def sees_all(self) -> bool:
        """Whether they see everybody's occasions, not only their own and their teams'."""
        return self.role in ("manager", "admin")

    def owns(self, owner: str) -> bool:
        """Whether an occasion of this owner (a colleague's id or a team's name) is theirs."""
        return owner == self.id or owner in self.teams
