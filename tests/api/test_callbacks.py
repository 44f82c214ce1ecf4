"""What providers tell, in the ledger, whatever the order: people and machines, late names, whom to leave alone."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job, JobContext
from liquor_app.ledger.receipts import MOST_TRIES
from liquor_app.sending.events import inbox
from liquor_app.sending.tasks import process_webhooks
from tests.api.client import Client
from tests.api.test_webhooks import ledger, mailgun, process, rows, sent, shop, tell
from tests.people import add_customer
from tests.sending.test_conversions import message

pytestmark = pytest.mark.integration

A, B = "https://shop.example.com/a", "https://shop.example.com/b"


async def told_one_by_one(client: Client, *bodies: bytes) -> None:
    for body in bodies:
        assert await tell(client, body) == [200]
        await process()


async def machines(send_id: UUID) -> list[bool]:
    found = await rows(
        "SELECT COALESCE(properties ->> 'machine', 'false') FROM analytics_events WHERE send_id = :id"
        " AND event_type IN ('email_open', 'link_click') ORDER BY occurred_at",
        id=send_id,
    )
    return [value == "true" for (value,) in found]


async def test_a_scanner_is_unmasked_by_its_second_click_in_whatever_portions(anybody: Client) -> None:
    await shop()
    send_id, *_ = await sent()
    at = now().timestamp() - 60
    await told_one_by_one(anybody, mailgun("clicked", send_id, url=A, timestamp=at))
    assert (await ledger(send_id))["clicked_at"] is not None
    await told_one_by_one(anybody, mailgun("clicked", send_id, url=B, timestamp=at + 1))
    assert (await ledger(send_id))["clicked_at"] is None
    assert await machines(send_id) == [True, True]
    await told_one_by_one(anybody, mailgun("clicked", send_id, url=A, timestamp=at + 50))
    assert (await ledger(send_id))["clicked_at"].timestamp() == pytest.approx(at + 50)
    assert await machines(send_id) == [True, True, False]


async def test_a_click_seconds_after_a_late_delivery_is_no_persons_whichever_is_told_first(anybody: Client) -> None:
    await shop()
    at = now().timestamp() - 60
    for turned in (False, True):
        send_id, *_ = await sent()
        both = [mailgun("delivered", send_id, timestamp=at), mailgun("clicked", send_id, url=A, timestamp=at + 2)]
        await told_one_by_one(anybody, *(reversed(both) if turned else both))
        row = await ledger(send_id)
        assert (row["clicked_at"], row["delivered_at"].timestamp()) == (None, pytest.approx(at))
        assert await machines(send_id) == [True]


async def test_before_we_wrote_down_that_it_was_taken_the_order_makes_no_difference(anybody: Client) -> None:
    await shop()
    begun = now()
    at = begun.timestamp() - 600
    ends: set[Any] = set()
    for order in permutations(range(3)):
        send_id, *_ = await sent(status="sending")
        async with transaction() as session:
            await session.execute(
                text("UPDATE sends SET sent_at = NULL, batch_id = :batch WHERE id = :id"),
                {"id": send_id, "batch": uuid7(begun - timedelta(minutes=30))},
            )
        told = [
            mailgun("clicked", send_id, url=A, timestamp=at),
            mailgun("opened", send_id, timestamp=at + 2),
            mailgun("delivered", send_id, timestamp=at - 60),
        ]
        await told_one_by_one(anybody, *(told[index] for index in order))
        row = await ledger(send_id)
        ends.add(
            tuple(round((begun - row[name]).total_seconds() / 10) for name in ("opened_at", "clicked_at", "sent_at"))
        )
    assert ends == {(60, 60, 180)}, "it left when it passed the fence"


async def test_an_event_that_is_faster_than_the_messages_name_is_tried_again(anybody: Client) -> None:
    await shop()
    send_id, *_ = await sent(status="sending")
    name = {"user-variables": {}, "message": {"headers": {"message-id": "late@mg"}}}
    async with transaction() as session:
        await session.execute(text("UPDATE sends SET provider_message_id = NULL"))
    await told_one_by_one(anybody, mailgun("delivered", send_id, **name))
    (waiting,) = await rows("SELECT processed_at, tries, due_at > now() AS later FROM webhook_receipts")
    assert tuple(waiting) == (None, 1, True)
    await process()
    assert [row.tries for row in await rows("SELECT tries FROM webhook_receipts")] == [1], "not before it is due"
    async with transaction() as session:
        # as Mailgun answers it
        await session.execute(text("UPDATE sends SET provider_message_id = '<late@mg>'"))
        await session.execute(text("UPDATE webhook_receipts SET due_at = now()"))
    await process()
    assert (await ledger(send_id))["status"] == "delivered"
    assert [tuple(row) for row in await rows("SELECT tries, error FROM webhook_receipts")] == [(2, None)]


@pytest.mark.parametrize("bound", ["tries", "time"])
async def test_trying_again_ends(anybody: Client, bound: str) -> None:
    await shop()
    name = {"user-variables": {}, "message": {"headers": {"message-id": "nobody@mg"}}}
    assert await tell(anybody, mailgun("delivered", uuid7(), **name)) == [200]
    rounds = 0
    while await rows("SELECT 1 FROM webhook_receipts WHERE processed_at IS NULL"):
        rounds += 1
        assert rounds <= MOST_TRIES
        async with transaction() as session:
            old = "received_at - interval '5 hours'" if bound == "time" else "received_at"
            await session.execute(text(f"UPDATE webhook_receipts SET due_at = now(), received_at = {old}"))
        await process()
    assert rounds == (3 if bound == "time" else MOST_TRIES)
    assert [row.error for row in await rows("SELECT error FROM webhook_receipts")] == [inbox.NO_SUCH_MESSAGE]


@pytest.mark.parametrize(("event", "more", "status"), [("delivered", {}, "sent"), ("complained", {}, "sent")])
async def test_settling_an_unknown_message_settles_its_action(
    anybody: Client, event: str, more: dict[str, Any], status: str
) -> None:
    await shop()
    async with transaction() as session:
        customer = await add_customer(session)
        send_id = await message(session, customer, clicked=None, code="AAAA-1111")
        await session.execute(text("UPDATE sends SET status = 'unknown', provider = 'mailgun'"))
        await session.execute(text("UPDATE actions SET status = 'queued'"))
    await told_one_by_one(anybody, mailgun(event, send_id, **more))
    assert [row[0] for row in await rows("SELECT status FROM actions")] == [status]


async def test_a_newer_attempt_speaks_for_its_action_itself(anybody: Client) -> None:
    await shop()
    async with transaction() as session:
        customer = await add_customer(session)
        send_id = await message(session, customer, clicked=None, code="AAAA-1111")
        await session.execute(text("UPDATE sends SET status = 'unknown', provider = 'mailgun'"))
        await session.execute(text("UPDATE actions SET status = 'queued'"))
        await session.execute(
            text(
                "INSERT INTO send_keys (action_id, channel, attempt, send_id) SELECT id, 'email', 2, :id FROM actions"
            ),
            {"id": uuid7()},
        )  # fmt: skip
    await told_one_by_one(anybody, mailgun("delivered", send_id))
    assert [row[0] for row in await rows("SELECT status FROM actions")] == ["queued"]


async def test_a_complaint_about_a_message_nobody_knows_binds_all_the_same(anybody: Client) -> None:
    await shop()
    async with transaction() as session:
        customer = await add_customer(session)
        await session.execute(text("UPDATE customers SET email = 'Angry@example.com', email_key = 'angry@example.com'"))
    gone = {
        "user-variables": {}, "message": {"headers": {"message-id": "gone@mg"}},
        "delivery-status": {"code": 550, "message": "5.1.1 user unknown"},
    }  # fmt: skip
    await told_one_by_one(
        anybody,
        mailgun("complained", uuid7(), recipient="Angry@Example.com"),
        mailgun("failed", uuid7(), recipient="dead@example.com", severity="permanent", **gone),
        mailgun("failed", uuid7(), recipient="full@example.com", severity="temporary"),
        mailgun("complained", uuid7(), recipient="no address at all"),
        mailgun("complained", uuid7()),
    )
    listed = await rows("SELECT address, channel, reason, customer_id FROM suppressions ORDER BY address")
    assert [tuple(row) for row in listed] == [
        ("angry@example.com", "email", "complained", customer), ("dead@example.com", "email", "bounced", None),
    ]  # fmt: skip
    assert [row[0] for row in await rows("SELECT email_consent FROM customers")] == ["withdrawn"]


async def test_what_is_learned_late_has_its_day_counted_again(anybody: Client) -> None:
    await shop()
    old, *_ = await sent()
    async with transaction() as session:
        await session.execute(text("UPDATE sends SET sent_at = now() - interval '5 days'"))
    fresh, *_ = await sent()
    await told_one_by_one(anybody, mailgun("delivered", old), mailgun("delivered", fresh))
    asked = await rows("SELECT sent_hour < now() - interval '4 days' FROM recounts")
    assert [value for (value,) in asked] == [True]


async def test_an_event_that_cannot_be_worked_through_holds_up_no_other(
    anybody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop()
    bad, *_ = await sent()
    good = [(await sent())[0] for _ in range(3)]
    real = inbox.apply_events

    async def broken(session: Any, actor: Any, by_send: Any) -> Any:
        if bad in by_send:
            raise RuntimeError("nobody thought of this")
        return await real(session, actor, by_send)

    monkeypatch.setattr(inbox, "apply_events", broken)
    await tell(anybody, *(mailgun("delivered", send_id) for send_id in (bad, *good)))
    job = JobContext(uuid7(), Job.PROCESS_WEBHOOKS, {}, 1, None)
    monkeypatch.setattr(JobContext, "progress", nothing)
    assert await process_webhooks(job) == {"receipts": 3, "strangers": 0, "set_aside": 1}
    assert [(await ledger(send_id))["status"] for send_id in (bad, *good)] == ["sent", *["delivered"] * 3]
    (waiting,) = await rows("SELECT tries, error, due_at > now() FROM webhook_receipts WHERE processed_at IS NULL")
    assert tuple(waiting) == (1, "RuntimeError", True), "its words may name people"


async def nothing(*_: Any) -> None:
    """No job of this name is in the books."""
