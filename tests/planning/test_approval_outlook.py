"""What an approver is told beforehand, with figures worked out again from raw rows."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import STRANGER, SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden
from liquor_app.coupons.coupon_pools import add_codes, create_pool
from liquor_app.experiments.ab_tests.models import AbTopic, Measure
from liquor_app.experiments.ab_tests.service import AbAsked, define_ab_test
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import PlanningSettings, save_settings
from liquor_app.planning.approval.approval_outlook import ApprovalOutlook, Concern, read_outlook
from liquor_app.planning.approval.autopilot import plan_ready
from liquor_app.planning.plan_store import fingerprint_of
from liquor_app.planning.service import make_plan
from liquor_app.providers.service import configure_channel
from liquor_app.screens.campaigns.detail.outlook_state import OutlookState
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.segments.service import create_segment, refresh_segments
from liquor_app.sending.stop_all import stop_all_sending
from tests.factories import approve_seen
from tests.people import add_campaign, add_customer, believe, ensure_shop
from tests.tabs import Tab, run

pytestmark = pytest.mark.integration

SMTP = {"host": "127.0.0.1", "port": 2525, "username": "u", "password": "p"}


async def _planned(session: AsyncSession, **columns: Any) -> tuple[UUID, list[UUID]]:
    """A campaign that waits for approval; its e-mail goes out by SMTP, and replies to somebody."""
    await ensure_shop(session)
    people = [await add_customer(session, sms_consent=None) for _ in range(6)]
    await believe(session)
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email"]})
    await refresh_segments(session, SYSTEM)
    campaign = await add_campaign(session, ["all"], **columns)
    await make_plan(session, SYSTEM, campaign)
    await plan_ready(session, SYSTEM, campaign)
    await configure_channel(session, SYSTEM, Channel.EMAIL, "smtp", config=SMTP, position=0)
    await session.execute(text("UPDATE brands SET reply_to = 'us@harbor.example'"))
    return campaign, people


def _told(seen: ApprovalOutlook) -> dict[Concern, int]:
    return {one.concern: one.messages for one in seen.warnings}


async def test_what_would_be_refused_is_said_and_not_offered(database: str) -> None:
    """The page's question has no "Approve all the same" where that would be refused, and has it where it would not."""
    async with transaction() as session:
        campaign, _ = await _planned(session)
        await stop_all_sending(session, SYSTEM)
    told = await Tab(f"/campaigns/{campaign}", SYSTEM).state(OutlookState)
    await run(OutlookState.load, told)
    assert told.warnings
    assert not told.is_barred
    async with transaction() as session:
        asked = AbAsked("Two?", AbTopic.OFFER, Channel.EMAIL, Measure.BOUGHT, [await _an_offer(session)])
        await define_ab_test(session, SYSTEM, campaign, asked)
    await run(OutlookState.load, told)
    assert told.is_barred
    assert "A/B test “Two?”" in told.tested


async def _an_offer(session: AsyncSession) -> str:
    found = await session.execute(text("SELECT recommended_offers -> 0 ->> 'name' FROM segments LIMIT 1"))
    return str(found.scalar_one())


async def test_codes_that_are_missing_are_told(session: AsyncSession) -> None:
    """Counted again by hand: messages with money off, less the codes of the pool theirs will come from."""
    campaign, _ = await _planned(session)
    found = await session.execute(
        text(
            "SELECT CAST(offer_terms ->> 'discount_pct' AS numeric) AS percent, count(*) AS n FROM actions"
            " WHERE campaign_id = :id AND status = 'pending' AND offer_terms ->> 'discount_pct' <> '0' GROUP BY 1"
        ),
        {"id": campaign},
    )
    (asked,) = found.all()
    pool = await create_pool(session, SYSTEM, name="Till", discount_pct=asked.percent, is_standing=True, low_water=0)
    assert _told(await read_outlook(session, SYSTEM, campaign)) == {Concern.CODES: asked.n}
    await add_codes(session, SYSTEM, pool.id, ["TILL-00001", "TILL-00002"])
    assert _told(await read_outlook(session, SYSTEM, campaign)) == {Concern.CODES: asked.n - 2}
    await add_codes(session, SYSTEM, pool.id, [f"TILL-{number:05}" for number in range(3, 12)])
    assert _told(await read_outlook(session, SYSTEM, campaign)) == {}


