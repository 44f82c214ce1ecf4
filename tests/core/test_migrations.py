"""The schema: up from empty, no drift, down to base and up again, and enumerations that match their CHECKs."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import create_engine, pool, text

from alembic import command
from liquor_app.core.columns import EnumText
from liquor_app.core.errors import Conflict, Unavailable
from liquor_app.core.ids import uuid7
from liquor_app.core.platform import migrate
from liquor_app.schema import SLICES, TIME_SERIES, metadata

pytestmark = pytest.mark.integration


def test_models_and_migrations_agree(database: str) -> None:
    command.check(migrate.alembic_config(database))


def test_down_to_base_leaves_nothing_and_up_again_works(copied_database: str) -> None:
    migrate.downgrade(copied_database)
    engine = create_engine(copied_database, poolclass=pool.NullPool)
    with engine.connect() as connection:
        left = connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                " AND relkind IN ('r', 'p', 'S')"
            )
        )
        assert set(left.scalars()) == {"alembic_version"}
        functions = connection.execute(
            text(
                "SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS"
                " (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
            )
        )
        assert list(functions.scalars()) == []
    migrate.upgrade(copied_database)
    assert migrate.current(copied_database) == migrate.head()


def test_every_enumeration_is_its_check(database: str) -> None:
    engine = create_engine(database, poolclass=pool.NullPool)
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND conparentid = 0")
        )
        checks = {name: set(re.findall(r"'([^']*)'", definition)) for name, definition in found.all()}
    columns = [column for table in metadata.tables.values() for column in table.columns]
    enums = [column for column in columns if isinstance(column.type, EnumText)]
    assert len(enums) > 15
    for column in enums:
        assert isinstance(column.type, EnumText)
        assert checks[f"ck_{column.table.name}_{column.name}"] == {option.value for option in column.type.options}


def test_time_series_are_partitioned_and_their_ids_find_one_partition(database: str) -> None:
    engine = create_engine(database, poolclass=pool.NullPool)
    with engine.connect() as connection:
        for table in TIME_SERIES:
            children = connection.execute(
                text("SELECT count(*) FROM pg_inherits WHERE inhparent = CAST(:name AS regclass)"), {"name": table}
            )
            assert children.scalar_one() > 12
        made = uuid7()
        plan = connection.execute(
            text("EXPLAIN SELECT * FROM sends WHERE id = :id AND created_at = uuid_v7_time(:id)"), {"id": made}
        )
        scanned = [line for line in plan.scalars() if "Scan" in line and " on sends" in line]
        assert len(scanned) == 1


def test_every_slice_contributes_tables() -> None:
    assert len(metadata.tables) >= 48
    assert len(SLICES) == len(set(SLICES))


def test_a_newer_schema_is_refused_in_one_sentence(copied_database: str) -> None:
    engine = create_engine(copied_database, poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match="newer version"):
        migrate.upgrade(copied_database)


def test_an_unreachable_database_is_named() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        migrate.upgrade("postgresql+psycopg://nobody@127.0.0.1:1/none")
