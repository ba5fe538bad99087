"""What every test can rely on: the shared data's place, and that under CI nothing is skipped in silence."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from databases import connection, postgres_server, records_url  # noqa: F401  (fixtures for every test)

ROOT = Path(__file__).resolve().parent.parent
UNDER_CI = bool(os.environ.get("CI"))


def shared_data() -> Path:
    """The folder of real data beside the project, or wherever OCCASION_DATA says."""
    return Path(os.environ.get("OCCASION_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def data() -> Path:
    """The shared real data; skipped with the reason where it is absent."""
    folder = shared_data()
    if not folder.is_dir():
        pytest.skip(f"needs the shared data: {folder} is not there; set OCCASION_DATA to where it is")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI every part is there, so a skip is a failure."""
    report = yield
    # what was written may hold half a character, which does not travel between the processes of a test run
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    if UNDER_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {call.excinfo.value if call.excinfo else ''}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A whole module that skips itself is no better."""
    report = yield
    if UNDER_CI and report.skipped:
        report.outcome = "failed"
    return report
