"""Any period of finished days, beside any comparison: by the service, the route and the pages alike."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.periods import MOST_DAYS, YEAR_DAYS, Against, period_of
from liquor_app.analytics.service import dashboard
from liquor_app.core.clock import travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.screens.analytics.dashboard.page import dashboard_page
from liquor_app.screens.analytics.dashboard.state import DashboardState
from liquor_app.screens.analytics.report.page import analytics_page
from liquor_app.screens.analytics.report.state import AnalyticsState
from liquor_app.screens.analytics.view import period_words
from tests.people import add_customer
from tests.tabs import Tab, run

NOON = datetime(2026, 6, 10, 16, tzinfo=UTC)
TODAY = date(2026, 6, 10)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
DAYS = some.dates(date(1990, 1, 1), date(2030, 1, 1))


@given(DAYS, DAYS, some.sampled_from(Against))
def test_a_period_is_over_and_its_comparison_is_as_long(start: date, end: date, against: Against) -> None:
    try:
        period = period_of(TODAY, start=start, end=end, against=against)
    except Invalid:
        assert end >= TODAY or end < start or (end - start).days >= MOST_DAYS or start.year < 2000
        return
    assert period.start <= period.end < TODAY
    first = period.start - period.back
    assert first.weekday() == period.start.weekday() or against is Against.BEFORE
    assert against is Against.YEAR or first + timedelta(days=period.days) == period.start


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ({"days": 0}, "days", "between 1 and 365"),
        ({"days": 366}, "days", "between 1 and 365"),
        ({"start": TODAY, "end": TODAY}, "end", "must be over"),
        ({"start": date(2026, 6, 5), "end": date(2026, 6, 4)}, "end", "before the first"),
        ({"start": date(2025, 1, 1), "end": date(2026, 6, 1)}, "start", "at most 366"),
        ({"end": date(2026, 6, 1)}, "start", "first day is missing"),
        ({"days": 7, "start": date(2026, 6, 1)}, "days", "either days"),
        ({"start": date(1999, 12, 1), "end": date(1999, 12, 31)}, "start", "year 2000"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(asked: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as caught:
        period_of(TODAY, **asked)
    assert caught.value.field == field


async def shop(session: AsyncSession) -> dict[date, Decimal]:
    """A purchase on each of eight hundred days; returns what each came to."""
    draw, customer, sums = Random(3), await add_customer(session), dict[date, Decimal]()
    for back in range(1, 800):
        day, total = TODAY - timedelta(days=back), Decimal(draw.randrange(100, 9000)) / 100
        sums[day] = total
        await session.execute(
            text("INSERT INTO purchases (customer_id, occurred_at, total) VALUES (:c, :at, :total)"),
            {"c": customer, "at": datetime(day.year, day.month, day.day, 17, tzinfo=UTC), "total": total},
        )
    await roll_up(session, date(1970, 1, 1))
    return sums


@pytest.mark.integration
async def test_figures_are_those_of_the_days_asked_for(database: str) -> None:
    start, end = date(2026, 2, 3), date(2026, 3, 9)
    with travel(NOON):
        async with transaction() as session:
            sums = await shop(session)
            for against, back in ((Against.BEFORE, 35), (Against.YEAR, YEAR_DAYS)):
                board = await dashboard(session, VIEWER, start=start, end=end, against=against)
                span = [start + timedelta(days=nth) for nth in range(35)]
                assert board.kpis[0].value == sum(sums[day] for day in span)
                assert board.kpis[0].previous == sum(sums[day - timedelta(days=back)] for day in span)
                assert (board.start, board.end, len(board.previous), board.today.day) == (start, end, 35, TODAY)
            assert period_words(board).endswith("against the same days 52 weeks before")
            whole = await dashboard(session, VIEWER, start=date(2025, 6, 10), end=date(2026, 6, 9))
            assert whole.kpis[0].previous is not None


def test_the_pages_are_drawn() -> None:
    assert all("own-days" in str(page()) for page in (dashboard_page, analytics_page))


@pytest.mark.integration
@pytest.mark.parametrize(("kind", "address"), [(DashboardState, "/"), (AnalyticsState, "/analytics")])
async def test_a_page_keeps_its_period_in_its_address(database: str, kind: Any, address: str) -> None:
    with travel(NOON):
        async with transaction() as session:
            sums = await shop(session)
        tab = Tab(f"{address}?period=own&from=2026-05-01&to=2026-05-07&against=year", VIEWER)
        state = await tab.state(kind)
        await run(kind.load, state)
        week = [date(2026, 5, 1) + timedelta(days=nth) for nth in range(7)]
        assert (state.period, state.first_day, state.against) == ("own", "2026-05-01", "year")
        assert state.tiles[0].value == f"${sum(sums[day] for day in week):,.2f}"
        kept = str(await run(kind.choose_days, state, {"from": "2026-05-02", "to": "2026-05-03"}))
        assert "from=2026-05-02&to=2026-05-03&against=year" in kept
        assert state.tiles[0].value == f"${sums[date(2026, 5, 2)] + sums[date(2026, 5, 3)]:,.2f}"
        before = state.tiles
        for form, words in (
            ({"from": "2026-05-09", "to": "2026-05-03"}, "before the first"),
            ({"from": "x"}, "Give a"),
            ({"from": "2026-05-09", "to": "2026-06-10"}, "must be over"),
        ):
            await run(kind.choose_days, state, form)
            assert words in state.period_problem
            assert (state.tiles, state.first_day) == (before, form["from"]), "nothing typed is lost, nothing is shown"
        await run(kind.choose_period, state, "30")
        assert (state.period, state.period_problem) == ("30", "")
        await run(kind.choose_against, state, "nonsense")
        assert state.against == "before"
        for wrong in ("period=own&from=2026-05-09&to=2030-01-01", "period=own&from=<b>&to=1", "period=9999"):
            bad = await Tab(f"{address}?{wrong}", VIEWER).state(kind)
            await run(kind.load, bad)
            assert bad.period == next(iter(bad._periods()))
