"""Remembered facts about a party: where each is from, when it was noted, and what it may be used for.

What a detail may be used for, by purpose:

    purpose   offered are details that are true still and ...
    gift      for anything, not of health, not sensitive, not to be left unmentioned
    mention   not for inside only, not sensitive, not to be left unmentioned
    care      not for inside only

Health never suggests a gift: a detail that speaks of health is left out of gifts whatever it was filed under.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Connection, insert, select, update

from occasion.errors import InputError
from occasion.people.merges import canonical, identities
from occasion.people.partial import read_partial
from occasion.people.parties import ensure
from occasion.people.search import fold, forget_words, index_words
from occasion.store.schema.people import DETAILS

DetailKind = Literal["preference", "family", "health", "work", "date", "other"]
Use = Literal["anything", "care", "inside"]
Purpose = Literal["gift", "care", "mention"]
KINDS: tuple[DetailKind, ...] = get_args(DetailKind)
USES: tuple[Use, ...] = get_args(Use)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
LONGEST = 2000
# Beginnings of words that speak of health, English and Polish, folded; a guard beside the kind, not instead of it.
_HEALTH = re.compile(
    r"\b(allerg|alerg|anaesth|anesth|antibiot|antybiot|anxi|arthrit|asthm|astm|biops|blood pressure|cancer|chemo|"
    r"chorob|chemio|cholest|ciaz|cukrzyc|dement|depress|depresj|diabet|diagnos|diagnoz|dialy|disab|disease|epilep|extraction|"
    r"extracted|glut|heart (attack|condition|disease)|hepat|hiv\b|hospital|illness|implant|insulin|lekar|medicat|"
    r"medicin|miscarr|migren|migrain|niepelnospraw|nowotwor|operacj|oncolog|onkolog|pacemaker|pregnan|psychiat|rak\b|rehab|"
    r"root canal|seizure|sick\b|stroke|surger|szpital|therap|terapi|tumou?r|ulcer|wheelchair|zawal)"
)


@dataclass(frozen=True)
class Detail:
    """A remembered fact, as in DETAILS; `party` is the identity it was noted for."""

    number: int
    party: str
    text: str
    kind: DetailKind
    on_date: str | None  # partial
    source: str
    noted_by: str
    noted_us: int
    use: Use
    sensitive: bool
    unmentioned: bool
    ended_us: int | None

    def may(self, purpose: Purpose) -> bool:
        """Whether it may be used for this (see the module)."""
        if self.ended_us is not None or self.use == "inside":
            return False
        if purpose == "care":
            return True
        if self.sensitive or self.unmentioned:
            return False
        return purpose == "mention" or (self.use == "anything" and self.kind != "health" and not of_health(self.text))


def of_health(text: str) -> bool:
    """Whether a text speaks of health, as far as its words tell.

    >>> of_health("Allergic to penicillin"), of_health("prefers mint rinse")
    (True, False)
    """
    return _HEALTH.search(fold(text)) is not None


def note(
    connection: Connection,
    party: str,
    text: str,
    *,
    now: int,
    by: str,
    source: str,
    kind: DetailKind = "other",
    use: Use = "anything",
    sensitive: bool = False,
    unmentioned: bool = False,
    on_date: str | None = None,
    own: bool = False,
) -> int:
    """Remember a fact about the party; its number. It belongs to the identity that merges lead to, with `own` to the
    very identity named (where a system speaks of that one).

    Health is sensitive and for care at most, whatever is asked. The same text and date under the same kind, still
    true, is not noted twice: its number is given.
    Raises InputError for an empty or overlong text, no source, or an unknown kind, use or date.
    """
    text, source = " ".join(text.split()), source.strip()
    if not text or len(text) > LONGEST:
        raise InputError(f"detail {text[:40]!r}: has {len(text)} characters; write from 1 to {LONGEST}")
    if not source:
        raise InputError(f"detail {text[:40]!r}: has no source; say where it is from: said on the phone, a letter")
    _one_of("kind", kind, KINDS)
    _one_of("use", use, USES)
    top = party if own else canonical(connection, party)
    row: dict[str, Any] = {
        "party": top, "text": text, "kind": kind, "source": source, "noted_by": by,
        "noted_us": now, "use": "care" if kind == "health" and use == "anything" else use,
        "sensitive": sensitive or kind == "health", "unmentioned": unmentioned,
        "on_date": str(read_partial(on_date)) if on_date else None,
    }  # fmt: skip
    same = connection.execute(
        select(DETAILS.c.number).where(
            DETAILS.c.party == top,
            DETAILS.c.text == text,
            DETAILS.c.kind == kind,
            DETAILS.c.on_date.is_(None) if row["on_date"] is None else DETAILS.c.on_date == row["on_date"],
            DETAILS.c.ended_us.is_(None),
        )
    ).scalar()
    if same is not None:
        return int(same)
    number = int(connection.execute(insert(DETAILS).values(**row).returning(DETAILS.c.number)).scalar_one())
    ensure(connection, top, now)
    index_words(connection, top, "detail", number, text, fresh=True)
    return number


def restrict(
    connection: Connection,
    number: int,
    *,
    use: Use | None = None,
    sensitive: bool | None = None,
    unmentioned: bool | None = None,
) -> Detail:
    """Change what a detail may be used for; None leaves it. Raises InputError for an unknown number or use."""
    detail = get(connection, number)
    if use is not None:
        _one_of("use", use, USES)
    health = detail.kind == "health"
    values = {
        "use": "care" if health and use == "anything" else use or detail.use,
        "sensitive": health or (detail.sensitive if sensitive is None else sensitive),
        "unmentioned": detail.unmentioned if unmentioned is None else unmentioned,
    }
    connection.execute(update(DETAILS).where(DETAILS.c.number == number).values(**values))
    return get(connection, number)


def end(connection: Connection, number: int, *, now: int) -> Detail:
    """It is no longer true: it stays on the timeline, is used for nothing and found by no search."""
    detail = get(connection, number)
    if detail.ended_us is not None:
        raise InputError(f"detail {number}: has ended already, nothing was changed")
    connection.execute(update(DETAILS).where(DETAILS.c.number == number).values(ended_us=now))
    forget_words(connection, detail.party, "detail", number)
    return get(connection, number)


def get(connection: Connection, number: int) -> Detail:
    """One detail by its number; InputError where there is none."""
    row = connection.execute(select(DETAILS).where(DETAILS.c.number == number)).mappings().first()
    if row is None:
        raise InputError(f"detail {number}: there is none with this number; the party's page lists its details")
    return Detail(**row)


def details_of(connection: Connection, party: str, *, ended: bool = False) -> list[Detail]:
    """All that is remembered about the party under its identities, newest first; with `ended` what was true once."""
    query = select(DETAILS).where(DETAILS.c.party.in_(identities(connection, party)))
    if not ended:
        query = query.where(DETAILS.c.ended_us.is_(None))
    rows = connection.execute(query.order_by(DETAILS.c.noted_us.desc(), DETAILS.c.number.desc())).mappings()
    return [Detail(**row) for row in rows]


def details_for(connection: Connection, party: str, purpose: Purpose) -> list[Detail]:
    """The details that may be used for this purpose, newest first; see the module's table."""
    _one_of("purpose", purpose, PURPOSES)
    return [detail for detail in details_of(connection, party) if detail.may(purpose)]


def _one_of(what: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise InputError(f"{what} {value!r}: is none; it is one of {', '.join(allowed)}")
