"""Story 2: first words in years between two people, once, at the one who wrote first."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from clocks import Clock
from occasion.store import occurrences
from serving import make_place
from watched_server import watched
from watched_streams import BEGIN, DAY, SECOND

CATALOGUE = """
moments:
  back in touch: {when: contact returns after 5 years per counterpart, owner: community, purpose: old friends meet}
"""
LAST = int(datetime(2019, 5, 1, 12, tzinfo=UTC).timestamp()) * SECOND
HOUR = 3600 * SECOND


def test_one_occurrence_at_her_message_and_none_at_his_answer(records_url: str, tmp_path: Path) -> None:
    place, clock = make_place(tmp_path / "w", CATALOGUE), Clock(BEGIN - 30 * DAY)
    with watched(place, clock, records_url) as server:
        server.happens("ben", "message", LAST - DAY, direction="out", counterpart="ola")
        first = server.happens("ben", "message", LAST, direction="in", counterpart="ola")
        server.happens("ben", "message", BEGIN - 40 * DAY, direction="in", counterpart="kim")
        wrote = server.happens("ben", "message", BEGIN, direction="in", counterpart="ola")
        server.happens("ben", "message", BEGIN + HOUR, direction="out", counterpart="ola")
        server.clock.now += DAY
        server.passed()
        with server.service.engine.connect() as connection:
            (found,) = occurrences.of(connection, "ben")
    assert (found.role, found.per, found.at_us, found.state) == ("reached", "ola", BEGIN, "holds")
    assert found.evidence == (first, wrote), "the last words then, and the first ones now: six years and ten months"
    years, months = divmod((2026 - 2019) * 12 + 3 - 5, 12)
    assert (years, months) == (6, 10)
