"""Whose numbers people bear: of which tool's export each was told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.errors import Invalid
from liquor_app.customers.merging.aliases import numbered_by
from liquor_app.imports.profiles.known_tools import chosen_profile, tool_of

_FILES = "SELECT id, kind, options, file_name, position -> 'columns' AS columns FROM imports WHERE id = ANY(:ids)"


async def tools_of(session: AsyncSession, customer_ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    """Return customer → the tools whose numbers they bear; "" among them for one of somebody's we do not know."""
    told = await numbered_by(session, customer_ids)
    asked = sorted({one for imports in told.values() for one in imports if one})
    files = await session.execute(text(_FILES), {"ids": asked}) if asked else ()
    tools = {row.id: _tool(row) for row in files}
    return {who: {tools.get(one, "") if one else "" for one in imports} for who, imports in told.items()}


def _tool(row: Any) -> str:
    try:
        return tool_of(chosen_profile(row.columns or (), row.kind, row.options or {}, row.file_name))
    except Invalid:  # it is known as such no longer
        return ""
