"""Erasing somebody everywhere: the log, the records, what was made of them, and the files beside them.

In an order that can be broken off anywhere and begun again: first nothing new of them is taken (a tombstone, and a line
in data/erasures.jsonl), then the log forgets them, and last the rows that say which identities are theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, Engine, select

from occasion.errors import InputError
from occasion.events.event import Event
from occasion.people.erasures import Erasure, among, bury_again, bury_all, write_down, written
from occasion.people.forget import forget_rows, make_nameless, pseudonym
from occasion.people.held import places, rows_about
from occasion.people.merges import canonical, identities
from occasion.store.durable import sync_file
from occasion.store.erasing import emptied, naming
from occasion.store.records import turn, writing
from occasion.store.tombstones import Erased as Buried
from occasion.store.tombstones import tombstone

EXPORTS = "exports"  # the folder of exports made on the desk
BACKUPS = "backups.jsonl"  # which backups were made: written by the command that makes them
STATE = "state.db"  # the watcher's
DOUBTFUL = "state.doubtful"  # there while the watcher's state may know of somebody whom the log forgot
SENT = "sent.db"  # the coach's index of what was sent
DATABASE = (".db", ".db-wal", ".db-shm")
REQUESTS = "requests"  # the folder in which a running server is asked to erase


class Erasing(Protocol):
    """What an erasure needs of the workspace: different with a server running and without one."""

    data: Path
    engine: Engine

    def change(self, verb: Callable[[Connection], Any]) -> Any:
        """Do something in a transaction that writes; what it returned, once it is committed."""

    def events(self, party: str) -> Sequence[Event]:
        """The events of a canonical party."""

    def log(self, names: Mapping[str, str]) -> bool:
        """Take identities out of the log, naming what stands for each in others' events; whether nothing waits."""

    def watched(self, names: Mapping[str, str]) -> bool:
        """Let who follows the log (watcher, index of what was sent) forget them; whether their files hold nothing of
        them any more.
        """

    def bytes(self) -> bool:
        """Leave nothing in the database's files of what was deleted; whether that was done (see `leave_no_bytes`)."""


@dataclass(frozen=True)
class Erased:
    """What an erasure did: events, rows (by table) and files removed; `nameless`: others' rows in which they stood.

    `whole`: nothing of them is left in the log, the database and the watcher's state; else a reading that was under way
    still holds files or pages, which go after it. `elsewhere`: other files in the data folder in which one of their
    identities stands, such as the report of an analysis. `backups`: files of backups that hold them still.
    """

    identities: int
    events: int
    rows: Mapping[str, int]
    nameless: Mapping[str, int]
    files: int
    whole: bool
    elsewhere: tuple[str, ...]
    backups: tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """What would be erased."""

    party: str
    identities: tuple[str, ...]
    rows: Mapping[str, int]
    events: int


def held(connection: Connection, tools: Erasing, party: str) -> Held:
    """What is held about a party; InputError when there is nothing, and they were never erased either."""
    names = identities(connection, party)
    rows = {name: len(some) for name, some in rows_about(connection, names).items() if some and name != "audit"}
    events = len(tools.events(names[0]))
    if not rows and not events and party not in Buried(connection):
        raise InputError(f"party {party!r}: nothing is held under this identity, so there is nothing to erase")
    return Held(names[0], names, rows, events)


def erase(tools: Erasing, party: str, *, now: int, by: str) -> Erased:
    """Erase a party, all identities that are read as it included. InputError when nothing is held about it, and it was
    never erased.
    """
    with tools.engine.connect() as connection:
        found = held(connection, tools, party)
    if not found.rows and not found.events:  # erased before: the files may still have to be written anew
        whole, left = tools.bytes(), _elsewhere(tools.data, {party: ""})
        return Erased(1, 0, {}, {}, 0, whole, left, backups(tools.data, now))
    return _erase(tools, found.identities, found.events, now=now, by=by)


