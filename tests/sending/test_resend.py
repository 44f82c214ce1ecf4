"""Once more: failed messages, the rest of a campaign, and outcomes nobody knew."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden
from liquor_app.core.ids import uuid7
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import SendingSettings, save_settings
from liquor_app.providers.adapters.sandbox import Sandbox
from liquor_app.providers.kit.base import Handed, Outcome, OutgoingMessage, SendResult
from liquor_app.providers.sender_health import allowance, pass_over, take_allowance
from liquor_app.providers.service import configure_channel
from liquor_app.sending.pipeline.dispatch import Dispatcher, Pace
from liquor_app.sending.pipeline.rate_limit import Pacer
from liquor_app.sending.pipeline.recover import recover_once, settle_by_policy
from liquor_app.sending.resend import Again, Whom, send_again
from tests.factories import ALL_DAY, add_people, add_ready_campaign, noon_zone, open_shop
from tests.sending.test_pump import always, answering, execute, outbox, sends, shop, statuses
from tests.sending.test_recover import leave_sending, pass_time


async def test_retrying_the_failed_adds_one_attempt_each(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often, and by however many people, it is asked for."""
    campaign, _ = await shop(4)
    answering(monkeypatch, always(Outcome.REJECTED))
    await Dispatcher(Pace(batch=3)).pump_once()

    async def press() -> Again:
        async with transaction() as session:
            return await send_again(session, SYSTEM, campaign, Whom.FAILED)

    pressed = await asyncio.gather(press(), press())
    assert sum(one.added for one in pressed) == 3
    assert (await press()).added == 0, "the newest attempt waits"
    answering(monkeypatch, always(Outcome.ACCEPTED))
    await Dispatcher().pump_once()
    assert await statuses(campaign) == ["failed"] * 3 + ["sent"] * 4
    assert (await press()).added == 0


async def test_sending_to_the_rest_asks_the_rules_anew(database: str) -> None:
    """Who was skipped gets a message once the reason is gone; who must not be written to is skipped again."""
    campaign, ids = await shop(3)
    await execute("UPDATE customers SET email_consent = 'withdrawn' WHERE id = ANY(:ids)", ids=ids[:2])
    await Dispatcher().pump_once()
    assert await statuses(campaign) == ["sent", "skipped", "skipped"]
    await execute("UPDATE customers SET email_consent = 'given' WHERE id = :id", id=ids[0])
    async with transaction() as session:
        assert await send_again(session, SYSTEM, campaign, Whom.REST) == Again(2, True)
    await Dispatcher().pump_once()
    latest = {row.customer_id: row.status for row in sorted(await sends(campaign), key=lambda row: row.attempt)}
    assert latest == {ids[0]: "sent", ids[1]: "skipped", ids[2]: "sent"}
    assert await outbox() == 2


async def test_only_marketers_and_only_while_it_is_open(database: str) -> None:
    campaign, _ = await shop(1)
    reader = Actor(ActorKind.USER, uuid7(), "reader", Role.USER)
    async with transaction() as session:
        with pytest.raises(Forbidden):
            await send_again(session, reader, campaign, Whom.REST)
        await session.execute(text("UPDATE campaigns SET status = 'cancelled'"))
        with pytest.raises(Conflict, match="cancelled"):
            await send_again(session, SYSTEM, campaign, Whom.REST)


@pytest.mark.parametrize(("policy", "after"), [("leave", ["unknown"]), ("sent", ["sent"]),
                                               ("resend", ["failed", "pending"])])  # fmt: skip
async def test_the_unknown_is_settled_by_policy(
    database: str, monkeypatch: pytest.MonkeyPatch, policy: str, after: list[str]
) -> None:
    """After so many hours, not before."""
    campaign, _ = await shop(1)
    await leave_sending(taken=0)
    monkeypatch.setattr(Sandbox, "lookup_grace", property(lambda self: None))
    await pass_time(31)
    assert (await recover_once()).unknown == 1
    async with transaction() as session:
        await save_settings(session, SYSTEM, SendingSettings, {"unknown_policy": policy, "unknown_hours": 5})
    assert await settle_by_policy() == 0
    await pass_time(5 * 3600)
    assert await settle_by_policy() == (policy != "leave")
    assert await statuses(campaign) == after


