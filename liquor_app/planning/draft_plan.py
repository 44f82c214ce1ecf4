"""Making a plan: propose, hold out, choose, simulate, explain, store. The optimiser's own; the AI's is `ai.ai_plan`."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.generate import generate_within
from liquor_app.actions.models import ACTION, TAKEN, ActionStatus
from liquor_app.actions.offering.cell_rules import broken_rules, rules_in_force, told_of
from liquor_app.actions.plan_context import PlanContext, lock_context
from liquor_app.actions.plan_decisions import release_taken_out, reopen_actions, settle_actions
from liquor_app.campaigns.brief import CampaignBrief
from liquor_app.campaigns.current_plan import set_current_plan
from liquor_app.campaigns.models import Engine
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.ids import uuid7
from liquor_app.core.money import money
from liquor_app.core.states import sql_list
from liquor_app.experiments.enough import few_words
from liquor_app.experiments.power import detectable, people_for, share_for
from liquor_app.planning.block_forecast import leave_out_blocked
from liquor_app.planning.candidates import (
    CHOSEN,
    Candidates,
    build_problem,
    day_weights,
    read_candidates,
    reasons_of,
    write_choices,
)
from liquor_app.planning.draw_arms import Arms, Choice, Left, draw_arms, roomier
from liquor_app.planning.models import PlanStatus
from liquor_app.planning.optimizer.drawn_values import REPEATS, DrawnValues, choice_shares, chosen_at_prices
from liquor_app.planning.optimizer.optimise import optimise, verdicts
from liquor_app.planning.optimizer.problem import NOWHERE, Allocation, Floats, Problem
from liquor_app.planning.plan_status import supersede_drafts
from liquor_app.planning.plan_store import PlanRow, fingerprint_of, get_plan, summarise
from liquor_app.planning.plan_summary import silence_of
from liquor_app.planning.plan_switch import forget_choices
from liquor_app.planning.reasoning.plan_reasoning import Alternative, Entry, engine_note, explain
from liquor_app.scoring.uplift_store import uplift_in_use

ALTERNATIVES_UP_TO = 50_000
"""Candidates up to which other ways to plan are worked out for comparison."""

FREE = (
    f"a.status = '{ActionStatus.PROPOSED}' AND NOT EXISTS (SELECT 1 FROM actions t WHERE t.campaign_id = a.campaign_id"
    f" AND t.customer_id = a.customer_id AND t.status IN {sql_list(*TAKEN, ActionStatus.HELD_OUT)})"
)
"""Actions that may still be chosen: of customers nothing was decided for."""


TAKEN_OUT = f"a.status = '{ActionStatus.SKIPPED}' AND a.skip_reason = '{Reason.BY_HAND}' AND a.arm IS NOT NULL"
"""Actions that a person took out of an earlier plan."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A round of planning as it begins: everything undecided is a candidate again."""

    context: PlanContext
    candidates: Candidates
    weight: Floats
    problem: Problem
    """With more room and budget than there is: some of whom it chooses are held out afterwards."""
    left: Left
    """Room and budget as they are."""
    drawn: DrawnValues | None = None
    """What actions are worth as drawn from what is believed; None: as believed."""

    @property
    def brief(self) -> CampaignBrief:
        return self.context.brief

    def choice_of(self, plan: Allocation) -> Choice | None:
        """Return how likely each action of whom the plan chose was to be chosen; None where nothing was drawn."""
        if self.drawn is None:
            return None
        found, ids = choice_shares(self.problem, plan, self.drawn), self.candidates.ids
        alone, whole = (
            {UUID(bytes=ids[at].tobytes()): float(shares[at]) for at in np.flatnonzero(shares)}
            for shares in (found.alone, found.whole)
        )
        return Choice(alone, whole)


