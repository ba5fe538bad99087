"""The catalogue as a page: what each moment is for and how it fares; one moment with its form; saving it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, exists, func, select

from occasion.desk import catalogue_file
from occasion.desk.cards import Ground
from occasion.desk.catalogue_file import form_of, forms, read_text
from occasion.desk.courses import C
from occasion.desk.dates import DAY_US
from occasion.desk.linting import by_about, finding_lines, lint, moment_about, step_about
from occasion.desk.occasions import window_length
from occasion.desk.owners import House, read_house
from occasion.desk.pages import MomentForm, MomentLine, MomentPage, MomentsPage, Preview, StepLine
from occasion.desk.parts import CardLine, FindingLine, Said
from occasion.desk.proposed import proposed_moments
from occasion.desk.slipped import slipped_last_month
from occasion.desk.viewer import Looks, owners_seen
from occasion.estimate import Refusal
from occasion.moments.catalogue import Catalogue, Moment, parse_catalogue
from occasion.moments.check import Seen
from occasion.moments.placed import read_yaml
from occasion.moments.text import show_after
from occasion.moments.words import selected_text
from occasion.store import audit
from occasion.store.schema.desk import GESTURES, OCCASIONS
from occasion.store.schema.watched import OCCURRENCES, VERSIONS

O = OCCASIONS.c  # noqa: E741 - the columns, said often
LATEST = 20
LONG = 0.1  # seconds: a count that took longer is not made anew each time
SERVES = 100  # and serves this many times as long
EMPTY = MomentForm("", "", "customer", "", "", "", "", ())


@dataclass(frozen=True)
class Counts:
    """How moments fare, by name: see MomentLine."""

    reached: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # occurrences, parties
    slipped: Mapping[str, int] = field(default_factory=dict)
    coming: Mapping[str, int | None] = field(default_factory=dict)
    slipping: Mapping[str, int] = field(default_factory=dict)
    made: Mapping[str, int] = field(default_factory=dict)
    open: Mapping[str, int] = field(default_factory=dict)
    ready: frozenset[str] = frozenset()


_COUNTED: WeakKeyDictionary[Engine, tuple[float, set[tuple[str, str]], Counts]] = WeakKeyDictionary()


def moments(
    connection: Connection, viewer: Looks, *, now: int, path: Path, zone: str, seen: Seen | None = None
) -> MomentsPage:
    """All moments of the file as it is now, refused ones too, with counts and the linter's findings.

    `seen`: what the log holds (names, fields), for "did you mean".
    """
    text, version = read_text(path)
    catalogue = parse_catalogue(text, path.name)
    house = read_house(connection, now)
    counts = count(connection, catalogue, now)
    found = by_about(catalogue, seen)
    names = moment_names(text)
    written = forms(text)
    lines = []
    for name in names:
        own = finding_lines(found.pop(moment_about(name), ()))
        lines.append(_line(catalogue, house, counts, written.get(name, EMPTY), name, own))
    process = tuple(
        StepLine(
            step.name, selected_text(step.event), show_after(step.due.length, step.due.anchor) if step.due else "",
            step.purpose, finding_lines(found.pop(step_about(step.name), ())),
        )
        for step in catalogue.process
    )  # fmt: skip
    other = sorted((one for some in found.values() for one in some), key=lambda one: one.place)
    ground = Ground(connection, viewer, now, zone, catalogue, house)
    shown_zone = viewer.zone or zone
    return MomentsPage(
        now, shown_zone, path.name, version,
        tuple((entry.stage.name, entry.written.text.strip()) for entry in catalogue.stages), tuple(lines), process,
        finding_lines(other), slipped_last_month(ground, owners_seen(connection, viewer), shown_zone),
        may_edit(viewer), proposed_moments(connection, viewer) if may_edit(viewer) else (),
    )  # fmt: skip


def moment(
    connection: Connection,
    viewer: Looks,
    name: str | None,
    *,
    now: int,
    path: Path,
    zone: str,
    seen: Seen | None = None,
    form: MomentForm | None = None,
    preview: Preview | Refusal | None = None,
    conflict: Said | None = None,
    saved: bool = False,
) -> MomentPage | None:
    """One moment (None: a new one) with its form, or with the form as it was sent; None where there is no such moment.

    `preview`, `conflict`, `saved`: what came of what was asked (see previewing.py and save_moment).
    """
    text, version = read_text(path)
    catalogue = parse_catalogue(text, path.name)
    house = read_house(connection, now)
    own = form_of(text, name) if name is not None else EMPTY
    if own is None:
        return None
    shown = form or own
    answer = lint(text, name, shown, seen)
    counts = None
    if name is not None:
        counts = _line(catalogue, house, count(connection, catalogue, now), own, name, ())
    return MomentPage(
        now, viewer.zone or zone, name, shown, version, answer.findings if shown != EMPTY else (), answer.valid,
        answer.keeps, owner_choices(house), tuple(entry.stage.name for entry in catalogue.stages),
        tuple(sorted(seen.names, key=lambda one: (-seen.names[one], one))) if seen else (), preview, counts,
        _latest(connection, viewer, catalogue, house, name, (now, zone)) if name is not None else (), conflict, saved,
        may_edit(viewer),
    )  # fmt: skip


def save_moment(
    connection: Connection, name: str | None, form: MomentForm, version: str, *, path: Path, now: int, by: str
) -> str:
    """Save the form into the file; its new version. `version`: of the file as it was seen (MomentPage.file_digest).

    Raises catalogue_file.Changed where the file is another by now, InputError where the moment would be refused.
    """
    after = catalogue_file.saved(path, version, name, form)
    facts = {"renamed": name not in (None, form.name.strip()), "new": name is None}
    audit.note(connection, now, by, "moment saved", f"moment:{form.name.strip()[:150]}", facts)
    return after


def may_edit(viewer: Looks) -> bool:
    """Whether they may save moments: whoever leads, and the analyst, who reads the numbers."""
    return viewer.role in ("manager", "admin", "analyst")


def owner_choices(house: House) -> tuple[tuple[str, str], ...]:
    """Who may own a moment: colleagues who are here, teams with somebody in them."""
    people = sorted((house.name(one), one) for one in house.here)
    teams = sorted(team for team in house.teams if house.people(team))
    return (*((one, name) for name, one in people), *((team, team) for team in teams))


def moment_names(text: str) -> list[str]:
    """The names of all moments in the file, in order, whether or not they can be read."""
    document = read_yaml(text, "moments.yaml")
    if document is None or document.kind != "mapping":
        return []
    found = [key.text.strip() for section, some in document.pairs() if section.text == "moments" and some.kind ==
             "mapping" for key, _ in some.pairs()]  # fmt: skip
    return list(dict.fromkeys(name for name in found if name))


def count(connection: Connection, catalogue: Catalogue, now: int) -> Counts:
    """How the moments fare, all versions of each together.

    Counting looks at every occurrence. Where that takes long its answer serves for a hundred times as long, so that
    pages that are open never cost more than a hundredth of the time there is.
    """
    about = {(one.name, one.definition.identity) for one in catalogue.moments}
    known = _COUNTED.get(connection.engine)
    begun = perf_counter()
    if known is not None and known[0] > begun and known[1] == about:
        return known[2]
    found = _count(connection, catalogue, now)
    took = perf_counter() - begun
    if took > LONG:
        _COUNTED[connection.engine] = (begun + took + SERVES * took, about, found)
    return found


def _count(connection: Connection, catalogue: Catalogue, now: int) -> Counts:
    reached: dict[str, tuple[int, int]] = {}
    slipped: dict[str, int] = {}
    query = select(C.moment, C.role, func.count(), func.count(C.party.distinct())).where(
        C.role.in_(("reached", "missed")), C.state != "retracted"
    )
    for name, role, n, parties in connection.execute(query.group_by(C.moment, C.role)):
        if role == "reached":
            reached[name] = (n, parties)
        else:
            slipped[name] = n
    there = select(O.moment, O.kind, func.count()).where(O.state.in_(("open", "taken", "held")))
    slipping: dict[str, int] = {}
    on_desk: dict[str, int] = {}
    for name, kind, n in connection.execute(there.group_by(O.moment, O.kind)):
        on_desk[name] = on_desk.get(name, 0) + n
        if kind == "slipping":
            slipping[name] = n
    gesture = exists().where(GESTURES.c.occasion == O.number, GESTURES.c.form != "nothing")
    made = select(O.moment, func.count()).where(O.state == "done", gesture).group_by(O.moment)
    ready = select(VERSIONS.c.moment).where(
        VERSIONS.c.ready, VERSIONS.c.until_us.is_(None), VERSIONS.c.role == "reached"
    )
    return Counts(
        reached, slipped, {one.name: _coming(connection, one, now) for one in catalogue.moments}, slipping,
        {row[0]: row[1] for row in connection.execute(made)}, on_desk,
        frozenset(connection.execute(ready).scalars()),
    )  # fmt: skip


def _coming(connection: Connection, moment: Moment, now: int) -> int | None:
    """How many windows are open: opened, and neither reached nor missed since; None where a moment has no window."""
    length = window_length(moment.definition)
    if length is None:
        return None
    since = now - (length.months * 31 * DAY_US if length.civil else length.us)
    later = OCCURRENCES.alias("later")
    over = exists().where(
        later.c.party == C.party, later.c.at_us >= C.at_us, later.c.moment == C.moment, later.c.per == C.per,
        later.c.role.in_(("reached", "missed")), later.c.state == "holds",
    )  # fmt: skip
    query = select(func.count()).where(
        C.moment == moment.name, C.role == "opened", C.at_us > since, C.at_us <= now, C.state == "holds", ~over
    )
    return connection.execute(query).scalar_one()


def _line(  # noqa: PLR0917
    catalogue: Catalogue, house: House, counts: Counts, form: MomentForm, name: str, findings: tuple[FindingLine, ...]
) -> MomentLine:
    own = next((one for one in catalogue.moments if one.name == name), None)
    reached = counts.reached.get(name, (0, 0))
    return MomentLine(
        name, form.when.strip(), form.who or "customer", form.owner, house.name(form.owner),
        bool(form.owner) and house.known(form.owner), form.purpose, form.stage, form.expect, form.make,
        reached[0], reached[1], counts.coming.get(name), counts.slipping.get(name, 0), counts.slipped.get(name, 0),
        counts.made.get(name, 0), counts.open.get(name, 0), own is not None and name in counts.ready, findings,
        own is None,
    )  # fmt: skip


def _latest(  # noqa: PLR0917
    connection: Connection, viewer: Looks, catalogue: Catalogue, house: House, name: str, at: tuple[int, str]
) -> tuple[CardLine, ...]:
    """The latest occasions about a moment that the viewer may see."""
    owners = owners_seen(connection, viewer)
    query = select(OCCASIONS).where(O.moment == name)
    if owners is not None:
        query = query.where(O.owner.in_(owners))
    rows: Sequence[object] = connection.execute(query.order_by(O.changed_us.desc()).limit(LATEST)).all()
    cards = Ground(connection, viewer, at[0], at[1], catalogue, house).cards(rows)
    return tuple(cards.line(row) for row in rows)
