"""What a rule is said to lose at most is the most: a plan before and after it never loses more."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.offering.cell_rules import RuleEffect, add_rule
from liquor_app.core.errors import Invalid
from liquor_app.experiments import rule_cost as module
from liquor_app.experiments.rule_cost import rule_cost
from liquor_app.organization.settings import PlanningSettings, save_settings
from liquor_app.planning.draft_plan import make_plan
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, believe, ensure_shop, steady_ids

OFFERS: list[dict[str, Any]] = [
    {"name": "News", "text": "News of {category}", "discount_pct": 0},
    {"name": "Ten off", "text": "{discount}% off", "discount_pct": 10},
]


async def shop(session: AsyncSession, room: int) -> Any:
    """Sixty people of very different baskets, where the median tells little of the mean."""
    await ensure_shop(session)
    await save_settings(session, SYSTEM, PlanningSettings, {"explore_pct": 0})
    for index, one in enumerate(steady_ids(60)):
        basket = Decimal(400) if index % 4 == 0 else Decimal(15)
        await add_customer(session, id=one, avg_order_value=basket, value_at_risk=5 + index)
    await believe(session, 0.05, {"News": 0.05, "Ten off, 10% off": 0.01})
    await create_segment(
        session, SYSTEM,
        {"name": "All", "rules": {"all": []}, "optimal_channels": ["email", "sms"], "recommended_offers": OFFERS},
    )  # fmt: skip
    await refresh_segments(session, SYSTEM)
    (campaign,) = steady_ids(1, "campaign")
    limits = {"email_capacity_per_day": room, "sms_capacity_per_day": room}
    await add_campaign(session, ["all"], id=campaign, holdout_pct=Decimal(0), constraints=limits)
    return campaign


async def worth(session: AsyncSession, campaign: Any) -> tuple[float, float]:
    """What a plan is worth as it goes by, and its expected profit."""
    await make_plan(session, SYSTEM, campaign)
    row = (await session.execute(text("SELECT summary FROM plans ORDER BY version DESC LIMIT 1"))).scalar_one()
    return float(row["optimality"]["value"]), float(row["simulation"]["incremental_profit"]["mean"])


@pytest.mark.parametrize("room", [500, 3])
@pytest.mark.parametrize(
    ("effect", "offer", "channel"),
    [("pin", "Ten off", "email"), ("pin", "News", "sms"), ("forbid", "News", "email"), ("forbid", "News", "sms")],
)
async def test_no_plan_loses_more_than_was_said(
    session: AsyncSession, effect: str, offer: str, channel: str, room: int
) -> None:
    """It said 2.91 by the shop's usual basket where the plan made with it lost 5.38."""
    campaign = await shop(session, room)
    before = await worth(session, campaign)
    kind = {"segment": "all", "offer": offer, "channel": channel}
    told = await rule_cost(session, SYSTEM, effect=RuleEffect(effect), **kind)
    await add_rule(session, SYSTEM, effect=RuleEffect(effect), reason="As promised", **kind)
    after = await worth(session, campaign)
    assert told.total >= told.each * told.people >= 0
    assert told.total > 0
    for was, now in zip(before, after, strict=True):
        assert was - now <= told.total + 0.01
    if room == 500 and (effect, channel) != ("forbid", "sms"):
        assert before[0] - after[0] == pytest.approx(told.each * told.people, rel=0.2), "with room for all, as expected"
        assert before[0] - after[0] > 0
    again = await rule_cost(session, SYSTEM, effect=RuleEffect(effect), **kind)
    assert again.touched == 0, "beside the rules in force it changes nothing more"


async def test_a_due_state_is_priced_alone(session: AsyncSession) -> None:
    await shop(session, 500)
    kind = {"segment": "all", "offer": "News", "channel": "email"}
    whole = await rule_cost(session, SYSTEM, effect=RuleEffect.FORBID, **kind)
    states = [await rule_cost(session, SYSTEM, effect=RuleEffect.FORBID, due=due, **kind) for due in module.DUE_STATES]
    assert whole.touched == sum(one.touched for one in states) == 60
    assert whole.total == pytest.approx(sum(one.total for one in states))
    with pytest.raises(Invalid, match="Due must be one of"):
        await rule_cost(session, SYSTEM, effect=RuleEffect.FORBID, due="soon", **kind)


async def test_of_a_large_segment_some_stand_for_all(session: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop(session, 500)
    kind = {"segment": "all", "offer": "News", "channel": "email"}
    whole = await rule_cost(session, SYSTEM, effect=RuleEffect.FORBID, **kind)
    monkeypatch.setattr(module, "MOST_PEOPLE", 40)
    some = await rule_cost(session, SYSTEM, effect=RuleEffect.FORBID, **kind)
    assert (whole.is_sampled, some.is_sampled) == (False, True)
    assert (some.people, some.touched) == (60, 60)
    assert some.total == pytest.approx(whole.total, rel=0.6)
    assert "estimated from 40 of them" in some.words


async def test_a_pin_is_priced_over_every_segment_a_campaign_may_hold(session: AsyncSession) -> None:
    """A pin of a worthless bundle took its people's messages of other segments too: a campaign of several lost more
    than was told."""
    await shop(session, 500)
    await believe(session, 0.05, {"News": 0.05, "Bundle, 5% off": 0.0})
    bundle = [{"name": "Bundle", "text": "{discount}% off", "discount_pct": 5}]
    await create_segment(
        session, SYSTEM,
        {"name": "Frequent", "rules": {"all": []}, "optimal_channels": ["email"], "recommended_offers": bundle},
    )  # fmt: skip
    await refresh_segments(session, SYSTEM)
    (campaign,) = steady_ids(1, "both")
    limits = {"email_capacity_per_day": 500, "sms_capacity_per_day": 500}
    await add_campaign(session, ["frequent", "all"], id=campaign, holdout_pct=Decimal(0), constraints=limits)
    before = await worth(session, campaign)
    kind = {"segment": "frequent", "offer": "Bundle", "channel": "email"}
    told = await rule_cost(session, SYSTEM, effect=RuleEffect.PIN, **kind)
    await add_rule(session, SYSTEM, effect=RuleEffect.PIN, reason="As promised", **kind)
    after = await worth(session, campaign)
    assert before[0] - after[0] > 1
    for was, now in zip(before, after, strict=True):
        assert was - now <= told.total + 0.01
    assert told.touched == 0, "of the segment alone"
    assert "alone, at most" in told.words
