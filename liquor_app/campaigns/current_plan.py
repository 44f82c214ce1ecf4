"""Keep which plan a campaign has, and whom it holds out. Corridors: the doors are in `planning`."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.clock import now


async def set_current_plan(
    session: AsyncSession, campaign_id: UUID, plan_id: UUID, weekly: dict[str, Any], *, held_out: int | None = None
) -> None:
    """Make a plan the campaign's current one.

    Args:
        weekly: what lists of campaigns show of it.
        held_out: people in its control group; None leaves the number as it is.
    """
    await session.execute(
        text(
            "UPDATE campaigns SET plan_id = :plan, held_out = COALESCE(:held_out, held_out),"
            " weekly_plan = CAST(:weekly AS jsonb), updated_at = :at WHERE id = :id"
        ),
        {
            "plan": plan_id,
            "held_out": held_out,
            "weekly": json.dumps({"plan_id": str(plan_id), **weekly}),
            "id": campaign_id,
            "at": now(),
        },
    )


async def set_held_out(session: AsyncSession, campaign_id: UUID, people: int) -> None:
    """Count whom a running campaign holds out by now."""
    await session.execute(text("UPDATE campaigns SET held_out = :n WHERE id = :id"), {"n": people, "id": campaign_id})
