"""Which purchase a message brought, whatever comes first; and never twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.analytics.returned_revenue import returned_since
from liquor_app.analytics.tasks import roll_up_days
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7, uuid7_time
from liquor_app.core.queue import Job, JobContext
from liquor_app.sending.tracking.conversions import attribute_purchases
from tests.analytics.invariants import hold
from tests.people import add_campaign, add_customer


async def message(session: AsyncSession, customer: UUID, *, clicked: float | None, code: str = "") -> UUID:
    """Sent ten days ago, clicked so many days ago."""
    campaign, action = await add_campaign(session, ["at_risk"]), uuid7()
    sent = now() - timedelta(days=10)
    send_id = uuid7(sent)
    await session.execute(
        text(
            "INSERT INTO sends (id, created_at, action_id, customer_id, campaign_id, channel, recipient, status,"
            " not_before, sent_at, contact_at, clicked_at) VALUES (:id, :at, NULL, :customer, :campaign, 'email',"
            " 'x@example.com', 'sent', :at, :at, :at, :clicked)"
        ),
        {"id": send_id, "at": uuid7_time(send_id), "customer": customer, "campaign": campaign,
         "clicked": None if clicked is None else now() - timedelta(days=clicked)},
    )  # fmt: skip
    if code:
        await session.execute(
            text(
                "INSERT INTO actions (id, campaign_id, customer_id, segment_slug, channel, priority_score, reason,"
                " offer, scheduled_date, channels, status) VALUES (:id, :campaign, :customer, 'at_risk', 'email', 50,"
                " 'x', 'y', CAST(now() AS date), ARRAY['email'], 'sent')"
            ),
            {"id": action, "campaign": campaign, "customer": customer},
        )
        await session.execute(
            text("UPDATE sends SET action_id = :action WHERE id = :id"), {"action": action, "id": send_id}
        )
        await session.execute(
            text("INSERT INTO coupons (code, campaign_id, action_id, customer_id) VALUES (:code, :k, :a, :c)"),
            {"code": code, "k": campaign, "a": action, "c": customer},
        )
    return send_id


async def buy(
    session: AsyncSession, customer: UUID, *, days_ago: float, total: int = 20, code: str | None = None
) -> UUID:
    purchase = uuid7()
    await session.execute(
        text(
            "INSERT INTO purchases (id, customer_id, occurred_at, total, alcohol_total, coupon_code)"
            " VALUES (:id, :customer, :at, :total, :total, :code)"
        ),
        {"id": purchase, "customer": customer, "at": now() - timedelta(days=days_ago), "total": total, "code": code},
    )
    return purchase


async def converted(session: AsyncSession, send_id: UUID) -> tuple[datetime | None, Decimal | None]:
    found = await session.execute(
        text("SELECT converted_at, conversion_value FROM sends WHERE id = :id"), {"id": send_id}
    )
    row: Any = found.one()
    return row.converted_at, row.conversion_value


async def test_a_purchase_within_the_window_after_a_click_counts_once(session: AsyncSession) -> None:
    customer, other = await add_customer(session), await add_customer(session)
    won, nobody = await message(session, customer, clicked=5), await message(session, other, clicked=None)
    await buy(session, customer, days_ago=6, total=99)
    await buy(session, customer, days_ago=4, total=30)
    await buy(session, customer, days_ago=3, total=50)
    await buy(session, other, days_ago=4)
    assert await attribute_purchases(session, SYSTEM) == 1
    at, value = await converted(session, won)
    assert value == 30, "the first purchase after the click"
    assert await converted(session, nobody) == (None, None)
    # again, after a correction and with more purchases: what was attributed stays
    await session.execute(text("UPDATE purchases SET total = 1000"))
    await buy(session, customer, days_ago=4.5, total=7)
    assert await attribute_purchases(session, SYSTEM) == 0
    assert await converted(session, won) == (at, value)
    events = await session.execute(text("SELECT properties ->> 'by', properties ->> 'value' FROM analytics_events"))
    assert [tuple(row) for row in events.all()] == [("click", "30.00")]


async def test_a_late_click_finds_the_purchase_that_was_there_before_it(session: AsyncSession) -> None:
    """The click happened first and was told last."""
    customer = await add_customer(session)
    send_id = await message(session, customer, clicked=None)
    await buy(session, customer, days_ago=2)
    assert await attribute_purchases(session, SYSTEM, [customer]) == 0
    await session.execute(text("UPDATE sends SET clicked_at = :at"), {"at": now() - timedelta(days=3)})
    assert await attribute_purchases(session, SYSTEM, [customer]) == 1
    assert (await converted(session, send_id))[1] == 20


async def test_one_purchase_counts_for_the_last_click_alone(session: AsyncSession) -> None:
    customer = await add_customer(session)
    first, last = await message(session, customer, clicked=6), await message(session, customer, clicked=3)
    await buy(session, customer, days_ago=2)
    assert await attribute_purchases(session, SYSTEM) == 1
    assert (await converted(session, first))[0] is None
    assert (await converted(session, last))[1] == 20


async def test_a_coupon_needs_no_click_and_says_more_than_one(session: AsyncSession) -> None:
    customer = await add_customer(session)
    by_code = await message(session, customer, clicked=None, code="KX4-7PQM")
    by_click = await message(session, customer, clicked=3)
    purchase = await buy(session, customer, days_ago=2, code="kx4-7pqm")
    assert await attribute_purchases(session, SYSTEM) == 1
    assert (await converted(session, by_code))[1] == 20
    assert (await converted(session, by_click))[0] is None
    redeemed = await session.execute(text("SELECT purchase_id, redeemed_at IS NOT NULL FROM coupons"))
    assert tuple(redeemed.one()) == (purchase, True)


async def test_after_the_window_nothing_counts(session: AsyncSession) -> None:
    customer = await add_customer(session)
    await message(session, customer, clicked=9.5)
    await buy(session, customer, days_ago=2)
    assert await attribute_purchases(session, SYSTEM) == 0


async def test_what_the_last_touch_cannot_take_again_no_older_message_gets(session: AsyncSession) -> None:
    customer = await add_customer(session)
    older, newer = await message(session, customer, clicked=5), await message(session, customer, clicked=4)
    await buy(session, customer, days_ago=3, total=30)
    await buy(session, customer, days_ago=2, total=50)
    assert await attribute_purchases(session, SYSTEM) == 1
    for _ in range(2):
        assert await attribute_purchases(session, SYSTEM) == 0
    assert (await converted(session, newer))[1] == 30
    assert await converted(session, older) == (None, None)


async def test_each_message_takes_what_came_after_it_and_before_the_next(session: AsyncSession) -> None:
    customer = await add_customer(session)
    older, newer = await message(session, customer, clicked=6), await message(session, customer, clicked=3)
    await buy(session, customer, days_ago=5, total=30)
    await buy(session, customer, days_ago=2, total=50)
    assert await attribute_purchases(session, SYSTEM) == 2
    assert [(await converted(session, one))[1] for one in (older, newer)] == [30, 50]


async def test_a_conversion_of_a_message_sent_long_ago_reaches_the_dashboard(database: str) -> None:
    """The minutely roll-up looks back three days; this message is ten days old."""
    async with transaction() as session:
        customer = await add_customer(session)
        send_id = await message(session, customer, clicked=1)
        await buy(session, customer, days_ago=0.5, total=30)
        await session.execute(text("UPDATE campaigns SET status = 'completed', updated_at = '2025-01-01'"))

    async def rolled_up() -> list[Any]:
        job = JobContext(uuid7(), Job.ROLL_UP, {}, 1, None)
        await roll_up_days(job)
        async with transaction() as session:
            found = await session.execute(text("SELECT conversions, revenue FROM daily_messages"))
            counted = await session.execute(text("SELECT conversions FROM campaigns"))
            return [*(tuple(row) for row in found), *counted.scalars()]

    async with transaction() as session:
        assert await attribute_purchases(session, SYSTEM) == 1
    assert await rolled_up() == [(1, 30), 1]
    async with transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM recounts"))).scalar_one() == 0
        await session.execute(text("UPDATE sends SET conversion_value = 99 WHERE id = :id"), {"id": send_id})
    assert await rolled_up() == [(1, 30), 1], "nobody asked"


async def test_what_came_back_is_told_beside_what_was_attributed(session: AsyncSession) -> None:
    """Never more than was attributed to the person; of returns long after, and of others, nothing."""
    ann, bo, cy = [await add_customer(session) for _ in range(3)]
    sent = [await message(session, one, clicked=5) for one in (ann, bo, cy)]
    campaign = await add_campaign(session, ["at_risk"])
    await session.execute(text("UPDATE sends SET campaign_id = :id"), {"id": campaign})
    await buy(session, ann, days_ago=4, total=30)
    lowered = await buy(session, bo, days_ago=4, total=50)
    await attribute_purchases(session, SYSTEM)
    assert await returned_since(session, SYSTEM, campaign) == 0
    dee = await add_customer(session)  # bought for another campaign, and gave it back
    await message(session, dee, clicked=5)
    await buy(session, dee, days_ago=4, total=70)
    await attribute_purchases(session, SYSTEM)
    await buy(session, dee, days_ago=3, total=-70)
    await buy(session, ann, days_ago=2.5, total=11)  # bought again: no return
    await buy(session, ann, days_ago=6, total=-9)  # of something bought before
    await buy(session, ann, days_ago=3, total=-12)
    await buy(session, cy, days_ago=3, total=-20)  # never bought for the campaign
    assert await returned_since(session, SYSTEM, campaign) == 12
    await buy(session, ann, days_ago=2, total=-500)
    await buy(session, ann, days_ago=-70, total=-1)
    await session.execute(text("UPDATE purchases SET total = 44 WHERE id = :id"), {"id": lowered})
    assert await returned_since(session, SYSTEM, campaign) == 30 + 6
    assert [(await converted(session, one))[1] for one in sent] == [30, 50, None], "attribution stays"
    assert await returned_since(session, SYSTEM, await add_campaign(session, ["at_risk"])) == 0


async def test_a_code_comes_back_though_its_message_brought_another_purchase(session: AsyncSession) -> None:
    """A message that had converted by a click never had its code redeemed: an answer to an offer was an order."""
    customer = await add_customer(session)
    sent = await message(session, customer, clicked=5, code="KX4-7PQM")
    await buy(session, customer, days_ago=4, total=30)
    assert await attribute_purchases(session, SYSTEM) == 1
    later = await buy(session, customer, days_ago=2, total=50, code="KX4-7PQM")
    free = await message(session, customer, clicked=None, code="AAA-1111")
    await buy(session, customer, days_ago=1, total=0, code="AAA-1111")
    assert await attribute_purchases(session, SYSTEM) == 0, "it brought its purchase before; the other is no order"
    assert (await converted(session, sent))[1] == 30
    assert await converted(session, free) == (None, None)
    assert await attribute_purchases(session, SYSTEM) == 0
    codes = dict((await session.execute(text("SELECT code, purchase_id FROM coupons"))).all())
    assert codes["KX4-7PQM"] == later
    assert codes["AAA-1111"] is not None
    times = await session.execute(text("SELECT count(redeemed_at), count(converted_at) FROM sends"))
    assert tuple(times.one()) == (2, 1)
    events = await session.execute(text("SELECT event_type, count(*) FROM analytics_events GROUP BY 1"))
    assert dict(events.all()) == {"conversion": 1, "redemption": 2}
    await hold(session)


async def test_redeemed_attributed_and_bought_are_each_what_they_say(session: AsyncSession) -> None:
    """Codes, clicks and purchases by chance: what may never be more than what, asked of raw rows."""
    chance = Random(16)
    for nth in range(60):
        customer = await add_customer(session)
        codes = [f"C{nth}-{one}" for one in range(chance.randint(0, 2))]
        for code in [*codes, ""]:
            await message(session, customer, clicked=chance.choice([None, None, 3, 6]), code=code)
        for _ in range(chance.randint(0, 4)):
            code = chance.choice([*codes, None, "OTHER"])
            days = chance.choice([0.5, 2, 4, 5.5, 8, 12])
            await buy(session, customer, days_ago=days, total=chance.choice([0, 9, 20, 75, -9]), code=code)
        if nth % 10 == 9:
            await attribute_purchases(session, SYSTEM)
            await hold(session)
    counts = await session.execute(text(
        "SELECT count(redeemed_at), count(converted_at), count(*) FILTER (WHERE redeemed_at IS NOT NULL"
        " AND converted_at IS NULL), count(*) FILTER (WHERE converted_at IS NOT NULL AND redeemed_at IS NULL)"
        " FROM sends"
    ))  # fmt: skip
    assert all(count > 0 for count in counts.one()), "each kind is there"
