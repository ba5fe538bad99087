"""The report: its words, numbers, tables and commands; whatever comes from the data is harmless."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import shlex
from dataclasses import fields, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from made_curves import WORDS, made_curve
from occasion.estimate import Estimate, Refusal
from occasion.events.event import Event
from occasion.finding import report_charts, report_people
from occasion.finding.findings import CurvePoint, Findings, PeerLine, SetAside
from occasion.finding.report import html, write_report
from occasion.finding.report_numbers import about, date, interval, points, share, visible, whole
from occasion.finding.report_text import answer, no_number, plain
from occasion.finding.report_view import page
from occasion.finding.report_words import Words
from occasion.moments.meaning import meaning
from occasion.moments.text import read
from sample_findings import KEPT, finding, findings, further

REACH = "occasion reach messages.csv --both"
NASTY = "<script>alert(\"x\")</script> & 'quotes' \u202eleft\u2066 \x1b[31m مرحبا 🎉 {braces} {{ 7*7 }} %s"
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """What a browser would see: elements in order, the text of each, whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self.open), data))

    def inside(self, *tags: str) -> str:
        """All text within these elements, in one line."""
        return " ".join(" ".join(t for path, t in self.texts if set(tags) <= set(path) and "style" not in path).split())

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def full() -> str:
    return html(findings(), source_text="messages.csv", reach_command=REACH)


