"""A history as every engine reads it: Parquet files, and how their columns are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Clock = Literal["us", "ms", "s", "timestamp"]

# The columns of a sealed segment. `party` and `name` are integer codes; their texts are in the dictionary files.
SEGMENT_COLUMNS = (
    "party",  # int32 code
    "name",  # int32 code
    "at_us",  # int64, UTC microseconds: when it happened
    "seen_us",  # int64, UTC microseconds: when it was known
    "id",  # string, unique in the history
    "properties",  # map<string, struct<text string, number decimal128(24,6), flag bool, other string>>
    "channel",  # string or null
    "direction",  # "in", "out" or null
    "actor",  # string or null
    "counterpart",  # string or null
    "mass",  # bool or null: one of many alike, so no contact
    "body",  # string or null: the text of a message
    "zone",  # string or null: the party's IANA time zone as this event states it
)


@dataclass(frozen=True)
class Source:
    """Where an engine reads events from.

    `files`: Parquet files, all with the same columns.
    `sealed`: True for our own segments: columns as in SEGMENT_COLUMNS, each file sorted by (party, at_us, id), no party
    in two buckets; `parties` and `names` are then Parquet dictionary files with columns `code` (int32) and `text`.
    `buckets` then gives, for each hash bucket, the files that hold its parties (more than one: merge them by
    (party, at_us, id)).
    Otherwise (`sealed` False) the files are somebody's own Parquet in any order: `columns` maps our column names, and
    `prop:x` for properties, to their column names; `constants` gives those that have no column (`name` = "message");
    `clock` says what the time column holds. Missing `seen_us` means equal to `at_us`; a missing `id` is derived from
    file and row number.
    """

    files: tuple[Path, ...]
    sealed: bool
    parties: Path | None = None
    names: Path | None = None
    buckets: tuple[tuple[Path, ...], ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    clock: Clock = "us"
    zone: str = "UTC"  # the workspace's zone, in force for a party that has stated none
