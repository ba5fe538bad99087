"""The house: what was found and refused, colleagues, keys, the audit, a search."""

from __future__ import annotations

from example_day import (
    HELD,
)
from example_moments import OWNERS
from example_people import (
    DANA,
    DAY,
    HOUR,
    IGOR,
    NOW,
    TEN,
    ZONE,
)
from occasion.desk.pages_house import (
    AuditLine,
    AuditPage,
    ChannelLine,
    ColleagueLine,
    FeedLine,
    FindPage,
    FindRun,
    Found,
    HookLine,
    KeyLine,
    LeavingPlan,
    Notified,
    RefusedLine,
    RefusedPage,
    SearchPage,
    SettingsPage,
)
from occasion.desk.parts import (
    Said,
)

FIND = FindPage(
    NOW,
    ZONE,
    (
        FindRun(
            "f2",
            "count(visit) >= 1 between 180 days and 365 days after start",
            "start",
            "running",
            NOW - 60_000_000,
            None,
            "marek",
            "Marek Zając",
            "confirming",
            7,
            20,
            False,
        ),
        FindRun(
            "f1",
            "count(visit) >= 1 between 90 days and 180 days after start",
            "start",
            "done",
            NOW - 2 * DAY,
            NOW - 2 * DAY + HOUR,
            "marek",
            "Marek Zając",
            "done",
            1,
            1,
            True,
            "",
            4120,
            (("count(visit) >= 2 within 30 days of start", "candidate", "kept 61 % with, 48 % without, adjusted"),),
        ),
        FindRun(
            "f0",
            "count(vist) >= 1 within 1 day of start",
            "start",
            "failed",
            NOW - 3 * DAY,
            NOW - 3 * DAY,
            "marek",
            "Marek Zając",
            "reading",
            0,
            1,
            False,
            "no event vist ever came: did you mean visit?",
        ),
    ),
    ("visit", "message"),
    may_start=True,
)
REFUSED = RefusedPage(
    NOW,
    ZONE,
    2,
    (("clinic", "timestamp", 1), ("web", "event", 1)),
    (
        RefusedLine(
            2,
            NOW - HOUR,
            "clinic",
            "track",
            "timestamp",
            "2099-01-01",
            "timestamp 2099-01-01 lies more than 24 hours ahead; send the time it happened",
            '{"type": "track", "event": "visit"}',
        ),
        RefusedLine(1, NOW - DAY, "web", "track", "event", "", "event is missing; name what happened", "{}"),
    ),
    older=None,
)
LEAVING = LeavingPlan(
    "jan",
    "Jan Kot",
    ("ten visits",),
    (IGOR, DANA),
    2,
    5,
    OWNERS,
    (Said("leaving.moment", {"moment": "ten visits"}), Said("leaving.party", {"party": "Igor Wolski"})),
)
SETTINGS = SettingsPage(
    NOW,
    ZONE,
    ZONE,
    (
        ColleagueLine(
            "ewa",
            "Ewa Nowak",
            "ewa@example.org",
            "colleague",
            ("front desk",),
            8,
            ("ten visits",),
            120,
            14,
            NOW - 900 * DAY,
            None,
            ("mail",),
        ),
        ColleagueLine(
            "jan", "Jan Kot", "jan@example.org", "colleague", (), 8, (), 0, 0, NOW - 900 * DAY, NOW - 3 * DAY
        ),
    ),
    (("front desk", ("ewa", "marek")),),
    (
        KeyLine("clinic system", "clinic", "wk_3f", "write", NOW - 90 * DAY, "Marek Zając", None, NOW - HOUR, "in use"),
        KeyLine("old web", "web", "wk_aa", "write", NOW - 900 * DAY, "Marek Zając", NOW + DAY, NOW - HOUR, "ending"),
    ),
    (FeedLine("ewa", "Ewa Nowak", False, NOW - 10 * DAY, None, "ab12"),),
    (HookLine(1, "hooks.example.org", ("occasion.opened",), NOW - 10 * DAY, None, ""),),
    LEAVING,
    ("colleagues", "keys", "hooks", "own"),
    Notified((ChannelLine("slack", "00aa11bb22cc33dd"),), True, "07:30"),
)
AUDIT = AuditPage(
    NOW,
    ZONE,
    (
        AuditLine(
            2,
            NOW - HOUR,
            "ewa",
            "Ewa Nowak",
            "occasion.taken",
            "occasion:101",
            "follow-up after an extraction",
            (("moment", "follow-up after an extraction"),),
            "9b1c2f3a4d5e",
        ),
        AuditLine(
            1,
            NOW - DAY,
            "system",
            "system",
            "occasion.opened",
            "occasion:101",
            "follow-up after an extraction",
            (),
            "0a1b2c3d4e5f",
        ),
    ),
    2,
    True,
)
SEARCH = SearchPage(
    NOW,
    ZONE,
    "wol",
    (Found(IGOR, "name", "Igor Wolski"), Found(DANA, "detail", "knows the Wolskis")),
    (("ten visits", TEN.line),),
    (HELD,),
)
