"""The two pages that stand outside the frame of the desk: the way in, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = {400: "refused", 401: "not_allowed", 403: "not_allowed", 404: "missing", 422: "refused", 429: "too_often"}


@dataclass(frozen=True)
class Login:
    """The form to come in by. `name` as it was typed, `next` where to go then, `oidc` the company's login by name."""

    name: str = ""
    next: str = "/"
    error: str = ""
    oidc: str = ""


@dataclass(frozen=True)
class Wrong:
    """An error as a page: its status, the kind of heading, one line."""

    status: int
    kind: str
    message: str


def wrong(status: int, message: str) -> Wrong:
    """The error's page for a status; whatever is ours is "broken"."""
    return Wrong(status, KINDS.get(status, "broken" if status >= 500 else "refused"), message)
