"""Mail loaded into a workspace: once, under who is known, from every kind of file; however broken it is."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mail_reading import FIRM, HEADED, load
from mailing import OURS, T0, mail, mbox, raw
from occasion.cli import run
from occasion.coach.languages import language_of
from occasion.errors import InputError
from occasion.events.event import Event
from occasion.events.load import plan_load
from occasion.events.mail import BadMail, rows_of
from occasion.events.mail_html import html_text
from occasion.events.mail_text import own_words
from occasion.people import parties
from occasion.store.history import History


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
