"""Four dispatchers at once over real PostgreSQL: nobody gets one message more than the tightest of their limits."""

from __future__ import annotations

import asyncio
from uuid import UUID

from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.organization.settings import ComplianceSettings, save_settings
from liquor_app.sending.pipeline.dispatch import Dispatcher, Pace
from liquor_app.sending.pipeline.launch import launch_campaign
from tests.factories import add_people, add_played_campaign, at, open_shop
from tests.sending.test_pump import execute, outbox

CAMPAIGNS = 5


async def drain(dispatcher: Dispatcher) -> None:
    idle = 0
    while idle < 20:
        idle = 0 if await dispatcher.pump_once() else idle + 1
        await asyncio.sleep(0)


async def test_every_limit_holds_with_four_racing(database: str) -> None:
    """A wish of one a month, the shop's four a week, Florida's three texts a day, a pause, a minor; five campaigns."""
    async with transaction() as session:
        await open_shop(session)
        await save_settings(session, SYSTEM, ComplianceSettings, {"max_contacts_7_days": 4, "max_contacts_30_days": 4})
        ids = await add_people(session, 60)
        groups = dict(zip(("own", "shop", "florida", "paused", "minor", "declined"), _tenths(ids), strict=True))
        for channel in ("email", "sms"):
            people = groups["florida"] if channel == "sms" else [one for one in ids if one not in groups["florida"]]
            for _ in range(CAMPAIGNS):
                campaign = await add_played_campaign(session, people, channel=channel)
                await launch_campaign(session, SYSTEM, campaign)
    for group, change in {
        "own": "max_contacts_30_days = 1",
        "florida": "state = 'FL'",
        "paused": "paused_until = :far",
        "minor": "of_age_on = '2031-01-01'",
        "declined": "email_consent = 'withdrawn'",
    }.items():
        values = {"far": at(40, 12)} if group == "paused" else {}
        await execute(f"UPDATE customers SET {change} WHERE id = ANY(:ids)", ids=groups[group], **values)
    await asyncio.gather(*(drain(Dispatcher(Pace(batch=7))) for _ in range(4)))
    async with transaction() as session:
        found = await session.execute(
            text("SELECT customer_id, count(*) FILTER (WHERE status = 'sent') AS sent, count(*) AS all_of_them,"
                 " array_agg(DISTINCT skip_reason) FILTER (WHERE status = 'skipped') AS why FROM sends GROUP BY 1")
        )  # fmt: skip
        rows = {row.customer_id: row for row in found}
    told = {
        group: {(rows[one].sent, rows[one].all_of_them, *(rows[one].why or ())) for one in people}
        for group, people in groups.items()
    }
    assert told == {
        "own": {(1, 5, "cap_reached")},
        "shop": {(4, 5, "cap_reached")},
        "florida": {(3, 5, "state_contact_limit")},
        "paused": {(0, 5, "paused_by_customer")},
        "minor": {(0, 5, "underage")},
        "declined": {(0, 5, "no_consent")},
    }
    assert await outbox() == 10 * (1 + 4 + 3)


def _tenths(ids: list[UUID]) -> list[list[UUID]]:
    return [ids[start : start + 10] for start in range(0, 60, 10)]
