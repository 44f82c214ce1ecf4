"""Rows that hundreds of tests begin with: made by the product once a process, and copied from then on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.segments.service import ensure_default_segments
from liquor_app.templates.service import ensure_default_templates

Make = Callable[[AsyncSession], Awaitable[int]]


async def shipped_templates(session: AsyncSession) -> None:
    """The shop has the templates that are shipped."""
    await _kept(session, ensure_default_templates, ["message_templates", "template_versions"])


async def shipped_segments(session: AsyncSession) -> None:
    """The shop has the segments that are shipped, and its audit log says so."""
    await _kept(session, ensure_default_segments, ["segments"], audited="segments")


async def _kept(session: AsyncSession, make: Make, tables: Sequence[str], *, audited: str = "") -> None:
    """Where one of these tables holds a row already, the product adds what is missing as it does in a shop."""
    used = " OR ".join(f"EXISTS (SELECT FROM {table})" for table in tables)
    found = await session.execute(text(f"SELECT {used}, to_regclass('kept.{tables[0]}') IS NOT NULL"))
    is_used, is_kept = found.one()
    if is_used:
        await make(session)
        return
    rows = dict.fromkeys(tables, "true")
    if audited:
        rows["audit_log"] = f"entity_id IN (SELECT id FROM {audited})"
    if is_kept:
        for table in rows:
            await session.execute(text(f"INSERT INTO {table} SELECT * FROM kept.{table}"))
        return
    await make(session)
    await session.execute(text("CREATE SCHEMA IF NOT EXISTS kept"))
    for table, which in rows.items():
        await session.execute(text(f"CREATE TABLE kept.{table} AS SELECT * FROM {table} WHERE {which}"))
