"""What is approved is what was looked at, and nothing else is sent: no plan made meanwhile, nothing forbidden since."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.actions.edit_offer import list_offers, swap_offer
from liquor_app.actions.offering.cell_rules import RuleEffect, undo_rule
from liquor_app.actions.service import skip_action, undo_edit
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.campaigns.service import get_campaign, request_exploration, request_plan, update_campaign
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Invalid
from liquor_app.core.pubsub import hub, publish_now
from liquor_app.core.queue import Job, JobContext
from liquor_app.experiments.ab_tests.models import AbTopic, Measure
from liquor_app.experiments.ab_tests.service import AbAsked, define_ab_test
from liquor_app.organization.models import Channel
from liquor_app.planning import draft_job
from liquor_app.planning.approval.approval_outlook import read_outlook
from liquor_app.planning.approval.approve_campaign import approve_campaign, submit_plan
from liquor_app.planning.draft_job import Drafted, draft_plans
from liquor_app.planning.plan_store import Report, fingerprint_of, get_plan
from liquor_app.screens.campaigns.detail.licence_state import LicenceState
from liquor_app.screens.campaigns.detail.planned_actions_state import ActionsState
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.screens.experiments.ab_test.state import AbTestState
from tests.factories import approve_seen
from tests.planning.test_cell_rules import DANA, PLAIN, TEN, rule, shop
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration
ADMIN = Actor(ActorKind.USER, None, "Ada", Role.ADMIN)
MARKETER = Actor(ActorKind.USER, None, "Dana", Role.MANAGER)


async def quiet(done: int, total: int, words: str) -> None:
    """Nobody watches."""


async def waiting(people: int = 40) -> tuple[UUID, UUID]:
    """A campaign that waits for approval, and its plan."""
    async with transaction() as session:
        campaign = await shop(session, people)
    plan = (await draft_plans(campaign, quiet)).plan.id
    async with transaction() as session:
        await submit_plan(session, DANA, campaign)
    return campaign, plan


async def shown(campaign: UUID, plan: UUID) -> str:
    """What a page shows of it, as `CampaignState.seen`."""
    async with transaction() as session:
        return f"{plan}:{await fingerprint_of(session, campaign)}"


async def current(campaign: UUID) -> tuple[CampaignStatus, UUID | None, int]:
    async with transaction() as session:
        row = await get_campaign(session, DANA, campaign)
        plans = await session.execute(text("SELECT count(*) FROM plans WHERE campaign_id = :id"), {"id": campaign})
        return row.status, row.plan_id, plans.scalar_one()


async def test_a_plan_asked_for_before_an_approval_takes_nobodys_place(database: str) -> None:
    """Asked for, approved, and only then worked out: the new draft took the approved plan's place, and was sent."""
    campaign, plan = await waiting()
    async with transaction() as session:
        await request_plan(session, DANA, campaign)
    async with transaction() as session:
        await approve_seen(session, DANA, campaign)
    with pytest.raises(Conflict, match="scheduled cannot be planned again"):
        await draft_plans(campaign, quiet)
    assert await current(campaign) == (CampaignStatus.SCHEDULED, plan, 1)
    async with transaction() as session:
        kept = await session.execute(text("SELECT DISTINCT plan_id FROM actions WHERE status = 'pending'"))
        assert kept.scalars().all() == [plan]


