"""Drafting help, off by default: what may be told to a language model, and what it wrote.

What leaves is built here and nowhere else: the person's own wish and details with allowed use "mention", under other
names. No message, no event, no trait, nothing sensitive, for inside or not to be mentioned, nothing of health. What
comes back is a draft: it is labelled, read by the coach like any other text, and never sent by the software.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from occasion.coach.languages import language_of
from occasion.coach.masks import Masks, masks_for
from occasion.coach.mentioned import mentioned
from occasion.coach.reading import Known
from occasion.errors import InputError
from occasion.people.details import Detail, of_health

LONGEST_WISH = 500  # characters
MOST_DETAILS = 12
LONGEST_DRAFT = 4000
INSTRUCTION = (
    "You help a person who knows a customer to begin a short message to them. Write a first draft that this person "
    "will change: plain, warm, at most 90 words, in the language of the request. Mention at most two of the details, "
    "and only where they fit; invent nothing. End with one question that only the customer can answer. No subject "
    "line, no signature, no placeholders, no explanation: the message alone."
)


class Writes(Protocol):
    """What writes a first draft."""

    @property
    def model(self) -> str:
        """What it is called on the page."""

    def write(self, asked: Asked) -> str:
        """The draft. Raises InputError, in one line, where there is none."""


@dataclass(frozen=True)
class Asked:
    """What a model is told. `details`: numbers of the details it rests on; `masks` lead back to the real names."""

    instruction: str
    request: str
    details: tuple[int, ...]
    masks: Masks

    def body(self, model: str) -> bytes:
        """The request as an OpenAI-compatible chat completions server takes it."""
        turns = [{"role": "system", "content": self.instruction}, {"role": "user", "content": self.request}]
        return msgspec.json.encode({"model": model, "messages": turns, "stream": False, "max_tokens": 600})


def asked(known: Known, wish: str, *, channel: str = "", moment: str = "") -> Asked:
    """What may be told about somebody for a message about `wish`. `moment`: its name in the catalogue.

    Raises InputError for a wish that is empty or too long, or that speaks itself of what must not leave, and for
    somebody who has died.
    """
    if known.party.deceased is not None:
        raise InputError("they have died: no draft is written")
    wish = " ".join(wish.split())
    if not wish or len(wish) > LONGEST_WISH:
        raise InputError(f"what it is about has {len(wish)} characters; say it in 1 to {LONGEST_WISH}")
    held_back = [one for one in known.details if not may_leave(one)]
    _refuse(wish, held_back)
    details = [one for one in known.details if may_leave(one) and not _speaks_of(one.text, held_back)][:MOST_DETAILS]
    masks = masks_for(known, [wish, moment, *(one.text for one in held_back)], f"draft {known.party.party}")
    lines = [f"A message to {masks.hide(known.party.name) or 'a customer'}" + (f" by {channel}." if channel else ".")]
    if moment and not of_health(moment) and not _speaks_of(moment, held_back):
        lines.append(f"The occasion: {masks.hide(moment)}")
    lines.append(f"What it is about: {masks.hide(wish)}")
    if details:
        lines += ["What may be mentioned:", *(f"- {masks.hide(_said(one))}" for one in details)]
    return Asked(INSTRUCTION, "\n".join(lines), tuple(one.number for one in details), masks)


def may_leave(detail: Detail) -> bool:
    """Whether a detail may be told to a model: one that may be mentioned, and not of health under any heading."""
    return detail.may("mention") and detail.kind != "health" and not of_health(detail.text)


def written(answer: bytes, asked: Asked) -> str:
    """The draft in a server's answer, with the names as they are. Raises InputError where there is none."""
    try:
        found: Any = msgspec.json.decode(answer)
        text = found["choices"][0]["message"]["content"]
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError):
        text = None
    if not isinstance(text, str) or not text.strip():
        raise InputError("the model's answer holds no draft; write it yourself, or try again")
    plain = "".join(sign for sign in text.strip() if sign == "\n" or sign.isprintable())
    return asked.masks.reveal(plain[:LONGEST_DRAFT]).text


def _said(detail: Detail) -> str:
    return f"{detail.text} ({detail.on_date})" if detail.on_date else detail.text


def _speaks_of(text: str, details: Sequence[Detail]) -> tuple[int, ...]:
    """The numbers of the details that a text means."""
    return tuple(one.detail.number for one in mentioned(text, details, language=language_of(text)))


def _refuse(wish: str, held_back: Sequence[Detail]) -> None:
    if of_health(wish):
        raise InputError("what it is about speaks of health, which no model is told; leave it out and add it yourself")
    if _speaks_of(wish, held_back):
        raise InputError(
            "what it is about speaks of a detail that is not to be mentioned, which no model is told; leave it out"
        )
