"""The lists of actions, of changes to them by hand, and of the times a customer got none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.edit_actions import EDITS_OF_CAMPAIGN, EditRow
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.models import ActionStatus, EditKind
from liquor_app.actions.service import ActionRow, WhyNotRow, reason_label
from liquor_app.campaigns.service import find_campaign
from liquor_app.core.errors import Invalid
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import Page
from liquor_app.customers.service import get_customer
from liquor_app.ledger.models import SendStatus
from liquor_app.organization.lists import CHANNEL_FILTER
from liquor_app.ui.status_looks import STATUS_WORDS


def _points(value: str) -> Decimal:
    try:
        points = Decimal(value)
    except InvalidOperation:
        points = Decimal(-1)
    if not points.is_finite() or not 0 <= points <= 100:
        raise Invalid("min_priority must lie between 0 and 100", field="min_priority")
    return points


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Invalid("day must be a date such as 2026-11-24", field="day") from error


ACTIONS = ListSpec(
    name="actions",
    row=ActionRow,
    source="actions t JOIN customers c ON c.id = t.customer_id LEFT JOIN campaigns k ON k.id = t.campaign_id"
    " LEFT JOIN segments s ON s.slug = t.segment_slug",
    counted="actions t",
    select={
        "campaign_name": "k.name", "segment_name": "s.name",
        "customer_name": "COALESCE(c.name, c.email, c.phone, c.external_id)",
    },
    order="-priority_score",
    permission=Permission.ACTIONS_READ,
    export_permission=Permission.ACTIONS_EXPORT,
    sorts=(Sort("priority_score", first="-"), Sort("scheduled_date")),
    filters=(
        Filter("campaign_id", "t.campaign_id", Match.ID),
        Filter("customer_id", "t.customer_id", Match.ID),
        Filter("status", "t.status", options=tuple(ActionStatus), label="Status", spoken=STATUS_WORDS),
        Filter("segment", "t.segment_slug", Match.EXACT, label="Segment"),
        CHANNEL_FILTER,
        Filter("day", "t.scheduled_date", Match.EXACT, parse=_day),
        Filter("min_priority", "t.priority_score >= :min_priority", Match.EXACT, parse=_points),
    ),
    export={
        "id": "id", "campaign_name": "campaign", "customer_id": "customer id", "customer_name": "customer",
        "segment_name": "segment", "channel": "channel", "priority_score": "priority",
        "expected_profit": "expected profit", "scheduled_date": "day", "offer": "offer", "reason": "reason",
        "status": "status", "skip_reason": "not sent because",
    },
)  # fmt: skip


async def list_actions(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[ActionRow]:
    """Return a page of actions, highest priority first unless asked otherwise.

    Raises:
        Invalid: see `read_list`; no date, a priority beyond 0 to 100.
    """
    return await read_list(session, actor, ACTIONS, query)


EDIT_WORDS = {
    EditKind.SKIP.value: "Taken out", EditKind.MOVE.value: "Moved", EditKind.OFFER.value: "Offer changed",
    EditKind.COPY.value: "Words changed",
}  # fmt: skip
EDITS = ListSpec(
    name="edits",
    row=EditRow,
    source=EDITS_OF_CAMPAIGN,
    key="t.batch",
    key_field="batch",
    order="-at",
    permission=Permission.PLANS_READ,
    export_permission=Permission.PLANS_EXPORT,
    sorts=(Sort("at", first="-"), Sort("actions", first="-")),
    filters=(
        Filter("plan", "t.plan_id", Match.ID),
        Filter("kind", "t.kind", options=tuple(EditKind), label="What", spoken=EDIT_WORDS),
        Filter("is_undone", "(t.undone_at IS NOT NULL) = :is_undone", Match.FLAG),
    ),
    bounded="what people changed by hand in one campaign's plans",
    export={
        "at": "when", "by": "by whom", "kind": "what", "summary": "change", "actions": "messages",
        "undone_at": "taken back",
    },
)  # fmt: skip


async def edits_of(session: AsyncSession, actor: Actor, campaign_id: UUID, query: ListQuery | None) -> ListQuery:
    """Return a question about the changes by hand to one campaign's plans.

    Raises:
        Forbidden: not for this actor.
        NotFound: there is no such campaign.
    """
    require(actor, Permission.PLANS_READ)
    await find_campaign(session, campaign_id)
    return replace(query or ListQuery(), scope={"campaign": campaign_id})


async def list_edits(
    session: AsyncSession, actor: Actor, campaign_id: UUID, query: ListQuery | None = None
) -> Page[EditRow]:
    """Return a page of the changes by hand to a campaign's plans, newest first unless asked otherwise; what was changed
    together is one.

    Raises:
        NotFound: there is no such campaign.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, EDITS, await edits_of(session, actor, campaign_id, query))


