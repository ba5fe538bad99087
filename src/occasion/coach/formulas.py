"""Greetings, closings, signatures and plain facts: what is left aside when texts are compared.

Sharing them is no sign of a ready text, so they are cut before words are counted. English in full, the commonest of
Polish, German, Spanish and French; what is not recognised is compared like any other words.
"""

from __future__ import annotations

import re
from typing import NamedTuple

Cut = tuple[int, int]  # characters from .. up to

_WORD = r"[^\s,!?:;.–—]+"
_TITLE = r"(?:mrs?|mx|ms|dr|prof|st|pan|pani|herr|frau|sr|sra|mme)\.?"
_HAIL = (
    r"(?:dear|hi(?:ya)?|hello|hey|good (?:morning|afternoon|evening|day)|greetings|morning|evening|"
    r"dzień dobry|cześć|witam|szanown[aeiy]\w*|drog[aie]\w*|hallo|guten (?:tag|morgen)|sehr geehrte[rs]?|liebe[rs]?|"
    r"hola|buen[oa]s (?:días|tardes)|estimad[oa]s?|querid[oa]s?|bonjour|ch[eè]re?s?)"
)
_HAILED = re.compile(rf"\W*{_HAIL}(?:\s+(?:{_TITLE}(?=\s)|{_WORD})){{0,6}}?\s*(?:[,!:;.–—]+|\n|$)", re.IGNORECASE)
_HAILED_BARE = re.compile(rf"\W*(?i:{_HAIL})\b(?:\s+(?i:{_TITLE})\s|\s+(?!I\b)[A-Z][\w'’-]*){{0,3}}\s*")
_OPENERS = re.compile(
    r"\s*(?:(?:i |we )?(?:just |really )?hope (?:that )?(?:you(?:'re|’re| are)?(?: all)?(?: both)? (?:doing |keeping )?"
    r"well|you(?:'ve| have)? had a \w+ (?:weekend|week|day|break)|(?:this|my) (?:e-?mail|mail|message|note|letter) "
    r"finds you (?:very )?well|all is well(?: with you)?)|how are you(?: doing| keeping)?(?: today)?"
    r"|(?:thanks|thank you)(?: so much| very much| a lot)? for (?:(?:your|the) (?:e-?mail|mail|message|call|letter|note"
    r"|reply|text|question|patience)|writing(?: to (?:me|us))?(?: back)?|getting (?:in touch|back(?: to (?:me|us))?)"
    r"|calling))"
    r"\s*[,.!?;–—-]+",
    re.IGNORECASE,
)
_HERE = re.compile(
    r"\s*(?:(?:this is|it(?:'s|’s| is)) )?[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)? (?:here|speaking)\s*[,.!:;–—-]+"
)

_PLEASANT = r"(?:nice|good|great|lovely|wonderful|pleasant|fine|happy|relaxing)"
_DAY = (
    r"(?:day|days|weekend|evening|week|afternoon|morning|one|time|holiday|break|"
    r"rest of (?:the|your) (?:day|week|weekend))"
)
_ENDING = re.compile(
    r"(?:"
    r"(?:so )?(?:please )?(?:(?:do not|don['’]t) hesitate|feel free) to [^.!?]{0,80}"
    r"|(?:please |just |do )*(?:let (?:me|us) know"
    r"|(?:contact|call|ring|text|e-?mail|write(?: to)?|message|reply(?: to)?|ask) (?:me|us)"
    r"|(?:get|be) in touch|(?:give|drop) (?:me|us) a (?:call|ring|line|shout)|shout)"
    r"(?: back| any ?time| directly)?"
    r"(?: (?:if|should|in case|when(?:ever)?) (?:you|there|anything|something)[^.!?]{0,60})?"
    r"|(?:so )?(?:if|should) (?:you (?:have|need)|there (?:is|are)|anything (?:is|else)) [^.!?]{0,20}"
    r"(?:question|quer|anything|concern|help|unclear)[^.!?]{0,70}"
    r"|any (?:other |further |more )?(?:questions?|queries|concerns)"
    r"|(?:i|we)(?:['’]m| am|['’]re| are) (?:always )?(?:here|happy to help)[^.!?]{0,30}"
    r"|(?:(?:i|we)(?:['’]m| am|['’]re| are)? )?(?:very much |really )?look(?:ing)? forward to [^.!?]{0,60}"
    r"|(?:i |we )?hope to (?:see|hear from|speak to) you (?:again )?soon|(?:see|speak to|talk to|hear from) you "
    r"(?:soon|then|there|later|tomorrow|next week)|(?:talk|speak) soon|until (?:then|soon)"
    rf"|(?:i wish you |wishing you |have |enjoy )(?:a |the |your )?(?:very )?{_PLEASANT}? ?{_DAY}[^.!?]{{0,20}}"
    r"|(?:many )?(?:thanks|thank you)(?: again| so much| very much| a lot| in advance| once more)*"
    r"(?: for (?:your (?:time|patience|understanding|help|cooperation|trust|custom)|everything|reading))?"
    r"|take care(?: of yourself)?|all the best|best of luck|cheers"
    r"|do widzenia|w razie pytań[^.!?]{0,60}|miłego dnia"
    r")\s*[.!?…)]*\s*$",
    re.IGNORECASE,
)
_FORMULA = (
    r"(?:(?:with |my |our |the |very |kind(?:est)? |warm(?:est)? |best |many |all the )*(?:regards|wishes|greetings)|"
    r"yours(?: (?:sincerely|faithfully|truly|ever))?|sincerely(?: yours)?|cheers|respectfully|faithfully|"
    r"(?:many |with )?thanks(?: again| a lot| in advance| so much)?|thank you(?: again| in advance| so much)?|"
    r"love|hugs|take care|all the best|best|ever|see you (?:soon|then)|talk soon|speak soon|until then|"
    r"(?:serdecznie |z (?:poważaniem|wyrazami szacunku)|serdecznie|pozdrawiam(?: serdecznie)?)|"
    r"mit freundlichen grüßen|viele grüße|liebe grüße|saludos(?: cordiales)?|atentamente|cordialement|bien à vous)"
)
_SIGNED = re.compile(
    rf"(?:(?<=[\n.!?…)])|^)\s*(?:{_FORMULA})(?: and {_FORMULA})?"
    r"(?:\s*(?:[,.!–—-]|\n|$)|(?=(?:\s+[^\s.!?]+){1,3}\s*$))",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"[!?…]|\w{3,}\.\s+\w")  # what follows is no signature
