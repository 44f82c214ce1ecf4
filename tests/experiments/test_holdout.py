"""The arms of a plan in the database: drawn after it was made, with the chances they say, and what they then did."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.models import Arm
from liquor_app.core.clock import now
from liquor_app.experiments.arms import Shares, arm_of
from liquor_app.experiments.service import holdout_result
from liquor_app.experiments.statistics import check_split
from liquor_app.organization.settings import PlanningSettings, save_settings
from liquor_app.planning.draft_plan import make_plan
from liquor_app.planning.draw_arms import NO_SEAT
from liquor_app.planning.service import get_plan, simulate_plan
from liquor_app.screens.campaigns.detail.view import plan_view
from liquor_app.segments.service import create_segment, refresh_segments
from liquor_app.ui.words import show_money
from tests.people import add_campaign, add_customer, add_purchase, believe, deliver, ensure_shop, steady_ids
from tests.planning.test_cell_rules import shop as rules_shop

SHOP = ZoneInfo("America/New_York")
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)


async def campaign_with(session: AsyncSession, people: int, holdout: int, *, explore: int = 5, **columns: Any) -> UUID:
    """A campaign with a plan that wants to write to everybody."""
    await ensure_shop(session)
    await save_settings(session, SYSTEM, PlanningSettings, {"explore_pct": explore})
    for one in steady_ids(people):
        await add_customer(session, id=one)
    await believe(session)
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email"]})
    await refresh_segments(session, SYSTEM)
    (campaign,) = steady_ids(1, "campaign")
    await add_campaign(session, ["all"], id=campaign, holdout_pct=Decimal(holdout), **columns)
    await make_plan(session, SYSTEM, campaign)
    return campaign


async def by_status(session: AsyncSession, campaign: UUID, status: str) -> set[UUID]:
    found = await session.execute(
        text("SELECT DISTINCT customer_id FROM actions WHERE campaign_id = :id AND status = :status"),
        {"id": campaign, "status": status},
    )
    return set(found.scalars())


async def started(session: AsyncSession, campaign: UUID, days_ago: int) -> None:
    """The campaign runs, and everybody's decision was so many days ago, at midnight of the shop."""
    await session.execute(
        text("UPDATE campaigns SET status = 'active', started_at = :at WHERE id = :id"),
        {"at": now() - timedelta(days=days_ago), "id": campaign},
    )
    day = now().astimezone(SHOP).date() - timedelta(days=days_ago)
    await session.execute(
        text("UPDATE actions SET scheduled_date = :day, send_window = '{}' WHERE campaign_id = :id"),
        {"day": day, "id": campaign},
    )
    await deliver(session, campaign)


def drawn_into(arm: Arm, campaign: UUID, people: set[UUID], shares: Shares) -> set[UUID]:
    return {person for person in people if arm_of(f"{campaign}:7", person, shares) is arm}


async def test_people_are_held_out_after_the_plan_was_made_by_the_draw_anybody_can_repeat(
    session: AsyncSession,
) -> None:
    campaign = await campaign_with(session, 60, 30)
    held, planned = [await by_status(session, campaign, status) for status in ("held_out", "pending")]
    assert held == drawn_into(Arm.HOLDOUT, campaign, held | planned, Shares(0.3, 0))
    assert len(held | planned) == 60
    assert held

    await make_plan(session, SYSTEM, campaign)
    assert await by_status(session, campaign, "held_out") == held, "planned again, the same people"
    (other,) = steady_ids(1, "other campaign")
    await add_campaign(session, ["all"], id=other, holdout_pct=Decimal(30), name="Other")
    await make_plan(session, SYSTEM, other)
    assert await by_status(session, other, "held_out") != held, "the unlucky of one are not the unlucky of the next"


async def test_the_held_out_keep_the_very_action_they_would_have_got(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 40, 50)
    found = await session.execute(
        text(
            "SELECT status, arm, propensity, policy, expected_profit, scheduled_date, decision FROM actions"
            " WHERE campaign_id = :id AND arm IS NOT NULL"
        ),
        {"id": campaign},
    )
    rows = found.all()
    assert len(rows) == 40
    assert {(row.status, row.arm) for row in rows} == {("pending", "agent"), ("held_out", "holdout")}
    assert {round(row.propensity, 6) for row in rows} == {0.5}
    assert len({row.policy for row in rows}) == 1
    assert all(row.expected_profit > 0 and row.decision["options"] for row in rows)


async def test_room_is_filled_though_some_are_held_out_and_never_overrun(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 150, 20, constraints={"email_capacity_per_day": 10}, explore=0)
    found = await session.execute(
        text("SELECT scheduled_date, count(*) AS n FROM actions WHERE status = 'pending' GROUP BY 1")
    )
    by_day = [row.n for row in found]
    assert max(by_day) <= 10
    assert sum(by_day) >= 0.85 * 70, "seven days of ten, but for what the draw leaves"
    planned = await by_status(session, campaign, "pending")
    held = await by_status(session, campaign, "held_out")
    assert held == drawn_into(Arm.HOLDOUT, campaign, planned | held, Shares(0.2, 0))


