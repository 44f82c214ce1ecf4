"""Orders numbered by store beside those of imports that did not number so."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.bulk import texts
from liquor_app.imports.chunks import Chunk
from liquor_app.imports.cleaning.line_rows import Line
from liquor_app.imports.cleaning.orders.store_numbers import BETWEEN, of_store

BY_STORE = "by_store"
"""The place in a checkpoint that says so of a file."""

_BEFORE = f"""
SELECT EXISTS (SELECT FROM imports WHERE kind = 'purchases' AND status <> 'preview' AND position ? '{BY_STORE}'
                  AND undone_at IS NULL)
"""
_KNOWN = "SELECT external_id, store FROM purchases WHERE external_id = ANY(:orders)"


async def numbered_before(session: AsyncSession, actor: Actor) -> bool:
    """Tell whether an import before numbered receipts by store: later ones do, where nothing else is said.

    Raises:
        Forbidden: the actor may not read imports.
    """
    require(actor, Permission.IMPORTS_READ)
    return bool((await session.execute(text(_BEFORE))).scalar_one())


async def call_as_known(session: AsyncSession, chunk: Chunk) -> dict[str, str]:
    """Call the orders of a chunk as they are known: one taken in under its bare number at the same store, by an import
    before, is the same order, and would be a second one under number and store.

    Returns:
        Number with store → the bare number, where that is the one.
    """
    named = {row.order_id for row in chunk.rows if isinstance(row, Line)}
    named |= {one.order_id for one in chunk.rejects} | {one.order_id for one in chunk.reversals}
    bare = {one: one.rpartition(BETWEEN)[0] for one in named if one and BETWEEN in one}
    if not bare:
        return {}
    found = await session.execute(text(_KNOWN), {"orders": texts({*bare, *bare.values()})})
    stores: dict[str, str] = {row[0]: row[1] or "" for row in found}
    known = {one: old for one, old in bare.items() if one not in stores and _is_at(one, old, stores.get(old, ""))}
    if known:
        chunk.rows = [
            row._replace(order_id=known.get(row.order_id or "", row.order_id)) if isinstance(row, Line) else row
            for row in chunk.rows
        ]
        chunk.rejects = [replace(one, order_id=known.get(one.order_id, one.order_id)) for one in chunk.rejects]
        chunk.reversals = [replace(one, order_id=known.get(one.order_id, one.order_id)) for one in chunk.reversals]
    return known


def _is_at(named: str, bare: str, store: str) -> bool:
    return bool(store) and of_store(bare, store) == named
