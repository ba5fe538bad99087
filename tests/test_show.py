"""The terminal table in 80 columns, the JSON object, and progress while find works."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace

import pytest
from rich.console import Console

from occasion.estimate import Estimate, Refusal
from occasion.finding.findings import Findings, SetAside
from occasion.finding.show import as_json, progress, table
from sample_findings import finding, findings, further


def printed(found: Findings, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None, legacy_windows=False)
    console.print(table(found))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().replace("\N{NO-BREAK SPACE}", " ")


def test_fits_80_columns_and_says_the_verdict_and_the_reason_first() -> None:
    text = printed(findings())
    assert max(map(len, text.splitlines())) <= 80
    first = text[text.index("1   candidate") :]
    order = [
        "candidate",
        "It stands beside people equally active",
        "distinct(counterpart of message) >= 10",
        "2   candidate",
    ]
    places = [first.index(part) for part in order]
    assert places == sorted(places)
    for part in ("504", "62.7 %", "21.5 %", "+20", "+13 to +26", "1 800 people", "99 more were left out"):
        assert part in " ".join(text.split()), part


def test_is_whole_at_any_width() -> None:
    for width in (60, 80, 200):
        text = " ".join(printed(findings(), width).split())
        assert "+20" in text
        assert "cannot say" in text
        assert "no number" in text


def test_a_refusal_is_a_sentence_and_no_zero() -> None:
    refused = finding(
        verdict="cannot say", why="too few people", effect=Refusal("nobody to compare with", 12), asked=True
    )
    text = " ".join(printed(findings(candidates=(refused,)), 200).split())
    assert "cannot say (asked)" in text
    assert "No number: nobody to compare with. About 12 more people would do." in text
    assert "+0" not in text
    assert " 0.0" not in text


def test_what_comes_from_the_data_cannot_act_on_the_terminal() -> None:
    odd = "\x1b[31m[bold]red[/bold] \u202eevil\r\x07"
    text = printed(findings(candidates=(finding(odd, why=odd, what=odd),), refusals=(SetAside(odd, odd),)), 200)
    assert not {"\x1b", "\u202e", "\r", "\x07"} & set(text)
    assert r"\x1b[31m[bold]red[/bold] \u202eevil\r\x07" in text


def test_what_was_set_aside_is_said_by_reason_and_long_lists_are_cut_with_a_count() -> None:
    text = printed(findings(refusals=tuple(SetAside(f"line {i}", f"reason {i % 9}", 3) for i in range(30))), 200)
    assert "30 things were set aside:" in text
    assert "  Reason 0. line 0 (about 3 more people would do); line 9 (about 3 more people would do), and 2" in text
    assert "… and 12 more; --json and --html name all." in text  # of the four reasons that are left


@pytest.mark.parametrize(
    ("found", "lead"),
    [
        (findings(candidates=(), peers=(), refusals=()), "Nothing stood up"),
        (findings(candidates=further()[2:]), "Whether any of these lines matters cannot be told yet."),
    ],
)
def test_without_a_candidate(found: Findings, lead: str) -> None:
    assert printed(found).startswith(lead)


def test_json_has_the_documented_shape() -> None:
    found = json.loads(json.dumps(as_json(findings()), allow_nan=False))
    assert list(found) == ["parties", "kept", "candidates", "refusals"]
    assert found["parties"] == 1800
    assert found["kept"] == 0.33
    names = ["when", "verdict", "why", "reached", "kept_with", "kept_without", "effect", "sensitivity", "peer_rank"]
    assert all(list(one) == names for one in found["candidates"])
    first = found["candidates"][0]
    method = first["effect"].pop("method")
    assert first["effect"] == {"value": 0.196, "low": 0.131, "high": 0.262}
    assert "AIPW" in method
    assert first["sensitivity"]["warns"] is False
    assert first["peer_rank"] == 214
    assert [one["verdict"] for one in found["candidates"]] == [one.verdict for one in findings().candidates]
    assert found["refusals"][3] == {
        "what": 'count(message where counterpart = "9")',
        "why": "too few people reached it",
        "needs": 160,
    }


def test_json_of_a_refusal_is_null_with_its_sentence() -> None:
    effect = as_json(findings())["candidates"][4]["effect"]
    assert effect == {"value": None, "low": None, "high": None, "method": None,
                      "refused": "only 41 people who reached it have anyone to compare with", "needs": 320}  # fmt: skip


def test_json_knows_no_infinity() -> None:
    strength = finding().sensitivity
    assert strength is not None
    odd = finding(effect=Estimate(0.1, -math.inf, math.inf, 5, "m"), sensitivity=replace(strength, e_value=math.inf))
    nothing = finding(effect=Estimate(math.nan, 0, 0, 5, "m"))
    one, two = json.loads(json.dumps(as_json(findings(candidates=(odd, nothing))), allow_nan=False))["candidates"]
    assert one["effect"] == {"value": 0.1, "low": None, "high": None, "method": "m"}
    assert one["sensitivity"]["e_value"] is None
    assert two["effect"]["value"] is None
    assert two["effect"]["refused"]


def test_progress_names_its_steps_on_a_terminal_and_leaves_nothing_behind() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with progress(console) as step:
        step("screening")
        step("confirming [7] lines", 3, 7)
        step("confirming [7] lines", 7, 7)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "screening" in text
    assert "confirming [7] lines" in text
    assert text.endswith("\x1b[2K")  # the last thing is a cleared line


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as step:
        step("screening", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_a_long_list_is_cut_short_but_never_a_candidate() -> None:
    full = findings()
    many = replace(
        full, candidates=tuple(replace(full.candidates[-1], verdict="cannot say", asked=False) for _ in range(9))
    )
    last = replace(full.candidates[0], verdict="candidate", when="count(the_last_one) >= 1 within 2 days of start")
    text = printed(replace(many, candidates=(*many.candidates, last)))
    assert "the_last_one" in text
    assert "… and 3 more" in text
