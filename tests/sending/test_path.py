"""A message's whole way: launch, claim, fence, sandbox, record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.listing.spec import ListQuery
from liquor_app.sending.campaign_rollup import roll_up_once
from liquor_app.sending.lists import list_left, list_outbox
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.sandbox_outbox import get_outbox_message
from liquor_app.sending.service import send_events
from tests.factories import ALL_DAY, add_people, add_ready_campaign, noon_zone, open_shop


async def test_from_action_to_outbox(database: str) -> None:
    """Every chosen customer gets exactly one message, and the campaign ends by itself."""
    async with transaction() as session:
        await open_shop(session)
        people = await add_people(session, 20, timezone=noon_zone())
        campaign = await add_ready_campaign(session, people, window=ALL_DAY)
    for _ in range(2):  # a second launch adds nothing
        async with transaction() as session:
            await launch_campaign(session, SYSTEM, campaign)
    dispatcher = Dispatcher()
    assert await dispatcher.pump_once() == 20
    assert await dispatcher.pump_once() == 0
    await roll_up_once()
    async with transaction() as session:
        sends = await list_left(session, SYSTEM, ListQuery({"campaign_id": str(campaign)}))
        outbox = await list_outbox(session, SYSTEM, ListQuery({"campaign_id": str(campaign)}))
        message = await get_outbox_message(session, SYSTEM, outbox.items[0].id)
        events = await send_events(session, SYSTEM, sends.items[0].id)
        row = (await session.execute(text("SELECT * FROM campaigns WHERE id = :id"), {"id": campaign})).one()
        actions = (await session.execute(text("SELECT DISTINCT status FROM actions"))).scalars().all()
    assert sends.total == outbox.total == 20
    assert {send.status for send in sends.items} == {"sent"}
    assert len({send.customer_id for send in sends.items}) == 20
    assert message.row.subject == "Marguerite, we kept your craft beer cold"
    assert "10% off craft beer" in (message.body_text or "")
    assert "14 Wharf St" in (message.body_html or "")
    assert message.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [event.event_type for event in events] == ["email_sent"]
    assert (row.status, row.total_sends, row.completed_sends) == ("completed", 20, 20)
    assert actions == ["sent"]
    assert datetime.now(UTC) - row.completed_at < timedelta(minutes=1)
