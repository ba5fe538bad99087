"""What a running server is made of, started and stopped in order."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from occasion.events.event import Event
from occasion.people.erase import forget_doubtful_state
from occasion.people.traits import take_traits
from occasion.service.apart import Apart
from occasion.service.changed import Changed
from occasion.service.clock import Clock, utc_micros
from occasion.service.contact_settings import read_contact
from occasion.service.door_settings import read_doors
from occasion.service.erasing import Erasures, Running
from occasion.service.ingest.pace import Pace
from occasion.service.kept_sent import KeptSent
from occasion.service.keys import Keyring
from occasion.service.looking import Looking
from occasion.service.out.sending import Sending
from occasion.service.reacting import Reacting, poster
from occasion.service.ssrf import Sender
from occasion.service.watching import Following
from occasion.store.history import History
from occasion.store.log import Log
from occasion.store.records import leave_copying
from occasion.store.sealer import Sealer
from occasion.store.whole_log import WholeLog
from occasion.store.workspace import Workspace
from occasion.store.writer import Writer


@dataclass(frozen=True)
class Settings:
    """What a server is told. `records`: a database URL, else the workspace's own; `following`: whether the catalogue
    is watched, and `apart` whether by a process of its own (which has the real clock); `buffer_us`: how long an event
    waits for an earlier one; `rate`: events a second a key may send.
    """

    workspace: Workspace
    clock: Clock = utc_micros
    records: str | None = None
    following: bool = True
    apart: bool = False
    buffer_us: int = 500_000
    rate: int = 100_000


class Service:
    """The parts of a running server. They are there from `start` to `stop`; `running` says so."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.workspace = settings.workspace
        self.clock = settings.clock
        self.changed = Changed(secrets.token_hex(4))
        self.rules = read_contact(self.workspace)
        self.running = False

    def start(self) -> None:
        """Open the records and start the writer. Raises InputError where the workspace cannot be used."""
        self.workspace.data.mkdir(parents=True, exist_ok=True)
        self.history = History(self.workspace.data, records=self.settings.records or self.workspace.records)
        self.engine = self.history.engine
        self.watching = self._watching()
        follower = self.watching if isinstance(self.watching, Following) and self.settings.following else None
        beside = self.watching if isinstance(self.watching, Apart) else None
        if beside is not None:
            leave_copying(self.engine)
        self.writer = Writer(self.engine, self.history, self.clock, follower, take_traits, beside=beside)
        self.log = Log(self.engine, self.history, self.writer)
        self.keys = Keyring(self.engine, self.clock, self.writer.do)
        self.pace = Pace(self.settings.rate)
        self.writer.start()  # from here on nobody else is here
        forget_doubtful_state(self.workspace.data)
        if follower is not None:
            watched = WholeLog(self.history, self.writer, self.log)
            self.writer.do(lambda connection: follower.start(watched, self._now(), connection)).result()
        if beside is not None:
            beside.start()
        self.sealer = Sealer(self.writer, self.history, kept=self._kept)
        self.sealer.start()
        self.sender = Sender(read_doors(self.workspace.folder).webhooks_allow)
        self.sending = Sending(
            self.engine, self.writer.do, self.clock, post=poster(self.sender), zone=self.workspace.zone
        )
        self.sending.start()
        self.sent = KeptSent(self.workspace.data, self.engine, self.history.folder, lambda: self.writer.position)
        self.sent.start()
        self.erasures = Erasures(
            Running(self.workspace.data, self.writer, self.sealer, self.log, self.watching, sent=self.sent), self.clock
        )
        self.erasures.start()
        self.looking = Looking(
            self.engine,
            self.writer.do,
            self._now,
            catalogue=self.watching.catalogue,
            history=self.history,
            events_of=self.log.of,
            zone=self.workspace.zone,
            tell=self.changed.tell,
            submit=self.writer.submit,
            rules=self.rules,
        )
        self.looking.start()
        self.running = True

    def _watching(self) -> Following | Apart:
        if self.settings.apart and self.settings.following:
            address = self.engine.url.render_as_string(hide_password=False)
            return Apart(self.workspace, address, self.settings.buffer_us, self.changed.tell)
        here = Following(self.workspace, self.settings.buffer_us, tell=self.changed.tell)
        here.work.on_changes = Reacting(here.catalogue, self.workspace.zone, self._recent)
        return here

    @property
    def trouble(self) -> str | None:
        """Why the watcher stands still, if it does."""
        return self.watching.trouble if isinstance(self.watching, Apart) else self.writer.trouble

    @property
    def late_s(self) -> int:
        """By how many seconds the desk is behind what was taken in, also where nothing comes any more."""
        return self.watching.late_s(self.writer.tail.seq, self._now()) if isinstance(self.watching, Apart) else 0

    def _recent(self, party: str) -> list[Event]:
        """A party's events that no segment holds yet: what an occasion shows of why it is there."""
        names, stretches = self.writer.identities.members(party), self.writer.tail.stretches
        return [one for stretch in stretches for name in names for one in stretch.of(name)]

    def _kept(self, upto: int) -> bool:
        """Whether the watcher needs no group of the log up to a position: it stands still, or keeps its state."""
        standing_still = isinstance(self.watching, Following) and self.writer.trouble is not None
        return not self.settings.following or standing_still or self.watching.kept(upto)

    def _now(self) -> int:
        return max(self.clock(), self.writer.tail.clock)

    def stop(self) -> None:
        """Commit what was taken, then let go of everything."""
        self.running = False
        if (touching := self.__dict__.get("touching")) is not None:
            touching.stop()
        self.looking.stop()
        self.erasures.stop()
        self.sent.stop()
        self.sending.stop()
        self.sender.close()
        self.sealer.stop()
        self.writer.stop()
        self.watching.stop()
        self.history.close()
        self.engine.dispose()
