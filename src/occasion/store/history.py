"""The sealed history: segments of events that only ever change from one whole state to the next."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import replace
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from occasion.errors import InputError
from occasion.events.event import Event
from occasion.events.load import LoadPlan
from occasion.events.table import EVENT_COLUMNS, contents, table_events
from occasion.store.durable import FileLock, full_disk_said
from occasion.store.manifest import Manifest, State, read_state
from occasion.store.overlay import LAYOUT, PREFIX, Layout, Snapshot, current, overlay, read_layout, snapshot
from occasion.store.packed import columns_of, unpack
from occasion.store.party_file import SUFFIX
from occasion.store.positions import LOG, position
from occasion.store.records import open_records, reading, writing
from occasion.store.sealing import REJECTS, Sealing
from occasion.store.segment import read_segment
from occasion.store.source import Source
from occasion.store.tail_sealing import forget_sealed, runs_again, seal_tail

BUCKETS = 16
PATIENCE = 2.0  # seconds to wait for somebody who only tidies up
SERVED = (
    "{}: a server runs on this workspace, or another load is writing here: send the events to the server, or stop it "
    "(or wait) and load again"
)
Step = Callable[[str, int, int], None]  # what is being done, how much of it is done, how much there is


@dataclass(frozen=True)
class LoadReport:
    """What a load did. Rows of the files: `read` = `taken` + `refused` + `known` (there already); `events` are new."""

    read: int
    taken: int
    refused: int
    known: int
    events: int
    mapping: str
    notes: tuple[str, ...]  # how the columns were read
    remarks: tuple[str, ...]  # what looked odd in the rows
    rejects: Path | None


class History:
    """The events of a workspace, kept in its data folder (records.db and history/).

    Any number may read; one at a time may load. Raises InputError when the folder cannot be used.
    """

    def __init__(self, data: Path, buckets: int = BUCKETS, records: Path | str | None = None) -> None:
        """`records`: where they are, if not in the data folder (see `open_records`)."""
        self.data = Path(data)
        self.folder = self.data / "history"
        with full_disk_said(self.data):
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._engine = open_records(records or self.data / "records.db")
                self.manifest = Manifest(self._engine, buckets)
            except (FileExistsError, NotADirectoryError, PermissionError, DatabaseError) as error:
                raise InputError(f"{self.data}: cannot be used as a data folder ({_reason(error)})") from None
        self._writing = FileLock(self.folder / "writing.lock")
        self._serving = FileLock(self.folder / "serving.lock")
        self._reading = FileLock(self.folder / "reading.lock")
        with full_disk_said(self.data):
            if self._orphans(self.state()) and self._writing.take():
                try:
                    self.tidy()
                finally:
                    self._writing.release()

    def close(self) -> None:
        """Let go of the files; a source given before may lose its segments at the next load."""
        self._reading.release()
        self._writing.release()
        self._serving.release()
        self._engine.dispose()

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def state(self) -> State:
        """Which segments there are now."""
        return self.manifest.state()

    def source(self, zone: str = "UTC") -> Source:
        """The history for an engine, with the tail and with merged parties as one; its files stay while this is open.

        A server may run meanwhile, and asks a history `beside` its own: this one keeps replaced files in place, those
        of parties that were erased too. Raises InputError when there are no events yet, or a file is gone.
        """
        self._reading.take(shared=True, wait=True)  # others have it only while they tidy
        layout = self._layout()
        buckets = tuple(tuple(self.folder / file for file in files) for files in layout.buckets)
        if not buckets:
            raise InputError(f"{self.data}: holds no events yet: load some with occasion load FILE")
        return Source(
            files=tuple(file for bucket in buckets for file in bucket),
            sealed=True,
            parties=self.folder / layout.parties,
            names=self.folder / layout.names,
            buckets=buckets,
            zone=zone,
        )

    def _layout(self) -> Layout:
        """The files that make up the history now, tail and merges included; what is missing of them is made."""
        with reading(self._engine) as connection:
            state = read_state(connection)
            made = self.folder / current(connection)
            now = None if (made / LAYOUT).is_file() else snapshot(connection)
        self._check(state)
        if now is None:
            return read_layout(made)
        if any(now.groups) or now.identities:
            with full_disk_said(self.data):
                return overlay(self.folder, now)
        numbers = sorted({segment.bucket for segment in state.segments})
        files = [[s.file for s in state.segments if s.bucket == number] for number in numbers]
        return Layout(state.dictionaries.get("parties", ""), state.dictionaries.get("names", ""), files)

    def any_events(self) -> bool:
        """Whether there is anything to read."""
        now = self._snapshot()
        return bool(now.state.segments or any(columns_of(group).party for group in now.groups))

    def beside(self) -> History:
        """The same history for a reading of its own: what it reads stays until that is closed, and no longer."""
        return History(self.data, records=self._engine.url.render_as_string(hide_password=False))

    def _snapshot(self) -> Snapshot:
        with reading(self._engine) as connection:
            return snapshot(connection)

    def _check(self, state: State) -> None:
        gone = sorted(file for file in state.files() - set(state.runs) if not (self.folder / file).is_file())
        if gone:
            raise InputError(
                f"{self.folder / gone[0]}: is part of the history but gone; bring data/history back from a backup, "
                "or load everything into a new workspace"
            )

    def events(self) -> Iterator[Event]:
        """All events, each under the identity that merges lead to: for the plain reading, not for large histories."""
        self._reading.take(shared=True, wait=True)
        now = self._snapshot()
        moved = now.identities.moved()
        segments = (read_segment(self.folder / segment.file) for segment in now.state.segments)
        sealed = (table_events(self.decoded(table, now.state)) for table in segments)
        for event in chain(chain.from_iterable(sealed), chain.from_iterable(map(unpack, now.groups))):
            yield replace(event, party=moved[event.party]) if event.party in moved else event

    def decoded(self, table: Any, state: State) -> Any:
        """Rows of a segment with the texts of parties and names: a table of EVENT_COLUMNS."""
        columns = {name: table.column(name) for name in EVENT_COLUMNS.names}
        for name, kind in (("party", "parties"), ("name", "names")):
            texts = pq.read_table(self.folder / state.dictionaries[kind], columns=["text"]).column("text")
            columns[name] = texts.combine_chunks().take(table.column(name).combine_chunks())
        return pa.table(columns, EVENT_COLUMNS)

    @property
    def engine(self) -> Engine:
        """The records' database."""
        return self._engine

    def serve(self) -> None:
        """Be the one server of this workspace; raises InputError when there is another, or a load is under way."""
        if not self._serving.take_soon(PATIENCE):
            raise InputError(f"{self.data}: a server runs on this workspace, or a load is under way: wait, or stop it")
        if not all((self.folder / file).is_file() for file in self.state().runs):
            with self.writing():
                if (changes := runs_again(self.folder, self.manifest)) is not None:
                    self.manifest.commit(changes)

    def end_serving(self) -> None:
        """Let others load again."""
        self._serving.release()

    def load(self, plan: LoadPlan, step: Step | None = None) -> LoadReport:
        """Take in what is planned: all of it, or, when something fails, nothing.

        Raises InputError when a file is damaged, the disk is full, another load is under way, or a server runs.
        """
        with full_disk_said(self.data), self.alone(), self.writing():
            self.seal_tail()
            with self._engine.connect() as connection:
                served = position(connection, LOG).seq > 0  # else files by party are left to the first server
            with Sealing(self.folder, self.manifest, by_party=served) as sealing:
                return sealing.load(plan, step or _silent, self._stored_contents)

    def erase(self, names: Mapping[str, str]) -> bool:
        """Take parties out of the history while no server runs (see `Sealer.erase` for when one does).

        `names`: each identity and what stands for it where others' events name it. Their events go, from segments, the
        tail and what analyses left; digests stay. False: a reading under way still holds old files; they go when the
        history is opened after it. Raises InputError when a server runs or another load is under way.
        """
        from occasion.store.erasing import erase_sealed

        with full_disk_said(self.data), self.alone(), self.writing():
            self.seal_tail()
            if (changes := erase_sealed(self.folder, self.manifest, names)) is not None:
                self.manifest.commit(changes)
            return self.clean_up(names)

    def clean_up(self, names: Mapping[str, str]) -> bool:
        """Remove what is left of erased parties outside of the segments; whether all of it could be.

        Only while writing, once they are out of the segments.
        """
        from occasion.store.erasing import erase_rejects, scrub

        erase_rejects(self.data, names)
        for folder in self.folder.glob(f"{PREFIX}*"):
            shutil.rmtree(folder, ignore_errors=True)
        self.tidy()
        scrub(self._engine)
        return self.is_tidy()

    def is_tidy(self) -> bool:
        """Whether nothing lies there that newer segments replaced. Only while writing."""
        return not self._orphans(self.state())

    def seal_tail(self) -> None:
        """Bring what a server left in the tail into segments; only while writing."""
        changes = seal_tail(self.folder, self.manifest, self._engine)
        if changes is not None:
            self.manifest.commit(changes)
        with writing(self._engine) as connection:
            forget_sealed(connection, self.state().sealed)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No server runs here meanwhile; raises InputError when one does."""
        if self._serving.held:
            raise InputError(SERVED.format(self.data))
        if not self._serving.take_soon(PATIENCE):
            raise InputError(SERVED.format(self.data))
        try:
            yield
        finally:
            self._serving.release()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only one who changes the history; raises InputError when somebody else does."""
        if not self._writing.take_soon(PATIENCE):
            raise InputError(f"{self.data}: another load is writing here: wait until it is done and load again")
        try:
            self.tidy()
            try:
                yield
            except BaseException:
                with suppress(OSError, DatabaseError):
                    self.tidy()
                raise
        finally:
            self._writing.release()

    def _stored_contents(self, path: Path, rows: Any) -> Any:
        return contents(self.decoded(read_segment(path).take(rows), self.state()))

    def tidy(self) -> None:
        """Remove what a load that broke off left, and what newer segments replaced, once nobody else reads it.

        Only while writing. Readers share a lock; one of them, this object included, keeps everything in place.
        """
        state = self.state()
        for folder in (self.data / REJECTS).glob("load-*"):
            if int(folder.name.removeprefix("load-")) > state.loads:
                shutil.rmtree(folder, ignore_errors=True)
        if not self._reading.held and self._reading.take():
            try:
                self._remove_orphans(state)
            finally:
                self._reading.release()

    def _orphans(self, state: State) -> list[Path]:
        """What lies in the folder and is no part of the history: a load under way has some too."""
        listed = state.files()
        listed |= {f"{segment.file}{SUFFIX}" for segment in state.segments}
        found = [path for path in self.folder.iterdir() if path.suffix != ".lock" and path.name not in listed]
        if any(path.name.startswith(PREFIX) for path in found):
            with reading(self._engine) as connection:
                used = current(connection)  # what a reading left is there for the next one
            found = [path for path in found if path.name != used]
        return found

    def _remove_orphans(self, state: State) -> None:
        for path in self._orphans(state):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _reason(error: OSError | DatabaseError) -> str:
    return str(error.orig) if isinstance(error, DatabaseError) else str(error.strerror)


def _silent(what: str, done: int, total: int) -> None:
    """No progress is shown."""
