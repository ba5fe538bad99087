"""For a mass step that is to become one-to-one: what could be made of it for each of the people it reached last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from occasion.desk.cards import Ground
from occasion.desk.journey_audit import MassStep
from occasion.desk.known import know, party_ref
from occasion.desk.parts import PartyRef, Suggestion
from occasion.desk.snapshot import EventsOf
from occasion.desk.suggestions import About, suggest
from occasion.desk.viewer import sees_names

PEOPLE = 5


@dataclass(frozen=True)
class ForOne:
    """A person the step reached, and what fits them: their own words, their own details."""

    party: PartyRef
    suggestions: tuple[Suggestion, ...]


def for_people(ground: Ground, step: MassStep, events_of: EventsOf) -> tuple[ForOne, ...]:
    """At most five of the people the step reached last, those with something personal first; nobody in trouble.

    Who may not see names gets none.
    """
    if not sees_names(ground.viewer):
        return ()
    known = know(ground.connection, step.lately, ground.house, ground.pits)
    found: list[ForOne] = []
    for party in step.lately:
        who = known.parties[party]
        if who.deceased is not None or who.party in known.troubled:
            continue
        events = list(events_of(party))
        about = About(
            "reached", "", step.name, (), who, who.zone or ground.zone, ground.now, ground.now,
            known.details.get(who.party, ()), known.promises.get(who.party, ()), known.gestures.get(who.party, ()),
            events,
        )  # fmt: skip
        personal = tuple(one for one in suggest(about) if one.why.key not in ("make.note.reached", "make.note.channel"))
        found.append(ForOne(party_ref(who, ground.house, ground.zone, True), personal))
    return tuple(sorted(found, key=lambda one: not one.suggestions)[:PEOPLE])


def all_for_people(
    ground: Ground, steps: Sequence[MassStep], events_of: EventsOf
) -> tuple[tuple[MassStep, tuple[ForOne, ...]], ...]:
    """Each step with its people."""
    return tuple((step, for_people(ground, step, events_of)) for step in steps)
