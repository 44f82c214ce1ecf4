"""Figures: rollups and live rows agree, days are the store's own, changes have their base."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.reviews.review import figures_of
from liquor_app.analytics.service import Day, Kpi, churn_report, daily, dashboard, kpis, revenue_by_day
from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.imports.bulk_calls.record_purchases import record_purchases
from liquor_app.imports.single_purchases import NewLine, NewOrder, record_purchase
from liquor_app.screens.analytics.view import show_change, tiles, today_words
from tests.people import add_customer

pytestmark = pytest.mark.integration

NOON = datetime(2026, 6, 10, 16, tzinfo=UTC)


async def _buy(at: datetime, total: int) -> None:
    async with transaction() as session:
        customer = await add_customer(session, email=f"{uuid4().hex}@example.com", email_key=uuid4().hex)
        await session.execute(
            text("INSERT INTO purchases (customer_id, occurred_at, total) VALUES (:c, :at, :total)"),
            {"c": customer, "at": at, "total": total},
        )


async def test_a_late_evening_belongs_to_its_own_day(database: str) -> None:
    late = datetime(2026, 6, 9, 3, 30, tzinfo=UTC)  # 23:30 of the 8th in New York
    with travel(NOON):
        await _buy(late, 30)
        async with transaction() as session:
            await roll_up(session, late.date() - timedelta(days=3))
            days = await daily(session, SYSTEM, late.date() - timedelta(days=2), NOON.date())
    assert {day.day.day: day.revenue for day in days if day.revenue} == {8: Decimal(30)}


async def test_today_is_live_and_counted_once(database: str) -> None:
    with travel(NOON):
        await _buy(NOON - timedelta(hours=1), 12)
        async with transaction() as session:
            before = await dashboard(session, SYSTEM, days=7)
            await roll_up(session, NOON.date() - timedelta(days=3))
            after = await dashboard(session, SYSTEM, days=7)
    assert before.today == after.today
    assert (after.today.day, after.today.revenue, after.today.orders) == (NOON.date(), Decimal(12), 1)
    assert len(after.days) == len(after.previous) == 7


async def test_only_finished_days_are_compared(database: str) -> None:
    """Before, every morning was a bad one: a day that had just begun stood beside a whole one."""
    with travel(NOON):
        for days_ago in range(15):
            await _buy(NOON - timedelta(days=days_ago, hours=1), 10)
        async with transaction() as session:
            await roll_up(session, NOON.date() - timedelta(days=20))
            board = await dashboard(session, SYSTEM, days=7)
    revenue = board.kpis[0]
    assert (revenue.value, revenue.previous, show_change(revenue)[0]) == (70, 70, "no change")
    assert (board.start, board.end) == (NOON.date() - timedelta(days=7), NOON.date() - timedelta(days=1))
    assert [day.day for day in board.previous] == [NOON.date() - timedelta(days=n) for n in range(14, 7, -1)]
    assert today_words(board) == "Today so far $10.00, 1 order, 0 messages"


async def test_rolling_up_twice_changes_nothing_and_forgets_what_is_gone(database: str) -> None:
    with travel(NOON):
        await _buy(NOON - timedelta(days=1), 20)
        for _ in range(2):
            async with transaction() as session:
                await roll_up(session, NOON.date() - timedelta(days=3))
        async with transaction() as session:
            assert (await dashboard(session, SYSTEM, days=7)).kpis[0].value == Decimal(20)
            await session.execute(text("DELETE FROM purchases"))
            await roll_up(session, NOON.date() - timedelta(days=3))
            assert (await dashboard(session, SYSTEM, days=7)).kpis[0].value == 0


async def test_a_day_of_returns_has_revenue_below_zero_and_neither_orders_nor_buyers(database: str) -> None:
    with travel(NOON):
        await _buy(NOON - timedelta(days=2), 30)
        await _buy(NOON - timedelta(days=2), -10)
        await _buy(NOON - timedelta(days=1), -25)
        await _buy(NOON - timedelta(hours=1), -4)  # today's, which is read live
        async with transaction() as session:
            await roll_up(session, NOON.date() - timedelta(days=3))
            rows = (await session.execute(text("SELECT orders, buyers, revenue FROM daily_sales ORDER BY day"))).all()
            board = await dashboard(session, SYSTEM, days=7)
    assert [tuple(row) for row in rows] == [(1, 1, 20), (0, 0, -25), (0, 0, -4)]
    assert [day.revenue for day in (*board.days[-2:], board.today)] == [20, -25, -4]


async def test_an_empty_shop_has_a_dashboard(database: str) -> None:
    async with transaction() as session:
        board = await dashboard(session, SYSTEM, days=30)
        assert (await churn_report(session, SYSTEM)).top == []
    assert [tile.value for tile in tiles(board)] == ["$0.00", "0", "–", "–"]
    assert all(tile.base for tile in tiles(board))


@pytest.mark.parametrize("days", [0, -1, 366])
async def test_a_senseless_period_is_refused(database: str, days: int) -> None:
    async with transaction() as session:
        with pytest.raises(Invalid):
            await dashboard(session, SYSTEM, days=days)


async def test_worth_keeping_is_sorted_by_value_at_risk(database: str) -> None:
    async with transaction() as session:
        for value in (10, 90, 50):
            await add_customer(session, value_at_risk=Decimal(value), churn_risk="high")
        await add_customer(session, value_at_risk=Decimal(500), churn_risk="low", churn_probability=0.1)
        top = (await churn_report(session, SYSTEM)).top
    assert [row.value_at_risk for row in top] == [Decimal(90), Decimal(50), Decimal(10)]


@given(some.decimals(0, 10**6, places=2), some.decimals("0.01", 10**6, places=2))
def test_a_change_has_the_sign_of_the_difference(value: Decimal, previous: Decimal) -> None:
    words, trend = show_change(Kpi("revenue", value, previous, []))
    if words == "no change":
        assert abs(value / previous - 1) < Decimal("0.001")
        assert trend == "gray"
    else:
        assert words.startswith("+" if value > previous else "−")
        assert trend == ("green" if value > previous else "red")


def test_rates_of_nothing_are_not_measured() -> None:
    assert [kpi.value for kpi in kpis([], [])] == [0, 0, None, None]


async def test_a_purchase_at_the_till_is_told_to_open_dashboards(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, nothing told them: the page moved when the next rollup did."""
    told: list[str] = []
    monkeypatch.setattr("liquor_app.imports.single_purchases.publish", lambda _, topic, __: told.append(topic))
    async with transaction() as session:
        await add_customer(session, external_id="C-1")
        order = NewOrder("T-1", now(), [NewLine(Decimal("12.50"), category="beer")], external_id="C-1")
        await record_purchase(session, SYSTEM, order)
        await record_purchases(session, SYSTEM, [replace(order, order_id="T-2")])
        assert told == ["dashboard", "dashboard"]
        await record_purchase(session, SYSTEM, order)
        assert len(told) == 2, "the same again changes nothing"
        assert (await dashboard(session, SYSTEM, days=7)).today.revenue == 25


