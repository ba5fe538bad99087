"""Lines of the language, as its page and its tests have them."""

from __future__ import annotations

EXAMPLES = """
count(friend_added) >= 10 within 14 days of first signup
distinct(friend of friend_added) >= 10 within 14 days of start
count(picture_viewed) >= 3 then first rent_clicked within 1 day per listing
first friend_added where tie = "old"
contact returns after 5 years per counterpart
first client_referred
first call where direction = "in"
every 100th order_completed
3rd order_completed
every 1 year since first lease_signed
streak of 4 weeks of workout
no contact for 45 days while stage = "in process"
no contact where direction = "out" for 3 days after extraction     -- the follow-up that did not come
sum(amount of order_completed) >= 1000 within 90 days of start
count(order_completed) >= 2 within 30 days                         -- rolling
count(session) < 2 within 14 days of start                         -- reached when the 14 days are over
count(session) >= 1 between 28 days and 70 days after start        -- outcomes use this
(first invoice_paid or first contract_signed) and first kickoff_held
order_completed where amount > 100 and country in ("PL", "DE")
""".strip().splitlines()
