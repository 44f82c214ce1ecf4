"""The list of actions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permissions import Actor
from liquor_app.actions.models import ActionStatus
from liquor_app.actions.service import ActionRow
from liquor_app.core.errors import Invalid
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import Page
from liquor_app.organization.channel import Channel


def _points(value: str) -> Decimal:
    try:
        points = Decimal(value)
    except InvalidOperation:
        points = Decimal(-1)
    if not 0 <= points <= 100:
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
    sorts=(Sort("priority_score", first="-"), Sort("scheduled_date")),
    filters=(
        Filter("campaign_id", "t.campaign_id", Match.ID),
        Filter("customer_id", "t.customer_id", Match.ID),
        Filter("status", "t.status", options=tuple(ActionStatus), label="Status"),
        Filter("segment", "t.segment_slug", Match.EXACT, label="Segment"),
        Filter("channel", "t.channel", options=tuple(Channel), label="Channel",
               spoken={one.value: one.label for one in Channel}),
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
    """A page of actions, highest priority first unless asked otherwise.

    Raises:
        Invalid: see `read_list`; no date, a priority beyond 0 to 100.
    """
    return await read_list(session, actor, ACTIONS, query)
