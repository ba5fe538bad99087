"""The same content in two tones, written: what one practises on before there is a history of one's own.

Everybody in the pairs is invented; a pair is read with a file of its own, beside those of the others.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from occasion.coach.index import Message, Sent
from occasion.coach.reading import Draft, Known, PartName
from occasion.errors import InputError
from occasion.events.event import Event
from occasion.people.details import Detail
from occasion.people.parties import Party

PREFIX = "pair:"  # of a pair's name where an exercise names its message
DAY_US = 86_400_000_000
SENT_US = 1_772_539_200_000_000  # 2026-03-03 12:00 UTC, a Tuesday: a pair is always read as of then
SOURCE = "written for practice"
GOT_IT_TOO = ("Ms Arden", "Mr Oduya", "Mrs Pell")


@dataclass(frozen=True)
class Pair:
    """A situation and two messages with the same content. `moved`: the parts that differ; `differs`: how, in words."""

    name: str
    about: str
    to: str
    channel: str
    cold: str
    warm: str
    moved: tuple[PartName, ...]
    differs: str
    details: tuple[str, ...] = ()
    said: str = ""
    happened: str = ""

    def known(self) -> Known:
        """What is known of whom it is to."""
        party, at = f"{PREFIX}{self.name}", SENT_US - 30 * DAY_US
        details = tuple(
            Detail(-number, party, text, "other", None, SOURCE, "", at, "anything", False, False, None)
            for number, text in enumerate(self.details, 1)
        )
        events = []
        if self.said:
            events.append(self._event("message", self.said))
        if self.happened:
            events.append(self._event(self.happened, None))
        return Known(Party(party, (party,), known=True, name=self.to), details, tuple(events), zone="UTC")

    def draft(self, text: str) -> Draft:
        """A message to them."""
        return Draft(text, f"{PREFIX}{self.name}", SENT_US, self.channel)

    def _event(self, name: str, body: str | None) -> Event:
        at = SENT_US - DAY_US
        direction = "in" if body else None
        return Event(
            party=f"{PREFIX}{self.name}", name=name, at=at, id=f"{PREFIX}{self.name}:{name}", seen=at, body=body,
            direction=direction, channel=self.channel if body else None,
        )  # fmt: skip


@cache
def pairs() -> tuple[Pair, ...]:
    """All written pairs."""
    said = tomllib.loads(files("occasion.coach").joinpath("tones.toml").read_text(encoding="utf-8"))
    return tuple(msgspec.convert(one, Pair) for one in said["pair"])


def pair(name: str) -> Pair:
    """The pair of a name, with or without its prefix; InputError where there is none."""
    found = next((one for one in pairs() if one.name == name.removeprefix(PREFIX)), None)
    if found is None:
        raise InputError(f"pair {name!r}: there is none; there are {', '.join(one.name for one in pairs())}")
    return found


@cache
def sent_before() -> Sent:
    """What others got before: the first text of each pair went to some more people."""
    return Sent.of(
        Message(f"{PREFIX}{other}", SENT_US - weeks * 7 * DAY_US, one.cold.replace(one.to, other), names=(other,))
        for one in pairs()
        for weeks, other in enumerate(GOT_IT_TOO, 2)
    )


def others_than(one: Pair) -> tuple[Known, ...]:
    """The files of the other pairs."""
    return tuple(other.known() for other in pairs() if other.name != one.name)
