"""How the coach agrees with the labels on the half it was made with; the figures are in docs/coach.md.

Words and thresholds were chosen on this half, so these figures say that nothing broke, not how well it reads; that is
for tests/test_coach_held_out.py.
"""

from __future__ import annotations

import sys

import pytest

from labelled import kappa, kappa_interval, labelled, levels, readings, verdicts
from occasion.coach.reading import PARTS, PartName

FLOORS: dict[PartName, float] = {"unique": 0.9, "relatable": 0.7, "relevant": 0.75, "respectful": 0.7, "two-way": 0.7}


@pytest.mark.parametrize("part", PARTS)
def test_each_part_agrees(part: PartName) -> None:
    said, found = levels("open", part)
    value, (low, high) = kappa(said, found), kappa_interval(said, found)
    sys.stdout.write(f"open half, {part}: kappa {value:.2f} ({low:.2f} to {high:.2f}), n = {len(said)}\n")
    assert value >= FLOORS[part]


def test_the_verdict_agrees() -> None:
    said, found = verdicts("open")
    value, (low, high) = kappa(said, found), kappa_interval(said, found)
    sys.stdout.write(f"open half, verdict: kappa {value:.2f} ({low:.2f} to {high:.2f}), n = {len(said)}\n")
    assert value >= 0.75


def test_every_reading_is_whole() -> None:
    for message, reading in zip(labelled("open"), readings("open"), strict=True):
        assert [part.name for part in reading.parts] == list(PARTS), message.id
        for part in reading.parts:
            assert part.why, message.id
            assert part.score is None or part.level != "unknown", message.id
            assert part.score is None or 0 <= part.score <= 1, message.id
            assert part.level != "unknown" or part.unjudged, message.id
            for span in part.spans:
                assert 0 <= span.start < span.end <= len(message.draft.text), message.id
                assert span.why, message.id
        assert reading.question.endswith("?"), message.id
        if any(part.level in ("mixed", "poor") for part in reading.parts):
            assert reading.changes, message.id


def test_spans_mean_words_of_the_text() -> None:
    """A mark begins and ends at a word, never inside of one."""
    for message, reading in zip(labelled("open"), readings("open"), strict=True):
        text = message.draft.text
        for part in reading.parts:
            for span in part.spans:
                assert not text[span.start].isspace(), (message.id, part.name)
                assert not (span.start and text[span.start - 1].isalnum() and text[span.start].isalnum()), message.id
