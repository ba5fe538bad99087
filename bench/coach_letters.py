"""Letters in English for bench/coach.py: the open half of the labelled messages with their fields swapped.

Whom they are to has what the labelled set says of them, and beside it eight details and forty events whose words are
those of other parties and other letters. What was sent before is of two kinds: renderings of the labelled texts (of
every second draft, and of what had been sent before), and letters put together from sentences of all of them and of
`scripts/pressure_sentences.jsonl`, one word in four of each exchanged for another English word by how common it is.
"""

from __future__ import annotations

import json
import random
import re
import sys
from calendar import day_name, month_name
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from occasion.coach.pieces import pieces_of
from occasion.coach.reading import Draft, Known
from occasion.events.event import Event
from occasion.people.details import Detail

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from labelled import Labelled, labelled  # noqa: E402

MONTHS = tuple(month_name)[1:]
WEEKDAYS = tuple(day_name)
_DIGIT = re.compile(r"\d")
_CALLED = re.compile(rf"\b(?:{'|'.join([*MONTHS, *WEEKDAYS])})\b")
DETAILS, EVENTS, OTHERS = 8, 40, 100
DAY = 86_400_000_000
KNOWN_WORDS = 12_000  # the commonest English words, of which others are put in


class Letters:
    """Drafts, whom they are to, and what was sent before; the same for a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.all: tuple[Labelled, ...] = labelled("open")
        self.names = [one.known.party.name for one in self.all if " " in one.known.party.name]
        sent = [row["text"] for one in self.all for row in one.sent_before]
        self.templates = [one.draft.text for one in self.all[::2]] + sent
        lines = (ROOT / "scripts" / "pressure_sentences.jsonl").read_text("utf-8").splitlines()
        texts = (*(one.draft.text for one in self.all), *sent)
        bodies = [piece.text for text in texts for piece in pieces_of(text).sentences]
        self.sentences = [*bodies, *(json.loads(line)["text"] for line in lines)]
        self.words = _common_words()
        self.weights = np.cumsum(1 / (np.arange(len(self.words)) + 5)).tolist()

    def swapped(self, text: str, name: str, put: str) -> str:
        """The text with another name, other figures, other months and days."""
        for old, new in zip(name.split(), put.split(), strict=False):
            text = re.sub(rf"\b{re.escape(old)}\b", new, text)
        text = _DIGIT.sub(lambda _: str(self.rng.randint(1, 9)), text)
        return _CALLED.sub(lambda one: self.rng.choice(MONTHS if one[0] in MONTHS else WEEKDAYS), text)

    def before(self, number: int) -> str:
        """A letter that went to somebody."""
        name = self.names[number % len(self.names)]
        if self.rng.random() < 0.4:
            return self.swapped(self.rng.choice(self.templates), "", "")
        some = self.rng.choices(self.sentences, k=self.rng.randint(3, 8))
        words = " ".join(some).split()
        for at in self.rng.sample(range(len(words)), len(words) // 4):
            words[at] = self.word()
        return f"Dear {name}, {' '.join(words)} Kind regards, Lena Sato"

    def word(self) -> str:
        return self.rng.choices(self.words, cum_weights=self.weights)[0]

    def draft(self, number: int) -> tuple[Draft, Known]:
        """A labelled draft, and whom it is to; in every further round of all of them with other fields."""
        one = self.all[number % len(self.all)]
        known, put = self.party(one), self.rng.choice(self.names)
        text, to = one.draft.text, f"{one.draft.to}-{number}"
        if number >= len(self.all):
            text = self.swapped(text, known.party.name, put)
            known = replace(known, party=replace(known.party, name=put))
        known = replace(known, party=replace(known.party, party=to, identities=(to,)))
        return replace(one.draft, text=text, to=to), known

    def others(self) -> list[Known]:
        """A hundred others of all the businesses."""
        return [self.party(one) for one in self.rng.sample(self.all, OTHERS)]

    def party(self, one: Labelled) -> Known:
        """Whom a labelled draft is to, with more on file than the set says."""
        known, now, party = one.known, one.draft.now_us, one.known.party.party
        noted = [detail.text for other in self.all for detail in other.known.details if other is not one]
        details = tuple(
            Detail(100 + i, party, self.rng.choice(noted), "other", None, "call", "", now - (i + 60) * DAY, "anything",
                   False, False, None)
            for i in range(DETAILS)
        )  # fmt: skip
        happened = [event for other in self.all for event in other.known.events if other is not one]
        events = tuple(self._older(party, i, now) if i % 2 else self._again(happened, party, i, now)
                       for i in range(EVENTS))  # fmt: skip
        return replace(known, details=(*known.details, *details), events=(*known.events, *events))

    def _again(self, happened: list[Event], party: str, number: int, now: int) -> Event:
        at = now - (40 + 9 * number) * DAY
        one = self.rng.choice(happened)
        return Event(party=party, name=one.name, at=at, seen=at, id=f"{party}:again:{number}", channel=one.channel,
                     direction=one.direction, actor=one.actor, body=one.body, mass=one.mass,
                     properties=one.properties)  # fmt: skip

    def _older(self, party: str, number: int, now: int) -> Event:
        at = now - (40 + 9 * number) * DAY
        body = " ".join(self.rng.choices(self.sentences, k=2))
        return Event(party=party, name="message", at=at, seen=at, id=f"{party}:older:{number}", channel="email",
                     direction="in" if number % 4 == 1 else "out", body=body)  # fmt: skip


def _common_words() -> list[str]:
    """English words, the commonest first, as the coach's own table has them."""
    from occasion.coach.related import TABLE

    with np.load(TABLE) as held:
        words: Any = np.array(bytes(held["words"]).decode().split("\n"))
        return words[np.argsort(held["rank"], kind="stable")][:KNOWN_WORDS].tolist()  # type: ignore[no-any-return]
