"""Insights are what counting the raw rows by hand says, and their figures agree with each other."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.analytics.cohorts import later
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.insights.month_counts import ACTIVE_MONTHS, count_insights
from liquor_app.analytics.insights.read_insights import InsightKind, named_segment, read_insight
from liquor_app.analytics.insights.rfm_moves import NOT_YET, count_moves
from liquor_app.analytics.report_files import ReportFormat, csv_of, export_insight, table_of
from liquor_app.core.clock import travel
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7, uuid7_time
from liquor_app.scoring.estimators.rfm import rfm
from liquor_app.screens.analytics.insights.page import insights_page
from liquor_app.screens.analytics.insights.state import InsightsState
from tests.people import add_campaign, add_customer
from tests.tabs import Tab, run

pytestmark = pytest.mark.integration

ZONE = ZoneInfo("America/New_York")
NOON = datetime(2026, 6, 10, 16, tzinfo=UTC)
THIS_MONTH = date(2026, 6, 1)
EVER = date(1970, 1, 1)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
GOODS = (("Wine", "Ridge"), ("Beer", None), ("Gin", "Harbor"), ("Wine", "Alder"))
Bought = list[tuple[UUID, datetime, Decimal, str, str | None]]


async def sold(session: AsyncSession, people: int = 30, orders: int = 240) -> Bought:
    """Purchases of three years at any hour, so that the shop's month is often another than London's; some returned."""
    draw = Random(5)
    who = [await add_customer(session) for _ in range(people)]
    told: Bought = []
    for nth in range(orders):
        at = NOON - timedelta(hours=draw.randrange(1, 26_000))
        total = Decimal(draw.randrange(-2000 if nth % 9 == 0 else 100, 9000)) / 100
        told.append((draw.choice(who), at, total, *draw.choice(GOODS)))
    told += [(who[0], datetime(2026, 6, 1, 2, tzinfo=UTC), Decimal(7), "Gin", "Harbor")]  # still May in the shop
    for customer, at, total, category, brand in told:
        bound = {"c": customer, "at": at, "total": total, "category": category, "brand": brand}
        made = await session.execute(
            text("INSERT INTO purchases (customer_id, occurred_at, total) VALUES (:c, :at, :total) RETURNING id"), bound
        )
        await session.execute(
            text("INSERT INTO purchase_lines (purchase_id, category, brand, quantity, amount, discount,"
                 " coupon_discount, is_alcohol) VALUES (:id, :category, :brand, 2, :total, 0, 0, true)"),
            bound | {"id": made.scalar_one()},
        )  # fmt: skip
    return told


def month_of(at: datetime) -> date:
    return at.astimezone(ZONE).date().replace(day=1)


def active_by_hand(told: Bought, month: date) -> set[UUID]:
    window = {later(month, -nth) for nth in range(ACTIVE_MONTHS)}
    return {who for who, at, total, *_ in told if total > 0 and month_of(at) in window}


def base_by_hand(told: Bought) -> list[dict[str, Any]]:
    """From sets of people alone: nothing of gaps between purchases."""
    visits = {(who, month_of(at)) for who, at, total, *_ in told if total > 0}
    month, rows = min(month for _, month in visits), []
    while month < THIS_MONTH:
        came = {who for who, one in visits if one == month}
        known = {who for who, one in visits if one < month}
        before, now = active_by_hand(told, later(month, -1)), active_by_hand(told, month)
        rows.append({
            "month": month, "first_time": len(came - known), "back": len((came & known) - before),
            "again": len(came & before), "lapsed": len(before - now), "net": len(now) - len(before), "active": len(now),
        })  # fmt: skip
        month = later(month, 1)
    return rows


async def test_the_base_is_what_sets_of_people_say(session: AsyncSession) -> None:
    with travel(NOON):
        told = await sold(session)
        await count_insights(session, EVER)
        await count_insights(session, EVER)
        found = await read_insight(session, VIEWER, InsightKind.CUSTOMERS)
    assert list(found.rows) == base_by_hand(told)[-24:]
    assert sum(row["lapsed"] for row in found.rows) > 0 < sum(row["back"] for row in found.rows), "the world has both"
    assert found.totals["net"] == sum(row["net"] for row in found.rows)


async def test_goods_are_their_lines_and_all_of_them_the_rollups_revenue(session: AsyncSession) -> None:
    with travel(NOON):
        told = await sold(session)
        await count_insights(session, EVER)
        await roll_up(session, EVER)
        found = {
            kind: await read_insight(session, VIEWER, kind) for kind in (InsightKind.CATEGORIES, InsightKind.BRANDS)
        }
    year = [one for one in told if later(THIS_MONTH, -12) <= month_of(one[1]) < THIS_MONTH]
    before = [one for one in told if later(THIS_MONTH, -24) <= month_of(one[1]) < later(THIS_MONTH, -12)]
    for kind, place in ((InsightKind.CATEGORIES, 3), (InsightKind.BRANDS, 4)):
        rows = {row["name"]: row for row in found[kind].rows}
        assert set(rows) == {one[place] for one in year} - {None}
        for name, row in rows.items():
            revenue = sum(one[2] for one in year if one[place] == name)
            earlier = sum(one[2] for one in before if one[place] == name)
            assert (row["revenue"], row["before"]) == (revenue, earlier)
            assert row["change"] == pytest.approx(float(revenue / earlier - 1))
            buyers = {
                one[0] for one in year if one[place] == name and one[2] > 0 and month_of(one[1]) == date(2026, 5, 1)
            }
            assert row["buyers"] == len(buyers)
    days = await session.execute(
        text("SELECT sum(revenue) FROM daily_sales WHERE day >= :first AND day < :next"),
        {"first": later(THIS_MONTH, -12), "next": THIS_MONTH},
    )
    assert found[InsightKind.CATEGORIES].totals["revenue"] == days.scalar_one()
    shares = sum(row["share"] for row in found[InsightKind.CATEGORIES].rows)
    assert shares == pytest.approx(1)


async def test_what_is_sold_no_more_was_part_of_the_year_before(session: AsyncSession) -> None:
    with travel(NOON):
        await session.execute(
            text("INSERT INTO goods_months (kind, month, name, buyers, quantity, revenue) VALUES"
                 " ('category', :now, 'Rye', 1, 1, 30), ('category', :then, 'Rye', 1, 1, 20),"
                 " ('category', :then, 'Mead', 1, 1, 40)"),
            {"now": later(THIS_MONTH, -1), "then": later(THIS_MONTH, -13)},
        )  # fmt: skip
        found = await read_insight(session, VIEWER, InsightKind.CATEGORIES)
    assert [row["name"] for row in found.rows] == ["Rye"]
    assert (found.totals["revenue"], found.totals["before"], found.totals["change"]) == (30, 60, -0.5)


async def test_only_touched_months_of_goods_are_counted_anew(session: AsyncSession) -> None:
    with travel(NOON):
        told = await sold(session)
        await count_insights(session, EVER)
        whole = await session.execute(text("SELECT * FROM goods_months ORDER BY kind, month, name"))
        first = whole.all()
        await session.execute(text("DELETE FROM purchases WHERE occurred_at >= '2026-04-10'"))
        await count_insights(session, date(2026, 4, 10))
        left = {(row.month, row.name) for row in await session.execute(text("SELECT * FROM goods_months"))}
    assert {month for month, _ in left} == {
        month_of(at) for _, at, *_ in told if at < datetime(2026, 4, 10, tzinfo=UTC)
    }
    assert len(left) < len(first)


async def test_hours_are_the_shops_and_too_few_say_nothing(session: AsyncSession) -> None:
    with travel(NOON):
        campaign, person = await add_campaign(session, ["all"]), await add_customer(session)
        friday = datetime(2026, 6, 5, 22, 30, tzinfo=UTC)  # 18:30 in New York
        for nth in range(40):
            await sent(session, campaign, person, friday, opened=nth < 10, clicked=nth < 4)
        for _ in range(3):
            await sent(session, campaign, person, friday + timedelta(hours=1), opened=True, clicked=True)
        await sent(session, campaign, person, friday - timedelta(days=100), opened=True, clicked=True)
        await roll_up(session, EVER)
        await count_insights(session, EVER)
        found = await read_insight(session, VIEWER, InsightKind.SEND_TIMES)
    rows = {(row["day"], row["hour"]): row for row in found.rows}
    assert set(rows) == {("Friday", 18), ("Friday", 19)}
    full = rows["Friday", 18]
    assert (full["sends"], full["opens"], full["open_rate"], full["click_rate"]) == (40, 10, 0.25, 0.1)
    assert full["conversion_rate"] == 0.0
    assert rows["Friday", 19]["click_rate"] is None, "three messages"


async def test_what_nobody_told_of_is_no_count_of_an_hour(session: AsyncSession) -> None:
    with travel(NOON):
        campaign, person = await add_campaign(session, ["all"]), await add_customer(session)
        for _ in range(30):
            await sent(session, campaign, person, datetime(2026, 6, 5, 22, tzinfo=UTC), opened=False, clicked=False)
        await count_insights(session, EVER)
        found = await read_insight(session, VIEWER, InsightKind.SEND_TIMES)
    (row,) = found.rows
    named = ("sends", "opens", "clicks", "conversions")
    assert [row[name] for name in named] == [found.totals[name] for name in named] == [30, None, None, None]


async def sent(
    session: AsyncSession, campaign: UUID, person: UUID, at: datetime, *, opened: bool, clicked: bool
) -> None:
    new = uuid7(at)
    await session.execute(
        text("INSERT INTO sends (id, created_at, customer_id, campaign_id, channel, recipient, status, provider,"
             " not_before, sent_at, opened_at, clicked_at) VALUES (:id, :created, :person, :campaign, 'email',"
             " 'x@example.com', 'delivered', 'smtp', :at, :at, :opened, :clicked)"),
        {"id": new, "created": uuid7_time(new), "person": person, "campaign": campaign, "at": at,
         "opened": at if opened else None, "clicked": at if clicked else None},
    )  # fmt: skip


async def test_files_say_what_the_page_says(session: AsyncSession) -> None:
    with travel(NOON):
        await sold(session)
        await count_insights(session, EVER)
        for kind in InsightKind:
            found = await read_insight(session, VIEWER, kind)
            head, *lines, total = table_of(found)
            assert head == [column.label for column in found.columns]
            assert lines == [[row[column.key] for column in found.columns] for row in found.rows]
            assert total[0] == "All"
            assert csv_of(found).decode("utf-8-sig").count("\n") == len(found.rows) + 2
            link = await export_insight(session, SYSTEM, kind, form=ReportFormat.XLSX)
            assert (link.rows, link.name) == (len(found.rows), f"{kind.value} 2026-06-10.xlsx")


async def test_the_page_shows_each_insight_and_keeps_it_in_its_address(database: str) -> None:
    with travel(NOON):
        async with transaction() as session:
            await sold(session)
            await count_insights(session, EVER)
        tab = Tab("/insights", VIEWER)
        state = await tab.state(InsightsState)
        await run(InsightsState.load, state)
        assert (state.kind, len(state.base), len(state.months), state.goods) == ("customers", 24, 24, [])
        assert all(one <= 0 for one in state.lapsed)
        assert await run(InsightsState.choose, state, "categories")
        assert [line.name for line in state.goods][:1]
        assert all(line.spark for line in state.goods)
        assert state.base == []
        await run(InsightsState.choose, state, "<script>")
        assert state.kind == "customers"
        await run(InsightsState.choose, state, "send-times")
        assert state.heat == []
    assert insights_page() is not None


def segments_by_hand(told: Bought, day: date) -> dict[str, str]:
    """From lists of purchases: who had paid for something before the day, named by the same table of scores."""
    known: dict[UUID, list[tuple[date, Decimal]]] = {}
    for who, at, total, *_ in told:
        if at.astimezone(ZONE).date() < day:
            known.setdefault(who, []).append((at.astimezone(ZONE).date(), total))
    known = {who: rows for who, rows in known.items() if any(total > 0 for _, total in rows)}
    last, edge = day - timedelta(days=1), day - timedelta(days=1 + 365)
    paid = {who: sorted({when for when, total in rows if total > 0}) for who, rows in known.items()}
    named = rfm(
        [(last - days[-1]).days for days in paid.values()],
        [sum(1 for when in days if when > edge) for days in paid.values()],
        [max(float(sum(total for when, total in rows if when > edge)), 0.0) for rows in known.values()],
        [len(days) for days in paid.values()],
        [(last - days[0]).days for days in paid.values()],
    )
    return dict(zip(map(str, known), map(str, named.segment), strict=True))


async def test_who_moved_is_what_purchases_say(session: AsyncSession) -> None:
    """Two months a night, the latest first; a month that changed is counted again."""
    with travel(NOON):
        told = await sold(session, people=60, orders=500)
        await count_moves(session, THIS_MONTH)
        months = (await session.execute(text("SELECT DISTINCT month FROM rfm_moves ORDER BY 1"))).scalars().all()
        assert months == [date(2026, 4, 1), date(2026, 5, 1)]
        found = await read_insight(session, VIEWER, InsightKind.MOVES)
        before, after = segments_by_hand(told, date(2026, 5, 1)), segments_by_hand(told, THIS_MONTH)
        by_hand = Counter((before.get(who, NOT_YET), now) for who, now in after.items())
        assert {(row["was"], row["now"]): row["customers"] for row in found.rows} == {
            (named_segment(was), named_segment(now)): many for (was, now), many in by_hand.items()
        }
        assert found.totals["customers"] == len(after)
        for was in {row["was"] for row in found.rows}:
            assert sum(row["share"] for row in found.rows if row["was"] == was) == pytest.approx(1)
        await count_moves(session, THIS_MONTH)
        assert len((await session.execute(text("SELECT DISTINCT month FROM rfm_moves"))).all()) == 4
        await session.execute(text("UPDATE rfm_moves SET customers = 0"))
        await count_moves(session, date(2026, 5, 20))
        anew = await session.execute(text("SELECT month FROM rfm_moves GROUP BY 1 HAVING sum(customers) > 0"))
        assert date(2026, 5, 1) in anew.scalars().all()


async def test_what_is_gone_leaves_no_moves(session: AsyncSession) -> None:
    """As when the sample is cleared."""
    with travel(NOON):
        await sold(session, people=60, orders=500)
        await count_moves(session, EVER)
        await session.execute(text("DELETE FROM purchases"))
        await count_moves(session, EVER)
    assert (await session.execute(text("SELECT count(*) FROM rfm_moves"))).scalar_one() == 0


async def test_nobody_moved_in_an_empty_shop(session: AsyncSession) -> None:
    await count_moves(session, EVER)
    assert (await read_insight(session, VIEWER, InsightKind.MOVES)).rows == []


async def test_the_page_draws_who_moved(database: str) -> None:
    with travel(NOON):
        async with transaction() as session:
            await sold(session, people=60, orders=500)
            await count_moves(session, THIS_MONTH)
            found = await read_insight(session, VIEWER, InsightKind.MOVES)
        tab = Tab("/insights?view=moves", Actor(ActorKind.USER, uuid7(), "Vi", Role.USER))
        state = await tab.state(InsightsState)
        await run(InsightsState.load, state)
    assert sum(int(line[1].replace(",", "")) for line in state.heat) == found.totals["customers"]
    assert all(len(line) == len(state.head) for line in state.heat)
    assert state.heat_words == "May 2026: of a hundred who were there"
    assert all(line[0] != line[1] for line in state.moved)