async def test_approving_tells_everything_beforehand(session: AsyncSession) -> None:
    campaign, people = await _planned(session)
    plan = await session.scalar(text("SELECT plan_id FROM campaigns WHERE id = :id"), {"id": campaign})
    seen = ApprovalOutlook(plan, await fingerprint_of(session, campaign), 6, 6, 0, 0, [], [])
    assert await read_outlook(session, SYSTEM, campaign) == seen, "one click"

    await session.execute(text("UPDATE customers SET email_consent = 'withdrawn' WHERE id = ANY(:ids)"),
                          {"ids": people[:2]})  # fmt: skip
    await session.execute(text("UPDATE customers SET paused_until = now() + interval '60 days' WHERE id = :id"),
                          {"id": people[2]})  # fmt: skip
    await session.execute(text("UPDATE brands SET reply_to = NULL"))
    await session.execute(
        text(
            "INSERT INTO sender_checks (domain, provider, verdict, findings, checked_at) SELECT"
            " split_part(from_email, '@', 2), 'smtp', 'wrong', CAST(:found AS jsonb), now() FROM brands LIMIT 1"
        ),
        {"found": '[{"topic": "SPF", "verdict": "wrong", "words": "No SPF."}]'},
    )
    await stop_all_sending(session, SYSTEM)
    seen = await read_outlook(session, SYSTEM, campaign)
    # the same counted by hand: of the planned people, who said no and who asked for a pause
    raw = await session.execute(
        text(
            "SELECT c.email_consent, c.paused_until > now() + interval '20 days' AS paused FROM actions a"
            " JOIN customers c ON c.id = a.customer_id WHERE a.campaign_id = :id AND a.status = 'pending'"
        ),
        {"id": campaign},
    )
    counted = Counter(
        "no_consent" if row.email_consent != "given" else "paused_by_customer" if row.paused else "" for row in raw
    )
    assert {one.reason: one.messages for one in seen.reasons} == {
        reason: count for reason, count in counted.items() if reason
    }
    assert (seen.messages, seen.blocked) == (counted.total(), counted.total() - counted[""])
    assert _told(seen) == {Concern.STOPPED: 6, Concern.SENDER: 6, Concern.NO_REPLY_TO: 6, Concern.BLOCKED: 3}
    words = " ".join(one.words for one in seen.warnings)
    assert "system has stopped all sending" in words
    assert "3 of 6 messages will be held back: no consent for the channel 2 and paused by the customer 1." in words
    assert (await approve_seen(session, SYSTEM, campaign, despite_sender=True)).status == "scheduled"


async def test_a_channel_that_reaches_nobody_is_told(session: AsyncSession) -> None:
    campaign, _ = await _planned(session)
    for change, concern in (
        ("paused_until = now() + interval '1 hour', pause_reason = 'Too many errors'", Concern.PAUSED),
        ("is_enabled = false, paused_until = NULL", Concern.SANDBOX),
    ):
        await session.execute(text(f"UPDATE channels SET {change} WHERE provider = 'smtp'"))
        if concern is Concern.PAUSED:
            await session.execute(text("UPDATE channels SET is_enabled = false WHERE provider = 'sandbox'"))
        else:
            await session.execute(text("UPDATE channels SET is_enabled = true WHERE provider = 'sandbox'"))
        assert _told(await read_outlook(session, SYSTEM, campaign)) == {concern: 6}
    await session.execute(text("UPDATE channels SET is_enabled = false"))
    assert _told(await read_outlook(session, SYSTEM, campaign)) == {Concern.NOT_SET_UP: 6}


async def test_the_outlook_is_for_staff_and_for_plans(session: AsyncSession) -> None:
    await ensure_shop(session)
    campaign = await add_campaign(session, [])
    with pytest.raises(Forbidden):
        await read_outlook(session, STRANGER, campaign)
    with pytest.raises(Conflict, match="no plan yet"):
        await read_outlook(session, SYSTEM, campaign)


async def test_a_plan_that_earns_no_more_than_nothing_says_so(session: AsyncSession) -> None:
    """Messages that cost more than they bring are planned for what a return is assumed to keep: that is said."""
    await save_settings(session, SYSTEM, PlanningSettings, {"email_cost": "4.00"})
    campaign, _ = await _planned(session, constraints={"kept_share": "1"})
    row = (await session.execute(text("SELECT reasoning, summary FROM plans"))).one()
    simulated = row.summary["simulation"]
    assert float(simulated["incremental_profit"]["mean"]) < 0 < float(simulated["value_kept"])
    titles = {one["title"] for one in row.reasoning}
    assert "Sending nothing is expected to earn more" in titles
    seen = await read_outlook(session, SYSTEM, campaign)
    assert _told(seen)[Concern.WORTH_NOTHING] == seen.messages > 0
    words = next(one.words for one in seen.warnings if one.concern is Concern.WORTH_NOTHING)
    assert "value at risk that is assumed to be kept" in words


async def test_a_page_whose_plan_was_made_anew_looks_anew(database: str) -> None:
    """What was forbidden since is not in the new plan, so the page no longer says it."""
    async with transaction() as session:
        campaign, people = await _planned(session)
    page = await Tab(f"/campaigns/{campaign}", SYSTEM).state(CampaignState)
    await run(CampaignState.load, page)
    outlook = await page.get_state(OutlookState)
    async with transaction() as session:
        withdrawn = text("UPDATE customers SET email_consent = 'withdrawn' WHERE id = :id")
        await session.execute(withdrawn, {"id": people[0]})
    await run(OutlookState.load, outlook)
    assert "1 of 6 messages no longer allowed: no consent" in outlook.no_longer
    await run(CampaignState.load, page)
    assert outlook.no_longer, "the same plan"
    async with transaction() as session:
        await make_plan(session, SYSTEM, campaign)
        await plan_ready(session, SYSTEM, campaign)
    await run(CampaignState.load, page)
    assert outlook.no_longer == ""
