"""Two-way: who writes, what is asked, whether somebody reads the answer."""

from __future__ import annotations

import pytest

from labelled import kappa, labelled
from occasion.coach.languages import language_of
from occasion.coach.pieces import pieces_of
from occasion.coach.reading import Draft, Known, Part
from occasion.coach.senders import sender_of
from occasion.coach.two_way import doors_of, read_two_way
from occasion.people.parties import Party

NAMES = ("Toby Fenwick", "Agnes Rowe", "Fenwick Rowe", "Fenwick Rowe customer team")


def read(text: str, by: str = "Agnes Rowe", language: str | None = "en") -> Part:
    return read_two_way(Draft(text, "p", 0, "email", by), Known(Party("p", ("p",)), names=NAMES), language)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Dear Jun, who sleeps under the roof now? Agnes Rowe", "good"),
        ("Dear Jun, the roof is done. Ring me on 555 0119 if it drips. Agnes Rowe", "good"),
        ("Dear Jun, the roof is done. Agnes Rowe", "mixed"),
        ("Dear Jun, the roof is done. Any questions? Agnes Rowe", "mixed"),
        ("Dear Jun, the roof is done. Let me know if you have any questions. Agnes Rowe", "mixed"),
        ("Dear Jun, the roof is done. Any questions? Ring me if it drips. Agnes Rowe", "good"),
        ("Dear Jun, on a scale from 1 to 10, how likely are you to recommend us? Agnes Rowe", "mixed"),
        ("Dear Jun, the roof is done. Let us know. Agnes Rowe", "mixed"),
        ("Dear Jun, the roof is done. Enjoy it, and no need to answer! Agnes Rowe", "mixed"),
        ("Dear Jun, how is the roof? You can reach us on 0161 555 0119. Fenwick Rowe customer team", "mixed"),
        ("Dear Jun, the roof is done. Fenwick Rowe customer team", "poor"),
        ("Dear Jun, the roof is done. Click here for more. Fenwick Rowe customer team", "poor"),
        ("Dear Jun, use our web form to answer. Agnes Rowe", "poor"),
        ("Dear Jun, how is the roof? This mailbox is not monitored. Agnes Rowe", "poor"),
        ("Dear Jun, you were late. That is all I can say about it. Agnes Rowe", "poor"),
    ],
)
def test_the_rows_of_the_rubric(text: str, level: str) -> None:
    assert read(text).level == level, read(text).why


@pytest.mark.parametrize(
    ("text", "by", "sender"),
    [
        ("See you then. Nora", "nora.quist", "person"),
        ("The roof is closed.\n\nAlder & Quay", "Agnes Rowe", "office"),
        ("Is it time for a new chapter? Fenwick Rowe", "Fenwick Rowe", "office"),
        ("It went well. Toby Fenwick", "Toby Fenwick", "person"),
        ("The survey is done. Your Agnes from Fenwick Rowe", "Agnes Rowe", "person"),
        ("Your invoice.\n\nAccounts", "Accounts", "office"),
        ("Hi Paula, Agnes Rowe here. Soup is fine.", "Agnes Rowe", "person"),
        ("Soup is fine.", "Agnes Rowe", "person"),
        ("Soup is fine.", "no-reply", "office"),
        ("Soup is fine.", "", "nobody"),
        ("Dear Jun,\n\nsoup is fine.\n\nKind regards,\nyour practice team", "Agnes Rowe", "office"),
        ("Soup is fine. Kind regards, your practice team", "Agnes Rowe", "office"),
        ("Soup is fine. Speak soon, Agnes", "Agnes Rowe", "person"),
        ("Soup is fine. Speak soon", "Agnes Rowe", "person"),
        ("Soup is fine.\n\nBest,\nAgnes Rowe\nFenwick Rowe customer team", "Agnes Rowe", "person"),
        ("Soup is fine.\n\nBest,\nIwo Lis\nHygienist\nNorth Dental\n0161 496 0000", "iwo", "person"),
        ("Soup is fine.\n\nKind regards\n\nReception\nAgnes Rowe", "Agnes Rowe", "person"),
        ("Soup is fine.\n\nKind regards\n\nReception\nOld Mill", "Agnes Rowe", "office"),
        ("Soup is fine.\n\nIwo Lis\nLettings\n0161 496 0101", "", "person"),
        ("Soup is fine.\n\n--\nIwo Lis\nhttps://example.com", "", "person"),
        ("Soup is fine.\n\nBring:\n- bread\n- salt", "", "nobody"),
    ],
)
def test_a_person_is_told_from_an_office(text: str, by: str, sender: str) -> None:
    assert sender_of(text, by, NAMES)[0] == sender


def test_a_signature_of_several_lines_is_no_sentence() -> None:
    pieces = pieces_of("Dear Jun,\n\nsoup is fine.\n\nBest wishes,\n\nAgnes Rowe\nFenwick Rowe customer team")
    assert [one.text for one in pieces.sentences] == ["soup is fine."]
    pieces = pieces_of("Thanks\nI will do it\nsee you")
    assert len(pieces.sentences) == 3


def test_the_places_say_what_they_mean() -> None:
    text = "Dear Jun, who sleeps under the roof? Ring me any evening. Agnes Rowe"
    spans = {text[span.start : span.end]: span.why for span in read(text).spans}
    assert spans["who sleeps under the roof?"] == "asks what only they can answer"
    assert spans["Agnes Rowe"] == "a person signs"
    assert any("Ring me" in words for words in spans)


def test_a_question_and_a_shut_door_are_known_in_polish() -> None:
    assert read("Dzień dobry, jak się Pan czuje po wczorajszym zabiegu? Agnes Rowe", language="pl").level == "good"
    assert read("Dzień dobry, prosimy nie odpowiadać na tę wiadomość. Agnes Rowe", language="pl").level == "poor"
    assert read("Dzień dobry, dach gotowy. Czy mają Państwo jakieś pytania? Agnes Rowe", language="pl").level == "mixed"


def test_in_other_languages_a_question_counts_and_the_rest_is_not_judged() -> None:
    asks = read("Hei Jun, kuka nukkuu katon alla? Agnes Rowe", language="fi")
    assert asks.level == "good"
    assert any("not judged in Finnish" in said for said in asks.unjudged)
    tells = read("Hei Jun, katto on valmis. Agnes Rowe", language="fi")
    assert (tells.level, tells.score) == ("unknown", None)


def test_a_set_question_does_not_hide_a_real_one() -> None:
    doors = doors_of("Any questions? And who won the attic?", "en")
    assert [one.text for one in doors.real] == ["And who won the attic?"]
    assert len(doors.set_ones) == 1


def test_agreement_on_the_open_half() -> None:
    """The half on which turns were chosen: it shows that nothing broke, not how well it reads."""
    said, found = [], []
    for message in labelled("open"):
        said.append(message.labels["two-way"])
        found.append(read_two_way(message.draft, message.known, language_of(message.draft.text)).level)
    assert kappa(said, found) >= 0.9
