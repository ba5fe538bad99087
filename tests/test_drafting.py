"""Drafting help: what leaves, what never does, that nothing is asked when it is off, and what comes back is a draft."""

from __future__ import annotations

import hashlib
import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from browsing import chromium, faults, new_page
from doors import Client, desk_app, do, signed_in
from occasion.coach.drafting import Asked, asked, written
from occasion.coach.masks import Masks
from occasion.coach.reading import Known
from occasion.desk import actions
from occasion.errors import InputError
from occasion.people import parties
from occasion.people.details import KINDS, USES, Detail
from occasion.people.parties import Party
from occasion.service import colleagues
from occasion.service.app import Settings, make_app
from occasion.service.drafting import KEY_VARIABLE, Drafting, drafting_from
from occasion.store.schema.desk import GESTURES
from occasion.store.schema.log import TAIL
from occasion.store.schema.out import DELIVERIES, NOTICES
from occasion.store.workspace import make_workspace, read_workspace
from serving import serving_here

__all__ = ["chromium"]

NOW = 1_772_442_000_000_000
DAY = 86_400_000_000
SECRET = "sk-drafting-0123456789"
HTML = {"Accept": "text/html"}
REPLY = "Dear {name}, how did the harbour choir sing on Sunday? I have kept Thursday for you. Does that suit you?"


