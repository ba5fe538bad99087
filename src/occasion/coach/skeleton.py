"""The skeleton of a text: the words that are left when greeting, closing, names, numbers and the recipient's own field
values are taken out. Two renderings of one template have one skeleton.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import NamedTuple, TypeVar

import numpy as np

from occasion.coach.formulas import parts

_TOKEN = re.compile(
    r"(?P<link>(?:https?://|www\.)\S+|[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"
    r"|[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.(?:com|org|net|uk|eu|pl|de|io|app)\b(?:/\S*)?)"
    r"|(?P<number>(?:[^\W\d_]{1,8}-)?[^\W\d_]*\d[\w]*(?:[.,:/'’-]?\d\w*)*(?:st|nd|rd|th)?\b)"
    r"|(?P<word>[^\W\d_](?:[^\W\d_\u0300-\u036f]|[\u0300-\u036f\u00ad\u200b-\u200d]|['’ʼ](?=[^\W\d_]))*)"
)
_CHUNK = re.compile(r"\S+")
_BREAK = re.compile(r"[.!?:…\"“”„«»()•*]")
_DASHES = ("-", "–", "—")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\ufeff]")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DATES = _set(
    "monday tuesday wednesday thursday friday saturday sunday january february april june july august september "
    "october november december"
)
_DATED = _set("march may jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun")
_UNITS = _set("am pm a.m p.m o'clock gbp eur usd pln chf zł pounds pound euros euro dollars pence quid")
_TITLES = _set("mr mrs ms mx dr prof sir madam")
_BLANK = _DATES | _TITLES
_BESIDE = _DATED | _UNITS  # blank beside a number
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
T = TypeVar("T")


class Skeleton:
    """`words` are what remains of a text, folded, in their order; `codes` a number of 32 bits for each; `places` their
    characters in the text.
    """

    def __init__(self, text: str, stretch: tuple[int, int], all_words: _Words, masked: set[int]) -> None:
        self._text, self._stretch = text, stretch
        self._kept = [i for i in range(len(all_words.words)) if i not in masked] if masked else None
        self.words = tuple(self._left(all_words.words))
        self.codes = np.array(self._left(all_words.codes), np.uint32)

    def _left(self, values: list[T]) -> list[T]:
        return values if self._kept is None else [values[i] for i in self._kept]

    @cached_property
    def places(self) -> tuple[tuple[int, int], ...]:
        """Of each word the characters from .. up to; found only when they are asked for."""
        return tuple(self._left(_places(self._text, *self._stretch)))


class Own:
    """Values to be masked in any case: the recipient's fields, and names of people and of the firm.

    `values`: fields; one of more than six words, or of a single everyday word, is none. Each word of a name in `names`
    is masked by itself too. `ours`: further ones that are the same for many texts.
    """

    def __init__(self, values: Iterable[str] = (), names: Iterable[str] = (), ours: Own | None = None) -> None:
        self._single: set[str] = set()
        self._phrases: dict[str, list[Value]] = {}
        self._ours = ours
        for value in values:
            self._add(value)
        for name in names:
            self._add(name)
            for word in folded(name):
                if len(word) > 1 and word not in _TOO_COMMON:
                    self._single.add(word)
        shared: set[str] = set() if ours is None else ours._first
        own = {f"{word}'s" for word in self._single}
        self._first: set[str] = self._single | own | self._phrases.keys() | shared

    def _add(self, value: str) -> None:
        words = folded(value)
        if not words or len(words) > LONGEST_VALUE:
            return
        if len(words) == 1:
            if len(words[0]) > 2 and words[0] not in _TOO_COMMON:
                self._single.add(words[0])
        elif not all(word in _TOO_COMMON for word in words):
            self._phrases.setdefault(words[0], []).append(words)

    def masked(self, words: Sequence[str]) -> set[int]:
        """The places of words that belong to one of the values."""
        first = self._first
        if first.isdisjoint(words):
            return set()
        begun = [at for at, word in enumerate(words) if word in first]
        return {i for at in begun for i in range(at, at + self._length(words, at))}

    def _length(self, words: Sequence[str], at: int) -> int:
        """How many words from here on are a value; 0: none."""
        longest = 0 if self._ours is None else self._ours._length(words, at)
        for phrase in self._phrases.get(words[at], ()):
            if len(phrase) > longest and tuple(words[at : at + len(phrase)]) == phrase:
                longest = len(phrase)
        single = self._single
        return longest or int(words[at] in single or words[at].removesuffix("'s") in single)


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
    words = _words(text, begin, end)
    masked = own.masked(words.words)
    masked |= _masked(words)
    if aside:
        places = _places(text, begin, end)
        masked |= {i for i, at in enumerate(places) if any(a <= at[0] < b for a, b in aside)}
    return Skeleton(text, (begin, end), words, masked)


NAME, BEGINS, NUMBER, BLANK, BESIDE = 1, 2, 4, 8, 16  # of a word: written as a name is, begins a sentence, ...


class _Words(NamedTuple):
    """The words of a stretch, their codes, and what is known of each."""

    words: list[str]
    codes: list[int]
    flags: list[int]


class _Chunk(NamedTuple):
    """What stands between two spaces. `begun`: its flags where it begins a sentence; `closes`: it ends one."""

    words: tuple[str, ...]
    codes: tuple[int, ...]
    flags: tuple[int, ...]
    begun: tuple[int, ...]
    places: tuple[tuple[int, int], ...]
    closes: bool


def _words(text: str, begin: int, end: int) -> _Words:
    words: list[str] = []
    codes: list[int] = []
    flags: list[int] = []
    for line in text[begin:end].split("\n"):
        broken = True
        for chunk in map(_chunk, line.split()):
            if chunk.words:
                words += chunk.words
                codes += chunk.codes
                flags += chunk.begun if broken else chunk.flags
                broken = chunk.closes
            elif chunk.closes:
                broken = True
    return _Words(words, codes, flags)


def _places(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    """The characters of the same words."""
    found: list[tuple[int, int]] = []
    for chunk in _CHUNK.finditer(text, begin, end):
        start = chunk.start()
        found += [(start + first, start + past) for first, past in _chunk(chunk.group()).places]
    return found


@lru_cache(1 << 17)
def _chunk(chunk: str) -> _Chunk:
    some: list[tuple[str, int]] = []
    places: list[tuple[int, int]] = []
    last = 0
    for found in _TOKEN.finditer(chunk):
        begins = bool(_BREAK.search(chunk, last, found.start()))
        word, last = _fold(found.group()), found.end()
        some.append((word, _flag(found, word) | (BEGINS if begins else 0)))
        places.append(found.span())
    words, flags = tuple([word for word, _ in some]), tuple([flag for _, flag in some])
    begun = (flags[0] | BEGINS, *flags[1:]) if flags else ()
    closes = bool(_BREAK.search(chunk, last)) or chunk in _DASHES
    return _Chunk(words, tuple(map(_code, words)), flags, begun, tuple(places), closes)


def _flag(found: re.Match[str], word: str) -> int:
    written = found.group()
    flag = (NUMBER if found.lastgroup == "number" else 0) | (BESIDE if word in _BESIDE else 0)
    if found.lastgroup != "word" or word in _BLANK:
        return flag | BLANK
    named = written[0].isupper() and (len(written) == 1 or not written.isupper()) and word not in _NOT_NAMES
    return flag | (NAME if named else 0)


def _masked(all_words: _Words) -> set[int]:
    """Names, numbers, dates and what belongs to them."""
    words, flags = all_words.words, all_words.flags
    told = [(i, flag) for i, flag in enumerate(flags) if flag]
    inner = len(flags) - sum(1 for _, flag in told if flag & BEGINS)
    names = sum(1 for _, flag in told if flag & (NAME | BEGINS) == NAME)
    telling = names <= max(4, MANY_CAPITALS * inner)
    masked: set[int] = set()
    for i, flag in told:
        before = flags[i - 1] if i else 0
        if flag & BLANK or (flag & NAME and telling and _is_name(i, words, flags)):
            masked.add(i)
        if flag & BESIDE:
            after = flags[i + 1] if i + 1 < len(flags) and words[i] in _DATED else 0
            if (before | after) & NUMBER:
                masked.add(i)
    return masked


def _is_name(i: int, words: Sequence[str], flags: Sequence[int]) -> bool:
    """Whether a capital means a name: within a sentence, or where it leads one at its beginning ("Lena Sato asked")."""
    if not flags[i] & BEGINS or (i and words[i - 1] in _TITLES):
        return True
    return i + 1 < len(words) and words[i] not in _STARTERS and flags[i + 1] & (NAME | BEGINS) == NAME


@lru_cache(1 << 18)
def _code(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=4).digest(), "little")


__all__ = ["Own", "Skeleton", "folded", "skeleton"]
