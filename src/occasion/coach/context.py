"""What the coach knows when it reads a draft: the party from records and log, and a hundred others of the business.

The others stand for everybody else in the swap test. They are drawn once for a state of the records, by a seed that is
the workspace's own, and kept in the process: a draft costs no query for each of them. Half are drawn among those of
whom something is noted, since they are the ones a text could be mistaken to be for, half among all.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from string import ascii_letters, digits
from threading import Lock
from typing import Any, Protocol

from sqlalchemy import Connection, func, select

from occasion.coach.cues import forget_turns
from occasion.coach.facts import forget_facts
from occasion.coach.firm import firm_of
from occasion.coach.index import Sent
from occasion.coach.own import forget_own_words
from occasion.coach.pieces import pieces_of
from occasion.coach.pressure_model import forget_sentences
from occasion.coach.reading import Draft, Known
from occasion.coach.swap import forget_candidates
from occasion.coach.unique import SeenBy, nobody
from occasion.errors import InputError
from occasion.events.event import Event
from occasion.moments.catalogue import Catalogue
from occasion.moments.definition import Definition
from occasion.moments.live.program import live
from occasion.people.details import Detail
from occasion.people.parties import Party, parties_of, party_of
from occasion.people.permission import ContactRules
from occasion.people.promises import Promise
from occasion.people.traits import traits_of
from occasion.store.schema.doors import COLLEAGUES, TEAMS
from occasion.store.schema.log import TOMBSTONES
from occasion.store.schema.people import DETAILS, PARTIES, PROMISES, TRAITS

OTHERS = 100
RECENT = 60  # events kept of each of the others, the newest
FEW = 2_000  # parties: of fewer any is drawn alike
ANCHORS, ROUNDS = 60, 6  # places at which parties are drawn, some from each, and how often at most
AT_ONCE = 400
PLACES = 4  # characters that tell places between two identities
ALPHABETS = (digits, digits + "abcdef", "".join(sorted(digits + ascii_letters)), "".join(map(chr, range(32, 127))))


class Events(Protocol):
    """The log as it is read (store.log.Log)."""

    def of(self, party: str) -> list[Event]:
        """Every event of a canonical party, by (at, id)."""

    def of_some(self, parties: Iterable[str]) -> dict[str, list[Event]]:
        """The same of several, in one go."""

    def canonical(self, party: str) -> str:
        """The identity that merges lead to."""

    def position(self) -> int:
        """What was committed last."""


@dataclass(frozen=True)
class Around:
    """Where the coach reads from. `connection`: of the records, for reading; `zone`: the workspace's.

    `sent`: the index of what was sent, None where there is none; `seen_by`: which recipients the viewer may see.
    `called`: the names of the firm; `ours`: its mail addresses and domains.
    """

    connection: Connection
    log: Events
    zone: str = "UTC"
    catalogue: Catalogue | None = None
    rules: ContactRules | None = None
    sent: Sent | None = None
    seen_by: SeenBy = nobody
    called: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What colleagues and teams are called."""
        people = self.connection.execute(select(COLLEAGUES.c.id, COLLEAGUES.c.name)).all()
        teams = self.connection.execute(select(TEAMS.c.team).distinct()).scalars().all()
        return tuple(sorted({name for row in people for name in row if name} | set(teams)))

    @cached_property
    def firm(self) -> tuple[str, ...]:
        """What the firm is called, by what is said of it and by the addresses of colleagues; see firm.py."""
        mails = self.connection.execute(select(COLLEAGUES.c.email).where(COLLEAGUES.c.email.is_not(None))).scalars()
        return firm_of(self.called, [*self.ours, *mails])


def known_of(around: Around, draft: Draft) -> Known:
    """What is known of whom the draft is to, as it could be read at the draft's hour.

    Quiet hours are the party's, else those of the rules. Raises InputError for a party that nothing is known of.
    """
    party = party_of(around.connection, draft.to)
    events = [one for one in around.log.of(party.party) if max(one.at, one.seen) <= draft.now_us]
    if not party.known and not events:
        raise InputError(
            f"party {draft.to!r}: nobody is known by this identity; the desk's search finds anybody by name"
        )
    details = _details(around.connection, party.identities).get(party.party, [])
    promises = _promises(around.connection, party)
    zone = party.zone or around.zone
    return Known(
        party=_with_quiet(party, around.rules),
        details=tuple(one for one in details if one.noted_us <= draft.now_us),
        events=tuple(reversed(events)),
        promises=tuple(promises),
        traits=_plain((one.key, one.value) for one in traits_of(around.connection, party.party)),
        stage=stage_of(around.catalogue, events, draft.now_us, zone),
        zone=zone,
        names=around.names,
        firm=around.firm,
    )


