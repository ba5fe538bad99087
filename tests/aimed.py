"""A fixed suite: definitions that cover every node, every form of it and every edge; and streams that aim at them."""

from __future__ import annotations

import random
from decimal import Decimal

from occasion.events.event import Event, Scalar
from occasion.moments.definition import Definition, Stage
from occasion.moments.text import read, read_pattern

HOUR = 3_600_000_000
DAY = 24 * HOUR
BEGIN = 1_706_700_000_000_000  # 2024-01-31
AS_OF = BEGIN + 60 * DAY

TEXTS = (
    "a",
    "any",
    "contact",
    "start",
    'a where f = "x"',
    "a where f = 1",
    "a where f >= 1 and not f = 2.5",
    'a where f in ("x", 1) or g = true',
    'a where direction = "in" and counterpart != "y"',
    "first a",
    "3rd a",
    "every 2nd a",
    "count(a) >= 2",
    "a or b",
    "a and b",
    "(first a or first b) and b within 1 day",
    "a and b within 1 month",
    "a then first b within 1 day",
    "a then first b",
    "a then b",
    "a then b within 1 day",
    "a then (first b)",
    "a then b within 1 month",
    "count(a) >= 2 then first b within 1 day",
    "count(a) >= 2 within 1 day of b",
    "count(a) >= 2 within 1 day of first b",
    "count(a) >= 3 within 3 days of start",
    "count(a) < 2 within 1 day of b",
    "count(a) < 2 within 3 days of start",
    "count(a) >= 1 between 1 hour and 1 day after b",
    "count(a) >= 1 between 1 month and 2 months after start",
    "distinct(f of a) >= 2 within 3 days of start",
    "distinct(f of a) < 2 within 3 days of first b",
    "distinct(counterpart of any) >= 2",
    "sum(f of a) >= 2.5 within 3 days of first b",
    "sum(f of a) < 2.5 within 1 month of start",
    "sum(f of any) >= 3",
    "count(a) >= 2 within 1 day",
    "count(any) >= 3 within 1 day",
    "distinct(f of any) >= 2 within 1 day",
    "sum(f of any) >= 2.5 within 1 day",
    "no a for 1 day",
    "no a for 1 day after b",
    "a returns after 1 day",
    "a returns after 1 month",
    "every 1 day since first a",
    "every 1 month since a",
    "streak of 2 days of a",
    "streak of 2 weeks of any",
    "streak of 2 months of any",
    "streak of 1 years of a",
    "a per f",
    "2nd a per f",
    "count(a) >= 2 within 1 day of start per counterpart",
    "no a for 1 day after start per f",
    "count(a) >= 2 then first b within 1 day per g",
    "distinct(f of any) >= 2 within 1 day per counterpart",
    "streak of 2 days of any per f",
    "every 1 month since first a per f",
)
STAGED = (
    'a while stage = "new"',
    'a while stage = "old"',
    'no a for 1 day while stage = "old"',
    'no a for 1 day after b while stage = "old"',
    'no a for 1 month while stage = "new"',
    'no a for 1 day while stage = "old" per f',
    '2nd a while stage = "old" per f',
)
STAGES = (Stage("new", read_pattern("start or c")), Stage("old", read_pattern("b")))


def suite() -> dict[str, Definition]:
    return {text: read(text) for text in TEXTS} | {text: read(text, STAGES) for text in STAGED}


def streams(seed: int, parties: int, most: int = 14) -> list[Event]:
    """Gaps of 0, 1 microsecond, and a window's length less one, exact and more one; ties, late and repeated events."""
    rng = random.Random(seed)
    gaps = [0, 1, HOUR - 1, HOUR, HOUR + 1, DAY - 1, DAY, DAY, DAY + 1, 3 * DAY, 29 * DAY, 31 * DAY]
    values: list[Scalar | None] = [
        None,
        "x",
        "1",
        Decimal("1.000000"),
        Decimal("2.500000"),
        Decimal("-1.000000"),
        True,
        False,
    ]
    found: list[Event] = []
    for p in range(parties):
        at = BEGIN + rng.choice([0, 12 * HOUR, -1, 27 * DAY]) - (60 * 365 * DAY if rng.random() < 0.1 else 0)
        for i in range(rng.randint(0, most)):
            tied = rng.random() < 0.15
            at += 0 if tied else rng.choice(gaps)
            # within an instant a sum may rise and fall again
            f = rng.choice([Decimal("2.500000"), Decimal("-2.500000")]) if tied else rng.choice(values)
            drawn = {"f": f, "g": rng.choice(values)}
            again = found and found[-1].party == f"p{p}" and rng.random() < 0.05
            late = rng.choice([0, 0, 0, 1, DAY])
            found.append(
                Event(
                    party=f"p{p}",
                    name=rng.choice(["a", "a", "b", "c", "other"]),
                    at=at,
                    seen=max(at + late, found[-1].seen + 1 if again else 0),
                    id=found[-1].id if again else f"{(i * 7) % 20:02d} of {p}",
                    properties={k: v for k, v in drawn.items() if v is not None},
                    direction=rng.choice([None, "in", "out"]),
                    counterpart=rng.choice([None, "y", 'q"\\']),
                    mass=rng.random() < 0.2,
                    zone=rng.choice([None, None, "Europe/Warsaw", "America/New_York"]),
                )
            )
    return found
