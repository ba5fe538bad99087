"""Every route of the application with every role and with none, against the table; and the table against its page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from fastapi import FastAPI

from conftest import ROOT
from doors import AWAY, HERE, Client, desk_app, do, signed_in, stranger
from occasion.desk import actions
from occasion.people import parties
from occasion.service.authorization import TABLE
from occasion.service.authorization_text import text
from occasion.service.doors import routes
from occasion.service.keys import add_key
from occasion.service.roles import ANYONE, EMPTY, MONITOR, READ_KEY, ROLES, SECRET, WRITE_KEY, Line, pairs
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.doors import TEAMS
from occasion.store.schema.log import REFUSED

NOW = 1_772_442_000_000_000
DAY = 86_400_000_000
STREAMS = ("/live",)  # answers that do not end by themselves
KEYS = {"read": "occ_reading_0123456789abcdef01234567", "write": "occ_writing_0123456789abcdef01234567"}
NAMED = {"hers": "Hertaqua", "theirs": "Theirzoxia"}
NOT_HERE = "nobody-of-that-id"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    limits = "\n[limits]\naddress_per_minute = 100000\ncolleague_per_minute = 100000\n"
    with desk_app(tmp_path_factory.mktemp("desk"), lambda: NOW, limits) as running:
        do(running, fill)
        yield running


def fill(connection: Any) -> None:
    """A party and an occasion of the colleague `col`, and one of each of somebody else, of another team."""
    for party, owner in (("hers", "col"), ("theirs", "zoe")):
        parties.change(connection, party, now=NOW, by="tests", kind="customer", name=NAMED[party], owner=owner)
        actions.note_detail(connection, party, f"likes {NAMED[party]}tea", now=NOW, by="tests", source="phone")
    for number, owner, party in ((1, "col", "hers"), (2, "zoe", "theirs")):
        row = {
            **{"party": party, "moment": "m", "identity": "i", "kind": "reached", "per": "", "about_us": NOW},
            **{"owner": owner, "shown_us": NOW, "until_us": NOW + DAY, "state": "open", "reason": "", "stake": 1.0},
            **{"answer": "", "who": "customer", "facts": {}, "changed_us": NOW},
        }
        connection.execute(OCCASIONS.insert().values(number=number, **row))
    for may, secret in KEYS.items():
        add_key(connection, secret, name=may, source=may, may=may, now=0, by="tests", overlap_us=None)


EVERY = [(line, method, path) for line in TABLE for path in (line.path, *line.also) for method in line.methods]


def of(path: str, party: str = NOT_HERE, occasion: str = "999") -> str:
    """The path with its parameters filled in."""
    known = {"party": party, "occasion": occasion}
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda m: known.get(m[1], "1"), path)


def ask(client: Client, method: str, path: str, **more: Any) -> tuple[int, str]:
    """The status, and the code where the answer is an error body."""
    headers = {"Accept": "application/json", **more.pop("headers", {})}
    if path in STREAMS:
        return anyio.run(begin_of_stream, client, method, path, headers), ""
    answer = client.request(method, path, headers=headers, **more)
    kind = answer.headers.get("content-type", "")
    found = answer.json() if kind.startswith("application/json") and answer.content else {}
    return answer.status_code, str(found.get("code", "")) if isinstance(found, dict) else ""


async def begin_of_stream(client: Client, method: str, path: str, headers: dict[str, str]) -> int:
    """The status of an answer that goes on for ever."""
    status = 0
    cookie = "; ".join(f"{c.name}={c.value}" for c in client.cookies.jar)
    sent = [(b"host", b"desk.test"), (b"cookie", cookie.encode())]
    sent += [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": sent, "client": HERE, "server": ("desk.test", 80), "scheme": "http", "root_path": ""}
    scope |= {"http_version": "1.1", "asgi": {"version": "3.0"}, "state": {}}
    with anyio.CancelScope() as cancelling:

        async def receive() -> dict[str, Any]:
            await anyio.sleep(30)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                cancelling.cancel()

        await client.app(scope, receive, send)  # type: ignore[arg-type]
    return status


def test_every_route_has_a_line_and_every_line_a_route(app: FastAPI) -> None:
    listed, there = set(pairs(TABLE)), set(routes(app))
    assert there - listed == set(), "add them to service/authorization.py"
    assert listed - there == set(), "in the table, but nothing answers there"
    assert len(pairs(TABLE)) == len(listed), "a route has two lines"


def test_the_page_says_what_the_table_says() -> None:
    page = (ROOT / "docs" / "authorization.md").read_text(encoding="utf-8")
    assert page == text(), "python -m occasion.service.authorization_text > docs/authorization.md"


@pytest.mark.parametrize(("line", "method", "path"), EVERY, ids=lambda x: getattr(x, "what", x))
def test_nobody_gets_in_without_what_the_table_asks_for(app: FastAPI, line: Line, method: str, path: str) -> None:
    status, code = ask(stranger(app, AWAY, "https://desk.test"), method, of(path))
    if line.door == ANYONE:
        assert code not in ("not_logged_in", "not_allowed")
        assert status < 500
    elif line.door == EMPTY:
        assert status in (200, 204)
    elif line.door == WRITE_KEY:
        assert status == (204 if method == "OPTIONS" else 401)
    elif line.door == SECRET:
        assert status in (401, 404)
    else:
        assert status == 401


@pytest.mark.parametrize("role", ROLES)
def test_every_route_with_every_role(app: FastAPI, role: str) -> None:
    for line, method, path in EVERY:
        client = signed_in(app, role, teams=("front",) if role == "colleague" else ())
        status, code = ask(client, method, of(path))
        shown = f"{role} {method} {path}: {status} {code}"
        assert status < 500, shown
        if line.door in (WRITE_KEY, READ_KEY, SECRET):
            assert status in ((204,) if method == "OPTIONS" else (401, 404)), shown
        elif not line.door and role not in line.roles:
            assert (status, code) == (403, "not_allowed"), shown
        elif line.door == EMPTY:
            assert status in (200, 204), shown
        else:
            assert code not in ("not_logged_in", "not_allowed", "csrf"), shown
            assert status != 401, shown


@pytest.mark.parametrize("role", ROLES)
def test_whatever_changes_something_needs_the_sessions_token(app: FastAPI, role: str) -> None:
    for line, method, path in EVERY:
        if line.door or method == "GET" or role not in line.roles:
            continue
        client = signed_in(app, role)
        client.csrf = ""
        assert ask(client, method, of(path)) == (403, "csrf"), path


@pytest.mark.parametrize(
    ("line", "method", "path"), [e for e in EVERY if e[0].own], ids=lambda x: getattr(x, "what", x)
)
def test_what_is_somebody_elses_does_not_exist(app: FastAPI, line: Line, method: str, path: str) -> None:
    hers, theirs, nobodys = of(path, "hers", "1"), of(path, "theirs", "2"), of(path)
    colleague = signed_in(app, "colleague", "col")
    others = signed_in(app, "colleague", "kim", teams=("back",))
    lead = signed_in(app, "manager", "lea", teams=("elsewhere",))
    everywhere = signed_in(app, "manager", "max")

    def answers(client: Client, where: str) -> bytes | None:
        answer = client.request(method, where, headers={"Accept": "application/json"})
        assert answer.status_code < 500, answer.text
        return answer.content if answer.status_code == 404 and b"somebody else's" in answer.content else None

    assert answers(colleague, hers) is None
    assert answers(everywhere, hers) is None
    assert answers(everywhere, theirs) is None
    assert answers(lead, hers) is not None
    if "colleague" not in line.roles:
        return  # they get in nowhere: see the test of every route with every role
    refused = answers(colleague, theirs)
    assert refused is not None
    assert refused == answers(colleague, nobodys), "whether it exists cannot be told"
    assert answers(others, hers) is not None


LISTS = [
    *("/", "/?whose=all", "/?whose=team", "/search?q=hertaqua", "/search?q=theirzoxia", "/search?q=likes", "/moments"),
    *("/search?q=theirs", "/moment?name=m", "/settings", "/help", "/openapi.json", "/live", "/audit", "/refused"),
    *("/audit?about=party:theirs", "/audit?about=party:hers"),
    *(
        f"/behind?moment=m&count={count}"
        for count in ("reached", "coming", "slipped", "made", "open", "done", "people")
    ),
]


def pages(client: Client) -> Iterator[tuple[str, str]]:
    for path in LISTS:
        if path in STREAMS:
            continue
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code < 500, path
        yield path, answer.text


def test_a_list_shows_a_colleague_their_own_and_nobody_elses(app: FastAPI) -> None:
    shown = dict(pages(signed_in(app, "colleague", "col")))
    assert NAMED["hers"] in shown["/"]
    assert NAMED["hers"] in shown["/search?q=hertaqua"]
    for path, text_ in shown.items():
        assert NAMED["theirs"] not in text_, path
        assert "/party/theirs" not in text_, path
        assert "/occasions/2" not in text_, path


def test_a_manager_of_a_team_reads_of_nobody_elses_people_anywhere(app: FastAPI) -> None:
    def refused(connection: Any) -> None:
        for number, party in ((91, "hers"), (92, "theirs"), (93, None)):
            row = {"source": "web", "kind": "track", "field": "event", "party": party, "received_us": NOW}
            said = {
                "value": f"{party}-value",
                "reason": f"event {party}-value",
                "body": {"who": NAMED.get(party or "")},
            }
            connection.execute(REFUSED.insert().values(number=number, **row, **said))

    do(app, refused)
    signed_in(app, "colleague", "col")
    do(app, lambda connection: connection.execute(TEAMS.insert().values(team="night", colleague="col")))
    lead, everybody = signed_in(app, "manager", "len", teams=("night",)), signed_in(app, "manager", "max")
    for path, text_ in pages(lead):
        assert "theirs-value" not in text_, path
        assert "/party/theirs" not in text_, path
        assert path.endswith("theirs") or "party:theirs" not in text_.replace("%3A", ":"), path
        assert NAMED["theirs"] not in text_, path
    shown = dict(pages(lead))
    assert NAMED["hers"] in shown["/audit"]
    assert NAMED["hers"] in shown["/refused"]
    assert "detail noted" in shown["/audit?about=party:hers"]
    assert "detail noted" not in shown["/audit?about=party:theirs"]
    assert "None-value" not in shown["/refused"]
    assert all(name in dict(pages(everybody))["/audit"] for name in NAMED.values())
    assert "None-value" in dict(pages(everybody))["/refused"]


@pytest.mark.parametrize("role", ["colleague", "manager", "analyst"])
def test_what_somebody_would_leave_behind_is_for_admins_however_it_is_asked(app: FastAPI, role: str) -> None:
    client, boss = signed_in(app, role, "kim-" + role, teams=("nowhere",)), signed_in(app, "admin")
    signed_in(app, "colleague", "zoe")
    forms = ({"do": "nothing"}, {"do": "notify", "address": "x"}, {"do": "feed_end"}, {"do": "leave"})
    for form in forms:
        answer = client.post("/settings", data={**form, "colleague": "zoe"})
        assert answer.status_code in (403, 422), form
        assert NAMED["theirs"] not in answer.text, form
    assert NAMED["theirs"] not in client.get("/settings?leaving=zoe").text
    assert NAMED["theirs"] in boss.get("/settings?leaving=zoe").text
    assert NAMED["theirs"] in boss.post("/settings", data={"do": "leave", "colleague": "zoe"}).text


def test_an_analyst_never_reads_who_somebody_is(app: FastAPI) -> None:
    for path, text_ in pages(signed_in(app, "analyst")):
        for party, name in NAMED.items():
            assert name not in text_, path
            assert f"/party/{party}" not in text_, path
            assert f">{party}<" not in text_, path


def test_the_figures_are_for_this_machine_a_reading_key_or_an_admin(app: FastAPI) -> None:
    away = stranger(app, AWAY)
    (line,) = [line for line in TABLE if line.door == MONITOR]
    assert stranger(app, HERE).get(line.path).status_code == 200
    assert away.get(line.path).status_code == 401
    assert away.get(line.path, headers={"Authorization": f"Bearer {KEYS['read']}"}).status_code == 200
    assert away.get(line.path, headers={"Authorization": f"Bearer {KEYS['write']}"}).status_code == 401
    for role in ROLES:
        client = signed_in(app, role)
        passed_on = client.get(line.path, headers={"X-Forwarded-For": "198.51.100.1"})
        assert passed_on.status_code == (200 if role == "admin" else 401)


def test_a_path_with_an_odd_end_is_not_a_way_around(app: FastAPI) -> None:
    client = stranger(app, AWAY)
    for path in (
        "/refused/",
        "//refused",
        "/./refused",
        "/REFUSED",
        "/refused%20",
        "/refused%0a",
        "/refused;x",
        "/x/../refused",
    ):
        answer = client.get(path, headers={"Accept": "application/json"})
        assert answer.status_code in (401, 404, 307), path
        assert "refused events" not in answer.text.lower()


def test_a_table_with_wrong_ways_cannot_be(app: FastAPI) -> None:
    for line in TABLE:
        assert bool(line.roles) != bool(line.door), line
        assert line.roles <= set(ROLES)
        assert not line.own or "{" + line.own in line.path
        assert line.most is not None or line.door in (WRITE_KEY, READ_KEY, EMPTY)