class Twin:
    """A local server that speaks the protocol: keeps what it was asked, answers what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.headers, self.body = 200, {}, b""
        self.says(REPLY.format(name="you"))
        twin = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers.get("content-length", 0)))
                twin.asked.append((self.path, dict(self.headers.items()), sent))
                self.send_response(twin.status)
                for name, value in {"Content-Length": str(len(twin.body)), **twin.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(twin.body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/chat/completions"

    def says(self, text: str) -> None:
        self.body = json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


@pytest.fixture
def twin() -> Iterator[Twin]:
    made = Twin()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join(10)
    made.server.server_close()


def fill(connection: Any) -> None:
    parties.change(connection, "p-77", now=NOW, by="t", name="Hanna Lisowska", owner="col", channel="email")
    note = lambda text, **more: actions.note_detail(  # noqa: E731
        connection, "p-77", text, now=NOW - 60 * DAY, by="col", source="said on the phone", **more
    )
    note("sings in the harbour choir with Bronka")
    note("is going through a divorce", sensitive=True)
    note("pays late, be strict", use="inside")
    note("surprise partycake planned", unmentioned=True)
    note("takes thinnerpills", kind="health")
    note("has had a root canal", kind="other")


@contextmanager
def desk(folder: Path, settings: str) -> Iterator[FastAPI]:
    with desk_app(folder, lambda: NOW, settings) as running:
        do(running, fill)
        yield running


def drafting(twin: Twin, allow: str = '["127.0.0.1"]') -> str:
    return f'\n[drafting]\nurl = "{twin.url}"\nmodel = "small-model"\nallow = {allow}\n'


def ask(client: Client, wish: str, **fields: str) -> Any:
    return client.post("/coach/p-77", data={"do": "draft", "wish": wish, "channel": "email", **fields}, headers=HTML)


def test_off_by_default_nothing_is_offered_and_nothing_asked(tmp_path: Path, twin: Twin) -> None:
    with desk(tmp_path, "") as app:
        client = signed_in(app, "colleague", "col")
        assert "Have a first draft written" not in client.get("/coach/p-77", headers=HTML).text
        refused = ask(client, "the choir")
        assert refused.status_code == 422
        assert "no drafts are written here" in refused.text
    assert twin.asked == []


def test_a_draft_is_labelled_read_by_the_coach_and_sent_nowhere(
    tmp_path: Path, twin: Twin, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    with desk(tmp_path, drafting(twin)) as app, caplog.at_level(logging.DEBUG):
        client = signed_in(app, "colleague", "col")
        assert "Have a first draft written" in client.get("/coach/p-77", headers=HTML).text
        page = ask(client, "how the concert was")
        assert page.status_code == 200, page.text
        assert "Drafted by small-model, not by a person." in page.text
        assert 'name="drafted" value="small-model"' in page.text  # and stays labelled when it is read again
        assert "how did the harbour choir sing" in page.text
        assert "verdict-word" in page.text
        again = client.post(
            "/coach/p-77", data={"draft": "Changed by me.", "drafted": "small-model"}, headers={"HX-Request": "true"}
        )
        assert "Drafted by small-model" in again.text
        with app.state.service.engine.connect() as connection:
            for table in (GESTURES, TAIL, DELIVERIES, NOTICES):
                assert connection.execute(select(func.count()).select_from(table)).scalar() == 0, table.name
        trail = signed_in(app, "admin").get("/audit", headers=HTML).text
        assert "draft asked for" in trail
        assert "harbour" not in trail
        assert "concert" not in trail
        held = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
        assert b"kept Thursday" not in held
        assert b"concert" not in held
        assert SECRET.encode() not in held
    (path, headers, _) = twin.asked[0]
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == f"Bearer {SECRET}"
    logged = caplog.text + repr([vars(one) for one in caplog.records])
    assert not [word for word in (SECRET, "concert", "harbour") if word in logged]
    assert SECRET not in page.text


def test_only_what_may_be_mentioned_leaves_and_under_other_names(tmp_path: Path, twin: Twin) -> None:
    with desk(tmp_path, drafting(twin)) as app:
        assert ask(signed_in(app, "colleague", "col"), "how Hanna's concert was").status_code == 200
    (_, _, body) = twin.asked[0]
    said = json.loads(body)
    assert said["model"] == "small-model"
    assert [turn["role"] for turn in said["messages"]] == ["system", "user"]
    told = said["messages"][1]["content"]
    assert "sings in the harbour choir with" in told
    for word in ("divorce", "strict", "partycake", "thinnerpills", "root canal"):
        assert word not in body.decode(), word
    for name in ("Hanna", "Lisowska", "Bronka", "p-77"):
        assert name not in body.decode(), name


def test_the_real_names_come_back_only_here(tmp_path: Path, twin: Twin) -> None:
    with desk(tmp_path, drafting(twin)) as app:
        client = signed_in(app, "colleague", "col")
        ask(client, "the concert")
        first_line = json.loads(twin.asked[0][2])["messages"][1]["content"].splitlines()[0]
        stands_for = first_line.removeprefix("A message to ").removesuffix(" by email.")
        twin.says(REPLY.format(name=stands_for))
        page = ask(client, "the concert").text
    assert "Dear Hanna Lisowska, how did" in page
    assert stands_for not in page


FORBIDDEN = ["ask about the divorce", "remind her of the partycake", "how the thinnerpills work", "after her surgery"]


def test_a_wish_that_speaks_of_what_must_not_leave_is_refused(tmp_path: Path, twin: Twin) -> None:
    with desk(tmp_path, drafting(twin)) as app:
        client = signed_in(app, "colleague", "col")
        for wish in (*FORBIDDEN, " ", "x" * 501):
            answer = ask(client, wish, draft="What I had typed")
            assert answer.status_code == 422, wish
            assert "What I had typed" in answer.text
    assert twin.asked == []


def canary(n: int) -> str:
    """A word like no other."""
    return "q" + hashlib.sha256(str(n).encode()).hexdigest()[:10].translate(str.maketrans("0123456789", "ghijklmnop"))


FACTS = st.tuples(st.sampled_from(KINDS), st.sampled_from(USES), st.booleans(), st.booleans(), st.booleans())


@given(st.lists(FACTS, max_size=20))
def test_whatever_is_on_file_what_may_not_be_mentioned_never_leaves(facts: list[Any]) -> None:
    details = tuple(
        Detail(
            n,
            "p",
            f"{canary(n)} is so",
            kind,
            None,
            "s",
            "ewa",
            n,
            use,
            sensitive,
            unmentioned,
            5 if ended else None,
        )
        for n, (kind, use, sensitive, unmentioned, ended) in enumerate(facts)
    )
    found = asked(Known(Party("p", ("p",), known=True, name="Anna"), details), "say hello", moment="a year with us")
    body = found.body("m").decode()
    for one in details:
        open_ = one.may("mention") and one.kind != "health"
        assert (canary(one.number) in body) <= open_
        assert (one.number in found.details) <= open_
    assert len(found.details) == min(12, sum(one.may("mention") and one.kind != "health" for one in details))


def test_for_the_dead_nothing_is_written() -> None:
    with pytest.raises(InputError, match="they have died"):
        asked(Known(Party("p", ("p",), known=True, deceased="2026-01")), "say hello")


def test_an_address_that_is_not_public_is_not_reached_unless_it_is_named(tmp_path: Path, twin: Twin) -> None:
    with desk(tmp_path, drafting(twin, "[]")) as app:
        answer = ask(signed_in(app, "colleague", "col"), "the concert")
    assert answer.status_code == 422
    assert "[drafting] allow" in answer.text
    assert twin.asked == []


def test_a_redirect_is_not_followed(tmp_path: Path, twin: Twin) -> None:
    other = Twin()
    twin.status, twin.headers = 307, {"Location": other.url}
    with desk(tmp_path, drafting(twin)) as app:
        answer = ask(signed_in(app, "colleague", "col"), "the concert")
    assert answer.status_code == 422
    assert "answered with 307" in answer.text
    assert other.asked == []
    other.server.server_close()


BAD = [(500, b"{}"), (200, b"no json"), (200, b"{}"), (200, b'{"choices": []}'), (200, b"\xff"), (401, b"{}")]
BAD += [(200, b'{"choices": [{"message": {"content": 5}}]}'), (200, b'{"choices": "' + b"x" * 200_000 + b'"}')]


@pytest.mark.parametrize(("status", "body"), BAD)
def test_whatever_the_server_answers_is_one_line(twin: Twin, status: int, body: bytes) -> None:
    twin.status, twin.body = status, body
    with pytest.raises(InputError, match="write it yourself") as why:
        Drafting(twin.url, "small-model", ("127.0.0.1",)).write(Asked("", "", (), Masks({})))
    assert "\n" not in str(why.value)


def test_a_server_that_is_not_there_or_slow_is_one_line(twin: Twin) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        for url in (slow, "http://127.0.0.1:9/"):
            with pytest.raises(InputError, match="did not answer"):
                Drafting(url, "small-model", ("127.0.0.1",), 0.3).write(Asked("", "", (), Masks({})))


def test_what_comes_back_is_text_and_not_too_much_of_it() -> None:
    nothing = Asked("", "", (), Masks({}))
    said = "<script>x</script>\x00\x1b[31m" + "y" * 9000
    body = json.dumps({"choices": [{"message": {"content": said}}]}).encode()
    assert written(body, nothing) == ("<script>x</script>[31m" + "y" * 9000)[:4000]


@pytest.mark.browser
def test_in_a_browser_it_comes_into_the_field_with_its_label(chromium: Any, tmp_path: Path, twin: Twin) -> None:
    folder = make_workspace(tmp_path / "place").folder
    with (folder / "occasion.toml").open("a", encoding="utf-8") as file:
        file.write(drafting(twin))
    password = "seven green bicycles"
    with serving_here(folder, following=False) as server:
        server.service.writer.do(fill).result(30)
        server.service.writer.do(
            lambda c: colleagues.add(c, 1, "t", id="col", name="Col", role="colleague", password=password)
        ).result(30)
        page = new_page(chromium, 320)
        page.goto(server.url + "/coach/p-77")
        page.fill("#name", "col")
        page.fill("#password", password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("Have a first draft written").click()
        page.get_by_label("What is it about?").fill("after her surgery")
        page.get_by_role("button", name="Write a draft").click()
        page.get_by_text("speaks of health").wait_for()
        assert twin.asked == []
        page.get_by_label("What is it about?").fill("the concert")
        page.get_by_role("button", name="Write a draft").click()
        page.get_by_text("Drafted by small-model, not by a person.").wait_for()
        assert "harbour choir" in page.get_by_label("What you will send").input_value()
        assert faults(page) == []
        page.get_by_label("What you will send").fill("Changed by me, and a question: how was it?")
        page.keyboard.press("Control+Enter")
        page.locator("#coach-answer", has_text="Changed by me").wait_for()
        assert page.get_by_text("Drafted by small-model").count() == 1
        assert [one for one in page.complaints if "422" not in one] == []
        page.context.close()


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ({"url": "https://x.example/v1"}, "needs url"),
        ({"model": "m"}, "needs url"),
        ({"url": "file:///etc/passwd", "model": "m"}, "https address"),
        ({"url": "https://x.example/v1", "model": "m", "key": "sk"}, "'key' is no setting"),
        ({"url": 5, "model": "m"}, "must be a text"),
    ],
)
def test_settings_that_cannot_be_used_say_so(section: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        drafting_from({"drafting": section}, {})
    assert drafting_from({}, {KEY_VARIABLE: SECRET}) is None


def test_a_server_with_wrong_settings_does_not_start(tmp_path: Path) -> None:
    make_workspace(tmp_path / "place")
    with (tmp_path / "place" / "occasion.toml").open("a") as file:
        file.write('[drafting]\nurl = "ftp://x"\nmodel = "m"\n')
    with pytest.raises(InputError, match="https address"):
        make_app(Settings(read_workspace(tmp_path / "place"), following=False))
