"""Codes of a pool: one each, never the same twice, the same one at every attempt, and none left said in time."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.coupon_source import choose_codes, code_needs
from liquor_app.compliance.service import load_rules
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.coupons.coupon_codes import NO_CODE
from liquor_app.coupons.coupon_pools import add_codes, create_pool, get_pool
from liquor_app.imports.single_purchases import NewLine, NewOrder, record_purchase
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.base import Outcome
from liquor_app.sending.pipeline.claim import claim_batch
from liquor_app.sending.pipeline.dispatch import Dispatcher, Pace
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.pipeline.recover import recover_once
from liquor_app.sending.resend import Whom, send_again, why_not_sent
from liquor_app.sending.tracking.conversions import attribute_purchases
from tests.factories import add_people, add_played_campaign, open_shop
from tests.sending.test_pump import always, answering, execute, sends, statuses
from tests.sending.test_race import drain


async def pooled(people: int, codes: int, *, standing: bool = True, low_water: int = 0) -> tuple[UUID, UUID]:
    """A launched campaign of so many people, and the pool its codes come from."""
    async with transaction() as session:
        await open_shop(session)
        pool = await create_pool(
            session, SYSTEM, name="Autumn", discount_pct=10, is_standing=standing, low_water=low_water
        )
        await add_codes(session, SYSTEM, pool.id, (f"TILL-{number:05}" for number in range(codes)))
        ids = await add_people(session, people)
        campaign = await add_played_campaign(session, ids)
        if not standing:
            await choose_codes(session, SYSTEM, campaign, 10, pool.id)
        await launch_campaign(session, SYSTEM, campaign)
    return campaign, pool.id


async def given() -> list[tuple[UUID, str]]:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT action_id, code FROM coupons WHERE action_id IS NOT NULL ORDER BY code")
        )
        return [(row.action_id, row.code) for row in found]


async def test_each_message_carries_its_own_code_of_the_chosen_pool(database: str) -> None:
    _, pool = await pooled(3, 5, standing=False)
    assert await given() == [], "a code is taken when its message goes, not before"
    await Dispatcher().pump_once()
    codes = dict(await given())
    assert len(set(codes.values())) == 3
    assert all(code.startswith("TILL-") for code in codes.values())
    async with transaction() as session:
        bodies = await session.execute(
            text("SELECT s.action_id, o.body_text FROM sends s JOIN outbox_messages o ON o.send_id = s.id")
        )
        assert all(codes[row.action_id] in row.body_text for row in bodies)
        assert (await get_pool(session, SYSTEM, pool)).remaining == 2


async def test_an_empty_pool_skips_the_rest_until_codes_come(database: str) -> None:
    campaign, pool = await pooled(5, 2, low_water=1)
    async with transaction() as session:
        (need,) = await code_needs(session, SYSTEM, campaign)
    assert (need.messages, need.remaining, need.missing, need.pool_name) == (5, 2, 3, "Autumn")
    await Dispatcher().pump_once()
    rows = await sends(campaign)
    assert sorted(row.status for row in rows) == ["sent"] * 2 + ["skipped"] * 3
    assert {row.skip_reason for row in rows if row.status == "skipped"} == {NO_CODE}
    assert "“Autumn” has no code left" in next(row.note for row in rows if row.status == "skipped")
    async with transaction() as session:
        at_launch = "Messages have no coupon code"
        found = await session.execute(
            text("SELECT title, body, link FROM notifications WHERE title <> :t"), {"t": at_launch}
        )
        told = found.all()
        assert [row.title for row in told] == ["The coupon pool “Autumn” runs low"], "told once"
        assert [(why.reason, why.messages) for why in await why_not_sent(session, SYSTEM, campaign)] == [(NO_CODE, 3)]
        await add_codes(session, SYSTEM, pool, [f"MORE-{number}" for number in range(9)])
        await send_again(session, SYSTEM, campaign, Whom.REST)
    await Dispatcher().pump_once()
    codes = await given()
    assert len(codes) == len({code for _, code in codes}) == len({action for action, _ in codes}) == 5


async def test_a_pool_settled_on_at_launch_that_is_short_is_told_at_once(database: str) -> None:
    """Who approved was told of no such pool: the approval's outlook is where one that stands already is told."""
    campaign, pool = await pooled(5, 2)
    async with transaction() as session:
        found = await session.execute(text("SELECT title, body, link FROM notifications"))
        told = [tuple(row) for row in found if row.title == "Messages have no coupon code"]
        await launch_campaign(session, SYSTEM, campaign)
        again = await session.execute(text("SELECT count(*) FROM notifications WHERE title LIKE 'Messages have no%'"))
        assert again.scalar_one() == 1, "once"
    words = "The pool “Autumn” has 2 of 5 codes for 10% off: 3 messages will not leave until it has more."
    assert told == [("Messages have no coupon code", words, f"/campaigns/{campaign}")]
    assert pool


