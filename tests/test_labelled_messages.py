"""The labelled messages hold to their rubric (docs/rubric.md): form, numbers, halves apart, labels that follow.

What is checked of the labels is what the rubric states in figures; the rest was judged by a person.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from occasion.people.details import KINDS as DETAIL_KINDS
from occasion.people.details import USES
from occasion.people.parties import KINDS as PARTY_KINDS
from occasion.people.quiet import is_quiet

FOLDER = Path(__file__).parent / "data" / "messages"
HALVES = ("open", "held_out")
BUSINESSES = ("dental", "letting", "estate", "software")
PARTS = ("unique", "relatable", "relevant", "respectful", "two-way")
LEVELS = ("good", "mixed", "poor")
VERDICTS = ("moment", "nearly", "touch")
FEWEST = 90  # messages in each half
RUN = 5  # words in a row that others were also sent
MESSAGE = {
    "id": str, "business": str, "now": str, "party": dict, "details": list, "events": list, "sent_before": list,
    "draft": dict, "labels": dict, "why": str,
}  # fmt: skip
TEXT_OR_NONE = (str, type(None))
PARTY = {
    "id": str, "name": str, "kind": str, "zone": str, "channel": TEXT_OR_NONE, "quiet_from": TEXT_OR_NONE,
    "quiet_to": TEXT_OR_NONE, "consent": dict, "stage": str, "deceased": TEXT_OR_NONE,
}  # fmt: skip
DETAIL = {"text": str, "kind": str, "use": str, "sensitive": bool, "unmentioned": bool, "noted": str}
EVENT = {
    "name": str, "at": str, "direction": TEXT_OR_NONE, "channel": TEXT_OR_NONE, "actor": TEXT_OR_NONE,
    "body": TEXT_OR_NONE, "properties": dict,
}  # fmt: skip
SENT = {"to": str, "to_name": str, "at": str, "text": str}
DRAFT = {"text": str, "channel": str, "by": str}

Message = dict[str, Any]


@cache
def messages(half: str) -> tuple[Message, ...]:
    return tuple(json.loads(line) for line in (FOLDER / f"{half}.jsonl").read_text("utf-8").splitlines())


def every() -> list[Message]:
    return [message for half in HALVES for message in messages(half)]


def verdict(labels: dict[str, str]) -> str:
    """The rule of the rubric that joins the five parts."""
    levels = [labels[part] for part in PARTS]
    if labels["unique"] == "poor" or labels["relatable"] == "poor" or levels.count("poor") >= 2:
        return "touch"
    own = labels["unique"] == labels["relatable"] == "good"
    return "moment" if own and "poor" not in levels and levels.count("mixed") <= 1 else "nearly"


def formed(held: Any, form: dict[str, Any]) -> bool:
    return isinstance(held, dict) and held.keys() == form.keys() and all(
        isinstance(held[key], kind) for key, kind in form.items()
    )  # fmt: skip


def words(text: str, name: str) -> list[str]:
    """The words of a text with numbers and the recipient's name masked."""
    own = set(re.findall(r"[\w']+", name.lower()))
    found = re.findall(r"[#\w']+", re.sub(r"\d[\d.,:]*", "#", text.lower()))
    return ["_" if word in own else word for word in found]


def shared(message: Message) -> float:
    """The share of the draft's words that stand in runs of RUN words somebody else was sent."""
    mine = words(message["draft"]["text"], message["party"]["name"])
    theirs: set[tuple[str, ...]] = set()
    for sent in message["sent_before"]:
        other = words(sent["text"], sent["to_name"])
        theirs |= {tuple(other[at : at + RUN]) for at in range(len(other) - RUN + 1)}
    covered: set[int] = set()
    for at in range(len(mine) - RUN + 1):
        if tuple(mine[at : at + RUN]) in theirs:
            covered |= set(range(at, at + RUN))
    return len(covered) / len(mine)


def sentences(message: Message) -> set[str]:
    found = re.split(r"(?<=[.!?:])\s+|\n+", message["draft"]["text"])
    return {" ".join(words(one, message["party"]["name"])) for one in found if len(one.split()) >= 4}


@pytest.mark.parametrize("half", HALVES)
def test_each_line_has_its_form(half: str) -> None:
    for message in messages(half):
        assert formed(message, MESSAGE), message.get("id")
        assert formed(message["party"], PARTY), message["id"]
        assert formed(message["draft"], DRAFT), message["id"]
        assert message["labels"].keys() == {"verdict", *PARTS}, message["id"]
        assert all(formed(one, DETAIL) for one in message["details"]), message["id"]
        assert all(formed(one, EVENT) for one in message["events"]), message["id"]
        assert all(formed(one, SENT) for one in message["sent_before"]), message["id"]
        assert message["why"].endswith("."), message["id"]


