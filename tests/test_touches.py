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
from occasion.desk.touches_page import touches_page
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
        assert rows(own)["Your messages"] == ["1 33%", "0 0%", "2 67%", "0", "3"]
        assert "All messages" not in own
        assert "front" not in rows(own)
        boss = rows(signed_in(app, "manager", "boss", teams=("front",)).get("/touches").text)
        assert boss["All messages"] == ["1 11%", "0 0%", "8 89%", "0", "9"]
        assert boss["front"] == boss["All messages"]
        assert not {"Ewa", "Jan", "Ola", "Your messages"} & set(boss)
        assert rows(signed_in(app, "analyst").get("/touches").text)["All messages"] == boss["All messages"]
        assert "front" not in rows(signed_in(app, "manager", "other", teams=("back",)).get("/touches").text)


def sums(senders: int) -> Touches:
    shares = Shares(moment=2, touch=3)
    line = Line("new", shares, senders)
    team, month = Line("front", shares, senders), Line("2026-03", shares, senders)
    return Touches(NOW, 0, shares, senders, (line,), (team,), (month,), {"ewa": shares}, {"ewa": (line,)}, 1, 0)


@pytest.mark.parametrize(("senders", "seen"), [(2, False), (3, True)])
@pytest.mark.parametrize("role", ["manager", "analyst", "admin"])
def test_a_sum_that_would_tell_of_one_of_them_is_not_shown(role: str, senders: int, seen: bool) -> None:
    viewer = Viewer("boss", "Boss", role, ("front",))  # type: ignore[arg-type]
    page = touches_page(viewer, sums(senders), (), now=NOW, zone="UTC")
    assert (page.all is not None, bool(page.teams), bool(page.stages), bool(page.months)) == (seen,) * 4
    assert page.too_few is not seen
    assert page.own is None


def test_a_colleague_sees_nothing_but_their_own() -> None:
    page = touches_page(Viewer("ewa", "Ewa", "colleague", ("front",)), sums(9), (), now=NOW, zone="UTC")
    assert page.own == Shares(moment=2, touch=3)
    assert (page.all, page.teams, page.stages, page.months) == (None, (), (), ())
    assert touches_page(Viewer("jan", "Jan", "colleague"), sums(9), (), now=NOW, zone="UTC").own is None


def test_sums_are_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    assert kept(tmp_path) is None
    keep(tmp_path, sums(3))
    assert kept(tmp_path) == sums(3)
    (tmp_path / FILE).write_bytes(msgspec.json.encode(sums(3))[:-9])
    assert kept(tmp_path) is None
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