def test_what_lies_before_the_first_purchase_on_record_is_compared_with_nothing() -> None:
    """ "+22,710.8 %" was told of ninety days beside a year before of which one week was on record."""
    first = date(2026, 1, 1)
    whole = [Day(first + timedelta(days=n), Decimal(50), 2, 10, 1, 10) for n in range(4)]
    part = [replace(one, is_recorded=n > 1) for n, one in enumerate(whole)]
    found = {one.name: one.previous for one in kpis(whole, part)}
    assert (found["revenue"], found["average_order"]) == (None, None)
    assert (found["sends"], found["conversion_rate"]) == (40, None), "orders of messages are purchases, too"
    assert {one.name: one.previous for one in kpis(whole, whole)}["revenue"] == 200
    assert figures_of(whole, whole, part)[0].year_before is None
    assert figures_of(whole, whole, part)[0].before == 200


async def test_days_say_whether_purchases_were_on_record(session: AsyncSession) -> None:
    await session.execute(
        text("INSERT INTO daily_sales (day, orders, revenue) VALUES ('2026-01-03', 1, 5), ('2026-01-01', 0, 0)")
    )
    days = await daily(session, SYSTEM, date(2026, 1, 1), date(2026, 1, 5))
    assert [one.is_recorded for one in days] == [False, False, True, True, True]


def test_days_before_the_first_on_record_are_drawn_as_nothing_and_not_as_nought() -> None:
    """A letter drew the month before the records began as thirty days of $0, and blamed a till's file."""
    first = date(2026, 1, 1)
    part = [Day(first + timedelta(days=n), Decimal(50 * n), n, 10, 1, 10, is_recorded=n > 1) for n in range(4)]
    assert revenue_by_day(part) == [None, None, 100.0, 150.0]
    none = [replace(one, revenue=Decimal(0), orders=0, is_recorded=False) for one in part]
    found = {one.name: (one.value, one.series) for one in kpis(none, part)}
    assert found["revenue"] == (None, [None] * 4)
    assert found["sends"][0] == 40
    assert figures_of(none, part, part)[0].value is None
    assert {one.name: one.value for one in kpis(part, none)}["revenue"] == 300
