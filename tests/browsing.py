"""A real Chromium for tests of pages: what it asked for and what it complained about is kept beside each page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser; the test is skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    path = os.environ.get("OCCASION_BROWSER") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.skip("needs Chromium: none on the path; set OCCASION_BROWSER to where it is")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def new_page(browser: Any, width: int = 1280, scheme: str = "light", height: int = 900, **context: Any) -> Any:
    """A page in a context of its own, with `asked` (addresses) and `complaints` (console and errors)."""
    inside = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB", **context
    )
    page = inside.new_page()
    page.set_default_timeout(8000)
    page.asked, page.complaints, page.answers = [], [], {}
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("response", lambda answer: page.answers.__setitem__(answer.url, answer.headers))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


def unfold(page: Any) -> None:
    """Everything that can be folded is open, one of each group of forms."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")


def cut_off(page: Any) -> list[str]:
    """What sticks out of the window on the right."""
    found: list[str] = page.evaluate(
        "document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 100)).slice(0, 5)"
    )
    return found


def faults(page: Any) -> list[str]:
    """What axe finds, a line each."""
    axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
    found = axe_playwright.Axe().run(page)
    return [f"{one['id']}: {node['html'][:160]}" for one in found.response["violations"] for node in one["nodes"]]
