"""What is known about a party at a glance, for the command line: no events, these are the log's."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from occasion.errors import InputError
from occasion.people.details import details_of
from occasion.people.merges import history
from occasion.people.partial import read_partial, today_in
from occasion.people.parties import party_of
from occasion.people.promises import promises_of
from occasion.people.traits import traits_of


def summary(connection: Connection, party: str, now: int, zone: str) -> dict[str, Any]:
    """Plain values: the party, its traits, details (with the next date each means), promises and merges.

    `zone`: where the party states none. InputError when nothing is known under this identity.
    """
    found = party_of(connection, party)
    merges = history(connection, party)
    if not found.known and not merges:
        raise InputError(
            f"party {party!r}: nothing is noted under it; the desk shows its events, and finds people by name"
        )
    today = today_in(found.zone or zone, now)
    noted = []
    for detail in details_of(connection, party):
        span = read_partial(detail.on_date).next(today, yearly=detail.text == "birthday") if detail.on_date else None
        noted.append({**asdict(detail), "next": span.first.isoformat() if span else None})
    return {
        "party": asdict(found),
        "today": today.isoformat(),
        "traits": [asdict(trait) for trait in traits_of(connection, party)],
        "details": noted,
        "promises": [asdict(promise) for promise in promises_of(connection, party)],
        "merges": [asdict(one) for one in merges],
    }


def summary_text(found: dict[str, Any]) -> str:
    """The same in lines for a terminal."""
    party = found["party"]
    lines = [f"{party['name'] or party['party']}  ({party['kind']}, {', '.join(party['identities'])})"]
    said = [("owner", party["owner"]), ("zone", party["zone"]), ("locale", party["locale"]),
            ("channel", party["channel"]), ("rest days", party["rest_days"])]  # fmt: skip
    lines += [f"  {name}: {value}" for name, value in said if value is not None]
    if party["deceased"]:
        lines.append(f"  deceased: {party['deceased']}; nobody may be contacted under this name")
    if party["quiet_from"] or party["quiet_to"]:
        lines.append(f"  quiet hours: {party['quiet_from'] or '?'} to {party['quiet_to'] or '?'}")
    for channel, consent in party["consent"].items():
        lines.append(f"  {channel}: {'yes' if consent['given'] else 'no'} ({consent['source']})")
    lines += [f"  {trait['key']}: {trait['value']}  [{trait['source']}]" for trait in found["traits"]]
    for detail in found["details"]:
        marks = [detail["use"], *(["sensitive"] if detail["sensitive"] else [])]
        marks += ["do not mention"] if detail["unmentioned"] else []
        date = f" {detail['on_date']}" if detail["on_date"] else ""
        following = f", next {detail['next']}" if detail["next"] else ""
        lines.append(f"  - {detail['text']}{date}{following}  [{detail['source']}; {', '.join(marks)}]")
    for promise in found["promises"]:
        state = "kept" if promise["kept_us"] else "dropped" if promise["dropped_us"] else "open"
        lines.append(f"  promised by {promise['due']}: {promise['text']}  [{state}]")
    return "\n".join(lines)
