"""Mail becomes messages: identity, threads, direction, who is not answering, and what can be no event."""

from __future__ import annotations

from pathlib import Path

import pytest

from mail_reading import FIRM, HOUR, load, one
from mailing import T0, mail, mbox, raw
from occasion.errors import InputError
from occasion.events.event import Event
from occasion.events.load import plan_load
from occasion.events.mail import BadMail, rows_of
from occasion.events.mail_ours import read_ours


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
