"""The records' database: tables as the code has them, on both databases, whatever a workspace had before."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, event, inspect, make_url, text

from occasion.errors import InputError
from occasion.store.manifest import Manifest
from occasion.store.records import open_records, writing
from occasion.store.schema import METADATA
from occasion.store.schema.history import DICTIONARIES, LOADS, SEGMENTS, SETTINGS


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA))


def test_migrated_tables_are_those_of_the_code(records_url: str) -> None:
    engine = open_records(records_url)
    assert differences(engine) == []
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE notices ADD COLUMN odd INTEGER"))
    assert differences(engine), "the comparison sees a difference"
    engine.dispose()


def test_a_workspace_from_before_migrations_is_taken_over(records_url: str) -> None:
    engine = open_records(records_url)
    with writing(engine) as connection:
        METADATA.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        METADATA.create_all(connection, tables=[SETTINGS, SEGMENTS, DICTIONARIES, LOADS])
        connection.execute(SETTINGS.insert().values(key="buckets", value="7"))
    engine.dispose()
    again = open_records(records_url)
    assert differences(again) == []
    assert Manifest(again, 16).state().buckets == 7, "what it held is still there"
    again.dispose()


def test_a_later_version_is_refused_in_one_line(records_url: str) -> None:
    engine = open_records(records_url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(InputError, match="of version 9999, which this occasion does not know") as error:
        open_records(records_url)
    assert "\n" not in str(error.value)


def test_a_failed_migration_leaves_nothing(records_url: str) -> None:
    def broken(_: object, __: object, statement: str, *___: object) -> None:
        if "CREATE TABLE occasions" in statement:
            raise ZeroDivisionError

    event.listen(Engine, "before_cursor_execute", broken)
    try:
        with pytest.raises(ZeroDivisionError):
            open_records(records_url)
    finally:
        event.remove(Engine, "before_cursor_execute", broken)
    bare = create_engine(make_url(records_url))
    assert inspect(bare).get_table_names() == [], "all of it or nothing"
    bare.dispose()
    engine = open_records(records_url)
    assert differences(engine) == []
    engine.dispose()


@pytest.mark.parametrize("address", ["mysql://x/y", "records.db", "postgresql", "nonsense://x"])
def test_an_address_that_names_no_database_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="neither postgresql") as error:
        open_records(address)
    assert "\n" not in str(error.value)


def test_a_database_that_cannot_be_reached_is_one_line_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is the database running") as error:
        open_records(f"postgresql://someone:secret-word@/none?host={tmp_path}")
    assert "secret-word" not in str(error.value)
    assert "\n" not in str(error.value)


def test_sqlite_waits_for_the_disk_at_every_commit(tmp_path: Path) -> None:
    engine = open_records(tmp_path / "records.db")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    assert inspect(engine).has_table("alembic_version")
    engine.dispose()
