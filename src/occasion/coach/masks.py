"""Other names for a message somebody practises on: the same person is called the same everywhere, and nobody by theirs.

What is replaced: the party's name, whom a text greets, who is named as their kin or animal ("your daughter Zofia"),
mail addresses, telephone numbers, identities, what systems say of company and address, and capitalised words inside
sentences of what is remembered about them (their people and places). What is not: any other name that stands nowhere
in their file, and the names of colleagues, whose message it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from occasion.coach.firm import firm_words
from occasion.coach.pieces import pieces_of
from occasion.coach.reading import Known, Part, Reading, Span

FIRST = (
    *("Robin", "Alex", "Noor", "Kim", "Sascha", "Toni", "Jules", "Marlin", "Ellis", "Quinn", "Rowan", "Sunny"),
    *("Ariel", "Mika", "Charlie", "Dominique", "Frankie", "Jamie", "Kay", "Lesley", "Morgan", "Pat", "Sam", "Vale"),
)
LAST = (
    *("Hollis", "Brandt", "Okoye", "Lindgren", "Varga", "Moreau", "Castell", "Fairley", "Norden", "Ashby", "Keller"),
    *("Tamm", "Rossi", "Dunmore", "Halloran", "Pereira", "Sorel", "Wickham", "Zeller", "Eklund", "Marsh", "Corey"),
)
NAME_KEYS = ("name", "fullname", "displayname", "firstname", "givenname", "lastname", "familyname", "surname")
PLACE_KEYS = ("company", "organization", "organisation", "employer", "address", "street", "city", "town")
PLACES = ("Harrow & Lane", "Mill Lane 12", "Ashford", "Linden Works", "Quay Street 4", "Norburg", "Weston & Co")
SHORTEST = 2  # letters of a name that is looked for
NO_NAMES = frozenset(
    (
        *("i", "mr", "mrs", "ms", "miss", "dr", "prof", "dear", "hello", "hi", "sms", "pc", "tv", "ok", "gp"),
        *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march"),
        *("april", "may", "june", "july", "august", "september", "october", "november", "december", "easter"),
        *("english", "french", "german", "polish", "spanish", "russian", "uk", "eu", "usa", "nhs", "mri", "christmas"),
    )
)
HELLO = frozenset(
    "dear hello hi hey hiya good morning afternoon evening day all everyone everybody sir madam team folks".split()  # noqa: SIM905
)
_KIN = re.compile(
    r"\b(?:son|daughter|child|baby|wife|husband|partner|mother|father|mum|mom|dad|sister|brother|grand(?:son|daughter|mother|"
    r"father|ma|pa)|aunt|uncle|niece|nephew|cousin|friend|neighbour|neighbor|dog|cat|horse|puppy|kitten),? "
    r"((?-i:[A-ZÀ-ŽА-Я])[^\W\d_]+)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<!\w)\+?\(?\d[\d ()/.-]{7,}\d(?!\w)")
_SENTENCE = re.compile(r"(?:^|[.!?:;\n]\s*|[\"“(]\s*)$")


@dataclass(frozen=True)
class Swapped:
    """A text with some pieces replaced. `pieces`: (start, end) before and (start, end) after, in order."""

    text: str
    pieces: tuple[tuple[int, int, int, int], ...]

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Where characters of the text stood before; what touches a replaced piece takes in all of it."""
        return self._place(start, False), self._place(end, True)

    def _place(self, at: int, ends: bool) -> int:
        moved = 0
        for begin, end, new_begin, new_end in self.pieces:
            if at < new_begin or (at == new_begin and not ends):
                break
            if at < new_end or (at == new_end and ends):
                return (end if at > new_begin else begin) if ends else begin
            moved = end - new_end
        return at + moved


@dataclass(frozen=True)
class Masks:
    """Names as they are and what stands for each; `hide` and `reveal` undo each other."""

    names: Mapping[str, str]

    def hide(self, text: str) -> str:
        """The text with every name replaced."""
        return _swapped(text, self.names).text

    def reveal(self, text: str) -> Swapped:
        """The text with the names as they are; its pieces lead back to the text as given."""
        return _swapped(text, {shown: real for real, shown in self.names.items()})

    def reading(self, reading: Reading, text: Swapped) -> Reading:
        """A reading of the revealed text as one of the text before: other names, spans in their place."""
        parts = tuple(self._part(part, text) for part in reading.parts)
        return replace(
            reading,
            why=self.hide(reading.why),
            parts=parts,
            changes=tuple(one.with_texts(self.hide) for one in reading.changes),
            unjudged=tuple(one.with_texts(self.hide) for one in reading.unjudged),
            question=reading.question.with_texts(self.hide),
            said={},
        )

    def _part(self, part: Part, text: Swapped) -> Part:
        spans = tuple(Span(*text.back(one.start, one.end), one.why.with_texts(self.hide)) for one in part.spans)
        changes = tuple(one.with_texts(self.hide) for one in part.changes)
        unjudged = tuple(one.with_texts(self.hide) for one in part.unjudged)
        return replace(
            part, why=part.why.with_texts(self.hide), spans=spans, changes=changes, unjudged=unjudged, facts={}
        )


