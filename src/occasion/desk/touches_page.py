"""Touch or moment: what a viewer may see of how messages turned out, and of what could be added to mass messages."""

from __future__ import annotations

from dataclasses import dataclass

from occasion.desk.expand import Send
from occasion.desk.touches import FEWEST_SENDERS, Line, Shares, Touches
from occasion.desk.viewer import Looks


@dataclass(frozen=True)
class TouchesPage:
    """The page. `read`: whether the messages were read yet; then from `since_us` to `as_of_us`.

    `own`, `own_months`: of the viewer alone, for no other eyes. `all`, `stages`, `months`: of everybody together;
    `teams`: each of the viewer's teams as a whole, all of them for an admin and an analyst. None and empty where fewer
    than three wrote (`too_few`), since that would tell of one of them. `sends`: what went to many, with the few.
    """

    now_us: int
    zone: str
    read: bool
    since_us: int
    as_of_us: int
    own: Shares | None
    own_months: tuple[Line, ...]
    all: Shares | None
    stages: tuple[Line, ...]
    months: tuple[Line, ...]
    teams: tuple[Line, ...]
    too_few: bool
    sends: tuple[Send, ...]


def touches_page(viewer: Looks, found: Touches | None, sends: tuple[Send, ...], *, now: int, zone: str) -> TouchesPage:
    """What this viewer may see of the sums; there is no table of colleagues for anybody."""
    if found is None:
        return TouchesPage(now, zone, False, now, now, None, (), None, (), (), (), False, sends)
    enough = found.senders >= FEWEST_SENDERS
    leads = viewer.role != "colleague"
    everyone = viewer.role in ("admin", "analyst") or not viewer.teams
    teams = tuple(
        line for line in found.teams
        if leads and line.name and line.senders >= FEWEST_SENDERS and (everyone or line.name in viewer.teams)
    )  # fmt: skip
    return TouchesPage(
        now, zone, True, found.since_us, found.as_of_us, found.own.get(viewer.id), found.own_months.get(viewer.id, ()),
        found.all if enough and leads else None, tuple(_enough(found.stages)) if enough and leads else (),
        tuple(_enough(found.months)) if enough and leads else (), teams, leads and not enough, sends,
    )  # fmt: skip


def _enough(lines: tuple[Line, ...]) -> list[Line]:
    return [line for line in lines if line.senders >= FEWEST_SENDERS]
