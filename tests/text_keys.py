"""The catalogue of texts in a language of dots, for tests of what pages say beside it."""

from __future__ import annotations

import re

from occasion.service.pages.words import Words, words_in


def dotted() -> Words:
    """The catalogue in a language of dots: what letters are left on a page are not from it."""
    letters = re.compile(r"(\{\w+\})|[^\W\d_]")
    return Words(
        "en", {name: letters.sub(lambda m: m.group(1) or "·", text) for name, text in words_in().texts.items()}
    )
