"""The batch lane from the ledger to the recipient: what is kept is what arrives, and one bad address fails nobody."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.platform.child_process import free_port
from liquor_app.organization.models import Channel
from liquor_app.providers.service import configure_channel
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.pipeline.recover import recover_once
from liquor_app.sending.recipients.preferences import stored_message
from liquor_app.sending.recipients.unsubscribe import message_token
from tests.factories import ALL_DAY, add_people, add_ready_campaign, noon_zone, open_shop
from tests.providers.servers import API_KEY, BAD, DOMAIN, House
from tests.sending.test_pump import execute, sends
from tests.sending.test_recover import pass_time

CONFIGS: dict[str, dict[str, Any]] = {
    "mailgun": {"domain": DOMAIN, "api_key": API_KEY, "lookup_grace_seconds": 1},
    "sendgrid": {"api_key": API_KEY, "has_email_activity": True, "lookup_grace_seconds": 1},
    "postmark": {"server_token": API_KEY, "lookup_grace_seconds": 1},
}


@pytest.mark.parametrize("provider", CONFIGS)
async def test_a_thousand_letters_in_one_envelope(database: str, provider: str) -> None:
    """Names, links and coupons differ; each recipient gets exactly what the ledger keeps. A call that is cut is
    unknown in every part until it is looked up."""
    house, port = House(), free_port()
    runner = web.AppRunner(house.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with transaction() as session:
        await open_shop(session)
        await configure_channel(
            session,
            SYSTEM,
            Channel.EMAIL,
            provider,
            config={**CONFIGS[provider], "base_url": f"http://127.0.0.1:{port}"},
        )
        people = await add_people(session, 40, timezone=noon_zone())
        await session.execute(
            text(
                "UPDATE customers SET name = CASE WHEN id = :odd THEN 'Zoë O''Neil & <Sons>'"
                " ELSE 'Jo' || id || ' Li' END"
            ),
            {"odd": people[7]},
        )
        await session.execute(
            text("UPDATE customers SET email = :bad, email_key = :bad WHERE id = :id"), {"bad": BAD, "id": people[3]}
        )
        campaign = await add_ready_campaign(session, people, window=ALL_DAY)
        await launch_campaign(session, SYSTEM, campaign)
    dispatcher = Dispatcher()
    try:
        await dispatcher.pump_once()
        rows = {row.customer_id: row for row in await sends(campaign)}
        assert rows.pop(people[3]).status == "failed"
        assert {row.status for row in rows.values()} == {"sent"}
        async with transaction() as session:
            kept = {person: await stored_message(session, message_token(row.id)) for person, row in rows.items()}
        for person, row in rows.items():
            mail = house.mails[str(row.id)]
            html = kept[person].html or ""
            assert (mail.subject, mail.html, mail.text) == (row.subject, html, kept[person].text)
            assert mail.recipient == row.recipient
            assert html.count(mail.headers["List-Unsubscribe"].strip("<>")) >= 1
        odd = kept[people[7]].html or ""
        assert "O&#39;Neil" in odd or "Zoë" in odd
        assert sum(row.stencil_id is not None for row in rows.values()) > 30, "what they share is kept once"
        assert set(house.taken.values()) == {1}
        assert len(house.calls) <= 8, "halved, not one by one"

        await execute("UPDATE sends SET status = 'pending', sent_at = NULL WHERE customer_id = :id", id=people[0])
        house.taken.clear()
        house.plan = ["cut_after"]
        await dispatcher.pump_once()
        await pass_time(60)
        assert (await recover_once()).found == 1
        assert sum(house.taken.values()) == 1
    finally:
        await dispatcher.aclose()
        await runner.cleanup()