async def test_some_get_an_eligible_action_at_random_with_the_chance_it_says(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 230, 10, constraints={"email_capacity_per_day": 500}, explore=20)
    shares = Shares(0.1, 0.2)
    found = await session.execute(
        text(
            "SELECT customer_id, arm, propensity, offer_terms ->> 'name' AS offer, decision FROM actions"
            " WHERE campaign_id = :id AND arm IS NOT NULL"
        ),
        {"id": campaign},
    )
    rows = found.all()
    people = {row.customer_id for row in rows}
    assert {row.customer_id for row in rows if row.arm == "random"} == drawn_into(Arm.RANDOM, campaign, people, shares)
    offers = Counter(row.offer for row in rows if row.arm == "random")
    assert set(offers) == {"Favourite category", "A word from the shop"}
    assert min(offers.values()) > 0.3 * sum(offers.values())
    assert {row.offer for row in rows if row.arm == "agent"} == {"Favourite category"}
    for row in rows:
        expected = {
            "agent": 0.7 + 0.2 / 2, "holdout": 0.1,
            "random": 0.2 / 2 + (0.7 if row.offer == "Favourite category" else 0),
        }  # fmt: skip
        assert row.propensity == pytest.approx(expected[row.arm])
        assert [sorted(option["answers"]) for option in row.decision["options"]] == [sorted(offers)]
    kept = await session.execute(
        text("SELECT DISTINCT round(CAST(offer_terms ->> 'kept' AS numeric)"
             " / CAST(offer_terms ->> 'uplift' AS numeric), 2) FROM actions"
             " WHERE campaign_id = :id AND arm IS NOT NULL"),
        {"id": campaign},
    )  # fmt: skip
    (each,) = kept.scalars()
    assert each > 0, "what is kept goes by the offer that was drawn: as much with each purchase"
    message = await session.execute(
        text("SELECT count(*) FROM actions WHERE arm = 'random' AND message LIKE '%What is new in%'")
    )
    assert message.scalar_one() == offers["A word from the shop"], "the words follow the drawn offer"
    stored = await get_plan(session, SYSTEM, (await session.execute(text("SELECT id FROM plans"))).scalar_one())
    arms = stored.summary["arms"]
    assert arms["random"] == sum(offers.values())
    assert Decimal(arms["random_cost"]) > 0, "choosing at random costs, and that is said"
    cost = show_money(arms["random_cost"])
    for plan in (stored, await simulate_plan(session, SYSTEM, stored.id)):  # wherever it is told, and told again
        facts = {fact.label: fact.value for fact in plan_view(plan).facts}
        assert facts["Given at random"] == f"{arms['random']}, expected to cost {cost}"
        assert any(f"Expected to cost {cost}." in one["text"] for one in plan.reasoning)


async def test_no_holdout_and_nothing_at_random_is_no_experiment(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 3, 0, explore=0)
    assert (await session.execute(text("SELECT count(*) FROM experiments"))).scalar_one() == 0
    assert len(await by_status(session, campaign, "pending")) == 3
    assert await holdout_result(session, VIEWER, campaign) is None


async def test_what_the_rest_were_decided_by_is_counted(session: AsyncSession) -> None:
    await campaign_with(session, 30, 0, constraints={"email_capacity_per_day": 2})
    await add_customer(session, email_consent=None)
    found = await session.execute(text("SELECT segment_slug, reason, people, policy, seed FROM decision_counts"))
    rows = found.all()
    skipped = await session.execute(text("SELECT count(*) FROM actions WHERE status = 'skipped'"))
    assert sum(row.people for row in rows if row.segment_slug == "all") == skipped.scalar_one() == 16
    assert {row.reason for row in rows} == {"capacity_full"}
    assert all(row.policy.startswith("mean:") and row.seed for row in rows)


async def test_only_who_got_nothing_is_counted_and_by_their_segment(session: AsyncSession) -> None:
    """ "A better action was chosen" counted those who got that better action; who was excluded had no segment."""
    campaign = await rules_shop(session)
    for _ in range(3):
        await add_customer(session, email_consent=None, sms_consent=None)
    await refresh_segments(session, SYSTEM)
    await make_plan(session, SYSTEM, campaign)
    rows = (await session.execute(text("SELECT segment_slug, reason, people FROM decision_counts"))).all()
    counted = {(row.segment_slug, row.reason): row.people for row in rows}
    actions = (await session.execute(text("SELECT customer_id, status, arm, skip_reason FROM actions"))).all()
    given = {row.customer_id for row in actions if row.arm is not None or row.status != "skipped"}
    better = {row.customer_id for row in actions if row.skip_reason == Reason.BETTER_ACTION.value}
    assert len(better) > 100, "of two channels one is better"
    assert better <= given
    assert ("all", Reason.BETTER_ACTION.value) not in counted
    by_hand: dict[str, set[UUID]] = {}
    for row in actions:
        if row.customer_id not in given:
            by_hand.setdefault(row.skip_reason, set()).add(row.customer_id)
    assert counted == {
        **{("all", reason): len(people) for reason, people in by_hand.items()},
        ("all", Reason.NO_CONSENT.value): 3,
    }


