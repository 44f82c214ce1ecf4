"""The list of campaigns, and what can be done to many of them."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.bulk_actions import BulkList, Verb, one_by_one
from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor
from liquor_app.campaigns.lifecycle import cancel_campaign, pause_campaign, resume_campaign
from liquor_app.campaigns.models import CampaignStatus, CampaignType
from liquor_app.campaigns.service import CampaignRow, delete_campaign
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import Page
from liquor_app.ui.status_looks import STATUS_WORDS

OPEN = "draft,awaiting_approval,scheduled,active,paused"
DONE = "completed,cancelled"

CAMPAIGNS = ListSpec(
    name="campaigns",
    row=CampaignRow,
    source="campaigns t",
    order="-start_date",
    permission=Permission.CAMPAIGNS_READ,
    export_permission=Permission.CAMPAIGNS_EXPORT,
    sorts=(
        Sort("start_date", first="-"),
        Sort("name", by="natural_order"),
        Sort("completed_sends", first="-"),
        Sort("conversions", first="-"),
        Sort("revenue_generated", first="-"),
        Sort("created_at", first="-"),
    ),
    filters=(
        Filter("status", "t.status", options=tuple(CampaignStatus), label="Status", spoken=STATUS_WORDS),
        Filter("type", "t.type", options=tuple(CampaignType), label="Kind"),
        Filter("is_history", "t.is_history", Match.FLAG),
    ),
    search="lower(t.name) LIKE :search",
    export={
        "id": "id", "name": "name", "type": "kind", "status": "status", "start_date": "first day",
        "end_date": "last day", "total_sends": "messages", "completed_sends": "sent", "delivered_sends": "delivered",
        "failed_sends": "failed", "skipped_sends": "skipped", "unknown_sends": "not known", "held_out": "held out",
        "opens": "opens", "clicks": "clicks", "redeemed": "redeemed", "conversions": "attributed orders",
        "revenue_generated": "attributed revenue", "holdout_pct": "holdout percent", "created_at": "made",
    },
)  # fmt: skip


async def list_campaigns(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[CampaignRow]:
    """Return a page of campaigns, newest start first unless asked otherwise.

    Raises:
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, CAMPAIGNS, query)


AT_ONCE = 20
"""Campaigns held in one transaction: their senders wait for it."""

CAMPAIGN_ACTIONS = BulkList(
    CAMPAIGNS,
    (
        Verb(
            "pause", "Pause", one_by_one(pause_campaign), Permission.CAMPAIGNS_WRITE,
            icon="pause", at_once=AT_ONCE,
            question="What waits keeps waiting. Only running ones can be paused; the others stay as they are.",
        ),
        Verb(
            "resume", "Resume", one_by_one(resume_campaign), Permission.CAMPAIGNS_WRITE,
            icon="play", at_once=AT_ONCE,
            question="They go on where they stopped. Only paused ones can be resumed; the others stay as they are.",
        ),
        Verb(
            "cancel", "End for good", one_by_one(cancel_campaign), Permission.CAMPAIGNS_WRITE,
            icon="circle-x", at_once=AT_ONCE, destroys=True,
            question="They are cancelled: what waits is not sent any more. Those that are over stay as they are.",
        ),
        Verb(
            "delete", "Delete drafts", one_by_one(delete_campaign), Permission.CAMPAIGNS_WRITE,
            icon="trash-2", at_once=AT_ONCE, destroys=True,
            question="Drafts go with their plans. What is no draft stays as it is.",
        ),
    ),
)  # fmt: skip
