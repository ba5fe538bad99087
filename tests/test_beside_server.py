"""The command line beside a running server, as a person uses it, on both databases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from base64 import b64encode
from pathlib import Path

import pytest

from databases import Postgres
from serving import ServerProcess, serving


@pytest.fixture(params=["sqlite", "postgres"])
def env(request: pytest.FixtureRequest) -> dict[str, str]:
    """What tells both processes where the records are."""
    if request.param == "sqlite":
        return {}
    server: Postgres = request.getfixturevalue("postgres_server")
    return {"OCCASION_RECORDS": server.database()}


def post(server: ServerProcess, path: str, body: dict[str, object]) -> None:
    headers = {
        "Authorization": "Basic " + b64encode(f"{server.key}:".encode()).decode(),
        "Content-Type": "application/json",
    }
    asked = urllib.request.Request(server.url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked, timeout=20) as answer:
        assert answer.status == 200


def occasion(folder: Path, env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "occasion.cli", *words, "--workspace", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env={**os.environ, **env})


def parties(told: str) -> set[str]:
    return {json.loads(line)["party"] for line in told.splitlines()}


def test_reach_reads_what_was_just_acknowledged_and_a_load_is_refused(tmp_path: Path, env: dict[str, str]) -> None:
    place, file = tmp_path / "shop", tmp_path / "more.csv"
    file.write_text("id,user,event,ts\nf1,u3,paid,2024-01-01\n")
    reach = ("reach", "--moment", "count(paid) >= 2", "--json")
    with serving(place, env=env) as server:
        for party in ("anon", "u1", "u2", "u2"):
            field = "anonymousId" if party == "anon" else "userId"
            post(server, "/v1/track", {"event": "paid", field: party})
        done = occasion(place, env, *reach)
        assert (done.returncode, parties(done.stdout)) == (0, {"u2"}), done.stderr
        post(server, "/v1/identify", {"userId": "u1", "anonymousId": "anon"})
        done = occasion(place, env, *reach)
        assert parties(done.stdout) == {"u1", "u2"}, "two that turned out to be one have paid twice"
        done = occasion(place, env, "load", str(file))
        assert done.returncode == 2
        assert "a server runs on this workspace" in done.stderr
        assert "Traceback" not in done.stderr
        assert server.stop() == 0
    done = occasion(place, env, "load", str(file))
    assert done.returncode == 0, done.stderr
    done = occasion(place, env, "reach", "--moment", "paid", "--json")
    assert parties(done.stdout) == {"u1", "u2", "u3"}
