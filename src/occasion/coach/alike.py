"""What goes into the index of sent messages, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from math import ceil, log
from typing import Any, NamedTuple

from occasion.coach.matching import RUN

FAR = 1 << 62
FEW = 30  # texts among which a run of five is no coincidence


class Message(NamedTuple):
    """A message that went out: to which identity, when (UTC microseconds), its text, and the recipient's own field
    values at that time (`fields`), which are masked in any case. `names`: of the recipient. `event`: its id in the log.
    """

    party: str
    at_us: int
    text: str
    fields: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    event: str = ""


class Sending(NamedTuple):
    """One message of those that share words: to whom (as the log names them), when."""

    party: str
    at_us: int


@dataclass(frozen=True)
class Likeness:
    """What a draft shares with messages sent before.

    `shared`: which of its words (bool for each) stand in runs that somebody was sent. `words`: how many of them the
    nearest text has. `sendings`: of the texts that have as many of them (nine tenths at least), newest first;
    `at_least`: there are more than were looked at. `whole`: the nearest is the very same skeleton.
    """

    shared: Any
    words: int = 0
    sendings: tuple[Sending, ...] = ()
    at_least: bool = False
    whole: bool = False


def enough(skeletons: int, words: int) -> int:
    """How many words a draft of so many must share with one text before that is no coincidence.

    Five (a run) among few texts, and one more with every fourfold of them: in letters of people who knew nothing of
    each other the chance of such a likeness was found to grow with their number and to fall to a quarter with each word
    more (docs/coach.md). Three fifths of a draft are always enough.
    """
    rare = RUN + max(0, ceil(log(max(skeletons, 1) / FEW, 4)))
    return min(rare, max(RUN, ceil(0.6 * words)), words)


def digest(words: Any) -> int:
    """A number of 64 bits for a whole skeleton."""
    return int.from_bytes(blake2b(words.tobytes(), digest_size=8).digest(), "little", signed=True)


def event_key(message: Message) -> int:
    """A number of 64 bits by which a message is known: of its id in the log, else of all that it is."""
    said = message.event or f"{message.party}\x00{message.at_us}\x00{message.text}"
    return int.from_bytes(blake2b(said.encode(), digest_size=8).digest(), "little", signed=True)


__all__ = ["FAR", "Likeness", "Message", "Sending", "digest", "enough", "event_key"]
