"""What was written in a mail: without what is quoted and what signs, from HTML, in every charset."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from mail_reading import HEADED, one
from mailing import T0, mail, raw
from occasion.events.mail_text import own_words

QUOTED = {
    "gmail": "Yes.\n\nOn Mon, Mar 2, 2026 at 9:00 AM Ann Lee <ann@c.example>\nwrote:\n\n> Friday?\n",
    "gmail pl": "Yes.\n\npon., 2 mar 2026 o 09:00 Jan Kowalski <jan@x.example> napisał(a):\n\n> Piątek?\n",
    "thunderbird pl": "Yes.\n\nW dniu 2.03.2026 o 09:00, Jan Kowalski pisze:\n> Piątek?\n",
    "gmail es": "Yes.\n\nEl lun, 2 mar 2026 a las 9:00, Ana (<ana@x.example>) escribió:\n\n> ¿El viernes?\n",
    "gmail ru": "Yes.\n\nпн, 2 мар. 2026 г. в 09:00, Иван Петров <ivan@x.example>:\n\n> В пятницу?\n",
    "mail.ru": "Yes.\n\nПонедельник, 2 марта 2026, 9:00 +03:00 от Иван <ivan@x.example>:\n> В пятницу?\n",
    "thunderbird de": "Yes.\n\nAm 02.03.2026 um 09:00 schrieb Jan Weber:\n> Am Freitag?\n",
    "apple de": "Yes.\n\n> Am 02.03.2026 um 09:00 schrieb Jan Weber <j@x.example>:\n> \n> Am Freitag?\n",
    "outlook": "Yes.\n\nFrom: Ann Lee <ann@c.example>\nSent: Monday, March 2, 2026\nTo: Petra\nSubject: x\n\nFriday?",
    "outlook pl": "Yes.\n________________________________\nOd: Jan\nWysłano: 2 marca\nDo: Ewa\nTemat: x\n\nPiątek?",
    "outlook es": "Yes.\n\nDe: Ana\nEnviado el: lunes\nPara: Eva\nAsunto: x\n\n¿El viernes?",
    "outlook ru": "Yes.\n\nОт: Иван\nОтправлено: понедельник\nКому: Ева\nТема: x\n\nВ пятницу?",
    "outlook de": "Yes.\n\nVon: Jan\nGesendet: Montag\nAn: Eva\nBetreff: x\n\nAm Freitag?",
    "old outlook": "Yes.\n\n-----Original Message-----\nFrom: Ann\nFriday?",
    "old outlook pl": "Yes.\n\n-----Wiadomość oryginalna-----\nFriday?",
    "forwarded": "Yes.\n\n---------- Forwarded message ---------\nFrom: Ann\n\nFriday?",
    "unmarked": "Yes.\n\nOn 2 March 2026 at 09:00, Ann wrote:\n\nFriday?\n",
    "signature": "Yes.\n\n-- \nAnn Lee\nHead of taps\n",
    "iphone": "Yes.\n\nSent from my iPhone\n",
    "iphone pl": "Yes.\n\nWysłane z iPhone'a\n",
    "iphone es": "Yes.\n\nEnviado desde mi iPhone\n",
    "iphone ru": "Yes.\n\nОтправлено с iPhone\n",
    "iphone de": "Yes.\n\nVon meinem iPhone gesendet\n",
    "outlook app": "Yes.\n\nGet Outlook for iOS<https://aka.example/o0ukef>\n",
    "both": "Yes.\n\nSent from my iPhone\n\n> On 2 Mar 2026, at 09:00, Ann <a@c.example> wrote:\n> \n> Friday?\n",
}  # fmt: skip


@pytest.mark.parametrize("text", QUOTED.values(), ids=QUOTED)
def test_what_is_quoted_and_what_signs_is_cut(text: str) -> None:
    assert own_words(text) == "Yes."
    assert own_words(text.replace("\n", "\r\n")) == "Yes."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote to them at 10:\nno answer.",
        "We need three things:\n1. a washer\n2. a spanner\n3. time",
        "From: here to there it is a mile.\nTo: nobody in particular",
        "Kind regards,\nPetra",
        "The date is 3 March, and what he wrote is true: it drips.",
        "Sent with love,\nAnn",
        "5 -- or was it 6 -- taps",
    ],
)
def test_what_is_ones_own_stays(text: str) -> None:
    assert own_words(text) == text


def test_an_answer_between_the_quoted_lines_stays() -> None:
    assert (
        own_words("On 2 Mar 2026, Ann <a@c.example> wrote:\n> Friday?\nYes, gladly.\n> At nine?\nTen.\n")
        == "Yes, gladly.\nTen."
    )


def test_html_is_read_as_text_and_of_alternatives_the_plain_one_counts() -> None:
    page = ("<html><head><style>p{}</style><title>no</title></head><body><div style='display:none'>preview</div>"
            "<p>Dear Petra,</p><p>the tap &amp; the sink:<br>both drip.</p><ul><li>one<li>two</ul>"
            "<div class=gmail_quote>On Mon, 2 Mar 2026 at 09:00, Petra &lt;petra@firm.example&gt; wrote:"
            "<blockquote>What drips?</blockquote></div></body></html>")  # fmt: skip
    only = EmailMessage()
    only["From"], only["To"], only["Date"] = "ann@c.example", "office@firm.example", "Mon, 2 Mar 2026 09:00:00 +0000"
    only.set_content(page, subtype="html")
    assert one(only).body == "Dear Petra,\n\nthe tap & the sink:\nboth drip.\n\n- one\n- two"
    both = mail("ann@c.example", "office@firm.example", "Plain words.", id="1@c")
    both.add_alternative("<p>Other words.</p>", subtype="html")
    both.add_attachment(b"not read", maintype="text", subtype="plain", filename="notes.txt")
    assert one(both).body == "Plain words."
    empty = mail("ann@c.example", "office@firm.example", " ", id="1@c")
    empty.add_alternative("<p>Only here.</p>", subtype="html")
    assert one(empty).body == "Only here."


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("utf-8", "Zażółć gęślą jaźń".encode(), "Zażółć gęślą jaźń"),
        ("iso-8859-2", "Zażółć gęślą".encode("iso-8859-2"), "Zażółć gęślą"),
        ("windows-1251", "Добрый день".encode("cp1251"), "Добрый день"),
        ("koi8-r", "Добрый день".encode("koi8-r"), "Добрый день"),
        ("us-ascii", "schön".encode(), "schön"),
        ("nonsense", "schön".encode("latin-1"), "schön"),
        ('"utf-8"', b"broken \xff here", "broken \ufffd here"),
    ],
)
def test_charsets_said_wrongly_said_and_unknown(charset: str, body: bytes, text: str) -> None:
    headers = f"{HEADED}Content-Type: text/plain; charset={charset}"
    assert one(raw(headers + "\nContent-Transfer-Encoding: 8bit", body)).body == text


def test_headers_encoded_folded_raw_and_mixed() -> None:
    headers = """From: =?utf-8?B?xbvDs8WCxIc=?= Nowak <a@c.example>
To: =?iso-8859-1?Q?B=E4cker?= <b@firm.example>
Subject: =?utf-8?q?Za=C5=BC=C3=B3?= =?utf-8?q?=C5=82=C4=87?= i
 dalej
Date: Mon, 2 Mar 2026 10:00:00 +0100 (CET)"""
    event = one(raw(headers, "x"))
    assert event.properties["subject"] == "Zażółć i dalej"
    assert event.properties["party_name"] == "Żółć Nowak"
    assert event.at == T0 * 10**6
    plain = one(
        "From: Łucja <a@c.example>\nTo: b@firm.example\nSubject: Źle\nDate: 2 Mar 2026 09:00:00 -0000\n\nx".encode()
    )
    assert (plain.properties["party_name"], plain.properties["subject"], plain.at) == ("Łucja", "Źle", T0 * 10**6)


def test_a_flowed_paragraph_is_one_line() -> None:
    headers = f"{HEADED}Content-Type: text/plain; format=flowed"
    assert one(raw(headers, "A long line \nthat goes on.\n-- \nAnn")).body == "A long line that goes on."
