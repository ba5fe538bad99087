"""The coach: a draft and what is known go in, five parts, a verdict and a question come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from occasion.coach.context import Around, Others, known_of
from occasion.coach.golden import golden_question
from occasion.coach.index import Sent
from occasion.coach.languages import language_of
from occasion.coach.reading import Draft, Known, Part, Reading
from occasion.coach.relatable import read_relatable
from occasion.coach.relevant import read_relevant
from occasion.coach.respectful import read_respectful
from occasion.coach.said import Sentence, plain
from occasion.coach.two_way import read_two_way
from occasion.coach.unique import SeenBy, itself, nobody, read_unique
from occasion.coach.verdict import verdict_of
from occasion.errors import InputError
from occasion.finding.blas import on_one_thread

LONGEST = 20_000  # characters of a draft
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
    rest = others.of(around, draft, known.party.kind)
    return read(draft, known, rest, around.sent, seen_by=around.seen_by, canonical=around.log.canonical, thorough=True)


@on_one_thread
def read(
    draft: Draft,
    known: Known,
    others: Sequence[Known],
    before: Sent | None,
    *,
    seen_by: SeenBy = nobody,
    canonical: Callable[[str], str] = itself,
    again: bool = False,
    thorough: bool = False,
) -> Reading:
    """The reading from what is known alone; `before`, `seen_by`, `canonical` and `again` as for `read_unique`,
    `thorough` as for `read_respectful`.
    """
    language = language_of(draft.text)
    parts = (
        read_unique(draft, known, before, seen_by=seen_by, canonical=canonical, again=again),
        read_relatable(draft, known, others, language),
        read_relevant(draft, known, language),
        read_respectful(draft, known, language, thorough=thorough),
        read_two_way(draft, known, language),
    )
    verdict, why = verdict_of(parts)
    question = golden_question(draft, known, parts[2])
    return Reading(
        verdict=verdict,
        why=why,
        parts=parts,
        changes=tuple(dict.fromkeys(change for part in _worst_first(parts) for change in part.changes[:MOST_CHANGES])),
        unjudged=tuple(dict.fromkeys(said for part in parts for said in part.unjudged)),
        language=language,
        question=question,
        said={str(one): plain(one) for part in parts for one in _sentences(part)} | {str(question): plain(question)},
    )


def _sentences(part: Part) -> Iterator[Sentence]:
    """Every sentence of a part."""
    yield part.why
    yield from (span.why for span in part.spans)
    yield from (*part.changes, *part.unjudged)


def _worst_first(parts: Sequence[Part]) -> list[Part]:
    order = ("poor", "mixed", "unknown", "good")
    return sorted(parts, key=lambda part: order.index(part.level))
