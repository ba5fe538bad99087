"""Every word of the report and the terminal table, from one file a language.

A translation is a copy of templates/words.en.toml. A text that depends on a number has one entry for each form its
language has (`.one`, `.other` in English); `words("people", n=3)` picks.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from occasion.finding.report_numbers import whole


@dataclass(frozen=True)
class Words:
    """The texts of one language; call it with a text's name and what goes into its gaps."""

    language: str
    texts: dict[str, str]
    lists: dict[str, tuple[str, ...]]

    def __call__(self, name: str, /, n: int | None = None, **gaps: object) -> str:
        """The text of that name; `n` picks its form and may stand in it as `{n}`. KeyError for an unknown name."""
        if n is None:
            return self.texts[name].format(**gaps)
        return self.texts[f"{name}.{'one' if n == 1 else 'other'}"].format(n=whole(n), **gaps)


@cache
def words_in(language: str = "en") -> Words:
    """The texts in that language."""
    text = files("occasion.finding").joinpath(f"templates/words.{language}.toml").read_text(encoding="utf-8")
    texts: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    _flatten(tomllib.loads(text), "", texts, lists)
    return Words(language, texts, lists)


def _flatten(tree: dict[str, object], before: str, texts: dict[str, str], lists: dict[str, tuple[str, ...]]) -> None:
    for name, value in tree.items():
        if isinstance(value, dict):
            _flatten(value, f"{before}{name}.", texts, lists)
        elif isinstance(value, list):
            lists[before + name] = tuple(map(str, value))
        else:
            texts[before + name] = str(value)
