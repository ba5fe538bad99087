"""The pieces of a message, each with its place in the text: greeting, sentences, closing and who signs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_HELLO = (
    r"(?:dear|hi|hiya|hello|hey|good (?:morning|day|afternoon|evening)|morning|kia ora|"
    r"dzień dobry|cześć|witam|szanown\w+|hola|estimad\w+|querid\w+|buenos días|buenas tardes|"
    r"здравствуйте|добрый день|уважаем\w+|привет|hallo|guten (?:tag|morgen)|liebe[rs]?|sehr geehrte\w*|bonjour|"
    r"cher|chère)"
)
_GREETING = re.compile(rf"\s{{0,40}}{_HELLO}\b[^,!:.?\n]{{0,60}}(?:,|!|:|\.(?=\s)|\n)", re.IGNORECASE)
_TITLE = r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Pan|Pani|Herr|Frau|Sr|Sra)\.?"
_VOCATIVE = re.compile(rf"\s{{0,40}}(?:{_TITLE}\s+)?[^\W\d_][\w'’-]+(?:\s+[A-ZÀ-Ž][\w'’-]+)?,(?=\s)")
_CLOSING = re.compile(
    r"(?:^|\n|(?<=[.!?])\s)\s{0,8}((?:(?:with )?(?:(?:kind|warm|best|many|all the|every good|good)(?:est|er)? )?"
    r"(?:regards|wishes|thanks|best)|best|yours(?: (?:sincerely|faithfully|truly))?|sincerely|cheers|thanks|thank you|"
    r"see you (?:then|soon)|love|take care|pozdrawiam|z poważaniem|saludos|un saludo|с уважением)[,.!]?)"
    r"\s{0,8}(?:\n|$|(?=[A-Z]))",
    re.IGNORECASE,
)
_SHORTENED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|no|Ref|approx|e\.g|i\.e|etc|vs|[A-Z])\.$")
_STOP = re.compile(r"[.!?…]+[\"'”’)]*(?=\s|$)|\n\s{0,40}\n|\n")
_NAME_WORD = re.compile(r"(?:[A-ZÀ-ŽА-Я][\w'’-]*\.?|&|and|from|of|the|de|van|von|der|da)$")
_GAP = re.compile(r"\n[ \t]*\n\s*(?:-- ?\n\s*)?|\n-- ?\n\s*")
_ADDRESS = re.compile(r"\d{3,}|://|www\.|@")
MOST_SIGNING_WORDS = 7
MOST_SIGNING_LINES = 6


@dataclass(frozen=True)
class Piece:
    """A piece of the text: its characters `start` up to `end`, and what they say."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Pieces:
    """A message taken apart. `sentences` are those of the body, without greeting, closing and signature.

    `signed` is whatever stands where somebody signs, None where nothing does.
    """

    text: str
    greeting: Piece | None
    sentences: tuple[Piece, ...]
    signed: Piece | None

    @property
    def body(self) -> str:
        """The sentences as they stand in the text."""
        return self.text[self.sentences[0].start : self.sentences[-1].end] if self.sentences else ""


@lru_cache(maxsize=256)
def pieces_of(text: str) -> Pieces:
    """The message taken apart.

    >>> one = pieces_of("Dear Ms Arden,\\n\\nyour room is 104. Does it suit you?\\n\\nBest wishes,\\nIvo Lund")
    >>> one.greeting.text, [sentence.text for sentence in one.sentences], one.signed.text
    ('Dear Ms Arden,', ['your room is 104.', 'Does it suit you?'], 'Ivo Lund')
    >>> pieces_of("Yes, Thursday works. See you then. Nora").signed.text
    'Nora'
    """
    greeting = _GREETING.match(text) or _VOCATIVE.match(text)
    begin = greeting.end() if greeting else 0
    signed = _block(text, begin) or _signature(text, begin)
    end = signed.start if signed else len(text.rstrip())
    closings = [found for found in _CLOSING.finditer(text, begin) if end - found.end() <= 2 and found.end() <= end + 2]
    if closings:
        end = min(end, closings[0].start(1))
    head = _piece(text, greeting.start(), greeting.end()) if greeting else None
    return Pieces(text, head, tuple(_sentences(text, begin, end)), signed)


