"""From a figure to the rows it counts: the list behind it holds exactly those, whatever the page it stands on."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts import lists as doors
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import STRANGER, SYSTEM, Actor, ActorKind
from liquor_app.analytics.attribution_views import View, read_views
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.metrics import METRICS, RowsOf, Unit, rows_page, rows_route
from liquor_app.analytics.reports import FIGURES, ReportKind, read_report
from liquor_app.analytics.reviews.read_review import read_review
from liquor_app.analytics.reviews.review import ReviewKind, days_of
from liquor_app.analytics.service import churn_report, counts_of, daily, dashboard
from liquor_app.core.clock import travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden
from liquor_app.core.listing.compile import compile_list
from liquor_app.core.listing.spec import ListQuery
from liquor_app.customers.lists import SALES, add_up_sales, list_sales
from liquor_app.liquor_app import PAGES
from liquor_app.screens.analytics.attribution.state import AttributionState
from liquor_app.screens.analytics.dashboard.state import DashboardState
from liquor_app.screens.analytics.report.state import AnalyticsState
from liquor_app.screens.analytics.reviews.state import ReviewsState
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.screens.customers.purchases.state import SalesState
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.sending.messages.state import MessagesState
from liquor_app.segments.lists import list_customers
from liquor_app.sending.campaign_rollup import roll_up_once
from liquor_app.sending.lists import SENDS, add_up_sends, list_sends
from tests.analytics.test_figures import MARKS, NOON, TODAY, midnight, noon, sell, send
from tests.analytics.test_reports import FIRST, week
from tests.api.client import Client, whole_api
from tests.api.conftest import anybody, http, manager, password_hash
from tests.people import add_campaign, add_customer
from tests.tabs import Tab, run

__all__ = ["anybody", "http", "manager", "noon", "password_hash"]
pytestmark = pytest.mark.integration
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
COUNTS = {key: one for key, one in METRICS.items() if not one.bottom}
SPECS = {RowsOf.SALES: SALES, RowsOf.SENDS: SENDS}
STATES: dict[str, type[Any]] = {RowsOf.SALES.value: SalesState, RowsOf.SENDS.value: MessagesState}


@pytest.mark.parametrize("key", COUNTS)
def test_each_count_names_its_rows_or_says_why_there_are_none(key: str) -> None:
    """A new metric has to: `rows` is its list, or a sentence."""
    metric = METRICS[key]
    assert (metric.counted is None) == bool(metric.no_rows), "either the one or the other"
    if metric.counted is None:
        assert metric.no_rows.endswith(".")
        assert (rows_page(key), rows_route(key)) == ("", "")
        return
    rows = metric.counted
    spec = SPECS[rows.of]
    compile_list(spec, ListQuery(dict(rows.asked)))
    assert set(rows.of.days) <= set(spec.filter_names)
    assert bool(rows.summed) == (metric.unit is Unit.MONEY), "money is added up, the rest is counted"
    assert not rows.summed or rows.summed in spec.kinds
    assert rows.of.value in {page.route for page in PAGES}
    assert f"/api/v1{rows.of.route}" in whole_api().openapi()["paths"]


@pytest.mark.parametrize("key", [key for key, one in METRICS.items() if one.bottom])
def test_a_rate_leads_to_what_stands_above_its_line(key: str) -> None:
    metric = METRICS[key]
    assert rows_page(key, TODAY, TODAY, campaign_id="x") == rows_page(metric.top, TODAY, TODAY, campaign_id="x")
    assert metric.no_rows == METRICS[metric.top].no_rows


async def counted_at(session: AsyncSession, address: str, field: str) -> Decimal:
    """What the list behind an address holds: row by row, and by its own sum."""
    parts = urlsplit(address)
    query = ListQuery(dict(parse_qsl(parts.query)), limit=200)
    read, add_up = {"/messages": (list_sends, add_up_sends), "/purchases": (list_sales, add_up_sales)}[parts.path]
    page, whole = await read(session, VIEWER, query), await add_up(session, VIEWER, query)
    assert page.total_is_exact
    assert page.total == len(page.items) == whole.rows
    if not field:
        return Decimal(whole.rows)
    by_hand = sum((getattr(one, field) or Decimal(0) for one in page.items), Decimal(0))
    assert whole.value == by_hand
    return by_hand


async def filled(session: AsyncSession) -> tuple[UUID, UUID]:
    """A week of messages, some in the night of a day's end, one of no campaign; and of purchases, one returned."""
    one, two = await week(session)
    await send(session, None, midnight(1), *MARKS, worth=5)
    await send(session, one, midnight(2), *MARKS, worth=7, made=midnight(40))
    ann, gone = await add_customer(session), await add_customer(session, deleted_at=NOON)
    for who, at, total in (
        (ann, midnight(3, seconds=-1), 99), (ann, midnight(3), 10), (gone, midnight(2), 7), (ann, midnight(1), -3),
        (ann, midnight(1), 0), (ann, midnight(0, seconds=-1), 20), (ann, midnight(0), 40),
    ):  # fmt: skip
        await sell(session, who, at, total)
    await roll_up(session, FIRST - timedelta(days=60))
    return one, two


