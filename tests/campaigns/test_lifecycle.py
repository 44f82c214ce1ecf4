"""A campaign's life: what may follow what, who may do it, and that nothing is half done."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.campaigns import lifecycle
from liquor_app.campaigns.lists import list_campaigns
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.campaigns.service import (
    create_campaign,
    delete_campaign,
    get_campaign,
    request_plan,
    update_campaign,
)
from liquor_app.core import queue
from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid
from liquor_app.core.listing.spec import ListQuery
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import Job
from liquor_app.planning.approval.approve_campaign import submit_plan
from liquor_app.planning.approval.autopilot import plan_ready
from liquor_app.planning.due_campaigns import start_due
from liquor_app.planning.tasks import TASKS
from liquor_app.segments.reach import estimate_reach
from liquor_app.segments.service import refresh_segments
from liquor_app.sending.sandbox_play import play_week
from tests.factories import approve_seen
from tests.kept_rows import shipped_segments
from tests.people import add_campaign, add_customer, add_purchase, ensure_shop

pytestmark = pytest.mark.integration

VIEWER = Actor(ActorKind.USER, None, "Viewer", Role.USER)


async def _shop(people: int = 12) -> None:
    async with transaction() as session:
        await ensure_shop(session)
        await shipped_segments(session)
        for number in range(people):
            customer = await add_customer(session, rfm_segment="At_Risk")
            await add_purchase(session, customer, days_ago=41 + number)
        await refresh_segments(session, SYSTEM)


async def _planned() -> UUID:
    """A campaign whose plan waits for approval, made by the very job the worker runs."""
    await _shop()
    async with transaction() as session:
        biggest = await session.execute(
            text("SELECT slug FROM segments WHERE customer_count > 0 ORDER BY customer_count DESC, slug LIMIT 1")
        )
        campaign = await create_campaign(session, SYSTEM, name="Win-back", target_segments=[biggest.scalar_one()])
        job = await request_plan(session, SYSTEM, campaign.id)
        assert await request_plan(session, SYSTEM, campaign.id) == job
    assert await queue.run(job, TASKS) is JobStatus.SUCCEEDED
    return campaign.id


async def _status(campaign_id: UUID) -> CampaignStatus:
    async with transaction() as session:
        return (await get_campaign(session, SYSTEM, campaign_id)).status


async def _jobs(name: Job) -> int:
    async with transaction() as session:
        found = await session.execute(text("SELECT count(*) FROM jobs WHERE name = :name"), {"name": name.value})
        return int(found.scalar_one())


async def test_from_draft_to_cancelled(database: str) -> None:
    campaign = await _planned()
    assert await _status(campaign) is CampaignStatus.AWAITING_APPROVAL
    for verb, expected in (
        (approve_seen, CampaignStatus.SCHEDULED),
        (lifecycle.start_campaign, CampaignStatus.ACTIVE),
        (lifecycle.pause_campaign, CampaignStatus.PAUSED),
        (lifecycle.resume_campaign, CampaignStatus.ACTIVE),
        (lifecycle.cancel_campaign, CampaignStatus.CANCELLED),
    ):
        async with transaction() as session:
            await verb(session, SYSTEM, campaign)
        assert await _status(campaign) is expected
    assert await _jobs(Job.LAUNCH_CAMPAIGN) == 1


async def test_what_a_cancelled_campaign_let_go_is_not_done(database: str) -> None:
    """Before, the page said 100 % of one that had sent nothing."""
    campaign = await _planned()
    async with transaction() as session:
        await approve_seen(session, SYSTEM, campaign)
        await lifecycle.cancel_campaign(session, SYSTEM, campaign)
        row = await get_campaign(session, SYSTEM, campaign)
        let_go = replace(row, total_sends=8, completed_sends=1, failed_sends=1, skipped_sends=6)
    assert (let_go.progress, replace(let_go, status=CampaignStatus.COMPLETED).progress) == (0.25, 1.0)


@pytest.mark.parametrize("evening", [time(20, 5), time(23, 59)])
async def test_case_37_approval_is_open_until_the_last_day_is_over_in_the_shop(database: str, evening: time) -> None:
    """By UTC it closed at seven or eight in the evening of that day."""
    campaign = await _planned()
    async with transaction() as session:
        last = (await get_campaign(session, SYSTEM, campaign)).end_date
    zone = ZoneInfo("America/New_York")
    after = datetime.combine(last + timedelta(days=1), time(0, 1), zone)
    with travel(after), pytest.raises(Conflict, match="is over"):
        async with transaction() as session:
            await approve_seen(session, SYSTEM, campaign)
    with travel(datetime.combine(last, evening, zone)):
        async with transaction() as session:
            await approve_seen(session, SYSTEM, campaign)
    assert await _status(campaign) is CampaignStatus.SCHEDULED


async def test_each_step_is_audited(database: str) -> None:
    campaign = await _planned()
    async with transaction() as session:
        await approve_seen(session, SYSTEM, campaign)
    async with transaction() as session:
        found = await session.execute(
            text("SELECT action FROM audit_log WHERE entity_id = :id ORDER BY at, id"), {"id": campaign}
        )
        actions = list(found.scalars())
    assert {"campaign.created", "campaign.awaiting_approval", "plan.approved", "campaign.scheduled"} <= set(actions)


async def test_steps_out_of_order_change_nothing(database: str) -> None:
    campaign = await _planned()
    for verb in (lifecycle.start_campaign, lifecycle.pause_campaign, lifecycle.resume_campaign):
        with pytest.raises(Conflict):
            async with transaction() as session:
                await verb(session, SYSTEM, campaign)
    assert await _status(campaign) is CampaignStatus.AWAITING_APPROVAL
    assert await _jobs(Job.LAUNCH_CAMPAIGN) == 0


async def test_viewers_change_nothing(database: str) -> None:
    campaign = await _planned()
    for verb in (
        approve_seen,
        lifecycle.start_campaign,
        lifecycle.cancel_campaign,
        lifecycle.send_back,
        request_plan,
        delete_campaign,
    ):
        with pytest.raises(Forbidden):
            async with transaction() as session:
                await verb(session, VIEWER, campaign)
    assert await _status(campaign) is CampaignStatus.AWAITING_APPROVAL


async def test_nothing_is_approved_without_a_plan(database: str) -> None:
    await _shop(2)
    async with transaction() as session:
        campaign = await create_campaign(session, SYSTEM, name="Empty", target_segments=["at_risk"])
        await plan_ready(session, SYSTEM, campaign.id)
    with pytest.raises(Conflict, match="no plan"):
        async with transaction() as session:
            await approve_seen(session, SYSTEM, campaign.id)
    assert await _status(campaign.id) is CampaignStatus.AWAITING_APPROVAL


async def test_editing_the_days_takes_an_approved_campaign_back_to_draft(database: str) -> None:
    campaign = await _planned()
    async with transaction() as session:
        row = await approve_seen(session, SYSTEM, campaign)
        renamed = await update_campaign(session, SYSTEM, campaign, {"name": "Other"}, seen=row.updated_at)
        assert renamed.status is CampaignStatus.SCHEDULED
        moved = await update_campaign(session, SYSTEM, campaign, {"end_date": row.end_date - timedelta(days=1)})
        assert moved.status is CampaignStatus.DRAFT
        with pytest.raises(Conflict, match="meanwhile"):
            await update_campaign(session, SYSTEM, campaign, {"name": "Third"}, seen=row.updated_at)


async def test_only_drafts_are_deleted(database: str) -> None:
    campaign = await _planned()
    with pytest.raises(Conflict, match="Only drafts"):
        async with transaction() as session:
            await delete_campaign(session, SYSTEM, campaign)
    async with transaction() as session:
        await lifecycle.send_back(session, SYSTEM, campaign)
        await delete_campaign(session, SYSTEM, campaign)


async def test_an_approved_campaign_starts_by_itself_on_its_day(database: str) -> None:
    campaign = await _planned()
    async with transaction() as session:
        row = await approve_seen(session, SYSTEM, campaign)
        assert await start_due(session, SYSTEM) == 0
    with travel(now() + timedelta(days=(row.start_date - now().date()).days + 1)):
        async with transaction() as session:
            assert await start_due(session, SYSTEM) == 1
    assert await _status(campaign) is CampaignStatus.ACTIVE


async def test_playing_the_week_needs_the_sandbox_alone(database: str) -> None:
    campaign = await _planned()
    async with transaction() as session:
        await approve_seen(session, SYSTEM, campaign)
        await session.execute(text("INSERT INTO channels (channel, provider) VALUES ('email', 'mailgun')"))
    with pytest.raises(Conflict, match="mailgun"):
        async with transaction() as session:
            await play_week(session, SYSTEM, campaign)
    assert await _status(campaign) is CampaignStatus.SCHEDULED
    async with transaction() as session:
        await session.execute(text("UPDATE channels SET is_enabled = false WHERE provider = 'mailgun'"))
        await play_week(session, SYSTEM, campaign)
    assert await _status(campaign) is CampaignStatus.ACTIVE
    assert await _jobs(Job.PLAY_WEEK) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"target_segments": []}, "target_segments"),
        ({"target_segments": ["no_such"]}, "target_segments"),
        ({"holdout_pct": 51}, "holdout_pct"),
        ({"start_date": now().date(), "end_date": now().date() - timedelta(days=1)}, "end_date"),
        ({"start_date": now().date(), "end_date": now().date() + timedelta(days=60)}, "end_date"),
    ],
)
async def test_bad_drafts_name_the_field(database: str, changes: dict[str, object], field: str) -> None:
    await _shop(1)
    with pytest.raises(Invalid) as caught:
        async with transaction() as session:
            await create_campaign(
                session,
                SYSTEM,
                **{"name": "Week", "target_segments": ["at_risk"], **changes},  # type: ignore[arg-type]
            )
    assert caught.value.field == field


async def test_pages_of_campaigns_hold_each_once(database: str) -> None:
    await _shop(1)
    async with transaction() as session:
        for number in range(7):
            await create_campaign(session, SYSTEM, name=f"Week {number}", target_segments=["at_risk"])
        seen, cursor = [], None
        while True:
            page = await list_campaigns(session, SYSTEM, ListQuery(limit=3, cursor=cursor))
            seen += [row.name for row in page.items]
            assert page.total == 7
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
    assert sorted(seen) == [f"Week {number}" for number in range(7)]


async def test_reach_counts_each_person_once(database: str) -> None:
    await _shop(5)
    async with transaction() as session:
        await add_customer(session, rfm_segment="At_Risk", email_consent=None, sms_consent=None)
        await refresh_segments(session, SYSTEM)
        slugs = list((await session.execute(text("SELECT slug FROM segments WHERE customer_count > 0"))).scalars())
        reach = await estimate_reach(session, SYSTEM, slugs)
        members = await session.execute(text("SELECT count(DISTINCT customer_id) FROM segment_members"))
        assert reach.audience == members.scalar_one()
        assert reach.reachable <= reach.audience
        assert reach.reachable == 5


async def test_case_32_what_never_started_is_not_resumed(database: str) -> None:
    """Before: resuming an approved campaign made it active without a launch, 0 messages for ever."""
    campaign = await _planned()
    async with transaction() as session:
        await approve_seen(session, SYSTEM, campaign)
    with pytest.raises(Conflict, match="scheduled"):
        async with transaction() as session:
            await lifecycle.resume_campaign(session, SYSTEM, campaign)
    assert await _status(campaign) is CampaignStatus.SCHEDULED
    async with transaction() as session:
        await session.execute(text("UPDATE campaigns SET start_date = current_date - 1, end_date = current_date + 6"))
        assert await start_due(session, SYSTEM) == 1, "it starts on its day"
    assert await _status(campaign) is CampaignStatus.ACTIVE
    assert await _jobs(Job.LAUNCH_CAMPAIGN) == 1


VERBS = {
    submit_plan: {"draft"},
    approve_seen: {"awaiting_approval"},
    lifecycle.send_back: {"awaiting_approval", "scheduled"},
    lifecycle.start_campaign: {"scheduled"},
    lifecycle.pause_campaign: {"active"},
    lifecycle.resume_campaign: {"paused"},
    lifecycle.cancel_campaign: {"draft", "awaiting_approval", "scheduled", "active", "paused"},
}


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
async def test_each_verb_begins_where_it_belongs(database: str, verb: Any) -> None:
    """Of every status, and not of another that happens to lead to the same one: starting what is paused is resuming."""
    campaign = await _planned()
    for status in CampaignStatus:
        async with transaction() as session:
            await session.execute(text("UPDATE campaigns SET status = :status"), {"status": status.value})
        try:
            async with transaction() as session:
                await verb(session, SYSTEM, campaign)
        except Conflict:
            moved = False
        else:
            moved = True
        assert moved is (status.value in VERBS[verb]), status
        if not moved:
            assert await _status(campaign) is status


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("completed", "This campaign is over"), ("cancelled", "This campaign is over"),
        ("draft", "Approve this one first"), ("awaiting_approval", "Approve this one first"),
        ("paused", "already runs in real time"),
    ],
)  # fmt: skip
async def test_why_a_week_is_not_played_is_said_as_it_is(database: str, status: str, said: str) -> None:
    """Of a completed campaign it said: "Approve it first"."""
    async with transaction() as session:
        await ensure_shop(session)
        campaign = await add_campaign(session, ["all"])
        await session.execute(text("UPDATE campaigns SET status = :it, started_at = now()"), {"it": status})
        with pytest.raises(Conflict, match=said):
            await play_week(session, SYSTEM, campaign)
