"""The AI planner's plan: prepared in one transaction, asked for outside any, allocated and stored in another."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.offering.playbook_offers import coupon_bans, is_banned, read_playbooks, read_scale
from liquor_app.actions.plan_context import PlanContext, lock_context
from liquor_app.actions.plan_decisions import settle_actions
from liquor_app.campaigns.models import Engine
from liquor_app.core.ids import uuid7
from liquor_app.organization.service import default_brand
from liquor_app.planning.ai.apply_copy import Rewriting, rewrite
from liquor_app.planning.ai.client import Consultation, Record
from liquor_app.planning.ai.prompt import Question, build_question
from liquor_app.planning.ai.response_schema import Proposal, as_document
from liquor_app.planning.block_forecast import leave_out_blocked
from liquor_app.planning.candidates import (
    day_weights,
    read_by_offer,
    reasons_of,
    room_of,
    taken_room,
    write_choices,
)
from liquor_app.planning.draft_plan import Prepared, prepare, store_plan, summary_of
from liquor_app.planning.draw_arms import before_draw, draw_arms
from liquor_app.planning.optimizer.problem import NOWHERE, Allocation, Flags
from liquor_app.planning.optimizer.share_quotas import Base, Outcome, Steered, solve, steer
from liquor_app.planning.plan_store import PlanRow, fingerprint_of, get_plan
from liquor_app.planning.plan_switch import keep_choices
from liquor_app.planning.reasoning.plan_reasoning import entry, explain, proposal_words
from liquor_app.ui.words import figure, show_us_dollars


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a campaign, and the optimiser's plan it was asked beside; a later change makes it stale."""

    campaign_id: UUID
    plan_id: UUID
    fingerprint: str
    question: Question


async def prepare_question(session: AsyncSession, actor: Actor, plan: PlanRow) -> Asked | None:
    """Tell what to ask about a campaign whose optimiser's plan stands; None if there is nothing to decide.

    Raises:
        Forbidden, NotFound, Conflict, Invalid: as `draft.make_plan`.
    """
    require(actor, Permission.PLANS_WRITE)
    return await ask_within(session, await lock_context(session, plan.campaign_id), plan)


async def ask_within(session: AsyncSession, context: PlanContext, plan: PlanRow) -> Asked | None:
    """Return the same for a campaign that is held. A corridor."""
    brief = context.brief
    playbooks = await read_playbooks(session, context)
    weight = await day_weights(session, brief)
    # what the optimiser's plan takes is free again for the other one
    room = room_of(brief, await taken_room(session, brief, but_own=True))
    question = await build_question(session, brief, playbooks, weight=weight, room=room, baseline=plan.summary)
    if question.most == 0 or not question.options:
        return None
    return Asked(brief.id, plan.id, plan.fingerprint, question)


async def make_ai_plan(session: AsyncSession, actor: Actor, asked: Asked, answer: Consultation) -> PlanRow:
    """Allocate the proposal with the optimiser's solver and store it as a version beside the optimiser's, which stays
    on the table. Without a usable proposal the optimiser's plan answers and says so.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: the campaign cannot be planned any more.
    """
    require(actor, Permission.PLANS_WRITE)
    context = await lock_context(session, asked.campaign_id)
    brief = context.brief
    if answer.proposal is None:
        return await _note(session, actor, asked, answer.record, answer.record.why)
    fresh = brief.plan_id == asked.plan_id and await fingerprint_of(session, brief.id) == asked.fingerprint
    if not brief.is_open or not fresh:
        return await _note(session, actor, asked, answer.record, "the plan was changed while it was thinking")
    if brief.bound_by.guidance != asked.question.guidance or brief.days != asked.question.days:
        return await _note(
            session, actor, asked, answer.record, "the guidance or the days changed while it was thinking"
        )
    before = await get_plan(session, actor, asked.plan_id)
    await keep_choices(session, brief.id, asked.plan_id)
    ready = await prepare(session, context)
    steered, outcome = await _allocate(session, ready, asked.question, answer.proposal)
    plan_id = uuid7()
    await write_choices(
        session,
        brief,
        plan_id,
        candidates=ready.candidates,
        verdict=outcome.verdict,
        day=outcome.day,
        details=reasons_of(brief, np.zeros((len(brief.days), 2)), shared=True),
    )
    await settle_actions(session, brief.id, plan_id)
    scale = await read_scale(session, float(brief.limits.margin_pct) / 100)
    chosen = _rewritings(ready, steered, outcome, asked.question, answer.proposal)
    await rewrite(session, brief, chosen, scale=scale, brand=(await default_brand(session)).name)
    await leave_out_blocked(session, context, plan_id)
    arms = await draw_arms(session, actor, context, plan_id, left=ready.left)
    summary = await summary_of(session, ready, arms)
    plan = Allocation(outcome.day, np.zeros((len(brief.days), 2)), 0.0, outcome.value, outcome.bound)
    summary["optimality"] = {
        "value": round(plan.value, 2),
        "bound": round(plan.bound, 2),
        "gap_pct": round(plan.gap * 100, 3),
        "discount_price": 0.0,
        "within": "the AI planner's shares",
    }
    record = answer.record.as_document() | {"proposal": as_document(answer.proposal, asked.question)}
    note = entry(
        "engine",
        f"Proposed by {answer.record.model}, allocated by the optimiser",
        f"It saw aggregates and playbooks, no person; {_cost(answer.record)}. Every customer was chosen within its"
        " shares by the same solver under the same limits.",
    )
    reasoning = explain(brief, summary, plan, [], note)
    reasoning[2:2] = proposal_words(answer.proposal, before.summary, summary)
    made = await store_plan(
        session, actor, ready, plan_id, engine=Engine.LLM, summary=summary, reasoning=reasoning, record=record
    )
    await keep_choices(session, brief.id, plan_id)
    return made


