"""After a crash: every state a worker can die in, and what becomes of its messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.compliance.service import law_stamp
from liquor_app.core.db import transaction
from liquor_app.core.errors import Unavailable
from liquor_app.core.ids import uuid7
from liquor_app.providers.adapters.sandbox import Sandbox
from liquor_app.providers.kit.base import Outcome, SendResult
from liquor_app.sending.pipeline.claim import claim_batch
from liquor_app.sending.pipeline.compose import compose, load_material
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.fence import Routed, pass_fence
from liquor_app.sending.pipeline.recover import GIVE_UP, recover_once
from liquor_app.sending.pipeline.results import MAX_RETRIES, record_results
from tests.sending.test_pump import execute, outbox, sends, shop, statuses


async def leave_claimed() -> Any:
    """Claim like a worker, and die."""
    from liquor_app.compliance.service import load_rules
    from liquor_app.organization.models import Channel

    async with transaction() as session:
        return await claim_batch(session, await load_rules(session), list(Channel), limit=100, lease_seconds=30)


async def leave_sending(*, taken: int) -> list[UUID]:
    """Pass the fence, hand the first `taken` messages over, and die without writing it down."""
    claim = await leave_claimed()
    async with transaction() as session:
        material = await load_material(session)
        routed = [Routed(compose(message, material), "sandbox") for message in claim.messages]  # type: ignore[arg-type]
        await pass_fence(
            session, claim.token, routed, sandbox="sandbox", lease_seconds=30, law=await law_stamp(session)
        )
    await Sandbox(Sandbox.Config()).send_batch([item.composed.outgoing for item in routed[:taken]])
    return [item.composed.claimed.id for item in routed]


async def pass_time(seconds: float) -> None:
    """Let leases run out and look-ups become trustworthy, by moving both into the past."""
    await execute(
        "UPDATE sends SET lease_until = lease_until - make_interval(secs => :s),"
        " batch_id = uuid_v7(uuid_v7_time(batch_id) - make_interval(secs => :s))",
        s=seconds,
    )


async def test_died_after_the_claim(database: str) -> None:
    """Nothing had left: back into the queue, and no contact is counted; not before the lease is over."""
    campaign, _ = await shop(3)
    await leave_claimed()
    assert (await recover_once()).unclaimed == 0
    await pass_time(31)
    assert (await recover_once()).unclaimed == 3
    assert await statuses(campaign) == ["pending"] * 3
    assert {row.contact_at for row in await sends(campaign)} == {None}
    await Dispatcher().pump_once()
    assert await outbox() == 3


async def test_died_in_the_middle_of_sending(database: str) -> None:
    """The provider had taken two of five: those are recorded, the others sent; nobody gets two."""
    campaign, _ = await shop(5)
    ids = await leave_sending(taken=2)
    assert await statuses(campaign) == ["sending"] * 5
    await pass_time(31)
    recovered = await recover_once()
    assert (recovered.found, recovered.resent, recovered.unknown) == (2, 3, 0)
    rows = {row.id: row for row in await sends(campaign)}
    assert [rows[send_id].status for send_id in ids] == ["sent", "sent", "pending", "pending", "pending"]
    assert all(rows[send_id].provider_message_id for send_id in ids[:2])
    await Dispatcher().pump_once()
    async with transaction() as session:
        found = await session.execute(text("SELECT send_id, count(*) FROM outbox_messages GROUP BY 1"))
        assert {row.send_id: row.count for row in found} == dict.fromkeys(ids, 1)
        events = await session.execute(text("SELECT count(*) FROM analytics_events WHERE event_type = 'email_sent'"))
        assert events.scalar_one() == 5


async def test_not_found_yet_is_not_yet_not_sent(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the grace the log may lag behind: wait, do not send again."""
    campaign, _ = await shop(2)
    await leave_sending(taken=0)
    monkeypatch.setattr(Sandbox, "lookup_grace", property(lambda self: timedelta(minutes=15)))
    await pass_time(31)
    recovered = await recover_once()
    assert (recovered.found, recovered.resent, recovered.unknown) == (0, 0, 0)
    assert await statuses(campaign) == ["sending"] * 2
    assert (await recover_once()).resent == 0, "the next look is when the grace is over"
    await pass_time(15 * 60)
    assert (await recover_once()).resent == 2


