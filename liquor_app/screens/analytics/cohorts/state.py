"""Cohorts as the page says them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.analytics.cohorts import Cohort, Cohorts, read_cohorts
from liquor_app.analytics.insights.read_insights import InsightKind
from liquor_app.analytics.report_files import export_insight
from liquor_app.core.db import transaction
from liquor_app.organization.settings import shop_now
from liquor_app.screens.analytics.carry_away import file_format
from liquor_app.screens.analytics.view import show_figure
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.words import NONE, ago, figure, show_money, show_month

PERIODS = {"12": 12, "24": 24, "36": 36}


@dataclass(frozen=True, slots=True)
class CohortLine:
    """A cohort in words; figures are of one of its customers, up to now."""

    name: str
    customers: str
    again: str
    orders: str
    revenue: str
    expected: str


def heat_rows(found: Cohorts) -> list[list[str]]:
    """Return the rows of a heat map: the cohort, its customers, and who bought of a hundred in each month that is over.
    A month under way would look like a bad one."""
    shown = [(one, [month for month in one.months if month.is_over]) for one in found.items]
    widest = max((len(months) for _, months in shown), default=0)
    return [
        [show_month(one.cohort, long=False), figure(one.customers)]
        + [str(round(100 * month.retention)) for month in months]
        + [""] * (widest - len(months))
        for one, months in shown
        if months
    ]


def heat_head(rows: list[list[str]]) -> list[str]:
    return ["Cohort", "Customers", *(str(nth) for nth in range(len(rows[0]) - 2))] if rows else []


def line_of(one: Cohort) -> CohortLine:
    """Return a cohort's summary: how many bought in the last month that is over, and what one brought up to now."""
    later = [month for month in one.months[1:] if month.is_over]
    orders = sum(month.orders for month in one.months)
    revenue = sum((month.revenue for month in one.months), Decimal(0))
    return CohortLine(
        show_month(one.cohort, long=False),
        figure(one.customers),
        show_figure("retention", Decimal(later[-1].retention)) if later else NONE,
        figure(orders / one.customers, 1),
        show_money(revenue / one.customers, cents=True),
        NONE if one.expected_spend is None else show_money(one.expected_spend, cents=True),
    )


def counted_words(found: Cohorts, at: datetime) -> str:
    """Say when they were counted, and when they will be where they never were."""
    if found.counted_at is None:
        return "Counted each night, and after a file of purchases"
    return f"Counted {ago(found.counted_at, at)}; each night, and after a file of purchases"


class CohortsState(rx.State):
    """Customers by the month of their first purchase."""

    period: str = "12"
    loading: bool = True
    words: str = ""
    old_words: str = ""
    """Who is in the first cohorts as if new; empty where nobody is."""
    head: list[str] = []
    heat: list[list[str]] = []
    lines: list[CohortLine] = []

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def load(self) -> None:
        await self._read()

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def choose_period(self, period: str | list[str]) -> None:
        self.period = period if isinstance(period, str) and period in PERIODS else "12"
        await self._read()

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def carry_away(self, form: str) -> Any:
        """Write the cohorts into a file and have the browser save it."""
        actor, kind = await signed_in(self), file_format(form)
        async with transaction() as session:
            made = await export_insight(session, actor, InsightKind.COHORTS, form=kind)
        return rx.download(url=made.url, filename=made.name)

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            found = await read_cohorts(session, actor, most=PERIODS[self.period])
            at = await shop_now(session)
        self.heat = heat_rows(found)
        self.head = heat_head(self.heat)
        self.lines = [line_of(one) for one in reversed(found.items)]
        self.words, self.old_words, self.loading = counted_words(found, at), found.old_words, False
