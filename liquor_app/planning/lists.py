"""The list of a campaign's plans."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.campaigns.models import Engine
from liquor_app.campaigns.service import find_campaign
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Sort
from liquor_app.core.paging import Page
from liquor_app.planning.models import PlanStatus
from liquor_app.planning.plan_store import CAN_BE_CHOSEN, IS_CURRENT, PLANS_AND_CAMPAIGN, PlanRow
from liquor_app.ui.status_looks import STATUS_WORDS

PLANS = ListSpec(
    name="plans",
    row=PlanRow,
    source=PLANS_AND_CAMPAIGN,
    where="t.campaign_id = :campaign",
    select={"is_current": IS_CURRENT, "can_be_chosen": CAN_BE_CHOSEN},
    key="t.version",
    key_field="version",
    order="-version",
    permission=Permission.PLANS_READ,
    export_permission=Permission.PLANS_EXPORT,
    sorts=(Sort("version", first="-"),),
    filters=(
        Filter("engine", "t.engine", options=tuple(Engine), label="Made by"),
        Filter("status", "t.status", options=tuple(PlanStatus), label="Status", spoken=STATUS_WORDS),
    ),
    export={
        "version": "version", "engine": "made by", "status": "status", "is_current": "current",
        "guidance_version": "guidance", "created_at": "made", "approved_at": "approved", "fingerprint": "fingerprint",
    },
)  # fmt: skip


async def plans_of(session: AsyncSession, actor: Actor, campaign_id: UUID, query: ListQuery | None) -> ListQuery:
    """Return a question about one campaign's plans.

    Raises:
        Forbidden: not for this actor.
        NotFound: there is no such campaign.
    """
    require(actor, Permission.PLANS_READ)
    await find_campaign(session, campaign_id)
    return replace(query or ListQuery(), scope={"campaign": campaign_id})


async def list_plans(
    session: AsyncSession, actor: Actor, campaign_id: UUID, query: ListQuery | None = None
) -> Page[PlanRow]:
    """Return a page of a campaign's plans, the newest version first unless asked otherwise.

    Raises:
        NotFound: there is no such campaign.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, PLANS, await plans_of(session, actor, campaign_id, query))
