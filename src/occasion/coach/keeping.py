"""Keeping the index of what was sent up to date with the log, with or without a server.

The index says itself how far it has read: the position of the log and the segments it knows, written in the transaction
that takes the messages in. Reading again what it has already changes nothing (a message is known by its event), so a
crash costs at most some reading. What came while nobody followed is read from the segments that are new.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from occasion.coach.fields import our_names, own_words
from occasion.coach.index import Message, Sent
from occasion.store.manifest import State, read_state
from occasion.store.packed import columns_of
from occasion.store.positions import LOG, position
from occasion.store.records import reading
from occasion.store.schema.log import TAIL

FILE = "sent.db"  # in the data folder
ROWS_AT_ONCE = 1 << 16  # of a segment
MESSAGES_AT_ONCE = 10_000  # taken in with one transaction
MANY = 100_000  # messages after which the index is laid together
TRIES = 5
COLUMNS = ["party", "at_us", "direction", "body", "id"]
Step = Callable[[int], None]  # after some messages: how many have been taken in
Told = Callable[[str, int, int], None]  # what is being done, how much of it is done, how much there is
READ, LAID = "reading what was sent", "laying its words together"


def open_sent(data: Path) -> Sent:
    """The index of a workspace, by its data folder; made, empty, where there is none."""
    return Sent(data / FILE)


def keep_up(sent: Sent, engine: Engine, folder: Path, step: Step | None = None, told: Told | None = None) -> int:
    """Read what the log has and the index has not; how many messages were new.

    `engine`: of the records; `folder`: of the history; `step` is called between two transactions and may wait, or raise
    to break it off, which loses nothing; `told` hears how many rows of segments were read of how many, where there are
    any to read. Any number of processes may do so at once.
    """
    for _ in range(TRIES):
        with suppress(FileNotFoundError):  # sealed anew meanwhile: look again
            return _keep_up(sent, engine, folder, step or _nothing, told or _nobody)
    return _keep_up(sent, engine, folder, step or _nothing, told or _nobody)


def _keep_up(sent: Sent, engine: Engine, folder: Path, step: Step, told: Told) -> int:
    stood = sent.meta("seq") or 0  # before the log is asked, which only grows
    with reading(engine) as connection:
        state, upto = read_state(connection), position(connection, LOG).seq
    if stood > upto:  # the log is another than it was: a backup was brought back beside us
        sent.start_anew()
    known = set(json.loads(sent.meta("files") or "[]"))
    files = [segment.file for segment in state.segments]
    if sent.ready and sent.meta("seq") == upto and known == set(files):
        return 0
    taken = read = 0
    rows = sum(segment.rows for segment in state.segments if segment.file not in known)
    for file in files:
        if file in known:
            continue

        def more(many: int) -> None:
            nonlocal read
            read += many
            told(READ, read, rows)

        for messages in _pieces(_in_segment(folder, file, state, more)):
            with sent.writing(), reading(engine) as connection:
                if file not in read_state(connection).files():  # somebody may have been erased from it
                    raise FileNotFoundError(file)
                taken += _take(sent, connection, messages)
            step(taken)
    if taken >= MANY:
        told(LAID, 0, 1)
        with sent.writing():
            sent.settle()
        told(LAID, 1, 1)
    with sent.writing(), reading(engine) as connection:
        now = read_state(connection)
        if not {segment.file for segment in now.segments} <= set(files):
            raise FileNotFoundError(folder)
        after = max(sent.meta("seq") or 0, now.sealed)
        taken += _take(sent, connection, _in_tail(connection, after))
        sent.note({"seq": position(connection, LOG).seq, "files": json.dumps(files)})
    return taken


def _take(sent: Sent, connection: Connection, messages: list[Message]) -> int:
    new = sent.unknown(messages)
    if not new:
        return 0
    own = own_words(connection, (one.party for one in new))
    told = [one._replace(fields=tuple(own[one.party].fields), names=tuple(own[one.party].names)) for one in new]
    return sent.add(told, our_names(connection))


def _in_tail(connection: Connection, after: int) -> list[Message]:
    """The messages that went out, of the groups after a position."""
    found: list[Message] = []
    groups = connection.execute(select(TAIL.c.events).where(TAIL.c.seq > after).order_by(TAIL.c.seq)).scalars()
    for columns in (columns_of(bytes(group)) for group in groups):
        if columns.direction is None or columns.body is None:
            continue
        rows = zip(columns.party, columns.at, columns.direction, columns.body, columns.id, strict=True)
        found += [
            Message(party, at, body, event=event) for party, at, way, body, event in rows if way == "out" and body
        ]
    return found


def _in_segment(folder: Path, file: str, state: State, more: Callable[[int], None]) -> Iterator[Message]:
    """The messages that went out, of one segment; `more` hears of rows that were read."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    parties = pq.read_table(folder / state.dictionaries["parties"], columns=["text"]).column("text").combine_chunks()
    with pq.ParquetFile(folder / file) as rows:
        for batch in rows.iter_batches(ROWS_AT_ONCE, columns=COLUMNS):
            written = pc.greater(pc.utf8_length(batch["body"]), 0)
            some = batch.filter(pc.and_(pc.equal(batch["direction"], "out"), written))
            names = parties.take(some["party"]).to_pylist()
            columns = [some[name].to_pylist() for name in ("at_us", "body", "id")]
            for party, at, body, event in zip(names, *columns, strict=True):
                yield Message(party, at, body, event=event)
            more(len(batch))


def _pieces(messages: Iterable[Message]) -> Iterator[list[Message]]:
    waiting = iter(messages)
    while some := list(islice(waiting, MESSAGES_AT_ONCE)):
        yield some


def _nothing(taken: int) -> None:
    """Nobody wants to know."""


def _nobody(what: str, done: int, of: int) -> None:
    """Nobody looks on."""


__all__ = ["FILE", "keep_up", "open_sent"]
