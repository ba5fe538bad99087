"""The coach as the server asks it: with the log, the catalogue and the rules that are in force."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from occasion.coach.coach import coach
from occasion.coach.context import Around, Others
from occasion.coach.reading import Draft, Reading


@dataclass
class Coaching:
    """Reads drafts for a running service; what is drawn for the swap test is kept from one draft to the next."""

    service: Any
    others: Others = field(default_factory=Others)

    def around(self, connection: Connection) -> Around:
        """Where the coach reads from."""
        service = self.service
        return Around(connection, service.log, service.workspace.zone, service.watching.catalogue(), service.rules)

    def read(self, connection: Connection, draft: Draft) -> Reading:
        """The reading of a draft. Raises InputError for one that cannot be read, or a party nothing is known of."""
        return coach(self.around(connection), draft, self.others)


def coaching(service: Any) -> Coaching:
    """The one of this service."""
    found: Coaching = service.__dict__.setdefault("coaching", Coaching(service))
    return found
