"""What occasion.toml says about contact with parties that have said nothing of their own: [contact]."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from occasion.errors import InputError
from occasion.people.permission import ContactRules
from occasion.service.door_settings import Section
from occasion.store.workspace import SETTINGS, Workspace

MOST_REST_DAYS = 365
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def read_contact(workspace: Workspace) -> ContactRules:
    """The rules of a workspace; what is left out has its default. Raises InputError for what cannot be used."""
    path = workspace.folder / SETTINGS
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        said = {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{SETTINGS}: cannot be read ({error}); correct it and start again") from None
    return contact_from(said, workspace.zone)


def contact_from(said: Mapping[str, Any], zone: str) -> ContactRules:
    """The same from the settings as read; `zone` is the workspace's."""
    section, default = Section(said, "contact", SETTINGS), ContactRules(zone=zone)
    found = ContactRules(
        zone=zone,
        quiet_from=_clock(section.text("quiet_from", default.quiet_from), "quiet_from"),
        quiet_to=_clock(section.text("quiet_to", default.quiet_to), "quiet_to"),
        rest_days=section.number("rest_days", default.rest_days, 0, MOST_REST_DAYS),
        asked=frozenset(channel.strip().lower() for channel in section.texts("asked")),
    )
    section.nothing_left()
    return found


def _clock(text: str, key: str) -> str:
    if not CLOCK.fullmatch(text):
        raise InputError(f'{SETTINGS}: [contact] {key} = {text!r}: it must be a time of day, such as "21:00"')
    return text