async def test_a_pool_that_was_chosen_is_told_by_nobody_but_the_outlook(database: str) -> None:
    await pooled(5, 2, standing=False)
    async with transaction() as session:
        found = await session.execute(text("SELECT count(*) FROM notifications WHERE title LIKE 'Messages have no%'"))
        assert found.scalar_one() == 0


async def test_four_workers_never_give_a_code_twice(database: str) -> None:
    """As many codes as people but five: with workers taking each other's codes away, exactly five get none."""
    campaign, _ = await pooled(60, 55)
    await asyncio.gather(*(drain(Dispatcher(Pace(batch=7))) for _ in range(4)))
    codes = await given()
    assert len(codes) == len({code for _, code in codes}) == len({action for action, _ in codes}) == 55
    assert (await statuses(campaign)) == ["sent"] * 55 + ["skipped"] * 5


async def test_codes_in_another_hand_are_waited_for(database: str) -> None:
    """Whoever holds the last codes may yet let go of them: nobody is skipped for codes that are only locked."""
    campaign, _ = await pooled(4, 2)
    async with transaction() as holder:
        await holder.execute(text("SELECT id FROM coupons WHERE action_id IS NULL FOR UPDATE"))
        assert await Dispatcher().pump_once() == 4
        assert await statuses(campaign) == ["pending"] * 4
    await Dispatcher().pump_once()
    assert await statuses(campaign) == ["sent", "sent", "skipped", "skipped"]


async def test_a_message_keeps_its_code_through_crash_and_retry(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign, _ = await pooled(1, 9)
    async with transaction() as session:
        rules = await load_rules(session)
        claim = await claim_batch(session, rules, list(Channel), limit=5, lease_seconds=60)
        assert str(claim.messages[0].coupon).startswith("TILL-")
        await session.rollback()
    assert await given() == [], "a claim that was never committed has taken nothing"
    async with transaction() as session:
        claim = await claim_batch(session, rules, list(Channel), limit=5, lease_seconds=60)
    await execute("UPDATE sends SET lease_until = now() - interval '1 minute'")  # its worker is gone
    await recover_once()
    answering(monkeypatch, always(Outcome.REJECTED))
    await Dispatcher().pump_once()
    assert await statuses(campaign) == ["failed"]
    monkeypatch.undo()
    monkeypatch.setenv("DATABASE_URL", database)
    async with transaction() as session:
        await send_again(session, SYSTEM, campaign, Whom.FAILED)
    await Dispatcher().pump_once()
    assert [code for _, code in await given()] == [claim.messages[0].coupon]
    assert await statuses(campaign) == ["failed", "sent"]


async def test_a_redeemed_code_brings_its_purchase_home(database: str) -> None:
    _, pool = await pooled(1, 3)
    await Dispatcher().pump_once()
    async with transaction() as session:
        await session.execute(text("UPDATE sends SET sent_at = now() - interval '1 hour'"))
        found = await session.execute(
            text("SELECT c.email, k.code FROM customers c JOIN coupons k ON k.customer_id = c.id")
        )
        row = found.one()
        order = NewOrder("R-1", now(), [NewLine(Decimal(20), "Stout")], email=row.email, coupon_code=row.code.lower())
        await record_purchase(session, SYSTEM, order)
        await attribute_purchases(session, SYSTEM)
        assert (await session.execute(text("SELECT conversion_inferred FROM sends"))).scalar_one() is False
        assert (await get_pool(session, SYSTEM, pool)).redeemed == 1


async def test_no_pool_is_made_up_and_another_discount_refused(database: str) -> None:
    campaign, _ = await pooled(2, 5, standing=False)
    async with transaction() as session:
        wrong = await create_pool(session, SYSTEM, name="Fifteen", discount_pct=15)
        with pytest.raises(Invalid, match="worth 15% off, these messages promise 10%"):
            await choose_codes(session, SYSTEM, campaign, 10, wrong.id)
        await choose_codes(session, SYSTEM, campaign, 10, None)
    await Dispatcher().pump_once()
    codes = [code for _, code in await given()]
    assert len(codes) == 2
    assert not any(code.startswith("TILL") for code in codes)
