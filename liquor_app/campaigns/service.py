"""A campaign while it is a draft: made, changed, deleted, and its plan asked for. Its later life is `lifecycle`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.campaigns.constraints import clean_constraints
from liquor_app.campaigns.definition_checks import (
    MAX_STANDING_DAYS,
    check_dates,
    check_engine,
    check_holdout,
    check_segments,
    check_trigger,
    chosen_brand,
)
from liquor_app.campaigns.models import CAMPAIGN, Campaign, CampaignStatus, CampaignType, Engine, Kpi
from liquor_app.core.clock import now, today_in
from liquor_app.core.errors import Conflict, Invalid, Meanwhile, NotFound
from liquor_app.core.platform.open_jobs import open_job
from liquor_app.core.pubsub import publish
from liquor_app.core.queue import Job, enqueue
from liquor_app.core.storable_text import said
from liquor_app.organization.service import BrandRow, get_brand
from liquor_app.organization.settings import GeneralSettings, PlanningSettings, load_settings
from liquor_app.webhooks.models import Happened
from liquor_app.webhooks.outbox import emit


@dataclass(frozen=True)
class SendingCounters:
    """How many messages of a campaign fared how, and what they brought."""

    total_sends: int
    completed_sends: int
    failed_sends: int
    skipped_sends: int
    unknown_sends: int
    delivered_sends: int
    opens: int
    clicks: int
    redeemed: int
    conversions: int
    revenue_generated: Decimal


@dataclass(frozen=True)
class CampaignRow(SendingCounters):
    """A campaign as lists and its own page show it."""

    id: UUID
    name: str
    description: str | None
    type: CampaignType
    status: CampaignStatus
    brand_id: UUID | None
    start_date: date
    end_date: date
    target_segments: list[str]
    target_kpis: list[str]
    held_out: int
    engine: Engine
    llm_prompt: str | None
    weekly_plan: dict[str, Any] | None
    trigger: dict[str, Any] | None
    holdout_pct: Decimal
    plan_id: UUID | None
    virtual_now: datetime | None
    is_playing: bool
    pause_reason: str | None
    is_autopilot: bool
    is_sample: bool
    is_history: bool
    approved_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def progress(self) -> float:
        """Share of the messages that are done, one way or another (0 to 1); what a cancelled campaign let go is not."""
        let_go = self.skipped_sends if self.status is not CampaignStatus.CANCELLED else 0
        done = self.completed_sends + self.failed_sends + let_go
        return min(1.0, done / self.total_sends) if self.total_sends else 0.0


_FIELDS = [field.name for field in fields(CampaignRow)]


def row_of(campaign: Campaign) -> CampaignRow:
    return CampaignRow(**{name: getattr(campaign, name) for name in _FIELDS})


async def lock_campaign(session: AsyncSession, campaign_id: UUID) -> Campaign:
    """Return the campaign under `FOR UPDATE`: the send fence takes `FOR SHARE`, so a pause waits for it and then
    holds."""
    found = await session.execute(
        select(Campaign)
        .where(col(Campaign.id) == campaign_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    campaign = found.scalars().first()
    if campaign is None:
        raise NotFound("There is no such campaign.")
    return campaign


TOLD = {
    CampaignStatus.SCHEDULED: Happened.CAMPAIGN_APPROVED,
    CampaignStatus.COMPLETED: Happened.CAMPAIGN_FINISHED,
    CampaignStatus.CANCELLED: Happened.CAMPAIGN_FINISHED,
}
"""What endpoints are told when a campaign comes to stand there."""


async def move_campaign(session: AsyncSession, actor: Actor, campaign: Campaign, status: CampaignStatus) -> None:
    """Move a held campaign to another status, if the table allows it; audited and told to who looks on. A corridor."""
    old = campaign.status
    campaign.status = CAMPAIGN.check(old, status)
    campaign.updated_at = now()
    await session.flush()
    await audit_change(
        session,
        actor,
        f"campaign.{status.value}",
        "campaign",
        campaign.id,
        before={"status": old},
        after={"status": status},
        was=old.value,
    )
    if (happened := TOLD.get(status)) is not None:
        await emit(session, happened, [{"campaign_id": campaign.id, "status": status}])
    publish(session, f"campaign:{campaign.id}", {"status": status.value})
    publish(session, "dashboard", {"campaign": campaign.id})


# --- reading ---


async def find_campaign(session: AsyncSession, campaign_id: UUID) -> Campaign:
    """Return the campaign as it is, held by nobody. A corridor."""
    campaign = await session.get(Campaign, campaign_id, populate_existing=True)
    if campaign is None:
        raise NotFound("There is no such campaign.")
    return campaign


async def get_campaign(session: AsyncSession, actor: Actor, campaign_id: UUID) -> CampaignRow:
    """Return one campaign.

    Raises:
        NotFound: there is none.
    """
    require(actor, Permission.CAMPAIGNS_READ)
    return row_of(await find_campaign(session, campaign_id))


async def brand_of(session: AsyncSession, actor: Actor, campaign_id: UUID) -> BrandRow:
    """Return the brand a campaign is sent under.

    Raises:
        NotFound: there is no such campaign.
    """
    require(actor, Permission.CAMPAIGNS_READ)
    campaign = await find_campaign(session, campaign_id)
    return await get_brand(session, campaign.brand_id)


# --- drafting ---


async def create_campaign(
    session: AsyncSession,
    actor: Actor,
    *,
    name: str,
    target_segments: list[str],
    start_date: date | None = None,
    end_date: date | None = None,
    description: str | None = None,
    type: CampaignType = CampaignType.WEEKLY_PLAN,
    engine: Engine = Engine.HEURISTIC,
    llm_prompt: str | None = None,
    holdout_pct: Decimal | None = None,
    constraints: dict[str, Any] | None = None,
    trigger: dict[str, Any] | None = None,
    target_kpis: Sequence[Kpi] = (Kpi.CONVERSION_RATE, Kpi.INCREMENTAL_REVENUE),
    brand_id: UUID | None = None,
    is_sample: bool = False,
) -> CampaignRow:
    """Return a draft. Dates default to the seven days from tomorrow (the store's calendar).

    Args:
        target_kpis: what it is to be judged by.
        brand_id: whose name and address its messages carry; the default brand's for None.

    Raises:
        Forbidden: the actor may only read.
        Invalid: no name, unknown segment or brand, dates out of order, holdout beyond 50 %, a constraint that is
            unknown or out of range, a triggered campaign with another engine than the optimiser.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    title = said(name)
    if not 1 <= len(title) <= 120:
        raise Invalid("name must have 1 to 120 characters", field="name")
    general = await load_settings(session, GeneralSettings)
    planning = await load_settings(session, PlanningSettings)
    start = start_date or today_in(general.timezone) + timedelta(days=1)
    end = end_date or start + timedelta(days=6 if type is not CampaignType.TRIGGERED else MAX_STANDING_DAYS - 1)
    check_dates(start, end, type)
    check_engine(type, engine)
    waits_for = await check_trigger(session, type, trigger)
    holdout = planning.holdout_pct if holdout_pct is None else holdout_pct
    check_holdout(holdout)
    clean_constraints(constraints)
    brand = await chosen_brand(session, brand_id)
    campaign = Campaign(
        name=title,
        description=(description or "").strip()[:2000] or None,
        type=type,
        brand_id=brand.id,
        start_date=start,
        end_date=end,
        target_segments=await check_segments(session, target_segments),
        target_kpis=list(dict.fromkeys(target_kpis)),
        engine=engine,
        llm_prompt=llm_prompt,
        holdout_pct=holdout,
        constraints=constraints or {},
        trigger=waits_for,
        is_sample=is_sample,
        created_by=actor.user_id,
    )
    campaign.seed = str(campaign.id)
    session.add(campaign)
    await session.flush()
    await audit(session, actor, "campaign.created", "campaign", campaign.id, name=title)
    publish(session, "dashboard", {"campaign": campaign.id})
    return row_of(campaign)


NO_PLAN = {"name", "description", "target_kpis"}
"""What a plan does not depend on."""
EDITABLE = {
    "name", "description", "type", "start_date", "end_date", "target_segments", "engine", "llm_prompt", "holdout_pct",
    "constraints", "trigger", "target_kpis", "brand_id",
}  # fmt: skip


async def update_campaign(
    session: AsyncSession,
    actor: Actor,
    campaign_id: UUID,
    changes: dict[str, Any],
    *,
    seen: datetime | None = None,
) -> CampaignRow:
    """Change a campaign that is not running. What changes the audience or the days takes it back to draft.

    Raises:
        NotFound, Forbidden: as usual.
        Conflict: it runs or is over, or somebody changed it meanwhile.
        Invalid: a bad field.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    campaign = await lock_campaign(session, campaign_id)
    if campaign.status not in {CampaignStatus.DRAFT, CampaignStatus.AWAITING_APPROVAL, CampaignStatus.SCHEDULED}:
        raise Conflict(f"A campaign that is {campaign.status} cannot be edited. Pause it and make a new plan instead.")
    if seen is not None and campaign.updated_at != seen:
        raise Meanwhile("Somebody changed this campaign meanwhile. Reload, then make your change again.")
    unknown = sorted(set(changes) - EDITABLE)
    if unknown:
        raise Invalid(f"{unknown[0]} is not a field that can be changed", field=unknown[0])
    if "target_segments" in changes:
        changes["target_segments"] = await check_segments(session, changes["target_segments"])
    if "name" in changes and not 1 <= len(said(changes["name"])) <= 120:
        raise Invalid("name must have 1 to 120 characters", field="name")
    if "holdout_pct" in changes:
        check_holdout(changes["holdout_pct"])
    if "constraints" in changes:
        clean_constraints(changes["constraints"])
    if "brand_id" in changes:
        await chosen_brand(session, changes["brand_id"])
    if "target_kpis" in changes:
        changes["target_kpis"] = list(dict.fromkeys(changes["target_kpis"]))
    before = {name: getattr(campaign, name) for name in changes}
    for name, value in changes.items():
        setattr(campaign, name, value)
    check_dates(campaign.start_date, campaign.end_date, campaign.type)
    check_engine(campaign.type, campaign.engine)
    campaign.trigger = await check_trigger(session, campaign.type, campaign.trigger)
    if set(changes) - NO_PLAN:
        # the plan was made for something else; its version stays to be read
        campaign.plan_id = campaign.weekly_plan = None
        campaign.approved_by = campaign.approved_at = None
        campaign.is_autopilot = False
    if set(changes) - NO_PLAN and campaign.status is not CampaignStatus.DRAFT:
        await move_campaign(session, actor, campaign, CampaignStatus.DRAFT)
    campaign.updated_at = now()
    await session.flush()
    after = {name: getattr(campaign, name) for name in changes}
    await audit_change(session, actor, "campaign.updated", "campaign", campaign.id, before=before, after=after)
    return row_of(campaign)


async def delete_campaign(session: AsyncSession, actor: Actor, campaign_id: UUID) -> None:
    """Delete a draft; anything further along is cancelled instead, so that its record stays.

    Raises:
        Conflict: it is no draft.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    campaign = await lock_campaign(session, campaign_id)
    if campaign.status is not CampaignStatus.DRAFT:
        raise Conflict(f"Only drafts are deleted; this campaign is {campaign.status}. Cancel it instead.")
    await audit(session, actor, "campaign.deleted", "campaign", campaign.id, name=campaign.name)
    await session.delete(campaign)


async def hold_unapproved(session: AsyncSession, campaign_id: UUID) -> None:
    """Hold a campaign that may be planned again. A corridor: asked for, and once more when it is done, for a plan may
    be approved in between, and what was approved is what is sent.

    Raises:
        Conflict: it is neither a draft nor waiting for approval.
    """
    campaign = await lock_campaign(session, campaign_id)
    if campaign.status not in {CampaignStatus.DRAFT, CampaignStatus.AWAITING_APPROVAL}:
        raise Conflict(f"A campaign that is {campaign.status} cannot be planned again.")


async def request_plan(session: AsyncSession, actor: Actor, campaign_id: UUID) -> UUID:
    """Ask for actions and a plan; returns the job. The campaign then waits for approval.

    Raises:
        Conflict: it is neither a draft nor waiting for approval.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    await hold_unapproved(session, campaign_id)
    return await _enqueue_plan(session, actor, campaign_id)


async def request_exploration(session: AsyncSession, actor: Actor, campaign_id: UUID) -> UUID:
    """Ask for a plan by draws of what is believed (`Overrides.explore`): where no message is believed to be worth its
    cost, nobody is written to, and nothing is learned that could change it. Returns the job.

    Raises:
        Conflict: it is neither a draft nor waiting for approval.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    campaign = await lock_campaign(session, campaign_id)
    await hold_unapproved(session, campaign_id)
    await update_campaign(session, actor, campaign_id, {"constraints": {**campaign.constraints, "explore": True}})
    return await _enqueue_plan(session, actor, campaign_id)


async def open_planning(session: AsyncSession, actor: Actor, campaign_id: UUID) -> UUID | None:
    """Return the job that plans the campaign now, or will, if one does.

    Raises:
        Forbidden: the actor may not read plans.
    """
    require(actor, Permission.PLANS_READ)
    return await open_job(session, Job.GENERATE_CAMPAIGN, str(campaign_id))


async def _enqueue_plan(session: AsyncSession, actor: Actor, campaign_id: UUID) -> UUID:
    return await enqueue(
        session,
        Job.GENERATE_CAMPAIGN,
        {"campaign_id": str(campaign_id)},
        created_by=actor.user_id,
        dedupe_key=str(campaign_id),
    )
