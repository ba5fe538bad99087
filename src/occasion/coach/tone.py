"""Tone: cold or stiff, jargon, too close, good cheer out of place. Slight things, each with its places; English.

Cold or stiff is told by turns of an office and, where the message has no warmth of its own, by the politeness model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from occasion.coach.cues import Found, named, turns_in, words_of
from occasion.coach.facts import shortened
from occasion.coach.pieces import pieces_of
from occasion.coach.reading import Draft, Known
from occasion.coach.remarks import Remark, of_found
from occasion.coach.said import Row, Sentence, say
from occasion.coach.tongues import ENGLISH
from occasion.coach.wording import fold

DAY_US = 86_400_000_000
OFFICE_TURNS = 2  # so many make a message an office's
FEWEST_JARGON = 2
TOO_GLAD = 4  # sentences that end in an exclamation mark, and all but one of them
GUSHES = 3
HARD_DAYS = 14
COLDEST = 0.06  # of the politeness model, for a message without a warm word
BRUSQUE = 0.15  # of it, in a language without cues for tone
REGRET_DAYS = 10
_HARD = re.compile(
    r"complaint|fell_?\s?through|cancel|refus|reject|incident|outage|death|accident|theft|burst|flood|notice",
    re.IGNORECASE,
)
_HARD_STAGE = re.compile(r"complaint|fell through|bereav|mourn|cancelled|leaving|dispute", re.IGNORECASE)
_INITIALS = re.compile(r"\b[A-Z]{2,}\d*s?\b|\b[A-Z]\d+[A-Z]?\b|\bT&C\b")
_STAYS_SHORT = re.compile(
    r"(?:no|yes|done|ok|okay|noted|not possible|impossible|see above|as said)[.! ]*", re.IGNORECASE
)


def of_the_tone(draft: Draft, known: Known, warmth: float | None) -> Iterator[Remark]:
    """All of it. `warmth`: how polite the model finds the text, 0 to 1; None where it was not asked."""
    found = turns_in(draft.text, "tone", ENGLISH)
    yield from _cold(draft, found, warmth)
    yield from _jargon(draft, known)
    yield from _close(draft, found)
    yield from _cheer(draft, known, found)


def of_the_model(score: float) -> Iterator[Remark]:
    """In a language without cues for tone: whether the model finds it brusque."""
    if score < BRUSQUE:
        yield Remark("brusque", "slight", say("tone.brusque"), say("tone.politeness", score=score))


def regret_due(draft: Draft, known: Known) -> Sentence | None:
    """The complaint of the last days that the text has no word of regret for, as a fact; None where there is none."""
    since = draft.now_us - REGRET_DAYS * DAY_US
    complaint = next((one for one in known.events if one.at >= since and "complain" in one.name.lower()), None)
    if complaint is None or named(turns_in(draft.text, "tone", ENGLISH), "regret"):
        return None
    if not complaint.body:
        return say("tone.complained_lately")
    return say("tone.complained", text=shortened(complaint.body))


def _cold(draft: Draft, found: tuple[Found, ...], warmth: float | None) -> Iterator[Remark]:
    office, address = named(found, "office"), named(found, "set address")
    kind = len(office) + OFFICE_TURNS * len(address)
    if kind >= OFFICE_TURNS:
        yield from of_found("cold", "slight", (*address, *office), "tone.stiff", "tone.how_offices")
    elif _STAYS_SHORT.fullmatch(pieces_of(draft.text).body.strip()):
        yield Remark("cold", "slight", say("tone.curt"), say("tone.one_word"))
    elif warmth is not None and warmth < COLDEST and not named(found, "thanks", "regret", "warm"):
        yield Remark("cold", "slight", say("tone.cold"), say("tone.not_warm"))


def _jargon(draft: Draft, known: Known) -> Iterator[Remark]:
    """Words of the trade or of the company that they have not used themselves."""
    theirs = " ".join(
        [
            *(one.body for one in known.events if one.direction == "in" and one.body),
            *(one.text for one in known.details),
        ]
    )
    used = set(re.findall(r"\w+", fold(theirs)))
    own = {
        word
        for value in (known.party.name, *known.names, *known.traits.values())
        for word in re.findall(r"\w+", fold(value))
    }
    cues = turns_in(draft.text, "jargon", ENGLISH)
    found = [
        one for one in (*cues, *_initials(draft.text, own)) if not set(re.findall(r"\w+", fold(one.words))) <= used
    ]
    if len({fold(one.words) for one in found}) >= FEWEST_JARGON:
        found.sort(key=lambda one: one.start)
        shown = Row(tuple(dict.fromkeys(one.words for one in found)))
        yield from of_found(
            "jargon", "slight", found, say("tone.jargon", words=shown), say("tone.never_wrote", words=shown)
        )


def _initials(text: str, own: Iterable[str]) -> list[Found]:
    greeting = pieces_of(text).greeting
    stressed, mine = words_of("stressed", ENGLISH), set(own)
    return [
        Found("jargon", say("tone.initials"), one.start(), one.end(), one.group())
        for one in _INITIALS.finditer(text, greeting.end if greeting else 0)
        if not {one.group().lower()} & (words_of("initials", ENGLISH) | stressed | mine) and len(one.group()) < 7
    ]


def _close(draft: Draft, found: tuple[Found, ...]) -> Iterator[Remark]:
    close, gush = named(found, "close"), named(found, "gush")
    glad = [one for one in pieces_of(draft.text).sentences if one.text.endswith("!")]
    if close:
        yield from of_found("too close", "slight", close, "tone.familiar", "tone.for_friends")
    elif len(gush) >= GUSHES:
        yield from of_found("too close", "slight", gush, say("tone.gushes"), "tone.and_more")
    elif len(glad) >= TOO_GLAD and len(glad) >= len(pieces_of(draft.text).sentences) - 1:
        yield Remark("too close", "slight", say("tone.all_exclaim"), say("tone.marks", n=len(glad)))


def _cheer(draft: Draft, known: Known, found: tuple[Found, ...]) -> Iterator[Remark]:
    """Congratulations and festive wishes soon after something went wrong for them."""
    since = draft.now_us - HARD_DAYS * DAY_US
    hard = next(
        (one.name.replace("_", " ") for one in known.events if one.at >= since and _HARD.search(one.name)), None
    )
    if hard is None and known.stage and _HARD_STAGE.search(known.stage):
        hard = say("tone.stage", stage=known.stage)
    cheer = named(found, "cheer")
    if hard and cheer:
        fact, words = say("tone.lately", what=hard), " ".join(cheer[0].words.split())
        why = say("tone.cheer_out_of_place", words=words, fact=fact)
        yield from of_found("cheer", "slight", cheer, why, fact)
