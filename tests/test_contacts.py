"""People from address books and tables: read, brought in, and brought in again without a change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from occasion.errors import InputError
from occasion.people import details
from occasion.people.contact_table import read_day, read_table
from occasion.people.contacts import Brought, bring_in
from occasion.people.parties import change, party_of
from occasion.people.traits import Said, learn, traits_of
from occasion.people.vcard import read_vcard
from occasion.store.schema.people import DETAILS, PARTIES

NOW = 1_772_452_800_000_000
CARDS = """BEGIN:VCARD\r
VERSION:4.0\r
UID:urn:uuid:4fbe8971\r
FN:Żaneta Łącka\r
N:Łącka;Żaneta;;;\r
BDAY:--0412\r
EMAIL;PREF=2:second@example.com\r
item1.EMAIL;PREF=1:Anna@Example.com\r
TEL;TYPE="voice,home";VALUE=uri:tel:+48-600-100-200\r
ADR;TYPE=home;LABEL="Long\\, label: here":;;ul. Długa 5\\, m. 3;Gdańsk;;80-001;Poland\r
TZ:Europe/Warsaw\r
LANG:pl\r
PHOTO:data:image/jpeg;base64,MIICajCCAdOgAwIBAgICBEUwDQYJKoZI\r
  hvcNAQEEBQAwdzELMAkGA1UEBhMCVVMxLDAqBgNVBAoTI05ldHNjYXBlIENvbW11bm\r
NOTE:likes tea\\;\\nand the sea\\, in wi\r
 nter\r
