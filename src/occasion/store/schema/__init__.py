"""The tables of the records, a module for each room; all share one METADATA. Instants are UTC microseconds."""

from occasion.store.schema import desk, doors, history, log, out, people, practice, watched
from occasion.store.schema.base import METADATA

__all__ = ["METADATA", "desk", "doors", "history", "log", "out", "people", "practice", "watched"]
