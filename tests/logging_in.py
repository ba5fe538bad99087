"""The application with one colleague, and the way in, for tests of the doors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from clocks import Clock
from doors import PASSWORD, add, desk_app, do
from occasion.service import passwords
from occasion.store.schema.doors import AUDIT

START = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def app(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    cheap = passwords.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", cheap)
    with desk_app(tmp_path, clock) as running:
        add(running, "ewa", "manager", password=PASSWORD, email="ewa@example.com")
        yield running


def form(client: Any, path: str = "/login") -> str:
    return re.findall(r'name="csrf" value="([^"]*)"', client.get(path).text)[0]


def log_in(client: Any, name: str = "ewa", password: str = PASSWORD, following: str = "/password") -> Any:
    return client.post("/login", data={"csrf": form(client), "name": name, "password": password, "next": following})


def actions(app: FastAPI) -> list[str]:
    return do(app, lambda c: list(c.execute(select(AUDIT.c.action).order_by(AUDIT.c.number)).scalars()))
