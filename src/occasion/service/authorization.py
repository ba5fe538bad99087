"""The authorization table: every route, and who may use it; enforced by the guard, written out in docs/.

A route without a line here is for admins only, and fails tests/test_authorization.py.
"""

from __future__ import annotations

from occasion.service.roles import (
    ADMIN,
    ANALYST,
    ANYONE,
    EMPTY,
    EVERY_ROLE,
    FORM,
    KIB,
    LEAD,
    MANAGER,
    MONITOR,
    NAMES,
    READ_KEY,
    SECRET,
    WRITE_KEY,
    Line,
)


def _open(path: str, what: str, *methods: str) -> Line:
    return Line(methods or ("GET",), path, what, door=ANYONE, most=16 * KIB)


def _events(what: str, *paths: str, door: str = WRITE_KEY) -> Line:
    """Paths of event clients, with and without a slash at the end."""
    both = [form for path in paths for form in (path, path + "/")]
    return Line(("POST", "OPTIONS"), both[0], what, door=door, most=None, also=tuple(both[1:]))


def _page(path: str, what: str, roles: frozenset[str], own: str = "") -> Line:
    return Line(("GET",), path, what, roles, own=own)


def _verb(path: str, what: str, roles: frozenset[str], own: str = "", most: int = FORM) -> Line:
    return Line(("POST",), path, what, roles, own=own, most=most)


EDITORS = frozenset({MANAGER, ANALYST, ADMIN})  # of the catalogue
SHORT = tuple(f"/v1/{letter}" for letter in "tipgasb")
KINDS = ("track", "identify", "group", "page", "screen", "alias", "batch", "import")
ALSO_ASKED = ("/flags", "/decide", "/i/v0/ai", "/i/v0/ai/batch")
TABLE: tuple[Line, ...] = (
    # Anybody
    _open("/health/live", "whether the process answers"),
    _open("/health/ready", "whether events can be taken; nothing more is said"),
    _open("/openapi.json", "the API as a document"),
    _open("/static/{digest}/{name}", "styles and scripts of the package"),
    _open("/favicon.ico", "the mark"),
    _open("/login", "the way in", "GET", "POST"),
    _open("/login/oidc", "to the company's login"),
    _open("/login/oidc/back", "back from the company's login"),
    # Machines
    Line(("GET",), "/metrics", "figures for Prometheus, without personal data", door=MONITOR),
    _events("events of Segment and RudderStack clients", *(f"/v1/{kind}" for kind in KINDS)),
    Line(("POST", "OPTIONS"), SHORT[0], "the same from browsers", door=WRITE_KEY, most=None, also=SHORT[1:]),
    _events("events of PostHog clients", "/batch", "/capture", "/e", "/i/v0/e", "/i/v1/analytics/events"),
    _events("an empty answer for what PostHog clients also ask", *ALSO_ASKED, door=EMPTY),
    _events("CloudEvents", "/v1/cloudevents"),
    Line(("GET",), "/api/refused", "what was refused, and why, for programs", door=READ_KEY),
    Line(("POST",), "/api/coach", "a draft as the coach reads it, for programs", door=READ_KEY, most=None),
    Line(("GET",), "/feed/{secret}.ics", "a calendar of coming moments; no names by default", door=SECRET),
    # Oneself
    _verb("/logout", "end this session", EVERY_ROLE),
    _verb("/logout/everywhere", "end all sessions of one's own", EVERY_ROLE),
    _page("/password", "the form for a new password of one's own", EVERY_ROLE),
    _verb("/password", "set a new password of one's own", EVERY_ROLE),
    _verb("/look", "light or dark, keys on or off; kept in the browser", EVERY_ROLE),
    _page("/help", "words and keys of the desk", EVERY_ROLE),
    # The desk
    _page("/", "what is to do today, of those one sees; no names for an analyst", EVERY_ROLE),
    _page("/live", "that something changed, without saying what", EVERY_ROLE),
    _page("/party/{party:path}", "everything about a party", NAMES, own="party"),
    _verb("/party/{party:path}", "note, promise, keep, merge, give another owner", NAMES, own="party"),
    _page("/coach/{party:path}", "the form in which a message is read before it is sent", NAMES, own="party"),
    _verb("/coach/{party:path}", "the message as the coach reads it; nothing is kept", NAMES, own="party"),
    _page("/practice", "one's own exercises, and nobody else's; the team in sums", NAMES),
    _verb("/practice", "read or keep a rewriting of one's own, take another, put one away", NAMES),
    _page("/touches", "how messages turned out: one's own, and sums; no names for an analyst", EVERY_ROLE),
    _verb("/touches", "take up or decline what could be added to what went to many", NAMES),
    _page("/export/{party:path}", "everything held about a party, as a file", NAMES, own="party"),
    _verb("/erase/{party:path}", "erase a party everywhere", LEAD, own="party"),
    _page("/moments", "the catalogue", EVERY_ROLE),
    _page("/moment", "one moment and its form", EVERY_ROLE),
    _verb("/moment", "the linter's answer, a preview (no names for an analyst), saving", EDITORS),
    _page("/behind", "behind a number: who is counted, as far as they may be seen", EVERY_ROLE),
    _page("/settings", "colleagues, keys, channels: what each may see", EVERY_ROLE),
    _verb("/settings", "one's own notices and feeds; the rest by admins, which the route sees to", EVERY_ROLE),
    _page("/find", "what was looked for, and how far it is", EDITORS),
    _verb("/find", "start a find, or stop one", EDITORS),
    _page("/find/{run}/report", "the report of a find; it names nobody", EDITORS),
    _page("/search", "people one sees, moments, occasions; no people for an analyst", EVERY_ROLE),
    _page("/occasions/{occasion}", "one occasion", NAMES, own="occasion"),
    _verb("/occasions/{occasion}/{verb}", "take, hold, skip, hand over, done", NAMES, own="occasion"),
    # The house
    _page("/refused", "what was refused, as it came", LEAD),
    _page("/audit", "who did what", LEAD),
)
