"""No statement keeps a plan for any rows where it is given many: see `core.db._Cursor` (ADR 72)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import PassedArray, as_text, texts
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import FEW, PARAMETERS, raw_connection, transaction
from liquor_app.core.ids import uuid7
from tests.guards.statements import Statement, statements

pytestmark = pytest.mark.integration
_ONE = re.compile(r"(?:ANY|ALL)\s*\(\s*(?:CAST\()*:(\w+)|:(\w+)(?: AS \w+\))* AS \w+\[\]\)", re.IGNORECASE)
RUNS = 7
"""The driver prepares what ran five times."""

MANY: dict[str, tuple[str, Any]] = {
    "a list": ("SELECT count(*) FROM customers WHERE id = ANY(:many)", [uuid7() for _ in range(FEW + 1)]),
    "texts": ("SELECT count(*) FROM customers WHERE email_key = ANY(:many)", texts(["a" * 30] * (FEW + 1))),
    "packed ids": (
        "SELECT count(*) FROM customers WHERE id = ANY(CAST(CAST(:many AS text) AS uuid[]))",
        as_text([uuid7() for _ in range(FEW + 1)]),
    ),
    "a document": (
        "SELECT count(*) FROM customers c JOIN jsonb_to_recordset(CAST(:many AS jsonb)) AS f(id uuid) USING (id)",
        json.dumps([{"id": str(uuid7())}] * (FEW + 1)),
    ),
}


def bulk_statements() -> list[tuple[Statement, frozenset[str]]]:
    """Every constant statement that takes arrays, with their names."""
    found = [(one, frozenset(a or b for a, b in _ONE.findall(one.sql))) for one in statements() if not one.is_scratch]
    return [(one, names) for one, names in found if names]


async def _prepared(session: AsyncSession) -> list[str]:
    found = await session.execute(text("SELECT statement FROM pg_prepared_statements WHERE NOT from_sql"))
    return [one for one in found.scalars() if "pg_prepared_statements" not in one]


async def _run(statement: str, values: dict[str, Any]) -> list[str]:
    async with transaction() as session:
        await session.execute(text("DISCARD PLANS"))
        before = await _prepared(session)
        for _ in range(RUNS):
            await session.execute(text(statement), values)
        return [one for one in await _prepared(session) if one not in before]


@pytest.mark.parametrize("form", MANY)
async def test_many_rows_are_never_prepared_in_whatever_form_they_come(database: str, form: str) -> None:
    statement, many = MANY[form]
    assert await _run(statement, {"many": many}) == []


async def test_a_column_handed_on_is_not_either(database: str) -> None:
    async with transaction() as session:
        made = await session.execute(text("SELECT array_send(array_agg(uuid_v7())) FROM generate_series(1, 50)"))
        column = PassedArray(made.scalar_one())
    statement = "SELECT count(*) FROM customers WHERE id = ANY(CAST(:many AS uuid[]))"
    assert await _run(statement, {"many": column}) == []


async def test_rules_that_name_hundreds_are_not_either(database: str) -> None:
    """A parameter each, as SQLAlchemy writes `IN`."""
    names = {f"n{number}": "a" for number in range(PARAMETERS + 1)}
    statement = f"SELECT count(*) FROM customers WHERE email_key IN ({', '.join(f':{name}' for name in names)})"
    assert await _run(statement, names) == []


async def test_few_keys_share_a_plan_and_the_many_after_them_do_not(database: str) -> None:
    """Before: a plan made of short runs on an empty table compared each row with each of fifty thousand keys."""
    statement = "SELECT count(*) FROM customers WHERE email_key = ANY(:keys)"
    used = "SELECT sum(generic_plans), sum(custom_plans) FROM pg_prepared_statements WHERE statement LIKE '%email_key%'"
    async with transaction() as session:
        await session.execute(text("ANALYZE customers"))  # while nobody is there
        for _ in range(3 * RUNS):
            await session.execute(text(statement), {"keys": ["a", "b"]})
        before = (await session.execute(text(used))).one()
        assert before[0] > 0, "a plan for any keys"
        await session.execute(
            text("INSERT INTO customers (id, email_key) SELECT uuid_v7(), n || '@x.co' FROM generate_series(1, 3000) n")
        )
        found = await session.execute(text(statement), {"keys": [f"{n}@x.co" for n in range(3_000)]})
        assert found.scalar_one() == 2_999
        assert (await session.execute(text(used))).one() == before


async def test_no_statement_of_ours_that_takes_arrays_keeps_a_plan_for_any(database: str) -> None:
    """Each of them with more than a few rows, through a session as services have it, whose driver prepares at once."""
    tried = 0
    async with transaction() as session:
        for one in statements():
            if one.is_scratch:
                await session.execute(text(re.sub(r"(?<!:):(?!:)", r"\\:", one.hollow.replace("ON COMMIT DROP", ""))))
        driver = await raw_connection(session)
        usual, driver.prepare_threshold = driver.prepare_threshold, 0
        try:
            for one, arrays in bulk_statements():
                values = {name: [None] * (FEW + 1) if name in arrays else None for name in _binds(one)}
                try:
                    async with session.begin_nested():
                        await session.execute(text(f"EXPLAIN {one.sql}"), values)
                except DBAPIError:
                    continue  # a parameter whose type only its value tells
                tried += 1
        finally:
            driver.prepare_threshold = usual
        kept = [one for one in await _prepared(session) if one.startswith("EXPLAIN")]
        await session.rollback()
    assert kept == []
    assert tried > 100


async def test_keys_just_written_are_looked_up_in_a_hash(database: str) -> None:
    """Before: expected to be two, twenty thousand messages to be sent again were each compared with each."""
    mine = [one for one in statements() if one.module == "liquor_app.ledger.new_sends" and "FROM keys" in one.sql]
    assert len(mine) == 2
    async with transaction() as session:
        for one in mine:
            plan = await session.execute(text(f"EXPLAIN {one.sql}"), dict.fromkeys(_binds(one)))
            assert "hashed SubPlan" in "\n".join(plan.scalars())


def _binds(one: Statement) -> set[str]:
    return set(text(one.sql).compile().params)


def test_one_place_alone_opens_connections_for_sessions() -> None:
    """What is planned for its rows there is planned so everywhere."""
    modules = (PROJECT_ROOT / "liquor_app").rglob("*.py")
    assert [path.name for path in modules if "create_async_engine(" in path.read_text()] == ["db.py"]
