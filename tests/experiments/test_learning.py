"""Outcomes become beliefs: recomputed from raw rows, by intention, and what must not teach does not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.actions.offering.belief_basis import ENOUGH_MESSAGES, Basis
from liquor_app.core.clock import now
from liquor_app.core.errors import Forbidden
from liquor_app.experiments.learning import learn, read_groups, read_learning
from liquor_app.planning.draft_plan import make_plan
from liquor_app.scoring.estimators.uplift import PRIOR_MEAN, Cell, Group, fit
from liquor_app.scoring.uplift_store import uplift_in_use
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, add_purchase, deliver, ensure_shop, steady_ids

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
SHOP = ZoneInfo("America/New_York")
OFFER = "A word from the shop"


async def sent_campaign(session: AsyncSession, people: int, *, days_ago: int, **columns: Any) -> UUID:
    """A week that went out to all but the held out, decided at midnight so many days ago."""
    await ensure_shop(session)
    for one in steady_ids(people, f"person {days_ago}"):
        await add_customer(session, id=one)
    slug = (
        await create_segment(
            session, SYSTEM, {"name": f"All {days_ago} {people}", "rules": {"all": []}, "optimal_channels": ["email"]}
        )
    ).slug
    await refresh_segments(session, SYSTEM)
    (campaign,) = steady_ids(1, slug)
    await add_campaign(session, [slug], id=campaign, holdout_pct=Decimal(40), name=slug)
    await make_plan(session, SYSTEM, campaign)
    await session.execute(
        text("UPDATE campaigns SET status = 'completed', started_at = :at WHERE id = :id"),
        {"at": now() - timedelta(days=days_ago), "id": campaign},
    )
    for name, value in columns.items():
        await session.execute(
            text(f"UPDATE campaigns SET {name} = :value WHERE id = :id"), {"value": value, "id": campaign}
        )
    await session.execute(
        text(
            "UPDATE actions SET scheduled_date = :day, send_window = '{}', status = CASE WHEN status = 'pending'"
            " THEN 'sent' ELSE status END WHERE campaign_id = :id"
        ),
        {"day": now().astimezone(SHOP).date() - timedelta(days=days_ago), "id": campaign},
    )
    await deliver(session, campaign)
    return campaign


async def of_arm(session: AsyncSession, campaign: UUID, arm: str) -> list[UUID]:
    found = await session.execute(
        text("SELECT customer_id FROM actions WHERE campaign_id = :id AND arm = :arm ORDER BY 1"),
        {"id": campaign, "arm": arm},
    )
    return list(found.scalars())


async def test_what_is_learned_is_what_the_raw_rows_say(session: AsyncSession) -> None:
    campaign = await sent_campaign(session, 60, days_ago=12)
    written, held = await of_arm(session, campaign, "agent"), await of_arm(session, campaign, "holdout")
    for person in written[:20]:
        await add_purchase(session, person, days_ago=10)
    await add_purchase(session, held[0], days_ago=10)
    await add_purchase(session, held[1], days_ago=2)  # after the week
    await add_purchase(session, written[-1], days_ago=20)  # before it
    groups, _ = await read_groups(session)
    baseline = (
        await session.execute(text("SELECT CAST(offer_terms ->> 'baseline' AS double precision) FROM actions LIMIT 1"))
    ).scalar_one()
    cell = Cell("all_12_60", OFFER, "email", "no_rhythm")
    week = groups[0].week

    def group(people: list[UUID], bought: int, is_control: bool) -> Group:
        n = len(people)
        return Group(week, cell, is_control, n, bought, n * baseline, n * baseline**2, bought * baseline)

    expected = [group(written, 20, False), group(held, 1, True)]
    assert len(groups) == 2
    for ours, theirs in zip(sorted(groups, key=lambda one: one.is_control), expected, strict=True):
        assert ours[:5] == theirs[:5]
        assert ours[5:] == pytest.approx(theirs[5:])

    beliefs = await learn(session, SYSTEM)
    assert beliefs.version == 1
    assert beliefs.posterior.effects([cell])[0] == pytest.approx(fit(expected).effects([cell])[0])
    assert beliefs.posterior.effects([cell])[0][0] > PRIOR_MEAN
    assert (await uplift_in_use(session)).posterior.learned_from(cell) == len(written)
    assert (await learn(session, SYSTEM)).version == 1, "nothing new teaches nothing"


@pytest.mark.parametrize("columns", [{"is_history": True}, {"virtual_now": now()}, {"started_at": None}])
async def test_what_was_never_really_sent_teaches_nothing(session: AsyncSession, columns: dict[str, Any]) -> None:
    await sent_campaign(session, 10, days_ago=12, **columns)
    assert await read_groups(session) == ([], (await read_groups(session))[1])
    assert (await learn(session, SYSTEM)).version == 0


async def test_a_week_that_is_not_over_teaches_nothing(session: AsyncSession) -> None:
    await sent_campaign(session, 10, days_ago=7)
    assert (await read_groups(session))[0] == []


async def test_what_a_person_changed_of_who_knows_what_teaches_nothing(session: AsyncSession) -> None:
    """Actions from before what was decided was written down; of later ones it is known: tests/experiments/
    test_by_intention.py."""
    campaign = await sent_campaign(session, 10, days_ago=12)
    written = await of_arm(session, campaign, "agent")
    await session.execute(text("UPDATE actions SET decision = decision - 'decided'"))
    await session.execute(
        text("UPDATE actions SET skip_reason = 'skipped_by_hand', status = 'skipped' WHERE customer_id = :id"),
        {"id": written[0]},
    )
    await session.execute(
        text(
            'UPDATE actions SET offer_terms = offer_terms || \'{"edited_by": "Dana"}\'::jsonb WHERE customer_id = :id'
        ),
        {"id": written[1]},
    )
    groups, _ = await read_groups(session)
    assert sum(group.people for group in groups if not group.is_control) == len(written) - 2


async def test_the_next_plan_goes_by_what_was_learned(session: AsyncSession) -> None:
    campaign = await sent_campaign(session, 190, days_ago=12)
    for person in await of_arm(session, campaign, "agent"):
        await add_purchase(session, person, days_ago=10)
    await learn(session, SYSTEM)
    again = await add_campaign(session, ["all_12_190"], name="Again")
    plan = await make_plan(session, SYSTEM, again)
    assert plan.summary["simulation"]["uplift"]["basis"] == "learned"
    assert plan.summary["simulation"]["uplift"]["people"] >= ENOUGH_MESSAGES
    assert {cell["learned_from"] for cell in plan.summary["cells"]} != {0}
    assert min(cell["uplift"] for cell in plan.summary["cells"]) > PRIOR_MEAN
    policy = (
        await session.execute(
            text("SELECT DISTINCT policy FROM actions WHERE campaign_id = :id AND arm IS NOT NULL"), {"id": again}
        )
    ).scalar_one()
    assert policy == "mean:1"


async def test_beliefs_are_told_beside_a_week_ago(session: AsyncSession) -> None:
    first = await sent_campaign(session, 40, days_ago=20)
    for person in await of_arm(session, first, "agent"):
        await add_purchase(session, person, days_ago=18)
    first_beliefs = await learn(session, SYSTEM)
    await session.execute(text("UPDATE uplift_models SET until = until - 10"))
    await sent_campaign(session, 40, days_ago=12)
    await learn(session, SYSTEM)
    seen = await read_learning(session, VIEWER)
    assert seen.beliefs.version == 2
    (cell,) = [row for row in seen.cells if row.cell.segment == "all_20_40"]
    assert cell.low < cell.mean < cell.high
    assert cell.before == pytest.approx(float(first_beliefs.posterior.effects([cell.cell])[0][0]), abs=1e-6)
    assert cell.change != 0
    assert seen.messages == sum(row.learned_from for row in seen.cells)


async def test_before_anything_was_sent_everything_is_assumed(session: AsyncSession) -> None:
    seen = await read_learning(session, VIEWER)
    assert (seen.messages, seen.controls, seen.cells, seen.beliefs.version) == (0, 0, (), 0)
    assert seen.overall.mean == PRIOR_MEAN
    assert seen.overall.basis is Basis.ASSUMED


async def test_a_viewer_may_read_and_not_learn(session: AsyncSession) -> None:
    with pytest.raises(Forbidden):
        await learn(session, VIEWER)
