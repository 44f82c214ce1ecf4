"""Ten weeks of the sample by a clock of its own: what the agent believed, tried and changed, week by week.

The sample is loaded as of eleven weeks ago and lives week after week: scored, put into segments, a plan of its six
largest segments for seven days, approved, sent by the sandbox. What its people do is drawn by the small world of the
tour (`experiments/played_world.py`): a message adds what is planted, everybody else buys as the churn model expects.
Purchases come in, and each week what is over is learned from. The weeks count as if they had been real, in a database
of their own that is gone afterwards.

A line `belief` a week tells the beliefs in use, with 80 % intervals in buyers of a hundred; `plan` what was planned
with them; `cell` at the end what was learned beside what is planted, `end` the same over everybody written to. One run
is one life: two hundred held-out people leave much to luck, so several are lived (`--set life=1` and so on), of which
only the draws differ.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.models import Arm
from liquor_app.bootstrap import defaults
from liquor_app.campaigns.models import CampaignType
from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.core.queue import run as run_job
from liquor_app.demo.load import load_sample
from liquor_app.experiments.learning import LEVEL_80, learn, read_learning
from liquor_app.experiments.played_world import Decided, live, planted
from liquor_app.experiments.what_teaches import DECIDED_AT
from liquor_app.planning.approval.approve_campaign import approve_campaign
from liquor_app.planning.approval.autopilot import plan_ready
from liquor_app.planning.plan_store import fingerprint_of
from liquor_app.planning.service import get_plan, make_plan
from liquor_app.scoring.estimators.uplift import Cell, Posterior
from liquor_app.scoring.service import score_customers
from liquor_app.segments.service import refresh_segments
from liquor_app.sending.pipeline.dispatch import Pace, run_dispatcher
from liquor_app.sending.sandbox_play import play_week
from liquor_app.sending.tasks import TASKS

SHOP = ZoneInfo("America/New_York")
FAST = Pace(poll=0.01, recover_every=0.5, roll_up_every=0.2, lanes=1)
NAMES = UUID("0e8f6a4e-4d7a-4a3e-9b62-6f3f3f8f9b10")
"""Of which the campaigns' ids are made, by which people are drawn: of each life others."""
TARGETS = 6

_BIGGEST = """
SELECT slug FROM segments WHERE is_active AND customer_count > 0 ORDER BY customer_count DESC, slug LIMIT :n
"""
_CAMPAIGN = """
INSERT INTO campaigns (id, name, type, start_date, end_date, target_segments, holdout_pct, seed, is_sample)
VALUES (:id, :name, :type, :first, :last, :targets, 10, '7', true)
"""
_DECIDED = f"""
SELECT DISTINCT ON (a.customer_id) a.customer_id, a.segment_slug, a.channel, a.arm, a.offer_terms ->> 'name' AS offer,
       CAST(COALESCE(a.offer_terms ->> 'discount_pct', '0') AS float8) AS discount_pct,
       CAST(a.offer_terms ->> 'baseline' AS float8) AS baseline, CAST(a.offer_terms ->> 'basket' AS float8) AS basket,
       {DECIDED_AT} AS at, a.status = 'sent' AS is_sent
  FROM actions a WHERE a.campaign_id = :id AND a.arm IS NOT NULL ORDER BY a.customer_id, at
"""
_REST = """
SELECT DISTINCT ON (a.customer_id) a.customer_id, CAST(a.offer_terms ->> 'baseline' AS float8) AS baseline,
       CAST(a.offer_terms ->> 'basket' AS float8) AS basket
  FROM actions a WHERE a.campaign_id = :id
   AND NOT EXISTS (SELECT FROM actions d
                    WHERE d.campaign_id = :id AND d.customer_id = a.customer_id AND d.arm IS NOT NULL)
 ORDER BY a.customer_id, a.segment_slug, a.channel
"""
_BUY = """
WITH p AS (
    INSERT INTO purchases (customer_id, occurred_at, total, alcohol_total)
    SELECT c, at, total, total
      FROM unnest(CAST(:who AS uuid[]), CAST(:at AS timestamptz[]), CAST(:total AS numeric[])) AS f(c, at, total)
    RETURNING id, customer_id, total
)
INSERT INTO purchase_lines (purchase_id, category, quantity, amount)
SELECT p.id, COALESCE(c.primary_category, 'Domestic wine'), 1, p.total FROM p JOIN customers c ON c.id = p.customer_id
"""


