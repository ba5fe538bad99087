"""Signatures without a delimiter: contact lines go, content stays, whoever writes stays named."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailing import OURS, T0, mail, mbox
from occasion.events.event import Event
from occasion.events.load import plan_load
from occasion.events.mail_ours import read_ours
from occasion.events.mail_signature import Endings, without_contact_lines

SAID = "The plumber comes on Friday.\n\n"


@pytest.mark.parametrize(
    ("closing", "kept"),
    [
        ("Best wishes,\nAnn Lee\nHead of Taps\nT: 0161 555 0142", "Best wishes,\nAnn Lee"),
        ("Kind regards\n\nAnn Lee | Alder & Quay\n12 Mill Lane, Leeds LS1 4AB\nwww.alder.example", None),
        ("Kind regards\n\nAnn Lee\nAlder & Quay\n12 Mill Lane, Leeds LS1 4AB\nwww.alder.example",
         "Kind regards\n\nAnn Lee"),
        ("Many thanks,\nDr Ann Lee, BDS\nNorth Dental\n\nann@north-dental.example\n+44 161 555 0142\n"
         "Registered in England No. 123456", "Many thanks,\nDr Ann Lee, BDS"),
        ("Pozdrawiam serdecznie\nAnna Lis\ntel. 22 555 01 42\nul. Długa 5, 00-950 Warszawa",
         "Pozdrawiam serdecznie\nAnna Lis"),
        ("Un saludo,\nAna Ruiz\nAtención al Cliente\n+34 91 555 01 42", "Un saludo,\nAna Ruiz"),
        ("С уважением,\nАнна Лис\nтел. +7 495 555 01 42", "С уважением,\nАнна Лис"),
        ("Mit freundlichen Grüßen\nAnna Lehr\nMüllerstraße 12\nTel.: 030 555 0142",
         "Mit freundlichen Grüßen\nAnna Lehr"),
        ("Cheers\nAnn\nSenior Account Manager\nAlder & Quay Ltd", "Cheers\nAnn"),
    ],
)  # fmt: skip
def test_contact_lines_below_a_closing_and_a_name_go(closing: str, kept: str | None) -> None:
    assert without_contact_lines(SAID + closing) == SAID + (closing if kept is None else kept)


@pytest.mark.parametrize(
    "end",
    [
        "Best wishes,\nAnn\n\nThe key is with Jo at number 12.",
        "Best wishes,\nAnn\n\nP.S. Ring Jo on 0161 555 0142.",
        "Best wishes,\nAnn\nPS the code is 4711",
        "Best wishes,\nAnn\n\nCan you bring the ladder?",
        "Many thanks for the plums!\nRing 0161 555 0142 if it leaks.",
        "Many thanks,\nthe plumber will ring you on 0161 555 0142",
        "Thank you\n\nJo has the key, her number is 0161 555 0142\nDoor code 4711",
        "You will find us here:\n\n12 Mill Lane, Leeds LS1 4AB\nwww.alder.example",
        "These are open:\nInvoice 12\nInvoice 13",
        "Please send it to\n\nAnn Lee\n12 Mill Lane\nLeeds LS1 4AB",
        "Best\nApples and Pears\nbread, two loaves\nmilk",
        "Love\nMum",
    ],
)
def test_a_last_paragraph_of_content_is_not_cut(end: str) -> None:
    assert without_contact_lines(SAID + end) == SAID + end


def test_below_the_senders_own_name_contact_lines_go_without_a_closing() -> None:
    block = "Ann Lee\nAlder & Quay\nT 0161 555 0142\nann@alder.example"
    assert without_contact_lines(SAID + block, ["Ann Lee"]) == SAID + "Ann Lee"
    assert without_contact_lines(SAID + block, ["Bo Kerr"]) == SAID + block
    assert without_contact_lines(f"Please ring\n{block}", ["Ann Lee"]) == f"Please ring\n{block}"
    assert without_contact_lines(SAID + "Ann Lee\nAlder & Quay", ["Ann Lee"]) == SAID + "Ann Lee\nAlder & Quay"
    assert without_contact_lines("") == ""


def test_what_three_mails_of_one_sender_end_with_is_a_signature() -> None:
    block = "ALDER & QUAY | Lettings\n12 Mill Lane, Leeds LS1 4AB\n0161 555 0142"
    texts = [f"{said}\n\n{block}" for said in ("The keys are here.", "Is it dry now?", "Friday at nine, then.")]
    endings = Endings()
    endings.learn(("ann", text) for text in texts[:2])
    assert endings.cut("ann", texts[0]) == texts[0]  # two are no habit
    endings.learn(("ann", text) for text in [*texts, texts[0]])
    assert [endings.cut("ann", text) for text in texts] == [text.partition("\n")[0] for text in texts]
    assert endings.cut("bo", texts[0]) == texts[0]
    assert endings.cut("ann", block) == block  # never all of it


def test_a_last_paragraph_that_is_always_the_same_is_no_signature() -> None:
    same = "You can reach us on 0161 555 0142.\nPlease ring before ten, we like to hear from you."
    texts = [f"{said}\n\n{same}" for said in ("The keys are here.", "Is it dry now?", "Friday at nine.", "Welcome.")]
    endings = Endings()
    endings.learn(("ann", text) for text in texts)
    assert [endings.cut("ann", text) for text in texts] == texts


def test_loaded_mail_is_without_them(tmp_path: Path) -> None:
    block = "ALDER & QUAY | Lettings\n12 Mill Lane, Leeds LS1 4AB\n0161 555 0142"
    said = ["The keys are here.", "Is it dry now?", "Friday at nine, then."]
    ours = [mail("Ann <ann@firm.example>", "bo@c.example", f"{one}\n\n{block}", T0 + n, id=f"{n}@firm")
            for n, one in enumerate(said)]  # fmt: skip
    theirs = mail("Bo Kerr <bo@c.example>", "ann@firm.example", "Not yet.\n\nBo Kerr\nKerr & Sons\n+44 161 555 0199",
                  T0 + 9, id="9@c")  # fmt: skip
    found = list(plan_load([mbox(tmp_path / "a.mbox", *ours, theirs)], ours=read_ours(OURS)))
    assert [one.body for one in found if isinstance(one, Event)] == [*said, "Not yet.\n\nBo Kerr"]
