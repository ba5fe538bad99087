"""A day at the desk in a real browser: an event comes, its occasion appears, is taken and done; a note is written."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from browsing import chromium, cut_off, faults, new_page
from occasion.cli import run
from occasion.service.pages.rendering import POLICY
from occasion.store.workspace import make_workspace
from serving import ServerHere, serving_here

__all__ = ["chromium"]
pytestmark = pytest.mark.browser
PASSWORD = "a long walk by the river"
CATALOGUE = """
stages:
  - {name: new, enter: start}
moments:
  first visit:
    when: first visit
    owner: ewa
    purpose: they came
    make: [call and ask how it was]
  three visits:
    when: count(visit) >= 3 within 14 days of start
    owner: ewa
    purpose: they feel at home
  complaint:
    when: complaint
    owner: ewa
    purpose: somebody hears them
"""
HOUR = 3_600_000_000


@contextmanager
def desk(folder: Path, *more: tuple[str, str]) -> Iterator[ServerHere]:
    """A server with colleagues: ewa (admin), and `more` of them as (id, role)."""
    make_workspace(folder, "UTC")
    for id_, role in (("ewa", "admin"), *more):
        colleague(folder, id_, role)
    with serving_here(folder, catalogue=CATALOGUE, buffer_us=0) as server:
        yield server


def colleague(folder: Path, id_: str, role: str) -> None:
    from io import StringIO
    from unittest.mock import patch

    with patch("sys.stdin", StringIO(f"{PASSWORD}\n")):
        name = f"{id_.title()} Nowak"
        assert run(["colleague", "add", id_, "--name", name, "--role", role, "--workspace", str(folder)]) == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHere]:
    with desk(tmp_path_factory.mktemp("desk") / "place", ("jan", "colleague"), ("ann", "analyst")) as running:
        yield running


def send(server: ServerHere, party: str, event: str, **more: Any) -> None:
    """An event over HTTP, as a client sends it; acknowledged when this returns."""
    key = base64.b64encode(f"{server.key}:".encode()).decode()
    body = json.dumps({"userId": party, "event": event, "messageId": f"{party}-{event}-{len(more)}", **more}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {key}"}
    with urllib.request.urlopen(urllib.request.Request(server.url + "/v1/track", body, headers), timeout=5) as answer:
        assert answer.status == 200


def enter(page: Any, server: ServerHere, who: str = "ewa", path: str = "/") -> None:
    """Sign in and stand on a page."""
    page.goto(server.url + path)
    page.fill("#name", who)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("body.desk")


def test_a_day(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium)
    enter(page, server)
    assert "Nothing more for today" in page.inner_text("#desk")
    assert page.answers[server.url + "/"]["content-security-policy"] == POLICY
    send(server, "igor", "visit", properties={"room": "3", "channel": "visit", "direction": "in"})
    card = page.locator("article.card", has_text="igor")
    card.wait_for(timeout=5000)  # without a reload
    assert "first visit" in card.inner_text()
    assert "room 3" in card.inner_text()  # why now: the event itself
    assert "call and ask how it was" in card.inner_text()
    card.get_by_role("button", name="I take this").click()
    card.get_by_role("button", name="Give it back").wait_for()
    page.get_by_text("Taken. It is yours now.").wait_for()
    card.locator("summary[data-verb=done]").click()
    card.get_by_label("Call", exact=True).check()
    card.get_by_label("What happened?").fill("He was glad that somebody rang.")
    card.get_by_label("What am I doing right now").fill("I rang before he had to.")
    card.get_by_role("button", name="That’s done").click()
    page.get_by_text("That was today.").wait_for()
    page.get_by_text("Done. It is on their timeline.").wait_for()
    page.goto(server.url + "/party/igor")
    timeline = page.inner_text("#timeline")
    assert "He was glad that somebody rang." in timeline
    assert "I rang before he had to." in timeline
    assert "Reached “first visit”" in timeline
    assert "1 of 3" in page.inner_text("#moments")
    page.goto(server.url + "/audit")
    rows = page.inner_text("table")
    assert "occasion taken" in rows
    assert "occasion done" in rows
    assert "glad" not in rows
    page.get_by_role("link", name="Check the chain now").click()
    page.get_by_text("The chain of digests was checked and holds.").wait_for()
    assert [c for c in page.complaints if "401" not in c] == []
    assert all(asked.startswith(server.url) for asked in page.asked)
    page.context.close()


def test_the_keyboard_is_enough(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium)
    enter(page, server)
    send(server, "klara", "visit")
    page.locator("article.card", has_text="klara").wait_for(timeout=5000)
    page.keyboard.press("j")
    page.keyboard.press("t")
    page.get_by_text("Taken. It is yours now.").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("d")
    page.keyboard.press("Space")  # the first of the ways: a call
    page.keyboard.press("Tab")
    page.keyboard.type("She will come on Friday.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Done. It is on their timeline.").wait_for()
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/audit")
    page.context.close()


def test_what_is_being_written_stays_when_something_else_comes(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium)
    enter(page, server)
    send(server, "lena", "visit")
    card = page.locator("article.card", has_text="lena")
    card.wait_for(timeout=5000)
    card.locator("summary[data-verb=hold]").click()
    why = card.get_by_label("Why later?")
    why.fill("she is away until ")
    send(server, "marta", "visit")
    page.locator("article.card", has_text="marta").wait_for(timeout=5000)
    why.press_sequentially("Friday")
    assert why.input_value() == "she is away until Friday"
    assert why.evaluate("one => one === document.activeElement")
    send(server, "lena", "complaint")  # another card about her, before this one
    page.wait_for_function("document.querySelectorAll('article.card').length >= 2")
    assert why.input_value() == "she is away until Friday"
    page.context.close()


def test_a_refused_form_says_why_in_one_line_beside_it(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium)
    enter(page, server)
    send(server, "nina", "visit")
    card = page.locator("article.card", has_text="nina")
    card.wait_for(timeout=5000)
    card.locator("summary[data-verb=hold]").click()
    card.locator("[name=until]").evaluate("one => { one.removeAttribute('min'); one.value = '2020-01-01' }")
    card.get_by_label("Why later?").fill("holidays")
    card.get_by_role("button", name="Lay aside").click()
    line = card.locator("form[action$=hold] .error")
    line.filter(has_text="cannot be held until then").wait_for()
    assert card.get_by_label("Why later?").input_value() == "holidays"
    assert faults(page) == []
    page.context.close()


def test_without_scripts_a_day_works_too(chromium: Any, server: ServerHere) -> None:
    send(server, "olga", "visit")
    page = new_page(chromium, java_script_enabled=False)
    enter(page, server)
    card = page.locator("article.card", has_text="olga")
    for _ in range(50):
        if card.count():
            break
        page.wait_for_timeout(100)
        page.reload()
    card.get_by_role("button", name="I take this").click()
    assert "Taken. It is yours now." in page.inner_text("main")
    card.locator("summary[data-verb=skip]").click()
    card.get_by_label("Why not this time?").fill("x" * 400)
    card.get_by_role("button", name="Skip it").click()
    page.goto(server.url + "/party/olga")
    page.locator("summary", has_text="Remember something").click()
    page.get_by_label("What is worth remembering?").fill("likes the window seat")
    page.get_by_label("Where is it from?").fill("said at the door")
    page.get_by_role("button", name="Remember it").click()
    assert "likes the window seat" in page.inner_text("#details")
    assert "said at the door, noted by Ewa Nowak, today" in page.inner_text("#details")
    page.locator("summary", has_text="Promise something").click()
    page.get_by_label("What is promised?").fill("send the plan")
    page.get_by_label("By when?").fill("2031-05-12")
    page.get_by_role("button", name="Write it down").click()
    assert "send the plan" in page.inner_text("#promises")
    page.get_by_role("button", name="It is kept").click()
    assert "kept" in page.inner_text("#promises")
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-look") == "dark"
    page.context.close()


def test_a_moment_is_written_with_the_linter_at_hand(chromium: Any, server: ServerHere) -> None:
    send(server, "petra", "visit")
    page = new_page(chromium)
    enter(page, server, path="/moment")
    page.get_by_label("Name").fill("second visit")
    page.get_by_label("Owner").fill("ewa")
    page.get_by_label("What for").fill("they came again")
    page.get_by_label("When", exact=True).press_sequentially("2nd vist(")
    page.locator("#answer .state.failed").first.wait_for()
    page.get_by_label("When", exact=True).fill("2nd visit")
    page.locator("#answer").get_by_text("It can be saved.").wait_for()
    page.get_by_role("button", name="Who would it have been?").click()
    page.locator("#preview").get_by_text("people").or_(
        page.locator("#preview").get_by_text("cannot be said")
    ).wait_for()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/moment?name=second+visit")
    assert "second visit" in (server.folder / "moments.yaml").read_text()
    send(server, "petra", "visit", context={"again": True})
    page.goto(server.url + "/")
    page.locator("article.card", has_text="second visit").wait_for(timeout=20000)
    page.context.close()


def test_every_number_of_a_moment_leads_to_who_it_counts(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium)
    enter(page, server, path="/moments")
    numbers = page.eval_on_selector_all(
        ".figures a", "all => all.map(one => [one.getAttribute('href'), one.textContent.trim()])"
    )
    assert len(numbers) >= 18
    for href, number in numbers:
        page.goto(server.url + href)
        assert page.inner_text("h1").endswith(f": {number}"), href
        assert page.locator("tbody tr").count() == min(int(number), 200), href
    page.context.close()


def test_what_came_before_the_stream_was_open_is_not_missed(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium)
    enter(page, server, path="/help")
    held: list[Any] = []
    page.route(lambda url: "/live?about=" in url, lambda route: held.append(route))  # noqa: PLW0108  # it gets an attribute
    page.goto(server.url + "/", wait_until="domcontentloaded")
    send(server, "sela", "visit")
    page.wait_for_timeout(3000)  # long enough to be on the desk, by the rule that nothing waits more than a second
    assert page.locator("article.card", has_text="sela").count() == 0
    held[0].continue_()
    page.locator("article.card", has_text="sela").wait_for(timeout=20000)
    page.context.close()


def test_a_page_catches_up_when_it_is_looked_at_again(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium)
    enter(page, server)
    turn = """hidden => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(turn, True)
    page.wait_for_timeout(300)
    asked = len(page.asked)
    send(server, "renata", "visit")
    page.wait_for_timeout(1500)
    assert len(page.asked) == asked  # nothing is asked for while nobody looks
    page.evaluate(turn, False)
    page.locator("article.card", has_text="renata").wait_for(timeout=5000)
    page.context.close()


