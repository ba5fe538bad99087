"""From a form that was sent to a change of the records, and back to a page."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from sqlalchemy import Connection

from occasion.service.pages.frame import Frame
from occasion.store.arrived import Arrived, Batch

T = TypeVar("T")
PATIENCE = 30.0  # seconds until a change must be committed
MOST_FIELDS = 500


async def sent(request: Request) -> dict[str, str]:
    """The fields of a form as text, the last where one is named twice; files are none."""
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    return {name: value for name, value in form.items() if isinstance(value, str)}


Sent = Annotated[dict[str, str], Depends(sent)]


def change(frame: Frame, action: Callable[[Connection, list[Arrived]], T], *told: str) -> T:
    """Carry out a change through the one writer; what it appends goes into the log once it is committed.

    Open pages are told that `told` changed. Raises what the action raises.
    """
    events: list[Arrived] = []
    service = frame.service

    def committed() -> None:
        if events:
            service.writer.submit(Batch(arrived=list(events)))
        for what in told:
            service.changed.tell(what)

    def carried_out(connection: Connection) -> T:
        events.clear()
        return action(connection, events)

    future: Future[T] = service.writer.do(carried_out, committed)
    return future.result(PATIENCE)


def without_secrets(fields: dict[str, str]) -> dict[str, str]:
    """What may be shown again of what was typed."""
    return {name: value for name, value in fields.items() if name not in ("csrf", "password", "back")}
