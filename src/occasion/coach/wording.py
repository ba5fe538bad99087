"""The words of a text, where they stand, and which of them say something."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

import msgspec

from occasion.coach.cues import words_of as words_listed
from occasion.coach.tongues import ENGLISH

WORD = re.compile(r"\d[\d.,:/]*\d|\d|[^\W\d_]+(?:['’][^\W\d_]+)*(?:-[^\W\d_]+)*")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+")  # of a page or a mailbox: none of its letters are words


class Word(msgspec.Struct, frozen=True, gc=False):
    """One word: characters `start` up to `end`, as written, folded (lower case, no accents), and its stem.

    Tens of thousands of them are kept, so that the garbage collector is spared them.
    """

    start: int
    end: int
    written: str
    folded: str
    stem: str

    @property
    def says(self) -> bool:
        """Whether it says something: no word of grammar, of courtesy or of the calendar."""
        return len(self.folded) > 1 and self.folded not in _silent()

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital."""
        return self.written[:1].isupper()


@cache
def _silent() -> frozenset[str]:
    return words_listed("silent", ENGLISH)


def words_of(text: str, offset: int = 0) -> list[Word]:
    """Every word and number, in order; a possessive 's is cut off what is folded, addresses are left out.

    >>> [word.written for word in words_of("Rate us: https://example.com/r, or ivo@example.com!")]
    ['Rate', 'us', 'or']
    """
    found = []
    if "@" in text or "://" in text or "www." in text:
        text = _ADDRESS.sub(lambda address: " " * len(address[0]), text)
    for match in WORD.finditer(text):
        written, (start, end) = match[0], match.span()
        folded = fold(written).removesuffix("'s")
        found.append(Word(start + offset, end + offset, written, folded, stem(folded)))
    return found


def saying(text: str, offset: int = 0) -> list[Word]:
    """The words that say something."""
    return [word for word in words_of(text, offset) if word.says]


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Lower case, without accents, with a plain apostrophe.

    >>> fold("Zoë’s Łódź")
    "zoe's lodz"
    """
    plain = text.lower().replace("’", "'").replace("ł", "l").replace("ø", "o").replace("ß", "ss")
    return "".join(one for one in unicodedata.normalize("NFD", plain) if not unicodedata.combining(one))


_IRREGULAR = {
    "children": "child", "men": "man", "women": "woman", "feet": "foot", "teeth": "tooth", "mice": "mouse",
    "wives": "wife", "lives": "life", "knives": "knife", "shelves": "shelf", "loaves": "loaf", "leaves": "leaf",
    "ran": "run", "sang": "sing", "sung": "sing", "swam": "swim", "flew": "fly", "flown": "fly", "drove": "drive",
    "driven": "drive", "rode": "ride", "wore": "wear", "bought": "buy", "sold": "sell", "taught": "teach",
    "grew": "grow", "grown": "grow",
    "built": "build", "broke": "break", "broken": "break", "fell": "fall", "fallen": "fall",
    "died": "die", "dying": "die", "lost": "lose", "born": "birth", "bitten": "bite", "bit": "bite", "caught": "catch",
    "paid": "pay", "slept": "sleep", "spoke": "speak", "stood": "stand", "sat": "sit", "rang": "ring", "threw": "throw",
    "began": "begin", "begun": "begin", "wrote": "write", "moved": "move", "married": "marry", "daddy": "father",
    "dad": "father", "mum": "mother", "mom": "mother", "mummy": "mother", "kids": "child", "kid": "child",
}  # fmt: skip


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A common beginning of the forms of an English word; other languages lose at most an s or an e.

    >>> [stem(one) for one in ("hives", "hive", "running", "run", "puppies", "stopped", "class", "restore")]
    ['hive', 'hive', 'run', 'run', 'puppy', 'stop', 'class', 'restor']
    """
    if word in _IRREGULAR:
        word = _IRREGULAR[word]
    if len(word) <= 3 or word[0].isdigit():
        return word
    for ending, least, put in (("ies", 5, "y"), ("ied", 5, "y"), ("ing", 6, ""), ("ed", 5, ""), ("sses", 6, "ss"),
                               ("ches", 5, "ch"), ("shes", 5, "sh"), ("xes", 4, "x"), ("s", 4, "")):  # fmt: skip
        if word.endswith(ending) and len(word) >= least and not (ending == "s" and word[-2] in "su"):
            word = word[: -len(ending)] + put
            if ending in ("ing", "ed") and len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if len(word) > 5 and word.endswith("e") else word


def stems_of(words: Iterable[Word]) -> frozenset[str]:
    """Their stems."""
    return frozenset(word.stem for word in words)


def merged(spans: Sequence[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """Spans in order; those with nothing but spaces and short words between them become one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] <= 4 and "\n" not in text[joined[-1][1] : start]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
