"""One world end to end through PostgreSQL: the product decides and learns as the pure half years of `half_year` do.

1,500 customers live eight weeks: scored, put into segments, planned for each Monday, sent to by the sandbox, their
purchases arrive, and each week what is over is learned from. Beside it the functions of the simulation get the same
inputs (segment, due-state, chance of a purchase, basket, likelihood to answer) and have to value, choose, draw and
believe the same. Each week's beliefs decide the next plan, so an error would grow.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.frequency_caps import contact_matrix
from liquor_app.actions.plan_context import lock_context
from liquor_app.campaigns.models import CampaignType
from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.core.holdout_draw import number_of
from liquor_app.core.queue import run
from liquor_app.experiments.learning import BASIS, learn
from liquor_app.organization.settings import PlanningSettings, save_settings
from liquor_app.planning.approval.autopilot import plan_ready
from liquor_app.planning.candidates import day_weights
from liquor_app.planning.draft_plan import make_plan
from liquor_app.planning.draw_arms import NO_SEAT
from liquor_app.planning.optimizer.problem import NOWHERE
from liquor_app.scoring.estimators.uplift import Cell, Group, Posterior, fit
from liquor_app.scoring.service import score_customers
from liquor_app.scoring.uplift_store import uplift_in_use
from liquor_app.segments.service import create_segment, refresh_segments
from liquor_app.sending.pipeline.dispatch import Pace, run_dispatcher
from liquor_app.sending.sandbox_play import play_week
from liquor_app.sending.tasks import TASKS
from tests.factories import add_people, approve_seen, open_shop
from tests.people import steady_ids
from tests.worlds.half_year import CAP_30, CAPACITY, HOLDOUT, RANDOM, RANDOM_FROM, allocate, arms_of, groups_of
from tests.worlds.policies import new_values
from tests.worlds.world import (
    BURN_IN,
    COSTS,
    DISCOUNTS,
    DUE,
    LAPSED_DAYS,
    MARGIN,
    SEGMENTS,
    SHAPE,
    Effects,
    Floats,
    Habits,
    Ints,
    Kind,
    Size,
    effects,
    habits,
)

pytestmark = [pytest.mark.proof]

PEOPLE, WEEKS, SEED = 1_500, 8, 3
SHOP = ZoneInfo("America/New_York")
OFFERS = ("A word from the shop", "Five", "Ten", "Fifteen")
LABELS = (OFFERS[0], "Five, 5% off", "Ten, 10% off", "Fifteen, 15% off")
SLUGS = tuple(name.replace(", ", "_") for name in SEGMENTS)
CHANNELS = ("email", "sms")
STATES = ("no_rhythm", *DUE[1:])
CELLS = [Cell(s, o, c, d) for s in SLUGS for o in LABELS for c in CHANNELS for d in STATES]
BUDGET = 60.0
FAST = Pace(poll=0.01, recover_every=0.5, roll_up_every=0.2, lanes=1)

_INPUTS = """
SELECT a.customer_id, a.segment_slug, a.channel, a.status, a.skip_detail, a.arm, a.propensity, a.expected_profit,
       a.offer_terms ->> 'name' AS offer, CAST(a.offer_terms ->> 'basket' AS float8) AS basket,
       CAST(a.offer_terms ->> 'baseline' AS float8) AS told, a.offer_terms -> 'due' ->> 'state' AS due,
       a.offer_terms -> 'answers' AS answers, a.decision
  FROM actions a WHERE a.campaign_id = :id ORDER BY a.customer_id, a.channel
