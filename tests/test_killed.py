"""Killed at random instants under load: nothing acknowledged is lost, nothing doubled, occurrences as `reach` has them.

bench/reliability.py does the same two hundred times on either database.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from killing import killed


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_killed_five_times_under_load(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    records = None if database == "sqlite" else request.getfixturevalue("postgres_server").database()
    with killed(tmp_path / "w", records) as trial:
        trial.kill(5)
        trial.settle()
        assert trial.wrong() == []
        assert len(trial.acknowledged) > 200
