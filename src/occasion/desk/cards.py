"""Occasions as they are shown: in full, or in a line, with everything that stands beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, select

from occasion.desk import snapshot
from occasion.desk.known import Known, detail_line, know, party_ref, promise_line
from occasion.desk.occasions import gap_of
from occasion.desk.owners import House
from occasion.desk.parts import Card, CardLine, PartyRef, ProgressLine, ProposalLine, Said, Value, Verb
from occasion.desk.proposed import proposed_about
from occasion.desk.snapshot import EventsOf
from occasion.desk.suggestions import About, suggest
from occasion.desk.texts import ENGLISH
from occasion.desk.viewer import Looks, sees_names
from occasion.estimate import Estimate, Refusal
from occasion.events.event import Event
from occasion.moments.catalogue import Catalogue, Moment
from occasion.people.parties import Party
from occasion.people.permission import ContactRules
from occasion.people.quiet import is_quiet
from occasion.store.occurrences import per_value
from occasion.store.schema.watched import OCCURRENCES

QUESTION = Said("question.loyalty")
ON_DESK = ("open", "taken", "held")
FIRST = ("promise", "handover")  # kinds that nothing holds back


@dataclass(frozen=True)
class Ground:
    """What every card of a page is read with. `zone`: the workspace's. `recent`: a party's events that can be had at
    once.
    """

    connection: Connection
    viewer: Looks
    now: int
    zone: str
    catalogue: Catalogue
    house: House
    rules: ContactRules = field(default_factory=ContactRules)
    recent: EventsOf | None = None

    @property
    def moments(self) -> dict[str, Moment]:
        """Moments by name."""
        return {moment.name: moment for moment in self.catalogue.moments}

    @property
    def pits(self) -> list[str]:
        """Names of the moments marked as a pit."""
        return [moment.name for moment in self.catalogue.moments if moment.mark == "pit"]

    def cards(self, rows: Sequence[Any]) -> Cards:
        """What is needed to show these rows of OCCASIONS."""
        known = know(self.connection, [row.party for row in rows], self.house, self.pits)
        return Cards(self, known, rows)


class Cards:
    """Shows rows of OCCASIONS whose parties were read at once."""

    def __init__(self, ground: Ground, known: Known, rows: Sequence[Any]) -> None:
        self.ground, self.known, self.rows = ground, known, rows
        self.moments, self.pits = ground.moments, set(ground.pits)
        self.named = sees_names(ground.viewer)
        self.places: dict[str, int] = {}

    @cached_property
    def proposals(self) -> dict[int, tuple[ProposalLine, ...]]:
        """What was proposed about any of the rows, read once for all of them."""
        return proposed_about(self.ground.connection, [row.number for row in self.rows]) if self.named else {}

    @cached_property
    def evidence(self) -> dict[int, list[str]]:
        """By occurrence the ids of the events that show it, read once for all rows."""
        numbers = [row.occurrence for row in self.rows if row.occurrence is not None]
        query = select(OCCURRENCES.c.number, OCCURRENCES.c.evidence).where(OCCURRENCES.c.number.in_(numbers))
        return {row.number: row.evidence for row in self.ground.connection.execute(query)} if numbers else {}

    def shown_by(self, row: Any, recent: Sequence[Event]) -> Sequence[Mapping[str, Any]]:
        """The events that show it: those kept with it, or, where segments held some of them by then, from the log."""
        kept: Sequence[Mapping[str, Any]] = row.facts.get("events", ())
        ids = self.evidence.get(row.occurrence, [])[-snapshot.SHOWN :]
        found = snapshot.kept(snapshot.shown_by(recent, ids)) if len(kept) < len(ids) else ()
        return found if len(found) > len(kept) else kept

    def party(self, row: Any) -> Party:
        """Who it is about."""
        return self.known.parties[row.party]

    def ref(self, row: Any) -> PartyRef:
        """Who it is about, in a line."""
        party = self.party(row)
        place = self.places.setdefault(party.party, len(self.places) + 1)
        return party_ref(party, self.ground.house, self.ground.zone, self.named, place)

    def zone(self, row: Any) -> str:
        """The party's zone, else the workspace's."""
        return self.party(row).zone or self.ground.zone

    def laid_aside(self, row: Any) -> tuple[Said, int | None] | None:
        """Why an occasion is not for now though nobody held it, and until when: a death, something that goes first,
        the peace after a gesture. None where it is for now.
        """
        party, now = self.party(row), self.ground.now
        if party.deceased is not None:
            return Said("reason.deceased"), None
        if row.kind in FIRST or row.moment in self.pits:
            return None
        trouble = self.known.troubled.get(party.party)
        if trouble is not None:
            return Said("reason.complaint", {"moment": trouble[1]}), None
        rests = self.known.rests_until(party, now, self.ground.rules)
        if rests is not None and row.taken_by is None:
            return Said("reason.rest", {"until_us": rests[0], "at_us": rests[1]}), rests[0]
        return None

    def line(self, row: Any, reason: Said | None = None, until_us: int | None = None, form: str = "") -> CardLine:
        """An occasion in a line; `reason` and `until_us` where the desk itself lays it aside."""
        house = self.ground.house
        return CardLine(
            row.number, self.ref(row), row.moment, row.kind, row.state, row.owner, house.name(row.owner), row.about_us,
            row.until_us, self.why(row), reason or self.reason(row),
            house.name(row.taken_by) if row.taken_by else "", until_us or row.held_until_us, row.changed_us, form,
        )  # fmt: skip

    def card(self, row: Any, question: Said = QUESTION) -> Card:
        """An occasion in full."""
        ground, house, party = self.ground, self.ground.house, self.party(row)
        moment = self.moments.get(row.moment)
        details = [one for one in self.known.details.get(party.party, ()) if one.may("care")] if self.named else []
        before = self.known.gestures.get(party.party, ()) if self.named else ()
        promises = self.known.promises.get(party.party, ()) if self.named else ()
        recent = list(ground.recent(party.party)) if ground.recent is not None and self.named else []
        events = self.shown_by(row, recent) if self.named else ()
        return Card(
            number=row.number, party=self.ref(row), moment=row.moment,
            moment_line=moment.written.text.strip() if moment else "", purpose=moment.purpose if moment else "",
            kind=row.kind, state=row.state, owner=row.owner, owner_name=house.name(row.owner),
            owner_is_team=house.is_team(row.owner), about_us=row.about_us, shown_us=row.shown_us,
            until_us=row.until_us, why=self.why(row, events), question=question,
            per=per_text_shown(row.per) if self.named else "",
            events=snapshot.lines(events, house.names),
            details=tuple(detail_line(one, house) for one in details),
            suggestions=self.suggestions(row, moment, recent) if self.named else (), before=before[:5],
            promises=tuple(promise_line(one, house, self.zone(row), ground.now) for one in promises),
            helped=tuple(Said(key, facts) for key, facts in row.facts.get("helped", ())),
            progress=progress_line(row, moment), chance=chance_of(row.facts.get("chance")),
            answer=row.answer if self.named else "",
            taken_by=row.taken_by, taken_by_name=house.name(row.taken_by) if row.taken_by else "",
            held_until_us=row.held_until_us, reason=self.reason(row), told=self.told(row), stake=row.stake,
            may=self.may(row), proposals=self.proposals.get(row.number, ()),
        )  # fmt: skip

    def suggestions(self, row: Any, moment: Moment | None, recent: Iterable[Event]) -> Any:
        party = self.party(row)
        return suggest(
            About(
                row.kind, moment.mark if moment else "", row.moment, moment.make if moment else (), party,
                self.zone(row), row.until_us, self.ground.now, self.known.details.get(party.party, ()),
                self.known.promises.get(party.party, ()), self.known.gestures.get(party.party, ()), list(recent),
                str(row.facts.get("left_name", "")), row.facts.get("promise"),
            )
        )  # fmt: skip

    def why(self, row: Any, events: Sequence[Mapping[str, Any]] = ()) -> Said:
        """Why it is on the desk, in the words of the party's kind. `events`: those that show it, where known."""
        facts: dict[str, Value] = {
            "moment": row.moment, "at_us": row.about_us, "until_us": row.until_us, "have": "", "need": "",
            **{key: value for key, value in row.facts.items() if isinstance(value, str | int | float)},
        }  # fmt: skip
        if not self.named:
            facts["text"] = "…"
        if "gap_for_us" not in facts and (gap := gap_of(self.moments.get(row.moment), [one["at"] for one in events])):
            facts["gap_for_us"] = gap
        if row.kind == "reached" and "gap_for_us" in facts:
            return Said("why.returns", facts)
        key = row.facts.get("why", row.kind)
        return Said(f"why.{key}.{row.who}", facts)

    def reason(self, row: Any) -> Said | None:
        """Why it was held, skipped, handed over or taken back."""
        if not row.reason:
            return None
        if row.reason in ENGLISH:
            facts = {"text": row.facts.get("late", ""), "moment": row.moment, "until_us": row.until_us,
                     "party": row.party if self.named else "…"}  # fmt: skip
            return Said(row.reason, facts)
        return Said("reason.person", {"text": row.reason if self.named else "…"})

    def told(self, row: Any) -> Said | None:
        """What to know first."""
        ground, party = self.ground, self.party(row)
        if party.deceased is not None:
            return Said("reason.deceased")
        if row.taken_by and row.taken_by != ground.viewer.id:
            return Said("told.taken", {"taken_by_name": ground.house.name(row.taken_by)})
        if row.facts.get("late") and row.state != "retracted":
            return Said("told.stands", {"text": row.facts["late"]})
        if party.channel and party.channel in party.consent and not party.consent[party.channel].given:
            return Said("told.consent", {"channel": party.channel})
        if party.channel in ground.rules.asked and party.channel not in party.consent:
            return Said("told.unasked", {"channel": party.channel})
        start, end = party.quiet_from or ground.rules.quiet_from, party.quiet_to or ground.rules.quiet_to
        if is_quiet(start, end, self.zone(row), ground.now):
            return Said("told.quiet", {"local_us": ground.now})
        return None

    def may(self, row: Any) -> tuple[Verb, ...]:
        """What the viewer may do now."""
        viewer = self.ground.viewer
        if not self.named or row.state == "retracted":
            return ()
        if row.state not in ON_DESK:
            return ("answer", "detail", "promise")
        if self.party(row).deceased is not None:
            return ("skip", "hand_over", "detail")
        mine = row.taken_by in (None, viewer.id)
        if not mine:
            lead: tuple[Verb, ...] = ("hand_over",) if viewer.role in ("manager", "admin") else ()
            return (*lead, "answer", "detail", "promise")
        first: tuple[Verb, ...] = ("release",) if row.taken_by == viewer.id or row.state == "held" else ()
        take: tuple[Verb, ...] = ("take",) if row.taken_by is None else ()
        return (*take, *first, "hold", "skip", "hand_over", "done", "answer", "detail", "promise")


