"""An example of the page Touch or moment."""

from __future__ import annotations

import desk_examples as examples
from occasion.desk.expand import ForOne, Send
from occasion.desk.parts import DetailLine, PartyRef
from occasion.desk.touches import Line, Shares
from occasion.desk.touches_page import TouchesPage

DAY = 86_400_000_000
NOW = examples.NOW
_ROSA = PartyRef("p7", "Rosa Lind", "Rosa Lind", "customer", examples.ZONE)
_TOM = PartyRef("p31", "Tom Oko", "Tom Oko", "customer", examples.ZONE)


def _detail(number: int, text: str, on_date: str | None = None) -> DetailLine:
    return DetailLine(number, text, "other", "said on the phone", "ewa", "Ewa Nowak", NOW - 60 * DAY, "anything", False,
                      False, on_date)  # fmt: skip


_FEW = (ForOne(_ROSA, _detail(4, "grows old roses"), "text"), ForOne(_TOM, _detail(9, "wedding", "--03-12"), "date"))
_NEWS = Send("9f", "Our garden opens", NOW - DAY, 412, "Our garden café opens on Saturday.", _FEW, 7)
_BILLS = Send("a0", "New bank account", NOW - 2 * DAY, 1200, "", (), 0)
_ALL = Shares(120, 44, 260, 12, 3)
_MONTHS = (Line("2026-01", Shares(50, 20, 130, 0, 1), 4), Line("2026-02", Shares(70, 24, 130, 12, 2), 4))
TOUCHES = TouchesPage(
    NOW, examples.ZONE, True, NOW - 365 * DAY, NOW - 3_600_000_000, Shares(30, 10, 20, 2, 0),
    (Line("2026-01", Shares(10, 5, 12, 0, 0), 1), Line("2026-02", Shares(20, 5, 8, 2, 0), 1)), _ALL,
    (Line("new", Shares(20, 4, 160, 1, 0), 4), Line("settled", Shares(100, 40, 100, 11, 3), 4)), _MONTHS,
    (Line("front desk", Shares(90, 30, 200, 8, 2), 3),), False, (_NEWS, _BILLS),
)  # fmt: skip
UNREAD = TouchesPage(NOW, examples.ZONE, False, NOW, NOW, None, (), None, (), (), (), False, ())
