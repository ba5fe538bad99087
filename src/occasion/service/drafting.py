"""Where drafts come from, if anywhere: [drafting] of occasion.toml, and one POST to an OpenAI-compatible server.

Off unless `url` and `model` are there. The key comes from the environment alone. Only checked addresses are reached
(see ssrf.py), redirects are not followed, the answer is read only so far, and neither what is asked nor what is
answered is logged.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from occasion.coach.drafting import Asked, written
from occasion.errors import InputError
from occasion.service.door_settings import Section
from occasion.service.ssrf import Forbidden, Resolve, Sender, resolve
from occasion.store.workspace import SETTINGS

KEY_VARIABLE = "OCCASION_DRAFTING_KEY"
SECONDS = 45.0
WELL = 200


@dataclass(frozen=True)
class Drafting:
    """A server that writes drafts. `allow`: hosts and networks of one's own that may be reached though not public."""

    url: str
    model: str
    allow: tuple[str, ...] = ()
    seconds: float = SECONDS
    key: str = field(default="", repr=False)
    resolving: Resolve = field(default=resolve, repr=False)

    def write(self, asked: Asked) -> str:
        """See coach.drafting.Writes."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        try:
            with Sender(self.allow, seconds=self.seconds, resolving=self.resolving) as sender:
                answer = sender.post(self.url, asked.body(self.model), headers)
        except Forbidden as why:
            raise InputError(str(why).replace("[webhooks]", "[drafting]")) from None
        except OSError:
            raise InputError(f"{self.model} did not answer; write it yourself, or try again later") from None
        if answer.status != WELL:
            raise InputError(f"{self.model} answered with {answer.status}; write it yourself, or try again later")
        return written(answer.body, asked)


def read_drafting(folder: Path, environment: Mapping[str, str] | None = None) -> Drafting | None:
    """The server named in a workspace's settings; None where none is. Raises InputError for what cannot be used."""
    path = folder / SETTINGS
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{SETTINGS}: cannot be read ({error}); correct it and start again") from None
    return drafting_from(said, os.environ if environment is None else environment)


def drafting_from(said: Mapping[str, Any], environment: Mapping[str, str]) -> Drafting | None:
    """The same from the settings as read."""
    if "drafting" not in said:
        return None
    section = Section(said, "drafting", SETTINGS)
    url, model = section.text("url").strip(), section.text("model").strip()
    allow, seconds = section.texts("allow"), section.number("seconds", SECONDS, 1, 300)
    section.nothing_left()
    if not url or not model or len(model) > 100:
        raise InputError(
            f'{SETTINGS}: [drafting] needs url, such as "https://models.example.com/v1/chat/completions", and model; '
            "leave the section out to have no drafts"
        )
    if not url.startswith(("https://", "http://")):
        raise InputError(f"{SETTINGS}: [drafting] url = {url[:60]!r}: it must be an https address")
    return Drafting(url, model, allow, seconds, environment.get(KEY_VARIABLE, ""))
