"""The analytics page: what came in, what each campaign brought, who is leaving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.analytics.metrics import rate
from liquor_app.analytics.report_files import export_report
from liquor_app.analytics.reports import ReportKind
from liquor_app.analytics.service import (
    CampaignReportRow,
    ChurnRow,
    campaign_report,
    churn_report,
    dashboard,
    revenue_by_day,
)
from liquor_app.core.db import transaction
from liquor_app.experiments.global_holdout import overall_result
from liquor_app.organization.settings import shop_now
from liquor_app.screens.analytics.carry_away import file_format
from liquor_app.screens.analytics.period_state import PeriodState
from liquor_app.screens.analytics.view import (
    CampaignFigures,
    HoldoutCard,
    Tile,
    holdout_card,
    period_words,
    rows_pages,
    show_conversions,
    show_rate,
    show_revenue,
    tiles,
)
from liquor_app.screens.customers.segment_colors import segment_label
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.words import figure, percent, show_money

PERIODS = {"90": 90, "30": 30, "365": 365}


@dataclass(frozen=True)
class CampaignLine(CampaignFigures):
    """A campaign's row, in words."""

    delivered: str
    clicks: str
    bought: str


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody who is leaving, in words."""

    id: str
    name: str
    segment: str
    percent: float
    band: str
    since: str
    at_risk: str


def campaign_line(row: CampaignReportRow, start: date | None = None, end: date | None = None) -> CampaignLine:
    """Return a campaign in words, with where the rows of the days from `start` to `end` are listed."""
    reached = {"sends": row.sends, "of_orders": row.of_orders}
    bought, conversion = show_conversions(row.conversions, **reached)
    delivered = show_rate(
        "delivery_rate", delivered=row.delivered, sends=row.sends, of_deliveries=row.of_deliveries
    )  # fmt: skip
    clicks = show_rate("click_rate", clicks=row.clicks, sends=row.sends, of_clicks=row.of_clicks)
    revenue = show_revenue(row.revenue, conversions=row.conversions, **reached)
    shown = {
        "sends": figure(row.sends), "delivered": delivered, "clicks": clicks, "conversions": bought,
        "attributed_revenue": revenue,
    }  # fmt: skip
    return CampaignLine(
        id=str(row.id), name=row.name, sends=shown["sends"], rate=conversion, revenue=revenue,
        rows=rows_pages(shown, start, end, campaign_id=str(row.id)), delivered=delivered, clicks=clicks, bought=bought,
    )  # fmt: skip


def person_line(row: ChurnRow) -> PersonLine:
    return PersonLine(
        str(row.id),
        row.name or row.email or "Unnamed",
        segment_label(row.rfm_segment),
        round(row.churn_probability * 100),
        row.churn_risk,
        f"{row.days_since} days ago" if row.days_since is not None else "never",
        show_money(row.value_at_risk),
    )


class AnalyticsState(PeriodState, rx.State):
    """Reads rollups; a year costs what a week costs."""

    loading: bool = True
    words: str = ""
    tiles: list[Tile] = []
    days: list[str] = []
    revenue: list[float | None] = []
    rate: list[float | None] = []
    campaigns: list[CampaignLine] = []
    people: list[PersonLine] = []
    high_risk: str = ""
    holdout: HoldoutCard = HoldoutCard()

    def _periods(self) -> Mapping[str, int]:
        return PERIODS

    def _address(self) -> str:
        return "/analytics"

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def load(self) -> None:
        await self._from_address()
        await self._show()

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def carry_away(self, form: str) -> Any:
        """Write the campaigns of the period into a file and have the browser save it."""
        actor, kind = await signed_in(self), file_format(form)
        async with transaction() as session:
            board = await dashboard(session, actor, **self._asked())
            link = await export_report(
                session, actor, ReportKind.CAMPAIGNS, form=kind, start=board.start, end=board.end
            )
        return rx.download(url=link.url, filename=link.name)

    async def _show(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            board = await dashboard(session, actor, **self._asked())
            campaigns = await campaign_report(session, actor, board.start, board.end)
            churn = await churn_report(session, actor)
            overall = await overall_result(session, actor)
            at = await shop_now(session)
        self.words, self.tiles, self.loading = period_words(board), tiles(board), False
        self.days = [day.day.isoformat() for day in board.days]
        self.revenue = revenue_by_day(board.days)
        rates = [
            rate("conversion_rate", conversions=day.conversions, sends=day.sends, of_orders=day.of_orders)
            for day in board.days
        ]
        self.rate = [None if one is None else round(100 * one, 2) for one in rates]
        self.holdout = holdout_card(overall, at)
        self.campaigns = [campaign_line(row, board.start, board.end) for row in campaigns]
        self.people = [person_line(row) for row in churn.top]
        scored = sum(count for _, count in churn.bands)
        high = dict(churn.bands).get("high", 0)
        self.high_risk = (
            f"High risk: {figure(high)} of {figure(scored)} scored ({percent(high / scored, 1)})"
            if scored
            else "Not scored yet"
        )
