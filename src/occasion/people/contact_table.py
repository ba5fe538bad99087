"""A table of people (CSV and its kin): its columns guessed from their names, shown, and said with --map where wrong."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from occasion.errors import InputError
from occasion.people.contact import Contact, Reading, Refused
from occasion.people.details import KINDS as DETAIL_KINDS
from occasion.people.partial import read_partial
from occasion.people.parties import KINDS
from occasion.people.search import fold

Order = Literal["dmy", "mdy", "ymd"]
FIELDS = {
    "party": ("party", "id", "userid", "customerid", "clientid", "patientid", "externalid", "uid", "number",
              "klientid"),
    "name": ("name", "fullname", "displayname", "customer", "client", "patient", "contact", "imieinazwisko", "klient"),
    "first": ("first", "firstname", "givenname", "forename", "vorname", "imie", "prenom"),
    "last": ("last", "lastname", "familyname", "surname", "nachname", "nazwisko", "nom"),
    "email": ("email", "emailaddress", "mail", "emailaddress1", "email1value", "primaryemail"),
    "phone": ("phone", "phonenumber", "mobile", "mobilephone", "telephone", "tel", "cell", "telefon", "komorka",
              "phone1value", "primaryphone"),
    "birthday": ("birthday", "birthdate", "dateofbirth", "dob", "born", "geburtstag", "geburtsdatum", "dataurodzenia",
                 "urodziny"),
    "anniversary": ("anniversary", "weddinganniversary"),
    "deceased": ("deceased", "dateofdeath", "died"),
    "kind": ("kind", "partykind", "type"),
    "owner": ("owner", "accountmanager", "accountowner", "responsible", "opiekun"),
    "zone": ("zone", "timezone", "tz"),
    "locale": ("locale", "language", "lang", "jezyk", "sprache"),
    "channel": ("channel", "preferredchannel", "contactby", "preferredcontact"),
    "company": ("company", "organization", "organisation", "employer", "firma", "organizationname"),
    "title": ("title", "jobtitle", "position", "stanowisko"),
    "city": ("city", "town", "miasto", "stadt", "ort"),
    "address": ("address", "street", "streetaddress", "adres", "adresse", "anschrift"),
    "note": ("note", "notes", "comment", "comments", "remarks", "uwagi", "notatki", "notizen"),
}  # fmt: skip
DATES = ("birthday", "anniversary", "deceased")
TRAITS = ("company", "title", "city")
DELIMITERS = ",;\t|"
_DAY = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})")
_DAY_MONTH = re.compile(r"(\d{1,2})([./])(\d{1,2})\.?")


@dataclass(frozen=True)
class Columns:
    """What each column is, by its place: a key of FIELDS, `trait:KEY` or `detail:KIND`; `orders`: of dates."""

    header: tuple[str, ...]
    meaning: Mapping[int, str]
    orders: Mapping[int, Order]

    def notes(self) -> list[str]:
        """How the columns were read, a line each."""
        said = []
        for place, name in enumerate(self.header):
            meant = self.meaning.get(place)
            order = f" ({'.'.join(self.orders[place])})" if place in self.orders else ""
            said.append(f"{name or f'column {place + 1}'} → {meant or 'not used'}{order}")
        return said

    def mapping(self) -> str:
        """The same as a --map that says it."""
        ordered = ((meant, self.header[place], self.orders.get(place)) for place, meant in self.meaning.items())
        return ",".join(f"{meant}={name}" + (f":{order}" if order else "") for meant, name, order in ordered)


def read_table(data: bytes, mapping: str = "", encoding: str = "utf-8-sig") -> Reading:
    """The people of a table whose first row names its columns.

    `mapping`: "name=Full name,birthday=DOB:dmy,trait:colour=Colour,detail:preference=Likes"; what it leaves out is
    guessed, `-=Column` leaves a column out. Raises InputError when the file is no such table, or the mapping names
    a column or a field that there is not.
    """
    rows = _rows(data, encoding)
    if not rows:
        raise InputError("the file is empty: a table's first row names its columns")
    header = tuple(" ".join(cell.split()) for cell in rows[0][1])
    columns = _columns(header, mapping, [cells for _, cells in rows[1:]])
    reading = Reading(notes=columns.notes())
    for place, name in enumerate(header):
        if place not in columns.meaning:
            reading.left_out[name] = sum(1 for _, cells in rows[1:] if place < len(cells) and cells[place].strip())
    for line, cells in rows[1:]:
        if any(cell.strip() for cell in cells):
            _row(line, cells, columns, reading)
    return reading


def _rows(data: bytes, encoding: str) -> list[tuple[int, list[str]]]:
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise InputError(f"the file is not text in {encoding}: say --encoding (latin-1, cp1252, ...)") from None
    first = text.lstrip("\r\n").splitlines()[:1]
    delimiter = max(DELIMITERS, key=first[0].count) if first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[tuple[int, list[str]]] = []
    begun = 1
    try:
        for cells in reader:
            if cells:
                rows.append((begun, cells))
            begun = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"line {reader.line_num}: cannot be read as a table ({error})") from None
    return rows


def _columns(header: tuple[str, ...], mapping: str, rows: Sequence[Sequence[str]]) -> Columns:
    meaning: dict[int, str] = {}
    orders: dict[int, Order] = {}
    left: set[int] = set()
    for part in filter(None, (part.strip() for part in mapping.split(","))):
        field, _, rest = part.partition("=")
        name, order = rest, ""
        if rest not in header and ":" in rest:
            name, _, order = rest.rpartition(":")
        place = _place(name, header)
        if field.strip() == "-":
            left.add(place)
            continue
        meaning[place] = _field(field.strip())
        if order:
            orders[place] = _order(order)
    given = set(meaning.values())
    for place, name in enumerate(header):
        guessed = _guess(name)
        if place not in meaning and place not in left and guessed and guessed not in given:
            meaning[place] = guessed
            given.add(guessed)
    for place, field in meaning.items():
        if field in DATES and place not in orders:
            found = _guess_order([cells[place] for cells in rows if place < len(cells)])
            if found:
                orders[place] = found
    if not given & {"party", "name", "first", "last", "email", "phone"}:
        shown = ", ".join(header[:8])
        raise InputError(f"no column of {shown} names a person: say --map name=COLUMN (or party, email, phone)")
    return Columns(header, dict(sorted(meaning.items())), orders)


def _place(name: str, header: Sequence[str]) -> int:
    wanted = name.strip()
    if wanted in header:
        return header.index(wanted)
    if wanted.isdigit() and 1 <= int(wanted) <= len(header):
        return int(wanted) - 1
    raise InputError(f"--map: there is no column {wanted!r}; the columns are {', '.join(header)}")


def _field(field: str) -> str:
    head, _, tail = field.partition(":")
    if field in FIELDS or (head == "trait" and tail) or (head == "detail" and tail in DETAIL_KINDS):
        return field
    allowed = f"{', '.join(FIELDS)}, trait:KEY, detail:KIND ({', '.join(DETAIL_KINDS)})"
    raise InputError(f"--map: {field!r} is nothing a column can be; allowed are {allowed}, and - for none")


def _order(order: str) -> Order:
    if order not in get_args(Order):
        raise InputError(f"--map: {order!r} is no order of day, month and year; write dmy, mdy or ymd")
    return order  # type: ignore[return-value]


def _guess(name: str) -> str | None:
    plain = re.sub(r"[^a-z0-9]", "", fold(name))
    return next((field for field, names in FIELDS.items() if plain in names), None)


def _guess_order(values: Sequence[str]) -> Order | None:
    """The order of day and month that fits all dates of a column; None where two would, or none does."""
    found = [match for value in values if (match := _DAY.fullmatch(value.strip())) and len(match[1]) <= 2]
    if not found:
        return None
    if all(match[2] == "." for match in found):
        return "dmy"
    day_first = all(int(match[3]) <= 12 for match in found)
    month_first = all(int(match[1]) <= 12 for match in found)
    if day_first == month_first:
        return None
    return "dmy" if day_first else "mdy"


def _row(line: int, cells: Sequence[str], columns: Columns, reading: Reading) -> None:
    if len(cells) > len(columns.header):
        reason = f"has {len(cells)} cells where {len(columns.header)} are expected"
        reading.refused.append(Refused(line, "row", columns_shown(cells), reason))
        return
    given: dict[str, str] = {}
    contact = Contact(line)
    for place, field in columns.meaning.items():
        value = cells[place].strip() if place < len(cells) else ""
        if not value:
            continue
        if field in DATES:
            _dated(contact, field, value, columns.orders.get(place), reading)
        elif field.startswith("trait:") or field in TRAITS:
            contact.traits[field.removeprefix("trait:")] = value
        elif field.startswith("detail:") or field == "note":
            kind = "other" if field == "note" else field.removeprefix("detail:")
            contact.details.append((kind, " ".join(value.split())[:2000], None))  # type: ignore[arg-type]
        else:
            given[field] = value
    _plain(contact, given, reading)
    if contact.name or contact.party or contact.emails or contact.phones:
        reading.contacts.append(contact)
    else:
        reading.refused.append(
            Refused(line, "row", columns_shown(cells), "has neither name nor identity, mail or phone")
        )


def _plain(contact: Contact, given: Mapping[str, str], reading: Reading) -> None:
    contact.party = given.get("party", "")[:200]
    contact.name = given.get("name") or " ".join(filter(None, (given.get("first"), given.get("last"))))
    for part in re.split(r"[,;\s]+", given.get("email", "").lower()):
        if "@" in part:
            contact.emails.append(part)
        elif part:
            reading.refused.append(Refused(contact.line, "email", part, "is no mail address", whole=False))
    contact.phones = [part.strip() for part in re.split(r"[,;/]", given.get("phone", "")) if part.strip()]
    contact.addresses = [given["address"]] if "address" in given else []
    for name in ("zone", "locale", "channel", "owner"):
        setattr(contact, name, given.get(name, ""))
    kind = given.get("kind", "").lower()
    if kind in KINDS:
        contact.kind = kind
    elif kind:
        allowed = f"is none of {', '.join(KINDS)}"
        reading.refused.append(Refused(contact.line, "kind", kind, allowed, whole=False))


def _dated(contact: Contact, field: str, value: str, order: Order | None, reading: Reading) -> None:
    if field == "deceased" and fold(value) in ("yes", "true", "1", "x", "tak", "ja"):
        contact.deceased = "unknown"
        return
    if field == "deceased" and fold(value) in ("no", "false", "0", "nie", "nein"):
        return
    try:
        date_ = read_day(value, order)
    except InputError as error:
        reading.refused.append(Refused(contact.line, field, "", str(error), whole=False))
        return
    if field == "anniversary":
        contact.details.append(("date", "anniversary", date_))
    else:
        setattr(contact, field, date_)


def read_day(value: str, order: Order | None) -> str:
    """A date of a table as a partial date; `order` reads 3/4/1985. InputError where it cannot be told.

    >>> read_day("3.04.1985", "dmy"), read_day("1985-04-03 00:00:00", None), read_day("29.02.", "dmy")
    ('1985-04-03', '1985-04-03', '--02-29')
    """
    written = re.sub(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?$", "", value.strip())
    short = _DAY_MONTH.fullmatch(written)
    if short is not None and (order or short[2] == "."):
        day, month = (short[1], short[3]) if order != "mdy" else (short[3], short[1])
        return str(read_partial(f"--{int(month):02d}-{int(day):02d}"))
    match = _DAY.fullmatch(written)
    if match is None or (len(match[1]) == 4 and match[2] == "-"):
        return str(read_partial(written))
    if len(match[1]) == 4:
        order = "ymd"
    if order is None:
        raise InputError(
            f"date {written!r}: may be day or month first: say which with --map birthday=COLUMN:dmy or :mdy"
        )
    numbers = dict(zip(order, (match[1], match[3], match[4]), strict=True))
    if len(numbers["y"]) != 4:
        raise InputError(f"date {written!r}: has a year of {len(numbers['y'])} digits; write all four")
    try:
        return date(int(numbers["y"]), int(numbers["m"]), int(numbers["d"])).isoformat()
    except ValueError:
        raise InputError(f"date {written!r}: is no day there is, read as {'.'.join(order)}") from None


def columns_shown(cells: Sequence[str]) -> str:
    """The beginning of a row, to know it by."""
    return ",".join(cells)[:60]
