"""A period of which a part lies before the first purchase says so on every surface, and compares only what is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.analytics.asking.answers import answer
from liquor_app.analytics.asking.questions import picked
from liquor_app.analytics.attribution_views import View, read_views
from liquor_app.analytics.cohorts import EVER, count_cohorts, read_cohorts
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.documents.report_document import report_words
from liquor_app.analytics.insights.month_counts import count_insights
from liquor_app.analytics.insights.read_insights import InsightKind, read_insight
from liquor_app.analytics.reports import ReportKind, read_report
from liquor_app.analytics.reviews.read_review import read_review
from liquor_app.analytics.reviews.review import ReviewKind
from liquor_app.analytics.reviews.review_words import review_words
from liquor_app.analytics.service import dashboard
from liquor_app.screens.analytics.view import period_words
from liquor_app.ui.words import record_words
from tests.analytics.test_figures import TODAY, midnight, noon, send
from tests.people import add_campaign, add_customer, add_purchase

__all__ = ["noon"]
pytestmark = pytest.mark.integration
FIRST_AGO = 9
SAID = record_words(TODAY - timedelta(days=FIRST_AGO))


async def shop(session: AsyncSession) -> None:
    """Purchases from nine days ago on; campaigns of twenty, of thirteen and of five days ago."""
    ann = await add_customer(session)
    for days_ago in range(1, FIRST_AGO + 1):
        await add_purchase(session, ann, days_ago=days_ago)
    await roll_up(session, TODAY - timedelta(days=40))
    await count_cohorts(session, EVER)
    await count_insights(session, EVER)


async def test_periods_say_from_when_on_purchases_are_known(noon: AsyncSession) -> None:
    await shop(noon)
    board = await dashboard(noon, SYSTEM, days=30)
    assert board.recorded_from == TODAY - timedelta(days=FIRST_AGO)
    assert SAID in period_words(board)
    assert all(one.previous is None for one in board.kpis), "compared with nothing of which nothing is known"
    whole = await dashboard(noon, SYSTEM, days=FIRST_AGO)
    assert whole.recorded_from is None
    assert "on record" not in period_words(whole)
    assert SAID in " ".join((await answer(noon, SYSTEM, picked("takings", 30))).sentences)
    week = await read_review(noon, SYSTEM, ReviewKind.WEEK, TODAY - timedelta(days=FIRST_AGO))
    said = " ".join(review_words(week))
    is_whole = week.days.start >= TODAY - timedelta(days=FIRST_AGO)
    assert (SAID in said) is not is_whole
    assert "more than the week before" not in said


async def test_reports_and_a_campaigns_window_say_so(noon: AsyncSession) -> None:
    early, late = [
        await add_campaign(noon, ["all"], start_date=day, end_date=day)
        for day in (TODAY - timedelta(days=13), TODAY - timedelta(days=5))
    ]
    for campaign, days_ago in ((early, 13), (late, 5)):
        await send(noon, campaign, midnight(days_ago, seconds=3600), provider="smtp")
    await shop(noon)
    report = await read_report(noon, SYSTEM, ReportKind.CAMPAIGNS, TODAY - timedelta(days=20), TODAY - timedelta(1))
    assert report.recorded_from == TODAY - timedelta(days=FIRST_AGO)
    assert SAID in " ".join(report_words(report))
    later = await read_report(noon, SYSTEM, ReportKind.CAMPAIGNS, TODAY - timedelta(days=7), TODAY - timedelta(1))
    assert later.recorded_from is None
    words = {}
    for campaign in (early, late):
        rows = {row.view: row for row in await read_views(noon, SYSTEM, campaign)}
        words[campaign] = rows[View.BOUGHT].words
        report_row = next(one for one in report.rows if one["id"] == str(campaign))
        assert (rows[View.COUPON].orders is None) == (report_row["conversions"] is None), "one truth"
    assert SAID in words[early], "days of its window lie before the records"
    assert SAID not in words[late]


async def test_first_cohorts_hold_old_customers_and_say_so(noon: AsyncSession) -> None:
    await shop(noon)
    found = await read_cohorts(noon, SYSTEM)
    assert found.recorded_from == TODAY - timedelta(days=FIRST_AGO)
    assert SAID in found.old_words
    assert SAID in (await read_insight(noon, SYSTEM, InsightKind.COHORTS)).words, "as every file has it"
    await noon.execute(text("UPDATE cohorts SET cohort = cohort + interval '8 months'"))
    await noon.execute(text("UPDATE cohort_months SET cohort = cohort + interval '8 months'"))
    assert (await read_cohorts(noon, SYSTEM)).old_words == "", "only later ones are shown"


async def test_goods_are_compared_with_twelve_months_that_are_known(noon: AsyncSession) -> None:
    await noon.execute(
        text("INSERT INTO goods_months (kind, month, name, buyers, quantity, revenue) VALUES"
             " ('category', '2026-05-01', 'Gin', 1, 1, 90), ('category', '2025-05-01', 'Gin', 1, 1, 30)")
    )  # fmt: skip
    known = await read_insight(noon, SYSTEM, InsightKind.CATEGORIES)
    assert (known.rows[0]["before"], known.rows[0]["change"]) == (30, 2.0)
    await noon.execute(
        text("INSERT INTO daily_sales (day, orders, buyers, revenue, discount, updated_at)"
             " VALUES ('2025-04-20', 1, 1, 30, 0, now())")
    )  # fmt: skip
    partly = await read_insight(noon, SYSTEM, InsightKind.CATEGORIES)
    assert (partly.rows[0]["before"], partly.rows[0]["change"], partly.totals["change"]) == (None, None, None)
    assert "Purchases are on record from 20 Apr 2025 on." in partly.words
