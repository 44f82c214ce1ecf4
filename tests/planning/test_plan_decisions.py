"""What a plan decides of actions goes by the table of what may follow what: all of it, or none."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.models import ACTION, ActionStatus
from liquor_app.actions.plan_decisions import (
    Decision,
    apply_decisions,
    copy_decisions,
    reopen_actions,
    stage_decisions,
)
from liquor_app.campaigns.service import create_campaign
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict
from liquor_app.core.ids import uuid7
from liquor_app.planning.models import PLAN, PlanStatus
from liquor_app.planning.plan_status import put_back, record_approval
from liquor_app.planning.plan_store import get_plan
from tests.kept_rows import shipped_segments
from tests.people import add_customer, ensure_shop

pytestmark = pytest.mark.integration


async def _action_of_each_status(session: AsyncSession) -> tuple[UUID, dict[ActionStatus, UUID]]:
    """A campaign with one action of every status there is."""
    await ensure_shop(session)
    await shipped_segments(session)
    campaign = await create_campaign(session, SYSTEM, name="Any", target_segments=["at_risk"])
    made = {}
    for status in ActionStatus:
        customer = await add_customer(session)
        found = await session.execute(
            text(
                "INSERT INTO actions (campaign_id, customer_id, segment_slug, offer, status, scheduled_date)"
                " VALUES (:campaign, :customer, 'at_risk', '10% off', :status, :day) RETURNING id"
            ),
            {"campaign": campaign.id, "customer": customer, "status": status.value, "day": now().date()},
        )
        made[status] = found.scalar_one()
    return campaign.id, made


async def _statuses(session: AsyncSession, campaign: UUID) -> dict[UUID, str]:
    found = await session.execute(text("SELECT id, status FROM actions WHERE campaign_id = :id"), {"id": campaign})
    return {row.id: row.status for row in found}


async def _decide(decisions: list[Decision]) -> None:
    async with transaction() as session:
        await stage_decisions(session)
        await copy_decisions(session, decisions)
        await apply_decisions(session, uuid7())


@pytest.mark.parametrize("new", [ActionStatus.PENDING, ActionStatus.SKIPPED])
async def test_a_plan_decides_only_what_the_table_allows(database: str, new: ActionStatus) -> None:
    async with transaction() as session:
        campaign, actions = await _action_of_each_status(session)
    for old, action in actions.items():
        allowed = old is new or ACTION.allows(old, new)
        try:
            await _decide([Decision(action, new)])
        except Conflict:
            moved = False
        else:
            moved = True
        assert moved is allowed, old
    async with transaction() as session:
        after = await _statuses(session, campaign)
    for old, action in actions.items():
        assert after[action] == (new if ACTION.allows(old, new) else old)


async def test_one_decision_that_cannot_be_undoes_all(database: str) -> None:
    async with transaction() as session:
        campaign, actions = await _action_of_each_status(session)
    before = {action: status.value for status, action in actions.items()}
    both = [Decision(actions[one], ActionStatus.PENDING) for one in (ActionStatus.PROPOSED, ActionStatus.SENT)]
    with pytest.raises(Conflict, match="Plan again"):
        await _decide(both)
    async with transaction() as session:
        assert await _statuses(session, campaign) == before


async def test_what_is_in_the_ledger_is_not_reopened(database: str) -> None:
    async with transaction() as session:
        campaign, actions = await _action_of_each_status(session)
        today = now().date()
        # asked for more than it may
        await reopen_actions(session, campaign, list(ActionStatus), keep=(today, today))
        after = await _statuses(session, campaign)
    for old, action in actions.items():
        assert after[action] == (ActionStatus.PROPOSED if ACTION.allows(old, ActionStatus.PROPOSED) else old)


@pytest.mark.parametrize("was", PlanStatus)
async def test_plans_move_by_their_table(database: str, was: PlanStatus) -> None:
    async with transaction() as session:
        campaign, _ = await _action_of_each_status(session)
        plan = uuid7()
        await session.execute(
            text("INSERT INTO plans (id, campaign_id, version, status) VALUES (:id, :campaign, 1, :status)"),
            {"id": plan, "campaign": campaign, "status": was.value},
        )
    for new in (PlanStatus.APPROVED, PlanStatus.DRAFT):
        try:
            async with transaction() as session:
                if new is PlanStatus.APPROVED:
                    await record_approval(session, await get_plan(session, SYSTEM, plan), was)
                else:
                    await put_back(session, campaign, plan, was)
                found = await session.execute(text("SELECT status FROM plans WHERE id = :id"), {"id": plan})
                assert found.scalar_one() == new
                await session.execute(
                    text("UPDATE plans SET status = :status WHERE id = :id"), {"id": plan, "status": was.value}
                )
        except Conflict:
            moved = False
        else:
            moved = True
        assert moved is PLAN.allows(was, new), (was, new)
