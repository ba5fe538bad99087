"""Events by number: ids come back as they were, one by one and many at once, and only those spoken of stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from occasion.moments import serials
from occasion.moments.serials import Serials, long, short

HEX = st.binary(min_size=16, max_size=16).map(bytes.hex)
ENDS = st.one_of(
    st.just(""), HEX, HEX.map(str.upper), st.uuids().map(str), st.text("0123456789abcdef- \n", min_size=30, max_size=38)
)
PREFIXES = st.one_of(st.sampled_from(["", "web:", "\ud800", "ż"]), st.text(max_size=5))
IDS = st.builds(str.__add__, PREFIXES, ENDS)
ALIKE = st.builds(
    lambda prefix, ends: [prefix + end for end in ends],
    PREFIXES,
    st.lists(HEX, min_size=1) | st.lists(st.uuids().map(str), min_size=1),
)


@given(IDS)
def test_an_id_comes_back_from_its_bytes(id_: str) -> None:
    assert long(short(id_)) == id_


@given(st.lists(st.lists(IDS, max_size=6) | ALIKE, max_size=6))
def test_events_have_the_numbers_they_were_given_in_order(groups: list[list[str]]) -> None:
    numbers, ids = Serials(), list[str]()
    for group in groups:
        numbers.add([*range(len(ids), len(ids) + len(group))], group)
        ids += group
    assert [numbers.key(i) for i in range(numbers.count)] == list(enumerate(ids))


def test_ids_ending_in_a_number_take_sixteen_bytes_and_one() -> None:
    numbers = Serials()
    numbers.add([1, 2], ["web:" + 32 * "a", "web:" + 32 * "b"])
    numbers.add([3], ["00000000-0000-4000-8000-000000000000"])
    assert np.diff(numbers.ends[:4]).tolist() == [21, 21, 17]


def test_only_what_words_speak_of_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serials, "LOOSE", 0)
    numbers = Serials()
    numbers.add([*range(10)], [f"e{i}" * (i % 3) for i in range(10)])
    words = np.array([[7, 3, -1], [9, -1, 7]], np.int64)
    numbers.swept(words, np.array([0, 2]))
    assert numbers.count == 2
    assert words.tolist() == [[0, 3, -1], [1, -1, 0]]  # the middle one is no event's number
    assert [numbers.key(0), numbers.key(1)] == [(7, "e7"), (9, "")]
    numbers.add([11], ["new"])
    assert numbers.key(2) == (11, "new")
