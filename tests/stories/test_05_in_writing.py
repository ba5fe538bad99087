"""Story 5: a catalogue of twelve moments in writing; what is wrong with four of them is said at its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalogue_texts import STORY
from desk_world import DAY, MORNING, ZONE, World, event
from occasion.desk.catalogue_file import Changed, form_of, read_text
from occasion.desk.moments_page import moment, moments, save_moment
from occasion.desk.owners import read_house
from occasion.desk.pages import MomentForm, Preview
from occasion.desk.previewing import preview
from occasion.errors import InputError
from occasion.estimate import Refusal
from occasion.events.event import Event
from occasion.events.load import plan_load
from occasion.moments.catalogue import Moment, parse_catalogue
from occasion.moments.check import Seen, check, wrong
from occasion.store import audit
from occasion.store.history import History
from occasion.store.records import writing

SEEN = Seen({name: 3 for name in (
    "first_visit", "picture_viewed", "lease_signed", "key_handed", "letter_sent", "invoice_sent", "call", "visit",
    "repair_asked", "repair_done", "photo_shared", "rent_paid", "viewing", "question", "message")})  # fmt: skip


@pytest.fixture
def world(records_url: str) -> Iterator[World]:
    with World(records_url, "moments:\n  first visit: {when: first visit, owner: ewa, purpose: welcome}\n") as world:
        yield world


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "moments.yaml"
    path.write_text(STORY, encoding="utf-8")
    return path


def test_the_page_shows_what_check_says_and_nothing_else_is_affected(world: World, file: Path) -> None:
    catalogue = parse_catalogue(STORY)
    said = {(one.code, one.place.line, one.place.column, one.message) for one in check(catalogue, SEEN)}
    with world.engine.connect() as connection:
        page = moments(connection, world.viewer("marek"), now=world.now, path=file, zone=ZONE, seen=SEEN)
    shown = [one for line in (*page.moments, *page.process) for one in line.findings] + list(page.other)
    assert {(one.code, one.line, one.column, one.message) for one in shown} == said
    assert len(page.moments) == 12
    assert [line.name for line in page.moments if line.refused] == [one.name for one in catalogue.refused]
    assert len(catalogue.refused) == 1
    bad = {one.code for one in wrong(check(catalogue, SEEN))}
    assert {"owner", "same", "purpose", "event"} <= bad
    message = next(one.message for one in shown if one.code == "event" and "fisrt_visit" in one.message)
    assert "did you mean first_visit?" in message
    assert [(stage, pattern) for stage, pattern in page.stages] == [
        (entry.stage.name, entry.written.text) for entry in catalogue.stages
    ]


def test_the_form_is_answered_as_it_is_typed(world: World, file: Path) -> None:
    name = "first look"
    own = form_of(STORY, name)
    assert own is not None
    viewer = world.viewer("marek")

    def typed(when: str, owner: str = "ewa") -> list[tuple[str, str, int, int]]:
        form = MomentForm(name, when, own.who, owner, own.purpose, own.stage, own.expect, own.make)
        with world.engine.connect() as connection:
            page = moment(connection, viewer, name, now=world.now, path=file, zone=ZONE, seen=SEEN, form=form)
        assert page is not None
        assert page.valid == (not any(one.severity == "error" for one in page.findings))
        return [(one.code, one.about_field, one.line, one.column) for one in page.findings if one.severity != "note"]

    assert typed("first visit") == []
    assert typed("count(visit >= 3") == [("text", "when", 1, 13)]
    assert typed("count(visit) >= 2\nwithin 3 days of first fisrt_visit") == [("event", "when", 2, 24)]
    assert ("owner", "owner", 1, 1) in typed("first visit", owner="")
    assert file.read_text(encoding="utf-8") == STORY


def test_a_new_moment_is_looked_at_over_history_before_it_is_saved(world: World, tmp_path: Path) -> None:
    world.party("cem", "Cem Kaya")
    events: list[Event] = []
    for i in range(12):
        events += [event(f"p{i}", "visit", MORNING - 30 * DAY + k * DAY) for k in range(1 + i % 3)]
    events.append(event("cem", "visit", MORNING - DAY))
    events.append(event("broker", "visit", MORNING - DAY))
    world.party("broker", "Broker", kind="partner")
    history = _history(tmp_path, events)
    with history, world.engine.connect() as connection:
        house = read_house(connection, world.now)
        shown = preview(connection, history, _written("2nd visit"), _written("first visit"), house=house, named=True,
                        now=world.now, zone=ZONE)  # fmt: skip
        assert isinstance(shown, Preview)
        assert (shown.parties, shown.occurrences, shown.differs) == (8, 8, -5)
        first = preview(connection, history, _written("first visit"), None, house=house, named=True, now=world.now,
                        zone=ZONE)  # fmt: skip
        assert isinstance(first, Preview)
        assert (first.occurrences, first.differs, first.last_us) == (13, None, MORNING - DAY)
        assert first.examples[0][0].name == "Cem Kaya"
        partners = preview(connection, history, _written("first visit", "partner"), _written("first visit"),
                           house=house, named=True, now=world.now, zone=ZONE)  # fmt: skip
        assert isinstance(partners, Preview)
        assert (partners.parties, partners.differs) == (1, -12)  # of its own kind only, and not counted among customers
        blind = preview(connection, history, _written("first visit"), None, house=house, named=False, now=world.now,
                        zone=ZONE)  # fmt: skip
        assert "Cem" not in repr(blind)
        late = preview(connection, history, _written("2nd visit"), None, house=house, named=True, now=world.now,
                       zone=ZONE, seconds=1e-9)  # fmt: skip
        assert isinstance(late, Refusal | Preview)


def _written(when: str, who: str = "customer") -> Moment:
    text = f"moments:\n  m: {{when: {when}, owner: growth, purpose: they come, who: {who}}}\n"
    return parse_catalogue(text, "moments.yaml").moments[0]


def _history(folder: Path, events: list[Event]) -> History:
    rows = [f"{e.party},{e.name},{e.at // 10**6},{e.id}" for e in events]
    file = folder / "events.csv"
    file.write_text("\n".join(["party,name,at,id", *rows]), encoding="utf-8")
    history = History(folder / "data")
    history.load(plan_load([file]))
    return history


def test_saved_whole_on_the_audit_and_not_over_somebody_elses(world: World, file: Path) -> None:
    viewer = world.viewer("marek")
    with world.engine.connect() as connection:
        page = moment(connection, viewer, "first look", now=world.now, path=file, zone=ZONE)
    assert page is not None
    form = MomentForm("first look", page.form.when, "customer", "ewa", "a first impression", page.form.stage,
                      page.form.expect, ("say hello",))  # fmt: skip
    with writing(world.engine) as connection:
        save_moment(connection, "first look", form, page.file_digest, path=file, now=world.now, by="marek")
        assert audit.verify(connection)
        with pytest.raises(Changed):
            save_moment(connection, "first look", form, page.file_digest, path=file, now=world.now, by="ewa")
        bare = MomentForm("another", "first visit", "customer", "", "", "", "", ())
        with pytest.raises(InputError, match="has no owner"):
            save_moment(connection, None, bare, read_text(file)[1], path=file, now=world.now, by="marek")
    before, after = parse_catalogue(STORY), parse_catalogue(file.read_text(encoding="utf-8"))
    assert [m.name for m in after.moments] == [m.name for m in before.moments]
    changed = [
        a.name for a, b in zip(after.moments, before.moments, strict=True) if (a.purpose, a.make) != (b.purpose, b.make)
    ]
    assert changed == ["first look"]
