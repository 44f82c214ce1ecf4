"""Plans: make one, look at it, simulate it, choose between two, approve one."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.edit_guards import hold_campaign, refuse_overfull
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, NotFound
from liquor_app.planning.ai.ai_plan import Asked, make_ai_plan, prepare_question
from liquor_app.planning.approval_checks import (
    beyond_autopilot,
    escalation,
    refuse_overtaken,
    refuse_unguided,
    require_approver,
)
from liquor_app.planning.compare_plans import Comparison, compare
from liquor_app.planning.draft_plan import make_plan, put_in_place
from liquor_app.planning.models import PlanStatus
from liquor_app.planning.plan_store import PlanRow, fingerprint_of, get_plan, list_plans, plan_of_version
from liquor_app.planning.plan_switch import forget_choices, keep_choices, restore_choices
from liquor_app.planning.simulation_job import cancel_simulation, open_simulation, request_simulation, simulate_plan
from liquor_app.planning.triggered import fire, make_standing_plan

__all__ = [
    "Asked",
    "Comparison",
    "PlanRow",
    "approve_plan",
    "beyond_autopilot",
    "cancel_simulation",
    "choose_plan",
    "compare_plans",
    "escalation",
    "fire",
    "get_plan",
    "list_plans",
    "make_ai_plan",
    "make_plan",
    "make_standing_plan",
    "open_simulation",
    "plan_of_version",
    "prepare_question",
    "request_simulation",
    "simulate_plan",
]


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
        text("SELECT EXISTS (SELECT 1 FROM actions WHERE campaign_id = :id AND status = 'pending')"),
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


async def choose_plan(session: AsyncSession, actor: Actor, plan_id: UUID) -> PlanRow:
    """Put the other engine's plan of the same round in the current one's place; that one can be chosen back, with what
    was changed in it by hand.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such plan.
        Conflict: the campaign is approved already, the plan is not on the table any more, or a limit would break
            because another campaign was approved meanwhile.
    """
    require(actor, Role.MANAGER)
    plan = await get_plan(session, actor, plan_id)
    brief = await hold_campaign(session, actor, plan.campaign_id)
    if brief.plan_id == plan_id:
        return plan
    if not plan.can_be_chosen or brief.plan_id is None:
        raise Conflict("This plan is not on the table any more. Plan again to have a choice.")
    await keep_choices(session, brief.id, brief.plan_id)
    planned = await restore_choices(session, brief.id, plan_id)
    await refuse_overfull(session, brief, planned)
    await session.execute(
        text(
            "UPDATE plans SET status = CASE WHEN id = :id THEN 'draft' ELSE 'superseded' END"
            " WHERE campaign_id = :campaign AND (id = :id OR status = 'draft')"
        ),
        {"id": plan_id, "campaign": brief.id},
    )
    await put_in_place(session, brief.id, plan_id, plan.version, plan.summary)
    await audit(
        session, actor, "plan.chosen", "campaign", brief.id, version=plan.version, engine=plan.engine.value,
        instead_of=brief.plan_id,
    )  # fmt: skip
    return await get_plan(session, actor, plan_id)


async def compare_plans(session: AsyncSession, actor: Actor, left_id: UUID, right_id: UUID) -> Comparison:
    """Two plans of one campaign side by side.

    Raises:
        NotFound: one of them does not exist.
        Conflict: they are of different campaigns.
    """
    left, right = await get_plan(session, actor, left_id), await get_plan(session, actor, right_id)
    if left.campaign_id != right.campaign_id:
        raise Conflict("Only plans of the same campaign can be laid side by side.")
    return compare(left.summary, right.summary)
