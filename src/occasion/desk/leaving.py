"""A colleague leaves: no moment is without an owner for a second, and nobody is passed on like a file.

Every moment, every open occasion and every party of theirs is handed over by name, or the closing is refused with the
list of what would have nobody. Each of their people becomes an occasion of the new owner's: to say so in person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from occasion.desk import catalogue_file
from occasion.desk.dates import DAY_US
from occasion.desk.known import party_ref
from occasion.desk.occasions import new_row
from occasion.desk.owners import House, read_house
from occasion.desk.pages_house import LeavingPlan
from occasion.desk.parts import Said
from occasion.desk.ranking import stake
from occasion.errors import InputError
from occasion.moments.catalogue import Catalogue, parse_catalogue
from occasion.people.parties import parties_of
from occasion.store import audit
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.people import PARTIES

O = OCCASIONS.c  # noqa: E741 - the columns, said often
ON_DESK = ("open", "taken", "held")
HANDOVER_DAYS = 14
LISTED = 100
NAMED = 10  # in the line that refuses
AT_ONCE = 500


class NotHandedOver(InputError):
    """The closing is refused: `what` has nobody. The line names the first few."""

    def __init__(self, colleague: str, what: Sequence[str], refused: Sequence[Said]) -> None:
        more = f" and {len(what) - NAMED} more" if len(what) > NAMED else ""
        super().__init__(
            f"{colleague} cannot leave yet: {', '.join(what[:NAMED])}{more} would have no owner; name one for each, "
            "or one for all the rest"
        )
        self.refused = tuple(refused)


def plan(connection: Connection, catalogue: Catalogue, colleague: str, *, now: int, zone: str) -> LeavingPlan:
    """What they would leave behind, and who may take it over."""
    house = read_house(connection, now)
    _here(house, colleague)
    total = connection.execute(select(func.count()).where(PARTIES.c.owner == colleague)).scalar_one()
    query = select(PARTIES.c.party).where(PARTIES.c.owner == colleague).order_by(PARTIES.c.name, PARTIES.c.party)
    known = parties_of(connection, list(connection.execute(query.limit(LISTED)).scalars()))
    work = select(func.count()).where(O.owner == colleague, O.state.in_(ON_DESK))
    people = [(one, house.name(one)) for one in sorted(house.here - {colleague})]
    return LeavingPlan(
        colleague, house.name(colleague), tuple(left_moments(catalogue, house, colleague)),
        tuple(party_ref(one, house, zone, True) for one in known.values()), total,
        connection.execute(work).scalar_one(), tuple(people),
    )  # fmt: skip


def left_moments(catalogue: Catalogue, house: House, colleague: str) -> list[str]:
    """The moments that would have nobody: theirs, and those of a team in which nobody else is."""
    alone = [team for team, people in house.teams.items() if [p for p in people if p in house.here] == [colleague]]
    return [name for owner in (colleague, *alone) for name in catalogue_file.owned(catalogue, owner)]


def leave(
    connection: Connection,
    colleague: str,
    *,
    to: str | None = None,
    moments: Mapping[str, str] | None = None,
    parties: Mapping[str, str] | None = None,
    file: Path,
    now: int,
    by: str,
) -> int:
    """Hand everything over; how many people are to be met. Their account is the caller's to close, right after.

    `moments`, `parties`: new owners one by one; `to`: for all the rest. `file`: the catalogue's, which names the new
    owners before anything else changes. Raises NotHandedOver with the list of what would have nobody, and InputError
    for a new owner who is not here; nothing is changed then.
    """
    house = read_house(connection, now)
    _here(house, colleague)
    text, seen = catalogue_file.read_text(file)
    given_moments, given_parties = dict(moments or {}), dict(parties or {})
    for new in {*given_moments.values(), *given_parties.values(), *([to] if to else [])}:
        _may_take(house, new, colleague, parties=new in given_parties.values() or new == to)
    theirs = left_moments(parse_catalogue(text), house, colleague)
    people = list(connection.execute(select(PARTIES.c.party).where(PARTIES.c.owner == colleague)).scalars())
    owners = {name: given_moments.get(name, to) for name in theirs}
    bonds = {party: given_parties.get(party, to) for party in people}
    work = {row.number: bonds.get(row.party) or owners.get(row.moment) or to for row in _work(connection, colleague)}
    _refuse(connection, house, colleague, (owners, bonds, work))
    if owners:
        new_text = catalogue_file.with_owners(text, {name: owner for name, owner in owners.items() if owner})
        catalogue_file.save(file, seen, new_text, set(owners))
    taken = update(OCCASIONS).where(O.taken_by == colleague, O.state == "taken")
    connection.execute(taken.values(state="open", taken_by=None, changed_us=now))
    for number, owner in work.items():
        connection.execute(update(OCCASIONS).where(O.number == number).values(owner=owner, changed_us=now))
    for party, owner in bonds.items():
        connection.execute(update(PARTIES).where(PARTIES.c.party == party).values(owner=owner, changed_us=now))
    _meet(connection, house, colleague, bonds, now)
    facts = {"moments": len(owners), "people": len(bonds), "to": to or "by name"}
    audit.note(connection, now, by, "colleague handed over", f"colleague:{colleague}", facts)
    return len(bonds)


def _here(house: House, colleague: str) -> None:
    if colleague not in house.here:
        raise InputError(f"colleague {colleague[:60]!r}: is not here; here are {', '.join(sorted(house.here))}")


def _may_take(house: House, new: str, leaving: str, *, parties: bool) -> None:
    """A moment may go to a team; a bond goes to a person."""
    people = [one for one in house.people(new) if one != leaving]
    if not people or (parties and new not in house.here):
        here = ", ".join(sorted(house.here - {leaving}))
        raise InputError(f"{new[:60]!r} cannot take over: name a colleague who is here and stays ({here})")


def _work(connection: Connection, colleague: str) -> Sequence[Any]:
    """Occasions of theirs that are on the desk: each goes with its party, else with its moment."""
    query = select(O.number, O.party, O.moment).where(O.owner == colleague, O.state.in_(ON_DESK))
    return connection.execute(query).all()


def _refuse(connection: Connection, house: House, colleague: str, new: tuple[Mapping[Any, str | None], ...]) -> None:
    """Raise NotHandedOver with every moment, party and occasion that has no new owner."""
    moments, parties, work = ([about for about, owner in owners.items() if owner is None] for owners in new)
    if not (moments or parties or work):
        return
    known = parties_of(connection, parties[:LISTED])
    names = [known[party].name or party if party in known else party for party in parties]
    refused = [Said("leaving.moment", {"moment": name}) for name in moments]
    refused += [Said("leaving.party", {"party": name}) for name in names]
    refused += [Said("leaving.occasion", {"number": number}) for number in work]
    listed = [f"the moment {name!r}" for name in moments] + names + [f"occasion {number}" for number in work]
    raise NotHandedOver(house.name(colleague), listed, refused)


def _meet(connection: Connection, house: House, colleague: str, bonds: Mapping[str, str | None], now: int) -> None:
    """An occasion for each of their people: the new owner says so in person."""
    known = parties_of(connection, list(bonds))
    facts = {"left": colleague, "left_name": house.name(colleague)}
    rows: list[dict[str, Any]] = [
        new_row(
            party=party, moment="handover", identity=f"handover:{colleague}", kind="handover", about_us=now,
            owner=owner, shown_us=now, until_us=now + HANDOVER_DAYS * DAY_US, stake=stake("handover"),
            who=known[party].kind, facts=facts, changed_us=now,
        )
        for party, owner in bonds.items()
        if known[party].deceased is None
    ]  # fmt: skip
    for i in range(0, len(rows), AT_ONCE):
        connection.execute(insert(OCCASIONS), rows[i : i + AT_ONCE])
