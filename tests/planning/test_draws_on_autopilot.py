"""On autopilot what a message changes is drawn: who is chosen, and the chance that is written down with it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.campaigns.models import CampaignType
from liquor_app.core.clock import now
from liquor_app.experiments.arms import draw_seed
from liquor_app.experiments.off_policy import LEAST_PROPENSITY, Log, evaluate
from liquor_app.organization.guidance import save_guidance
from liquor_app.organization.settings import PlanningSettings, save_settings
from liquor_app.planning.approval.autopilot import stop_autopilot
from liquor_app.planning.draft_plan import make_plan
from liquor_app.scoring.estimators.uplift import Cell, Posterior
from liquor_app.scoring.uplift_store import keep_uplift, uplift_in_use
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, ensure_shop, steady_ids

PEOPLE = 240
HOLDOUT, RANDOM = 0.10, 0.20


async def doubtful(session: AsyncSession, mean: float, *, autonomy: str = "autopilot", people: int = PEOPLE) -> UUID:
    """A shop unsure whether messages work at all, two points either way; one offer, two channels; its plan is made."""
    await ensure_shop(session)
    await save_settings(session, SYSTEM, PlanningSettings, {"explore_pct": int(RANDOM * 100)})
    await save_guidance(session, SYSTEM, {"weekly_plan": autonomy})
    for one in steady_ids(people):
        await add_customer(session, id=one, avg_order_value=Decimal(60))
    usual = Posterior.prior()
    learned = Posterior(
        (), np.array([mean]), np.array([[0.02**2]]), dict.fromkeys(usual.variances, 1e-10),
        {Cell("all", "Ten", "email", "due"): 900}, 100, 1.0, 0.2,
    )  # fmt: skip
    await keep_uplift(session, learned, now().date())
    offer = [{"name": "News", "text": "News from the cellar", "discount_pct": 0}]
    await create_segment(
        session, SYSTEM,
        {"name": "All", "rules": {"all": []}, "recommended_offers": offer, "optimal_channels": ["email", "sms"]},
    )  # fmt: skip
    await refresh_segments(session, SYSTEM)
    (campaign,) = steady_ids(1, "campaign")
    await add_campaign(
        session, ["all"], id=campaign, holdout_pct=Decimal(int(HOLDOUT * 100)), type=CampaignType.WEEKLY_PLAN,
        constraints={"email_capacity_per_day": 500, "sms_capacity_per_day": 500, "kept_share": 0},
    )  # fmt: skip
    await make_plan(session, SYSTEM, campaign)
    return campaign


def _turn(seed: str, customer: UUID) -> int:
    """Whose draw somebody's values are of fifty, by numbers of Python's own."""
    most = (1 << 64) - 1
    word = 0
    for half in customer.int >> 64, customer.int & most:
        word ^= half if word else half ^ int.from_bytes(hashlib.sha256(f"{seed}:truth".encode()).digest()[:8])
        for right, times in (30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1):
            word = (word ^ (word >> right)) * times & most
    return (word >> 32) * 50 >> 32


async def decided(session: AsyncSession, campaign: UUID) -> list[Any]:
    found = await session.execute(
        text(
            "SELECT id, customer_id, status, channel, arm, propensity, policy, expected_profit, offer_terms"
            " FROM actions WHERE campaign_id = :id ORDER BY customer_id, channel"
        ),
        {"id": campaign},
    )
    return list(found)


async def test_where_the_mean_would_write_to_nobody_the_draw_writes_to_some(session: AsyncSession) -> None:
    campaign = await doubtful(session, -0.002)
    arms = [row for row in await decided(session, campaign) if row.arm]
    people = {row.customer_id for row in arms}
    assert PEOPLE * 0.3 < len(people) < PEOPLE * 0.6, "a normal of two points either way, a fifth of one below zero"
    assert all(row.expected_profit < 0 for row in arms), "told as it is believed, not as it was drawn"
    assert {row.policy for row in arms} == {"draw:1"}
    plan = (
        await session.execute(text("SELECT summary, reasoning FROM plans WHERE campaign_id = :c"), {"c": campaign})
    ).one()
    assert float(plan.summary["simulation"]["incremental_profit"]["mean"]) < 0
    assert any("drawn" in one["title"].lower() for one in plan.reasoning)


@pytest.mark.parametrize("autonomy", ["approval", "suggest"])
async def test_what_a_person_approves_goes_by_the_mean(session: AsyncSession, autonomy: str) -> None:
    campaign = await doubtful(session, -0.002, autonomy=autonomy)
    assert not [row for row in await decided(session, campaign) if row.arm]
    assert (
        await session.execute(text("SELECT count(*) FROM actions WHERE campaign_id = :c"), {"c": campaign})
    ).scalar_one() == 0


async def test_the_kill_switch_ends_the_drawing(session: AsyncSession) -> None:
    campaign = await doubtful(session, -0.002)
    await stop_autopilot(session, SYSTEM)
    await make_plan(session, SYSTEM, campaign)
    assert not [row for row in await decided(session, campaign) if row.arm]


async def test_a_seed_and_what_is_believed_make_the_plan(session: AsyncSession) -> None:
    campaign = await doubtful(session, 0.004)
    first = [tuple(row[1:7]) for row in await decided(session, campaign)]
    await make_plan(session, SYSTEM, campaign)
    assert [tuple(row[1:7]) for row in await decided(session, campaign)] == first
    await session.execute(text("UPDATE campaigns SET seed = '8' WHERE id = :c"), {"c": campaign})
    await make_plan(session, SYSTEM, campaign)
    assert [tuple(row[1:7]) for row in await decided(session, campaign)] != first


async def test_the_chance_written_down_is_that_of_the_draw_and_of_the_arms(session: AsyncSession) -> None:
    """Counted again from the rows: there is room for all and no budget binds, so every price is nought."""
    campaign = await doubtful(session, 0.012, people=400)  # enough of them for a random arm
    rows = await decided(session, campaign)
    options: dict[UUID, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        options[row.customer_id][row.channel] = row
    beliefs = await uplift_in_use(session)
    seed = f"{campaign}:7"
    cells = [Cell("all", "News", channel, "no_rhythm") for channel in ("email", "sms")]
    draws = beliefs.posterior.level_draws(cells, 50, seed=draw_seed(seed, beliefs.version))
    found = await session.execute(text("SELECT constraints FROM plans WHERE campaign_id = :c"), {"c": campaign})
    limits = found.scalar_one()
    cost = {"email": float(limits["email_cost"]), "sms": float(limits["sms_cost"])}
    margin, least = float(limits["margin_pct"]) / 100, float(limits["min_profit"])
    checked = 0
    for person, own in options.items():
        arms = {row.arm for row in own.values() if row.arm}
        won: dict[str | None, int] = defaultdict(int)
        for draw in draws:
            value = {
                channel: float(own[channel].offer_terms["basket"]) * margin * draw[at] - cost[channel]
                for at, channel in enumerate(("email", "sms")) if channel in own
            }  # fmt: skip
            paying = {channel: worth for channel, worth in value.items() if worth > least}
            won[max(paying, key=lambda channel: paying[channel]) if paying else None] += 1
        anything = 50 - won[None]
        mine = draws[_turn(seed, person)]
        expected_any = any(
            float(row.offer_terms["basket"]) * margin * mine[at] - cost[channel] > least
            for at, channel in enumerate(("email", "sms")) if (row := own.get(channel)) is not None
        )  # fmt: skip
        assert bool(arms) == expected_any, "who is written to is whose own draw pays"
        for row in own.values():
            if row.arm in ("agent", "random"):
                by_agent = won[row.channel] / anything
                assert row.propensity == pytest.approx((1 - HOLDOUT - RANDOM) * by_agent + RANDOM / len(own))
                checked += 1
            elif row.arm == "holdout":
                assert row.propensity == pytest.approx(HOLDOUT)
    assert checked > 200


def test_what_had_hardly_a_chance_is_left_out_of_another_policys_figures_and_counted() -> None:
    logged = np.array([0.5] * 40 + [LEAST_PROPENSITY * 0.99] * 3)
    asked = np.tile([0.5, 0.5], (43, 1))
    found = evaluate(Log(np.arange(43) % 2, np.ones(43), logged, asked))
    assert (found.people, found.left_out) == (40, 3)
