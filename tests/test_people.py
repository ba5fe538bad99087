"""Parties, details, promises, merges and search, on both databases; partial dates and quiet hours."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select
from whenever import Instant, ZonedDateTime

from occasion.errors import InputError
from occasion.people import details, merges, promises
from occasion.people.partial import read_partial, today_in
from occasion.people.parties import change, consent, party_of
from occasion.people.permission import Allowed, ContactRules, Refused, may_contact
from occasion.people.quiet import is_quiet, quiet_until
from occasion.people.search import reindex, search
from occasion.store.schema.desk import GESTURES
from occasion.store.schema.people import FINDABLE

DAY = 86_400_000_000


def us(text: str, zone: str = "UTC") -> int:
    """A wall-clock time as UTC microseconds."""
    plain = date.fromisoformat(text[:10])
    hour, minute = int(text[11:13] or 0), int(text[14:16] or 0)
    return int(ZonedDateTime(plain.year, plain.month, plain.day, hour, minute, tz=zone).timestamp(unit="microsecond"))


NOW = us("2026-03-02 12:00")


@pytest.mark.parametrize(
    ("written", "read"),
    [("2026-05-12", "2026-05-12"), ("20260512", "2026-05-12"), ("2026-05", "2026-05"), ("--0412", "--04-12"),
     ("--02-29", "--02-29"), ("--04", "--04"), ("1985", "1985"), (" --10-29 ", "--10-29")],
)  # fmt: skip
def test_partial_dates_are_read_in_every_form(written: str, read: str) -> None:
    assert str(read_partial(written)) == read
    assert read_partial(read) == read_partial(written)


@pytest.mark.parametrize(
    "written", ["", "2026-02-29", "--02-30", "2026-13", "12.05.2026", "0000-01-01", "--00-01", "---12"]
)
def test_what_is_no_date_is_refused(written: str) -> None:
    with pytest.raises(InputError, match="date"):
        read_partial(written)


def test_the_29th_of_february_is_the_28th_where_there_is_none() -> None:
    born = read_partial("2000-02-29")
    span = born.next(date(2026, 12, 1), yearly=True)
    assert span is not None
    assert (span.first, born.years_by(span)) == (date(2027, 2, 28), 27)
    span = born.next(date(2028, 2, 28), yearly=True)
    assert span is not None
    assert span.first == date(2028, 2, 29)


@given(st.dates(date(1990, 1, 1), date(2090, 12, 31)), st.dates(date(1990, 1, 1), date(2060, 12, 31)))
def test_the_next_birthday_is_within_a_year_and_never_before_today(born: date, today: date) -> None:
    partial = read_partial(f"--{born.month:02d}-{born.day:02d}")
    span = partial.next(today)
    assert span is not None
    assert span.first == span.last
    assert today <= span.first <= today + timedelta(days=366)
    if (born.month, born.day) != (2, 29):
        assert (span.first.month, span.first.day) == (born.month, born.day)


@given(st.sampled_from(["Pacific/Kiritimati", "America/Los_Angeles", "Europe/Warsaw", "Pacific/Pago_Pago"]),
       st.integers(0, 23))  # fmt: skip
def test_29_october_is_29_october_all_day_long_where_the_party_is(zone: str, hour: int) -> None:
    there = int(ZonedDateTime(2026, 10, 29, hour, 30, tz=zone).timestamp(unit="microsecond"))
    today = today_in(zone, there)
    assert read_partial("1990-10-29").next(today, yearly=True).first == today == date(2026, 10, 29)  # type: ignore[union-attr]


def test_quiet_hours_hold_over_midnight_in_their_zone() -> None:
    for clock, quiet in [
        ("20:59", False),
        ("21:00", True),
        ("23:59", True),
        ("00:00", True),
        ("07:59", True),
        ("08:00", False),
    ]:
        assert is_quiet("21:00", "08:00", "Asia/Tokyo", us(f"2026-03-02 {clock}", "Asia/Tokyo")) is quiet
    assert quiet_until("21:00", "08:00", "Asia/Tokyo", us("2026-03-02 23:10", "Asia/Tokyo")) == us(
        "2026-03-03 08:00", "Asia/Tokyo"
    )
    assert quiet_until("13:00", "14:00", "UTC", us("2026-03-02 13:30")) == us("2026-03-02 14:00")
    assert not is_quiet("08:00", "08:00", "UTC", us("2026-03-02 08:00"))


def test_quiet_hours_over_clock_changes() -> None:
    warsaw = "Europe/Warsaw"  # 2026-03-29: 02:00 becomes 03:00; 2026-10-25: 03:00 becomes 02:00
    end = quiet_until("21:00", "02:30", warsaw, us("2026-03-28 23:00", warsaw))
    assert end == us("2026-03-29 03:00", warsaw)  # there is no 02:30: over when the clocks have moved
    first = Instant.from_utc(2026, 10, 25, 0, 10)  # 02:10, the first time
    assert (
        quiet_until("21:00", "02:30", warsaw, int(first.timestamp()) * 10**6)
        == int(first.add(minutes=20).timestamp()) * 10**6
    )
    second = first.add(hours=1)  # 02:10 again: quiet once more, by the clock on the wall
    assert (
        quiet_until("21:00", "02:30", warsaw, int(second.timestamp()) * 10**6)
        == int(second.add(minutes=20).timestamp()) * 10**6
    )


@given(st.integers(us("2026-01-01 00:00"), us("2027-01-01 00:00")), st.integers(0, 1439), st.integers(0, 1439),
       st.sampled_from(["Europe/Warsaw", "America/St_Johns", "Australia/Lord_Howe", "UTC"]))  # fmt: skip
def test_the_end_of_quiet_hours_is_the_first_minute_that_is_not_quiet(at: int, begin: int, end: int, zone: str) -> None:
    at -= at % 60_000_000
    start, stop = (f"{minute // 60:02d}:{minute % 60:02d}" for minute in (begin, end))
    local = Instant.from_timestamp(at, unit="microsecond").to_tz(zone)
    clock = local.hour * 60 + local.minute
    inside = begin <= clock < end if begin < end else clock >= begin or clock < end
    assert is_quiet(start, stop, zone, at) == (inside and begin != end)
    until = quiet_until(start, stop, zone, at)
    if until is None:
        return
    step = at
    while is_quiet(start, stop, zone, step):
        step += 60_000_000
    assert until == step


def test_a_clock_that_goes_back_may_end_quiet_hours() -> None:
    first = Instant.from_utc(2026, 10, 25, 0, 45)  # 02:45 in Warsaw; at 03:00 it is 02:00 again
    back = int(Instant.from_utc(2026, 10, 25, 1).timestamp()) * 10**6
    assert quiet_until("02:30", "03:10", "Europe/Warsaw", int(first.timestamp()) * 10**6) == back


def test_a_party_is_written_down_and_read(connection: Connection) -> None:
    assert not party_of(connection, "u1").known
    change(connection, "u1", now=NOW, by="ewa", name=" Anna  Nowak ", kind="partner", zone="Europe/Warsaw", owner="ewa",
           quiet_from="20:00", quiet_to="09:00", rest_days=7, channel="Phone")  # fmt: skip
    found = party_of(connection, "u1")
    assert (found.name, found.kind, found.zone, found.owner, found.rest_days, found.channel) == (
        "Anna Nowak", "partner", "Europe/Warsaw", "ewa", 7.0, "phone")  # fmt: skip
    change(connection, "u1", now=NOW + 1, by="ewa", zone=None, name="Anna")
    assert (party_of(connection, "u1").zone, party_of(connection, "u1").name) == (None, "Anna")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("kind", "lead", "customer, partner"), ("zone", "Warsaw", "no time zone"), ("quiet_from", "9pm", "21:00"),
     ("rest_days", -1, "days"), ("deceased", "yesterday", "date")],
)  # fmt: skip
def test_what_a_party_cannot_be_is_refused(connection: Connection, field: str, value: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        change(connection, "u1", now=NOW, by="ewa", **{field: value})
    assert not party_of(connection, "u1").known


def test_may_contact_gives_every_reason(connection: Connection) -> None:
    rules = ContactRules(zone="Europe/Warsaw")
    noon, late = us("2026-03-02 12:00", "Europe/Warsaw"), us("2026-03-02 23:10", "Europe/Warsaw")
    assert may_contact(connection, "u1", "email", noon, rules) == Allowed(
        ("nothing is on record of what they said about email",)
    )
    consent(connection, "u1", "Email", given=True, source="form", now=noon, by="ewa")
    assert may_contact(connection, "u1", "email", noon, rules) == Allowed()
    consent(connection, "u1", "email", given=False, source="call", now=noon + 1, by="ewa")
    _gesture(connection, "u1", noon)
    refused = may_contact(connection, "u1", "email", late, rules)
    assert isinstance(refused, Refused)
    assert [reason.code for reason in refused.reasons] == ["consent", "quiet", "rest"]
    assert refused.until_us is None  # a no does not end by itself
    refused = may_contact(connection, "u1", "phone", late, rules)
    assert isinstance(refused, Refused)
    assert refused.until_us == noon + 3 * DAY
    assert isinstance(may_contact(connection, "u1", "phone", noon + 3 * DAY, rules), Allowed)
    change(connection, "u1", now=noon, by="ewa", quiet_from="12:00", quiet_to="13:00", zone="Asia/Tokyo")
    refused = may_contact(connection, "u1", "letter", late, rules)  # nobody is woken by a letter
    assert isinstance(refused, Refused)
    assert [reason.code for reason in refused.reasons] == ["rest"]


def test_the_rest_is_the_persons_under_every_identity_and_for_every_moment(connection: Connection) -> None:
    _gesture(connection, "anon-7", NOW)
    assert isinstance(may_contact(connection, "u1", "phone", NOW + DAY), Allowed)
    merges.merge(connection, "anon-7", "u1", now=NOW, by="ewa", why="the same phone")
    refused = may_contact(connection, "u1", "phone", NOW + DAY)
    assert isinstance(refused, Refused)
    assert refused.until_us == NOW + 3 * DAY
    change(connection, "u1", now=NOW, by="ewa", rest_days=0)
    assert isinstance(may_contact(connection, "u1", "phone", NOW + DAY), Allowed)


def test_a_death_stops_everything_and_under_every_identity(connection: Connection) -> None:
    consent(connection, "u1", "email", given=True, source="form", now=NOW, by="ewa")
    change(connection, "u2", now=NOW, by="ewa", deceased="2026-02")
    merges.merge(connection, "u2", "u1", now=NOW, by="ewa", why="the same person")
    refused = may_contact(connection, "u1", "email", NOW)
    assert isinstance(refused, Refused)
    assert [reason.code for reason in refused.reasons] == ["deceased"]
    assert refused.until_us is None


def test_health_never_suggests_a_gift(connection: Connection) -> None:
    def noted(text: str, **more: object) -> int:
        return details.note(connection, "igor", text, now=NOW, by="ewa", source="said at the desk", **more)  # type: ignore[arg-type]

    rinse = noted("prefers mint rinse", kind="preference")
    school = noted("daughter starts school in May", kind="family", on_date="2026-05")
    health = noted("diabetic", kind="health", use="anything")
    hidden = noted("allergic to nuts")  # filed under nothing in particular
    quiet = noted("divorced in spring", sensitive=True)
    unsaid = noted("plays the cello badly", unmentioned=True)
    inside = noted("pays late", use="inside")

    def offered(purpose: str) -> set[int]:
        return {detail.number for detail in details.details_for(connection, "igor", purpose)}  # type: ignore[arg-type]

    assert offered("gift") == {rinse, school}
    assert offered("mention") == {rinse, school, hidden}
    assert offered("care") == {rinse, school, health, hidden, quiet, unsaid}
    assert inside not in offered("care")
    details.restrict(connection, health, use="anything", sensitive=False)
    assert health not in offered("gift")
    details.end(connection, school, now=NOW + 1)
    assert offered("gift") == {rinse}
    assert noted("prefers mint rinse", kind="preference") == rinse  # once is enough
    assert [d.number for d in details.details_of(connection, "igor", ended=True) if d.ended_us] == [school]


def test_promises_are_due_by_the_partys_own_calendar(connection: Connection) -> None:
    change(connection, "kiri", now=NOW, by="ewa", zone="Pacific/Kiritimati")
    change(connection, "pago", now=NOW, by="ewa", zone="Pacific/Pago_Pago")
    there = promises.make(connection, "kiri", "call about the lease", "2026-03-03", now=NOW, by="ewa")
    here = promises.make(connection, "pago", "send the plan", "2026-03-03", now=NOW, by="ewa")
    at = us("2026-03-02 12:00")  # already the 3rd in Kiritimati, still the 2nd in Pago Pago
    assert [(due.promise.number, due.days) for due in promises.due(connection, now=at, zone="UTC")] == [(there, 0)]
    later = us("2026-03-04 12:00")
    assert [(due.promise.number, due.days) for due in promises.due(connection, now=later, zone="UTC")] == [
        (there, -2),
        (here, -1),
    ]
    promises.keep(connection, there, now=later, by="ewa")
    promises.drop(connection, here, "they moved", now=later)
    assert promises.due(connection, now=later, zone="UTC") == []
    with pytest.raises(InputError, match="kept already"):
        promises.drop(connection, there, "no", now=later)


def test_undoing_a_merge_gives_each_identity_its_own_back(connection: Connection) -> None:
    for party, text in [("a", "likes tea"), ("b", "likes coffee")]:
        details.note(connection, party, text, now=NOW, by="ewa", source="call")
        promises.make(connection, party, f"for {party}", "2026-05-01", now=NOW, by="ewa")
        change(connection, party, now=NOW, by="ewa", name=party.upper())
        consent(connection, party, "email", given=party == "a", source="form", now=NOW, by="ewa")
    number = merges.merge(connection, "a", "b", now=NOW, by="ewa", why="one phone")
    assert number is not None
    assert merges.merge(connection, "b", "a", now=NOW, by="ewa", why="again") is None  # no circle
    for asked in ("a", "b"):
        found = party_of(connection, asked)
        assert (found.party, found.identities, found.name) == ("b", ("b", "a"), "B")
        assert not found.consent["email"].given  # of two at once the no
        assert {d.text for d in details.details_of(connection, asked)} == {"likes tea", "likes coffee"}
        assert len(promises.promises_of(connection, asked)) == 2
    details.note(connection, "a", "moves in June", now=NOW, by="ewa", source="call")  # written while they are one
    merges.undo(connection, number, now=NOW + 1, by="ewa")
    assert party_of(connection, "a").identities == ("a",)
    assert {d.text for d in details.details_of(connection, "a")} == {"likes tea"}
    assert {d.text for d in details.details_of(connection, "b")} == {"likes coffee", "moves in June"}
    assert party_of(connection, "a").consent["email"].given
    with pytest.raises(InputError, match="is undone already"):
        merges.undo(connection, number, now=NOW + 2, by="ewa")
    assert [m.undone_by for m in merges.history(connection, "a")] == ["ewa"]


def test_a_chain_of_merges_leads_to_one_party(connection: Connection) -> None:
    for low, high in [("a", "b"), ("c", "d"), ("a", "d")]:
        merges.merge(connection, low, high, now=NOW, by="ewa", why="")
    assert merges.identities(connection, "c") == ("d", "a", "b", "c")


def test_search_finds_by_the_beginnings_of_words(connection: Connection) -> None:
    change(connection, "u1", now=NOW, by="ewa", name="Żaneta Łącka")
    change(connection, "zan@example.com", now=NOW, by="ewa", name="Zdzisław Żak", owner="ewa")
    details.note(connection, "u1", "daughter plays the cello", now=NOW, by="ewa", source="call")

    def found(text: str, **more: object) -> list[tuple[str, str]]:
        return [(hit.party, hit.place) for hit in search(connection, text, **more)]  # type: ignore[arg-type]

    assert found("lac") == [("u1", "name")]
    assert found("ŁĄCKA żan") == [("u1", "name")]
    assert found("zan") == [("u1", "name"), ("zan@example.com", "identity")]
    assert found("zan@example.com") == [("zan@example.com", "identity")]
    assert found("cell daugh") == [("u1", "detail")]
    assert found("zan", owner="ewa") == [("zan@example.com", "identity")]
    assert found("cello", places=["name"]) == []
    assert found("") == found("%") == found("nobody") == []
    merges.merge(connection, "zan@example.com", "u1", now=NOW, by="ewa", why="")
    assert found("zdz") == [("u1", "name")]
    before = set(connection.execute(select(FINDABLE)))
    reindex(connection)
    assert set(connection.execute(select(FINDABLE))) == before


def _gesture(connection: Connection, party: str, at: int) -> None:
    row = {"party": party, "colleague": "ewa", "form": "call", "text": "called", "at_us": at}
    connection.execute(insert(GESTURES).values(**row))
