"""What is known about the parties of a page, read at once: a handful of queries however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, select

from occasion.desk.dates import DAY_US, local_date
from occasion.desk.owners import House
from occasion.desk.parts import DetailLine, GestureLine, PartyRef, PromiseLine
from occasion.people.details import Detail
from occasion.people.parties import Party, parties_of
from occasion.people.permission import ContactRules, rest_days
from occasion.people.promises import Promise
from occasion.store.schema.desk import GESTURES, OCCASIONS
from occasion.store.schema.people import DETAILS, PROMISES

AT_ONCE = 400
T = TypeVar("T")


@dataclass(frozen=True)
class Known:
    """Parties by the identity asked for; the rest by the identity that merges lead to."""

    parties: Mapping[str, Party]
    details: Mapping[str, tuple[Detail, ...]]
    promises: Mapping[str, tuple[Promise, ...]]
    gestures: Mapping[str, tuple[GestureLine, ...]]  # the latest first
    troubled: Mapping[str, tuple[int, str]]  # who has a pit open: its occasion and moment

    def rests_until(self, party: Party, now: int, rules: ContactRules) -> tuple[int, int] | None:
        """Until when a party is left in peace, and since which gesture; None where it is not now."""
        last = next((one.at_us for one in self.gestures.get(party.party, ()) if one.form != "nothing"), None)
        if last is None or last > now:
            return None
        days = rest_days(party, rules)
        until = int(last + days * DAY_US)
        return (until, last) if until > now else None


def know(connection: Connection, parties: Iterable[str], house: House, pits: Iterable[str]) -> Known:
    """Everything about some parties. `pits`: names of the moments that are marked as one."""
    known = parties_of(connection, list(parties))
    top = {identity: party.party for party in known.values() for identity in party.identities}
    identities = list(top)
    details: dict[str, list[Detail]] = {}
    promises: dict[str, list[Promise]] = {}
    gestures: dict[str, list[GestureLine]] = {}
    troubled: dict[str, tuple[int, str]] = {}
    pits = list(pits)
    for i in range(0, len(identities), AT_ONCE):
        some = identities[i : i + AT_ONCE]
        wanted = select(DETAILS).where(DETAILS.c.party.in_(some), DETAILS.c.ended_us.is_(None))
        for row in connection.execute(wanted.order_by(DETAILS.c.noted_us.desc(), DETAILS.c.number.desc())).mappings():
            details.setdefault(top[row["party"]], []).append(Detail(**row))
        promised = select(PROMISES).where(
            PROMISES.c.party.in_(some), PROMISES.c.kept_us.is_(None), PROMISES.c.dropped_us.is_(None)
        )
        for row in connection.execute(promised.order_by(PROMISES.c.due, PROMISES.c.number)).mappings():
            promises.setdefault(top[row["party"]], []).append(Promise(**row))
        for line, party in _gestures(connection, some, house):
            gestures.setdefault(top[party], []).append(line)
        if pits:
            for party, number, moment in connection.execute(_trouble(some, pits)):
                troubled.setdefault(top[party], (number, moment))
    return Known(known, _frozen(details), _frozen(promises), _frozen(gestures), troubled)


def _frozen(found: Mapping[str, list[T]]) -> dict[str, tuple[T, ...]]:
    return {party: tuple(some) for party, some in found.items()}


def _trouble(parties: Sequence[str], pits: Sequence[str]) -> Select[Any]:
    kind, state = OCCASIONS.c.kind + "", OCCASIONS.c.state + ""  # no index for these: they are found by party
    return (
        select(OCCASIONS.c.party, OCCASIONS.c.number, OCCASIONS.c.moment)
        .where(
            OCCASIONS.c.party.in_(parties), OCCASIONS.c.moment.in_(pits), kind == "reached",
            state.in_(("open", "taken", "held")),
        )
        .order_by(OCCASIONS.c.about_us)
    )  # fmt: skip


def _gestures(connection: Connection, parties: Sequence[str], house: House) -> list[tuple[GestureLine, str]]:
    query = (
        select(GESTURES, OCCASIONS.c.moment)
        .outerjoin(OCCASIONS, OCCASIONS.c.number == GESTURES.c.occasion)
        .where(GESTURES.c.party.in_(parties))
        .order_by(GESTURES.c.at_us.desc(), GESTURES.c.number.desc())
    )
    return [
        (
            GestureLine(row.number, row.at_us, row.form, row.text, row.colleague, house.name(row.colleague),
                        row.occasion, row.moment or ""),
            row.party,
        )
        for row in connection.execute(query)
    ]  # fmt: skip


def party_ref(party: Party, house: House, zone: str, named: bool, place: int = 0) -> PartyRef:
    """A party in a line. `place`: what to number it by for who may not see who it is."""
    if not named:
        return PartyRef("", "", f"{party.kind} {place}", party.kind, party.zone or zone)
    return PartyRef(
        party.party, party.name, party.name or party.party, party.kind, party.zone or zone, party.owner,
        house.name(party.owner) if party.owner else "", party.deceased is not None,
    )  # fmt: skip


def detail_line(detail: Detail, house: House) -> DetailLine:
    """A detail as a line."""
    return DetailLine(
        detail.number, detail.text, detail.kind, detail.source, detail.noted_by, house.name(detail.noted_by),
        detail.noted_us, detail.use, detail.sensitive, detail.unmentioned, detail.on_date,
    )  # fmt: skip


def promise_line(promise: Promise, house: House, zone: str, now: int) -> PromiseLine:
    """A promise as a line; `zone`: the party's."""
    overdue = promise.open and date.fromisoformat(promise.due) < local_date(now, zone)
    return PromiseLine(
        promise.number, promise.text, promise.made_by, house.name(promise.made_by), promise.made_us, promise.due,
        promise.kept_us, promise.dropped_us, promise.why_dropped or "", overdue,
    )  # fmt: skip