def _block(text: str, begin: int) -> Piece | None:
    """The lines below a closing that stands on a line of its own, or below a last empty line or two dashes: a name, and
    what the person is and where."""
    for closing in _CLOSING.finditer(text, begin):
        rest = text[closing.end() :]
        lines = [line for line in rest.splitlines() if line.strip()]
        alone = "\n" in text[closing.end(1) : closing.end()]
        short = all(len(line.split()) <= MOST_SIGNING_WORDS and line.strip()[-1] not in "?!:" for line in lines)
        if not (alone and short and 1 <= len(lines) <= MOST_SIGNING_LINES):
            continue
        if _looks_signed(lines[0]) or lines[0].split()[0].lower() in ("your", "the"):
            return _piece(text, closing.end(), len(text))
    gaps = list(_GAP.finditer(text.rstrip(), begin))
    if gaps:
        last = _piece(text, gaps[-1].end(), len(text))
        lines = [line.strip() for line in last.text.splitlines() if line.strip()]
        named = all(_looks_signed(line) or _ADDRESS.search(line) for line in lines) and _looks_signed(lines[0])
        if 2 <= len(lines) <= MOST_SIGNING_LINES and named and not any(line[-1] in "?!:.,;" for line in lines):
            return last
    return None


def _signature(text: str, begin: int) -> Piece | None:
    """The last line or, on the last line, what follows the last sentence, where it reads like names."""
    stripped = text.rstrip()
    line = max(stripped.rfind("\n") + 1, begin)
    tail = line
    for stop in re.finditer(r"[.!?](?=\s)", stripped[line:]):
        if _ends(stripped, line, line + stop.end()):
            tail = line + stop.end()
    if tail == line == begin and begin == 0:
        return None
    said = _piece(text, tail, len(stripped))
    words = said.text.split()
    if not words or len(words) > MOST_SIGNING_WORDS or said.text[-1] in "?!:":
        return None
    if said.text[-1] == "." and line != tail:
        return None
    first = words[0].strip(",()")
    if not first[:1].isupper() or not _looks_signed(said.text):
        return None
    return said


def _looks_signed(said: str) -> bool:
    head = re.split(r",|\(|\s\d", said, maxsplit=1)[0].strip().rstrip(".")
    words = head.split()
    small = sum(not _NAME_WORD.match(word) for word in words)
    return bool(words) and (small == 0 or (small <= 2 and len(words) > small and not said.endswith(".")))


def _sentences(text: str, begin: int, end: int) -> Iterator[Piece]:
    start = begin
    for stop in _STOP.finditer(text, begin, end):
        if not _ends(text, start, stop.end()):
            continue
        yield from _some(text, start, stop.end())
        start = stop.end()
    yield from _some(text, start, end)


def _ends(text: str, start: int, stop: int) -> bool:
    """Whether a sentence ends at `stop`: not after Mr. or an initial, nor after a number's point in mid sentence."""
    if _SHORTENED.search(text[max(start, stop - 10) : stop]):
        return False
    numbered = text[max(stop - 2, start) : stop - 1].isdigit() and text[stop - 1 : stop] == "."
    return not (numbered and text[stop : stop + 2].strip()[:1].islower())


def _some(text: str, start: int, end: int) -> Iterator[Piece]:
    piece = _piece(text, start, end)
    if any(map(str.isalnum, piece.text)):
        yield piece


def _piece(text: str, start: int, end: int) -> Piece:
    """Without white space at either end."""
    said = text[start:end]
    start += len(said) - len(said.lstrip())
    said = said.strip()
    return Piece(start, start + len(said), said)
