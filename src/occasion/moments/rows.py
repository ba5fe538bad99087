"""Where the parties' rows of live state are: in memory, or on a shelf (a table, a file) and in memory when touched.

The watcher changes rows in place and says which. A row's next timer is on the shelf beside it, so that the timers of
parties that nobody touched are known by the time they are due, without reading any row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from occasion.moments.calendar import FAR
from occasion.moments.held import Held
from occasion.moments.live.program import DUE, Program
from occasion.moments.live.state import State
from occasion.moments.packing import Packing, Row

if TYPE_CHECKING:
    from occasion.moments.columns import Columns

TOGETHER = 1_000  # parties whose words are copied out of the table at once


class Rows(Protocol):
    """The rows of a watcher. `whole`: whether they are to be without a table of words when they are saved."""

    whole: bool

    @property
    def held(self) -> dict[str, State]:
        """Those in memory, by party, to be changed in place."""

    def use(self, program: Program) -> None:
        """The program whose rows these are; told before anything else, and again when definitions are exchanged."""

    def row(self, party: str) -> State | None:
        """The party's row, if it is in memory."""

    def load(self, parties: Iterable[str]) -> list[str]:
        """Brings into `held` what is kept of these parties. Those that are kept but cannot be read by this program (or
        were let go by `use`) are given back: the watcher reads them from the log. A party never seen is neither.
        """

    def changed(self, parties: Iterable[str]) -> None:
        """These rows in `held` are new or were changed since the last save."""

    def replaced(self, party: str) -> None:
        """The row in `held` was read again: what was saved of the party no longer leads to it."""

    def tabled(self, table: Columns) -> None:
        """Of the parties in this table a part of the state is there from now on, until `use`."""

    def earlier(self, party: str, before: int, which: Collection[int]) -> State | None:
        """A copy of the party's row as it was last saved, if that read nothing at or after an instant and the row in
        `held` goes on from it. Only these definitions of it are needed.
        """

    def remove(self, party: str) -> None:
        """Forgets the party, also where it was saved."""

    def due(self, after: int, until: int) -> Iterable[tuple[int, str]]:
        """The next timer, as it was saved, of every party kept elsewhere, where it is later than `after` and not later
        than `until`.
        """

    def let_go(self) -> Iterable[tuple[int, str]]:
        """The next timers of the parties that left the table to be kept elsewhere only, since this was last asked."""

    def everyone(self) -> Iterator[str]:
        """Every party that has a row."""

    def save(self) -> dict[str, bytes] | None:
        """Saves every row that changed; the rows, packed, where nobody else keeps them."""


class MemoryRows:
    """All rows in memory."""

    whole = True

    def __init__(self) -> None:
        self.held: dict[str, State] = {}
        self.saved: dict[str, bytes] = {}
        self.old: set[str] = set()

    def use(self, program: Program) -> None:
        self.program = program
        self.old.update(self.held)
        self.held.clear()
        self.saved.clear()

    def row(self, party: str) -> State | None:
        return self.held.get(party)

    def load(self, parties: Iterable[str]) -> list[str]:
        if not self.old:
            return []
        again = list(dict.fromkeys(party for party in parties if party in self.old))
        self.old.difference_update(again)
        return again

    def changed(self, parties: Iterable[str]) -> None:
        pass

    def replaced(self, party: str) -> None:
        self.saved.pop(party, None)

    def tabled(self, table: Columns) -> None:
        pass

    def earlier(self, party: str, before: int, which: Collection[int]) -> State | None:
        kept = self.saved.get(party)
        return None if kept is None else self.program.unpack(kept, before)

    def remove(self, party: str) -> None:
        self.held.pop(party, None)
        self.saved.pop(party, None)
        self.old.discard(party)

    def due(self, after: int, until: int) -> Iterable[tuple[int, str]]:
        return ()

    def let_go(self) -> Iterable[tuple[int, str]]:
        return ()

    def everyone(self) -> Iterator[str]:
        return iter([*self.held, *self.old])

    def save(self) -> dict[str, bytes] | None:
        self.saved = {party: self.program.pack(row) for party, row in self.held.items()}
        return self.saved


class Shelf(Protocol):
    """A keeper of packed rows (`packing.py`): a table (party, due, row) with an index on `due` is enough."""

    def read(self, parties: Sequence[str]) -> Iterable[tuple[str, bytes]]:
        """What is kept of these parties; nothing for those that are not."""

    def due(self, after: int, until: int) -> Iterable[tuple[int, str]]:
        """(due, party) of every row with after < due <= until."""

    def write(self, rows: Iterable[tuple[str, int, bytes]], gone: Iterable[str]) -> None:
        """Puts rows (party, due, row), each instead of the party's last one; and takes away those that are gone."""

    def parties(self) -> Iterator[str]:
        """Every party kept."""


