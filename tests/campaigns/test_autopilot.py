"""How far the planner goes by itself, and the switch that stops it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.actions.lists import list_actions
from liquor_app.actions.service import change_copy, change_offer
from liquor_app.campaigns.lifecycle import resume_campaign, start_campaign
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.campaigns.service import get_campaign, update_campaign
from liquor_app.compliance.service import ensure_rule_pack
from liquor_app.core.errors import Conflict, Forbidden, Invalid
from liquor_app.core.listing.spec import ListQuery
from liquor_app.experiments.ab_tests.models import AbTopic, Measure
from liquor_app.experiments.ab_tests.service import AbAsked, define_ab_test
from liquor_app.organization.guidance import save_guidance
from liquor_app.organization.models import Channel
from liquor_app.planning.approval.approve_campaign import submit_plan
from liquor_app.planning.approval.autopilot import plan_ready, read_switch, release_autopilot, stop_autopilot
from liquor_app.planning.due_campaigns import start_due
from liquor_app.planning.service import get_plan, make_plan
from liquor_app.segments.service import create_segment, refresh_segments
from tests.factories import approve_seen
from tests.kept_rows import shipped_templates
from tests.people import add_campaign, add_customer, believe, ensure_shop

MARKETER = Actor(ActorKind.USER, None, "Dana", Role.MANAGER)
ADMIN = Actor(ActorKind.USER, None, "Ada", Role.ADMIN)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)


async def planned(session: AsyncSession, guidance: dict[str, Any] | None = None, **columns: Any) -> UUID:
    """A campaign whose plan stands, under some guidance."""
    await ensure_shop(session)
    if guidance:
        # eight people are few: the low end of what they bring is below zero
        await save_guidance(session, SYSTEM, {"autopilot_min_profit": "-50", **guidance})
    known = await session.execute(text("SELECT 1 FROM segments WHERE slug = 'all'"))
    if known.scalar() is None:
        for _ in range(8):
            await add_customer(session, response_likelihood=0.3, avg_order_value=Decimal(60))
        await believe(session)
        await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}})
        await refresh_segments(session, SYSTEM)
    campaign = await add_campaign(session, ["all"], **columns)
    await make_plan(session, SYSTEM, campaign)
    return campaign


async def test_by_default_a_plan_waits_for_a_person(session: AsyncSession) -> None:
    campaign = await planned(session)
    row = await plan_ready(session, SYSTEM, campaign)
    assert (row.status, row.is_autopilot) == (CampaignStatus.AWAITING_APPROVAL, False)


async def test_a_suggestion_stays_one_until_somebody_takes_it_up(session: AsyncSession) -> None:
    campaign = await planned(session, {"weekly_plan": "suggest"})
    assert (await plan_ready(session, SYSTEM, campaign)).status is CampaignStatus.DRAFT
    with pytest.raises(Conflict):
        await approve_seen(session, ADMIN, campaign)
    with pytest.raises(Forbidden):
        await submit_plan(session, VIEWER, campaign)
    assert (await submit_plan(session, MARKETER, campaign)).status is CampaignStatus.AWAITING_APPROVAL
    changed = await update_campaign(session, MARKETER, campaign, {"holdout_pct": Decimal(20)})
    assert changed.plan_id is None, "the plan was made for something else"
    with pytest.raises(Conflict, match="no plan"):
        await submit_plan(session, MARKETER, campaign)


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({}, ""),
        ({"autopilot_max_recipients": 7}, "reaches 8 people"),
        ({"autopilot_max_discount": "0.10"}, "expected to give away"),
        ({"autopilot_min_profit": "5000"}, "low end"),
        ({"admin_above_recipients": 3}, "a marketer may approve"),
        ({"max_discount_pct": "3"}, ""),
    ],
)
async def test_autopilot_approves_only_within_its_limits(
    session: AsyncSession, limits: dict[str, Any], why: str
) -> None:
    campaign = await planned(session, {"weekly_plan": "autopilot", **limits})
    row = await plan_ready(session, SYSTEM, campaign)
    notices = await session.execute(text("SELECT title || ' ' || body FROM notifications"))
    told = " ".join(notices.scalars())
    if why:
        assert (row.status, row.is_autopilot) == (CampaignStatus.AWAITING_APPROVAL, False)
        assert why in told
        return
    assert (row.status, row.is_autopilot) == (CampaignStatus.SCHEDULED, True)
    assert "Autopilot approved" in told
    logged = await session.execute(text("SELECT actor_kind, actor_name FROM audit_log WHERE action = 'plan.approved'"))
    assert logged.one() == ("system", "autopilot")


async def test_the_kill_switch_pauses_what_autopilot_started_and_nothing_else(session: AsyncSession) -> None:
    running = await planned(session, {"weekly_plan": "autopilot"})
    await plan_ready(session, SYSTEM, running)
    await start_campaign(session, SYSTEM, running)
    waiting = await planned(session, constraints={"max_contacts_7_days": 2}, name="Waiting")
    await session.execute(
        text("UPDATE actions SET scheduled_date = scheduled_date WHERE campaign_id = :id"), {"id": waiting}
    )
    await session.execute(
        text("UPDATE campaigns SET status = 'scheduled', is_autopilot = true WHERE id = :id"), {"id": waiting}
    )
    people = await add_campaign(session, ["all"], name="By people", status="active")

    with pytest.raises(Forbidden):
        await stop_autopilot(session, VIEWER)
    assert await stop_autopilot(session, MARKETER) == 2
    assert (await get_campaign(session, SYSTEM, running)).status is CampaignStatus.PAUSED
    assert (await get_campaign(session, SYSTEM, waiting)).status is CampaignStatus.AWAITING_APPROVAL
    assert (await get_campaign(session, SYSTEM, people)).status is CampaignStatus.ACTIVE
    with pytest.raises(Forbidden):
        await read_switch(session, VIEWER)
    switch = await read_switch(session, MARKETER)
    assert (switch.stopped, switch.stopped_by) == (True, "Dana")

    third = await planned(session, name="Third")
    assert (await plan_ready(session, SYSTEM, third)).status is CampaignStatus.AWAITING_APPROVAL
    await session.execute(
        text(
            "UPDATE campaigns SET status = 'scheduled', is_autopilot = true, start_date = start_date - 1 WHERE id = :id"
        ),
        {"id": third},
    )
    assert await start_due(session, SYSTEM) == 0, "what slipped through is not started"
    assert (await get_campaign(session, SYSTEM, third)).status is CampaignStatus.AWAITING_APPROVAL

    resumed = await resume_campaign(session, MARKETER, running)
    assert (resumed.status, resumed.is_autopilot) == (CampaignStatus.ACTIVE, False)
    with pytest.raises(Forbidden):
        await release_autopilot(session, MARKETER)
    await release_autopilot(session, ADMIN)
    with pytest.raises(Conflict):
        await release_autopilot(session, ADMIN)


async def test_large_plans_need_an_admin(session: AsyncSession) -> None:
    campaign = await planned(session, {"admin_above_recipients": 5})
    await plan_ready(session, SYSTEM, campaign)
    with pytest.raises(Forbidden, match="Ask an admin"):
        await approve_seen(session, MARKETER, campaign)
    assert (await approve_seen(session, ADMIN, campaign)).status is CampaignStatus.SCHEDULED


async def test_guidance_that_came_later_binds_at_approval_and_by_hand(session: AsyncSession) -> None:
    campaign = await planned(session)
    await plan_ready(session, SYSTEM, campaign)
    row = (await list_actions(session, SYSTEM, ListQuery({"campaign_id": str(campaign), "status": "pending"}))).items[0]
    await session.execute(text("UPDATE segments SET max_discount_pct = 100"))
    await session.execute(
        text('UPDATE campaigns SET constraints = \'{"margin_pct": 80, "margin_floor_pct": 0}\' WHERE id = :id'),
        {"id": campaign},
    )
    with pytest.raises(Invalid, match=r"at most 25 here \(agent guidance\)"):
        await change_offer(session, MARKETER, row.id, offer="{discount}% off", discount_pct=26)
    await save_guidance(session, SYSTEM, {"max_discount_pct": "5"})
    with pytest.raises(Conflict, match=r"gives 10% off; the guidance allows at most 5%.*version 1"):
        await approve_seen(session, ADMIN, campaign)
    await save_guidance(session, SYSTEM, {"max_discount_pct": "25", "banned_other": ["for ever"]})
    await change_copy(session, MARKETER, row.id, message="Yours: {{ offer.text }}.")
    await save_guidance(session, SYSTEM, {"banned_other": ["yours"]})
    with pytest.raises(Conflict, match="“yours” is banned"):
        await approve_seen(session, ADMIN, campaign)
    await save_guidance(session, SYSTEM, {"banned_other": [], "allowed_offers": ["Something else"]})
    with pytest.raises(Conflict, match="not one the guidance allows"):
        await approve_seen(session, ADMIN, campaign)
    await save_guidance(session, SYSTEM, {"allowed_offers": []})
    approved = await approve_seen(session, ADMIN, campaign)
    assert approved.plan_id is not None
    assert (await get_plan(session, SYSTEM, approved.plan_id)).guidance_version == 5


async def test_a_subject_that_is_untrue_on_its_day_is_not_approved(session: AsyncSession) -> None:
    """RCW 19.190.020: "ends today" three days before the end; on the last day it is true."""
    campaign = await planned(session)
    await plan_ready(session, SYSTEM, campaign)
    told = "UPDATE actions SET offer_terms = offer_terms || jsonb_build_object('subject', CAST(:words AS text))"
    await session.execute(text(told), {"words": "10% off ends today"})
    await session.execute(text("UPDATE actions SET scheduled_date = CAST(offer_terms ->> 'expires_on' AS date) - 3"))
    with pytest.raises(Conflict, match="would be untrue on"):
        await approve_seen(session, ADMIN, campaign)
    await session.execute(text("UPDATE actions SET scheduled_date = CAST(offer_terms ->> 'expires_on' AS date)"))
    assert (await approve_seen(session, ADMIN, campaign)).status is CampaignStatus.SCHEDULED


async def test_nor_is_a_tests_subject_that_is_untrue_on_its_day(session: AsyncSession) -> None:
    """Half a week's messages were refused one by one as they left, and nobody was told before."""
    campaign = await planned(session)
    await plan_ready(session, SYSTEM, campaign)
    await session.execute(text("UPDATE actions SET scheduled_date = CAST(offer_terms ->> 'expires_on' AS date) - 3"))
    asked = AbAsked("Hurry?", AbTopic.SUBJECT, Channel.EMAIL, Measure.CLICKED, ["{{ offer.text }} ends today"])
    await define_ab_test(session, SYSTEM, campaign, asked)
    with pytest.raises(Conflict, match=r"The subject of variant B, “.*”, would be untrue on"):
        await approve_seen(session, ADMIN, campaign)
    await define_ab_test(session, SYSTEM, campaign, replace(asked, given=["{{ offer.text }}, {{ offer.ends }}"]))
    assert (await approve_seen(session, ADMIN, campaign)).status is CampaignStatus.SCHEDULED


