"""What a person changes in a plan changes no figure: whoever was decided on counts as it was decided."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.edit_actions import move_action, skip_action, skip_actions
from liquor_app.actions.edit_offer import change_offer
from liquor_app.actions.offering.cell_rules import RuleEffect, add_rule
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict
from liquor_app.experiments.learning import learn, read_groups, read_learning
from liquor_app.experiments.policy_question import Policy, ask_policy
from liquor_app.experiments.service import holdout_result
from liquor_app.organization.settings import PlanningSettings, save_settings
from liquor_app.planning.draft_plan import make_plan
from liquor_app.planning.simulation_job import simulate_plan
from tests.experiments.test_holdout import SHOP, VIEWER, campaign_with
from tests.experiments.test_learning import of_arm
from tests.experiments.test_replanned_arms import by_two_channels
from tests.people import add_purchase, deliver

ROOMY = {"email_capacity_per_day": 500, "sms_capacity_per_day": 500}


async def lived(session: AsyncSession, campaign: UUID) -> None:
    """The plan as it stands went out three weeks ago; half of whom it was decided to write to bought, few held out."""
    await session.execute(
        text("UPDATE campaigns SET status = 'completed', started_at = :at WHERE id = :id"),
        {"at": now() - timedelta(days=20), "id": campaign},
    )
    day = now().astimezone(SHOP).date() - timedelta(days=20)
    await session.execute(
        text("UPDATE actions SET scheduled_date = :day, send_window = '{}' WHERE campaign_id = :id"),
        {"day": day, "id": campaign},
    )
    await deliver(session, campaign)
    for arm, every in (("agent", 2), ("random", 3), ("holdout", 5)):
        for person in (await of_arm(session, campaign, arm))[::every]:
            await add_purchase(session, person, days_ago=18)


async def figures(session: AsyncSession, campaign: UUID) -> tuple[Any, ...]:
    result = await holdout_result(session, VIEWER, campaign)
    assert result is not None
    groups, _ = await read_groups(session)
    policy = await ask_policy(session, VIEWER, Policy.RANDOM)
    return sorted(groups), result.effect, result.chance, policy.estimate


async def armed(session: AsyncSession, campaign: UUID) -> list[Any]:
    found = await session.execute(
        text("SELECT * FROM actions WHERE campaign_id = :id AND arm IS NOT NULL ORDER BY customer_id"), {"id": campaign}
    )
    return list(found.all())


@pytest.mark.parametrize("change", ["taken out", "taken out together", "another offer"])
async def test_no_figure_changes(session: AsyncSession, change: str) -> None:
    """Buyers were taken out of the written side, and their like stayed held out: an effect of nothing became −10.5."""
    room = {"email_capacity_per_day": 60} if change == "taken out together" else ROOMY  # on several days
    campaign = await campaign_with(session, 240, 20, constraints=room, explore=20)
    await save_settings(session, SYSTEM, PlanningSettings, {"email_cost": 0})  # who is taken out costs none
    before = [(row.arm, row.propensity, row.decision) for row in await armed(session, campaign)]
    await session.execute(text("SAVEPOINT as_planned"))
    await lived(session, campaign)
    untouched = await figures(session, campaign)
    await session.execute(text("ROLLBACK TO SAVEPOINT as_planned"))
    pending = [row for row in await armed(session, campaign) if row.status == "pending"]
    if change == "taken out together":
        day, _ = Counter(row.scheduled_date for row in pending).most_common(1)[0]
        assert await skip_actions(session, SYSTEM, campaign, day=day) > 10
    else:
        for row in pending[::3]:
            if change == "taken out":
                await skip_action(session, SYSTEM, row.id)
            else:
                await change_offer(session, SYSTEM, row.id, offer="Come by", discount_pct=0)
    assert [(row.arm, row.propensity, row.decision) for row in await armed(session, campaign)] == before
    await lived(session, campaign)
    assert await figures(session, campaign) == untouched


async def test_planned_again_each_is_counted_once(session: AsyncSession) -> None:
    """Whoever was taken out and gets another message was drawn in two rows, and chance from more than there was."""
    campaign = await by_two_channels(session)
    pending = [row for row in await armed(session, campaign) if row.status == "pending"]
    for row in pending[:40]:
        await skip_action(session, SYSTEM, row.id)
    await make_plan(session, SYSTEM, campaign)
    rows = await armed(session, campaign)
    assert len({row.customer_id for row in rows}) == len(rows)
    others = [row for row in rows if row.customer_id in {one.customer_id for one in pending[:40]}]
    assert {row.skip_reason for row in others} >= {None}
    for row in others:
        assert "among" not in row.decision
        kinds = [name for one in row.decision["options"] for name in one["answers"]]
        if row.arm != "holdout":  # the chance is that of the options which are written down
            assert min(abs(row.propensity - 0.2 / len(kinds) - by_agent) for by_agent in (0.0, 0.7)) < 1e-9


async def test_planned_again_after_somebody_was_put_in_by_hand(session: AsyncSession) -> None:
    """One whom the plan had left out: planning again ended in an error, and in a campaign without any plan."""
    campaign = await by_two_channels(session, email_capacity_per_day=17, sms_capacity_per_day=17)
    found = await session.execute(
        text(
            "SELECT a.id, a.channel FROM actions a WHERE a.campaign_id = :id AND a.status = 'skipped' AND a.arm IS NULL"
            " AND NOT EXISTS (SELECT FROM actions x WHERE x.campaign_id = :id AND x.customer_id = a.customer_id"
            " AND x.arm IS NOT NULL) ORDER BY a.id LIMIT 1"
        ),
        {"id": campaign},
    )
    one = found.one()
    rows = await armed(session, campaign)
    assert len({row.customer_id for row in rows}) > 200, "enough that something is left to chance"
    out = next(row for row in rows if row.status == "pending" and row.channel == one.channel)
    await skip_action(session, SYSTEM, out.id)
    await move_action(session, SYSTEM, one.id, out.scheduled_date)
    plan = await make_plan(session, SYSTEM, campaign)
    kept = await session.execute(text("SELECT status, plan_id, arm FROM actions WHERE id = :id"), {"id": one.id})
    assert tuple(kept.one()) == ("pending", plan.id, None)


async def test_who_is_held_out_is_neither_taken_out_nor_put_in(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 60, 40, constraints=ROOMY)
    held = next(row for row in await armed(session, campaign) if row.arm == "holdout")
    with pytest.raises(Conflict, match="held out"):
        await skip_action(session, SYSTEM, held.id)
    others = await session.execute(
        text("SELECT id FROM actions WHERE campaign_id = :id AND customer_id = :who"),
        {"id": campaign, "who": held.customer_id},
    )
    for action in others.scalars().all():
        with pytest.raises(Conflict, match="held out"):
            await move_action(session, SYSTEM, action, held.scheduled_date)


async def test_simulating_again_keeps_how_the_plan_was_made(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 240, 20, constraints=ROOMY, explore=20)
    plan = await make_plan(session, SYSTEM, campaign)
    again = await simulate_plan(session, SYSTEM, plan.id)
    assert plan.summary["arms"]["random"] > 0
    for name in ("arms", "power", "cell_rules", "optimality"):
        assert again.summary[name] == plan.summary[name]
    assert set(plan.summary) <= set(again.summary)


async def test_what_the_till_tells_late_is_learned(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 100, 30, constraints=ROOMY)
    await lived(session, campaign)
    first = await learn(session, SYSTEM)
    assert (await learn(session, SYSTEM)).version == first.version, "nothing new keeps the old"
    for person in (await of_arm(session, campaign, "agent"))[1::2]:
        await add_purchase(session, person, days_ago=17)
    second = await learn(session, SYSTEM)
    assert second.version == first.version + 1
    assert second.posterior.mean[0] > first.posterior.mean[0]


async def test_what_comes_next_goes_by_a_marketers_rules(session: AsyncSession) -> None:
    """It named as next what somebody had forbidden."""
    await campaign_with(session, 10, 30)

    async def told() -> list[tuple[str, str]]:
        (trial,) = [one for one in (await read_learning(session, VIEWER)).trials if one.segment == "all"]
        cells = [one.cell for one in (trial.most, *trial.least_known)]
        return [(cell.offer.split(",")[0], cell.channel) for cell in cells]

    for rounds in range(2):
        offer, channel = (await told())[0]
        await add_rule(
            session, SYSTEM, effect=RuleEffect.FORBID, segment="all", offer=offer, channel=channel, reason="Tired"
        )
        after = (await read_learning(session, VIEWER)).trials
        if rounds == 1:  # there are two of them, and both are forbidden
            assert "all" not in {one.segment for one in after}
        else:
            assert (offer, channel) not in await told()


async def test_who_was_taken_out_stays_as_far_as_the_next_plan_would_choose_them(session: AsyncSession) -> None:
    """A plan with less room holds fewer ghosts; whoever was taken out of the larger one stayed in its arms, and the
    arm drawn at random in a plan that draws none: 83 written to stood against 26 held out."""
    campaign = await campaign_with(session, 240, 20, constraints=ROOMY, explore=20)
    await session.execute(
        text(
            "UPDATE actions a SET expected_profit = r.n / 10.0 FROM (SELECT customer_id, row_number() OVER (ORDER BY"
            " md5(CAST(customer_id AS text))) AS n FROM actions GROUP BY customer_id) r"
            " WHERE r.customer_id = a.customer_id"
        )
    )
    rank = {row.customer_id: row.expected_profit for row in await armed(session, campaign)}
    await session.execute(text("SAVEPOINT as_planned"))
    smaller = text("UPDATE campaigns SET constraints = constraints || '{\"email_capacity_per_day\": 12}'")
    await session.execute(smaller)
    await make_plan(session, SYSTEM, campaign)
    untouched = {row.customer_id: row.arm for row in await armed(session, campaign)}
    await session.execute(text("ROLLBACK TO SAVEPOINT as_planned"))
    out = [row for row in await armed(session, campaign) if row.status == "pending"][::6]
    assert {row.arm for row in out} == {"agent", "random"}
    for row in out:
        await skip_action(session, SYSTEM, row.id)
    await session.execute(smaller)
    await make_plan(session, SYSTEM, campaign)
    rows = await armed(session, campaign)
    stayed = {row.customer_id: row.arm for row in rows}
    taken = {row.customer_id for row in out}
    least = min(rank[row.customer_id] for row in rows if row.status == "held_out")
    kept = {person for person in taken if person in stayed}
    assert 0 < len(kept) < len(taken)
    assert min(rank[person] for person in kept) >= least - 1, "as good as the ghosts of this plan"
    assert max(rank[person] for person in taken - kept) <= least + 1
    assert kept >= {person for person in taken if person in untouched}, "whom the plan would have chosen stay"
    assert {stayed[person] for person in kept} == {"agent"}, "nothing is drawn at random below 200 people"
    assigned = await session.execute(text("SELECT count(*) FROM experiment_assignments"))
    assert assigned.scalar_one() == len(stayed)
