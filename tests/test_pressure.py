"""Pressure, blame, shouting: what is found, where, and what is left alone."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from occasion.coach.cues import Found
from occasion.coach.pieces import Piece, pieces_of
from occasion.coach.pressure import blaming, pressing, shouting
from occasion.coach.pressure_model import Pressing, thoroughly
from occasion.coach.sentence_vectors import available

DATA = Path(__file__).parent / "data"
LEARNED = Path(__file__).parent.parent / "scripts" / "pressure_sentences.jsonl"
needs_model = pytest.mark.skipif(not available(), reason="needs the sentence model: the extra multilingual")


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


def found_in(name: str, *, thorough: bool) -> tuple[tuple[int, int], tuple[int, int]]:
    """(found, of how many) of the sentences of a set that press, and of those that do not."""
    rows = [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]
    told: dict[bool, list[bool]] = {True: [], False: []}
    for row in rows:
        text = row["text"]
        found = Pressing((*pressing(text), *blaming(text)))
        if thorough:
            found = thoroughly(found.surely, [Piece(0, len(text), text)], "en")
        told[row["presses"] if "presses" in row else row["kind"] is not None].append(
            bool(found.surely or found.perhaps)
        )
    return (sum(told[True]), len(told[True])), (sum(told[False]), len(told[False]))


def test_freely_worded_sentences_by_the_turns_alone() -> None:
    """Written before the turns were widened, and not looked at (docs/coach.md); 40 and 40 of an earlier set."""
    (found, many), (wrong, plain) = found_in("pressure_kept.jsonl", thorough=False)
    sys.stdout.write(f"turns alone: {found} of {many}, wrong {wrong} of {plain}\n")
    assert found >= 22
    assert wrong <= 8
    (found, many), (wrong, plain) = found_in("pressing_sentences.jsonl", thorough=False)
    assert found >= 6
    assert wrong <= 2


@needs_model
def test_freely_worded_sentences_with_the_model() -> None:
    (found, many), (wrong, plain) = found_in("pressure_kept.jsonl", thorough=True)
    sys.stdout.write(f"with the model: {found} of {many}, wrong {wrong} of {plain}\n")
    assert found >= 42
    assert wrong <= 4
    (found, many), (wrong, plain) = found_in("pressing_sentences.jsonl", thorough=True)
    sys.stdout.write(f"the earlier set: {found} of {many}, wrong {wrong} of {plain}\n")
    assert found >= 13
    assert wrong <= 4


def test_no_sentence_of_the_test_was_trained_on() -> None:
    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text.lower())
        return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}

    learned = [json.loads(line)["text"] for line in LEARNED.read_text(encoding="utf-8").splitlines()]
    known = {run for text in learned for run in runs(text)} | {(text,) for text in learned}
    for name in ("pressure_kept.jsonl", "pressing_sentences.jsonl"):
        for line in (DATA / name).read_text(encoding="utf-8").splitlines():
            text = json.loads(line)["text"]
            assert not (runs(text) | {(text,)}) & known, text


@needs_model
def test_the_model_names_the_sentence_its_kind_and_why() -> None:
    text = (
        "Hello Ann, thank you for the photos. Honestly, nobody in this office buys your tale about the keys. "
        "The plumber comes on Friday."
    )
    assert pressing(text) + blaming(text) == ()
    found = thoroughly((), pieces_of(text).sentences, "en")
    (one,) = (*found.surely, *found.perhaps)
    assert text[one.start : one.end] == one.words
    assert one.words.startswith("Honestly")
    assert one.name in ("doubt", "mockery", "blame")
    assert one.why.startswith("reads as if")
    assert thoroughly((), pieces_of(text).sentences, "pl") == Pressing(())


@needs_model
def test_a_turn_in_a_sentence_that_plainly_does_not_press_is_not_believed() -> None:
    text = "I was disappointed that the bakery was shut, and then your card with the plums came."
    assert thoroughly((Found("guilt", "x", 0, 18, text[:18]),), pieces_of(text).sentences, "en").surely == ()
    blames = "You failed to send the form, so it is your own fault that nothing was done."
    assert thoroughly(blaming(blames), pieces_of(blames).sentences, "en").surely == blaming(blames)


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
