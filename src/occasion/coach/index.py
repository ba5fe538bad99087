"""The index of all outgoing messages: who was sent which words, when.

A file of its own beside the records, derived from the log and made again when it is gone. It holds no text: of each
distinct skeleton the codes of its words, of each message its recipient, its instant and which skeleton it has. Words
are found by grams (see matching and postings); in memory is next to nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from occasion.coach.matching import GRAM, RUN, all_grams, compare, grams, grams_of_many
from occasion.coach.postings import TABLES, Postings
from occasion.coach.skeleton import Own, skeleton

FORMAT = 1  # of the file and of what a skeleton is; another one is made anew
AT_ONCE = 20_000  # messages taken in together
CANDIDATES = 300  # skeletons compared word by word
MOST_RECIPIENTS = 10_000  # sendings looked at for a count; more are "at least"
COMMON = 10  # skeletons with a run of which it is an idiom rather than a ready text
IDIOM = 8  # words: a longer run is nobody's idiom
FAR = 1 << 62
_TABLES = f"""
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value);
CREATE TABLE IF NOT EXISTS parties (code INTEGER PRIMARY KEY, party TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS skeletons (skeleton INTEGER PRIMARY KEY, digest INTEGER NOT NULL, words BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS skeletons_by ON skeletons (digest);
CREATE TABLE IF NOT EXISTS sent (
  event INTEGER PRIMARY KEY, skeleton INTEGER NOT NULL, at INTEGER NOT NULL, party INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS sent_by ON sent (skeleton, at, party);
{TABLES}
"""


class Message(NamedTuple):
    """A message that went out: to which identity, when (UTC microseconds), its text, and the recipient's own field
    values at that time (`fields`), which are masked in any case. `names`: of the recipient. `event`: its id in the log.
    """

    party: str
    at_us: int
    text: str
    fields: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    event: str = ""


class Sending(NamedTuple):
    """One message of those that share words: to whom (as the log names them), when."""

    party: str
    at_us: int


@dataclass(frozen=True)
class Likeness:
    """What a draft shares with messages sent before.

    `shared`: which of its words (bool for each) stand in runs that somebody was sent. `words`: how many of them the
    nearest text has. `sendings`: of the texts that have as many of them (nine tenths at least), newest first;
    `at_least`: there are more than were looked at. `whole`: the nearest is the very same skeleton.
    """

    shared: Any
    words: int = 0
    sendings: tuple[Sending, ...] = ()
    at_least: bool = False
    whole: bool = False


class Sent:
    """The index, in a file or in memory (`path` None). For one thread at a time."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None, timeout=30)
        self._db.executescript(
            "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384;"
        )
        self._db.executescript(_TABLES)
        self._postings = Postings(self._db)
        self._seen_version = -1
        self._look()

    @classmethod
    def of(cls, messages: Iterable[Message], names: Sequence[str] = ()) -> Sent:
        """An index in memory of these messages; `names`: of colleagues and of the firm."""
        made = cls()
        made.add(messages, names)
        return made

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Sent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # what is there

    @property
    def messages(self) -> int:
        """How many sendings are known."""
        return int(self._db.execute("SELECT COUNT(*) FROM sent").fetchone()[0])

    @property
    def skeletons(self) -> int:
        """How many distinct skeletons there are."""
        return int(self._db.execute("SELECT COUNT(*) FROM skeletons").fetchone()[0])

    def any_before(self, until_us: int = FAR) -> bool:
        """Whether anything was sent before an instant."""
        newest = self._db.execute("SELECT 1 FROM sent WHERE at < ? LIMIT 1", (until_us,)).fetchone()
        return newest is not None

    def like(self, words: Any, until_us: int = FAR, without: tuple[str, int] | None = None) -> Likeness:
        """What these words (codes, see `skeleton.word_codes`) share with messages sent before an instant.

        `without`: a message (party, instant) that is left out, where one that was sent is read again.
        """
        self._look()
        nothing = Likeness(np.zeros(len(words), bool))
        left_out = None if without is None else (self._code_of(without[0]), without[1])
        found, common = self._candidates(words)
        found = [one for one in found if self._was_sent(one, until_us, left_out)]
        if not found:
            return nothing
        covered = compare(words, [self._words_of(one) for one in found])
        counts = covered.counts
        real = counts > 0
        for row in np.flatnonzero(real & (counts < IDIOM) & (counts * 2 <= len(words))):
            real[row] = not _is_idiom(covered.by_text[row], common)
        if not real.any():
            return nothing
        shared = covered.by_text[real].any(axis=0)
        best = int(counts[real].max())
        nearest = [one for one, many, ok in zip(found, counts, real, strict=True) if ok and many * 10 >= best * 9]
        whole = any(len(self._words_of(one)) == len(words) for one in nearest) and best == len(words)
        sendings, at_least = self._sendings(nearest, until_us, left_out)
        return Likeness(shared, best, sendings, at_least or len(found) >= CANDIDATES, whole)

    def _candidates(self, words: Any) -> tuple[list[int], Any]:
        """Skeletons that may share runs, the likeliest first, and for each word how many skeletons have its run."""
        same = [
            row[0] for row in self._db.execute("SELECT skeleton FROM skeletons WHERE digest = ?", (_digest(words),))
        ]
        if len(words) < RUN:
            return same, np.zeros(len(words), np.int64)
        asked = grams(words)
        skeletons, hits, frequency = self._postings.having(asked)
        order = np.lexsort((-skeletons.astype(np.int64), -hits))[:CANDIDATES]
        found = dict.fromkeys([*same, *skeletons[order].tolist()])
        return list(found), _common(words, asked, frequency)

    def _was_sent(self, one: int, until_us: int, left_out: tuple[int, int] | None) -> bool:
        rows = self._db.execute("SELECT party, at FROM sent WHERE skeleton = ? AND at < ? LIMIT 2", (one, until_us))
        return any(row != left_out for row in rows.fetchall())

    def _words_of(self, one: int) -> Any:
        row = self._db.execute("SELECT words FROM skeletons WHERE skeleton = ?", (one,)).fetchone()
        return np.frombuffer(row[0], np.uint32)

    def _sendings(
        self, some: Sequence[int], until_us: int, left_out: tuple[int, int] | None
    ) -> tuple[tuple[Sending, ...], bool]:
        found: list[tuple[int, int]] = []
        query = "SELECT at, party FROM sent WHERE skeleton = ? AND at < ? ORDER BY at DESC LIMIT ?"
        for one in some:
            found += self._db.execute(query, (one, until_us, MOST_RECIPIENTS + 1)).fetchall()
            if len(found) > MOST_RECIPIENTS:
                break
        more = len(found) > MOST_RECIPIENTS
        found = sorted(set(found), reverse=True)[:MOST_RECIPIENTS]
        if left_out is not None:
            found = [row for row in found if row != (left_out[1], left_out[0])]
        names = self._parties({code for _, code in found})
        return tuple(Sending(names[code], at) for at, code in found), more

    def _parties(self, codes: set[int]) -> dict[int, str]:
        names: dict[int, str] = {}
        asked = iter(codes)
        while some := list(islice(asked, 500)):
            marks = ",".join("?" * len(some))
            names.update(self._db.execute(f"SELECT code, party FROM parties WHERE code IN ({marks})", some).fetchall())
        return names

    def _code_of(self, party: str) -> int:
        row = self._db.execute("SELECT code FROM parties WHERE party = ?", (party,)).fetchone()
        return -1 if row is None else int(row[0])

    # what comes

    def add(self, messages: Iterable[Message], names: Sequence[str] = ()) -> int:
        """Take in messages; one that is known already (by its event) is not taken twice. How many were new."""
        waiting = iter(messages)
        new = 0
        while some := list(islice(waiting, AT_ONCE)):
            new += self._add(some, names)
        return new

    def _add(self, some: Sequence[Message], names: Sequence[str]) -> int:
        keys = [_event(one) for one in some]
        known = self._known(keys)
        fresh = {key: one for key, one in zip(keys, some, strict=True) if key not in known}
        if not fresh:
            return 0
        codes = [skeleton(one.text, Own(one.fields, (*one.names, *names))).codes for one in fresh.values()]
        numbers = self._numbered(codes)
        parties = self._coded([one.party for one in fresh.values()])
        rows = [
            (key, number, one.at_us, parties[one.party])
            for (key, one), number in zip(fresh.items(), numbers, strict=True)
        ]
        self._db.executemany("INSERT OR IGNORE INTO sent VALUES (?, ?, ?, ?)", sorted(rows))
        return len(rows)

    def _known(self, keys: Sequence[int]) -> set[int]:
        found: set[int] = set()
        for at in range(0, len(keys), 500):
            some = keys[at : at + 500]
            marks = ",".join("?" * len(some))
            found.update(row[0] for row in self._db.execute(f"SELECT event FROM sent WHERE event IN ({marks})", some))
        return found

    def _numbered(self, codes: Sequence[Any]) -> list[int]:
        """The number of each skeleton; those that are new are written with their grams."""
        digests = [_digest(one) for one in codes]
        numbers = self._digests(set(digests))
        after = int(self._db.execute("SELECT COALESCE(MAX(skeleton), 0) FROM skeletons").fetchone()[0])
        new: dict[int, Any] = {}
        for digest, one in zip(digests, codes, strict=True):
            if digest not in numbers:
                numbers[digest] = after = after + 1
                new[digest] = one
        rows = [(numbers[digest], digest, one.tobytes()) for digest, one in new.items()]
        self._db.executemany("INSERT INTO skeletons VALUES (?, ?, ?)", rows)
        if new:
            pairs, texts = grams_of_many(
                np.concatenate(list(new.values())), np.array([len(one) for one in new.values()])
            )
            first = rows[0][0]
            if self._postings.add(pairs, texts + np.uint32(first)):
                self._bump()
        return [numbers[digest] for digest in digests]

    def _digests(self, digests: Iterable[int]) -> dict[int, int]:
        found: dict[int, int] = {}
        asked = iter(digests)
        while some := list(islice(asked, 500)):
            marks = ",".join("?" * len(some))
            query = f"SELECT digest, skeleton FROM skeletons WHERE digest IN ({marks})"
            found.update(self._db.execute(query, some).fetchall())
        return found

    def _coded(self, parties: Sequence[str]) -> dict[str, int]:
        distinct = sorted(set(parties))
        self._db.executemany("INSERT OR IGNORE INTO parties (party) VALUES (?)", [(party,) for party in distinct])
        found: dict[str, int] = {}
        for at in range(0, len(distinct), 500):
            some = distinct[at : at + 500]
            marks = ",".join("?" * len(some))
            found.update(self._db.execute(f"SELECT party, code FROM parties WHERE party IN ({marks})", some).fetchall())
        return found

    # versions of the pieces, as another process may change them

    def meta(self, key: str) -> Any:
        """What was written down under a key; None where nothing was."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def note(self, values: Mapping[str, Any]) -> None:
        """Write down values, in the transaction that is open."""
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(values.items()))

    def _bump(self) -> None:
        self._seen_version = (self.meta("version") or 0) + 1
        self.note({"version": self._seen_version})

    def _look(self) -> None:
        version = self.meta("version") or 0
        if version != self._seen_version:
            self._postings.reload()
            self._seen_version = version


def _is_idiom(covered: Any, common: Any) -> bool:
    """Whether every run that is shared is one that many texts have. `common`: of each gram how many have it."""
    inside = np.ones(len(common), bool)
    for step in range(GRAM):
        inside &= covered[step : step + len(common)]
    return bool((common[inside] >= COMMON).all())


def _common(words: Any, asked: Any, frequency: Any) -> Any:
    """Of each run of four words how many skeletons have it, as far as it is one by which texts are found; else FAR."""
    every = all_grams(words)
    place = np.minimum(np.searchsorted(asked, every), len(asked) - 1)
    return np.where(asked[place] == every, frequency[place], FAR)


def _digest(words: Any) -> int:
    return int.from_bytes(blake2b(words.tobytes(), digest_size=8).digest(), "little", signed=True)


def _event(message: Message) -> int:
    said = message.event or f"{message.party}\x00{message.at_us}\x00{message.text}"
    return int.from_bytes(blake2b(said.encode(), digest_size=8).digest(), "little", signed=True)


__all__ = ["Likeness", "Message", "Sending", "Sent"]
