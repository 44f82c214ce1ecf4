"""Frequency caps while several workers decide about the same people at the same moment, on real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.compliance.service import load_rules
from liquor_app.core.db import transaction
from liquor_app.ledger.models import CONTACTS
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import ComplianceSettings, save_settings
from liquor_app.sending.pipeline.claim import claim_batch
from liquor_app.sending.pipeline.launch import launch_campaign
from tests.factories import MONDAY, add_people, add_ready_campaign, at, open_shop

PER_WEEK, PER_MONTH = 2, 5
WEEKS = (0, 0, 0, 1, 1, 2, 2, 3, 3, 9)
"""Weeks the campaigns are in: nine want the same month, one comes two months later."""


class Died(Exception):
    """A worker that ends before its transaction does."""


async def pending() -> int:
    async with transaction() as session:
        return int((await session.execute(text("SELECT count(*) FROM sends WHERE status = 'pending'"))).scalar_one())


async def claimer(batch: int, *, dies_every: int) -> list[UUID]:
    """Claim and decide until nothing waits; returns what this worker may send."""
    mine: list[UUID] = []
    turn = 0
    while await pending():
        turn += 1
        try:
            async with transaction() as session:
                rules = await load_rules(session)
                claim = await claim_batch(session, rules, list(Channel), limit=batch, lease_seconds=600)
                # the others come while this one's decisions are not committed
                await asyncio.sleep(0.002)
                if turn % dies_every == 0:
                    raise Died
        except Died:
            continue
        mine += [message.id for message in claim.messages]
    return mine


@pytest.mark.integration
async def test_caps_hold_for_each_customer_whoever_claims(database: str) -> None:
    """Ten campaigns, twelve people, four claimers, some of whom die: never a message above a cap, none below it
    withheld, none lost and none given to two."""
    async with transaction() as session:
        await open_shop(session)
        await save_settings(
            session, SYSTEM, ComplianceSettings, {"max_contacts_7_days": PER_WEEK, "max_contacts_30_days": PER_MONTH}
        )
        people = await add_people(session, 12)
        modest = people[0]
        await session.execute(text("UPDATE customers SET max_contacts_30_days = 1 WHERE id = :id"), {"id": modest})
        for number, week in enumerate(WEEKS):
            later = timedelta(weeks=week)
            campaign = await add_ready_campaign(
                session, people, channel="sms" if number % 2 else "email",
                start=MONDAY + later, virtual_now=at(1, 18) + later, is_playing=True,
            )  # fmt: skip
            await launch_campaign(session, SYSTEM, campaign)
    claimed = await asyncio.gather(
        *(claimer(batch, dies_every=every) for batch, every in ((3, 4), (5, 3), (7, 5), (11, 2)))
    )

    async with transaction() as session:
        rows = (await session.execute(text("SELECT * FROM sends"))).all()
    assert len(rows) == len(people) * len(WEEKS), "nothing lost"
    handed = [send for mine in claimed for send in mine]
    assert len(handed) == len(set(handed)), "none given to two"
    assert set(handed) == {row.id for row in rows if row.status == "claimed"}
    assert {row.skip_reason for row in rows if row.status != "claimed"} == {"cap_reached"}

    contacts: dict[UUID, list[datetime]] = defaultdict(list)
    for row in rows:
        if row.status in CONTACTS:
            contacts[row.customer_id].append(row.contact_at)
    for customer, moments in contacts.items():
        cap = 1 if customer == modest else PER_MONTH
        for moment in moments:
            for length, most in ((7, PER_WEEK), (30, cap)):
                end = moment + timedelta(days=length)
                assert sum(moment <= other < end for other in moments) <= most, (customer, length)
        # the order of claims decides which; how many is the same in any: the month's cap, and once two months later
        assert len(moments) == cap + 1
    assert set(contacts) == set(people)
