"""Reading actions. `generate` makes, `edit_actions` and `edit_offer` change them by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.edit_actions import EditRow, move_action, skip_action, skip_actions, undo_edit
from liquor_app.actions.edit_offer import OfferRow, change_copy, change_offer, list_offers, swap_offer
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.generate import GenerateResult, generate_actions
from liquor_app.actions.models import ActionStatus, Arm
from liquor_app.core.errors import NotFound

__all__ = [
    "ActionRow",
    "EditRow",
    "GenerateResult",
    "OfferRow",
    "WhyNotRow",
    "change_copy",
    "change_offer",
    "generate_actions",
    "get_action",
    "list_offers",
    "move_action",
    "reason_label",
    "skip_action",
    "skip_actions",
    "swap_offer",
    "undo_edit",
]


@dataclass(frozen=True, slots=True)
class ActionRow:
    """An action with the names around it. The four points add up to `priority_score` (fatigue taken off).

    Three chances, each of its own thing: `expected_response`, of acting on the offer within `offer_terms.answer_days`
    days (as long as the offers held that it was learned from), whoever would have bought anyway included;
    `offer_terms.baseline`, of buying within 7 days without the message; and what the message is believed to add to
    that, `offer_terms.uplift`.
    """

    id: UUID
    campaign_id: UUID | None
    campaign_name: str | None
    customer_id: UUID
    customer_name: str | None
    plan_id: UUID | None
    segment_slug: str
    segment_name: str | None
    channel: str
    priority_score: Decimal
    value_points: Decimal
    response_points: Decimal
    margin_points: Decimal
    fatigue_points: Decimal
    expected_response: float | None
    expected_profit: Decimal
    reason: str | None
    offer: str
    offer_terms: dict[str, Any]
    message: str | None
    creative_hint: str | None
    template_category: str
    scheduled_date: date
    send_window: dict[str, Any]
    channels: list[str]
    status: ActionStatus
    skip_reason: str | None
    skip_detail: str | None
    arm: Arm | None
    """Who decided for them; None of whom the plan did not choose, or a person changed."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class WhyNotRow:
    """One time a customer was not contacted. `stage` is audience, plan or sending; `key` tells it from the others."""

    key: str
    at: datetime
    campaign_id: UUID | None
    campaign_name: str | None
    stage: str
    reason: str
    label: str
    detail: str


_SELECT = """
SELECT a.id, a.campaign_id, k.name AS campaign_name, a.customer_id,
       COALESCE(c.name, c.email, c.phone, c.external_id) AS customer_name, a.plan_id, a.segment_slug,
       s.name AS segment_name, a.channel, a.priority_score, a.value_points, a.response_points, a.margin_points,
       a.fatigue_points, a.expected_response, a.expected_profit, a.reason, a.offer, a.offer_terms, a.message,
       a.creative_hint, a.template_category, a.scheduled_date, a.send_window, a.channels, a.status, a.skip_reason,
       a.skip_detail, a.arm, a.created_at, a.updated_at
  FROM actions a
  JOIN customers c ON c.id = a.customer_id
  LEFT JOIN campaigns k ON k.id = a.campaign_id
  LEFT JOIN segments s ON s.slug = a.segment_slug
"""


def _row(found: Any) -> ActionRow:
    arm = None if found["arm"] is None else Arm(found["arm"])
    return ActionRow(**{**found, "status": ActionStatus(found["status"]), "arm": arm})


def reason_label(code: str) -> str:
    """Return a skip reason as people read it."""
    known = {reason.value: reason.label for reason in Reason}
    return known.get(code, code.replace("_", " ").capitalize())


async def get_action(session: AsyncSession, actor: Actor, action_id: UUID) -> ActionRow:
    """Return one action.

    Raises:
        NotFound: there is none.
    """
    require(actor, Permission.ACTIONS_READ)
    found = await session.execute(text(f"{_SELECT} WHERE a.id = :id"), {"id": action_id})
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such action.")
    return _row(row)