def test_settings_add_somebody_make_a_key_and_let_somebody_leave(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium, java_script_enabled=False)
    enter(page, server, path="/settings")
    page.locator("summary", has_text="Add a colleague").click()
    page.get_by_label("Short name, to sign in with").fill("Rut!")
    page.locator("#c-name").fill("Rut Adler")
    page.get_by_role("button", name="Let them in").click()
    assert "cannot be used" in page.inner_text("#colleagues .error")
    assert page.locator("#c-name").input_value() == "Rut Adler"
    page.get_by_label("Short name, to sign in with").fill("rut")
    page.get_by_role("button", name="Let them in").click()
    password = page.inner_text("code.once")
    assert len(password) >= 12
    page.locator("summary", has_text="Make a key").click()
    page.locator("#k-name").fill("till")
    page.locator("#k-source").fill("till")
    page.get_by_role("button", name="Make the key").click()
    assert page.inner_text("code.once").startswith("occ_")
    page.goto(server.url + "/settings?leaving=rut")
    page.get_by_label("Who takes over?").select_option("ewa")
    page.get_by_role("button", name="Rut Adler has left").click()
    assert "left today" in page.locator("tr", has_text="Rut Adler").inner_text()
    page.context.close()
    other = new_page(chromium)
    other.goto(server.url + "/")
    other.fill("#name", "rut")
    other.fill("#password", password)
    other.get_by_role("button", name="Sign in").click()
    other.locator(".error").filter(has_text="do not belong together").wait_for()
    other.context.close()


