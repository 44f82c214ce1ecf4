"""After one bad week no message is believed to be worth its cost: the plan says so, a plan to learn writes again."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.campaigns.service import find_campaign, request_exploration, update_campaign
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden
from liquor_app.planning.approval.approve_campaign import submit_plan
from liquor_app.planning.draft_job import draft_plans
from liquor_app.planning.draft_plan import make_plan
from liquor_app.planning.optimizer.drawn_values import REPEATS
from liquor_app.planning.plan_summary import silence_of
from liquor_app.planning.reasoning.plan_reasoning import silence_words
from liquor_app.scoring.due_state import NO_RHYTHM
from liquor_app.scoring.estimators.uplift import Cell, Group, fit
from liquor_app.scoring.uplift_store import keep_uplift
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.segments.service import create_segment, refresh_segments
from tests.factories import approve_seen
from tests.people import add_campaign, add_customer, ensure_shop, steady_ids
from tests.planning.test_cell_rules import DANA, VIEWER
from tests.tabs import Tab, run, said

PEOPLE = 300
CELL = Cell("all", "A word from the shop", "email", NO_RHYTHM)


def week(number: int, written: int, bought: float, held: int, held_bought: float) -> list[Group]:
    """What a week showed of one kind of message."""
    return [
        Group(number, CELL, False, written, bought, 0.2 * written, 0.04 * written, 0.2 * bought),
        Group(number, CELL, True, held, held_bought, 0.2 * held, 0.04 * held, 0.2 * held_bought),
    ]


BAD = week(0, 900, 150, 100, 27)
"""27 of 100 held out bought, 16.7 of 100 written to: 2.2 standard errors below what is so."""


async def shop(session: AsyncSession) -> UUID:
    """A shop of three hundred after one bad week."""
    await ensure_shop(session)
    for one in steady_ids(PEOPLE):
        await add_customer(session, id=one)
    await keep_uplift(session, fit(BAD), now().date())
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email"]})
    await refresh_segments(session, SYSTEM)
    (campaign,) = steady_ids(1, "campaign")
    limits = {"email_capacity_per_day": 500, "kept_share": "0"}
    await add_campaign(session, ["all"], id=campaign, holdout_pct=Decimal(10), constraints=limits)
    return campaign


@pytest.mark.integration
async def test_a_silent_plan_says_so_and_a_plan_to_learn_writes(database: str) -> None:
    """It wrote to nobody, so nothing was learned, so it wrote to nobody: for ever."""
    async with transaction() as session:
        campaign = await shop(session)
        silent = await make_plan(session, SYSTEM, campaign)
        await submit_plan(session, DANA, campaign)
    assert silent.summary["totals"]["sends"] == 0
    assert silent.summary["silent"] == {"people": PEOPLE, "planned": 0}
    told = next(one["text"] for one in silent.reasoning if one["title"].startswith("Little or nothing is learned"))
    assert "For 300 people of the audience no message is believed to be worth its cost" in told
    assert "“Plan to learn”" in told

    page = await Tab(f"/campaigns/{campaign}", DANA).state(CampaignState)
    await run(CampaignState.load, page)
    assert page.silent == told
    assert "Planning to learn" in said(await run(CampaignState.act, page, "explore"))
    async with transaction() as session:
        row = await find_campaign(session, campaign)
        assert row.constraints["explore"] is True
        assert row.constraints["kept_share"] == "0", "what else it wants stays"
        assert row.status is CampaignStatus.DRAFT
        assert await session.scalar(text("SELECT count(*) FROM jobs WHERE name = 'generate_campaign'")) == 1
    plan = (await draft_plans(campaign, quiet)).plan
    async with transaction() as session:
        rows = (
            await session.execute(
                text("SELECT arm, propensity, policy, decision FROM actions WHERE arm IS NOT NULL AND plan_id = :id"),
                {"id": plan.id},
            )
        ).all()
    assert plan.summary["drawn"] == {"repeats": REPEATS}
    assert "silent" not in plan.summary
    assert 0 < plan.summary["totals"]["sends"] < PEOPLE, "as often as it may be worth it, not everybody"
    assert {row.policy.partition(":")[0] for row in rows} == {"draw"}
    assert all(0 < row.propensity <= 1 and row.decision for row in rows), "the log stays exact"
    assert {row.arm for row in rows} >= {"agent", "holdout"}
    title = next(one["text"] for one in plan.reasoning if one["title"] == "What messages change was drawn")
    assert title.startswith("To learn, each customer's actions are valued by one of 50 draws")
    await run(CampaignState.load, page)
    assert page.silent == ""


async def quiet(done: int, total: int, words: str) -> None:
    """Nobody watches."""


@pytest.mark.integration
async def test_a_plan_to_learn_is_a_marketers_and_before_the_approval(session: AsyncSession) -> None:
    campaign = await shop(session)
    with pytest.raises(Forbidden):
        await request_exploration(session, VIEWER, campaign)
    await update_campaign(session, DANA, campaign, {"constraints": {"explore": True, "kept_share": "0"}})
    assert (await make_plan(session, SYSTEM, campaign)).summary["totals"]["sends"] > 0
    await submit_plan(session, DANA, campaign)
    await approve_seen(session, DANA, campaign)
    with pytest.raises(Conflict):
        await request_exploration(session, DANA, campaign)


def summary(unworthy: int, **more: object) -> dict[str, object]:
    return {"blocks": [{"reason": "not_worth_it", "customers": unworthy}], "left_out": [], **more}


def test_silence_is_of_what_is_believed() -> None:
    assert silence_of(summary(500), people=0) == {"people": 500, "planned": 0}
    assert silence_of(summary(500), people=199) == {"people": 500, "planned": 199}
    assert silence_of(summary(500), people=200) is None, "a random arm is drawn"
    assert silence_of(summary(5), people=20) is None, "most are written to"
    assert silence_of(summary(0), people=0) is None, "nobody may be written to"
    assert silence_of(summary(500, drawn={"repeats": 50}), people=5) is None, "some are written to, to learn"
    tried = silence_of(summary(500, drawn={"repeats": 50}), people=0)
    assert tried == {"people": 500, "planned": 0, "is_tried": True}, "it said nothing where no draw paid"
    assert silence_words(tried).startswith("Learning was tried: what messages may change was drawn for 500 people")


BREAK_EVEN = 0.002
"""A message of a cent and a half beside a basket of thirty dollars and a margin of a quarter."""


def weeks_after(seed: int, *, draws: bool, effect: float = 0.05, people: int = 3_000) -> tuple[list[int], float]:
    """How many are written to in each of four weeks after a bad one, and what is believed at the end; messages win five
    of a hundred in truth."""
    rng = np.random.default_rng(seed)
    groups, written = list(BAD), []
    for number in range(1, 5):
        known = fit(groups, now_week=number)
        if draws:
            worth = known.level_draws([CELL], REPEATS, seed=seed * 100 + number)[:, 0] > BREAK_EVEN
            chosen = int(people * worth.mean())
        else:
            chosen = people if known.effects([CELL])[0][0] > BREAK_EVEN else 0
        held = chosen // 10
        written.append(chosen - held)
        if chosen:
            bought, held_bought = rng.binomial(chosen - held, 0.2 + effect), rng.binomial(held, 0.2)
            groups += week(number, chosen - held, bought, held, held_bought)
    return written, float(fit(groups, now_week=5).effects([CELL])[0][0])


def test_after_one_bad_week_a_plan_to_learn_finds_the_way_back() -> None:
    """Greedy keeps silent for ever; drawn, every shop writes within four weeks, and most believe in messages again."""
    silent = [weeks_after(seed, draws=False) for seed in range(20)]
    assert all(sum(written) == 0 for written, _ in silent)
    lived = [weeks_after(seed, draws=True) for seed in range(20)]
    assert all(sum(written) > 0 for written, _ in lived)
    assert np.mean([believed > BREAK_EVEN for _, believed in lived]) >= 0.6
    assert np.mean([written[-1] for written, _ in lived]) > np.mean([written[0] for written, _ in lived])


def test_where_messages_drive_people_away_a_plan_to_learn_grows_silent() -> None:
    lived = [weeks_after(seed, draws=True, effect=-0.05) for seed in range(20)]
    assert np.mean([written[-1] for written, _ in lived]) < np.mean([written[0] for written, _ in lived])
