"""A program that sends events with one of the real clients, as a business would; run as a process by the tests.

    python calling.py CLIENT URL KEY COUNT [--pace SECONDS] [--options JSON]

Sends an identify or alias, COUNT events `Lease Signed` with property n, and what else the client has; waits until the
client says that all is sent; prints {"errors": [...], "version": ...} as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

ERRORS: list[str] = []
Track = Callable[[int], None]


def failed(error: Exception, batch: Any) -> None:
    """What every client calls when it gives a batch up."""
    ERRORS.append(f"{type(error).__name__} {getattr(error, 'status', '')}: {error}"[:300])


def segment(url: str, key: str, options: dict[str, Any]) -> tuple[Track, Callable[[], None], str]:
    """analytics-python, whichever version is on the path."""
    from segment.analytics import Client
    from segment.analytics.version import VERSION

    client = Client(key, host=url, on_error=failed, **options)
    client.identify("u1", {"name": "Ewa Nowak"}, anonymous_id="a-1", context={"timezone": "Europe/Warsaw"})
    client.alias("b-1", "u2")
    client.group("u1", "house 4", {"floors": 3})
    client.page("u1", "docs", "Prices", {"path": "/prices"})
    client.screen("u1", "app", "Home")
    client.track("", "Anonymous Visit", anonymous_id="a-1")

    def track(n: int) -> None:
        client.track("u1", "Lease Signed", {"n": n, "unit": "4B", "address": {"city": "Łódź"}})

    return track, client.shutdown if client.consumers else client.flush, VERSION


def rudder(url: str, key: str, options: dict[str, Any]) -> tuple[Track, Callable[[], None], str]:
    """RudderStack's Python client: traits travel in the context."""
    from rudderstack.analytics.client import Client
    from rudderstack.analytics.version import VERSION

    client = Client(key, host=url, on_error=failed, **options)
    client.identify("u1", {"name": "Ewa Nowak"}, anonymous_id="a-1")
    client.alias("b-1", "u2")
    client.group("u1", "house 4", {"floors": 3})
    client.page("u1", "docs", "Prices", {"path": "/prices"})
    client.screen("u1", "app", "Home")
    client.track(anonymous_id="a-1", event="Anonymous Visit")

    def track(n: int) -> None:
        client.track("u1", "Lease Signed", {"n": n, "unit": "4B", "address": {"city": "Łódź"}})

    return track, client.shutdown if client.consumers else client.flush, VERSION


def posthog(url: str, key: str, options: dict[str, Any]) -> tuple[Track, Callable[[], None], str]:
    """PostHog's Python client, in the mode the options say."""
    from posthog import Posthog
    from posthog.version import VERSION

    client = Posthog(key, host=url, on_error=failed, flush_interval=0.5, **options)
    client.set(distinct_id="u1", properties={"name": "Ewa Nowak"})
    client.alias("a-1", "u1")
    client.alias("b-1", "u2")
    client.group_identify("company", "house 4", {"floors": 3})
    client.capture("Anonymous Visit", distinct_id="a-1")
    assert client.get_feature_flag("nothing", "u1") in (None, False)

    def track(n: int) -> None:
        given = {"n": n, "unit": "4B", "address": {"city": "Łódź"}}
        client.capture("Lease Signed", distinct_id="u1", properties=given)

    return track, client.shutdown, VERSION


CLIENTS = {"segment": segment, "rudder": rudder, "posthog": posthog}


def main() -> None:
    """Send, wait, say what went wrong."""
    given = argparse.ArgumentParser()
    given.add_argument("client", choices=CLIENTS)
    given.add_argument("url")
    given.add_argument("key")
    given.add_argument("count", type=int)
    given.add_argument("--pace", type=float, default=0.0)
    given.add_argument("--options", default="{}")
    asked = given.parse_args()
    track, finish, version = CLIENTS[asked.client](asked.url, asked.key, json.loads(asked.options))
    for n in range(asked.count):
        track(n)
        if asked.pace:
            time.sleep(asked.pace)
    finish()
    sys.stdout.write(json.dumps({"errors": ERRORS, "version": version}))


if __name__ == "__main__":
    main()
