"""What a number about the world looks like: an Estimate, or a Refusal. Never a neutral zero."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval.

    `value`, `low`, `high` share one unit, named by the caller; `n` counts the parties it rests on;
    `method` names how, `assumptions` what must hold; `level` is the interval's nominal coverage.
    """

    value: float
    low: float
    high: float
    n: int
    method: str
    assumptions: tuple[str, ...] = ()
    level: float = 0.95

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies wholly on one side of zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """No number, and why; `needs` says how many more parties would do, where that can be said."""

    why: str
    needs: int | None = None