"""


@dataclass(slots=True)
class Shop:
    """A world and what the simulation keeps of it beside the product."""

    people: list[UUID]
    habits: Habits
    effects: Effects
    first: date
    """The Monday of the first plan."""
    heard: list[tuple[Ints, int]] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    belief: Posterior = field(default_factory=Posterior.prior)

    def monday(self, week: int) -> date:
        return self.first + timedelta(weeks=week)

    def at(self, week: int, day: int, hour: int) -> datetime:
        return datetime.combine(self.monday(week) + timedelta(days=day), time(hour), SHOP)


async def opened(shop: Shop) -> None:
    """A shop with a year of purchases behind it and the world's six segments, each with four offers by two channels."""
    async with transaction() as session:
        await open_shop(session)
        await add_people(session, PEOPLE, ids=shop.people)
        asked = {"explore_pct": int(RANDOM * 100), "margin_pct": MARGIN * 100}
        costs = {"email_cost": str(COSTS[0]), "sms_cost": str(COSTS[1])}
        await save_settings(session, SYSTEM, PlanningSettings, asked | costs)
    for week in range(BURN_IN):
        await buy(shop, week - BURN_IN, np.flatnonzero(shop.habits.past[week]), shop.habits.past_weekday[week])
    offers = [
        {"name": name, "text": name, "discount_pct": round(float(share) * 100, 2)}
        for name, share in zip(OFFERS, DISCOUNTS, strict=True)
    ]
    async with transaction() as session:
        for name, slug in zip(SEGMENTS, SLUGS, strict=True):
            low, high = {"o": (8, 10_000), "s": (3, 7)}["o" if name.startswith("often") else "s"]
            if name.startswith("seldom"):
                low, high = 0, 2
            last = {"field": "last_purchase_at", "op": "older_than_days", "value": LAPSED_DAYS}
            row = await create_segment(
                session, SYSTEM,
                {"name": slug, "optimal_channels": list(CHANNELS), "recommended_offers": offers,
                 "optimal_send_window": {"start": "17:00", "end": "20:00"},
                 "rules": {"all": [
                     {"field": "purchase_frequency", "op": "gte", "value": low},
                     {"field": "purchase_frequency", "op": "lte", "value": high},
                     last if "lapsed" in name else {"not": last},
                 ]}},
            )  # fmt: skip
            assert row.slug == slug


async def buy(shop: Shop, week: int, who: Ints, weekday: Ints) -> None:
    """Purchases arrive as a till tells them: at nine in the evening, after any message of that day."""
    async with transaction() as session:
        await session.execute(
            text(
                "WITH p AS (INSERT INTO purchases (customer_id, occurred_at, total, alcohol_total)"
                " SELECT c, at, total, total FROM unnest(CAST(:who AS uuid[]), CAST(:at AS timestamptz[]),"
                " CAST(:total AS numeric[])) AS f(c, at, total) RETURNING id, total)"
                " INSERT INTO purchase_lines (purchase_id, category, quantity, amount)"
                " SELECT id, 'Craft beer', 1, total FROM p"
            ),
            {
                "who": [shop.people[int(one)] for one in who],
                "at": [shop.at(week, int(weekday[one]), 21) for one in who],
                "total": [Decimal(f"{shop.habits.basket[one]:.2f}") for one in who],
            },
        )


async def planned(shop: Shop, week: int) -> tuple[UUID, float]:
    """Monday at eight: scored, segments, the plan of one day, approved; returns it and what its day is worth."""
    (campaign,) = steady_ids(1, f"week {week}")
    limits = {
        "email_capacity_per_day": int(CAPACITY[0] * PEOPLE), "sms_capacity_per_day": int(CAPACITY[1] * PEOPLE),
        "discount_budget": str(BUDGET), "max_contacts_7_days": 1, "max_contacts_30_days": CAP_30, "kept_share": "0",
        "margin_floor_pct": "0",
    }  # fmt: skip
    async with transaction() as session:
        await score_customers(session, SYSTEM)
        await refresh_segments(session, SYSTEM)
        await session.execute(
            text(
                "INSERT INTO campaigns (id, name, type, start_date, end_date, target_segments, holdout_pct, seed,"
                " constraints) VALUES (:id, :name, :type, :day, :day, :targets, :holdout, '7',"
                " CAST(:limits AS jsonb))"
            ),
            {"id": campaign, "name": f"Week {week}", "type": CampaignType.WEEKLY_PLAN.value, "day": shop.monday(week),
             "targets": list(SLUGS), "holdout": Decimal(int(HOLDOUT * 100)), "limits": json.dumps(limits)},
        )  # fmt: skip
        await make_plan(session, SYSTEM, campaign)
        await plan_ready(session, SYSTEM, campaign)
        await approve_seen(session, SYSTEM, campaign, despite_sender=True)
        [weight] = await day_weights(session, (await lock_context(session, campaign)).brief)
    return campaign, float(weight)


