"""Colleagues and their logins: the last admin, whoever leaves, old passwords, and the command line."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from clocks import Clock
from doors import PASSWORD, add, do, signed_in, stranger
from logging_in import START, actions, app, clock, log_in
from occasion.errors import InputError
from occasion.service import colleagues, passwords
from occasion.service.farewell import say_goodbye
from occasion.store.schema.doors import COLLEAGUES
from occasion.store.schema.out import FEEDS

__all__ = ["app", "clock"]


def test_the_last_admin_stays(app: FastAPI) -> None:
    add(app, "root", "admin")
    with pytest.raises(InputError, match="only admin"):
        do(app, lambda c: colleagues.set_role(c, START, "root", "root", "colleague"))
    with pytest.raises(InputError, match="only admin"):
        do(app, lambda c: colleagues.close_account(c, START, "root", "root"))
    add(app, "second", "admin")
    do(app, lambda c: colleagues.set_role(c, START, "root", "root", "colleague"))


def test_whoever_leaves_hands_over_first_and_then_nothing_lets_them_in(
    app: FastAPI, clock: Clock, tmp_path: Path
) -> None:
    place = app.state.service.workspace
    place.catalogue.write_text(
        "moments:\n  ten:\n    when: count(seen) >= 10\n    owner: ola\n    purpose: they are here\n", encoding="utf-8"
    )
    client = signed_in(app, "colleague", "ola", teams=("front",))
    do(
        app,
        lambda c: c.execute(
            FEEDS.insert().values(digest=b"x" * 32, colleague="ola", owner="ola", names=False, made_us=1)
        ),
    )

    def leave(to: str | None) -> int:
        return do(app, lambda c: say_goodbye(c, clock(), "ewa", "ola", place=place, to=to))

    with pytest.raises(InputError, match="ten"):
        leave(None)
    assert client.get("/password").status_code == 200
    assert "owner: ola" in place.catalogue.read_text(encoding="utf-8")
    assert leave("ewa") == 0
    assert "owner: ewa" in place.catalogue.read_text(encoding="utf-8")
    assert client.get("/password", headers={"Accept": ""}).status_code == 401
    assert do(app, lambda c: c.execute(select(FEEDS.c.revoked_us)).scalar()) == clock()
    assert actions(app)[-2:] == ["colleague handed over", "colleague left"]
    with pytest.raises(InputError, match="no colleague"):
        leave("ewa")


def test_the_last_admin_does_not_leave_and_the_catalogue_stays_as_it_was(app: FastAPI, clock: Clock) -> None:
    place = app.state.service.workspace
    add(app, "root", "admin")
    before = "moments:\n  ten:\n    when: count(seen) >= 10\n    owner: root\n    purpose: they are here\n"
    place.catalogue.write_text(before, encoding="utf-8")
    with pytest.raises(InputError, match="only admin"):
        do(app, lambda c: say_goodbye(c, clock(), "root", "root", place=place, to="ewa"))
    assert place.catalogue.read_text(encoding="utf-8") == before


def test_old_costs_are_made_new_at_login(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    def stored() -> str:
        return do(app, lambda c: c.execute(select(COLLEAGUES.c.password)).scalar_one())

    before = stored()
    newer = passwords.PasswordHasher(time_cost=2, memory_cost=2048, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", newer)
    assert log_in(stranger(app)).status_code == 303
    after = stored()
    assert before != after
    assert newer.verify(after, PASSWORD)


def test_colleagues_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    from occasion.cli import run
    from occasion.store.workspace import make_workspace

    place = str(make_workspace(tmp_path / "place").folder)

    def occasion(*words: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        status = run([*words, "--workspace", place])
        said = capsys.readouterr()
        return status, said.out, said.err

    assert "colleague add ID" in occasion("colleague", "list")[1]
    assert occasion("colleague", "add", "ewa", "--role", "admin", stdin=PASSWORD + "\n")[0] == 0
    assert occasion("colleague", "add", "jan", "--team", "front", "--no-password")[0] == 0
    assert occasion("colleague", "add", "ewa", stdin=PASSWORD)[0] == 2
    status, out, _ = occasion("colleague", "list")
    assert "ewa  ewa  admin  no team  password" in out
    assert "jan  jan  colleague  front  cannot log in: no password yet" in out
    assert occasion("colleague", "role", "ewa", "colleague")[0] == 2
    assert occasion("colleague", "password", "jan", stdin="short")[0] == 2
    assert occasion("colleague", "password", "jan", stdin="nine slow yellow trams")[0] == 0
    assert occasion("colleague", "role", "jan", "admin")[0] == 0
    assert '"role":"admin"' in occasion("colleague", "list", "--json")[1]
    status, out, _ = occasion("audit", "verify")
    assert (status, out[:14]) == (0, "intact: 4 rows")
    row = re.findall(r"4:[0-9a-f]{64}", out)[0]
    assert occasion("audit", "verify", "--row", row)[0] == 0
    assert occasion("audit", "verify", "--row", row[:-1] + ("0" if row[-1] != "0" else "1"))[0] == 1
    assert occasion("audit", "verify", "--row", "x")[0] == 2
