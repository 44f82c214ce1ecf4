"""What a campaign asks for and within which limits: read once, used by actions and plans alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.campaigns.constraints import clean_constraints
from liquor_app.campaigns.models import OPEN, OVER, Campaign, CampaignStatus, CampaignType, Engine
from liquor_app.campaigns.service import lock_campaign
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict
from liquor_app.core.ids import uuid7
from liquor_app.organization.guidance import Guidance, GuidanceRow, load_guidance
from liquor_app.organization.service import BrandRow, licence_of
from liquor_app.organization.settings import ShopSettings, load_shop

CHANNELS = ("email", "sms")
"""Order of the channel axis in every array of this slice and of `planning`."""

RESPONSE_DAYS = 7
"""An offer is answered within a week or not at all; who buys anyway in that week is no gain."""


STANDING_DAYS = 3
"""A triggered campaign plans this far ahead: what just happened is soon old."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The constraints of one campaign, resolved. Percentages are 0–100, money in the shop's currency."""

    email_capacity_per_day: int
    sms_capacity_per_day: int
    capacity_by_day: dict[date, dict[str, int]]
    discount_budget: Decimal
    margin_pct: Decimal
    margin_floor_pct: Decimal
    email_cost: Decimal
    sms_cost: Decimal
    max_contacts_7_days: int
    max_contacts_30_days: int
    max_per_customer: int
    min_profit: Decimal
    kept_share: Decimal
    horizon_days: int
    stock_hours: int
    explore_pct: Decimal
    usual_pct: Decimal
    explore: bool
    """Plan by draws of what is believed (`Overrides.explore`)."""
    global_holdout_pct: Decimal
    global_holdout_seed: str
    minimum_age: int
    unknown_age_email: str
    windows: dict[str, tuple[str, str]]
    """The store's own sending hours by channel."""
    timezone: str

    def capacity(self, day: date, channel: str) -> int:
        """Return messages a channel may carry on a day."""
        usual = self.email_capacity_per_day if channel == "email" else self.sms_capacity_per_day
        return min(usual, self.capacity_by_day.get(day, {}).get(channel, usual))

    def as_document(self) -> dict[str, Any]:
        """Tell what is stored with a plan."""
        return {
            "email_capacity_per_day": self.email_capacity_per_day,
            "sms_capacity_per_day": self.sms_capacity_per_day,
            "capacity_by_day": {day.isoformat(): dict(values) for day, values in self.capacity_by_day.items()},
            "discount_budget": str(self.discount_budget),
            "margin_pct": str(self.margin_pct),
            "margin_floor_pct": str(self.margin_floor_pct),
            "email_cost": str(self.email_cost),
            "sms_cost": str(self.sms_cost),
            "max_contacts_7_days": self.max_contacts_7_days,
            "max_contacts_30_days": self.max_contacts_30_days,
            "max_per_customer": self.max_per_customer,
            "min_profit": str(self.min_profit),
            "kept_share": str(self.kept_share),
            "horizon_days": self.horizon_days,
            "stock_hours": self.stock_hours,
            "explore_pct": str(self.explore_pct),
            "usual_pct": str(self.usual_pct),
            "explore": self.explore,
            "global_holdout_pct": str(self.global_holdout_pct),
            "timezone": self.timezone,
        }


@dataclass(frozen=True, slots=True)
class CampaignBrief:
    """The campaign as planning needs it."""

    id: UUID
    name: str
    status: CampaignStatus
    start_date: date
    end_date: date
    target_segments: tuple[str, ...]
    engine: Engine
    llm_prompt: str | None
    holdout_pct: Decimal
    seed: str
    plan_id: UUID | None
    type: CampaignType
    trigger: dict[str, Any] | None
    started_at: datetime | None
    shop: ShopSettings
    """The settings in force."""
    limits: Limits
    bound_by: GuidanceRow
    """The guidance in force."""
    days: tuple[date, ...]
    """The days still to be planned."""
    licence: str | None
    """The state of the licence it is sent under; None if nobody has said."""

    @property
    def is_open(self) -> bool:
        """Nothing of it can have been sent yet, so everything may be planned anew."""
        return self.status in OPEN

    @property
    def offers_end(self) -> date:
        """The last day of the offers, but for the days they may still be used after."""
        return self.days[-1] if self.type is CampaignType.TRIGGERED else self.end_date

    @property
    def guidance(self) -> Guidance:
        return self.bound_by.guidance


