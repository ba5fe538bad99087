"""What of a text is no word of its own: the recipient's field values, and the names of people and of the firm."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from occasion.coach.reading import Known
from occasion.coach.skeleton import LONGEST_VALUE, Own
from occasion.people.details import Detail

_NAME = re.compile(r"(?<=[a-zà-ž,;] )[A-ZÀ-Ž][\w'’-]+")
SHORT = 3  # words of a detail that is a field


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


__all__ = ["fields_in", "noted_fields", "own_values", "values_of"]
