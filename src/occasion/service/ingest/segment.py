"""What the clients of the Segment family send (analytics-python, analytics.js, RudderStack's): six kinds of call."""

from __future__ import annotations

from typing import Any

import msgspec

from occasion.service.ingest.envelope import Envelope
from occasion.service.ingest.fields import Id, Unfit, make_event, shift_of, text_id, when, zone_of
from occasion.service.ingest.limits import Limits
from occasion.service.ingest.reading import Asked, Reading, content_id, read_items
from occasion.store.arrived import Arrived, Merge, Traits, identity

KINDS = ("track", "identify", "group", "page", "screen", "alias")
PARTY_KIND = "customer"


class Context(msgspec.Struct, gc=False):
    """What of a context is used."""

    timezone: Any = None
    active: Any = None
    traits: dict[str, Any] | None = None


class Item(msgspec.Struct, gc=False, rename="camel"):
    """One call. Null is absent; ids may be numbers."""

    type: str | None = None
    message_id: Id = None
    user_id: Id = None
    anonymous_id: Id = None
    previous_id: Id = None
    group_id: Id = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: Context | None = None
    timestamp: Any = None
    original_timestamp: Any = None
    sent_at: Any = None


ITEM = msgspec.json.Decoder(Item)


def read_segment(envelope: Envelope, limits: Limits, asked: Asked, kind: str) -> Reading:
    """The items of a body. `kind`: one of KINDS for a single call, else "batch"."""
    shift = shift_of(envelope.sent, asked.received)
    shared = _context(envelope.context)
    single = kind if kind != "batch" else None

    def convert(text: bytes, place: int) -> Arrived:
        item = ITEM.decode(text)
        if shared is not None:
            item.context = _joined(item.context, shared)
        own = shift if item.sent_at is None or single else shift_of(item.sent_at, asked.received)
        return _convert(item, text, single, (asked, own, place))

    return read_items(envelope, limits, asked, kind, convert)


def _context(given: dict[str, Any]) -> Context | None:
    try:
        return msgspec.convert(given, Context) if given else None
    except msgspec.ValidationError:
        return None


def _joined(own: Context | None, shared: Context) -> Context:
    if own is None:
        return shared
    return Context(
        own.timezone if own.timezone is not None else shared.timezone,
        own.active if own.active is not None else shared.active,
        {**(shared.traits or {}), **(own.traits or {})},
    )


def _convert(item: Item, text: bytes, single: str | None, how: tuple[Asked, int, int]) -> Arrived:
    kind = single or (item.type or "").lower()
    if kind not in KINDS:
        raise Unfit("type", item.type, f"is no kind of call; send one of {', '.join(KINDS)}")
    asked, shift, place = how
    message_id = text_id(item.message_id, "messageId") or content_id(text, asked, place)
    original = item.original_timestamp if item.original_timestamp is not None else item.timestamp
    at = when(original, shift, asked.received)
    user = None if item.user_id is None else text_id(item.user_id, "userId")
    anonymous = None if item.anonymous_id is None else text_id(item.anonymous_id, "anonymousId")
    if kind == "alias":
        return Arrived(asked.source, message_id, merge=_alias(item, user), at_us=at)
    if kind == "group":
        return Arrived(asked.source, message_id, traits=_group(item, user or anonymous), at_us=at)
    party = user or anonymous
    if party is None:
        raise Unfit("userId", None, f"is missing and anonymousId is too: {kind} needs one of them; send whose it is")
    if kind == "identify":
        merge = Merge(anonymous, user, "identify") if user and anonymous and user != anonymous else None
        return Arrived(asked.source, message_id, merge=merge, traits=_traits(item, party), at_us=at)
    name, given = _said(item, kind)
    zone = None
    if item.context is not None:
        zone = zone_of(item.context.timezone)
        if item.context.active is False:
            given = {**given, "active": False}
    event_id = identity(asked.source, message_id)
    event = make_event(event_id, party, name, at=at, seen=asked.received, given=given, zone=zone)
    return Arrived(asked.source, message_id, event)


def _said(item: Item, kind: str) -> tuple[str, dict[str, Any]]:
    """The name of an event and its properties; of a page or screen, its own name is a property."""
    given = item.properties or {}
    if kind == "track":
        name = text_id(item.event, "event")
        if name is None:
            raise Unfit("event", None, "is missing: track needs what happened; send its name")
        return name, given
    extra = {"name": item.name, "category": item.category}
    return f"{kind} viewed", {**given, **{k: v for k, v in extra.items() if v}}


def _alias(item: Item, user: str | None) -> Merge | None:
    previous = text_id(item.previous_id, "previousId")
    if previous is None or user is None:
        missing = "previousId" if previous is None else "userId"
        raise Unfit(missing, None, "is missing: alias needs previousId and userId; send both")
    return Merge(previous, user, "alias") if previous != user else None


def _traits(item: Item, party: str) -> Traits | None:
    """What identify says: its traits, and those in its context, where one client puts them."""
    context = item.context
    found = {**((context.traits if context else None) or {}), **(item.traits or {})}
    if context is not None and (zone := zone_of(context.timezone)):
        found.setdefault("timezone", zone)
    return Traits(party, found, PARTY_KIND) if found else None


def _group(item: Item, party: str | None) -> Traits:
    """What group says: of the party that it is in the group, and what the group is like; without one, of the group."""
    group = text_id(item.group_id, "groupId")
    if group is None:
        raise Unfit("groupId", None, "is missing: group needs it; send which group it is")
    facts = item.traits or {}
    if party is None:
        return Traits(f"group/{group}", dict(facts), PARTY_KIND)
    return Traits(party, {"group": group, **{f"group.{name}": value for name, value in facts.items()}}, PARTY_KIND)