async def make_plan(session: AsyncSession, actor: Actor, campaign_id: UUID) -> PlanRow:
    """Draft the campaign's plan as a new version: propose actions if there are none, hold out, choose, simulate.

    What a person pinned or skipped stays; everything else that nothing has been sent of is planned anew. Earlier
    drafts are superseded; an approved plan stays in force until this one is approved.

    Raises:
        Forbidden: the actor may only read.
        NotFound, Conflict: there is no such campaign, or it is over.
        Invalid: a target segment or a constraint is wrong.
    """
    require(actor, Permission.PLANS_WRITE)
    return await plan_within(session, actor, await lock_context(session, campaign_id))


async def plan_within(session: AsyncSession, actor: Actor, context: PlanContext) -> PlanRow:
    """Return the same for a campaign that is held. A corridor."""
    brief = context.brief
    if not await _has_actions(session, brief.id, drawn=context.draws):
        await generate_within(session, actor, context)
    await forget_choices(session, brief.id)
    ready = await prepare(session, context, draw=context.draws)
    plan = optimise(ready.problem)
    plan_id = uuid7()
    await write_choices(
        session,
        brief,
        plan_id,
        candidates=ready.candidates,
        verdict=verdicts(ready.problem, plan),
        day=plan.day,
        details=reasons_of(brief, plan.price),
    )
    await settle_actions(session, brief.id, plan_id)
    await leave_out_blocked(session, context, plan_id)
    await _release_unchosen(session, ready, plan)
    arms = await draw_arms(session, actor, context, plan_id, left=ready.left, choice=ready.choice_of(plan))
    summary = await summary_of(session, ready, arms)
    summary["optimality"] = {
        "value": round(plan.value, 2),
        "bound": round(plan.bound, 2),
        "gap_pct": round(plan.gap * 100, 3),
        "discount_price": round(plan.budget_price, 4),
    }
    note = engine_note(brief.engine, bool(get_settings().openai_api_key.get_secret_value()))
    reasoning = explain(brief, summary, plan, _alternatives(ready.problem, plan, ready.candidates), note)
    engine = Engine.MANUAL if brief.engine == Engine.MANUAL else Engine.HEURISTIC
    return await store_plan(session, actor, ready, plan_id, engine=engine, summary=summary, reasoning=reasoning)


async def _release_unchosen(session: AsyncSession, ready: Prepared, plan: Allocation) -> None:
    """Let go of what a person took out and this plan would not have chosen: held-out people whom it does not choose are
    in no arm any more, so neither may those be who would be written to."""
    out = await read_candidates(session, ready.brief, TAKEN_OUT)
    problem = await build_problem(session, ready.brief, out, ready.weight, 0.0)
    chosen = chosen_at_prices(problem, plan)
    await release_taken_out(session, [UUID(bytes=out.ids[at].tobytes()) for at in np.flatnonzero(~chosen)])


async def prepare(session: AsyncSession, context: PlanContext, *, draw: bool = False) -> Prepared:
    """Put everything undecided back to proposals, read the candidates; `draw` values them by draws of what is believed.
    A corridor."""
    brief = context.brief
    await reopen_actions(
        session, brief.id, ACTION.sources(ActionStatus.PROPOSED) if brief.is_open else [ActionStatus.PENDING],
        keep=(brief.days[0], brief.days[-1]),
    )  # fmt: skip
    pinned = await read_candidates(session, brief, CHOSEN)
    candidates = await read_candidates(session, brief, FREE)
    weight = await day_weights(session, brief)
    return await prepared(session, context, candidates, weight, float(pinned.discount.sum()), draw=draw)


