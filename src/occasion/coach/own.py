"""Which words of a text are its own: neither fields that a template fills in nor part of a set turn of phrase."""

from __future__ import annotations

from functools import lru_cache

from occasion.coach.cues import Found, named, turns_in
from occasion.coach.facts import Facts
from occasion.coach.firm import firm_spans
from occasion.coach.pieces import Pieces, pieces_of
from occasion.coach.tongues import ENGLISH
from occasion.coach.wording import Word, words_of

STOCK = "stock"  # what firms write to everybody about their own office
SET = ("sells", "demands", "reminds", "cheers", "announces", "condoles")


def set_turns(text: str) -> tuple[Found, ...]:
    """Turns of phrase that anybody writes to anybody."""
    return named(turns_in(text, "aims", ENGLISH), *SET)


def all_words(pieces: Pieces) -> list[Word]:
    """The words of the body, at their places in the text."""
    return [word for sentence in pieces.sentences for word in words_of(sentence.text, sentence.start)]


@lru_cache(maxsize=8)
def own_words(text: str, facts: Facts) -> tuple[Word, ...]:
    """The words of the body that say something and are the text's own; the firm's name is not."""
    pieces = pieces_of(text)
    firm = firm_spans(pieces.text, facts.firm)
    turns = (*set_turns(pieces.text), *turns_in(pieces.text, STOCK, ENGLISH))
    return tuple(
        word
        for word in all_words(pieces)
        if word.says
        and word.stem not in facts.fields
        and not any(turn.start <= word.start < turn.end for turn in turns)
        and not any(start <= word.start < end for start, end in firm)
    )


def forget_own_words() -> None:
    """Let go of the texts kept in memory."""
    own_words.cache_clear()
