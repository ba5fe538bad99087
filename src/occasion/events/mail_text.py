"""What somebody wrote in a mail: without what is quoted from others, the signature and the telephone's own line."""

from __future__ import annotations

import re
from collections.abc import Sequence

# What the line above a quotation says, in the words of several languages: "On Mon, 2 Mar 2026 at 10:15, Ann wrote:".
_VERB = r"(?:wrote|writes|pisze|napisał(?:a|\(a\))?|escribió|schrieb|a écrit|ha scritto|(?:на)?писал(?:а|\(а\))?|пишет)"
_WROTE = re.compile(rf"\b{_VERB}(?:\s+(?:am|um|w dniu)\b[^:]*)?\s*:$|\bschrieb\b.*:$", re.IGNORECASE)
_BEGINS = re.compile(
    r"(?:On|W dniu|Dnia|El|Am|Le|Il|В)\b|[^\W\d]{2,4}\.?,? \d|\d{1,4}[./-]\d|[^<>]{3,80}<", re.IGNORECASE
)
_ADDRESSED = re.compile(r"<[^<>\s@]+@[^<>\s@]+>")
_DIGIT = re.compile(r"\d")
_RULE = re.compile(
    r"""(?:[-_]{2,}\s*)?(?:original\ message|forwarded\ (?:message|by)|begin\ forwarded\ message
      |wiadomość\ oryginalna|(?:przekazana|dalej\ przesłana|treść\ oryginalnej)\ wiadomoś[ćci]+
      |mensaje\ (?:original|reenviado)
      |исходное\ сообщение|(?:пересылаемое|пересланное)\ сообщение|(?:начало\ переадресованного\ сообщения)
      |ursprüngliche\ nachricht|weitergeleitete\ nachricht|message\ (?:d'origine|transféré))\b(?:.{0,80}[-_:]|$)""",
    re.VERBOSE | re.IGNORECASE,
)
_FROM = re.compile(r"\*?(?:From|Od|De|От|Von|Da)\*?\s?:\*?\s*\S", re.IGNORECASE)
_OTHERS = re.compile(
    r"\*?(?:Sent|Date|To|Cc|Subject|Wysłano|Data|Do|DW|Temat|Enviado(?: el)?|Fecha|Para|Asunto|CC|Отправлено|Дата|Кому"
    r"|Копия|Тема|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Inviato|A|Oggetto)\*?\s?:\*?",
    re.IGNORECASE,
)
_FOOTER = re.compile(
    r"""(?:sent\ (?:from|via)\ \S.{0,60}|sent\ with\ (?:proton|spark|airmail|superhuman).{0,40}
      |get\ outlook\ for\ .{2,60}|wysłan[oey]\ z\ .{2,60}|pobierz\ (?:program\ )?outlook.{0,60}
      |enviado\ desde\ .{2,60}|obtener\ outlook.{0,60}|отправлено\ (?:с|из)\ .{2,60}|скачать\ outlook.{0,60}
      |von\ mein\w*\ .{2,60}\ gesendet|gesendet\ (?:von|mit)\ .{2,60}|outlook\ für\ .{2,60}
      |holen\ sie\ sich\ outlook.{0,60}|diese\ nachricht\ wurde\ von\ mein\w*\ .{2,80}\ gesendet)\.?$""",
    re.VERBOSE | re.IGNORECASE,
)
_RULER = re.compile(r"[_-]{5,}")
_DELIMITER = re.compile(r"--\s*+$")
_QUOTED = re.compile(r"^\s{0,3}>")
LINES = 20_000  # of a body; the rest is left out
LONGEST = 400  # characters that a line above a quotation may have


def own_words(text: str) -> str:
    """The part of a mail's text that its writer wrote.

    >>> own_words("Yes, Friday is fine.\\n\\nOn Mon, 2 Mar 2026 at 10:15, Ann <a@b.example> wrote:\\n> Friday?\\n")
    'Yes, Friday is fine.'
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:LINES]
    kept = _without_quotes(lines)
    kept = _without_signature(kept)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in kept)).strip()


def _without_quotes(lines: Sequence[str]) -> list[str]:
    """Quoted lines go, with the line that names whom they quote; from a block of headers on all goes."""
    kept: list[str] = []
    bare = [line.strip() if len(line) <= LONGEST else "" for line in lines]  # a paragraph is none of what is looked for
    at = 0
    while at < len(lines):
        if _QUOTED.match(lines[at]):
            at += 1
            continue
        if _RULE.match(bare[at]) or _is_block(bare, at):
            break
        if size := _attribution(bare, at):
            after = next((i for i in range(at + size, len(lines)) if lines[i].strip()), len(lines))
            if after < len(lines) and not _QUOTED.match(lines[after]):
                break  # what it quotes is not marked: all the rest
            at = after
            continue
        kept.append(lines[at])
        at += 1
    return kept


def _attribution(bare: Sequence[str], at: int) -> int:
    """How many lines from here on say who wrote what follows: 0 to 3."""
    for size in (1, 2, 3):
        part = bare[at : at + size]
        if len(part) < size or not part[-1]:
            return 0
        if not part[-1].endswith(":"):
            continue
        joined = " ".join(part)
        if len(joined) <= LONGEST and (size == 1 or _BEGINS.match(joined)) and _says_who_wrote(joined):
            return size
    return 0


def _says_who_wrote(line: str) -> bool:
    addressed, dated = bool(_ADDRESSED.search(line)), bool(_DIGIT.search(line))
    return (addressed and dated) or ((addressed or dated) and bool(_WROTE.search(line)))


def _is_block(bare: Sequence[str], at: int) -> bool:
    """Whether the headers of another mail begin here: From, and two of Sent, To, Subject in the next lines."""
    if not _FROM.match(bare[at]):
        return False
    return sum(bool(_OTHERS.match(line)) for line in bare[at + 1 : at + 8]) >= 2


def _without_signature(lines: Sequence[str]) -> list[str]:
    """Up to the delimiter of a signature, and without what a telephone adds at the end; a rule of Outlook goes too."""
    ends = next(
        (i for i, line in enumerate(lines) if _DELIMITER.match(line) and any(x.strip() for x in lines[:i])), None
    )
    kept = list(lines[:ends])
    while kept and (not (last := kept[-1].strip()) or _RULER.fullmatch(last) or _is_footer(last)):
        kept.pop()
    return kept


def _is_footer(line: str) -> bool:
    return len(line) <= LONGEST and bool(_FOOTER.match(line))


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Text of `format=flowed` with its paragraphs on one line each.

    >>> unflow("a long \\nline\\n-- \\nAnn")
    'a long line\\n-- \\nAnn'
    """
    out: list[str] = []
    open_depth: int | None = None
    for line in text.replace("\r\n", "\n").split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:].removeprefix(" ")
        signature = words == "-- "
        joined = open_depth == depth and not signature and bool(out)
        flowing = words.endswith(" ") and not signature
        part = words[:-1] if flowing and delete_space else words
        if joined:
            out[-1] += part
        else:
            out.append((">" * depth + " " if depth else "") + part)
        open_depth = depth if flowing else None
    return "\n".join(out)
