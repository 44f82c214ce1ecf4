"""Shapes of the reports' routes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from liquor_app.analytics.alerts import AlertLevel
from liquor_app.analytics.asking.matching import LONGEST
from liquor_app.analytics.asking.questions import QuestionKey
from liquor_app.analytics.insights.read_insights import InsightKind
from liquor_app.analytics.metrics import Unit
from liquor_app.analytics.report_files import ReportFormat
from liquor_app.analytics.reports import ReportKind, ReportSpan
from liquor_app.analytics.reviews.review import ReviewKind
from liquor_app.api.schemas import Body, Day, Row
from liquor_app.rest.schemas.analytics import RecordedFrom


class ReportColumnOut(Row):
    """A column; `unit` is null of words and days."""

    key: str
    label: str
    unit: Unit | None
    words: str


class AnswersOut(Row):
    """How messages were answered; null was not measured. Shares lie between 0 and 1."""

    sends: int
    opens: int | None
    open_rate: float | None
    clicks: int | None
    click_rate: float | None
    conversions: int | None
    conversion_rate: float | None


class FiguresOut(AnswersOut):
    """What became of messages."""

    delivered: int | None
    delivery_rate: float | None
    redeemed: int | None
    attributed_revenue: Decimal | None
    bounces: int | None
    complaints: int | None
    unsubscribes: int | None


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


class ReportOut(Row, ReportSpan):
    """What was sent from `start` to `end`, both included, and what became of it up to now. `totals` are of all
    `groups`, of which 500 at most are told: those with the most attributed revenue."""

    kind: ReportKind
    columns: list[ReportColumnOut]
    totals: FiguresOut
    recorded_from: RecordedFrom


class CampaignReportOut(ReportOut):
    rows: list[CampaignLineOut]


class SegmentReportOut(ReportOut):
    rows: list[SegmentLineOut]


class BaseMonthOut(Row):
    """A month of the customer base; `month` is its first day."""

    month: date
    first_time: int
    back: int
    again: int
    lapsed: int
    net: int
    active: int


class GoodsOut(Row):
    """A category or a brand; shares lie between 0 and 1, null where there is nothing to compare with."""

    name: str
    revenue: Decimal
    share: float | None
    before: Decimal | None
    change: float | None
    quantity: Decimal
    buyers: int


class SendHourOut(AnswersOut):
    """Messages of an hour of a weekday; a share is null of fewer than twenty, and of what nobody told."""

    day: str
    hour: int


class InsightOut(Row):
    """What was counted in the night; `counted_at` is null while it never was."""

    kind: InsightKind
    words: str
    columns: list[ReportColumnOut]
    counted_at: datetime | None


class CustomerBaseOut(InsightOut):
    rows: list[BaseMonthOut]


class GoodsTrendOut(InsightOut):
    rows: list[GoodsOut]


class SendTimesOut(InsightOut):
    rows: list[SendHourOut]


class LiveOut(Row):
    """What is read from raw rows of the days from `start` to `end`, as they are now; null where nothing was
    measured."""

    kind: InsightKind
    words: str
    columns: list[ReportColumnOut]
    start: date
    end: date


class CouponLineOut(Row):
    """Codes from one source with one discount; `revenue` is what the baskets they were redeemed in came to."""

    codes: str
    coupons_given: int
    coupons_redeemed: int
    redemption_rate: float | None
    still_good: int
    revenue: Decimal


class CouponsOut(LiveOut):
    rows: list[CouponLineOut]


class PlaybookLineOut(Row):
    """An offer of a segment's playbook, `slug` the segment's; shares lie between 0 and 1, null was not measured."""

    slug: str
    segment: str
    offer: str
    sends: int
    delivery_rate: float | None
    click_rate: float | None
    conversions: int | None
    conversion_rate: float | None
    attributed_revenue: Decimal | None
    unsubscribes: int | None


class PlaybooksOut(LiveOut):
    rows: list[PlaybookLineOut]


class TenthOut(Row):
    """A tenth of the customers by what was said of them; `apart` is said less seen."""

    group: int
    said: float
    seen: float
    apart: float
    customers: int


class CalibrationOut(LiveOut):
    """`why_none` says why there are no rows."""

    rows: list[TenthOut]
    why_none: str


class ReviewFigureOut(Row):
    """A figure of the days, of the same many before, and of a year before; null: not measured. Money and counts are
    decimal strings, shares lie between 0 and 1."""

    key: str
    label: str
    unit: Unit
    value: Decimal | None
    before: Decimal | None
    year_before: Decimal | None


class ReviewOut(Row):
    """A finished week (Monday to Sunday) or month: what happened in words, and the figures the words are made of.
    `waiting` is how many plans nobody has approved."""

    kind: ReviewKind
    title: str
    start: date
    end: date
    words: list[str]
    figures: list[ReviewFigureOut]
    waiting: int
    recorded_from: RecordedFrom


class MoveOut(Row):
    """Customers who went from one segment to another; `share` of those who were there lies between 0 and 1."""

    was: str
    now: str
    customers: int
    share: float


class MovesOut(InsightOut):
    """`months` holds the month, none while nothing is counted."""

    months: list[date]
    rows: list[MoveOut]


class AlertOut(Row):
    """Something that needs somebody; `page` of the app is where it is put right, empty for who may not open it."""

    key: str
    level: AlertLevel
    words: str
    page: str


class AlertsOut(Row):
    items: list[AlertOut]


class QuestionOut(Row):
    """A question there is an answer to; one of days is asked of `days` of `POST /analytics/ask`."""

    key: QuestionKey
    words: str
    has_days: bool


class QuestionsOut(Row):
    items: list[QuestionOut]


class AskIn(Body):
    question: str = Field(
        min_length=1, max_length=LONGEST, description="A `key` of `GET /analytics/questions`, or words like these."
    )
    days: Literal[7, 30, 90, 365] | None = Field(default=None, description="Of a `key` with days; thirty if not given.")
    period: str | None = Field(
        default=None, max_length=20,
        description="Instead of days, of the calendar in the shop's time zone: `last-month`, `this-week`, `q3`,"
        " `q3-2025`, `october`, `y-2025`, `yesterday`, `past-14-days`, `past-6-months`.",
    )  # fmt: skip


class AnswerOut(Row):
    """What is known: in words, the figures by column key (null: not measured; money and days are strings), and the page
    that has all of it. `question` is null where none is meant; `others` may be meant too."""

    question: QuestionOut | None
    days: int | None
    period: str | None = Field(description="The span of the calendar it was asked of; `words` date it.")
    words: list[str]
    columns: list[ReportColumnOut]
    rows: list[dict[str, str | int | float | None]]
    page: str | None
    others: list[QuestionOut]


class ReportIn(Body):
    report: ReportKind | InsightKind | ReviewKind = Field(
        description="Insights are of what was counted in the night, of no period; reviews (`week`, `month`) of `day`."
    )
    format: ReportFormat = Field(default=ReportFormat.CSV, description="A review as `csv` is a figure a line.")
    day: Day | None = Field(
        default=None, description="A day of the week or month a review is of; the last finished one if not given."
    )
    start: Day | None = Field(default=None, description="First day; thirty days before the end if not given.")
    end: Day | None = Field(default=None, description="Last day; yesterday if not given.")


class ReportLinkOut(Row):
    """Where the file is fetched, by whoever asked and nobody else, until `good_until`."""

    url: str
    name: str
    rows: int
    good_until: datetime