def spaced(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_says_who_and_how_many_in_a_line(full: str) -> None:
    text = spaced(Page(full).inside("header"))
    assert (
        "People with at least 10 different counterparts in “message” within 14 days of the start stay more often"
        in text
    )
    assert "The outcome of 1 800 people is known; 33.0 % of them were kept." in text
    assert "99 more were left out because their outcome is not known yet. As of 26 October 2004." in text
    assert KEPT in text


def test_a_line_has_its_sentence_verdict_reason_and_numbers(full: str) -> None:
    text = spaced(Page(full).inside("article"))
    for part in (
        "distinct(counterpart of message) >= 10 within 14 days of start",
        "candidate",
        "It stands beside people equally active until then, and beside every other line that stands.",
        "504 reached it",
        "62.7 % of them were kept",
        "21.5 % of the others were kept",
        "+41.2 percentage points apart as it stands",
        "+20 percentage points apart among people alike 95 % interval +13 to +26",
        "Something unseen would have to explain 21 %",
        "It needs about 1 240 people in all.",
        "80 % power at the 5 % level",
    ):
        assert part in text, part


def test_nothing_is_fetched_and_nothing_runs(full: str) -> None:
    page = Page(full)
    assert "://" not in full
    assert not {"script", "link", "img", "iframe", "object", "use", "image"} & {name for name, _ in page.elements}
    for _, attributes in page.elements:
        assert not {"src", "srcset", "style"} & set(attributes)
        assert not any(name.startswith("on") for name in attributes)
        assert attributes.get("href", "#").startswith("#")
    style = re.search(r"<style>(.*?)</style>", full, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert "@font-face" not in style[1]


def test_the_policy_lets_only_its_own_style_through(full: str) -> None:
    policy = next(a["content"] for a in Page(full).every("meta") if a.get("http-equiv") == "Content-Security-Policy")
    style = re.search(r"<style>(.*?)</style>", full, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_every_picture_has_a_text_alternative_and_a_table(full: str) -> None:
    page = Page(full)
    pictures = page.every("svg")
    assert len(pictures) == 2 * 3 + 1
    for picture in pictures:
        assert picture["role"] == "img"
        assert len(picture["aria-label"] or "") > 60
    assert full.count("<figcaption>") == len(pictures)
    assert len(page.every("caption")) == len(page.every("table")) == len(pictures) + 1  # and the further lines
    assert all(cell.get("scope") in ("col", "row") for cell in page.every("th"))


def test_headings_are_in_order_and_every_link_leads_somewhere(full: str) -> None:
    page = Page(full)
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch(r"h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {(a["href"] or "")[1:] for a in page.every("a")} <= set(ids)


class Heard(Words):
    """Words that remember which of them were asked for."""

    asked: ClassVar[set[str]] = set()

    def __call__(self, name: str, /, n: int | None = None, **gaps: object) -> str:
        self.asked.add(name if n is None else f"{name}.{'one' if n == 1 else 'other'}")
        return super().__call__(name, n, **gaps)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The page of every odd answer, drawn once."""
    heard = Heard(WORDS.language, WORDS.texts, WORDS.lists)
    seldom = {str(i): case for i, case in enumerate(SAID_SELDOM)}
    return {
        name: html(case, source_text="a.csv", reach_command=REACH if case.candidates else None, words=heard)
        for name, case in (EDGES | seldom).items()
    }


def test_every_text_is_used_somewhere(pages: dict[str, str]) -> None:
    heard = Heard(WORDS.language, WORDS.texts, WORDS.lists)
    assert pages
    shown = Path(report_charts.__file__).with_name("show.py").read_text(encoding="utf-8")
    unused = {name for name in set(WORDS.texts) - heard.asked if not name.startswith("table.")}
    forms = {
        name for name in unused if {f"{name.rpartition('.')[0]}.{form}" for form in ("one", "other")} & heard.asked
    }
    assert unused == forms, "nothing says these any more"
    assert all(name.split(".")[1] in shown for name in WORDS.texts if name.startswith("table."))


def test_not_one_word_calls_an_association_an_effect() -> None:
    for name, text in WORDS.texts.items():
        assert not re.search(r"\beffects?\b|\bcauses?\b|\bimpact\b|\bdrives?\b", text, re.IGNORECASE), name


@pytest.mark.parametrize("where", ["finding", "peers", "aside", "words"])
def test_what_comes_from_the_data_is_only_text(where: str) -> None:
    changed = {
        "finding": {
            "candidates": (finding(NASTY, why=NASTY, what=NASTY, proxy_of=NASTY), finding(NASTY, "cannot say", NASTY))
        },
        "peers": {"peers": (PeerLine(1, NASTY, 0.4, 300, 0.5, 0.2),)},
        "aside": {"refusals": tuple(SetAside(f"{i} {NASTY}", NASTY, 3) for i in range(9))},
        "words": {"kept_text": NASTY, "start_text": NASTY, "notes": (NASTY,)},
    }[where]
    text = html(findings(**changed), source_text=NASTY, reach_command=REACH)
    page = Page(text)
    assert "script" not in {name for name, _ in page.elements}
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "مرحبا 🎉 {braces} {{ 7*7 }} %s" in page.inside("body")
    assert r"\u202eleft\u2066 \x1b[31m" in page.inside("body")


EDGES: dict[str, Findings] = {
    "nothing": findings(candidates=(), peers=(), refusals=(), notes=(), as_of_us=None, unknown=0),
    "set aside only": findings(candidates=(), peers=(), cells=0),
    "refusals": findings(candidates=(further()[3], further()[3]), peers=()),
    "association": findings(candidates=further()[1:3]),
    "one person": findings(parties=1, kept=1.0, unknown=1, cells=1, candidates=()),
    "twenty lines": findings(candidates=tuple(finding(pictures=i < 3) for i in range(20))),
    "long": findings(candidates=(finding("count(" + "very_long_event_name_" * 30 + ") >= 3 within 2 days of start"),)),
    "not a number": findings(
        kept=math.nan, candidates=(finding(effect=Estimate(math.nan, math.nan, math.nan, 9, "m"), kept_with=math.nan),)
    ),
    "unbounded": findings(candidates=(finding(effect=Estimate(0.1, -math.inf, math.inf, 9, "m")),)),
}


SEVERAL_ASIDE = tuple(SetAside(f"line {i}", f"reason {i % 10}", i % 2) for i in range(70))
NOBODY = tuple(CurvePoint(k, 3, Refusal("too few")) for k in range(1, 9))
SAID_SELDOM = (
    findings(),
    findings(candidates=(finding("count(y) >= 1 within 1 day of start", count=1, pictures=False),), peers=()),
    findings(candidates=(finding(verdict="cannot say"),)),
    findings(candidates=(finding(effect=Estimate(-0.1, -0.15, -0.05, 1800, "m"), asked=True),), refusals=SEVERAL_ASIDE),
    findings(candidates=(finding(curve=made_curve([0.1] * 12, 0.01)), finding(curve=NOBODY))),
    findings(candidates=(finding(curve=made_curve([0.03 * min(k, 10) for k in range(1, 15)], 0.01)),), peers=()),
    findings(candidates=(finding("distinct(x of y) >= 1 within 1 day of start", count=1, days=1, peer_rank=None),)),
    findings(candidates=(finding(),), peers=(PeerLine(1, finding().when, 0.4, 504, 0.6, 0.2),)),
    findings(candidates=(finding(count=15, days=1),)),
    findings(candidates=(finding(pictures=False),), peers=(), kept_text="something else"),
)


@pytest.mark.parametrize("case", EDGES)
def test_every_odd_answer_has_its_page(pages: dict[str, str], case: str) -> None:
    page = Page(pages[case])
    assert not page.open
    for word in ("nan", "inf", "None", "Estimate(", "Refusal("):
        assert not re.search(rf"\b{re.escape(word)}", page.inside("body")), word


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("nothing", "Nothing stood up: no line went with staying by more than chance would give."),
        ("set aside only", "Nothing could be judged: every line was set aside."),
        ("refusals", "Whether any of these lines matters cannot be told yet."),
        ("association", "Nothing stood up: many lines go with staying"),
    ],
)
def test_the_answer_when_nothing_stood_up(case: str, sentence: str) -> None:
    assert answer(EDGES[case], WORDS)[0].startswith(sentence)


def test_fewer_staying_is_said_as_that() -> None:
    less = finding(effect=Estimate(-0.1, -0.15, -0.05, 1800, "m"))
    assert "stay less often" in answer(findings(candidates=(less,)), WORDS)[0]


def test_a_refusal_is_its_sentence_and_never_a_number() -> None:
    refused = finding(
        verdict="cannot say", why="too few people", effect=Refusal("only 41 of them have anyone to compare with", 320)
    )
    text = spaced(Page(html(findings(candidates=(refused,), peers=()))).inside("article"))
    assert "No number: only 41 of them have anyone to compare with. About 320 more people would do." in text
    assert "apart among people alike" not in text
    same = replace(refused, effect=Refusal("Too few people."))
    assert no_number(same, WORDS) == ""  # the verdict's reason has said it


def test_a_number_too_unsure_to_go_by_is_called_that() -> None:
    unsure = finding(verdict="cannot say", why="too few people are alike")
    text = Page(html(findings(candidates=(unsure,), peers=()))).inside("article")
    assert "+20 percentage points apart among people alike, too unsure to go by" in text


def test_a_warning_is_a_word(full: str) -> None:
    assert "Be careful:" in html(findings(candidates=(finding(pictures=False), further()[1]), peers=()))
    assert "Be careful:" not in html(findings(candidates=(finding(pictures=False),), peers=()))


@pytest.mark.parametrize(
    ("what", "count", "said"),
    [
        ("count(call)", 1, "“call” at least once within 14 days of the start"),
        ('count("Lease Signed")', 3, "“Lease Signed” at least 3 times within 14 days of the start"),
        ("distinct(friend of friend_added)", 4, "at least 4 different values of “friend” in “friend added” within"),
        ('count(call where direction = "in")', 2, '“call” at least 2 times (direction = "in") within 14 days'),
    ],
)
def test_plain_english(what: str, count: int, said: str) -> None:
    assert plain(finding(f"{what} >= {count} within 14 days of start", count=count), WORDS).startswith(said)


def test_a_pattern_is_shown_as_it_is_written() -> None:
    when = "start then first (visit then first call within 1 day) within 14 days"
    assert plain(finding(when, what=when), WORDS) == f"“{when}”"


def test_numbers_for_people() -> None:
    assert spaced(whole(1_234_567)) == "1 234 567"
    assert spaced(about(1_231)) == "1 240"
    assert about(999) == "999"
    assert spaced(share(0.6269, 504)) == "62.7 %"
    assert spaced(share(0.6269, 41)) == "63 %"
    assert points(-0.0004) == "0.0"
    assert interval(Estimate(-0.12, -0.3, 0.06, 80, "m")) == ("−12", "−30", "+6")
    assert date(0) == "1\N{NO-BREAK SPACE}January\N{NO-BREAK SPACE}1970"
    assert visible("a\tb\u200fc") == r"a\tb\u200fc"


# Pictures


# Is there a knee?


# The people behind the numbers


def one_party(rng: np.random.Generator) -> list[Event]:
    day = 86_400_000_000
    times = np.sort(rng.uniform(0, 90, rng.integers(1, 60)) * rng.uniform(0.1, 1))
    return [
        Event(party="p", name="message", at=int(t * day), seen=int(t * day), id=str(i),
              counterpart=str(rng.integers(0, 20)), direction="out" if rng.random() < 0.4 else "in")
        for i, t in enumerate(times)
    ]  # fmt: skip


def moment_in(command: str) -> str:
    words = shlex.split(command)
    assert words[:4] == REACH.split()
    assert words[4] == "--moment"
    assert len(words) == 6
    return words[5]


@pytest.mark.parametrize(
    "when", [finding().when, further()[0].when, "start then first (message returns after 3 days) within 14 days"]
)
def test_the_commands_divide_the_people(when: str) -> None:
    """Read by the law: everybody whose outcome is known is in exactly the lists they belong to, and nobody else is."""
    commands = {c.who: read(moment_in(c.command)) for c in report_people.of_finding(finding(when), KEPT, REACH)}
    outcome = {c.who: read(moment_in(c.command)) for c in report_people.of_outcome(KEPT, REACH)}
    written = ["reached", "reached_kept", "reached_not_kept", "not_reached"]
    assert list(commands) == written[: 3 if "returns" in when else 4]  # `no` takes an event, not a pattern
    rng = np.random.default_rng(3)
    day = 86_400_000_000
    seen: dict[str, int] = {}
    for _ in range(200):
        events = one_party(rng)
        as_of = int(rng.uniform(40, 200)) * day
        known = events[0].at + 70 * day <= as_of  # the outcome's window is over
        lists = {who: bool(meaning(moment, events, as_of)) for who, moment in (commands | outcome).items()}
        if not known:
            assert not any(lists.values())
            continue
        assert lists.get("not_reached", not lists["reached"]) != lists["reached"]
        assert lists["all_kept"] != lists["all_not_kept"]
        assert lists["reached"] == bool(meaning(read(when), events, as_of))
        assert lists["all_kept"] == bool(meaning(read(KEPT), events, as_of))
        assert lists["reached_kept"] == (lists["reached"] and lists["all_kept"])
        assert lists["reached_not_kept"] == (lists["reached"] and lists["all_not_kept"])
        for who, listed in lists.items():
            seen[who] = seen.get(who, 0) + listed
    assert all(10 <= n <= 150 for n in seen.values()), seen


def test_a_line_read_apart_names_who_reached_it_and_says_so() -> None:
    apart = further()[3]
    assert [c.who for c in report_people.of_finding(apart, KEPT, REACH)] == ["reached"]
    assert report_people.apart(apart)


def test_commands_stand_in_the_page_and_may_be_made_by_a_function(full: str) -> None:
    text = Page(full).inside("main")
    known = "every 70 days since start"
    assert f"{REACH} --moment 'distinct(counterpart of message) >= 10 within 14 days of start and {known}'" in text
    assert f"{REACH} --moment '{KEPT} and {known}'" in text
    made = html(findings(), reach_command=lambda moment: f"get {len(moment)}")
    assert f"get {len(KEPT + f' and {known}')}" in made
    assert "--moment with the line does it" in html(findings(candidates=(), peers=()))


def test_a_line_in_no_known_language_still_gets_its_command() -> None:
    odd = finding("what's this?")
    assert report_people.of_finding(odd, KEPT, REACH)[0].command == f"""{REACH} --moment 'what'"'"'s this?'"""
    assert report_people.of_outcome("", REACH) == []


def test_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    assert write_report(findings(), path, source_text="a.csv", reach_command=REACH) == path
    before = path.read_text(encoding="utf-8")
    assert before == html(findings(), source_text="a.csv", reach_command=REACH)
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_report(findings(candidates=()), path)
    assert path.read_text(encoding="utf-8") == before


def test_the_page_leaves_no_field_of_a_finding_out() -> None:
    """Each field changed by itself changes what is shown."""
    base = finding(peer_rank=None, pictures=False)
    other = finding("count(x) >= 2 within 3 days of start", "cannot say", "else", Refusal("no"), 3, 5, 77,
                    reached=9, kept_with=0.9, kept_without=0.8, sensitivity=None, proxy_of="count(y)",
                    asked=True, what="count(z)", test=replace(base.test, parties=7))  # fmt: skip
    shown = page(findings(candidates=(base,)), WORDS, "", REACH)
    for field in fields(base):
        changed = replace(base, **{field.name: getattr(other, field.name)})
        assert page(findings(candidates=(changed,)), WORDS, "", REACH) != shown, field.name
