"""What of a text is no word of its own: the recipient's field values, and the names of people and of the firm."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from occasion.coach.reading import Known
from occasion.coach.skeleton import LONGEST_VALUE, Own
from occasion.people.details import Detail
from occasion.people.merges import identities_of
from occasion.store.schema.doors import COLLEAGUES, TEAMS
from occasion.store.schema.people import DETAILS, PARTIES, TRAITS

_NAME = re.compile(r"(?<=[a-zà-ž,;] )[A-ZÀ-Ž][\w'’-]+")
SHORT = 3  # words of a detail that is a field
AT_ONCE = 400  # parties asked for together


@dataclass
class OwnWords:
    """The field values and the names of one party."""

    fields: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def own_values(known: Known) -> Own:
    """What is masked in a text to this party."""
    party = known.party
    fields = [*party.identities, party.party, *values_of(known.traits), *noted_fields(known.details)]
    return Own(fields, [party.name, *known.names])


def values_of(traits: Mapping[str, object]) -> list[str]:
    """The texts among what systems say; flags, nested values and long texts are no fields."""
    texts = [str(value) for value in traits.values() if isinstance(value, str)]
    return [text for text in texts if text.strip() and len(text.split()) <= LONGEST_VALUE]


def noted_fields(details: Iterable[Detail]) -> list[str]:
    """Details that are a field rather than a remark (three words at most), and names within remarks."""
    return fields_in([detail.text for detail in details])


def fields_in(remarks: Sequence[str]) -> list[str]:
    """As `noted_fields`, of the texts.

    >>> fields_in(["Ford Transit", "her daughter Mila starts school in May"])
    ['Ford Transit', 'Mila', 'May']
    """
    found: list[str] = []
    for remark in remarks:
        found += [remark] if len(remark.split()) <= SHORT else _NAME.findall(remark)
    return found


def our_names(connection: Connection) -> tuple[str, ...]:
    """What colleagues and teams are called: names that make no text personal."""
    people = connection.execute(select(COLLEAGUES.c.id, COLLEAGUES.c.name)).all()
    teams = connection.execute(select(TEAMS.c.team).distinct()).scalars().all()
    return tuple(sorted({name for row in people for name in row if name} | set(teams)))


def own_words(connection: Connection, parties: Iterable[str]) -> dict[str, OwnWords]:
    """The same of several parties, of all their identities, as the records have it now; in few queries."""
    asked = list(dict.fromkeys(parties))
    found: dict[str, OwnWords] = {}
    for at in range(0, len(asked), AT_ONCE):
        names = identities_of(connection, asked[at : at + AT_ONCE])
        said = _said(connection, sorted({one for some in names.values() for one in some}))
        for party, some in names.items():
            own = found[party] = OwnWords(fields=list(some))
            for one in some:
                if one in said:
                    own.fields += said[one].fields
                    own.names += said[one].names
    return found


def _said(connection: Connection, identities: Sequence[str]) -> dict[str, OwnWords]:
    """By identity."""
    said: dict[str, OwnWords] = {}
    for at in range(0, len(identities), AT_ONCE):
        some = identities[at : at + AT_ONCE]
        for party, name in connection.execute(select(PARTIES.c.party, PARTIES.c.name).where(PARTIES.c.party.in_(some))):
            said.setdefault(party, OwnWords()).names.append(name)
        traits = select(TRAITS.c.party, TRAITS.c.key, TRAITS.c.value).where(TRAITS.c.party.in_(some))
        for party, key, value in connection.execute(traits):
            said.setdefault(party, OwnWords()).fields += values_of({key: value})
        details = select(DETAILS.c.party, DETAILS.c.text).where(DETAILS.c.party.in_(some), DETAILS.c.ended_us.is_(None))
        for party, text in connection.execute(details):
            said.setdefault(party, OwnWords()).fields += fields_in([text])
    return said


__all__ = ["OwnWords", "fields_in", "noted_fields", "our_names", "own_values", "own_words", "values_of"]
