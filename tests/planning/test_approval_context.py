"""Approving, planning and simulating read each thing they go by once, and pass it down."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.service import generate_actions, skip_action
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.core.clock import now
from liquor_app.organization.guidance import save_guidance
from liquor_app.organization.settings import PlanningSettings, save_settings
from liquor_app.planning.approval.approve_campaign import approve_campaign
from liquor_app.planning.approval.approve_plan import approve_plan
from liquor_app.planning.approval.autopilot import plan_ready
from liquor_app.planning.plan_store import fingerprint_of, get_plan
from liquor_app.planning.service import make_plan, simulate_plan
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, believe, ensure_shop

pytestmark = pytest.mark.integration

ONCE = ("campaigns FOR UPDATE", "guidance_versions", "compliance_rules", "settings:general", "settings:compliance",
        "settings:planning")  # fmt: skip
_FROM = re.compile(r"\bFROM (\w+)")


@contextmanager
def counting(session: AsyncSession) -> Iterator[Counter[str]]:
    """SELECTs meanwhile, by the tables they read; settings by document, campaigns where one is held."""
    seen: Counter[str] = Counter()

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, ____: Any) -> None:
        if not statement.lstrip().startswith("SELECT"):
            return
        for table in set(_FROM.findall(statement)):
            if table == "settings":
                seen.update(f"settings:{key}" for key in parameters.get("keys", [parameters.get("key")]))
            elif table == "campaigns":
                seen["campaigns FOR UPDATE"] += "FOR UPDATE" in statement
            else:
                seen[table] += 1

    engine = session.sync_session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def _campaign(session: AsyncSession, **columns: Any) -> UUID:
    """A campaign for eight people; every settings document and the guidance are written, not only defaults."""
    await ensure_shop(session)
    await save_guidance(session, SYSTEM, {"max_discount_pct": "30"})
    await save_settings(session, SYSTEM, PlanningSettings, {"horizon_days": 61})
    for _ in range(8):
        await add_customer(session, response_likelihood=0.7, avg_order_value=60)
    await believe(session)
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}})
    await refresh_segments(session, SYSTEM)
    return await add_campaign(session, ["all"], **columns)


async def _edited_by_hand(session: AsyncSession) -> tuple[UUID, UUID]:
    """A campaign that waits for approval, changed by hand since its figures were worked out, and overtaken: whatever
    an approval can have to look at, it looks at."""
    campaign = await _campaign(session)
    plan = await make_plan(session, SYSTEM, campaign)
    await plan_ready(session, SYSTEM, campaign)
    found = await session.execute(text("SELECT id FROM actions WHERE status = 'pending' ORDER BY id LIMIT 1"))
    await skip_action(session, SYSTEM, found.scalar_one())
    await add_campaign(session, ["all"], status="scheduled", approved_at=now() + timedelta(minutes=1))
    return campaign, plan.id


async def test_an_approval_reads_everything_once(session: AsyncSession) -> None:
    campaign, plan_id = await _edited_by_hand(session)
    before = await get_plan(session, SYSTEM, plan_id)
    looked = await fingerprint_of(session, campaign)
    with counting(session) as seen:
        row = await approve_campaign(session, SYSTEM, campaign, plan_id=plan_id, fingerprint=looked)
    assert row.status is CampaignStatus.SCHEDULED
    assert {name: seen[name] for name in (*ONCE, "plans", "brands")} == dict.fromkeys((*ONCE, "plans", "brands"), 1)
    after = await get_plan(session, SYSTEM, plan_id)
    assert after.fingerprint != before.fingerprint, "it was worked out anew on the way"
    assert after.summary["totals"]["sends"] == before.summary["totals"]["sends"] - 1


async def test_what_approving_answers_is_what_is_stored(session: AsyncSession) -> None:
    campaign, plan_id = await _edited_by_hand(session)
    approved = await approve_plan(session, SYSTEM, plan_id, fingerprint=await fingerprint_of(session, campaign))
    assert approved == await get_plan(session, SYSTEM, plan_id)


async def test_autopilot_goes_by_one_reading_too(session: AsyncSession) -> None:
    campaign = await _campaign(session)
    await save_guidance(session, SYSTEM, {"weekly_plan": "autopilot", "autopilot_min_profit": "-50"})
    await make_plan(session, SYSTEM, campaign)
    with counting(session) as seen:
        row = await plan_ready(session, SYSTEM, campaign)
    assert row.is_autopilot
    once = ("guidance_versions", "compliance_rules", "settings:general", "settings:compliance", "settings:planning",
            "settings:autopilot", "plans", "brands")  # fmt: skip
    assert {name: seen[name] for name in once} == dict.fromkeys(once, 1)


async def test_planning_reads_everything_once(session: AsyncSession) -> None:
    campaign = await _campaign(session)
    with counting(session) as seen:
        await make_plan(session, SYSTEM, campaign)
    assert {name: seen[name] for name in ONCE} == dict.fromkeys(ONCE, 1)


async def test_proposing_and_simulating_read_everything_once(session: AsyncSession) -> None:
    campaign = await _campaign(session)
    with counting(session) as seen:
        await generate_actions(session, SYSTEM, campaign)
    assert {name: seen[name] for name in ONCE} == dict.fromkeys(ONCE, 1)
    plan = await make_plan(session, SYSTEM, campaign)
    with counting(session) as seen:
        fresh = await simulate_plan(session, SYSTEM, plan.id)
    assert {name: seen[name] for name in (*ONCE, "plans")} == dict.fromkeys((*ONCE, "plans"), 1)
    assert fresh == await get_plan(session, SYSTEM, plan.id)
