"""The live reading of the moment language: one step per instant and per timer, with state that saves and restores."""

from occasion.moments.live.program import Program, live, occurrence

__all__ = ["Program", "live", "occurrence"]
