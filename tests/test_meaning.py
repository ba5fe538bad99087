"""The law on a table of edge cases, each worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from whenever import Instant

from occasion.events.event import Event, Scalar, scalar
from occasion.moments.definition import (
    NOW,
    STRICTLY_LATER,
    After,
    And,
    Compare,
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
from occasion.moments.meaning import meaning

DAY = 86_400_000_000
A, B, X = (Did(Selection("event", name)) for name in "abx")
THREE = Period(3, "day")


def event(name: str, day: float, id_: str = "", seen: float | None = None, **properties: object) -> Event:
    at = round(day * DAY)
    kept: dict[str, Scalar] = {k: v for k, raw in properties.items() if (v := scalar(raw)) is not None}
    zone = kept.pop("zone", None)
    return Event(
        party="p",
        name=name,
        at=at,
        seen=at if seen is None else round(seen * DAY),
        id=id_ or f"{name}{day}",
        properties=kept,
        direction=str(kept["direction"]) if "direction" in kept else None,
        zone=None if zone is None else str(zone),
    )


def days(node: Node, *events: Event, as_of: float = 100, stages: tuple[Stage, ...] = ()) -> list[float]:
    return [o.at / DAY for o in meaning(Definition(node, stages), events, round(as_of * DAY))]


def count(source: Node) -> Measure:
    return Measure("count", source)


def test_a_window_holds_its_anchor_and_is_open_at_its_end() -> None:
    node = Reach(count(X), Decimal(2), A, NOW, THREE)
    micro = 1 / DAY
    assert days(node, event("a", 1), event("x", 1), event("x", 4 - micro)) == [4 - micro]
    assert days(node, event("a", 1), event("x", 1), event("x", 4)) == []


def test_then_and_no_begin_strictly_after_their_anchor() -> None:
    then = Reach(count(X), Decimal(1), A, STRICTLY_LATER, THREE)
    silent = Fewer(count(X), Decimal(1), A, STRICTLY_LATER, THREE)
    at_once = [event("a", 1), event("x", 1)]
    assert (days(then, *at_once), days(silent, *at_once)) == ([], [4])
    at_the_end = [event("a", 1), event("x", 4)]
    assert (days(then, *at_the_end), days(silent, *at_the_end)) == ([], [4])
    within = [event("a", 1), event("x", 2)]
    assert (days(then, *within), days(silent, *within)) == ([2], [])


def test_a_timer_waits_until_its_time_and_includes_the_cut() -> None:
    silent = Fewer(count(X), Decimal(1), A, STRICTLY_LATER, THREE)
    assert days(silent, event("a", 1), as_of=3.999) == []
    assert days(silent, event("a", 1), as_of=4) == [4]


def test_every_anchor_opens_its_own_window_and_instants_are_united() -> None:
    then = Reach(count(X), Decimal(1), A, STRICTLY_LATER, None)
    assert days(then, event("a", 1), event("a", 2), event("x", 3), event("a", 4), event("x", 5)) == [3, 5]


def test_then_every_b_and_then_the_first_b_ever() -> None:
    events = [event("b", 0.5), event("a", 1), event("b", 2), event("b", 3)]
    assert days(After(A, B), *events) == [2, 3]
    assert days(After(A, B, Period(1, "day")), *events) == []
    assert days(After(A, Nth(B, 1)), *events) == []


def test_edge_rolling_is_reached_again_only_after_it_did_not_hold() -> None:
    twice = Rolling(count(X), Decimal(2), THREE)
    assert days(twice, *(event("x", d) for d in (0, 1, 2, 3, 6, 8, 9))) == [1, 8]
    assert days(twice, event("x", 0), event("x", 3)) == []  # (t - 3 days, t] is open at its beginning


def test_a_rolling_distinct_is_shown_by_the_latest_of_each_value() -> None:
    node = Rolling(Measure("distinct", X, "f"), Decimal(2), THREE)
    events = [event("x", 0, f="u"), event("x", 1, f="u"), event("x", 2, f="v")]
    (one,) = meaning(Definition(node), events, 100 * DAY)
    assert (one.at / DAY, one.evidence) == (2, ("x1", "x2"))


def test_edge_is_between_instants_not_between_events_of_one() -> None:
    twice = Rolling(count(X), Decimal(2), THREE)
    pairs = [event("x", 0, "1"), event("x", 0, "2"), event("x", 3, "3"), event("x", 3, "4")]
    assert days(twice, *pairs) == [0]  # at 3 the first pair has left, but the second is there at once


def test_and_holds_within_and_at_the_edge() -> None:
    both = And(A, B, THREE)
    assert days(both, event("a", 0), event("b", 2), event("a", 4), event("a", 10), event("b", 11)) == [2, 11]
    assert days(And(A, B), event("a", 0), event("b", 20), event("a", 30)) == [20]
    assert days(both, event("a", 0), event("b", 3)) == []


def test_nth_counts_events_of_a_selection_and_instants_of_anything_else() -> None:
    tie = [event("x", 1, "1"), event("x", 1, "2"), event("x", 2)]
    assert days(Nth(X, 2), *tie) == [1]
    assert days(Nth(Or(X, A), 2), *tie) == [2]
    assert days(Nth(X, 2, every=True), *(event("x", d) for d in range(5))) == [1, 3]


def test_distinct_skips_missing_and_tells_types_apart() -> None:
    node = Reach(Measure("distinct", X, "f"), Decimal(3), Start())
    events = [event("x", 0), event("x", 1, f="1"), event("x", 2, f=1), event("x", 3, f="1"), event("x", 4, f=True)]
    assert days(node, *events) == [4]


def test_sum_is_exact_and_seen_at_the_end_of_an_instant() -> None:
    node = Reach(Measure("sum", X, "v"), Decimal("0.3"), Start())
    assert days(node, event("x", 0, v=0.1), event("x", 1, v=0.2)) == [1]
    assert days(node, event("x", 0, "1", v=1), event("x", 0, "2", v=-1), event("x", 1, v="9")) == []
    assert days(node, event("x", 0, "1", v=-1), event("x", 0, "2", v=1)) == []  # in whatever order they are added up


def test_unknown_conditions_select_nothing_and_stay_unknown_under_not() -> None:
    big = Did(Selection("event", "x", Compare("v", ">", Decimal(1))))
    small = Did(Selection("event", "x", Compare("v", "<=", Decimal(1))))
    assert days(big, event("x", 0), event("x", 1, v="2"), event("x", 2, v=2)) == [2]
    assert days(small, event("x", 0), event("x", 1, v="2")) == []


def test_contact_has_a_direction_and_is_not_mass() -> None:
    contact = Did(Selection("contact"))
    mass = Event(party="p", name="m", at=5, seen=5, id="m", direction="out", mass=True)
    assert days(contact, mass, event("x", 1), event("x", 2, direction="in")) == [2]


def test_streak_once_a_run_weeks_begin_on_monday() -> None:
    # 1970-01-01 was a Thursday: day 3 is a Sunday, day 4 a Monday
    weeks = Streak(X, 2, "week")
    assert days(weeks, event("x", 3), event("x", 4), event("x", 5), event("x", 11)) == [4]
    assert days(weeks, event("x", 3), event("x", 11), event("x", 18), event("x", 25)) == [18]


def test_anniversary_of_29_february_is_counted_from_its_anchor() -> None:
    signed = Instant.from_utc(2024, 2, 29, 10).timestamp(unit="microsecond") / DAY
    found = days(Every(A, Period(1, "year")), event("a", signed), as_of=signed + 1500)
    assert [str(Instant.from_timestamp(round(d * 86400)).to_tz("UTC").date()) for d in found] == [
        "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29",
    ]  # fmt: skip


def test_a_month_over_a_clock_change_keeps_the_wall_clock_of_the_zone_in_force() -> None:
    at = Instant.from_utc(2026, 3, 1, 9).timestamp(unit="microsecond") / DAY
    utc = days(Every(A, Period(1, "month")), event("a", at), as_of=at + 32)
    warsaw = days(Every(A, Period(1, "month")), event("a", at, zone="Europe/Warsaw"), as_of=at + 32)
    assert [round((u - w) * 24) for u, w in zip(utc, warsaw, strict=True)] == [1]


def test_a_skipped_wall_clock_time_moves_forward_and_a_doubled_one_is_the_earlier() -> None:
    anchor = Instant.from_utc(2026, 2, 28, 1, 30)  # 02:30 in Warsaw; 29 March 02:30 does not exist
    at = anchor.timestamp(unit="microsecond") / DAY
    month = Every(A, Period(1, "month"))
    (march,) = days(month, event("a", at + 1, zone="Europe/Warsaw"), as_of=at + 35)[:1]
    assert Instant.from_timestamp(round(march * 86400)) == Instant.from_utc(2026, 4, 1, 0, 30)
    skipped = Instant.from_utc(2026, 1, 29, 1, 30).timestamp(unit="microsecond") / DAY
    (second,) = days(Every(A, Period(2, "month")), event("a", skipped, zone="Europe/Warsaw"), as_of=skipped + 62)
    assert Instant.from_timestamp(round(second * 86400)) == Instant.from_utc(2026, 3, 29, 1, 30)  # 03:30 summer time
    doubled = Instant.from_utc(2026, 9, 25, 0, 30).timestamp(unit="microsecond") / DAY
    (october,) = days(month, event("a", doubled, zone="Europe/Warsaw"), as_of=doubled + 31)
    assert Instant.from_timestamp(round(october * 86400)) == Instant.from_utc(2026, 10, 25, 0, 30)


STAGES = (Stage("new", Start()), Stage("old", Did(Selection("event", "grow"))))


def test_while_counts_the_stage_entered_at_the_same_instant() -> None:
    assert days(While(X, "old"), event("x", 0), event("grow", 1), event("x", 1), event("x", 2), stages=STAGES) == [1, 2]
    assert days(While(X, "new"), event("x", 0), event("grow", 1), event("x", 1), stages=STAGES) == [0]


def test_a_silence_lies_wholly_in_the_stage() -> None:
    after = Fewer(count(X), Decimal(1), A, STRICTLY_LATER, THREE, Silence("new", coming_in=False))
    assert days(While(after, "new"), event("a", 0), stages=STAGES) == [3]
    assert days(While(after, "new"), event("a", 0), event("grow", 3), stages=STAGES) == []
    plain = Fewer(count(X), Decimal(1), Or(X, Start()), STRICTLY_LATER, THREE, Silence("old", coming_in=True))
    assert days(While(plain, "old"), event("x", 0), event("grow", 1), stages=STAGES) == [4]


def test_per_keeps_start_and_sees_no_value_before_it_came() -> None:
    first = Per(Nth(X, 2), "f")
    events = [event("x", 0, f="a"), event("x", 1, f="b"), event("x", 2), event("x", 3, f="b")]
    (one,) = meaning(Definition(first), events, 100 * DAY)
    assert (one.per, one.at / DAY, one.evidence) == ("b", 3, ("x3",))
    silent = Per(Fewer(count(X), Decimal(1), Start(), STRICTLY_LATER, THREE), "f")
    assert days(silent, event("a", 0), event("x", 3, f="late")) == [3]
    assert days(silent, event("a", 0), event("x", 4, f="later")) == []


def test_returns_after_a_silence_once() -> None:
    silence = Fewer(count(X), Decimal(1), X, STRICTLY_LATER, THREE)
    returns = Reach(count(X), Decimal(1), silence, NOW, None)
    assert days(returns, event("x", 0), event("x", 3), event("x", 4), event("x", 9)) == [3, 9]


def test_known_at_rests_on_everything_counted_and_the_cut_is_by_both_clocks() -> None:
    tenth = Nth(X, 2)
    late = [event("x", 0, seen=5), event("x", 1, seen=1)]
    (one,) = meaning(Definition(tenth), late, 100 * DAY)
    assert (one.at / DAY, one.known_at / DAY) == (1, 5)
    assert days(tenth, *late, as_of=4) == []


def test_a_repeated_id_counts_once_the_first_seen() -> None:
    assert days(Nth(X, 2), event("x", 0, "same"), event("x", 1, "same", seen=3)) == []
    assert days(Nth(X, 1), event("x", 0, "same", seen=9), event("x", 1, "same")) == [1]


def test_evidence_is_at_most_the_hundred_latest() -> None:
    events = [event("x", d, f"{d:03}") for d in range(150)]
    (one,) = meaning(Definition(Reach(count(X), Decimal(150), Start())), events, 200 * DAY)
    assert one.evidence == tuple(f"{d:03}" for d in range(50, 150))


def test_no_events_no_occurrences() -> None:
    assert meaning(Definition(Start()), [], 0) == []


@pytest.mark.parametrize("unit", ["month", "year"])
def test_a_period_that_leaves_the_calendar_never_ends(unit: str) -> None:
    node = Fewer(count(X), Decimal(1), A, STRICTLY_LATER, Period(10**5, unit))  # type: ignore[arg-type]
    assert days(node, event("a", 0)) == []


def test_which_of_two_events_with_one_id_counts_does_not_depend_on_their_order() -> None:
    twice = [event("x", 2, "same", seen=3), event("x", 1, "same", seen=3)]
    assert days(X, *twice) == days(X, *reversed(twice)) == [1]