async def test_who_gives_way_by_lot_is_not_said_to_be_beaten(session: AsyncSession) -> None:
    """ "Capacity used by better actions: 12" counted people whom the draw left out."""
    await campaign_with(session, 40, 50, constraints={"email_capacity_per_day": 2})
    found = await session.execute(
        text("SELECT skip_reason, skip_detail, count(*) AS people FROM actions WHERE status = 'skipped' GROUP BY 1, 2")
    )
    told = {(row.skip_reason, row.skip_detail == NO_SEAT): row.people for row in found}
    assert told[Reason.GAVE_WAY.value, True] > 0
    assert (Reason.CAPACITY.value, True) not in told
    assert (Reason.GAVE_WAY.value, False) not in told


async def test_arms_and_counts_are_the_audience(session: AsyncSession) -> None:
    """Of two channels' actions one gave way by lot and the other to a better action: their person counted twice."""
    campaign = await rules_shop(session)
    room = {"email_capacity_per_day": 6, "sms_capacity_per_day": 6, "max_per_customer": 1}
    await session.execute(
        text("UPDATE campaigns SET holdout_pct = 40, constraints = CAST(:room AS jsonb)"), {"room": json.dumps(room)}
    )
    for _ in range(3):
        await add_customer(session, email_consent=None, sms_consent=None)
    await refresh_segments(session, SYSTEM)
    await make_plan(session, SYSTEM, campaign)
    lots = "SELECT count(DISTINCT customer_id) FROM actions WHERE skip_reason = 'gave_way_by_lot'"
    assert await session.scalar(text(lots)) > 0
    given = "SELECT count(DISTINCT customer_id) FROM actions WHERE arm IS NOT NULL OR status <> 'skipped'"
    counted = await session.scalar(text("SELECT sum(people) FROM decision_counts"))
    audience = await session.scalar(text("SELECT count(DISTINCT customer_id) FROM segment_members"))
    assert await session.scalar(text(given)) + counted == audience
    by_lot = await session.scalar(text("SELECT sum(people) FROM decision_counts WHERE reason = 'gave_way_by_lot'"))
    assert by_lot == await session.scalar(text(lots)), "who was chosen counts as left out by lot"


async def test_results_compare_everybody_drawn(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 40, 50)
    control, written = [await by_status(session, campaign, status) for status in ("held_out", "pending")]
    await started(session, campaign, 2)
    for person in control | written:
        if person not in control:
            await add_purchase(session, person, days_ago=0.5)
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
    campaign = await campaign_with(session, 40, 50)
    await started(session, campaign, 5)
    control, contacted = [sorted(await by_status(session, campaign, status)) for status in ("held_out", "sent")]
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


async def test_each_is_measured_for_a_week_from_their_own_decision(session: AsyncSession) -> None:
    """Though the campaign began long before; and who has not had theirs is not counted yet."""
    campaign = await campaign_with(session, 20, 50)
    await started(session, campaign, 30)
    held, written = [sorted(await by_status(session, campaign, status)) for status in ("held_out", "sent")]
    day = now().astimezone(SHOP).date() - timedelta(days=9)
    begins = datetime(day.year, day.month, day.day, 17, tzinfo=SHOP)
    await session.execute(
        text('UPDATE actions SET scheduled_date = :day, send_window = \'{"start": "17:00"}\' WHERE campaign_id = :id'),
        {"day": day, "id": campaign},
    )
    await session.execute(
        text("UPDATE actions SET scheduled_date = :day WHERE customer_id = ANY(:late)"),
        {"day": day + timedelta(days=12), "late": [held[-1], written[-1]]},
    )
    for person, at in (
        (written[0], begins), (written[1], begins + timedelta(days=7, minutes=-1)),
        (held[0], begins - timedelta(minutes=1)), (held[1], begins + timedelta(days=7)),
    ):  # fmt: skip
        await session.execute(
            text("INSERT INTO purchases (customer_id, occurred_at, total) VALUES (:id, :at, 20)"),
            {"id": person, "at": at},
        )
    result = await holdout_result(session, VIEWER, campaign)
    assert result is not None
    assert (result.bought.contacted.total, result.bought.held_out.total) == (2, 0)
    assert (result.bought.contacted.people, result.bought.held_out.people) == (len(written) - 1, len(held) - 1)
    assert result.chance is None


async def test_the_agents_choice_is_compared_with_chance(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 230, 10, constraints={"email_capacity_per_day": 500}, explore=30)
    await started(session, campaign, 2)
    agents = await session.execute(text("SELECT customer_id FROM actions WHERE arm = 'agent'"))
    bought = list(agents.scalars())
    for person in bought:
        await add_purchase(session, person, days_ago=0.5)
    result = await holdout_result(session, VIEWER, campaign)
    assert result is not None
    assert result.chance is not None
    assert (result.chance.bought.contacted.mean, result.chance.bought.held_out.mean) == (1, 0)
    assert result.chance.bought.contacted.people == len(bought)
    assert result.chance.revenue.difference == pytest.approx(20)
    assert result.bought.contacted.people == len(bought) + result.chance.bought.held_out.people
