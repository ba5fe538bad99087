"""From an event at the door to the desk, a colleague's notice and a webhook, through a running server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert, select
from standardwebhooks.webhooks import Webhook as Reader

from occasion.service.out.webhooks import add_webhook
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.doors import COLLEAGUES
from occasion.store.schema.out import NOTICES
from serving import serving_here
from webhook_receiver import receiving, signing_secret

CATALOGUE = """
moments:
  angry with us:
    when: complaint
    owner: ewa
    purpose: heard, solved, followed up
    mark: pit
"""


def soon(what: Callable[[], object]) -> None:
    until = time.monotonic() + 15
    while not what():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)


@pytest.mark.filterwarnings("ignore:.imghdr. is deprecated:DeprecationWarning")  # a library of Apprise's
def test_a_complaint_is_told_at_once_to_its_owner_and_to_machines(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    with receiving() as hook, receiving() as phone:
        (folder / "occasion.toml").write_text('zone = "UTC"\n[webhooks]\nallow = ["127.0.0.1"]\n')
        with serving_here(folder, catalogue=CATALOGUE) as server:
            service = server.service
            row = {
                "id": "ewa", "name": "Ewa", "role": "manager", "capacity": 5, "joined_us": 1,
                "notify": {"addresses": [phone.url.replace("http", "json")]},
            }  # fmt: skip
            service.writer.do(lambda c: c.execute(insert(COLLEAGUES).values(row)) and None).result(10)
            service.writer.do(lambda c: add_webhook(c, hook.url, (), signing_secret(), 1)).result(10)
            sent = {"userId": "p1", "event": "complaint", "messageId": "m1"}
            httpx.post(server.url + "/v1/track", auth=(server.key, ""), json=sent).raise_for_status()
            soon(lambda: len(hook.got) >= 2 and phone.got)
            soon(lambda: _read(service.engine, select(NOTICES.c.outcome)) == ["sent"])
            [owner] = _read(service.engine, select(OCCASIONS.c.owner))
        told = [Reader(signing_secret()).verify(body, headers) for headers, body in hook.got]
    assert owner == "ewa"
    assert {one["type"] for one in told} == {"moment.reached", "occasion.opened"}
    assert {one["data"]["party"] for one in told} == {"p1"}
    assert "p1" not in json.loads(phone.got[0][1])["message"]


def _read(engine: object, query: object) -> list[str]:
    with engine.connect() as connection:  # type: ignore[attr-defined]
        return list(connection.execute(query).scalars())
