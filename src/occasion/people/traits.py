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
from occasion.people.search import Entry, index_entries
from occasion.store.arrived import Arrived
from occasion.store.schema.people import DETAILS, PARTIES, TRAITS

AT_ONCE = 400  # parties whose traits are read together
LONGEST_KEY = 200
BIRTHDAY = "birthday"
FOLLOWING = ("name", "zone", "locale", "deceased")  # fields of a party that may follow from traits


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
    touched = list(dict.fromkeys(party for party, _ in gone))
    after = {party: derive(_values(held[party])) for party in touched}
    _follow(connection, [_Change(party, kinds[party], before[party], after[party]) for party in touched], *how)
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


@dataclass(frozen=True)
class _Change:
    """What followed from one identity's traits, and what follows now."""

    party: str
    kind: str
    before: Derived
    after: Derived


def _follow(connection: Connection, changes: Sequence[_Change], now: int, source: str) -> None:
    """Write down what follows from traits, for all these identities together."""
    parties = [change.party for change in changes]
    rows = {
        row["party"]: dict(row)
        for row in connection.execute(select(PARTIES).where(PARTIES.c.party.in_(parties))).mappings()
    }
    updates, entries = [], []
    for change in changes:
        row = rows.get(change.party)
        fresh = row is None
        held = row or {"name": "", "zone": None, "locale": None, "deceased": None}
        values = {field: _following(change, field, held[field]) for field in FOLLOWING}
        if row is None:
            rows[change.party] = {"kind": change.kind, **values}
            entries.append(Entry(change.party, "identity", 0, change.party, fresh))
        elif any(values[field] != held[field] for field in FOLLOWING):
            updates.append({"of": change.party, **{f"new_{field}": values[field] for field in FOLLOWING}})
        if values["name"] != held["name"]:
            entries.append(Entry(change.party, "name", 0, values["name"], fresh))
        if change.before.searched != change.after.searched:
            entries.append(Entry(change.party, "trait", 0, change.after.searched, fresh))
    made = [{"party": party, **rows[party]} for party in parties if "party" not in rows[party]]
    _write_parties(connection, made, updates, now)
    index_entries(connection, entries)
    for change in changes:
        if change.after.birthday and change.after.birthday != change.before.birthday:
            _birthday(connection, change.party, change.after.birthday, now, source)


def _write_parties(
    connection: Connection, made: Sequence[dict[str, Any]], updates: Sequence[dict[str, Any]], now: int
) -> None:
    if made:
        rest = {"consent": {}, "made_us": now, "changed_us": now}
        connection.execute(insert(PARTIES), [{**row, **rest} for row in made])
    if updates:
        new: dict[str, Any] = {field: bindparam(f"new_{field}") for field in FOLLOWING}
        changed = update(PARTIES).where(PARTIES.c.party == bindparam("of")).values(changed_us=now, **new)
        connection.execute(changed, updates)


def _following(change: _Change, field: str, held: Any) -> Any:
    """A field's value now: what traits say, where it is empty or what they said before."""
    said = getattr(change.after, field)
    return said if said and (held in (None, "") or held == getattr(change.before, field)) else held


def _birthday(connection: Connection, party: str, date: str, now: int, source: str) -> None:
    mine = (DETAILS.c.party == party) & (DETAILS.c.source == source) & (DETAILS.c.text == BIRTHDAY)
    old = connection.execute(select(DETAILS.c.number).where(mine, DETAILS.c.ended_us.is_(None))).scalars().all()
    for number in old:
        details.end(connection, number, now=now)
    details.note(connection, party, BIRTHDAY, now=now, by="system", source=source, kind="date", on_date=date, own=True)
