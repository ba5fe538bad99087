"""What an assistant proposed: kept for a person to take up or to decline. A proposal does nothing by itself."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from occasion.errors import InputError
from occasion.store import audit
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.out import PROPOSALS

LONGEST = 2000
STATES = ("open", "taken", "declined")


@dataclass(frozen=True)
class Proposal:
    """A line for the catalogue (`moment`), or what could be done about an occasion (`gesture`), and why."""

    number: int
    kind: str
    party: str | None
    occasion: int | None
    text: str
    why: str
    made_by: str
    made_us: int
    state: str


def propose(
    connection: Connection, kind: str, text: str, why: str, *, by: str, now: int, occasion: int | None = None
) -> int:
    """Keep a proposal; its number. Raises InputError for nothing said, too much said, or no such occasion."""
    for what, said in (("text", text), ("why", why)):
        if not said.strip() or len(said) > LONGEST:
            raise InputError(f"a proposal's {what} of {len(said)} characters: 1 to {LONGEST}, in plain words")
    party = None
    if occasion is not None:
        party = connection.execute(select(OCCASIONS.c.party).where(OCCASIONS.c.number == occasion)).scalar()
        if party is None:
            raise InputError(f"occasion {occasion}: there is none of this number; take one that today() gave")
    row = {"kind": kind, "party": party, "occasion": occasion, "text": text.strip(), "why": why.strip(), "made_by": by}
    made = connection.execute(
        PROPOSALS.insert().values(**row, made_us=now, state="open", settled_us=None, settled_by=None)
    )
    assert made.inserted_primary_key is not None
    return int(made.inserted_primary_key[0])


def proposals(connection: Connection, state: str = "open", most: int = 100) -> list[Proposal]:
    """The newest of a state."""
    rows = connection.execute(
        select(PROPOSALS).where(PROPOSALS.c.state == state).order_by(PROPOSALS.c.number.desc()).limit(most)
    )
    return [Proposal(r.number, r.kind, r.party, r.occasion, r.text, r.why, r.made_by, r.made_us, r.state) for r in rows]


def settle(connection: Connection, number: int, state: str, *, by: str, now: int, occasion: int | None = None) -> None:
    """A person took it up or declined it. `occasion`: the one it has to be about; None: one for the catalogue.

    Raises InputError when it is not open, or about something else.
    """
    if state not in STATES[1:]:
        raise InputError(f"a proposal can be {' or '.join(STATES[1:])}, not {state!r}")
    about = PROPOSALS.c.occasion.is_(None) if occasion is None else PROPOSALS.c.occasion == occasion
    which = (PROPOSALS.c.number == number) & (PROPOSALS.c.state == "open") & about
    done = connection.execute(update(PROPOSALS).where(which).values(state=state, settled_us=now, settled_by=by))
    if not done.rowcount:
        raise InputError(f"proposal {number}: is not open any more; look at the page again")
    facts = {"proposal": number}
    audit.note(connection, now, by, f"proposal {state}", f"occasion:{occasion}" if occasion else "catalogue", facts)
