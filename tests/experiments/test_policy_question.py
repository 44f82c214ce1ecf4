"""Another policy judged from what the product itself logged: recomputed from the raw rows."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now
from liquor_app.experiments.learning import HALF, learn, read_learning
from liquor_app.experiments.off_policy import NothingLeftToChance
from liquor_app.experiments.policy_question import Policy, ask_policy
from liquor_app.organization.settings import PlanningSettings, save_settings
from liquor_app.planning.draft_plan import make_plan
from liquor_app.screens.experiments.learning.state import from_words
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, add_purchase, believe, deliver, ensure_shop, steady_ids

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
SHOP = ZoneInfo("America/New_York")


async def sent(session: AsyncSession, people: int, holdout: int, explore: int) -> UUID:
    await ensure_shop(session)
    await save_settings(session, SYSTEM, PlanningSettings, {"explore_pct": explore, "email_capacity_per_day": 5000})
    for one in steady_ids(people):
        await add_customer(session, id=one)
    await believe(session)
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email"]})
    await refresh_segments(session, SYSTEM)
    (campaign,) = steady_ids(1, "campaign")
    await add_campaign(session, ["all"], id=campaign, holdout_pct=Decimal(holdout))
    await make_plan(session, SYSTEM, campaign)
    await session.execute(
        text("UPDATE campaigns SET status = 'completed', started_at = :at"), {"at": now() - timedelta(days=12)}
    )
    await session.execute(
        text("UPDATE actions SET scheduled_date = :day, send_window = '{}'"),
        {"day": now().astimezone(SHOP).date() - timedelta(days=12)},
    )
    await deliver(session, campaign)
    return campaign


async def test_estimates_are_those_of_the_raw_rows(session: AsyncSession) -> None:
    await sent(session, 230, 20, 30)
    rows = (
        await session.execute(
            text(
                "SELECT customer_id, arm, propensity, offer_terms ->> 'name' AS offer FROM actions"
                " WHERE arm IS NOT NULL ORDER BY id"
            )
        )
    ).all()
    bought = {row.customer_id for number, row in enumerate(rows) if number % 3 == 0 or row.arm == "agent"}
    for person in bought:
        await add_purchase(session, person, days_ago=10)
    nothing = (await ask_policy(session, VIEWER, Policy.NOTHING)).estimate
    held = [row for row in rows if row.arm == "holdout"]
    by_hand = sum((row.customer_id in bought) / row.propensity for row in held) / len(rows)
    assert nothing.ips.mean == pytest.approx(by_hand)
    assert nothing.people == nothing.decisions == len(rows)
    assert nothing.snips.mean == pytest.approx(sum(row.customer_id in bought for row in held) / len(held))
    assert nothing.logged.mean == pytest.approx(len(bought) / len(rows))

    random = (await ask_policy(session, VIEWER, Policy.RANDOM)).estimate
    written = [row for row in rows if row.arm != "holdout"]
    by_hand = sum(0.5 * (row.customer_id in bought) / row.propensity for row in written) / len(rows)
    assert random.ips.mean == pytest.approx(by_hand)

    believed = (await ask_policy(session, VIEWER, Policy.BELIEVED)).estimate
    best = [row for row in written if row.offer == "Favourite category"]
    by_hand = sum((row.customer_id in bought) / row.propensity for row in best) / len(rows)
    assert believed.ips.mean == pytest.approx(by_hand), "either half of the people teaches the same"
    assert believed.is_reliable


async def test_what_is_believed_is_judged_by_whom_it_was_not_learned_from(session: AsyncSession) -> None:
    """Judged by its own log it told 26.5 for 20. Here each half of the people buys of another offer: what one half
    teaches is wrong of the other, and the estimate says so."""
    await sent(session, 400, 20, 50)
    rows = (
        await session.execute(
            text(
                f"SELECT a.customer_id, a.arm, a.propensity, a.offer_terms ->> 'name' AS offer, {HALF} AS half"
                " FROM actions a WHERE a.arm IS NOT NULL ORDER BY a.id"
            )
        )
    ).all()
    ten, plain = sorted({row.offer for row in rows if row.arm != "holdout"})
    wins = {0: ten, 1: plain}
    written = [row for row in rows if row.arm != "holdout"]
    bought = {row.customer_id for row in written if row.offer == wins[row.half]}
    for person in bought:
        await add_purchase(session, person, days_ago=10)
    nothing = await ask_policy(session, VIEWER, Policy.NOTHING)
    told = (await ask_policy(session, VIEWER, Policy.BELIEVED)).estimate
    # each half is given what won in the other: of its own that won nobody
    crossed = [row for row in written if row.offer == wins[1 - row.half]]
    assert not {row.customer_id for row in crossed} & bought
    assert told.ips.mean == pytest.approx(0.0, abs=1e-9)
    assert told.snips.mean == pytest.approx(0.0, abs=1e-9)
    own = sum(1 / row.propensity for row in written if row.offer == wins[row.half]) / len(rows)
    assert own > 0.5, "by its own log it would look as good as that"
    assert nothing.estimate.ips.mean == pytest.approx(0.0), "the other policies need no beliefs"


async def test_a_log_that_left_nothing_to_chance_is_refused(session: AsyncSession) -> None:
    with pytest.raises(NothingLeftToChance):
        await ask_policy(session, VIEWER, Policy.NOTHING)
    await sent(session, 10, 0, 0)
    with pytest.raises(NothingLeftToChance):
        await ask_policy(session, VIEWER, Policy.BELIEVED)


async def test_no_more_than_everybody_buys(session: AsyncSession) -> None:
    """A few decisions of large weights said that 44 of a hundred would buy, or up to 129."""
    await sent(session, 230, 20, 30)
    rows = await session.execute(text("SELECT customer_id FROM actions WHERE arm IN ('random', 'holdout')"))
    for person in rows.scalars().all():
        await add_purchase(session, person, days_ago=10)
    for policy in Policy:
        found = (await ask_policy(session, VIEWER, policy)).estimate
        for one in (found.ips, found.snips, found.doubly_robust, found.logged):
            assert 0 <= one.low <= one.mean <= one.high <= 1, policy


async def test_who_was_decided_on_in_two_campaigns_is_one_person(session: AsyncSession) -> None:
    """`people` counted decisions, and the interval took them as independent."""
    first = await sent(session, 230, 20, 30)
    (again,) = steady_ids(1, "again")
    await add_campaign(session, ["all"], id=again, holdout_pct=Decimal(20))
    await make_plan(session, SYSTEM, again)
    twelve = {"day": now().astimezone(SHOP).date() - timedelta(days=12), "at": now() - timedelta(days=12), "id": again}
    await session.execute(text("UPDATE campaigns SET status = 'completed', started_at = :at WHERE id = :id"), twelve)
    await session.execute(
        text("UPDATE actions SET scheduled_date = :day, send_window = '{}' WHERE campaign_id = :id"), twelve
    )
    await deliver(session, again)
    rows = (await session.execute(text("SELECT customer_id, arm, propensity FROM actions WHERE arm IS NOT NULL"))).all()
    people = sorted({row.customer_id for row in rows})
    assert first != again
    assert len(rows) > len(people)
    for person in people[::3]:
        await add_purchase(session, person, days_ago=10)
    found = (await ask_policy(session, VIEWER, Policy.NOTHING)).estimate
    assert (found.people, found.decisions) == (len(people), len(rows))
    terms = [
        ((row.customer_id in people[::3]) / row.propensity if row.arm == "holdout" else 0.0, row.customer_id)
        for row in rows
    ]
    mean = sum(term for term, _ in terms) / len(rows)
    by_person = {person: sum(term - mean for term, who in terms if who == person) for person in people}
    error = sum(one**2 for one in by_person.values()) ** 0.5 / len(rows)
    assert found.ips.mean == pytest.approx(mean)
    assert found.ips.width == pytest.approx(2 * 1.96 * error, rel=0.15), "but for the skewness"

    await learn(session, SYSTEM)
    seen = await read_learning(session, VIEWER)
    written = [row.customer_id for row in rows if row.arm != "holdout"]
    assert seen.messages == len(written) > len(set(written))
    assert seen.distinct_people == len(set(written))
    assert seen.controls == len(rows) - len(written)
    assert from_words(seen).startswith(f"{len(written)} messages to {len(set(written))} people; ")
