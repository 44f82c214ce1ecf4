"""The way out."""

from __future__ import annotations

import base64
import json

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.recipients.unsubscribe import PATH, unsubscribe, unsubscribe_url, unsubscribe_view
from tests.factories import add_played_campaign
from tests.sending.test_pump import execute, sends, shop


async def test_one_click_is_enough_and_at_once(database: str) -> None:
    """The link in the message itself; looking changes nothing, posting ends it, a second time is harmless."""
    _, ids = await shop(2)
    await Dispatcher().pump_once()
    async with transaction() as session:
        found = await session.execute(
            text("SELECT o.headers ->> 'List-Unsubscribe' AS link, o.body_html, o.body_text, s.customer_id, s.id"
                 " FROM outbox_messages o JOIN sends s ON s.id = o.send_id WHERE s.customer_id = :id"),
            {"id": ids[0]},
        )  # fmt: skip
        message = found.one()
    link = message.link.strip("<>")
    assert link == unsubscribe_url(message.id)
    assert link in message.body_html
    assert link in message.body_text
    token = link.split(f"{PATH}/")[1]
    body = token.split(".")[0]
    assert json.loads(base64.urlsafe_b64decode(body + "==")) == {"s": message.id.hex}, "no address in it"
    async with transaction() as session:
        assert not (await unsubscribe_view(session, token)).is_done
    async with transaction() as session:
        view = await unsubscribe(session, token, ip="192.0.2.7", user_agent="Mail/1.0")
        assert (view.brand, view.channel, view.is_done) == ("Harbor & Vine", "E-mail", True)
    async with transaction() as session:
        assert (await unsubscribe(session, token)).is_done
        consents = (await session.execute(text("SELECT status, source, ip, evidence FROM consents"))).all()
        listed = (await session.execute(text("SELECT channel, reason, customer_id FROM suppressions"))).all()
        events = await session.execute(text("SELECT count(*) FROM analytics_events WHERE event_type = 'unsubscribed'"))
        sms = (await session.execute(text("SELECT DISTINCT sms_consent FROM customers"))).scalars().all()
        assert events.scalar_one() == 1
    assert [tuple(row)[:3] for row in consents] == [("withdrawn", "unsubscribe link", "192.0.2.7")]
    assert consents[0].evidence == {"send_id": str(message.id), "user_agent": "Mail/1.0"}
    assert [tuple(row) for row in listed] == [("email", "unsubscribed", ids[0])]
    assert sms == ["given"], "texts were not asked about"
    async with transaction() as session:
        campaign = await add_played_campaign(session, ids)
        await launch_campaign(session, SYSTEM, campaign)
    await Dispatcher().pump_once()
    rows = {row.customer_id: row.skip_reason or row.status for row in await sends(campaign)}
    assert rows == {ids[0]: "suppressed", ids[1]: "sent"}


async def test_an_erased_customer_can_still_get_off(database: str) -> None:
    """The address of the message is suppressed even when nobody knows whose it was."""
    await shop(1)
    await Dispatcher().pump_once()
    await execute("UPDATE customers SET deleted_at = now()")
    async with transaction() as session:
        send_id = (await session.execute(text("SELECT id FROM sends"))).scalar_one()
        await unsubscribe(session, unsubscribe_url(send_id).rsplit("/", 1)[1])
        assert (await session.execute(text("SELECT count(*) FROM suppressions"))).scalar_one() == 1
        assert (await session.execute(text("SELECT count(*) FROM consents"))).scalar_one() == 0


async def test_links_that_are_not_ours(database: str) -> None:
    """Damaged, forged, or of a message long gone."""
    good = unsubscribe_url(uuid7()).rsplit("/", 1)[1]
    async with transaction() as session:
        for token in ("", "x", "a.b", good[:-3], "é." + good, "A" * 3000):
            with pytest.raises(Invalid):
                await unsubscribe(session, token)
        with pytest.raises(NotFound):
            await unsubscribe(session, good)
