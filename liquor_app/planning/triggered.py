"""Triggered campaigns: actions for whom something has just happened, once each, under the same caps and limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.generate import generate_for
from liquor_app.actions.models import TAKEN, ActionStatus
from liquor_app.actions.plan_context import PlanContext, lock_context
from liquor_app.actions.plan_decisions import settle_actions
from liquor_app.campaigns.approved_wording import offer_wording
from liquor_app.campaigns.brief import CampaignBrief
from liquor_app.campaigns.current_plan import set_held_out
from liquor_app.campaigns.firings import record_firings, settle_firings
from liquor_app.campaigns.lifecycle import pause_campaign
from liquor_app.campaigns.models import CampaignStatus, CampaignType, Engine, FiringOutcome
from liquor_app.campaigns.triggers import Trigger, read_trigger
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict
from liquor_app.core.ids import uuid7
from liquor_app.core.states import sql_list
from liquor_app.planning.block_forecast import leave_out_blocked
from liquor_app.planning.candidates import day_weights, read_candidates, reasons_of, write_choices
from liquor_app.planning.draft_plan import FREE, Prepared, prepared, store_plan, summary_of
from liquor_app.planning.draw_arms import Arms, draw_arms
from liquor_app.planning.optimizer.optimise import optimise, verdicts
from liquor_app.planning.plan_store import STANDING, PlanRow, planned_now
from liquor_app.planning.reasoning.plan_reasoning import entry
from liquor_app.planning.trigger_occasions import LOOK_BACK_DAYS, occasions_sql
from liquor_app.ui.words import figure

AT_ONCE = 20_000
"""Occasions one run takes up, the oldest first; the next run takes the next."""

CHANGED_SINCE = (
    "A playbook, segment or template it writes by, or what is pinned and forbidden of it, was changed after it was"
    " approved. Look at them: with Resume it goes on as they are now."
)


@dataclass(frozen=True, slots=True)
class Fired:
    """What came of new occasions: people seen for the first time, and messages planned for them."""

    seen: int
    planned: int
    held_out: int


def trigger_of(brief: CampaignBrief) -> Trigger:
    """Tell what a standing campaign waits for.

    Raises:
        Conflict: nothing.
    """
    if brief.type is not CampaignType.TRIGGERED or brief.trigger is None:
        raise Conflict("This campaign has no trigger. Say what it waits for.", field="trigger")
    return read_trigger(brief.trigger)


async def fire(session: AsyncSession, actor: Actor, campaign_id: UUID) -> Fired:
    """Take up what happened since: once for each customer, whatever comes of it; if what it writes by is no longer what
    was approved, it is paused instead. The messages are planned like any
    other (offer, best hour, caps across campaigns, capacity, budget, holdout); launching them is the caller's.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such campaign.
        Conflict: it is not a running, triggered one.
    """
    require(actor, Permission.PLANS_WRITE)
    context = await lock_context(session, campaign_id)
    brief = context.brief
    if brief.status is not CampaignStatus.ACTIVE or brief.plan_id is None:
        raise Conflict("Only a running campaign is triggered.")
    trigger, until = trigger_of(brief), now()
    if await _is_other_by_now(session, campaign_id):
        await offer_wording(session, campaign_id, (await planned_now(session, campaign_id)).wording)
        await pause_campaign(session, actor, campaign_id, reason=CHANGED_SINCE)
        return Fired(0, 0, 0)
    since = max(brief.started_at or until, until - timedelta(days=LOOK_BACK_DAYS))
    people = await _take_up(session, brief, trigger, since, until)
    if not people:
        return Fired(0, 0, 0)
    _, arms = await _plan(session, actor, context, people, brief.plan_id)
    outcomes = await _settle(session, campaign_id, people)
    fired = Fired(len(people), outcomes.count(FiringOutcome.PLANNED), outcomes.count(FiringOutcome.HELD_OUT))
    await set_held_out(session, campaign_id, arms.people.holdout)
    await audit(
        session, actor, "campaign.triggered", "campaign", campaign_id, seen=fired.seen, planned=fired.planned,
        held_out=fired.held_out,
    )  # fmt: skip
    return fired


_OTHER_BY_NOW = f"""
SELECT k.approved_wording ->> 'standing' IS DISTINCT FROM {STANDING} FROM campaigns k
 WHERE k.id = :id AND k.approved_wording ->> 'standing' IS NOT NULL
"""


async def _is_other_by_now(session: AsyncSession, campaign_id: UUID) -> bool:
    """Tell whether a standing campaign would write what nobody approved."""
    return bool(await session.scalar(text(_OTHER_BY_NOW), {"id": campaign_id}))


_NEW_OCCASIONS = """
SELECT x.customer_id, min(x.at) AS at FROM ({occasions}) x
  JOIN customers k ON k.id = x.customer_id AND k.deleted_at IS NULL
 WHERE EXISTS (SELECT 1 FROM segment_members m JOIN segments t ON t.id = m.segment_id
                WHERE m.customer_id = x.customer_id AND t.slug = ANY(:targets))
   AND NOT EXISTS (SELECT 1 FROM trigger_firings f WHERE f.campaign_id = :campaign AND f.customer_id = x.customer_id)
 GROUP BY x.customer_id ORDER BY min(x.at), x.customer_id LIMIT :most
