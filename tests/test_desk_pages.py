"""The pages as values: the examples are whole, every sentence has its English, and nothing in them is HTML."""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

import desk_examples
from occasion.desk.parts import Said
from occasion.desk.texts import ENGLISH, plain


def parts(value: Any) -> Iterator[Any]:
    yield value
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, tuple):
        for one in value:
            yield from parts(one)


@pytest.mark.parametrize("page", desk_examples.PAGES, ids=lambda page: type(page).__name__)
def test_every_sentence_of_an_example_can_be_said(page: Any) -> None:
    said = [part for part in parts(page) if isinstance(part, Said)]
    for one in said:
        text = plain(one, page.zone)
        assert text
        assert "{" not in text


def test_a_key_needs_only_values_that_its_name_explains() -> None:
    for key, text in ENGLISH.items():
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
        assert all(name.isidentifier() for name in names), key
        assert "<" not in text, key


def test_pages_can_be_compared_and_do_not_change() -> None:
    with pytest.raises(AttributeError):
        desk_examples.TODAY.date = "2026-03-03"  # type: ignore[misc]
    assert desk_examples.TODAY == desk_examples.TODAY
