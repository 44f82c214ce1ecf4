"""Changing a plan by hand: skip an action, move it, give it another offer. Every change meets the same constraints."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.audience import contacts, read_scale
from liquor_app.actions.brief import CampaignBrief, lock_brief
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.models import ACTION, ActionStatus
from liquor_app.actions.offers import Offer, message_text, most_discount, offer_text, pull
from liquor_app.actions.pressure import BACK, open_days
from liquor_app.actions.priority import MARGIN_MAX, RESPONSE_MAX, expected_profit, saturating
from liquor_app.actions.reasons import offer_reason
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.segments.playbook import clean_percent, clean_text


@dataclass(frozen=True, slots=True)
class _Held:
    """An action and its campaign, both locked."""

    brief: CampaignBrief
    row: Any

    @property
    def status(self) -> ActionStatus:
        return ActionStatus(self.row["status"])


async def _hold(session: AsyncSession, actor: Actor, action_id: UUID) -> _Held:
    require(actor, Role.MANAGER)
    owner = await session.execute(text("SELECT campaign_id FROM actions WHERE id = :id"), {"id": action_id})
    campaign_id = owner.scalar()
    if campaign_id is None:
        raise NotFound("There is no such action, or it belongs to no campaign.")
    brief = await lock_brief(session, campaign_id)
    if not brief.is_open:
        raise Conflict(f"The campaign is {brief.status}. Send it back to review before changing its plan.")
    found = await session.execute(text("SELECT * FROM actions WHERE id = :id FOR UPDATE"), {"id": action_id})
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such action.")
    return _Held(brief, row)


async def skip_action(session: AsyncSession, actor: Actor, action_id: UUID, *, note: str = "") -> None:
    """Take an action out of the plan; planning again leaves it out.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: the campaign is approved already, or the action is not one that waits.
    """
    held = await _hold(session, actor, action_id)
    ACTION.check(held.status, ActionStatus.SKIPPED)
    detail = f"By {actor.name}" + (f": {cleaned}" if (cleaned := clean_text(note, "note", 200, required=False)) else "")
    await session.execute(
        text(
            "UPDATE actions SET status = 'skipped', skip_reason = :reason, skip_detail = :detail, updated_at = :at"
            " WHERE id = :id"
        ),
        {"id": action_id, "reason": Reason.BY_HAND.value, "detail": detail, "at": now()},
    )
    await audit(session, actor, "action.skipped", "action", action_id, note=note[:200])


async def move_action(session: AsyncSession, actor: Actor, action_id: UUID, day: date) -> None:
    """Put an action on a day of the plan: moves a planned one, or takes a skipped or proposed one into the plan.

    Raises:
        Forbidden, NotFound: as usual.
        Invalid: the day is none of the plan's.
        Conflict: the campaign is approved already; the customer is held out; the day's capacity is used, the
            customer has another message then, or a cap would break.
    """
    held = await _hold(session, actor, action_id)
    brief, row = held.brief, held.row
    if held.status is not ActionStatus.PENDING:
        ACTION.check(held.status, ActionStatus.PENDING)
    if day not in brief.days:
        raise Invalid(f"day must lie between {brief.days[0]} and {brief.days[-1]}", field="day")
    capacity = brief.limits.capacity(day, row["channel"])
    if await planned_on(session, brief, day, row["channel"], action_id) >= capacity:
        raise Conflict(f"{day}: all {capacity:,} messages by {row['channel']} are used. Move or skip another first.")
    await _refuse_pressure(session, held, day)
    await session.execute(
        text(
            "UPDATE actions SET status = 'pending', scheduled_date = :day, skip_reason = NULL, skip_detail = NULL,"
            " plan_id = :plan, updated_at = :at, offer_terms = offer_terms || CAST(:mark AS jsonb) WHERE id = :id"
        ),
        {
            "id": action_id,
            "day": day,
            "plan": brief.plan_id,
            "at": now(),
            "mark": json.dumps({"edited_by": actor.name, "pinned": True}),
        },
    )
    await audit(session, actor, "action.moved", "action", action_id, day=[str(row["scheduled_date"]), str(day)])


async def planned_on(
    session: AsyncSession, brief: CampaignBrief, day: date, channel: str, besides: UUID | None = None
) -> int:
    """Messages of a channel due on a day: this campaign's and every other approved one's."""
    found = await session.execute(
        text(
            "SELECT count(*) FROM actions a JOIN campaigns k ON k.id = a.campaign_id"
            " WHERE a.scheduled_date = :day AND a.channel = :channel AND a.id IS DISTINCT FROM :besides"
            " AND a.status IN ('pending', 'queued', 'sent')"
            " AND (k.id = :campaign OR k.status IN ('scheduled', 'active', 'paused'))"
        ),
        {"day": day, "channel": channel, "besides": besides, "campaign": brief.id},
    )
    return int(found.scalar_one())


async def _refuse_pressure(session: AsyncSession, held: _Held, day: date) -> None:
    brief, row, limits = held.brief, held.row, held.brief.limits
    others = await session.execute(
        text(
            "SELECT scheduled_date FROM actions WHERE campaign_id = :campaign AND customer_id = :customer"
            " AND id <> :id AND status = 'pending'"
        ),
        {"campaign": brief.id, "customer": row["customer_id"], "id": row["id"]},
    )
    taken = [other for other in others.scalars() if other >= brief.days[0]]
    if len(taken) >= limits.max_per_customer:
        raise Conflict(
            f"This campaign may send each customer {limits.max_per_customer}; another action is planned for {taken[0]}."
        )
    counts = await contacts(session, [row["customer_id"]], brief)
    for other in taken:
        counts[0, BACK + (other - brief.days[0]).days] += 1
    span = (brief.days[-1] - brief.days[0]).days + 1
    allowed = open_days(counts, span, limits.max_contacts_7_days, limits.max_contacts_30_days)
    if not allowed[0, (day - brief.days[0]).days]:
        raise Conflict(
            f"{day} would break a contact cap for this customer ({limits.max_contacts_7_days} in 7 days,"
            f" {limits.max_contacts_30_days} in 30), or another message is due that day."
        )


async def change_offer(
    session: AsyncSession, actor: Actor, action_id: UUID, *, offer: str, discount_pct: Decimal | float | str
) -> None:
    """Give an action another offer; {category} and {discount} are filled in. Its figures are worked out anew.

    Raises:
        Forbidden, NotFound: as usual.
        Invalid: no text, or a discount beyond the guardrails of segment and margin floor.
        Conflict: the campaign is approved already, the action does not wait, or the discount budget would break.
    """
    held = await _hold(session, actor, action_id)
    row, limits = held.row, held.brief.limits
    if held.status not in (ActionStatus.PENDING, ActionStatus.PROPOSED):
        raise Conflict(f"An action that is {held.status} keeps its offer.")
    words = clean_text(offer, "offer", 160) or ""
    percent = clean_percent(discount_pct, "discount_pct")
    guard = await session.execute(
        text("SELECT max_discount_pct, margin_floor_pct FROM segments WHERE slug = :slug"),
        {"slug": row["segment_slug"]},
    )
    rails = guard.first()
    floors = [limits.margin_floor_pct, *([Decimal(rails.margin_floor_pct)] if rails else [])]
    most = most_discount(limits.margin_pct, floors, [Decimal(rails.max_discount_pct)] if rails else [])
    if percent > most:
        raise Invalid(
            f"discount_pct may be at most {most:g} here (segment guardrail and margin floor)", field="discount_pct"
        )
    terms = row["offer_terms"]
    basket, share = float(terms["basket"]), float(percent) / 100
    margin = float(limits.margin_pct) / 100
    response = float(row["expected_response"] or 0) / pull(float(terms["discount_pct"])) * pull(float(percent))
    await _refuse_over_budget(session, held, response * basket * share)
    scale = await read_scale(session, margin)
    earned = basket * (margin - share)
    points = _points(earned, scale.margin, MARGIN_MAX)
    answer = _points(response, scale.response, RESPONSE_MAX)
    total = row["value_points"] + answer + points - row["fatigue_points"]
    profit = expected_profit(
        response=np.array([response]),
        basket=np.array([basket]),
        baseline=np.array([float(terms["baseline"])]),
        margin=margin,
        discount=np.array([share]),
        cost=float(limits.email_cost if row["channel"] == "email" else limits.sms_cost),
    )[0]
    given = Offer("By hand", words, None, percent, percent)
    shown = offer_text(given, terms.get("category"))
    lead = str(row["reason"] or "").split(" The usual basket leaves")[0]
    changed = {**terms, "name": given.name, "discount_pct": str(percent), "edited_by": actor.name}
    changed.pop("listed_pct", None)
    await session.execute(
        text(
            "UPDATE actions SET offer = :offer, offer_terms = CAST(:terms AS jsonb), message = :message,"
            " margin_points = :points, response_points = :answer, expected_response = :response,"
            " priority_score = :total, expected_profit = :profit, reason = :reason, updated_at = :at"
            " WHERE id = :id"
        ),
        {
            "id": action_id,
            "offer": shown,
            "terms": json.dumps(changed),
            "message": message_text(row["template_category"], shown, date.fromisoformat(terms["expires_on"])),
            "points": points,
            "answer": answer,
            "response": response,
            "total": min(max(total, Decimal(0)), Decimal(100)),
            "profit": Decimal(f"{profit:.4f}"),
            "reason": f"{lead} {offer_reason(earned, float(percent), None)}",
            "at": now(),
        },
    )
    await audit(session, actor, "action.offer_changed", "action", action_id, offer=[row["offer"], shown])


def _points(amount: float, half: float, most: float) -> Decimal:
    return Decimal(str(round(float(saturating(np.array([amount]), half, most)[0]), 2)))


async def _refuse_over_budget(session: AsyncSession, held: _Held, discount: float) -> None:
    spent = await session.execute(
        text(
            "SELECT COALESCE(sum(expected_response * CAST(offer_terms ->> 'basket' AS numeric)"
            " * CAST(offer_terms ->> 'discount_pct' AS numeric) / 100), 0) FROM actions"
            " WHERE campaign_id = :campaign AND status = 'pending' AND id <> :id"
        ),
        {"campaign": held.brief.id, "id": held.row["id"]},
    )
    budget = held.brief.limits.discount_budget
    if held.status is ActionStatus.PENDING and float(spent.scalar_one()) + discount > float(budget):
        raise Conflict(f"The plan's discount budget of {budget} would be exceeded. Lower another discount first.")
