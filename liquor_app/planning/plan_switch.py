"""Two plans on the table: what each decided is kept until one is approved, so that either may be chosen."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict

CONTENT = (
    "offer", "offer_terms", "message", "reason", "priority_score", "response_points", "margin_points",
    "expected_response", "expected_profit",
)  # fmt: skip
"""Columns of an action that differ between plans of different engines."""


async def forget_choices(session: AsyncSession, campaign_id: UUID) -> None:
    """What earlier plans decided: a new round begins, or one of them was approved."""
    await session.execute(
        text("DELETE FROM plan_choices c USING plans p WHERE p.id = c.plan_id AND p.campaign_id = :id"),
        {"id": campaign_id},
    )


async def keep_choices(session: AsyncSession, campaign_id: UUID, plan_id: UUID) -> None:
    """Keep what stands now as what `plan_id` decided."""
    await session.execute(text("DELETE FROM plan_choices WHERE plan_id = :plan"), {"plan": plan_id})
    content = ", ".join(f"'{name}', {name}" for name in CONTENT)
    await session.execute(
        text(
            "INSERT INTO plan_choices (plan_id, action_id, status, scheduled_date, skip_reason, skip_detail, content)"
            " SELECT :plan, id, status, scheduled_date, skip_reason, skip_detail,"
            f" CASE WHEN status = 'pending' THEN jsonb_build_object({content}) END"
            " FROM actions WHERE campaign_id = :campaign AND status IN ('pending', 'skipped')"
        ),
        {"plan": plan_id, "campaign": campaign_id},
    )


async def restore_choices(session: AsyncSession, campaign_id: UUID, plan_id: UUID) -> list[UUID]:
    """Let the actions stand as `plan_id` decided; returns the planned ones.

    Raises:
        Conflict: the actions were proposed anew since.
    """
    counted = await session.execute(
        text(
            "SELECT (SELECT count(*) FROM plan_choices WHERE plan_id = :plan) AS kept,"
            " (SELECT count(*) FROM actions WHERE campaign_id = :campaign AND status IN ('pending', 'skipped'))"
            "   AS standing"
        ),
        {"plan": plan_id, "campaign": campaign_id},
    )
    count = counted.one()
    assignments = ", ".join(f"{name} = r.{name}" for name in CONTENT)
    restored = await session.execute(
        text(
            "UPDATE actions a SET status = r.kept_status, scheduled_date = r.kept_day, skip_reason = r.kept_reason,"
            f" skip_detail = r.kept_detail, plan_id = :plan, updated_at = :at, {assignments}"
            " FROM (SELECT r.*, c.status AS kept_status, c.scheduled_date AS kept_day, c.skip_reason AS kept_reason,"
            "   c.skip_detail AS kept_detail FROM plan_choices c JOIN actions x ON x.id = c.action_id"
            "   AND x.campaign_id = :campaign AND x.status IN ('pending', 'skipped')"
            "   CROSS JOIN LATERAL jsonb_populate_record(x, COALESCE(c.content, '{}')) r WHERE c.plan_id = :plan) r"
            " WHERE a.id = r.id RETURNING a.id, a.status"
        ),
        {"plan": plan_id, "campaign": campaign_id, "at": now()},
    )
    rows = restored.all()
    if not count.kept or count.kept != len(rows) or count.standing != len(rows):
        raise Conflict("The actions were proposed anew since that plan was made. Plan again, then choose.")
    return [row.id for row in rows if row.status == "pending"]