async def test_the_unknown_is_asked_about_again(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that was down for an hour answers at last."""

    async def down(self: Sandbox, handed: list[Handed]) -> dict[object, str]:
        from liquor_app.core.errors import Unavailable

        raise Unavailable("down")

    campaign, _ = await shop(2)
    await leave_sending(taken=1)
    await pass_time(31)
    with monkeypatch.context() as patch:
        patch.setattr(Sandbox, "lookup", down)
        await pass_time(4000)
        assert (await recover_once()).unknown == 2
    await pass_time(700)
    recovered = await recover_once()
    assert (recovered.found, recovered.resent) == (1, 1)
    assert await statuses(campaign) == ["pending", "sent"]
    async with transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM notifications"))).scalar_one() == 1


async def test_too_many_refusals_pause_a_campaign(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a notice; whoever resumes it starts a new count."""
    campaign, _ = await shop(40)

    def every_other(message: OutgoingMessage) -> SendResult:
        return SendResult(message.send_id, Outcome.REJECTED if message.send_id.int % 2 else Outcome.ACCEPTED)

    answering(monkeypatch, every_other)
    async with transaction() as session:
        await save_settings(session, SYSTEM, SendingSettings, {"pause_error_least": 10, "pause_error_pct": 10})
    dispatcher = Dispatcher(Pace(batch=20))
    await dispatcher.pump_once()
    async with transaction() as session:
        row = (await session.execute(text("SELECT status, pause_reason FROM campaigns"))).one()
    assert row.status == "paused"
    assert "10 %" in row.pause_reason
    assert await dispatcher.pump_once() == 0
    assert (await statuses(campaign)).count("pending") == 20


async def test_another_provider_takes_over_from_one_that_refuses_us(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A definite refusal goes to the next; the campaign runs on, and somebody is told."""
    async with transaction() as session:
        await open_shop(session)
        await configure_channel(
            session, SYSTEM, Channel.EMAIL, "mailgun", position=0,
            config={"domain": "mg.example.com", "api_key": "k", "base_url": "http://127.0.0.1:9"},
        )  # fmt: skip
        campaign = await add_ready_campaign(session, await add_people(session, 3, timezone=noon_zone()), window=ALL_DAY)
        from liquor_app.sending.pipeline.launch import launch_campaign

        await launch_campaign(session, SYSTEM, campaign)
    from liquor_app.providers.adapters.mailgun import Mailgun

    async def refuse(self: Mailgun, messages: list[OutgoingMessage]) -> list[SendResult]:
        return [SendResult(one.send_id, Outcome.MISCONFIGURED, code="401", detail="wrong key") for one in messages]

    monkeypatch.setattr(Mailgun, "send_batch", refuse)
    dispatcher = Dispatcher()
    await dispatcher.pump_once()
    await execute("UPDATE sends SET not_before = now() - interval '1 second' WHERE status = 'pending'")
    await dispatcher.pump_once()
    assert {(row.status, row.provider) for row in await sends(campaign)} == {("sent", "sandbox")}
    async with transaction() as session:
        titles = (await session.execute(text("SELECT title FROM notifications"))).scalars().all()
        status = (await session.execute(text("SELECT status FROM campaigns"))).scalar_one()
        assert await pass_over(session, "sandbox", Channel.EMAIL, "x") is False, "there is no other left"
    assert "mailgun refuses us" in titles
    assert status == "active"


def test_a_warm_up_grows_by_its_rate() -> None:
    """200, 300, 450, …; nothing before its first day; a million at most."""
    first = date(2026, 11, 1)
    grown = [allowance(200, 50, first, first + timedelta(days=day)) for day in (-1, 0, 1, 2, 400)]
    assert grown == [0, 200, 300, 450, 1_000_000]


async def test_a_young_sender_waits_for_tomorrow(database: str) -> None:
    """Booked once for all workers; what is over waits, with its reason."""
    async with transaction() as session:
        await open_shop(session)
        await configure_channel(
            session, SYSTEM, Channel.EMAIL, "sandbox", rate_per_second=1000, warmup_from=now().date(),
            warmup_first_day=3,
        )  # fmt: skip
        campaign = await add_ready_campaign(session, await add_people(session, 5, timezone=noon_zone()), window=ALL_DAY)
        from liquor_app.sending.pipeline.launch import launch_campaign

        await launch_campaign(session, SYSTEM, campaign)
    await asyncio.gather(Dispatcher(Pace(batch=4)).pump_once(), Dispatcher(Pace(batch=4)).pump_once())
    rows = await sends(campaign)
    assert sorted(row.status for row in rows) == ["pending", "pending", "sent", "sent", "sent"]
    for row in rows:
        if row.status == "pending":
            assert "warmed up" in row.note
            assert row.not_before > now()
    async with transaction() as session:
        assert (await take_allowance(session, Channel.EMAIL, "sandbox", "offers@harborvine.example", 1))[0] == 0


async def test_the_pace_is_shared_and_survives_without_redis(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers take turns from one bucket; alone, one goes on slower; too far away is said at once."""
    name = f"p{uuid7()}"
    one, two = Pacer(name, 100), Pacer(name, 100)
    assert await one._turn(100) == 0
    assert await two._turn(100) == pytest.approx(1, abs=0.3)
    assert await one._turn(1000) == pytest.approx(11, abs=0.5)
    assert await two._turn(1000) == pytest.approx(21, abs=0.5)
    assert await one._turn(1) is None
    assert await one.take(1) is False

    class Gone:
        async def eval(self, *arguments: object) -> int:
            raise ConnectionError("gone")

    monkeypatch.setattr("liquor_app.core.redis.client", Gone)
    three = Pacer(name, 100)
    assert await three._turn(25) == pytest.approx(0, abs=0.1)
    assert await three._turn(25) == pytest.approx(1, abs=0.2)
