"""What systems say about a party (identify and its kin): kept as said, and what follows from it.

Traits belong to the identity they came for. What a person wrote by hand stays: a trait changes a name, a zone or a
locale only where it is empty or is what traits said before. A birthday becomes a detail with its source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from occasion.people import details
from occasion.people.derived import Derived, derive
from occasion.people.merges import identities
from occasion.people.parties import ensure
from occasion.people.search import index_words
from occasion.store.arrived import Arrived
from occasion.store.schema.people import DETAILS, PARTIES, TRAITS

AT_ONCE = 400  # parties whose traits are read together
LONGEST_KEY = 200
BIRTHDAY = "birthday"


@dataclass(frozen=True)
class Said:
    """What `source` said of an identity at `at_us`; a value of None takes a trait away."""

    party: str
    values: Mapping[str, Any]
    source: str
    at_us: int
    kind: str = "customer"


@dataclass(frozen=True)
class Trait:
    """One trait, as in TRAITS."""

    party: str
    key: str
    value: Any
    source: str
    seen_us: int


def learn(connection: Connection, said: Iterable[Said], *, now: int, noted: str = "identify") -> int:
    """Take in what was said, in the order given; how many traits changed. `noted`: the source of a birthday's detail.

    Of a trait the latest word counts (by `at_us`; of two at once the later given). Saying the same again changes
    nothing and costs a reading.
    """
    changed = 0
    waiting = iter(said)
    while some := list(islice(waiting, AT_ONCE)):
        changed += _learn(connection, some, (now, noted))
    return changed


def take_traits(connection: Connection, arrived: Sequence[Arrived], now: int) -> None:
    """What a writer hands on of a transaction (see store.intake.TakeTraits)."""
    given = ((item, item.traits) for item in arrived)
    learn(
        connection,
        (
            Said(t.party, t.values, item.source, item.at_us or _at(item, now), t.kind)
            for item, t in given
            if t is not None
        ),
        now=now,
    )


def _at(item: Arrived, now: int) -> int:
    return item.event.at if item.event is not None else now


def traits_of(connection: Connection, party: str) -> list[Trait]:
    """All traits of a party under its identities: by key, of each key the latest first."""
    query = select(TRAITS).where(TRAITS.c.party.in_(identities(connection, party)))
    rows = connection.execute(query.order_by(TRAITS.c.key, TRAITS.c.seen_us.desc(), TRAITS.c.party)).mappings()
    return [Trait(**row) for row in rows]


def clean(value: Any) -> Any:
    """A JSON value that both databases can hold: without zero bytes and without half characters."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {str(clean(str(key))): clean(inner) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [clean(inner) for inner in value]
    return value


def _learn(connection: Connection, said: Sequence[Said], how: tuple[int, str]) -> int:
    parties = list(dict.fromkeys(one.party for one in said))
    held: dict[str, dict[str, Trait]] = {party: {} for party in parties}
    for row in connection.execute(select(TRAITS).where(TRAITS.c.party.in_(parties))).mappings():
        held[row["party"]][row["key"]] = Trait(**row)
    before = {party: derive(_values(traits)) for party, traits in held.items()}
    kinds = {one.party: one.kind for one in said}
    gone: dict[tuple[str, str], None] = {}
    new: dict[tuple[str, str], Trait] = {}
    for trait in _traits(said):
        place = (trait.party, trait.key)
        known = held[trait.party].get(trait.key)
        if known is not None and (known.value == trait.value or known.seen_us > trait.seen_us):
            continue
        gone[place] = None
        new.pop(place, None)
        held[trait.party].pop(trait.key, None)
        if trait.value is not None:
            new[place] = held[trait.party][trait.key] = trait
    _write(connection, gone, new)
    for party in dict.fromkeys([party for party, _ in gone]):
        if ensure(connection, party, how[0]) and kinds[party] != "customer":
            connection.execute(update(PARTIES).where(PARTIES.c.party == party).values(kind=kinds[party]))
        _follow(connection, party, before[party], derive(_values(held[party])), how)
    return len(gone)


def _traits(said: Sequence[Said]) -> Iterator[Trait]:
    for one in said:
        for key, value in one.values.items():
            named = str(clean(key)).strip()[:LONGEST_KEY]
            if named:
                yield Trait(one.party, named, clean(value), one.source, one.at_us)


def _values(traits: Mapping[str, Trait]) -> dict[str, Any]:
    return {key: trait.value for key, trait in sorted(traits.items())}


def _write(connection: Connection, gone: Iterable[tuple[str, str]], new: Mapping[tuple[str, str], Trait]) -> None:
    places = [{"of": party, "named": key} for party, key in gone]
    if places:
        where = (TRAITS.c.party == bindparam("of")) & (TRAITS.c.key == bindparam("named"))
        connection.execute(delete(TRAITS).where(where), places)
    if new:
        connection.execute(insert(TRAITS), [vars(trait) for trait in new.values()])


def _follow(connection: Connection, party: str, before: Derived, after: Derived, how: tuple[int, str]) -> None:
    """Write down what follows from the traits of one identity."""
    row = connection.execute(select(PARTIES).where(PARTIES.c.party == party)).mappings().one()
    values: dict[str, Any] = {}
    for field in ("name", "zone", "locale", "deceased"):
        said, held = getattr(after, field), row[field]
        if said and said != held and (held in (None, "") or held == getattr(before, field)):
            values[field] = said
    if values:
        connection.execute(update(PARTIES).where(PARTIES.c.party == party).values(**values, changed_us=how[0]))
    if "name" in values:
        index_words(connection, party, "name", 0, values["name"])
    if before.searched != after.searched:
        index_words(connection, party, "trait", 0, after.searched)
    if after.birthday and after.birthday != before.birthday:
        _birthday(connection, party, after.birthday, how)


def _birthday(connection: Connection, party: str, date: str, how: tuple[int, str]) -> None:
    now, source = how
    mine = (DETAILS.c.party == party) & (DETAILS.c.source == source) & (DETAILS.c.text == BIRTHDAY)
    old = connection.execute(select(DETAILS.c.number).where(mine, DETAILS.c.ended_us.is_(None))).scalars().all()
    for number in old:
        details.end(connection, number, now=now)
    details.note(connection, party, BIRTHDAY, now=now, by="system", source=source, kind="date", on_date=date, own=True)
