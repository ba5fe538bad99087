"""How sent messages turned out, and who got whose words, one message at a time and all at once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from occasion.coach.copies import Copied, Copies
from occasion.coach.index import Message, Sent
from occasion.coach.sent import Gesture, Turned, answers_of, turned_out
from occasion.coach.skeleton import skeleton
from occasion.events.event import Event
from occasion.people.details import Detail
from occasion.people.quiet import DAY_US

HOUR = DAY_US // 24
T0 = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC, a Monday
LATER = T0 + 100 * DAY_US
OWN = Copied(20, 0, 0, False)
OTHERS = Copied(20, 20, 4, True)
SOME = Copied(20, 8, 0, False)


def said(direction: str, at: int, id: str, body: str | None = "Words of some length.", **more: object) -> Event:
    own = {key: more.pop(key) for key in ("mass", "name", "actor", "channel") if key in more}
    own.setdefault("name", "message")
    return Event(party="p", at=at, seen=at, id=id, direction=direction, body=body, properties=more, **own)  # type: ignore[arg-type]


def detail(number: int, text: str, noted: int = T0 - DAY_US, **more: object) -> Detail:
    given: dict[str, object] = {
        "kind": "family",
        "use": "anything",
        "sensitive": False,
        "unmentioned": False,
        "ended_us": None,
    }
    return Detail(number, "p", text, on_date=None, source="phone", noted_by="ewa", noted_us=noted, **(given | more))  # type: ignore[arg-type]


def read(*events: Event, copied: dict[str, Copied] | None = None, now: int = LATER, **more: object) -> list[Turned]:
    ordered = sorted(events, key=lambda event: (event.at, event.id))
    words = {event.id: OWN for event in events} | (copied or {})
    return turned_out(ordered, words, now_us=now, **more)  # type: ignore[arg-type]


def one(*events: Event, **more: object) -> Turned:
    (found,) = read(*events, **more)  # type: ignore[arg-type]
    return found


def test_an_answer_is_in_the_thread_else_the_next_word_never_automatic_never_to_many() -> None:
    sent = said("out", T0, "a", message_id="a@f", thread="a@f")
    other = said("out", T0 + HOUR, "b", message_id="b@f", thread="b@f")
    threaded = said("in", T0 + 2 * HOUR, "c", in_reply_to="a@f", thread="a@f")
    plain = said("in", T0 + 3 * HOUR, "d")
    found = answers_of([sent, other, threaded, plain])
    assert {key: (answer.event, answer.threaded) for key, answer in found.items()} == {
        "a": ("c", True),
        "b": ("d", False),
    }
    for no_answer in (said("in", T0 + 2 * HOUR, "x", auto="reply", in_reply_to="a@f"),
                      said("in", T0 + 2 * HOUR, "x", mass=True, thread="a@f"),
                      said("in", T0 + 15 * DAY_US, "x", in_reply_to="a@f")):  # fmt: skip
        assert answers_of([sent, no_answer]) == {}
    late, call = said("in", T0 + 2 * DAY_US, "l"), said("out", T0 + DAY_US, "call", None, name="call", channel="phone")
    assert "a" not in answers_of([sent, call, late])  # they answer the call
    visit = said("in", T0 + 2 * DAY_US, "v", None, name="visit", channel="in person")
    assert answers_of([sent, visit])["a"].event == "v"
    news = said("out", T0 + HOUR, "n", mass=True, thread="n@f")
    assert set(answers_of([sent, news, late])) == {"a"}  # what went to many is answered in its thread only
    assert answers_of([news, said("in", T0 + DAY_US, "r", thread="n@f")])["n"].threaded


@pytest.mark.parametrize(
    ("copied", "answer", "text", "outcome"),
    [
        (OWN, True, "Words of some length.", "moment"),
        (OWN, False, "Words of some length.", "touch"),
        (OWN, False, "How was the oboe concert?", "nearly"),
        (OWN, True, "How was the oboe concert?", "moment"),
        (OTHERS, True, "How was the oboe concert?", "touch"),
        (SOME, True, "Words of some length.", "nearly"),
        (SOME, False, "Words of some length.", "touch"),
        (OWN, True, "I am sorry about your divorce.", "nearly"),
        (Copied(4, 4, 1, True), True, "Yes, that works.", "moment"),
        (Copied(4, 4, 9, True), True, "Yes, that works.", "touch"),
    ],
)
def test_the_rule(copied: Copied, answer: bool, text: str, outcome: str) -> None:
    known = [detail(1, "daughter plays the oboe"), detail(2, "going through a divorce", unmentioned=True)]
    events = [said("out", T0, "a", text)] + ([said("in", T0 + HOUR, "b")] if answer else [])
    assert one(*events, copied={"a": copied}, details=known).outcome == outcome


def test_until_the_days_are_over_it_is_too_early_to_say_one_way() -> None:
    sent = said("out", T0, "a")
    assert one(sent, now=T0 + 14 * DAY_US - 1).outcome == "open"
    assert one(sent, now=T0 + 14 * DAY_US).outcome == "touch"
    assert one(sent, now=T0 + 1, copied={"a": OTHERS}).outcome == "touch"  # that will not change
    assert one(said("out", T0, "a", None, mass=True), now=T0 + 1).outcome == "touch"


@pytest.mark.parametrize(
    ("days", "timing", "outcome"),
    [(0, "in time", "moment"), (3, "in time", "moment"), (4, "late", "nearly"), (8, "late", "nearly"),
     (14, "far too late", "nearly")],
)  # fmt: skip
def test_an_answer_of_ours_is_two_way_if_it_is_in_time(days: int, timing: str, outcome: str) -> None:
    asked = said("in", T0 - DAY_US * 0, "q", "Could you look at the gutter?")
    found = one(asked, said("out", T0 + days * DAY_US + HOUR, "a"))
    assert (found.timing, found.outcome) == (timing, outcome)


def test_what_was_noted_later_was_not_known_then() -> None:
    sent = said("out", T0, "a", "How was the oboe concert?")
    assert one(sent, details=[detail(1, "plays the oboe", noted=T0 + 1)]).details == ()
    assert one(sent, details=[detail(1, "plays the oboe", ended_us=T0 + DAY_US)]).details == (1,)
    assert one(sent, details=[detail(1, "plays the oboe", ended_us=T0 - DAY_US)]).details == ()


def test_a_gesture_is_linked_to_its_occasion_and_is_one_with_its_message() -> None:
    letter = said("out", T0, "mail", channel="email")
    noted = said(
        "out", T0 + HOUR, "desk:gesture-7", "Wrote about the gutter.", name="gesture", form="note", occasion="3"
    )
    found = one(letter, noted, gestures=[Gesture(7, 3, "note", T0 + HOUR)])
    assert (found.event, found.occasion) == ("mail", 3)
    call = said("out", T0 + 5 * DAY_US, "desk:gesture-8", "She is fine.", name="gesture", form="call", occasion="4")
    both = read(letter, noted, call)
    assert [(one.event, one.occasion, one.outcome) for one in both] == [
        ("mail", 3, "touch"),
        ("desk:gesture-8", 4, "moment"),
    ]
    alone = one(noted)
    assert (alone.event, alone.occasion) == ("desk:gesture-7", 3)
    same = {"mail": Copied(20, 20, 0, True), "desk:gesture-7": Copied(20, 20, 0, True)}
    (alike,) = read(letter, noted, copied=same)  # "this is what I sent" says the same words, to the same party
    assert (alike.share, alike.others) == (0.0, 0)
    (others,) = read(letter, noted, copied={"mail": Copied(20, 20, 2, True)})
    assert (others.share, others.outcome) == (1.0, "touch")
    nothing = said(None, T0, "desk:gesture-9", None, name="gesture", form="nothing")  # type: ignore[arg-type]
    assert read(nothing) == []


SAID = (
    "Dear Ada, how is the lute since the wedding? I kept the spare string for you, and the bridge you lost in May lies "
    "on my desk. Shall I bring both on Friday?"
)
AS_SENT = (
    "Dear Ada,\n\nhow is the lute since the wedding? I kept a spare string for you, and the little bridge you lost in "
    "May lies on my desk. Shall I bring them both on Friday?\n\nWarm regards,\nEwa Nowak\nLinden 3, 0161 496 0123\n\n"
    "On Monday Ada Lis wrote:\n> Did I leave anything with you? I miss the bridge.\n> Ada"
)


def test_a_message_that_was_changed_a_little_is_the_gesture_and_another_is_not() -> None:
    noted = said("out", T0, "desk:gesture-7", SAID, name="gesture", form="note", occasion="3")
    mail = said("out", T0 + 2 * DAY_US, "mail", AS_SENT)
    bill = said("out", T0 + HOUR, "bill", "Your invoice no. 12 is enclosed, payable by Friday.")
    found = {one.event: one.occasion for one in read(bill, noted, mail)}
    assert found == {"bill": None, "mail": 3}  # though the other is nearer
    late = said("out", T0 + 4 * DAY_US, "mail", AS_SENT)
    assert {one.event: one.occasion for one in read(noted, late)} == {"desk:gesture-7": 3, "mail": None}
    before = said("out", T0 - 2 * DAY_US, "mail", AS_SENT)
    assert {one.event: one.occasion for one in read(before, noted)} == {"mail": 3}
    short = said("out", T0, "desk:gesture-8", "The bridge fits!", name="gesture", form="note", occasion="4")
    assert {
        one.event: one.occasion for one in read(short, said("out", T0 + DAY_US + 1, "x", "Oh, the bridge fits!"))
    } == {"x": 4}
    call = said("out", T0, "desk:gesture-9", SAID, name="gesture", form="call", occasion="5")
    assert {one.event: one.occasion for one in read(call, mail)} == {"desk:gesture-9": 5, "mail": None}


def test_two_gestures_have_a_message_each_the_likest_first() -> None:
    first = said("out", T0, "desk:gesture-1", SAID, name="gesture", form="note", occasion="1")
    second = said(
        "out", T0 + HOUR, "desk:gesture-2", "Wrote about the gutter.", name="gesture", form="note", occasion="2"
    )
    mail, other = said("out", T0 + 2 * HOUR, "mail", AS_SENT), said("out", T0 + 3 * HOUR, "other", "It drips again?")
    assert {one.event: one.occasion for one in read(first, second, mail, other)} == {"mail": 1, "other": 2}


def test_what_was_said_again_to_the_same_party_within_days_is_no_copy(tmp_path: Path) -> None:
    everyone = [("desk:gesture-7", "p1", T0, SAID), ("mail", "ada@x.example", T0 + DAY_US, AS_SENT)]
    later = ("later", "p1", T0 + 30 * DAY_US, SAID.replace("Friday", "Monday").replace("kept", "have"))
    jan = ("jan", "p2", T0 + 9 * DAY_US, SAID.replace("lute", "oboe"))
    for more, merged, shares in (
        ((), {}, (1, 1)),  # to two, for all that is known
        ((), {"ada@x.example": "p1"}, (0, 0)),
        ((later,), {"ada@x.example": "p1"}, (1, 1)),  # the same once more after a month
        ((jan,), {"ada@x.example": "p1"}, (1, 1)),
    ):
        path = tmp_path / f"{len(more)}{len(merged)}{jan in more}.db"
        with Sent(path) as sent, sent.writing():
            sent.add([Message(party, at, text, event=id) for id, party, at, text in (*everyone, *more)])
        with Copies(path, merged) as copies:
            found = copies.of(["desk:gesture-7", "mail"])
        assert tuple(round(one.share) for one in found.values()) == shares, (more, merged, found)


FEW = [
    "mill",
    "gate",
    "roof",
    "moss",
    "tile",
    "lamp",
    "door",
    "boat",
    "rain",
    "fern",
    "oak",
    "key",
    "path",
    "well",
    "barn",
]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_every_message_has_one_outcome_and_answers_are_given_once(data: st.DataObject) -> None:
    kinds = st.tuples(
        st.sampled_from(["in", "out"]), st.integers(0, 40), st.booleans(), st.sampled_from(["", "a", "b"])
    )
    rows = data.draw(st.lists(kinds, max_size=12))
    texts = ("It is so.", "Is it?")
    events = [said(way, T0 + at * HOUR * 12, f"e{i}", texts[at % 2], mass=mass, thread=thread or f"t{i}")
              for i, (way, at, mass, thread) in enumerate(rows)]  # fmt: skip
    found = read(*events)
    assert sorted(one.event for one in found) == sorted(e.id for e in events if e.direction == "out")
    answers = [one.answer.event for one in found if one.answer]
    assert len(answers) == len(set(answers))
    by_id = {event.id: event for event in events}
    assert all(by_id[answer].direction == "in" and not by_id[answer].mass for answer in answers)


def letters(seed: int, many: int) -> list[Message]:
    """Templates with fields, edited copies of them, and letters of their own."""
    draw = random.Random(seed)
    words = [a + b for a in FEW for b in FEW] + [f"{a}{n}x" for a in FEW for n in "abcdefgh"]
    templates = [draw.choices(words, k=40) for _ in range(5)]
    found = []
    for i in range(many):
        kind = i % 4
        text = list(draw.choice(templates)) if kind < 2 else draw.choices(words, k=draw.randint(3, 60))
        if kind == 1:
            for place in draw.sample(range(40), 4):
                text[place] = draw.choice(words)
        if kind == 3:
            text[-12:] = draw.choice(templates)[:12]
        found.append(Message(f"p{i}", T0 + i, " ".join(text), event=f"e{i}"))
    return found


def by_search(sent: Sent, messages: Sequence[Message]) -> dict[str, tuple[int, int]]:
    found = {}
    for message in messages:
        codes = skeleton(message.text).codes
        found[message.event] = (len(codes), int(sent.like(codes, without=(message.party, message.at_us)).shared.sum()))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_all_at_once_finds_what_a_search_for_each_finds(tmp_path: Path, seed: int) -> None:
    messages = letters(seed, 600)
    with Sent(tmp_path / "sent.db") as sent:
        with sent.writing():
            sent.add(messages)
        searched = by_search(sent, messages)
        with Copies(tmp_path / "sent.db") as copies:
            found = copies.of([message.event for message in messages])
    assert len(found) == len(messages)
    level = lambda share: "good" if share < 0.2 else "mixed" if share <= 0.5 else "poor"  # noqa: E731
    same = sum(
        level(found[event].share) == level(shared / max(words, 1)) for event, (words, shared) in searched.items()
    )
    assert all(found[event].words == words for event, (words, _) in searched.items())
    assert same >= 0.99 * len(messages)
    assert {found[f"e{i}"].whole for i in range(0, 600, 4)} == {True}
    assert {level(found[f"e{i}"].share) for i in range(1, 600, 4)} == {"poor"}
