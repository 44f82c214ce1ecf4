"""Count what the navigation shows beside its routes."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.campaigns.models import OVER
from liquor_app.core.states import sql_list

EXACT_UP_TO = 100_000

_COUNTS = f"""
SELECT (SELECT count(*) FROM (SELECT 1 FROM customers WHERE deleted_at IS NULL LIMIT {EXACT_UP_TO}) x) AS people,
       (SELECT count(*) FROM segments WHERE is_active) AS segments,
       (SELECT count(*) FROM campaigns WHERE status NOT IN {sql_list(*OVER)}) AS campaigns,
       (SELECT CAST(reltuples AS bigint) FROM pg_class WHERE relname = 'customers') AS estimate
"""


async def shell_counts(session: AsyncSession, actor: Actor) -> dict[str, int]:
    """By route: customers (estimated beyond `EXACT_UP_TO`), segments, campaigns that live."""
    require(actor, Permission.ANALYTICS_READ)
    found = await session.execute(text(_COUNTS))
    row = found.mappings().one()
    people = row["people"] if row["people"] < EXACT_UP_TO else max(row["estimate"], row["people"])
    return {"/customers": people, "/segments": row["segments"], "/campaigns": row["campaigns"]}
