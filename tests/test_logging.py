"""What the log says, and never of whom: a canary in every field of every route, then the whole log is read."""

from __future__ import annotations

import ast
import asyncio
import io
import json
import logging
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from occasion.service import logging as ours
from occasion.service.authorization import TABLE
from serving import ServerProcess, serving

CANARY = "zq7canary"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is written, with every logger put back afterwards."""
    names = ("", "occasion", "uvicorn", "uvicorn.error", "uvicorn.access")
    before = {n: (logging.getLogger(n).handlers[:], logging.getLogger(n).level) for n in names}
    hook, stream = threading.excepthook, io.StringIO()
    ours.configure(stream)
    yield stream
    logging.captureWarnings(False)
    logging.raiseExceptions = True
    threading.excepthook = hook
    for name, (handlers, level) in before.items():
        logging.getLogger(name).handlers[:] = handlers
        logging.getLogger(name).setLevel(level)


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    assert CANARY not in stream.getvalue()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_what_is_known_to_be_harmless(lines: io.StringIO) -> None:
    said = {"status": 200, "ms": 1.5, "route": "/party/{party:path}", "role": None, "method": "GET", "request": "ab12"}
    logging.getLogger("occasion.requests").info("request", extra=said)
    (line,) = written(lines)
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("at"))
    assert line == {
        **{"level": "info", "logger": "occasion.requests", "event": "request"},
        **{"status": 200, "ms": 1.5, "route": "/party/{party:path}", "method": "GET", "request": "ab12"},
    }


def fail() -> None:
    try:
        raise KeyError(CANARY)
    except KeyError as why:
        raise ValueError(f"about {CANARY}") from why


@pytest.mark.parametrize("name", ["occasion.service", "uvicorn.error", "sqlalchemy.engine", "asyncio", "somebody"])
def test_neither_arguments_nor_fields_nor_messages_of_errors_are_written(lines: io.StringIO, name: str) -> None:
    log = logging.getLogger(name)
    log.error("about %s", CANARY)
    log.error("things", extra={"party": CANARY, "path": CANARY, "status": CANARY, "route": f"/{CANARY}\n"})
    log.error("args %(a)s", {"a": CANARY})
    try:
        fail()
    except ValueError:
        log.exception("failed for %s", CANARY)
    *_, last = written(lines)
    assert last["error"] == ["ValueError", "KeyError"]
    assert last["where"][0].startswith("test_logging.py:")
    assert last["where"][0].endswith(" fail")


def test_another_librarys_text_may_be_put_together_from_values(lines: io.StringIO) -> None:
    logging.getLogger("asyncio").error(f"Task exception was never retrieved: {CANARY}")
    logging.getLogger("uvicorn.error").error(f"Traceback:\n  {CANARY}\nValueError: {CANARY}")
    logging.getLogger("uvicorn.error").error("Traceback:\n  x\noccasion.errors.InputError: records: cannot be used")
    events = [line.get("event") for line in written(lines)]
    assert events == [None, None, "occasion.errors.InputError: records: cannot be used"], "the operator is told"


def test_a_thread_that_dies_and_a_task_nobody_waits_for(lines: io.StringIO) -> None:
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join(10)

    async def forgotten() -> None:
        fail()

    async def main() -> None:
        task = asyncio.ensure_future(forgotten())
        await asyncio.wait([task])
        asyncio.get_running_loop().call_exception_handler({"message": CANARY, "exception": task.exception()})

    asyncio.run(main())
    loggers = [line["logger"] for line in written(lines)]
    assert loggers == ["occasion.threads", "asyncio"]


def test_a_record_that_cannot_be_written_plainly_is_written_all_the_same(lines: io.StringIO) -> None:
    log = logging.getLogger("occasion.x")
    log.error("\udcff surrogate")
    log.error(ValueError(CANARY))
    log.error("%d", "no number")
    log.error("x", extra={"status": float("nan"), "count": True, "ms": 10**30})
    assert [line.get("status") for line in written(lines)] == [None] * 4


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                on, name = ast.unparse(node.func.value), node.func.attr
                levels = ("debug", "info", "warning", "error", "exception", "critical", "log")
                if name in levels and on.lower().rstrip("_").split(".")[-1] in ("log", "logger", "failed", "logging"):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_every_text_that_we_log_is_constant() -> None:
    found = list(calls())
    assert len(found) >= 5
    for where, call in found:
        assert isinstance(call.args[0], ast.Constant), f"{where}: a text put together may hold what a customer wrote"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving(tmp_path_factory.mktemp("logged")) as running:
        yield running


def ask(server: ServerProcess, method: str, path: str, body: bytes = b"", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(server.url + path, body or None, named, method=method)
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def bodies() -> list[bytes]:
    """Good, bad and broken ones, with the canary wherever there is room."""
    item = {
        name: f"{CANARY}-{name}" for name in ("userId", "anonymousId", "event", "messageId", "previousId", "groupId")
    }
    item |= {"type": "track", "properties": {CANARY: CANARY, "channel": CANARY}, "context": {"ip": CANARY}}
    kinds = [{**item, "type": kind} for kind in ("track", "identify", "alias", "group", "page", CANARY)]
    wrong = [{**item, "timestamp": CANARY}, {**item, "userId": [CANARY]}, {"type": CANARY}, CANARY]
    posthog = {"event": CANARY, "distinct_id": CANARY, "uuid": CANARY, "properties": {"$set": {CANARY: CANARY}}}
    event = {"specversion": "1.0", "id": CANARY, "source": CANARY, "type": CANARY, "subject": CANARY, "data": CANARY}
    whole = [
        {"batch": kinds + wrong},
        item,
        {"batch": [posthog], "api_key": CANARY},
        event,
        [CANARY],
        {"batch": CANARY},
    ]
    return [
        *(json.dumps(one).encode() for one in whole),
        CANARY.encode(),
        b'{"' + CANARY.encode(),
        b"\xff" + CANARY.encode(),
    ]


def test_a_canary_in_every_field_of_every_route_never_shows(server: ServerProcess) -> None:
    statuses = set()
    for line in TABLE:
        for template in (line.path, *line.also[:1]):
            path = re.sub(r"\{[^}]*\}", CANARY, template)
            for method in line.methods:
                if template == "/live":
                    continue
                for body in bodies() if method == "POST" else [b""]:
                    for authorization in (f"Bearer {server.key}", f"Basic {CANARY}"):
                        status = ask(
                            server, method, f"{path}?next=/{CANARY}&q={CANARY}&code={CANARY}&state={CANARY}", body,
                            Authorization=authorization, Cookie=f"occasion={CANARY}", User_Agent=CANARY,
                            Content_Type="application/json", Referer=f"http://{CANARY}/", X_Forwarded_For=CANARY,
                        )  # fmt: skip
                        statuses.add(status)
                        assert status < 500, f"{method} {path}"
    form = urllib.parse.urlencode({"name": CANARY, "password": CANARY, "csrf": CANARY, "next": CANARY}).encode()
    ask(server, "POST", "/login", form, Content_Type="application/x-www-form-urlencoded")
    ask(server, "GET", f"/{CANARY}/{CANARY}")
    ask(server, CANARY.upper(), "/")
    assert {200, 401, 400} <= statuses
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
        assert CANARY.encode() not in answer.read().lower(), "nor do the figures name anybody"
    server.stop()
    log = server.output.read_text(encoding="utf-8")
    assert CANARY not in log.lower()
    said = [json.loads(line) for line in log.splitlines() if not line.startswith("Occasion is at")]
    routes = {line["route"] for line in said if line.get("event") == "request"}
    assert {"/v1/track", "/batch", "/party/{party:path}"} <= routes
    assert "other" in routes
    assert not [line for line in said if line["level"] in ("error", "critical")]
    stored = b"".join(path.read_bytes() for path in (Path(server.folder) / "data").glob("records.db*"))
    assert CANARY.encode() in stored, "it did come in"
