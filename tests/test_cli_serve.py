"""`occasion serve` and `occasion key` as a person uses them."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from databases import Postgres
from occasion.cli import run
from occasion.store.audit import Head, verify
from occasion.store.records import open_records
from occasion.store.schema.doors import AUDIT, KEYS
from serving import free_port, make_place, serving


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return make_place(tmp_path / "shop")


def occasion(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "occasion.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command says that ends well."""
    assert run([*arguments]) == 0
    return capsys.readouterr().out.strip()


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line of a command that is refused."""
    assert run([*arguments]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    return line


class TestKeys:
    def test_a_key_is_shown_once_and_kept_as_a_digest(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        where = ("--workspace", str(place))
        secret = said(capsys, "key", "new", "website", *where)
        other = json.loads(said(capsys, "key", "new", "website", "--source", "shop", "--json", *where))
        assert secret != other["key"]
        assert len(secret) >= 36
        listed = said(capsys, "key", "list", *where)
        assert secret not in listed
        assert f"{secret[:8]}...  website  source website  may write" in listed
        assert "never used" in listed
        assert all(secret.encode() not in file.read_bytes() for file in place.rglob("*") if file.is_file())

    def test_keys_overlap_and_end(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        where = ("--workspace", str(place))
        for more in ([], ["--overlap", "24"]):
            said(capsys, "key", "new", "website", *more, *where)
        keys = json.loads(said(capsys, "key", "list", "--json", *where))["keys"]
        ends = sorted(key["ends_us"] - key["made_us"] for key in keys if key["ends_us"])
        assert len(keys) == 2
        assert len(ends) == 1
        assert 24 * 3600 * 1_000_000 <= ends[0] < 25 * 3600 * 1_000_000
        assert json.loads(said(capsys, "key", "end", "website", "--json", *where)) == {"ended": 2}
        assert "none in force" in refusal(capsys, "key", "end", "website", *where)
        engine = open_records(place / "data" / "records.db")
        with engine.connect() as connection:
            actions = [row.action for row in connection.execute(AUDIT.select().order_by(AUDIT.c.number))]
            assert isinstance(verify(connection), Head)
        engine.dispose()
        assert actions == ["key made", "key made", "key ended"]

    @pytest.mark.parametrize(
        ("given", "why"),
        [
            (("website", "--may", "delete"), "write or read"),
            (("website", "--key", "short"), "16 to 200"),
            (("website", "--key", "with:colon:0123456789"), "no colon"),
            (("website", "--source", "a:b"), "without a colon"),
            (("website", "--source", "Desk"), "the desk's own"),
            (("  ",), "1 to 100"),
        ],
    )
    def test_what_is_no_key(
        self, place: Path, capsys: pytest.CaptureFixture[str], given: tuple[str, ...], why: str
    ) -> None:
        assert why in refusal(capsys, "key", "new", *given, "--workspace", str(place))

    def test_the_same_key_twice(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        given = ("key", "new", "a", "--key", "one-key-0123456789", "--workspace", str(place))
        said(capsys, *given)
        assert "is there already" in refusal(capsys, *given)


class TestServe:
    def test_a_port_in_use_is_one_line(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            line = refusal(capsys, "serve", "--port", port, "--workspace", str(place))
        assert f"--port {port}" in line
        assert "in use" in line

    def test_no_workspace_is_one_line(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert "holds no occasion.toml" in refusal(capsys, "serve", "--workspace", str(tmp_path))

    def test_a_second_server_on_one_workspace_is_refused_in_one_line(self, tmp_path: Path) -> None:
        with serving(tmp_path / "shop", "--no-watch") as server:
            second = occasion("serve", "--port", str(free_port()), "--workspace", str(server.folder))
        assert second.returncode == 2
        assert "Traceback" not in second.stderr
        last = second.stderr.strip().splitlines()[-1]
        assert "cli.py: " in last
        assert "should not happen" not in last

    def test_told_to_stop_it_ends_well_and_keeps_what_it_took(self, tmp_path: Path) -> None:
        with serving(tmp_path / "shop", "--no-watch") as server:
            track = {"event": "x", "userId": "u1", "messageId": "1"}
            assert requests.post(server.url + "/v1/track", json=track, auth=(server.key, ""), timeout=10).ok
            assert server.stop() == 0
            server.start()
            again = requests.post(server.url + "/v1/track", json=track, auth=(server.key, ""), timeout=10)
            assert again.json()["known"] == 1
            assert server.process is not None
            server.process.send_signal(signal.SIGINT)
            assert server.process.wait(20) == 0

    def test_a_key_made_while_it_runs_opens_within_a_second_or_two(self, tmp_path: Path) -> None:
        with serving(tmp_path / "shop", "--no-watch") as server:
            made = occasion("key", "new", "later", "--workspace", str(server.folder)).stdout.strip()
            call = {"json": {"event": "x", "userId": "u1"}, "auth": (made, ""), "timeout": 10}
            statuses = []
            while 200 not in statuses and len(statuses) < 40:
                statuses.append(requests.post(server.url + "/v1/track", **call).status_code)  # type: ignore[arg-type]
                if statuses[-1] != 200:
                    assert statuses[-1] == 401
                    subprocess.run([sys.executable, "-c", "import time; time.sleep(.1)"], check=True)
            assert statuses[-1] == 200

    def test_records_in_postgresql(self, tmp_path: Path, postgres_server: Postgres) -> None:
        url = postgres_server.database()
        odd = {"event": "Zażółć \u0000", "userId": "u\u0000", "properties": {"a": "\ud83d", "b\u0000": "\u0000"}}
        with serving(tmp_path / "shop", "--no-watch", env={"OCCASION_RECORDS": url}) as server:
            auth = (server.key, "")
            assert requests.post(server.url + "/v1/track", json=odd, auth=auth, timeout=10).json()["taken"] == 1
            named = {"userId": "u\u0000", "traits": {"a\u0000": "\u0000", "n": 1e300}}
            assert requests.post(server.url + "/v1/identify", json=named, auth=auth, timeout=10).json()["taken"] == 1
            refused = {"batch": [{"type": "\u0000", "userId": "\u0000", "n": 1e300}, "\u0000"]}
            assert requests.post(server.url + "/v1/batch", json=refused, auth=auth, timeout=10).json()["refused"] == 2
            server.kill()
            server.start()
            assert requests.post(server.url + "/v1/track", json=odd, auth=auth, timeout=10).json()["taken"] == 1
        engine = open_records(url)
        with engine.connect() as connection:
            assert [row.name for row in connection.execute(KEYS.select())] == ["tests"]
        engine.dispose()