@pytest.mark.parametrize("half", HALVES)
def test_values_are_those_the_people_room_knows(half: str) -> None:
    for message in messages(half):
        party = message["party"]
        assert message["business"] in BUSINESSES
        assert party["kind"] in PARTY_KINDS
        assert ZoneInfo(party["zone"]).key == party["zone"]
        assert (party["quiet_from"] is None) == (party["quiet_to"] is None)
        assert all(isinstance(said, bool) for said in party["consent"].values())
        for detail in message["details"]:
            assert detail["kind"] in DETAIL_KINDS
            assert detail["use"] in USES
            assert detail["sensitive"] or detail["kind"] != "health"  # as people.details keeps them
        assert all(event["direction"] in ("in", "out", None) for event in message["events"])
        assert message["labels"]["verdict"] in VERDICTS
        assert {message["labels"][part] for part in PARTS} <= set(LEVELS)


@pytest.mark.parametrize("half", HALVES)
def test_times_have_their_offset_and_nothing_is_from_the_future(half: str) -> None:
    london = ZoneInfo("Europe/London")  # all four firms are there
    for message in messages(half):
        now = datetime.fromisoformat(message["now"])
        times = [datetime.fromisoformat(one["at"]) for key in ("events", "sent_before") for one in message[key]]
        for at in [now, *times]:
            assert at.utcoffset() == at.astimezone(london).utcoffset(), message["id"]
        assert all(at <= now for at in times), message["id"]
        assert all(date.fromisoformat(one["noted"]) <= now.date() for one in message["details"]), message["id"]
        happened = [datetime.fromisoformat(event["at"]) for event in message["events"]]
        assert happened == sorted(happened), message["id"]


@pytest.mark.parametrize("half", HALVES)
def test_enough_and_evenly(half: str) -> None:
    held = messages(half)
    assert len(held) >= FEWEST
    for verdict_, number in Counter(one["labels"]["verdict"] for one in held).items():
        assert 0.28 <= number / len(held) <= 0.39, verdict_
    for business, number in Counter(one["business"] for one in held).items():
        assert 0.2 <= number / len(held) <= 0.3, business
    for pair, number in Counter((one["business"], one["labels"]["verdict"]) for one in held).items():
        assert number >= 6, pair
    assert len({one["draft"]["channel"] for one in held}) >= 4


def test_the_halves_are_equally_hard_as_far_as_labels_tell() -> None:
    for part in PARTS:
        counts = [Counter(one["labels"][part] for one in messages(half)) for half in HALVES]
        sizes = [len(messages(half)) for half in HALVES]
        for level in LEVELS:
            assert abs(counts[0][level] / sizes[0] - counts[1][level] / sizes[1]) <= 0.1, (part, level)


def test_nobody_and_no_sentence_is_in_both_halves() -> None:
    first, second = (messages(half) for half in HALVES)
    assert len({one["id"] for one in every()}) == len(every())
    assert not {one["party"]["id"] for one in first} & {one["party"]["id"] for one in second}
    assert not set().union(*map(sentences, first)) & set().union(*map(sentences, second))


def test_the_verdict_follows_from_the_parts() -> None:
    for message in every():
        assert message["labels"]["verdict"] == verdict(message["labels"]), message["id"]


def test_unique_is_labelled_by_the_share_of_words_that_others_got() -> None:
    for message in every():
        share = shared(message)
        expected = "good" if share < 0.2 else "mixed" if share <= 0.5 else "poor"
        assert message["labels"]["unique"] == expected, (message["id"], share)


def test_quiet_hours_refused_channels_and_the_dead_are_never_respectful() -> None:
    struck = 0
    for message in every():
        party, labels = message["party"], message["labels"]
        now = int(datetime.fromisoformat(message["now"]).timestamp()) * 10**6
        quiet = party["quiet_from"] and is_quiet(party["quiet_from"], party["quiet_to"], party["zone"], now)
        refused = party["consent"].get(message["draft"]["channel"]) is False
        if quiet or refused or party["deceased"]:
            struck += 1
            assert labels["respectful"] == "poor", message["id"]
        elif message["draft"]["channel"] != party["channel"]:
            assert labels["respectful"] != "good", message["id"]
        if party["deceased"]:
            assert labels["relevant"] == "poor", message["id"]
    assert struck >= 16


def test_who_was_asked_lately_and_left_without_an_answer_is_somewhere_in_the_set() -> None:
    """An incoming question after the last outgoing word: most such drafts either answer it or are labelled poor."""
    open_ones = []
    for message in every():
        said = [event for event in message["events"] if event["direction"] in ("in", "out") and event["body"]]
        if said and said[-1]["direction"] == "in" and "?" in said[-1]["body"]:
            open_ones.append(message["labels"]["relevant"])
    assert Counter(open_ones)["good"] >= 20
    assert Counter(open_ones)["poor"] >= 20