_HELD_BACK = f"""(
SELECT e.created_at AS at, 'e' || e.campaign_id AS key, e.campaign_id, 'audience' AS stage, e.reason, e.detail
  FROM exclusions e WHERE e.customer_id = :customer
UNION ALL
-- whoever is drawn is held out of every segment and channel at once: one answer, not one for each
SELECT a.updated_at, 'a' || min(CAST(a.id AS text)), a.campaign_id, 'plan', COALESCE(a.skip_reason, 'holdout'),
       COALESCE(a.skip_detail, '')
  FROM actions a WHERE a.customer_id = :customer
   AND a.status IN ('{ActionStatus.SKIPPED}', '{ActionStatus.HELD_OUT}')
   AND a.skip_reason IS DISTINCT FROM '{Reason.BETTER_ACTION}'
   -- what is stopped at sending marks its action, too: one answer, the sending's
   AND NOT EXISTS (SELECT FROM sends s WHERE s.customer_id = :customer AND s.action_id = a.id
                      AND s.status = '{SendStatus.SKIPPED}')
 GROUP BY 1, 3, 5, 6
UNION ALL
SELECT s.created_at, 's' || s.id, s.campaign_id, 'sending', COALESCE(s.skip_reason, 'unknown'), COALESCE(s.note, '')
  FROM sends s WHERE s.customer_id = :customer AND s.status = '{SendStatus.SKIPPED}'
) t"""


def why_not_row(found: Mapping[Any, Any]) -> WhyNotRow:
    return WhyNotRow(**found, label=reason_label(found["reason"]))


NOT_SENT = ListSpec(
    name="not_sent",
    row=WhyNotRow,
    source=f"{_HELD_BACK} LEFT JOIN campaigns k ON k.id = t.campaign_id",
    counted=_HELD_BACK,
    select={"campaign_name": "k.name", "label": ""},
    build=why_not_row,
    key="t.key",
    key_field="key",
    order="-at",
    permission=Permission.CUSTOMERS_READ,
    export_permission=Permission.CUSTOMERS_PRIVATE,
    sorts=(Sort("at", first="-"),),
    filters=(
        Filter("stage", "t.stage", options=("audience", "plan", "sending"), label="Stage"),
        Filter("reason", "t.reason"),
    ),
    bounded="the times one customer was held back",
    export={
        "at": "when", "campaign_name": "campaign", "stage": "stage", "label": "why", "detail": "detail",
    },
)  # fmt: skip


async def not_sent_of(session: AsyncSession, actor: Actor, customer_id: UUID, query: ListQuery | None) -> ListQuery:
    """Return a question about the times one customer was not contacted.

    Raises:
        NotFound: there is no such customer.
    """
    await get_customer(session, actor, customer_id)
    return replace(query or ListQuery(), scope={"customer": customer_id})


async def list_not_sent(
    session: AsyncSession, actor: Actor, customer_id: UUID, query: ListQuery | None = None
) -> Page[WhyNotRow]:
    """Return a page of the times a customer was not contacted and why, the latest first: left out of the audience, not
    planned, or stopped at the moment of sending.

    Raises:
        NotFound: there is no such customer.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, NOT_SENT, await not_sent_of(session, actor, customer_id, query))
