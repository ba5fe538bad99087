"""Unique: its figures on messages that no threshold was chosen on, its sentences, and what it cannot judge.

Thresholds were chosen on the tuning bank and on the open half of the labelled messages; figures are of the held bank.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import made_messages as made
from occasion.coach.index import Message, Sent
from occasion.coach.reading import Draft, Known, Part
from occasion.coach.unique import read_unique
from occasion.forecast.alike import wilson
from occasion.people.parties import Party

NAMES = (*made.FIRMS, *made.COLLEAGUES)
NOW = 1_796_983_200_000_000  # 2026-12-11
DAY = 86_400_000_000
OPEN = Path(__file__).parent / "data" / "messages" / "open.jsonl"
SEED, ROUNDS = 20261122, 42
NOTE = "I read your note on the plum tree twice, and the second time aloud to my brother, who grafts {what} himself."


def known(party: str = "kim", name: str = "Kim", **traits: str) -> Known:
    return Known(Party(party, (party,), True, name=name), traits=traits, names=NAMES, zone="Europe/Warsaw")


def read(text: str, sent: Sent | None, who: Known | None = None, **how: Any) -> Part:
    who = who or known()
    return read_unique(Draft(text, who.party.party, how.pop("at", NOW)), who, sent, **how)


def to_known(to: made.Recipient, *, fields: bool = True) -> Known:
    traits = dict(zip(made.OWN, to.fields, strict=True)) if fields else {}
    return known(to.party, to.name, **traits)


def messages(*some: tuple[str, int, str]) -> Sent:
    return Sent.of([Message(party, NOW - days * DAY, text) for party, days, text in some], NAMES)


# figures


@cache
def measured(data: Path) -> Mapping[str, Sequence[bool]]:
    """Of each kind of message whether it was read rightly: renderings poor, personal notes good."""
    rng = random.Random(SEED)
    notes = list(made.notes("held", rng, data))
    told: dict[str, list[bool]] = {}
    known_notes = [made.sent(text, to, NOW - DAY - n) for n, (to, text) in enumerate(notes)]
    every = list(known_notes)
    for _ in range(ROUNDS):
        templates = made.templates("held", rng)
        some = list(rng.sample(known_notes, 100))
        for number, template in enumerate(templates):
            for other in range(rng.choice((1, 2))):  # rare: one or two others got it
                to = made.recipient(rng, 100 * number + other)
                text = made.render(template, to, lower=rng.random() < 0.3)
                some.append(made.sent(text, to, NOW - number - DAY))
        every += some[100:]
        with Sent.of(some, NAMES) as sent:
            for number, template in enumerate(templates):
                for kind in ("capitals", "lower case", "edited", "unknown fields"):
                    to = made.recipient(rng, 50_000 + number)
                    text = made.render(template, to, lower=kind in ("lower case", "unknown fields"))
                    text = made.edit(text, "held", rng) if kind == "edited" else text
                    part = read(text, sent, to_known(to, fields=kind != "unknown fields"))
                    told.setdefault(kind, []).append(part.level == "poor")
    with Sent.of(every, NAMES) as sent:
        for message, (to, text) in zip(known_notes, notes, strict=True):
            part = read(text, sent, to_known(to), at=message.at_us, again=True)
            told.setdefault("notes", []).append(part.level == "good")
    return told


def share(told: Sequence[bool]) -> tuple[float, float, float]:
    """The share of those read rightly, with its interval (Wilson, 95 %)."""
    low, high = wilson(sum(told), len(told))
    return sum(told) / len(told), low, high


@pytest.mark.parametrize(
    ("kind", "least"), [("capitals", 0.99), ("lower case", 0.99), ("edited", 0.90), ("unknown fields", 0.90)]
)
def test_templates_are_caught_though_only_one_or_two_others_got_them(data: Path, kind: str, least: float) -> None:
    found, low, high = share(measured(data)[kind])
    assert len(measured(data)[kind]) >= 100
    assert found >= least, (found, low, high)


def test_personal_notes_that_share_greetings_and_closings_are_good(data: Path) -> None:
    found, low, high = share(measured(data)["notes"])
    assert len(measured(data)["notes"]) >= 1000
    assert 1 - found <= 0.02, (found, low, high)


def test_the_labelled_half_that_is_open() -> None:
    """Unique is labelled by the share of words others got: the same levels come out."""
    labelled = [json.loads(line) for line in OPEN.read_text("utf-8").splitlines()]
    pool: dict[str, list[Message]] = {}
    for one in labelled:
        for sent in one["sent_before"]:
            at = int(datetime.fromisoformat(sent["at"]).timestamp()) * 10**6
            pool.setdefault(one["business"], []).append(Message(sent["to"], at, sent["text"], (), (sent["to_name"],)))
    for business, some in pool.items():
        some.append(Message("nobody", 0, f"Something else that {business} once wrote to somebody about the weather."))
    for one in labelled:
        at = int(datetime.fromisoformat(one["now"]).timestamp()) * 10**6
        with Sent.of(pool[one["business"]], NAMES) as sent:
            part = read(one["draft"]["text"], sent, known(one["party"]["id"], one["party"]["name"]), at=at)
        assert part.level == one["labels"]["unique"], (one["id"], part.why)


# what it says


def test_who_got_the_words_and_when() -> None:
    sent = messages(("jan", 7, NOTE.format(what="pears")), ("ola", 400, "The crown is a shade too light, is it not?"))
    part = read(NOTE.format(what="pears"), sent, seen_by=lambda some: {"jan": "Jan"})
    assert part.why == "Jan got these 21 words on 4 December."
    assert (part.level, part.score) == ("poor", 0.0)
    assert part.facts["recipients"] == [{"party": "jan", "name": "Jan", "at_us": NOW - 7 * DAY}]
    assert read(NOTE.format(what="pears"), sent).why == "Somebody else got these 21 words on 4 December."


def test_many_are_counted_once_each_and_a_year_is_said_where_it_is_another() -> None:
    some = [(f"p{i % 212}", 400 if i < 212 else 30, NOTE.format(what="pears")) for i in range(424)]
    part = read(NOTE.format(what="pears"), messages(*some), seen_by=lambda asked: {one: one for one in asked})
    assert part.why == "212 others got these 21 words on 11 November."
    assert part.facts["others"] == 212
    some = [*some[:211], ("p211", 30, NOTE.format(what="pears"))]
    part = read(NOTE.format(what="pears"), messages(*some))
    assert part.why == "212 others got these 21 words between 6 November 2025 and 11 November."


def test_one_word_exchanged_does_not_hide_it_and_the_marks_leave_it_out() -> None:
    text = NOTE.format(what="pears").replace("second time aloud", "second time slowly").replace("Kim", "Jan")
    part = read(f"Dear Kim, {text} Yours, Jo", messages(("jan", 7, NOTE.format(what="pears"))))
    marked = [f"Dear Kim, {text} Yours, Jo"[span.start : span.end] for span in part.spans]
    assert part.level == "poor"
    assert marked == ["I read your note on the plum tree twice, and the second time",
                      "to my brother, who grafts pears himself"]  # fmt: skip


def test_a_ready_sentence_in_a_personal_letter_is_mixed_and_the_marks_show_it() -> None:
    ready = "Slight swelling is normal after the treatment and goes down by itself."
    own = (
        "How do you manage the night tram with nothing but cold tea in the flask? Let a colleague drive if it throbs, "
        "and tell me on Thursday which of the two it was, the tea or the tram."
    )
    part = read(f"{ready} {own}", messages(("jan", 7, f"{ready} Please rinse gently.")))
    assert part.level == "mixed"
    assert [f"{ready} {own}"[span.start : span.end] for span in part.spans] == [ready[:-1]]
    assert part.changes == ("good needs fewer than a fifth of its words to be shared: 9 of 49, now 12",)


def test_order_does_not_matter() -> None:
    one, two = "The boiler is serviced in the week after Easter.", "Somebody must be there to open the cellar door."
    assert read(f"{two} {one}", messages(("jan", 7, f"{one} {two}"))).level == "poor"


def test_the_same_words_to_this_very_party_count() -> None:
    part = read(NOTE.format(what="pears"), messages(("kim", 7, NOTE.format(what="pears"))))
    assert (part.level, part.why) == ("poor", "They themselves got these 21 words on 4 December.")
    merged = read(
        NOTE.format(what="pears"), messages(("old-kim", 7, NOTE.format(what="pears"))), canonical=lambda p: "kim"
    )
    assert merged.why == "They themselves got these 21 words on 4 December."


def test_merged_identities_are_one_other() -> None:
    sent = messages(("jan", 7, NOTE.format(what="pears")), ("jan-phone", 6, NOTE.format(what="pears")))
    part = read(NOTE.format(what="pears"), sent, canonical=lambda party: party.removesuffix("-phone"))
    assert (part.facts["others"], part.facts["last_us"]) == (1, NOW - 6 * DAY)


def test_what_is_sent_later_does_not_count_unless_it_is_read_again() -> None:
    text = NOTE.format(what="pears")
    sent = messages(("eva", 40, "The crown is a shade too light, is it not?"), ("kim", 7, text), ("jan", 6, text))
    assert read(text, sent, at=NOW - 7 * DAY).level == "good"
    part = read(text, sent, at=NOW - 7 * DAY, again=True)
    assert (part.level, part.facts["others"], part.facts["own_us"]) == ("poor", 1, None)


@pytest.mark.parametrize(
    "text",
    ["Dear tenants, the lift is out of order.", "Dear valued customer, thank you.", "We wish all our patients well.",
     "To whom it may concern: the lift is out.", "Hello everyone, we moved.", "Drodzy pacjenci, mamy nowe godziny.",
     "Szanowny Kliencie, przypominamy o przeglądzie.", "Sehr geehrter Kunde, die Heizung ist gewartet.",
     "Estimado cliente, gracias por su visita.", "Cher client, merci de votre visite."],
)  # fmt: skip
def test_a_text_that_speaks_to_many_is_poor_whoever_got_it(text: str) -> None:
    part = read(text, None)
    assert (part.level, part.score) == ("poor", 0.0)
    assert part.spans


@pytest.mark.parametrize("text", ["You are the bravest of all our patients, and you know it.", "All tenants like you.",
                                  "Does your team know all customers by name?"])  # fmt: skip
def test_a_text_about_many_is_not_one_to_many(text: str) -> None:
    assert read(text, messages(("jan", 7, "Something else altogether was said to him."))).level == "good"


def test_short_texts_need_many_who_got_them() -> None:
    few = messages(("jan", 7, "Dear Jan, yes, that works. Jo"))
    assert read("Dear Kim, yes, that works. Jo", few).level == "good"
    many = messages(*((f"p{i}", 7, f"Happy birthday, Name{i}!") for i in range(4)))
    assert read("Happy birthday, Kim!", many).level == "poor"


def test_polish_and_german_too() -> None:
    text = "Dzień dobry Pani {name}, dziękujemy za wizytę {date} i przypominamy o kontroli w ulicy {street}. Ewa Nowak"
    sent = messages(("jan", 7, text.format(name="Anno", date="3 maja 2026", street="Długiej 5")))
    assert read(text.format(name="Mario", date="12.06.2026", street="Krótkiej 17"), sent).level == "poor"
    text = "Sehr geehrte Frau {name}, die Wohnung in der Gasse {n} ist ab Montag frei. Mit freundlichen Grüßen, Eva Alt"
    sent = messages(("jan", 7, text.format(name="Lang", n="4")))
    assert read(text.format(name="Kurz", n="12"), sent).level == "poor"
    other = "Sehr geehrte Frau Kurz, Ihre Katze saß heute wieder auf dem Balkon. Mit freundlichen Grüßen, Eva Alt"
    assert read(other, sent).level == "good"


def test_what_cannot_be_judged() -> None:
    for sent in (None, Sent(), messages(("jan", -1, "Something else was said to him tomorrow."))):
        part = read("The lamp in your hall is mended, and it sings.", sent)
        assert (part.level, part.score) == ("unknown", None)
        assert part.unjudged
    part = read("昨日はお越しいただきありがとうございました。", messages(("jan", 7, "The lamp is mended.")))
    assert (part.level, part.score) == ("unknown", None)
    part = read("Dear Kim,\n\nKind regards, Jo", messages(("jan", 7, "The lamp is mended.")))
    assert (part.level, part.unjudged) == ("unknown", ("Besides greeting, closing and names it has no words.",))