async def sent(campaign: UUID) -> None:
    """The day goes out by its own clock; afterwards it counts as if it had been lived in real time, delivered."""
    async with transaction() as session:
        job = await play_week(session, SYSTEM, campaign, seconds=0)
    stop = asyncio.Event()
    pump = asyncio.create_task(run_dispatcher(stop, FAST))
    try:
        assert await run(job, TASKS) == "succeeded"
    finally:
        stop.set()
        await pump
    async with transaction() as session:
        await session.execute(text("UPDATE campaigns SET virtual_now = NULL WHERE id = :id"), {"id": campaign})
        await session.execute(text("UPDATE sends SET provider = 'smtp' WHERE campaign_id = :id"), {"id": campaign})


@dataclass(frozen=True, slots=True)
class Week:
    """What the product decided, with what it went by, one row a candidate, shape (n,) each."""

    rows: Sequence[Any]
    who: Ints
    segment: Ints
    channel: Ints
    due: Ints
    offer: Ints

    @classmethod
    def of(cls, shop: Shop, rows: Sequence[Any]) -> Week:
        place = {person: index for index, person in enumerate(shop.people)}

        def numbers(values: Any) -> Ints:
            return np.array(list(values), dtype=np.intp)

        return cls(
            rows,
            numbers(place[row.customer_id] for row in rows),
            numbers(SLUGS.index(row.segment_slug) for row in rows),
            numbers(CHANNELS.index(row.channel) for row in rows),
            numbers(STATES.index(row.due or STATES[0]) for row in rows),
            numbers(OFFERS.index(row.offer) for row in rows),
        )


def decides_alike(shop: Shop, campaign: UUID, week: Week, weight: float) -> None:
    """Hold the product's candidates, choice and arms against the simulation's own functions."""
    rows = week.rows
    answers = np.array([[row.answers[name] for name in OFFERS] for row in rows])
    basket = np.array([row.basket for row in rows])
    # values: every offer of every candidate
    uplift = shop.belief.effects(CELLS)[0].reshape(SHAPE)[week.segment, :, :, week.due]
    values = new_values(uplift, answers, basket)[np.arange(len(rows)), :, week.channel]
    best = values.argmax(axis=1)
    chosen = [row.arm not in (None, "random") for row in rows]
    own = np.array([(row.decision or {}).get("own", {}).get("offer_terms", {}).get("name", row.offer) for row in rows])
    assert [OFFERS[at] for at in best] == own.tolist(), "the same offer"
    told = np.array([float(row.expected_profit) for row in rows])
    kept = own == np.array([row.offer for row in rows])  # what was drawn at random says another offer's
    np.testing.assert_allclose(values.max(axis=1)[kept], told[kept], atol=2e-4)

    # the choice
    people = np.unique(week.who)
    none = np.zeros(0, dtype=np.intp)
    contacted = np.concatenate([none, *(one for one, _ in shop.heard)])
    ago = np.concatenate([none, *(np.full(one.size, 7 * (then - len(shop.heard))) for one, then in shop.heard)])
    discount = answers[np.arange(len(rows)), best] * basket * DISCOUNTS[best]
    taken = allocate(
        week.who, week.channel, np.round(values.max(axis=1), 4), discount,  # as actions keep it
        contact_matrix(PEOPLE, contacted, ago, 1),
        capacity=[int(int(share * PEOPLE) / (1 - HOLDOUT) + 1e-9) for share in CAPACITY],
        budget=BUDGET / (1 - HOLDOUT), weight=weight,
    )  # fmt: skip
    ours = {(int(week.who[at]), int(week.channel[at])) for at in np.flatnonzero(taken != NOWHERE)}
    theirs = {
        (int(who), int(channel))
        for who, channel, row in zip(week.who, week.channel, rows, strict=True)
        if row.arm in ("agent", "holdout") or row.skip_detail == NO_SEAT
    }
    drawn = {int(who) for who, row in zip(week.who, rows, strict=True) if row.arm == "random"}
    assert theirs == {one for one in ours if one[0] not in drawn}
    assert drawn <= {who for who, _ in ours}

    # the arms
    number = np.array([number_of(f"{campaign}:7", shop.people[who]) / 2**56 for who in people])
    share = RANDOM if len(ours) >= RANDOM_FROM else 0.0
    arm = dict(zip(people.tolist(), arms_of(number, HOLDOUT, share, 1).tolist(), strict=True))
    for who, row in zip(week.who.tolist(), rows, strict=True):
        if row.arm is not None:
            assert row.arm == ("agent", "holdout", "random")[arm[who]]
    assert any(chosen)


