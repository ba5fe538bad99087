"""Touch or moment: what a viewer may see of how messages turned out, and of what could be added to mass messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from occasion.coach.sent import OUTCOMES
from occasion.desk.expand import Send
from occasion.desk.touches import FEWEST_SENDERS, Line, Shares, Touches
from occasion.desk.viewer import Looks


@dataclass(frozen=True)
class TouchesPage:
    """The page. `read`: whether the messages were read yet; then from `since_us` to `as_of_us`.

    `own`, `own_months`: of the viewer alone, for no other eyes. `teams`: a manager's teams together, as one. `all`,
    `stages`, `months`: of everybody together, for an admin, an analyst, a manager without a team, with those teams
    that leave no sum of fewer than three when they are taken from everybody or from one another. None and empty where
    fewer than three wrote (`too_few`): that would tell of one of them. `sends`: what went to many, with the few.
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


def touches_page(
    viewer: Looks,
    found: Touches | None,
    sends: tuple[Send, ...],
    teams: Mapping[str, Sequence[str]],
    *,
    now: int,
    zone: str,
) -> TouchesPage:
    """What this viewer may see of the sums; there is no table of colleagues for anybody. `teams`: who is in each."""
    if found is None:
        return TouchesPage(now, zone, False, now, now, None, (), None, (), (), (), False, sends)
    wrote = {team: frozenset(people) & found.own.keys() for team, people in teams.items()}
    leads = viewer.role != "colleague"
    theirs = leads and viewer.role == "manager" and bool(viewer.teams)
    whole = leads and not theirs and found.senders >= FEWEST_SENDERS
    if theirs:
        together = frozenset().union(*(wrote.get(team, frozenset()) for team in viewer.teams))
        lines = [Line(", ".join(viewer.teams), summed(found.own[one] for one in together), len(together))]
        shown = tuple(line for line in lines if line.senders >= FEWEST_SENDERS)
    else:
        shown = tuple(_apart(found, wrote)) if whole else ()
    return TouchesPage(
        now, zone, True, found.since_us, found.as_of_us, found.own.get(viewer.id), found.own_months.get(viewer.id, ()),
        found.all if whole else None, _enough(found.stages) if whole else (), _enough(found.months) if whole else (),
        shown, leads and not whole and not shown, sends,
    )  # fmt: skip


def summed(shares: Iterable[Shares]) -> Shares:
    """Several together."""
    every = list(shares)
    return Shares(**{outcome: sum(getattr(one, outcome) for one in every) for outcome in OUTCOMES})


def _enough(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    return tuple(line for line in lines if line.senders >= FEWEST_SENDERS)


def _apart(found: Touches, wrote: Mapping[str, frozenset[str]]) -> list[Line]:
    """Teams, by name, none of which tells of one or two when it is taken from everybody or from one that is shown."""
    shown: list[tuple[Line, frozenset[str]]] = []
    for team, people in sorted(wrote.items()):
        rest = [found.senders - len(people)]
        rest += [len(one - other) for _, others in shown for one, other in ((people, others), (others, people))]
        if len(people) >= FEWEST_SENDERS and all(count == 0 or count >= FEWEST_SENDERS for count in rest):
            shown.append((Line(team, summed(found.own[one] for one in people), len(people)), people))
    return [line for line, _ in shown]
