"""The written pairs: the same content in two tones, and the coach tells them apart."""

from __future__ import annotations

import re

import pytest

from occasion.coach import practice
from occasion.coach.coach import read
from occasion.coach.reading import PARTS
from occasion.coach.tones import Pair, others_than, pair, pairs, sent_before
from occasion.errors import InputError


@pytest.mark.parametrize("one", pairs(), ids=lambda one: one.name)
def test_the_coach_reads_the_warm_one_as_better_in_what_it_says_moved(one: Pair) -> None:
    known, others = one.known(), others_than(one)
    before, after = (
        practice.read_of(read(one.draft(text), known, others, sent_before())) for text in (one.cold, one.warm)
    )
    assert practice.RANK[after.verdict] > practice.RANK[before.verdict], (before, after)
    better = {part.name for part in practice.moved(before, after) if part.step > 0}
    assert better >= set(one.moved), better
    assert all(part.step >= 0 for part in practice.moved(before, after))


@pytest.mark.parametrize("one", pairs(), ids=lambda one: one.name)
def test_both_say_the_same_figures(one: Pair) -> None:
    said = set(re.findall(r"\d+", one.cold))
    assert said <= set(re.findall(r"\d+", one.warm)), "what a number says is content, not tone"
    assert set(one.moved) <= set(PARTS)


def test_a_pair_that_is_none_is_named() -> None:
    assert pair("pair:deposit").name == "deposit"
    with pytest.raises(InputError, match="there are aftercare"):
        pair("nothing")
