"""The labelled messages (docs/rubric.md) as drafts, with what a reader knows and the others of the same business."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from occasion.coach.coach import read
from occasion.coach.index import Message, Sent
from occasion.coach.reading import PARTS, Draft, Known, PartName, Reading
from occasion.coach.verdict import verdict_from
from occasion.events.event import Event, Scalar
from occasion.people.details import Detail
from occasion.people.parties import Consent, Party

FOLDER = Path(__file__).parent / "data" / "messages"


@dataclass(frozen=True)
class Labelled:
    """One message: what the coach is given, and what a person said of it."""

    id: str
    business: str
    draft: Draft
    known: Known
    sent_before: tuple[dict[str, str], ...]
    labels: dict[str, str]


def micros(text: str) -> int:
    at = datetime.fromisoformat(text if "T" in text else f"{text}T12:00:00+00:00")
    return int(at.timestamp()) * 10**6


def _event(party: str, number: int, said: dict[str, Any]) -> Event:
    properties: dict[str, Scalar] = {
        key: Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value
        for key, value in said["properties"].items()
    }
    at = micros(said["at"])
    return Event(
        party=party, name=said["name"], at=at, seen=at, id=f"{party}:{number}", properties=properties,
        channel=said["channel"], direction=said["direction"], actor=said["actor"], body=said["body"],
        mass=properties.pop("mass", "") in ("yes", True),
    )  # fmt: skip


def _labelled(said: dict[str, Any], names: tuple[str, ...]) -> Labelled:
    of, draft = said["party"], said["draft"]
    party = Party(
        of["id"], (of["id"],), True, of["kind"], of["name"], zone=of["zone"], channel=of["channel"],
        quiet_from=of["quiet_from"], quiet_to=of["quiet_to"], deceased=of["deceased"],
        consent={channel: Consent(given, 0, "on file") for channel, given in of["consent"].items()},
    )  # fmt: skip
    details = [
        Detail(number, of["id"], one["text"], one["kind"], None, "on file", "", micros(one["noted"]), one["use"],
               one["sensitive"], one["unmentioned"], None)
        for number, one in enumerate(said["details"], 1)
    ]  # fmt: skip
    events = [_event(of["id"], number, one) for number, one in enumerate(said["events"])]
    return Labelled(
        said["id"],
        said["business"],
        Draft(draft["text"], of["id"], micros(said["now"]), draft["channel"], draft["by"]),
        Known(
            party, tuple(reversed(details)), tuple(reversed(events)), stage=of["stage"], zone=of["zone"], names=names
        ),
        tuple(said["sent_before"]),
        said["labels"],
    )


@cache
def labelled(half: str) -> tuple[Labelled, ...]:
    """All messages of a half."""
    lines = [json.loads(line) for line in (FOLDER / f"{half}.jsonl").read_text("utf-8").splitlines()]
    people: dict[str, set[str]] = {}
    for one in lines:
        people.setdefault(one["business"], set()).update(
            [one["draft"]["by"], *(event["actor"] for event in one["events"] if event["actor"])]
        )
    return tuple(_labelled(one, tuple(sorted(people[one["business"]]))) for one in lines)


def others_of(message: Labelled, half: str) -> tuple[Known, ...]:
    """The other parties of the same business in the same half."""
    return tuple(
        one.known
        for one in labelled(half)
        if one.business == message.business and one.known.party.party != message.known.party.party
    )


def kappa(said: Sequence[str], found: Sequence[str]) -> float:
    """Cohen's kappa of two readings of the same things."""
    kinds = sorted({*said, *found})
    table = np.zeros((len(kinds), len(kinds)))
    for one, other in zip(said, found, strict=True):
        table[kinds.index(one), kinds.index(other)] += 1
    share = table / table.sum()
    by_chance = float(share.sum(1) @ share.sum(0))
    return float((np.trace(share) - by_chance) / (1 - by_chance))


def kappa_interval(said: Sequence[str], found: Sequence[str], seed: int = 1, draws: int = 2000) -> tuple[float, float]:
    """The middle 95 % of kappa over messages drawn again (bootstrap)."""
    chance = np.random.default_rng(seed)
    pairs = np.array([said, found])
    drawn = [kappa(*pairs[:, chance.integers(0, len(said), len(said))].tolist()) for _ in range(draws)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def sent_before(message: Labelled) -> Sent:
    """The index of what the same business sent to others."""
    rows = enumerate(message.sent_before)
    return Sent.of(
        [Message(one["to"], micros(one["at"]), one["text"], (), (one["to_name"],), str(at)) for at, one in rows],
        message.known.names,
    )


@cache
def readings(half: str) -> tuple[Reading, ...]:
    """What the coach says of each message of a half; nothing sent before is known to be like it: nobody got it."""
    return tuple(read(one.draft, one.known, others_of(one, half), sent_before(one)) for one in labelled(half))


def levels(half: str, part: PartName) -> tuple[list[str], list[str]]:
    """What a person said of a part, and what the coach says.

    Where nothing sent before is known the coach does not judge unique; the set says that nothing like it is known.
    """
    found = [reading.part(part).level for reading in readings(half)]
    if part == "unique":
        found = ["good" if level == "unknown" else level for level in found]
    return [one.labels[part] for one in labelled(half)], list(found)


def verdicts(half: str) -> tuple[list[str], list[str]]:
    """The verdicts of a person and those of the coach."""
    by_part = {part: levels(half, part)[1] for part in PARTS}
    found = [verdict_from({part: by_part[part][at] for part in PARTS}) for at in range(len(labelled(half)))]  # type: ignore[misc]
    return [one.labels["verdict"] for one in labelled(half)], found
