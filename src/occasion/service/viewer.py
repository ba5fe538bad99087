"""What a route asks about who is there. The guard has looked already; these are the same answers, close at hand.

@router.get("/today")
def today(viewer: Annotated[Viewer, Depends(who)]) -> ...
@router.post("/key", dependencies=[Depends(require("admin"))])
token = csrf_token(request)     # for <input type="hidden" name="csrf"> or the header X-CSRF-Token
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from fastapi import Request

from occasion.desk.viewer import Viewer
from occasion.service.address import Caller
from occasion.service.errors import Refuse
from occasion.service.roles import ROLES
from occasion.service.sessions import Session

__all__ = ["Viewer", "caller_of", "csrf_token", "require", "session_of", "viewer_or_none", "who"]
SESSION_KEY = "occasion.session"
CALLER_KEY = "occasion.caller"


def session_of(request: Request) -> Session | None:
    """The session of this request, None when nobody has logged in."""
    return cast("Session | None", request.scope.get(SESSION_KEY))


def caller_of(request: Request) -> Caller:
    """Where the request comes from."""
    return cast("Caller", request.scope[CALLER_KEY])


def viewer_or_none(request: Request) -> Viewer | None:
    """Who is logged in, if anybody."""
    session = session_of(request)
    return session.viewer if session else None


def who(request: Request) -> Viewer:
    """Who is logged in; answers 401 when nobody is."""
    viewer = viewer_or_none(request)
    if viewer is None:
        raise Refuse(401, "not_logged_in", "log in first, at /login")
    return viewer


def require(*roles: str) -> Callable[[Request], Viewer]:
    """A dependency: whoever is logged in with one of these roles; answers 401 or 403 otherwise."""
    unknown = sorted(set(roles) - set(ROLES))
    if unknown:
        raise ValueError(f"no such role: {unknown[0]}")

    def allowed(request: Request) -> Viewer:
        viewer = who(request)
        if viewer.role not in roles:
            raise Refuse(403, "not_allowed", f"this is for {' and '.join(roles)}; ask an admin if you need it")
        return viewer

    return allowed


def csrf_token(request: Request) -> str:
    """The token every form of this session carries; "" without a session."""
    session = session_of(request)
    return session.csrf if session else ""


def state_of(request: Request) -> Any:
    """The application's state."""
    return request.app.state
