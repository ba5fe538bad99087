"""Who sees what of how messages turned out: each their own, sums of three and more, no colleague beside another."""

from __future__ import annotations

import datetime as dt
import re
import time
from html import unescape
from pathlib import Path

import msgspec
import pytest

from doors import desk_app, do, signed_in
from mailing import OURS, mail, mbox
from occasion.cli import run
from occasion.desk.touches import Line, Shares, Touches
from occasion.desk.touches_kept import FILE, keep, kept
from occasion.desk.touches_page import TouchesPage, touches_page
from occasion.desk.viewer import Viewer
from occasion.service import colleagues
from occasion.store.workspace import make_workspace

BEGIN = int(dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC).timestamp())
DAY = 86_400
NOW = (BEGIN + 40 * DAY) * 10**6
WROTE = {"ewa": 3, "jan": 2, "ola": 4}
TEXTS = iter(
    (
        "The gate is oiled, how does it sound?",
        "Two swallows sit on your line since noon.",
        "I kept the odd green tile for you.",
        "Your ladder is back behind our shed.",
        "Somebody left plums on the stairs, were they yours?",
        "The lamp in the cellar burns again.",
        "Ice took the old gutter off last night.",
        "My uncle mended the clock you brought.",
        "Rain came through the attic window, but only a little.",
    )
)


def place_with_mail(folder: Path) -> Path:
    place = make_workspace(folder / "place").folder
    sent = [mail(f"{who}@firm.example", f"p{i}@{who}.example", next(TEXTS), BEGIN + i * DAY, id=f"{who}{i}")
            for who, many in WROTE.items() for i in range(many)]  # fmt: skip
    sent.append(mail("p0@ewa.example", "ewa@firm.example", "Much better!", BEGIN + 2 * DAY, id="answer", re="ewa0"))
    assert run(["load", str(mbox(folder / "m.mbox", *sent)), "--ours", OURS, "--workspace", str(place)]) == 0
    return place


def rows(page: str) -> dict[str, list[str]]:
    """The tables' rows by their heading."""
    found = {}
    for row in re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", page, re.DOTALL):
        cells = [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.split(r"</t[hd]>", row) if cell.strip()]
        found[cells[0]] = cells[1:]
    return found


def test_the_server_reads_by_itself_and_shows_each_their_own(tmp_path: Path) -> None:
    place = place_with_mail(tmp_path)
    with desk_app(tmp_path, lambda: NOW) as app:
        for who in WROTE:
            do(app, lambda c, w=who: colleagues.add(c, NOW, "tests", id=w, name=w.title(), role="colleague",
                                                    email=f"{w}@firm.example", teams=("front",)))  # fmt: skip
        ewa = signed_in(app, "colleague", "ewa")
        assert "The messages are being read" in ewa.get("/touches").text
        until = time.monotonic() + 60
        while not (place / "data" / FILE).exists():
            assert time.monotonic() < until, "the messages were not read"
            time.sleep(0.1)
        own = ewa.get("/touches").text
        assert rows(own)["In all"] == ["1 (33%)", "0", "2 (67%)", "0", "3"]
        assert "Everybody together" not in own
        assert "front" not in rows(own)
        boss = rows(signed_in(app, "manager", "boss", teams=("front",)).get("/touches").text)
        assert boss == {"front": ["1 (11%)", "0", "8 (89%)", "0", "9"]}
        analyst = rows(signed_in(app, "analyst").get("/touches").text)
        assert analyst["In all"] == analyst["front"] == boss["front"]
        assert not {"Ewa", "Jan", "Ola"} & set(analyst)
        assert "front" not in rows(signed_in(app, "manager", "other", teams=("back",)).get("/touches").text)


SHARES = Shares(moment=2, touch=3)


def sums(*senders: str) -> Touches:
    """Each of them sent five messages."""
    many = len(senders)
    whole = Shares(moment=2 * many, touch=3 * many)
    lines = [Line(name, whole, many) for name in ("new", "front", "2026-03")]
    return Touches(NOW, 0, whole, many, (lines[0],), (lines[1],), (lines[2],), dict.fromkeys(senders, SHARES),
                   dict.fromkeys(senders, (lines[2],)), 1, 0)  # fmt: skip


def page(found: Touches, role: str, id: str = "boss", own: tuple[str, ...] = (), **teams: str) -> TouchesPage:
    house = {team: tuple(people) for team, people in teams.items()}
    return touches_page(Viewer(id, id, role, own), found, (), house, now=NOW, zone="UTC")  # type: ignore[arg-type]


@pytest.mark.parametrize(("senders", "seen"), [("ab", False), ("abc", True)])
@pytest.mark.parametrize("role", ["manager", "analyst", "admin"])
def test_a_sum_that_would_tell_of_one_of_them_is_not_shown(role: str, senders: str, seen: bool) -> None:
    shown = page(sums(*senders), role, front="abc")
    assert (shown.all is not None, bool(shown.teams), bool(shown.stages), bool(shown.months)) == (seen,) * 4
    assert shown.too_few is not seen
    assert shown.own is None


@pytest.mark.parametrize(
    ("teams", "seen"),
    [
        ({"front": "abc", "back": "def"}, ["back", "front"]),
        ({"front": "abcd", "back": "de"}, []),  # all but the front are two
        ({"front": "abcdef"}, ["front"]),
        ({"front": "abc", "late": "abd"}, ["front"]),  # with both, c and d could be told apart
    ],
)
def test_teams_cannot_be_taken_from_one_another(teams: dict[str, str], seen: list[str]) -> None:
    assert [line.name for line in page(sums(*"abcdef"), "admin", **teams).teams] == seen


def test_a_manager_sees_their_teams_as_one_sum_and_nothing_of_others() -> None:
    shown = page(sums(*"abcdef"), "manager", own=("front", "late"), front="abc", late="cd", back="ef")
    (line,) = shown.teams
    assert (line.name, line.shares, line.senders) == ("front, late", Shares(moment=8, touch=12), 4)
    assert (shown.all, shown.stages, shown.months) == (None, (), ())
    few = page(sums(*"abcdef"), "manager", own=("back",), front="abc", back="ef")
    assert (few.teams, few.too_few) == ((), True)


def test_a_colleague_sees_nothing_but_their_own() -> None:
    shown = page(sums(*"abcdef"), "colleague", "a", ("front",), front="abc")
    assert shown.own == SHARES
    assert (shown.all, shown.teams, shown.stages, shown.months) == (None, (), (), ())
    assert page(sums(*"bcd"), "colleague", "a").own is None


def test_sums_are_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    assert kept(tmp_path) is None
    keep(tmp_path, sums(*"abc"))
    assert kept(tmp_path) == sums(*"abc")
    (tmp_path / FILE).write_bytes(msgspec.json.encode(sums(*"abc"))[:-9])
    assert kept(tmp_path) is None
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
