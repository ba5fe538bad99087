"""HTML of a mail as plain text: lines as a reader sees them, quotations marked with ">".

Reads in time proportional to the length of whatever it is given, which the parsers of the standard library do not.
"""

from __future__ import annotations

import html
import re
from collections import Counter

_BLOCKS = "p div br tr table ul ol li h1 h2 h3 h4 h5 h6 pre blockquote hr section article header footer center dl dt dd"
_VOID = "br hr img input meta link area base col embed source track wbr"
BLOCKS, VOID = frozenset(_BLOCKS.split()), frozenset(_VOID.split())
PARAGRAPHS = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "pre", "blockquote"))
RAW = frozenset(("script", "style", "title", "textarea"))  # what they hold is no markup
UNSEEN = frozenset(("head", "template", "noscript", "svg", "math", "object", "select"))
HIDDEN = re.compile(r"display\s{0,9}:\s{0,9}none|mso-hide\s{0,9}:\s{0,9}all", re.IGNORECASE)
TAG = re.compile(r"""<(/?)([a-zA-Z][a-zA-Z0-9:_-]*+)((?:[^<>"']|"[^"<]*+"|'[^'<]*+'|["'])*+)>""")
MOST = 400_000  # characters of text
DEEPEST = 500


class _Text:
    """Takes tags and texts in order; `lines` are the text so far."""

    def __init__(self) -> None:
        self.lines: list[str] = [""]
        self.open: list[tuple[str, bool]] = []  # tags that are open, and whether each hides what it holds
        self.counts = Counter[str]()
        self.hidden = self.size = 0

    def begin(self, tag: str, attributes: str) -> None:
        if tag in BLOCKS:
            self._line()
        if tag in VOID or len(self.open) >= DEEPEST:
            return
        hides = tag in UNSEEN or bool(HIDDEN.search(attributes))
        self.open.append((tag, hides))
        self.counts[tag] += 1
        self.hidden += hides
        if tag == "li":
            self._add("- ")

    def end(self, tag: str) -> None:
        if self.counts[tag]:
            name = ""
            while name != tag:
                name, hid = self.open.pop()
                self.counts[name] -= 1
                self.hidden -= hid
        if tag in BLOCKS:
            self._line()
            if tag in PARAGRAPHS and self.lines[-1] == "" and len(self.lines) > 1 and self.lines[-2]:
                self.lines.append("")

    def data(self, data: str) -> None:
        if self.hidden or self.size > MOST:
            return
        self.size += len(data)
        text = re.sub(r"\s+", " ", html.unescape(data).replace("\u00a0", " "))
        if self.lines[-1].strip(" >") == "":
            text = text.lstrip(" ")
        if text:
            self._add(text)

    def _add(self, text: str) -> None:
        if not self.hidden:
            self.lines[-1] = (self.lines[-1] or "> " * min(self.counts["blockquote"], 9)) + text

    def _line(self) -> None:
        if self.lines[-1] != "":
            self.lines.append("")


def html_text(markup: str) -> str:
    """The text of a piece of HTML, however broken; scripts, styles and what is hidden are left out.

    >>> html_text("<p>Yes &amp; no<br>Ann</p><blockquote>Friday?</blockquote>")
    'Yes & no\\nAnn\\n\\n> Friday?'
    """
    reader, at, lower = _Text(), 0, ""
    while at < len(markup):
        opens = markup.find("<", at)
        reader.data(markup[at : opens if opens >= 0 else len(markup)])
        if opens < 0:
            break
        if tag := TAG.match(markup, opens):
            name, at = tag[2].lower(), tag.end()
            if tag[1]:
                reader.end(name)
            elif name in RAW and not tag[3].endswith("/"):
                lower = lower or markup.lower()
                at = _after(lower, f"</{name}", at)
                at = _after(lower, ">", at) if at < len(lower) else at
            else:
                reader.begin(name, tag[3])
        elif markup.startswith("<!--", opens):
            at = _after(markup, "-->", opens)
        elif markup.startswith(("<!", "<?"), opens):
            at = _after(markup, ">", opens)
        else:
            reader.data("<")
            at = opens + 1
    lines = (re.sub(r"[ \u200b\u200c\ufeff]+", " ", line).rstrip() for line in reader.lines)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _after(text: str, mark: str, start: int) -> int:
    """Just after the next mark; the end where there is none."""
    found = text.find(mark, start)
    return len(text) if found < 0 else found + len(mark)
