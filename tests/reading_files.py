"""Files written and read as the tests of loading want it."""

from __future__ import annotations

from pathlib import Path

from occasion.events.event import Event
from occasion.events.load import LoadPlan, plan_load
from occasion.events.raw import Reject


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(plan: LoadPlan) -> tuple[list[Event], list[Reject]]:
    found = list(plan)
    return [e for e in found if isinstance(e, Event)], [r for r in found if isinstance(r, Reject)]


def load(path: Path, mapping: str | None = None, **how: object) -> tuple[list[Event], list[Reject]]:
    return read(plan_load([path], mapping, **how))  # type: ignore[arg-type]


CSV = """user_id,event,timestamp,amount,vip
ann,order,2024-03-01T10:00:00Z,12.50,true
bob,call,2024-03-02 11:30:00,,false
"""
