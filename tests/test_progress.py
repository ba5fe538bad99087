"""Progress: node by node, closed is closed, and four of the stories at the level of the live reading."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from occasion.events.event import Event
from occasion.moments.definition import (
    NOW,
    STRICTLY_LATER,
    After,
    And,
    Definition,
    Did,
    Every,
    Fewer,
    Measure,
    Node,
    Nth,
    Or,
    Per,
    Period,
    Reach,
    Rolling,
    Selection,
    Silence,
    Stage,
    Start,
    Streak,
    While,
)
from occasion.moments.live import Program, live
from occasion.moments.meaning import meaning
from occasion.moments.progress import Progress, progress, progress_of, said
from occasion.moments.text import read
from strategies import logs
from test_live_law import cases, countable
from test_meaning import STAGES, THREE, A, B, X, count, event

DAY = 86_400_000_000


def far(node: Node, at: float, *events: Event, stages: tuple[Stage, ...] = ()) -> tuple[object, ...]:
    """(state, have, need, until in days) as of a day."""
    (found,) = progress_of(Definition(node, stages), events, round(at * DAY)).values()
    return found.state, found.have, found.need, None if found.until is None else found.until / DAY


FIRST_A = Nth(A, 1)


def test_reach_counts_in_its_window_and_is_missed_when_it_is_over() -> None:
    node = Reach(count(X), Decimal(2), FIRST_A, NOW, THREE)
    assert far(node, 0.5, event("x", 0)) == ("open", 0, 1, None)  # the anchor's
    assert far(node, 1.5, event("a", 1), event("x", 1.5)) == ("open", 1, 2, 4)
    assert far(node, 3.9, event("a", 1), event("x", 1.5)) == ("open", 1, 2, 4)
    assert far(node, 4, event("a", 1), event("x", 1.5)) == ("closed", 1, 2, None)
    assert far(node, 9, event("a", 1), event("x", 1.5), event("x", 2))[0] == "reached"


def test_reach_shows_the_latest_open_window() -> None:
    node = Reach(count(X), Decimal(3), A, STRICTLY_LATER, THREE)
    events = [event("a", 0), event("x", 0.5), event("a", 1), event("x", 1.5)]
    assert far(node, 2, *events) == ("open", 1, 3, 4)
    assert far(node, 9, *events) == ("open", 0, 1, None)  # another a may come


def test_a_sum_and_a_distinct_say_what_they_have() -> None:
    total = Reach(Measure("sum", X, "v"), Decimal("1.5"), Start(), NOW, THREE)
    assert far(total, 1, event("x", 0, v=0.25), event("x", 1, v=1)) == ("open", Decimal("1.25"), Decimal("1.5"), 3)
    values = Reach(Measure("distinct", X, "v"), Decimal(3), Start(), NOW, THREE)
    assert far(values, 1, event("x", 0, v=1), event("x", 0.5, v=1), event("x", 1, v="1")) == ("open", 2, 3, 3)


def test_fewer_is_due_at_the_end_unless_averted() -> None:
    node = Fewer(count(X), Decimal(2), FIRST_A, NOW, THREE)
    assert far(node, 2, event("a", 1), event("x", 1.5)) == ("open", 1, 2, 4)
    assert far(node, 4, event("a", 1), event("x", 1.5))[0] == "reached"
    assert far(node, 2, event("a", 1), event("x", 1.5), event("x", 2))[0] == "closed"


def test_a_silence_is_no_longer_due_once_the_stage_is_left() -> None:
    node = While(Fewer(count(X), Decimal(1), FIRST_A, STRICTLY_LATER, THREE, Silence("new", False)), "new")
    assert far(node, 2, event("a", 1), stages=STAGES) == ("open", 0, 1, 4)
    assert far(node, 2, event("a", 1), event("grow", 2), stages=STAGES)[0] == "closed"


def test_a_missed_reach_says_what_its_last_window_had_whatever_comes_after_and_once_restored() -> None:
    node = Reach(count(X), Decimal(4), FIRST_A, NOW, THREE)
    inside = [event("a", 1), event("x", 1.5), event("x", 2), event("x", 3)]
    for after in ([], [event("x", 4)], [event("a", 5), event("x", 6), event("x", 7)]):
        assert far(node, 9, *inside, *after) == ("closed", 3, 4, None)
    assert far(node, 9, event("a", 1), event("x", 4)) == ("closed", 0, 4, None)
    assert far(node, 9, *inside, event("x", 3.5)) == ("reached", 4, 4, None)
    total = Reach(Measure("sum", X, "v"), Decimal(10) ** 19, FIRST_A, NOW, THREE)
    program = Program([Definition(total)])
    row = program.blank()
    program.read(row, [event("a", 1), event("x", 2, v=Decimal(10) ** 17), event("x", 9, v=1)])
    again = program.restore(msgspec.json.decode(msgspec.json.encode(program.save(row))))
    assert again is not None
    assert progress(program, again, 0, 9 * DAY) == Progress("closed", Decimal(10) ** 17, Decimal(10) ** 19)


def test_a_missed_reach_with_two_windows_says_what_the_later_one_had() -> None:
    node = Reach(count(X), Decimal(3), Nth(Or(Nth(A, 1), Nth(B, 1)), 1), NOW, THREE)
    assert far(node, 9, event("a", 0), event("x", 1), event("b", 2), event("x", 9)) == ("closed", 1, 3, None)
    both = Reach(count(X), Decimal(3), Or(Nth(A, 1), Nth(B, 1)), NOW, THREE)
    log = [event("a", 0), event("x", 0.5), event("x", 1), event("b", 2), event("x", 4)]
    assert far(both, 9, *log) == far(both, 9, *log, event("x", 9)) == ("closed", 1, 3, None)


QUIET = "no x for 5 days"


def test_a_silence_holds_from_when_it_was_reached_until_something_ends_it() -> None:
    node = read(QUIET).node
    assert far(node, 5.9, event("x", 1)) == ("open", 0, 1, 6)
    assert far(node, 6, event("x", 1)) == far(node, 60, event("x", 1)) == ("reached", 0, 1, None)
    assert far(node, 61, event("x", 1), event("x", 60)) == ("open", 0, 1, 65)
    assert far(node, 65, event("x", 1), event("x", 60)) == ("reached", 0, 1, None)
    (per,) = progress_of(read(f"{QUIET} per f"), [event("x", 1, f="u")], 9 * DAY).values()
    assert per == Progress("reached", 0, 1)


def test_a_silence_in_a_stage_holds_only_as_long_as_the_party_stays() -> None:
    stages = (*STAGES, Stage("gone", Did(Selection("event", "leave"))))
    definition = read(f'{QUIET} while stage = "old"', stages)

    def held(at: float, *events: Event) -> tuple[object, ...]:
        return far(definition.node, at, *events, stages=stages)

    assert held(9, event("x", 1)) == ("open", 0, 1, None)  # not in the stage: none is running
    assert held(9, event("x", 1), event("grow", 5)) == ("open", 0, 1, 10)
    assert held(20, event("x", 1), event("grow", 5)) == ("reached", 0, 1, None)
    assert held(20, event("x", 1), event("grow", 5), event("leave", 15)) == ("open", 0, 1, None)


def test_what_a_moment_waits_for_is_not_its_own_end() -> None:
    for text in (
        "a returns after 3 days",
        "no c for 5 days after (no a for 3 days after first a)",
        "every 1 day since (no a for 3 days after first a)",
        "(no a for 3 days after first a) then a",
    ):
        (found,) = progress_of(read(text), [event("a", 0)], DAY).values()
        assert (found.state, found.until, found.comes, found.waits) == ("open", 3 * DAY, False, True), text
        assert said(found, DAY) == "waiting until 2 days from now"
    (own,) = progress_of(read("first (no a for 3 days after first a)"), [event("a", 0)], DAY).values()
    assert said(own, DAY) == "due in 2 days"


def test_a_date_in_a_stage_is_not_certain_since_the_party_may_have_left_by_then() -> None:
    (certain,) = progress_of(read("every 1 day since a"), [event("a", 0)], 0).values()
    assert (certain.until, certain.comes, certain.waits) == (DAY, True, False)
    definition = read('every 1 day since a while stage = "old"', STAGES)
    for log in ([event("a", 0)], [event("a", 0), event("grow", 0)]):
        (found,) = progress_of(definition, log, 0).values()
        assert (found.state, found.until, found.comes, found.waits) == ("open", DAY, False, True)
        assert said(found, 0) == "waiting until 1 day from now"


def test_both_come_by_themselves_only_if_the_other_holds_until_then() -> None:
    due = Fewer(count(X), Decimal(1), FIRST_A, STRICTLY_LATER, THREE)
    node = And(due, Nth(B, 1))
    (alone,) = progress_of(Definition(node), [event("a", 0)], DAY).values()
    assert (alone.have, alone.until, alone.comes, alone.waits) == (0, None, False, False)  # no b yet: no end
    (both,) = progress_of(Definition(node), [event("a", 0), event("b", 0.5)], DAY).values()
    assert said(both, DAY) == "due in 2 days"
    (lapses,) = progress_of(Definition(And(due, B, Period(1, "day"))), [event("a", 0), event("b", 1)], DAY).values()
    assert said(lapses, DAY) == "waiting until 2 days from now"


def test_rolling_has_what_counts_until_the_oldest_leaves() -> None:
    node = Rolling(count(X), Decimal(3), THREE)
    assert far(node, 2, event("x", 0), event("x", 1)) == ("open", 2, 3, 3)
    assert far(node, 3, event("x", 0), event("x", 1)) == ("open", 1, 3, 4)
    assert far(node, 2, event("x", 0), event("x", 1), event("x", 2)) == ("reached", 3, 3, 3)


def test_nth_is_k_of_n() -> None:
    assert far(Nth(X, 3), 2, event("x", 0), event("x", 1)) == ("open", 2, 3, None)
    assert far(Nth(X, 2), 2, event("x", 0), event("x", 1)) == ("reached", 2, 2, None)
    assert far(Nth(X, 2, every=True), 2, *(event("x", d) for d in (0, 1, 2))) == ("open", 1, 2, None)
    assert far(Nth(Start(), 2), 2, event("x", 0))[0] == "closed"


def test_streak_until_the_unit_that_needs_a_point_ends() -> None:
    days = Streak(X, 3, "day")
    assert far(days, 1.5, event("x", 0.5), event("x", 1.2)) == ("open", 2, 3, 3)
    assert far(days, 2.5, event("x", 0.5), event("x", 1.2)) == ("open", 2, 3, 3)
    assert far(days, 3, event("x", 0.5), event("x", 1.2)) == ("open", 0, 3, None)


def test_every_has_a_next_date() -> None:
    assert far(Every(FIRST_A, THREE), 5, event("a", 1)) == ("open", 0, 1, 7)
    assert far(Every(FIRST_A, THREE), 5, event("x", 1)) == ("open", 0, 1, None)


def test_after_is_the_anchor_then_one_of_two() -> None:
    assert far(After(Nth(A, 2), X, THREE), 1, event("a", 1)) == ("open", 1, 2, None)
    assert far(After(Nth(A, 2), X, THREE), 3, event("a", 1), event("a", 2)) == ("open", 1, 2, 5)
    assert far(After(Nth(A, 2), X, THREE), 5, event("a", 1), event("a", 2))[0] == "closed"


def test_or_is_the_nearer_and_and_the_farther() -> None:
    near, distant = Nth(A, 4), Nth(B, 4)
    events = [event("a", 0), event("a", 1), event("a", 2), event("b", 2)]
    assert far(Or(near, distant), 3, *events) == ("open", 3, 4, None)
    assert far(And(near, distant), 3, *events) == ("open", 1, 4, None)
    gone = Reach(count(X), Decimal(1), Start(), STRICTLY_LATER, THREE)
    assert far(And(near, gone), 3, *events)[0] == "closed"
    assert far(Or(near, gone), 3, *events) == ("open", 3, 4, None)


def test_per_has_a_progress_for_every_value_it_saw() -> None:
    found = progress_of(
        Definition(Per(Nth(X, 2), "f")),
        [event("x", 0, f="a"), event("x", 1, f="b"), event("x", 1, f="b", id_="2")],
        DAY,
    )
    assert {value: (p.state, p.have) for value, p in found.items()} == {"a": ("open", 1), "b": ("reached", 2)}


def test_in_words() -> None:
    assert said(Progress("open", 7, 10, 5 * DAY), 0) == "7 of 10, 5 days left"
    assert said(Progress("open", 1, 2), 0) == "1 of 2"
    assert said(Progress("closed", 9, 10), 0) == "missed, with 9 of 10"


@st.composite
def continued(draw: st.DrawFn) -> tuple[Definition, list[Event], int, list[Event]]:
    """A definition, a log up to a cut, and whatever comes after it."""
    definition, log, as_of = draw(cases())
    shift = draw(st.sampled_from([1, 1, 2, DAY, 31 * DAY]))
    extra = (
        [e for e in draw(logs(definition)) if e.id not in {known.id for known in log}] if draw(st.booleans()) else []
    )
    base = min((e.at for e in extra), default=0)
    later = [
        e.__class__(
            **{f: getattr(e, f) for f in e.__struct_fields__}
            | {"at": e.at - base + as_of + shift, "seen": e.at - base + as_of + shift, "id": f"z{e.id}"}
        )
        for e in extra
    ]
    later += [e for e in log if e.at > as_of]
    return definition, [e for e in log if e.at <= as_of and e.seen <= as_of], as_of, later


def closed_stays_closed(case: tuple[Definition, list[Event], int, list[Event]]) -> None:
    definition, log, as_of, later = case
    assume(log)
    end = max([e.at for e in later] + [as_of]) + 40 * DAY
    assume(countable(definition, log, end))
    before = {o.per for o in meaning(definition, log, as_of)}
    found = progress_of(definition, log, as_of)
    after = live(definition, [*log, *later], 1 << 61 if not _repeats(definition) else end)
    for value, one in found.items():
        if one.state == "closed":
            assert value not in before
            assert not [o for o in after if o.per == value], "closed, and yet it was reached"
        if one.state == "reached":
            assert value in before


def _repeats(definition: Definition) -> bool:
    return "Every" in repr(definition)


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(continued())
def test_closed_is_closed_whatever_comes(case: tuple[Definition, list[Event], int, list[Event]]) -> None:
    closed_stays_closed(case)


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(continued())
def test_closed_is_closed_on_many(case: tuple[Definition, list[Event], int, list[Event]]) -> None:
    closed_stays_closed(case)


# The stories. Times are local: day 0 is 2026-03-02 in Warsaw.

WARSAW = ZoneInfo("Europe/Warsaw")


def clock(*when: int) -> int:
    return int(datetime(*when, tzinfo=WARSAW).timestamp()) * 1_000_000  # type: ignore[arg-type]


def happened(name: str, at: int, **fields: str) -> Event:
    own = {key: fields.pop(key) for key in ("direction", "counterpart") if key in fields}
    return Event(party="p", name=name, at=at, seen=at, id=f"{name}{at}", zone="Europe/Warsaw", properties=fields, **own)


def test_story_1_ten_friends_in_fourteen_days() -> None:
    ten = read("distinct(friend of friend_added) >= 10 within 14 days of first signup")
    begin = clock(2026, 3, 2, 9)
    friends = [happened("friend_added", begin + d * DAY, friend=f"f{d}") for d in range(1, 10)]
    ana = [happened("signup", begin), *friends, happened("friend_added", begin + 11 * DAY + 1, friend="f3")]
    (found,) = progress_of(ten, ana, begin + 12 * DAY).values()
    assert said(found, begin + 12 * DAY) == "9 of 10, 2 days left"
    in_time = happened("friend_added", begin + 14 * DAY - 1_000_000, friend="f10")
    (reached,) = live(ten, [*ana, in_time], begin + 20 * DAY)
    assert reached.at == in_time.at
    assert reached.evidence == tuple(e.id for e in [ana[0], *friends, in_time])
    (done,) = progress_of(ten, [*ana, in_time], in_time.at).values()
    assert done.state == "reached"
    late = happened("friend_added", begin + 14 * DAY, friend="f10")
    assert live(ten, [*ana, late], begin + 20 * DAY) == []
    (missed,) = progress_of(ten, [*ana, late], late.at).values()
    assert said(missed, late.at) == "missed, with 9 of 10"
    (unmet,) = progress_of(ten, ana, begin + 14 * DAY).values()  # nothing came after the end
    assert said(unmet, begin + 14 * DAY) == "missed, with 9 of 10"


def test_story_2_a_lost_friend_returns_once() -> None:
    back = read("contact returns after 5 years per counterpart")
    old = happened("wrote", clock(2019, 5, 1, 12), direction="in", counterpart="Ola")
    ola = happened("wrote", clock(2026, 3, 2, 9), direction="in", counterpart="Ola")
    ben = happened("wrote", clock(2026, 3, 2, 10), direction="out", counterpart="Ola")
    (one,) = live(back, [old, ola, ben], clock(2026, 4, 1))
    assert (one.per, one.at, one.evidence) == ("Ola", ola.at, (old.id, ola.id))


def test_story_3_rent_after_pictures_of_that_place() -> None:
    rent = read("count(picture_viewed) >= 3 then first rent_clicked within 1 day per listing")
    begin = clock(2026, 3, 2, 9)
    viewed = [happened("picture_viewed", begin + i, listing=flat) for i, flat in enumerate("AABBB")]
    clicks = [happened("rent_clicked", begin + 100 + i, listing=flat) for i, flat in enumerate("AB")]
    (one,) = live(rent, [*viewed, *clicks], begin + DAY)
    assert (one.per, one.at) == ("B", clicks[1].at)
    # The third picture stands for all three: it is the point that the chain starts from.
    assert one.evidence == (viewed[4].id, clicks[1].id)


def test_story_9_hundredth_order_leap_day_anniversary_first_silence() -> None:
    begin = clock(2026, 3, 2, 9)
    orders = [happened("order_completed", begin + i * DAY) for i in range(201)]
    assert [o.at for o in live(read("every 100th order_completed"), orders, orders[-1].at)] == [
        orders[99].at,
        orders[199].at,
    ]
    lease = happened("lease_signed", clock(2024, 2, 29, 10))
    yearly = live(read("every 1 year since first lease_signed"), [lease], clock(2028, 12, 31))
    assert [o.at for o in yearly] == [clock(y, 2, d, 10) for y, d in ((2025, 28), (2026, 28), (2027, 28), (2028, 29))]
    visits = [happened("visit", begin + i * 7 * DAY) for i in range(4)]
    (silence,) = live(read("no visit for 45 days"), visits, begin + 300 * DAY)
    assert (silence.at, silence.evidence) == (visits[-1].at + 45 * DAY, (visits[-1].id,))
    (due,) = progress_of(read("no visit for 45 days"), visits, visits[-1].at + 40 * DAY).values()
    assert said(due, visits[-1].at + 40 * DAY) == "due in 5 days"