def lived(shop: Shop, number: int, week: Week) -> tuple[Ints, Floats]:
    """Let a week happen by what is planted; returns who buys, and adds to what the simulation learns from."""
    habits_, heard = shop.habits, np.zeros(PEOPLE)
    for who, then in shop.heard:
        if 7 * (number - then) <= 30:
            heard[who] += 1
    at = np.array([index for index, row in enumerate(week.rows) if row.arm is not None], dtype=np.intp)
    who, held = week.who[at], np.array([week.rows[index].arm == "holdout" for index in at])
    cell = week.segment[at], week.offer[at], week.channel[at], week.due[at]
    chance = habits_.chance[number]
    will = chance.copy()
    will[who] += np.where(held, 0.0, shop.effects.of(number, cell, chance[who], heard[who]))
    buys = habits_.luck[number] < will
    told = np.array([week.rows[index].told for index in at])
    weeks = (shop.monday(number) - BASIS).days // 7
    shop.groups += groups_of(
        weeks, np.ravel_multi_index(cell, SHAPE), held, np.ones(at.size), buys[who].astype(float), told, cells=CELLS
    )
    shop.heard.append((who[~held], number))
    return np.flatnonzero(buys), told


async def test_the_product_decides_and_learns_as_the_simulation_does(database: str) -> None:
    size = Size(PEOPLE, weeks=WEEKS)
    today = now().astimezone(SHOP).date()
    first = today - timedelta(days=today.weekday(), weeks=WEEKS + 3)
    world = habits(SEED, size, keyed=False)
    shop = Shop(sorted(steady_ids(PEOPLE)), world, effects(SEED, 0.03, Kind.INTERACT, WEEKS), first)
    with travel(shop.at(0, 0, 6)):
        await opened(shop)
    sizes = []
    for number in range(WEEKS):
        with travel(shop.at(number, 0, 8)):
            campaign, weight = await planned(shop, number)
            async with transaction() as session:
                found = (await session.execute(text(_INPUTS), {"id": campaign})).all()
            week = Week.of(shop, found)
            decides_alike(shop, campaign, week, weight)
            await sent(campaign)
        buyers, told = lived(shop, number, week)
        sizes.append(told.size)
        with travel(shop.at(number, 6, 23)):
            await buy(shop, number, buyers, world.weekday[number])
        # the night after the week is over for whoever was decided for
        with travel(shop.at(number + 1, 1, 3)):
            async with transaction() as session:
                await learn(session, SYSTEM)
                learned = await uplift_in_use(session)
        assert learned.version == number + 1
        assert learned.until is not None
        shop.belief = fit(shop.groups, now_week=(learned.until - BASIS).days // 7)
        for ours, theirs in zip(shop.belief.effects(CELLS), learned.posterior.effects(CELLS), strict=True):
            np.testing.assert_allclose(theirs, ours, atol=1e-5)
        assert learned.posterior.people == shop.belief.people
    assert min(sizes) >= RANDOM_FROM, "weeks with a random arm, too"
    assert not np.allclose(shop.belief.effects(CELLS)[0], Posterior.prior().effects(CELLS)[0], atol=1e-3)