def limits_of(shop: ShopSettings, constraints: dict[str, Any]) -> Limits:
    """Return settings with a campaign's own constraints on top.

    Raises:
        Invalid: a constraint is unknown or out of range; the message names it.
    """
    own = clean_constraints(constraints)
    general, compliance, planning = shop.general, shop.compliance, shop.planning

    def either(name: str) -> Any:
        chosen = getattr(own, name)
        return getattr(planning, name) if chosen is None else chosen

    def tighter(name: str) -> int:
        chosen: int | None = getattr(own, name)
        allowed: int = getattr(compliance, name)
        return allowed if chosen is None else min(chosen, allowed)

    return Limits(
        email_capacity_per_day=either("email_capacity_per_day"),
        sms_capacity_per_day=either("sms_capacity_per_day"),
        capacity_by_day=own.capacity_by_day,
        discount_budget=either("discount_budget"),
        margin_pct=either("margin_pct"),
        margin_floor_pct=max(either("margin_floor_pct"), planning.margin_floor_pct),
        email_cost=planning.email_cost,
        sms_cost=planning.sms_cost,
        max_contacts_7_days=tighter("max_contacts_7_days"),
        max_contacts_30_days=tighter("max_contacts_30_days"),
        max_per_customer=own.max_per_customer,
        min_profit=own.min_profit,
        kept_share=own.kept_share,
        horizon_days=planning.horizon_days,
        stock_hours=planning.stock_hours,
        explore_pct=planning.explore_pct,
        usual_pct=planning.usual_pct,
        explore=own.explore,
        global_holdout_pct=planning.global_holdout_pct,
        global_holdout_seed=planning.global_holdout_seed,
        minimum_age=compliance.minimum_age,
        unknown_age_email=compliance.unknown_age_email,
        windows={
            "email": (compliance.email_window_start, compliance.email_window_end),
            "sms": (compliance.sms_window_start, compliance.sms_window_end),
        },
        timezone=general.timezone,
    )


def plan_days(start: date, end: date, local: datetime) -> tuple[date, ...]:
    """Return days from `start` to `end` that can still be planned at `local` time. After noon today is too late, unless
    it is the last day."""
    first = max(start, local.date())
    if first == local.date() and local.hour >= 12 and first < end:
        first += timedelta(days=1)
    return tuple(first + timedelta(days=offset) for offset in range((end - first).days + 1))


async def lock_brief(session: AsyncSession, campaign_id: UUID) -> CampaignBrief:
    """Return the campaign under `FOR UPDATE`, with its limits: two plans of one campaign are never made at once.

    Raises:
        NotFound: there is no such campaign.
        Conflict: it is over, part of the imported history, or its last day has passed.
        Invalid: a constraint is unknown or out of range.
    """
    return await read_brief(session, await lock_campaign(session, campaign_id))


async def read_brief(
    session: AsyncSession, campaign: Campaign, *, bound_by: GuidanceRow | None = None, brand: BrandRow | None = None
) -> CampaignBrief:
    """Tell what a held campaign asks for, with the settings and the guidance of this moment.

    Args:
        bound_by: the guidance in force, if it was read already.
        brand: what it is sent under, if that was read already.

    Raises:
        Conflict, Invalid: as `lock_brief`.
    """
    if campaign.is_history or campaign.status in OVER:
        raise Conflict(f"The campaign “{campaign.name}” is over; make a new one.")
    shop = await load_shop(session)
    limits = limits_of(shop, campaign.constraints)
    local = (campaign.virtual_now or now()).astimezone(ZoneInfo(limits.timezone))
    days = plan_days(campaign.start_date, campaign.end_date, local)
    if campaign.type is CampaignType.TRIGGERED:
        days = days[:STANDING_DAYS]
    if not days:
        raise Conflict(
            f"The campaign's last day, {campaign.end_date}, has passed: it is over. Give it new dates.",
            field="end_date",
        )
    return CampaignBrief(
        id=campaign.id,
        name=campaign.name,
        status=campaign.status,
        start_date=campaign.start_date,
        end_date=campaign.end_date,
        target_segments=tuple(campaign.target_segments),
        engine=campaign.engine,
        llm_prompt=campaign.llm_prompt,
        holdout_pct=Decimal(campaign.holdout_pct),
        seed=campaign.seed,
        plan_id=campaign.plan_id,
        type=campaign.type,
        trigger=campaign.trigger,
        started_at=campaign.started_at,
        shop=shop,
        limits=limits,
        bound_by=bound_by or await load_guidance(session),
        days=days,
        licence=brand.licence_state if brand else await licence_of(session, campaign.brand_id),
    )


def imagined_campaign(segments: Sequence[str], first: date) -> Campaign:
    """Return a week's campaign to some segments with the shop's own limits, which is never stored: to ask what it would
    do."""
    return Campaign(
        id=uuid7(), name="", type=CampaignType.WEEKLY_PLAN, status=CampaignStatus.DRAFT, start_date=first,
        end_date=first + timedelta(days=6), target_segments=list(segments), engine=Engine.HEURISTIC, constraints={},
        holdout_pct=Decimal(0), seed="1",
    )  # fmt: skip
