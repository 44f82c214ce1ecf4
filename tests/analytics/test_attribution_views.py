"""One campaign's money in each way to see it, beside what was worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.analytics import kept_views
from liquor_app.analytics.attribution_views import View, ViewRow, count_views, read_views
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.kept_views import campaigns_to_count
from liquor_app.core.errors import NotFound
from liquor_app.core.ids import uuid7
from liquor_app.organization.settings import SendingSettings, save_settings
from liquor_app.screens.analytics.attribution.state import view_line
from liquor_app.sending.tracking.conversions import attribute_purchases
from tests.analytics.test_figures import NOON, noon
from tests.people import add_campaign, add_customer

__all__ = ["noon"]

pytestmark = pytest.mark.integration
SENT = NOON - timedelta(days=20)


async def message(
    session: AsyncSession, campaign: UUID, customer: UUID, *, day: float = 0, clicked: float | None = None,
    code: str = "",
) -> None:  # fmt: skip
    """A message of day `day`, clicked so many days after; with a coupon of its own where it has a code."""
    at, action, send = SENT + timedelta(days=day), uuid7(), uuid7(SENT + timedelta(days=day))
    await session.execute(
        text(
            "INSERT INTO actions (id, campaign_id, customer_id, channel, priority_score, reason, offer, scheduled_date,"
            " channels, status) VALUES (:id, :campaign, :customer, 'email', 50, 'x', 'y', CAST(:at AS date),"
            " ARRAY['email'], 'sent')"
        ),
        {"id": action, "campaign": campaign, "customer": customer, "at": at},
    )
    await session.execute(
        text(
            "INSERT INTO sends (id, created_at, action_id, customer_id, campaign_id, channel, recipient, status,"
            " not_before, sent_at, contact_at, clicked_at) VALUES (:id, :at, :action, :customer, :campaign, 'email',"
            " 'x', 'sent', :at, :at, :at, :clicked)"
        ),
        {
            "id": send, "at": at, "action": action, "customer": customer, "campaign": campaign,
            "clicked": None if clicked is None else at + timedelta(days=clicked),
        },
    )  # fmt: skip
    if code:
        await session.execute(
            text(
                "INSERT INTO coupons (id, code, campaign_id, action_id, customer_id, discount_pct, issued_at)"
                " VALUES (:id, :code, :campaign, :action, :customer, 10, :at)"
            ),
            {"id": uuid7(), "code": code, "campaign": campaign, "action": action, "customer": customer, "at": at},
        )


async def buy(session: AsyncSession, customer: UUID, day: float, total: int, code: str | None = None) -> None:
    await session.execute(
        text(
            "INSERT INTO purchases (id, customer_id, occurred_at, total, discount, coupon_code)"
            " VALUES (:id, :customer, :at, :total, 0, :code)"
        ),
        {"id": uuid7(), "customer": customer, "at": SENT + timedelta(days=day), "total": total, "code": code},
    )


def told(rows: Sequence[ViewRow]) -> dict[str, tuple[Any, Any, Any]]:
    return {row.view.value: (row.orders, row.customers, row.revenue) for row in rows}


async def test_each_way_is_what_it_says(noon: AsyncSession) -> None:
    one, other = await add_campaign(noon, ["all"], name="Rye"), await add_campaign(noon, ["all"], name="Ale")
    ann, bo, cy, dee, eve = [await add_customer(noon) for _ in range(5)]
    await message(noon, one, ann, clicked=1)  # clicked, and clicked another's later: each a half, the last has it
    await message(noon, other, ann, day=2, clicked=0.5)
    await buy(noon, ann, 3, 40)
    await buy(noon, ann, 3.5, 10)  # the second of the same touches counts for nobody's click
    await message(noon, one, bo, code="FALL-1")  # by coupon, weeks later
    await buy(noon, bo, 15, 70, "fall-1")
    await message(noon, one, cy, clicked=2)  # by click alone
    await buy(noon, cy, 8, 30)
    await buy(noon, cy, 9.5, 11)  # more than a week after the click
    await message(noon, one, dee)  # anyway
    await buy(noon, dee, 6.9, 25)
    await buy(noon, dee, 7.1, 5)
    await buy(noon, dee, -1, 99)
    await buy(noon, eve, 1, 1_000)  # was never written to
    await attribute_purchases(noon, SYSTEM)
    rows = await read_views(noon, SYSTEM, one)
    assert told(rows) == {
        "redeemed": (None, 1, None),
        "bought": (5, 4, Decimal("175.00")),  # 40 + 10 + 70 + 30 + 25; 5 and 11 came too late
        "coupon": (1, 1, Decimal("70.00")),
        "click": (1, 1, Decimal("30.00")),
        "linear": (Decimal(3), 3, Decimal("125.00")),  # half of 40 and of 10, all of 70 and of 30
        "holdout": (None, None, None),
        "returned": (None, None, Decimal("0.00")),
    }
    assert told(await read_views(noon, SYSTEM, other)) == {
        "redeemed": (None, 0, None),
        "bought": (2, 1, Decimal("50.00")), "coupon": (0, 0, Decimal("0.00")), "click": (1, 1, Decimal("40.00")),
        "linear": (Decimal(1), 1, Decimal("25.00")), "holdout": (None, None, None),
        "returned": (None, None, Decimal("0.00")),
    }  # fmt: skip


async def test_what_came_back_stands_beside_and_is_taken_off_nothing(noon: AsyncSession) -> None:
    campaign, ann = await add_campaign(noon, ["all"]), await add_customer(noon)
    await message(noon, campaign, ann, clicked=1)
    await buy(noon, ann, 3, 40)
    await attribute_purchases(noon, SYSTEM)
    await buy(noon, ann, 5, -15)
    found = told(await read_views(noon, SYSTEM, campaign))
    assert (found["click"][2], found["returned"][2]) == (Decimal("40.00"), Decimal("15.00"))


async def test_nothing_attributed_is_more_than_what_they_bought(noon: AsyncSession) -> None:
    """Whatever follows whatever: twelve people, three campaigns, clicks, codes and purchases by a fixed table."""
    campaigns = [await add_campaign(noon, ["all"], name=f"C{nth}") for nth in range(3)]
    for nth in range(12):
        who = await add_customer(noon)
        for at, campaign in enumerate(campaigns):
            if (nth + at) % 4:
                clicked = 0.25 * (nth % 5) if (nth * at) % 3 else None
                code = f"K{nth}-{at}" if (nth + at) % 5 == 0 else ""
                await message(noon, campaign, who, day=at, clicked=clicked, code=code)
        for day in range(1, 12, 1 + nth % 4):
            await buy(noon, who, day + 0.1 * nth, 10 + nth + day, f"K{nth}-{day % 3}" if day % 2 else None)
    assert await attribute_purchases(noon, SYSTEM) > 5
    whole = (await noon.execute(text("SELECT sum(total) FROM purchases"))).scalar_one()
    shared = Decimal(0)
    for campaign in campaigns:
        found = told(await read_views(noon, SYSTEM, campaign))
        attributed = (found["click"][2] or 0) + found["coupon"][2]
        assert attributed <= found["bought"][2] <= whole
        assert (found["linear"][2] or 0) <= found["bought"][2]
        frozen = await noon.execute(
            text("SELECT COALESCE(sum(conversion_value), 0) FROM sends WHERE campaign_id = :id"), {"id": campaign}
        )
        assert attributed == frozen.scalar_one()
        shared += found["linear"][2] or 0
    assert 0 < shared <= whole, "a purchase is shared, never counted twice"


async def test_the_windows_are_the_shops_and_are_said(noon: AsyncSession) -> None:
    campaign, ann = await add_campaign(noon, ["all"]), await add_customer(noon)
    await message(noon, campaign, ann)
    await buy(noon, ann, 5, 40)
    await save_settings(noon, SYSTEM, SendingSettings, {"attribution_days": 3})
    rows = {row.view: row for row in await read_views(noon, SYSTEM, campaign)}
    assert rows[View.BOUGHT].orders == 0
    assert "within 3 days" in rows[View.CLICK].words
    await save_settings(noon, SYSTEM, SendingSettings, {"attribution_days": 6})
    rows = {row.view: row for row in await read_views(noon, SYSTEM, campaign)}
    assert rows[View.BOUGHT].revenue == 40


async def test_of_no_campaign_nothing_is_told(noon: AsyncSession) -> None:
    with pytest.raises(NotFound):
        await read_views(noon, SYSTEM, uuid7())


def test_what_was_not_measured_is_no_nought() -> None:
    line = view_line(ViewRow(View.HOLDOUT, "x", None, None, None))
    assert (line.orders, line.customers, line.revenue, line.within) == ("–", "–", "–", "")
    known = ViewRow(View.HOLDOUT, "x", Decimal("3.4"), None, Decimal(120), Decimal(-10), Decimal(250))
    assert (view_line(known).orders, view_line(known).within) == ("3.4", "−$10.00 to $250.00")


async def test_without_a_single_click_nothing_is_said_of_clicks(noon: AsyncSession) -> None:
    """The sample's own mailings: deliveries, openings and clicks are not known, and what was redeemed is inferred."""
    campaign, ann = await add_campaign(noon, ["all"]), await add_customer(noon)
    await message(noon, campaign, ann)
    await buy(noon, ann, 5, 40)
    await noon.execute(text("UPDATE sends SET converted_at = sent_at, conversion_value = 12"))
    found = told(await read_views(noon, SYSTEM, campaign))
    assert found["coupon"] == (1, 1, Decimal("12.00"))
    assert found["click"] == found["linear"] == (None, None, None)


