"""Touch or moment in a real browser: an open page hears what was sent and settled since, and says what one did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browsing import chromium, faults, new_page
from newsletter import PASSWORD, furnish, send
from occasion.service import touching
from occasion.store.workspace import make_workspace
from serving import ServerHere, serving_here

__all__ = ["chromium"]
pytestmark = pytest.mark.browser
SEEN = """line => {
  const box = line.getBoundingClientRect();
  const shows = (x, y) => line.contains(document.elementFromPoint(x, y));
  return box.top >= 0 && [box.top + 3, box.bottom - 3].every(y => shows(box.left + box.width / 2, y));
}"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerHere]:
    monkeypatch.setattr(touching, "LATELY_SECONDS", 0.5)
    folder = tmp_path / "place"
    make_workspace(folder, "UTC")
    with serving_here(folder, catalogue="moments: {}\n", buffer_us=0) as running:
        running.service.writer.do(lambda c: furnish(c, running.service.clock())).result(30)
        send(running)
        yield running


def enter(chromium: Any, server: ServerHere, width: int = 1280) -> Any:
    page = new_page(chromium, width)
    page.goto(server.url)
    page.fill("#name", "ewa")
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("body.desk")
    page.goto(server.url + "/touches")
    return page


def test_an_open_page_hears_of_it(chromium: Any, server: ServerHere) -> None:
    page, other = enter(chromium, server), enter(chromium, server)
    page.evaluate("window.same = true")
    page.get_by_text("Sent from").wait_for(timeout=30_000)  # the sums are read in a process of their own
    send(server, "Windows are cleaned", "An accordion player comes to the yard, and windows are cleaned.", "w")
    page.locator("article", has_text="Windows are cleaned").wait_for(timeout=20_000)
    garden = page.locator("article", has_text="The garden opens")
    assert garden.locator("li").count() == 3

    page.get_by_label("Why not this time?").first.evaluate("one => one.closest('details').open = true")
    other.reload()
    taken = other.locator("article", has_text="The garden opens").locator("li", has_text="Lu Ng")
    taken.get_by_role("button", name="Take it up").click()
    other.wait_for_url("**/occasions/*#coach")
    garden.locator("li", has_text="Lu Ng").wait_for(state="detached")

    rosa = garden.locator("li", has_text="Rosa Lind")
    rosa.evaluate("one => one.querySelector('details').open = true")
    rosa.get_by_label("Why not this time?").fill("She moved")
    page.keyboard.press("Enter")
    rosa.wait_for(state="detached")
    assert page.url == server.url + "/touches"  # one page all along
    assert page.evaluate("window.same")
    assert faults(page) == []
    assert page.complaints == []
    page.context.close()
    other.context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_what_was_done_is_said_where_it_is_seen(chromium: Any, server: ServerHere, width: int) -> None:
    page = enter(chromium, server, width)
    page.locator("#expand li").first.get_by_role("button", name="Take it up").click()
    page.wait_for_url("**/occasions/*#coach")
    line = page.get_by_text("Taken up. It is yours to do now.")
    line.wait_for()
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") > 0  # it was jumped to the coach
    assert line.evaluate(SEEN)
    assert page.locator("#coach h2").first.evaluate(SEEN)
    page.context.close()
