"""People of a dental practice in Warsaw on 2026-03-02, and what is known of them."""

from __future__ import annotations

from occasion.desk.parts import (
    DetailLine,
    EventLine,
    GestureLine,
    PartyRef,
    ProgressLine,
    PromiseLine,
    Said,
)
from occasion.desk.viewer import Viewer
from occasion.estimate import Estimate

HOUR = 3_600_000_000
DAY = 24 * HOUR
NOW = 1_772_438_400_000_000  # 2026-03-02 08:00 UTC, 09:00 in Warsaw
ZONE = "Europe/Warsaw"
EWA = Viewer("ewa", "Ewa Nowak", "colleague", ("front desk",), "en-GB", ZONE)
MAREK = Viewer("marek", "Marek Zając", "manager", ("front desk",), "en-GB", ZONE)

IGOR = PartyRef("p-1042", "Igor Wolski", "Igor Wolski", "customer", ZONE, "ewa", "Ewa Nowak")
DANA = PartyRef("p-2210", "Dana Lis", "Dana Lis", "customer", "America/New_York", "ewa", "Ewa Nowak")
BROKER = PartyRef(
    "b-7",
    "Broker Kowalczyk & Sons with a name as long as it is old",
    "Broker Kowalczyk & Sons with a name as long as it is old",
    "partner",
    ZONE,
    "marek",
    "Marek Zając",
)
FILIP = PartyRef("p-9", "Filip Mazur", "Filip Mazur", "customer", ZONE, "ewa", "Ewa Nowak")
NAMELESS = PartyRef("", "", "party 1", "customer", ZONE)

EXTRACTION = EventLine(
    "clinic:e-1",
    NOW - 3 * DAY,
    NOW - 3 * DAY + HOUR,
    "extraction",
    None,
    None,
    "Ola Dentist",
    facts=(("tooth", "38"), ("minutes", "40")),
)
ASKED = EventLine(
    "mail:m-2",
    NOW - 2 * DAY,
    NOW - 2 * DAY,
    "message",
    "mail",
    "in",
    None,
    body="Is it normal that it still aches when I drink something cold?",
)
LETTER = EventLine("mail:m-3", NOW - 40 * DAY, NOW - 40 * DAY, "letter_sent", "mail", "out", "Ewa Nowak", mass=True)
MINT = DetailLine(
    1,
    "prefers mint rinse",
    "preference",
    "said in the chair",
    "ewa",
    "Ewa Nowak",
    NOW - 200 * DAY,
    "anything",
    False,
    False,
)
DAUGHTER = DetailLine(
    2,
    "daughter starts school in September",
    "family",
    "said on the phone",
    "marek",
    "Marek Zając",
    NOW - 30 * DAY,
    "anything",
    False,
    False,
    "2026-09",
)
HEALTH = DetailLine(
    3, "takes blood thinners", "health", "anamnesis", "ewa", "Ewa Nowak", NOW - 300 * DAY, "care", True, True
)
CALLED = GestureLine(
    11,
    NOW - 90 * DAY,
    "call",
    "Called after the root canal; he laughed about the parking.",
    "ewa",
    "Ewa Nowak",
    88,
    "follow-up",
)
PROMISE = PromiseLine(
    5, "send the estimate for the crown", "ewa", "Ewa Nowak", NOW - 5 * DAY, "2026-03-01", overdue=True
)
TEN = ProgressLine(
    "ten visits",
    "count(visit) >= 10 within 1 year of start",
    "open",
    "7",
    "10",
    NOW + 5 * DAY,
    False,
    False,
    Said("progress.left", {"have": "7", "need": "10", "left_for_us": 5 * DAY}),
    chance=Estimate(0.3, 0.21, 0.41, 96, "share of parties that had 7 at this point"),
)
QUESTION = Said("question.loyalty")