def _erase(tools: Erasing, parties: Sequence[str], events: int, *, now: int, by: str) -> Erased:
    erasure: Erasure = tools.change(lambda connection: bury_all(connection, parties, now=now))
    write_down(tools.data, erasure)
    salt = bytes.fromhex(erasure.salt)
    names = {party: pseudonym(tombstone(salt, party).hex()) for party in parties}
    whole = tools.log(names)
    renamed: dict[str, int] = tools.change(lambda connection: make_nameless(connection, names))
    whole &= tools.watched(names)
    files = _forget_exports(tools.data / EXPORTS, names, erasure.digests)
    count = sum(renamed.values())
    rows: dict[str, int] = tools.change(lambda c: forget_rows(c, names, now=now, by=by, nameless=count))
    whole &= tools.bytes()
    left = _elsewhere(tools.data, names)
    return Erased(len(parties), events, rows, renamed, files, whole, left, backups(tools.data, now))


def repeat_erasures(tools: Erasing, erasures: Sequence[Erasure], *, now: int, by: str = "system") -> int:
    """After a backup was brought back: erase again whom these erasures name; how many identities that were.

    Tombstones are set for all of them, those the backup knows nothing of included.
    """
    tools.change(lambda connection: bury_again(connection, erasures))
    for erasure in erasures:
        write_down(tools.data, erasure)
    with tools.engine.connect() as connection:
        back = among(erasures, _everybody(connection, tools))
        events = sum(len(tools.events(canonical(connection, party))) for party in back)
    if back:
        _erase(tools, back, events, now=now, by=by)
    return len(back)


def forget_again(data: Path, records: str | None, erasures: Sequence[Erasure], now: int) -> int:
    """Erase in a restored workspace whom its own list and these erasures name; how many identities were there."""
    from occasion.store.history import History

    everything = [*written(data), *erasures]
    if not everything:
        return 0
    with History(data, records=records) as history:
        return repeat_erasures(Alone(history), everything, now=now)


def written_erasures(data: Path) -> list[Erasure]:
    """The erasures of a workspace, by its data folder; InputError where there is none."""
    if not data.is_dir():
        raise InputError(f"{data}: is no data folder of a workspace; name the workspace as it was last")
    return written(data)


def note_backup(data: Path, file: Path, now: int) -> None:
    """Write down that a backup was made, so that an erasure can name it."""
    with (data / BACKUPS).open("ab") as listed:
        listed.write(msgspec.json.encode({"file": str(file), "made_us": now}) + b"\n")


def _everybody(connection: Connection, tools: Erasing) -> set[str]:
    """Every identity that the records or the log know."""
    found: set[str] = set()
    for place in places():
        for name in place.columns:
            found.update(connection.execute(select(place.table.c[name]).distinct()).scalars())
    found.update(_in_log(tools))
    return {party for party in found if party}


def _in_log(tools: Erasing) -> Iterable[str]:
    import pyarrow.parquet as pq

    from occasion.store.manifest import read_state
    from occasion.store.packed import columns_of
    from occasion.store.schema.log import TAIL

    with tools.engine.connect() as connection:
        file = read_state(connection).dictionaries.get("parties")
        if file is not None:
            yield from pq.read_table(tools.data / "history" / file, columns=["text"]).column("text").to_pylist()
        for packed in connection.execute(select(TAIL.c.events)).scalars():
            yield from columns_of(bytes(packed)).party


def _forget_exports(folder: Path, names: Mapping[str, str], digests: Sequence[str]) -> int:
    """Remove exports of them: those named by their digest, and any other that holds one of their identities."""
    removed = 0
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and (path.name.split("-")[0] in digests or _holds(path, names)):
            path.unlink()
            removed += 1
    return removed


def _holds(path: Path, names: Mapping[str, str]) -> bool:
    content = path.read_bytes()
    return any(form in content for party in names for form in (party.encode(), msgspec.json.encode(party)[1:-1]))


def _elsewhere(data: Path, names: Mapping[str, str]) -> tuple[str, ...]:
    """Files beside the records, the log and the watcher's state in which an identity stands as a word."""
    named = naming(names)
    ours = (data / "history", data / REQUESTS)
    found = []
    for path in sorted(data.rglob("*")):
        other = path.is_file() and path.suffix not in DATABASE and not any(folder in path.parents for folder in ours)
        if other and named.search(path.read_bytes()):
            found.append(str(path.relative_to(data)))
    return tuple(found)


