"""From the press of the button to the plan, or to why there is none, the page says that it is planned."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.campaigns.service import update_campaign
from liquor_app.core import queue
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict
from liquor_app.core.queue import Job, JobContext
from liquor_app.planning.draft_plan import make_plan
from liquor_app.screens.campaigns.detail.state import CampaignState
from tests.planning.test_cell_rules import DANA, shop
from tests.tabs import Tab, run
from worker.settings import TASKS

pytestmark = pytest.mark.integration


async def waiting() -> UUID:
    async with transaction() as session:
        found = await session.scalar(text("SELECT id FROM jobs WHERE name = 'generate_campaign' AND status = 'queued'"))
        return UUID(str(found))


@pytest.mark.parametrize("verb", ["plan", "explore"])
async def test_it_is_told_until_the_plan_stands(database: str, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """The first hint of the campaign, its change to what is to be learned, put "No plan yet" there."""
    heard: list[str] = []

    async def hear(topic: str, payload: dict[str, Any]) -> None:
        heard.append(topic)

    monkeypatch.setattr(queue, "publish_now", hear)
    async with transaction() as session:
        campaign = await shop(session, 12)
        await make_plan(session, SYSTEM, campaign)
    page = await Tab(f"/campaigns/{campaign}", DANA).state(CampaignState)
    await run(CampaignState.load, page)
    assert (page.busy, page.plan.id != "") == (False, True)
    await run(CampaignState.act, page, verb)
    assert page.busy
    assert (page.plan.id == "") is (verb == "explore"), "what was planned for other wishes is gone"
    await page._open()  # as for any hint
    assert page.busy
    late = await Tab(f"/campaigns/{campaign}", DANA).state(CampaignState)
    await run(CampaignState.load, late)
    assert late.busy, "another tab, or this one read again"

    seen: list[bool] = []

    async def plan(context: JobContext) -> dict[str, Any] | None:
        await page._open()
        seen.append(page.busy)
        told = await TASKS[Job.GENERATE_CAMPAIGN](context)
        await page._open()  # the plan's own hint comes before its job has ended
        seen.append(page.busy)
        return told

    assert await queue.run(await waiting(), {Job.GENERATE_CAMPAIGN: plan}) == "succeeded"
    assert seen == [True, True]
    assert heard[-1] == f"work:generate_campaign:{campaign}", "what the page follows to its end"
    await page._open()
    assert (page.busy, page.plan.id != "") == (False, True)


async def test_planning_that_fails_is_not_told_for_ever(database: str) -> None:
    async with transaction() as session:
        campaign = await shop(session, 2)
        await update_campaign(session, DANA, campaign, {"name": "Another"})
    page = await Tab(f"/campaigns/{campaign}", DANA).state(CampaignState)
    await run(CampaignState.load, page)
    await run(CampaignState.act, page, "plan")

    async def refuse(context: JobContext) -> None:
        raise Conflict("The campaign was changed each time it was planned. Plan again.")

    assert await queue.run(await waiting(), {Job.GENERATE_CAMPAIGN: refuse}) == "failed"
    await page._open()
    assert (page.busy, page.plan.id) == (False, "")
