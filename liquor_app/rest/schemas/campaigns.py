"""Shapes of the campaigns' routes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from liquor_app.actions.coupon_source import CodeNeedFields
from liquor_app.analytics.attribution_views import ViewRow
from liquor_app.analytics.campaign_parts import Buyer, PartOf
from liquor_app.api.schemas import Body, Day, Money, Patch, Row, Started
from liquor_app.campaigns.models import CampaignStatus, CampaignType, Engine, Kpi
from liquor_app.campaigns.service import SendingCounters
from liquor_app.rest.schemas.analytics import EffectOut, Figure
from liquor_app.rest.schemas.reports import FiguresOut

Name = Annotated[str, Field(min_length=1, max_length=120)]
Kpis = Annotated[list[Kpi], Field(min_length=1, max_length=len(Kpi))]
Slugs = Annotated[list[str], Field(min_length=1)]


class CampaignPatch(Patch):
    """Fields to change; the audience, the days or the engine take it back to draft."""

    nullable: ClassVar[frozenset[str]] = frozenset({"description", "llm_prompt"})

    name: Name | None = None
    description: Annotated[str | None, Field(max_length=2000)] = None
    start_date: Day | None = None
    end_date: Day | None = None
    target_segments: Slugs | None = None
    engine: Engine | None = None
    llm_prompt: Annotated[str | None, Field(max_length=4000)] = None
    holdout_pct: Annotated[Decimal | None, Field(ge=0, le=50, decimal_places=2)] = None
    constraints: dict[str, Any] | None = None
    trigger: dict[str, Any] | None = None
    target_kpis: Kpis | None = None
    brand_id: UUID | None = None


class CampaignIn(Body):
    """A draft. `target_segments` are slugs; dates default to the seven days from tomorrow. One of type `triggered`
    stands for up to a year and needs a `trigger`: `{"kind": "segment_entered", "segment": slug}`, `{"kind": "event",
    "event": type}`, `{"kind": "purchase_overdue", "days": n}` or `{"kind": "after_first_purchase", "days": n}`."""

    name: Name
    target_segments: Slugs
    description: Annotated[str | None, Field(max_length=2000)] = None
    type: CampaignType = CampaignType.WEEKLY_PLAN
    start_date: Day | None = None
    end_date: Day | None = None
    engine: Engine = Engine.HEURISTIC
    llm_prompt: Annotated[str | None, Field(max_length=4000)] = None
    holdout_pct: Annotated[Decimal | None, Field(ge=0, le=50, decimal_places=2)] = None
    constraints: dict[str, Any] | None = None
    trigger: dict[str, Any] | None = None
    target_kpis: Kpis = Field(default_factory=lambda: [Kpi.CONVERSION_RATE, Kpi.INCREMENTAL_REVENUE])
    brand_id: Annotated[UUID | None, Field(description="Whose name its messages carry; the default brand's.")] = None


class GenerateIn(Body):
    """A week to be drafted whole. Without segments, the active ones with the most people in them."""

    name: Name = "This week's plan"
    target_segments: list[str] | None = None
    description: Annotated[str | None, Field(max_length=2000)] = None
    start_date: Day | None = None
    end_date: Day | None = None
    engine: Engine = Engine.HEURISTIC
    llm_prompt: Annotated[str | None, Field(max_length=4000)] = None


class PlayIn(Body):
    seconds: Annotated[int, Field(ge=0, le=600, description="How long the week shall take.")] = 90


UNNAMED = (
    "say which plan you looked at: `plan_id` and `fingerprint` as GET /api/v1/campaigns/{id}/outlook has them."
    " Another may have taken its place since, and would be approved unseen"
)


class ApproveIn(Body):
    """`plan_id` and `fingerprint`: the plan that was looked at, as `GET /campaigns/{id}/outlook` has them; another that
    took its place since, or a message changed by hand, is a conflict. `despite_sender`: although mailboxes will refuse
    mail of the brand's domain."""

    plan_id: UUID
    fingerprint: Annotated[str, Field(min_length=1, max_length=64)]
    despite_sender: bool = False

    @model_validator(mode="wrap")
    @classmethod
    def _looked_at(cls, given: Any, check: Callable[[Any], Any]) -> Any:
        """Say of what is missing where it is found."""
        try:
            return check(given)
        except ValidationError as wrong:
            for one in wrong.errors():
                if one["type"] == "missing" or (one["loc"] and one["input"] in (None, "")):
                    told = {"field": str(one["loc"][-1]), "words": UNNAMED}
                    raise PydanticCustomError("kind", "{words}", told) from wrong
            raise


