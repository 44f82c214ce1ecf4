"""Daily rollups: what dashboards read instead of the ledger."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Index, PrimaryKeyConstraint
from sqlmodel import SQLModel

from liquor_app.core.columns import day, exact, plain_uuid, stamped, whole, words


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


class DailyMessages(SQLModel, table=True):
    """A campaign's day per channel. Counts of messages, so they may be summed; never distinct people."""

    __tablename__ = "daily_messages"
    __table_args__ = (
        PrimaryKeyConstraint("day", "campaign_id", "channel"),
        Index("ix_daily_messages_campaign", "campaign_id", "day"),
    )

    day: date = day()
    campaign_id: UUID = plain_uuid(nullable=False)
    channel: str = words()
    sends: int = whole()
    delivered: int = whole()
    opens: int = whole()
    clicks: int = whole()
    bounces: int = whole()
    complaints: int = whole()
    unsubscribes: int = whole()
    conversions: int = whole()
    revenue: Decimal = exact(14)
    updated_at: datetime = stamped()
