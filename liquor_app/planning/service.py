"""Plans: make one, look at it, simulate it, approve it."""

from __future__ import annotations

import json
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.brief import lock_brief
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, NotFound
from liquor_app.planning.candidates import day_weights, read_candidates
from liquor_app.planning.draft import make_plan
from liquor_app.planning.models import PlanStatus
from liquor_app.planning.plans import PlanRow, fingerprint_of, get_plan, list_plans, summarise

__all__ = ["PlanRow", "approve_plan", "get_plan", "list_plans", "make_plan", "simulate_plan"]


async def simulate_plan(session: AsyncSession, actor: Actor, plan_id: UUID) -> PlanRow:
    """Work the plan's figures out anew from its actions as they stand, edits by hand included, and keep them.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such plan.
        Conflict: it is not the campaign's current draft.
    """
    require(actor, Role.MANAGER)
    plan = await get_plan(session, actor, plan_id)
    brief = await lock_brief(session, plan.campaign_id)
    if brief.plan_id != plan_id or plan.status is PlanStatus.SUPERSEDED:
        raise Conflict("A newer plan has replaced this one.")
    chosen = await read_candidates(session, brief, "a.status = 'pending'")
    weight = await day_weights(session, brief)
    summary = await summarise(session, brief, chosen, weight, plan.summary.get("totals", {}).get("held_out", 0))
    summary["optimality"] = plan.summary.get("optimality")
    await session.execute(
        text("UPDATE plans SET summary = CAST(:summary AS jsonb), fingerprint = :fingerprint WHERE id = :id"),
        {
            "summary": json.dumps(summary),
            "fingerprint": await fingerprint_of(session, plan.campaign_id),
            "id": plan_id,
        },
    )
    await session.execute(
        text("UPDATE campaigns SET weekly_plan = CAST(:weekly AS jsonb), updated_at = :at WHERE id = :id"),
        {
            "weekly": json.dumps({"plan_id": str(plan_id), "version": plan.version, **summary}),
            "id": plan.campaign_id,
            "at": now(),
        },
    )
    return await get_plan(session, actor, plan_id)


async def approve_plan(
    session: AsyncSession, actor: Actor, plan_id: UUID, *, fingerprint: str | None = None
) -> PlanRow:
    """Approve the campaign's current plan. The campaign's own life is moved by `campaigns`.

    Args:
        fingerprint: of the plan as the approver saw it; refuses if its actions have changed since.

    Raises:
        Forbidden: the actor is not a marketer.
        NotFound: there is no such plan.
        Conflict: a newer plan replaced it, it holds no action, or it changed since it was looked at.
    """
    require(actor, Role.MANAGER)
    found = await session.execute(
        text(
            "SELECT p.campaign_id, p.status, k.plan_id FROM plans p JOIN campaigns k ON k.id = p.campaign_id"
            " WHERE p.id = :id FOR UPDATE OF p"
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
        text("SELECT EXISTS (SELECT 1 FROM actions WHERE campaign_id = :id AND status = 'pending')"),
        {"id": row["campaign_id"]},
    )
    if not planned.scalar_one():
        raise Conflict("The plan holds no action. Widen the audience or loosen a limit, then plan again.")
    await session.execute(
        text(
            "UPDATE plans SET status = CASE WHEN id = :id THEN 'approved' ELSE 'superseded' END,"
            " approved_by = CASE WHEN id = :id THEN CAST(:by AS uuid) ELSE approved_by END,"
            " approved_at = CASE WHEN id = :id THEN :at ELSE approved_at END,"
            " fingerprint = CASE WHEN id = :id THEN :fingerprint ELSE fingerprint END"
            " WHERE campaign_id = :campaign AND (id = :id OR status = 'approved')"
        ),
        {"id": plan_id, "campaign": row["campaign_id"], "by": actor.user_id, "at": now(), "fingerprint": current},
    )
    await audit(session, actor, "plan.approved", "campaign", row["campaign_id"], plan=plan_id, fingerprint=current)
    return await get_plan(session, actor, plan_id)
