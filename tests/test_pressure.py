"""Pressure, blame, shouting: what is found, where, and what is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from occasion.coach.pieces import pieces_of
from occasion.coach.pressure import blaming, pressing, shouting

SENTENCES = Path(__file__).parent / "data" / "pressing_sentences.jsonl"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Unless the amount is received within 5 days we will start proceedings.", "threat"),
        ("Failure to comply may lead to termination.", "threat"),
        ("Hurry, only until Friday!", "false urgency"),
        ("This is your last chance to keep the price.", "false urgency"),
        ("After all we have done for you, this is sad.", "guilt"),
        ("I’m disappointed that you chose somebody else.", "guilt"),
    ],
)
def test_pressure_is_found_with_its_place(text: str, name: str) -> None:
    found = pressing(text)
    assert name in {one.name for one in found}
    assert all(text[one.start : one.end] == one.words for one in found)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("As you failed to send the form, nothing was done.", "blame"),
        ("You should have told us in May.", "blame"),
        ("It is hard to believe that you clicked only once.", "doubt"),
        ("You claim that nobody rang.", "doubt"),
        ("It isn't rocket science to close a tap.", "mockery"),
        ("As a teacher you ought to know how to read a contract.", "mockery"),
    ],
)
def test_blame_doubt_and_mockery_are_found(text: str, name: str) -> None:
    assert name in {one.name for one in blaming(text)}


@pytest.mark.parametrize(
    "text",
    [
        "You did nothing wrong, it was our mistake.",
        "You should have seen the kitchen when the cake came out!",
        "There is no hurry at all.",
        "It is hard to believe that it has been ten years!",
        "If you had told me a year ago that I'd keep bees, I'd have laughed.",
        "You forgot your scarf; it hangs at the desk.",
        "If I don't hear from you by Friday I'll ring you.",
    ],
)
def test_friendly_turns_of_the_same_words_are_left_alone(text: str) -> None:
    assert pressing(text) == ()
    assert blaming(text) == ()


def test_capitals_for_stress_are_told_from_names_initials_and_fields() -> None:
    text = "Dear DANA,\n\nthe EPC and the TA6 are here, the RINGHOFER lamp too. Please answer NOW!!\n\nNORA"
    assert [one.words for one in shouting(text, ["Dana Ringhofer", "Nora"])] == ["NOW", "!!"]
    assert [one.words for one in shouting("PROSZĘ ODPISAĆ NATYCHMIAST", (), "pl")] == ["ODPISAĆ", "NATYCHMIAST"]
    assert shouting("What a day! And what a cake!", ()) == ()


def test_polish_has_cues_of_its_own() -> None:
    assert pressing("Albo zapłaci pan do jutra, albo sprawa idzie do komornika.", "pl")
    assert blaming("Naprawdę tak trudno wysłać jeden plik?", "pl")
    assert blaming("Czy mogłaby Pani wysłać plik jeszcze raz? Dziękuję.", "pl") == ()
    assert pressing("Sign today or else!", "fi") == ()


def test_sentences_written_after_the_cues() -> None:
    """40 that press or blame in freer words and 40 that do not, written when the cues stood (docs/coach.md)."""
    rows = [json.loads(line) for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    told = {
        presses: sum(bool(pressing(row["text"]) + blaming(row["text"])) for row in rows if row["presses"] is presses)
        for presses in (True, False)
    }
    assert told[False] <= 1
    assert told[True] >= 4


def test_a_message_is_taken_apart() -> None:
    text = "Hi Josh, the seal is new. Is it dry, or have you had to mop again? Ring 0161 555 0142. Cheers, Jack"
    pieces = pieces_of(text)
    assert pieces.greeting is not None
    assert pieces.greeting.text == "Hi Josh,"
    assert [one.text for one in pieces.sentences] == [
        "the seal is new.", "Is it dry, or have you had to mop again?", "Ring 0161 555 0142.",
    ]  # fmt: skip
    assert pieces.signed is not None
    assert pieces.signed.text == "Cheers, Jack"
    assert pieces_of("").sentences == ()
    assert pieces_of("Click here to take part.").signed is None
