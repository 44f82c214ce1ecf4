"""What of a plan was not carried out says nothing of what messages change: to the model, the effects, the log alike."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.edit_actions import skip_actions
from liquor_app.core.clock import now
from liquor_app.experiments.effects import By, read_effects
from liquor_app.experiments.learning import learn, read_groups
from liquor_app.experiments.off_policy import NothingLeftToChance
from liquor_app.experiments.policy_question import Policy, ask_policy
from liquor_app.experiments.service import holdout_result
from tests.experiments.test_holdout import SHOP, VIEWER, campaign_with
from tests.experiments.test_learning import of_arm
from tests.people import add_purchase, deliver, steady_ids

ROOMY = {"email_capacity_per_day": 500}
PEOPLE = 240
DAYS_AGO = 20


def the_day(later: int = 0) -> date:
    return now().astimezone(SHOP).date() - timedelta(days=DAYS_AGO - later)


async def begun(session: AsyncSession, status: str = "completed") -> UUID:
    """A campaign whose plan was due three weeks ago, at nine of one day; all of it is in nobody's hands yet."""
    campaign = await campaign_with(session, PEOPLE, 20, constraints=ROOMY, explore=20)
    await session.execute(
        text("UPDATE campaigns SET status = :status, started_at = :at WHERE id = :id"),
        {"at": now() - timedelta(days=DAYS_AGO + 1), "id": campaign, "status": status},
    )
    await session.execute(
        text('UPDATE actions SET scheduled_date = :day, send_window = \'{"start": "09:00"}\' WHERE campaign_id = :id'),
        {"day": the_day(), "id": campaign},
    )
    return campaign


async def postponed(session: AsyncSession, people: list[UUID], *, days: int = 0, hour: int = 9) -> None:
    await session.execute(
        text(
            "UPDATE actions SET scheduled_date = :day, send_window = jsonb_build_object('start', CAST(:at AS text))"
            " WHERE customer_id = ANY(:people)"
        ),
        {"day": the_day(days), "at": f"{hour:02d}:00", "people": people},
    )


async def fared(session: AsyncSession, people: list[UUID], **columns: Any) -> None:
    """Another fate of these people's messages than to be delivered."""
    told = ", ".join(f"{name} = :{name}" for name in columns)
    await session.execute(
        text(f"UPDATE sends SET {told} WHERE customer_id = ANY(:people)"), {"people": people, **columns}
    )


async def counted(session: AsyncSession, campaign: UUID) -> dict[str, tuple[int, int]]:
    """Written to and held out, as each reader of outcomes counts them."""
    groups, _ = await read_groups(session)
    model = [sum(group.people for group in groups if group.is_control is side) for side in (False, True)]
    await learn(session, SYSTEM)
    rows, _ = await read_effects(session, VIEWER, By.ALL)
    result = await holdout_result(session, VIEWER, campaign)
    try:
        log = (await ask_policy(session, VIEWER, Policy.NOTHING)).estimate
    except NothingLeftToChance:
        logged = (0, 0)
    else:
        held = round(log.effective)
        logged = (log.people - held, held)
    return {
        "model": (model[0], model[1]),
        "effects": (rows[0].written, rows[0].held_out) if rows else (0, 0),
        "page": (result.bought.contacted.people, result.bought.held_out.people) if result else (0, 0),
        "log": logged,
    }


def everywhere(written: int, held: int) -> dict[str, tuple[int, int]]:
    return dict.fromkeys(("model", "effects", "page", "log"), (written, held))


NOBODY = everywhere(0, 0)


async def sides(session: AsyncSession, campaign: UUID) -> tuple[list[UUID], list[UUID]]:
    written = [*await of_arm(session, campaign, "agent"), *await of_arm(session, campaign, "random")]
    return sorted(written), await of_arm(session, campaign, "holdout")


@pytest.mark.parametrize("status", ["paused", "completed", "cancelled", "active"])
async def test_a_campaign_that_wrote_to_nobody_teaches_nothing(session: AsyncSession, status: str) -> None:
    """A belief of +1.0 became +0.2: mail was held to do nothing, for nobody had got any."""
    campaign = await begun(session, status)
    version = (await learn(session, SYSTEM)).version
    assert await counted(session, campaign) == NOBODY
    assert (await learn(session, SYSTEM)).version == version