async def run(weeks: int = 10, life: int = 0) -> AsyncIterator[dict[str, object]]:
    async for line in _lived(weeks, uuid5(NAMES, f"life {life}")):
        yield line | {"life": life}


async def _lived(weeks: int, names: UUID) -> AsyncIterator[dict[str, object]]:
    today = now().astimezone(SHOP).date()
    first = today - timedelta(days=today.weekday(), weeks=weeks + 2)

    def at(week: int, day: int, hour: int) -> datetime:
        return datetime.combine(first + timedelta(weeks=week, days=day), time(hour), SHOP)

    with travel(at(0, 0, 5)):
        await defaults(None)
        async with transaction() as session:
            await load_sample(session)
    for week in range(weeks + 1):
        with travel(at(week, 0, 6)):
            yield await _belief(week)
            campaign, line = await _plan(week, names)
            yield line
            if week == weeks:
                break
            await _send(campaign)
            await _live(campaign)
        with travel(at(week + 1, 0, 4)):
            async with transaction() as session:
                await learn(session, SYSTEM)
    # the last week's own outcomes, too
    with travel(at(weeks, 6, 3)):
        async with transaction() as session:
            await learn(session, SYSTEM)
            learned = await read_learning(session, SYSTEM)
        yield await _belief(weeks + 1)
        for row in learned.cells[:12]:
            yield {
                "bench": "learning", "what": "cell", "segment": learned.names.get(row.cell.segment, row.cell.segment),
                "offer": row.cell.offer, "channel": row.cell.channel, "messages": row.learned_from,
                "buyers_of_100": round(row.mean * 100, 2), "low": round(row.low * 100, 2),
                "high": round(row.high * 100, 2), "planted": round(_planted(row.cell) * 100, 2),
            }  # fmt: skip
        yield _end(learned.beliefs.posterior) | {"people": learned.distinct_people}


def _planted(cell: Cell) -> float:
    discount = float(cell.offer.rsplit(", ", 1)[-1].split("%")[0]) if "% off" in cell.offer else 0.0
    return planted(cell.segment, cell.channel, discount)


def _end(posterior: Posterior) -> dict[str, object]:
    """Return what is believed over all messages, each as their own cell, beside what is planted."""
    messages = posterior.people
    mean, sd = (float(value[0]) for value in posterior.effects_across([messages]))
    every = sum(messages.values())
    truth = sum(many * _planted(cell) for cell, many in messages.items()) / every
    return {
        "bench": "learning", "what": "end", "messages": every, "held_out": posterior.controls,
        "buyers_of_100": round(mean / every * 100, 2), "low": round((mean - LEVEL_80 * sd) / every * 100, 2),
        "high": round((mean + LEVEL_80 * sd) / every * 100, 2), "planted": round(truth * 100, 2),
    }  # fmt: skip


async def _belief(week: int) -> dict[str, object]:
    async with transaction() as session:
        row = await read_learning(session, SYSTEM)
    one = row.overall
    next_up = Counter(trial.most.cell.offer if trial.is_worth else "nothing" for trial in row.trials)
    return {
        "bench": "learning", "what": "belief", "week": week, "version": row.beliefs.version,
        "messages": row.messages, "people": row.distinct_people, "held_out": row.controls,
        "buyers_of_100": round(one.mean * 100, 2), "low": round(one.low * 100, 2),
        "high": round(one.high * 100, 2), "next": dict(next_up.most_common()),
    }  # fmt: skip


