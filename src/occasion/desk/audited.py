"""The page of the audit: who did what, the latest first, and whether the chain holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from occasion.desk.owners import House, read_house
from occasion.desk.pages_house import AuditLine, AuditPage
from occasion.desk.seen import parties_seen
from occasion.desk.viewer import Looks
from occasion.people.merges import canonical
from occasion.people.parties import parties_of
from occasion.store import audit
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.doors import AUDIT

LINES = 100
DIGITS = 12
NONE = "–"  # a fact that is empty
OCCASION = "occasion:"


def audited(
    connection: Connection,
    viewer: Looks,
    now: int,
    zone: str,
    *,
    about: str = "",
    actor: str = "",
    older: int | None = None,
    check: bool = False,
    lines: int = LINES,
) -> AuditPage:
    """A page of the audit. `about` is as `audit.note` was told (party:<id>, occasion:<number>, ...); `check` walks the
    whole chain, which takes as long as the audit is. Who a row is about is said only of parties the viewer may see.
    """
    which: list[ColumnElement[bool]] = []
    which += [AUDIT.c.about.in_(_kept_as(connection, viewer, about))] if about else []
    which += [AUDIT.c.actor == actor] if actor else []
    below = [AUDIT.c.number < older] if older is not None else []
    total = connection.execute(select(func.count()).select_from(AUDIT).where(*which)).scalar_one()
    query = select(AUDIT).where(*which, *below).order_by(AUDIT.c.number.desc()).limit(lines + 1)
    rows = connection.execute(query).all()
    shown, house = rows[:lines], read_house(connection, now)
    means = _told(connection, viewer, audit.parties_of(connection, [row.about for row in shown]))
    labels = _labels(connection, [row.about for row in shown], means, house)
    found = audit.verify(connection) if check else None
    return AuditPage(
        now,
        zone,
        tuple(_line(row, house, means, labels) for row in shown),
        total,
        None if found is None else isinstance(found, audit.Head),
        found.number if isinstance(found, audit.Broken) else None,
        about,
        actor,
        shown[-1].number if len(rows) > lines else None,
    )


def _kept_as(connection: Connection, viewer: Looks, about: str) -> list[str]:
    party = about.removeprefix(audit.PARTY)
    if party == about or not parties_seen(connection, viewer, [party]):
        return [about]  # as a party's rows are not kept
    return audit.party_names(connection, [party]) or [about]


def _told(connection: Connection, viewer: Looks, means: Mapping[str, str]) -> dict[str, str]:
    """The parties that rows are about, without those that are not the viewer's to see."""
    seen = parties_seen(connection, viewer, means.values())
    return {about: party for about, party in means.items() if party in seen}


def _line(row: Any, house: House, means: Mapping[str, str], labels: Mapping[str, str]) -> AuditLine:
    about = audit.PARTY + means[row.about] if row.about in means else row.about
    facts = tuple((name, _shown(value) or NONE) for name, value in row.facts.items())
    return AuditLine(
        row.number,
        row.at_us,
        row.actor,
        house.name(row.actor),
        row.action,
        about,
        labels.get(row.about, ""),
        facts,
        bytes(row.digest).hex()[:DIGITS],
    )


def _labels(connection: Connection, abouts: Sequence[str], means: Mapping[str, str], house: House) -> dict[str, str]:
    """What each is called: a party's name, an occasion's moment and number, a colleague's name."""
    known = parties_of(connection, list({canonical(connection, party) for party in means.values()}))
    names = {about: known[canonical(connection, party)] for about, party in means.items()}
    labels = {about: party.name or party.party for about, party in names.items()}
    numbers = {int(one.removeprefix(OCCASION)) for one in abouts if one.startswith(OCCASION)}
    rows = connection.execute(select(OCCASIONS.c.number, OCCASIONS.c.moment).where(OCCASIONS.c.number.in_(numbers)))
    labels |= {f"{OCCASION}{row.number}": f"{row.moment} ({row.number})" for row in rows}
    for one in abouts:
        kind, _, name = one.partition(":")
        if kind == "colleague":
            labels[one] = house.name(name)
        elif kind == "moment":
            labels[one] = name
    return labels


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
