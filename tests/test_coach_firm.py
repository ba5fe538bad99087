"""The firm's own names: nobody's name, no word of its own, no person who signs."""

from __future__ import annotations

from pathlib import Path

import pytest

from coached import Coached, part
from occasion.coach.coach import read
from occasion.coach.firm import firm_of, firm_spans, is_firm
from occasion.coach.masks import masks_for
from occasion.coach.reading import Draft, Known
from occasion.coach.senders import sender_of
from occasion.errors import InputError
from occasion.people.details import Detail
from occasion.people.parties import Party
from occasion.store.workspace import read_workspace

NOW = 1_772_442_000_000_000
FIRM = firm_of(["Alder & Quay"], ["jo@north-dental.example", "ann@gmail.com"])


def detail(text: str) -> Detail:
    return Detail(1, "m", text, "other", None, "said so", "ewa", NOW - 10**12, "anything", False, False, None)


def known(*details: Detail, firm: tuple[str, ...] = FIRM) -> Known:
    return Known(Party("m", ("m",), name="Mara Engel", known=True), details, names=("Nora Quist",), firm=firm)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Hello from North Dental, your crown is here", ["North Dental"]),
        ("NorthDental and North-Dental Leeds are one", ["NorthDental", "North-Dental Leeds"]),
        ("we at north dental wish you well", ["north dental"]),
        ("Alder and Quay, alder & quay; Alder, Quay", ["Alder and Quay", "alder & quay"]),
        ("She drove north. Dental work waits", []),
        ("North of here the dental plan ends", []),
    ],
)
def test_it_is_found_however_it_is_written(text: str, named: list[str]) -> None:
    assert [text[start:end] for start, end in firm_spans(text, FIRM)] == named


@pytest.mark.parametrize(
    "greeting", ["Hello from North Dental,", "Dear North Dental patient,", "Hi from Nora at North Dental Leeds,"]
)
def test_it_is_nobody_who_is_called_by_a_wrong_name(greeting: str) -> None:
    draft = Draft(f"{greeting} your crown is back. Does Monday suit you? Nora", "m", NOW, "email", "nora")
    assert read(draft, known(), (), None).part("relatable").facts["wrong"] == []
    wrong = Draft(draft.text.replace(greeting, "Dear Petra,"), "m", NOW, "email", "nora")
    assert read(wrong, known(), (), None).part("relatable").facts["wrong"] != []


def test_a_detail_that_names_the_firm_does_not_speak_when_the_text_does() -> None:
    file = known(detail("came to North Dental as a child"), detail("keeps bees"))
    said = "Dear Mara, thank you for choosing North Dental. Nora"
    found = read(Draft(said, "m", NOW, "email", "nora"), file, (), None).part("relatable")
    assert found.facts["gain"] == 0
    unknown = known(*file.details, firm=())
    before = read(Draft(said, "m", NOW, "email", "nora"), unknown, (), None).part("relatable")
    assert before.facts["gain"] > 0  # type: ignore[operator]


def test_it_is_no_person_who_signs() -> None:
    text = "Dear Mara,\n\nyour crown is ready. Does Monday suit you?\n\nKind regards,\n"
    assert sender_of(text + "North Dental", "", (), FIRM)[0] == "office"
    assert sender_of(text + "Alder & Quay Leeds", "", (), FIRM)[0] == "office"
    assert sender_of(text + "Nora Quist\nNorth Dental", "", (), FIRM)[0] == "person"
    assert sender_of(text + "Nora Quist", "nora.quist@noraquist.example", (), ("noraquist",))[0] == "person"
    assert is_firm("North Dental", FIRM)
    assert not is_firm("Nora North", FIRM)


def test_practice_does_not_rename_it() -> None:
    file = known(detail("found us when North Dental opened, with Bronka"))
    masks = masks_for(file, ["Hello from North Dental,"], "1")
    assert masks.hide("North Dental and Bronka").startswith("North Dental and ")
    assert "Bronka" not in masks.hide("North Dental and Bronka")


def test_it_is_said_in_the_settings(
    tmp_path: Path, records_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at = Coached(tmp_path, records_url, monkeypatch)
    settings = at.folder / "occasion.toml"
    settings.write_text('zone = "Europe/London"\ncalled = ["Brass Lantern"]\n', encoding="utf-8")
    assert read_workspace(at.folder).called == ("Brass Lantern",)
    at.people("id,name", ["m,Mara Engel"], "")
    text = "Hello from Brass Lantern,\n\nyour table is laid. Does eight suit you?\n\nBest wishes,\nBrass Lantern"
    reading = at.read(capsys, text, "--to", "m")
    assert part(reading, "relatable")["facts"]["wrong"] == []
    assert part(reading, "two-way")["facts"]["sender"] == "office"
    settings.write_text('zone = "Europe/London"\ncalled = 7\n', encoding="utf-8")
    with pytest.raises(InputError, match="called = 7 is no list of names"):
        read_workspace(at.folder)