async def test_a_campaign_changed_while_it_is_planned_is_planned_as_it_is(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who pressed “Plan to learn” while it was planned was told of the plan under way, which was for what the campaign
    had been: it waited for approval with no plan, and none was to come."""
    async with transaction() as session:
        campaign = await shop(session, 40)
        job = await request_plan(session, DANA, campaign)
        await session.execute(text("UPDATE jobs SET status = 'running', attempt = 1 WHERE id = :id"), {"id": job})
    asked: list[UUID] = []

    async def changed(campaign_id: UUID, report: Report) -> Drafted:
        drafted = await draft_plans(campaign_id, report)
        if not asked:
            async with transaction() as session:
                asked.append(await request_exploration(session, DANA, campaign_id))
        return drafted

    monkeypatch.setattr(draft_job, "draft_plans", changed)
    told = await draft_job.generate_campaign(
        JobContext(job, Job.GENERATE_CAMPAIGN, {"campaign_id": str(campaign)}, 1, None)
    )
    assert asked != [job], "what has begun is not joined: another run follows (ADR 158)"
    status, plan, plans = await current(campaign)
    assert plan is not None
    assert (status, str(plan), plans) == (CampaignStatus.AWAITING_APPROVAL, told["plan_id"], 2)
    async with transaction() as session:
        assert (await get_plan(session, DANA, plan)).summary["drawn"], "what was asked for"


async def test_a_campaign_that_is_changed_each_time_is_not_planned_for_ever(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with transaction() as session:
        campaign = await shop(session, 20)
        job = await request_plan(session, DANA, campaign)
        await session.execute(text("UPDATE jobs SET status = 'running', attempt = 1 WHERE id = :id"), {"id": job})
    rounds = 0

    async def changed(campaign_id: UUID, report: Report) -> Drafted:
        nonlocal rounds
        drafted = await draft_plans(campaign_id, report)
        rounds += 1
        async with transaction() as session:
            await update_campaign(session, DANA, campaign_id, {"constraints": {"sms_capacity_per_day": rounds}})
        return drafted

    monkeypatch.setattr(draft_job, "draft_plans", changed)
    with pytest.raises(Conflict, match="changed each time"):
        await draft_job.generate_campaign(
            JobContext(job, Job.GENERATE_CAMPAIGN, {"campaign_id": str(campaign)}, 1, None)
        )
    assert rounds == draft_job.ROUNDS
    assert (await current(campaign))[:2] == (CampaignStatus.DRAFT, None)


async def test_a_plan_nobody_looked_at_is_not_approved(database: str) -> None:
    """Two tabs: one plans again, the other approves what it shows."""
    campaign, seen = await waiting()
    looked = await shown(campaign, seen)
    newer = (await draft_plans(campaign, quiet)).plan.id
    async with transaction() as session:
        with pytest.raises(Conflict, match="newer plan has replaced"):
            await approve_campaign(session, DANA, campaign, plan_id=seen, fingerprint=looked.partition(":")[2])
    assert (await current(campaign))[:2] == (CampaignStatus.AWAITING_APPROVAL, newer)
    state = await Tab(f"/campaigns/{campaign}", MARKETER).state(CampaignState)
    await run(CampaignState.load, state)
    for verb in ("approve_warned", "approve_anyway"):
        assert "newer plan" in said(await run(CampaignState.approve, state, verb, looked))
    assert (await current(campaign))[0] is CampaignStatus.AWAITING_APPROVAL
    await run(CampaignState.approve, state, "approve_anyway", await shown(campaign, newer))
    assert (await current(campaign))[:2] == (CampaignStatus.SCHEDULED, newer)


async def test_a_licence_said_approves_the_plan_that_was_looked_at(database: str) -> None:
    """The dialog took whatever plan was current when it was stored."""
    campaign, seen = await waiting()
    async with transaction() as session:
        await session.execute(text("UPDATE brands SET licence_state = NULL"))
    tab = Tab(f"/campaigns/{campaign}", ADMIN)
    page, dialog = await tab.state(CampaignState), await tab.state(LicenceState)
    await run(CampaignState.load, page)
    looked = await shown(campaign, seen)
    asked = await run(CampaignState.approve, page, "approve_warned", looked)
    assert looked in str(asked), "the question is of that plan"
    await run(LicenceState.ask, dialog, looked)
    newer = (await draft_plans(campaign, quiet)).plan.id
    assert "newer plan" in said(await run(LicenceState.save, dialog, {"licence_state": "ME"}))
    assert (await current(campaign))[:2] == (CampaignStatus.AWAITING_APPROVAL, newer)
    await run(LicenceState.ask, dialog, await shown(campaign, newer))
    await run(LicenceState.save, dialog, {"licence_state": "ME"})
    assert (await current(campaign))[:2] == (CampaignStatus.SCHEDULED, newer)


async def test_a_licence_said_keeps_what_was_answered_of_the_sender(database: str) -> None:
    """Approved although mailboxes refuse the sender, then asked for the licence: that answer was forgotten, and the
    approval refused."""
    campaign, seen = await waiting()
    async with transaction() as session:
        await session.execute(text("UPDATE brands SET licence_state = NULL"))
        await session.execute(
            text(
                "INSERT INTO sender_checks (domain, provider, verdict, findings, checked_at)"
                " SELECT split_part(from_email, '@', 2), 'smtp', 'wrong', '[]', now() FROM brands LIMIT 1"
            )
        )
    tab = Tab(f"/campaigns/{campaign}", ADMIN)
    page, dialog = await tab.state(CampaignState), await tab.state(LicenceState)
    await run(CampaignState.load, page)
    looked = await shown(campaign, seen)
    for verb, is_kept in ("approve_warned", "false"), ("approve_anyway", "true"):
        assert f"_js_expr='{is_kept}'" in str(await run(CampaignState.approve, page, verb, looked))
    await run(LicenceState.ask, dialog, looked, True)
    await run(LicenceState.save, dialog, {"licence_state": "ME"})
    assert (await current(campaign))[0] is CampaignStatus.SCHEDULED
    async with transaction() as session:
        said_so = await session.execute(text("SELECT 1 FROM audit_log WHERE action = 'campaign.sender_accepted'"))
        assert len(said_so.all()) == 1


async def test_nothing_is_approved_without_saying_which_plan(database: str) -> None:
    """Any client may call any event with any words."""
    campaign, seen = await waiting()
    state = await Tab(f"/campaigns/{campaign}", MARKETER).state(CampaignState)
    await run(CampaignState.load, state)
    for verb in ("approve", "approve_warned", "approve_anyway"):
        assert await run(CampaignState.act, state, verb) is None
        assert "plan" in said(await run(CampaignState.approve, state, verb, ""))
        assert "fingerprint" in said(await run(CampaignState.approve, state, verb, str(seen))), "as it was seen"
    assert (await current(campaign))[:2] == (CampaignStatus.AWAITING_APPROVAL, seen)


def test_every_approval_names_its_plan() -> None:
    """Whatever page, route or command approves a campaign says which plan of it was looked at."""
    calls = [
        (str(path.relative_to(PROJECT_ROOT)), call)
        for path in sorted((PROJECT_ROOT / "liquor_app").rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] == "approve_campaign"
    ]
    assert len(calls) >= 3, "a command, a route, a dialog"
    assert [
        f"{path}:{call.lineno}"
        for path, call in calls
        if not {"plan_id", "fingerprint"} <= {one.arg for one in call.keywords}
    ] == []


async def test_an_open_question_is_closed_when_another_plan_comes(database: str) -> None:
    campaign, _ = await waiting()
    state = await Tab(f"/campaigns/{campaign}", MARKETER).state(CampaignState)
    await run(CampaignState.load, state)
    state.asking = "outlook"
    await draft_plans(campaign, quiet)
    await run(CampaignState.load, state)
    assert state.asking == ""


async def test_an_ab_test_given_since_is_shown_before_it_can_be_approved(database: str) -> None:
    """Two tabs: a colleague's test came, the first tab's question stayed open and it showed no test, but what it would
    approve had it; one click, and subjects nobody had looked at were sent."""
    campaign, plan = await waiting()
    tab = Tab(f"/campaigns/{campaign}", MARKETER)
    page, shown_test = await tab.state(CampaignState), await tab.state(AbTestState)
    await run(CampaignState.load, page)
    await run(AbTestState.load, shown_test)
    looked, page.asking = page.seen, "outlook"
    asked = AbAsked("Sneaky", AbTopic.SUBJECT, Channel.EMAIL, Measure.BOUGHT, ["Nobody has looked at this"])
    async with transaction() as session:
        await define_ab_test(session, DANA, campaign, asked)
    assert "changed since you looked" in said(await run(CampaignState.approve, page, "approve_warned", looked))
    page.asking = "outlook"
    await page._open()  # as its live update does
    assert page.seen not in ("", looked)
    assert page.asking == "", "asked of what is no longer shown"
    assert [line.words for line in shown_test.lines] == [
        "The template's subject, as planned",
        "Nobody has looked at this",
    ]
    await run(CampaignState.approve, page, "approve_anyway", page.seen)
    assert (await current(campaign))[:2] == (CampaignStatus.SCHEDULED, plan)


@asynccontextmanager
async def hearing(topic: str) -> AsyncIterator[asyncio.Queue[dict[str, object]]]:
    """What this process hears of a topic."""
    listening = asyncio.create_task(hub.run())
    try:
        async with hub.subscribe("probe") as probe, hub.subscribe(topic) as heard:
            while probe.empty():  # until it hears, whatever else the machine does
                await publish_now("probe", {})
                await asyncio.sleep(0.02)
            yield heard
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


async def test_a_message_changed_by_hand_is_shown_in_every_tab(database: str) -> None:
    """No tab was told: whoever struck out a message was refused the approval until they loaded the page anew."""
    campaign, plan = await waiting()
    tab = Tab(f"/campaigns/{campaign}", MARKETER)
    page, actions = await tab.state(CampaignState), await tab.state(ActionsState)
    await run(CampaignState.load, page)
    await run(ActionsState.load, actions)
    looked, struck = page.seen, next(line.id for line in actions.rows if line.status == "pending")
    async with hearing(f"campaign:{campaign}") as heard:
        async with transaction() as session:
            await skip_action(session, DANA, UUID(struck))
        await asyncio.wait_for(heard.get(), 10)
        await page._open()  # as its live update does
        assert page.seen not in ("", looked)
        assert struck not in {line.id for line in actions.rows}
        async with transaction() as session:
            await undo_edit(session, DANA, campaign)
        await asyncio.wait_for(heard.get(), 10)
        await page._open()
        assert page.seen == looked
    await run(CampaignState.approve, page, "approve_anyway", page.seen)
    assert (await current(campaign))[:2] == (CampaignStatus.SCHEDULED, plan)


async def test_what_was_forbidden_since_is_not_approved(database: str) -> None:
    """A rule made while the plan waited: its messages went out all the same."""
    campaign, plan = await waiting()
    async with transaction() as session:
        forbidden = await rule(session, RuleEffect.FORBID, TEN)
    async with transaction() as session:
        with pytest.raises(Conflict, match=f"Forbidden: {TEN} by e-mail to All .* Plan again, or take the rule back"):
            await approve_seen(session, DANA, campaign)
    async with transaction() as session:
        await undo_rule(session, DANA, forbidden)
        await approve_seen(session, DANA, campaign)
    assert (await current(campaign))[:2] == (CampaignStatus.SCHEDULED, plan)


async def test_a_forbidden_offer_is_given_by_no_hand(database: str) -> None:
    campaign, _ = await waiting()
    async with transaction() as session:
        found = await session.execute(
            text("SELECT id FROM actions WHERE campaign_id = :id AND channel = 'email' AND status = 'pending'"
                 " AND offer_terms ->> 'name' = :ten LIMIT 1"), {"id": campaign, "ten": TEN},
        )  # fmt: skip
        action = found.scalar_one()
        assert {TEN, PLAIN} <= {one.name for one in await list_offers(session, DANA, action)}
        await rule(session, RuleEffect.FORBID, PLAIN)
        await rule(session, RuleEffect.FORBID, TEN, "sms")
        assert PLAIN not in {one.name for one in await list_offers(session, DANA, action)}
        assert TEN in {one.name for one in await list_offers(session, DANA, action)}, "by another channel alone"
        with pytest.raises(Invalid, match="is none of"):
            await swap_offer(session, DANA, action, PLAIN)


async def test_a_message_changed_by_hand_since_is_not_approved_unseen(database: str) -> None:
    """The plan kept its id while a colleague took an offer up: what nobody had looked at was approved, and sent."""
    campaign, plan = await waiting()
    page = await Tab(f"/campaigns/{campaign}", MARKETER).state(CampaignState)
    await run(CampaignState.load, page)
    async with transaction() as session:
        seen = await read_outlook(session, DANA, campaign)
        found = await session.execute(
            text("SELECT id, offer_terms ->> 'name' AS offer FROM actions WHERE campaign_id = :id AND status ="
                 " 'pending' AND channel = 'email' ORDER BY id LIMIT 1"), {"id": campaign},
        )  # fmt: skip
        action, offer = found.one()
        other = next(one.name for one in await list_offers(session, DANA, action) if one.name != offer)
        await swap_offer(session, DANA, action, other)
    async with transaction() as session:
        with pytest.raises(Conflict, match="changed since you looked at it"):
            await approve_campaign(session, DANA, campaign, plan_id=plan, fingerprint=seen.fingerprint)
    for verb in ("approve_warned", "approve_anyway"):
        assert "changed since you looked at it" in said(await run(CampaignState.approve, page, verb, page.seen))
    assert (await current(campaign))[0] is CampaignStatus.AWAITING_APPROVAL
    await run(CampaignState.load, page)
    await run(CampaignState.approve, page, "approve_anyway", page.seen)
    assert (await current(campaign))[:2] == (CampaignStatus.SCHEDULED, plan)
