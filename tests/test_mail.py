"""Mail becomes messages: identity, threads, direction, who is not answering, and what was written."""

from __future__ import annotations

import gzip
import json
import time
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailing import OURS, T0, mail, mbox, raw
from occasion.cli import run
from occasion.coach.languages import language_of
from occasion.errors import InputError
from occasion.events.event import Event
from occasion.events.load import plan_load
from occasion.events.mail import BadMail, rows_of
from occasion.events.mail_html import html_text
from occasion.events.mail_ours import Ours, read_ours
from occasion.events.mail_text import own_words
from occasion.events.raw import Reject
from occasion.people import parties
from occasion.store.history import History

FIRM = read_ours(OURS)
HOUR = 3600
HEADED = "From: a@c.example\nTo: b@firm.example\nDate: Mon, 2 Mar 2026 09:00:00 +0000\n"


def load(*paths: Path, ours: Ours | None = FIRM) -> tuple[list[Event], list[Reject]]:
    found = list(plan_load(list(paths), ours=ours, language=language_of))
    return [e for e in found if isinstance(e, Event)], [r for r in found if isinstance(r, Reject)]


def one(data: bytes | EmailMessage) -> Event:
    (row,) = rows_of(data if isinstance(data, bytes) else data.as_bytes(), FIRM)
    return Event(
        party=row.party, name=row.name, at=row.at, id=row.id, seen=row.at, properties=row.properties,
        direction=row.direction, actor=row.actor, counterpart=row.counterpart, mass=row.mass, body=row.body,
    )  # fmt: skip


def test_a_correspondence_has_direction_thread_language_and_only_what_each_wrote(tmp_path: Path) -> None:
    asked = mail("Ann Lee <Ann@C.example>", "office@firm.example", "Does Friday at nine suit you?\n\n-- \nAnn\nTel 12",
                 id="1@c", subject="The tap")  # fmt: skip
    reply = "Yes, we will come on Friday.\n\nOn Mon, 2 Mar 2026 at 09:00, Ann Lee <Ann@C.example> wrote:\n> Does it?\n"
    answered = mail("Petra <petra@firm.example>", "Ann Lee <ann@c.example>", reply, T0 + HOUR, id="2@firm", re="1@c")
    thanks = mail("Ann <ann@c.example>", "petra@firm.example", "Thank you, that is a relief.\n\nSent from my iPhone",
                  T0 + 2 * HOUR, id="3@c", In_Reply_To="<2@firm>", References="<1@c> <2@firm>")  # fmt: skip
    events, rejects = load(mbox(tmp_path / "a.mbox", asked, answered, thanks))
    assert rejects == []
    assert [(e.party, e.direction, e.body) for e in events] == [
        ("ann@c.example", "in", "Does Friday at nine suit you?"),
        ("ann@c.example", "out", "Yes, we will come on Friday."),
        ("ann@c.example", "in", "Thank you, that is a relief."),
    ]
    assert {e.properties["thread"] for e in events} == {"1@c"}
    assert [e.properties.get("in_reply_to") for e in events] == [None, "1@c", "2@firm"]
    assert [(e.actor, e.counterpart) for e in events] == [
        (None, "office@firm.example"), ("petra@firm.example", "petra@firm.example"), (None, "petra@firm.example"),
    ]  # fmt: skip
    assert {(e.name, e.channel, e.mass, e.properties["language"]) for e in events} == {
        ("message", "email", False, "en")
    }
    assert [e.at for e in events] == [T0 * 10**6, (T0 + HOUR) * 10**6, (T0 + 2 * HOUR) * 10**6]


def test_our_own_addresses_are_guessed_and_said(tmp_path: Path) -> None:
    path = mbox(tmp_path / "a.mbox",
                *(mail(f"p{i}@c{i}.example", "office@firm.example", "Hello there", id=f"{i}@x") for i in range(5)),
                mail("petra@firm.example", "p1@c1.example", "Hello back", id="9@x"))  # fmt: skip
    plan = plan_load([path])
    assert plan.mapping_notes() == [
        "mail: our own addresses are firm.example (guessed from 6 messages; say --ours to name others)"
    ]
    assert [e.direction for e in plan if isinstance(e, Event)] == ["in"] * 5 + ["out"]


def test_at_a_public_provider_the_address_itself_is_guessed(tmp_path: Path) -> None:
    path = mbox(
        tmp_path / "a.mbox",
        *(mail(f"p{i}@gmail.com", "dentist.nowak@gmail.com", "Hello", id=f"{i}@x") for i in range(4)),
    )
    plan = plan_load([path])
    assert plan.mapping_text() == "ours=dentist.nowak@gmail.com"


