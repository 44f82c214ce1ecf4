"""Daily rollups: what dashboards read instead of the ledger."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Integer, Numeric, PrimaryKeyConstraint
from sqlmodel import Field, SQLModel

from liquor_app.core.columns import day, document, exact, plain_uuid, ref, stamped, whole, words
from liquor_app.core.platform.named_in import named_in


class DailySales(SQLModel, table=True):
    """The shop's day (in the brand's time zone): baskets and revenue, whole and of alcohol."""

    __tablename__ = "daily_sales"
    __table_args__ = (PrimaryKeyConstraint("day"),)

    day: date = day()
    orders: int = whole()
    buyers: int = whole()
    revenue: Decimal = exact(14)
    discount: Decimal = exact(14)
    updated_at: datetime = stamped()


class Cohort(SQLModel, table=True):
    """Customers whose first purchase lies in a month; `expected_spend` is the mean of their `clv_score`."""

    __tablename__ = "cohorts"
    __table_args__ = (PrimaryKeyConstraint("cohort"),)

    cohort: date = day()
    customers: int = whole()
    scored: int = whole()
    expected_spend: Decimal | None = exact(12, nullable=True)
    counted_at: datetime = stamped()


class CohortMonth(SQLModel, table=True):
    """What a cohort did in a month, both by their first day. Customers of a month, never to be summed over months."""

    __tablename__ = "cohort_months"
    __table_args__ = (PrimaryKeyConstraint("cohort", "month"),)

    cohort: date = day()
    month: date = day()
    buyers: int = whole()
    orders: int = whole()
    revenue: Decimal = exact(14)


def _counted(kind: Any = Integer) -> Any:
    """Return a column of a number from 0 that several tables inherit: each makes one of its own of it."""
    return Field(default=0, nullable=False, sa_type=kind, sa_column_kwargs={"server_default": "0"})


class MessageCounts(SQLModel):
    """Counts of messages of a day by what became of them; they may be summed, never distinct people. `carried`: those
    a provider carried; `simulated`: those the sandbox kept; the others are a history's."""

    sends: int = _counted()
    carried: int = _counted()
    simulated: int = _counted()
    delivered: int = _counted()
    opens: int = _counted()
    clicks: int = _counted()
    bounces: int = _counted()
    complaints: int = _counted()
    unsubscribes: int = _counted()
    redeemed: int = _counted()
    conversions: int = _counted()
    revenue: Decimal = _counted(Numeric(14, 2))


class DailyMessages(MessageCounts, table=True):
    """A campaign's day per channel."""

    __tablename__ = "daily_messages"
    __table_args__ = (
        PrimaryKeyConstraint("day", "campaign_id", "channel"),
        Index("ix_daily_messages_campaign", "campaign_id", "day"),
    )

    day: date = day()
    campaign_id: UUID = plain_uuid(nullable=False)
    channel: str = words()
    updated_at: datetime = stamped()


class DailyOffers(MessageCounts, table=True):
    """A campaign's day per channel of what messages were chosen for: a segment, and an offer as its playbook names it.
    What is measured of a message goes by campaign and channel."""

    __tablename__ = "daily_offers"
    __table_args__ = (PrimaryKeyConstraint("day", "campaign_id", "channel", "segment_slug", "offer", "discount_pct"),)

    day: date = day()
    campaign_id: UUID = plain_uuid(nullable=False)
    channel: str = words()
    segment_slug: str = words()
    offer: str = words()
    discount_pct: str = words()
    updated_at: datetime = stamped()


class CampaignViews(SQLModel, table=True):
    """What a campaign of many messages brought, in each way that counts its people's purchases: `counted` is
    `{view: [orders, customers, revenue]}`, with the shop's window of `days`; counted each night (`kept_views`)."""

    __tablename__ = "campaign_views"

    campaign_id: UUID = ref("campaigns.id", primary=True)
    days: int = whole()
    counted: dict[str, Any] = document(nullable=False)
    counted_at: datetime = stamped()


MENTIONS = (
    named_in(
        "daily_offers", ("segment_slug", "offer"), unique=("offer",),
        key="md5(concat_ws(' ', day, campaign_id, channel, segment_slug, offer, discount_pct))", name="segment_slug",
    ),
)  # fmt: skip
"""Where the shop's own words may name somebody."""
