"""A campaign and its life."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from liquor_app.core.columns import (
    choice,
    day,
    document,
    exact,
    flag,
    moment,
    pk,
    plain_uuid,
    ref,
    stamped,
    texts,
    whole,
    words,
)
from liquor_app.core.platform.named_in import named_in
from liquor_app.core.platform.personal_data import Personal
from liquor_app.core.states import Transitions


class CampaignType(StrEnum):
    ONE_TIME = "one_time"
    WEEKLY_PLAN = "weekly_plan"
    TRIGGERED = "triggered"


class Kpi(StrEnum):
    """A figure a campaign is judged by; its analytics tell each that was chosen."""

    DELIVERY_RATE = "delivery_rate"
    OPEN_RATE = "open_rate"
    CLICK_RATE = "click_rate"
    CONVERSION_RATE = "conversion_rate"
    INCREMENTAL_REVENUE = "incremental_revenue"
    """A person contacted minus a person held out, in the shop's currency."""


class Engine(StrEnum):
    """Who plans it."""

    HEURISTIC = "heuristic"
    LLM = "llm"
    MANUAL = "manual"


class CampaignStatus(StrEnum):
    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


OPEN = (CampaignStatus.DRAFT, CampaignStatus.AWAITING_APPROVAL)
"""Nothing of it can have been sent."""
LIVE = (CampaignStatus.SCHEDULED, CampaignStatus.ACTIVE, CampaignStatus.PAUSED)
"""Approved and not over: what it plans takes up room and people."""
OVER = (CampaignStatus.COMPLETED, CampaignStatus.CANCELLED)


CAMPAIGN = Transitions(
    "campaign",
    {
        CampaignStatus.DRAFT: [CampaignStatus.AWAITING_APPROVAL, CampaignStatus.CANCELLED],
        CampaignStatus.AWAITING_APPROVAL: [
            CampaignStatus.SCHEDULED,
            CampaignStatus.DRAFT,
            CampaignStatus.CANCELLED,
        ],
        CampaignStatus.SCHEDULED: [
            CampaignStatus.ACTIVE,
            CampaignStatus.AWAITING_APPROVAL,
            CampaignStatus.DRAFT,
            CampaignStatus.CANCELLED,
        ],
        CampaignStatus.ACTIVE: [CampaignStatus.PAUSED, CampaignStatus.COMPLETED, CampaignStatus.CANCELLED],
        CampaignStatus.PAUSED: [CampaignStatus.ACTIVE, CampaignStatus.CANCELLED],
    },
)


class Campaign(SQLModel, table=True):
    """Counters are rolled up from the ledger every two seconds, never updated per event (a hot row).

    `virtual_now` is the campaign's own clock while the sandbox plays its week; null means real time.
    """

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint("end_date >= start_date", name="dates"),
        Index("ix_campaigns_status", "status", "start_date"),
        Index("ix_campaigns_created", "created_at", "id"),
        Index("ix_campaigns_name", text("natural_order(name)"), "id"),
        *(
            Index(f"ix_campaigns_{column}", column, "id")
            for column in ("start_date", "completed_sends", "conversions", "revenue_generated")
        ),
    )

    id: UUID = pk()
    name: str = words()
    description: str | None = words(nullable=True)
    type: CampaignType = choice("type", CampaignType, CampaignType.WEEKLY_PLAN)
    status: CampaignStatus = choice("status", CampaignStatus, CampaignStatus.DRAFT)
    brand_id: UUID | None = ref("brands.id", ondelete="SET NULL", nullable=True)

    start_date: date = day()
    end_date: date = day()
    target_segments: list[str] = texts()
    target_kpis: list[str] = document(empty="[]")

    total_sends: int = whole()
    completed_sends: int = whole()
    failed_sends: int = whole()
    skipped_sends: int = whole()
    unknown_sends: int = whole()
    delivered_sends: int = whole()
    held_out: int = whole()

    opens: int = whole()
    clicks: int = whole()
    redeemed: int = whole()
    conversions: int = whole()
    revenue_generated: Decimal = exact(12)

    engine: Engine = choice("engine", Engine, Engine.HEURISTIC)
    llm_prompt: str | None = words(nullable=True)
    weekly_plan: dict[str, Any] | None = document()
    constraints: dict[str, Any] = document(empty="{}")
    holdout_pct: Decimal = exact(5)
    seed: str = words(default="1")
    plan_id: UUID | None = plain_uuid()

    is_autopilot: bool = flag()
    """Approved by the system within the guidance's limits; the kill switch pauses it."""
    approved_wording: dict[str, Any] | None = document()
    """What its messages were approved to be made of (`campaigns.approved_wording`); null: what is in use."""
    trigger: dict[str, Any] | None = document()
    """Of a triggered campaign: see `campaigns.triggers`."""

    virtual_now: datetime | None = moment()
    is_playing: bool = flag()
    pause_reason: str | None = words(nullable=True)
    is_sample: bool = flag()
    is_history: bool = flag()
    offer_categories: list[str] = texts()
    """What the offers of a campaign without actions were for, of history; empty: everything."""
    offers_end_on: date | None = day(nullable=True)
    """The last day they held, where that is not the campaign's own."""

    created_by: UUID | None = ref("users.id", ondelete="SET NULL", nullable=True)
    approved_by: UUID | None = ref("users.id", ondelete="SET NULL", nullable=True)
    approved_at: datetime | None = moment()
    started_at: datetime | None = moment()
    completed_at: datetime | None = moment()
    created_at: datetime = stamped()
    updated_at: datetime = stamped()


class FiringOutcome(StrEnum):
    """What came of a customer's occasion."""

    SEEN = "seen"
    """Not looked at further yet."""
    PLANNED = "planned"
    HELD_OUT = "held_out"
    SKIPPED = "skipped"
    EXCLUDED = "excluded"
    """There was no action to make."""


class TriggerFiring(SQLModel, table=True):
    """That a triggered campaign has seen this customer's occasion: once, whatever came of it."""

    __tablename__ = "trigger_firings"
    __table_args__ = (Index("ix_trigger_firings_customer", "customer_id"),)

    campaign_id: UUID = ref("campaigns.id", primary=True)
    customer_id: UUID = ref("customers.id", primary=True)
    occasion_at: datetime = moment(nullable=False)
    outcome: str = words()
    fired_at: datetime = stamped()


PERSONAL = (
    Personal(
        "trigger_firings",
        rows="SELECT * FROM trigger_firings WHERE customer_id = ANY(:people)",
        why="they are of a profile that is nobody's after an erasure",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    named_in(
        "campaigns",
        ("name", "description", "llm_prompt", "pause_reason"),
        ("weekly_plan", "constraints", "trigger", "target_kpis", "approved_wording"),
        ("target_segments", "offer_categories"),
        name="name",
    ),
)
"""Where the shop's own words may name somebody."""
