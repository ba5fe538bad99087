"""Webhooks by the Standard Webhooks rules: signed, tried again with growing pauses, ended when nobody is there.

A message is queued in the same transaction as what it tells of, so that none is lost and none is told of in vain; it
may be sent twice, and its `webhook-id` says so.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, select, update

from occasion.errors import InputError
from occasion.store.schema.out import DELIVERIES, WEBHOOKS

KINDS = ("occasion.opened", "occasion.done", "occasion.slipped", "moment.reached", "moment.retracted")
SECOND = 1_000_000
# How long after the first, second, ... try the next one follows; after the last it is given up.
PAUSES = tuple(s * SECOND for s in (5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400))
ANSWER_SECONDS = 15.0
GONE = 410


@dataclass(frozen=True)
class Webhook:
    """Where messages go, and which. `kinds` empty: all."""

    number: int
    url: str
    kinds: tuple[str, ...]
    made_us: int
    disabled_us: int | None
    why_disabled: str | None


@dataclass(frozen=True)
class Delivery:
    """A message that is due."""

    number: int
    webhook: int
    url: str
    secret: str
    message: str
    body: str
    tries: int


class Post(Protocol):
    """Sends a request to a checked address (see ssrf.py); the answer's status. Raises OSError or InputError."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> int: ...


def new_secret(random: Callable[[int], bytes]) -> str:
    """A signing secret of 32 random bytes, as the rules write it."""
    return "whsec_" + base64.b64encode(random(32)).decode()


def add_webhook(connection: Connection, url: str, kinds: Sequence[str], secret: str, now: int) -> int:
    """Keep a webhook; its number. Raises InputError for an address or kind that cannot be."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or len(url) > 2000:
        raise InputError(
            f"webhook {url[:60]!r}: an address such as https://example.com/hook, without a name or password"
        )
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(f"webhook kind {kind[:40]!r}: one of {', '.join(KINDS)}")
    row = {"url": url, "secret": secret, "kinds": list(kinds), "made_us": now}
    found = connection.execute(WEBHOOKS.insert().values(**row, disabled_us=None, why_disabled=None))
    assert found.inserted_primary_key is not None
    return int(found.inserted_primary_key[0])


def disable(connection: Connection, number: int, why: str, now: int) -> None:
    """Send no more there; what waits is given up."""
    connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.number == number).values(disabled_us=now, why_disabled=why))
    waiting = (DELIVERIES.c.webhook == number) & DELIVERIES.c.done_us.is_(None)
    connection.execute(update(DELIVERIES).where(waiting).values(done_us=now, outcome=f"given up: {why}"))


def webhooks(connection: Connection) -> list[Webhook]:
    """All of them, newest first, without their secrets."""
    rows = connection.execute(select(WEBHOOKS).order_by(WEBHOOKS.c.number.desc()))
    return [
        Webhook(row.number, row.url, tuple(row.kinds), row.made_us, row.disabled_us, row.why_disabled) for row in rows
    ]


def queue(connection: Connection, kind: str, key: str, data: Mapping[str, Any], *, now: int, party: str | None) -> int:
    """Queue a message for every webhook that wants its kind; how many. `key` tells messages of a kind apart."""
    rows = connection.execute(select(WEBHOOKS.c.number, WEBHOOKS.c.kinds).where(WEBHOOKS.c.disabled_us.is_(None))).all()
    wanting = [row.number for row in rows if not row.kinds or kind in row.kinds]
    when = datetime.fromtimestamp(now / SECOND, UTC).isoformat().replace("+00:00", "Z")
    body = json.dumps({"type": kind, "timestamp": when, "data": dict(data)}, separators=(",", ":"), ensure_ascii=False)
    for number in wanting:
        row = {"webhook": number, "message": f"msg_{number}_{kind}_{key}", "party": party, "body": body}
        connection.execute(
            DELIVERIES.insert().values(**row, made_us=now, next_us=now, tries=0, done_us=None, outcome="waiting")
        )
    return len(wanting)


def due(connection: Connection, now: int, most: int = 20) -> list[Delivery]:
    """What is to be sent now, the longest due first."""
    at = (DELIVERIES.c.done_us.is_(None)) & (DELIVERIES.c.next_us <= now)
    joined = select(DELIVERIES, WEBHOOKS.c.url, WEBHOOKS.c.secret).join(
        WEBHOOKS, WEBHOOKS.c.number == DELIVERIES.c.webhook
    )
    rows = connection.execute(joined.where(at).order_by(DELIVERIES.c.next_us, DELIVERIES.c.number).limit(most))
    return [Delivery(r.number, r.webhook, r.url, r.secret, r.message, r.body, r.tries) for r in rows]


def signed(one: Delivery, now: int) -> dict[str, str]:
    """The headers of a message sent now."""
    from standardwebhooks.webhooks import Webhook as Signer

    at = datetime.fromtimestamp(now // SECOND, UTC)
    return {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "Occasion",
        "webhook-id": one.message,
        "webhook-timestamp": str(now // SECOND),
        "webhook-signature": Signer(one.secret).sign(one.message, at, one.body),
    }


def send(one: Delivery, post: Post, now: int) -> tuple[int | None, str]:
    """Send it; the status (None: no answer) and what happened, in a few words."""
    try:
        status = post(one.url, one.body.encode(), signed(one, now), ANSWER_SECONDS)
    except InputError as refused:
        return None, str(refused)
    except OSError as failed:
        return None, f"no answer ({type(failed).__name__})"
    except Exception as failed:  # whatever is wrong with this one must not keep the others waiting
        return None, f"could not be sent ({type(failed).__name__})"
    return status, f"answered {status}"


def tidy(connection: Connection, before: int) -> int:
    """Remove what was settled before an instant; how many."""
    return connection.execute(delete(DELIVERIES).where(DELIVERIES.c.done_us < before)).rowcount


def settle(connection: Connection, one: Delivery, status: int | None, said: str, now: int) -> None:
    """Write down what came of it: done, to be tried again, given up, or nobody there any more."""
    if status == GONE:
        disable(connection, one.webhook, "the other side answered 410: it wants no more", now)
        return
    values: dict[str, Any] = {"tries": one.tries + 1, "outcome": said}
    if status is not None and 200 <= status < 300:
        values["done_us"] = now
    elif one.tries >= len(PAUSES):
        values |= {"done_us": now, "outcome": f"given up after {one.tries + 1} tries: {said}"}
    else:
        values["next_us"] = now + PAUSES[one.tries]
    connection.execute(update(DELIVERIES).where(DELIVERIES.c.number == one.number).values(**values))