def _cost(record: Record) -> str:
    tokens = record.prompt_tokens + record.completion_tokens
    mended = ", mended once" if len(record.attempts) > 1 else ""
    return f"{figure(tokens)} tokens, {show_us_dollars(record.cost)}, {figure(record.seconds, 1)} s{mended}"


async def _note(session: AsyncSession, actor: Actor, asked: Asked, record: Record, why: str) -> PlanRow:
    """Write into the optimiser's plan why it answers alone, and what asking cost."""
    record.why = why
    if record.outcome == "used":
        record.outcome = "stale"
    told = entry(
        "engine", "Planned by the optimiser", f"You asked for the AI planner, but {why}. {_spent(record)}".strip()
    )
    plan = await get_plan(session, actor, asked.plan_id)
    reasoning = [one for one in plan.reasoning if one["kind"] != "engine"]
    reasoning.insert(1, told)
    await session.execute(
        text(
            "UPDATE plans SET reasoning = CAST(:reasoning AS jsonb), engine_record = CAST(:record AS jsonb)"
            " WHERE id = :id"
        ),
        {"reasoning": json.dumps(reasoning), "record": json.dumps(record.as_document()), "id": asked.plan_id},
    )
    await audit(session, actor, "plan.ai_failed", "campaign", asked.campaign_id, outcome=record.outcome, why=why)
    return await get_plan(session, actor, asked.plan_id)


def _spent(record: Record) -> str:
    return f"Asking took {_cost(record)}." if record.attempts else ""


async def _allocate(
    session: AsyncSession, ready: Prepared, question: Question, proposal: Proposal
) -> tuple[Steered, Outcome]:
    candidates = ready.candidates
    banned = await _banned(session, ready.context, candidates.people)
    offers = [option.offer for option in question.options]
    by_offer = await read_by_offer(session, ready.brief, candidates, {offer.name for offer in offers})
    base = Base(
        customer=candidates.customer,
        segment=candidates.segment,
        channel=candidates.channel,
        response=candidates.response,
        basket=candidates.basket,
        uplift=candidates.uplift,
        kept=candidates.kept,
        margin=candidates.margin,
        discount_pct=candidates.discount_share * 100,
        may_discount=~banned[candidates.customer] if candidates.people else np.zeros(0, dtype=np.bool_),
        category=[candidates.categories[index] for index in candidates.category],
        answers=by_offer.answers,
        uplifts=by_offer.uplifts,
    )
    most = int(before_draw(question.most, float(ready.brief.holdout_pct) / 100) + 1e-9)
    steered = steer(base, ready.problem, proposal, offers, most=most, limits=ready.brief.limits)
    return steered, solve(steered, candidates.customer.size)


async def _banned(session: AsyncSession, context: PlanContext, people: list[UUID]) -> Flags:
    """Tell whose state bans coupons, shape (people,)."""
    bans = coupon_bans(context)
    if not bans:
        return np.zeros(len(people), dtype=np.bool_)
    found = await session.execute(
        text("SELECT id, state, postal_code FROM customers WHERE id = ANY(:people)"), {"people": people}
    )
    banned = {row.id for row in found if is_banned(bans, row.state, row.postal_code)}
    return np.fromiter((person in banned for person in people), dtype=np.bool_, count=len(people))


def _rewritings(
    ready: Prepared, steered: Steered, outcome: Outcome, question: Question, proposal: Proposal
) -> list[Rewriting]:
    lanes = proposal.lanes
    made = []
    for index in map(int, np.flatnonzero(outcome.chosen != NOWHERE)):
        at = int(outcome.chosen[index])
        lane = lanes[int(steered.lane[at])]
        made.append(
            Rewriting(
                action_id=UUID(bytes=ready.candidates.ids[index].tobytes()),
                offer=question.options[lane.option].offer,
                response=float(steered.response[at]),
                discount_pct=float(steered.discount_pct[at]),
                profit=float(steered.profit[at]),
                words=proposal.words.get(lane, ()),
            )
        )
    return made
