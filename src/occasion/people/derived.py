"""What the traits of a party say about it in our own terms: its name, zone, locale, birthday, and that it died."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from occasion.errors import InputError
from occasion.events.convert import is_zone
from occasion.people.partial import read_partial

# Keys as they are compared: small letters and digits only, so that firstName, first_name and $first_name are one.
NAME = ("name", "fullname", "displayname", "fn")
FIRST = ("firstname", "givenname", "forename")
LAST = ("lastname", "familyname", "surname")
ZONE = ("timezone", "tz", "timezonename", "zone")
LOCALE = ("locale", "language", "lang", "preferredlanguage")
BIRTHDAY = ("birthday", "birthdate", "dateofbirth", "dob", "bday")
DECEASED = ("deceased", "died", "deceasedat", "dateofdeath", "deathdate")
SEARCHED = ("email", "emailaddress", "phone", "phonenumber", "mobile", "username", "company", "organization", "city")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}.*)")
OMITTED_YEAR = 1604  # what some address books write for a birthday without its year


@dataclass(frozen=True)
class Derived:
    """What follows from traits; None (or "") where they do not say."""

    name: str = ""
    zone: str | None = None
    locale: str | None = None
    birthday: str | None = None  # a partial date
    deceased: str | None = None  # a partial date, or "unknown"
    searched: str = ""  # texts a party is found by


def derive(traits: Mapping[str, Any]) -> Derived:
    """What the traits say; a value that cannot be read says nothing."""
    plain = {_key(key): value for key, value in traits.items()}
    stated = _text(plain, ZONE)
    zone = stated if stated and is_zone(stated) else None
    locale = _text(plain, LOCALE)
    birthday = next((plain[key] for key in BIRTHDAY if plain.get(key)), None)
    return Derived(
        name=_text(plain, NAME) or " ".join(filter(None, (_text(plain, FIRST), _text(plain, LAST)))),
        zone=zone,
        locale=locale.replace("_", "-") if locale and _LOCALE.fullmatch(locale) else None,
        birthday=None if birthday is None else civil_date(birthday, zone),
        deceased=_deceased(plain),
        searched=" ".join(filter(None, (_text(plain, (key,)) for key in SEARCHED))),
    )


def civil_date(value: Any, zone: str | None) -> str | None:
    """The date somebody meant by a trait, partial or full; None where that cannot be told.

    A date with a midnight is that date as written, whatever its offset. A time that is midnight in the party's own zone
    is a date that was turned into UTC on the way: it is turned back. Any other time of day is no date.

    >>> civil_date("1990-10-29T00:00:00Z", None), civil_date("1990-10-28T23:00:00.000Z", "Europe/Warsaw")
    ('1990-10-29', '1990-10-29')
    >>> civil_date("1990-10-28T23:00:00.000Z", None) is None
    True
    """
    if not isinstance(value, str):
        return None
    try:
        timed = _TIME.fullmatch(value.strip())
        if timed is None:
            return _without_omitted_year(value)
        at = datetime.fromisoformat(value.strip())
        if (at.hour, at.minute, at.second) == (0, 0, 0):
            return _without_omitted_year(timed[1])
        if at.tzinfo is None or zone is None:
            return None
        there = at.astimezone(ZoneInfo(zone))
        return there.date().isoformat() if (there.hour, there.minute, there.second) == (0, 0, 0) else None
    except (InputError, ValueError, OverflowError):
        return None


def _without_omitted_year(written: str) -> str:
    date = read_partial(written)
    return str(date)[4:].rjust(7, "-") if date.year == OMITTED_YEAR and date.month else str(date)


def _deceased(plain: Mapping[str, Any]) -> str | None:
    for key in DECEASED:
        value = plain.get(key)
        if value is True or (isinstance(value, str) and value.strip().lower() in ("true", "yes")):
            return "unknown"
        if isinstance(value, str) and value.strip():
            return civil_date(value.strip()[:10], None)
    return None


def _key(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())


def _text(plain: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    found = (plain.get(key) for key in keys)
    return next((" ".join(value.split())[:300] for value in found if isinstance(value, str) and value.strip()), "")
