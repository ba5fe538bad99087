"""What a reading remarks on: a fact, how grave it is, where it stands, what would change it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from occasion.coach.cues import Found
from occasion.coach.reading import Span
from occasion.coach.said import Sentence, say

Gravity = Literal["grave", "slight"]


@dataclass(frozen=True)
class Remark:
    """One thing that speaks against a message. `code`: its kind, one word or two; `change`: the fact to know."""

    code: str
    gravity: Gravity
    why: Sentence
    change: Sentence
    spans: tuple[Span, ...] = ()


def of_found(
    code: str, gravity: Gravity, found: Sequence[Found], why: str | Sentence, change: str | Sentence
) -> Iterable[Remark]:
    """One remark for all places of a kind; none where there are none. `why` and `change`: sentences, or the keys of
    some whose `words` are those of the first place.
    """
    if found:
        words = " ".join(found[0].words.split())
        spans = tuple(one.span() for one in found)
        why, change = (one if isinstance(one, Sentence) else say(one, words=words) for one in (why, change))
        yield Remark(code, gravity, why, change, spans)
