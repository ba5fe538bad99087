"""What an assistant proposed and nobody has answered yet: lines for the catalogue, and ideas about an occasion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from occasion.desk.parts import ProposalLine
from occasion.desk.viewer import Looks, sees_names
from occasion.store.schema.out import PROPOSALS

P = PROPOSALS.c
SHOWN = 20


def proposed_moments(connection: Connection, viewer: Looks) -> tuple[ProposalLine, ...]:
    """Lines for the catalogue, the latest first. Their reasons may speak of people: an analyst does not read them."""
    query = select(PROPOSALS).where(P.state == "open", P.kind == "moment").order_by(P.number.desc()).limit(SHOWN)
    return tuple(_line(row, sees_names(viewer)) for row in connection.execute(query))


def proposed_line(connection: Connection, number: int) -> str:
    """The line of a moment that was proposed; "" where there is none of this number."""
    query = select(P.text).where(P.number == number, P.kind == "moment")
    return str(connection.execute(query).scalar() or "")


def proposed_about(connection: Connection, occasions: Sequence[int]) -> dict[int, tuple[ProposalLine, ...]]:
    """What was proposed about occasions, by their numbers, the latest first."""
    if not occasions:
        return {}
    query = select(PROPOSALS).where(P.state == "open", P.kind == "gesture", P.occasion.in_(occasions))
    found: dict[int, tuple[ProposalLine, ...]] = {}
    for row in connection.execute(query.order_by(P.number.desc())):
        found[row.occasion] = (*found.get(row.occasion, ()), _line(row, True))
    return found


def _line(row: Any, whole: bool) -> ProposalLine:
    return ProposalLine(row.number, row.text, row.why if whole else "…", row.made_by, row.made_us)
