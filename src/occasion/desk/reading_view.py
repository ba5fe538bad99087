"""A coach's reading as pages show it: the text in pieces, each with the notes that mean it."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from occasion.coach.reading import PartName, Reading
from occasion.coach.said import Sentence
from occasion.desk.pages_coach import Note, Others, PartLine, Piece, ReadingView


class _Meant(NamedTuple):
    """Characters of the text and what is said of them."""

    start: int
    end: int
    part: PartName
    why: Sentence


def reading_view(text: str, reading: Reading) -> ReadingView:
    """The reading of a text.

    What several parts mean carries the notes of each; what is said twice is one note.
    """
    spans = _spans(text, reading)
    notes: dict[tuple[PartName, Sentence], int] = {}
    for one in spans:
        notes.setdefault((one.part, one.why), len(notes) + 1)
    return ReadingView(
        reading.verdict,
        reading.why,
        tuple(PartLine(one.name, one.level, one.why) for one in reading.parts),
        tuple(_pieces(text, spans, notes)),
        tuple(Note(number, part, why) for (part, why), number in notes.items()),
        reading.changes,
        reading.unjudged,
        reading.language,
        reading.question,
        others_of(reading),
    )


def others_of(reading: Reading) -> Others | None:
    """Who else got these words; None where nobody is known to."""
    facts = reading.part("unique").facts
    count, listed = facts.get("others"), facts.get("recipients")
    if not isinstance(count, int) or not count:
        return None
    seen = tuple((str(one["party"]), str(one["name"])) for one in listed) if isinstance(listed, list | tuple) else ()
    return Others(count, bool(facts.get("at_least")), seen)


def _spans(text: str, reading: Reading) -> list[_Meant]:
    found = (
        _Meant(max(span.start, 0), min(span.end, len(text)), part.name, span.why)
        for part in reading.parts
        for span in part.spans
    )
    return sorted(one for one in found if one.start < one.end)


def _pieces(text: str, spans: list[_Meant], notes: dict[tuple[PartName, Sentence], int]) -> list[Piece]:
    cuts = sorted({0, len(text), *(place for one in spans for place in (one.start, one.end))})
    pieces = []
    for start, end in pairwise(cuts):
        here = [one for one in spans if one.start <= start and end <= one.end]
        numbers = sorted({notes[one.part, one.why] for one in here})
        ends = sorted({notes[one.part, one.why] for one in here if one.end == end})
        pieces.append(Piece(text[start:end], tuple(numbers), tuple(ends)))
    return pieces
