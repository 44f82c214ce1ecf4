"""Approve a plan: it stands as it was looked at, within the law, the limits and the guidance of this moment."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.models import ActionStatus
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, NotFound
from liquor_app.planning.approval.approval_checks import refuse_overtaken, refuse_unguided, require_approver
from liquor_app.planning.models import PlanStatus
from liquor_app.planning.plan_store import PlanRow, fingerprint_of, get_plan
from liquor_app.planning.plan_switch import forget_choices
from liquor_app.planning.simulation_job import simulate_plan


async def approve_plan(
    session: AsyncSession, actor: Actor, plan_id: UUID, *, fingerprint: str | None = None
) -> PlanRow:
    """Approve the campaign's current plan. The campaign's own life is moved by `campaigns`.

    Args:
        fingerprint: of the plan as the approver saw it; refuses if its actions have changed since.

    Raises:
        Forbidden: the actor is not a marketer, or the guidance wants an admin for it.
        NotFound: there is no such plan.
        Conflict: a newer plan replaced it, it holds no action, it changed since it was looked at, it breaks a limit
            beside a campaign approved since it was made, or the guidance does not allow what it holds.
    """
    require(actor, Role.MANAGER)
    found = await session.execute(
        text(
            "SELECT p.campaign_id, p.status, p.guidance_version, k.plan_id, k.type = 'triggered' AS standing"
            " FROM plans p JOIN campaigns k ON k.id = p.campaign_id WHERE p.id = :id FOR UPDATE OF p"
        ),
        {"id": plan_id},
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such plan.")
    if row["plan_id"] != plan_id or PlanStatus(row["status"]) is PlanStatus.SUPERSEDED:
        raise Conflict("A newer plan has replaced this one. Look at that before approving.")
    current = await fingerprint_of(session, row["campaign_id"])
    if fingerprint is not None and fingerprint != current:
        raise Conflict("The plan has changed since you looked at it. Reload, then approve.")
    planned = await session.execute(
        text(f"SELECT EXISTS (SELECT 1 FROM actions WHERE campaign_id = :id AND status = '{ActionStatus.PENDING}')"),
        {"id": row["campaign_id"]},
    )
    if not planned.scalar_one() and not row["standing"]:
        raise Conflict("The plan holds no action. Widen the audience or loosen a limit, then plan again.")
    plan = await get_plan(session, actor, plan_id)
    if plan.fingerprint != current and not row["standing"]:
        # changed by hand since it was last worked out: what is approved is what it is now
        plan = await simulate_plan(session, actor, plan_id)
    if not row["standing"]:
        await refuse_overtaken(session, row["campaign_id"], plan.created_at)
    bound_by = await refuse_unguided(session, row["campaign_id"], row["guidance_version"])
    require_approver(actor, plan, bound_by.guidance)
    await session.execute(
        text(
            "UPDATE plans SET status = CASE WHEN id = :id THEN 'approved' ELSE 'superseded' END,"
            " approved_by = CASE WHEN id = :id THEN CAST(:by AS uuid) ELSE approved_by END,"
            " approved_at = CASE WHEN id = :id THEN :at ELSE approved_at END,"
            " fingerprint = CASE WHEN id = :id THEN :fingerprint ELSE fingerprint END,"
            " guidance_version = CASE WHEN id = :id THEN :guidance ELSE guidance_version END"
            " WHERE campaign_id = :campaign AND (id = :id OR status = 'approved')"
        ),
        {
            "id": plan_id,
            "campaign": row["campaign_id"],
            "by": actor.user_id,
            "at": now(),
            "fingerprint": current,
            "guidance": bound_by.version,
        },
    )
    await forget_choices(session, row["campaign_id"])
    await audit(session, actor, "plan.approved", "campaign", row["campaign_id"], plan=plan_id, fingerprint=current)
    return await get_plan(session, actor, plan_id)
