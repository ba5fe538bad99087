"""What arrives at the records: items of a request that were read, and those that had to be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Literal, NamedTuple, Protocol

import msgspec
from sqlalchemy import Connection

from occasion.errors import OccasionError
from occasion.events.event import Event

DIGEST_BYTES = 16
Outcome = Literal["taken", "known"]


def identity(source: str, message_id: str) -> str:
    """The id of an event in the log."""
    return f"{source}:{message_id}"


def digest(source: str, message_id: str) -> bytes:
    """The 16 bytes by which an item is known for ever: of the id its event has in the log."""
    return blake2b(f"{source}:{message_id}".encode(), digest_size=DIGEST_BYTES).digest()


class Merge(NamedTuple):
    """`party` is from now on read as `into`."""

    party: str
    into: str
    why: str


class Traits(NamedTuple):
    """What an identify (or group) says of a party. `kind`: customer, partner, colleague."""

    party: str
    values: Mapping[str, Any]
    kind: str


class Arrived(msgspec.Struct, gc=False):
    """One item that was read: an event, a merge, traits, or several of them; kept once for ever by its identity.

    `event`, where there is one, has the id `identity(source, message_id)`. `at_us`: when the item says it happened,
    for an item without an event (0: not said).
    """

    source: str
    message_id: str
    event: Event | None = None
    merge: Merge | None = None
    traits: Traits | None = None
    at_us: int = 0


class RefusedItem(msgspec.Struct, gc=False):
    """One item that was refused, as a row of REFUSED."""

    received_us: int
    source: str
    kind: str  # track, identify, ..., cloudevent, row
    field: str
    value: str  # shortened
    reason: str  # one line: what, which value, what is allowed, what to do next
    body: Any  # the item as it came, JSON
    party: str | None = None
    message_id: str | None = None


class Batch(msgspec.Struct):
    """What one request brought: committed together. `size`: how many bytes it takes, so that what waits is bounded."""

    arrived: list[Arrived] = msgspec.field(default_factory=list)
    refused: list[RefusedItem] = msgspec.field(default_factory=list)
    size: int = 0


class Receipt(msgspec.Struct, frozen=True):
    """What became of a batch, once it is on disk.

    `known_places`: the places in `batch.arrived` of what was there already (also earlier in the same batch, or
    erased before); all others were taken.
    """

    taken: int
    known: int
    refused: int
    known_places: frozenset[int] = frozenset()
    seq: int = 0  # the log's position with this batch

    def outcome(self, place: int) -> Outcome:
        """Of the item at this place of `batch.arrived`."""
        return "known" if place in self.known_places else "taken"


class Group(msgspec.Struct, frozen=True):
    """Events that were committed together, as a follower reads them.

    `events` are new to the log, in the order of their `seq`s, each under the identity that merges lead to; the last
    has the position `seq`. `clock`: UTC microseconds by the server's clock when it was committed; never goes back.
    `changed`: canonical parties whose identity changed (a merge made or undone), to be read again from the log.
    """

    seq: int
    clock: int
    events: list[Event]
    changed: tuple[str, ...] = ()


class Effects(NamedTuple):
    """What follows from a group: written in one transaction with the follower's position.

    `write` gets the connection of that transaction and may be called again should the transaction fail; `done` is
    called once it is committed. Both run in the writer's thread and must not wait for the writer. `steps`: the same as
    `write`, for who writes in several transactions; each is to be taken before the next is asked for.
    """

    write: Callable[[Connection], None] | None = None
    done: Callable[[], None] | None = None
    steps: Callable[[], Iterator[Callable[[Connection], None]]] | None = None


class Follower(Protocol):
    """Reads the log as it grows, in the writer's thread."""

    def read(self, group: Group) -> Effects:
        """A group, right after its commit."""

    def tick(self, clock: int) -> Effects | None:
        """The clock moved and nothing came; None: nothing follows, and no transaction is needed."""


class Busy(OccasionError):
    """The writer has more waiting than it should: try again after `seconds`."""

    def __init__(self, seconds: int = 1) -> None:
        super().__init__(f"too much is waiting to be written: send it again in {seconds} s")
        self.seconds = seconds


class NotWritten(OccasionError):
    """The records could not be written (a full disk, a lost database): nothing of the batch is kept, send it again."""
