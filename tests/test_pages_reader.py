"""Dates, numbers and words as each reader reads them, and what may stand in a page."""

from __future__ import annotations

import pytest

from occasion.desk.parts import Said
from occasion.desk.texts import ENGLISH
from occasion.errors import InputError
from occasion.service.pages.assets import assets
from occasion.service.pages.reader import Reader, accepted, reader_for
from occasion.service.pages.rendering import party_url, url
from occasion.service.pages.words import Words, words_in

NOW = 1_772_438_400_000_000  # Monday 2026-03-02 08:00 UTC, 09:00 in Warsaw
HOUR = 3_600_000_000
DAY = 24 * HOUR


def reads(locale: str = "en-GB", zone: str = "Europe/Warsaw", now: int = NOW) -> Reader:
    return reader_for(locale, zone, now)


def plain(text: object) -> str:
    """What is read of a piece of markup."""
    import re

    return re.sub(r"<[^>]+>", "", str(text)).replace("\u202f", " ").replace("\xa0", " ")


@pytest.mark.parametrize(
    ("locale", "said"),
    [("en-GB", "today, 09:00"), ("en-US", "today, 9:00 AM"), ("pl", "today, 09:00"), ("de-DE", "today, 09:00")],
)
def test_times_are_the_locales(locale: str, said: str) -> None:
    assert plain(reads(locale).when(NOW)) == said


def test_days_near_are_words_and_far_ones_say_their_year() -> None:
    reader = reads()
    assert [reader.day(NOW + n * DAY) for n in (-1, 0, 1)] == ["yesterday", "today", "tomorrow"]
    assert reader.day(NOW + 4 * DAY) == "Fri 6 Mar"
    assert reader.day(NOW + 40 * DAY) == "11 April"
    assert reader.day(NOW - 400 * DAY) == "26 January 2025"
    assert reads("pl").day(NOW + 40 * DAY) == "11 kwietnia"


def test_a_day_is_the_readers_not_the_servers() -> None:
    late = NOW + 15 * HOUR + HOUR // 2  # 23:30 UTC, half past midnight in Warsaw
    assert reads().day(late) == "tomorrow"
    assert reads(zone="UTC").day(late) == "today"
    assert reads(zone="America/New_York").day(late) == "today"


def test_a_deadline_at_midnight_is_the_end_of_the_day_before() -> None:
    assert plain(reads().deadline(NOW + 15 * HOUR)) == "the end of today"
    assert plain(reads().deadline(NOW + 15 * HOUR + 60_000_000)) == "tomorrow, 00:01"


def test_an_instant_is_exact_for_machines() -> None:
    assert 'datetime="2026-03-02T08:00:00+00:00"' in reads().when(NOW)


@pytest.mark.parametrize(
    ("text", "said"),
    [("2026-09", "September 2026"), ("--02-29", "29 February"), ("2026-03-03", "tomorrow"), ("1970", "1970"),
     ("2026-13-45", "2026-13-45"), ("", "")],
)  # fmt: skip
def test_partial_dates(text: str, said: str) -> None:
    assert reads().partial(text) == said


def test_lengths_and_shares() -> None:
    assert reads().length(5 * DAY) == "5 days"
    assert reads().length(215_600_000 * 1_000_000) == "6 years and 9 months"
    assert reads("pl").length(5 * DAY) == "5 dni"
    assert reads().share(0.305) == "30%"
    assert plain(reads("de").number(1234567)) == "1.234.567"


def test_every_sentence_of_the_desk_can_be_said() -> None:
    """With all the values it names, whatever they are called."""
    import string

    for key, text in ENGLISH.items():
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        facts = {
            name: NOW if name.endswith("_us") and not name.endswith("_for_us") else 7 * DAY if name.endswith("_for_us")
            else "2026-03-02" if name.endswith("_date") else 3 if name == "n" or name.endswith("_n") else "call"
            for name in names
        }  # fmt: skip
        said = plain(reads().said(Said(key, facts), "Asia/Tokyo"))
        assert "{" not in said, key
        assert said.strip(), key


def test_the_time_at_the_partys_place() -> None:
    assert "17:00" in plain(reads().said(Said("told.quiet", {"local_us": NOW}), "Asia/Tokyo"))


def test_plurals_follow_the_language() -> None:
    polish = Words("pl", {"n.one": "{n} osoba", "n.few": "{n} osoby", "n.many": "{n} osób", "n.other": "{n} osoby"})
    reader = Reader(reads("pl").locale, "UTC", NOW, polish)
    assert [str(reader.t("n", n=n)) for n in (1, 2, 5, 22)] == ["1 osoba", "2 osoby", "5 osób", "22 osoby"]


def test_what_people_wrote_is_never_markup() -> None:
    said = reads().said(Said("reason.person", {"text": "<script>alert(1)</script>"}))
    assert "<script>" not in said
    assert "&lt;script&gt;" in said
    wild = Words("en", {"x": "<b>{name}</b>"})
    assert str(wild("x", name="<i>")) == "&lt;b&gt;&lt;i&gt;&lt;/b&gt;"


def test_languages_a_browser_asks_for() -> None:
    assert accepted("de-DE,de;q=0.9,en;q=0.8") == "de-DE"
    assert accepted("tlh, *;q=0.1") is None
    assert accepted("pl;q=high") is None
    assert reads("zz-ZZ").words.language == "en"
    with pytest.raises(InputError, match="there is no text in it"):
        words_in("tlh")


def test_addresses_hold_any_identity() -> None:
    assert party_url("a/b?c#d e%") == "/party/a%2Fb%3Fc%23d%20e%25"
    assert url("/behind", moment="ten & one", month=None) == "/behind?moment=ten+%26+one"


def test_assets_are_told_apart_by_their_content() -> None:
    found = assets()
    assert found.url("base.css").startswith(f"/static/{found.digest}/")
    assert {"base.css", "desk.js", "mark.svg"} <= set(found.plain)
    assert all(len(found.small[name]) < len(found.plain[name]) for name in found.plain if len(found.plain[name]) > 500)
    with pytest.raises(KeyError):
        found.url("nothing.js")
