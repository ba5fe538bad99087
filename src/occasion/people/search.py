"""Finding a party by the beginning of a word: of its name, its identities, its traits or what is remembered about it.

The words lie in a table of their own (FINDABLE), folded, and every prefix is a range of its key: no scan, no extension
of either database. What is searched for must be in one identity's words; the hits are told by the merged party.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, func, insert, select

from occasion.people.merges import canonical
from occasion.store.schema.people import DETAILS, FINDABLE, PARTIES

Place = Literal["name", "identity", "trait", "detail"]
ORDER: tuple[Place, ...] = ("name", "identity", "trait", "detail")
LONGEST = 80  # characters of a word that count
MOST_WORDS = 200  # of one text
MANY = 2000
CANDIDATES = 400  # rows looked at for a page of hits
LAST = "\U0010ffff"
_WORD = re.compile(r"\w+")
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})


@dataclass(frozen=True)
class Hit:
    """A party that was found: `party` is what merges lead to, `identity` the one whose words were found.

    `place` is the best place they stand in; `detail` is the number of a detail they stand in, where there is one.
    """

    party: str
    identity: str
    name: str
    place: Place
    detail: int | None


def fold(text: str) -> str:
    """Text as it is compared: small letters, without accents.

    >>> fold("Żaneta ŁĄCKA-Groß")
    'zaneta lacka-gross'
    """
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_LETTERS)


def words(text: str) -> list[str]:
    """The words of a text, folded, each once, in order."""
    return list(dict.fromkeys(word[:LONGEST] for word in _WORD.findall(fold(text))))[:MOST_WORDS]


class Entry(NamedTuple):
    """A text that a party is to be found by; `fresh`: nothing stood at this place before."""

    party: str
    place: Place
    number: int
    text: str
    fresh: bool = False


def index_words(
    connection: Connection, party: str, place: Place, number: int, text: str, *, fresh: bool = False
) -> None:
    """Let `party` be found by the words of `text`, and no more by what stood at this place before."""
    index_entries(connection, [Entry(party, place, number, text, fresh)])


def index_entries(connection: Connection, entries: Iterable[Entry]) -> None:
    """The same for many texts, each at a place of its own, in two statements."""
    given = list(entries)
    gone = [{"of": one.party, "at": one.place, "no": one.number} for one in given if not one.fresh]
    if gone:
        where = (FINDABLE.c.party == bindparam("of")) & (FINDABLE.c.place == bindparam("at"))
        connection.execute(delete(FINDABLE).where(where, FINDABLE.c.number == bindparam("no")), gone)
    rows = [
        {"word": word, "party": one.party, "place": one.place, "number": one.number}
        for one in given
        for word in _findable(one.place, one.text)
    ]
    if rows:
        connection.execute(insert(FINDABLE), rows)


def _findable(place: Place, text: str) -> list[str]:
    """The words of a text; of addresses also the whole of each: anna@example.com."""
    found = words(text)
    if place not in ("identity", "trait"):
        return found
    whole = [fold(text)] if place == "identity" else fold(text).split()[:MOST_WORDS]
    return list(dict.fromkeys([*found, *(one[:LONGEST] for one in whole if one)]))


def forget_words(connection: Connection, party: str, place: Place, number: int) -> None:
    """Take one place's words out."""
    index_entries(connection, [Entry(party, place, number, "")])


def search(
    connection: Connection, text: str, *, limit: int = 20, places: Sequence[Place] = ORDER, owner: str | None = None
) -> list[Hit]:
    """Parties for which every word of `text` begins a word at one of `places`; nobody for an empty text.

    A whole identity comes before all; then names, then the other places, at each whole words before beginnings.
    `owner`: only parties whose bond is this colleague's.
    """
    wanted = sorted(words(text), key=len, reverse=True)
    whole = fold(text.strip())[:LONGEST]
    if not wanted:
        return []
    found = select(FINDABLE.c.party, FINDABLE.c.place, FINDABLE.c.number, FINDABLE.c.word)
    if owner is not None:
        found = found.where(exists().where(PARTIES.c.party == FINDABLE.c.party, PARTIES.c.owner == owner))
    if len(wanted) > 1:  # the rarest first: the others are only looked for among its parties
        wanted.sort(key=lambda word: _how_many(connection, word, places))
    query = found.where(_begins(FINDABLE, wanted[0], places))
    for word in wanted[1:]:
        other = FINDABLE.alias()
        query = query.where(exists().where(other.c.party == FINDABLE.c.party, _begins(other, word, places)))
    rows = list(connection.execute(query.order_by(FINDABLE.c.word).limit(CANDIDATES)))
    if "identity" in places:
        rows += connection.execute(found.where(FINDABLE.c.word == whole, FINDABLE.c.place == "identity")).all()
    rows.sort(key=lambda row: (fold(row.party) != whole, ORDER.index(row.place), row.word not in wanted, row.word))
    return _hits(connection, [(row.party, row.place, row.number) for row in rows], limit)


def _how_many(connection: Connection, word: str, places: Sequence[Place]) -> int:
    """How many entries begin so, up to a limit from which on it makes no difference."""
    some = select(FINDABLE.c.party).where(_begins(FINDABLE, word, places)).limit(MANY).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def _begins(table: object, word: str, places: Sequence[Place]) -> ColumnElement[bool]:
    columns = table.c  # type: ignore[attr-defined]
    condition: ColumnElement[bool] = (columns.word >= word) & (columns.word < word + LAST)
    return condition if set(places) == set(ORDER) else condition & columns.place.in_(places)


def _hits(connection: Connection, ranked: Sequence[tuple[str, Place, int]], limit: int) -> list[Hit]:
    hits: dict[str, Hit] = {}
    for identity, place, number in ranked:
        party = canonical(connection, identity)
        if party not in hits:
            hits[party] = Hit(party, identity, "", place, number or None)
        if len(hits) >= limit:
            break
    asked = [*hits, *(hit.identity for hit in hits.values())]
    rows = connection.execute(select(PARTIES.c.party, PARTIES.c.name).where(PARTIES.c.party.in_(asked)))
    names = {row.party: row.name for row in rows}
    return [
        Hit(hit.party, hit.identity, names.get(hit.party) or names.get(hit.identity) or "", hit.place, hit.detail)
        for hit in hits.values()
    ]


def reindex(connection: Connection) -> int:
    """Make all words anew (after an import by other means); how many places there are."""
    connection.execute(delete(FINDABLE))
    count = 0
    for party, name in connection.execute(select(PARTIES.c.party, PARTIES.c.name)).all():
        index_words(connection, party, "identity", 0, party)
        index_words(connection, party, "name", 0, name)
        count += 2
    for number, party, text in connection.execute(select(DETAILS.c.number, DETAILS.c.party, DETAILS.c.text)).all():
        index_words(connection, party, "detail", number, text)
        count += 1
    return count
