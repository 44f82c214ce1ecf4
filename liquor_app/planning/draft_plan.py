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
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.service import generate_actions
from liquor_app.campaigns.brief import CampaignBrief, lock_brief
from liquor_app.campaigns.models import Engine
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.ids import uuid7
from liquor_app.experiments.service import HoldoutRow, draw_holdout
from liquor_app.planning.candidates import (
    Candidates,
    build_problem,
    day_weights,
    read_candidates,
    reasons_of,
    write_choices,
)
from liquor_app.planning.models import PlanStatus
from liquor_app.planning.optimizer.optimise import optimise, verdicts
from liquor_app.planning.optimizer.problem import NOWHERE, Allocation, Floats, Problem
from liquor_app.planning.plan_reasoning import Alternative, Entry, engine_note, explain
from liquor_app.planning.plan_store import PlanRow, fingerprint_of, get_plan, summarise
from liquor_app.planning.plan_switch import forget_choices

ALTERNATIVES_UP_TO = 50_000
"""Candidates up to which other ways to plan are worked out for comparison."""

FREE = (
    "a.status = 'proposed' AND NOT EXISTS (SELECT 1 FROM actions t WHERE t.campaign_id = a.campaign_id"
    " AND t.customer_id = a.customer_id AND t.status IN ('pending', 'queued', 'sent'))"
)
"""Actions that may still be chosen: of customers nothing was decided for."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A round of planning as it begins: everything undecided is a candidate again."""

    brief: CampaignBrief
    holdout: HoldoutRow
    candidates: Candidates
    weight: Floats
    problem: Problem


async def make_plan(session: AsyncSession, actor: Actor, campaign_id: UUID) -> PlanRow:
    """Draft the campaign's plan as a new version: propose actions if there are none, hold out, choose, simulate.

    What a person pinned or skipped stays; everything else that nothing has been sent of is planned anew. Earlier
    drafts are superseded; an approved plan stays in force until this one is approved.

    Raises:
        Forbidden: the actor may only read.
        NotFound, Conflict: there is no such campaign, or it is over.
        Invalid: a target segment or a constraint is wrong.
    """
    require(actor, Role.MANAGER)
    brief = await lock_brief(session, campaign_id)
    if not await _has_actions(session, campaign_id):
        await generate_actions(session, actor, campaign_id)
    await forget_choices(session, campaign_id)
    ready = await prepare(session, actor, brief)
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
    await settle_rest(session, brief, plan_id)
    summary = await summary_of(session, ready)
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


async def prepare(session: AsyncSession, actor: Actor, brief: CampaignBrief) -> Prepared:
    """Put everything undecided back to proposals, draw the holdout, read the candidates."""
    await _reset(session, brief)
    holdout = await draw_holdout(session, actor, brief.id)
    pinned = await read_candidates(session, brief, "a.status = 'pending'")
    candidates = await read_candidates(session, brief, FREE)
    weight = await day_weights(session, brief)
    problem = await build_problem(session, brief, candidates, weight, float(pinned.discount.sum()))
    return Prepared(brief, holdout, candidates, weight, problem)


async def settle_rest(session: AsyncSession, brief: CampaignBrief, plan_id: UUID) -> None:
    """What was no candidate: pinned actions belong to this plan too, the rest of their customers' give way."""
    await session.execute(
        text(
            "UPDATE actions SET plan_id = :plan, updated_at = :at,"
            " status = CASE WHEN status = 'proposed' THEN 'skipped' ELSE status END,"
            " skip_reason = CASE WHEN status = 'proposed' THEN :better ELSE skip_reason END"
            " WHERE campaign_id = :campaign"
            " AND (status = 'proposed' OR status = 'pending' AND plan_id IS DISTINCT FROM :plan)"
        ),
        {"plan": plan_id, "campaign": brief.id, "at": now(), "better": Reason.BETTER_ACTION.value},
    )


async def summary_of(session: AsyncSession, ready: Prepared) -> dict[str, Any]:
    """The figures of what is chosen now."""
    chosen = await read_candidates(session, ready.brief, "a.status = 'pending'")
    return await summarise(session, ready.brief, chosen, ready.weight, ready.holdout.held_out)


async def _has_actions(session: AsyncSession, campaign_id: UUID) -> bool:
    found = await session.execute(
        text("SELECT EXISTS (SELECT 1 FROM actions WHERE campaign_id = :id)"), {"id": campaign_id}
    )
    return bool(found.scalar_one())


async def _reset(session: AsyncSession, brief: CampaignBrief) -> None:
    """Back to proposals, but for what people decided and what is in the ledger. What was moved or reworded
    keeps its place; a day that has passed is no decision any more."""
    statuses = ["pending", "skipped", "held_out"] if brief.is_open else ["pending"]
    await session.execute(
        text(
            "UPDATE actions SET status = 'proposed', skip_reason = NULL, skip_detail = NULL, updated_at = :at"
            " WHERE campaign_id = :id AND status = ANY(:statuses) AND skip_reason IS DISTINCT FROM :by_hand"
            " AND NOT (status = 'pending' AND offer_terms ? 'edited_by' AND scheduled_date BETWEEN :first AND :last)"
        ),
        {
            "id": brief.id,
            "statuses": statuses,
            "by_hand": Reason.BY_HAND.value,
            "first": brief.days[0],
            "last": brief.days[-1],
            "at": now(),
        },
    )


async def _next_version(session: AsyncSession, campaign_id: UUID) -> int:
    found = await session.execute(
        text("SELECT COALESCE(max(version), 0) + 1 FROM plans WHERE campaign_id = :id"), {"id": campaign_id}
    )
    return int(found.scalar_one())


def _alternatives(problem: Problem, plan: Allocation, candidates: Candidates) -> list[Alternative]:
    """The same week ranked by one score alone, worth what it is worth."""
    if not 0 < candidates.customer.size <= ALTERNATIVES_UP_TO:
        return []
    tried = []
    for title, score in (
        ("By value at risk alone", candidates.value_points),
        ("By likelihood to respond alone", candidates.response),
    ):
        other = optimise(replace(problem, value=np.where(problem.value > 0, score, 0.0)))
        taken = other.day != NOWHERE
        worth = float((problem.value[taken] * problem.weight[other.day[taken]]).sum())
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
    """Store the plan as the campaign's newest and current version; earlier drafts are superseded."""
    brief = ready.brief
    version = await _next_version(session, brief.id)
    fingerprint = await fingerprint_of(session, brief.id)
    await session.execute(
        text("UPDATE plans SET status = 'superseded' WHERE campaign_id = :id AND status = 'draft'"), {"id": brief.id}
    )
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
    await put_in_place(session, brief.id, plan_id, version, summary, held_out=ready.holdout.held_out)
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
    await session.execute(
        text(
            "UPDATE campaigns SET plan_id = :plan, held_out = COALESCE(:held_out, held_out),"
            " weekly_plan = CAST(:weekly AS jsonb), updated_at = :at WHERE id = :id"
        ),
        {
            "plan": plan_id,
            "held_out": held_out,
            "weekly": json.dumps({"plan_id": str(plan_id), "version": version, **brief_of(summary)}),
            "id": campaign_id,
            "at": now(),
        },
    )


def brief_of(summary: dict[str, Any]) -> dict[str, Any]:
    """What lists of campaigns need of a summary; the cells and the copy stay with the plan."""
    return {name: value for name, value in summary.items() if name not in ("cells", "copy", "foreseen", "fatigue")}
