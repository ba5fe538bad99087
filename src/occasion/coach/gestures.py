"""Which message a gesture on the desk was: what a person says they sent, and what the log says went out.

The two are one message where it went to the same party and either

    words   at least half of the gesture's words stand in it in their order, within 3 days. What was changed after the
            coach had read it, a signature and what is quoted below make no difference
    day     it lies within a day of a note or film whose words are in no message: "wrote to her about the gutter"

A message is one gesture's at most, and words come before the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from occasion.coach.skeleton import Own, skeleton
from occasion.events.event import Event
from occasion.people.quiet import DAY_US

SAME_DAYS = 3
SAME_US = SAME_DAYS * DAY_US  # between a message and a gesture with its words
LINKED_US = DAY_US  # and one with other words
ALIKE = 0.5  # of the gesture's words
PIECE = 2  # words in a row, in their order, that count as the same
WRITTEN = ("note", "film")


@dataclass(frozen=True)
class Gesture:
    """A gesture as the records have it (GESTURES): of which occasion, in which form, when."""

    number: int
    occasion: int | None
    form: str
    at_us: int


def linked(
    events: Sequence[Event], written: Sequence[Event], gestures: Sequence[Gesture], skip: Iterable[str] = ()
) -> tuple[dict[str, int], dict[str, str]]:
    """By message the occasion it was about; and by gesture in the log the message of it, where that is there too.

    `events`: all of the party; `written`: those of them that are messages of ours to this party alone; `skip`: names
    that make no text personal.
    """
    form = {one.number: one for one in gestures}
    noted = _pairs([event for event in events if event.name == "gesture"], written, tuple(skip))
    occasions: dict[str, int] = {}
    for event in events:
        if event.name == "gesture":
            own = form.get(_number(event))
            occasion = own.occasion if own is not None else _occasion(event)
            if occasion is not None:
                occasions[noted.get(event.id, event.id)] = occasion
    return occasions, noted


def _pairs(done: Sequence[Event], written: Sequence[Event], skip: tuple[str, ...]) -> dict[str, str]:
    """By gesture its message: the likest first, then the nearest."""
    said = [one for one in done if one.properties.get("form") in WRITTEN]
    near = [(one, other) for one in said for other in written if abs(one.at - other.at) <= SAME_US]
    alike = [(alikeness(one.body or "", other.body or "", skip), one, other) for one, other in near]
    by_words = sorted(
        ((-share, abs(one.at - other.at), one.id, other.id) for share, one, other in alike if share >= ALIKE)
    )
    by_day = sorted(
        (0.0, abs(one.at - other.at), one.id, other.id) for one, other in near if abs(one.at - other.at) <= LINKED_US
    )
    found: dict[str, str] = {}
    taken: set[str] = set()
    for _, _, gesture, message in [*by_words, *by_day]:
        if gesture not in found and message not in taken:
            found[gesture] = message
            taken.add(message)
    return found


def alikeness(said: str, sent: str, skip: tuple[str, ...] = ()) -> float:
    """The share of what is said to have been sent that stands in what was sent, in its order; names and numbers aside.

    >>> sent = "Dear Ada, how is the lute, and has the new string held? Ewa" + chr(10) + "> Thank you for the string."
    >>> alikeness("Ada, how is the lute, has the new string held?", sent), alikeness("Wrote about the gutter.", sent)
    (0.9, 0.0)
    """
    mine, theirs = _words(said, skip), _words(sent, skip)
    if not mine:
        return 0.0
    least = min(PIECE, len(mine))
    blocks = SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= least) / len(mine)


@lru_cache(256)
def _own(skip: tuple[str, ...]) -> Own:
    return Own((), skip)


def _words(text: str, skip: tuple[str, ...]) -> tuple[str, ...]:
    return skeleton(text, _own(skip)).words


def _number(event: Event) -> int:
    """The number of a gesture, from the id of its event."""
    last = event.id.rpartition("-")[2]
    return int(last) if last.isdigit() else -1


def _occasion(event: Event) -> int | None:
    said = event.properties.get("occasion")
    return int(said) if isinstance(said, str) and said.isdigit() else None


__all__ = ["SAME_US", "Gesture", "alikeness", "linked"]
