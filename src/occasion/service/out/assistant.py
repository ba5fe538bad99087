"""Tools for an assistant (Model Context Protocol): some read, some propose, none changes the desk and none sends.

What is not to be mentioned, what is sensitive, and health are not given to an assistant at all.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select

from occasion.desk.dates import local_text
from occasion.errors import InputError
from occasion.moments.catalogue import read_catalogue
from occasion.moments.show import show
from occasion.moments.text import read
from occasion.people.details import details_for
from occasion.people.parties import parties_of, party_of
from occasion.people.promises import promises_of
from occasion.service.clock import Clock
from occasion.service.out.notices import OPEN
from occasion.service.out.proposals import propose
from occasion.store.records import writing
from occasion.store.schema.desk import GESTURES, OCCASIONS

MOST = 50
BY = "assistant"
INSTRUCTIONS = (
    "Occasion finds the moments that keep customers; people make them. You may read the desk and propose. You cannot "
    "send anything to anybody, and nothing you propose happens unless a person does it. Propose facts and forms (a "
    "call, a note, a visit), never a finished text to a customer."
)


class Assistant:
    """The tools over a workspace's records and catalogue."""

    def __init__(self, engine: Engine, catalogue: Path, clock: Clock, zone: str) -> None:
        self._engine, self._catalogue, self._clock, self._zone = engine, catalogue, clock, zone

    def today(self, owner: str = "") -> list[dict[str, Any]]:
        """What is on the desk, what is most at stake first; of one owner (a colleague's id or a team) or of all."""
        which = [OCCASIONS.c.state.in_(OPEN), *([OCCASIONS.c.owner == owner] if owner else [])]
        ordered = select(OCCASIONS).where(*which).order_by(OCCASIONS.c.stake.desc(), OCCASIONS.c.until_us).limit(MOST)
        with self._engine.connect() as connection:
            rows = connection.execute(ordered).all()
            names = parties_of(connection, sorted({row.party for row in rows}))
        return [
            {
                "occasion": row.number, "party": row.party, "name": names[row.party].name, "moment": row.moment,
                "kind": row.kind, "owner": row.owner, "state": row.state, "about": self._when(row.about_us),
                "until": self._when(row.until_us),
            }
            for row in rows
        ]  # fmt: skip

    def party(self, party: str) -> dict[str, Any]:
        """What may be told about a party: who they are, details for mention, promises, what was done for them."""
        with self._engine.connect() as connection:
            known = party_of(connection, party)
            details = details_for(connection, party, "mention")
            promises = promises_of(connection, party)
            done = connection.execute(
                select(GESTURES)
                .where(GESTURES.c.party.in_(known.identities))
                .order_by(GESTURES.c.at_us.desc())
                .limit(MOST)
            ).all()
        if known.deceased is not None:
            return {"party": known.party, "note": "this person has died: nothing is to be proposed"}
        return {
            "party": known.party, "name": known.name, "kind": known.kind, "owner": known.owner,
            "details": [{"text": d.text, "source": d.source, "noted": self._when(d.noted_us)} for d in details],
            "promises": [{"text": p.text, "due": p.due, "kept": p.kept_us is not None} for p in promises],
            "done": [{"form": g.form, "at": self._when(g.at_us), "by": g.colleague} for g in done],
        }  # fmt: skip

    def moments(self) -> list[dict[str, str]]:
        """The catalogue: every moment's line, purpose and owner."""
        found = read_catalogue(self._catalogue)
        return [
            {"name": m.name, "when": show(m.definition), "purpose": m.purpose, "owner": m.owner, "who": m.who}
            for m in found.moments
        ]

    def check_line(self, line: str) -> dict[str, str]:
        """How a line of the moment language is understood, or what is wrong with it."""
        stages = [entry.stage for entry in read_catalogue(self._catalogue).stages]
        try:
            return {"reads": show(read(line, stages))}
        except InputError as wrong:
            return {"wrong": str(wrong)}

    def propose_moment(self, line: str, why: str) -> str:
        """Propose a moment for the catalogue, as a line of the language, with the reason. A person decides."""
        checked = self.check_line(line)
        if "wrong" in checked:
            return f"not kept: {checked['wrong']}"
        return self._kept(lambda c: propose(c, "moment", line, why, by=BY, now=self._clock()))

    def propose_gesture(self, occasion: int, what: str, why: str) -> str:
        """Propose what could be done about an occasion (the form and the fact it rests on). A person decides."""
        return self._kept(lambda c: propose(c, "gesture", what, why, by=BY, now=self._clock(), occasion=occasion))

    def _kept(self, write: Callable[[Connection], int]) -> str:
        try:
            with writing(self._engine) as connection:
                number = write(connection)
        except InputError as refused:
            return f"not kept: {refused}"
        return f"kept as proposal {number}; a colleague will see it"

    def _when(self, at_us: int) -> str:
        return local_text(at_us, self._zone)


def mcp_server(assistant: Assistant) -> Any:
    """The tools as an MCP server."""
    from mcp.server.mcpserver import MCPServer

    server = MCPServer("occasion", instructions=INSTRUCTIONS)
    reads: list[Callable[..., Any]] = [assistant.today, assistant.party, assistant.moments, assistant.check_line]
    proposes: list[Callable[..., Any]] = [assistant.propose_moment, assistant.propose_gesture]
    for tool in (*reads, *proposes):
        server.add_tool(tool, description=tool.__doc__, annotations=_hints(read_only=tool in reads))
    return server


def _hints(*, read_only: bool) -> Any:
    from mcp.types import ToolAnnotations

    return ToolAnnotations(read_only_hint=read_only, destructive_hint=False, open_world_hint=False)