@pytest.mark.parametrize("days", [(3, 1), (3, 3), (2, 0), (0, 0)])
async def test_the_list_behind_a_figure_of_days_comes_to_the_figure(noon: AsyncSession, days: tuple[int, int]) -> None:
    await filled(noon)
    start, end = (TODAY - timedelta(days=ago) for ago in days)
    counts = counts_of(await daily(noon, SYSTEM, start, end))
    for key in ("revenue", "orders", "sends", "conversions"):
        rows = METRICS[key].counted
        assert rows is not None
        assert await counted_at(noon, rows_page(key, start, end), rows.summed) == counts[key], key


@pytest.mark.parametrize("kind", list(ReportKind))
async def test_the_list_behind_a_reports_figure_comes_to_the_figure(noon: AsyncSession, kind: ReportKind) -> None:
    """By campaign as a page leads to it; by segment as the API is asked."""
    await filled(noon)
    end = TODAY - timedelta(days=1)
    report = await read_report(noon, SYSTEM, kind, FIRST, end)
    whose = "campaign_id" if kind is ReportKind.CAMPAIGNS else "segment"
    seen = 0
    for row in report.rows:
        for key in FIGURES:
            metric = METRICS[key]
            if metric.bottom or row[key] is None:
                continue
            assert metric.counted is not None
            found = await counted_at(noon, rows_page(key, FIRST, end, **{whose: row["id"]}), metric.counted.summed)
            assert found == Decimal(row[key]), (key, row["name"])
            seen += found > 0
    assert seen > 8


async def test_today_counts_messages_of_campaigns_as_every_other_day(noon: AsyncSession) -> None:
    """A notice that a bottle is back was one of today's messages, and of no day's after it."""
    await filled(noon)
    before = (await dashboard(noon, SYSTEM, days=3)).today
    await send(noon, None, midnight(0, seconds=60), *MARKS, worth=5)
    assert (await dashboard(noon, SYSTEM, days=3)).today == before


async def shown_at(address: str, field: str) -> Decimal:
    """What the page says that an address leads to."""
    state: Any = await Tab(address, VIEWER).state(STATES[urlsplit(address).path])
    assert isinstance(state, ListState)
    await run(type(state).load, state)
    asked = dict(parse_qsl(urlsplit(address).query))
    assert {one.key: one.value for one in state.filters if one.value} == asked, "the address stays, as chips"
    async with transaction() as session:
        worth = await counted_at(session, address, field)
        rows = await counted_at(session, address, "")
    assert state.words.startswith(f"{rows} ")
    if field:
        assert f"${worth:,.2f}".replace("$-", "−$") in state.words
    assert len(state.rows) == min(rows, 25)
    return worth


async def test_every_figure_of_the_pages_leads_to_rows_that_come_to_it(database: str) -> None:
    with travel(NOON):
        async with transaction() as session:
            one, _ = await filled(session)
            await session.execute(
                text("UPDATE campaigns SET status = 'active', updated_at = now(), started_at = now(), total_sends ="
                     " (SELECT count(*) FROM sends s WHERE s.campaign_id = campaigns.id)")
            )  # fmt: skip
        await roll_up_once()
        period = f"period=own&from={FIRST}&to={TODAY - timedelta(days=1)}"
        board = await Tab(f"/?{period}", VIEWER).state(DashboardState)
        await run(DashboardState.load, board)
        report = await Tab(f"/analytics?{period}", VIEWER).state(AnalyticsState)
        await run(AnalyticsState.load, report)
        for tiles in (board.tiles, report.tiles):
            worth = {tile.label: (tile.value, tile.href) for tile in tiles}
            assert worth["Revenue"][0] == f"${await shown_at(worth['Revenue'][1], 'total'):,.2f}"
            assert worth["Messages sent"][0] == str(await shown_at(worth["Messages sent"][1], ""))
            assert worth["Conversion"][1].startswith("/messages?did=bought")
        for line in report.campaigns:
            assert line.sends == str(await shown_at(line.rows["sends"], ""))
            assert line.bought == str(await shown_at(line.rows["conversions"], ""))
            assert line.revenue == f"${await shown_at(line.rows['attributed_revenue'], 'conversion_value'):,.2f}"
            assert (line.delivered == "–") == (line.rows["delivered"] == ""), "what nobody measured leads nowhere"
        page = await Tab(f"/campaigns/{one}", VIEWER).state(CampaignState)
        await run(CampaignState.load, page)
        assert len(page.steps) == 7, "codes were redeemed, too"
        assert page.head.bought == str(await shown_at(page.head.bought_rows, ""))
        assert page.head.revenue == f"${await shown_at(page.head.bought_rows, 'conversion_value'):,.2f}"
        for step in page.steps:
            assert step.value == str(await shown_at(step.href, "")), step.name
        for kept in page.ledger:
            assert kept.messages == str(await shown_at(kept.href, "")), kept.status
        views = await Tab(f"/campaigns/{one}", VIEWER).state(AttributionState)
        await run(AttributionState.load, views)
        linked = [seen for seen in views.lines if seen.href]
        assert {seen.label for seen in linked} == {View.CLICK.label, View.COUPON.label}
        for seen in linked:
            assert seen.orders == str(await shown_at(seen.href, ""))
        review = await Tab(f"/reviews?kind=week&day={TODAY - timedelta(days=7)}", VIEWER).state(ReviewsState)
        await run(ReviewsState.load, review)
        for tile in review.tiles:
            if tile.value != "–":
                assert tile.href, tile.label
        assert report.high_risk


