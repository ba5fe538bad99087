# ruff: noqa: E501 - a case in one line is easier to read
"""Whether a text meets what matters to them now: the rubric's table, row by row, in words the lists were not made from."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from occasion.coach.reading import Draft, Known, Part
from occasion.coach.relevant import read_relevant
from occasion.events.event import Event
from occasion.people.details import Detail
from occasion.people.parties import Party
from occasion.people.promises import Promise

ZONE = "Europe/London"


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp()) * 10**6


def happened(when: str, name: str, body: str | None = None, direction: str | None = None, **properties: str) -> Event:
    actor = "Ola Reed" if not body and name not in ("payment", "invoice", "login") else None
    mass = properties.pop("mass", "") == "yes"
    return Event(
        party="p", name=name, at=at(when), seen=at(when), id=f"{name}:{when}", properties=properties, body=body,
        direction=direction or ("in" if body else None), actor=actor, mass=mass,
    )  # fmt: skip


def detail(text: str, noted: str = "2026-01-10", number: int = 1) -> Detail:
    return Detail(number, "p", text, "other", None, "said", "ola", at(f"{noted}T12:00"), "anything", False, False, None)


def read(
    text: str, now: str, *events: Event, details: tuple[Detail, ...] = (), deceased: str | None = None, **more: object
) -> Part:
    party = Party("p", ("p",), True, name="Mary Holt", zone=ZONE, deceased=deceased)
    newest = tuple(sorted(events, key=lambda event: -event.at))
    known = Known(party, details, newest, zone=ZONE, names=("Ola Reed",), **more)  # type: ignore[arg-type]
    return read_relevant(Draft(text, "p", at(now), "email", "Ola Reed"), known, "en")


LEAK = happened("2026-03-02T09:00", "message", "The kitchen tap drips all night. When can somebody look at it?")
REPAIR = happened("2026-03-02T10:00", "repair", trade="gutter")
ANSWERED = (
    ("2026-03-03T10:00", "good"), ("2026-03-05T10:00", "good"), ("2026-03-09T10:00", "mixed"), ("2026-03-20T10:00", "poor"),
)  # fmt: skip


@pytest.mark.parametrize(("now", "level"), ANSWERED)
def test_a_question_is_answered_within_working_days(now: str, level: str) -> None:
    text = "Dear Ms Holt,\n\nthe plumber comes on Friday at nine for the tap; it needs a new washer.\n\nOla Reed"
    assert read(text, now, LEAK).level == level


@pytest.mark.parametrize(
    "text",
    [
        "Dear Ms Holt,\n\nI loved the photo of your garden. Which rose is the yellow one?\n\nOla Reed",
        "Dear Ms Holt, spring is here! Our new terrace furniture is in. Book your visit today.",
        "Dear Ms Holt, thank you for three wonderful years with us. Ola Reed",
        "Dear Ms Holt, this is about the tap: the matter is closed for us, and no further correspondence will follow.",
    ],
)
def test_an_open_question_beats_everything(text: str) -> None:
    part = read(text, "2026-03-04T10:00", LEAK, details=(detail("grows roses"),))
    assert part.level == "poor"
    assert part.facts["asked"] == "The kitchen tap drips all night. When can somebody look at it?"
    assert any("The kitchen tap drips" in change for change in part.changes)


@pytest.mark.parametrize(
    ("reply", "open_still"),
    [
        (happened("2026-03-02T15:00", "message", "A plumber comes on Thursday.", "out"), False),
        (happened("2026-03-02T15:00", "message", "We have received your message.", "out", auto="yes"), True),
        (happened("2026-03-02T15:00", "message", "Dear all, the lift is serviced on Monday.", "out", mass="yes"), True),
        (happened("2026-03-03T15:00", "repair", trade="tap"), False),
        (happened("2026-03-02T15:00", "message", "I'll look into it and let you know.", "out"), True),
    ],
)
def test_what_is_an_answer(reply: Event, open_still: bool) -> None:
    part = read(
        "Dear Ms Holt, how are the roses? Ola", "2026-03-04T10:00", LEAK, reply, details=(detail("grows roses"),)
    )
    assert ("asked" in part.facts) is open_still


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Dear Ms Holt, thank you for writing. I will get back to you on Friday. Ola", "mixed"),
        ("Dear Ms Holt, thank you for writing. I will get back to you. Ola", "poor"),
        ("Dear Ms Holt, it was lovely to see you. Is Zosia fond of school? Ola", "poor"),
        ("Dear Ms Holt, we hope you enjoy your new kitchen! Rate us here. Ola", "poor"),
    ],
)
def test_a_day_by_which_somebody_will_answer_is_half_an_answer(text: str, level: str) -> None:
    assert read(text, "2026-03-04T10:00", LEAK).level == level


def test_what_cannot_be_read_is_not_called_poor() -> None:
    known = Known(Party("p", ("p",), True, name="Mary Holt", zone=ZONE), (), (LEAK,), zone=ZONE)
    text = "Dzień dobry, hydraulik będzie w piątek o dziewiątej. Czy ktoś będzie w domu? Ola"
    part = read_relevant(Draft(text, "p", at("2026-03-04T10:00"), "email", "Ola Reed"), known, "pl")
    assert (part.level, part.score) == ("unknown", None)
    assert part.unjudged == ("matters: not judged in Polish; it is judged in English",)
    assert any("The kitchen tap drips" in change for change in part.changes)


@pytest.mark.parametrize(
    "body",
    [
        "Thanks, all good now.",
        "Lovely, see you on Monday.",
        "Great, that works.",
        "We liked it. We need to think about it.",
    ],
)
def test_thanks_wait_for_no_answer(body: str) -> None:
    assert (
        "asked"
        not in read("Dear Ms Holt, hello. Ola", "2026-03-04T10:00", happened("2026-03-02T09:00", "message", body)).facts
    )


@pytest.mark.parametrize(
    "body",
    [
        "There is mould behind the wardrobe.", "My tooth hurts since yesterday", "I would like to move my appointment",
        "the report has been wrong since Monday", "Nobody came on Friday.", "could someone ring me",
        "Thanks for coming, but the radiator is still cold.", "Great work on the door. Please send me the bill.",
    ],
)  # fmt: skip
def test_trouble_waits_for_an_answer_without_a_question_mark(body: str) -> None:
    assert (
        "asked"
        in read("Dear Ms Holt, hello. Ola", "2026-03-04T10:00", happened("2026-03-02T09:00", "message", body)).facts
    )


@pytest.mark.parametrize(
    ("now", "level"),
    [("2026-03-02T11:00", "mixed"), ("2026-03-02T18:00", "good"), ("2026-03-06T10:00", "good"), ("2026-03-07T10:00", "good"),
     ("2026-03-09T10:00", "mixed"), ("2026-03-23T10:00", "mixed"), ("2026-04-20T10:00", "poor")],
)  # fmt: skip
def test_something_done_for_them(now: str, level: str) -> None:
    text = "Hello Mary,\n\ndoes the gutter hold in this rain, or does it still run down the wall?\n\nOla"
    assert read(text, now, REPAIR).level == level


def test_what_it_does_not_name_it_is_not_said_to_be_about() -> None:
    named = read("Hello Mary, does the gutter hold? Ola", "2026-03-04T10:00", REPAIR)
    assert named.why == "It is about “repair gutter” on 2 March, 2 days after it"
    other = read("Hello Mary, is Bruno better? Ola", "2026-03-04T10:00", REPAIR)
    assert (other.level, other.why) == (
        "good",
        "It does not name “repair gutter” on 2 March, but comes 2 days after it",
    )


@pytest.mark.parametrize(
    ("now", "level"),
    [("2026-05-01T10:00", "poor"), ("2026-05-30T10:00", "mixed"), ("2026-06-08T10:00", "good"), ("2026-06-12T10:00", "good"),
     ("2026-06-28T10:00", "mixed")],
)  # fmt: skip
def test_a_day_known_ahead(now: str, level: str) -> None:
    text = "Dear Mary,\n\nI think of you and the sailing exam. Are the knots in your fingers by now?\n\nOla"
    assert read(text, now, details=(detail("sailing exam on 10 June 2026"),)).level == level


@pytest.mark.parametrize(
    ("now", "level"), [("2026-03-02T18:00", "mixed"), ("2026-03-09T10:00", "good"), ("2026-04-20T10:00", "mixed")]
)
def test_a_beginning(now: str, level: str) -> None:
    begun = happened("2026-03-02T10:00", "moved_in", unit="Quay 11")
    text = "Dear Mary,\n\nare the boxes unpacked, and does the evening sun reach the kitchen as you hoped?\n\nOla"
    assert read(text, now, begun).level == level


@pytest.mark.parametrize(
    ("now", "level"), [("2026-03-05T10:00", "good"), ("2026-03-25T10:00", "mixed"), ("2026-05-25T10:00", "poor")]
)
def test_a_round_number(now: str, level: str) -> None:
    text = "Dear Mary,\n\nyour hundredth order went out: the blue bowl again. Is the first one broken?\n\nOla"
    assert read(text, now, happened("2026-03-02T10:00", "order_milestone", count="100")).level == level


@pytest.mark.parametrize(
    ("now", "level"),
    [
        ("2026-01-10T10:00", "mixed"),
        ("2026-04-01T10:00", "good"),
        ("2026-06-25T10:00", "mixed"),
        ("2026-06-29T10:00", "poor"),
    ],
)
def test_a_renewal(now: str, level: str) -> None:
    text = (
        "Dear Mary,\n\nyour lease ends on 30 June 2026. Would another year suit you, or is the garden calling?\n\nOla"
    )
    assert read(text, now).level == level


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Dear Mary, I only wanted to say that I think of you. Ola", "mixed"),
        ("Dear Mary, refer a friend and get a voucher of 20 pounds! Ola", "poor"),
        ("Dear Mary, it is time for your check-up, please book. Ola", "poor"),
        ("Happy Easter from the whole team!", "poor"),
    ],
)
def test_nothing_of_the_kind(text: str, level: str) -> None:
    assert read(text, "2026-03-04T10:00").level == level


def test_it_contradicts_what_happened() -> None:
    bill, paid = happened("2026-02-20T09:00", "invoice", direction="out"), happened("2026-03-02T09:00", "payment")
    reminder = "Dear Ms Holt, your invoice is overdue. Please settle the amount. Accounts"
    part = read(reminder, "2026-03-04T10:00", bill, paid)
    assert part.level == "poor"
    assert "2 March" in part.why
    notice = happened("2026-03-01T09:00", "notice", "We are moving to Leeds at the end of the month.")
    assert read("Dear Mary, welcome to our family of tenants! Ola", "2026-03-04T10:00", notice).level == "poor"


def test_mourning_and_the_dead() -> None:
    lost = detail("her husband Tom died on 20 February 2026", "2026-02-22")
    offer = "Dear Ms Holt, book your free valuation now. The team"
    assert read(offer, "2026-03-20T10:00", details=(lost,)).level == "poor"
    assert "mourn" in read(offer, "2026-03-20T10:00", details=(lost,)).why
    demand = "Dear Ms Holt, sorry for your loss. The balance of £40 must be settled first. Accounts"
    assert read(demand, "2026-03-20T10:00", details=(lost,)).level == "poor"
    kind = "Dear Mary, I am so sorry about Tom. I will see to the contract, there is no hurry. Ola"
    assert read(kind, "2026-02-24T10:00", details=(lost,)).level != "poor"
    assert read("Dear Ms Holt, how is your new tooth? Ola", "2026-03-20T10:00", deceased="2026-03").level == "poor"


def test_a_promise_that_fell_due() -> None:
    promise = Promise(
        1, "p", "send the photographs of the loft", "ola", at("2026-02-20T10:00"), "2026-03-02", None, None, None, None
    )
    kept = "Dear Mary,\n\nhere are the photographs of the loft, all nine. Which one shall I enlarge?\n\nOla"
    assert read(kept, "2026-03-03T10:00", promises=(promise,)).level == "good"
    passed = "Dear Mary,\n\nisn't this a lovely week? I hope you are out of doors.\n\nOla"
    part = read(passed, "2026-03-06T10:00", promises=(promise,))
    assert part.level == "poor"
    assert any("photographs of the loft" in change for change in part.changes)


def test_what_does_not_hold_for_a_language_is_said() -> None:
    party = Party("p", ("p",), True, name="Maria Holt", zone=ZONE)
    known = Known(party, (), (LEAK,), zone=ZONE)
    part = read_relevant(Draft("Dzień dobry, życzę miłego dnia.", "p", at("2026-03-04T10:00")), known, "pl")
    assert part.level == "unknown"  # nobody can tell whether it answers the question, which is named all the same
    assert any(said.startswith("matters: not judged in Polish") for said in part.unjudged)
