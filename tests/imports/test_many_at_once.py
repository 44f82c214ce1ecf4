"""What an import asks for thousands of rows at once: each is looked up by itself, and has an id of its own."""

from __future__ import annotations

from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import by_index, in_order_of_index
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7_head, uuid7_tail, uuid7_time
from liquor_app.customers.merging.aliases import asked_for, holders_of
from liquor_app.imports.customer_rows import load_known
from liquor_app.imports.merge_rows import KEYS

pytestmark = pytest.mark.integration

MANY, ASKED = 20_000, 2_500
_FILL = """
INSERT INTO customers (id, email_key, external_id, phone)
SELECT uuid_v7(), 'p' || n || '@example.com', 'C' || n, '+1617' || (2000000 + n) FROM generate_series(1, :many) n
"""
NAMED = {"email_key": "p{}@example.com", "external_id": "C{}", "phone": "+1617{}"}


async def removed(session: AsyncSession, key: str) -> int:
    """Return how many rows were read and thrown away, and check that everybody was found."""
    first = 2_000_001 if key == "phone" else 1
    asked = asked_for({key: [NAMED[key].format(first + number * (MANY // ASKED)) for number in range(ASKED)]})
    statement = f"SELECT h.id FROM {holders_of(key)}"
    async with in_order_of_index(session):
        found = await session.execute(text(statement), asked)
        assert len(found.all()) == ASKED
        plan = await session.execute(text(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}"), asked)
    lines = [str(line) for line in plan.scalars()]
    return sum(int(line.rpartition(" ")[2]) for line in lines if "Rows Removed by" in line)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("is_known", [True, False], ids=["statistics of now", "statistics of nobody"])
async def test_thousands_of_keys_are_each_looked_up_by_themselves(database: str, key: str, *, is_known: bool) -> None:
    """Before: of many keys every customer was read for each chunk of a file."""
    async with transaction() as session:
        await session.execute(text("ANALYZE customers"))
        await session.execute(text(_FILL), {"many": MANY})
        if is_known:
            await session.execute(text("ANALYZE customers"))
        assert await removed(session, key) == 0


async def test_who_is_known_is_read_alone(database: str) -> None:
    """Before: everybody else was read with them, in the order of their ids, or to be compared with each key."""
    read = "SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'customers'"
    async with transaction() as session:
        await session.execute(text(_FILL), {"many": MANY})
        await session.execute(text("ANALYZE customers"))
        before = (await session.execute(text(read))).scalar_one()
        async with by_index(session):
            base = await load_known(session, {"email_key": [f"p{n}@example.com" for n in range(1, ASKED + 1)]})
        after = (await session.execute(text(read))).scalar_one()
    assert len(base.people) == ASKED
    assert list(base.people) == sorted(base.people)
    assert after - before <= 3 * ASKED


async def test_ids_of_one_statement_are_as_any_others(database: str) -> None:
    statement = f"SELECT {uuid7_tail('head')} FROM generate_series(1, 70000)"
    async with transaction() as session:
        made = list((await session.execute(text(statement), {"head": uuid7_head()})).scalars())
    assert len(set(made)) == 70_000
    assert all(one < other for one, other in pairwise(made))
    for one in (made[0], made[-1]):
        assert isinstance(one, UUID)
        assert (one.version, one.variant) == (7, RFC_4122)
        assert abs((now() - uuid7_time(one)).total_seconds()) < 60
    assert uuid7_head() != uuid7_head()