"""

_OUTCOMES = f"""
SELECT customer_id, CASE WHEN bool_or(status IN {sql_list(*TAKEN)}) THEN '{FiringOutcome.PLANNED}'
                         WHEN bool_or(status = '{ActionStatus.HELD_OUT}') THEN '{FiringOutcome.HELD_OUT}'
                         ELSE '{FiringOutcome.SKIPPED}' END AS outcome
  FROM actions WHERE campaign_id = :campaign AND customer_id = ANY(:people) GROUP BY customer_id
"""

_SPENT = f"""
SELECT COALESCE(sum(expected_response * CAST(offer_terms ->> 'basket' AS double precision)
                    * CAST(offer_terms ->> 'discount_pct' AS double precision) / 100), 0)
  FROM actions WHERE campaign_id = :id AND status IN {sql_list(*TAKEN)}
"""


async def _take_up(
    session: AsyncSession, brief: CampaignBrief, trigger: Trigger, since: datetime, until: datetime
) -> list[UUID]:
    occasions, binds = occasions_sql(trigger)
    found = await session.execute(
        text(_NEW_OCCASIONS.format(occasions=occasions)),
        {
            **binds,
            "campaign": brief.id,
            "since": since,
            "until": until,
            "targets": list(brief.target_segments),
            "most": AT_ONCE,
        },
    )
    return await record_firings(session, brief.id, [(row.customer_id, row.at) for row in found], until)


async def _settle(session: AsyncSession, campaign_id: UUID, people: list[UUID]) -> list[FiringOutcome]:
    """Write down what came of each occasion; whoever got no action at all was excluded."""
    found = await session.execute(text(_OUTCOMES), {"campaign": campaign_id, "people": people})
    came_to = {row.customer_id: FiringOutcome(row.outcome) for row in found}
    outcomes = {person: came_to.get(person, FiringOutcome.EXCLUDED) for person in people}
    await settle_firings(session, campaign_id, outcomes)
    return list(outcomes.values())


async def _plan(
    session: AsyncSession, actor: Actor, context: PlanContext, people: list[UUID], plan_id: UUID
) -> tuple[Prepared, Arms]:
    """Return actions for these people, chosen within what is left of capacity and budget."""
    brief = context.brief
    await generate_for(session, context, people)
    candidates = await read_candidates(session, brief, FREE)
    weight = await day_weights(session, brief)
    spent = await session.execute(text(_SPENT), {"id": brief.id})
    promised = float(spent.scalar_one())
    ready = await prepared(session, context, candidates, weight, promised, draw=context.draws)
    plan = optimise(ready.problem)
    await write_choices(
        session,
        brief,
        plan_id,
        candidates=candidates,
        verdict=verdicts(ready.problem, plan),
        day=plan.day,
        details=reasons_of(brief, plan.price),
    )
    await settle_actions(session, brief.id, plan_id)
    await leave_out_blocked(session, context, plan_id)
    arms = await draw_arms(session, actor, context, plan_id, left=ready.left, choice=ready.choice_of(plan))
    return ready, arms


async def make_standing_plan(session: AsyncSession, actor: Actor, campaign_id: UUID) -> PlanRow:
    """Return a standing campaign's plan to approve: what it would have done in the last seven days, tried out and
    rolled back. Nobody is planned before something happens to them.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: it has no trigger, or is over.
        Invalid: a target segment, a constraint or the trigger is wrong.
    """
    require(actor, Permission.PLANS_WRITE)
    return await plan_standing(session, actor, await lock_context(session, campaign_id))


async def plan_standing(session: AsyncSession, actor: Actor, context: PlanContext) -> PlanRow:
    """Return the same for a campaign that is held. A corridor."""
    brief = context.brief
    trigger, until = trigger_of(brief), now()
    trial = await session.begin_nested()
    people = await _take_up(session, brief, trigger, until - timedelta(days=7), until)
    plan_id = uuid7()
    ready, arms = await _plan(session, actor, context, people, plan_id)
    summary: dict[str, Any] = await summary_of(session, ready, arms)
    await trial.rollback()
    totals = summary["totals"]
    summary["standing"] = {"trigger": trigger.words, "occasions": len(people), "days": 7}
    reasoning = [
        entry(
            "brief",
            brief.name,
            f"Standing until {brief.end_date}: writes once to everybody of its segments when {trigger.words}.",
        ),
        entry(
            "choice",
            f"{figure(len(people))} occasions in the last seven days",
            f"It would have written to {figure(totals['reach'])} of them and held {figure(totals['held_out'])}"
            " out; the figures"
            " beside are of that week, under the same caps, capacity and budget as every other campaign.",
        ),
        entry(
            "assumption",
            "Nobody is planned yet",
            "Actions are made as occasions come, once for each customer, and go out at the customer's own hour within"
            f" {len(brief.days)} days.",
        ),
    ]
    return await store_plan(
        session, actor, ready, plan_id, engine=Engine.HEURISTIC, summary=summary, reasoning=reasoning
    )
