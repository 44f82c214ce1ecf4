"""What chance draws from: each option keeps a chance that teaches, and what is drawn never decides whether it stays."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.models import Arm
from liquor_app.core.clock import now
from liquor_app.experiments.arms import Shares, among, arm_of, most_options
from liquor_app.experiments.off_policy import LEAST_PROPENSITY
from liquor_app.experiments.policy_question import Policy, ask_policy
from liquor_app.experiments.service import holdout_result
from liquor_app.organization.settings import PlanningSettings, save_settings
from liquor_app.planning.draft_plan import make_plan
from liquor_app.screens.experiments.effect_words import choice_lines
from liquor_app.segments.service import create_segment, refresh_segments
from tests.experiments.test_holdout import started
from tests.people import add_campaign, add_customer, add_purchase, believe, ensure_shop, steady_ids

OFFERS = [
    {"name": name, "text": "{discount}% off {category}" if percent else "News of {category}", "discount_pct": percent}
    for name, percent in (("News", 0), ("Five", 5), ("Seven", 7), ("Ten", 10))
]


def test_so_many_options_that_each_has_its_chance() -> None:
    assert [most_options(share) for share in (0.05, 0.2, 0.015, 0.004, 0.07)] == [5, 20, 1, 1, 7]
    people = steady_ids(4000)
    drawn = Counter(option for person in people for option in among("s", person, list(range(8)), 5))
    assert min(drawn.values()) > 0.93 * 4000 * 5 / 8, "over people each is as likely"
    assert among("s", people[0], [1, 2], 5) == [1, 2]
    assert len(set(among("s", people[0], list(range(8)), 5))) == 5


async def planned(
    session: AsyncSession, explore: int, people: int, *, best: str = "Ten, 10% off", usual: int = 0, **constraints: Any
) -> tuple[UUID, list[Any]]:
    """A plan by e-mail and SMS with eight options for everybody."""
    await ensure_shop(session)
    await save_settings(session, SYSTEM, PlanningSettings, {"explore_pct": explore, "usual_pct": usual})
    for one in steady_ids(people):
        await add_customer(session, id=one)
    await believe(session, offers={best: 0.2})
    await create_segment(
        session, SYSTEM,
        {"name": "All", "rules": {"all": []}, "optimal_channels": ["email", "sms"], "recommended_offers": OFFERS},
    )  # fmt: skip
    await refresh_segments(session, SYSTEM)
    (campaign,) = steady_ids(1, "campaign")
    limits = {"email_capacity_per_day": 500, "sms_capacity_per_day": 500, **constraints}
    await add_campaign(session, ["all"], id=campaign, holdout_pct=Decimal(10), constraints=limits)
    await make_plan(session, SYSTEM, campaign)
    found = await session.execute(
        text(
            "SELECT customer_id, arm, propensity, segment_slug, channel, offer_terms ->> 'name' AS offer,"
            " decision -> 'among' AS among FROM actions WHERE campaign_id = :id AND arm IS NOT NULL"
        ),
        {"id": campaign},
    )
    return campaign, list(found.all())


async def test_of_eight_options_chance_draws_among_five_and_says_which(session: AsyncSession) -> None:
    campaign, rows = await planned(session, 5, 500)
    shares = Shares(0.1, 0.05)
    assert len(rows) == 500
    (agents,) = {(row.segment_slug, row.channel, row.offer) for row in rows if row.arm == "agent"}
    for row in rows:
        could = [tuple(one) for one in row.among]
        assert len(could) == 5
        own = (row.segment_slug, row.channel, row.offer)
        expected = (0.85 if own == agents else 0.0) + (0.01 if own in could else 0.0)
        assert row.propensity == pytest.approx(0.1 if row.arm == "holdout" else expected)
        if row.arm == "random":
            assert own in could
    random = {row.customer_id for row in rows if row.arm == "random"}
    assert random == {row.customer_id for row in rows if arm_of(f"{campaign}:7", row.customer_id, shares) is Arm.RANDOM}
    assert len({tuple(one) for row in rows for one in row.among}) == 8, "over people all of them are tried"
    assert any(agents not in [tuple(one) for one in row.among] for row in rows if row.arm == "agent")
    assert min(row.propensity for row in rows) >= LEAST_PROPENSITY - 1e-12
    plan = (await session.execute(text("SELECT summary, reasoning FROM plans"))).one()
    assert plan.summary["arms"]["bounded"] == 500
    assert any("500 people could get more than leaves each action" in one["text"] for one in plan.reasoning)

    await started(session, campaign, 10)
    told = (await ask_policy(session, SYSTEM, Policy.RANDOM)).estimate
    assert (told.left_out, told.lost) == (0, 0), "nothing that was drawn is left out of what it teaches"


async def test_where_the_budget_is_nearly_spent_no_money_off_is_drawn_and_nobody_leaves_the_log(
    session: AsyncSession,
) -> None:
    campaign, rows = await planned(session, 40, 260, best="News", discount_budget="1.00")
    random = [row for row in rows if row.arm == "random"]
    assert {row.offer for row in random} == {"News"}
    drawn = [one for one in steady_ids(260) if arm_of(f"{campaign}:7", one, Shares(0.1, 0.4)) is Arm.RANDOM]
    gave_way = await session.execute(
        text(
            "SELECT count(*) FROM actions WHERE customer_id = ANY(:drawn)"
            " AND skip_detail LIKE 'More were chosen for the day than it has room for%'"
        ),
        {"drawn": drawn},
    )
    assert gave_way.scalar_one() == 0, "what was drawn for them decided whether they stay"
    assert random
    for row in random:
        assert sorted(tuple(one) for one in row.among) == [("all", "email", "News"), ("all", "sms", "News")]
        assert row.propensity in (pytest.approx(0.4 / 2), pytest.approx(0.5 + 0.4 / 2))
    assert len(rows) == 260, "nobody left the log"
    plan = (await session.execute(text("SELECT summary, reasoning FROM plans"))).one()
    assert plan.summary["arms"]["money_off"] is False
    assert any("nothing with money off was drawn at random" in one["text"] for one in plan.reasoning)


async def test_a_channel_that_cannot_take_all_who_might_draw_it_is_no_option(session: AsyncSession) -> None:
    campaign, rows = await planned(session, 40, 260, sms_capacity_per_day=3)
    people = {row.customer_id for row in rows}
    assert {row.customer_id for row in rows if row.arm == "random"} == {
        one for one in people if arm_of(f"{campaign}:7", one, Shares(0.1, 0.4)) is Arm.RANDOM
    }
    assert {row.channel for row in rows if row.arm == "random"} == {"email"}
    for row in rows:
        by_email = 0.4 / 4 if row.channel == "email" else 0.0
        if row.arm == "agent":
            assert row.propensity == pytest.approx(0.5 + by_email)


async def test_business_as_usual_is_the_first_offer_of_the_first_playbook_by_its_first_channel(
    session: AsyncSession,
) -> None:
    """Whose turn it is anybody can draw again; every chance counts it; the agent is compared with it."""
    campaign, rows = await planned(session, 5, 400, usual=20)
    shares, usual = Shares(0.1, 0.05, 0.2), ("all", "email", "News")
    assert len(rows) == 400
    arms = {row.customer_id: Arm(row.arm) for row in rows}
    assert arms == {one: arm_of(f"{campaign}:7", one, shares) for one in steady_ids(400)}
    (agents,) = {(row.segment_slug, row.channel, row.offer) for row in rows if row.arm == "agent"}
    assert agents == ("all", "email", "Ten")
    for row in rows:
        own = (row.segment_slug, row.channel, row.offer)
        could = {tuple(one) for one in row.among}
        if row.arm == "usual":
            assert own == usual
        chance = 0.65 * (own == agents) + 0.01 * (own in could) + 0.2 * (own == usual)
        assert row.propensity == pytest.approx(0.1 if row.arm == "holdout" else chance)
    told = await session.execute(text("SELECT DISTINCT reason FROM actions WHERE arm = 'usual'"))
    assert all("Business as usual: what the shop would send" in reason for reason in told.scalars())
    plan = (await session.execute(text("SELECT summary, reasoning FROM plans"))).one()
    given = sum(arm is Arm.USUAL for arm in arms.values())
    assert plan.summary["arms"]["usual"] == given
    assert float(plan.summary["arms"]["usual_cost"]) > 0
    assert any(f"{given} people get business as usual" in one["title"] for one in plan.reasoning)

    await started(session, campaign, 2)
    for person in (one for one, arm in arms.items() if arm is Arm.AGENT):
        await add_purchase(session, person, days_ago=0.5)
    result = await holdout_result(session, SYSTEM, campaign)
    assert result is not None
    assert result.usual is not None
    assert (result.usual.bought.contacted.mean, result.usual.bought.held_out.mean) == (1, 0)
    assert result.usual.bought.held_out.people == given
    assert result.usual.revenue.difference == pytest.approx(20)
    assert not result.split.is_mismatch
    assert result.effect.usual_bought is not None
    bought = next(line for line in choice_lines(result, now()) if line.held_out.endswith("by business as usual"))
    assert (bought.written, bought.held_out) == ("100.0%", "0.0% by business as usual")


async def test_business_as_usual_needs_no_draw_at_random_and_may_be_nothing(session: AsyncSession) -> None:
    """Without a random arm the usual message is all that is drawn; 0 is no business as usual."""
    campaign, rows = await planned(session, 0, 260, usual=30)
    assert {row.arm for row in rows} == {"agent", "usual", "holdout"}
    for row in rows:
        is_usual = (row.channel, row.offer) == ("email", "News")
        expected = 0.1 if row.arm == "holdout" else 0.3 if is_usual else 0.6
        assert row.propensity == pytest.approx(expected)
    await session.execute(text("UPDATE settings SET value = value || '{\"usual_pct\": \"0\"}' WHERE key = 'planning'"))
    await make_plan(session, SYSTEM, campaign)
    found = await session.execute(text("SELECT DISTINCT arm FROM actions WHERE campaign_id = :id"), {"id": campaign})
    assert set(found.scalars()) - {None} == {"agent", "holdout"}