def test_where_it_cannot_be_told_whose_the_addresses_are_it_is_asked(tmp_path: Path) -> None:
    path = mbox(tmp_path / "a.mbox", mail("a@one.example", "b@two.example", "Hello", id="1@x"))
    with pytest.raises(
        InputError, match=r"cannot be told: say --ours DOMAIN or ADDRESS \(the likeliest are .*one.example"
    ):
        plan_load([path])
    with pytest.raises(InputError, match="--ours 'firm' is no address and no domain"):
        read_ours("firm")
    delivered = mail("a@one.example", "b@two.example", "Hello", id="1@x", Delivered_To="b@two.example")
    assert plan_load([mbox(path, delivered)], ours=None).mapping_text() in ("ours=two.example",)


def test_a_mail_to_several_outside_is_an_event_for_each_and_from_ten_on_one_of_many_alike() -> None:
    some = rows_of(mail("petra@firm.example", "a@x.example, B <b@x.example>", "Dear both", id="1@f",
                        Cc="jan@firm.example, c@x.example").as_bytes(), FIRM)  # fmt: skip
    assert [(row.party, row.id, row.mass) for row in some] == [
        (f"{who}@x.example", f"1@f {who}@x.example", False) for who in "abc"
    ]
    assert {row.properties["alike"] for row in some} == {"3"}
    many = rows_of(
        mail("petra@firm.example", ", ".join(f"p{i}@x.example" for i in range(12)), "Dear all", id="2@f").as_bytes(),
        FIRM,
    )
    assert len(many) == 12
    assert all(row.mass for row in many)


@pytest.mark.parametrize(
    ("headers", "auto"),
    [
        ({"Auto_Submitted": "auto-replied"}, "reply"),
        ({"Auto_Submitted": "auto-generated"}, "generated"),
        ({"Auto_Submitted": "no"}, ""),
        ({"Precedence": "bulk"}, "bulk"),
        ({"Precedence": "auto_reply"}, "reply"),
        ({"List_Id": "<news.c.example>"}, "list"),
        ({"List_Unsubscribe": "<mailto:u@c.example>"}, "list"),
        ({"X_Autoreply": "yes"}, "reply"),
        ({"X_Spam_Flag": "YES"}, "spam"),
        ({"X_Spam_Status": "No, score=1"}, ""),
        ({"subject": "Automatic reply: The tap"}, "reply"),
        ({"subject": "Automatyczna odpowiedź: kran"}, "reply"),
        ({"subject": "Abwesenheitsnotiz: Hahn"}, "reply"),
        ({"subject": "Автоответ: кран"}, "reply"),
        ({"subject": "Automatic doors"}, ""),
    ],
)
def test_what_no_person_sent_is_marked_and_is_no_contact(headers: dict[str, str], auto: str) -> None:
    event = one(mail("ann@c.example", "office@firm.example", "I am away.", id="1@c", **headers))
    assert event.properties.get("auto", "") == auto
    assert event.contact is (auto == "")


def test_a_bounce_says_whom_a_mail_did_not_reach() -> None:
    bounce = raw(
        """From: MAILER-DAEMON@host.example
To: petra@firm.example
Date: Mon, 2 Mar 2026 10:00:00 +0000
Message-ID: <b@host>
Content-Type: multipart/report; report-type=delivery-status; boundary=x""",
        "--x\nContent-Type: text/plain\n\nIt did not arrive.\n--x\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; host.example\n\nFinal-Recipient: rfc822; Lost@C.example\nStatus: 5.1.1\n--x--\n",
    )
    event = one(bounce)
    assert (event.party, event.name, event.direction) == ("lost@c.example", "bounce", None)
    assert not event.contact


def test_a_form_on_our_page_wrote_for_somebody_else() -> None:
    event = one(mail("website@firm.example", "office@firm.example", "Do you take new patients?", id="1@f",
                     Reply_To="Ola <ola@c.example>"))  # fmt: skip
    assert (event.party, event.direction, event.properties["party_name"]) == ("ola@c.example", "in", "Ola")


def test_without_an_id_it_has_one_of_its_content_and_is_the_same_in_another_folder(tmp_path: Path) -> None:
    message = mail("ann@c.example", "office@firm.example", "The very same")
    other = mail("ann@c.example", "office@firm.example", "Another text")
    events, rejects = load(mbox(tmp_path / "a.mbox", message, other), mbox(tmp_path / "b.mbox", message))
    assert rejects == []
    assert len({e.id for e in events}) == 2
    assert events[0].id == events[2].id


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


