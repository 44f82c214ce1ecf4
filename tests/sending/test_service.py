"""Reading the ledger, sending again, settling the unknown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.ledger.models import SendStatus
from liquor_app.screens.sending.outbox.state import OutboxState
from liquor_app.screens.sending.words import send_line
from liquor_app.sending.campaign_rollup import roll_up_once
from liquor_app.sending.lists import list_left, list_outbox, list_sends
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.sandbox_outbox import get_outbox_message
from liquor_app.sending.service import get_send, resend, send_events, settle_unknown
from tests.factories import ALL_DAY, add_people, add_ready_campaign, noon_zone, open_shop
from tests.sending.test_pump import execute, sends, shop, statuses
from tests.tabs import Tab, run

VIEWER = Actor(ActorKind.USER, uuid7(), "Vera", Role.USER)


async def test_pages_and_filters(database: str) -> None:
    """Every message once, newest first; the outbox beside it; bad questions are refused."""
    campaign, ids = await shop(7)
    await execute("UPDATE customers SET email_consent = 'withdrawn' WHERE id = :id", id=ids[3])
    async with transaction() as session:
        due = await list_sends(session, VIEWER, ListQuery({"campaign_id": str(campaign)}))
    assert {send_line(row, now()).when[:4] for row in due.items} == {"due "}
    await Dispatcher().pump_once()
    async with transaction() as session:
        seen, cursor = [], None
        while True:
            page = await list_sends(session, VIEWER, ListQuery({"campaign_id": str(campaign)}, limit=3, cursor=cursor))
            seen += [row.id for row in page.items]
            if (cursor := page.next_cursor) is None:
                break
        assert (len(seen), len(set(seen)), page.total, page.total_is_exact) == (7, 7, 7, True)
        assert seen == sorted(seen, reverse=True)
        assert (await list_sends(session, VIEWER, ListQuery({"status": "skipped"}))).total == 1
        assert (
            await list_sends(session, VIEWER, ListQuery({"status": "sent,skipped", "customer_id": str(ids[0])}))
        ).total == 1
        live = await list_left(session, VIEWER, ListQuery(limit=4))
        rest = await list_left(session, VIEWER, ListQuery(limit=4, cursor=live.next_cursor))
        assert len({row.id for row in [*live.items, *rest.items]}) == live.total == 6
        line = send_line(live.items[0], now())
        assert (line.customer, line.campaign, line.when) == ("Marguerite Okafor", "Back to the counter", "just now")
        detail = await get_send(session, VIEWER, live.items[0].id)
        assert detail.body_html is not None
        assert detail.reason == "Bought 5 times, then went quiet."
        outbox = await list_outbox(session, VIEWER, ListQuery({"campaign_id": str(campaign)}, limit=4))
        more = await list_outbox(
            session, VIEWER, ListQuery({"campaign_id": str(campaign)}, limit=4, cursor=outbox.next_cursor)
        )
        assert len({row.id for row in [*outbox.items, *more.items]}) == outbox.total == 6
        assert (await list_outbox(session, VIEWER, ListQuery(search=str(ids[0])[:30].upper()))).total == 1
        assert (await list_outbox(session, VIEWER, ListQuery({"send_id": str(live.items[0].id)}))).total == 1
        for bad in ({"status": "flying"}, {"channel": "fax"}, {"campaign_id": "this one"}):
            with pytest.raises(Invalid):
                await list_sends(session, VIEWER, ListQuery(bad))
        for wanted in (get_send, get_outbox_message):
            with pytest.raises(NotFound):
                await wanted(session, VIEWER, uuid7())


async def test_a_text_is_counted_as_it_was_sent(database: str) -> None:
    """Before, it was counted with its links masked: the "…" made two segments in UCS-2 of one in GSM-7."""
    body = f"Harbor & Vine: 10% off craft beer: {get_settings().base_url}/l/2b3c4d5f6g7h STOP to end"
    assert len(body) > 70, "longer than one segment of UCS-2"
    await execute(
        "INSERT INTO outbox_messages (id, channel, sender, recipient, body_text, headers)"
        " VALUES (:id, 'sms', '+12075550100', '+12075550101', :body, '{}')",
        id=uuid7(),
        body=body,
    )
    state = await Tab("/outbox", VIEWER).state(OutboxState)
    await run(OutboxState.load, state)
    assert "/l/… " in state.reading.text
    assert state.reading.segments == f"1 segment, GSM-7, {len(body)} of 160"


async def test_sending_again(database: str) -> None:
    """A failed message gets a second attempt with its own row, even after the campaign's end; the first stays."""
    async with transaction() as session:
        await open_shop(session)
        people = await add_people(session, 2, timezone=noon_zone())
        campaign = await add_ready_campaign(session, people, window=ALL_DAY)
        await launch_campaign(session, SYSTEM, campaign)
    await Dispatcher().pump_once()
    first = (await sends(campaign))[0].id
    await execute("UPDATE sends SET status = 'failed' WHERE id = :id", id=first)
    await roll_up_once()
    async with transaction() as session:
        with pytest.raises(Forbidden):
            await resend(session, VIEWER, first)
        fresh = await resend(session, SYSTEM, first)
        assert (fresh.status, fresh.attempt) == (SendStatus.PENDING, 2)
        with pytest.raises(Conflict, match="newer attempt"):
            await resend(session, SYSTEM, first)
        with pytest.raises(Conflict, match="pending"):
            await resend(session, SYSTEM, fresh.id)
    assert await Dispatcher().pump_once() == 1
    assert await statuses(campaign) == ["failed", "sent", "sent"]
    async with transaction() as session:
        events = await send_events(session, VIEWER, fresh.id)
        assert [event.event_type for event in events] == ["email_sent"]
        assert datetime.now(UTC) >= events[0].at


