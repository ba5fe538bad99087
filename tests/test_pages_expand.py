"""What could be added to what went to many, on Today in a real browser: taken up beside the coach, or declined."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browsing import chromium, cut_off, faults, new_page, unfold
from newsletter import PASSWORD, furnish, send
from occasion.store.workspace import make_workspace
from serving import ServerHere, serving_here

__all__ = ["chromium"]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHere]:
    folder: Path = tmp_path_factory.mktemp("desk") / "place"
    make_workspace(folder, "UTC")
    with serving_here(folder, catalogue="moments: {}\n", buffer_us=0) as running:
        running.service.writer.do(lambda c: furnish(c, running.service.clock())).result(30)
        send(running)
        yield running


def enter(page: Any, server: ServerHere) -> Any:
    """Sign in; what stands on Today of what went to many, once it is there."""
    page.goto(server.url)
    page.fill("#name", "ewa")
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("body.desk")
    until = time.monotonic() + 20
    while not page.locator("#expand").count():
        assert time.monotonic() < until, "nothing stands on Today"
        page.wait_for_timeout(100)
        page.reload()
    return page.locator("#expand")


def test_one_is_declined_in_place_and_one_taken_up_beside_the_coach(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium)
    few = enter(page, server)
    assert "No occasions yet" in few.inner_text()
    assert "Nobody needs anything from you right now" in page.inner_text("#now")  # they are nothing one has to do
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        unfold(page)
        assert cut_off(page) == []
        assert faults(page) == []
    page.reload()
    tom = few.locator("li", has_text="Tom Oko")
    tom.get_by_text("Not for them").click()
    tom.get_by_label("Why not this time?").fill("He sold it")
    page.keyboard.press("Enter")
    tom.wait_for(state="detached")
    assert page.url == server.url + "/"  # without another page
    assert few.locator("li").count() == 2
    rosa = few.locator("li", has_text="Rosa Lind")
    assert "It spoke of this" in rosa.inner_text()
    rosa.get_by_role("button", name="Take it up").click()
    page.wait_for_url("**/occasions/*#coach")
    page.get_by_text("Taken up. It is yours to do now.").wait_for()
    assert "you know this about them: grows old roses" in page.inner_text("#coach-box")
    assert page.get_by_label("What you will send").input_value() == ""  # no ready text for anybody
    assert faults(page) == []
    page.get_by_label("What you will send").fill("Rosa, which of your old roses is out first? Ring me. Ewa Nowak")
    page.get_by_role("button", name="Read it", exact=True).click()
    page.locator("#coach-answer .verdict-word").wait_for()
    page.goto(server.url)
    assert page.locator("#expand li").count() == 1
    assert page.complaints == []
    page.context.close()


def test_without_scripts_too(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium, 320, java_script_enabled=False)
    few = enter(page, server)
    one = few.locator("li", has_text="Lu Ng")
    one.get_by_text("Not for them").click()
    one.get_by_label("Why not this time?").fill("They are away")
    one.get_by_role("button", name="Decline").click()
    page.wait_for_url(server.url + "/")
    page.get_by_text("Declined.").wait_for()
    assert page.locator("#expand li", has_text="Lu Ng").count() == 0
    page.context.close()