async def prepared(
    session: AsyncSession,
    context: PlanContext,
    candidates: Candidates,
    weight: Floats,
    spent: float,
    *,
    draw: bool = False,
) -> Prepared:
    """Return a round of planning among these candidates; `spent` is the discount already promised. A corridor."""
    brief = context.brief
    problem = await build_problem(session, brief, candidates, weight, spent)
    room, budget = roomier(problem.capacity, problem.budget, float(brief.holdout_pct) / 100)
    grown = replace(problem, capacity=room, budget=budget)
    left = Left(problem.capacity, problem.budget)
    if not draw:
        return Prepared(context, candidates, weight, grown, left)
    drawn = candidates.draw_values(brief, await uplift_in_use(session))
    return Prepared(context, candidates, weight, replace(grown, value=drawn.own(candidates.customer)), left, drawn)


async def summary_of(session: AsyncSession, ready: Prepared, arms: Arms) -> dict[str, Any]:
    """Return the figures of what is chosen now."""
    chosen = await read_candidates(session, ready.brief, CHOSEN)
    summary = await summarise(session, ready.context, chosen, ready.weight, arms.people.holdout)
    if ready.drawn is not None:
        summary["drawn"] = {"repeats": REPEATS}
    if (silent := silence_of(summary, people=arms.people.contacted + arms.people.holdout)) is not None:
        summary["silent"] = silent
    broken = {rule.id for rule, _ in await broken_rules(session, ready.brief.id)}  # younger than the proposals
    gone_by = [rule for rule in await rules_in_force(session) if rule.id not in broken]
    summary["cell_rules"] = told_of(gone_by, ready.brief.target_segments)
    summary["arms"] = {
        "agent": arms.people.agent,
        "random": arms.people.random,
        "usual": arms.people.usual,
        "fixed": arms.people.fixed,
        "holdout": arms.people.holdout,
        "random_cost": str(money(arms.random_cost)),
        "usual_cost": str(money(arms.usual_cost)),
        "bounded": arms.bounded,
        "money_off": arms.money_off,
    }
    if arms.tested is not None:
        summary["ab_test"] = arms.tested
    explained = (await uplift_in_use(session)).posterior.explained
    # by people, as the holdout is drawn: who gets two messages counts once
    baseline = chosen.baseline[np.unique(chosen.customer, return_index=True)[1]]
    summary["power"] = power_of(arms.people.contacted, arms.people.holdout, ready.brief, baseline, explained)
    return summary


WANTED = 0.02
"""An effect worth knowing of, two buyers in a hundred: what to hold out for it is told."""


def power_of(contacted: int, held_out: int, brief: CampaignBrief, baseline: Floats, explained: float) -> dict[str, Any]:
    """Tell the smallest effect one final read of a plan's holdout would show, and the share to hold out for `WANTED`:
    `{"people", "rate", "detectable", "wanted", "share", "needed", "too_few"}`; None where there is none. `needed` are
    people of campaigns like it, with the same share held out; `too_few` says that nothing will be told of so few.

    Args:
        baseline: P(buys anyway) of each person.
    """
    people, rate = contacted + held_out, float(baseline.mean()) if baseline.size else 0.0
    few = few_words(contacted, held_out) if held_out else ""
    share = held_out / people if held_out else float(brief.holdout_pct) / 100
    return {
        "people": people,
        "rate": round(rate, 4),
        "detectable": None if few else detectable(people, share, rate, explained),
        "wanted": WANTED,
        "share": share_for(WANTED, people, rate, explained),
        "needed": people_for(WANTED, share, rate, explained),
        "too_few": few,
    }


_HAS_ACTIONS = """
SELECT EXISTS (SELECT 1 FROM actions WHERE campaign_id = :id AND offer_terms ? 'uplift'
                AND created_at >= (SELECT COALESCE(max(GREATEST(created_at, undone_at)), '-infinity') FROM cell_rules))
   AND (NOT :drawn OR COALESCE((SELECT summary ? 'drawn' FROM plans WHERE campaign_id = :id
                                 ORDER BY version DESC LIMIT 1), true))
"""
"""Older ones count answers as purchases won, or know nothing of what was pinned or forbidden since: they are proposed
anew. So are those that were proposed by what is believed alone, where a plan is to draw: who is worth a message
in a draw only is not among them."""


