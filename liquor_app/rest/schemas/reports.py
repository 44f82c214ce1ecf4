"""Shapes of the reports' routes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from pydantic import Field

from liquor_app.analytics.metrics import Unit
from liquor_app.analytics.report_files import ReportFormat
from liquor_app.analytics.reports import ReportKind
from liquor_app.api.schemas import Body, Day, Row


class ReportColumnOut(Row):
    """A column; `unit` is null of words and days."""

    key: str
    label: str
    unit: Unit | None
    words: str


class FiguresOut(Row):
    """What became of messages; null was not measured. Shares lie between 0 and 1."""

    sends: int
    delivered: int | None
    delivery_rate: float | None
    opens: int | None
    open_rate: float | None
    clicks: int | None
    click_rate: float | None
    conversions: int
    conversion_rate: float | None
    attributed_revenue: Decimal
    bounces: int
    complaints: int
    unsubscribes: int


class LiftedOut(FiguresOut):
    """The same, and profit against the people held out, after discounts and sending, since the beginning, with the ends
    of its 95 % interval; null where nothing was measured."""

    id: str
    name: str
    incremental_profit: Decimal | None
    incremental_low: Decimal | None
    incremental_high: Decimal | None


class CampaignLineOut(LiftedOut):
    status: str
    start_date: date
    end_date: date


class SegmentLineOut(LiftedOut):
    """`customers` is how many are in it now; null of a segment that is gone."""

    customers: int | None


class ReportOut(Row):
    """What was sent from `start` to `end`, both included, and what became of it up to now. `totals` are of all rows."""

    kind: ReportKind
    start: date
    end: date
    columns: list[ReportColumnOut]
    totals: FiguresOut


class CampaignReportOut(ReportOut):
    rows: list[CampaignLineOut]


class SegmentReportOut(ReportOut):
    rows: list[SegmentLineOut]


class ReportIn(Body):
    report: ReportKind
    format: ReportFormat = ReportFormat.CSV
    start: Day | None = Field(default=None, description="First day; thirty days before the end if not given.")
    end: Day | None = Field(default=None, description="Last day; yesterday if not given.")


class ReportLinkOut(Row):
    """Where the file is fetched, by whoever asked and nobody else, until `good_until`."""

    url: str
    name: str
    rows: int
    good_until: datetime