async def test_no_offer_is_approved_before_somebody_says_whose_licence_it_is(session: AsyncSession) -> None:
    """Drafted, planned and looked at meanwhile; nobody approves it, autopilot neither. Nor what the licence forbids."""
    campaign = await planned(session)
    await session.execute(text("UPDATE brands SET licence_state = NULL"))
    await ensure_rule_pack(session)
    await plan_ready(session, SYSTEM, campaign)
    for actor in (MARKETER, ADMIN):
        with pytest.raises(Conflict, match="Tell us the state of your licence") as refused:
            await approve_seen(session, actor, campaign)
        assert refused.value.field == "licence_state", "the page asks for it right there"
    for state, why in (("MA", "138 § 25C"), ("CT", "30-68m")):
        await session.execute(text("UPDATE brands SET licence_state = :state"), {"state": state})
        with pytest.raises(Conflict, match=why):
            await approve_seen(session, ADMIN, campaign)
    await session.execute(text("UPDATE brands SET licence_state = 'ME'"))
    await shipped_templates(session)
    written = "UPDATE template_versions SET body_text_template = {}"
    words = "concat('Buy two, get one. ', body_text_template)"
    await session.execute(text(written.format(words)))
    with pytest.raises(Conflict, match=r"template for \w+ is not lawful. “buy two, get”"):
        await approve_seen(session, ADMIN, campaign)
    await session.execute(text(written.format("replace(body_text_template, 'Buy two, get one. ', '')")))
    assert (await approve_seen(session, ADMIN, campaign)).status is CampaignStatus.SCHEDULED
