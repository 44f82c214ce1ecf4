"""The draw in the database: the same people as in Python, drawn once, and what their purchases show."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.actions.service import generate_actions
from liquor_app.core.clock import now
from liquor_app.core.errors import Forbidden, NotFound
from liquor_app.core.holdout_draw import is_held_out
from liquor_app.core.ids import uuid7
from liquor_app.experiments.service import draw_holdout, holdout_result
from liquor_app.experiments.statistics import check_split
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, add_purchase, steady_ids

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)


async def campaign_with(session: AsyncSession, people: int, holdout: int) -> tuple[UUID, list[UUID]]:
    ids = [await add_customer(session, id=one) for one in steady_ids(people)]
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}})
    await refresh_segments(session, SYSTEM)
    (own,) = steady_ids(1, "campaign")
    campaign = await add_campaign(session, ["all"], id=own, holdout_pct=Decimal(holdout))
    await generate_actions(session, SYSTEM, campaign)
    return campaign, ids


async def held(session: AsyncSession, campaign: UUID) -> set[UUID]:
    found = await session.execute(
        text("SELECT DISTINCT customer_id FROM actions WHERE campaign_id = :id AND status = 'held_out'"),
        {"id": campaign},
    )
    return set(found.scalars())


async def test_sql_and_python_draw_the_same_people_every_time(session: AsyncSession) -> None:
    campaign, people = await campaign_with(session, 60, 30)
    first = await draw_holdout(session, SYSTEM, campaign)
    expected = {person for person in people if is_held_out(first.seed, person, 0.3)}
    assert await held(session, campaign) == expected
    assert (first.held_out, first.contacted) == (len(expected), 60 - len(expected))
    assert 0 < len(expected) < 60

    again = await draw_holdout(session, SYSTEM, campaign)
    assert (again.held_out, again.contacted) == (first.held_out, first.contacted)
    assert await held(session, campaign) == expected

    other = await add_campaign(session, ["all"], holdout_pct=Decimal(30), name="Other")
    await generate_actions(session, SYSTEM, other)
    await draw_holdout(session, SYSTEM, other)
    assert await held(session, other) != expected, "the unlucky of one campaign are not the unlucky of the next"


async def test_no_holdout_no_experiment(session: AsyncSession) -> None:
    campaign, _ = await campaign_with(session, 3, 0)
    drawn = await draw_holdout(session, SYSTEM, campaign)
    assert (drawn.experiment_id, drawn.contacted, drawn.held_out) == (None, 3, 0)
    assert (await session.execute(text("SELECT count(*) FROM experiments"))).scalar_one() == 0
    assert await holdout_result(session, VIEWER, campaign) is None


async def test_after_approval_people_are_only_added(session: AsyncSession) -> None:
    campaign, _ = await campaign_with(session, 30, 50)
    first = await draw_holdout(session, SYSTEM, campaign)
    await session.execute(text("UPDATE campaigns SET status = 'active'"))
    late = await add_customer(session)
    await refresh_segments(session, SYSTEM)
    await generate_actions(session, SYSTEM, campaign)
    second = await draw_holdout(session, SYSTEM, campaign)
    assert second.experiment_id == first.experiment_id
    assert second.held_out + second.contacted == 31
    assert (late in await held(session, campaign)) == is_held_out(first.seed, late, 0.5)


async def test_results_compare_everybody_drawn(session: AsyncSession) -> None:
    campaign, people = await campaign_with(session, 40, 50)
    drawn = await draw_holdout(session, SYSTEM, campaign)
    await session.execute(
        text("UPDATE campaigns SET status = 'active', started_at = :at"), {"at": now() - timedelta(days=2)}
    )
    control = {person for person in people if is_held_out(drawn.seed, person, 0.5)}
    for person in people:
        if person not in control:
            await add_purchase(session, person, days_ago=1)
        await add_purchase(session, person, days_ago=5)
    result = await holdout_result(session, VIEWER, campaign)
    assert result is not None
    assert result.bought.contacted.mean == 1.0
    assert result.bought.held_out.mean == 0.0
    assert result.revenue.difference == pytest.approx(20)
    assert result.split == check_split([40 - len(control), len(control)], [0.5, 0.5])


async def give_back(session: AsyncSession, person: UUID, amount: int, *, days_ago: float) -> None:
    await session.execute(
        text("INSERT INTO purchases (customer_id, occurred_at, total) VALUES (:id, :at, :total)"),
        {"id": person, "at": now() - timedelta(days=days_ago), "total": -amount},
    )


async def test_what_came_back_is_no_revenue_and_a_return_alone_no_buyer(session: AsyncSession) -> None:
    campaign, people = await campaign_with(session, 40, 50)
    drawn = await draw_holdout(session, SYSTEM, campaign)
    await session.execute(
        text("UPDATE campaigns SET status = 'active', started_at = :at"), {"at": now() - timedelta(days=5)}
    )
    control = sorted(person for person in people if is_held_out(drawn.seed, person, 0.5))
    contacted = sorted(set(people) - set(control))
    for person in contacted:
        await add_purchase(session, person, days_ago=3)
    await give_back(session, contacted[0], 20, days_ago=1)  # all of it
    await give_back(session, contacted[1], 5, days_ago=1)  # in part
    await give_back(session, control[0], 8, days_ago=1)  # of what was bought before the campaign
    result = await holdout_result(session, VIEWER, campaign)
    assert result is not None
    assert result.revenue.contacted.mean == pytest.approx((20 * len(contacted) - 25) / len(contacted))
    assert result.revenue.held_out.mean == pytest.approx(-8 / len(control))
    assert (result.bought.contacted.mean, result.bought.held_out.mean) == (1.0, 0.0)


async def test_a_campaign_is_measured_until_the_shops_own_midnight(session: AsyncSession) -> None:
    campaign, people = await campaign_with(session, 20, 50)
    drawn = await draw_holdout(session, SYSTEM, campaign)
    ended = (await session.execute(text("SELECT end_date FROM campaigns"))).scalar_one() + timedelta(days=8)
    midnight = datetime(ended.year, ended.month, ended.day, tzinfo=ZoneInfo("America/New_York"))
    await session.execute(
        text("UPDATE campaigns SET status = 'active', started_at = :at"), {"at": now() - timedelta(days=2)}
    )
    contacted = next(person for person in people if not is_held_out(drawn.seed, person, 0.5))
    held_back = next(person for person in people if is_held_out(drawn.seed, person, 0.5))
    for person, at in ((contacted, midnight - timedelta(minutes=1)), (held_back, midnight)):
        await session.execute(
            text("INSERT INTO purchases (customer_id, occurred_at, total) VALUES (:id, :at, 20)"),
            {"id": person, "at": at},
        )
    result = await holdout_result(session, VIEWER, campaign)
    assert result is not None
    assert result.bought.contacted.mean > 0
    assert result.bought.held_out.mean == 0


async def test_refusals(session: AsyncSession) -> None:
    with pytest.raises(NotFound):
        await draw_holdout(session, SYSTEM, uuid7())
    with pytest.raises(Forbidden):
        await draw_holdout(session, VIEWER, uuid7())
