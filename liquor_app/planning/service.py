"""Choose between two plans of one campaign, and set them side by side."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.edit_guards import hold_campaign, refuse_overfull
from liquor_app.core.errors import Conflict
from liquor_app.planning.ai.ai_plan import Asked, make_ai_plan, prepare_question
from liquor_app.planning.approval.approval_checks import beyond_autopilot, escalation
from liquor_app.planning.approval.approve_plan import approve_plan
from liquor_app.planning.compare_plans import Comparison, compare
from liquor_app.planning.draft_plan import make_plan, put_in_place
from liquor_app.planning.draw_arms import restore_arms
from liquor_app.planning.plan_status import put_back
from liquor_app.planning.plan_store import PlanRow, get_plan, plan_of_version
from liquor_app.planning.plan_switch import keep_choices, restore_choices
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
    "make_ai_plan",
    "make_plan",
    "make_standing_plan",
    "open_simulation",
    "plan_of_version",
    "prepare_question",
    "request_simulation",
    "simulate_plan",
]


async def choose_plan(session: AsyncSession, actor: Actor, plan_id: UUID) -> PlanRow:
    """Put the other engine's plan of the same round in the current one's place; that one can be chosen back, with what
    was changed in it by hand.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such plan.
        Conflict: the campaign is approved already, the plan is not on the table any more, or a limit would break
            because another campaign was approved meanwhile.
    """
    require(actor, Permission.PLANS_WRITE)
    plan = await get_plan(session, actor, plan_id)
    brief = await hold_campaign(session, actor, plan.campaign_id, permission=Permission.PLANS_WRITE)
    if brief.plan_id == plan_id:
        return plan
    if not plan.can_be_chosen or brief.plan_id is None:
        raise Conflict("This plan is not on the table any more. Plan again to have a choice.")
    await keep_choices(session, brief.id, brief.plan_id)
    planned = await restore_choices(session, brief.id, plan_id)
    await refuse_overfull(session, brief, planned)
    await put_back(session, brief.id, plan_id, plan.status)
    drawn = await restore_arms(session, actor, brief, plan.summary)
    await put_in_place(session, brief.id, plan_id, plan.version, plan.summary, held_out=drawn.holdout)
    await audit_change(
        session,
        actor,
        "plan.chosen",
        "campaign",
        brief.id,
        before={"plan_id": brief.plan_id},
        after={"plan_id": plan_id},
        version=plan.version,
        engine=plan.engine.value,
        instead_of=brief.plan_id,
    )
    return await get_plan(session, actor, plan_id)


async def compare_plans(session: AsyncSession, actor: Actor, left_id: UUID, right_id: UUID) -> Comparison:
    """Return two plans of one campaign side by side.

    Raises:
        NotFound: one of them does not exist.
        Conflict: they are of different campaigns.
    """
    left, right = await get_plan(session, actor, left_id), await get_plan(session, actor, right_id)
    if left.campaign_id != right.campaign_id:
        raise Conflict("Only plans of the same campaign can be laid side by side.")
    return compare(left.summary, right.summary)
