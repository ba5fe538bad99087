"""An example of every page of the desk, as it could be on 2026-03-02 in a dental practice in Warsaw."""

from __future__ import annotations

from example_coach import (
    BETTER,
    COACH,
    COACH_EMPTY,
    MOVED,
    PRACTICE,
    PRACTICE_EMPTY,
    READ_BETTER,
    READING,
    TONES,
    TOUCH,
    meant,
)
from example_day import (
    DONE,
    FIRST_CLIENT,
    FOLLOW_UP,
    HELD,
    MISSED,
    PARTY,
    SKIPPED,
    SLIPPED,
    SLIPPING,
    TODAY,
    TODAY_EMPTY,
    TOMORROW,
    WAITING,
    line,
)
from example_house import AUDIT, FIND, LEAVING, REFUSED, SEARCH, SETTINGS
from example_moments import FINDING, FORM, KEEPS, MOMENT, MOMENT_LINES, MOMENT_WRONG, MOMENTS, NO_OWNER, OWNERS
from example_people import (
    ASKED,
    BROKER,
    CALLED,
    DANA,
    DAUGHTER,
    DAY,
    EWA,
    EXTRACTION,
    FILIP,
    HEALTH,
    HOUR,
    IGOR,
    LETTER,
    MAREK,
    MINT,
    NAMELESS,
    NOW,
    PROMISE,
    QUESTION,
    TEN,
    ZONE,
)

PAGES = (TODAY, TODAY_EMPTY, PARTY, MOMENTS, MOMENT, MOMENT_WRONG, FIND, REFUSED, SETTINGS, AUDIT, SEARCH)

__all__ = [
    "ASKED", "AUDIT", "BETTER", "BROKER", "CALLED", "COACH", "COACH_EMPTY", "DANA", "DAUGHTER", "DAY", "DONE",
    "EWA", "EXTRACTION", "FILIP", "FIND", "FINDING", "FIRST_CLIENT", "FOLLOW_UP", "FORM", "HEALTH", "HELD", "HOUR",
    "IGOR", "KEEPS", "LEAVING", "LETTER", "MAREK", "MINT", "MISSED", "MOMENT", "MOMENTS", "MOMENT_LINES",
    "MOMENT_WRONG", "MOVED", "NAMELESS", "NOW", "NO_OWNER", "OWNERS", "PAGES", "PARTY", "PRACTICE",
    "PRACTICE_EMPTY", "PROMISE", "QUESTION", "READING", "READ_BETTER", "REFUSED", "SEARCH", "SETTINGS", "SKIPPED",
    "SLIPPED", "SLIPPING", "TEN", "TODAY", "TODAY_EMPTY", "TOMORROW", "TONES", "TOUCH", "WAITING", "ZONE", "line",
    "meant",
]  # fmt: skip
