"""Unique: did others get these words? See docs/rubric.md, "Unique"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from occasion.coach.days import date_in
from occasion.coach.fields import own_values
from occasion.coach.index import Likeness, Sending, Sent
from occasion.coach.reading import Draft, Known, Level, Part, Span
from occasion.coach.said import Day, Sentence, Value, say
from occasion.coach.skeleton import Skeleton, skeleton

MIXED, POOR = 0.2, 0.5  # of the words: from the first on it is mixed, above the second poor
FEWEST = 5  # words: fewer have no run, and only the very same text counts, sent to MANY others
MANY = 3
NAMED = 3  # recipients named in a sentence
LISTED = 20  # and listed among the facts
SeenBy = Callable[[Sequence[str]], Mapping[str, str]]  # of these parties those the viewer may see, with their names

_PEOPLE = (
    r"(?:patients|customers|clients|tenants|residents|users|members|guests|partners|neighbou?rs|friends|subscribers|"
    r"readers|owners|landlords|buyers|sellers|colleagues|families|parents)"
)
_ONE = r"(?:customer|client|tenant|resident|user|member|guest|partner|patient|subscriber|reader|homeowner)"
_TO_MANY = re.compile(
    r"\b(?:dear|hello|hi)\s+(?:all\b(?!\s+of\s+you\s+at)|everyone|everybody"
    r"|(?:(?:our|valued|loyal|esteemed|former|all)\s+)*"
    rf"(?:{_PEOPLE}|(?:valued |loyal |esteemed ){_ONE}|{_ONE}(?=\s*[,!:.\n])))"
    rf"|\bto (?:all (?:of )?(?:our|my) {_PEOPLE}|whom it may concern)"
    rf"|(?<!of )\ball (?:of )?our {_PEOPLE}\b|\b(?:every one|each) of our {_PEOPLE}\b|\bfor every {_ONE}\b"
    r"|\b(?:drodzy|szanowni) (?:pacjenci|klienci|najemcy|mieszkańcy|użytkownicy|partnerzy)"
    r"|\bwszyst(?:kich|kim) nasz(?:ych|ym)"
    r"|\b(?:szanown|drog)\w+ (?:kliencie|klientko|pacjencie|pacjentko|najemco|użytkowniku|użytkowniczko|lokatorze)"
    r"|\b(?:sehr geehrte|liebe)[rs]? (?:patient(?:en|in)?|kund(?:en?|in)|mieter(?:in)?|nutzer(?:in)?)\b(?! \w+,)"
    r"|\bestimad[oa]s? (?:clientes?|pacientes?|usuari[oa]s?)\b"
    r"|\bch[eè]re?s? (?:clients?|clientes?|patients?|locataires?)\b",
    re.IGNORECASE,
)
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")  # Thai to Chinese


@dataclass(frozen=True)
class _Who:
    """Who else got the words: canonical parties, the last sent to first; `own`: when this party got them itself."""

    others: tuple[Sending, ...]
    own: int | None
    at_least: bool

    @property
    def last(self) -> int:
        return self.others[0].at_us


def nobody(parties: Sequence[str]) -> Mapping[str, str]:
    """The viewer may see none of them."""
    return {}


def itself(party: str) -> str:
    """An identity that is read as no other."""
    return party


def read_unique(
    draft: Draft,
    known: Known,
    before: Sent | None,
    *,
    seen_by: SeenBy = nobody,
    canonical: Callable[[str], str] = itself,
    again: bool = False,
) -> Part:
    """Whether others got the words of the draft before `draft.now_us`.

    `before`: what was sent; None, or nothing before that instant, and it cannot be judged, unless the text itself
    speaks to many. `seen_by`: which other recipients may be named to the viewer. `canonical`: the identity that merges
    lead to. `again`: the draft was sent at that instant; what others were sent later counts too, it does not itself.

    Facts: `words` that remain, `shared` of them (`nearest`: by the nearest text), `share`, `others` (how many parties),
    `at_least`, `first_us`, `last_us`, `own_us` (when this party got them before), `recipients` (those that may be
    named, newest first).
    """
    text = skeleton(draft.text, own_values(known))
    many = _TO_MANY.search(draft.text)
    if many is not None:
        return _to_many(many, text)
    if len(_UNSPACED.findall(draft.text)) * 3 > len(draft.text):
        return _unjudged("unique.no_spaces")
    if not text.words:
        return _unjudged("unique.no_words")
    if before is not None and not before.ready:
        return _unjudged("unique.being_made")
    until = 1 << 62 if again else draft.now_us
    if before is None or not before.any_before(until):
        return _unjudged("unique.not_known")
    left_out = (draft.to, draft.now_us) if again else None
    likeness = before.like(text.codes, until, left_out)
    who = _who(likeness, {canonical(draft.to), known.party.party}, canonical)
    return _Reading(draft, known, text, likeness, who, seen_by).part()


def _unjudged(key: str) -> Part:
    why = say(key)
    return Part("unique", None, "unknown", why, unjudged=(why,))


def _to_many(found: re.Match[str], text: Skeleton) -> Part:
    said = " ".join(found.group().split())
    return Part(
        "unique",
        0.0,
        "poor",
        say("unique.to_many", words=said),
        (Span(*found.span(), say("unique.speaks_to_many")),),
        (say("unique.to_one"),),
        facts={"words": len(text.words), "to_many": said},
    )


def _who(likeness: Likeness, own: set[str], canonical: Callable[[str], str]) -> _Who:
    """Each party once, with the last time it got the words."""
    others: dict[str, int] = {}
    mine: int | None = None
    for sending in likeness.sendings:
        party = canonical(sending.party)
        if party in own:
            mine = sending.at_us if mine is None else max(mine, sending.at_us)
        else:
            others[party] = max(others.get(party, sending.at_us), sending.at_us)
    ordered = sorted(others.items(), key=lambda item: (-item[1], item[0]))
    return _Who(tuple(Sending(*item) for item in ordered), mine, likeness.at_least)


@dataclass(frozen=True)
class _Reading:
    """One draft beside what is like it, put into words."""

    draft: Draft
    known: Known
    text: Skeleton
    likeness: Likeness
    who: _Who
    seen_by: SeenBy

    def part(self) -> Part:
        words, shared = len(self.text.words), int(self.likeness.shared.sum())
        if words < FEWEST and shared and len(self.who.others) < MANY and self.who.own is None:
            shared = 0  # "yes, that works": too short to be somebody's text
        share = shared / words
        level: Level = "good" if share < MIXED else "mixed" if share <= POOR else "poor"
        named = self._named() if shared else {}
        return Part(
            "unique",
            round(1 - share, 3),
            level,
            self._why(words, shared, named),
            self._spans(named) if shared else (),
            self._changes(words, shared) if level != "good" else (),
            facts=self._facts(words, shared, named),
        )

    def _named(self) -> Mapping[str, str]:
        """The others the viewer may see, the last sent to first."""
        listed = [sending.party for sending in self.who.others[:LISTED]]
        seen = self.seen_by(listed) if listed else {}
        return {party: seen[party] for party in listed if party in seen}

    def _why(self, words: int, shared: int, named: Mapping[str, str]) -> Sentence:
        if not shared:
            return say("unique.nobody")
        nearest = self.likeness.words
        what = say("unique.these", n=words) if nearest == words else say("unique.some", nearest=nearest, n=words)
        who, when = self._who(named), self._when()
        if shared > nearest:
            return say("unique.more", who=who, what=what, when=when, shared=shared)
        return say("unique.got", who=who, what=what, when=when)

    def _who(self, named: Mapping[str, str]) -> Value:
        """Who got them: those that may be named, where there are few."""
        others = len(self.who.others)
        if not others:
            return say("unique.themselves")
        if self.who.at_least:
            return say("unique.least", n=others)
        first = tuple(named.values())[:NAMED] if others <= NAMED else ()
        rest = others - len(first)
        if not first:
            return say("unique.somebody") if rest == 1 else say("unique.others", n=rest)
        return (*first, say("unique.others", n=rest)) if rest else first

    def _when(self) -> Sentence:
        if not self.who.others:
            return say("unique.day", day=self._day(self.who.own or 0))
        first, last = self._day(self.who.others[-1].at_us), self._day(self.who.last)
        if first == last:
            return say("unique.day", day=last)
        return say("unique.days" if len(self.who.others) == 2 else "unique.between", day=first, last_day=last)

    def _day(self, at_us: int) -> Day:
        return Day(date_in(at_us, self.known.zone), date_in(self.draft.now_us, self.known.zone))

    def _spans(self, named: Mapping[str, str]) -> tuple[Span, ...]:
        """The marked words; those with nothing but marked words and blanks between them in one span."""
        why = say("unique.note", who=self._who(named), when=self._when())
        marked = [i for i, yes in enumerate(self.likeness.shared.tolist()) if yes]
        groups: list[list[int]] = []
        for i in marked:
            if groups and groups[-1][-1] == i - 1 and self._adjoin(i - 1, i):
                groups[-1].append(i)
            else:
                groups.append([i])
        return tuple(Span(self.text.places[some[0]][0], self.text.places[some[-1]][1], why) for some in groups)

    def _adjoin(self, left: int, right: int) -> bool:
        """Whether no masked word stands between two words."""
        between = self.draft.text[self.text.places[left][1] : self.text.places[right][0]]
        return not any(sign.isalnum() for sign in between)

    def _changes(self, words: int, shared: int) -> tuple[Sentence, ...]:
        return (say("unique.needs", allowed=-(-words // 5) - 1, words=words, shared=shared),)

    def _facts(self, words: int, shared: int, named: Mapping[str, str]) -> Mapping[str, Any]:
        facts: dict[str, Any] = {
            "words": words, "shared": shared, "share": round(shared / words, 3),
            "others": len(self.who.others) if shared else 0, "at_least": self.who.at_least and bool(shared),
        }  # fmt: skip
        if shared:
            at = {sending.party: sending.at_us for sending in self.who.others}
            facts["nearest"] = self.likeness.words
            facts["own_us"] = self.who.own
            facts["first_us"] = min(at.values(), default=None)
            facts["last_us"] = max(at.values(), default=None)
            facts["recipients"] = [{"party": p, "name": name, "at_us": at[p]} for p, name in named.items()]
        return facts


__all__ = ["SeenBy", "read_unique"]
