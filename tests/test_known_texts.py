"""Texts found again by their bytes: lines of every width, signs that many share, full buckets, the edges of a page."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from occasion.finding import known_texts, text_kernels
from occasion.finding.grouping import text_buffers
from occasion.finding.kernels import compiled
from occasion.finding.known_texts import KnownTexts, aligned, large
from occasion.finding.pages import Page


def some(rng: np.random.Generator, n: int, longest: int) -> list[str]:
    """Texts of all lengths up to the longest, many alike but for a byte or for zeros at their end."""
    made = {"", "\0", "\0\0", "x" * longest, "x" * (longest - 1) + "y"}
    while len(made) < n:
        size = int(rng.integers(0, longest + 1))
        text = "".join(rng.choice(list("ab\0")) for _ in range(min(size, 12)))
        made.add((text + "x" * size)[:size] + ("" if rng.random() < 0.8 else "\0"))
    return sorted(made)


def page(texts: list[str]) -> Page:
    """As they lie in a page, nothing behind the last."""
    data = b"".join(len(text.encode()).to_bytes(4, "little") + text.encode() for text in texts)
    return Page(False, False, len(texts), np.frombuffer(data, np.uint8), 0)


LENGTHS = [3, 14, 15, 16, 22, 23, 24, 39, 40, 62, 63, 64, 300]


@pytest.mark.parametrize(("longest", "narrow"), [*((n, known_texts.NARROW) for n in LENGTHS), (15, 0), (16, 0)])
def test_texts_of_every_length_are_found_and_no_other(monkeypatch, longest, narrow):
    monkeypatch.setattr(known_texts, "NARROW", narrow)
    rng = np.random.default_rng(longest)
    made = some(rng, 40 if longest == 3 else 1_500, longest)
    known, asked = made[::2], [made[i] for i in rng.integers(0, len(made), 3_000)] + [""]
    number = rng.permutation(len(known)).astype(np.int32)
    found = KnownTexts.of(pa.array(known), number)
    of_text = dict(zip(known, number.tolist(), strict=True))
    expected = [of_text.get(text, -1) for text in asked]
    place = np.empty(len(asked), np.int32)
    assert found.in_page(page(asked), place)
    assert place.tolist() == expected
    assert found.places(pa.array(asked)).tolist() == expected
    assert KnownTexts.of(pa.array([*known, known[len(known) // 2]])) is None


@pytest.mark.parametrize("bits", [14, 28, 30])
def test_signs_that_many_share_and_buckets_that_are_full(bits):
    """Of a sign of 18, 4 or 2 bits, in a table that is nearly full."""
    known, others = [f"{i:011x}" for i in range(8_000)], [f"{i:011x}" for i in range(8_000, 9_000)]
    offsets, data = text_buffers(large(pa.array(known)))
    table, lines, row_of = aligned(8_192, np.uint32), aligned(2 * 8_001, np.uint64), np.empty(8_000, np.int32)
    lines[:2] = np.iinfo(np.uint64).max
    found = KnownTexts(table, np.uint64(bits), lines, row_of, offsets, data, known_texts.masks_of(2), (0, 0))
    number = np.random.default_rng(bits).permutation(8_000).astype(np.int32)
    assert compiled(text_kernels.fill)(
        offsets, data, number, row_of, table, found.bits, lines, found.masks, found.words
    )  # fmt: skip
    assert found.places(pa.array(known)).tolist() == number.tolist()
    assert (found.places(pa.array(others)) == -1).all()


@pytest.mark.parametrize("cut", [1, 3, 4, 5, 11, 12])
def test_a_page_that_ends_early_is_not_read_beyond_its_end(cut):
    asked = page(["ann", "bob", "carla"])
    found = KnownTexts.of(pa.array(["ann", "bob", "carla"]))
    whole = np.concatenate([asked.data[:-cut], np.full(64, 255, np.uint8)])
    short = Page(False, False, 3, whole[: len(asked.data) - cut], 0)
    assert not found.in_page(short, np.empty(3, np.int32))
    huge = asked.data.copy()
    huge[3] = 255  # a length of four thousand million
    assert not found.in_page(Page(False, False, 3, huge, 0), np.empty(3, np.int32))


def test_of_no_texts_none_is_found():
    found = KnownTexts.of(pa.array([], pa.string()))
    assert found.places(pa.array(["", "a"])).tolist() == [-1, -1]
