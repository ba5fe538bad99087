"""docs/language.md says what is so: its lines are read, what it calls refused is, its catalogue is in order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from language_examples import EXAMPLES
from occasion.errors import TextError
from occasion.moments.catalogue import parse_catalogue
from occasion.moments.check import check, wrong
from occasion.moments.definition import Stage, Start
from occasion.moments.text import read
from occasion.moments.words import RESERVED

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "language.md").read_text(encoding="utf-8")
STAGES = (Stage("in process", Start()),)
PROSE = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
SPANS = [" ".join((one or other).split()) for one, other in re.findall(r"(?<!`)(?:`` (.+?) ``|`([^`]+)`)(?!`)", PROSE)]
REFUSED = re.findall(r"`([^`]+)`", PROSE.split("These are refused:")[1].split("\n\n")[0])
# pieces of lines, which are no lines by themselves
PIECES = ("within ", "between ", "while ", "per ", "= ", "when: ", "14 days after", "tie ", "occasion ", ">= n", "< n")


def test_the_table_has_every_example() -> None:
    lines = [line for line in PROSE.splitlines() if line.startswith("| `")]
    assert [line.split("`")[1] for line in lines] == [example.split("--")[0].strip() for example in EXAMPLES]


def test_every_line_on_the_page_is_read() -> None:
    whole = [
        s
        for s in SPANS
        if " " in s and "..." not in s and not s.startswith(PIECES) and s not in (*REFUSED, "every 100th")
    ]
    assert len(whole) > len(EXAMPLES) + 15
    for span in whole:
        read(span, STAGES)


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_page_calls_refused_is_refused(text: str) -> None:
    with pytest.raises(TextError):
        read(text, STAGES)


def test_every_word_of_the_language_is_on_the_page() -> None:
    assert {word for word in RESERVED if not re.search(rf"\b{word}\b", PROSE)} == set()


def test_the_catalogue_on_the_page_is_in_order() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    catalogue = parse_catalogue(block)
    assert [moment.name for moment in catalogue.moments] == ["ten friends", "quiet"]
    assert wrong(check(catalogue)) == []
