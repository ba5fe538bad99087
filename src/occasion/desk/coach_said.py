"""What the coach says with figures and names in it, as sentences of the catalogue: of who else got the words, and of
whom it is for.

The coach itself speaks English. Sentences that are the same in every reading are found in the catalogue by their words;
the verdict is said from the levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from occasion.coach.reading import Part, Reading
from occasion.coach.unique import NAMED
from occasion.desk.parts import Said

SPOKEN_OF = 2  # facts in the sentence


def said_of(reading: Reading, zone: str) -> Mapping[str, Said]:
    """By the coach's sentence the same as a sentence of the catalogue; `zone`: of the party, for what a day is."""
    found = _among(reading.part("relatable")) | _more(reading.part("respectful"))
    return found | _unique(reading.part("unique"), zone)


def _among(part: Part) -> dict[str, Said]:
    """What a text speaks of, and how surely it points to whom it is to."""
    candidates, probability, speaks = (part.facts.get(name) for name in ("candidates", "probability", "speaks"))
    if not isinstance(candidates, int) or not isinstance(probability, float) or not isinstance(speaks, list):
        return {}
    head, told, _ = part.why.partition(f"; of {candidates} parties it points to them with probability ")
    facts = tuple(map(str, speaks[:SPOKEN_OF]))
    of = {
        f"It speaks of {' and '.join(facts)}": Said("coach.of", {"facts": facts}),
        f"It speaks of {' and '.join(facts)}, as it could to others": Said("coach.of_others", {"facts": facts}),
    }
    said = {"sentence": of.get(head, head), "n": candidates, "probability": probability}
    return {part.why: Said("coach.among", said)} if told else {}


def _more(part: Part) -> dict[str, Said]:
    """The gravest of several remarks."""
    remarks = part.facts.get("remarks")
    more = len(remarks) - 1 if isinstance(remarks, list) else 0
    head = part.why.removesuffix(f" (and {more} more)")
    return {part.why: Said("coach.and_more", {"sentence": head, "n": more})} if head != part.why else {}


def _unique(part: Part, zone: str) -> dict[str, Said]:
    """Who got the words, how many of them, and when."""
    if not part.facts.get("shared"):
        return {}
    found = {part.why: _why(part, zone)}
    found |= {span.why: Said("unique.note", {"who": _who(part), "when": _when(part, zone)}) for span in part.spans}
    words, shared = _number(part, "words"), _number(part, "shared")
    needs = Said("unique.needs", {"allowed": -(-words // 5) - 1, "words": words, "shared": shared})
    return found | dict.fromkeys(part.changes, needs)


def _why(part: Part, zone: str) -> Said:
    words, nearest, shared = (_number(part, name) for name in ("words", "nearest", "shared"))
    what = Said("unique.these", {"words": words})
    if nearest != words:
        what = Said("unique.some", {"words": words, "nearest": nearest})
    said = {"who": _who(part), "what": what, "when": _when(part, zone)}
    return Said("unique.more", {**said, "shared": shared}) if shared > nearest else Said("unique.got", said)


def _who(part: Part) -> Said | tuple[str | Said, ...]:
    """Who got them, in the coach's own order: those that may be named, where there are few."""
    others, listed = _number(part, "others"), part.facts.get("recipients")
    if not others:
        return Said("unique.themselves")
    if part.facts.get("at_least"):
        return Said("unique.least", {"n": others})
    named = [str(one["name"]) for one in listed] if isinstance(listed, list) and others <= NAMED else []
    rest = others - len(named[:NAMED])
    if not named:
        return Said("unique.somebody") if rest == 1 else Said("unique.others", {"n": rest})
    return (*named[:NAMED], Said("unique.others", {"n": rest})) if rest else tuple(named[:NAMED])


def _when(part: Part, zone: str) -> Said:
    if not _number(part, "others"):
        return Said("unique.day", {"first_day_us": _number(part, "own_us")})
    first, last = _number(part, "first_us"), _number(part, "last_us")
    if _day(first, zone) == _day(last, zone):
        return Said("unique.day", {"first_day_us": last})
    days = {"first_day_us": first, "last_day_us": last}
    return Said("unique.days" if _number(part, "others") == 2 else "unique.between", days)


def _day(at_us: int, zone: str) -> object:
    from zoneinfo import ZoneInfo

    return datetime.fromtimestamp(at_us / 1_000_000, UTC).astimezone(ZoneInfo(zone)).date()


def _number(part: Part, name: str) -> int:
    value = part.facts.get(name)
    return value if isinstance(value, int) else 0
