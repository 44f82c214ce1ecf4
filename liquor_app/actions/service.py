"""Reading actions, and why somebody got none. `generate` makes, `edit_actions` and `edit_offer` change them by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.edit_actions import EditRow, list_edits, move_action, skip_action, skip_actions, undo_edit
from liquor_app.actions.edit_offer import OfferRow, change_copy, change_offer, list_offers, swap_offer
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.generate import GenerateResult, generate_actions
from liquor_app.actions.models import ActionStatus
from liquor_app.core.errors import NotFound
from liquor_app.core.paging import Page, check_limit, decode_cursor, encode_cursor
from liquor_app.ledger.models import SendStatus

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
    "list_edits",
    "list_offers",
    "move_action",
    "reason_label",
    "skip_action",
    "skip_actions",
    "swap_offer",
    "undo_edit",
    "why_not",
]


@dataclass(frozen=True, slots=True)
class ActionRow:
    """An action with the names around it. The four points add up to `priority_score` (fatigue taken off)."""

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
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class WhyNotRow:
    """One time a customer was not contacted. `stage` is audience, plan or sending."""

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
       a.skip_detail, a.created_at, a.updated_at
  FROM actions a
  JOIN customers c ON c.id = a.customer_id
  LEFT JOIN campaigns k ON k.id = a.campaign_id
  LEFT JOIN segments s ON s.slug = a.segment_slug
"""


def _row(found: Any) -> ActionRow:
    return ActionRow(**{**found, "status": ActionStatus(found["status"])})


def reason_label(code: str) -> str:
    """A skip reason as people read it."""
    known = {reason.value: reason.label for reason in Reason}
    return known.get(code, code.replace("_", " ").capitalize())


async def get_action(session: AsyncSession, actor: Actor, action_id: UUID) -> ActionRow:
    """One action.

    Raises:
        NotFound: there is none.
    """
    require(actor, Role.USER)
    found = await session.execute(text(f"{_SELECT} WHERE a.id = :id"), {"id": action_id})
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such action.")
    return _row(row)


async def why_not(
    session: AsyncSession, actor: Actor, customer_id: UUID, *, limit: int = 20, cursor: str | None = None
) -> Page[WhyNotRow]:
    """Every time a customer was not contacted and why, newest first: left out of the audience, not planned, or
    stopped at the moment of sending. `total` counts what this page and its followers hold.

    Raises:
        Invalid: malformed cursor, limit out of range.
    """
    require(actor, Role.USER)
    check_limit(limit)
    params: dict[str, Any] = {"customer": customer_id, "n": limit + 1, "better": Reason.BETTER_ACTION.value}
    after = "true"
    if cursor:
        params["at"], params["key"] = decode_cursor(cursor, datetime, str)
        after = "(x.at, x.key) < (:at, :key)"
    history = (
        "SELECT e.created_at AS at, 'e' || e.campaign_id AS key, e.campaign_id, 'audience' AS stage, e.reason, e.detail"
        " FROM exclusions e WHERE e.customer_id = :customer"
        " UNION ALL SELECT a.updated_at, 'a' || a.id, a.campaign_id, 'plan', COALESCE(a.skip_reason, 'holdout'),"
        " COALESCE(a.skip_detail, '') FROM actions a WHERE a.customer_id = :customer"
        " AND a.status IN ('skipped', 'held_out') AND a.skip_reason IS DISTINCT FROM :better"
        " UNION ALL SELECT s.created_at, 's' || s.id, s.campaign_id, 'sending', COALESCE(s.skip_reason, 'unknown'),"
        " COALESCE(s.note, '') FROM sends s WHERE s.customer_id = :customer"
        f" AND s.status = '{SendStatus.SKIPPED}'"
    )
    counted = await session.execute(
        text(f"SELECT count(*) FROM ({history}) x"), {"customer": customer_id, "better": params["better"]}
    )
    found = await session.execute(
        text(
            f"SELECT x.*, k.name AS campaign_name FROM ({history}) x LEFT JOIN campaigns k ON k.id = x.campaign_id"
            f" WHERE {after} ORDER BY x.at DESC, x.key DESC LIMIT :n"
        ),
        params,
    )
    rows = found.all()
    more, rows = len(rows) > limit, rows[:limit]
    items = [
        WhyNotRow(
            row.at, row.campaign_id, row.campaign_name, row.stage, row.reason, reason_label(row.reason), row.detail
        )
        for row in rows
    ]
    return Page(items, encode_cursor(rows[-1].at, rows[-1].key) if more else None, int(counted.scalar_one()))
