"""What a customer was offered last, also where two actions were made at one moment."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.latest_offer import latest_offer
from liquor_app.core.clock import now
from tests.people import add_campaign, add_customer


async def test_of_two_made_at_once_it_is_the_later_id_whichever_was_written_first(session: AsyncSession) -> None:
    at, customer = now(), await add_customer(session)
    campaign = await add_campaign(session, ["all"])
    for ids in ((2, 1), (3, 4), (6, 5)):
        for number in ids:
            await session.execute(
                text(
                    "INSERT INTO actions"
                    " (id, campaign_id, customer_id, segment_slug, offer, scheduled_date, created_at)"
                    " VALUES (:id, :campaign, :customer, :segment, :offer, current_date, :at)"
                ),
                {
                    "id": UUID(int=number), "campaign": campaign, "customer": customer, "segment": str(number),
                    "offer": f"Offer {number}", "at": at,
                },
            )  # fmt: skip
        found = await latest_offer(session, SYSTEM, customer)
        assert found is not None
        assert found.text == f"Offer {max(ids)}"
