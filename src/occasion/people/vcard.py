"""vCard 3.0 and 4.0 (RFC 2426, RFC 6350), and what phones still write of 2.1: cards as contacts.

A card that cannot be read is refused with its line, and the others are read all the same. Pictures, sounds and keys
are left out, and said to be.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from occasion.errors import InputError
from occasion.people.contact import Contact, Reading, Refused
from occasion.people.derived import OMITTED_YEAR
from occasion.people.partial import PartialDate, read_partial

LONGEST = 1 << 20  # characters of an unfolded line
_LINE = re.compile(r"\r\n|\n|\r")
_NAME = re.compile(r"(?:(?P<group>[A-Za-z0-9-]+)\.)?(?P<name>[A-Za-z0-9-]+)")
_PARAM = re.compile(r';(?:([A-Za-z0-9-]+)=)?((?:"[^"]*"|[^":;,]*)(?:,(?:"[^"]*"|[^":;,]*))*)')
_ESCAPED = re.compile(r"\\(.)", re.S)
_PART = re.compile(r"((?:\\.|[^;])*)(?:;|$)", re.S)
_LABEL = re.compile(r"_\$!<(.*)>!\$_")
_DATE_TIME = re.compile(r"([\d-]+)T[\d:.Z+-]*")
SILENT = {
    "VERSION",
    "PRODID",
    "REV",
    "N",
    "FN",
    "X-ABLABEL",
    "END",
    "BEGIN",
    "SORT-STRING",
    "GENDER",
    "CLASS",
    "PROFILE",
}


@dataclass(frozen=True)
class _Property:
    """One line of a card, unfolded."""

    line: int
    group: str
    name: str
    params: dict[str, list[str]]
    value: str

    @property
    def types(self) -> set[str]:
        return {kind.lower() for kind in self.params.get("TYPE", [])}

    @property
    def preference(self) -> int:
        """1 first; what 3.0 marks `pref` is first too."""
        given = self.params.get("PREF", [""])[0]
        return int(given) if given.isdigit() else 1 if "pref" in self.types else 101


def read_vcard(data: bytes, encoding: str = "utf-8-sig") -> Reading:
    """The cards of a file. InputError when it is not text in this encoding, or holds no card."""
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise InputError(f"the file is not text in {encoding}: say --encoding (latin-1, cp1252, ...)") from None
    reading = Reading()
    for line, lines in _cards(text, reading):
        try:
            _contact([_property(at, content) for at, content in lines], line, reading)
        except InputError as error:
            reading.refused.append(Refused(line, "card", "", str(error)))
    if not reading.contacts and not reading.refused:
        raise InputError("the file holds no card: a vCard begins with BEGIN:VCARD")
    return reading


def _cards(text: str, reading: Reading) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    """The unfolded lines between BEGIN and END, with where they begin."""
    card: list[tuple[int, str]] | None = None
    begun = 0
    for line, content in _unfolded(text):
        mark = content.replace(" ", "").upper()
        if mark == "BEGIN:VCARD":
            if card is not None:
                reading.refused.append(Refused(begun, "card", "", "has no END:VCARD"))
            card, begun = [], line
        elif card is None:
            if content.strip():
                reading.refused.append(Refused(line, "line", content[:60], "stands outside a card"))
        elif mark == "END:VCARD":
            yield begun, card
            card = None
        elif content.strip():
            card.append((line, content))
    if card is not None:
        reading.refused.append(Refused(begun, "card", "", "has no END:VCARD: the file is cut off"))


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first; a 2.1 quoted-printable line goes on after a `=` at its end."""
    held: list[str] = []
    begun, soft = 1, False
    for number, line in enumerate(_LINE.split(text), 1):
        if held and (soft or line[:1] in (" ", "\t")):
            held.append(line if soft else line[1:])
        else:
            if held:
                yield begun, "".join(held)
            held, begun = [line], number
        soft = line.endswith("=") and "QUOTED-PRINTABLE" in held[0].upper().split(":")[0]
        if soft:
            held[-1] = held[-1][:-1]
    if held:
        yield begun, "".join(held)


