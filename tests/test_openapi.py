"""The API's document is true: schemathesis makes requests of it, right ones and wrong ones, and finds nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from occasion.service.ingest import described
from occasion.service.ingest.described import DOORS
from serving import make_key, serving


def run_schemathesis(url: str, key: str, *options: str) -> subprocess.CompletedProcess[str]:
    """The command as a person would run it: every check, its own defaults."""
    tool = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    if tool is None:
        pytest.skip("schemathesis is not installed: it comes with the extra dev")
    command = [tool, "run", f"{url}/openapi.json", "--auth", f"{key}:", "--checks", "all", "--no-color", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=550, check=False)


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    with serving(tmp_path / "shop", "--no-watch") as server:
        found = run_schemathesis(server.url, server.key, "--max-examples", "4", "--seed", "3")
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]


def test_what_is_blank_to_the_server_is_blank_to_the_document() -> None:
    """Which characters are spaces is another matter in each language: the pattern says them as Python strips them."""
    schemas = pytest.importorskip("jsonschema_rs", reason="comes with schemathesis")
    named = schemas.validator_for(described.NAME)
    characters = [chr(code) for code in range(0x11000) if not 0xD800 <= code < 0xE000]
    assert [one for one in characters if named.is_valid(one) != bool(one.strip())] == []


@pytest.mark.slow
@pytest.mark.parametrize("may", ["write", "read"])
def test_schemathesis_finds_nothing_in_a_longer_run(tmp_path: Path, may: str) -> None:
    with serving(tmp_path / "shop", "--no-watch") as server:
        key = server.key if may == "write" else make_key(server.folder, "reading", may="read")
        found = run_schemathesis(server.url, key, "--max-examples", "120")
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]


def test_the_document_has_every_door_with_an_example_that_works(tmp_path: Path) -> None:
    with serving(tmp_path / "shop", "--no-watch") as server:
        document: dict[str, Any] = requests.get(f"{server.url}/openapi.json", timeout=10).json()
        doors = {
            path: found["post"]
            for path, found in document["paths"].items()
            if "events" in found.get("post", {}).get("tags", [])
        }
        assert len(doors) == len(DOORS)
        for path, door in doors.items():
            assert {"200", "400", "401", "408", "413", "415", "429", "503"} == door["responses"].keys()
            for kind, content in door["requestBody"]["content"].items():
                headers = {"Content-Type": kind, "X-Write-Key": server.key}
                answer = requests.post(server.url + path, json=content["example"], headers=headers, timeout=10)
                assert answer.status_code == 200, (path, answer.text)
                assert answer.json()["refused"] == 0, (path, answer.text)
    assert document["components"]["securitySchemes"].keys() >= {"basic", "bearer", "writeKey"}
