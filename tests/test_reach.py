"""Definitions over a history: who and when by SQL, why by the law."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, given, settings

from occasion.errors import InputError
from occasion.events.event import Event
from occasion.moments.definition import Definition, Did, Selection
from occasion.moments.meaning import meaning, tagged
from occasion.moments.text import read
from occasion.store.engine_duckdb import DuckEngine
from occasion.store.reach import Asked, Reach, latest
from sql_reading import table
from test_query_law import Case, cases


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckEngine]:
    with DuckEngine() as engine:
        yield engine


def log(*days: int, party: str = "p", name: str = "x") -> list[Event]:
    return [Event(party=party, name=name, at=d, seen=d + 5, id=f"{party}{d}") for d in days]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_occurrences_carry_the_evidence_of_the_law(duck: DuckEngine, case: Case) -> None:
    definition, events, as_of, zone = case
    assume(events)
    told = Reach(duck, duck.open(table(events), zone), [Asked("m", definition)], as_of).occurrences(
        Asked("m", definition)
    )
    wanted = [
        o for party in {e.party for e in events}
        for o in meaning(definition, [e for e in events if e.party == party], as_of, zone)
    ]  # fmt: skip
    by_party = sorted(wanted, key=lambda o: (o.party, o.at, tagged(o.per)))
    assert sorted(told, key=lambda o: (o.party, o.at, tagged(o.per))) == by_party


def test_a_summary_counts_parties_and_occurrences_and_shows_the_latest(duck: DuckEngine) -> None:
    asked = Asked("any x", read("x"))
    events = log(1, 2, 3) + log(4, party="q") + log(1, party="r", name="y")
    reach = Reach(duck, duck.open(table(events)), [asked], 100)
    found = reach.summary(asked)
    assert (found.parties, found.occurrences, found.first_us, found.last_us) == (2, 4, 1, 4)
    assert found.examples == (("q", None, 4), ("p", None, 3), ("p", None, 2))


def test_nothing_reached_has_no_first(duck: DuckEngine) -> None:
    asked = Asked("z", Definition(Did(Selection("event", "z"))))
    found = Reach(duck, duck.open(table(log(1))), [asked], 100).summary(asked)
    assert (found.parties, found.occurrences, found.first_us, found.examples) == (0, 0, None, ())


@pytest.mark.parametrize("text", ["every 1 month since x", "streak of 2 days of x"])
def test_a_zone_that_does_not_exist_is_named(duck: DuckEngine, text: str) -> None:
    strange = Event(party="p", name="x", at=5, seen=5, id="1", zone="Mars/Olympus")
    asked = Asked("m", read(text))
    with pytest.raises(InputError, match="'Mars/Olympus': is not known"):
        Reach(duck, duck.open(table([strange])), [asked], 100).rows(asked)


def test_the_latest_instant_is_when_something_was_last_seen(duck: DuckEngine) -> None:
    assert latest(duck, duck.open(table(log(1, 2)))) == 7
    with pytest.raises(InputError, match="no event"):
        latest(duck, duck.open(table([])))
