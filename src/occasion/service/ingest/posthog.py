"""What PostHog's clients send: capture, batches in the older and the newer form."""

from __future__ import annotations

from typing import Any

import msgspec

from occasion.service.ingest.envelope import Envelope
from occasion.service.ingest.fields import Id, Unfit, make_event, shift_of, text_id, when, zone_of
from occasion.service.ingest.limits import Limits
from occasion.service.ingest.reading import Asked, Reading, content_id, read_items
from occasion.store.arrived import Arrived, Merge, Traits, identity

PARTY_KIND = "customer"
# These say who somebody is or what they are like; the others happened.
ABOUT_PEOPLE = frozenset(("$identify", "$create_alias", "$merge_dangerously", "$set", "$groupidentify"))
# What its library says of itself, and what is used elsewhere: no facts about what happened.
NO_FACTS = frozenset(
    (
        *("$set", "$set_once", "$groups", "$timezone", "$insert_id", "distinct_id"),
        *("$lib", "$lib_version", "$python_runtime", "$python_version", "$os", "$os_version", "$os_distro"),
        *("$is_server", "$geoip_disable", "$process_person_profile", "$ignore_sent_at", "$cookieless_mode"),
    )
)
MS = 1000


class Options(msgspec.Struct, gc=False):
    """What of the newer form's options is used."""

    disable_skew_correction: Any = None


class Item(msgspec.Struct, gc=False, rename={"set": "$set", "set_once": "$set_once"}):
    """One event. The id of its person may be at the top or among the properties."""

    event: str | None = None
    distinct_id: Id = None
    uuid: Id = None
    timestamp: Any = None
    offset: Any = None
    properties: dict[str, Any] | None = None
    options: Options | None = None
    set: dict[str, Any] | None = None
    set_once: dict[str, Any] | None = None


ITEM = msgspec.json.Decoder(Item)


def read_posthog(envelope: Envelope, limits: Limits, asked: Asked, kind: str) -> Reading:
    """The events of a body."""
    shift = shift_of(envelope.sent, asked.received)

    def convert(text: bytes, place: int) -> Arrived:
        item = ITEM.decode(text)
        if item.properties and envelope.key and item.properties.get("token") == envelope.key:
            del item.properties["token"]  # a key is nowhere kept
        return _convert(item, text, (asked, shift, place))

    return read_items(envelope, limits, asked, kind, convert)


def _convert(item: Item, text: bytes, how: tuple[Asked, int, int]) -> Arrived:
    asked, shift, place = how
    name = text_id(item.event, "event")
    if name is None:
        raise Unfit("event", None, "is missing: say what happened; send its name")
    given = item.properties or {}
    message_id = (
        text_id(item.uuid, "uuid") or text_id_or_none(given.get("$insert_id")) or content_id(text, asked, place)
    )
    at = _when(item, given, shift, asked.received)
    if name == "$groupidentify":  # its distinct_id is a random one, and nobody
        return Arrived(asked.source, message_id, traits=_group(given), at_us=at)
    party = text_id(item.distinct_id, "distinct_id") or text_id(given.get("distinct_id"), "distinct_id")
    if party is None:
        raise Unfit("distinct_id", None, "is missing: an event needs the party it happened to; send whose it is")
    traits = _traits(item, given, party)
    if name in ABOUT_PEOPLE:
        return Arrived(asked.source, message_id, merge=_merge(name, given, party), traits=traits, at_us=at)
    shown = given if NO_FACTS.isdisjoint(given) else {k: v for k, v in given.items() if k not in NO_FACTS}
    event_id = identity(asked.source, message_id)
    zone = zone_of(given.get("$timezone"))
    event = make_event(event_id, party, name, at=at, seen=asked.received, given=shown, zone=zone)
    return Arrived(asked.source, message_id, event, traits=traits)


def text_id_or_none(value: object) -> str | None:
    """A property as an id where it can be one."""
    try:
        return text_id(value, "$insert_id")
    except Unfit:
        return None


def _when(item: Item, given: dict[str, Any], shift: int, received: int) -> int:
    if item.timestamp is None and isinstance(item.offset, (int, float)) and not isinstance(item.offset, bool):
        if not 0 <= item.offset < 1e15:
            raise Unfit("offset", item.offset, "is no number of milliseconds ago; send 0 or more")
        return received - int(item.offset * MS)
    asked_not_to = item.options is not None and item.options.disable_skew_correction is True
    if asked_not_to or given.get("$ignore_sent_at") is True:
        shift = 0
    return when(item.timestamp, shift, received)


def _traits(item: Item, given: dict[str, Any], party: str) -> Traits | None:
    """What is set of a person: at the top, or inside the properties; what is only set once yields to it."""
    found: dict[str, Any] = {}
    for part in (item.set_once, given.get("$set_once"), item.set, given.get("$set")):
        if isinstance(part, dict):
            found.update(part)
    return Traits(party, found, PARTY_KIND) if found else None


def _group(given: dict[str, Any]) -> Traits:
    kind = text_id(given.get("$group_type"), "$group_type")
    key = text_id(given.get("$group_key"), "$group_key")
    if kind is None or key is None:
        missing = "$group_key" if key is None else "$group_type"
        raise Unfit(missing, None, "is missing: $groupidentify needs $group_type and $group_key; send both")
    facts = given.get("$group_set")
    return Traits(f"{kind}/{key}", dict(facts) if isinstance(facts, dict) else {}, PARTY_KIND)


def _merge(name: str, given: dict[str, Any], party: str) -> Merge | None:
    """Who is the same as whom. In `$create_alias` the id it had before is the event's own, the new one the alias."""
    if name == "$identify":
        before = text_id(given.get("$anon_distinct_id"), "$anon_distinct_id")
        return Merge(before, party, "identify") if before and before != party else None
    if name not in ("$create_alias", "$merge_dangerously"):
        return None
    alias = text_id(given.get("alias"), "alias")
    if alias is None:
        raise Unfit("alias", None, f"is missing: {name} needs properties.alias; send the other id")
    if alias == party:
        return None
    return Merge(party, alias, "alias") if name == "$create_alias" else Merge(alias, party, "alias")
