"""The catalogue: what is read, what is wrong with it and where, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from hypothesis import assume, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from catalogue_texts import DESIGN, STORY, moments, places, the_one
from occasion import cli_check, cli_load
from occasion.errors import InputError
from occasion.moments.catalogue import parse_catalogue, read_catalogue
from occasion.moments.check import Seen, check, wrong
from occasion.moments.definition import Period, Stage, Start
from occasion.moments.placed import Place, read_yaml
from occasion.moments.text import read

NAMES = {
    name: 5
    for name in ("first_visit", "lease_signed", "key_handed", "letter_sent", "invoice_sent", "picture_viewed",
                 "rent_clicked", "call")
}  # fmt: skip


def test_the_example_of_the_design() -> None:
    catalogue = parse_catalogue(DESIGN)
    (moment,) = catalogue.moments
    assert catalogue.findings == ()
    assert moment.definition == read("count(friend_added) >= 10 within 14 days of first signup")
    assert (moment.name, moment.who, moment.owner, moment.stage) == ("ten friends", "customer", "growth", "new")
    assert moment.purpose == "the newcomer's people are here"
    assert moment.make == ("introduce two people who share a course",)
    assert moment.expect is not None
    assert (moment.expect.length, moment.expect.anchor) == (Period(14, "day"), Start())
    (step,) = catalogue.process
    assert (step.name, step.event.name, step.purpose) == ("welcome letter", "letter_sent", "they know whom to call")
    assert catalogue.stages[0].stage == Stage("new", Start())
    assert places(wrong(check(catalogue))) == [(3, 12, "warning", "stage")]  # nothing happens to those who settled


def test_story_05_the_catalogue_in_writing() -> None:
    catalogue = parse_catalogue(STORY)
    found = wrong(check(catalogue, Seen(NAMES)))
    assert places(found) == [
        (9, 5, "warning", "purpose"),
        (14, 13, "warning", "event"),
        (31, 3, "error", "owner"),
        (56, 11, "warning", "same"),
    ]
    assert the_one(found, "event").message == "no event fisrt_visit ever came: did you mean first_visit?"
    assert 'the same as moment "steady" on line 51' in the_one(found, "same").message
    assert the_one(found, "owner").about == 'moment "first call"'
    # nothing else is affected: the other eleven are in force
    assert len(catalogue.moments) == 11
    assert [moment.name for moment in catalogue.refused] == ["first call"]


@pytest.mark.parametrize(
    ("style", "line", "column"),
    [
        ("    when: first a where b = oops", 3, 29),
        ("    when: 'first a where b = oops'", 3, 30),
        ("    when: 'first a where c = \"it''s\" and b = oops'", 3, 46),
        ('    when: "first a where c = \\"x\\" and b = oops"', 3, 44),
        ("    when: >\n      first a\n      where b = oops", 5, 17),
        ("    when: |-\n      first a\n        where b = oops", 5, 19),
        ("    when: first a\n      where b = oops", 4, 17),
        ("    when: \"first a \\\n      where b = oops\"", 4, 17),
        ("    when: &x first a where b = oops", 3, 32),
    ],
)  # fmt: skip
def test_a_place_inside_a_text_however_yaml_writes_it(style: str, line: int, column: int) -> None:
    text = f"moments:\n  m:\n{style}\n    owner: desk\n    purpose: p\n"
    for source in (text, text.replace("\n", "\r\n"), "\ufeff" + text):
        (finding,) = parse_catalogue(source).findings
        assert (finding.place, finding.code) == (Place(line, column), "text")
        assert source.splitlines()[line - 1].lstrip("\ufeff")[column - 1 :].startswith("oops")


@given(st.text(st.sampled_from("ab \n\t\"'\\:#é"), max_size=30))
def test_every_character_of_a_text_is_found_again(value: str) -> None:
    quoted = json.dumps(value, ensure_ascii=False)
    document = read_yaml(f"key: {quoted}", "f")
    assert document is not None
    ((_, text),) = document.pairs()
    assume(text.text == value)
    for at, char in enumerate(value):
        line, column = value.count("\n", 0, at) + 1, at - value.rfind("\n", 0, at)
        place = text.inside(line, column)
        written = f"key: {quoted}"[place.column - 1 :]
        assert written.startswith(json.dumps(char, ensure_ascii=False)[1:-1])


M1 = "moments:\n  m: "
M = M1 + "{when: first a, "
WRONG: list[tuple[str, list[tuple[int, int, str, str]], str]] = [
    (M + "ownr: x, purpose: p}", [(2, 3, "error", "owner"), (2, 22, "warning", "key")], "owner"),
    ("momets:\n  m: {}", [(1, 1, "warning", "key")], 'did you mean "moments"?'),
    (M1 + "{owner: x, purpose: p}", [(2, 3, "error", "missing")], "no `when`"),
    (M1 + "first a", [(2, 3, "error", "kind")], "needs `when` and `owner`"),
    ("moments: [a]", [(1, 10, "error", "kind")], "must be names"),
    (M + "owner: [x], purpose: p}", [(2, 3, "error", "owner"), (2, 29, "error", "kind")], "a list"),
    (M + "owner: x, purpose: p, stage: x}", [(2, 51, "error", "stage")], "no stages"),
    (M + "owner: x, purpose: p, who: custmer}", [(2, 49, "error", "who")], '"customer"'),
    (M + "owner: x, purpose: p, expect: 3 dys after start}", [(2, 54, "error", "text")], '"days"'),
    (M + "owner: x, purpose: p}\n  m: {when: b}", [(3, 3, "error", "duplicate")], "line 2"),
    (M + "when: b, owner: x, purpose: p}", [(2, 22, "error", "duplicate")], "twice"),
    (M1 + "\n    when: a where b = \"x #1\"\n    owner: x\n    purpose: p", [(3, 23, "error", "text")], "single quote"),
    ("process:\n  - {name: s, event: a or b, purpose: p}", [(2, 22, "error", "event")], "one event"),
    ("process:\n  - {name: s, purpose: p}", [(2, 5, "error", "missing")], "`event`"),
    ("process: {a: b}", [(1, 10, "error", "kind")], "must be a list"),
    ("stages:\n  - {name: s}", [(2, 5, "error", "missing")], "no `enter`"),
    ("stages:\n  - {enter: start}", [(2, 5, "error", "missing")], "no `name`"),
    ("stages:\n  - start", [(2, 5, "error", "kind"), (2, 5, "error", "missing")], "it needs name, enter"),
    ("stages:\n  - {name: s, enter: a per f}", [(2, 24, "error", "text")], "only for a moment"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "where", "says"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_has_its_place(text: str, where: list[tuple[int, int, str, str]], says: str) -> None:
    found = list(parse_catalogue(text).findings)
    assert places(found) == where
    assert any(says in finding.message for finding in found)


def test_a_stage_that_cannot_be_read_refuses_only_what_needs_it() -> None:
    stages = "stages:\n  - {name: new, enter: start}\n  - {name: odd, enter: of}\n"
    catalogue = moments("first a", 'no a for 3 days while stage = "new"', stages=stages)
    assert [moment.name for moment in catalogue.moments] == ["m1"]
    assert [(f.code, f.about) for f in catalogue.findings] == [("text", 'stage "odd"'), ("stage", 'moment "m2"')]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"# only a comment\n", "is empty"),
        (b"- a\n- b\n", "is a list"),
        (b"moments: [1,", "1:13: not YAML"),
        (b"moments:\n  m:\n    when: a: b", "3:12: not YAML"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"a: \x00", "not YAML"),
        (b"[" * 1500, "nested too deep"),
        (b"a: *nobody", "1:4: not YAML"),
        (b"#" + b"x" * 1_000_001, "at most 1000000"),
    ],
)
def test_a_file_that_is_no_catalogue(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "moments.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_catalogue(path)
    assert says in str(refused.value)
    assert "moments.yaml" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such catalogue; name one with --catalogue"):
        read_catalogue(tmp_path / "moments.yaml")


# the linter


# the command


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    cli_check.register(app)
    cli_load.register(app)
    return app


def run(app: typer.Typer, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_check_by_itself(app: typer.Typer, tmp_path: Path) -> None:
    path = tmp_path / "moments.yaml"
    path.write_text(STORY, encoding="utf-8")
    code, out = run(app, "check", "--catalogue", str(path))
    assert code == 1
    assert f'{path}:31:3: error: moment "first call": has no owner' in out
    assert out.splitlines()[-1] == (
        "11 moments in force, 3 findings; no events at hand, so no name of an event or a field was checked"
    )
    path.write_text(DESIGN.replace('  - {name: settled, enter: "count(session) >= 5 within 30 days of start"}\n', ""))
    assert run(app, "check", "--catalogue", str(path))[0] == 0


def test_check_in_a_workspace_knows_its_events(app: typer.Typer, tmp_path: Path) -> None:
    place = tmp_path / "practice"
    assert run(app, "init", str(place))[0] == 0
    (place / "moments.yaml").write_text(STORY, encoding="utf-8")
    rows = [
        f"p{i % 3},{name},2026-03-{i + 1:02d}T09:00:00Z,A,{'in' if i % 2 else 'out'}" for i, name in enumerate(NAMES)
    ]
    log = tmp_path / "log.csv"
    log.write_text("\n".join(["party,name,at,listing,direction", *rows]) + "\n", encoding="utf-8")
    mapping = "party=party,name=name,at=at,direction=direction,prop:listing=listing"
    assert run(app, "load", str(log), "--map", mapping, "--workspace", str(place))[0] == 0
    code, out = run(app, "check", "--workspace", str(place), "--json")
    assert code == 1
    found = json.loads(out)
    by_code = {finding["code"]: finding for finding in found["findings"]}
    assert (by_code["event"]["line"], by_code["event"]["column"]) == (14, 13)
    assert "did you mean first_visit?" in by_code["event"]["message"]
    assert by_code["field"]["message"] == "letter_sent never has the field kind"
    assert by_code["per"]["message"].startswith("contact never has the `per` field counterpart")
    assert {"owner", "purpose", "same", "event", "field", "per", "none"} <= set(by_code)
    never_came = [finding["about"] for finding in found["findings"] if finding["code"] == "none"]
    assert 'moment "hundredth"' in never_came
    assert 'moment "key"' not in never_came
    quick = json.loads(run(app, "check", "--workspace", str(place), "--json", "--quick")[1])
    assert quick["findings"] == [finding for finding in found["findings"] if finding["code"] != "none"]
    assert len(found["moments"]) == 11
    assert len(found["notes"]) == 12
