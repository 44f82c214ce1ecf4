"""Move plans between draft, approved and superseded; every change by `PLAN`. Corridors: the campaign is held."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.planning.models import PLAN, PlanStatus
from liquor_app.planning.plan_store import PlanRow

_SUPERSEDE_DRAFTS = f"""
UPDATE plans SET status = '{PlanStatus.SUPERSEDED}' WHERE campaign_id = :campaign AND status = '{PlanStatus.DRAFT}'
"""
_SUPERSEDE_APPROVED = f"""
UPDATE plans SET status = '{PlanStatus.SUPERSEDED}'
 WHERE campaign_id = :campaign AND status = '{PlanStatus.APPROVED}' AND id <> :id
"""
_PUT_BACK = f"""
UPDATE plans SET status = '{PlanStatus.DRAFT}'
 WHERE id = :id AND status IN {PLAN.sources_sql(PlanStatus.DRAFT)}
"""
_APPROVE = f"""
UPDATE plans SET status = '{PlanStatus.APPROVED}', approved_by = :by, approved_at = :at, fingerprint = :fingerprint,
       guidance_version = :guidance
 WHERE id = :id AND status IN {PLAN.sources_sql(PlanStatus.APPROVED)}
"""


async def supersede_drafts(session: AsyncSession, campaign_id: UUID) -> None:
    """Let a campaign's drafts give way to the one that comes; an approved plan stays in force."""
    await session.execute(text(_SUPERSEDE_DRAFTS), {"campaign": campaign_id})


async def put_back(session: AsyncSession, campaign_id: UUID, plan_id: UUID, was: PlanStatus) -> None:
    """Make a plan that gave way the campaign's draft again.

    Raises:
        Conflict: it did not give way.
    """
    PLAN.check(was, PlanStatus.DRAFT)
    await supersede_drafts(session, campaign_id)
    await session.execute(text(_PUT_BACK), {"id": plan_id})


async def record_approval(session: AsyncSession, plan: PlanRow, was: PlanStatus) -> None:
    """Store a plan's approval; the one approved before gives way.

    Args:
        plan: as it is approved: by whom, when, under which guidance, with which actions.

    Raises:
        Conflict: it has given way itself.
    """
    PLAN.check(was, PlanStatus.APPROVED)
    await session.execute(text(_SUPERSEDE_APPROVED), {"campaign": plan.campaign_id, "id": plan.id})
    await session.execute(
        text(_APPROVE),
        {
            "id": plan.id,
            "by": plan.approved_by,
            "at": plan.approved_at,
            "fingerprint": plan.fingerprint,
            "guidance": plan.guidance_version,
        },
    )
