"""What makes the first page quicker is made ready after the server is, and not before."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from doors import desk_app
from occasion.service import app as application
from occasion.service.pages.rendering import templates


def test_templates_are_compiled_once_the_server_is_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "WARM_AFTER", 1.0)
    templates.cache_clear()
    names = set(templates().list_templates(extensions=["html"]))
    with desk_app(tmp_path):
        assert not compiled()
        until = time.monotonic() + 20
        while compiled() != names:
            assert time.monotonic() < until, names - compiled()
            time.sleep(0.05)


def test_a_server_that_stops_before_that_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "WARM_AFTER", 1.0)
    templates.cache_clear()
    with desk_app(tmp_path):
        pass
    time.sleep(1.2)
    assert not compiled()


def compiled() -> set[str]:
    cache = templates().cache
    assert cache is not None
    return {name for _, name in cache.keys()}  # noqa: SIM118 (no Mapping)
