"""Every word of the pages, one file a language: `service/text/en.toml`, the desk's own sentences under `said.`, and
those of the coach under `coach.says.` (desk/texts.py and coach/said.py have their English).

A translation is a copy with the same keys. What stands in {curly brackets} is filled in. A text that depends on a
number has one entry for each plural category its language has (CLDR: `.one`, `.few`, `.many`, `.other`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from babel import Locale
from markupsafe import Markup, escape

from occasion.coach.said import english
from occasion.desk.texts import ENGLISH
from occasion.errors import InputError

LANGUAGES = ("en",)
SAYS = "coach.says."  # before the keys of what the coach says


@dataclass(frozen=True)
class Words:
    """The texts of one language. What comes out is markup: texts and gaps are escaped, gaps that are markup are not."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, name: str, count: float | None = None, /, **gaps: object) -> Markup:
        """The text of that name; `count` picks its plural form. KeyError for a name that is not in the catalogue."""
        if count is not None:
            name = self.plural(name, count)
        return Markup(escape(self.texts[name])).format(**gaps)

    def plural(self, name: str, n: float) -> str:
        """The name of the form for a number; the name itself where the text has no forms."""
        if name in self.texts:
            return name
        form = f"{name}.{Locale.parse(self.language).plural_form(n)}"
        return form if form in self.texts else f"{name}.other"


@cache
def words_in(language: str = "en") -> Words:
    """The texts in that language."""
    if language not in LANGUAGES:
        raise InputError(f"language {language!r}: there is no text in it; there is {', '.join(LANGUAGES)}")
    text = files("occasion.service").joinpath(f"text/{language}.toml").read_text(encoding="utf-8")
    texts = {f"said.{key}": said for key, said in ENGLISH.items()} if language == "en" else {}
    texts |= {f"{SAYS}{key}": said for key, said in english().items()} if language == "en" else {}
    return Words(language, {**texts, **flatten(tomllib.loads(text))})


def flatten(tree: Mapping[str, object], before: str = "") -> dict[str, str]:
    """Nested tables as one mapping of dotted names.

    >>> flatten({"today": {"title": "Today"}})
    {'today.title': 'Today'}
    """
    texts: dict[str, str] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            texts |= flatten(value, f"{before}{name}.")
        else:
            texts[before + name] = str(value)
    return texts
