"""A workspace: a folder with occasion.toml, the catalogue and the data."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from occasion.errors import InputError

SETTINGS = "occasion.toml"
RECORDS = "OCCASION_RECORDS"  # the variable that says where the records are
DEFAULT_SETTINGS = """# The settings of this workspace. Lines that begin with # are explanations.

# The time zone of the business: in force for a party that has stated none, and for calendar months and years.
# An IANA name such as "Europe/Warsaw" or "America/New_York".
zone = "{zone}"

# Where events, people and occasions are recorded: without a line here in data/records.db, or in PostgreSQL.
# A password is better not written here: the variable OCCASION_RECORDS means the same and comes first.
# records = "postgresql://USER@HOST/DATABASE"

# Our own mail addresses, for `occasion load` of mail: a domain stands for everybody in it.
# ours = ["firm.example", "ann@mail.example"]

# What the firm is called, and its branches: the coach takes it for nobody's name.
# called = ["North Dental"]
"""
DEFAULT_CATALOGUE = """# The moments of this business, in writing. `occasion check` says what is wrong with this file.
# The sentences after `when`, `enter` and `due` are in the moment language; event names are those of your own data.

# Where a party is in the journey; a stage is entered when its pattern is reached.
stages:
  - {name: new, enter: start}
  - {name: settled, enter: "count(session) >= 5 within 30 days of start"}

# The scheduled interactions: what everyone expects. Surprises lie between them.
process:
  - name: welcome letter
    event: letter_sent where kind = "welcome"
    due: 2 days after start
    purpose: they know whom to call

# What to look for. Each has an owner: a colleague or a team. Without one it is refused.
moments:
  ten friends:
    when: count(friend_added) >= 10 within 14 days of first signup
    who: customer                 # customer, partner or colleague
    owner: growth
    purpose: the newcomer's people are here
    stage: new                    # a label; a filter is written with `while` in `when`
    expect: 14 days after start   # when it should have happened; later is slipping
    make: [introduce two people who share a course]
"""


@dataclass(frozen=True)
class Workspace:
    """Where things are, and the zone in force for a party that has stated none."""

    folder: Path
    zone: str
    records: str | None = None  # the address of their database, if it is not the file in `data`
    ours: tuple[str, ...] = ()  # our own mail addresses and domains
    called: tuple[str, ...] = ()  # what we are called

    @property
    def data(self) -> Path:
        """The folder of the history and the records."""
        return self.folder / "data"

    @property
    def catalogue(self) -> Path:
        """The moments in writing."""
        return self.folder / "moments.yaml"


def find_workspace(named: Path | None = None, start: Path | None = None) -> Workspace:
    """The workspace that was named, or the nearest one from `start` (the current folder) upwards.

    Raises InputError when there is none, or when its settings cannot be read.
    """
    if named is not None:
        if not (named / SETTINGS).is_file():
            raise InputError(f"--workspace {named}: holds no {SETTINGS}; make a workspace with occasion init {named}")
        return read_workspace(named)
    here = (start or Path()).absolute()
    for folder in (here, *here.parents):
        if (folder / SETTINGS).is_file():
            return read_workspace(folder)
    raise InputError(
        f"no workspace here: {SETTINGS} is neither in {here} nor above it; make one with occasion init DIR, "
        "or name one with --workspace DIR"
    )


def read_workspace(folder: Path) -> Workspace:
    """The settings in a folder."""
    from occasion.events.convert import is_zone

    path = folder / SETTINGS
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: cannot be read ({error}); occasion init in another folder shows how it looks"
        ) from None
    zone = settings.get("zone", "UTC")
    if not isinstance(zone, str) or not is_zone(zone):
        raise InputError(f"{path}: zone = {zone!r} is no time zone; for example Europe/Warsaw or UTC")
    records = os.environ.get(RECORDS) or settings.get("records")
    if records is not None and not isinstance(records, str):
        raise InputError(f'{path}: records = {records!r} is no address; for example "postgresql://USER@HOST/DATABASE"')
    ours = settings.get("ours", [])
    ours = [ours] if isinstance(ours, str) else ours
    if not isinstance(ours, list) or not all(isinstance(one, str) for one in ours):
        raise InputError(f'{path}: ours = {ours!r} is no list of addresses and domains; for example ["firm.example"]')
    called = settings.get("called", [])
    called = [called] if isinstance(called, str) else called
    if not isinstance(called, list) or not all(isinstance(one, str) for one in called):
        raise InputError(f'{path}: called = {called!r} is no list of names; for example ["North Dental"]')
    return Workspace(folder, zone, records, tuple(ours), tuple(called))


def make_workspace(folder: Path, zone: str = "UTC") -> Workspace:
    """A new workspace: settings, a commented catalogue, an empty data folder. What is there already stays as it is.

    Raises InputError when the folder already is a workspace, or cannot be made.
    """
    if (folder / SETTINGS).exists():
        raise InputError(f"{folder}: is a workspace already (it holds {SETTINGS}); nothing was changed")
    try:
        (folder / "data").mkdir(parents=True, exist_ok=True)
        if not (folder / "moments.yaml").exists():
            (folder / "moments.yaml").write_text(DEFAULT_CATALOGUE, encoding="utf-8")
        (folder / SETTINGS).write_text(DEFAULT_SETTINGS.format(zone=zone), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror}); name a folder you may write to") from None
    return Workspace(folder, zone)