async def test_a_provider_without_look_up_leaves_it_unknown(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said to the operator, not guessed."""
    campaign, _ = await shop(2)
    await leave_sending(taken=1)
    monkeypatch.setattr(Sandbox, "lookup_grace", property(lambda self: None))
    await pass_time(31)
    assert (await recover_once()).unknown == 2
    assert await statuses(campaign) == ["unknown"] * 2
    async with transaction() as session:
        notice = (await session.execute(text("SELECT title, link FROM notifications"))).one()
    assert notice.title == "2 messages have an unknown outcome"
    assert "status=unknown" in notice.link
    assert await Dispatcher().pump_once() == 0, "nothing is repeated by itself"


async def test_a_log_that_cannot_be_read(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked again, for an hour; then unknown."""

    async def down(self: Sandbox, send_ids: Sequence[UUID]) -> dict[UUID, str]:
        raise Unavailable("down")

    campaign, _ = await shop(1)
    await leave_sending(taken=1)
    monkeypatch.setattr(Sandbox, "lookup", down)
    await pass_time(31)
    await recover_once()
    assert await statuses(campaign) == ["sending"]
    await pass_time(GIVE_UP.total_seconds() + 60)
    assert (await recover_once()).unknown == 1


async def test_never_arriving_ends_as_unknown(database: str) -> None:
    """Sent and vanished more often than we retry: a person decides."""
    campaign, _ = await shop(1)
    await execute("UPDATE sends SET retry_count = :most", most=MAX_RETRIES)
    await leave_sending(taken=0)
    await pass_time(31)
    assert (await recover_once()).unknown == 1
    assert await statuses(campaign) == ["unknown"]


async def test_two_recoveries_at_once(database: str) -> None:
    """Each message is resolved by one of them."""
    import asyncio

    await shop(20)
    await leave_sending(taken=10)
    await pass_time(31)
    rounds = await asyncio.gather(recover_once(), recover_once(), recover_once())
    assert sum(recovered.found for recovered in rounds) == 10
    assert sum(recovered.resent for recovered in rounds) == 10


async def test_a_worker_that_was_only_slow(database: str) -> None:
    """Its lease ran out and somebody else recovered the claim: its fence lets nothing pass."""
    campaign, _ = await shop(2)
    claim = await leave_claimed()
    await pass_time(31)
    await recover_once()
    async with transaction() as session:
        material = await load_material(session)
        routed = [Routed(compose(message, material), "sandbox") for message in claim.messages]  # type: ignore[arg-type]
        assert (
            await pass_fence(
                session, claim.token, routed, sandbox="sandbox", lease_seconds=30, law=await law_stamp(session)
            )
            == set()
        )
    assert await statuses(campaign) == ["pending"] * 2


async def test_people_and_campaigns_that_are_gone(database: str) -> None:
    """Erased customers and deleted campaigns leave no message waiting for ever."""
    campaign, ids = await shop(2)
    await execute("DELETE FROM customers WHERE id = :id", id=ids[0])
    await execute(
        "INSERT INTO sends (id, created_at, customer_id, channel, recipient, status, not_before)"
        " VALUES (:id, now(), NULL, 'email', 'x@example.com', 'pending', now())",
        id=uuid7(),
    )
    await recover_once()
    async with transaction() as session:
        found = await session.execute(text("SELECT status, count(*) FROM sends GROUP BY 1"))
        assert dict(found.all()) == {"pending": 1, "cancelled": 1}  # type: ignore[arg-type]
    assert [row.customer_id for row in await sends(campaign)] == [ids[1]], "an action goes with its customer"


@pytest.mark.parametrize("said", [Outcome.TRANSIENT, Outcome.MISCONFIGURED, Outcome.REJECTED, Outcome.UNKNOWN])
async def test_a_worker_that_slept_takes_nothing_from_who_sends_now(database: str, said: Outcome) -> None:
    """Its lease ran out, the message went back and somebody else is sending it: the sleeper's late "not taken" neither
    queues it a second time nor ends it. Its "taken" would be a fact, and is recorded."""
    campaign, _ = await shop(1)
    sleeper = await leave_claimed()
    async with transaction() as session:
        await session.execute(text("UPDATE sends SET status = 'sending', lease_until = now() - interval '1 second'"))
        await session.execute(text("UPDATE sends SET status = 'pending', claim_token = NULL, lease_until = NULL"))
    awake = await leave_claimed()
    await execute("UPDATE sends SET status = 'sending'")
    (send_id,) = [message.id for message in sleeper.messages]
    assert awake.token != sleeper.token
    before = await sends(campaign)
    async with transaction() as session:
        recorded = await record_results(
            session, [SendResult(send_id, said, code="500")], {send_id: campaign}, sleeper.token, pauses=False
        )
    assert (recorded.retried, recorded.failed) == (0, 0)
    assert await sends(campaign) == before
    async with transaction() as session:
        await record_results(session, [SendResult(send_id, said, code="500")], {send_id: campaign}, awake.token)
    assert await sends(campaign) != before
