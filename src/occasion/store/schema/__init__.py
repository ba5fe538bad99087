"""The tables of the records' database, a module for each room; all share one METADATA. Instants are UTC microseconds."""

from occasion.store.schema import desk, doors, log, out, people, watched
from occasion.store.schema.base import METADATA

__all__ = ["METADATA", "desk", "doors", "log", "out", "people", "watched"]