class PauseIn(Body):
    reason: Annotated[str | None, Field(max_length=300)] = None


class PlanStarted(Started):
    """The campaign then waits for approval."""

    campaign_id: UUID


class CampaignLiftOut(Row):
    """Contacted minus held out, per person, with an interval that stays valid while people look (null too early, and
    while nobody of either bought). The difference is null, too, while either group has fewer than 30 people."""

    difference: float | None
    low: float | None
    high: float | None


class CampaignMoneyLiftOut(Row):
    """The same of money."""

    difference: Figure | None
    low: Figure | None
    high: Figure | None


class BesideOut(Row):
    """One arm minus another, a person."""

    bought: CampaignLiftOut
    revenue: CampaignMoneyLiftOut
    profit: CampaignMoneyLiftOut


class AttributionOut(Row, ViewRow):
    """What a campaign brought, seen in one way (`view`): `orders` are shares of purchases in the linear view, purchases
    more than without it by the holdout; `low` and `high` the ends of its 95 % interval of revenue. Null was not
    measured."""

    orders: float | None  # type: ignore[assignment]
    revenue: Money | None
    low: Money | None
    high: Money | None


class PartOut(FiguresOut):
    """Messages of a campaign that share a segment, an offer or a channel (`of`), and what became of them."""

    of: PartOf
    name: str


class BuyerOut(Row, Buyer):
    """Somebody whose purchase is attributed to the campaign."""

    total: Money


class CampaignPartsOut(Row):
    """A campaign by segment, offer and channel. `is_played`: people and purchases are simulated. `buyers`, those who
    bought for most: null where they are too many to be looked for, or not for whoever asks to see."""

    is_played: bool
    parts: list[PartOut]
    buyers: list[BuyerOut] | None


class CampaignHoldoutOut(Row):
    """Purchases of the people contacted beside those deliberately not; `is_mismatch` says the split is off.
    `effect` has each outcome of everybody written to and, from `final_on` on, the one final read, as of
    `final_as_of`: later purchases and refunds are not in it. `note` says what cannot be told, and why: nobody was
    reached or bought yet, too few are held out, or nobody is and only the choice is compared."""

    contacted: int
    held_out: int
    is_mismatch: bool
    bought: CampaignLiftOut
    revenue: CampaignMoneyLiftOut
    agent_bought: CampaignLiftOut | None
    """The agent's choice minus an eligible action at random; null where the campaign has no such arm."""
    agent_revenue: CampaignMoneyLiftOut | None
    usual: BesideOut | None
    """The agent's choice minus business as usual; null where the campaign has no such arm."""
    effect: EffectOut
    note: str


class SendingCounts(Row, SendingCounters):
    """How many messages of a campaign fared how, and what they brought; null was not measured."""

    delivered_sends: int | None  # type: ignore[assignment]
    opens: int | None  # type: ignore[assignment]
    clicks: int | None  # type: ignore[assignment]
    redeemed: int | None  # type: ignore[assignment]
    conversions: int | None  # type: ignore[assignment]
    revenue_generated: Decimal | None  # type: ignore[assignment]


class CampaignAnalytics(SendingCounts):
    """What a campaign did. Rates are shares (0 to 1), null where nothing was measured: nothing was sent, or nobody told
    of it, as in the sandbox, whose messages reach nobody."""

    campaign_id: UUID
    status: CampaignStatus
    held_out: int
    delivery_rate: float | None
    open_rate: float | None
    click_rate: float | None
    conversion_rate: float | None
    returned: Money = Field(
        description="What went back to those who bought, within sixty days, at most what was attributed; the revenue is"
        " told without it."
    )
    targets: dict[Kpi, float | Figure | None] = Field(description="How each of `target_kpis` stands.")
    holdout: CampaignHoldoutOut | None


class CampaignStatusMessage(SendingCounts):
    """A campaign as it stands, on connecting and after every change."""

    type: Literal["campaign.status"] = "campaign.status"
    campaign_id: UUID
    status: CampaignStatus
    is_playing: bool
    virtual_now: datetime | None
    pause_reason: str | None
    progress: float
    at: datetime


class CampaignCodesIn(Body):
    """Where the codes of one discount come from; a null `pool_id` has them made up."""

    discount_pct: Annotated[Decimal, Field(gt=0, le=100)]
    pool_id: UUID | None = None


class PoolChoiceOut(Row):
    id: UUID
    name: str
    remaining: int


class CodeNeedOut(Row, CodeNeedFields):
    """Messages of one discount without a code yet; `missing` of them will find the pool empty and be skipped."""

    discount_pct: Money
    missing: int
    options: list[PoolChoiceOut]
