"""The simulated practice: the same from the same seed, nothing from the future, and its stated truth is in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from importlib.resources import files

from occasion.events.event import Event
from occasion.events.practice import CALL_EFFECT, DAY_US, clock_us, practice
from occasion.moments.catalogue import read_catalogue

TODAY = date(2026, 3, 6)


def test_the_same_seed_gives_the_same_practice() -> None:
    assert practice(3, TODAY, 60) == practice(3, TODAY, 60)
    assert practice(3, TODAY, 60).history != practice(4, TODAY, 60).history


def test_history_ends_where_the_day_begins() -> None:
    made = practice(1, TODAY)
    midnight = clock_us(TODAY, 0)
    assert max(event.at for event in made.history) < midnight
    assert midnight <= min(event.at for event in made.day) <= max(event.at for event in made.day) < midnight + DAY_US
    assert [event.at for event in made.day] == sorted(event.at for event in made.day)
    ids = Counter(event.id for event in (*made.history, *made.day))
    assert set(ids.values()) == {1}


def test_everybody_who_appears_is_somebody() -> None:
    made = practice(1, TODAY)
    known = {person.party for person in made.people}
    assert {event.party for event in (*made.history, *made.day)} <= known
    assert {person.owner for person in made.people} <= {colleague.id for colleague in made.colleagues}


def test_a_word_after_the_extraction_brings_more_of_them_back() -> None:
    """Stated truth: CALL_EFFECT on the wish to come back. Over many patients the share must show it."""
    made = practice(7, TODAY, 12_000)
    of: dict[str, list[Event]] = defaultdict(list)
    for event in made.history:
        of[event.party].append(event)
    back: dict[bool, list[bool]] = {True: [], False: []}
    for events in of.values():
        for pulled in (e for e in events if e.name == "extraction" and e.at < clock_us(TODAY, 0) - 300 * DAY_US):
            wrote = any(
                e.name == "message" and e.direction == "out" and 0 < e.at - pulled.at <= 3 * DAY_US for e in events
            )
            back[wrote].append(any(e.name == "visit" and e.at - pulled.at > 3 * DAY_US for e in events))
    shares = {wrote: sum(came) / len(came) for wrote, came in back.items()}
    assert min(map(len, back.values())) > 500
    # the chance is capped at .97, so a little less than the effect itself can be seen
    assert 0.6 * CALL_EFFECT < shares[True] - shares[False] < 1.2 * CALL_EFFECT, shares


def test_its_catalogue_is_in_order() -> None:
    path = files("occasion") / "examples" / "practice.yaml"
    catalogue = read_catalogue(path)  # type: ignore[arg-type]
    assert catalogue.errors() == []
    owners = {c.id for c in practice(1, TODAY, 10).colleagues} | {
        t for c in practice(1, TODAY, 10).colleagues for t in c.teams
    }
    assert {moment.owner for moment in catalogue.moments} <= owners


def test_notes_to_one_person_are_about_what_was_known_of_them_and_a_newsletter_went_out_two_days_ago() -> None:
    made = practice(7, TODAY)
    known = {person.party: person for person in made.people}
    notes = [event for event in made.history if event.name == "message" and event.body and "dachshund" in event.body]
    assert notes
    for note in notes:
        person = known[note.party]
        assert note.actor == person.owner
        assert any("dachshund" in text and at < note.at for text, *_, at in person.details)
    bodies = [event.body for event in made.history if event.name == "message" and event.direction == "out"]
    assert sum(1 for body, many in Counter(bodies).items() if many == 1 and body and len(body) > 80) >= 10
    lately = [event for event in made.history if event.mass and event.at == clock_us(date(2026, 3, 4), 10)]
    assert len(lately) > 200