async def _has_actions(session: AsyncSession, campaign_id: UUID, *, drawn: bool) -> bool:
    return bool((await session.execute(text(_HAS_ACTIONS), {"id": campaign_id, "drawn": drawn})).scalar_one())


async def _next_version(session: AsyncSession, campaign_id: UUID) -> int:
    found = await session.execute(
        text("SELECT COALESCE(max(version), 0) + 1 FROM plans WHERE campaign_id = :id"), {"id": campaign_id}
    )
    return int(found.scalar_one())


def _alternatives(problem: Problem, plan: Allocation, candidates: Candidates) -> list[Alternative]:
    """Return the same week ranked by one score alone, worth what it is worth."""
    if not 0 < candidates.customer.size <= ALTERNATIVES_UP_TO:
        return []
    tried = []
    for title, score in (
        ("By value at risk alone", candidates.value_points),
        ("By likelihood to act on the offer alone", candidates.response),
    ):
        other = optimise(replace(problem, value=np.where(problem.value > 0, score, 0.0)))
        taken = np.flatnonzero(other.day != NOWHERE)
        worth = float(problem.worth(taken, other.day[taken]).sum())
        tried.append(Alternative(title, worth))
    return tried


async def store_plan(
    session: AsyncSession,
    actor: Actor,
    ready: Prepared,
    plan_id: UUID,
    *,
    engine: Engine,
    summary: dict[str, Any],
    reasoning: list[Entry],
    record: dict[str, Any] | None = None,
) -> PlanRow:
    """Store the plan as the campaign's newest and current version; earlier drafts are superseded. A corridor."""
    brief = ready.brief
    version = await _next_version(session, brief.id)
    fingerprint = await fingerprint_of(session, brief.id)
    await supersede_drafts(session, brief.id)
    await session.execute(
        text(
            "INSERT INTO plans (id, campaign_id, version, engine, status, constraints, summary, reasoning, fingerprint,"
            " created_by, created_at, guidance_version, engine_record) VALUES (:id, :campaign, :version, :engine,"
            " :status, CAST(:constraints AS jsonb), CAST(:summary AS jsonb), CAST(:reasoning AS jsonb), :fingerprint,"
            " :by, :at, :guidance, CAST(:record AS jsonb))"
        ),
        {
            "id": plan_id,
            "campaign": brief.id,
            "version": version,
            "engine": engine.value,
            "status": PlanStatus.DRAFT.value,
            "constraints": json.dumps(brief.limits.as_document()),
            "summary": json.dumps(summary),
            "reasoning": json.dumps(reasoning),
            "fingerprint": fingerprint,
            "by": actor.user_id,
            "at": now(),
            "guidance": brief.bound_by.version,
            "record": None if record is None else json.dumps(record),
        },
    )
    await put_in_place(session, brief.id, plan_id, version, summary, held_out=summary["totals"]["held_out"])
    await audit(
        session,
        actor,
        "plan.made",
        "campaign",
        brief.id,
        version=version,
        engine=engine.value,
        sends=summary["totals"]["sends"],
        fingerprint=fingerprint,
        guidance=brief.bound_by.version,
    )
    return await get_plan(session, actor, plan_id)


async def put_in_place(
    session: AsyncSession,
    campaign_id: UUID,
    plan_id: UUID,
    version: int,
    summary: dict[str, Any],
    *,
    held_out: int | None = None,
) -> None:
    """Make a plan the campaign's current one."""
    await set_current_plan(session, campaign_id, plan_id, {"version": version, **brief_of(summary)}, held_out=held_out)


def brief_of(summary: dict[str, Any]) -> dict[str, Any]:
    """Tell what lists of campaigns need of a summary; the cells and the copy stay with the plan."""
    return {name: value for name, value in summary.items() if name not in ("cells", "copy", "foreseen", "fatigue")}
