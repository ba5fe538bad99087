"""Story 3: the first click on rent after three pictures of that very place."""

from __future__ import annotations

from pathlib import Path

from clocks import Clock
from occasion.store import occurrences
from serving import make_place
from watched_server import watched
from watched_streams import BEGIN, DAY, SECOND

CATALOGUE = """
moments:
  that very place:
    when: count(picture_viewed) >= 3 then first rent_clicked within 1 day per listing
    owner: lettings
    purpose: they see themselves living there
"""
MINUTE = 60 * SECOND


def test_reached_for_the_one_looked_at_three_times_only(records_url: str, tmp_path: Path) -> None:
    place, clock = make_place(tmp_path / "w", CATALOGUE), Clock(BEGIN)
    with watched(place, clock, records_url) as server:
        pictures = [
            server.happens("cem", "picture_viewed", BEGIN + i * MINUTE, listing=listing)
            for i, listing in enumerate(["A", "B", "A", "B", "B"])
        ]
        server.happens("cem", "rent_clicked", BEGIN + 10 * MINUTE, listing="A")
        click = server.happens("cem", "rent_clicked", BEGIN + 11 * MINUTE, listing="B")
        server.clock.now += 2 * DAY
        server.passed()
        with server.service.engine.connect() as connection:
            found = occurrences.of(connection, "cem")
        seen = [e.id for e in server.service.log.of("cem") if e.name == "picture_viewed" and e.field("listing") == "B"]
    by_role = {role: [(one.per, one.at_us) for one in found if one.role == role] for role in ("reached", "missed")}
    assert by_role == {"reached": [("B", BEGIN + 11 * MINUTE)], "missed": []}
    (reached,) = [one for one in found if one.role == "reached"]
    assert reached.evidence == (pictures[4], click), "the third picture of B and the click (ADR 11)"
    assert seen == [pictures[1], pictures[3], pictures[4]], "all three are on the timeline to be shown with it"


def test_a_day_later_it_was_missed(records_url: str, tmp_path: Path) -> None:
    place, clock = make_place(tmp_path / "w", CATALOGUE), Clock(BEGIN)
    with watched(place, clock, records_url) as server:
        for i in range(3):
            server.happens("cem", "picture_viewed", BEGIN + i * MINUTE, listing="B")
        server.happens("cem", "rent_clicked", BEGIN + 2 * MINUTE + DAY, listing="B")
        server.clock.now += DAY
        server.passed()
        with server.service.engine.connect() as connection:
            found = [(one.role, one.per, one.at_us) for one in occurrences.of(connection, "cem")]
    assert found == [("missed", "B", BEGIN + 2 * MINUTE + DAY), ("opened", "B", BEGIN + 2 * MINUTE)]
