"""The moments' file changed from the desk: nothing else changes, nothing is lost, nobody overwrites another."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from occasion.desk.catalogue_file import Changed, digest, edited, form_of, read_text, save, saved
from occasion.desk.pages import MomentForm
from occasion.errors import InputError
from occasion.moments.catalogue import parse_catalogue
from occasion.store.workspace import DEFAULT_CATALOGUE

FORM = MomentForm(
    "ten friends", "count(friend_added) >= 10 within 14 days of first signup", "customer", "growth",
    "the newcomer's people are here", "new", "14 days after start", ("introduce two people who share a course",),
)  # fmt: skip
OTHER_INDENT = """\
# kept by hand
stages:
- name: new        # everybody
  enter: start
moments:
    # the first one
    ten friends:
        when: >-
          count(friend_added) >= 10
          within 14 days of first signup
        owner: growth   # a team
        purpose: "people: theirs"
    # about the second
    second:
        when: first order
        owner: ewa
"""


def changed(text: str, new: str) -> list[str]:
    return sorted(set(new.splitlines()) ^ set(text.splitlines()))


def test_a_form_reads_what_is_written() -> None:
    assert form_of(DEFAULT_CATALOGUE, "ten friends") == FORM
    assert form_of(DEFAULT_CATALOGUE, "none") is None


@pytest.mark.parametrize("text", [DEFAULT_CATALOGUE, OTHER_INDENT])
def test_a_form_given_back_changes_nothing(text: str) -> None:
    form = form_of(text, "ten friends")
    assert form is not None
    assert edited(text, "ten friends", form) == text


def test_one_field_changes_one_line_and_comments_stay() -> None:
    new = edited(DEFAULT_CATALOGUE, "ten friends", MomentForm(**{**_fields(FORM), "owner": "ewa"}))
    assert changed(DEFAULT_CATALOGUE, new) == ["    owner: ewa", "    owner: growth"]
    other = form_of(OTHER_INDENT, "ten friends")
    assert other is not None
    new = edited(OTHER_INDENT, "ten friends", MomentForm(**{**_fields(other), "owner": "ewa", "stage": "new"}))
    assert changed(OTHER_INDENT, new) == [
        "        owner: ewa      # a team", "        owner: growth   # a team", "        stage: new"
    ]  # fmt: skip
    assert new.index("stage: new") < new.index("# about the second")


def _fields(form: MomentForm) -> dict[str, object]:
    return {name: getattr(form, name) for name in form.__slots__}


@pytest.mark.parametrize(
    "when",
    ["first order", 'first call where direction = "in"', "a: b", "first order -- a comment", "'quoted'",
     'order where kind in ("a", \'b # c\')', "order where x = 1\nor order where y = 2", "- x", "{a}", "> 3", "@x"],
)  # fmt: skip
def test_any_text_comes_back_as_it_was_given(when: str) -> None:
    for text in (DEFAULT_CATALOGUE, OTHER_INDENT):
        new = edited(text, "ten friends", MomentForm(**{**_fields(FORM), "when": when, "name": "ten: friends #2"}))
        form = form_of(new, "ten: friends #2")
        assert form is not None
        assert form.when.strip() == when
        assert form_of(new, "ten friends") is None


def test_a_new_moment_goes_to_the_end_and_a_name_is_used_once() -> None:
    new = edited(OTHER_INDENT, None, MomentForm("third", "first visit", "partner", "ewa", "", "", "", ("call",)))
    assert [moment.name for moment in parse_catalogue(new).moments] == ["ten friends", "second", "third"]
    assert new.startswith(OTHER_INDENT)
    with pytest.raises(InputError, match="already"):
        edited(OTHER_INDENT, None, MomentForm("second", "x", "", "", "", "", "", ()))
    with pytest.raises(InputError, match="needs a name"):
        edited(OTHER_INDENT, None, MomentForm(" ", "x", "", "", "", "", "", ()))
    with pytest.raises(InputError, match="no moment 'gone'"):
        edited(OTHER_INDENT, "gone", MomentForm("third", "x", "", "", "", "", "", ()))


def test_emptied_fields_are_gone_and_their_comments_are_not() -> None:
    bare = MomentForm("ten friends", FORM.when, "", "growth", "", "", "", ())
    new = edited(DEFAULT_CATALOGUE, "ten friends", bare)
    (moment,) = parse_catalogue(new).moments
    assert (moment.purpose, moment.stage, moment.make, moment.expect) == ("", "", (), None)
    assert "a label; a filter is written" in new


def test_saved_whole_with_its_rights_and_only_over_what_was_seen(tmp_path: Path) -> None:
    path = tmp_path / "moments.yaml"
    path.write_text(DEFAULT_CATALOGUE, encoding="utf-8")
    path.chmod(0o640)
    _, seen = read_text(path)
    mine = MomentForm(**{**_fields(FORM), "owner": "ewa"})
    after = saved(path, seen, "ten friends", mine)
    assert after == digest(path.read_bytes()) != seen
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    with pytest.raises(Changed, match="changed meanwhile, nothing was saved"):
        saved(path, seen, "ten friends", FORM)
    assert form_of(read_text(path)[0], "ten friends") == mine
    assert [file.name for file in tmp_path.iterdir()] == ["moments.yaml"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [("owner", "", "has no owner"), ("when", "count(x >= 2", "ten friends"), ("when", "", "has no `when`")],
)
def test_what_would_be_refused_is_not_saved(tmp_path: Path, field: str, value: str, message: str) -> None:
    path = tmp_path / "moments.yaml"
    path.write_text(DEFAULT_CATALOGUE, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        saved(path, read_text(path)[1], "ten friends", MomentForm(**{**_fields(FORM), field: value}))
    assert path.read_text(encoding="utf-8") == DEFAULT_CATALOGUE


def test_what_would_change_something_else_is_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "moments.yaml"
    path.write_text(OTHER_INDENT, encoding="utf-8")
    with pytest.raises(InputError, match="more than this moment"):
        save(path, read_text(path)[1], OTHER_INDENT.replace("first order", "first visit"), {"ten friends"})
