"""Two plans on the table: what each decided is kept until one is approved, so that either may be chosen."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.models import ActionStatus
from liquor_app.actions.plan_decisions import CONTENT, apply_decisions, stage_decisions
from liquor_app.core.errors import Conflict
from liquor_app.core.states import sql_list

_CONTENT = ", ".join(f"'{name}', {name}" for name in CONTENT)
_DECIDED = sql_list(ActionStatus.PENDING, ActionStatus.SKIPPED, ActionStatus.HELD_OUT)

_KEEP = f"""
INSERT INTO plan_choices (plan_id, action_id, status, scheduled_date, skip_reason, skip_detail, drawn, content)
SELECT :plan, id, status, scheduled_date, skip_reason, skip_detail,
       CASE WHEN arm IS NOT NULL
            THEN jsonb_build_object('arm', arm, 'propensity', propensity, 'policy', policy,
                                    'decision', decision) END,
       CASE WHEN status <> '{ActionStatus.SKIPPED}' THEN jsonb_build_object({_CONTENT}) END
  FROM actions WHERE campaign_id = :campaign AND status IN {_DECIDED}
"""

_COUNT = f"""
SELECT (SELECT count(*) FROM plan_choices WHERE plan_id = :plan) AS kept,
       (SELECT count(*) FROM plan_choices c JOIN actions a ON a.id = c.action_id
         WHERE c.plan_id = :plan AND a.campaign_id = :campaign AND a.status IN {_DECIDED}) AS found,
       (SELECT count(*) FROM actions WHERE campaign_id = :campaign AND status IN {_DECIDED}) AS standing
"""

_STAGE_KEPT = """
INSERT INTO plan_decisions
       (action_id, status, scheduled_date, skip_reason, skip_detail, content, arm, propensity, policy,
        decision)
SELECT action_id, status, scheduled_date, skip_reason, skip_detail, content, drawn ->> 'arm',
       CAST(drawn ->> 'propensity' AS double precision), drawn ->> 'policy',
       NULLIF(drawn -> 'decision', 'null')
  FROM plan_choices WHERE plan_id = :plan
"""


async def forget_choices(session: AsyncSession, campaign_id: UUID) -> None:
    """Tell what earlier plans decided: a new round begins, or one of them was approved."""
    await session.execute(
        text("DELETE FROM plan_choices c USING plans p WHERE p.id = c.plan_id AND p.campaign_id = :id"),
        {"id": campaign_id},
    )


async def keep_choices(session: AsyncSession, campaign_id: UUID, plan_id: UUID) -> None:
    """Keep what stands now as what `plan_id` decided."""
    await session.execute(text("DELETE FROM plan_choices WHERE plan_id = :plan"), {"plan": plan_id})
    await session.execute(text(_KEEP), {"plan": plan_id, "campaign": campaign_id})


async def restore_choices(session: AsyncSession, campaign_id: UUID, plan_id: UUID) -> list[UUID]:
    """Let the actions stand as `plan_id` decided; returns the planned ones.

    Raises:
        Conflict: the actions were proposed anew since.
    """
    counted = await session.execute(text(_COUNT), {"plan": plan_id, "campaign": campaign_id})
    count = counted.one()
    if not count.kept or count.kept != count.found or count.standing != count.found:
        raise Conflict("The actions were proposed anew since that plan was made. Plan again, then choose.")
    await stage_decisions(session)
    await session.execute(text(_STAGE_KEPT), {"plan": plan_id})
    await apply_decisions(session, plan_id)
    planned = await session.execute(
        text("SELECT action_id FROM plan_choices WHERE plan_id = :plan AND status = :pending"),
        {"plan": plan_id, "pending": ActionStatus.PENDING.value},
    )
    return list(planned.scalars())
