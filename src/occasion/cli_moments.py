"""Which moments a command is to look for: those it was given, by text or name, else a whole catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from occasion.moments.catalogue import Catalogue
    from occasion.store.reach import Asked


def read_named(named: Path | None, workspace: Path | None, needed: bool) -> Catalogue | None:
    """The catalogue that was named, or the workspace's; None where there is none and none is needed."""
    from occasion.errors import InputError
    from occasion.moments.catalogue import read_catalogue
    from occasion.store.workspace import find_workspace

    if named is not None:
        return read_catalogue(named)
    try:
        place = find_workspace(workspace)
    except InputError:
        if workspace is not None:
            raise
        if needed:
            raise InputError(
                "nothing to look for: give --moment TEXT or --catalogue FILE, or go to a workspace (occasion init DIR)"
            ) from None
        return None
    return read_catalogue(place.catalogue) if needed or place.catalogue.is_file() else None


def asked_moments(moments: Sequence[str], catalogue: Catalogue | None) -> list[Asked]:
    """What to look for: the moments given, by text or name, else the whole catalogue."""
    from occasion.errors import InputError
    from occasion.moments.text import read
    from occasion.store.reach import Asked

    known = {} if catalogue is None else {one.name: one.definition for one in catalogue.moments}
    if moments:
        stages = () if catalogue is None else tuple(entry.stage for entry in catalogue.stages)
        return [Asked(text, known[text] if text in known else read(text, stages)) for text in moments]
    assert catalogue is not None
    for refused in catalogue.errors():
        typer.echo(f"left out: {refused}", err=True)
    if not known:
        raise InputError(f"{catalogue.file}: holds no moment that can be looked for; see occasion check")
    return [Asked(name, definition) for name, definition in known.items()]
