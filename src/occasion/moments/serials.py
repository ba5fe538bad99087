"""Events by number: what words say instead of a key. Of one row in a list, of a table side by side in few bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from occasion.moments.live.state import Key

Ints = npt.NDArray[Any]
HEX, UUID = b"\xff", b"\xfe"  # no text begins so: an id that ends in 32 hexadecimal digits, or in a UUID, as 16 bytes
DASHES = [8, 13, 18, 23]
LOOSE = 500_000  # numbers of events that nothing may speak of any more, at least, before they are looked for
FIRST_ROOM = 1 << 12


def short(id_: str) -> bytes:
    """An event's id in bytes: those of its number, if it ends in one, then the rest of the text."""
    for kind, digits, length in ((HEX, id_[-32:], 32), (UUID, id_[-36:], 36)):
        if len(digits) == length and (kind == HEX or [digits[i] for i in DASHES] == ["-"] * 4):
            found = _hexed(digits if kind == HEX else digits.replace("-", ""))
            if len(found) == 16:
                return kind + found + id_[:-length].encode("utf-8", "surrogatepass")
    return id_.encode("utf-8", "surrogatepass")


def long(short_: bytes) -> str:
    """The id again.

    >>> ids = ["a", "00112233445566778899aabbccddeeff", "x:01112233-4455-6677-8899-aabbccddeeff", "", "z" * 36]
    >>> [len(short(id_)) for id_ in ids], [long(short(id_)) for id_ in ids] == ids
    ([1, 17, 19, 0, 36], True)
    """
    if short_[:1] not in {HEX, UUID}:
        return short_.decode("utf-8", "surrogatepass")
    digits, rest = short_[1:17].hex(), short_[17:].decode("utf-8", "surrogatepass")
    if short_[:1] == UUID:
        digits = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return rest + digits


def _hexed(digits: str) -> bytes:
    """The bytes that these hexadecimal digits are; none if they are written in another way."""
    try:
        found = bytes.fromhex(digits)
    except ValueError:
        return b""
    return found if found.hex() == digits else b""


class Listed:
    """The events of one row."""

    def __init__(self, ats: list[int] | None = None, ids: list[str] | None = None) -> None:
        self.ats = [] if ats is None else ats
        self.ids = [] if ids is None else ids

    def key(self, serial: int) -> Key:
        return self.ats[serial], self.ids[serial]

    def serial(self, key: Key) -> int:
        """Each key once."""
        for i, at in enumerate(self.ats):
            if at == key[0] and self.ids[i] == key[1]:
                return i
        self.ats.append(key[0])
        self.ids.append(key[1])
        return len(self.ids) - 1


class Serials:
    """The events of a table. `ats`: when, `ends`: where their ids end in `ids`, one more than there are, from 0; only
    the first `count` are any.
    """

    def __init__(self) -> None:
        self.count = self.kept = 0  # how many there are, and were in use when last looked
        self.ats = np.empty(FIRST_ROOM, np.int64)
        self.ends = np.zeros(FIRST_ROOM + 1, np.int64)
        self.ids = np.empty(32 * FIRST_ROOM, np.uint8)

    def key(self, serial: int) -> Key:
        return int(self.ats[serial]), self.id(serial)

    def id(self, serial: int) -> str:
        """The event's id."""
        return long(self.ids[self.ends[serial] : self.ends[serial + 1]].tobytes())

    def keys(self, serials: Ints) -> tuple[list[int], list[str]]:
        """When these events were, and their ids."""
        view, begins, ends = self.ids.data, self.ends[serials].tolist(), self.ends[serials + 1].tolist()
        ids = [long(bytes(view[begin:end])) for begin, end in zip(begins, ends, strict=True)]
        return self.ats[serials].tolist(), ids

    def serial(self, key: Key) -> int:
        self.add([key[0]], [key[1]])
        return self.count - 1

    def add(self, ats: Sequence[int], ids: Sequence[str]) -> None:
        """More of them, with the next numbers."""
        if not ats:
            return
        all_of_them, lengths = _shortened(ids)
        self.room(len(ats), len(all_of_them))
        begin, end = self.count, self.count + len(ats)
        first = int(self.ends[begin])
        self.ats[begin:end] = ats
        self.ends[begin + 1 : end + 1] = first + np.cumsum(lengths)
        self.ids[first : first + len(all_of_them)] = np.frombuffer(all_of_them, np.uint8)
        self.count = end

    def room(self, events: int, characters: int) -> None:
        """Room for so many more, their ids in so many bytes."""
        if self.count + events > len(self.ats):
            most = max(self.count + events, len(self.ats) + len(self.ats) // 2)
            self.ats, self.ends = larger(self.ats, self.count, most), larger(self.ends, self.count + 1, most + 1)
        used = int(self.ends[self.count])
        if used + characters > len(self.ids):
            self.ids = larger(self.ids, used, max(used + characters, len(self.ids) + len(self.ids) // 2))

    def swept(self, words: Ints, where: Ints) -> None:
        """Without those that no word speaks of."""
        if self.count < 2 * self.kept + LOOSE:
            return
        used = np.zeros(self.count + 1, np.bool_)  # the last: -1, which speaks of none
        blocks = range(0, len(words), 4096)
        for a in blocks:
            used[words[a : a + 4096, where]] = True
        used[-1] = False
        number = np.cumsum(used) - 1
        number[-1] = -1
        for a in blocks:
            words[a : a + 4096, where] = number[words[a : a + 4096, where]]
        self._keep(np.flatnonzero(used))

    def _keep(self, left: Ints) -> None:
        """Only these are left, with new numbers."""
        lengths = np.diff(self.ends[: self.count + 1])
        of_left = np.zeros(self.count, np.bool_)
        of_left[left] = True
        ids = self.ids[: self.ends[self.count]][np.repeat(of_left, lengths)]
        self.ats, self.ids, self.count = self.ats[left], ids, len(left)
        self.ends = np.concatenate([[0], np.cumsum(lengths[left])]).astype(np.int64)
        self.kept = self.count


def larger(array: Ints, used: int, room: int) -> Ints:
    """The same with more room, of which nothing is written yet."""
    made = np.empty((room, *array.shape[1:]), array.dtype)
    made[:used] = array[:used]
    return made


def _shortened(ids: Sequence[str]) -> tuple[bytes, Ints]:
    """All ids one after another, and how long each is: at once if all are alike."""
    n, first = len(ids), short(ids[0])
    kind, length = first[:1], {HEX: 32, UUID: 36}.get(first[:1], 0)
    if length and {id_[:-length] for id_ in ids} == {ids[0][:-length]}:
        digits = "".join([id_[-length:] for id_ in ids])
        if len(digits) == n * length and kind == UUID and digits.isascii():
            dashes = np.frombuffer(digits.encode(), np.uint8).reshape(n, length)[:, DASHES] == ord("-")
            digits = digits.replace("-", "") if dashes.all() else ""
        found = _hexed(digits)
        if len(found) == 16 * n:
            rows = np.empty((n, len(first)), np.uint8)
            rows[:] = np.frombuffer(first, np.uint8)
            rows[:, 1:17] = np.frombuffer(found, np.uint8).reshape(n, 16)
            return rows.tobytes(), np.full(n, len(first), np.int64)
    elif not length and (joined := "".join(ids)).isascii():
        return joined.encode(), np.array([*map(len, ids)], np.int64)
    each = [short(id_) for id_ in ids]
    return b"".join(each), np.array([*map(len, each)], np.int64)


__all__ = ["Ints", "Listed", "Serials", "larger", "long", "short"]
