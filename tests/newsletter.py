"""A newsletter that went to fourteen people, three of whom something is known of, in a running server."""

from __future__ import annotations

import base64
import json
import urllib.request
from typing import Any

from occasion.events.instants import rfc3339
from occasion.people import details, parties
from occasion.service import colleagues
from serving import ServerHere

PASSWORD = "a long walk by the river"
NEWS = "Our garden café opens on Saturday. There will be rhubarb cake, and the roses by the wall are in bloom."
KNOWN = {"p1": ("Rosa Lind", "grows old roses"), "p2": ("Tom Oko", "learns the accordion"), "p3": ("Lu Ng", "bakes")}


def furnish(connection: Any, now: int) -> None:
    colleagues.add(connection, 1, "t", id="ewa", name="Ewa Nowak", role="colleague", password=PASSWORD)
    for party, (name, text) in KNOWN.items():
        parties.change(connection, party, now=1, by="t", name=name, owner="ewa", channel="email")
        noted = now - 40 * 86_400_000_000
        details.note(connection, party, text, now=noted, by="ewa", source="said on the phone")


def send(server: ServerHere, subject: str = "The garden opens", body: str = NEWS, first: str = "n") -> None:
    """The newsletter, as a mailing system says that it went out yesterday; `first`: how the ids of its events begin."""
    at = server.service.clock() - 86_400_000_000
    how = {"direction": "out", "channel": "email", "mass": True, "body": body, "subject": subject}
    batch = [{"type": "track", "userId": f"p{i}", "event": "newsletter", "messageId": f"{first}{i}",
              "timestamp": rfc3339(at), "properties": how} for i in range(14)]  # fmt: skip
    key = base64.b64encode(f"{server.key}:".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {key}"}
    sent = json.dumps({"batch": batch}).encode()
    with urllib.request.urlopen(urllib.request.Request(server.url + "/v1/batch", sent, headers), timeout=5) as answer:
        assert answer.status == 200