def leave_no_bytes(engine: Engine, *, written: bool = False) -> bool:
    """Write the database's files anew without what was deleted, and empty SQLite's write-ahead log; False: a reading
    that is under way holds that, so empty it later (`written`: the files were written anew before).

    Who writes waits meanwhile. PostgreSQL's tables are written anew too; its own write-ahead log keeps what it is told
    to keep.
    """
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()  # outside of any transaction
        try:
            return emptied(raw.cursor()) if written else _vacuumed(raw.cursor(), engine)
        finally:
            raw.invalidate()  # its timeout is another
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM FULL")
        connection.exec_driver_sql("CHECKPOINT")
    return True


def _vacuumed(cursor: Any, engine: Engine) -> bool:
    cursor.execute("PRAGMA wal_autocheckpoint=0").fetchall()  # not while the others wait
    cursor.execute("PRAGMA temp_store=FILE")  # the new copy is as large as the file: not in memory
    with turn(engine):  # who writes is not to give up, however long it takes
        cursor.execute("VACUUM")
    return emptied(cursor)


def backups(data: Path, now: int) -> tuple[str, ...]:
    """The backups that were made before `now`, by their files' names as they were given."""
    path = data / BACKUPS
    if not path.is_file():
        return ()
    made = [msgspec.json.decode(line) for line in path.read_bytes().splitlines() if line.strip()]
    return tuple(dict.fromkeys(one["file"] for one in made if one["made_us"] <= now))


def forget_state(data: Path) -> None:
    """Remove the watcher's state: a cache, made from the log again at the next start."""
    _remove(data, STATE)
    trust_state(data)


def doubt_state(data: Path) -> None:
    """From now on the state is not to be used by a next start: before the log forgets somebody."""
    (data / DOUBTFUL).touch()
    sync_file(data)


def trust_state(data: Path) -> None:
    """The watcher has forgotten them too."""
    (data / DOUBTFUL).unlink(missing_ok=True)


def forget_doubtful_state(data: Path) -> None:
    """At a start: an erasure was broken off before the watcher had forgotten."""
    if (data / DOUBTFUL).exists():
        forget_state(data)


def forget_sent(data: Path) -> None:
    """Remove the index of what was sent: derived from the log, and made from it again when it is next asked."""
    _remove(data, SENT)


def _remove(data: Path, file: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        (data / f"{file}{suffix}").unlink(missing_ok=True)


class Alone:
    """An erasure while no server runs: straight at the files. `history`: a store.history.History of the workspace."""

    def __init__(self, history: Any) -> None:
        from occasion.store.log import Log

        self.data: Path = history.data
        self.engine: Engine = history.engine
        self._history = history
        self._log = Log(self.engine, history)

    def change(self, verb: Callable[[Connection], Any]) -> Any:
        """See Erasing."""
        with writing(self.engine) as connection:
            return verb(connection)

    def events(self, party: str) -> Sequence[Event]:
        """See Erasing."""
        return self._log.of(party)

    def log(self, names: Mapping[str, str]) -> bool:
        """See Erasing. The state goes first: it knows them, and is used as long as it is there."""
        forget_state(self.data)
        done: bool = self._history.erase(names)
        return done

    def watched(self, names: Mapping[str, str]) -> bool:
        """See Erasing: the state goes, since others' states may name them too, and the index, which is made anew."""
        forget_state(self.data)
        forget_sent(self.data)
        return True

    def bytes(self) -> bool:
        """See Erasing."""
        return leave_no_bytes(self.engine)


__all__ = [
    "SENT", "Alone", "Erased", "Erasing", "Held", "doubt_state", "erase", "forget_again", "forget_doubtful_state",
    "held", "leave_no_bytes", "note_backup", "repeat_erasures", "trust_state", "written_erasures",
]  # fmt: skip
