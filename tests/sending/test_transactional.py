"""Messages somebody asked for: they reach the address once, whatever consent says, and never those they must not."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, TooMany
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import run as run_job
from liquor_app.customers.consents import suppress_address
from liquor_app.customers.models import SuppressionReason
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import PreferenceSettings, save_settings
from liquor_app.providers.kit.base import Outcome
from liquor_app.screens.customers.detail.manage_state import ActsState
from liquor_app.screens.customers.detail.transactional_state import ErrandsState
from liquor_app.sending.models import ERRAND, ErrandStatus
from liquor_app.sending.recipients import transactional
from liquor_app.sending.recipients.double_opt_in import confirm, confirm_question
from liquor_app.sending.recipients.transactional import Kind, errands_of, request_errand, sign_up_and_ask
from tests.factories import add_people, open_shop
from tests.sending.test_pump import always, answering, execute
from tests.tabs import Tab, run, said
from worker.settings import TASKS

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
DANA = Actor(ActorKind.USER, None, "Dana", Role.MANAGER)


async def somebody(**columns: Any) -> UUID:
    async with transaction() as session:
        await open_shop(session)
        await save_settings(session, SYSTEM, PreferenceSettings, {"double_opt_in": "on"})
        values: dict[str, Any] = {"email_consent": None, "sms_consent": None, "age_verified_at": None, **columns}
        (one,) = await add_people(session, 1, **values)
    return one


async def ask(customer: UUID, kind: Kind = Kind.CONFIRM, channel: Channel = Channel.EMAIL) -> None:
    async with transaction() as session:
        await request_errand(session, SYSTEM, customer, channel, kind)


async def work() -> list[JobStatus | None]:
    """Run what was asked for, as a worker does."""
    async with transaction() as session:
        found = await session.execute(text("SELECT id FROM jobs WHERE status = 'queued' ORDER BY id"))
        ids = list(found.scalars())
    return [await run_job(one, TASKS) for one in ids]


async def became() -> list[tuple[str, str | None]]:
    async with transaction() as session:
        found = await session.execute(text("SELECT status, detail FROM service_messages ORDER BY created_at, id"))
        return [(row.status, row.detail) for row in found]


async def outbox() -> list[Any]:
    async with transaction() as session:
        return list((await session.execute(text("SELECT * FROM outbox_messages ORDER BY accepted_at"))).all())


@pytest.mark.parametrize("channel", list(Channel))
async def test_a_sign_up_is_confirmed_from_the_message_itself(database: str, channel: Channel) -> None:
    customer = await somebody()
    async with transaction() as session:
        made = await sign_up_and_ask(session, SYSTEM, customer, channel, source="form in the store")
    assert (made.status, made.confirmation) == ("pending", "queued")
    assert await work() == [JobStatus.SUCCEEDED]
    assert await became() == [("sent", None)]
    (message,) = await outbox()
    assert "Harbor & Vine" in message.body_text
    assert "% off" not in message.body_text
    if channel is Channel.EMAIL:
        assert message.subject == "Please confirm: e-mails from Harbor & Vine"
        assert "Yes, send me e-mails</a>" in message.body_html
        assert "Unsubscribe" not in message.body_html
    (token,) = re.findall(r"/k/([\w.~-]+)", message.body_text)
    async with transaction() as session:
        assert not (await confirm_question(session, token)).is_done
        await confirm(session, token, ip=None)
        said_now = await session.execute(text(f"SELECT {channel.value}_consent FROM customers"))
        assert said_now.scalar_one() == "given"
        assert (await session.execute(text("SELECT count(*) FROM sends"))).scalar_one() == 0, "no campaign's message"


async def test_an_address_gets_one_in_ten_minutes_and_three_a_day(database: str) -> None:
    customer = await somebody()
    start = now()
    for minutes in (0, 11, 22):
        with travel(start + timedelta(minutes=minutes)):
            await ask(customer)
            with pytest.raises(TooMany, match="a moment ago") as raised:
                await ask(customer, Kind.AGE)
            assert 0 < raised.value.retry_after <= 86_400
    with travel(start + timedelta(hours=23)), pytest.raises(TooMany, match=r"in 6[01] minutes"):
        await ask(customer)
    await ask(customer, channel=Channel.SMS)
    with travel(start + timedelta(hours=24, minutes=1)):
        await ask(customer)


async def test_two_requests_at_once_are_one_message(database: str) -> None:
    customer = await somebody()
    done = await asyncio.gather(*(ask(customer) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in done].count(TooMany) == 4


@pytest.mark.parametrize("reason", [SuppressionReason.COMPLAINED, SuppressionReason.BOUNCED, SuppressionReason.MANUAL])
async def test_who_complained_or_came_back_gets_nothing(database: str, reason: SuppressionReason) -> None:
    customer = await somebody()
    async with transaction() as session:
        made = await sign_up_and_ask(session, SYSTEM, customer, Channel.EMAIL, source="form")
        await suppress_address(session, f"{customer}@example.com", reason=reason, channel=Channel.EMAIL, source="x")
    assert made.confirmation == "queued"
    await work()
    assert await became() == [("failed", "The address complained or came back since.")]
    assert await outbox() == []
    with pytest.raises(Conflict, match="complained, came back"):
        await ask(customer)
    async with transaction() as session:
        again = await sign_up_and_ask(session, SYSTEM, customer, Channel.EMAIL, source="form")
    assert again.status == "pending"
    assert "complained" in again.confirmation


async def test_who_only_left_may_be_asked_and_minors_never(database: str) -> None:
    customer = await somebody(email_consent="withdrawn")
    async with transaction() as session:
        await suppress_address(
            session, f"{customer}@example.com", reason=SuppressionReason.UNSUBSCRIBED, channel=Channel.EMAIL, source="x"
        )
    await ask(customer)
    await work()
    assert await became() == [("sent", None)]
    await execute("UPDATE customers SET of_age_on = CURRENT_DATE + 1670")
    with pytest.raises(Conflict, match="under 21"):
        await ask(customer, Kind.AGE, Channel.SMS)
    with pytest.raises(Forbidden):
        async with transaction() as session:
            await request_errand(session, VIEWER, customer, Channel.EMAIL, Kind.AGE)


async def test_what_the_provider_says_is_kept(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = await somebody()
    monkeypatch.setattr(transactional, "WAIT_SECONDS", (0.0, 0.0))
    handed = answering(monkeypatch, always(Outcome.TRANSIENT))
    await ask(customer)
    await work()
    assert len(handed) == transactional.TRIES
    assert await became() == [("failed", "x said so")]
    await ask(customer)  # what was not sent does not count
    handed = answering(monkeypatch, always(Outcome.UNKNOWN))
    await work()
    assert len(handed) == 1, "it may have arrived: it is never sent again by itself"
    assert (await became())[-1][0] == "unknown"


async def test_a_worker_that_dies_on_the_way_sends_nothing_twice(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await somebody()
    handed = answering(monkeypatch, always(Outcome.ACCEPTED))
    await ask(customer)
    await execute("UPDATE service_messages SET status = 'sending'")  # left to its provider; then the worker died
    await work()
    assert (handed, await became()) == ([], [("unknown", "Its worker stopped on the way.")])


async def test_nobody_to_carry_it_is_said(database: str) -> None:
    customer = await somebody()
    await execute("UPDATE channels SET is_enabled = false")
    await ask(customer)
    await work()
    (status, detail), *_ = await became()
    assert status == "failed"
    assert "No enabled provider carries E-mail" in (detail or "")


async def test_from_the_customers_page(database: str) -> None:
    customer = await somebody()
    tab = Tab(f"/customers/{customer}", DANA)
    acts, state = await tab.state(ActsState), await tab.state(ErrandsState)
    await run(ActsState.ask, acts, "email")
    told = said(await run(ActsState.record, acts, {"status": "given", "source": "counter"}))
    assert "Waits for its confirmation" in told
    assert "/k/" not in told, "the link goes to the address, not to the screen"
    assert "Try again in" in said(await run(ErrandsState.ask, state, "age", "email"))
    assert "on its way" in said(await run(ErrandsState.ask, state, "age", "sms"))
    assert "no such message" in said(await run(ErrandsState.ask, state, "offer", "sms"))
    await work()
    await run(ErrandsState.load, state)
    assert sorted(row.words.split(":")[0] for row in state.rows) == [
        "Confirmation by E-mail", "Question for the date of birth by SMS",
    ]  # fmt: skip
    async with transaction() as session:
        assert {row.status.value for row in await errands_of(session, VIEWER, customer)} == {"sent"}
    texts = [message.body_text for message in await outbox() if message.channel == "sms"]
    assert "/a/" in texts[0]
    assert "21+" in texts[0]
    tab.actor = VIEWER
    state = await tab.state(ErrandsState)
    assert "role" in said(await run(ErrandsState.ask, state, "age", "sms"))


@pytest.mark.parametrize("was", ErrandStatus)
async def test_what_became_of_it_never_goes_back(database: str, was: ErrandStatus) -> None:
    """A worker that was thought dead answers late: its news may settle a doubt, and undo nothing that is known."""
    await ask(await somebody())
    async with transaction() as session:
        errand = (await session.execute(text("SELECT id FROM service_messages"))).scalar_one()
    for news in ErrandStatus:
        async with transaction() as session:
            await session.execute(text("UPDATE service_messages SET status = :status"), {"status": was.value})
            await transactional.record_errand(session, errand, news)
        assert (await became())[0][0] == (news if ERRAND.allows(was, news) else was)
