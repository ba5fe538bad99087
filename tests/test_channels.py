"""How colleagues are told: what they may set themselves, what only the machine's keeper may, what is never shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from typer.testing import CliRunner

from doors import desk_app, do, signed_in
from occasion.cli import app as command
from occasion.errors import InputError
from occasion.service import colleagues
from occasion.service.out import channels, notices, webhooks
from occasion.service.out.sending import Sending
from occasion.store.schema.doors import AUDIT, COLLEAGUES
from occasion.store.schema.out import DELIVERIES, NOTICES, WEBHOOKS

NOW = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC
TOKENS = "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
SLACK = f"slack://{TOKENS}"
pytestmark = pytest.mark.filterwarnings("ignore:.imghdr. is deprecated:DeprecationWarning")  # a library of Apprise's


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    with desk_app(tmp_path, lambda: NOW) as running:
        running.state.service.sending.stop()  # nothing is sent from here
        yield running


def held(app: FastAPI, id: str) -> Any:
    return do(app, lambda c: c.execute(select(COLLEAGUES.c.notify).where(COLLEAGUES.c.id == id)).scalar())


def test_a_colleague_sets_how_they_are_told_and_no_page_says_the_address(app: FastAPI) -> None:
    ewa, boss = signed_in(app, "colleague", "ewa"), signed_in(app, "admin", "ann")
    form = {"do": "notify", "address": SLACK, "at_once": "yes", "morning": "06:45"}
    assert ewa.post("/settings", data=form).status_code == 303
    assert held(app, "ewa") == {"addresses": [SLACK], "at_once": True, "morning": "06:45"}
    for client in (ewa, boss):
        page = client.get("/settings").text
        assert "slack" in page
        assert TOKENS not in page
        assert "TIiajkdnlazkcOXrIdevi7FQ" not in page
    assert held(app, "ann") == {}
    assert ewa.post("/settings", data={"do": "notify", "morning": ""}).status_code == 303
    assert held(app, "ewa") == {"addresses": [SLACK], "at_once": False, "morning": ""}
    gone = {"do": "channel_end", "digest": channels.channel_digest(SLACK)}
    assert boss.post("/settings", data=gone).status_code == 422  # it is not theirs
    assert ewa.post("/settings", data=gone).status_code == 303
    assert held(app, "ewa")["addresses"] == []
    facts = [row.facts for row in do(app, lambda c: c.execute(select(AUDIT)).all()) if row.action == "notices changed"]
    assert [one["channels"] for one in facts] == [1, 1, 0]
    assert TOKENS not in str(facts)


@pytest.mark.parametrize(
    "address",
    [
        "json://127.0.0.1:8000/x",
        "mailtos://user:secretword@example.com?smtp=10.0.0.1",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/secretword",
        f"{SLACK}?template=/etc/passwd",
        f"{SLACK} json://127.0.0.1",
        "slack://secretword",
        "secretword",
        "syslog://",
        "slack://" + "x" * 600,
    ],
)
def test_an_address_that_could_lead_anywhere_is_not_set_on_the_page(app: FastAPI, address: str) -> None:
    ewa = signed_in(app, "colleague", "ewa")
    answer = ewa.post("/settings", data={"do": "notify", "address": address, "morning": "07:30"})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "secretword" not in answer.text
    assert held(app, "ewa") == {}


def test_no_service_that_may_be_set_takes_a_host_or_speaks_plainly() -> None:
    import apprise

    found = {}
    for service in apprise.Apprise().details()["schemas"]:
        for kind in (*(service["protocols"] or ()), *(service["secure_protocols"] or ())):
            found[kind] = service["details"]["templates"]
    assert set(channels.OWN_HOSTS) <= set(found)
    assert [kind for kind in channels.OWN_HOSTS if any("{host}" in one for one in found[kind])] == []
    assert any("{host}" in one for one in found["json"])  # what the others look like


@pytest.mark.parametrize("morning", ["24:00", "7:30", "07:30\n", "soon"])
def test_a_morning_that_is_no_time_is_refused(app: FastAPI, morning: str) -> None:
    do(app, lambda c: colleagues.add(c, NOW, "tests", id="ewa", name="Ewa", role="colleague"))
    with pytest.raises(InputError, match="is none"):
        do(app, lambda c: channels.keep(c, NOW, "tests", "ewa", notices.Wishes((), True, morning)))


def test_the_keeper_of_the_machine_sets_any_kind_from_stdin(tmp_path: Path) -> None:
    runner, place = CliRunner(), str(tmp_path / "w")
    assert runner.invoke(command, ["init", place]).exit_code == 0
    added = runner.invoke(command, ["colleague", "add", "ewa", "--no-password", "--workspace", place])
    assert added.exit_code == 0
    said = runner.invoke(
        command,
        ["colleague", "notify", "ewa", "--morning", "06:00", "--workspace", place],
        input=f"json://10.0.0.1\n{SLACK}\n",
    )
    assert (said.exit_code, said.stdout) == (0, "ewa is told by: json, slack\n")
    kept = runner.invoke(command, ["colleague", "notify", "ewa", "--keep", "--not-at-once", "--workspace", place])
    assert kept.stdout == "ewa is told by: json, slack\n"
    none = runner.invoke(command, ["colleague", "notify", "ewa", "--workspace", place], input="")
    assert none.stdout == "ewa is told by: the desk only\n"
    unknown = runner.invoke(command, ["colleague", "notify", "nobody", "--workspace", place], input="")
    assert isinstance(unknown.exception, InputError)


def test_one_service_that_fails_keeps_nobody_else_waiting_and_who_left_is_not_told(app: FastAPI) -> None:
    service, asked = app.state.service, []

    def filled(connection: Any) -> None:
        for id in ("ewa", "jan", "ola"):
            colleagues.add(connection, NOW, "tests", id=id, name=id, role="colleague", teams=("clinic",))
            channels.keep(connection, NOW, "tests", id, notices.Wishes((f"json://{id}",)))
        assert notices.tell_at_once(connection, "clinic", "angry with us", "patient-7", NOW) == 3
        colleagues.close_account(connection, NOW, "tests", "ola")

    def notify(addresses: Sequence[str], title: str, body: str) -> bool:
        asked.append(addresses)
        if addresses == ("json://ewa",):
            raise RuntimeError("a fault of the service's own")
        return True

    do(app, filled)
    sending = Sending(service.engine, service.writer.do, lambda: NOW, post=lambda *_: 200, notify=notify)
    assert sending.once() == 3
    query = select(NOTICES.c.colleague, NOTICES.c.outcome).order_by(NOTICES.c.colleague)
    rows = do(app, lambda c: [tuple(row) for row in c.execute(query)])
    assert rows == [("ewa", "refused by the service"), ("jan", "sent"), ("ola", "not wanted")]
    assert sending.once() == 0
    assert asked == [("json://ewa",), ("json://jan",)]


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/hook", "http://[::1]/", "https://169.254.169.254/latest", "ftp://x"]
)
def test_a_webhook_that_may_not_be_reached_is_refused_when_it_is_typed(app: FastAPI, url: str) -> None:
    boss = signed_in(app, "admin", "ann")
    answer = boss.post("/settings", data={"do": "hook", "url": url})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert do(app, lambda c: c.execute(select(WEBHOOKS)).all()) == []


def test_one_message_that_cannot_be_sent_holds_up_no_other_and_old_ones_go(app: FastAPI) -> None:
    service, sent = app.state.service, []

    def filled(connection: Any) -> None:
        for host in ("bad", "good"):
            secret = webhooks.new_secret(lambda n: b"s" * n)
            webhooks.add_webhook(connection, f"https://{host}.example/", (), secret, NOW)
        assert webhooks.queue(connection, "moment.reached", "1", {}, now=NOW, party="p") == 2

    def post(url: str, *_: object) -> int:
        if "bad" in url:
            raise RuntimeError("a fault of the library's own")
        sent.append(url)
        return 204

    do(app, filled)
    clock = [NOW]
    sending = Sending(service.engine, service.writer.do, lambda: clock[0], post=post, notify=lambda *_: True)
    assert sending.once() == 2
    assert sent == ["https://good.example/"]
    rows = do(app, lambda c: [tuple(r) for r in c.execute(select(DELIVERIES.c.outcome, DELIVERIES.c.tries))])
    assert rows == [("could not be sent (RuntimeError)", 1), ("answered 204", 1)]
    clock[0] = NOW + 31 * 86_400_000_000
    sending.once()
    assert do(app, lambda c: c.execute(select(DELIVERIES.c.webhook)).scalars().all()) == [1]  # it still waits
