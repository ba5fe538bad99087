"""Who writes: a person by name, or an office."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from occasion.coach.firm import is_firm, squashed
from occasion.coach.pieces import Piece, pieces_of

Sender = Literal["person", "office", "nobody"]
_OFFICE = re.compile(
    r"\b(?:team|teams|desk|office|support|accounts?|accounting|administration|admin|customers?|clients?|service|services|"
    r"department|dept|no-?reply|notifications?|info|crew|billing|reception|system|cent(?:re|er)|newsletter|automatic|"
    r"automated|unattended|sales|marketing|ltd|limited|inc|llc|gmbh|plc|s\.a\.|lettings|practice|clinic|company|group|"
    r"homes|estates|properties|realty|solutions|partners|associates|bros|agency|bank|insurance|hotel|university|"
    r"board|bot|robot|mailer|management|everyone|everybody|all of us|staff|hr|helpdesk|dispatch|"
    r"zesp[oó]ł|biuro|dział|ksi[eę]gowo[sś][cć]|obsługa|klienta|firma|recepcja|gabinet|"
    r"equipo|atenci[oó]n|departamento|oficina|команда|отдел|служба|поддержка|администрация|бухгалтерия)\b|&",
    re.IGNORECASE,
)
_ADDED = re.compile(r"^(?:your|yours|cheers|regards|best|love|thanks|the|twój|twoja|su|ваш\w*)[,\s]+", re.IGNORECASE)
_FORMULA = re.compile(
    r"(?:(?:with|my|our) )?(?:(?:kind(?:est)?|best|warm(?:est)?|many|very best|all the|all my|all good) )?"
    r"(?:regards|wishes|greetings|thanks|thank you|best|love|sincerely|cheers)(?: again| in advance)?"
    r"|(?:yours )?(?:sincerely|faithfully|truly|ever)|yours|take care|(?:speak|talk|see you) soon|see you then"
    r"|(?:serdecznie )?pozdrawiamy?(?: serdecznie)?|z (?:poważaniem|wyrazami szacunku)|(?:un )?saludos?(?: cordiales)?"
    r"|(?:mit )?(?:freundlichen|freundliche|viele|herzliche|liebe|beste) grüße[n]?|с уважением|cordialement",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\s+(?:from|at|of|z|de|из)\s+.*$", re.IGNORECASE)
_NAME = re.compile(r"(?:(?:Dr|Prof|Mr|Mrs|Ms|Miss)\.?\s+)?[^\W\d_][\w'’.-]*(?:\s+[^\W\d_][\w'’.-]*){0,3}$")


def sender_of(
    text: str, by: str, names: Collection[str] = (), called: Collection[str] = ()
) -> tuple[Sender, Piece | None]:
    """Who writes, by the signature and else by `by`, and where it says so (None: nowhere in the text).

    `names`: those of colleagues and teams; a name that is only made of their family names, or stands in the name of an
    office, is the firm's. `called`: what the firm is called (coach/firm.py).

    >>> sender_of("Your crown is ready. Does Monday suit you? Nora", "nora.quist")[0]
    'person'
    >>> sender_of("Dear tenants, the roof is closed.\\n\\nAlder & Quay", "Carol Ives")[0]
    'office'
    """
    pieces = pieces_of(text)
    mine = squashed(by.partition("@")[0])  # a firm may be called as the person is whose it is
    firm = _Firm(_firm_words(names), tuple(one for one in called if one != mine))
    if pieces.signed is not None and not _FORMULA.fullmatch(pieces.signed.text.strip(" .,!")):
        person = _a_person_signs(pieces.signed.text, by, firm, names)
        return ("person" if person else "office"), pieces.signed
    here = _named_within(text, by)
    if here is not None:
        return "person", here
    if not by:
        return "nobody", None
    return ("person" if _a_person(by, firm, names) else "office"), None


@dataclass(frozen=True)
class _Firm:
    """The words of which names of the firm are made, and what it is called."""

    words: frozenset[str]
    called: tuple[str, ...]


def _a_person(said: str, firm: _Firm, names: Collection[str]) -> bool:
    """Whether any of the parts between commas is a person's name."""
    parts = [part for part in re.split(r",|\s\d", said) if part.strip() and not _FORMULA.fullmatch(part.strip(" .!"))]
    return any(_one_person(part, firm, names) for part in parts)


def _a_person_signs(said: str, by: str, firm: _Firm, names: Collection[str]) -> bool:
    """Whether a person signs: in the first line, or a colleague in one below it."""
    first, *more = [line.strip() for line in said.splitlines() if line.strip()]
    if _a_person(first, firm, names):
        return True
    ours = {word.lower() for name in (*_people(names), by) for word in re.findall(r"[^\W\d_]{3,}", name)} - firm.words
    return any(_a_person(line, firm, names) and ours & set(line.lower().split()) for line in more)


def _one_person(part: str, firm: _Firm, names: Collection[str]) -> bool:
    plain = _PLACE.sub("", _ADDED.sub("", part.strip().rstrip("."))).strip()
    if not plain or _OFFICE.search(plain) or not _NAME.match(plain):
        return False
    words = [word.strip(".").lower() for word in re.split(r"[\s.]+", plain) if word.strip(".")]
    given = {name.split()[0].lower() for name in _people(names)} | {
        word.lower() for name in _people(names) for word in name.split()[1:-1]
    }
    if words and words[0] in given:
        return True
    return not is_firm(plain, firm.called) and not all(word in firm.words for word in words)


def _firm_words(names: Iterable[str]) -> frozenset[str]:
    """Words of which names of the firm are made: those of offices, and family names of colleagues."""
    names = list(names)
    offices = {word.lower() for name in names if _OFFICE.search(name) for word in re.findall(r"\w+", name)}
    family = {name.split()[-1].lower() for name in _people(names) if len(name.split()) > 1}
    return frozenset(offices | family)


def _people(names: Iterable[str]) -> list[str]:
    """Names of people: no office's, and none that is only made of the others' family names."""
    named = [name for name in dict.fromkeys(names) if name.strip() and not _OFFICE.search(name)]
    family = {name: name.split()[-1].lower() for name in named if len(name.split()) > 1}
    return [
        name
        for name in named
        if not all(word.lower() in {last for other, last in family.items() if other != name} for word in name.split())
    ]


def _named_within(text: str, by: str) -> Piece | None:
    """Where the sender says "Nora here", "Nora from the desk" or "this is Nora"."""
    for word in re.findall(r"[^\W\d_]{3,}", by):
        found = re.search(
            rf"\b{re.escape(word)} (?:here|from the)\b|\b(?:this is|it's|it is) {re.escape(word)}\b", text
        )
        if found:
            return Piece(found.start(), found.end(), found.group())
    return None
