"""Every figure beside what the raw rows say, at the edges of days and periods, where figures go wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.analytics.bounce_rates import sender_health
from liquor_app.analytics.daily_rollups import roll_up, roll_up_messages
from liquor_app.analytics.insights.month_counts import count_insights
from liquor_app.analytics.segment_performance import segment_performance
from liquor_app.analytics.service import MAX_DAYS, campaign_days, campaign_report, churn_report, daily, ledger
from liquor_app.core.clock import travel
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.sending.lists import list_left
from tests.people import add_campaign, add_customer

pytestmark = pytest.mark.integration

ZONE = ZoneInfo("America/New_York")
NOON = datetime(2026, 6, 10, 16, tzinfo=UTC)
TODAY = date(2026, 6, 10)
SINCE = TODAY - timedelta(days=3)
MARKS = (
    "delivered_at", "opened_at", "clicked_at", "bounced_at", "complained_at", "unsubscribed_at", "redeemed_at",
    "converted_at",
)  # fmt: skip
_DAY = (
    "INSERT INTO daily_messages (day, campaign_id, channel, sends, delivered, opens, clicks, bounces, complaints,"
    " unsubscribes, redeemed, conversions, revenue, updated_at)"
)
STALE = f"{_DAY} VALUES (:day, :id, 'email', 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, now())"
OF_A_DAY = f"{_DAY} VALUES (:day, :id, :how, :n, 0, 0, 0, :b, :c, 0, 0, 0, 0, now())"
COUNTED = (
    "sends",
    "delivered",
    "opens",
    "clicks",
    "bounces",
    "complaints",
    "unsubscribes",
    "redeemed",
    "conversions",
    "revenue",
)


@pytest.fixture
async def noon(session: AsyncSession) -> AsyncIterator[AsyncSession]:
    with travel(NOON):
        yield session


def midnight(days_ago: int, *, seconds: float = 0) -> datetime:
    day = TODAY - timedelta(days=days_ago)
    return datetime(day.year, day.month, day.day, tzinfo=ZONE) + timedelta(seconds=seconds)


async def rows(session: AsyncSession, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await session.execute(text(sql), values)]


async def sell(session: AsyncSession, customer: UUID, at: datetime, total: int, discount: int = 0) -> None:
    await session.execute(
        text("INSERT INTO purchases (customer_id, occurred_at, total, discount) VALUES (:id, :at, :total, :off)"),
        {"id": customer, "at": at, "total": total, "off": discount},
    )


async def send(
    session: AsyncSession, campaign: UUID | None, at: datetime, *marks: str, channel: str = "email", worth: int = 0,
    segment: str = "", made: datetime | None = None, provider: str | None = None,
) -> None:  # fmt: skip
    """A message sent at a moment, with moments of what became of it; with `segment`, chosen for one by an action."""
    customer, action = await add_customer(session), None
    if segment:
        action = uuid7()
        await session.execute(
            text(
                "INSERT INTO actions (id, campaign_id, customer_id, segment_slug, channel, priority_score, reason,"
                " offer, scheduled_date, channels, status) VALUES (:id, :campaign, :customer, :segment, 'email', 50,"
                " 'x', 'y', CAST(:at AS date), ARRAY['email'], 'sent')"
            ),
            {"id": action, "campaign": campaign, "customer": customer, "segment": segment, "at": at},
        )
    told = {mark: at if mark in marks else None for mark in MARKS}
    await session.execute(
        text(
            "INSERT INTO sends (id, created_at, action_id, customer_id, campaign_id, channel, recipient, status,"
            f" not_before, sent_at, contact_at, provider, conversion_value, {', '.join(MARKS)}) VALUES (:id, :made,"
            f" :action, :customer, :campaign, :channel, 'x', 'sent', :at, :at, :at, :provider, :worth,"
            f" {', '.join(f':{mark}' for mark in MARKS)})"
        ),
        {"id": uuid7(made or at), "made": made or at, "action": action, "customer": customer, "campaign": campaign,
         "channel": channel, "at": at, "worth": worth or None, "provider": provider, **told},
    )  # fmt: skip


async def test_days_are_what_their_purchases_are(noon: AsyncSession) -> None:
    ann, bo = await add_customer(noon), await add_customer(noon)
    told = [
        (ann, midnight(4, seconds=-1), 99, 0), (ann, midnight(3), 10, 1), (ann, midnight(3, seconds=60), 5, 0),
        (bo, midnight(2, seconds=-1), 7, 2), (bo, midnight(2), 0, 0), (ann, midnight(2), -3, 0),
        (bo, midnight(1), 0, 0), (ann, midnight(0), 40, 0), (bo, midnight(0, seconds=-1), 20, 0),
    ]  # fmt: skip
    for row in told:
        await sell(noon, *row)
    await noon.execute(
        text(
            "INSERT INTO daily_sales (day, orders, buyers, revenue, discount, updated_at) VALUES"
            " (:old, 9, 9, 9, 9, now()), (:none, 8, 8, 8, 8, now())"
        ),
        {"old": SINCE - timedelta(days=1), "none": TODAY + timedelta(days=1)},
    )
    await roll_up(noon, SINCE)
    expected = {SINCE - timedelta(days=1): (9, 9, 9, 9)}  # a day before is left alone; one without rows goes
    for day in {at.astimezone(ZONE).date() for _, at, _, _ in told}:
        of = [row for row in told if row[1].astimezone(ZONE).date() == day and day >= SINCE]
        if of:
            paid = [row for row in of if row[2] > 0]
            expected[day] = (len(paid), len({row[0] for row in paid}), sum(r[2] for r in of), sum(r[3] for r in of))
    found = await rows(noon, "SELECT day, orders, buyers, revenue, discount FROM daily_sales")
    assert {row[0]: row[1:] for row in found} == expected
    shown = {day.day: (day.revenue, day.orders) for day in await daily(noon, SYSTEM, SINCE, TODAY)}
    assert shown == {day: (row[2], row[0]) for day, row in expected.items() if day >= SINCE}


async def test_days_are_what_became_of_their_messages(noon: AsyncSession) -> None:
    one, two = await add_campaign(noon, ["all"]), await add_campaign(noon, ["all"])
    told: list[tuple[Any, ...]] = [
        (one, midnight(4, seconds=-1), "email", ("delivered_at",), 0), (one, midnight(3), "email", MARKS, 30),
        (one, midnight(2, seconds=-1), "email", ("delivered_at", "opened_at"), 0),
        (one, midnight(2), "sms", ("delivered_at", "clicked_at"), 0), (two, midnight(2), "email", ("bounced_at",), 0),
        (two, midnight(1), "email", ("complained_at", "unsubscribed_at"), 0), (one, midnight(0), "email", MARKS, 12),
        (two, midnight(0, seconds=-1), "email", (), 0), (None, midnight(1), "email", MARKS, 5),
    ]  # fmt: skip
    for campaign, at, channel, marks, worth in told:
        await send(noon, campaign, at, *marks, channel=channel, worth=worth)
    for days_ago in (5, -1, 1):
        await noon.execute(text(STALE), {"day": TODAY - timedelta(days=days_ago), "id": one})

    def counted(keeps: set[date]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        sums: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
        for campaign, at, channel, marks, worth in told:
            day = at.astimezone(ZONE).date()
            if campaign and day in keeps:
                sums[day, campaign, channel] += Counter(["sends", *marks])
                sums[day, campaign, channel]["worth"] += worth
        return {key: tuple(of[name] for name in ("sends", *MARKS, "worth")) for key, of in sums.items()}

    asked = f"SELECT day, campaign_id, channel, {', '.join(COUNTED)} FROM daily_messages"
    stale = {(TODAY - timedelta(days=days), one, "email"): (7,) * 10 for days in (5, -1, 1)}
    await roll_up_messages(noon, [SINCE + timedelta(days=1)])
    only = {row[:3]: row[3:] for row in await rows(noon, asked)}
    assert only == stale | counted({SINCE + timedelta(days=1)}), "other days are left alone"
    await roll_up_messages(noon, [])
    await roll_up(noon, SINCE)
    days = {SINCE + timedelta(days=n) for n in range(4)}
    before = {key: value for key, value in stale.items() if key[0] < SINCE}
    assert {row[:3]: row[3:] for row in await rows(noon, asked)} == before | counted(days)

    shown = {day.day: (day.sends, day.conversions) for day in await daily(noon, SYSTEM, SINCE, TODAY)}
    for day in days - {TODAY}:
        of = [value for key, value in counted(days).items() if key[0] == day]
        assert shown[day] == (sum(row[0] for row in of), sum(row[8] for row in of))
    assert shown[TODAY] == (1, 1), "today is read live, from its first second"

    report = {row.id: row for row in await campaign_report(noon, SYSTEM, SINCE, TODAY)}
    for campaign in (one, two):
        of = [value for key, value in counted(days).items() if key[1] == campaign]
        got = report[campaign]
        assert (got.sends, got.delivered, got.opens, got.clicks, got.conversions, got.revenue) == (
            *(sum(row[n] for row in of) for n in (0, 1, 2, 3, 8)), sum(row[9] for row in of),
        )  # fmt: skip
    assert [row.id for row in await campaign_report(noon, SYSTEM, SINCE, TODAY, limit=1)] == [one], "most revenue first"
    edge = await campaign_report(noon, SYSTEM, SINCE + timedelta(days=2), SINCE + timedelta(days=2))
    assert [(row.id, row.sends) for row in edge] == [(two, 2)]
    assert [(row.day, row.sends) for row in await campaign_days(noon, SYSTEM, two)] == [
        (SINCE + timedelta(days=1), 1), (SINCE + timedelta(days=2), 2),
    ]  # fmt: skip
    assert [row.day for row in await campaign_days(noon, SYSTEM, two, limit=1)] == [SINCE + timedelta(days=2)]
    assert {row.status: row.messages for row in await ledger(noon, SYSTEM, one)} == {"sent": 5}


async def test_a_period_has_ends(noon: AsyncSession) -> None:
    assert len(await daily(noon, SYSTEM, TODAY, TODAY)) == 1
    assert len(await daily(noon, SYSTEM, TODAY - timedelta(days=MAX_DAYS - 1), TODAY)) == MAX_DAYS
    for first in (TODAY + timedelta(days=1), TODAY - timedelta(days=MAX_DAYS)):
        with pytest.raises(Invalid):
            await daily(noon, SYSTEM, first, TODAY)


async def test_bands_and_who_is_worth_keeping_are_of_the_living(noon: AsyncSession) -> None:
    kept = await add_customer(noon, churn_risk="high", churn_probability=0.9, value_at_risk=Decimal(50))
    await add_customer(noon, churn_risk="high", churn_probability=0.8, value_at_risk=None)
    await add_customer(noon, churn_risk="low", churn_probability=0.1, value_at_risk=Decimal(900))
    await add_customer(noon, churn_risk=None)
    gone = await add_customer(noon, churn_risk="high", churn_probability=0.9, value_at_risk=Decimal(70))
    await noon.execute(text("UPDATE customers SET deleted_at = now() WHERE id = :id"), {"id": gone})
    more = await add_customer(noon, churn_risk="high", churn_probability=0.9, value_at_risk=Decimal(60))
    found = await churn_report(noon, SYSTEM)
    assert found.bands == [("high", 3), ("low", 1)]
    assert [row.id for row in found.top] == [more, kept]
    assert [row.id for row in (await churn_report(noon, SYSTEM, limit=1)).top] == [more]


async def test_a_segments_messages_of_a_period(noon: AsyncSession) -> None:
    campaign = await add_campaign(noon, ["all"])
    await send(noon, campaign, NOON - timedelta(days=10), "converted_at", worth=25, segment="at_risk")
    await send(noon, campaign, NOON - timedelta(days=9), segment="at_risk")
    await send(noon, campaign, NOON - timedelta(days=30), "converted_at", worth=7, segment="at_risk")  # to the second
    await send(noon, campaign, NOON - timedelta(days=31), "converted_at", worth=7, segment="at_risk")
    await send(noon, campaign, NOON - timedelta(days=2), segment="loyal")
    await send(noon, campaign, NOON - timedelta(days=2))
    await roll_up(noon, TODAY - timedelta(days=90))
    found = await segment_performance(noon, SYSTEM, days=30)
    assert {slug: (row.sent, row.bought, row.revenue) for slug, row in found.items()} == {
        "at_risk": (2, 1, 25.0), "loyal": (1, 0, 0.0),
    }  # fmt: skip
    whole = await segment_performance(noon, SYSTEM, days=32)
    assert (whole["at_risk"].sent, whole["at_risk"].revenue) == (4, 39.0)


async def test_how_senders_are_received_is_of_thirty_days(noon: AsyncSession) -> None:
    campaign = await add_campaign(noon, ["all"])
    told = ((0, "email", 60, 2, 1), (29, "email", 40, 1, 0), (31, "email", 500, 9, 9), (1, "sms", 99, 1, 1))
    for days_ago, how, n, b, c in told:
        day = TODAY - timedelta(days=days_ago)
        await noon.execute(text(OF_A_DAY), {"day": day, "id": campaign, "how": how, "n": n, "b": b, "c": c})
    found = {row.channel: row for row in await sender_health(noon, SYSTEM)}
    email, sms = found["email"], found["sms"]
    assert (email.sends, email.bounces, email.complaints) == (100, 3, 1)
    assert (email.bounce_share, email.complaint_share) == (0.03, 0.01)
    assert (sms.sends, sms.bounce_share) == (99, None), "too few to tell"


async def test_a_played_week_was_not_sent_today(noon: AsyncSession) -> None:
    """300 messages of a week that was only played stood on the dashboard as sent today, and at its top."""
    real, played = await add_campaign(noon, ["all"]), await add_campaign(noon, ["all"])
    await noon.execute(text("UPDATE campaigns SET virtual_now = now() WHERE id = :id"), {"id": played})
    for campaign in (real, played):
        for days_ago in (0, 1):
            await send(noon, campaign, midnight(days_ago, seconds=60), "delivered_at", segment="at_risk")
    await noon.execute(text(STALE), {"day": TODAY - timedelta(days=9), "id": played})
    await roll_up(noon, SINCE)
    await count_insights(noon, SINCE)
    days = {day.day: day.sends for day in await daily(noon, SYSTEM, TODAY - timedelta(days=9), TODAY)}
    assert {day: many for day, many in days.items() if many} == {TODAY - timedelta(days=1): 1, TODAY: 1}
    assert [row.id for row in await campaign_report(noon, SYSTEM, TODAY - timedelta(days=9), TODAY)] == [real]
    assert (await segment_performance(noon, SYSTEM))["at_risk"].sent == 2
    assert await rows(noon, "SELECT sum(sends) FROM send_hours") == [(2,)]
    latest = await list_left(noon, SYSTEM, ListQuery({"played": "false"}))
    assert {row.campaign_id for row in latest.items} == {real}
    assert len((await list_left(noon, SYSTEM, ListQuery({"campaign_id": str(played)}))).items) == 2
    assert [day.sends for day in await campaign_days(noon, SYSTEM, played)] == [1, 1], "its own page has it"
