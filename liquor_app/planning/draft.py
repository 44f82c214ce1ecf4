"""Making a plan: propose, hold out, choose, simulate, explain, store."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.brief import CampaignBrief, lock_brief
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.service import generate_actions
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.ids import uuid7
from liquor_app.experiments.service import draw_holdout
from liquor_app.planning.candidates import Candidates, build_problem, day_weights, read_candidates, write_choices
from liquor_app.planning.models import Engine, PlanStatus
from liquor_app.planning.optimise import optimise, verdicts
from liquor_app.planning.plans import PlanRow, fingerprint_of, get_plan, summarise
from liquor_app.planning.problem import NOWHERE, Allocation, Problem
from liquor_app.planning.reasoning import Alternative, engine_note, explain

ALTERNATIVES_UP_TO = 50_000
"""Candidates up to which other ways to plan are worked out for comparison."""


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
    await _reset(session, brief)
    holdout = await draw_holdout(session, actor, campaign_id)
    pinned = await read_candidates(session, brief, "a.status = 'pending'")
    candidates = await read_candidates(
        session,
        brief,
        "a.status = 'proposed' AND NOT EXISTS (SELECT 1 FROM actions t WHERE t.campaign_id = a.campaign_id"
        " AND t.customer_id = a.customer_id AND t.status IN ('pending', 'queued', 'sent'))",
    )
    weight = await day_weights(session, brief)
    problem = await build_problem(session, brief, candidates, weight, float(pinned.discount.sum()))
    plan = optimise(problem)
    plan_id, version = uuid7(), await _next_version(session, campaign_id)
    await write_choices(session, brief, plan_id, candidates=candidates, verdict=verdicts(problem, plan), plan=plan)
    await session.execute(
        text(
            "UPDATE actions SET plan_id = :plan, updated_at = :at,"
            " status = CASE WHEN status = 'proposed' THEN 'skipped' ELSE status END,"
            " skip_reason = CASE WHEN status = 'proposed' THEN :better ELSE skip_reason END"
            " WHERE campaign_id = :campaign"
            " AND (status = 'proposed' OR status = 'pending' AND plan_id IS DISTINCT FROM :plan)"
        ),
        {"plan": plan_id, "campaign": campaign_id, "at": now(), "better": Reason.BETTER_ACTION.value},
    )
    chosen = await read_candidates(session, brief, "a.status = 'pending'")
    summary = await summarise(session, brief, chosen, weight, holdout.held_out)
    summary["optimality"] = {
        "value": round(plan.value, 2),
        "bound": round(plan.bound, 2),
        "gap_pct": round(plan.gap * 100, 3),
        "discount_price": round(plan.budget_price, 4),
    }
    note = engine_note(brief.engine, bool(get_settings().openai_api_key.get_secret_value()))
    reasoning = explain(brief, summary, plan, _alternatives(problem, plan, candidates), note)
    await _store(
        session,
        actor,
        brief,
        PlanRow(
            id=plan_id,
            campaign_id=campaign_id,
            version=version,
            engine=Engine.MANUAL if brief.engine == Engine.MANUAL else Engine.HEURISTIC,
            status=PlanStatus.DRAFT,
            constraints=brief.limits.as_document(),
            summary=summary,
            reasoning=reasoning,
            fingerprint=await fingerprint_of(session, campaign_id),
            created_by=actor.user_id,
            created_at=now(),
            approved_by=None,
            approved_at=None,
        ),
        holdout.held_out,
    )
    return await get_plan(session, actor, plan_id)


async def _has_actions(session: AsyncSession, campaign_id: UUID) -> bool:
    found = await session.execute(
        text("SELECT EXISTS (SELECT 1 FROM actions WHERE campaign_id = :id)"), {"id": campaign_id}
    )
    return bool(found.scalar_one())


async def _reset(session: AsyncSession, brief: CampaignBrief) -> None:
    """Back to proposals, but for what people decided and what is in the ledger. A pinned day that has passed is no
    decision any more."""
    statuses = ["pending", "skipped", "held_out"] if brief.is_open else ["pending"]
    await session.execute(
        text(
            "UPDATE actions SET status = 'proposed', skip_reason = NULL, skip_detail = NULL, updated_at = :at"
            " WHERE campaign_id = :id AND status = ANY(:statuses) AND skip_reason IS DISTINCT FROM :by_hand"
            " AND NOT (status = 'pending' AND offer_terms ? 'pinned' AND scheduled_date BETWEEN :first AND :last)"
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


async def _store(session: AsyncSession, actor: Actor, brief: CampaignBrief, plan: PlanRow, held_out: int) -> None:
    await session.execute(
        text("UPDATE plans SET status = 'superseded' WHERE campaign_id = :id AND status = 'draft'"), {"id": brief.id}
    )
    await session.execute(
        text(
            "INSERT INTO plans (id, campaign_id, version, engine, status, constraints, summary, reasoning, fingerprint,"
            " created_by, created_at) VALUES (:id, :campaign, :version, :engine, 'draft', CAST(:constraints AS jsonb),"
            " CAST(:summary AS jsonb), CAST(:reasoning AS jsonb), :fingerprint, :by, :at)"
        ),
        {
            "id": plan.id,
            "campaign": plan.campaign_id,
            "version": plan.version,
            "engine": plan.engine.value,
            "constraints": json.dumps(plan.constraints),
            "summary": json.dumps(plan.summary),
            "reasoning": json.dumps(plan.reasoning),
            "fingerprint": plan.fingerprint,
            "by": plan.created_by,
            "at": plan.created_at,
        },
    )
    await session.execute(
        text(
            "UPDATE campaigns SET plan_id = :plan, held_out = :held_out, weekly_plan = CAST(:weekly AS jsonb),"
            " updated_at = :at WHERE id = :id"
        ),
        {
            "plan": plan.id,
            "held_out": held_out,
            "weekly": json.dumps({"plan_id": str(plan.id), "version": plan.version, **plan.summary}),
            "id": brief.id,
            "at": now(),
        },
    )
    await audit(
        session,
        actor,
        "plan.made",
        "campaign",
        brief.id,
        version=plan.version,
        sends=plan.summary["totals"]["sends"],
        fingerprint=plan.fingerprint,
    )
