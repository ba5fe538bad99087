"""Relevant: is it what matters to them now? See docs/rubric.md, "Relevant"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from occasion.coach.asked import Asked, latest_word, open_question, shared_turns, working_days
from occasion.coach.cues import Found, cues_of, find, named
from occasion.coach.days import Days, date_in, days_called, days_named, said_day
from occasion.coach.facts import Facts, facts_of
from occasion.coach.golden import DEATH
from occasion.coach.languages import ENGLISH, why_not
from occasion.coach.pieces import pieces_of
from occasion.coach.reading import Draft, Known, Level, Part, Span
from occasion.coach.related import nearness
from occasion.coach.swap import Touch, speaks_of
from occasion.coach.timely import Matter, is_end, matters_of, renewal
from occasion.coach.wording import Word, words_of

SCORES = {"good": 1.0, "mixed": 0.5, "poor": 0.0}
IN_TIME, LATE = 3, 8  # working days
MOURNING_DAYS = 92
ANSWERS = 2.0  # gain from the words of a question: then the text speaks of it
REPLIES = re.compile(
    r"(?i)^\W*(?:(?:yes|no|sure|of course|certainly|absolutely|sorry|not (?:bad|at all|quite|yet))\b|you(?:'re| are| were) right|"
    r"you (?:can|may)\b|(?:it|that|this) (?:went|is|was|can|will)\b|(?:i am|i'm|we are|we're) (?:so |very )?sorry|here (?:is|are)\b|"
    r"thank(?:s| you) for (?:your |the )?(?:writing|message|e?-?mail|question|note|screenshot|photos?|telling|letting|asking|"
    r"reporting|report|call)\b)"
)
_KIND_CUES = {
    "round": re.compile(r"(?i)\b(?:congratulat\w*|anniversary|\w+ years|number \d+|\d+(?:st|nd|rd|th)|hundred\w*|thousand\w*|milestone)\b"),
    "beginning": re.compile(r"(?i)\b(?:settl(?:e|ed|ing)|new (?:home|house|flat|place)|moved? in|moving in|unpack\w*|welcome|boxes|first (?:days?|weeks?))\b"),
    "renewal": re.compile(r"(?i)\b(?:renew\w*|another year|comes to an end|lease|tenancy|contract)\b"),
    "done": re.compile(r"(?i)\b(?:your (?:visit|treatment|appointment|training|viewing)|after (?:the|your)|yesterday)\b"),
}  # fmt: skip
ABOUT = 0.7  # gain from which a text is about something that happened
ABOUT_A_DAY = 2.0  # and about a day that a detail names


def read_relevant(draft: Draft, known: Known, language: str | None) -> Part:
    """Whether the draft meets what matters to them now, in time."""
    return _Reading(draft, known, language).part()


@dataclass(frozen=True)
class _Said:
    """A finding: how good, why, and what would change it."""

    level: Level
    why: str
    spans: tuple[Span, ...] = ()
    changes: tuple[str, ...] = ()


class _Reading:
    def __init__(self, draft: Draft, known: Known, language: str | None) -> None:
        self.draft, self.known, self.language = draft, known, language
        self.today: date = date_in(draft.now_us, known.zone)
        self.facts: Facts = facts_of(known)
        self.pieces = pieces_of(draft.text)
        self.words: list[Word] = [
            word
            for sentence in self.pieces.sentences
            for word in words_of(sentence.text, sentence.start)
            if word.says and word.stem not in self.facts.fields
        ]
        english = language in (ENGLISH, None)
        self.aims: tuple[Found, ...] = find(cues_of("aims", ENGLISH), draft.text) if english else ()
        self.touched: list[Touch] = speaks_of(self.words, self.facts)
        self.asked: Asked | None = open_question(known, draft.now_us)

    def part(self) -> Part:
        found = self._contradiction() or self._question() or self._matter()
        unjudged = [said for said in (why_not("matters", self.language),) if said] if not self.aims else []
        facts: dict[str, object] = {}
        if self.asked is not None:
            facts = {"asked": self.asked.last, "asked_us": self.asked.since_us}
        return Part("relevant", SCORES[found.level], found.level, found.why, found.spans, found.changes,
                    tuple(unjudged), facts)  # fmt: skip

    def _has(self, *names: str) -> tuple[Found, ...]:
        return named(self.aims, *names)

    def _gain(self, *sources: str) -> float:
        return sum(touch.gain for touch in self.touched if touch.fact.source in sources)

    def _marked(self, *sources: str) -> tuple[Span, ...]:
        return tuple(
            Span(touch.word.start, touch.word.end, f"speaks of {touch.fact.said}")
            for touch in self.touched
            if touch.fact.source in sources
        )

    # What contradicts the file

    def _contradiction(self) -> _Said | None:
        for check in (self._dead, self._mourning, self._paid, self._ended):
            if (found := check()) is not None:
                return found
        return None

    def _dead(self) -> _Said | None:
        if self.known.party.deceased is None:
            return None
        greeting = self.pieces.greeting.text if self.pieces.greeting else ""
        theirs = {word.folded for word in words_of(self.known.party.name)}
        others = [word for word in words_of(greeting) if word.capital and word.says and word.folded not in theirs]
        if self._has("condoles") or (others and not any(word.folded in theirs for word in words_of(greeting)[1:])):
            return None
        return _Said("poor", "They have died, and the text speaks to them as if they lived",
                     changes=("they have died: nothing is sent in their name",))  # fmt: skip

    def _mourning(self) -> _Said | None:
        death = _death(self.known, self.today)
        hard = self._has("demands", "sells", "cheers", "announces", "reminds")
        if death is None or not hard or self._has("condoles"):
            return None
        return _Said("poor", f"They are in mourning ({death}), and the text {hard[0].why}",
                     tuple(one.span() for one in hard), (f"on file: {death}",))  # fmt: skip

    def _paid(self) -> _Said | None:
        demands = self._has("demands")
        if not demands:
            return None
        paid = next((event for event in self.known.events if re.search(r"payment|paid", event.name)), None)
        billed = next((event for event in self.known.events if re.search(r"invoice|bill", event.name)), None)
        if (
            paid is None
            or (billed is not None and billed.at > paid.at)
            or (self.draft.now_us - paid.at) > 31 * 86_400 * 10**6
        ):
            return None
        day = said_day(date_in(paid.at, self.known.zone), self.today)
        return _Said("poor", f"It demands what was paid on {day}", tuple(one.span() for one in demands),
                     (f"the payment of {day} is on file",))  # fmt: skip

    def _ended(self) -> _Said | None:
        end = next((event for event in self.known.events if is_end(event)), None)
        cheers = self._has("cheers", "sells", "reminds")
        if end is None or not cheers or (self.draft.now_us - end.at) > 92 * 86_400 * 10**6:
            return None
        day = said_day(date_in(end.at, self.known.zone), self.today)
        what = end.name.replace("_", " ")
        return _Said("poor", f"It {cheers[0].why}, though {what} is on file since {day}",
                     tuple(one.span() for one in cheers), (f"on file: {what} on {day}",))  # fmt: skip

    # What they asked

    def _question(self) -> _Said | None:
        asked = self.asked
        if asked is None:
            return None
        late = working_days(asked.since_us, self.draft.now_us, self.known.zone)
        since = said_day(date_in(asked.since_us, self.known.zone), self.today)
        if self._answers(asked):
            marked = self._marked(*(f"event:{event.id}" for event in asked.events))
            if late <= IN_TIME:
                return _Said("good", f"It answers what they wrote on {since}", marked)
            level: Level = "mixed" if late <= LATE else "poor"
            return _Said(level, f"It answers what they wrote on {since}, {late} working days ago", marked,
                         (f"they have waited {late} working days",))  # fmt: skip
        closes = self._has("closes")
        how = "closes what" if closes else "passes over what"
        return _Said("poor", f"It {how} they wrote on {since} and nobody has answered: “{_short(asked.last)}”",
                     tuple(one.span() for one in closes),
                     (f"open since {since}: “{_short(asked.last)}”",))  # fmt: skip

    def _answers(self, asked: Asked) -> bool:
        """Whether the text speaks of what they asked, and does not shut it."""
        if self._has("closes", "sells", "announces"):
            return False
        gain = self._gain(*(f"event:{event.id}" for event in asked.events))
        gain += ANSWERS * shared_turns(asked.text, self.draft.text)
        return gain >= ANSWERS or (REPLIES.match(self.pieces.body) is not None and not self._has("demands", "reminds"))

    # What happened, and what is ahead

    def _matter(self) -> _Said:
        found = [self._timed(one) for one in self._about()]
        if (word := self._their_word()) is not None:
            found.append(word)
        if found:
            return min(found, key=lambda one: ("good", "mixed", "poor").index(one.level))
        return self._nothing()

    def _their_word(self) -> _Said | None:
        """Their latest message that waits for nothing, taken up."""
        word = latest_word(self.known, self.draft.now_us)
        if word is None or self._gain(f"event:{word.id}") < ANSWERS:
            return None
        late = working_days(word.at, self.draft.now_us, self.known.zone)
        if late > LATE:
            return None
        since = said_day(date_in(word.at, self.known.zone), self.today)
        level: Level = "good" if late <= IN_TIME else "mixed"
        return _Said(level, f"It takes up what they wrote on {since}", self._marked(f"event:{word.id}"))

    def _about(self) -> list[Matter]:
        """The matters that the text is about, the nearest in time first."""
        matters = [*matters_of(self.known, self.draft.now_us), *self._own_renewal()]
        return sorted((one for one in matters if self._is_about(one)), key=lambda one: abs(one.days))

    def _is_about(self, matter: Matter) -> bool:
        if matter.source == "draft":
            return True
        gain = self._gain(matter.source) + self._near(matter) + self._dated(matter)
        if matter.source.startswith(("detail", "promise")):
            return gain >= ABOUT_A_DAY and self._gain(matter.source) > 0
        cue = _KIND_CUES.get(matter.kind)
        if cue is not None and matter.level != "poor" and cue.search(self.pieces.body):
            gain += ABOUT
        return gain >= ABOUT or (matter.level == "good" and matter.kind in ("done", "beginning") and self._personal())

    def _near(self, matter: Matter) -> float:
        """How many of the words a matter is called by the text comes near."""
        called = [word for word in words_of(matter.words) if word.says]
        return float((nearness(self.words, called) > 0.3).any(axis=0).sum()) if called and self.words else 0.0

    def _dated(self, matter: Matter) -> float:
        """1 where the text names the day of the matter: by its date, its month, its weekday or as today."""
        day = self.today - timedelta(days=matter.days)
        return 1.0 if any(one.first <= day <= one.last for one in self._days) else 0.0

    @cached_property
    def _days(self) -> list[Days]:
        """The days the text names."""
        return [*days_named(self.pieces.body, self.today), *days_called(self.pieces.body, self.today)]

    def _personal(self) -> bool:
        own = sum(touch.gain for touch in self.touched if not touch.fact.common)
        asks = any(sentence.text.rstrip().endswith("?") for sentence in self.pieces.sentences)
        return own >= 4.0 or (asks and not self.aims)

    def _own_renewal(self) -> list[Matter]:
        """A renewal the text itself dates."""
        for sentence in self.pieces.sentences:
            if _KIND_CUES["renewal"].search(sentence.text):
                for days in days_named(sentence.text, self.today):
                    away = days.away(self.today)
                    said = f"the renewal on {said_day(days.first, self.today)}"
                    return [Matter("renewal", "renewal", renewal(away), -away, said, "draft")]
        return []

    def _timed(self, matter: Matter) -> _Said:
        when = f"{abs(matter.days)} days {'after' if matter.days > 0 else 'before'} it" if matter.days else "on the day"
        why = f"It is about {matter.said}, {when}"
        if matter.level == "good":
            return _Said("good", why, self._marked(matter.source))
        how = "late" if matter.days > 0 else "early"
        if matter.kind == "renewal" and matter.days <= 0:
            how = "early" if -matter.days > 90 else "late"
        return _Said(matter.level, f"{why}: {'too ' if matter.level == 'poor' else ''}{how}", self._marked(matter.source),
                     (f"{matter.said} was {matter.days} days ago" if matter.days > 0 else f"{matter.said} is {-matter.days} days away",))  # fmt: skip

    def _nothing(self) -> _Said:
        offers = self._has("offers")
        hard = self._has("sells", "demands", "reminds", "announces", "cheers")
        if offers and self._searching():
            return _Said("mixed", "It offers what they are looking for; nothing that happened asks for it",
                         tuple(one.span() for one in offers))  # fmt: skip
        if hard:
            return _Said("poor", f"It {hard[0].why}, and nothing on their side asks for it",
                         tuple(one.span() for one in hard),
                         ("nothing that happened to them lately is met",))  # fmt: skip
        return _Said("mixed", "Nothing that happened to them lately is met, and nothing of theirs is open",
                     changes=("nothing that happened to them lately is met",))  # fmt: skip

    def _searching(self) -> bool:
        return re.search(r"(?i)search|looking|buyer|interested|lead|prospect", self.known.stage or "") is not None


def _death(known: Known, today: date) -> str | None:
    """A death on file within the three months before today, in words."""
    for detail in known.details:
        if DEATH.search(detail.text):
            noted = date_in(detail.noted_us, known.zone)
            days = [*days_named(detail.text, noted)]
            when = min((one.first for one in days), default=noted, key=lambda day: abs((day - noted).days))
            if 0 <= (today - when).days <= MOURNING_DAYS:
                return f"“{detail.text}”"
    for event in known.events:
        if event.direction == "in" and event.body and DEATH.search(event.body):
            if (today - date_in(event.at, known.zone)).days <= MOURNING_DAYS:
                return f"they wrote: “{_short(event.body)}”"
    return None


def _short(text: str, most: int = 110) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else f"{plain[: most - 1].rstrip()}…"