def masks_for(known: Known, texts: Iterable[str], seed: str) -> Masks:
    """What to call everybody of a file. `texts`: the message and whatever else is shown; `seed`: the same gives the
    same names. No name is chosen that stands in any of them.
    """
    said = [*texts, *(one.text for one in known.details)]
    taken = {word.casefold() for text in said for word in _WORD.findall(text)}
    names: dict[str, str] = {}
    first, last = _Choice(FIRST, seed, taken), _Choice(LAST, seed, taken)
    own = [part for one in _own_names(known) for part in _WORD.findall(one)]
    for i, name in enumerate(dict.fromkeys(own)):
        if len(name) >= SHORTEST and name.casefold() not in NO_NAMES:
            names[name] = (first if i == 0 else last).next()
    ours = {word.casefold() for name in known.names for word in _WORD.findall(name)}
    ours |= {word for text in said for word in firm_words(text, known.firm)}
    for name in [*_greeted(said), *_other_names(known), *_kin(said)]:
        if len(name) >= SHORTEST and name.casefold() not in ours | NO_NAMES | {one.casefold() for one in names}:
            names[name] = first.next()
    places = _Choice(PLACES, seed, taken)
    for value in _values(known.traits, PLACE_KEYS):
        names.setdefault(value, places.next())
    for i, mail in enumerate(_found(_MAIL, [*said, *map(str, known.traits.values())])):
        names.setdefault(mail, f"mail{i + 1}@example.org")
    for i, phone in enumerate(_found(_PHONE, [*said, *map(str, known.traits.values())])):
        names.setdefault(phone, f"555 01{i:02d} 000")
    for i, identity in enumerate(known.party.identities):
        if len(identity) > SHORTEST and identity.casefold() not in {one.casefold() for one in names}:
            names[identity] = f"id-{i + 1}"
    return Masks(names)


class _Choice:
    """Names from a list in an order that the seed gives, without those that are taken."""

    def __init__(self, names: Sequence[str], seed: str, taken: set[str]) -> None:
        free = [name for name in names if name.casefold() not in taken]
        self._names = sorted(free, key=lambda name: hashlib.blake2b(f"{seed}:{name}".encode()).digest())
        self._count = 0

    def next(self) -> str:
        self._count += 1
        if self._count <= len(self._names):
            return self._names[self._count - 1]
        return f"Person{self._count}"


def _own_names(known: Known) -> list[str]:
    return [name for name in (known.party.name, *_values(known.traits, NAME_KEYS)) if name]


def _values(traits: Mapping[str, str], keys: Sequence[str]) -> list[str]:
    plain = {re.sub(r"[^a-z]", "", key.lower()): str(value).strip() for key, value in traits.items()}
    return [plain[key] for key in keys if len(plain.get(key, "")) > SHORTEST]


def _greeted(texts: Iterable[str]) -> list[str]:
    """Whom a text greets, as far as capital letters tell."""
    greetings = (pieces_of(text).greeting for text in texts)
    words = [word for one in greetings if one is not None for word in _WORD.findall(one.text)]
    return [word for word in words if word[0].isupper() and word.casefold() not in HELLO]


def _kin(texts: Iterable[str]) -> list[str]:
    """Who is named as somebody of theirs."""
    return [match[1] for text in texts for match in _KIN.finditer(text)]


def _other_names(known: Known) -> list[str]:
    """Capitalised words inside the sentences of details: their people, animals and places."""
    found: dict[str, None] = {}
    for detail in known.details:
        for match in _WORD.finditer(detail.text):
            word = match.group().removesuffix("'s").removesuffix("’s")
            if word[0].isupper() and len(word) > SHORTEST and not _SENTENCE.search(detail.text[: match.start()]):
                found[word] = None
    return list(found)


def _found(pattern: re.Pattern[str], texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(match.group() for text in texts for match in pattern.finditer(text)))


def _swapped(text: str, names: Mapping[str, str]) -> Swapped:
    if not names:
        return Swapped(text, ())
    longest = sorted(names, key=lambda name: (-len(name), name))
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest)) + r")(?!\w)", re.IGNORECASE)
    folded = {name.casefold(): (name, said) for name, said in names.items()}
    out: list[str] = []
    pieces: list[tuple[int, int, int, int]] = []
    at = length = 0
    for match in pattern.finditer(text):
        real, said = folded.get(match.group().casefold(), (match.group(), match.group()))
        if match.group().islower() and not real.islower():
            continue  # "a long walk" with Ms Long
        said = said.upper() if len(match.group()) > 1 and match.group().isupper() and not real.isupper() else said
        kept = text[at : match.start()]
        length += len(kept)
        out += [kept, said]
        pieces.append((match.start(), match.end(), length, length + len(said)))
        length, at = length + len(said), match.end()
    return Swapped("".join(out) + text[at:], tuple(pieces))