async def test_of_many_messages_the_night_counts_and_says_when(
    noon: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same figures as live; what is bought since waits for the night, and another window of the shop's does not."""
    monkeypatch.setattr(kept_views, "LIVE_UP_TO", 2)
    many, few = await add_campaign(noon, ["all"], name="Rye"), await add_campaign(noon, ["all"], name="Ale")
    people = [await add_customer(noon) for _ in range(3)]
    for who in people:
        await message(noon, many, who, clicked=1)
    await message(noon, few, people[0], day=2)
    await buy(noon, people[0], 3, 40)
    await attribute_purchases(noon, SYSTEM)
    live = told(await read_views(noon, SYSTEM, many))
    await roll_up(noon, SENT.date())
    today = SENT.date() + timedelta(days=3)
    assert await campaigns_to_count(noon, today) == [many]
    assert await campaigns_to_count(noon, today + timedelta(days=400)) == [], "nothing becomes of it any more"
    await count_views(noon, many)
    await buy(noon, people[1], 3, 10)
    rows = await read_views(noon, SYSTEM, many)
    assert told(rows) == live
    at = {row.counted_at for row in rows if row.view not in (View.REDEEMED, View.HOLDOUT, View.RETURNED)}
    assert len(at) == 1
    assert None not in at
    assert {row.counted_at for row in await read_views(noon, SYSTEM, few)} == {None}
    await count_views(noon, many)
    assert told(await read_views(noon, SYSTEM, many))["bought"] == (2, 2, Decimal("50.00"))
    await save_settings(noon, SYSTEM, SendingSettings, {"attribution_days": 1})
    rows = await read_views(noon, SYSTEM, many)
    assert {row.counted_at for row in rows} == {None}
    assert told(rows)["bought"] != (2, 2, Decimal("50.00"))


async def test_before_the_first_purchase_on_record_nobody_knows_who_bought(noon: AsyncSession) -> None:
    """A mailing whose week was over before the records begin said "Bought, anyway or not: 0, $0.00"."""
    over = {"start_date": SENT.date(), "end_date": SENT.date()}
    campaign, other = await add_campaign(noon, ["all"], **over), await add_campaign(noon, ["all"], **over)
    ann = await add_customer(noon)
    await message(noon, campaign, ann)
    await message(noon, other, ann, day=5)
    await buy(noon, ann, 8.5, 40)
    await roll_up(noon, (SENT - timedelta(days=1)).date())
    found = told(await read_views(noon, SYSTEM, campaign))
    assert found["bought"] == found["coupon"] == found["click"] == found["linear"] == (None, None, None)
    assert told(await read_views(noon, SYSTEM, other))["bought"] == (1, 1, Decimal("40.00"))
    await noon.execute(text("UPDATE campaigns SET virtual_now = now() WHERE id = :id"), {"id": other})
    await noon.execute(text("DELETE FROM purchases"))
    assert told(await read_views(noon, SYSTEM, other))["bought"] == (None, None, None), "of a played week, neither"
