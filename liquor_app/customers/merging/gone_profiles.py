"""Where a profile has gone that is not found: into another one, or nowhere. Corridors, for whoever looks one up."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def kept_profile(session: AsyncSession, customer_id: UUID) -> UUID | None:
    """Return the profile this one became part of; None for one that stands, or that there never was."""
    found = await session.execute(text("SELECT merged_into FROM customers WHERE id = :id"), {"id": customer_id})
    return cast("UUID | None", found.scalar())


async def why_gone(session: AsyncSession, customer_id: UUID) -> str:
    """Return where a customer who is not found has gone, in words for people of the shop."""
    if (kept := await kept_profile(session, customer_id)) is not None:
        return f"This profile is part of another one now: {kept}."
    return "There is no such customer, or it was deleted."
