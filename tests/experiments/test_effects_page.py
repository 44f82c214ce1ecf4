"""What campaigns changed, on the campaign's page, the learning page and the API; the date fixed at approval."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.campaigns.models import CampaignType
from liquor_app.campaigns.service import create_campaign
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.experiments.contrasts import Span
from liquor_app.experiments.effects import By, fix_read, read_effects
from liquor_app.experiments.learning import learn
from liquor_app.experiments.power import detectable, people_for
from liquor_app.experiments.service import NO_HOLDOUT, NOBODY_BOUGHT, NOBODY_REACHED, holdout_result
from liquor_app.organization.settings import shop_now
from liquor_app.planning.service import fire, make_standing_plan
from liquor_app.scoring.uplift_store import uplift_in_use
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.screens.experiments.campaign_effect.effect_state import CampaignEffectState
from liquor_app.screens.experiments.effect_words import effect_line
from liquor_app.screens.experiments.learning.effects_state import EffectsState
from liquor_app.segments.service import create_segment, refresh_segments
from liquor_app.ui.words import NONE, figure, plural, show_day
from tests.experiments.test_effects import shop_that_sent
from tests.experiments.test_holdout import VIEWER, campaign_with, started
from tests.experiments.test_learning import of_arm, sent_campaign
from tests.factories import approve_seen
from tests.people import add_customer, add_purchase, ensure_shop
from tests.tabs import Tab, run

pytestmark = pytest.mark.integration


async def read_on(session: AsyncSession, campaign: UUID) -> object:
    found = await session.execute(text("SELECT read_on FROM experiments WHERE campaign_id = :id"), {"id": campaign})
    return found.scalar_one()


async def shown(campaign: UUID) -> CampaignEffectState:
    state = await Tab(f"/campaigns/{campaign}", VIEWER).state(CampaignEffectState)
    await run(CampaignEffectState.load, state)
    return state


async def test_a_campaigns_page_says_what_it_changed(database: str) -> None:
    async with transaction() as session:
        (campaign,) = await shop_that_sent(session, 1)
    state = await shown(campaign)
    assert [line.outcome for line in state.lines] == ["Buyers", "Revenue", "Profit after discount and sending"]
    buyers, _, profit = state.lines
    assert buyers.written.endswith("%")
    assert " of 100 (" in buyers.changed
    assert profit.total.startswith(("$", "−$"))
    assert " to " in profit.final
    assert state.groups.endswith("held out")
    assert state.split == "Split as drawn, no mismatch."
    assert not state.is_mismatch


async def test_before_the_date_it_says_when(database: str) -> None:
    async with transaction() as session:
        (campaign,) = await shop_that_sent(session, 1, days_ago=5)
        day = (now() + timedelta(days=40)).date()
        await session.execute(text("UPDATE experiments SET read_on = :day"), {"day": day})
        told = show_day(day, await shop_now(session))
    state = await shown(campaign)
    assert {line.final for line in state.lines} == {f"Too early until {told}"}


async def test_where_nobody_is_compared_there_is_no_card_and_no_zero(database: str) -> None:
    async with transaction() as session:
        campaign = await campaign_with(session, 4, 0, explore=0)
        await session.execute(text("UPDATE campaigns SET started_at = now() - interval '9 days'"))
    assert (await shown(campaign)).lines == []
    assert (await shown(UUID(int=5))).lines == []
    async with transaction() as session:
        # one person held out is nobody to compare with
        (other,) = await shop_that_sent(session, 1)
        await session.execute(
            text("DELETE FROM experiment_assignments x USING experiment_arms m WHERE m.id = x.arm_id AND m.is_control")
        )
        await learn(session, SYSTEM)
    line = (await shown(other)).lines[0]
    assert (line.held_out, line.changed, line.total, line.final) == (NONE, NONE, NONE, NONE)
    state = await Tab("/learning", VIEWER).state(EffectsState)
    await run(EffectsState.load, state)
    (row,) = state.lines
    assert (row.bought, row.profit, row.profit_interval, row.final) == (NONE, NONE, NONE, NONE)


async def test_nobody_bought_is_no_loss(database: str) -> None:
    """It rested on what sending cost alone, and said "It costs" beside an interval of a few cents."""
    async with transaction() as session:
        campaign = await sent_campaign(session, 60, days_ago=30)
        await fix_read(session, campaign, (now() - timedelta(days=28)).date(), anew=True)
        await learn(session, SYSTEM)
        result = await holdout_result(session, VIEWER, campaign)
    assert result is not None
    assert result.effect.cost > 0
    assert (result.profit.low, result.effect.profit.total, result.effect.profit.final) == (None, None, None)
    state = await shown(campaign)
    assert {(line.changed, line.total, line.final) for line in state.lines} == {(NONE, NONE, NONE)}
    assert state.note == NOBODY_BOUGHT
    learning = await Tab("/learning", VIEWER).state(EffectsState)
    await run(EffectsState.load, learning)
    (row,) = learning.lines
    assert (row.profit, row.profit_interval, row.final, row.verdict) == (NONE, NONE, NONE, "Nobody bought yet")
    assert learning.since.startswith("As of ")
    assert learning.since.endswith(".")


async def test_whose_week_has_not_come_is_no_row_of_noughts(database: str) -> None:
    """ "0 and 0 in 1 campaign", "0 and 0 in 0 campaigns, 1 left out"."""
    async with transaction() as session:
        await shop_that_sent(session, 1)
        await learn(session, SYSTEM)
        ((row,), _) = await read_effects(session, VIEWER, By.ALL)
        at = await shop_now(session)
    none = replace(row, written=0, held_out=0)
    assert effect_line(none, at).people == "Nobody by choice whose week has come in 1 campaign"
    assert effect_line(replace(none, left_out=2), at).people == (
        "Nobody by choice whose week has come in 1 campaign, 2 campaigns left out, not split as drawn"
    )
    assert effect_line(replace(none, campaigns=0, left_out=1), at).people == "1 campaign left out, not split as drawn"
    silent = replace(row, campaigns=0, without=1)
    assert effect_line(silent, at).people.endswith(f"and {figure(row.held_out)}, 1 campaign with nobody to compare")
    assert effect_line(replace(row, without=2), at).people.endswith(
        " in 1 campaign, 2 campaigns more with nobody to compare"
    )
    assert effect_line(row, at).people == f"{figure(row.written)} and {figure(row.held_out)} in 1 campaign"


async def test_without_anybody_held_out_the_choice_is_still_compared_with_chance(database: str) -> None:
    """Page and API said nothing at all."""
    async with transaction() as session:
        campaign = await campaign_with(session, 240, 0, constraints={"email_capacity_per_day": 500}, explore=30)
        await started(session, campaign, 10)
        for person in (await of_arm(session, campaign, "agent"))[::2]:
            await add_purchase(session, person, days_ago=8)
        agents, others = [len(await of_arm(session, campaign, arm)) for arm in ("agent", "random")]
        result = await holdout_result(session, VIEWER, campaign)
    assert result is not None
    assert result.chance is not None
    assert (result.chance.bought.contacted.people, result.chance.bought.held_out.people) == (agents, others)
    assert not result.split.is_mismatch
    state = await shown(campaign)
    told = {line.outcome: line for line in state.lines}
    assert (told["Buyers"].held_out, told["Buyers"].changed, told["Buyers"].final) == (NONE, NONE, NONE)
    assert state.choices[0].changed.startswith("+50.")
    assert state.choices[0].held_out.endswith("% by chance"), "it stood in a column named for who is held out"
    assert state.note == NO_HOLDOUT.format(what="chance")
    assert state.groups == f"{figure(agents + others)} written to, 0 held out"
    async with transaction() as session:
        # a split that no draw makes is found without a control group, too
        await session.execute(text("UPDATE experiment_arms SET share = CASE name WHEN 'agent' THEN .1 ELSE .9 END"))
    assert (await shown(campaign)).is_mismatch


async def test_what_a_plan_promises_and_can_show_stays_on_its_page(database: str) -> None:
    """What is believed was gone after approval, and the smallest effect stood in a sentence far below."""
    async with transaction() as session:
        campaign = await campaign_with(session, 240, 20, constraints={"email_capacity_per_day": 500}, explore=0)
        found = await session.execute(
            text("SELECT count(*) AS n, avg(p) AS p, avg(held) AS held FROM (SELECT customer_id,"
                 " max(CAST(offer_terms ->> 'baseline' AS float8)) AS p,"
                 " max(CASE WHEN arm = 'holdout' THEN 1.0 ELSE 0 END) AS held"
                 " FROM actions WHERE arm IS NOT NULL GROUP BY 1) each")
        )  # fmt: skip
        people, rate, held = found.one()
        explained = (await uplift_in_use(session)).posterior.explained
        await started(session, campaign, 3)
    least, needed = detectable(people, float(held), rate, explained), people_for(0.02, float(held), rate, explained)
    assert least is not None
    assert needed is not None
    state = await Tab(f"/campaigns/{campaign}", VIEWER).state(CampaignState)
    await run(CampaignState.load, state)
    facts = {fact.label: fact.value for fact in state.plan.facts}
    assert facts["Smallest effect seen"] == f"{figure(least * 100, 1)} buyers of 100 people"
    assert facts["To see 2 of 100"] == (
        f"{figure(needed)} people, {plural(math.ceil(needed / people), 'such campaign')} together"
    )
    assert state.head.under_way
    assert state.plan.beliefs_words


@pytest.mark.parametrize("provider", ["sandbox", "smtp"])
async def test_where_nobody_was_reached_it_says_so(database: str, provider: str) -> None:
    async with transaction() as session:
        campaign = await campaign_with(session, 200, 30)
        assert (await holdout_result(session, VIEWER, campaign)) is None, "a draft has nothing to tell"
        await started(session, campaign, 9)
        await session.execute(text("UPDATE sends SET provider = :it"), {"it": provider})
    state = await shown(campaign)
    assert state.note == (NOBODY_REACHED if provider == "sandbox" else NOBODY_BOUGHT)
    assert {line.changed for line in state.lines} == {NONE}


async def test_the_learning_page_tells_it_by_what_one_likes(database: str) -> None:
    async with transaction() as session:
        sent = await shop_that_sent(session, 2)
        await learn(session, SYSTEM)
    state = await Tab("/learning", VIEWER).state(EffectsState)
    await run(EffectsState.load, state)
    whole, *_ = state.lines
    assert whole.name == "All together"
    assert whole.people.endswith("in 2 campaigns")
    assert state.since.startswith("As of ")
    await run(EffectsState.show, state, "campaign")
    assert {line.href for line in state.lines} == {f"/campaigns/{one}" for one in sent}
    assert whole.href == ""
    assert not any("campaigns" in line.people for line in state.lines)
    await run(EffectsState.show, state, "nothing known")
    assert state.by == "campaign"


async def test_the_date_is_fixed_at_approval_and_for_who_comes_later(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 60, 30)
    assert await read_on(session, campaign) is None
    await session.execute(text("UPDATE campaigns SET status = 'awaiting_approval'"))
    row = await approve_seen(session, SYSTEM, campaign)
    assert await read_on(session, campaign) == row.end_date + timedelta(days=8)


async def test_a_triggered_campaign_has_its_date_from_the_first_occasion_on(session: AsyncSession) -> None:
    await ensure_shop(session)
    people = [await add_customer(session) for _ in range(3)]
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
    for who in people[:2]:
        await session.execute(
            text("INSERT INTO analytics_events (customer_id, event_type, occurred_at)"
                 " VALUES (:who, 'cart_left', now() - interval '1 hour')"),
            {"who": who},
        )  # fmt: skip
        await fire(session, SYSTEM, row.id)
        assert await read_on(session, row.id) == row.end_date + timedelta(days=8), "fixed with the first"
        await session.execute(text("UPDATE campaigns SET end_date = end_date + 30"))


@pytest.mark.parametrize(
    ("final", "verdict"),
    [
        ((51.0, 1106.0), "It pays"),
        ((-90.0, -3.0), "It costs"),
        ((-9.0, 60.0), "Cannot be told"),
        (None, "Not sure yet"),
    ],
)
async def test_the_verdict_is_the_final_reads_once_there_is_one(
    database: str, final: tuple[float, float] | None, verdict: str
) -> None:
    """ "Not sure yet" stood beside a final read of $578.55 ($51.26 to $1,106) whose date was past."""
    async with transaction() as session:
        await shop_that_sent(session, 1)
        await learn(session, SYSTEM)
        ((row, *_), _) = await read_effects(session, VIEWER, By.CAMPAIGN)
        at = await shop_now(session)
    always = Span(20.0, -400.0, 900.0)
    read = None if final is None else Span(sum(final) / 2, *final)
    told = replace(
        row, is_mismatch=False, is_read=final is not None, final_on=at.date(),
        profit=replace(row.profit, total=always, final_total=read),
    )  # fmt: skip
    assert effect_line(told, at, By.CAMPAIGN).verdict == verdict
    assert effect_line(replace(told, final_on=None), at).verdict == "Not sure yet", "of several only some are read"