async def test_attributed_by_click_and_by_coupon_are_the_messages_listed(noon: AsyncSession) -> None:
    one, _ = await filled(noon)
    views = {row.view: row for row in await read_views(noon, VIEWER, one)}
    for view in (View.CLICK, View.COUPON):
        address = f"/messages?attributed={view}&campaign_id={one}"
        assert views[view].orders == await counted_at(noon, address, "")
        assert views[view].revenue == await counted_at(noon, address, "conversion_value")
    assert sum(views[view].orders or 0 for view in (View.CLICK, View.COUPON)) > 0


async def test_a_review_leads_to_its_own_days(noon: AsyncSession) -> None:
    await filled(noon)
    days = days_of(ReviewKind.WEEK, TODAY)
    review = await read_review(noon, SYSTEM, days.kind, days.start)
    for one in review.figures:
        rows = one.metric.counted
        if one.metric.bottom or one.value is None or rows is None:
            continue
        address = rows_page(one.metric.key, review.days.start, review.days.end)
        assert await counted_at(noon, address, rows.summed) == one.value, one.metric.key


async def test_high_risk_is_the_customers_listed(noon: AsyncSession) -> None:
    for risk in ("high", "high", "low"):
        await add_customer(noon, churn_risk=risk)
    await add_customer(noon, churn_risk="high", deleted_at=NOON)
    bands = dict((await churn_report(noon, VIEWER)).bands)
    page = await list_customers(noon, VIEWER, ListQuery({"churn_risk": "high"}))
    assert page.total == bands["high"] == 2


async def test_too_many_to_be_added_up_are_said_to_be(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with transaction() as session:
        who = await add_customer(session)
        for _ in range(3):
            await sell(session, who, midnight(1), 5)
    monkeypatch.setattr(doors, "MOST_ADDED", 3)
    state = await Tab("/purchases", VIEWER).state(SalesState)
    await run(SalesState.load, state)
    assert state.words == "3 purchases that come to $15.00, what was given back taken off."
    monkeypatch.setattr(doors, "MOST_ADDED", 2)
    await run(SalesState.load, state)
    assert state.words == "More than 2 purchases: too many to be added up here."
    messages = await Tab("/messages", VIEWER).state(MessagesState)
    await run(MessagesState.load, messages)
    assert messages.words == "0 messages; orders of $0.00 were attributed to them."


async def test_what_narrows_the_messages_is_said_in_words(database: str) -> None:
    """The address of a figure stood there as it is: "campaign_id 01a2…", "of_campaigns true"."""
    async with transaction() as session:
        campaign = await add_campaign(session, ["all"], name="Rum month")
    for named, words in ((campaign, "Rum month"), (UUID(int=0), str(UUID(int=0)))):
        state = await Tab(f"/messages?of_campaigns=true&campaign_id={named}", VIEWER).state(MessagesState)
        await run(MessagesState.load, state)
        told = {line.label: line.words for line in state.filters}
        assert (told["Of campaign"], told["Sent by"]) == (words, "Campaigns")


async def test_a_stranger_adds_nothing_up(session: AsyncSession) -> None:
    for add_up in (add_up_sales, add_up_sends):
        with pytest.raises(Forbidden):
            await add_up(session, STRANGER, ListQuery())


async def test_the_api_says_where_the_rows_are(database: str, manager: Client) -> None:
    told = {one["key"]: one for one in (await manager.get("/analytics/metrics")).json()["items"]}
    assert told["clicks"]["rows"] == "/sends?did=clicked&of_campaigns=true&played=false"
    assert (told["revenue"]["rows"], told["revenue"]["summed"]) == ("/purchases", "total")
    assert told["click_rate"]["rows"] == told["clicks"]["rows"]
    assert (told["retention"]["rows"], told["retention"]["summed"]) == ("", "")
    assert told["retention"]["no_rows"].startswith("Counted in the night")
    for one in told.values():
        if one["rows"]:
            first, last = METRICS[one["key"]].counted.of.days  # type: ignore[union-attr]
            mark = "&" if "?" in one["rows"] else "?"
            answer = await manager.get(f"{one['rows']}{mark}{first}={date(2026, 1, 1)}&{last}={TODAY}")
            assert answer.status_code == 200, answer.text