class ShelvedRows:
    """Rows on a shelf, in memory only those touched since they were last let go.

    Nothing is read at the start. `save` writes what changed and nothing else (once for each position of the watcher:
    what it writes and `Watcher.save` belong into one transaction); `evict` lets the longest untouched go.

    `begin_save` and `save_some` do the same in pieces: what is saved is every row as it was at `begin_save`. A row that
    is about to change before its turn is written first, so whoever changes one has it from `load`, or says `replaced`.

    What is in a table of words goes to the shelf as words, and comes back as them; what is beside them sleeps (`Held`)
    until it is needed.
    """

    whole = False

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.table: Columns | None = None
        self.left: list[tuple[int, str]] = []  # timers that were in the table only
        self.held = Held()
        self.dirty: dict[str, None] = {}
        self.gone: set[str] = set()
        self.apart: set[str] = set()  # what the shelf has of them does not lead to the row held
        self.leaving: dict[str, None] = {}  # to be saved as they are, by a save under way

    def use(self, program: Program) -> None:
        if self.leaving:
            self.save_some(len(self.leaving))
        # As they were read: the next save may come before they are read again, and a party that nobody keeps is new.
        self.leaving = {party: None for party in self.dirty if self.held.at_hand(party)}
        self.gone.difference_update(self.leaving)  # they came again since
        self.save_some(len(self.leaving))
        table, self.packing, self.table = self.table, Packing(program), None
        if table is not None:
            for party in table.everyone():
                self._leave(table, party)
        self.held.clear()
        self.held.asleep.clear()
        self.held.woken = self.packing.woken
        self.dirty.clear()

    def tabled(self, table: Columns) -> None:
        self.table = table

    def row(self, party: str) -> State | None:
        return self.held.row(party)

    def load(self, parties: Iterable[str]) -> list[str]:
        parties = list(dict.fromkeys(parties))
        if self.leaving:
            self._write([party for party in parties if party in self.leaving])
        held, asleep, apart, gone = self.held, self.held.asleep, self.apart, self.gone
        missing = [party for party in parties if party not in asleep and party not in held]
        again = [party for party in missing if party in apart and party not in gone]
        wanted = [party for party in missing if party not in apart and party not in gone]
        words: list[tuple[str, bytes]] = []
        for one in self.shelf.read(wanted) if wanted else ():
            if self.table is not None and self.packing.right(one[1]):
                words.append(one)
                continue
            row = self.packing.unpack(one[1])
            if row is None:
                again.append(one[0])
            else:
                held[one[0]] = row
        if self.table is not None:
            self.packing.into_table(self.table, words, asleep)
        return again

    def warm(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Brings into the table what the shelf has, as it is now, of parties that are not at hand: before something
        comes of them. What is not in words stays where it is.
        """
        held, asleep, apart, gone = self.held, self.held.asleep, self.apart, self.gone
        if self.table is not None:
            far = [one for one in rows if not (one[0] in held or one[0] in asleep or one[0] in apart or one[0] in gone)]
            words = [one for one in far if self.packing.right(one[1])]
            self.packing.into_table(self.table, words, asleep)

    def changed(self, parties: Iterable[str]) -> None:
        self.dirty.update(dict.fromkeys(parties))

    def replaced(self, party: str) -> None:
        if party in self.leaving:
            self._write([party])
        self.held.asleep.pop(party, None)
        self.apart.add(party)
        self.dirty[party] = None

    def earlier(self, party: str, before: int, which: Collection[int]) -> State | None:
        if party in self.apart or party in self.gone:
            return None
        for _, packed in self.shelf.read([party]):
            return self.packing.unpack(packed, before, which)
        return None

    def remove(self, party: str) -> None:
        if party in self.leaving:
            self._write([party])
        self.held.forget(party)
        self.dirty.pop(party, None)
        self.apart.discard(party)
        self.gone.add(party)

    def due(self, after: int, until: int) -> Iterable[tuple[int, str]]:
        return self.shelf.due(after, until)

    def let_go(self) -> Iterable[tuple[int, str]]:
        left, self.left = self.left, []
        return left

    def everyone(self) -> Iterator[str]:
        known = {*self.held, *self.held.asleep, *self.apart}
        return iter([*known, *(p for p in self.shelf.parties() if p not in known and p not in self.gone)])

    def save(self) -> dict[str, bytes] | None:
        self.begin_save()
        self.save_some(len(self.leaving))
        return None

    def begin_save(self) -> None:
        """Every row that changed is to be saved as it is now. After the save before has come to its end."""
        held = self.held
        self.leaving = {party: None for party in self.dirty if held.at_hand(party)}
        for party in self.leaving:  # the last touched are the last in order
            held.touch(party)
        self.shelf.write((), self.gone.difference(held))
        self.apart.difference_update(self.dirty.keys() - self.leaving.keys())
        self.dirty.clear()
        self.gone.clear()

    def save_some(self, some: int) -> bool:
        """Save so many more of them; whether all are saved."""
        self._write(list(islice(self.leaving, some)))
        return not self.leaving

    def _write(self, parties: list[str]) -> None:
        if not parties:
            return
        held, table, pack = self.held, self.table, self.packing.pack
        inside = [party for party in parties if party in table] if table is not None else []
        rows: list[Row] = []
        if table is not None:
            for begin in range(0, len(inside), TOGETHER):
                rows += self.packing.of_table(table, inside[begin : begin + TOGETHER], held.asleep)
        whole = frozenset(inside)
        rows += [(party, held[party][DUE], pack(held[party])) for party in parties if party not in whole]
        self.shelf.write(rows, ())
        for party in parties:
            del self.leaving[party]
        self.apart.difference_update(parties)

    def evict(self, most: int) -> None:
        """Keeps about so many rows in memory: lets go of those longest untouched that are as they were saved."""
        for party in self.held.oldest(max(self.held.many() - most, 0)):
            if party not in self.dirty and party not in self.leaving:
                if self.table is not None:
                    if party in self.table:
                        self._leave(self.table, party)
                    self.table.drop(party)  # one that stays in its row has a number there too
                self.held.forget(party)

    def _leave(self, table: Columns, party: str) -> None:
        """Its timer in the table is nobody's from now on."""
        due = table.due_of(party)
        if due < FAR:
            self.left.append((due, party))


__all__ = ["MemoryRows", "Rows", "Shelf", "ShelvedRows"]
