"""Other names for a message: hidden everywhere, put back exactly, the coach's marks in their place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from occasion.coach.coach import read
from occasion.coach.masks import Masks, masks_for
from occasion.coach.reading import Draft, Known, Part, Reading, Span
from occasion.coach.said import Sentence, say
from occasion.people.details import Detail
from occasion.people.parties import Party


def detail(text: str) -> Detail:
    return Detail(1, "p-1042", text, "family", None, "phone", "ewa", 0, "anything", False, False, None)


KNOWN = Known(
    Party("p-1042", ("p-1042", "igor@wolski.example"), known=True, name="Igor Wolski"),
    (detail("daughter Zofia starts school, the dog is called Reks"),),
    traits={"email": "igor@wolski.example", "phone": "+48 601 234 567", "company": "Wolski Roofing"},
    names=("Ewa Nowak", "front desk"),
)
TEXT = (
    "Dear Mr Wolski, how did Zofia like her first day? Igor, call me (+48 601 234 567) or write to "
    "igor@wolski.example. IGOR! Give Reks a bone. Ewa Nowak"
)
MASKS = masks_for(KNOWN, [TEXT], "exercise 1")


def test_no_name_of_theirs_is_left_and_each_is_the_same_everywhere() -> None:
    hidden = MASKS.hide(TEXT)
    for name in ("Wolski", "Igor", "IGOR", "Zofia", "Reks", "601 234", "wolski.example"):
        assert name not in hidden, hidden
    assert "Ewa Nowak" in hidden
    assert MASKS.hide("Igor") in hidden
    assert MASKS.hide("Igor").upper() in hidden
    assert MASKS.hide(KNOWN.details[0].text).split()[1] == MASKS.hide("Zofia")
    assert len(set(MASKS.names.values())) == len(MASKS.names)


def test_the_same_seed_gives_the_same_names_and_another_others() -> None:
    assert masks_for(KNOWN, [TEXT], "exercise 1") == MASKS
    assert masks_for(KNOWN, [TEXT], "exercise 2") != MASKS


def test_an_ordinary_word_that_is_a_name_too_stays_one() -> None:
    known = Known(Party("p", ("p",), known=True, name="Anna Long"))
    masks = masks_for(known, ["Dear Ms Long, it was a long walk."], "x")
    assert "a long walk" in masks.hide("Dear Ms Long, it was a long walk.")
    assert "Ms Long" not in masks.hide("Dear Ms Long, it was a long walk.")


def test_whom_a_text_greets_and_who_is_theirs_has_another_name_too() -> None:
    known = Known(Party("p", ("p",), known=True, name="A. K."))
    text = "Good morning Mrs Kowalska,\n\nhow is your daughter Zofia, and the dog, Reks? Marek"
    hidden = masks_for(known, [text], "x").hide(text)
    assert not any(name in hidden for name in ("Kowalska", "Zofia", "Reks"))
    assert hidden.startswith("Good morning Mrs ")
    assert hidden.endswith("? Marek")
    nobody = "Dear all,\n\nthe Practice is closed on Monday. Hello Sir"
    assert masks_for(known, [nobody], "x").hide(nobody) == nobody


def test_an_invented_name_is_none_that_stands_in_the_file() -> None:
    everybody = " ".join(
        ("Robin", "Alex", "Noor", "Kim", "Sascha", "Toni", "Jules", "Marlin", "Ellis", "Quinn", "Rowan")
    )
    masks = masks_for(KNOWN, [TEXT, everybody], "x")
    assert not set(everybody.split()) & set(masks.names.values())


PIECES = st.lists(
    st.one_of(
        st.sampled_from([*MASKS.names, "Igor's", "the", "school", "WOLSKI", "\n", ", ", ". ", "żółw"]),
        st.text("abc ĄŻ.,!?\n", max_size=8),
    )
)


@given(PIECES)
def test_hiding_and_revealing_undo_each_other_and_places_are_kept(pieces: list[str]) -> None:
    text = " ".join(pieces)
    hidden = MASKS.hide(text)
    back = MASKS.reveal(hidden)
    assert back.text == text
    for start in range(len(text)):
        begin, end = back.back(start, start + 1)
        assert 0 <= begin < end <= len(hidden)
        if (begin, end) == (begin, begin + 1) and not any(b <= start < e for _, _, b, e in back.pieces):
            assert hidden[begin] == text[start]


def _about(name: str) -> Sentence:
    return say("quoted", words=name)


def test_a_reading_is_told_under_the_other_names() -> None:
    shown = MASKS.hide(TEXT)
    real = MASKS.reveal(shown)
    start = real.text.index("Zofia")
    span = Span(
        start, start + 5, say("speaks_of", fact=say("fact.detail", text="Zofia is his daughter", source="Reks"))
    )
    names = ("unique", "relatable", "relevant", "respectful", "two-way")
    parts = tuple(Part(name, 1.0, "good", _about("Igor"), (span,), (_about("Igor"),)) for name in names)
    question = say("golden.glad", who="Igor Wolski")
    reading = Reading(
        "moment",
        "Igor knows",
        parts,
        (_about("Zofia"),),
        (_about("Reks"),),
        "en",
        question,
        {"Igor": {"key": "quoted"}},
    )
    masked = MASKS.reading(reading, real)
    found = masked.parts[0].spans[0]
    assert shown[found.start : found.end] == MASKS.hide("Zofia")
    said = repr(masked)
    assert not any(name in said for name in ("Igor", "Wolski", "Zofia", "Reks"))


def test_without_names_nothing_changes() -> None:
    assert Masks({}).hide(TEXT) == TEXT
    assert Masks({}).reveal(TEXT).back(3, 9) == (3, 9)


def test_where_they_live_is_hidden_in_what_is_said_of_another_address() -> None:
    known = Known(Party("p", ("p",), known=True, name="Anna Long"), traits={"address": "Copper Lane 5"})
    text = "Dear Ms Long, is the stair at Copper Lane 7 dry again? Ewa Nowak"
    reading, masks = read(Draft(text, "p", 0, "email", "Ewa"), known, (), None), masks_for(known, [text], "x")
    said = "theirs is Copper Lane 5"
    assert f"on file: {said}" in reading.part("relatable").changes
    masked = masks.reading(reading, masks.reveal(masks.hide(text)))
    assert f"on file: {masks.hide(said)}" in masked.part("relatable").changes
    assert masks.hide(said) != said
