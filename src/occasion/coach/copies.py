"""Which words others got, of everything that was sent, in one pass over the index instead of a search for each message.

The very same words are counted by their skeleton. Of skeletons that only one person got, those like it are found among
its neighbours: texts that have a gram are sorted by number, and of texts that share many grams one stands next to the
other in many of these lists. The few that do so oftenest are compared word by word, as a draft is (see matching).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, islice, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from occasion.coach.alike import Message, enough, event_key
from occasion.coach.gestures import SAME_US
from occasion.coach.matching import compare

PAIRS_AT_ONCE = 4 << 20  # pairs of gram and skeleton in memory
CANDIDATES = 4  # of each skeleton
OFTEN = 2  # lists in which two texts stand side by side before they are compared
FEW_GRAMS = 6  # a text of so few words that one list is enough
AT_ONCE = 500
_SENT = "sent LEFT JOIN top ON top.code = sent.party"
_PARTY = "COALESCE(top.party, sent.party)"  # a text where it is merged, else a code


@dataclass(frozen=True)
class Copied:
    """Of one message: its words, how many of them somebody else got (or this party at another time), and how many
    others got the very same text; `whole`: the text itself went out more than once. `apart`: words shared with other
    texts than this.
    """

    words: int
    shared: int
    others: int
    whole: bool
    apart: int = 0

    @property
    def share(self) -> float:
        """From 0 (nobody got any) to 1."""
        return self.shared / self.words if self.words else 0.0


class Copies:
    """The index as it is, read when it is first asked: the file that `keeping.open_sent` keeps. What was sent later
    counts as what was sent before. `merged`: identities that are read as another, with that.

    What is like a message and went to the same party within days of it is no copy: a note on the desk that says what
    was sent, or the message again, a little changed.
    """

    def __init__(self, path: Path, merged: Mapping[str, str] | None = None) -> None:
        self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
        self._db.execute("CREATE TEMP TABLE top (code INTEGER PRIMARY KEY, party NOT NULL)")
        for party, into in (merged or {}).items():
            some = self._db.execute("SELECT code, party FROM parties WHERE party IN (?, ?)", (party, into)).fetchall()
            self._db.executemany("INSERT OR IGNORE INTO top VALUES (?, ?)", [(code, into) for code, _ in some])

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Copies:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def _many(self) -> dict[int, int]:
        """Skeletons that went out more than once, and to how many."""
        query = f"SELECT skeleton, COUNT(DISTINCT {_PARTY}) FROM {_SENT} GROUP BY skeleton HAVING COUNT(*) > 1"
        return dict(self._db.execute(query))

    @cached_property
    def _near(self) -> dict[int, int]:
        """Of the others those that share words, and how many."""
        return dict(self._nearest())

    def of(self, events: Sequence[str]) -> dict[str, Copied]:
        """By the id of the event; what is not in the index is not in the answer."""
        return {event: self._copied(skeleton, words) for event, skeleton, words in self._skeletons(events)}

    def same(self, events: Sequence[str]) -> dict[str, Copied]:
        """As `of`, for a few messages at once: only the very same text counts, not what is like it."""
        found: dict[str, Copied] = {}
        query = f"SELECT COUNT(DISTINCT {_PARTY}), COUNT(*) FROM {_SENT} WHERE skeleton = ?"
        for event, skeleton, words in self._skeletons(events):
            parties, sendings = self._db.execute(query, (skeleton,)).fetchone()
            found[event] = Copied(words, words if sendings > 1 else 0, parties - 1, sendings > 1)
        return found

    def words(self, events: Sequence[str]) -> dict[str, Any]:
        """By the id of the event the codes of its words."""
        return {event: self._words(skeleton) for event, skeleton, _ in self._skeletons(events)}

    def texts(self, events: Sequence[str]) -> dict[str, int]:
        """Which text each is, names and numbers left out: the same number for the same text."""
        return {event: skeleton for event, skeleton, _ in self._skeletons(events)}

    def _skeletons(self, events: Sequence[str]) -> Iterator[tuple[str, int, int]]:
        """By the id of the event its skeleton, and of how many words that is."""
        keys = {event_key(Message("", 0, "", event=one)): one for one in events}
        asked = iter(keys)
        while some := list(islice(asked, AT_ONCE)):
            marks = ",".join("?" * len(some))
            query = (
                "SELECT sent.event, sent.skeleton, LENGTH(words) / 4 FROM sent JOIN skeletons USING (skeleton) "
                f"WHERE event IN ({marks})"
            )
            for event, skeleton, words in self._db.execute(query, some):
                yield keys[event], skeleton, words

    def _copied(self, skeleton: int, words: int) -> Copied:
        if (many := self._many.get(skeleton)) is not None:
            return Copied(words, words, many - 1, True, self._near.get(skeleton, 0))
        near = self._near.get(skeleton, 0)
        return Copied(words, near, 0, False, near)

    def _nearest(self) -> Iterator[tuple[int, int]]:
        skeletons = int(self._db.execute("SELECT COALESCE(MAX(skeleton), 0) FROM skeletons").fetchone()[0])
        for one, candidates in self._candidates():
            if self._many.get(one, 1) > 1:
                continue
            words = self._words(one)
            needed = max(1, enough(skeletons, len(words)))
            for some in (candidates[:1], candidates):  # one that has most of the words settles it
                covered = compare(words, [self._words(other) for other in some])
                real = covered.counts >= needed
                for row in real.nonzero()[0]:
                    real[row] = not self._same_again(one, some[row])
                shared = int(covered.by_text[real].any(axis=0).sum())
                if 2 * shared > len(words) or len(candidates) == 1:
                    break
            if shared:
                yield one, shared

    def _same_again(self, one: int, other: int) -> bool:
        """Whether a text only went to those whom the other (sent once) went to within days."""
        query = f"SELECT {_PARTY}, at FROM {_SENT} WHERE skeleton = ?"
        mine = self._db.execute(query, (one,)).fetchall()
        return all(
            any(party == to and abs(at - when) <= SAME_US for to, when in mine)
            for party, at in self._db.execute(query, (other,))
        )

    def _words(self, skeleton: int) -> Any:
        row = self._db.execute("SELECT words FROM skeletons WHERE skeleton = ?", (skeleton,)).fetchone()
        return np.frombuffer(row[0] if row else b"", np.uint32)

    def _candidates(self) -> Iterator[tuple[int, list[int]]]:
        keys = [_beside(pairs) for pairs in self._pairs()]
        if not keys:
            return
        pairs, counts = np.unique(np.concatenate(keys), return_counts=True)
        left, right = (pairs >> np.uint64(32)).astype(np.uint32), (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        short = self._short()
        keep = (counts >= OFTEN) | np.isin(left, short) | np.isin(right, short)
        left, right, counts = left[keep], right[keep], counts[keep]
        one, other, many = np.concatenate([left, right]), np.concatenate([right, left]), np.concatenate([counts] * 2)
        order = np.lexsort((other, -many, one))
        for skeleton, some in groupby(zip(one[order].tolist(), other[order].tolist(), strict=True), key=itemgetter(0)):
            yield skeleton, [found for _, found in islice(some, CANDIDATES)]

    def _short(self) -> Any:
        query = f"SELECT skeleton FROM skeletons WHERE LENGTH(words) <= {4 * FEW_GRAMS}"
        return np.array([row[0] for row in self._db.execute(query)], np.uint32)

    def _pairs(self) -> Iterator[Any]:
        """Gram and skeleton as one number each, sorted; a stretch of the grams after the other."""
        rows = int(self._db.execute("SELECT COALESCE(SUM(rows), 0) FROM pieces").fetchone()[0])
        steps = 1 + rows // PAIRS_AT_ONCE
        edges = [(i << 32) // steps for i in range(steps + 1)]
        for low, high in pairwise(edges):
            parts = [_joined(grams, skeletons, low, high) for grams, skeletons in self._pieces(low, high)]
            fresh = self._db.execute("SELECT gram, skeleton FROM fresh WHERE gram >= ? AND gram < ?", (low, high))
            if new := fresh.fetchall():
                grams, skeletons = np.array(new, np.uint32).T
                parts.append(_joined(grams, skeletons, low, high))
            if parts:
                yield np.sort(np.concatenate(parts))

    def _pieces(self, low: int, high: int) -> Iterator[tuple[Any, Any]]:
        """The pieces that may have grams from `low` up to `high`: those that begin there, and of each segment the one
        before.
        """
        before = "SELECT COALESCE(MAX(first), 0) FROM pieces AS same WHERE same.segment = pieces.segment AND first < ?"
        query = f"SELECT grams, skeletons FROM pieces WHERE first < ? AND first >= ({before})"
        for grams, skeletons in self._db.execute(query, (high, low)):
            yield np.frombuffer(grams, np.uint32), np.frombuffer(skeletons, np.uint32)


def _joined(grams: Any, skeletons: Any, low: int, high: int) -> Any:
    inside = (grams >= low) & (grams.astype(np.uint64) < high)
    return (grams[inside].astype(np.uint64) << np.uint64(32)) | skeletons[inside]


def _beside(pairs: Any) -> Any:
    """Skeletons that stand side by side in the list of a gram, the smaller first, as one number each."""
    grams, skeletons = pairs >> np.uint64(32), pairs & np.uint64(0xFFFFFFFF)
    same = grams[1:] == grams[:-1]
    return (skeletons[:-1][same] << np.uint64(32)) | skeletons[1:][same]


__all__ = ["Copied", "Copies"]
