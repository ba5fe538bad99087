"""Which moments a command is to look for: those it was given, by text or name, else a whole catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from occasion.moments.catalogue import Catalogue
    from occasion.moments.definition import Definition, Stage
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


def _read(text: str, stages: tuple[Stage, ...], names: list[str]) -> Definition:
    """A text in the language; where it is none but close to a name of the catalogue, that is said too."""
    from difflib import get_close_matches

    from occasion.errors import InputError, TextError
    from occasion.moments.text import read

    try:
        return read(text, stages)
    except TextError as error:
        near = get_close_matches(text, names, n=1)
        if not near:
            raise
        raise InputError(f"--moment {text!r}: the catalogue has a moment {near[0]!r}; as a text: {error}") from None


def asked_moments(moments: Sequence[str], catalogue: Catalogue | None) -> list[Asked]:
    """What to look for: the moments given, by text or name, else the whole catalogue."""
    from occasion.errors import InputError
    from occasion.store.reach import Asked

    known = {} if catalogue is None else {one.name: one.definition for one in catalogue.moments}
    if moments:
        stages = () if catalogue is None else tuple(entry.stage for entry in catalogue.stages)
        return [Asked(text, known[text] if text in known else _read(text, stages, list(known))) for text in moments]
    assert catalogue is not None
    for refused in catalogue.errors():
        typer.echo(f"left out: {refused}", err=True)
    if not known:
        raise InputError(f"{catalogue.file}: holds no moment that can be looked for; see occasion check")
    return [Asked(name, definition) for name, definition in known.items()]
