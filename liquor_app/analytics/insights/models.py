"""Monthly counts of customers and goods, and of messages by the hour they were sent."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import PrimaryKeyConstraint
from sqlmodel import SQLModel

from liquor_app.core.columns import day, exact, stamped, whole, words
from liquor_app.core.platform.named_in import named_in


class BaseMonth(SQLModel, table=True):
    """A month's comings and goings among customers who bought; see `month_counts`."""

    __tablename__ = "base_months"
    __table_args__ = (PrimaryKeyConstraint("month"),)

    month: date = day()
    first_time: int = whole()
    back: int = whole()
    again: int = whole()
    lapsed: int = whole()
    counted_at: datetime = stamped()


class GoodsMonth(SQLModel, table=True):
    """What was sold of a category or a brand in a month. `buyers` are people of a month, never to be summed."""

    __tablename__ = "goods_months"
    __table_args__ = (PrimaryKeyConstraint("kind", "month", "name"),)

    kind: str = words()
    month: date = day()
    name: str = words()
    buyers: int = whole()
    quantity: Decimal = exact(14)
    revenue: Decimal = exact(14)


class SendHour(SQLModel, table=True):
    """Messages of the last ninety days by weekday (1 is Monday) and hour of the shop's clock; `of_…` were sent where
    that was measured, by campaign and channel."""

    __tablename__ = "send_hours"
    __table_args__ = (PrimaryKeyConstraint("channel", "weekday", "hour"),)

    channel: str = words()
    weekday: int = whole()
    hour: int = whole()
    sends: int = whole()
    opens: int = whole()
    clicks: int = whole()
    conversions: int = whole()
    of_opens: int = whole()
    of_clicks: int = whole()
    of_orders: int = whole()


class RfmMove(SQLModel, table=True):
    """Customers who were in one RFM segment as a month began, and in another, or the same, as it ended."""

    __tablename__ = "rfm_moves"
    __table_args__ = (PrimaryKeyConstraint("month", "was", "now"),)

    month: date = day()
    was: str = words()
    now: str = words()
    customers: int = whole()
    counted_at: datetime = stamped()


MENTIONS = (named_in("goods_months", ("name",), unique=("name",), key="md5(name)", name="kind"),)
"""Where the shop's own words may name somebody."""
