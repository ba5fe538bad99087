"""The Today page and the verbs: what is shown to whom in which order, what may be done, and what follows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import insert, select

from desk_world import DAY, HOUR, MONDAY, MORNING, ZONE, World, event
from occasion.desk import actions, ranking
from occasion.desk.pages import TodayPage
from occasion.desk.parts import Said
from occasion.desk.texts import plain
from occasion.desk.today import spans, today
from occasion.desk.turning import turn
from occasion.desk.viewer import Viewer
from occasion.errors import InputError
from occasion.people import details, parties
from occasion.people.timeline import WholeLog, timeline
from occasion.store import audit
from occasion.store.records import writing
from occasion.store.schema.desk import GESTURES, OCCASIONS

CATALOGUE = """\
moments:
  first call:
    {when: 'first call where direction = "in"', owner: front desk, purpose: they dared to call, make: [call them back]}
  hundredth: {when: 2nd order, owner: front desk, purpose: they stay, mark: peak}
  complaint: {when: complaint, owner: front desk, purpose: heard, mark: pit}
"""


@pytest.fixture
def world(records_url: str) -> Iterator[World]:
    with World(records_url, CATALOGUE) as world:
        yield world


def page(world: World, viewer: str = "ewa", **more: str) -> TodayPage:
    with world.engine.connect() as connection:
        return today(
            connection,
            world.viewer(viewer),
            world.now,
            catalogue=world.catalogue,
            zone=ZONE,
            recent=world.log.of,
            **more,
        )


def called(world: World, *parties: str) -> None:
    world.events(*(event(party, "call", world.now, direction="in", body="May I come?") for party in parties))


def numbers(world: World) -> dict[str, int]:
    with world.engine.connect() as connection:
        return {row.party: row.number for row in connection.execute(select(OCCASIONS))}


def test_the_card_says_why_with_events_details_and_the_question(world: World) -> None:
    world.party("cem", "Cem Kaya", channel="phone")
    with writing(world.engine) as connection:
        details.note(connection, "cem", "plays the cello", now=world.now, by="marek", source="said so", kind="family")
        details.note(connection, "cem", "diabetes", now=world.now, by="ewa", source="anamnesis", kind="health")
        details.note(connection, "cem", "owes us money", now=world.now, by="ewa", source="books", use="inside")
    called(world, "cem")
    card = page(world).today[0]
    assert card.why == Said("why.reached.customer", card.why.facts)
    assert "first call" in plain(card.why, ZONE)
    assert [one.name for one in card.events] == ["call"]
    assert {one.text: one.noted_by_name for one in card.details} == {
        "plays the cello": "Marek Zając", "diabetes": "Ewa Nowak"}  # fmt: skip
    assert card.question.key == "question.loyalty"
    forms = {(one.form, one.why.key) for one in card.suggestions}
    assert ("call", "make.call.asked") in forms
    assert ("call", "make.catalogue") in forms
    gift = next(one for one in card.suggestions if one.form == "gift")
    assert gift.why.facts["text"] == "plays the cello"
    assert all("diabetes" not in str(one.why.facts) for one in card.suggestions)


def test_an_analyst_sees_numbers_not_people(world: World) -> None:
    world.party("cem", "Cem Kaya")
    world.party("bea", "Bea Lis")
    called(world, "cem", "bea")
    with writing(world.engine) as connection:
        own = numbers(world)
        actions.answer(connection, own["cem"], "I remembered Cem's cello.", now=world.now, by="ewa")
        actions.hold(connection, own["bea"], world.now + DAY, "Bea is away", now=world.now, by="ewa")
    shown = page(world, world.colleague("ann", "Ann", role="analyst").id)
    assert shown.today[0].may == ()
    assert len(shown.held) == 1
    assert "Bea" not in repr(shown)
    assert "Cem" not in repr(shown)
    assert "cem" not in repr(shown)


def test_a_colleague_sees_their_own_and_their_teams(world: World) -> None:
    world.party("cem", "Cem", owner="jan")
    called(world, "cem", "ada")
    assert [card.party.party for card in page(world, "ewa").today] == ["ada"]
    assert [card.party.party for card in page(world, "jan").today] == ["cem"]
    assert page(world, "jan").whose == "own"


def test_the_day_has_room_for_so_many_and_the_rest_waits_visibly(world: World) -> None:
    viewer = world.colleague("ola", "Ola", teams=("front desk",), capacity=2)
    called(world, *(f"p{i}" for i in range(5)))
    shown = page(world, viewer.id)
    assert (len(shown.today), len(shown.waiting), shown.waiting_total) == (2, 3, 3)
    assert shown.days[0].capacity == 2
    for card in shown.today:
        with writing(world.engine) as connection:
            actions.done(connection, card.number, "call", "We spoke.", now=world.now, by="ola", append=world.append)
    after = page(world, viewer.id)
    assert (after.empty, after.today, after.done_today, after.waiting_total) == (True, (), 2, 3)
    world.now += DAY
    tomorrow = page(world, viewer.id)
    assert (len(tomorrow.today), len(tomorrow.yesterday)) == (2, 2)
    assert {line.form for line in tomorrow.yesterday} == {"call"}


def test_an_open_complaint_goes_first_holds_the_celebration_and_gives_it_back(world: World) -> None:
    called(world, "ada")
    world.events(event("filip", "order", MORNING - DAY), event("filip", "order", MORNING))
    world.events(event("filip", "complaint", MORNING + HOUR))
    shown = page(world)
    assert (shown.today[0].moment, shown.today[0].party.party) == ("complaint", "filip")
    held = {line.moment: line.reason for line in shown.held}
    assert held == {"hundredth": Said("reason.complaint", {"moment": "complaint"})}
    assert not any(one.form == "gift" for one in shown.today[0].suggestions)
    with writing(world.engine) as connection:
        complaint = shown.today[0].number
        actions.done(connection, complaint, "nothing", "", now=world.now, by="ewa", append=world.append)
    assert "hundredth" in [card.moment for card in page(world).today]


def test_after_a_gesture_a_person_is_left_in_peace(world: World) -> None:
    called(world, "ada")
    with writing(world.engine) as connection:
        actions.done(connection, numbers(world)["ada"], "call", "Spoke.", now=world.now, by="ewa", append=world.append)
    world.now += HOUR
    world.events(event("ada", "order", world.now), event("ada", "order", world.now + 1))
    shown = page(world)
    assert [(line.moment, line.reason.key if line.reason else "") for line in shown.held] == [
        ("hundredth", "reason.rest")
    ]
    world.now += 2 * DAY
    with writing(world.engine) as connection:
        turn(connection, world.now + 3 * DAY, ZONE)
        row = connection.execute(select(OCCASIONS).where(OCCASIONS.c.moment == "hundredth")).one()
    assert (row.state, row.reason) == ("retracted", "reason.peace")


def test_who_needs_no_rest_is_not_left_out_for_it(world: World) -> None:
    called(world, "ada")
    with writing(world.engine) as connection:
        actions.done(connection, numbers(world)["ada"], "call", "Spoke.", now=world.now, by="ewa", append=world.append)
        parties.change(connection, "ada", now=world.now, by="ewa", rest_days=0)
    world.now += HOUR
    world.events(event("ada", "order", world.now), event("ada", "order", world.now + 1))
    page(world)
    with writing(world.engine) as connection:
        turn(connection, world.now + 5 * DAY, ZONE)
        row = connection.execute(select(OCCASIONS).where(OCCASIONS.c.moment == "hundredth")).one()
    assert (row.state, row.reason) == ("slipped", "")


def test_of_two_at_once_the_second_is_told_who_has_it(world: World) -> None:
    called(world, "ada")
    number = numbers(world)["ada"]
    with writing(world.engine) as connection:
        actions.take(connection, number, now=world.now, by="marek")
        actions.take(connection, number, now=world.now, by="marek")
        for verb in (
            lambda: actions.take(connection, number, now=world.now, by="ewa"),
            lambda: actions.done(connection, number, "call", "x", now=world.now, by="ewa", append=world.append),
            lambda: actions.skip(connection, number, "x", now=world.now, by="ewa"),
        ):
            with pytest.raises(InputError, match="Marek Zając has taken it"):
                verb()
    card = page(world).today[0]
    assert card.told == Said("told.taken", {"taken_by_name": "Marek Zając"})
    assert "done" not in card.may
    with writing(world.engine) as connection:
        actions.hand_over(connection, number, "ewa", "she knows her", now=world.now, by="marek")
        actions.take(connection, number, now=world.now, by="ewa")


def test_held_comes_back_with_its_reason_gone_and_skipped_does_not(world: World) -> None:
    called(world, "ada", "bea")
    ada, bea = (numbers(world)[party] for party in ("ada", "bea"))
    with writing(world.engine) as connection:
        actions.hold(connection, ada, world.now + 5 * DAY, "on  holiday", now=world.now, by="ewa")
        actions.skip(connection, bea, "wrong number", now=world.now, by="ewa")
    shown = page(world)
    assert (shown.today, [line.reason for line in shown.held]) == ((), [Said("reason.person", {"text": "on holiday"})])
    world.now += 5 * DAY
    assert [card.number for card in page(world).today] == [ada]
    with writing(world.engine) as connection:
        turn(connection, world.now, ZONE)
    assert [card.number for card in page(world).today] == [ada]
    with writing(world.engine) as connection, pytest.raises(InputError, match="is skipped, so it cannot be taken"):
        actions.take(connection, bea, now=world.now, by="ewa")


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [("telepathy", "x", "is none; what happened was one of call"), ("call", " ", "0 characters"),
     ("call", "x" * 2001, "2001 characters")],
)  # fmt: skip
def test_what_happened_has_a_form_and_words(world: World, form: str, text: str, message: str) -> None:
    called(world, "ada")
    with writing(world.engine) as connection, pytest.raises(InputError, match=message):
        actions.done(connection, numbers(world)["ada"], form, text, now=world.now, by="ewa", append=world.append)


def test_done_is_a_gesture_an_event_of_the_log_and_a_line_of_the_audit(world: World) -> None:
    called(world, "ada")
    number = numbers(world)["ada"]
    with writing(world.engine) as connection:
        actions.done(connection, number, "note", "Wrote about the cello.", now=world.now, by="ewa", append=world.append)
        gesture = connection.execute(select(GESTURES)).one()
        assert (gesture.occasion, gesture.form, gesture.colleague) == (number, "note", "ewa")
        again = actions.unlogged(connection, 0)
        assert audit.verify(connection)
    told = [one for one in world.log.of("ada") if one.name == "gesture"]
    assert [(one.id, one.direction, one.actor, one.properties["form"]) for one in told] == [
        (gesture.event, "out", "ewa", "note")
    ]
    assert [one.event for one in again] == told
    with world.engine.connect() as connection:
        row = connection.execute(select(OCCASIONS).where(OCCASIONS.c.number == number)).one()
    assert (row.state, row.taken_by) == ("done", "ewa")


def test_the_loyalty_answer_is_one_line_and_on_the_timeline(world: World) -> None:
    called(world, "ada")
    number = numbers(world)["ada"]
    with writing(world.engine) as connection:
        actions.take(connection, number, now=world.now, by="ewa")
        actions.answer(connection, number, "I called\n before she had to.", now=world.now, by="ewa")
    assert page(world).today[0].answer == "I called before she had to."
    with world.engine.connect() as connection:
        lines = timeline(connection, WholeLog(lambda party: list(world.log.of(party))), "ada").lines
    assert [(line.kind, line.text) for line in lines if line.kind == "answer"] == [
        ("answer", "I called before she had to.")
    ]


def test_a_promise_comes_due_on_the_partys_own_day_and_done_keeps_it(world: World) -> None:
    world.party("dana", "Dana", zone="America/New_York")
    with writing(world.engine) as connection:
        promise = actions.make_promise(
            connection, "dana", "send the estimate", "2026-03-04", now=world.now, by="ewa", zone=ZONE
        )
    assert page(world).today == ()
    world.now = MONDAY + 2 * DAY + 6 * HOUR  # midnight of the 4th in New York is 05:00 UTC
    card = page(world).today[0]
    assert (card.kind, card.owner, card.promises[0].number) == ("promise", "ewa", promise)
    assert "send the estimate" in plain(card.why, ZONE)
    with writing(world.engine) as connection:
        assert turn(connection, world.now + 20 * DAY, ZONE) == 0  # it stays until somebody sees to it
        actions.done(connection, card.number, "note", "Sent.", now=world.now, by="ewa", append=world.append)
    assert page(world).today == ()
    with writing(world.engine) as connection, pytest.raises(InputError, match="was kept already"):
        actions.keep_promise(connection, promise, now=world.now, by="ewa")


def test_nothing_is_done_for_the_dead(world: World) -> None:
    called(world, "ada")
    world.party("ada", "Ada", deceased="2026-03-01")
    shown = page(world)
    assert [line.reason for line in shown.held] == [Said("reason.deceased")]
    with writing(world.engine) as connection, pytest.raises(InputError, match="have died"):
        actions.done(connection, numbers(world)["ada"], "note", "x", now=world.now, by="ewa", append=world.append)


def test_what_nobody_did_slipped_by_and_says_whose_it_was(world: World) -> None:
    called(world, "ada", "bea")
    world.now = MORNING + 4 * DAY
    with writing(world.engine) as connection:
        assert turn(connection, world.now, ZONE) == 2
    assert {line.state for line in page(world).missed} == {"slipped"}
    world.now = MORNING + 40 * DAY
    slipped = page(world, "marek").slipped
    assert slipped is not None
    assert (slipped.month, slipped.total) == ("2026-03", 2)
    assert [(one.owner, one.moment, one.count) for one in slipped.by] == [("front desk", "first call", 2)]


def test_of_many_owners_and_moments_the_most_are_listed_and_the_rest_is_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("occasion.desk.slipped.LISTED", 1)
    monkeypatch.setattr("occasion.desk.slipped.SHOWN", 1)
    called(world, "ada", "bea")
    world.now = MORNING + 4 * DAY
    with writing(world.engine) as connection:
        turn(connection, world.now, ZONE)
        rows = [dict(row._mapping) for row in connection.execute(select(OCCASIONS))]
        for n, (row, moment) in enumerate(zip(rows, ("a", "b"), strict=True)):
            connection.execute(
                insert(OCCASIONS).values({**row, "number": 900 + n, "moment": moment, "occurrence": None})
            )
    world.now = MORNING + 40 * DAY
    slipped = page(world, "marek").slipped
    assert slipped is not None
    assert [(one.moment, one.count) for one in slipped.by] == [("first call", 2)]
    assert (slipped.total, slipped.rest) == (4, 2)
    assert [line.party.party for line in slipped.by[0].lines] == [
        min(rows, key=lambda row: (-row["changed_us"], row["number"]))["party"]
    ]


def test_a_day_is_the_viewers_day() -> None:
    """The clocks go forward on 29 March in Warsaw: that day has 23 hours."""
    span = spans(MONDAY + 27 * DAY + 10 * HOUR, ZONE)
    assert span.tomorrow - span.today == 23 * HOUR
    assert (span.today - span.yesterday, span.after - span.tomorrow) == (DAY, DAY)
    assert date(2026, 3, 29).toordinal() - date(2026, 3, 2).toordinal() == 27


def test_stake_counts_what_can_be_changed() -> None:
    even, lost = ranking.stake("slipping", "", 0.5), ranking.stake("slipping", "", 0.01)
    assert even == 20
    assert lost == pytest.approx(20 * (0.5 + 2 * 0.01 * 0.99))
    assert Viewer("a", "A", "analyst").sees_names is False
