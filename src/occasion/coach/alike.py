"""What goes into the index of sent messages, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from occasion.coach.matching import GRAM, all_grams

FAR = 1 << 62
COMMON = 10  # skeletons with a run: then it is an idiom rather than a ready text


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


def is_idiom(covered: Any, common: Any) -> bool:
    """Whether every run that is shared is one that many texts have. `common`: of each gram how many have it."""
    inside = np.ones(len(common), bool)
    for step in range(GRAM):
        inside &= covered[step : step + len(common)]
    return bool((common[inside] >= COMMON).all())


def common_grams(words: Any, asked: Any, frequency: Any) -> Any:
    """Of each run of four words how many skeletons have it, as far as it is one by which texts are found; else FAR."""
    every = all_grams(words)
    place = np.minimum(np.searchsorted(asked, every), len(asked) - 1)
    return np.where(asked[place] == every, frequency[place], FAR)


def digest(words: Any) -> int:
    """A number of 64 bits for a whole skeleton."""
    return int.from_bytes(blake2b(words.tobytes(), digest_size=8).digest(), "little", signed=True)


def event_key(message: Message) -> int:
    """A number of 64 bits by which a message is known: of its id in the log, else of all that it is."""
    said = message.event or f"{message.party}\x00{message.at_us}\x00{message.text}"
    return int.from_bytes(blake2b(said.encode(), digest_size=8).digest(), "little", signed=True)


__all__ = ["FAR", "Likeness", "Message", "Sending", "common_grams", "digest", "event_key", "is_idiom"]
