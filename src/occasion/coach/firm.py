"""The firm by its own names: no person's name, and no word of the text's own.

What it is called is known from `called` and `ours` in occasion.toml and from the addresses of colleagues: the domain
north-dental.example is North Dental, North-Dental, NorthDental.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import pairwise

from occasion.coach.wording import fold
from occasion.events.mail_ours import PUBLIC

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_BETWEEN = re.compile(r"[ \t]*(?:[&+-]|[ \t])[ \t]*")  # of two words of one name
_JOINS = frozenset(("and", "the", "of"))
_NO_NAMES = frozenset(
    "mail email smtp office info home homes shop store online group team help support service care london".split()  # noqa: SIM905
)
SHORTEST = 4  # letters of a domain that may be a name
MOST_WORDS, MOST_OF_BRANCH = 8, 2


def firm_of(called: Iterable[str], addresses: Iterable[str]) -> tuple[str, ...]:
    """What the firm is called, squashed: names as said, and what stands before the last part of a domain.

    Addresses and domains at public providers say nothing.

    >>> firm_of(["Alder & Quay"], ["jo@north-dental.example", "ann@gmail.com"])
    ('alderquay', 'northdental')
    """
    found = {squashed(name) for name in called}
    for address in addresses:
        domain = address.rpartition("@")[2].lower()
        if domain and domain not in PUBLIC:
            labels = [squashed(label) for label in domain.split(".")[:-1]]
            found.update(label for label in labels if len(label) >= SHORTEST and label not in _NO_NAMES)
    return tuple(sorted(one for one in found if one))


def squashed(name: str) -> str:
    """Its letters alone, folded, without and, the, of."""
    words = [fold(word) for word in _WORD.findall(name)]
    return "".join(word for word in words if word not in _JOINS) or "".join(words)


def firm_spans(text: str, firm: Collection[str]) -> list[tuple[int, int]]:
    """Where the text names the firm, from .. up to; the name of a branch behind it is part of it (North Dental Leeds).

    A name of one word counts only where it has a capital.

    >>> firm_spans("Hello from North Dental Leeds, your crown is ready", ["northdental"])
    [(11, 29)]
    """
    if not firm:
        return []
    words = list(_WORD.finditer(text))
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(words):
        length = _length(text, words[at : at + MOST_WORDS], firm)
        if length:
            length += _branch(text, words[at + length - 1 : at + length + MOST_OF_BRANCH])
            found.append((words[at].start(), words[at + length - 1].end()))
        at += max(length, 1)
    return found


def firm_words(text: str, firm: Collection[str]) -> frozenset[str]:
    """The words of the firm's names as the text has them, folded."""
    return frozenset(fold(word) for start, end in firm_spans(text, firm) for word in _WORD.findall(text[start:end]))


def is_firm(text: str, firm: Collection[str]) -> bool:
    """Whether a text is nothing but the firm's name.

    >>> is_firm("Alder & Quay", ["alderquay"]), is_firm("Ann Alder", ["alder"])
    (True, False)
    """
    spans = firm_spans(text, firm)
    return bool(spans) and all(
        any(start <= word.start() < end for start, end in spans) or fold(word.group()) in _JOINS
        for word in _WORD.finditer(text)
    )


def _length(text: str, words: list[re.Match[str]], firm: Collection[str]) -> int:
    """How many of these words from the first on are a name of the firm; 0: none."""
    said, longest = "", 0
    if fold(words[0].group()) in _JOINS:
        return 0
    for count, word in enumerate(words, 1):
        if count > 1 and not _BETWEEN.fullmatch(text, words[count - 2].end(), word.start()):
            break
        plain = fold(word.group())
        said += "" if plain in _JOINS else plain
        one_word = count == 1 and not word.group()[0].isupper()
        if said in firm and plain not in _JOINS and not one_word:
            longest = count
    return longest


def _branch(text: str, words: list[re.Match[str]]) -> int:
    """How many words in capitals follow the first, the name's last, on its line."""
    count = 0
    for before, word in pairwise(words):
        if text[before.end() : word.start()] != " " or not word.group()[0].isupper():
            break
        count += 1
    return count if words and words[0].group()[0].isupper() else 0
