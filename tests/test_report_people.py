"""The commands that the report prints, run on the real network: each lists exactly the people behind its number."""

from __future__ import annotations

import html
import json
import re
import shlex
from pathlib import Path

import pytest

from occasion.cli import run

LINE = "distinct(counterpart of message) >= 10 within 14 days of start"
KEPT = 'count(message where direction = "out") >= 1 between 28 days and 70 days after start'
# science.md 1: 1 800 people, 33.0 % kept; ten different people within 14 days: 504, of whom 62.7 % kept, else 21.5 %
PEOPLE = {
    "Reached it": 504,
    "Reached it and was kept": 316,
    "Reached it and was not kept": 188,
    "Did not reach it": 1296,
    "Everybody who was kept": 594,
    "Everybody who was not kept": 1206,
}


def test_the_people_behind_the_real_numbers(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mapping = "party=source,counterpart=target,at=weight,name='message'"
    source = [str(data / "collegemsg.txt"), "--both", "--map", mapping]
    page = tmp_path / "report.html"
    assert run(["find", *source, "--kept", KEPT, "--ask", LINE, "--most", "1", "--html", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    article = re.search(
        r'<article class="line"(?:(?!</article>).)*?' + re.escape(html.escape(LINE)) + r".*?</article>", text, re.S
    )
    assert article is not None
    for figure in ("<b>504</b>", "62.7\N{NO-BREAK SPACE}%", "21.5\N{NO-BREAK SPACE}%"):
        assert figure in article[0]
    outcome = text[text.index('<section id="people"') :]
    commands = dict(
        re.findall(r'<p class="command"><span>([^<]*)</span> <code dir="ltr">(.*?)</code>', article[0] + outcome)
    )
    assert set(commands) == set(PEOPLE)
    for who, number in PEOPLE.items():
        words = shlex.split(html.unescape(commands[who]))
        assert words[0] == "occasion"
        capsys.readouterr()
        assert run([*words[1:], "--json"]) == 0
        listed = {json.loads(line)["party"] for line in capsys.readouterr().out.splitlines()}
        assert len(listed) == number, who
