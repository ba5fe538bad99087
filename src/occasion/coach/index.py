"""The index of all outgoing messages: who was sent which words, when.

A file of its own beside the records, derived from the log and made again when it is gone. It holds no text: of each
distinct skeleton the codes of its words, of each message its recipient, its instant and which skeleton it has. Words
are found by grams (see matching and postings); in memory is next to nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple

import numpy as np

from occasion.coach.alike import FAR, Likeness, Message, Sending, digest, enough, event_key
from occasion.coach.matching import GRAM, RUN, compare, grams, grams_of_many
from occasion.coach.postings import TABLES, Postings
from occasion.coach.skeleton import Own, skeleton

FORMAT = 1  # of the file and of what a skeleton is; another one is made anew
AT_ONCE = 20_000  # messages taken in together
CANDIDATES = 300  # skeletons compared word by word
MOST_RECIPIENTS = 10_000  # sendings looked at for a count; more are "at least"
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


class _LeftOut(NamedTuple):
    """What went to a party (the codes of its identities) from one instant to another, both included."""

    parties: frozenset[int]
    since: int
    until: int

    def holds(self, party: int, at: int) -> bool:
        """Whether it is one of them."""
        return party in self.parties and self.since <= at <= self.until


class Sent:
    """The index, in a file or in memory (`path` None). Any thread may read; several processes may have the file open.

    A file of another version, or one that cannot be read, is made anew.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._lock = RLock()
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if path is None or isinstance(error, sqlite3.OperationalError):
                raise
            self._remove()
            self._open()

    def _open(self) -> None:
        self._db = sqlite3.connect(self.path or ":memory:", check_same_thread=False, isolation_level=None, timeout=30)
        self._db.executescript(
            "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "PRAGMA secure_delete=ON; PRAGMA cache_size=-16384; PRAGMA journal_size_limit=16777216;"
        )
        if self.path is not None and self._format() not in (None, FORMAT):
            self._db.close()
            self._remove()
            return self._open()
        self._db.executescript(_TABLES)
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('format', ?)", (FORMAT,))
        self._postings = Postings(self._db)
        self._seen_version = -1
        self._look()

    def _format(self) -> Any:
        there = self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
        return None if there is None else self.meta("format")

    def _remove(self) -> None:
        assert self.path is not None
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction: all that is taken in within it counts together, or nothing of it."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._look()
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                self._seen_version = -1  # what is known of the pieces may not be so
                raise
            self._db.execute("COMMIT")

    @classmethod
    def of(cls, messages: Iterable[Message], names: Sequence[str] = ()) -> Sent:
        """An index in memory of these messages; `names`: of colleagues and of the firm."""
        made = cls()
        with made.writing():
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
    def ready(self) -> bool:
        """Whether it holds all of the log up to where it stood; one in memory always does."""
        return self.path is None or self.meta("seq") is not None

    @property
    def messages(self) -> int:
        """How many sendings are known."""
        return int(self._db.execute("SELECT COUNT(*) FROM sent").fetchone()[0])

    @property
    def skeletons(self) -> int:
        """How many distinct skeletons there are; those of people who were erased may count still."""
        return int(self._db.execute("SELECT COALESCE(MAX(skeleton), 0) FROM skeletons").fetchone()[0])

    def any_before(self, until_us: int = FAR) -> bool:
        """Whether anything was sent before an instant."""
        first = self.meta("first_us")
        return first is not None and first < until_us

    def like(
        self,
        words: Any,
        until_us: int = FAR,
        without: tuple[str, int] | None = None,
        *,
        also: Iterable[str] = (),
        around_us: int = 0,
    ) -> Likeness:
        """What these words (codes, see `skeleton.Skeleton`) share with messages sent before an instant.

        `without`: a message (party, instant) that is left out, where one that was sent is read again, and with it what
        went to that party, or under one of its other identities (`also`), within `around_us` of it.
        """
        with self._reading():
            self._look()
            left_out = None
            if without is not None:
                party, at = without
                codes = frozenset(map(self._code_of, (party, *also)))
                left_out = _LeftOut(codes, at - around_us, at + around_us)
            return self._like(words, until_us, left_out)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """One state of the file, whoever writes to it meanwhile."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("COMMIT")

    def _like(self, words: Any, until_us: int, left_out: _LeftOut | None) -> Likeness:
        need = max(1, enough(self.skeletons, len(words)))
        found = self._candidates(words, need)
        texts = self._words_of(found)
        covered = compare(words, texts)
        counts = covered.counts
        real = [row for row in np.flatnonzero(counts >= need) if self._was_sent(found[row], until_us, left_out)]
        if not real:
            return Likeness(np.zeros(len(words), bool))
        best = int(counts[real].max())
        nearest = [row for row in real if counts[row] * 10 >= best * 9]
        whole = best == len(words) and any(len(texts[row]) == best for row in nearest)
        sendings, more = self._sendings([found[row] for row in nearest], until_us, left_out)
        at_least = more or (len(found) >= CANDIDATES and len(nearest) > 1)
        return Likeness(covered.by_text[real].any(axis=0), best, sendings, at_least, whole)

    def _candidates(self, words: Any, need: int) -> list[int]:
        """Skeletons that may share so many words: the very same first, then those with most grams, the newest first."""
        query = "SELECT skeleton FROM skeletons WHERE digest = ?"
        found = [row[0] for row in self._db.execute(query, (digest(words),))]
        if len(words) >= RUN:
            least = max(1, (need - GRAM) // 3)  # every second gram is kept, and an exchanged word costs some
            skeletons, hits = self._postings.having(grams(words), least)
            order = np.lexsort((-skeletons.astype(np.int64), -hits))[:CANDIDATES]
            found = list(dict.fromkeys([*found, *skeletons[order].tolist()]))
        return found

    def _was_sent(self, one: int, until_us: int, left_out: _LeftOut | None) -> bool:
        codes, since, until = left_out or (frozenset(), 0, 0)
        theirs = f"party IN ({','.join(map(str, codes))}) AND at BETWEEN ? AND ?"
        query = f"SELECT 1 FROM sent WHERE skeleton = ? AND at < ? AND NOT ({theirs}) LIMIT 1"
        return self._db.execute(query, (one, until_us, since, until)).fetchone() is not None

    def _words_of(self, some: Sequence[int]) -> list[Any]:
        marks = ",".join("?" * len(some))
        rows = dict(self._db.execute(f"SELECT skeleton, words FROM skeletons WHERE skeleton IN ({marks})", list(some)))
        return [np.frombuffer(rows.get(one, b""), np.uint32) for one in some]

    def _sendings(
        self, some: Sequence[int], until_us: int, left_out: _LeftOut | None
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
            found = [(at, party) for at, party in found if not left_out.holds(party, at)]
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

    def settle(self) -> None:
        """After much was taken in: lay together what lies apart, so that a draft reads less. Within `writing`."""
        self._postings.merge(everything=True)
        self._bump()

    def unknown(self, messages: Sequence[Message]) -> list[Message]:
        """Those of them that were not taken in before."""
        known = self._known([event_key(one) for one in messages])
        return [one for one in messages if event_key(one) not in known]

    def start_anew(self) -> None:
        """Forget everything."""
        with self.writing():
            for table in ("sent", "skeletons", "parties", "fresh", "pieces"):
                self._db.execute(f"DELETE FROM {table}")
            self._db.execute("DELETE FROM meta WHERE key IN ('seq', 'files', 'first_us')")
            self._bump()
            self._postings.reload()

    def _add(self, some: Sequence[Message], names: Sequence[str]) -> int:
        keys = [event_key(one) for one in some]
        known = self._known(keys)
        fresh = {key: one for key, one in zip(keys, some, strict=True) if key not in known}
        if not fresh:
            return 0
        ours = Own((), names)
        codes = [skeleton(one.text, Own(one.fields, one.names, ours)).codes for one in fresh.values()]
        numbers = self._numbered(codes)
        parties = self._coded([one.party for one in fresh.values()])
        rows = [
            (key, number, one.at_us, parties[one.party])
            for (key, one), number in zip(fresh.items(), numbers, strict=True)
        ]
        self._db.executemany("INSERT OR IGNORE INTO sent VALUES (?, ?, ?, ?)", sorted(rows))
        self.note({"first_us": min([self.meta("first_us") or FAR, *(row[2] for row in rows)])})
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
        digests = [digest(one) for one in codes]
        numbers = self._digests(set(digests))
        after = self.skeletons
        new: dict[int, Any] = {}
        for key, one in zip(digests, codes, strict=True):
            if key not in numbers:
                numbers[key] = after = after + 1
                new[key] = one
        rows = [(numbers[key], key, one.tobytes()) for key, one in new.items()]
        self._db.executemany("INSERT INTO skeletons VALUES (?, ?, ?)", rows)
        if new:
            pairs, texts = grams_of_many(
                np.concatenate(list(new.values())), np.array([len(one) for one in new.values()])
            )
            first = rows[0][0]
            if self._postings.add(pairs, texts + np.uint32(first)):
                self._bump()
        return [numbers[key] for key in digests]

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

    # what goes

    def forget(self, parties: Iterable[str]) -> None:
        """Take out what was sent to these identities, and skeletons that nobody else was sent; see `scrub`."""
        with self.writing():
            for party in parties:
                code = self._code_of(party)
                theirs = {row[0] for row in self._db.execute("SELECT skeleton FROM sent WHERE party = ?", (code,))}
                self._db.execute("DELETE FROM sent WHERE party = ?", (code,))
                self._db.execute("DELETE FROM parties WHERE code = ?", (code,))
                for one in theirs:
                    if self._db.execute("SELECT 1 FROM sent WHERE skeleton = ? LIMIT 1", (one,)).fetchone() is None:
                        self._postings.remove(grams(self._words_of([one])[0]), one)
                        self._db.execute("DELETE FROM skeletons WHERE skeleton = ?", (one,))
            if self._db.execute("SELECT 1 FROM sent LIMIT 1").fetchone() is None:
                self._db.execute("DELETE FROM meta WHERE key = 'first_us'")
            self._bump()

    def scrub(self) -> None:
        """Leave nothing of what was taken out beside the file; in it, it is overwritten as it goes."""
        with self._lock:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

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


__all__ = ["Likeness", "Message", "Sending", "Sent"]
