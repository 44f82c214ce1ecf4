"""A no to texts is about the number: whoever else is known by it gets none there either."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.customers.consents import record_consent
from liquor_app.customers.models import ConsentStatus
from liquor_app.customers.recipient_consent import refused_numbers
from liquor_app.organization.models import Channel
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from tests.factories import ALL_DAY, MONDAY, add_people, add_ready_campaign, at, open_shop
from tests.sending.test_pump import between_claim_and_fence

pytestmark = pytest.mark.integration
NUMBER = "+12075559999"


async def shop(channel: str = "sms") -> tuple[UUID, list[UUID]]:
    """A campaign to two people, and a third who has the first one's number and is not written to."""
    async with transaction() as session:
        await open_shop(session)
        people = await add_people(session, 3)
        await session.execute(
            text("UPDATE customers SET phone = :number WHERE id = ANY(:ids)"),
            {"number": NUMBER, "ids": [people[0], people[2]]},
        )
        # noon of a played week: no text is sent at night, where the number is of, whenever the test runs
        campaign = await add_ready_campaign(
            session, people[:2], channel=channel, window=ALL_DAY, start=MONDAY, virtual_now=at(1, 12)
        )
    async with transaction() as session:
        await launch_campaign(session, SYSTEM, campaign)
    return campaign, people


async def refuse(customer: UUID, channel: Channel = Channel.SMS) -> None:
    async with transaction() as session:
        await record_consent(
            session, SYSTEM, customer, channel=channel, status=ConsentStatus.WITHDRAWN, source="At the counter"
        )


async def fates(campaign: UUID) -> dict[UUID, tuple[Any, ...]]:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT customer_id, status, skip_reason, note FROM sends WHERE campaign_id = :id"), {"id": campaign}
        )
        return {row.customer_id: (row.status, row.skip_reason, row.note) for row in found}


async def test_whoever_has_a_number_somebody_refused_is_not_texted(database: str) -> None:
    """Before, the other profile with the number was texted after its owner had said no."""
    campaign, people = await shop()
    await refuse(people[2])
    await Dispatcher().pump_once()
    told = await fates(campaign)
    assert told[people[0]][:2] == ("skipped", "suppressed")
    assert told[people[0]][2] == "Another profile with this number said no to texts, and a no is about the number."
    assert told[people[1]][0] == "sent"


async def test_a_no_of_somebody_deleted_and_one_to_email_hold_nobody_back(database: str) -> None:
    campaign, people = await shop()
    await refuse(people[2], Channel.EMAIL)
    async with transaction() as session:
        assert await refused_numbers(session, [NUMBER]) == frozenset()
        await session.execute(
            text("UPDATE customers SET sms_consent = 'withdrawn', deleted_at = now() WHERE id = :id"), {"id": people[2]}
        )
    await Dispatcher().pump_once()
    assert {one[0] for one in (await fates(campaign)).values()} == {"sent"}


async def test_an_email_goes_out_to_somebody_whose_number_is_refused(database: str) -> None:
    campaign, people = await shop("email")
    await refuse(people[2])
    await Dispatcher().pump_once()
    assert {one[0] for one in (await fates(campaign)).values()} == {"sent"}


async def test_a_no_between_the_decision_and_the_fence_counts(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign, people = await shop()
    await between_claim_and_fence(monkeypatch, lambda: refuse(people[2]))
    told = await fates(campaign)
    assert (told[people[0]][0], told[people[1]][0]) == ("pending", "sent"), "it is asked about again"
    await Dispatcher().pump_once()
    assert (await fates(campaign))[people[0]][:2] == ("skipped", "suppressed")
