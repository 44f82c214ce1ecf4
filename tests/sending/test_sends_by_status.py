"""Messages of one status, the latest first: read from an index, however many there are of the others."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from liquor_app.core.db import transaction
from liquor_app.core.listing.compile import compile_list
from liquor_app.core.listing.spec import ListQuery
from liquor_app.ledger.models import SendStatus
from liquor_app.sending.lists import SENDS

pytestmark = pytest.mark.integration

MANY = 20_000
_FILL = """
INSERT INTO sends (id, created_at, channel, recipient, status, not_before)
SELECT uuid_v7(), now() - n * interval '1 second', 'email', 'a@example.com',
       CASE WHEN n > :many - 40 THEN (CAST(:rare AS text[]))[1 + n % :kinds] ELSE 'delivered' END, now()
  FROM generate_series(1, :many) n
"""


async def test_each_status_is_read_from_an_index(database: str) -> None:
    """The rare ones lie far back: read by time alone, all of the others would be read first."""
    rare = [one.value for one in SendStatus if one is not SendStatus.DELIVERED]
    read = {}
    async with transaction() as session:
        await session.execute(text(_FILL), {"many": MANY, "rare": rare, "kinds": len(rare)})
        # PostgreSQL 18 would skip through the campaigns' index; the ones before read it whole
        await session.execute(text("DROP INDEX ix_sends_campaign"))
        await session.execute(text("ANALYZE sends"))
        for status in SendStatus:
            compiled = compile_list(SENDS, ListQuery({"status": status.value}))
            (part,) = compiled.parts
            statement = f"SELECT t.id FROM sends t WHERE {part.where} ORDER BY {part.order} LIMIT 51"
            plan = await session.execute(text(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) {statement}"), compiled.params)
            lines = [str(line) for line in plan.scalars()]
            removed = [int(line.rpartition(" ")[2]) for line in lines if "Rows Removed by Filter" in line]
            read[status] = sum(removed)
    assert {status for status, many in read.items() if many > 100} == set(), read