def _property(line: int, content: str) -> _Property:
    name = _NAME.match(content)
    if name is None or len(content) > LONGEST:
        raise InputError(f"line {line} {content[:40]!r} is no property; it reads NAME:value")
    params: dict[str, list[str]] = {}
    end = name.end()
    while (param := _PARAM.match(content, end)) is not None and param.end() > end:
        key = (param[1] or "TYPE").upper()  # 2.1 writes TEL;HOME
        params.setdefault(key, []).extend(_param(part) for part in re.findall(r'"[^"]*"|[^,]+', param[2]))
        end = param.end()
    if content[end : end + 1] != ":":
        raise InputError(f"line {line} {content[:40]!r} has no value; it reads NAME:value")
    value = content[end + 1 :]
    if "QUOTED-PRINTABLE" in {p.upper() for p in params.get("ENCODING", []) + params.get("TYPE", [])}:
        charset = params.get("CHARSET", ["utf-8"])[0]
        try:
            value = quopri.decodestring(value.encode("utf-8", "replace")).decode(charset, "replace")
        except LookupError:
            raise InputError(f"line {line} has the unknown CHARSET {charset[:20]!r}") from None
    return _Property(line, name["group"] or "", name["name"].upper(), params, value)


def _param(part: str) -> str:
    plain = part.strip('"')
    return plain.replace("^n", "\n").replace("^'", '"').replace("^^", "^")