def test_a_find_is_started_and_says_how_it_ends(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium)
    enter(page, server, path="/find")
    page.get_by_label("Kept means").fill("count(visit")
    page.get_by_role("button", name="Look for them").click()
    page.locator("#find-error").filter(has_text="line 1, column").wait_for()
    page.get_by_label("Kept means").fill("count(visit) >= 1 between 28 days and 70 days after start")
    page.get_by_role("button", name="Look for them").click()
    run = page.locator("#desk .moment-row").first
    run.get_by_text("Ewa Nowak").wait_for()
    run.locator(".state.failed").wait_for(timeout=60000)  # nobody has been here for 28 days
    assert "nobody" in run.inner_text() or "nothing" in run.inner_text()
    page.context.close()


def test_evidence_leads_to_the_event_on_the_timeline(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium)
    enter(page, server, path="/behind?moment=first+visit&count=reached")
    page.locator("tbody tr", has_text="igor").get_by_role("link", name="one event").click()
    assert page.evaluate("document.querySelector(decodeURIComponent(location.hash)) !== null")
    page.context.close()


def test_pages_of_the_running_server_are_clean(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium, 320, "dark")
    enter(page, server)
    people = ("/", "/party/igor", "/occasions/1", "/search?q=igor", "/behind?moment=first+visit&count=reached")
    for path in (*people, "/moments", "/moment", "/refused", "/settings", "/audit", "/help"):
        page.goto(server.url + path)
        assert page.locator("h1").count() == 1, path
        assert cut_off(page) == [], path
        assert faults(page) == [], path
    page.goto(server.url + "/nothing-here")
    assert "There is nothing here." in page.inner_text("main")
    page.context.close()


def test_an_analyst_sees_numbers_and_no_names(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium)
    enter(page, server, "ann")
    for path in ("/", "/moments", "/behind?moment=first+visit&count=reached"):
        page.goto(server.url + path)
        said = page.content()
        assert "igor" not in said, path
        assert "/party/" not in said, path
    page.context.close()


def test_a_colleague_does_not_see_the_others_people(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium)
    enter(page, server, "jan")
    for path, hidden in (("/party/igor", "igor"), ("/occasions/1", "first visit"), ("/search?q=igor", "tbody")):
        page.goto(server.url + path)
        assert hidden not in page.inner_text("main").replace("“igor”", ""), path
    page.context.close()
