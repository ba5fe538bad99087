"""Whose an occasion is: colleagues, teams, and the bonds between a colleague and a party."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from occasion.store.schema.doors import COLLEAGUES, TEAMS

BOND = "bond"  # `owner: bond or ewa`: whoever the party knows, else ewa
BOND_OR = "bond or "


@dataclass(frozen=True)
class House:
    """Who is here: colleagues by id (those who have not left), capacities, and the teams with their people."""

    names: Mapping[str, str]  # of everybody, those who left too
    here: frozenset[str]
    capacity: Mapping[str, int]
    teams: Mapping[str, tuple[str, ...]]

    def name(self, owner: str) -> str:
        """What an owner is called: a colleague's name, else the text itself (a team's name)."""
        return self.names.get(owner, owner)

    def is_team(self, owner: str) -> bool:
        """Whether the owner is no colleague: a team, or a name that nobody has yet."""
        return owner not in self.names

    def known(self, owner: str) -> bool:
        """Whether somebody is behind the owner: a colleague who is here, or a team with people in it.

        >>> House({"ewa": "Ewa"}, frozenset({"ewa"}), {}, {}).known("bond or ewa")
        True
        """
        named = fallback(owner)
        return named in self.here or any(one in self.here for one in self.teams.get(named, ()))

    def people(self, owner: str) -> tuple[str, ...]:
        """The colleagues behind an owner."""
        return (owner,) if owner in self.here else tuple(p for p in self.teams.get(owner, ()) if p in self.here)

    def owner(self, written: str, bond: str | None) -> str:
        """Whose an occasion is. `written`: the moment's owner in the catalogue; `bond`: whose the party is.

        A colleague who was written down by name has it; where it is a team, or `bond or ...`, the party's own colleague
        has it if they are here, else what was written.
        """
        named = fallback(written)
        theirs = bond if bond in self.here else None
        if theirs is not None and (named != written or named not in self.names):
            return theirs
        return named


def fallback(written: str) -> str:
    """The owner to turn to where a party has nobody of its own.

    >>> fallback("bond or front desk"), fallback("ewa")
    ('front desk', 'ewa')
    """
    return written[len(BOND_OR) :].strip() if written.startswith(BOND_OR) else written


def read_house(connection: Connection, now: int) -> House:
    """Who is here at an instant."""
    rows = connection.execute(
        select(COLLEAGUES.c.id, COLLEAGUES.c.name, COLLEAGUES.c.left_us, COLLEAGUES.c.capacity)
    ).all()
    teams: dict[str, list[str]] = {}
    for team, colleague in connection.execute(select(TEAMS.c.team, TEAMS.c.colleague).order_by(TEAMS.c.colleague)):
        teams.setdefault(team, []).append(colleague)
    return House(
        {row.id: row.name for row in rows},
        frozenset(row.id for row in rows if row.left_us is None or row.left_us > now),
        {row.id: row.capacity for row in rows},
        {team: tuple(people) for team, people in teams.items()},
    )


__all__ = ["BOND", "House", "fallback", "read_house"]