async def test_settling_the_unknown(database: str) -> None:
    """A person decides; both ways, once, and audited."""
    campaign, _ = await shop(2)
    await Dispatcher().pump_once()
    await execute("UPDATE sends SET status = 'unknown', sent_at = NULL")
    await execute("UPDATE actions SET status = 'queued'")
    one, two = await sends(campaign)
    async with transaction() as session:
        with pytest.raises(Forbidden):
            await settle_unknown(session, VIEWER, one.id, was_sent=True)
        assert (await settle_unknown(session, SYSTEM, one.id, was_sent=True)).status is SendStatus.SENT
        assert (await settle_unknown(session, SYSTEM, two.id, was_sent=False)).status is SendStatus.FAILED
        with pytest.raises(Conflict, match="sent"):
            await settle_unknown(session, SYSTEM, one.id, was_sent=False)
        actions = await session.execute(text("SELECT status FROM actions ORDER BY status"))
        audited = await session.execute(text("SELECT count(*) FROM audit_log WHERE action = 'send.settled'"))
        assert list(actions.scalars()) == ["failed", "sent"]
        assert audited.scalar_one() == 2


async def test_a_campaign_over_is_not_reopened(database: str) -> None:
    """Neither a played week nor a cancelled campaign."""
    campaign, _ = await shop(1)
    await execute("UPDATE sends SET status = 'failed'")
    for status, words in (("cancelled", "cancelled"), ("completed", "played")):
        await execute("UPDATE campaigns SET status = :status, completed_at = now()", status=status)
        async with transaction() as session:
            with pytest.raises(Conflict, match=words):
                await resend(session, SYSTEM, (await sends(campaign))[0].id)


async def test_counters(database: str) -> None:
    """Each status is counted where it belongs; a paused campaign does not end, a quiet row is not rewritten."""
    campaign, ids = await shop(6)
    for customer, status in zip(ids, ("sent", "delivered", "failed", "skipped", "unknown", "bounced"), strict=True):
        await execute("UPDATE sends SET status = :s WHERE customer_id = :id", s=status, id=customer)
    await execute("UPDATE sends SET delivered_at = now() WHERE status = 'delivered'")
    await execute("UPDATE campaigns SET status = 'paused'")
    assert await roll_up_once() == {campaign}
    assert await roll_up_once() == set()
    async with transaction() as session:
        row = (await session.execute(text("SELECT * FROM campaigns"))).one()
    assert row.status == "paused"
    assert (row.total_sends, row.completed_sends, row.failed_sends, row.skipped_sends) == (6, 3, 1, 1)
    assert (row.unknown_sends, row.delivered_sends) == (1, 1)
    await execute("UPDATE campaigns SET status = 'active'")
    await roll_up_once([campaign])
    async with transaction() as session:
        row = (await session.execute(text("SELECT status, is_playing, completed_at FROM campaigns"))).one()
        notice = (await session.execute(text("SELECT title, body FROM notifications"))).one()
    assert (row.status, row.is_playing) == ("completed", False), "open unknowns do not keep it open"
    assert notice.title == "Back to the counter is done"
    assert notice.body == "3 sent, 1 skipped with a reason, 1 failed, 1 unknown."
