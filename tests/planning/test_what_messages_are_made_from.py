"""An approval covers what messages are made from: templates, brand, the shop's rules, a standing campaign's playbooks.

Each was changed by a colleague between a look and an approval, and went out under the old look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.actions.coupon_source import choose_codes
from liquor_app.actions.offering.cell_rules import RuleEffect, add_rule
from liquor_app.campaigns.lifecycle import pause_campaign, resume_campaign, start_campaign
from liquor_app.campaigns.models import CampaignStatus, CampaignType
from liquor_app.campaigns.service import create_campaign, find_campaign, get_campaign
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict
from liquor_app.organization.brands import update_brand
from liquor_app.organization.guidance import save_guidance
from liquor_app.organization.settings import ComplianceSettings, PlanningSettings, save_settings
from liquor_app.planning.approval.approval_outlook import read_outlook
from liquor_app.planning.approval.approve_campaign import approve_campaign, submit_plan
from liquor_app.planning.approval.autopilot import plan_ready
from liquor_app.planning.plan_store import planned_now
from liquor_app.planning.service import make_plan
from liquor_app.planning.triggered import CHANGED_SINCE, fire, make_standing_plan
from liquor_app.segments.service import update_segment
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.templates.service import create_template, update_template
from tests.factories import approve_seen
from tests.kept_rows import shipped_templates
from tests.people import steady_ids
from tests.planning.test_cell_rules import DANA
from tests.planning.test_cell_rules import shop as plain_shop
from tests.sending.test_pump import execute, sends
from tests.sending.test_pump import shop as sending_shop

ADMIN = Actor(ActorKind.USER, None, "Ada", Role.ADMIN)
Change = Callable[[AsyncSession], Awaitable[object]]


async def template(session: AsyncSession, channel: str = "email", category: str = "win_back") -> UUID:
    """The template in use of a kind."""
    found = await session.execute(
        text("SELECT id FROM message_templates WHERE is_active AND channel = :channel AND category = :category"
             " ORDER BY updated_at DESC, id LIMIT 1"), {"channel": channel, "category": category},
    )  # fmt: skip
    return UUID(str(found.scalar_one()))


async def new_subject(session: AsyncSession) -> object:
    return await update_template(
        session, ADMIN, await template(session), {"subject_template": "Nobody has looked at this"}
    )


async def another_template(session: AsyncSession) -> object:
    return await create_template(
        session, ADMIN, name="Another", channel="email", category="win_back", subject_template="Another",
        body_html_template="<mjml><mj-body><mj-section><mj-column><mj-text>{{ offer.name }} {{ own_words }}</mj-text>"
        "</mj-column></mj-section></mj-body></mjml>", body_text_template="{{ offer.name }} {{ own_words }}",
    )  # fmt: skip


CHANGES: dict[str, Change] = {
    "subject": new_subject,
    "another template of its kind": another_template,
    "footer": lambda session: update_brand(session, ADMIN, None, {"footer_text": "Nobody has looked at this"}),
    "sender": lambda session: update_brand(session, ADMIN, None, {"from_name": "Somebody else"}),
    "where links lead": lambda session: update_brand(session, ADMIN, None, {"website_url": "https://else.example.com"}),
    "disclaimer": lambda session: save_settings(session, ADMIN, ComplianceSettings, {"disclaimer": "Drink no more"}),
    "codes": lambda session: choose_codes(session, DANA, steady_ids(1, "campaign")[0], 10, None),
    "hours": lambda session: save_settings(session, ADMIN, ComplianceSettings, {"email_window_end": "21:00"}),
}


async def waiting(session: AsyncSession) -> tuple[UUID, UUID]:
    """A campaign that waits for approval, and its plan."""
    campaign = await plain_shop(session, 40)
    await shipped_templates(session)
    plan = await make_plan(session, SYSTEM, campaign)
    await submit_plan(session, DANA, campaign)
    return campaign, plan.id


@pytest.mark.parametrize("name", CHANGES)
async def test_what_is_changed_between_look_and_approval_is_not_approved(session: AsyncSession, name: str) -> None:
    campaign, plan = await waiting(session)
    seen = await read_outlook(session, DANA, campaign)
    await CHANGES[name](session)
    with pytest.raises(Conflict, match="has changed since you looked at it: a message, or the template"):
        await approve_campaign(session, DANA, campaign, plan_id=plan, fingerprint=seen.fingerprint)
    assert (await get_campaign(session, DANA, campaign)).status is CampaignStatus.AWAITING_APPROVAL
    again = await read_outlook(session, DANA, campaign)
    await approve_campaign(session, DANA, campaign, plan_id=plan, fingerprint=again.fingerprint)
    assert (await get_campaign(session, DANA, campaign)).status is CampaignStatus.SCHEDULED


async def test_a_template_of_another_kind_is_nobodys_business(session: AsyncSession) -> None:
    campaign, plan = await waiting(session)
    seen = await read_outlook(session, DANA, campaign)
    other = await template(session, "email", "loyalty")
    await update_template(session, ADMIN, other, {"subject_template": "For others"})
    await approve_campaign(session, DANA, campaign, plan_id=plan, fingerprint=seen.fingerprint)


async def subjects(campaign: UUID) -> set[str]:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT o.subject FROM outbox_messages o JOIN sends s ON s.id = o.send_id WHERE s.campaign_id = :id"),
            {"id": campaign},
        )
        return set(found.scalars())


@pytest.mark.parametrize("change", [new_subject, another_template])
async def test_a_template_changed_after_the_approval_reaches_nobody_of_it(database: str, change: Change) -> None:
    """Its new words went to whoever was still to get a message."""
    campaign, ids = await sending_shop(3)
    async with transaction() as session:
        row = await find_campaign(session, campaign)
        row.approved_wording = (await planned_now(session, campaign)).wording
        before = await session.scalar(text("SELECT current_version_id FROM message_templates WHERE id = :id"),
                                      {"id": await template(session)})  # fmt: skip
    await execute("UPDATE sends SET not_before = not_before + interval '1 hour' WHERE customer_id = :one", one=ids[0])
    pump = Dispatcher()
    await pump.pump_once()
    first = await subjects(campaign)
    async with transaction() as session:
        await change(session)
    await execute("UPDATE sends SET not_before = not_before - interval '1 hour' WHERE customer_id = :one", one=ids[0])
    await Dispatcher().pump_once()
    assert [row.status for row in await sends(campaign)] == ["sent"] * 3
    assert await subjects(campaign) == first
    assert {row.template_version_id for row in await sends(campaign)} == {before}


async def test_what_nobody_approved_is_made_of_what_is_in_use(database: str) -> None:
    campaign, _ = await sending_shop(1)
    async with transaction() as session:
        await new_subject(session)
    await Dispatcher().pump_once()
    assert await subjects(campaign) == {"Nobody has looked at this"}


async def test_autopilot_keeps_the_wording_it_approved(session: AsyncSession) -> None:
    await save_guidance(
        session, SYSTEM, {"weekly_plan": "autopilot", "autopilot_min_profit": "-100000",
                          "autopilot_max_recipients": 1000, "autopilot_max_discount": "10000"},
    )  # fmt: skip
    campaign = await plain_shop(session, 40)
    await shipped_templates(session)
    await make_plan(session, SYSTEM, campaign)
    row = await find_campaign(session, campaign)
    kept = (await planned_now(session, campaign)).wording
    assert (await plan_ready(session, SYSTEM, campaign)).is_autopilot
    await new_subject(session)
    await session.refresh(row)
    assert row.approved_wording is not None
    assert row.approved_wording["templates"] == kept["templates"]
    assert (await planned_now(session, campaign)).wording["templates"] != kept["templates"]


async def standing(session: AsyncSession) -> tuple[UUID, UUID]:
    """A triggered campaign that waits for approval, and its plan."""
    await plain_shop(session, 5)
    await shipped_templates(session)
    await session.execute(text("UPDATE customers SET first_purchase_at = now() - interval '2 days 1 hour'"))
    campaign = await create_campaign(
        session, SYSTEM, name="Welcome", target_segments=["all"], type=CampaignType.TRIGGERED,
        trigger={"kind": "after_first_purchase", "days": 2}, holdout_pct=Decimal(0), start_date=now().date(),
    )  # fmt: skip
    plan = await make_standing_plan(session, SYSTEM, campaign.id)
    await submit_plan(session, DANA, campaign.id)
    return campaign.id, plan.id


async def other_playbook(session: AsyncSession) -> object:
    segment = await session.scalar(text("SELECT id FROM segments WHERE slug = 'all'"))
    offers = [{"name": "Half off", "discount_pct": 15, "text": "Nobody has looked at this"}]
    return await update_segment(session, ADMIN, segment, {"recommended_offers": offers})


async def other_people(session: AsyncSession) -> object:
    segment = await session.scalar(text("SELECT id FROM segments WHERE slug = 'all'"))
    rules = {"all": [{"field": "purchase_frequency", "op": "gte", "value": 0}]}
    return await update_segment(session, ADMIN, segment, {"rules": rules})


async def a_pin(session: AsyncSession) -> object:
    offer = await session.scalar(text("SELECT recommended_offers -> 0 ->> 'name' FROM segments WHERE slug = 'all'"))
    return await add_rule(
        session, ADMIN, effect=RuleEffect.PIN, segment="all", offer=offer, channel="email", reason="As promised"
    )


STANDING: dict[str, Change] = {
    "subject": new_subject, "playbook": other_playbook, "people": other_people, "pin": a_pin,
}  # fmt: skip


@pytest.mark.parametrize("name", [*STANDING, "share drawn at random"])
async def test_a_standing_campaign_is_approved_with_the_playbooks_that_were_looked_at(
    session: AsyncSession, name: str
) -> None:
    campaign, plan = await standing(session)
    seen = await read_outlook(session, DANA, campaign)
    change = STANDING.get(name, lambda s: save_settings(s, ADMIN, PlanningSettings, {"explore_pct": 50}))
    await change(session)
    with pytest.raises(Conflict, match="has changed since you looked at it"):
        await approve_campaign(session, DANA, campaign, plan_id=plan, fingerprint=seen.fingerprint)


@pytest.mark.parametrize("name", STANDING)
async def test_a_standing_campaign_whose_playbook_changed_waits_for_a_look(session: AsyncSession, name: str) -> None:
    """It wrote by the new one for up to a year, though nobody had approved that."""
    campaign, _ = await standing(session)
    await approve_seen(session, DANA, campaign)
    await start_campaign(session, DANA, campaign)
    await session.execute(
        text("UPDATE campaigns SET started_at = :at WHERE id = :id"),
        {"id": campaign, "at": now() - timedelta(days=1)},
    )
    await STANDING[name](session)
    fired = await fire(session, SYSTEM, campaign)
    assert (fired.seen, fired.planned) == (0, 0)
    row = await find_campaign(session, campaign)
    await session.refresh(row)
    assert (row.status, row.pause_reason) == (CampaignStatus.PAUSED, CHANGED_SINCE)
    assert await session.scalar(text("SELECT count(*) FROM actions")) == 0
    await resume_campaign(session, DANA, campaign)
    assert (await fire(session, SYSTEM, campaign)).seen == 5


async def test_what_changed_once_more_is_looked_at_once_more(session: AsyncSession) -> None:
    campaign, _ = await standing(session)
    await approve_seen(session, DANA, campaign)
    await start_campaign(session, DANA, campaign)
    await new_subject(session)
    await fire(session, SYSTEM, campaign)
    await other_playbook(session)
    await resume_campaign(session, DANA, campaign)
    await fire(session, SYSTEM, campaign)
    row = await find_campaign(session, campaign)
    await session.refresh(row)
    assert (row.status, row.pause_reason) == (CampaignStatus.PAUSED, CHANGED_SINCE)


async def test_a_pause_for_another_reason_takes_up_no_template(session: AsyncSession) -> None:
    """Of a week that was looked at message by message, nothing else goes out."""
    campaign, _ = await waiting(session)
    await approve_seen(session, DANA, campaign)
    await start_campaign(session, DANA, campaign)
    row = await find_campaign(session, campaign)
    await session.refresh(row)
    kept = row.approved_wording
    await new_subject(session)
    await pause_campaign(session, DANA, campaign)
    await resume_campaign(session, DANA, campaign)
    await session.refresh(row)
    assert row.approved_wording == kept is not None
