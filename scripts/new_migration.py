"""Write the migration that leads from the tables as migrated so far to those of the code.

    python scripts/new_migration.py NAME      # store/migrations/versions/NNNN_NAME.py, to be read and corrected by hand
    python scripts/new_migration.py --again   # the latest one anew: only before anybody has it

`tests/test_records.py` compares what the migrations make with the code, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

from alembic import command
from sqlalchemy import create_engine

from occasion.store.records import HEAD, VERSIONS, migrations

LONG = 60  # lines from which on a migration has more statements than a function should


def main(name: str) -> None:
    latest = next(VERSIONS.glob(f"{HEAD}_*.py"))
    again = name == "--again"
    said = latest.read_text().splitlines()[0].strip('"') if again else name.replace("_", " ").capitalize() + "."
    number, name = (HEAD, latest.stem[5:]) if again else (f"{int(HEAD) + 1:04d}", name)
    if again:
        latest.unlink()
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/records.db")
        with engine.begin() as connection:
            config = migrations(connection)
            config.set_main_option("file_template", f"%(rev)s_{name}".replace("%", "%%"))
            command.upgrade(config, "head")
            command.revision(config, said, autogenerate=True, rev_id=number)
        engine.dispose()
    made = VERSIONS / f"{number}_{name}.py"
    lines = [line for line in made.read_text().splitlines() if not line.strip().startswith("# ###")]
    if len(lines) > LONG:
        lines = [line.replace("-> None:", "-> None:  # noqa: PLR0915") for line in lines]
    made.write_text("\n".join(lines) + "\n")
    for tool in (["format", "--quiet"], ["check", "--fix", "--quiet"]):
        subprocess.run(["ruff", *tool, str(made)], check=True)
    sys.stdout.write(f"{made}\n")


if __name__ == "__main__":
    main(sys.argv[1])
