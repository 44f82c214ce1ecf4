"""A played week of the sample: simulated outcomes, drawn as planted, told as simulated, kept out of everything real."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.analytics.service import campaign_days
from liquor_app.campaigns.brief import RESPONSE_DAYS
from liquor_app.core.db import transaction
from liquor_app.experiments.learning import learn, read_groups
from liquor_app.experiments.played_week import PlayedRow, has_sample_people, list_played, live_through, played_week
from liquor_app.experiments.played_world import (
    BASKET_SPREAD,
    BY_SEGMENT,
    EACH_TEN_OFF,
    OTHER_SEGMENTS,
    Decided,
    Lived,
    live,
    planted,
)
from liquor_app.experiments.statistics import Arm, Lift, lift
from liquor_app.organization.settings import PlanningSettings, load_settings, shop_now
from liquor_app.scoring.estimators.uplift import PRIOR_MEAN
from liquor_app.scoring.uplift_store import uplift_in_use
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.screens.experiments.learning.state import played_lines
from liquor_app.screens.experiments.played.played_state import (
    beside_lines,
    lesson_lines,
    lift_lines,
    played_view,
    verdict_of,
)
from liquor_app.ui.words import figure, show_moment, show_money
from tests.experiments.test_holdout import campaign_with
from tests.people import add_campaign, steady_ids
from tests.tabs import Tab, run

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
AT = datetime(2026, 11, 3, 18, tzinfo=UTC)
PEOPLE = steady_ids(20_000, "played")


def decided(person: UUID, **changed: Any) -> Decided:
    values: dict[str, Any] = {
        "customer_id": person, "segment": "at_risk", "channel": "email", "discount_pct": 0.0, "baseline": 0.2,
        "basket": 40.0, "at": AT, "is_sent": True,
    }  # fmt: skip
    return Decided(**values | changed)


def lives(**changed: Any) -> list[Lived]:
    return [live("seed", decided(person, **changed)) for person in PEOPLE]


def share(found: Iterable[Any]) -> float:
    return float(np.mean([one is not None for one in found]))


@pytest.mark.parametrize(
    ("changed", "effect"),
    [
        ({}, BY_SEGMENT["at_risk"]),
        ({"segment": "champions", "discount_pct": 15.0}, BY_SEGMENT["champions"] + 1.5 * EACH_TEN_OFF),
        ({"segment": "of their own", "channel": "sms"}, OTHER_SEGMENTS - 0.01),
        ({"is_sent": False}, 0.0),
    ],
)
def test_people_buy_by_what_is_planted_and_those_left_alone_by_their_habit(
    changed: dict[str, Any], effect: float
) -> None:
    found = lives(**changed)
    if changed.get("is_sent", True):
        one = decided(PEOPLE[0], **changed)
        assert planted(one.segment, one.channel, one.discount_pct) == pytest.approx(effect)
    p = 0.2 + effect
    assert share(one.bought_at for one in found) == pytest.approx(p, abs=4 * (p * (1 - p) / len(found)) ** 0.5)
    if not changed.get("is_sent", True) or changed.get("channel") == "sms":
        assert all(one.opened_at is None for one in found)


def test_what_somebody_does_is_in_order_within_their_week_and_always_the_same() -> None:
    found = lives(discount_pct=10.0)
    assert found == lives(discount_pct=10.0)
    end = AT + timedelta(days=RESPONSE_DAYS)
    for one in found:
        if one.clicked_at is not None:
            assert one.opened_at is not None
            assert one.opened_at <= one.clicked_at
        for moment in (one.opened_at, one.clicked_at, one.bought_at):
            assert moment is None or AT <= moment <= end
        assert (one.bought_at is None) == (one.total == 0)
    spent = np.log([float(one.total) for one in found if one.total])
    assert spent.std() == pytest.approx(BASKET_SPREAD, rel=0.05)
    assert np.exp(spent).mean() == pytest.approx(40, rel=0.03)


async def of_sample(session: AsyncSession, *, is_sample: bool = True) -> UUID:
    """A campaign of the sample whose week is being played; its messages went out."""
    campaign = await campaign_with(session, 120, 30, explore=0)
    await session.execute(text("UPDATE customers SET is_sample = :is"), {"is": is_sample})
    await session.execute(
        text(
            "INSERT INTO sends"
            " (id, created_at, customer_id, campaign_id, action_id, channel, recipient, status, not_before)"
            " SELECT i, uuid_v7_time(i), customer_id, campaign_id, id, channel, 'x@example.com', 'sent', now()"
            " FROM (SELECT *, uuid_v7() AS i FROM actions) a"
            " WHERE campaign_id = :id AND status = 'pending'"
        ),
        {"id": campaign},
    )
    await clock(session, campaign, await first_day(session, campaign))
    return campaign


async def first_day(session: AsyncSession, campaign: UUID) -> datetime:
    found = await session.execute(text("SELECT start_date FROM campaigns WHERE id = :id"), {"id": campaign})
    return datetime.combine(found.scalar_one(), datetime.min.time(), UTC)


async def clock(session: AsyncSession, campaign: UUID, at: datetime, *, playing: bool = True) -> None:
    await session.execute(
        text(
            "UPDATE campaigns SET virtual_now = :at, is_playing = :playing, status = 'active', started_at = now()"
            " WHERE id = :id"
        ),
        {"at": at, "playing": playing, "id": campaign},
    )


async def outcomes(session: AsyncSession) -> list[Any]:
    return list(await session.execute(text("SELECT * FROM played_outcomes ORDER BY customer_id")))


async def test_the_week_is_lived_as_its_clock_goes_and_told_when_it_is_over(session: AsyncSession) -> None:
    campaign = await of_sample(session)
    first = await first_day(session, campaign)
    assert await has_sample_people(session, campaign)
    assert await live_through(session, campaign, first) == 0, "nobody's day has come"
    assert await played_week(session, VIEWER, campaign) is None
    middle, end = first + timedelta(days=3), first + timedelta(days=9)
    some = await live_through(session, campaign, middle)
    await clock(session, campaign, middle)
    half = await played_week(session, VIEWER, campaign)
    assert half is not None
    assert (half.bought, half.lesson) == (None, None), "no verdict before the end"
    rest = await live_through(session, campaign, end)
    assert some + rest == 120
    assert await live_through(session, campaign, end) == 0, "nobody lives twice"
    before = await outcomes(session)
    await clock(session, campaign, end, playing=False)

    row = await played_week(session, VIEWER, campaign)
    assert row is not None
    written = [one for one in before if one.arm != "holdout"]
    held = [one for one in before if one.arm == "holdout"]
    assert (row.written, row.held_out) == (len(written), len(held))
    assert (row.opened, row.clicked, row.buyers) == tuple(
        sum(getattr(one, name) is not None for one in written) for name in ("opened_at", "clicked_at", "bought_at")
    )
    assert row.spent == sum((one.total for one in written), Decimal(0)) > 0
    assert half.buyers == sum(one.bought_at is not None and one.bought_at <= middle for one in written) < row.buyers
    assert row.bought is not None
    rate = [np.mean([one.bought_at is not None for one in group]) for group in (written, held)]
    assert row.bought.difference == pytest.approx(rate[0] - rate[1])
    assert row.lesson is not None
    assert sum(cell.learned_from for cell in row.lesson.cells) == len(written)
    assert all(not one.is_sent for one in held)


async def test_who_still_waits_for_their_message_has_not_lived_the_week_yet(session: AsyncSession) -> None:
    campaign = await of_sample(session)
    end = await first_day(session, campaign) + timedelta(days=9)
    somebody = "SELECT customer_id FROM sends ORDER BY customer_id LIMIT 3"
    await session.execute(text(f"UPDATE sends SET status = 'pending' WHERE customer_id IN ({somebody})"))
    assert await live_through(session, campaign, end) == 117
    await session.execute(text("UPDATE sends SET status = 'sent'"))
    assert await live_through(session, campaign, end) == 3
    assert all(one.is_sent for one in await outcomes(session) if one.arm != "holdout")


async def test_nothing_of_it_is_learned_counted_or_sold(session: AsyncSession) -> None:
    campaign = await of_sample(session)
    bought = (await session.execute(text("SELECT count(*) FROM purchases"))).scalar_one()
    events = (await session.execute(text("SELECT count(*) FROM analytics_events"))).scalar_one()
    beliefs = await uplift_in_use(session)
    await live_through(session, campaign, await first_day(session, campaign) + timedelta(days=9))
    await clock(session, campaign, await first_day(session, campaign) + timedelta(days=9), playing=False)
    assert (await played_week(session, VIEWER, campaign)) is not None
    assert (await session.execute(text("SELECT count(*) FROM purchases"))).scalar_one() == bought
    assert (await session.execute(text("SELECT count(*) FROM analytics_events"))).scalar_one() == events
    touched = (
        "SELECT count(*) FROM sends WHERE opened_at IS NOT NULL OR clicked_at IS NOT NULL OR converted_at IS NOT NULL"
    )
    assert (await session.execute(text(touched))).scalar_one() == 0
    assert (await read_groups(session))[0] == []
    assert (await learn(session, SYSTEM)).version == beliefs.version


async def test_your_own_customers_are_never_made_up(session: AsyncSession) -> None:
    campaign = await of_sample(session, is_sample=False)
    assert not await has_sample_people(session, campaign)
    assert await live_through(session, campaign, await first_day(session, campaign) + timedelta(days=9)) == 0
    assert await played_week(session, VIEWER, campaign) is None


async def test_it_goes_with_the_people_and_with_the_campaign(session: AsyncSession) -> None:
    campaign = await of_sample(session)
    await live_through(session, campaign, await first_day(session, campaign) + timedelta(days=9))
    await session.execute(
        text("DELETE FROM customers WHERE id = :id"), {"id": (await outcomes(session))[0].customer_id}
    )
    assert len(await outcomes(session)) == 119
    await session.execute(text("DELETE FROM sends"))
    await session.execute(text("DELETE FROM campaigns WHERE id = :id"), {"id": campaign})
    assert await outcomes(session) == []


async def test_the_page_says_it_in_words(session: AsyncSession) -> None:
    campaign = await of_sample(session)
    end = await first_day(session, campaign) + timedelta(days=9)
    await live_through(session, campaign, end)
    await clock(session, campaign, end, playing=False)
    row = await played_week(session, VIEWER, campaign)
    assert row is not None
    shown = played_view(row)
    assert (shown.is_shown, shown.is_over) == (True, True)
    assert shown.sentence.startswith("Had this week been real")
    promised = await session.execute(
        text("SELECT avg(CAST(offer_terms ->> 'uplift' AS float8)) FROM actions WHERE arm NOT IN ('holdout')")
    )
    assert row.promised == pytest.approx(promised.scalar_one())
    assert shown.compared.startswith(f"The plan took its messages to win {figure(row.promised * 100, 1, sign=True)} ")
    assert {line.what for line in lift_lines(row)} == {
        "Buyers of a hundred", "Spent a person", "Profit a person, after discount and sending",
    }  # fmt: skip
    assert lesson_lines(row)
    assert [(one.id, one.name) for one in (await list_played(session, VIEWER)).weeks] == [(campaign, "Quiet week")]
    assert not played_view(None).is_shown
    assert lift_lines(None) == lesson_lines(None) == []
    assert PRIOR_MEAN == 0.01


async def test_the_page_shows_who_was_held_out_whether_the_split_is_fair_and_what_choosing_did(
    session: AsyncSession,
) -> None:
    """None of it stood there, and of a week that is over "Not sure yet" was said."""
    campaign = await of_sample(session)
    end = await first_day(session, campaign) + timedelta(days=9)
    await live_through(session, campaign, end)
    await session.execute(
        text("UPDATE played_outcomes SET arm = 'random' WHERE customer_id IN (SELECT customer_id FROM played_outcomes"
             " WHERE arm = 'agent' ORDER BY customer_id LIMIT 40)")
    )  # fmt: skip
    await clock(session, campaign, end, playing=False)
    row = await played_week(session, VIEWER, campaign)
    assert row is not None
    people = await outcomes(session)
    held = [one for one in people if one.arm == "holdout"]
    shown = played_view(row)
    assert (shown.control, shown.split_words) == (figure(len(held)), "Split as drawn, no mismatch.")
    means = [
        np.mean([one.bought_at is not None for one in people if one.arm == arm]) * 100 for arm in ("agent", "random")
    ]
    bought, spent, earned = beside_lines(row)
    assert earned.what == "Profit a person, after discount and sending"
    assert earned.held_out.endswith(" by chance")
    assert (bought.written, bought.held_out) == (figure(means[0], 1), f"{figure(means[1], 1)} by chance")
    assert bought.difference == figure(means[0] - means[1], 1, sign=True)
    assert spent.held_out.endswith(" by chance")
    assert row.beside[0].bought.held_out.people == 40
    assert not any("yet" in line.verdict for line in (*lift_lines(row), bought, spent))
    await session.execute(text("UPDATE experiment_arms SET share = CASE WHEN is_control THEN .9 ELSE .05 END"))
    again = await played_week(session, VIEWER, campaign)
    assert again is not None
    assert played_view(again).is_mismatch


async def test_a_week_shows_its_profit_and_weeks_add_up(session: AsyncSession) -> None:
    """A played week said nothing of profit, and of several weeks only for how many people each was drawn."""
    first = await of_sample(session)
    await session.execute(
        text("UPDATE actions SET offer_terms = offer_terms || '{\"discount_pct\": \"10\"}',"
             " decision = jsonb_set(decision, '{decided,discount_pct}', '\"10\"')")
    )  # fmt: skip
    end = await first_day(session, first) + timedelta(days=9)
    await live_through(session, first, end)
    second = await add_campaign(session, ["all"], name="Another week")
    columns = "customer_id, arm, segment, channel, offer, due, baseline, is_sent, decided_at, bought_at"
    await session.execute(
        text(f"INSERT INTO played_outcomes (campaign_id, {columns}, total)"
             f" SELECT :second, {columns}, total * 2 FROM played_outcomes"), {"second": second},
    )  # fmt: skip
    campaigns = {first: 0.10, second: 0.0}
    for campaign in campaigns:
        await clock(session, campaign, end, playing=False)
    planning = await load_settings(session, PlanningSettings)
    margin, cost = float(planning.margin_pct) / 100, float(planning.email_cost)
    totals = []
    for campaign, off in campaigns.items():
        row = await played_week(session, VIEWER, campaign)
        assert row is not None
        assert row.profit is not None
        people = [one for one in await outcomes(session) if one.campaign_id == campaign]
        earned = {
            side: [
                float(one.total) * (margin - (off if one.is_sent else 0.0)) - (cost if one.is_sent else 0.0)
                for one in people
                if (one.arm == "holdout") is side
            ]
            for side in (True, False)
        }
        apart = float(np.mean(earned[False]) - np.mean(earned[True]))
        assert row.profit.difference == pytest.approx(apart)
        spread = [float(np.var(one, ddof=1)) for one in earned.values()]
        assert row.profit.contacted.variance + row.profit.held_out.variance == pytest.approx(sum(spread))
        totals.append(row.profit.incremental())
        assert totals[-1][0] == pytest.approx(apart * len(earned[False]))
        shown = played_view(row)
        assert shown.people.endswith(f"% of the {figure(row.written)} whose turn came, also if refused")
        assert shown.gain == show_money(abs(totals[-1][0]), cents=True).join(("+" if apart >= 0 else "−", ""))
        assert shown.gain_within.startswith("95% interval ")
        assert lift_lines(row)[-1].total.startswith(shown.gain)

    weeks = await list_played(session, VIEWER)
    assert {one.id for one in weeks.weeks} == set(campaigns)
    for name in ("written", "held_out", "buyers"):
        assert getattr(weeks, name) == sum(getattr(one, name) for one in weeks.weeks) > 0
    assert weeks.won.total == pytest.approx(sum(one.bought.incremental()[0] for one in weeks.weeks))
    assert weeks.profit.total == pytest.approx(sum(mean for mean, _, _ in totals))
    halves = [(high - low) / 2 for _, low, high in totals if low is not None and high is not None]
    assert weeks.profit.high is not None
    assert weeks.profit.high - weeks.profit.total == pytest.approx(float(np.hypot(*halves)))
    *each, whole = played_lines(weeks)
    assert whole.name == "All 2 together"
    assert int(whole.written) == sum(int(one.written) for one in each)
    assert played_lines(replace(weeks, weeks=weeks.weeks[:1])) == each[:1], "one week needs no sum"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (lift(Arm.of_rate(0, 0), Arm.of_rate(9, 1)), "Nobody to compare with"),
        (lift(Arm.of_rate(90, 9), Arm.of_rate(9, 0)), "Too few held out to say"),
        (lift(Arm.of_rate(900, 0), Arm.of_rate(90, 0)), "Nobody bought"),
        (lift(Arm.of_rate(483, 56), Arm.of_rate(68, 5)), "Cannot be told: zero lies within"),
        (lift(Arm.of_rate(900, 800), Arm.of_rate(900, 5)), "It works"),
    ],
)
def test_a_week_that_is_over_is_judged_as_such(found: Lift, said: str) -> None:
    assert verdict_of(found) == said


@pytest.mark.parametrize(
    ("buyers", "said"),
    [
        ((90, 10), "lies within that interval. One week of so few people cannot tell the two apart."),
        ((900, 0), "lies outside that interval, so these messages did more than was believed."),
        ((0, 90), "lies outside that interval, so these messages did less than was believed."),
        ((0, 0), "cannot be told of this week"),
    ],
)
async def test_what_was_promised_stands_beside_what_came(buyers: tuple[int, int], said: str) -> None:
    """-1.6 stood beside +1.1 without a word."""
    found = lift(Arm.of_rate(1000, buyers[0]), Arm.of_rate(100, buyers[1]))
    row = PlayedRow(1000, 100, 1000, 0, 0, buyers[0], Decimal(0), found, found, found, 0.011, None, (), None)
    told = played_view(row).compared
    assert told.startswith("The plan took its messages to win +1.1 buyers of a hundred.")
    assert said in told
    assert played_view(replace(row, promised=None)).compared == ""


async def test_its_days_are_those_of_its_own_clock(database: str) -> None:
    """Messages and days stood under the day on which somebody watched."""
    async with transaction() as session:
        campaign = await of_sample(session)
        await session.execute(
            text(
                "UPDATE sends s SET sent_at = now(), contact_at = CAST(a.scheduled_date + time '17:00' AS timestamptz),"
                " status = 'delivered', subject = 'A word' FROM actions a WHERE a.id = s.action_id"
            )
        )
        found = await session.execute(
            text("SELECT scheduled_date, count(*) AS n FROM actions WHERE status = 'pending' GROUP BY 1 ORDER BY 1")
        )
        planned = [(row.scheduled_date, row.n) for row in found]
        days = await campaign_days(session, SYSTEM, campaign)
        assert [(one.day, one.sends) for one in days] == planned
        assert all(one.delivered == one.sends for one in days)
        at = await shop_now(session)
        left = await session.execute(text("SELECT DISTINCT contact_at FROM sends"))
        moments = {show_moment(one, at) for one in left.scalars()}
    state = await Tab(f"/campaigns/{campaign}", VIEWER).state(CampaignState)
    await run(CampaignState.load, state)
    assert {line.when for line in state.sends} <= moments
    assert len(state.sends) == 10
    assert state.head.done == "Messages are being prepared", "and not 0 of 0"
