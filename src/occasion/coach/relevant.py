"""Relevant: is it what matters to them now? See docs/rubric.md, "Relevant"."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cached_property

from occasion.coach.asked import (
    Asked,
    latest_word,
    only_holds,
    open_question,
    shared_turns,
    working_days,
    working_days_between,
)
from occasion.coach.contradicted import Said, aims_of, contradiction
from occasion.coach.cues import Found, named, turns_in
from occasion.coach.days import Days, date_in, days_called, days_named
from occasion.coach.facts import Facts, facts_of, shortened
from occasion.coach.languages import why_not
from occasion.coach.own import own_words
from occasion.coach.pieces import pieces_of
from occasion.coach.reading import Draft, Known, Level, Part, Span
from occasion.coach.related import Placed, nearness, placed
from occasion.coach.said import Day, Tongue, say
from occasion.coach.swap import Touch, speaks_of
from occasion.coach.timely import Matter, matters_of, renewal
from occasion.coach.tongues import ENGLISH
from occasion.coach.wording import Word, saying, words_of

SCORES: dict[Level, float] = {"good": 1.0, "mixed": 0.5, "poor": 0.0}
IN_TIME, LATE = 3, 8  # working days
RENEWAL_EARLY = 90  # days before it
ANSWERS = 2.0  # gain from the words of a question: then the text speaks of it
NEAR_A_DETAIL = 0.3
ABOUT = 0.7  # gain from which a text is about something that happened
ABOUT_A_DAY = 2.0  # and about a day that a detail names


def replies(body: str) -> bool:
    """Whether a text begins as an answer does.

    >>> replies("Yes, soup is fine tonight."), replies("We hope you are well. Yes, really.")
    (True, False)
    """
    first = next(iter(named(turns_in(body, "about", ENGLISH), "replies")), None)
    return first is not None and not any(sign.isalnum() for sign in body[: first.start])


def read_relevant(draft: Draft, known: Known, language: str | None) -> Part:
    """Whether the draft meets what matters to them now, in time."""
    return _Reading(draft, known, language).part()


class _Reading:
    def __init__(self, draft: Draft, known: Known, language: str | None) -> None:
        self.draft, self.known, self.language = draft, known, language
        self.today: date = date_in(draft.now_us, known.zone)
        self.facts: Facts = facts_of(known)
        self.pieces = pieces_of(draft.text)
        self.words: tuple[Word, ...] = own_words(draft.text, self.facts)
        self.read = language in (ENGLISH, None)  # whether what the text is after is known
        self.aims: tuple[Found, ...] = aims_of(draft.text) if self.read else ()
        self.touched: list[Touch] = speaks_of(self.words, self.facts)
        self.asked: Asked | None = open_question(known, draft.now_us)

    def part(self) -> Part:
        found = self._weightiest()
        unjudged = [said for said in (why_not("matters", self.language),) if said] if not self.aims else []
        facts: dict[str, object] = {}
        if self.asked is not None:
            facts = {"asked": self.asked.last, "asked_us": self.asked.since_us}
        return Part("relevant", SCORES.get(found.level), found.level, found.why, found.spans, found.changes,
                    tuple(unjudged), facts)  # fmt: skip

    def _weightiest(self) -> Said:
        checks = (self._contradiction, self._question, self._overdue)
        return next((said for check in checks if (said := check()) is not None), None) or self._matter()

    def _contradiction(self) -> Said | None:
        return contradiction(self.draft, self.known, self.aims)

    def _overdue(self) -> Said | None:
        """A promise of ours that fell due and is not kept, which counts as a question of theirs."""
        due = [one for one in self.known.promises if one.open and date.fromisoformat(one.due) < self.today]
        if not due:
            return None
        kept = [one for one in due if self._gain(f"promise:{one.number}") >= ANSWERS]
        promise = kept[0] if kept else due[0]
        day = date.fromisoformat(promise.due)
        what = say("relevant.promised_for", day=Day(day, self.today), text=shortened(promise.text))
        if not kept and not self.read:
            return Said("unknown", say("relevant.up_not_judged", language=self._spoken, what=what), changes=(what,))
        if not kept:
            return Said("poor", say("relevant.passes_over", what=what), changes=(what,))
        late = working_days_between(day, self.today)
        level: Level = "good" if late <= IN_TIME else "mixed" if late <= LATE else "poor"
        return Said(level, say("relevant.takes_up", what=what), self._marked(f"promise:{promise.number}"))

    @property
    def _spoken(self) -> Tongue:
        """The language of the text."""
        return Tongue(self.language or "")

    def _has(self, *names: str) -> tuple[Found, ...]:
        return named(self.aims, *names)

    def _gain(self, *sources: str) -> float:
        return sum(touch.gain for touch in self.touched if touch.fact.source in sources)

    def _marked(self, *sources: str) -> tuple[Span, ...]:
        return tuple(
            Span(touch.word.start, touch.word.end, say("speaks_of", fact=touch.fact.said))
            for touch in self.touched
            if touch.fact.source in sources
        )

    # What they asked

    def _question(self) -> Said | None:
        asked = self.asked
        if asked is None:
            return None
        late = working_days(asked.since_us, self.draft.now_us, self.known.zone)
        since = Day(date_in(asked.since_us, self.known.zone), self.today)
        if self._answers(asked):
            marked = self._marked(*(f"event:{event.id}" for event in asked.events))
            if late <= IN_TIME:
                return Said("good", say("relevant.answers", day=since), marked)
            level: Level = "mixed" if late <= LATE else "poor"
            why = say("relevant.answers_late", day=since, n=late)
            return Said(level, why, marked, (say("relevant.waited", n=late),))
        text = shortened(asked.last)
        waits = (say("relevant.open_since", day=since, text=text),)
        if not self.read:
            why = say("relevant.answer_not_judged", day=since, language=self._spoken, text=text)
            return Said("unknown", why, changes=waits)
        closes = self._has("closes")
        if self._has("holding") and not closes and late <= LATE and any(one.last >= self.today for one in self._days):
            spans = tuple(one.span() for one in self._has("holding"))
            return Said("mixed", say("relevant.holds", day=since), spans, waits)
        why = say("relevant.closes" if closes else "relevant.passes_over_question", day=since, text=text)
        return Said("poor", why, tuple(one.span() for one in closes), waits)

    def _answers(self, asked: Asked) -> bool:
        """Whether the text speaks of what they asked, and does not shut it."""
        if self._has("closes"):
            return False
        touches = self._of_the_question(asked)
        turns = shared_turns(asked.text, self.draft.text)
        gain = sum(touch.gain for touch in touches) + ANSWERS * turns
        a_word = not turns and len({touch.word.stem for touch in touches}) < 2
        if gain >= ANSWERS and not (a_word and self._has("sells", "cheers", "announces")):
            return True
        if only_holds(self.draft.text):
            return False
        return replies(self.pieces.body) and not self._has("demands", "reminds", "sells", "announces")

    def _of_the_question(self, asked: Asked) -> list[Touch]:
        """Where the text speaks of what they asked; a word that a detail has too may be meant for that one."""
        sources = {f"event:{event.id}" for event in asked.events}
        details = {word.stem: word for fact in self.facts.facts if fact.kind == "detail" for word in fact.words}
        touches = [touch for touch in self.touched if touch.fact.source in sources]
        if not {word.stem for event in asked.events for word in saying(event.body or "")} - set(details):
            return touches
        near = nearness([touch.word for touch in touches], list(details.values()))
        return [
            touch
            for touch, row in zip(touches, near, strict=True)
            if touch.word.stem not in details and not (row > NEAR_A_DETAIL).any()
        ]

    # What happened, and what is ahead

    def _matter(self) -> Said:
        found = [self._timed(one) for one in self._about()]
        if (word := self._their_word()) is not None:
            found.append(word)
        if found:
            return min(found, key=lambda one: ("good", "mixed", "poor").index(one.level))
        if not self.read:
            return Said("unknown", say("relevant.not_judged", language=self._spoken))
        return self._nothing()

    def _their_word(self) -> Said | None:
        """Their latest message that waits for nothing, taken up."""
        word = latest_word(self.known, self.draft.now_us)
        if word is None or self._gain(f"event:{word.id}") < ANSWERS:
            return None
        late = working_days(word.at, self.draft.now_us, self.known.zone)
        if late > LATE:
            return None
        since = Day(date_in(word.at, self.known.zone), self.today)
        level: Level = "good" if late <= IN_TIME else "mixed"
        return Said(level, say("relevant.takes_up_word", day=since), self._marked(f"event:{word.id}"))

    def _about(self) -> list[Matter]:
        """The matters that the text is about, the nearest in time first."""
        matters = [*matters_of(self.known, self.draft.now_us), *self._own_renewal()]
        return sorted((one for one in matters if self._is_about(one)), key=lambda one: abs(one.days))

    def _is_about(self, matter: Matter) -> bool:
        """Whether it speaks of the matter, or comes just after it, is personal and asks."""
        fresh = matter.level == "good" and matter.kind in ("done", "beginning") and matter.source.startswith("event")
        return self._speaks_of(matter) or (fresh and self._personal())

    def _speaks_of(self, matter: Matter) -> bool:
        if matter.source == "draft":
            return True
        gain = self._gain(matter.source) + self._near(matter) + self._dated(matter)
        if matter.source.startswith(("detail", "promise")):
            meant = self._gain(matter.source) > 0 or (matter.level == "good" and self._dated(matter) > 0)
            return gain >= ABOUT_A_DAY and meant
        if matter.level != "poor" and named(self._cues, matter.kind):
            gain += ABOUT
        return gain >= ABOUT

    def _near(self, matter: Matter) -> float:
        """How many of the words a matter is called by the text comes near."""
        called = [word for word in words_of(matter.words) if word.says]
        return float((nearness(self._placed, called) > 0.3).any(axis=0).sum()) if called and self.words else 0.0

    def _dated(self, matter: Matter) -> float:
        """What it says of a text that it names the day of the matter: by date, weekday or as today, or its month."""
        day = self.today - timedelta(days=matter.days)
        named = [one for one in self._days if one.first <= day <= one.last]
        exact = any(one.first == one.last for one in named)
        return (ABOUT_A_DAY if exact and matter.kind == "ahead" else 1.0) if named else 0.0

    @cached_property
    def _placed(self) -> Placed:
        """The text's words in the table of related words."""
        return placed(self.words)

    @cached_property
    def _cues(self) -> tuple[Found, ...]:
        """What the text says of the kind of thing it is about."""
        return turns_in(self.draft.text, "about", ENGLISH)

    @cached_property
    def _days(self) -> list[Days]:
        """The days the text names."""
        return [*days_named(self.pieces.body, self.today), *days_called(self.pieces.body, self.today)]

    def _personal(self) -> bool:
        own = sum(touch.gain for touch in self.touched if not touch.fact.common)
        asks = any(sentence.text.rstrip().endswith("?") for sentence in self.pieces.sentences)
        return own >= 4.0 or (asks and self.read and not self.aims)

    def _own_renewal(self) -> list[Matter]:
        """A renewal the text itself dates."""
        for sentence in self.pieces.sentences:
            if any(sentence.start <= cue.start < sentence.end for cue in named(self._cues, "renewal")):
                for days in days_named(sentence.text, self.today):
                    away = days.away(self.today)
                    said = say("matter.renewal", day=Day(days.first, self.today))
                    return [Matter("renewal", "renewal", renewal(away), -away, said, "draft")]
        return []

    def _timed(self, matter: Matter) -> Said:
        days, marked = say("days", n=abs(matter.days)), self._marked(matter.source)
        if self._speaks_of(matter):
            side = "relevant.after_it" if matter.days > 0 else "relevant.before_it"
            when = say(side, days=days) if matter.days else say("relevant.on_the_day")
            why = say("relevant.about", matter=matter.said, when=when)
        else:
            when = say("relevant.days_after", days=days) if matter.days else say("relevant.on_the_day_of")
            why = say("relevant.not_named", matter=matter.said, when=when)
        if matter.level == "good":
            return Said("good", why, marked)
        how = "late" if matter.days > 0 or (matter.kind == "renewal" and -matter.days < RENEWAL_EARLY) else "early"
        how = f"relevant.too_{how}" if matter.level == "poor" else f"relevant.{how}"
        away = say("relevant.ago" if matter.days > 0 else "relevant.ahead", days=days)
        changes = (say("relevant.matter_away", matter=matter.said, when=away),)
        return Said(matter.level, say("relevant.out_of_time", said=why, how=say(how)), marked, changes)

    def _nothing(self) -> Said:
        offers = self._has("offers")
        hard = self._has("sells", "demands", "reminds", "announces", "cheers")
        if offers and self._searching():
            return Said("mixed", say("relevant.offers"), tuple(one.span() for one in offers))
        unmet = (say("relevant.nothing_met"),)
        if hard:
            why = say("relevant.nothing_asks", what=hard[0].why)
            return Said("poor", why, tuple(one.span() for one in hard), unmet)
        return Said("mixed", say("relevant.nothing_open"), changes=unmet)

    def _searching(self) -> bool:
        return re.search(r"(?i)search|looking|buyer|interested|lead|prospect", self.known.stage or "") is not None
