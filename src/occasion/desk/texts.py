"""The sentences of the desk: every key that a `Said` may have, and its English.

A translation is another mapping with the same keys. `{name}` is a value of the sentence; what kind of value it is can
be told from its name (see `parts.Said`). `plain` says a sentence in English for terminals, notices and assistants.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from occasion.desk.parts import Said, Value

ENGLISH: Final[Mapping[str, str]] = {
    # why an occasion is on the desk, in the words of the party's kind
    "why.reached.customer": "Your customer reached the moment “{moment}” on {at_us}",
    "why.reached.partner": "Your partner reached the moment “{moment}” on {at_us}",
    "why.reached.colleague": "Your colleague reached the moment “{moment}” on {at_us}",
    "why.returns": "First words in {gap_for_us}",
    "why.coming.customer": "“{moment}” is coming: {have} of {need}, until {until_us}",
    "why.coming.partner": "With your partner “{moment}” is coming: {have} of {need}, until {until_us}",
    "why.coming.colleague": "For your colleague “{moment}” is coming: {have} of {need}, until {until_us}",
    "why.certain.customer": "“{moment}” comes on {on_date}",
    "why.certain.partner": "For your partner “{moment}” comes on {on_date}",
    "why.certain.colleague": "For your colleague “{moment}” comes on {on_date}",
    "why.step.customer": "One step from “{moment}”: {have} of {need}",
    "why.step.partner": "Your partner is one step from “{moment}”: {have} of {need}",
    "why.step.colleague": "Your colleague is one step from “{moment}”: {have} of {need}",
    "why.slipping.customer": "“{moment}” was expected by {at_us} and can still come",
    "why.slipping.partner": "With your partner “{moment}” was expected by {at_us} and can still come",
    "why.slipping.colleague": "For your colleague “{moment}” was expected by {at_us} and can still come",
    "why.unlikely.customer": "“{moment}” is unlikely from here: {have} of {need}, until {until_us}",
    "why.unlikely.partner": "With your partner “{moment}” is unlikely from here: {have} of {need}, until {until_us}",
    "why.unlikely.colleague": "For your colleague “{moment}” is unlikely from here: {have} of {need}, until {until_us}",
    "why.missed.customer": "“{moment}” did not come by {at_us}",
    "why.missed.partner": "With your partner “{moment}” did not come by {at_us}",
    "why.missed.colleague": "For your colleague “{moment}” did not come by {at_us}",
    "why.handover.customer": "{left_name} has left: say in person that you are there for them now",
    "why.handover.partner": "{left_name} has left: meet your new partner in person",
    "why.handover.colleague": "{left_name} has left: meet your colleague in person",
    "why.promise.customer": "Promised by {on_date}: {text}",
    "why.promise.partner": "Promised to your partner by {on_date}: {text}",
    "why.promise.colleague": "Promised to your colleague by {on_date}: {text}",
    "why.expand.customer": "“{name}” went to many, and you know this about them: {text}",
    "why.expand.partner": "“{name}” went to many, and you know this about your partner: {text}",
    "why.expand.colleague": "“{name}” went to many, and you know this about your colleague: {text}",
    # why one is laid aside, skipped, handed over, taken back
    "reason.person": "{text}",
    "reason.complaint": "Waits: “{moment}” is open for them, and it goes first",
    "reason.rest": "Waits until {until_us}: they heard from you on {at_us}",
    "reason.deceased": "They have died: nothing is suggested any more",
    "reason.late": "Taken back: it is no longer true ({text})",
    "reason.gone": "No longer needed: “{moment}” was reached",
    "reason.ended": "Its time was over on {until_us}",
    "reason.better": "“{moment}” is no longer unlikely",
    "reason.over": "“{moment}” can no longer come",
    "reason.peace": "They were being left in peace after a gesture",
    "reason.edited": "The moment was written anew",
    "reason.merged": "{party} turned out to be the same person",
    # what to know first
    "told.taken": "{taken_by_name} has taken this",
    "told.held": "Laid aside until {until_us}",
    "told.stands": "It is no longer true ({text}), but somebody had already acted on it",
    "told.quiet": "It is {local_us} for them now, in their quiet hours",
    "told.consent": "They have said no to {channel}",
    "told.unasked": "They have not said yes to {channel}, and it is asked for",
    "question.loyalty": "What am I doing right now that makes them want to come back?",
    # what could be made of it
    "make.catalogue": "What you wrote down for this moment: {text}",
    "make.call.asked": "They asked something on {at_us} and nobody answered: call",
    "make.call.slipping": "There is still time until {until_us}: ask what is in the way",
    "make.call.trouble": "They are in trouble: a voice before any note",
    "make.call.handover": "They knew {left_name}: introduce yourself",
    "make.note.reached": "Say what you saw: {text}",
    "make.note.channel": "They prefer {channel}",
    "make.note.detail": "You know this about them: {text}",
    "make.film.said": "They said: {text}. Show it to them in a film of your own",
    "make.gift.fits": "A gift that fits their 5-to-9: {text}",
    "make.visit.promise": "You promised: {text}",
    "helped.form": "Of {of_n} who got a {form} from here, {n} still reached it; of {without_n} without, {without}"
    " (seen together, no proof of effect)",
    # how far
    "progress.reached": "reached",
    "progress.closed": "missed, with {have} of {need}",
    "progress.count": "{have} of {need}",
    "progress.left": "{have} of {need}, {left_for_us} left",
    "progress.due": "due in {left_for_us}",
    "progress.comes": "comes on {on_date}",
    "progress.silence": "due in {left_for_us}, if nothing comes before",
    "progress.unless": "due in {left_for_us} unless {need} come, {have} so far",
    "progress.waits": "waiting, {left_for_us} to go",
    # the timeline
    "line.event": "{name}",
    "line.reached": "Reached “{moment}”",
    "line.slipping": "“{moment}” was expected by now",
    "line.missed": "“{moment}” slipped by",
    "line.retracted": "“{moment}” was taken back: {text}",
    "line.gesture": "{form} about “{moment}”",
    "line.gesture.free": "{form}",
    "line.detail": "Noted",
    "line.promise": "Promised by {on_date}",
    "line.kept": "Promise kept",
    "line.answer": "What makes them want to come back",
    "line.merged": "{party} turned out to be the same person",
    "line.unmerged": "{party} is somebody else after all",
    # pages
    "conflict.file": "The file of the moments was changed meanwhile: nothing was saved. Look at it, then save again",
    "leaving.moment": "The moment “{moment}” has no new owner",
    "leaving.party": "{party} has no new owner",
    "leaving.occasion": "Occasion {number} has no new owner",
    "leaving.to": "{to} is no colleague who is here",
}  # fmt: skip
LENGTHS = (("year", 31_556_952), ("month", 2_629_746), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
SECOND = 1_000_000


def plain(said: Said, zone: str = "UTC") -> str:
    """The sentence in English, its instants in a zone.

    >>> plain(Said("progress.left", {"have": "7", "need": "10", "left_for_us": 5 * 86_400_000_000}))
    '7 of 10, 5 days left'
    """
    return ENGLISH[said.key].format(**{name: _shown(name, value, zone) for name, value in said.facts.items()})


def _shown(name: str, value: Value | Said | tuple[str | Said, ...], zone: str) -> str:
    if isinstance(value, Said):
        return plain(value, zone)
    if isinstance(value, tuple):
        return ", ".join(_shown("", one, zone) for one in value)
    if value is None:
        return "no end"
    if name.endswith("_for_us"):
        return length(int(value))
    if name.endswith("_us"):
        from occasion.desk.dates import local_text

        return local_text(int(value), zone)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def length(us: int) -> str:
    """A length of time in its largest unit, rounded down; years and months together.

    >>> length(5 * 86_400 * SECOND), length(SECOND // 2), length(215_740_800 * SECOND)
    ('5 days', 'under a second', '6 years, 10 months')
    """
    seconds = us // SECOND
    for i, (unit, size) in enumerate(LENGTHS):
        if seconds >= size:
            n, rest = divmod(seconds, size)
            said = _counted(n, unit)
            months = rest // LENGTHS[1][1]
            return f"{said}, {_counted(months, 'month')}" if i == 0 and months else said
    return "under a second"


def _counted(n: int, unit: str) -> str:
    return f"{n} {unit}" + ("" if n == 1 else "s")
