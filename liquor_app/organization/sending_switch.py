"""The switch that stops everything that leaves the house, and what it had stopped."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.errors import Conflict
from liquor_app.organization.settings import SettingsModel, load_settings

SWITCH_KEY = "sending_switch"
IS_STOPPED = (
    f"EXISTS (SELECT 1 FROM settings w WHERE w.key = '{SWITCH_KEY}'"
    " AND CAST(w.value ->> 'stopped' AS boolean))"
)  # fmt: skip
"""For statements that let messages go."""


class SendingSwitch(SettingsModel):
    """`campaigns` are those that ran when it was thrown: what one click resumes."""

    key = SWITCH_KEY
    stopped: bool = False
    stopped_at: datetime | None = None
    stopped_by: str = ""
    campaigns: tuple[UUID, ...] = ()


async def hold_sending_switch(session: AsyncSession, *, alone: bool = False) -> None:
    """Whoever sets something going holds the switch's position until commit; throwing it waits for them (`alone`)."""
    kind = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    await session.execute(text(f"SELECT {kind}(hashtextextended(:name, 0))"), {"name": SWITCH_KEY})


async def load_sending_switch(session: AsyncSession) -> SendingSwitch:
    """Return how the switch stands. A corridor."""
    return await load_settings(session, SendingSwitch)


async def refuse_stopped(session: AsyncSession) -> None:
    """Check that sending is not stopped, and that nobody stops it before this transaction ends.

    Raises:
        Conflict: it is, by whom.
    """
    await hold_sending_switch(session)
    switch = await load_sending_switch(session)
    if switch.stopped:
        raise Conflict(f"All sending was stopped by {switch.stopped_by}. Resume it first: the banner above says how.")
