"""The golden rule: a question with the facts on file, for the person who sends. It is asked, and never scored."""

from __future__ import annotations

import re
from collections.abc import Iterator

from occasion.coach.facts import shortened
from occasion.coach.reading import Draft, Known, Part
from occasion.people.details import Detail

DEATH = re.compile(
    r"(?i)\b(?:died|dies|death|passed away|lost (?:her|his|their|a|the) (?:\w+ )?(?:husband|wife|partner|mother|father|"
    r"mum|dad|son|daughter|brother|sister|child|baby|parents?)|widow(?:er|ed)?|bereave\w*|funeral|mourn\w*|zmarła?|"
    r"żałob\w*)\b"
)
MOST = 4


def golden_question(draft: Draft, known: Known, relevant: Part | None = None) -> str:
    """Whether the sender would like to get this in the recipient's place, with what is on file that bears on it."""
    facts = list(dict.fromkeys(_facts(known, relevant)))[:MOST]
    who = known.party.name or known.party.party
    if not facts:
        return f"If you were {who}, would you be glad to get this?"
    return f"On file: {'; '.join(facts)}. If you were {who}, would you be glad to get this today?"


def _facts(known: Known, relevant: Part | None) -> Iterator[str]:
    if known.party.deceased is not None:
        when = "" if known.party.deceased == "unknown" else f" ({known.party.deceased})"
        yield f"{known.party.name or 'the party'} has died{when}"
    hard = [one for one in known.details if DEATH.search(one.text)]
    yield from map(_said, hard)
    if relevant is not None and relevant.level == "poor" and isinstance(asked := relevant.facts.get("asked"), str):
        yield f"they wrote “{shortened(asked)}” and have no answer"
    yield from (_said(one) for one in known.details if one not in hard and (one.sensitive or one.kind == "health"))


def _said(detail: Detail) -> str:
    return f"“{shortened(detail.text)}” ({detail.source})"