_FOOT = re.compile(
    r"\n-- ?\n|\n_{5,}|(?:^|\n)\s*(?:sent from my |get outlook for |on [^\n]{6,80} wrote:|-{3,} ?original message)|"
    r"(?:^|\n)[^\n]*(?:\bunsubscribe\b"
    r"|this (?:e-?mail|message)(?: and any attachments?)? (?:is|are|may be) (?:confidential|intended))",
    re.IGNORECASE,
)
_MAY_FOOT = re.compile(r"--|__|[Ss]ent from|outlook|wrote:|riginal|nsub|onfidential|intended")
_QUOTED = re.compile(r"(?:^|(?<=\n))>[^\n]*")
_FACTS = re.compile(
    r"(?:(?<=[\n.!?])|^)\s*(?:(?:our|my|the) (?:(?:opening|office|surgery|practice) )?"
    r"(?:hours|address|(?:direct |telephone |phone )?(?:number|line))(?: are| is|:)|we(?:'re|’re| are) open"
    r"|you (?:can |will )?(?:find|reach|ring|call) (?:us|me) (?:at|on|under|in))"
    r"\b[^.!?\n]{0,80}\d[^!?\n]{0,80}?(?=[.!?](?:\s|$)|\n|$)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?…]+[\"”')]*\s+|\s*\n\s*")
_SMALL = frozenset(re.split(" ", "from at of the your yours our and team for in on und von der od z i de la"))
_TAIL_LINES = 6  # of a signature
_LINE_WORDS, _NAME_WORDS, _SIGNATURE_WORDS = 6, 8, 14
_LONGEST_LAST = 300  # characters of a sentence that may be a closing
_SIGNING = re.compile(
    r"\b(?:your?s?|team|desk|office|manager|reception|service|support|accounts|billing|crew)\b", re.IGNORECASE
)


class Parts(NamedTuple):
    """A text taken apart: `begin` up to `end` is its middle, `aside` what lies within that and is left aside."""

    begin: int
    end: int
    aside: tuple[Cut, ...]


def parts(text: str) -> Parts:
    """Where greeting and closing end and begin.

    >>> text = "Dear Ms Arden, the lamp is mended. Kind regards, Ivo"
    >>> text[slice(*parts(text)[:2])].strip()
    'the lamp is mended.'
    """
    begin = _greeting(text)
    foot = _FOOT.search(text, begin) if _MAY_FOOT.search(text, begin) else None
    end = _closing(text, begin, foot.start() if foot else len(text))
    aside = [match.span() for match in _QUOTED.finditer(text, begin, end)]
    aside += [match.span() for match in _FACTS.finditer(text, begin, end)]
    return Parts(begin, end, tuple(sorted(aside)))


def _greeting(text: str) -> int:
    found = _HAILED.match(text) or _HAILED_BARE.match(text)
    at = found.end() if found else 0
    for pattern in (_HERE, _OPENERS, _OPENERS):
        if (more := pattern.match(text, at)) is not None:
            at = more.end()
    return at


def _closing(text: str, begin: int, end: int) -> int:
    for _ in range(_TAIL_LINES):
        before = end
        end = begin + len(text[begin:end].rstrip())
        tail = max(begin, end - 240)
        signed = next((at for at in _SIGNED.finditer(text[tail:end]) if _is_tail(text[tail + at.end() : end])), None)
        if signed is not None:
            end = tail + signed.start()
            continue
        start = _last_sentence(text, begin, end)
        last = text[start:end]
        if _ENDING.match(last.lstrip()) or _is_signature(last, start > begin and "\n" in text[start - 2 : start + 1]):
            end = start
        if end == before or end <= begin:
            break
    return max(begin, end)


def _is_tail(rest: str) -> bool:
    """Whether what follows a closing formula is a signature at most."""
    return len(rest.split()) <= _SIGNATURE_WORDS and _GOES_ON.search(rest) is None


def _last_sentence(text: str, begin: int, end: int) -> int:
    start = max(begin, end - _LONGEST_LAST)
    for found in _SENTENCE_END.finditer(text, start, end):
        if found.end() < end:
            start = found.end()
    return start


def _is_signature(segment: str, own_line: bool) -> bool:
    """Whether it is a name, a firm or an office rather than a sentence."""
    words = segment.split()
    if not words or len(words) > _NAME_WORDS or segment.rstrip()[-1] in "!?…:;":
        return False
    ended = segment.rstrip()[-1] == "."
    if own_line and not ended and len(words) <= _LINE_WORDS:
        return True
    names = [word for word in words if word.strip(",.&").lower() not in _SMALL and word.strip(",.&")]
    capital = sum(word[0].isupper() or word[0].isdigit() for word in names)
    if ended and len(words) > 3:
        return False
    return bool(names) and (capital == len(names) or (bool(_SIGNING.search(segment)) and capital * 2 >= len(names)))


__all__ = ["Parts", "parts"]