def per_text_shown(per: str) -> str:
    """A `per` value as a person reads it.

    >>> per_text_shown("text:A12"), per_text_shown("")
    ('A12', '')
    """
    value = per_value(per)
    return "" if value is None else snapshot.shown(value)


def progress_line(row: Any, moment: Moment | None) -> ProgressLine | None:
    """How far the party was when it was last looked at; None where that was not kept with the occasion."""
    facts = row.facts
    if "have" not in facts or row.kind not in ("coming", "slipping"):
        return None
    left = row.until_us - facts.get("as_of_us", row.shown_us)
    said = Said("progress.left", {"have": facts["have"], "need": facts["need"], "left_for_us": left})
    return ProgressLine(
        row.moment, moment.written.text.strip() if moment else "", "open", facts["have"], facts["need"], row.until_us,
        False, False, said, per_text_shown(row.per), chance_of(facts.get("chance")), row.number,
    )  # fmt: skip


def chance_of(kept: Any) -> Estimate | Refusal | None:
    """A chance as it was kept with an occasion."""
    if kept is None:
        return None
    if "why" in kept:
        return Refusal(kept["why"], kept.get("needs"))
    return Estimate(kept["value"], kept["low"], kept["high"], kept["n"], kept["method"], tuple(kept["assumptions"]))


def kept_chance(chance: Estimate | Refusal) -> dict[str, Any]:
    """A chance as plain data, to keep with an occasion."""
    if isinstance(chance, Refusal):
        return {"why": chance.why, "needs": chance.needs}
    return {
        "value": chance.value, "low": chance.low, "high": chance.high, "n": chance.n, "method": chance.method,
        "assumptions": list(chance.assumptions),
    }  # fmt: skip
