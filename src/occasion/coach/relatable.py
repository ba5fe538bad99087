"""Relatable: could it have been sent to somebody else? See docs/rubric.md, "Relatable"."""

from __future__ import annotations

from collections.abc import Sequence

from occasion.coach.facts import facts_of
from occasion.coach.languages import why_not
from occasion.coach.pieces import pieces_of
from occasion.coach.reading import Draft, Known, Level, Part, Span
from occasion.coach.swap import Swap, Touch, swap
from occasion.coach.wording import words_of

ENOUGH = 5.0  # gain from particulars: then one speaks


def read_relatable(draft: Draft, known: Known, others: Sequence[Known], language: str | None) -> Part:
    mine = facts_of(known)
    pieces = pieces_of(draft.text)
    body = [w for s in pieces.sentences for w in words_of(s.text, s.start) if w.says and w.stem not in mine.fields]
    found = swap(body, mine, [facts_of(o) for o in others], draft.now_us)
    own = sum(t.gain for t in found.touches if not t.fact.common)
    common = sum(t.gain for t in found.touches if t.fact.common)
    level: Level = "good" if own >= ENOUGH else "mixed" if common >= 1.5 else "poor"
    return Part(
        "relatable",
        found.probability,
        level,
        "",
        facts={
            "own": own,
            "common": common,
            "p": found.probability,
            "rank": found.rank,
            "touches": [(t.word.written, t.fact.said, round(t.gain, 2)) for t in found.touches],
            "nearest": found.nearest,
            "ng": found.nearest_gain,
            "gain": found.gain,
        },
    )
