"""The report in a real browser: nothing leaves it, nothing is cut off, it can be read without mouse or eyes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from browsing import chromium, unfold
from occasion.finding.findings import Findings, SetAside
from occasion.finding.report import write_report
from sample_findings import finding, findings, further

__all__ = ["chromium"]
pytestmark = pytest.mark.browser
REACH = "occasion reach messages.csv --both --map 'party=source,counterpart=target,at=weight'"
LONG = "count(" + "an_event_with_a_very_long_name_" * 12 + ") >= 3 within 2 days of start"
CASES: dict[str, Findings] = {
    "full": findings(candidates=(finding(asked=True), *further())),
    "empty": findings(candidates=(), peers=(), refusals=(), notes=()),
    "long": findings(
        candidates=(finding(LONG, what=LONG), finding(LONG, "cannot say", LONG)),
        refusals=tuple(SetAside(f"{LONG} {i}", LONG) for i in range(12)),
        kept_text=LONG,
    ),
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    return {
        name: write_report(case, folder / f"{name}.html", source_text="messages.csv", reach_command=REACH)
        for name, case in CASES.items()
    }


def opened(chromium: Any, path: Path, width: int = 1280, scheme: str = "light") -> Any:
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.requests, page.complaints = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(path.as_uri())
    return page


LOOKS = [(case, width, scheme) for case in ("full", "long") for width in (1280, 320) for scheme in ("light", "dark")]


@pytest.mark.parametrize(("case", "width", "scheme"), [*LOOKS, ("empty", 320, "light")])
def test_axe_finds_nothing_and_nothing_is_cut_off(
    chromium: Any, reports: dict[str, Path], case: str, width: int, scheme: str
) -> None:
    axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
    page = opened(chromium, reports[case], width, scheme)
    unfold(page)
    found = axe_playwright.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_no_request_leaves_the_file_and_its_policy_is_kept(chromium: Any, reports: dict[str, Path]) -> None:
    page = opened(chromium, reports["full"])
    unfold(page)
    page.wait_for_timeout(300)
    assert page.requests == [reports["full"].as_uri()]
    assert page.complaints == []
    fonts = page.evaluate("document.fonts.size")
    assert fonts == 0
    assert page.evaluate("getComputedStyle(document.body).maxWidth") == "1152px"  # the style got through the policy
    page.evaluate("fetch('https://example.org').catch(() => 0)")
    page.evaluate(
        "new Promise(done => { const i = new Image(); i.onerror = done; i.src = 'https://example.org/a.png' })"
    )
    page.wait_for_timeout(100)
    assert any("Content Security Policy" in complaint for complaint in page.complaints)
    page.close()


def test_the_keyboard_reaches_everything_that_can_be_used(chromium: Any, reports: dict[str, Path]) -> None:
    page = opened(chromium, reports["full"])
    unfold(page)
    wanted = page.evaluate("document.querySelectorAll('a[href], summary, [tabindex=\"0\"]').length")
    page.evaluate(
        "document.querySelectorAll('a[href], summary, [tabindex=\"0\"]').forEach((one, i) => { one.dataset.n = i })"
    )
    reached = []
    for _ in range(wanted + 2):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.dataset.n ?? null"))
    assert reached[:wanted] == [str(i) for i in range(wanted)]  # in the order of the page
    page.close()


def test_the_skip_link_shows_and_a_summary_opens_by_keyboard(chromium: Any, reports: dict[str, Path]) -> None:
    page = opened(chromium, reports["full"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.evaluate("one => one.open")
    page.close()


def test_the_focus_can_be_seen(chromium: Any, reports: dict[str, Path]) -> None:
    page = opened(chromium, reports["full"])
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.close()


@pytest.mark.parametrize("width", [320, 640, 1280, 2560])
def test_pictures_stay_within_their_column(chromium: Any, reports: dict[str, Path], width: int) -> None:
    page = opened(chromium, reports["full"], width)
    boxes = page.evaluate(
        "[...document.querySelectorAll('figure svg')]"
        ".map(s => [s.getBoundingClientRect(), s.parentElement.getBoundingClientRect()])"
        ".map(([s, f]) => [s.width, s.left - f.left, f.right - s.right])"
    )
    assert len(boxes) == 7
    assert all(200 <= drawn <= 430 and left >= -1 and right >= -1 for drawn, left, right in boxes)
    page.close()


def test_dark_and_light_are_two_looks_of_one_drawing(chromium: Any, reports: dict[str, Path]) -> None:
    looks = {}
    for scheme in ("light", "dark"):
        page = opened(chromium, reports["full"], scheme=scheme)
        looks[scheme] = page.evaluate(
            "[getComputedStyle(document.body).backgroundColor,"
            " getComputedStyle(document.querySelector('svg [fill=\"var(--up3)\"]')).fill]"
        )
        page.close()
    assert looks["light"][0] != looks["dark"][0]
    assert looks["light"][1] != looks["dark"][1]
    assert all(colour.startswith("rgb") for look in looks.values() for colour in look)


def test_one_click_selects_a_whole_line(chromium: Any, reports: dict[str, Path]) -> None:
    page = opened(chromium, reports["full"])
    page.locator("h3 code").first.click()
    assert page.evaluate("getSelection().toString().trim()") == CASES["full"].candidates[0].when
    page.close()


def test_it_prints_on_paper_in_the_light_look(chromium: Any, reports: dict[str, Path]) -> None:
    page = opened(chromium, reports["full"], scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert 3 <= printed.count(b"/Type /Page\n") <= 12
    assert page.locator("table.wide").is_visible()  # the further lines are unfolded on paper
    page.close()
