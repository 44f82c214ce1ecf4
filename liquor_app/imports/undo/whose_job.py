"""For whom a job of imports works."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM, Actor
from liquor_app.accounts.users import get_user
from liquor_app.core.errors import Forbidden


async def whose_job(session: AsyncSession, user_id: UUID | None) -> Actor:
    """Return whoever asked for the job, with the rights they have now; a program's job runs as the system.

    Raises:
        Forbidden: they are no longer a user.
    """
    if user_id is None:
        return SYSTEM
    user = await get_user(session, user_id)
    if user is None or not user.is_active:
        raise Forbidden("Whoever asked for this is no longer a user.")
    return user.actor
