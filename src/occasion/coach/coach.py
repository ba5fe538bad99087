"""The coach: a draft and what is known go in, five parts, a verdict and a question come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from occasion.coach.context import Around, Others, known_of
from occasion.coach.golden import golden_question
from occasion.coach.languages import language_of
from occasion.coach.reading import Draft, Known, Part, PartName, Reading
from occasion.coach.relatable import read_relatable
from occasion.coach.relevant import read_relevant
from occasion.coach.verdict import verdict_of
from occasion.errors import InputError

LONGEST = 100_000  # characters of a draft
MOST_CHANGES = 3  # of one part


def coach(around: Around, draft: Draft, others: Others) -> Reading:
    """Read a draft before it goes out. `others`: kept by the caller from one draft to the next.

    Raises InputError for an empty or overlong draft, or a party that nothing is known of.
    """
    if not draft.text.strip():
        raise InputError("draft: is empty; write what is to be sent")
    if len(draft.text) > LONGEST:
        raise InputError(f"draft: has {len(draft.text):,} characters; at most {LONGEST:,} are read")
    known = known_of(around, draft)
    return read(draft, known, others.of(around, draft, known.party.kind))


def read(draft: Draft, known: Known, others: Sequence[Known]) -> Reading:
    """The reading from what is known alone."""
    language = language_of(draft.text)
    parts = (
        _part("unique", _unique, draft, known),
        _part("relatable", partial(read_relatable, draft, known, others, language)),
        _part("relevant", partial(read_relevant, draft, known, language)),
        _part("respectful", _respectful, draft, known, language),
        _part("two-way", _two_way, draft, known, language),
    )
    verdict, why = verdict_of(parts)
    return Reading(
        verdict=verdict,
        why=why,
        parts=parts,
        changes=tuple(dict.fromkeys(change for part in _worst_first(parts) for change in part.changes[:MOST_CHANGES])),
        unjudged=tuple(dict.fromkeys(said for part in parts for said in part.unjudged)),
        language=language,
        question=golden_question(draft, known, parts[2]),
    )


def _worst_first(parts: Sequence[Part]) -> list[Part]:
    order = ("poor", "mixed", "unknown", "good")
    return sorted(parts, key=lambda part: order.index(part.level))


def _part(name: PartName, reads: Callable[..., Part], *given: object) -> Part:
    """One part; what is not there yet is unknown, with the reason."""
    try:
        return reads(*given)
    except ImportError as missing:
        why = f"{name}: not judged, its reading is not installed ({missing.name})"
        return Part(name, None, "unknown", why, unjudged=(why,))


def _unique(draft: Draft, known: Known) -> Part:
    from occasion.coach.unique import read_unique

    return read_unique(draft, known, None)


def _respectful(draft: Draft, known: Known, language: str | None) -> Part:
    from occasion.coach.respectful import read_respectful

    return read_respectful(draft, known, language)


def _two_way(draft: Draft, known: Known, language: str | None) -> Part:
    from occasion.coach.two_way import read_two_way

    return read_two_way(draft, known, language)
