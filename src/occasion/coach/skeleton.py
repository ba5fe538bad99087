"""The skeleton of a text: the words that are left when greeting, closing, names, numbers and the recipient's own field
values are taken out. Two renderings of one template have one skeleton.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np

from occasion.coach.formulas import parts

_TOKEN = re.compile(
    r"(?P<link>(?:https?://|www\.)\S+|[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"
    r"|[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|uk|eu|pl|de|io|app)\b(?:/\S*)?)"
    r"|(?P<number>[^\W\d_]*\d[\w]*(?:[.,:/'’-]?\d\w*)*(?:st|nd|rd|th)?\b)"
    r"|(?P<word>[^\W\d_](?:[^\W\d_\u0300-\u036f]|[\u0300-\u036f\u00ad\u200b-\u200d]|['’ʼ](?=[^\W\d_]))*)"
)
_BREAK = re.compile(r"[.!?:…\n\"“”„«»()•*]|(?:^|\s)[–—-]\s")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\ufeff]")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DATES = _set(
    "monday tuesday wednesday thursday friday saturday sunday january february april june july august september "
    "october november december"
)
_BY_NUMBER = _set("march may jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun")
_UNITS = _set("am pm a.m p.m o'clock gbp eur usd pln chf zł pounds pound euros euro dollars pence quid")
_TITLES = _set("mr mrs ms mx dr prof sir madam")
_NOT_NAMES = _set("i i'm i'll i've i'd ok okay sms tv pdf id faq")
# Words that begin a sentence and are no first name, though a name may follow.
_STARTERS = _set(
    "a about after all also an and any are as ask at be because before best both but by call can come could dear "
    "did do does each either even every everyone for from give good had happy has have he hello her here hey hi "
    "his hope how i if in is it its just let look many maybe may might mine my new next no nor not now of on once "
    "one only or our over perhaps please she should since so some still such tell thank thanks that the their "
    "then there these they this those though through to today tomorrow tonight under until we welcome were what "
    "when where whether which while who why will with would yes yesterday yet you your"
)
_TOO_COMMON = _set(
    "a all an and any are as at be but by can do for from has have he her his how i if in is it its me my new no "
    "none not now of off on one or our out she so that the their them they this to today true false unknown other "
    "us was we were what when who will with yes you your active basic call customer day email good mail male "
    "female open phone sms tenant patient client private monthly yearly annual rent house flat home team visit "
    "work week month year time"
)
LONGEST_VALUE = 6  # words of a field that is a field and not a text
MANY_CAPITALS = 0.35  # of words within sentences: then capitals say nothing
Value = tuple[str, ...]


@dataclass(frozen=True)
class Skeleton:
    """`words` are what remains, folded, in their order; `places` their characters in the text. `cut`: the middle of the
    text, without greeting and closing.
    """

    words: tuple[str, ...]
    places: tuple[tuple[int, int], ...]
    cut: tuple[int, int]

    @property
    def codes(self) -> Any:
        """A number of 32 bits for each word."""
        return word_codes(self.words)


class Own:
    """Values to be masked in any case: the recipient's fields, and names of people and of the firm.

    `values`: fields; one of more than six words, or of a single everyday word, is none. Each word of a name in `names`
    is masked by itself too.
    """

    def __init__(self, values: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        self.single: set[str] = set()
        self.phrases: dict[str, list[Value]] = {}
        for value in values:
            self._add(value)
        for name in names:
            self._add(name)
            for word in folded(name):
                if len(word) > 1 and word not in _TOO_COMMON:
                    self.single.add(word)

    def _add(self, value: str) -> None:
        words = folded(value)
        if not words or len(words) > LONGEST_VALUE:
            return
        if len(words) == 1:
            if len(words[0]) > 2 and words[0] not in _TOO_COMMON:
                self.single.add(words[0])
        elif not all(word in _TOO_COMMON for word in words):
            self.phrases.setdefault(words[0], []).append(words)

    def length(self, words: Sequence[str], at: int) -> int:
        """How many words from here on are a value; 0: none."""
        longest = 0
        for phrase in self.phrases.get(words[at], ()):
            if len(phrase) > longest and tuple(words[at : at + len(phrase)]) == phrase:
                longest = len(phrase)
        return longest or int(words[at] in self.single or words[at].removesuffix("'s") in self.single)


NOTHING = Own()


def folded(text: str) -> Value:
    """The words of a text as they are compared.

    >>> folded("It’s Łódź, Ms O'Neil")
    ("it's", 'łódź', 'ms', "o'neil")
    """
    return tuple(_fold(found.group()) for found in _TOKEN.finditer(text))


@lru_cache(1 << 16)
def _fold(word: str) -> str:
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", word)).casefold().replace("’", "'").replace("ʼ", "'")


def skeleton(text: str, own: Own = NOTHING) -> Skeleton:
    """What is left of a text to compare; with `own` values masked in any case.

    >>> skeleton("Dear Ana, your crown is ready since 3 May. Ring Dr Sato! Regards, Nora").words
    ('your', 'crown', 'is', 'ready', 'since', 'ring')
    """
    begin, end, aside = parts(text)
    found = [one for one in _TOKEN.finditer(text, begin, end)]
    if aside:
        found = [one for one in found if not any(a <= one.start() < b for a, b in aside)]
    words = [_fold(one.group()) for one in found]
    masked = _masked(text, found, words, own)
    keep = [i for i, hidden in enumerate(masked) if not hidden]
    return Skeleton(tuple([words[i] for i in keep]), tuple([found[i].span() for i in keep]), (begin, end))


def _masked(text: str, found: Sequence[re.Match[str]], words: Sequence[str], own: Own) -> list[bool]:
    capital, begins = _case(text, found)
    inner = [up for up, first in zip(capital, begins, strict=True) if not first]
    telling = sum(inner) <= max(4, MANY_CAPITALS * len(inner))
    masked = [False] * len(words)
    own_until = 0
    for i, word in enumerate(words):
        kind = found[i].lastgroup
        if length := own.length(words, i):
            own_until = max(own_until, i + length)
        after_number = i > 0 and found[i - 1].lastgroup == "number"
        before_number = i + 1 < len(words) and found[i + 1].lastgroup == "number"
        dated = word in _BY_NUMBER and (after_number or before_number)
        measured = after_number and word in _UNITS
        if i < own_until or kind != "word" or word in _DATES or word in _TITLES or dated or measured:
            masked[i] = True
        elif capital[i] and telling and word not in _NOT_NAMES:
            after_title = i > 0 and words[i - 1] in _TITLES
            masked[i] = not begins[i] or after_title or _leads_a_name(i, words, capital, begins)
    return masked


def _leads_a_name(i: int, words: Sequence[str], capital: Sequence[bool], begins: Sequence[bool]) -> bool:
    """Whether a word at the beginning of a sentence is the first of a name: "Lena Sato asked"."""
    if i + 1 >= len(words) or words[i] in _STARTERS:
        return False
    return capital[i + 1] and not begins[i + 1] and words[i + 1] not in _NOT_NAMES and words[i + 1] not in _TITLES


def _case(text: str, found: Sequence[re.Match[str]]) -> tuple[list[bool], list[bool]]:
    """Of each word whether it is written as a name is, and whether it begins a sentence."""
    capital, begins = [], []
    last = -1
    for one in found:
        start, end = one.span()
        word = one.group()
        capital.append(word[0].isupper() and (end - start == 1 or not word.isupper()))
        begins.append(last < 0 or (text[last:start] != " " and _BREAK.search(text, last, start) is not None))
        last = end
    return capital, begins


@lru_cache(1 << 18)
def _code(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=4).digest(), "little")


def word_codes(words: Sequence[str]) -> Any:
    """A number of 32 bits for each word, the same everywhere and always."""
    return np.fromiter(map(_code, words), np.uint32, len(words))


__all__ = ["Own", "Skeleton", "folded", "skeleton", "word_codes"]
