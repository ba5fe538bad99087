"""The report: one HTML file that asks nothing of the network, to be read by people who did not run it."""

from __future__ import annotations

import base64
import hashlib
import os
from importlib.resources import files
from pathlib import Path

from occasion import __version__
from occasion.finding.findings import Findings
from occasion.finding.report_numbers import visible
from occasion.finding.report_people import Reaching
from occasion.finding.report_view import page
from occasion.finding.report_words import Words, words_in

TEMPLATES = "templates"


def write_report(
    findings: Findings,
    path: str | os.PathLike[str],
    *,
    source_text: str = "",
    reach_command: Reaching | None = None,
    language: str = "en",
) -> Path:
    """Write the report to `path`, whole or not at all, and return it.

    `source_text`: what was read, as a person would say it. `reach_command`: the `occasion reach` command that reads the
    same source, without its `--moment`, or a function from a moment's text to the whole command.
    """
    path = Path(path)
    text = html(findings, source_text=source_text, reach_command=reach_command, words=words_in(language))
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
    return path


def html(
    findings: Findings,
    *,
    source_text: str = "",
    reach_command: Reaching | None = None,
    words: Words | None = None,
) -> str:
    """The report as text. Whatever comes from the data is escaped; no script and no address is in it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    words = words or words_in()
    style = files("occasion.finding").joinpath(f"{TEMPLATES}/report.css").read_text(encoding="utf-8")
    environment = Environment(
        loader=PackageLoader("occasion.finding", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    return environment.get_template("report.html").render(
        page=page(findings, words, source_text, reach_command),
        t=words,
        style=style,
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        version=__version__,
    )
