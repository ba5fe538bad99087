"""The swap test: whom of a hundred and one could a text be for?

Each candidate's facts are read as a source of the text's words (query likelihood with a background, Ponte & Croft 1998;
words near in meaning as translations, Berger & Lafferty 1999). Of a word w and a candidate c

    gain(w, c) = log(1 - L + L · m(w, c) · p(c) / p(w))

where m is how far a word among c's facts is w (1: the same stem, less for one near in meaning), p(c) what one word of
c's facts is given, and p(w) how likely w is in anybody's: its share in English and in the facts of all candidates. The
candidates are equally likely beforehand; afterwards each is as likely as exp of its gains, all together one. Each stem
counts once, and of several words of one fact each further one counts less, since they come together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from occasion.coach.facts import Fact, Facts
from occasion.coach.related import lifts, share_in_english
from occasion.coach.wording import Word

FROM_FACTS = 0.25  # L: the share of the words of a text that speak of facts
LEAST_WORDS = 40  # a candidate of whom less is known is read as if that much were, so that a bare file wins nothing
FURTHER = 0.7  # what each further word of one fact counts of the one before
COMMON = 0.6  # of a fact whose kind happens to many
OLD, OLD_US = 0.7, 180 * 86_400_000_000  # of what was written or happened longer ago than that


@dataclass(frozen=True)
class Touch:
    """A word of the text that a fact speaks of: how far it is the fact's word, and what it gains."""

    word: Word
    fact: Fact
    nearness: float
    gain: float


@dataclass(frozen=True)
class Swap:
    """The answer. `touches`: of the recipient's facts, the strongest first; `gain`: all of theirs together.

    `probability`: that the text is for the recipient, `rank` among the candidates (1: surely first; equals share the
    middle), `nearest`: the likeliest other and its gain.
    """

    probability: float
    rank: float
    candidates: int
    gain: float
    touches: tuple[Touch, ...]
    nearest: str | None
    nearest_gain: float


def swap(words: Sequence[Word], mine: Facts, others: Sequence[Facts], now_us: int) -> Swap:
    """Read the words of a text against the recipient's facts and those of others."""
    said = list({word.stem: word for word in reversed(words)}.values())
    likely = _likely(said, [mine, *others])
    touches = touches_of(said, mine, likely, now_us)
    gains = np.array([gain_of(touches)] + [gain_of(touches_of(said, one, likely, now_us)) for one in others])
    shares = np.exp(gains - gains.max())
    shares /= shares.sum()
    above, equal = int((gains > gains[0] + 1e-9).sum()), int((np.abs(gains - gains[0]) <= 1e-9).sum())
    best = 1 + int(gains[1:].argmax()) if others else 0
    return Swap(
        float(shares[0]), above + (equal + 1) / 2, len(gains), float(gains[0]),
        tuple(sorted(touches, key=lambda one: -one.gain)),
        others[best - 1].party if best else None, float(gains[best]) if best else 0.0,
    )  # fmt: skip


def _likely(said: Sequence[Word], candidates: Sequence[Facts]) -> Mapping[str, float]:
    """How likely each word is in anybody's text: half its share in English, half that among all these facts."""
    held: Counter[str] = Counter()
    for one in candidates:
        held.update({word.stem for fact in one.facts for word in fact.words})
    whole = max(sum(held.values()), 1)
    return {
        word.stem: 0.5 * share_in_english(word) + 0.5 * max(held[word.stem] - 1, 0) / max(whole, 2000) + 1e-6
        for word in said
    }


def touches_of(said: Sequence[Word], facts: Facts, likely: Mapping[str, float], now_us: int) -> list[Touch]:
    """For each word of the text that is among the facts, the fact it says most of."""
    theirs = [(word, fact) for fact in facts.facts for word in fact.words]
    if not theirs or not said:
        return []
    lifted = lifts(said, [word for word, _ in theirs])
    stems = np.array([word.stem for word, _ in theirs])
    size = max(len(set(stems.tolist())), LEAST_WORDS)
    trust = np.array([_trust(fact, now_us) for _, fact in theirs])
    found: list[Touch] = []
    per_fact: Counter[str] = Counter()
    best: list[tuple[float, float, Word, Fact]] = []
    for row, word in enumerate(said):
        if word.stem in facts.fields:
            continue
        m = np.where(stems == word.stem, 1.0 / likely[word.stem], lifted[row]) * trust
        place = int(m.argmax())
        if m[place] > 0:
            gain = float(np.log(1 - FROM_FACTS + FROM_FACTS * m[place] / size))
            if gain > 0:
                best.append((gain, float(m[place]), word, theirs[place][1]))
    for gain, near, word, fact in sorted(best, key=lambda one: -one[0]):
        found.append(Touch(word, fact, near, gain * FURTHER ** per_fact[fact.source]))
        per_fact[fact.source] += 1
    return found


def _trust(fact: Fact, now_us: int) -> float:
    """What the words of a fact count: less where its kind is common, or it is long past."""
    old = fact.kind not in ("detail", "promise") and now_us - fact.at_us > OLD_US
    return (COMMON if fact.common else 1.0) * (OLD if old else 1.0)


def gain_of(touches: Sequence[Touch]) -> float:
    """What all of them gain together, in natural units of evidence."""
    return sum(touch.gain for touch in touches)


def speaks_of(words: Sequence[Word], facts: Facts) -> list[Touch]:
    """The facts of one party that a text speaks of, word by word, every fact that a word is among."""
    said = list({word.stem: word for word in reversed(words)}.values())
    likely = {word.stem: share_in_english(word) + 1e-6 for word in said}
    found: list[Touch] = []
    for fact in facts.facts:
        alone = Facts(facts.party, (fact,), facts.fields)
        found += touches_of(said, alone, likely, fact.at_us)
    return found
