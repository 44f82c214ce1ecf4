"""Every list, and how a test fills it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.campaigns.lists import CAMPAIGNS
from liquor_app.campaigns.service import create_campaign
from liquor_app.segments.lists import CUSTOMERS
from liquor_app.segments.service import ensure_default_segments
from tests.lists.contract import Listed
from tests.people import add_customer, ensure_shop


async def campaigns(session: AsyncSession) -> None:
    await ensure_shop(session)
    await ensure_default_segments(session)
    for number in range(5):
        await create_campaign(
            session, SYSTEM, name=f"Week {number % 3}", target_segments=["at_risk"],
            start_date=date(2027, 1, 4) + timedelta(days=7 * (number % 2)),
        )  # fmt: skip
    await session.execute(text("UPDATE campaigns SET status = 'paused', conversions = 4 WHERE name = 'Week 1'"))


async def customers(session: AsyncSession) -> None:
    await ensure_shop(session)
    await ensure_default_segments(session)
    unknown = {"clv_score": None, "churn_probability": None, "churn_risk": None, "rfm_segment": None}
    for number in range(3):
        await add_customer(session, name=f"Ada {number}")
        await add_customer(session, name=None, last_purchase_at=None, sms_consent=None, **unknown)
        await add_customer(session, name=f"Ada {number}", clv_score=Decimal(number), churn_risk="low")


LISTS = [
    Listed(CAMPAIGNS, campaigns, "/campaigns"),
    Listed(CUSTOMERS, customers, "/customers"),
]
