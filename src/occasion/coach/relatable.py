"""Relatable: could it have been sent to somebody else? See docs/rubric.md, "Relatable"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from occasion.coach.asked import latest_word, open_question, shared_turns
from occasion.coach.facts import Fact, facts_of, named_detail, shortened
from occasion.coach.languages import why_not
from occasion.coach.own import own_words, set_turns
from occasion.coach.pieces import Pieces, pieces_of
from occasion.coach.reading import Draft, Known, Level, Part, Span
from occasion.coach.related import share_in_english
from occasion.coach.relevant import replies
from occasion.coach.said import Sentence, Tongue, say
from occasion.coach.swap import Swap, Touch, swap
from occasion.coach.tongues import ENGLISH
from occasion.coach.wording import Word, merged
from occasion.coach.wrong import Wrong, wrongs
from occasion.people.details import Detail

SPEAKS = 2.0  # gain from which a particular speaks
COMMON, MOST_COMMON = 0.3, 1.8  # what counts of the gain from what happens to many, which alone never speaks
REPLY, MOST_TURNS = 2.0, 2  # of each turn of three words taken up from what they wrote
RECOGNISED = 0.5  # gain from which something that happened is recognised
TOLD = 0.1  # probability from which they are told, or else
FIRST = 0.05  # the recipient must be among so many of the candidates, or the first three
FEW = 10  # candidates: fewer say little
BEHIND = 4.0  # and no further behind the likeliest of them, in gain
RARE, FEWEST_RARE, LEAST_SHARE = 3e-5, 5, 0.1  # how rare a word is, how many such a text has, of how many
SHOWN = 0.4  # gain from which a word is marked
MOST_OFFERED = 3
PLACES = frozenset(("unit", "flat", "house", "address", "property", "street", "site", "building", "room", "place"))
LATELY_US = 30 * 86_400_000_000


def read_relatable(draft: Draft, known: Known, others: Sequence[Known], language: str | None) -> Part:
    """Whether the recipient can be told from the text among others of the same business.

    Facts: `probability` and `rank` of the recipient among `candidates` (equals share the middle rank), `gain` of the
    particulars and `common` of what happens to many (natural units of evidence), `speaks`: what it speaks of, strongest
    first, `wrong`: what the file contradicts.
    """
    facts = facts_of(known)
    pieces = pieces_of(draft.text)
    words = own_words(draft.text, facts)
    found = swap(words, facts, [facts_of(one) for one in others], draft.now_us)
    foreign = language not in (ENGLISH, None)  # then there is no table of related words
    tells = tells_something(words, pieces)
    why = why_not("wrong details", language)
    wrong = wrongs(pieces, known, facts, draft.now_us) if why is None else []
    read = _Read(draft, known, pieces, found, wrong=wrong, tells=tells and not foreign, foreign=foreign)
    unjudged = [why] if why else []
    if found.candidates <= FEW:
        unjudged.append(_of_relatable(say("relatable.few", n=found.candidates - 1)))
    if read.level() == "unknown":
        unjudged.append(_of_relatable(say("relatable.as_they_are", language=Tongue(language or ""))))
    if read.level() == "mixed" and tells and not read.recognised and not read.speaks():
        unjudged.append(_of_relatable(say("relatable.whose")))
    return read.part(tuple(unjudged))


def _of_relatable(said: Sentence) -> Sentence:
    return say("of_check", check=say("check.relatable"), said=said)


def tells_something(words: Sequence[Word], pieces: Pieces) -> bool:
    """Whether a text tells of something particular, whosesoever: several words that are rare in English."""
    rare = {word.stem for word in words if share_in_english(word) < RARE}
    return len(rare) >= FEWEST_RARE and len(rare) >= LEAST_SHARE * len(pieces.body.split())


class _Read:
    """One draft read against its recipient and the others."""

    def __init__(
        self,
        draft: Draft,
        known: Known,
        pieces: Pieces,
        found: Swap,
        *,
        wrong: Sequence[Wrong],
        tells: bool,
        foreign: bool,
    ) -> None:
        self.foreign = foreign
        self.draft, self.known, self.pieces, self.found, self.wrong = draft, known, pieces, found, wrong
        self.tells = tells and not set_turns(draft.text)
        in_wrong = [touch for touch in found.touches if self._is_wrong(touch.word)]
        self.touches = [touch for touch in found.touches if touch not in in_wrong]
        self.own = sum(touch.gain for touch in self.touches if not touch.fact.common)
        self.common = sum(touch.gain for touch in self.touches if touch.fact.common)
        self.turns = min(self._turns(), MOST_TURNS)
        self.own += REPLY * self.turns
        self.gain = self.own + min(COMMON * self.common, MOST_COMMON)

    def _turns(self) -> int:
        """How many turns of phrase it takes up from what they wrote lately."""
        word = latest_word(self.known, self.draft.now_us)
        lately = word is not None and self.draft.now_us - word.at <= LATELY_US
        return shared_turns(word.body or "", self.pieces.body) if word is not None and lately else 0

    def _is_wrong(self, word: Word) -> bool:
        return any(one.start <= word.start < one.end for one in self.wrong)

    def part(self, unjudged: tuple[Sentence, ...]) -> Part:
        level = self.level()
        probability = self.found.probability
        score = None if level == "unknown" else {"good": 0.7, "mixed": 0.4}.get(level, 0.0) + 0.3 * probability
        return Part(
            "relatable",
            None if score is None else round(score, 3),
            level,
            self._why(level),
            tuple(self._spans()),
            tuple(self._changes(level)),
            unjudged,
            {
                "probability": round(probability, 4), "rank": self.found.rank, "candidates": self.found.candidates,
                "gain": round(self.own, 2), "common": round(self.common, 2),
                "speaks": [fact.said for fact in self._facts()],
                "wrong": [f"{self.draft.text[one.start:one.end]}: {one.on_file}" for one in self.wrong],
            },
        )  # fmt: skip

    def level(self) -> Level:
        """By the rubric: a particular that is true, none that is wrong; or what happens to many, told for this case."""
        among_first = self.found.rank <= max(3.0, FIRST * self.found.candidates)
        behind = self.found.nearest_gain - self.found.gain
        told = self.found.probability >= TOLD or (among_first and behind <= BEHIND) or self.turns > 0
        speaks = told and self.gain >= SPEAKS
        if self.wrong:
            return "mixed" if speaks else "poor"
        if speaks:
            return "good"
        if self.recognised or self.tells:
            return "mixed"
        return "unknown" if self.foreign else "poor"

    @cached_property
    def recognised(self) -> bool:
        """Whether it is about something that happened to them lately, in words of its own."""
        if set_turns(self.draft.text):
            return False
        lately = sum(
            touch.gain
            for touch in self.touches
            if touch.fact.kind in ("happened", "wrote") and self.draft.now_us - touch.fact.at_us <= LATELY_US
        )
        return lately >= RECOGNISED or self._names_place() or self._replies()

    def _names_place(self) -> bool:
        """Whether it names the place or thing of something that happened lately."""
        body = self.pieces.body
        return any(
            re.sub(r"\s+\d+\w?$", "", str(value)) in body
            for event in self.known.events
            if 0 <= self.draft.now_us - event.at <= LATELY_US and not event.mass
            for key, value in event.properties.items()
            if key in PLACES and isinstance(value, str) and len(value) > 3
        )

    def _replies(self) -> bool:
        """Whether it is short and answers what they asked, without saying what."""
        return open_question(self.known, self.draft.now_us) is not None and replies(self.pieces.body)

    def speaks(self) -> bool:
        """Whether it speaks of something on file, whosesoever that is too."""
        return bool(self._facts())

    def _facts(self) -> list[Fact]:
        """What it speaks of, strongest first."""
        strong: dict[str, float] = {}
        by_source = {touch.fact.source: touch.fact for touch in self.touches}
        for touch in self.touches:
            strong[touch.fact.source] = strong.get(touch.fact.source, 0.0) + touch.gain
        return [by_source[source] for source, gain in sorted(strong.items(), key=lambda one: -one[1]) if gain >= SHOWN]

    def _why(self, level: Level) -> Sentence:
        speaks = tuple(fact.said for fact in self._facts())[:2]
        if self.wrong:
            first = self.wrong[0]
            words = self.draft.text[first.start : first.end]
            if level == "mixed" and speaks:
                return say("relatable.wrong_beside", words=words, why=first.why, fact=first.on_file, beside=speaks[0])
            return say("relatable.wrong", words=words, why=first.why, fact=first.on_file)
        if level == "unknown":
            return say("relatable.same_words_only")
        said = self._meant(level, speaks)
        return say("relatable.among", said=said, n=self.found.candidates, probability=self.found.probability)

    def _meant(self, level: Level, speaks: tuple[Sentence, ...]) -> Sentence:
        """What it speaks of, where nothing in it is wrong."""
        if level == "good":
            return say("relatable.of", facts=speaks or (self._faintly(),))
        if level == "mixed" and not self.recognised:
            return say("relatable.of_others", facts=speaks) if speaks else say("relatable.nothing_on_file")
        return say("relatable.as_to_others" if level == "mixed" else "relatable.anybody")

    def _faintly(self) -> Sentence:
        """What it speaks of where no fact is spoken of clearly: what they wrote, if it takes up turns of that."""
        word = latest_word(self.known, self.draft.now_us)
        if self.turns and word is not None:
            return say("fact.wrote", text=shortened(word.body or ""))
        return max(self.touches, key=lambda touch: touch.gain).fact.said

    def _spans(self) -> Iterator[Span]:
        for one in self.wrong:
            yield Span(one.start, one.end, say("relatable.against", why=one.why, fact=one.on_file))
        if self.level() == "poor":
            return  # what little was found speaks of nobody
        shown: dict[Sentence, list[Touch]] = {}
        for touch in self.touches:
            if touch.gain >= SHOWN:
                shown.setdefault(touch.fact.said, []).append(touch)
        for said, touches in shown.items():
            for start, end in merged([(one.word.start, one.word.end) for one in touches], self.draft.text):
                yield Span(start, end, say("speaks_of", fact=said))

    def _changes(self, level: Level) -> Iterator[Sentence]:
        for one in self.wrong:
            yield say("on_file", fact=one.on_file)
        if level == "good":
            return
        meant = {fact.source for fact in self._facts()}
        details = self._offered(meant)[:MOST_OFFERED]
        offered = [say("on_file", fact=named_detail(one.text, one.source)) for one in details]
        word = latest_word(self.known, self.draft.now_us)
        if word is not None and f"event:{word.id}" not in meant:
            offered.append(say("they_wrote", text=shortened(word.body or "")))
        yield from offered or [say("relatable.nothing_else")]

    def _offered(self, meant: set[str]) -> list[Detail]:
        """What is on file, may be mentioned, and is not spoken of."""
        return [one for one in self.known.details if one.may("mention") and f"detail:{one.number}" not in meant]