@pytest.mark.parametrize(
    ("headers", "field", "reason"),
    [
        ("From: a@c.example\nTo: b@firm.example\nMessage-ID: <1@x>", "Date", "is missing"),
        ("From: a@c.example\nTo: b@firm.example\nDate: yesterday", "Date", "is no time, and no Received line has one"),
        ("To: b@firm.example\nDate: Mon, 2 Mar 2026 09:00:00 +0000", "From", "names no address"),
        (
            "From: a@firm.example\nTo: b@firm.example\nDate: Mon, 2 Mar 2026 09:00:00 +0000",
            "To",
            "names nobody outside",
        ),
        (
            "From: mailer-daemon@x.example\nTo: b@firm.example\nDate: Mon, 2 Mar 2026 09:00:00 +0000",
            "From",
            "not to whom",
        ),
    ],
)
def test_a_mail_that_cannot_be_an_event_says_why(headers: str, field: str, reason: str) -> None:
    with pytest.raises(BadMail) as bad:
        rows_of(raw(headers, "x"), FIRM)
    assert bad.value.field == field
    assert reason in bad.value.reason


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("X_Gmail_Labels", "Inbox,Important", True),
        ("X_Gmail_Labels", "Drafts", False),
        ("X_Gmail_Labels", "=?UTF-8?Q?Wa=C5=BCne,Wersje_robocze?=", False),
        ("X_Mozilla_Status", "0001", True),
        ("X_Mozilla_Status", "0009", False),
        ("X_Mozilla_Status", "none", True),
    ],
)
def test_drafts_and_what_was_deleted_were_never_sent(name: str, value: str, taken: bool) -> None:
    made = mail("petra@firm.example", "ann@c.example", "Not yet", id="1@f", **{name: value}).as_bytes()
    if taken:
        assert len(rows_of(made, FIRM)) == 1
        return
    with pytest.raises(BadMail, match=r"is a draft|was deleted"):
        rows_of(made, FIRM)


def test_the_marks_of_a_maildir_are_heeded(tmp_path: Path) -> None:
    (tmp_path / "cur").mkdir()
    for i, flags in enumerate(("S", "D", "ST", "")):
        made = mail("ann@c.example", "petra@firm.example", f"Hello {i}", id=f"{i}@c")
        (tmp_path / "cur" / f"{i}.host:2,{flags}").write_bytes(made.as_bytes())
    events, rejects = load(tmp_path)
    assert sorted(e.body or "" for e in events) == ["Hello 0", "Hello 3"]
    assert [r.reason for r in rejects] == ["is a draft, which was not sent", "was thrown away"]


def test_the_latest_received_line_stands_in_for_a_date() -> None:
    headers = """Received: from x by y; Mon, 2 Mar 2026 09:00:00 +0000
Received: from w by x; Mon, 2 Mar 2026 08:59:00 +0000
From: a@c.example
To: b@firm.example"""
    assert one(raw(headers, "x")).at == T0 * 10**6


def test_bad_messages_are_kept_as_refused_with_the_line_they_begin_in(tmp_path: Path) -> None:
    good = mail("ann@c.example", "office@firm.example", "Good", id="1@c")
    bad = raw("From: ann@c.example\nTo: office@firm.example\nSubject: no date", "Bad")
    assert run(["init", str(tmp_path / "w")]) == 0
    path = mbox(tmp_path / "a.mbox", good, bad, mail("ann@c.example", "office@firm.example", "Also good", id="2@c"))
    assert run(["load", str(path), "--ours", OURS, "--workspace", str(tmp_path / "w")]) == 0
    (rejects,) = (tmp_path / "w" / "data").rglob("rejects.jsonl")
    (kept,) = [json.loads(line) for line in rejects.read_text().splitlines()]
    begins = path.read_bytes().split(b"Subject: no date")[0].count(b"\n") - 1
    assert kept == {"file": str(path), "line": begins, "field": "Date", "value": "", "reason": "is missing"}
    with History(tmp_path / "w" / "data") as history:
        assert sorted(e.body or "" for e in history.events()) == ["Also good", "Good"]


