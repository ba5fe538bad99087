"""The coach as the server asks it: with the log, what was sent, the catalogue and the rules that are in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy import Connection

from occasion.coach.coach import coach, read
from occasion.coach.context import Around, Others, names_of
from occasion.coach.reading import Draft, Known, Reading
from occasion.coach.rewriting import Reads
from occasion.coach.tones import sent_before
from occasion.desk.viewer import Viewer
from occasion.service.own import sees_party


@dataclass
class Coaching:
    """Reads drafts for a running service; what is drawn for the swap test is kept from one draft to the next."""

    service: Any
    others: Others = field(default_factory=Others)

    def around(self, connection: Connection, viewer: Viewer | None) -> Around:
        """Where the coach reads from. Of others who got the same words it names whom the viewer sees; without a viewer
        (whoever runs the desk asks) all.
        """
        service = self.service
        seen_by = partial(names_of, connection) if viewer is None else partial(seen, connection, viewer)
        return Around(
            connection, service.log, service.workspace.zone, service.watching.catalogue(), service.rules,
            service.sent.index, seen_by, service.workspace.called, service.workspace.ours,
        )  # fmt: skip

    def read(self, connection: Connection, draft: Draft, viewer: Viewer | None) -> Reading:
        """The reading of a draft. Raises InputError for one that cannot be read, or a party nothing is known of."""
        return coach(self.around(connection, viewer), draft, self.others)

    def again(self, around: Around) -> Reads:
        """See reads_again."""
        return reads_again(around, self.others, self.service.clock())


def reads_again(around: Around, drawn: Others, now: int) -> Reads:
    """How a message that was sent reads, and what might have been sent in its place: as of then, naming nobody else.

    The others of the swap test are as they are known now, so that they are drawn once for all messages. Words that
    others got later count too: who copies a note makes a touch of the first one. A written pair comes with the others
    it is read beside.
    """

    def reads(draft: Draft, known: Known, others: Sequence[Known] | None) -> Reading:
        if others is not None:
            return read(draft, known, others, sent_before())
        rest = drawn.of(around, replace(draft, now_us=now), known.party.kind)
        return read(draft, known, rest, around.sent, canonical=around.log.canonical, again=True)

    return reads


def seen(connection: Connection, viewer: Viewer, parties: Sequence[str]) -> Mapping[str, str]:
    """Of these parties those that the viewer sees, with their names."""
    return {one: name for one, name in names_of(connection, parties).items() if sees_party(connection, viewer, one)}


def coaching(service: Any) -> Coaching:
    """The one of this service."""
    found: Coaching = service.__dict__.setdefault("coaching", Coaching(service))
    return found
