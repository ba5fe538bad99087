"""The tools for an assistant, used by the protocol's own client over a real pipe."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from occasion.errors import InputError
from occasion.people import details, parties
from occasion.service.out.proposals import proposals, settle
from occasion.store.records import open_records
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.out import PROPOSALS
from occasion.store.workspace import make_workspace

NOW = 1_772_438_400_000_000
OCCASION = {
    "party": "p1", "moment": "ten friends", "identity": "x", "kind": "reached", "per": "", "about_us": NOW,
    "owner": "growth", "shown_us": NOW, "until_us": NOW + 86_400_000_000, "state": "open", "reason": "", "stake": 1.0,
    "answer": "", "changed_us": NOW,
}  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    make_workspace(folder)
    engine = open_records(folder / "data" / "records.db")
    with engine.begin() as connection:
        needed = {c.name: OCCASION.get(c.name, None if c.nullable else "") for c in OCCASIONS.c if c.name != "number"}
        connection.execute(insert(OCCASIONS).values(needed))
        parties.change(connection, "p1", now=NOW, by="ewa", name="Igor Novak")
        said = {"kind": "family", "source": "said", "use": "anything", "now": NOW, "by": "ewa"}
        details.note(connection, "p1", "daughter starts school", **said)
        details.note(connection, "p1", "lost her mother", **said, unmentioned=True)
        details.note(
            connection, "p1", "penicillin allergy", **{**said, "kind": "health", "use": "care", "sensitive": True}
        )
    engine.dispose()
    return folder


def used(folder: Path, *calls: tuple[str, dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    """The tools there are, and what each call gave."""
    from mcp import ClientSession, StdioServerParameters, stdio_client

    async def talk() -> tuple[list[Any], list[Any]]:
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "occasion.cli", "mcp", "--workspace", str(folder)]
        )
        async with stdio_client(command) as (receive, send), ClientSession(receive, send) as session:
            await session.initialize()
            tools = (await session.list_tools()).tools
            answers = [await session.call_tool(name, given) for name, given in calls]
        return tools, [[json.loads(c.text) if c.text[:1] in "{[" else c.text for c in a.content] for a in answers]

    return asyncio.run(asyncio.wait_for(talk(), 60))


def test_reads_the_desk_and_leaves_out_what_is_not_to_be_said(place: Path) -> None:
    tools, [today, [party], moments, [good], [bad]] = used(
        place,
        ("today", {}),
        ("party", {"party": "p1"}),
        ("moments", {}),
        ("check_line", {"line": "count(visit)>=3 within 14 days of start"}),
        ("check_line", {"line": "count(visit >= 3"}),
    )
    assert [t.name for t in tools if not t.annotations.read_only_hint] == ["propose_moment", "propose_gesture"]
    assert not [t for t in tools if "send" in t.name]
    assert "Igor Novak" in json.dumps(today)
    assert [d["text"] for d in party["details"]] == ["daughter starts school"]
    assert "ten friends" in json.dumps(moments)
    assert good == {"reads": "count(visit) >= 3 within 14 days of start"}
    assert "column" in bad["wrong"] or "1:" in bad["wrong"]


def test_a_proposal_is_kept_for_a_person_and_changes_nothing(place: Path) -> None:
    _, [[kept], [again], [wrong], [nobody]] = used(
        place,
        ("propose_moment", {"line": "first visit", "why": "they came"}),
        ("propose_gesture", {"occasion": 1, "what": "a call about the school", "why": "daughter starts school"}),
        ("propose_moment", {"line": "first first visit", "why": "x"}),
        ("propose_gesture", {"occasion": 99, "what": "a call", "why": "x"}),
    )
    assert "proposal 1" in kept
    assert "proposal 2" in again
    assert wrong.startswith("not kept")
    assert "occasion 99" in nobody
    engine = open_records(place / "data" / "records.db")
    with engine.begin() as connection:
        assert [(p.kind, p.party) for p in proposals(connection)] == [("gesture", "p1"), ("moment", None)]
        assert connection.execute(select(OCCASIONS.c.state)).scalars().all() == ["open"]
        with pytest.raises(InputError, match="not open any more"):
            settle(connection, 2, "declined", by="ewa", now=NOW)  # it is about an occasion
        settle(connection, 2, "declined", by="ewa", now=NOW, occasion=1)
        assert [p.number for p in proposals(connection)] == [1]
        assert connection.execute(select(PROPOSALS.c.settled_by)).scalars().all() == [None, "ewa"]
    engine.dispose()