def test_loaded_twice_and_from_another_kind_of_file_nothing_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    messages = [
        mail(f"p{i}@c.example", "office@firm.example", f"Hello number {i}", T0 + i, id=f"{i}@c") for i in range(30)
    ]
    path = mbox(tmp_path / "a.mbox", *messages)
    letters = tmp_path / "letters"
    (letters / "cur").mkdir(parents=True)
    for i, message in enumerate(messages):
        (letters / f"{i}.eml" if i % 2 else letters / "cur" / f"{i}.host:2,S").write_bytes(message.as_bytes())
    (tmp_path / "a.mbox.gz").write_bytes(gzip.compress(path.read_bytes()))
    place = tmp_path / "w"
    assert run(["init", str(place)]) == 0
    (place / "occasion.toml").write_text('zone = "UTC"\nours = ["firm.example"]\n')
    capsys.readouterr()
    for source, taken in ((path, 30), (path, 0), (letters, 0), (tmp_path / "a.mbox.gz", 0)):
        assert run(["load", str(source), "--workspace", str(place), "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert (said["read"], said["taken"], said["refused"], said["known"]) == (30, taken, 0, 30 - taken), source
        assert said["mapping"] == "ours=firm.example"


def test_who_writes_is_joined_to_who_is_known_under_the_address_else_known_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "w"
    assert run(["init", str(place)]) == 0
    known = "id,name,email\nc17,Ann Lee,Ann@C.example\nc18,Bo Ray,home@c.example\nc19,Cy Ray,home@c.example\n"
    (tmp_path / "people.csv").write_text(known + "c20,Dora Fox,d@c.example\n")
    assert run(["people", "import", str(tmp_path / "people.csv"), "--workspace", str(place)]) == 0
    path = mbox(tmp_path / "a.mbox", mail("Ann <ann@c.example>", "b@firm.example", "Hello", id="1"),
                mail("home@c.example", "b@firm.example", "Hello", id="2"),
                mail("Ulf Ek <d@c.example>", "b@firm.example", "Hello", id="3"),
                mail("Eva Sol <eva@c.example>", "b@firm.example", "Hello", id="4"),
                mail("Robot <no-reply@c.example>", "b@firm.example", "Hello", id="5", Auto_Submitted="auto-generated"),
                mail("b@firm.example", "Ann Lee <ann@c.example>", "Hello you", id="6"))  # fmt: skip
    capsys.readouterr()
    assert run(["load", str(path), "--ours", OURS, "--workspace", str(place)]) == 0
    said = "1 addresses joined to people who are known (their page can undo it), 2 named"
    assert said in capsys.readouterr().err
    assert run(["load", str(path), "--ours", OURS, "--workspace", str(place)]) == 0
    assert "joined" not in capsys.readouterr().err
    with History(place / "data") as history, history.engine.connect() as connection:
        assert sorted(e.party for e in history.events()) == [
            "c17", "c17", "d@c.example", "eva@c.example", "home@c.example", "no-reply@c.example",
        ]  # fmt: skip
        names = {one: parties.party_of(connection, one).name for one in ("eva@c.example", "d@c.example", "c17")}
        assert names == {"eva@c.example": "Eva Sol", "d@c.example": "Ulf Ek", "c17": "Ann Lee"}
        assert parties.party_of(connection, "no-reply@c.example").name == ""


def test_of_who_was_erased_not_even_the_name_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "w"
    assert run(["init", str(place)]) == 0
    path = mbox(tmp_path / "a.mbox", mail("Eva Sol <eva@c.example>", "b@firm.example", "Hello", id="4"))
    assert run(["load", str(path), "--ours", OURS, "--workspace", str(place)]) == 0
    assert run(["erase", "eva@c.example", "--yes", "--workspace", str(place)]) == 0
    later = mail("Eva Sol <eva@c.example>", "b@firm.example", "Hello again", id="5")
    assert run(["load", str(mbox(path, later)), "--ours", OURS, "--workspace", str(place)]) == 0
    with History(place / "data") as history, history.engine.connect() as connection:
        assert list(history.events()) == []
        assert parties.party_of(connection, "eva@c.example").name == ""
    capsys.readouterr()
    assert not any(b"Eva Sol" in file.read_bytes() for file in (place / "data").rglob("*") if file.is_file())


def test_from_lines_within_a_text_split_nothing(tmp_path: Path) -> None:
    text = "Dear Petra,\n\nFrom here on it is easy.\n\nFrom 3 March 2026 the tap works.\nAnn"
    escaped = mbox(tmp_path / "a.mbox", mail("ann@c.example", "office@firm.example", text, id="1@c"))
    plain = tmp_path / "b.mbox"
    plain.write_bytes(escaped.read_bytes().replace(b">From ", b"From "))
    for path in (escaped, plain):
        events, rejects = load(path)
        assert rejects == []
        assert [e.body for e in events] == [text]


def test_line_ends_of_both_kinds_and_no_empty_line_between_messages(tmp_path: Path) -> None:
    path = mbox(
        tmp_path / "a.mbox", *(mail("ann@c.example", "b@firm.example", f"Hello {i}", id=f"{i}@c") for i in range(3))
    )
    for data in (path.read_bytes().replace(b"\n", b"\r\n"), path.read_bytes().replace(b"\n\nFrom ", b"\nFrom ")):
        path.write_bytes(data)
        events, rejects = load(path)
        assert (rejects, [e.body for e in events]) == ([], ["Hello 0", "Hello 1", "Hello 2"])


def test_mail_takes_no_mapping(tmp_path: Path) -> None:
    path = mbox(tmp_path / "a.mbox", mail("ann@c.example", "office@firm.example", "x", id="1@c"))
    with pytest.raises(InputError, match="is mail, which has no columns"):
        plan_load([path], "party=from", ours=FIRM)


def test_a_table_of_messages_is_taken_as_mail_is(tmp_path: Path) -> None:
    table = "customer_id,event,sent_at,direction,channel,agent,body\n"
    table += "ann,message,2026-03-02T09:00:00Z,inbound,email,,Is Friday fine?\n"
    (tmp_path / "m.csv").write_text(table + 'ann,message,2026-03-02T10:00:00Z,outbound,email,petra,"Yes, Friday."\n')
    events = [e for e in plan_load([tmp_path / "m.csv"]) if isinstance(e, Event)]
    assert [(e.party, e.direction, e.channel, e.actor, e.body) for e in events] == [
        ("ann", "in", "email", None, "Is Friday fine?"), ("ann", "out", "email", "petra", "Yes, Friday."),
    ]  # fmt: skip


def test_html_made_to_be_slow_is_read_at_once() -> None:
    begun = time.perf_counter()
    for text in ("<" * 200_000, "<a '" * 60_000, "<div>" * 90_000 + "</p>" * 30_000, "<!--" * 50_000, "&#" * 90_000):
        html_text(text)
    for line in (
        " " * 380 + ":\n",
        "1 schrieb " * 35 + ":\n",
        "<" * 390 + ":\n",
        "On 1" + " wrote" * 60 + ":\n",
        "From: x\n",
    ):
        own_words(line * 3000)
    assert time.perf_counter() - begun < 20  # some of these took minutes by the standard library's parser


LINES = st.sampled_from(
    ["From: a@c.example", "To: b@firm.example", "Date: Mon, 2 Mar 2026 09:00:00 +0000", "Subject: =?utf-8?q?=ZZ?=", "",
     "Content-Type: multipart/mixed; boundary=x", "--x", "--x--", "Content-Type: text/html; charset=unicode_escape",
     "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: quoted-printable", "=\udce9", "\\ud800", "&#0;<p",
     "Content-Type: message/rfc822", "Content-Type: multipart/report; report-type=delivery-status", "List-Id", "> x",
     "Content-Type: text/plain; charset*0=a; charset*1=b", "From x Mon Mar 2", "References: <<<>", "From: 'a' <@>, ,;",
     "Received: ;", "Date: Mon, 99 Foo 99999 99:99:99 +9999", "Content-Disposition: attachment; filename*=utf-8''%FF"]
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.lists(LINES, max_size=30).map(lambda lines: "\n".join(lines).encode("utf-8", "surrogateescape")),
                 st.binary(max_size=400)))  # fmt: skip
def test_no_mail_however_broken_ends_in_more_than_a_refusal(data: bytes) -> None:
    for message in (data, HEADED.encode() + data):
        try:
            rows = rows_of(message, FIRM, language_of)
        except BadMail:
            continue
        for row in rows:
            assert row.party
            for text in (row.party, row.id, row.body or "", *row.properties.values()):
                assert "\x00" not in text.encode().decode()


@settings(max_examples=60, deadline=None)
@given(data=st.lists(LINES, max_size=40), cut=st.integers(0, 300))
def test_no_mbox_however_broken_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, data: list[str], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("broken")
    good = mbox(folder / "a.mbox", mail("ann@c.example", "office@firm.example", "Good", id="1@c")).read_bytes()
    path = folder / "b.mbox"
    path.write_bytes(good + "\n".join(data).encode("utf-8", "replace")[: cut * 10] + b"\n\n" + good[:cut])
    events, rejects = load(path)
    assert len(events) + len(rejects) >= 1
