"""What was promised to a party, for a day on its own calendar: open, kept or dropped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, insert, select, update

from occasion.errors import InputError
from occasion.people.merges import canonical, identities
from occasion.people.partial import today_in
from occasion.people.parties import ensure, parties_of
from occasion.store.schema.people import PROMISES


@dataclass(frozen=True)
class Promise:
    """A promise, as in PROMISES; `party` is the identity it was made to, `due` a civil date of theirs."""

    number: int
    party: str
    text: str
    made_by: str
    made_us: int
    due: str
    kept_us: int | None
    kept_by: str | None
    dropped_us: int | None
    why_dropped: str | None

    @property
    def open(self) -> bool:
        """Neither kept nor dropped."""
        return self.kept_us is None and self.dropped_us is None


@dataclass(frozen=True)
class Due:
    """An open promise beside today in the party's zone: `days` until it is due, negative when overdue."""

    promise: Promise
    days: int


def make(connection: Connection, party: str, text: str, due: str, *, now: int, by: str) -> int:
    """Write a promise down; its number. `due` is a full date. InputError for an empty text or another form of date."""
    text = " ".join(text.split())
    if not text:
        raise InputError("promise '': is empty; write what was promised")
    try:
        day = date.fromisoformat(due.strip())
    except ValueError:
        raise InputError(f"promise due {due!r}: is no day; write it as 2026-05-12") from None
    top = canonical(connection, party)
    row = {"party": top, "text": text, "due": day.isoformat(), "made_by": by, "made_us": now}
    ensure(connection, top, now)
    return int(connection.execute(insert(PROMISES).values(**row).returning(PROMISES.c.number)).scalar_one())


def keep(connection: Connection, number: int, *, now: int, by: str) -> Promise:
    """It was kept. InputError when it is not open."""
    return _close(connection, number, {"kept_us": now, "kept_by": by})


def drop(connection: Connection, number: int, why: str, *, now: int) -> Promise:
    """It will not be kept, for a reason. InputError without one, or when it is not open."""
    if not why.strip():
        raise InputError(f"promise {number}: dropping it needs a reason")
    return _close(connection, number, {"dropped_us": now, "why_dropped": why.strip()})


def get(connection: Connection, number: int) -> Promise:
    """One promise; InputError where there is none."""
    row = connection.execute(select(PROMISES).where(PROMISES.c.number == number)).mappings().first()
    if row is None:
        raise InputError(f"promise {number}: there is none with this number; the party's page lists its promises")
    return Promise(**row)


def promises_of(connection: Connection, party: str) -> list[Promise]:
    """All promises to the party under its identities, the ones due last first."""
    query = select(PROMISES).where(PROMISES.c.party.in_(identities(connection, party)))
    rows = connection.execute(query.order_by(PROMISES.c.due.desc(), PROMISES.c.number.desc())).mappings()
    return [Promise(**row) for row in rows]


def due(connection: Connection, *, now: int, zone: str, within_days: int = 0) -> list[Due]:
    """Open promises due by `within_days` from today, each by its party's own calendar (`zone`, where it has none).

    The longest overdue first.
    """
    latest = date.fromordinal(today_in(zone, now).toordinal() + within_days + 2)  # no zone is two days ahead
    rows = connection.execute(
        select(PROMISES)
        .where(PROMISES.c.kept_us.is_(None), PROMISES.c.dropped_us.is_(None), PROMISES.c.due <= latest.isoformat())
        .order_by(PROMISES.c.due, PROMISES.c.number)
    ).mappings()
    some = [Promise(**row) for row in rows]
    known = parties_of(connection, [promise.party for promise in some])
    found = []
    for promise in some:
        today = today_in(known[promise.party].zone or zone, now)
        days = date.fromisoformat(promise.due).toordinal() - today.toordinal()
        if days <= within_days:
            found.append(Due(promise, days))
    return sorted(found, key=lambda one: (one.days, one.promise.number))


def _close(connection: Connection, number: int, values: dict[str, object]) -> Promise:
    promise = get(connection, number)
    if not promise.open:
        raise InputError(
            f"promise {number}: was {'kept' if promise.kept_us else 'dropped'} already, nothing was changed"
        )
    connection.execute(update(PROMISES).where(PROMISES.c.number == number).values(**values))
    return get(connection, number)
