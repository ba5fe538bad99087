"""The golden rule: a question with the facts on file, for the person who sends. It is asked, and never scored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce

from occasion.coach.facts import named_detail, shortened
from occasion.coach.grief import has_died
from occasion.coach.reading import Draft, Known, Part
from occasion.coach.said import Sentence, say
from occasion.people.details import Detail

DEATH = re.compile(
    r"(?i)\b(?:died|dies|death|passed away|lost (?:her|his|their|a|the) (?:\w+ )?(?:husband|wife|partner|mother|father|"
    r"mum|dad|son|daughter|brother|sister|child|baby|parents?)|widow(?:er|ed)?|bereave\w*|funeral|mourn\w*|zmarła?|"
    r"żałob\w*)\b"
)
MOST = 4


def golden_question(draft: Draft, known: Known, relevant: Part | None = None) -> Sentence:
    """Whether the sender would like to get this in the recipient's place, with what is on file that bears on it."""
    facts = list(dict.fromkeys(_facts(known, relevant)))[:MOST]
    who = known.party.name or known.party.party
    if not facts:
        return say("golden.glad", who=who)
    told = reduce(lambda said, more: say("also", said=said, more=more), facts)
    return say("golden.glad_today", facts=told, who=who)


def _facts(known: Known, relevant: Part | None) -> Iterator[Sentence]:
    if known.party.deceased is not None:
        yield has_died(known.party.name or known.party.party, known.party.deceased)
    hard = [one for one in known.details if DEATH.search(one.text)]
    yield from map(_said, hard)
    if relevant is not None and relevant.level == "poor" and isinstance(asked := relevant.facts.get("asked"), str):
        yield say("golden.no_answer", text=shortened(asked))
    yield from (_said(one) for one in known.details if one not in hard and (one.sensitive or one.kind == "health"))


def _said(detail: Detail) -> Sentence:
    return named_detail(shortened(detail.text), detail.source)
