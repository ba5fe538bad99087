"""Signatures that no delimiter sets apart: the contact lines below a closing and a name, or below the sender's name,
and the block that one sender's mails all end with.

The closing and the name stay: they say who writes. What is not surely a signature stays too, above all sentences.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

_CLOSING = re.compile(
    r"""(?:(?:with\ )?(?:(?:kind(?:est)?|best|warm(?:est)?|many|very\ best|all\ (?:the|my|good))\ )?
      (?:regards|wishes|greetings|thanks|best|love)(?:\ (?:again|in\ advance|and\ .{3,20}|from\ .{3,20}))?
      |(?:yours|very\ truly|sincerely|faithfully|respectfully)(?:\ (?:sincerely|faithfully|truly|ever|yours))?
      |thank\ you(?:\ (?:again|very\ much|so\ much|in\ advance))?|cheers|take\ care|(?:speak|see\ you|talk)\ soon
      |(?:z\ )?(?:serdecznie\ )?(?:pozdrawiam|pozdrowieni(?:a|ami)|poważaniem|wyrazami\ szacunku)(?:\ serdecznie)?
      |(?:un\ (?:cordial\ )?|muchos\ )?(?:saludos?|abrazo)(?:\ cordial(?:es)?)?|atentamente|cordialmente
      |(?:с\ (?:уважением|наилучшими\ пожеланиями)|всего\ (?:доброго|хорошего))
      |(?:mit\ )?(?:freundliche[nm]?|viele[n]?|herzliche[n]?|liebe|beste[n]?)\ gr(?:ü|ue)(?:ß|ss)e?n?|mfg|vg|lg
      |(?:bien\ )?cordialement|bien\ à\ (?:vous|toi)|cordiali\ saluti|kr|br|rgds)\s*[,.!–—-]*""",
    re.VERBOSE | re.IGNORECASE,
)
_NAME = re.compile(
    r"(?:(?:Dr|Prof|Mr|Mrs|Ms|Mx|Miss|Herr|Frau|lek|mgr|inż)\.?\s+)*[^\W\d_][\w'’.-]*(?:\s+[^\W\d_][\w'’.-]*){0,3}"
    r"(?:,?\s+\(?(?:she|he|they)(?:/\w+){1,2}\)?|,\s*[A-Z][\w.]{1,8}){0,3}[,.]?"
)
_CONTACT = re.compile(
    r"""\S+@\S+\.\w|https?://|www\.|(?<!\w)[\w-]+\.(?:com|org|net|example|co\.uk|uk|de|pl|es|ru|fr|it|eu)\b(?:/|\s|$)
      |\b(?:t|m|f|e|w|p|tel|mob|phone|mobile|fax|office|direct|cell|e-?mail|web|kom|telefon|móvil|тел|факс)\b\s*[.:]
      |(?<!\w)(?:\+|\(0|0\d|00)[\d\ ()./-]{6,}\d|\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b|\b\d{2}-\d{3}\b
      |\b(?:registered|company|reg)\ (?:in|no|number|office)\b|\b(?:VAT|NIP|REGON|KRS|HRB|USt)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_STREET = re.compile(
    r"\b\d{1,4}[a-z]?,?\s+\w+(?:\s\w+)?\s+(?:st|street|rd|road|lane|ln|ave|avenue|close|square|drive|way|row|place)\b"
    r"|\b(?:ul|al|pl)\.\s*\w+|\b\w+(?:straße|strasse|weg|platz)\s+\d",
    re.IGNORECASE,
)
_SMALL = frozenset("of the and for at in & - | / al de la del y von und der i w do di et du а и по".split())  # noqa: SIM905
_POSTSCRIPT = re.compile(r"(?:ps|p\.\s?s\.?|nb|pd)\b", re.IGNORECASE)
_SAYS = re.compile(r"[?!]$|[.:;,]\s+[^\W\d_]{2,}\s+[^\W\d_]|\b(?:you|your|please|I|we|will|is|are|was|can)\b")
LONGEST = 80  # characters of a line of a signature
MOST_LINES = 12
MOST_WORDS = 8  # of a line that says what somebody is and where
ENOUGH = 3  # mails of one sender that end alike
FEWEST_LINES = 2  # of what they end with


def without_contact_lines(text: str, names: Iterable[str] = ()) -> str:
    """A mail's text without the contact lines at its end, below a closing and a name, or below one of `names`.

    They are cut only if every line of them is short, none is a sentence, and either one is surely a contact or all
    have the capitals of titles.

    >>> without_contact_lines("Friday is fine.\\n\\nBest wishes,\\nAnn Lee\\nHead of Taps\\n0161 555 0142")
    'Friday is fine.\\n\\nBest wishes,\\nAnn Lee'
    >>> without_contact_lines("Friday is fine.\\n\\nBest wishes,\\nAnn\\n\\nThe key is with Jo.")
    'Friday is fine.\\n\\nBest wishes,\\nAnn\\n\\nThe key is with Jo.'
    """
    lines = text.split("\n")
    said = {" ".join(name.lower().split()) for name in names if name.strip()}
    for at in range(len(lines) - 1, -1, -1):
        below = [i for i in range(at + 1, len(lines)) if lines[i].strip()]
        if len(below) > MOST_LINES + 1:
            break
        closes = bool(_CLOSING.fullmatch(lines[at].strip()))
        begins = below[0] if closes and below else at
        if not (closes or _is_senders(lines, at, said)):
            continue
        rest = [lines[i].strip() for i in below if i > begins]
        if rest and _is_name(lines[begins].strip()) and _is_block(rest, surely=not closes):
            return "\n".join(lines[: begins + 1]).rstrip()
    return text


class Endings:
    """What each sender's mails end with, from those that were looked at; kept from one batch to the next."""

    def __init__(self) -> None:
        self._known: dict[str, set[tuple[str, ...]]] = defaultdict(set)

    def learn(self, mails: Iterable[tuple[str, str]]) -> None:
        """Look at mails (sender, text): whatever block `ENOUGH` different ones of a sender end with is a signature."""
        counts: Mapping[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
        for sender, text in dict.fromkeys(mails):
            counts[sender].update(_endings(text))
        for sender, found in counts.items():
            usual = sorted((block for block, times in found.items() if times >= ENOUGH), key=len, reverse=True)
            for block in usual:
                if not any(other[-len(block) :] == block for other in self._known[sender]):
                    self._known[sender].add(block)

    def cut(self, sender: str, text: str) -> str:
        """The text without the longest of the sender's blocks that it ends with; never all of it."""
        known = self._known.get(sender)
        if not known:
            return text
        lines = text.rstrip().split("\n")
        for block in _endings(text):
            if block in known:
                left = "\n".join(_before(lines, len(block))).rstrip()
                return left or text
        return text


def _endings(text: str) -> list[tuple[str, ...]]:
    """The blocks a text ends with that may be a signature, the longest first, whatever is blank left out."""
    lines = [" ".join(line.split()) for line in text.split("\n") if line.strip()]
    found: list[tuple[str, ...]] = []
    for size in range(FEWEST_LINES, min(MOST_LINES, len(lines) - 1) + 1):
        block = tuple(lines[-size:])
        if not _may_stand(block[0]):
            break
        if any(map(_is_contact, block)) and not _is_name(block[0]):
            found.append(block)
    return found[::-1]


def _before(lines: Sequence[str], size: int) -> Sequence[str]:
    """The lines before the last `size` that are not blank."""
    at = len(lines)
    while size and at:
        at -= 1
        size -= bool(lines[at].strip())
    return lines[:at]


def _is_senders(lines: Sequence[str], at: int, names: set[str]) -> bool:
    """Whether a line is the sender's own name, with an empty line above it."""
    line = " ".join(lines[at].lower().strip(" ,.").split())
    return bool(line) and line in names and at > 0 and not lines[at - 1].strip()


def _is_name(line: str) -> bool:
    words = re.split(r"[\s,]+", line.strip(" ,."))
    plain = bool(_NAME.fullmatch(line)) and len(line) <= LONGEST
    return plain and not _is_contact(line) and all(word[:1].isupper() or "/" in word or "(" in word for word in words)


def _is_block(lines: Sequence[str], *, surely: bool) -> bool:
    if len(lines) > MOST_LINES or not all(map(_may_stand, lines)):
        return False
    return any(map(_is_contact, lines)) or (not surely and all(map(_is_title, lines)))


def _may_stand(line: str) -> bool:
    """Whether a line may stand in a signature: short and no sentence."""
    if len(line) > LONGEST or _POSTSCRIPT.match(line):
        return False
    if _SAYS.search(line):
        return _is_contact(line) and line[-1] not in "?!"
    return _is_contact(line) or _is_title(line)


def _is_contact(line: str) -> bool:
    found = _CONTACT.search(line) or _STREET.search(line)
    return bool(found) and sum(word.isalpha() and word.islower() for word in line.split()) <= 3


def _is_title(line: str) -> bool:
    """Whether it is what somebody is and where: few words, in capitals, no stop."""
    words = [word for word in re.split(r"[\s,|·•/]+", line) if word]
    if not words or len(words) > MOST_WORDS or line[-1] in ".?!:;":
        return False
    return words[0][:1].isupper() and all(
        not word[0].isalpha() or word[0].isupper() or word.lower() in _SMALL for word in words
    )