def stage_of(catalogue: Catalogue | None, events: Sequence[Event], now: int, zone: str) -> str | None:
    """The stage entered last, None where none was; of two at once the later in the catalogue."""
    entered = [
        (reached.at, place, entry.stage.name)
        for place, entry in enumerate(catalogue.stages if catalogue else ())
        for reached in live(Definition(entry.stage.enter), events, now, zone)[-1:]
    ]
    return max(entered)[2] if entered else None


def names_of(connection: Connection, parties: Sequence[str]) -> Mapping[str, str]:
    """What parties are called, for a viewer who may see them all."""
    return {identity: one.name or identity for identity, one in parties_of(connection, list(parties)).items()}


def _with_quiet(party: Party, rules: ContactRules | None) -> Party:
    if rules is None:
        return party
    return replace(
        party, quiet_from=party.quiet_from or rules.quiet_from, quiet_to=party.quiet_to or rules.quiet_to,
        zone=party.zone or rules.zone,
    )  # fmt: skip


def _details(
    connection: Connection, identities: Iterable[str], top: Mapping[str, str] | None = None
) -> dict[str, list[Detail]]:
    """What is remembered and still true, newest first, by the identity that merges lead to (`top`, else the first)."""
    names = list(identities)
    found: dict[str, list[Detail]] = {}
    for at in range(0, len(names), AT_ONCE):
        query = select(DETAILS).where(DETAILS.c.party.in_(names[at : at + AT_ONCE]), DETAILS.c.ended_us.is_(None))
        for row in connection.execute(query.order_by(DETAILS.c.noted_us.desc(), DETAILS.c.number.desc())).mappings():
            found.setdefault(top[row["party"]] if top else names[0], []).append(Detail(**row))
    return found


def _promises(connection: Connection, party: Party) -> list[Promise]:
    query = select(PROMISES).where(PROMISES.c.party.in_(party.identities)).order_by(PROMISES.c.due, PROMISES.c.number)
    return [Promise(**row) for row in connection.execute(query).mappings()]


