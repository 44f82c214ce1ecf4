"""Shapes of the analytics' routes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import PlainSerializer

from liquor_app.analytics.service import ChurnRow, Day
from liquor_app.api.schemas import Row

PLACES = 6


def _short(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    exact = not isinstance(exponent, int) or exponent >= -PLACES
    return format(value if exact else value.quantize(Decimal(1).scaleb(-PLACES)), "f")


Figure = Annotated[Decimal, PlainSerializer(_short, return_type=str)]
"""Money or a share; a quotient's endless digits end at the sixth."""


class KpiOut(Row):
    """A figure and the same of the period before, null if there was nothing. Rates are shares (0 to 1)."""

    name: str
    value: Figure
    previous: Figure | None
    series: list[float]


class DashboardOut(Row):
    start: date
    end: date
    kpis: list[KpiOut]
    days: list[Day]


class RevenueOut(Row):
    """Every day of the period in the store's calendar."""

    start: date
    end: date
    revenue: Decimal
    orders: int
    days: list[Day]


class ChurnBand(Row):
    churn_risk: str
    customers: int


class ChurnOut(Row):
    """How many are in each band, and who at high risk is worth keeping most."""

    bands: list[ChurnBand]
    customers: list[ChurnRow]


class AnalyticsMessage(Row):
    """The dashboard's figures of the last 30 days, on connecting and whenever they may have changed."""

    type: Literal["analytics"] = "analytics"
    start: date
    end: date
    kpis: list[KpiOut]
    at: datetime