@pytest.mark.parametrize(
    "fate",
    [
        {"provider": "sandbox"},
        {"status": "cancelled"},
        {"status": "pending"},
        {"status": "skipped", "skip_reason": "expired"},
        {"status": "failed"},
        {"status": "bounced"},
        {"contact_at": now() - timedelta(days=DAYS_AGO - 5)},
    ],
    ids=["sandbox", "cancelled", "pending", "expired", "failed", "bounced", "five days late"],
)
async def test_messages_that_reached_nobody_teach_nothing(session: AsyncSession, fate: dict[str, Any]) -> None:
    campaign = await begun(session)
    await deliver(session, campaign)
    written, held = await sides(session, campaign)
    assert await counted(session, campaign) == everywhere(len(written), len(held))
    await fared(session, written, **fate)
    assert await counted(session, campaign) == NOBODY


async def test_a_plan_that_was_all_taken_out_teaches_nothing(session: AsyncSession) -> None:
    campaign = await campaign_with(session, PEOPLE, 20, constraints=ROOMY, explore=20)
    await skip_actions(session, SYSTEM, campaign, channel="email")
    await session.execute(text("UPDATE campaigns SET status = 'completed', started_at = now() - interval '21 days'"))
    await session.execute(text("UPDATE actions SET scheduled_date = :day"), {"day": the_day()})
    await deliver(session, campaign)
    assert await counted(session, campaign) == NOBODY


@pytest.mark.parametrize("status", ["paused", "cancelled"])
@pytest.mark.parametrize("later", [{"days": 2}, {"hour": 15}], ids=["days later", "hours later"])
async def test_what_was_stopped_halfway_counts_up_to_the_stop_for_all_arms_alike(
    session: AsyncSession, status: str, later: dict[str, int]
) -> None:
    """Buyers among those whose message never left are in no figure, and neither are the held out of the same hours."""
    campaign = await begun(session, status)
    written, held = await sides(session, campaign)
    await postponed(session, [*written[::2], *held[::3]], **later)
    await deliver(session, campaign)
    await fared(session, written[::2], status="cancelled" if status == "cancelled" else "pending")
    before, ghosts = sorted(set(written) - set(written[::2])), sorted(set(held) - set(held[::3]))
    for person in [*written[::2], *held[::3]]:
        await add_purchase(session, person, days_ago=DAYS_AGO - 4)
    for person in before[:10]:
        await add_purchase(session, person, days_ago=DAYS_AGO - 1)
    assert await counted(session, campaign) == everywhere(len(before), len(ghosts))
    groups, _ = await read_groups(session)
    assert sum(group.bought for group in groups) == 10
    result = await holdout_result(session, VIEWER, campaign)
    assert result is not None
    assert (result.bought.contacted.total, result.bought.held_out.total) == (10, 0)


async def test_who_was_stopped_by_their_own_consent_counts_as_drawn(session: AsyncSession) -> None:
    """Their like among the held out are not left out either."""
    campaign = await begun(session)
    written, held = await sides(session, campaign)
    await deliver(session, campaign)
    await fared(session, written[:100], status="skipped", skip_reason="no_consent")
    assert await counted(session, campaign) == everywhere(len(written), len(held))


async def test_a_day_of_held_out_people_alone_counts_as_the_days_around_it(session: AsyncSession) -> None:
    """In a campaign of a few people a day most have their turn on a day on which nobody else does."""
    campaign = await begun(session)
    written, held = await sides(session, campaign)
    await postponed(session, held, days=1)
    await deliver(session, campaign)
    assert await counted(session, campaign) == everywhere(len(written), len(held))
    await fared(session, written, status="cancelled")
    assert await counted(session, campaign) == NOBODY
    # far from any day that says something it says nothing itself
    await fared(session, written, status="delivered")
    await postponed(session, held, days=8)
    groups, _ = await read_groups(session)
    assert [group for group in groups if group.is_control] == []


async def test_a_few_that_left_do_not_stand_for_many_that_did_not(session: AsyncSession) -> None:
    campaign = await begun(session)
    written, _ = await sides(session, campaign)
    await deliver(session, campaign)
    await fared(session, written[5:], status="cancelled")
    assert await counted(session, campaign) == NOBODY


async def test_what_is_still_to_come_is_drawn_and_not_counted(session: AsyncSession) -> None:
    campaign = await begun(session, "active")
    written, held = await sides(session, campaign)
    await postponed(session, [*written[::2], *held[::2]], days=DAYS_AGO + 3)
    await deliver(session, campaign)
    result = await holdout_result(session, VIEWER, campaign)
    assert result is not None
    assert (result.bought.contacted.people, result.bought.held_out.people) == (len(written) // 2, len(held) // 2)
    assert not result.split.is_mismatch
    assert len({*written, *held}) == len(steady_ids(PEOPLE))
