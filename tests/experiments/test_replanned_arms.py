"""Arms stay what they were drawn as: planned again, chosen back and forth, with several messages, fired twice."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.campaigns.models import CampaignType
from liquor_app.campaigns.service import create_campaign
from liquor_app.core.db import transaction
from liquor_app.experiments.learning import learn, read_groups
from liquor_app.experiments.policy_question import Policy, ask_policy
from liquor_app.organization.settings import PlanningSettings, save_settings
from liquor_app.planning.draft_plan import make_plan
from liquor_app.planning.plan_switch import keep_choices
from liquor_app.planning.service import choose_plan, fire, make_standing_plan
from liquor_app.scoring.estimators.uplift import Posterior
from liquor_app.scoring.uplift_store import PRIOR, keep_uplift, uplift_in_use
from liquor_app.segments.service import create_segment, refresh_segments
from tests.experiments.test_holdout import by_status, campaign_with, started
from tests.experiments.test_learning import sent_campaign
from tests.people import add_campaign, add_customer, add_purchase, believe, ensure_shop, steady_ids

ROOMY = {"email_capacity_per_day": 500, "sms_capacity_per_day": 500, "max_contacts_7_days": 3}


async def drawn(session: AsyncSession, campaign: UUID) -> dict[UUID, tuple[Any, ...]]:
    """Of each action in an arm what was decided, and on what."""
    found = await session.execute(
        text(
            "SELECT id, customer_id, status, arm, propensity, policy, offer_terms ->> 'name' AS offer,"
            " decision -> 'options' AS options FROM actions WHERE campaign_id = :id AND arm IS NOT NULL"
        ),
        {"id": campaign},
    )
    return {row.id: tuple(row[1:]) for row in found}


async def assigned(session: AsyncSession, campaign: UUID) -> dict[UUID, str]:
    found = await session.execute(
        text(
            "SELECT x.customer_id, m.name FROM experiment_assignments x JOIN experiment_arms m ON m.id = x.arm_id"
            " JOIN experiments e ON e.id = m.experiment_id WHERE e.campaign_id = :id"
        ),
        {"id": campaign},
    )
    return {row.customer_id: row.name for row in found}


async def by_two_channels(session: AsyncSession, **constraints: Any) -> UUID:
    await ensure_shop(session)
    await save_settings(session, SYSTEM, PlanningSettings, {"explore_pct": 20})
    for one in steady_ids(300):
        await add_customer(session, id=one)
    await believe(session)
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email", "sms"]})
    await refresh_segments(session, SYSTEM)
    (campaign,) = steady_ids(1, "campaign")
    limits = ROOMY | constraints
    await add_campaign(session, ["all"], id=campaign, holdout_pct=Decimal(10), constraints=limits)
    await make_plan(session, SYSTEM, campaign)
    return campaign


async def test_whoever_would_get_two_messages_gets_one_where_it_is_drawn(session: AsyncSession) -> None:
    campaign = await by_two_channels(session, max_per_customer=2)
    people: dict[UUID, list[str]] = {}
    for row in (await drawn(session, campaign)).values():
        people.setdefault(row[0], []).append(row[2])
    sizes = Counter((arms[0], len(arms)) for arms in people.values() if len(set(arms)) == 1)
    assert sum(sizes.values()) == len(people), "nobody is in two arms"
    assert {arm for arm, _ in sizes} == {"agent", "random", "holdout"}
    assert {size for arm, size in sizes if arm == "random"} == {1}
    assert ("agent", 2) in sizes


async def test_the_chance_of_two_messages_is_that_of_getting_just_these(session: AsyncSession) -> None:
    """Both were said to have the chance of .75 that one of them goes out at all: with it another policy's would not add
    up. Drawn again under other seeds, people get just this as often as is written down."""
    campaign = await by_two_channels(session, max_per_customer=2)
    came: Counter[tuple[Any, ...]] = Counter()
    told: dict[tuple[Any, ...], set[float]] = {}
    people = 0
    for seed in range(4):
        await session.execute(text("UPDATE campaigns SET seed = :seed"), {"seed": str(seed)})
        await make_plan(session, SYSTEM, campaign)
        found = await session.execute(
            text(
                "SELECT array_agg(channel || ' ' || (offer_terms ->> 'name') ORDER BY channel) AS got, min(arm) AS arm,"
                " array_agg(propensity) AS chances FROM actions WHERE arm IS NOT NULL GROUP BY customer_id"
            )
        )
        for row in found.all():
            got = ("nothing",) if row.arm == "holdout" else tuple(row.got)
            came[got] += 1
            told.setdefault(got, set()).update(round(one, 6) for one in row.chances)
            people += 1
    assert {len(one) for one in came} == {1, 2}
    assert all(len(one) == 1 for one in told.values()), told
    chance = {got: min(one) for got, one in told.items()}
    assert sum(chance.values()) == pytest.approx(1), "whatever may come of it, it is one of these"
    for got, count in came.items():
        spread = (chance[got] * (1 - chance[got]) / people) ** 0.5
        assert abs(count / people - chance[got]) < 4 * spread, got


async def test_a_channel_without_room_is_no_option(session: AsyncSession) -> None:
    campaign = await by_two_channels(session, sms_capacity_per_day=0)
    rows = list((await drawn(session, campaign)).values())
    assert len(rows) == 300, "nobody was dropped because a message that cannot be was drawn for them"
    assert {round(row[3], 6) for row in rows if row[2] == "agent"} == {0.8}, "one of two offers by e-mail"


async def test_planned_again_everybody_gets_what_they_had(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 400, 10, constraints={"email_capacity_per_day": 500}, explore=20)
    before = await drawn(session, campaign)
    assert {row[5] for row in before.values() if row[2] == "random"} == {"Favourite category", "A word from the shop"}
    await make_plan(session, SYSTEM, campaign)
    assert await drawn(session, campaign) == before
    told = text(
        "SELECT count(*) FILTER (WHERE a.arm = 'random' AND a.offer_terms ->> 'name' <> 'Favourite category') AS drawn,"
        " count(*) FILTER (WHERE a.reason LIKE '%Drawn at random among all%') AS told FROM actions a"
    )
    row = (await session.execute(told)).one()
    assert row.drawn == row.told > 0, "what nobody would have chosen says why it is there"

    # without a random arm everybody has the planner's choice again
    await save_settings(session, SYSTEM, PlanningSettings, {"explore_pct": 0})
    await make_plan(session, SYSTEM, campaign)
    assert {row[5] for row in (await drawn(session, campaign)).values()} == {"Favourite category"}


async def test_a_plan_chosen_back_has_its_own_arms_and_log(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 300, 20, constraints={"email_capacity_per_day": 500}, explore=20)
    first = (await session.execute(text("SELECT plan_id FROM campaigns"))).scalar_one()
    log, arms = await drawn(session, campaign), await assigned(session, campaign)
    await keep_choices(session, campaign, first)
    kept = (await session.execute(text("SELECT count(*) FROM plan_choices"))).scalar_one()
    rows = (await session.execute(text("SELECT * FROM plan_choices"))).mappings().all()
    # another plan of the same round, for half of the people
    await session.execute(
        text("UPDATE customers SET email_consent = NULL WHERE id = ANY(:ids)"), {"ids": steady_ids(150)}
    )
    second = (await make_plan(session, SYSTEM, campaign)).id
    await session.execute(
        text(
            "INSERT INTO plan_choices SELECT r.* FROM jsonb_populate_recordset(CAST(NULL AS plan_choices),"
            " CAST(:rows AS jsonb)) r"
        ),
        {"rows": json.dumps([dict(row) for row in rows], default=str)},
    )
    others = await assigned(session, campaign)
    assert len(others) < len(arms) == kept
    other_log = await drawn(session, campaign)

    back = await choose_plan(session, SYSTEM, first)
    assert await assigned(session, campaign) == arms
    assert await drawn(session, campaign) == log
    held = (await session.execute(text("SELECT held_out FROM campaigns"))).scalar_one_or_none()
    assert held == back.summary["totals"]["held_out"] == len(await by_status(session, campaign, "held_out"))
    await choose_plan(session, SYSTEM, second)
    assert (await assigned(session, campaign), await drawn(session, campaign)) == (others, other_log)


async def test_a_running_campaign_that_left_nothing_to_chance_begins_no_experiment(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 60, 0)
    await session.execute(text("UPDATE campaigns SET status = 'active', started_at = now()"))
    await make_plan(session, SYSTEM, campaign)
    assert {row[2] for row in (await drawn(session, campaign)).values()} == {"agent"}


async def test_a_log_is_frozen_though_more_people_come(session: AsyncSession) -> None:
    await ensure_shop(session)
    people = [await add_customer(session) for _ in range(4)]
    await believe(session)
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}})
    await refresh_segments(session, SYSTEM)
    row = await create_campaign(
        session, SYSTEM, name="Cart", target_segments=["all"], type=CampaignType.TRIGGERED,
        trigger={"kind": "event", "event": "cart_left"}, holdout_pct=Decimal(20),
    )  # fmt: skip
    plan = await make_standing_plan(session, SYSTEM, row.id)
    await session.execute(
        text("UPDATE campaigns SET status = 'active', started_at = now() - interval '7 days', plan_id = :plan"),
        {"plan": plan.id},
    )
    leave = text(
        "INSERT INTO analytics_events (customer_id, event_type, occurred_at)"
        " VALUES (:who, 'cart_left', now() - interval '1 hour')"
    )
    for who in people[:2]:
        await session.execute(leave, {"who": who})
    await fire(session, SYSTEM, row.id)
    log = await drawn(session, row.id)
    assert len(log) == 2
    await session.execute(text("UPDATE actions SET expected_profit = expected_profit + 1"))
    for who in people[2:]:
        await session.execute(leave, {"who": who})
    await fire(session, SYSTEM, row.id)
    after = await drawn(session, row.id)
    assert len(after) == 4
    assert {action: after[action] for action in log} == log


async def test_an_offer_of_no_playbook_is_not_taken_for_nothing(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 300, 50, explore=0)
    await started(session, campaign, 10)
    held = len(await by_status(session, campaign, "held_out"))
    await session.execute(
        text("UPDATE actions SET offer_terms = offer_terms || '{\"name\": \"Of an AI plan\"}' WHERE arm = 'agent'")
    )
    answer = (await ask_policy(session, SYSTEM, Policy.NOTHING)).estimate
    assert answer.effective == pytest.approx(held), "those who got nothing, and nobody else"


@pytest.mark.parametrize(
    "broken",
    [
        {"people": [["all", "x"]]},
        {"mean": [None]},
        {"slope": 10**400},
        {"levels": 7},
    ],
)
async def test_what_cannot_be_read_is_no_belief(session: AsyncSession, broken: dict[str, Any]) -> None:
    await keep_uplift(session, Posterior.prior(), (await session.execute(text("SELECT current_date"))).scalar_one())
    document = json.dumps(Posterior.prior().as_document() | broken)
    await session.execute(text("UPDATE uplift_models SET params = CAST(:params AS jsonb)"), {"params": document})
    assert await uplift_in_use(session) == PRIOR


async def test_learning_twice_at_once_learns_once(database: str) -> None:
    async with transaction() as session:
        await sent_campaign(session, 60, days_ago=10)

    async def again() -> int:
        async with transaction() as session:
            return (await learn(session, SYSTEM)).version

    async with transaction() as session:
        assert (await learn(session, SYSTEM)).version == 1
        other = asyncio.create_task(again())
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        blocked = 0
        while not other.done() and not blocked:
            blocked = (await session.execute(waiting)).scalar_one()
    assert await other == 1


async def test_whoever_is_chosen_for_two_messages_is_one_person(session: AsyncSession) -> None:
    """Everybody bought: two rows for one purchase made 54 of a hundred of it, and 498 people of 278."""
    campaign = await by_two_channels(session, max_per_customer=2, sms_capacity_per_day=12)
    await started(session, campaign, 12)
    rows: dict[UUID, list[str]] = {}
    for row in (await drawn(session, campaign)).values():
        rows.setdefault(row[0], []).append(row[2])
    for person in rows:
        await add_purchase(session, person, days_ago=10)
    assert len({len(arms) for arms in rows.values()}) == 2, "some get one message, some two"
    groups, _ = await read_groups(session)
    held = sum(arms[0] == "holdout" for arms in rows.values())
    told = [sum(group.people for group in groups if group.is_control is side) for side in (True, False)]
    assert told == [held, len(rows) - held]
    estimate = (await ask_policy(session, SYSTEM, Policy.RANDOM)).estimate
    assert estimate.logged.mean == 1
    assert estimate.ips.low <= 1 <= estimate.ips.high
    assert 100 < estimate.people < len(rows)