def _text(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _parts(value: str) -> list[str]:
    """The parts of a structured value, unescaped; there may be empty ones at the end."""
    return [_text(part) for part in _PART.findall(value)]


def _contact(card: Sequence[_Property], line: int, reading: Reading) -> None:
    by_name: dict[str, list[_Property]] = {}
    for one in sorted(card, key=lambda one: one.preference):
        by_name.setdefault(one.name, []).append(one)
    kind = next((p.value.strip().lower() for p in by_name.get("KIND", by_name.get("X-ADDRESSBOOKSERVER-KIND", []))), "")
    if kind == "group":
        reading.refused.append(Refused(line, "card", "", "is a group of cards, not somebody"))
        return
    contact = Contact(line, name=_full_name(by_name))
    labels = {p.group: _label(p.value) for p in by_name.get("X-ABLABEL", []) if p.group}
    for name, properties in by_name.items():
        for one in properties:
            take = TAKEN.get(name)
            if take is not None:
                take(contact, one, labels.get(one.group, ""), reading)
            elif name not in SILENT and name not in ("KIND", "X-ADDRESSBOOKSERVER-KIND"):
                reading.left_out[name] += 1
    if not (contact.name or contact.uid or contact.emails or contact.phones):
        raise InputError("has neither name nor identity, mail or phone: nobody to tell them by")
    reading.contacts.append(contact)


def _full_name(by_name: dict[str, list[_Property]]) -> str:
    for one in by_name.get("FN", []):
        if _text(one.value):
            return " ".join(_text(one.value).split())
    for one in by_name.get("N", []):
        last, first, middle, *_ = [*_parts(one.value), "", "", ""]
        if first or last:
            return " ".join(f"{first} {middle} {last}".split())
    return next((" ".join(_parts(one.value)).strip() for one in by_name.get("ORG", [])), "")


def _label(value: str) -> str:
    found = _LABEL.fullmatch(value.strip())
    return (found[1] if found else value).strip().lower()


def _date(one: _Property, what: str, reading: Reading) -> str | None:
    """The date of a property as it is written; a time of day beside it is left out, never reckoned with."""
    written = _text(one.value)
    if "text" in {kind.lower() for kind in one.params.get("VALUE", [])}:
        reading.refused.append(Refused(one.line, what, written, "is words, not a date", whole=False))
        return None
    timed = _DATE_TIME.fullmatch(written)
    try:
        date = read_partial(timed[1] if timed else written)
    except InputError as error:
        reading.refused.append(Refused(one.line, what, "", str(error), whole=False))
        return None
    omitted = one.params.get("X-APPLE-OMIT-YEAR", [str(OMITTED_YEAR)])[0]
    if str(date.year) == omitted and date.month is not None:
        date = PartialDate(None, date.month, date.day)
    return str(date)


Take = Callable[[Contact, _Property, str, Reading], None]


def _dated(what: str) -> Take:
    def take(contact: Contact, one: _Property, label: str, reading: Reading) -> None:
        date = _date(one, what, reading)
        if date is not None:
            contact.details.append(("date", what, date))

    return take


def _trait(key: str) -> Take:
    def take(contact: Contact, one: _Property, label: str, reading: Reading) -> None:
        text = ", ".join(part for part in _parts(one.value) if part)
        if text:
            contact.traits.setdefault(key, text)

    return take


def _noted(kind: str) -> Take:
    def take(contact: Contact, one: _Property, label: str, reading: Reading) -> None:
        if _text(one.value):
            contact.details.append((kind, " ".join(_text(one.value).split())[:2000], None))  # type: ignore[arg-type]

    return take


def _birthday(contact: Contact, one: _Property, label: str, reading: Reading) -> None:
    contact.birthday = contact.birthday or _date(one, "birthday", reading)


def _died(contact: Contact, one: _Property, label: str, reading: Reading) -> None:
    contact.deceased = _date(one, "date of death", reading) or "unknown"


def _abdate(contact: Contact, one: _Property, label: str, reading: Reading) -> None:
    _dated(label or "date")(contact, one, label, reading)


def _mail(contact: Contact, one: _Property, label: str, reading: Reading) -> None:
    address = _text(one.value).removeprefix("mailto:").lower()
    if "@" not in address:
        reading.refused.append(Refused(one.line, "email", address, "is no mail address", whole=False))
    elif address not in contact.emails:
        contact.emails.append(address)


def _phone(contact: Contact, one: _Property, label: str, reading: Reading) -> None:
    number = _text(one.value).removeprefix("tel:")
    if number and number not in contact.phones:
        contact.phones.append(number)


def _address(contact: Contact, one: _Property, label: str, reading: Reading) -> None:
    written = ", ".join(" ".join(part.split()) for part in _parts(one.value) if part)
    if written and written not in contact.addresses:
        contact.addresses.append(written)


def _uid(contact: Contact, one: _Property, label: str, reading: Reading) -> None:
    contact.uid = contact.uid or _text(one.value).removeprefix("urn:uuid:")[:200]


def _zone(contact: Contact, one: _Property, label: str, reading: Reading) -> None:
    contact.zone = contact.zone or _text(one.value)


def _locale(contact: Contact, one: _Property, label: str, reading: Reading) -> None:
    contact.locale = contact.locale or _text(one.value)


def _related(contact: Contact, one: _Property, label: str, reading: Reading) -> None:
    if "text" not in {kind.lower() for kind in one.params.get("VALUE", ["text"])} or ":" in one.value.split(" ")[0]:
        reading.left_out[one.name] += 1
        return
    how = label or ", ".join(sorted(one.types - {"pref"})) or "related"
    contact.details.append(("family", f"{how}: {_text(one.value)}"[:2000], None))


TAKEN: dict[str, Take] = {
    "UID": _uid, "EMAIL": _mail, "TEL": _phone, "ADR": _address, "BDAY": _birthday, "DEATHDATE": _died,
    "ANNIVERSARY": _dated("anniversary"), "X-ANNIVERSARY": _dated("anniversary"), "X-ABDATE": _abdate, "TZ": _zone,
    "LANG": _locale, "ORG": _trait("company"), "TITLE": _trait("title"), "ROLE": _trait("role"), "URL": _trait("url"),
    "NICKNAME": _trait("nickname"), "CATEGORIES": _trait("categories"), "NOTE": _noted("other"),
    "HOBBY": _noted("preference"), "INTEREST": _noted("preference"), "RELATED": _related, "X-SPOUSE": _related,
    "X-ABRELATEDNAMES": _related,
}  # fmt: skip
