"""Every page as it looks: narrow and wide, light and dark, for eyes, keyboard and reading software."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from babel import Locale

import desk_examples as examples
from browsing import chromium, cut_off, faults, new_page, unfold
from occasion.service.pages.rendering import HEADERS, POLICY
from occasion.service.pages.words import words_in
from shown_pages import SHOWN, pages_served, shown
from text_keys import dotted

__all__ = ["chromium"]


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with pages_served() as address:
        yield address


LOOKS = [
    (320, "dark"),
    (1280, "light"),
    *(pytest.param(width, scheme, marks=pytest.mark.slow) for width, scheme in ((320, "light"), (1280, "dark"))),
]


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("name", SHOWN)
def test_every_page_is_clean_at_each_width_in_each_look(
    chromium: Any, served: str, name: str, width: int, scheme: str
) -> None:
    page = new_page(chromium, width, scheme)
    page.goto(f"{served}/shown/{name}")
    assert cut_off(page) == []
    unfold(page)
    page.wait_for_timeout(30)
    assert cut_off(page) == []
    assert faults(page) == []
    assert page.complaints == []
    assert all(asked.startswith(served + "/") for asked in page.asked)
    page.context.close()


@pytest.mark.browser
def test_the_policy_keeps_what_is_not_ours_out(chromium: Any, served: str) -> None:
    page = new_page(chromium)
    page.goto(f"{served}/shown/today")
    headers = page.answers[f"{served}/shown/today"]
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert "default-src 'none'" in POLICY
    page.evaluate("fetch('https://example.org').catch(() => 0)")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\" id=\"inline\">x</p>')")
    assert page.evaluate("getComputedStyle(document.getElementById('inline')).color") != "rgb(255, 0, 0)"
    page.wait_for_timeout(50)
    assert sum("Content Security Policy" in complaint for complaint in page.complaints) >= 2
    page.context.close()


@pytest.mark.browser
def test_light_and_dark_follow_the_system_until_one_is_chosen(chromium: Any, served: str) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    looks = {}
    for scheme in ("light", "dark"):
        for chosen in ("", "light", "dark"):
            page = new_page(chromium, scheme=scheme)
            page.goto(f"{served}/shown/today?look={chosen}")
            looks[scheme, chosen] = page.evaluate(ground)
            page.context.close()
    assert looks["light", ""] != looks["dark", ""]
    assert looks["dark", "light"] == looks["light", "light"] == looks["light", ""]
    assert looks["light", "dark"] == looks["dark", "dark"] == looks["dark", ""]


@pytest.mark.browser
def test_assets_stay_in_the_browser_and_change_their_address_with_their_content(chromium: Any, served: str) -> None:
    page = new_page(chromium)
    page.goto(f"{served}/shown/today")
    styles = [headers for url, headers in page.answers.items() if "/static/" in url]
    assert len(styles) >= 7
    assert all("immutable" in headers["cache-control"] for headers in styles)
    other = re.sub(r"/static/[0-9a-f]+/", "/static/0123456789abcdef/", next(u for u in page.answers if "base.css" in u))
    answer = page.request.get(other)
    assert answer.ok
    assert "immutable" not in answer.headers["cache-control"]
    assert not page.request.get(f"{served}/static/x/LICENSE.htmx").ok
    page.context.close()


@pytest.mark.browser
def test_without_scripts_everything_can_be_read_and_sent(chromium: Any, served: str) -> None:
    page = new_page(chromium, java_script_enabled=False)
    page.goto(f"{served}/shown/today")
    assert page.locator("article.card").count() == 3
    page.locator("summary", has_text="Later").first.click()
    assert page.locator("#hold-101-reason").is_visible()
    assert page.locator("form[action='/occasions/101/hold']").get_attribute("method") == "post"
    assert page.locator("nav a", has_text="Moments").is_visible()
    page.context.close()
    narrow = new_page(chromium, 320, java_script_enabled=False)
    narrow.goto(f"{served}/shown/today")
    narrow.get_by_role("button", name="Menu").click()
    assert narrow.locator("nav a", has_text="Moments").is_visible()
    narrow.context.close()


@pytest.mark.browser
def test_a_keyboard_reaches_everything_and_the_focus_is_seen(chromium: Any, served: str) -> None:
    page = new_page(chromium)
    page.goto(f"{served}/shown/today")
    usable = "a[href], button, summary, input:not([type=hidden]), select, textarea, [tabindex='0']"
    page.evaluate(
        "query => [...document.querySelectorAll(query)].filter(e => e.checkVisibility())"
        ".forEach((e, i) => e.dataset.n = i)",
        usable,
    )
    wanted = page.evaluate("document.querySelectorAll('[data-n]').length")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    reached = {page.evaluate("document.activeElement.dataset.n")}
    for _ in range(wanted + 2):
        page.keyboard.press("Tab")
        now = page.evaluate("[document.activeElement.dataset.n, getComputedStyle(document.activeElement).outlineStyle]")
        if now[0] is not None:
            reached.add(now[0])
            assert now[1] == "solid", page.evaluate("document.activeElement.outerHTML")
    assert len(reached) == wanted
    page.context.close()


@pytest.mark.browser
def test_keys_move_between_cards_and_never_act_while_one_writes(chromium: Any, served: str) -> None:
    page = new_page(chromium)
    page.goto(f"{served}/shown/today")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.id") == "o-101"
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.id") == "o-102"
    page.keyboard.press("k")
    page.keyboard.press("l")  # later
    assert page.evaluate("document.activeElement.id") == "hold-101-until"
    page.locator("#hold-101-reason").focus()
    page.keyboard.type("jkdgt/?x")
    assert page.locator("#hold-101-reason").input_value() == "jkdgt/?x"
    assert page.url.endswith("/shown/today")
    page.keyboard.press("Escape")
    assert not page.locator("#hold-101-reason").is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "finder"
    page.locator("h1").click()
    page.keyboard.press("Control+j")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url("**/help")
    page.context.close()


class Texts(HTMLParser):
    """The words a page shows or says, outside of what stands in <bdi> or <code> (names, texts and lines of others)."""

    def __init__(self) -> None:
        super().__init__()
        self.within: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        said = {"aria-label", "placeholder", "data-name", "title"}
        said -= {"title"} if tag == "time" else set()  # the instant in full
        said -= {"placeholder"} if "mono" in (given.get("class") or "") else set()  # a line of the moment language
        self.found += [value or "" for name, value in attrs if name in said]
        if tag not in ("meta", "link", "input", "br", "hr", "rect", "path", "circle"):
            self.within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.within:
            while self.within.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not {"bdi", "code", "style", "script", "kbd", "title", "textarea", "pre", "time"} & set(
            self.within
        ):
            self.found.append(data.strip())


@pytest.mark.parametrize("name", [name for name in SHOWN if name != "error"])
def test_every_text_comes_from_the_catalogue(name: str) -> None:
    reading = Texts()
    reading.feed(shown(name, words=dotted()))
    word = re.compile(r"[^\W\d_]{2,}")
    names = repr((SHOWN[name], examples.MAREK, examples.OWNERS, examples.ZONE))
    kinds = [
        kind["format"][width] for kind in (Locale("en").months, Locale("en").days) for width in ("wide", "abbreviated")
    ]
    dates = " ".join(day for kind in kinds for day in kind.values())
    known = set(word.findall(f"{names} {dates} Occasion Esc hour seconds minutes days ago"))
    left = {one for text in reading.found for one in word.findall(text)} - known
    assert left == set()


def test_every_text_of_the_catalogue_is_used_and_none_is_missing() -> None:
    from importlib.resources import files

    place = files("occasion.service")
    written = "\n".join(
        one.read_text("utf-8")
        for folder in ("templates", "pages")
        for one in place.joinpath(folder).iterdir()
        if one.name.endswith((".html", ".py"))
    )
    names = {
        name.rpartition(".")[0] if name.rpartition(".")[2] in ("one", "other") else name for name in words_in().texts
    }
    asked = set(re.findall(r"""\bt\(\s*"([a-z_.]+)"\s*[,)]""", written))
    assert asked - names == set()


def test_no_page_has_a_script_or_style_of_its_own() -> None:
    for name in SHOWN:
        html = shown(name)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html), name
        assert all(tag.startswith('<script src="/static/') for tag in re.findall(r"<script[^>]*>", html)), name


def test_pages_are_not_kept_by_browsers_or_others() -> None:
    assert HEADERS["Cache-Control"] == "no-store"
    assert HEADERS["Referrer-Policy"] == "same-origin"
