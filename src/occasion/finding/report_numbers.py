"""Numbers as people read them: no more digits than the people behind them bear, and never a zero for a refusal."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from occasion.estimate import Estimate, Refusal

SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAY_US = 86_400_000_000


def whole(n: int) -> str:
    """A count with its thousands apart.

    >>> whole(1800).replace(SPACE, " ")
    '1 800'
    """
    return f"{n:,}".replace(",", SPACE).replace("-", MINUS)


def about(n: int) -> str:
    """A planned number of people, to three figures, rounded up: nobody plans to the single person.

    >>> about(12_345).replace(SPACE, " ")
    '12 400'
    """
    step = 10 ** max(0, len(str(abs(n))) - 3)
    return whole(math.ceil(n / step) * step)


def share(value: float, n: int) -> str:
    """A share of `n` people in per cent: a tenth where it stands for a person or less, else whole.

    >>> share(0.62698, 504), share(0.5, 18)
    ('62.7\\xa0%', '50\\xa0%')
    """
    if not math.isfinite(value):
        return "unknown"
    return f"{100 * value:.{1 if n >= 200 else 0}f}{SPACE}%".replace("-", MINUS)


def signed(value: float, decimals: int) -> str:
    """A number with its sign, and no sign where it rounds to nothing.

    >>> signed(24.06, 1), signed(-0.02, 1)
    ('+24.1', '0.0')
    """
    if not math.isfinite(value):
        return "unbounded"
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def decimals_for(low: float, high: float) -> int:
    """How many decimals percentage points with this interval (in fractions) deserve: none where it is wide."""
    return 1 if high - low < 0.1 else 0


def points(value: float, decimals: int = 1) -> str:
    """A difference of shares in percentage points.

    >>> points(0.412)
    '+41.2'
    """
    return signed(100 * value, decimals)


def known(effect: Estimate | Refusal) -> Estimate | None:
    """The estimate if there is one that can be drawn and compared; one that is not a number is none."""
    if isinstance(effect, Refusal) or not math.isfinite(effect.value):
        return None
    if math.isnan(effect.low) or math.isnan(effect.high):
        return None
    return effect


def interval(estimate: Estimate, decimals: int | None = None) -> tuple[str, str, str]:
    """Value, low and high in percentage points, all with the decimals their width deserves unless they are given.

    >>> interval(Estimate(0.24, 0.21, 0.27, 500, "by hand"))
    ('+24.0', '+21.0', '+27.0')
    """
    if decimals is None:
        decimals = decimals_for(estimate.low, estimate.high)
    value, low, high = (points(x, decimals) for x in (estimate.value, estimate.low, estimate.high))
    return value, low, high


def date(at_us: int) -> str:
    """The civil date in UTC of an instant.

    >>> date(1_098_777_758_000_000).replace(SPACE, " ")
    '26 October 2004'
    """
    at = datetime.fromtimestamp(0, tz=UTC).toordinal() + at_us // DAY_US
    day = datetime.fromordinal(at)
    return f"{day.day}{SPACE}{MONTHS[day.month - 1]}{SPACE}{day.year}"


def visible(text: str) -> str:
    """A text from the data with its control and direction-changing signs written out, so that none of them acts.

    >>> visible("a\\x1b[31mb\\u202ec")
    'a\\\\x1b[31mb\\\\u202ec'
    """
    acts = {*range(0x20), 0xAD, 0x200B, *range(0x7F, 0xA0), 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F)}
    acts |= {*range(0x2066, 0x206A), 0x061C, 0xFEFF, *range(0xD800, 0xE000)}
    return "".join(ascii(sign)[1:-1] if ord(sign) in acts else sign for sign in text)