ANNIVERSARY:20100229x\r
ORG:ABC\\, Inc.;Sales\r
END:VCARD\r
begin:vcard\r
version:3.0\r
n:Kowalski;Jan;;;\r
bday;value=date;x-apple-omit-year=1604:1604-02-29\r
item1.X-ABDATE;type=pref:2011-06-04\r
item1.X-ABLabel:_$!<Anniversary>!$_\r
tel;type=CELL,pref:+48 600 200 300\r
end:vcard\r
"""


def test_cards_of_either_version_are_read() -> None:
    reading = read_vcard(CARDS.encode())
    anna, jan = reading.contacts
    assert (anna.uid, anna.name, anna.birthday, anna.zone, anna.locale) == (
        "4fbe8971", "Żaneta Łącka", "--04-12", "Europe/Warsaw", "pl")  # fmt: skip
    assert anna.emails == ["anna@example.com", "second@example.com"]
    assert anna.phones == ["+48-600-100-200"]
    assert anna.addresses == ["ul. Długa 5, m. 3, Gdańsk, 80-001, Poland"]
    assert anna.details == [("other", "likes tea; and the sea, in winter", None)]
    assert anna.traits == {"company": "ABC, Inc., Sales"}
    assert (jan.name, jan.birthday, jan.phones, jan.line) == ("Jan Kowalski", "--02-29", ["+48 600 200 300"], 20)
    assert jan.details == [("date", "anniversary", "2011-06-04")]
    assert [(r.line, r.field, r.whole) for r in reading.refused] == [(17, "anniversary", False)]
    assert reading.left_out == {"PHOTO": 1}


def test_an_old_phones_card_is_read() -> None:
    card = (
        "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Nowak;=C5=BBan=\neta\n"
        "TEL;HOME;CELL:600\nBDAY:19851029T223000Z\nEND:VCARD\n"
    )
    [found] = read_vcard(card.encode()).contacts
    assert (found.name, found.phones, found.birthday) == ("Żaneta Nowak", ["600"], "1985-10-29")


def test_a_broken_card_leaves_the_others(connection: Connection) -> None:
    broken = "BEGIN:VCARD\nFN:Ala\nthis is broken\nEND:VCARD\n"
    empty = "BEGIN:VCARD\nVERSION:4.0\nREV:1\nEND:VCARD\n"
    group = "BEGIN:VCARD\nKIND:group\nFN:Friends\nEND:VCARD\n"
    reading = read_vcard((broken + CARDS + empty + group + "stray\nBEGIN:VCARD\nFN:cut").encode())
    assert len(reading.contacts) == 2
    said = [str(refused) for refused in reading.refused if refused.whole]
    assert [line.split(":")[0] for line in said] == ["line 1", "line 32", "line 36", "line 40", "line 41"]
    assert "reads NAME:value" in said[0]
    assert "cut off" in said[-1]


@given(st.text(max_size=400) | st.lists(st.sampled_from(
    ["BEGIN:VCARD", "END:VCARD", "FN:x", "=", "BDAY:", "BDAY;VALUE=text:x", "N:;;", "TEL;", ";", ":", "EMAIL:a@b",
     " ", "NOTE;ENCODING=QUOTED-PRINTABLE:a=", "X;CHARSET=zz;ENCODING=QUOTED-PRINTABLE:=FF", '"', "RELATED:urn:x"]),
    max_size=12).map("\n".join))  # fmt: skip
def test_no_text_breaks_the_reader_of_cards(text: str) -> None:
    said = ""
    try:
        read_vcard(text.encode("utf-8", "surrogatepass"))
    except InputError as error:
        said = str(error)
    assert "\n" not in said


TABLE = """Client ID;Full Name;E-mail;Mobile;Date of birth;Notes;Likes;Shoe size
c1;Anna Nowak;anna@example.com;600 100 200;03.04.1985;"prefers mornings
and tea";sailing;38
c2;Jan;;;29.02.2021;;;
;;;;;;;
c3;Ola;not-a-mail;;31.12.1990;;;
"""


def test_a_table_is_read_by_the_names_of_its_columns() -> None:
    reading = read_table(TABLE.encode(), "detail:preference=Likes")
    assert [(c.line, c.party, c.name, c.birthday) for c in reading.contacts] == [
        (2, "c1", "Anna Nowak", "1985-04-03"), (4, "c2", "Jan", None), (6, "c3", "Ola", "1990-12-31")]  # fmt: skip
    assert reading.contacts[0].details == [
        ("other", "prefers mornings and tea", None), ("preference", "sailing", None)]  # fmt: skip
    assert [(r.line, r.field) for r in reading.refused] == [(4, "birthday"), (6, "email")]
    assert "Date of birth → birthday (d.m.y)" in reading.notes
    assert "Shoe size → not used" in reading.notes
    assert reading.left_out == {"Shoe size": 1}


def test_a_date_that_may_be_two_days_is_refused_until_it_is_said_which() -> None:
    table = b"name,birthday\nAnna,03/04/1985\nJan,05/06/1990\n"
    reading = read_table(table)
    assert [c.birthday for c in reading.contacts] == [None, None]
    assert all("dmy or :mdy" in r.reason for r in reading.refused)
    assert [c.birthday for c in read_table(table, "birthday=birthday:mdy").contacts] == ["1985-03-04", "1990-05-06"]
    seen = read_table(b"name,birthday\nAnna,03/04/1985\nJan,25/06/1990\n")  # the second says how the first is meant
    assert [c.birthday for c in seen.contacts] == ["1985-04-03", "1990-06-25"]


@pytest.mark.parametrize(
    ("data", "mapping", "said"),
    [(b"", "", "empty"), (b"colour,size\nred,3\n", "", "--map name=COLUMN"),
     (b"name\nA\n", "name=Name", "no column 'Name'"),
     (b"name\nA\n", "hat=name", "nothing a column can be"), (b"name\nA\n", "birthday=name:ydm", "no order"),
     ("name\nŁ\n".encode("cp1250"), "", "--encoding")],
)  # fmt: skip
def test_a_table_that_cannot_be_used_says_why(data: bytes, mapping: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_table(data, mapping)


@given(st.dates(), st.sampled_from(["dmy", "mdy"]), st.sampled_from("./-"))
def test_a_day_is_read_back_whatever_its_order(day: object, order: str, sign: str) -> None:
    parts = {"d": f"{day.day}", "m": f"{day.month:02d}", "y": f"{day.year:04d}"}  # type: ignore[attr-defined]
    assert read_day(sign.join(parts[o] for o in order), order) == str(day)  # type: ignore[arg-type]


def bring(connection: Connection, text: str, now: int = NOW) -> Brought:
    reading = read_vcard(text.encode())
    return bring_in(connection, reading.contacts, source="vcard", now=now, by="ewa")


def everything(connection: Connection) -> list[object]:
    return [
        sorted(map(repr, connection.execute(select(DETAILS)))),
        sorted(map(repr, connection.execute(select(PARTIES)))),
        [repr(t) for t in traits_of(connection, "4fbe8971")],
    ]


def test_bringing_it_in_twice_changes_nothing(connection: Connection) -> None:
    first = bring(connection, CARDS)
    assert (first.new, first.changed, first.same, first.refused) == (2, 0, 0, [])
    anna = party_of(connection, "4fbe8971")
    assert (anna.name, anna.zone, anna.locale) == ("Żaneta Łącka", "Europe/Warsaw", "pl")
    noted = details.details_of(connection, "4fbe8971")
    assert {(d.text, d.on_date, d.source) for d in noted} == {
        ("birthday", "--04-12", "vcard"), ("likes tea; and the sea, in winter", None, "vcard")}  # fmt: skip
    before = everything(connection)
    again = bring(connection, CARDS, NOW + 1)
    assert (again.new, again.changed, again.same) == (0, 0, 2)
    assert everything(connection) == before
    details.end(connection, noted[0].number, now=NOW + 2)  # a person says that it is no longer so
    third = bring(connection, CARDS, NOW + 3)
    assert (third.new, third.changed) == (0, 0)
    assert len(details.details_of(connection, "4fbe8971")) == 1


def test_a_contact_is_known_by_mail_and_name_and_a_shared_mail_stays_two_people(connection: Connection) -> None:
    learn(connection, [Said("u1", {"email": "home@example.com", "name": "Anna Nowak"}, "web", NOW)], now=NOW)
    change(connection, "u1", now=NOW, by="ewa", name="Anna Maria Nowak")
    table = b"name,email,birthday\nAnna Nowak,home@example.com,1985-04-03\nJan Nowak,home@example.com,\n"
    for new, same in [(1, 0), (0, 2)]:
        done = bring_in(connection, read_table(table).contacts, source="csv", now=NOW, by="ewa")
        assert (done.new, done.same) == (new, same)
    assert party_of(connection, "u1").name == "Anna Maria Nowak"  # a person wrote it
    assert [d.on_date for d in details.details_of(connection, "u1")] == ["1985-04-03"]
    assert connection.execute(select(func.count()).select_from(PARTIES)).scalar() == 2


def test_what_was_erased_is_not_brought_back(connection: Connection) -> None:
    reading = read_vcard(CARDS.encode())
    done = bring_in(
        connection, reading.contacts, source="vcard", now=NOW, by="ewa", forbidden=lambda party: party == "4fbe8971"
    )
    assert (done.new, [r.line for r in done.refused]) == (1, [1])
    assert not party_of(connection, "4fbe8971").known