def _plain(pairs: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Traits as texts; the latest of each name comes first and counts."""
    plain: dict[str, str] = {}
    for key, value in pairs:
        if value is not None and value != "":
            plain.setdefault(key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return plain


@dataclass
class _Kept:
    """The others as they were drawn of one state."""

    state: tuple[object, ...]
    others: tuple[Known, ...]


class Others:
    """A hundred other parties of the business, kept in the process and drawn anew when the records have moved on."""

    def __init__(self, most: int = OTHERS) -> None:
        self._most = most
        self._kept: dict[str, _Kept] = {}
        self._erased: object = None  # how many were erased when it was asked last
        self._lock = Lock()

    def of(self, around: Around, draft: Draft, kind: str) -> tuple[Known, ...]:
        """Others of the same kind as the recipient, who is not among them; what is later than the draft left out."""
        with self._lock:
            state = _state(around, draft)
            if self._erased not in (None, state[-1]):  # nothing of them stays in memory, of whatever kind they were
                forget_all()
                self._kept.clear()
            self._erased = state[-1]
            kept = self._kept.get(kind)
            if kept is None or kept.state != state:
                kept = self._kept[kind] = _Kept(state, _draw(around, kind, self._most + 1))
        mine = set(party_of(around.connection, draft.to).identities)
        theirs = [one for one in kept.others if not mine & set(one.party.identities)]
        return tuple(_until(one, draft.now_us) for one in theirs[: self._most])


def forget_all() -> None:
    """Let go of whatever is kept of anybody's file, and of the words of drafts."""
    forget_facts()
    forget_candidates()
    forget_sentences()
    forget_own_words()
    forget_turns()
    pieces_of.cache_clear()


def _until(known: Known, now: int) -> Known:
    if all(one.seen <= now and one.at <= now for one in known.events) and all(
        one.noted_us <= now for one in known.details
    ):
        return known
    return replace(
        known,
        events=tuple(one for one in known.events if max(one.at, one.seen) <= now),
        details=tuple(one for one in known.details if one.noted_us <= now),
    )


def _state(around: Around, draft: Draft) -> tuple[object, ...]:
    """What must not have changed for the others to be the same: the log, what is noted, the day, who was erased."""
    connection = around.connection
    noted = connection.execute(select(func.max(DETAILS.c.number))).scalar()
    day = date.fromordinal(719163 + draft.now_us // 86_400_000_000)
    erased = connection.execute(select(func.count()).select_from(TOMBSTONES)).scalar()
    return str(connection.engine.url), around.log.position(), noted, day, erased


def _draw(around: Around, kind: str, most: int) -> tuple[Known, ...]:
    connection = around.connection
    ends = connection.execute(select(func.min(PARTIES.c.party), func.max(PARTIES.c.party))).one()
    if ends[0] is None:
        return ()
    seed = random.Random(zlib.crc32(f"{ends[0]} {around.zone} {kind}".encode()))
    asked = list(dict.fromkeys([*_noted(connection, seed, most), *_any(connection, seed, ends, most)]))
    parties = {one.party: one for one in parties_of(connection, asked).values() if one.kind == kind}
    chosen = list(parties.values())[:most] if len(parties) > most else list(parties.values())
    return _known(around, chosen)


def _noted(connection: Connection, seed: random.Random, most: int) -> list[str]:
    """Parties of whom something is noted, by numbers drawn among those of details."""
    last = connection.execute(select(func.max(DETAILS.c.number))).scalar()
    if not last:
        return []
    numbers = range(1, last + 1) if last <= 4 * most else sorted(seed.sample(range(1, last + 1), 4 * most))
    query = select(DETAILS.c.party).where(DETAILS.c.number.in_(list(numbers)[:AT_ONCE]), DETAILS.c.ended_us.is_(None))
    found = sorted(set(connection.execute(query).scalars()))
    seed.shuffle(found)
    return found[: most // 2]


def _any(connection: Connection, seed: random.Random, ends: Sequence[str], most: int) -> list[str]:
    """Any parties: of few all, of many some at each of many places between those known so far."""
    found = set(connection.execute(select(PARTIES.c.party).limit(FEW)).scalars())
    if len(found) >= FEW:
        found = set(ends)
        for _ in range(ROUNDS):
            known = sorted(found)
            for _ in range(ANCHORS):
                at = seed.randrange(len(known) - 1)
                anchor = between(known[at], known[at + 1], seed.random())
                some = select(PARTIES.c.party).where(PARTIES.c.party >= anchor).order_by(PARTIES.c.party)
                found |= set(connection.execute(some.limit(1 + 2 * most // ANCHORS)).scalars())
            if len(found) >= 2 * most:
                break
    drawn = sorted(found)
    seed.shuffle(drawn)
    return drawn[: 2 * most]


def between(first: str, last: str, share: float) -> str:
    """A text about that share of the way from `first` to `last`, in the order of their characters.

    >>> between("patient-0001", "patient-0009", 0.5), between("a3f", "ff0", 0.5)
    ('patient-0005', 'd17')
    """
    common = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    low, high = first[common : common + PLACES], last[common : common + PLACES]
    signs = next(one for one in ALPHABETS if one is ALPHABETS[-1] or set(low + high) <= set(one))
    low, high = low.ljust(PLACES, signs[0]), high.ljust(PLACES, signs[-1])
    at = [sum(max(signs.find(sign), 0) * len(signs) ** (PLACES - 1 - i) for i, sign in enumerate(end))
          for end in (low, high)]  # fmt: skip
    value = at[0] + int(share * (at[1] - at[0]))
    made = "".join(signs[value // len(signs) ** (PLACES - 1 - i) % len(signs)] for i in range(PLACES))
    return first[:common] + made[: max(len(last) - common, 1)]


def _known(around: Around, parties: Sequence[Party]) -> tuple[Known, ...]:
    """Everything needed of some parties in a handful of queries; their events from the log."""
    top = {identity: one.party for one in parties for identity in one.identities}
    details = _details(around.connection, top, top)
    traits = _traits(around.connection, list(top), top)
    events = around.log.of_some(one.party for one in parties)
    return tuple(
        Known(
            party=one,
            details=tuple(details.get(one.party, ())),
            events=tuple(reversed(events.get(one.party, [])[-RECENT:])),
            traits=_plain(traits.get(one.party, ())),
            zone=one.zone or around.zone,
            names=around.names,
            firm=around.firm,
        )
        for one in parties
    )


def _traits(
    connection: Connection, identities: Sequence[str], top: Mapping[str, str]
) -> dict[str, list[tuple[str, Any]]]:
    found: dict[str, list[tuple[str, Any]]] = {}
    for at in range(0, len(identities), AT_ONCE):
        query = select(TRAITS).where(TRAITS.c.party.in_(identities[at : at + AT_ONCE]))
        for row in connection.execute(query.order_by(TRAITS.c.seen_us.desc(), TRAITS.c.party)):
            found.setdefault(top[row.party], []).append((row.key, row.value))
    return found
