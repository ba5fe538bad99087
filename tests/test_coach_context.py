# ruff: noqa: E501 - a case in one line is easier to read
"""What the coach knows when it reads: the party as it could be read at that hour, and a hundred others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from coached import Coached, message
from occasion.coach import facts, pressure_model
from occasion.coach.coach import coach
from occasion.coach.context import Around, Others, known_of
from occasion.coach.cues import turns_in
from occasion.coach.own import own_words
from occasion.coach.pieces import pieces_of
from occasion.coach.reading import Draft
from occasion.coach.sentence_vectors import available
from occasion.errors import InputError
from occasion.people import details, merges, promises
from occasion.people.erase import Alone, erase
from occasion.people.permission import ContactRules
from occasion.store.history import History
from occasion.store.log import Log
from occasion.store.records import writing
from occasion.store.schema.people import PARTIES

DAY_US = 86_400_000_000
NOW = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC
KEPT = (facts._facts, facts._of_this, pressure_model._judged, pieces_of, turns_in, own_words)


@pytest.fixture
def history(tmp_path: Path, records_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[History]:
    place = Coached(tmp_path, records_url, monkeypatch)
    rows = [
        message(f"p{n:03d}", f"2026-01-{1 + n % 28:02d}T10:00:00Z", f"Letter {n} about tile {n}.") for n in range(150)
    ]
    rows += [message("igor", "2026-02-20T10:00:00Z", "First word."), message("igor-old", "2026-02-10T10:00:00Z", "Old word."),
             message("igor", "2026-03-05T10:00:00Z", "Not yet said.")]  # fmt: skip
    place.load(rows)
    place.people("id,name", [f"p{n:03d},Person {n}" for n in range(150)] + ["igor,Igor Wolski"])
    with History(place.folder / "data", records=records_url) as opened:
        yield opened


def draft(text: str = "Hello.", to: str = "igor", now: int = NOW) -> Draft:
    return Draft(text, to, now, "sms", "Ewa")


def test_it_is_what_could_be_read_at_that_hour(history: History) -> None:
    with writing(history.engine) as connection:
        details.note(connection, "igor", "plays chess", now=NOW - DAY_US, by="ewa", source="said")
        details.note(connection, "igor", "noted later", now=NOW + DAY_US, by="ewa", source="said")
        promises.make(connection, "igor", "send the bill", "2026-03-04", now=NOW - DAY_US, by="ewa")
    log = Log(history.engine, history)
    with history.engine.connect() as connection:
        known = known_of(Around(connection, log, "Europe/Warsaw", rules=ContactRules()), draft())
        assert [one.body for one in known.events] == ["First word."]
        assert [one.text for one in known.details] == ["plays chess"]
        assert [one.text for one in known.promises] == ["send the bill"]
        assert (known.zone, known.party.name) == ("Europe/Warsaw", "Igor Wolski")
        assert (known.party.quiet_from, known.party.quiet_to) == ("21:00", "08:00")
        with pytest.raises(InputError, match="nobody is known by this identity"):
            known_of(Around(connection, log), draft(to="nobody"))


def test_merged_identities_are_one(history: History) -> None:
    with writing(history.engine) as connection:
        merges.merge(connection, "igor-old", "igor", now=NOW, by="ewa", why="the same person")
    with history.engine.connect() as connection:
        around = Around(connection, Log(history.engine, history))
        for identity in ("igor", "igor-old"):
            known = known_of(around, draft(to=identity))
            assert [one.body for one in known.events] == ["First word.", "Old word."]
            assert known.party.identities == ("igor", "igor-old")


def test_a_hundred_others_of_the_business_the_same_each_time(history: History) -> None:
    with history.engine.connect() as connection:
        around = Around(connection, Log(history.engine, history))
        others = Others()
        first = others.of(around, draft(), "customer")
        assert len(first) == 100
        assert "igor" not in {one.party.party for one in first}
        assert all(one.events and one.party.name for one in first)
        assert [one.party.party for one in Others().of(around, draft(), "customer")] == [
            one.party.party for one in first
        ]
        assert others.of(around, draft(), "customer")[0] is first[0]  # kept
        mine = others.of(around, draft(to=first[0].party.party), "customer")
        assert first[0].party.party not in {one.party.party for one in mine}
        assert not others.of(around, draft(), "partner")


def test_what_is_noted_later_changes_the_others(history: History) -> None:
    others = Others()
    with history.engine.connect() as connection:
        before = others.of(Around(connection, Log(history.engine, history)), draft(), "customer")
    with writing(history.engine) as connection:
        details.note(connection, before[0].party.party, "keeps goats", now=NOW - DAY_US, by="ewa", source="said")
    with history.engine.connect() as connection:
        after = others.of(Around(connection, Log(history.engine, history)), draft(), "customer")
    assert any(detail.text == "keeps goats" for one in after for detail in one.details)


def test_several_parties_read_at_once_as_one_by_one(history: History) -> None:
    with writing(history.engine) as connection:
        merges.merge(connection, "igor-old", "igor", now=NOW, by="ewa", why="the same person")
    log = Log(history.engine, history)
    parties = [*(f"p{n:03d}" for n in range(150)), "igor", "nobody"]
    assert log.of_some(parties) == {party: log.of(party) for party in parties}


def test_fifty_thousand_parties_behind_cost_nothing_more(history: History) -> None:
    with writing(history.engine) as connection:
        rows = [{"party": f"q{n:05d}", "kind": "customer", "name": "", "consent": {}, "made_us": 0, "changed_us": 0}
                for n in range(50_000)]  # fmt: skip
        connection.execute(insert(PARTIES), rows)
    text = "Dear Igor, how did the chess go, and is the tile on your roof fast again? Ring me. Ewa"
    with history.engine.connect() as connection:
        around, others = Around(connection, Log(history.engine, history), "UTC"), Others()
        coach(around, draft(text), others)
        spent = []
        for _ in range(5):
            begun = time.process_time()
            reading = coach(around, draft(text), others)
            spent.append(time.process_time() - begun)
    assert reading.part("relatable").facts["candidates"] == 101
    assert min(spent) < 0.2  # measured .04; the machine of a test may be busy


def test_who_is_erased_is_among_no_others_and_in_no_memory(history: History) -> None:
    others = Others()
    with history.engine.connect() as connection:
        around = Around(connection, Log(history.engine, history))
        first = others.of(around, draft(), "customer")
        coach(around, draft("Dear Igor, you were late with it once more. Ewa"), others)
    assert (pressure_model._judged.cache_info().currsize > 0) == available()
    assert all(kept.cache_info().currsize > 0 for kept in KEPT if kept is not pressure_model._judged)
    gone = first[0].party.party
    erase(Alone(history), gone, now=NOW, by="ewa")
    with history.engine.connect() as connection:
        after = others.of(Around(connection, Log(history.engine, history)), draft(), "customer")
    assert len(after) == 100
    assert gone not in {one.party.party for one in after}
    assert [kept for kept in KEPT if kept.cache_info().currsize] == []


def test_nor_is_it_when_the_next_draft_is_to_another_kind(history: History) -> None:
    others = Others()
    with history.engine.connect() as connection:
        around = Around(connection, Log(history.engine, history))
        coach(around, draft("Dear Igor, you were late with it once more. Ewa"), others)
    gone = others._kept["customer"].others[0].party.party
    erase(Alone(history), gone, now=NOW, by="ewa")
    with history.engine.connect() as connection:
        assert others.of(Around(connection, Log(history.engine, history)), draft(), "partner") == ()
    assert set(others._kept) == {"partner"}
    assert [kept for kept in KEPT if kept.cache_info().currsize] == []


def test_a_long_draft_is_read_in_bounded_time_and_a_longer_one_refused(history: History) -> None:
    text = "Dear Igor, " + "the tile of the roof and the letter about the gutter, was it you? " * 300
    with history.engine.connect() as connection:
        around, others = Around(connection, Log(history.engine, history)), Others()
        begun = time.process_time()
        coach(around, draft(text[:20_000]), others)
        assert time.process_time() - begun < 10
        with pytest.raises(InputError, match="at most 20,000"):
            coach(around, draft(text * 2), others)
        with pytest.raises(InputError, match="is empty"):
            coach(around, draft(" \n"), others)