async def _plan(week: int, names: UUID) -> tuple[UUID, dict[str, object]]:
    campaign = uuid5(names, f"week {week}")
    first = now().astimezone(SHOP).date()
    async with transaction() as session:
        await score_customers(session, SYSTEM)
        await refresh_segments(session, SYSTEM)
        targets = list((await session.execute(text(_BIGGEST), {"n": TARGETS})).scalars())
        await session.execute(
            text(_CAMPAIGN),
            {"id": campaign, "name": f"Week {week + 1}", "type": CampaignType.WEEKLY_PLAN.value, "first": first,
             "last": first + timedelta(days=6), "targets": targets},
        )  # fmt: skip
        plan = await make_plan(session, SYSTEM, campaign)
        await plan_ready(session, SYSTEM, campaign)
        await approve_campaign(
            session, SYSTEM, campaign, plan_id=plan.id, fingerprint=await fingerprint_of(session, campaign),
            despite_sender=True,
        )  # fmt: skip
        rows = (await session.execute(text(_DECIDED), {"id": campaign, "zone": SHOP.key})).all()
        told = await get_plan(session, SYSTEM, plan.id)
    totals, profit = told.summary["totals"], told.summary["simulation"]["incremental_profit"]
    agent = [row for row in rows if row.arm == Arm.AGENT]
    return campaign, {
        "bench": "learning", "what": "plan", "week": week, "messages": totals["sends"], "held_out": totals["held_out"],
        "random": told.summary["arms"]["random"], "profit": profit,
        "money_off": sum(row.discount_pct > 0 for row in agent),
        "segments": dict(Counter(row.segment_slug for row in agent).most_common()),
    }  # fmt: skip


async def _send(campaign: UUID) -> None:
    """Play the days; afterwards the campaign counts as lived in real time, and its messages as delivered outside."""
    async with transaction() as session:
        job = await play_week(session, SYSTEM, campaign, seconds=0)
    stop = asyncio.Event()
    pump = asyncio.create_task(run_dispatcher(stop, FAST))
    try:
        if (status := await run_job(job, TASKS)) != "succeeded":
            raise RuntimeError(f"the week was not played: {status}")
    finally:
        stop.set()
        await pump
    async with transaction() as session:
        await session.execute(text("UPDATE campaigns SET virtual_now = NULL WHERE id = :id"), {"id": campaign})
        await session.execute(text("UPDATE sends SET provider = 'smtp' WHERE campaign_id = :id"), {"id": campaign})
        await session.execute(text("DELETE FROM played_outcomes WHERE campaign_id = :id"), {"id": campaign})


async def _live(campaign: UUID) -> None:
    """Everybody buys or not, and the purchases come in."""
    async with transaction() as session:
        decided = (await session.execute(text(_DECIDED), {"id": campaign, "zone": SHOP.key})).all()
        rest = (await session.execute(text(_REST), {"id": campaign})).all()
        await session.execute(text(_BUY), _bought(campaign, decided, rest))


def _bought(campaign: UUID, decided: Sequence[Any], rest: Sequence[Any]) -> dict[str, list[Any]]:
    seed, at = str(campaign), now()
    people = [
        Decided(
            row.customer_id, row.segment_slug, row.channel, row.discount_pct, row.baseline, row.basket, row.at,
            row.is_sent and row.arm != Arm.HOLDOUT,
        )
        for row in decided
    ] + [Decided(row.customer_id, "", "email", 0.0, row.baseline, row.basket, at, False) for row in rest]  # fmt: skip
    lives = [(one.customer_id, live(seed, one)) for one in people]
    bought = [(who, one) for who, one in lives if one.bought_at is not None]
    return {
        "who": [who for who, _ in bought], "at": [one.bought_at for _, one in bought],
        "total": [one.total for _, one in bought],
    }  # fmt: skip
