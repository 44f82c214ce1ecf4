"""Triggered campaigns: what happens makes actions, once for each customer, under every limit, on the same ledger."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.campaigns.lifecycle import start_campaign
from liquor_app.campaigns.models import CampaignStatus, CampaignType, Engine
from liquor_app.campaigns.service import create_campaign, get_campaign, request_plan, update_campaign
from liquor_app.core import queue
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid
from liquor_app.core.models import JobStatus
from liquor_app.planning.due_campaigns import request_firings
from liquor_app.planning.service import fire, make_standing_plan
from liquor_app.planning.tasks import TASKS
from liquor_app.segments.service import create_segment, refresh_segments
from liquor_app.sending.tasks import TASKS as SENDING
from tests.factories import approve_seen, open_shop
from tests.people import add_campaign, add_customer, add_send, believe

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)


async def shop(session: AsyncSession, people: int = 4, **columns: Any) -> list[UUID]:
    await open_shop(session)
    ids = [await add_customer(session, **columns) for _ in range(people)]
    await believe(session)
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}})
    await refresh_segments(session, SYSTEM)
    return ids


async def standing(session: AsyncSession, trigger: dict[str, Any], **columns: Any) -> UUID:
    """A running triggered campaign, started a week ago."""
    row = await create_campaign(
        session, SYSTEM, name="Standing", target_segments=["all"], type=CampaignType.TRIGGERED, trigger=trigger,
        holdout_pct=Decimal(0), **columns,
    )  # fmt: skip
    plan = await make_standing_plan(session, SYSTEM, row.id)
    await session.execute(
        text(
            "UPDATE campaigns SET status = 'active', started_at = :at, start_date = start_date - 8, plan_id = :plan"
            " WHERE id = :id"
        ),
        {"id": row.id, "at": now() - timedelta(days=7), "plan": plan.id},
    )
    return row.id


async def count(session: AsyncSession, sql: str, **params: Any) -> Any:
    return (await session.execute(text(sql), params)).scalar_one()


async def test_an_event_makes_one_action_once(session: AsyncSession) -> None:
    people = await shop(session)
    campaign = await standing(session, {"kind": "event", "event": "cart_left"})
    assert (await fire(session, SYSTEM, campaign)).seen == 0
    for who, hours in ((people[0], 2), (people[0], 1), (people[1], 3), (people[2], 24 * 9)):
        await session.execute(
            text(
                "INSERT INTO analytics_events (customer_id, event_type, occurred_at)"
                " VALUES (:who, 'cart_left', now() - make_interval(hours => :hours))"
            ),
            {"who": who, "hours": hours},
        )
    with pytest.raises(Forbidden):
        await fire(session, VIEWER, campaign)
    fired = await fire(session, SYSTEM, campaign)
    assert (fired.seen, fired.planned) == (2, 2)
    rows = (await session.execute(text("SELECT customer_id, status, scheduled_date FROM actions"))).all()
    assert {row.customer_id for row in rows if row.status == "pending"} == set(people[:2]), "nine days ago is too late"
    assert all((row.scheduled_date - now().date()).days <= 3 for row in rows)
    assert (await fire(session, SYSTEM, campaign)).seen == 0, "once for each customer"
    await session.execute(
        text("INSERT INTO analytics_events (customer_id, event_type) VALUES (:who, 'cart_left')"), {"who": people[0]}
    )
    assert (await fire(session, SYSTEM, campaign)).seen == 0


async def test_caps_and_reasons_are_those_of_every_campaign(session: AsyncSession) -> None:
    open_, tired, silent = await shop(session, 3)
    for days_ago in (1, 2, 3):
        await add_send(session, tired, days_ago=days_ago)
    await session.execute(
        text("UPDATE customers SET email_consent = NULL, sms_consent = NULL WHERE id = :id"), {"id": silent}
    )
    await session.execute(text("UPDATE customers SET first_purchase_at = now() - interval '14 days 1 hour'"))
    campaign = await standing(session, {"kind": "after_first_purchase", "days": 14})
    fired = await fire(session, SYSTEM, campaign)
    assert (fired.seen, fired.planned) == (3, 1)
    outcomes = await session.execute(text("SELECT customer_id, outcome FROM trigger_firings"))
    assert {row.customer_id: row.outcome for row in outcomes} == {
        open_: "planned",
        tired: "excluded",
        silent: "excluded",
    }
    told = await session.execute(text("SELECT customer_id, reason FROM exclusions"))
    assert {row.customer_id: row.reason for row in told} == {tired: "cap_reached", silent: "no_consent"}


@pytest.mark.parametrize("kind", ["segment_entered", "purchase_overdue"])
async def test_other_occasions(session: AsyncSession, kind: str) -> None:
    people = await shop(session, 3)
    await session.execute(text("UPDATE segment_changes SET at = now() - interval '20 days'"))
    trigger = {"kind": kind, **({"segment": "all"} if kind == "segment_entered" else {"days": 3})}
    campaign = await standing(session, trigger)
    if kind == "segment_entered":
        await session.execute(
            text("UPDATE segment_changes SET at = now() - interval '1 hour' WHERE customer_id = :id"), {"id": people[0]}
        )
    else:
        await session.execute(
            text("UPDATE customers SET next_purchase_at = now() - interval '3 days 1 hour' WHERE id = :id"),
            {"id": people[0]},
        )
    fired = await fire(session, SYSTEM, campaign)
    assert (fired.seen, fired.planned) == (1, 1)


async def test_a_standing_plan_tries_the_last_week_out_and_plans_nobody(session: AsyncSession) -> None:
    await shop(session, 5)
    await session.execute(text("UPDATE customers SET first_purchase_at = now() - interval '5 days'"))
    campaign = await create_campaign(
        session, SYSTEM, name="Welcome", target_segments=["all"], type=CampaignType.TRIGGERED,
        trigger={"kind": "after_first_purchase", "days": 1},
    )  # fmt: skip
    assert (campaign.end_date - campaign.start_date).days == 365
    plan = await make_standing_plan(session, SYSTEM, campaign.id)
    assert plan.summary["standing"] == {"trigger": "1 day after the first purchase", "occasions": 5, "days": 7}
    assert plan.summary["totals"]["sends"] + plan.summary["totals"]["held_out"] == 5
    for table in ("actions", "exclusions", "trigger_firings", "experiments"):
        assert await count(session, f"SELECT count(*) FROM {table}") == 0


async def test_from_draft_to_the_ledger_by_jobs(database: str) -> None:
    async with transaction() as session:
        people = await shop(session, 3, first_purchase_at=now() - timedelta(days=2, hours=1))
        campaign = await create_campaign(
            session, SYSTEM, name="Welcome", target_segments=["all"], type=CampaignType.TRIGGERED,
            trigger={"kind": "after_first_purchase", "days": 2}, holdout_pct=Decimal(0), start_date=now().date(),
        )  # fmt: skip
        job = await request_plan(session, SYSTEM, campaign.id)
    assert await queue.run(job, TASKS) is JobStatus.SUCCEEDED
    async with transaction() as session:
        await approve_seen(session, SYSTEM, campaign.id)
        await start_campaign(session, SYSTEM, campaign.id)
        # what happened before it ran is not its business
        await session.execute(text("UPDATE campaigns SET started_at = now() - interval '1 day'"))
        assert await request_firings(session) == 1
        assert await request_firings(session) == 1, "asking twice asks once"
    for name, most in (("fire_trigger", 1), ("launch_campaign", 1)):
        async with transaction() as session:
            jobs = await session.execute(
                text("SELECT id FROM jobs WHERE name = :name AND status = 'queued'"), {"name": name}
            )
            waiting = list(jobs.scalars())
        assert len(waiting) == most
        for one in waiting:
            assert await queue.run(one, {**TASKS, **SENDING}) is JobStatus.SUCCEEDED
    async with transaction() as session:
        sends = await session.execute(text("SELECT customer_id FROM sends WHERE status = 'pending'"))
        assert set(sends.scalars()) == set(people)
        assert (await get_campaign(session, SYSTEM, campaign.id)).status is CampaignStatus.ACTIVE


async def test_bad_triggers_are_named(session: AsyncSession) -> None:
    await shop(session, 1)
    for trigger, field in (
        (None, "trigger"),
        ({"kind": "moon"}, "trigger.kind"),
        ({"kind": "event"}, "trigger"),
        ({"kind": "event", "event": "x'; DROP TABLE sends"}, "trigger.event"),
        ({"kind": "segment_entered", "segment": "nobody"}, "trigger.segment"),
        ({"kind": "purchase_overdue", "days": -1}, "trigger.days"),
        ({"kind": "purchase_overdue", "segment": "all"}, "trigger"),
    ):
        with pytest.raises(Invalid) as refused:
            await create_campaign(
                session, SYSTEM, name="x", target_segments=["all"], type=CampaignType.TRIGGERED, trigger=trigger
            )
        assert str(refused.value.field).startswith(field)
    with pytest.raises(Invalid):
        await create_campaign(session, SYSTEM, name="x", target_segments=["all"], trigger={"kind": "event"})
    for engine in (Engine.LLM, Engine.MANUAL):
        with pytest.raises(Invalid, match="planned by the optimiser"):
            await create_campaign(
                session, SYSTEM, name="x", target_segments=["all"], type=CampaignType.TRIGGERED, engine=engine,
                trigger={"kind": "after_first_purchase", "days": 3},
            )  # fmt: skip
    row = await create_campaign(session, SYSTEM, name="x", target_segments=["all"], engine=Engine.LLM)
    with pytest.raises(Invalid, match="planned by the optimiser") as refused:
        await update_campaign(
            session, SYSTEM, row.id,
            {"type": CampaignType.TRIGGERED, "trigger": {"kind": "after_first_purchase", "days": 3}},
        )  # fmt: skip
    assert refused.value.field == "engine"
    weekly = await add_campaign(session, ["all"], status="active")
    with pytest.raises(Conflict):
        await fire(session, SYSTEM, weekly)
