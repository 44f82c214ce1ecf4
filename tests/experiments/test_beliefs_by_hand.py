"""What is believed, recomputed densely from the raw rows of a small world, by other means than the product's.

The product sums decisions in SQL, takes blocks out by the Woodbury identity and weighs priors by a determinant lemma.
Here people are read one by one and every matrix is written out: the covariance of what was seen, the posterior, and the
likelihood of each prior as the density of one multivariate normal. Priors and weights are the written ones
(`docs/scoring.md`, "Uplift").
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import multivariate_normal
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.experiments.learning import learn, read_learning
from liquor_app.organization.settings import shop_now
from liquor_app.planning.draft_plan import make_plan
from liquor_app.scoring.estimators.uplift import Cell
from liquor_app.screens.campaigns.detail.view import plan_view
from liquor_app.screens.experiments.learning.state import line_of, summary_of
from tests.experiments.test_learning import sent_campaign
from tests.people import add_campaign

SHOP = ZoneInfo("America/New_York")
Floats = npt.NDArray[np.float64]
Kind = tuple[str, str, str, str]
"""Segment, offer, channel, due-state."""

PRIOR_MEAN = 0.01
WIDE = {0.01: 0.5, 0.02: 0.3, 0.04: 0.2}
SPREAD = {0.0005: 0.12, 0.001: 0.20, 0.002: 0.25, 0.0035: 0.22, 0.006: 0.13, 0.01: 0.06, 0.017: 0.02}
USUAL_WIDE, USUAL_SPREAD = sum(weight * sd**2 for sd, weight in WIDE.items()) ** 0.5, 0.005
LEVEL, SLOPE, BEND, WEEK = 0.02, 0.05, 0.2, 1.0
SLOPE_WEIGHT, SMOOTHING, SHAPE, HALF_LIFE = 6.0, 200.0, 1.5, 52.0
ROUNDS, SETTLED = 20, 0.05
LEVEL_80 = 1.2816
MONDAY = date(2000, 1, 3)

_DECISIONS = """
SELECT a.customer_id, a.segment_slug, a.channel, a.scheduled_date, a.arm, a.decision -> 'decided' AS decided
  FROM actions a JOIN campaigns k ON k.id = a.campaign_id
 WHERE a.arm IS NOT NULL AND k.started_at IS NOT NULL ORDER BY a.id
"""
_LEFT = "SELECT count(*) FROM sends WHERE campaign_id = :id AND status = 'delivered'"
_BOUGHT = "SELECT customer_id, occurred_at FROM purchases WHERE total > 0"
_VARIED = """
WITH n AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM actions WHERE campaign_id = :id AND arm IS NOT NULL)
UPDATE actions a SET decision = a.decision || jsonb_build_object('decided', a.decision -> 'decided'
       || jsonb_build_object('baseline', round(CAST(0.05 + (n.n % 17) * 0.02 AS numeric), 4),
                             'due', CASE n.n % 3 WHEN 0 THEN 'due' WHEN 1 THEN 'overdue' ELSE 'no_rhythm' END,
                             'offer', CASE WHEN n.n % 4 = 0 THEN 'Ten off' ELSE a.decision -> 'decided' ->> 'offer' END,
                             'discount_pct', CASE WHEN n.n % 4 = 0 THEN '10' ELSE '0' END))
  FROM n WHERE n.id = a.id
"""
_BUY = """
INSERT INTO purchases (customer_id, occurred_at, total, alcohol_total)
SELECT a.customer_id, CAST(a.scheduled_date + :later AS timestamp) AT TIME ZONE 'America/New_York'
       + make_interval(hours => 18), 20, 20
  FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM actions WHERE campaign_id = :id AND arm IS NOT NULL) a
 WHERE CASE WHEN a.arm = 'holdout' THEN a.n % 6 = 0 ELSE a.n % 4 = 0 OR a.n % 7 = 3 END
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """People of one week and kind, written to or held out; of each what the churn model expected, and whether they
    bought."""

    week: int
    kind: Kind
    is_control: bool
    expected: Floats
    bought: Floats


async def raw(session: AsyncSession, today: date) -> list[Seen]:
    """Everybody a campaign decided for, a week and a day ago or earlier, with what they bought in their week."""
    bought: dict[UUID, list[datetime]] = defaultdict(list)
    for row in await session.execute(text(_BOUGHT)):
        bought[row.customer_id].append(row.occurred_at)
    people: dict[tuple[int, Kind, bool], list[tuple[float, bool]]] = defaultdict(list)
    for row in await session.execute(text(_DECISIONS)):
        if row.scheduled_date > today - timedelta(days=8):
            continue
        told = row.decided
        percent = float(told["discount_pct"])
        offer = f"{told['offer']}, {percent:g}% off" if percent else told["offer"]
        begins = datetime.combine(row.scheduled_date, time(), SHOP)
        did = any(begins <= at < begins + timedelta(days=7) for at in bought[row.customer_id])
        kind = (row.segment_slug, offer, row.channel, told["due"])
        week = (row.scheduled_date - MONDAY).days // 7
        people[week, kind, row.arm == "holdout"].append((float(told["baseline"]), did))
    return [
        Seen(*key, *(np.array(one, dtype=float) for one in zip(*them, strict=True))) for key, them in people.items()
    ]


def slopes(seen: list[Seen]) -> tuple[Floats, float]:
    """CUPED: each group's own slope, the shop's drawn to 1, a segment's to the shop's, a due-state's to the segment's;
    and the share of the variance it explains."""
    within = [
        (((one.expected - one.expected.mean()) * (one.bought - one.bought.mean())).sum(),
         ((one.expected - one.expected.mean()) ** 2).sum(), ((one.bought - one.bought.mean()) ** 2).sum())
        for one in seen
    ]  # fmt: skip

    def drawn(wanted: Callable[[Seen], bool], towards: float) -> float:
        mine = [sums for one, sums in zip(seen, within, strict=True) if wanted(one)]
        return (sum(xy for xy, _, _ in mine) + SLOPE_WEIGHT * towards) / (sum(xx for _, xx, _ in mine) + SLOPE_WEIGHT)

    shop = drawn(lambda _: True, 1.0)
    own = []
    for one in seen:
        segment, due = one.kind[0], one.kind[3]
        of_segment = drawn(lambda other, s=segment: other.kind[0] == s, shop)
        own.append(drawn(lambda other, s=segment, d=due: (other.kind[0], other.kind[3]) == (s, d), of_segment))
    left = sum(yy - 2 * b * xy + b**2 * xx for b, (xy, xx, yy) in zip(own, within, strict=True))
    return np.array(own), min(max(1 - left / sum(yy for _, _, yy in within), 0.0), 0.9)


@dataclass(frozen=True, slots=True)
class Believed:
    names: list[str]
    mean: Floats
    covariance: Floats
    people: Counter[Kind]

    def of(self, mix: dict[Kind, float]) -> tuple[float, float]:
        """Mean and standard deviation of what kinds of messages change, each by its weight."""
        row = sum(
            weight * np.array([name in parts(kind) for name in self.names], dtype=float) for kind, weight in mix.items()
        )
        return float(row @ self.mean), float(row @ self.covariance @ row) ** 0.5

    def across(self, segment: str, offer: str, channel: str) -> dict[Kind, float]:
        """The kind in the due-states that people who got it were in."""
        states = {kind: many for kind, many in self.people.items() if kind[:3] == (segment, offer, channel)}
        return {kind: many / sum(states.values()) for kind, many in states.items()}


def parts(kind: Kind) -> set[str]:
    segment, offer, channel, due = kind
    return {"mean", f"segment {segment}", f"offer {offer}", f"channel {channel}", f"due {due}",
            f"all {segment} {offer} {channel}"}  # fmt: skip


def by_hand(seen: list[Seen], now_week: int) -> Believed:
    own, explained = slopes(seen)
    size = np.array([one.bought.size for one in seen], dtype=float)
    blocks = sorted({(one.week, one.kind[0], one.kind[3]) for one in seen})
    member = np.array(
        [[(one.week, one.kind[0], one.kind[3]) == block for block in blocks] for one in seen], dtype=float
    )
    usual = sum(one.bought.sum() for one in seen) / size.sum()
    alike = np.array([[one.kind[::3] == other.kind[::3] for other in seen] for one in seen], dtype=float)
    share = (alike @ [one.bought.sum() for one in seen] + SMOOTHING * usual) / (alike @ size + SMOOTHING)
    spread = np.maximum(share * (1 - share), 1e-4) * (1 - explained)
    age = np.array([max(now_week - one.week, 0) for one in seen])
    noise = np.diag(spread / size / 0.5 ** (age / HALF_LIFE))

    effects = ["mean", *sorted({name for one in seen if not one.is_control for name in parts(one.kind)} - {"mean"})]
    weeks, segments = sorted({one.week for one in seen}), sorted({one.kind[0] for one in seen})
    nuisance = [("week", week) for week in weeks] + [(what, s) for what in ("level", "slope", "bend") for s in segments]
    sds = {"week": WEEK, "level": LEVEL, "slope": SLOPE, "bend": BEND}
    rows = []
    for one in seen:
        known: dict[Any, float] = {
            ("week", one.week): 1.0, ("level", one.kind[0]): 1.0, ("slope", one.kind[0]): one.expected.mean(),
            ("bend", one.kind[0]): (one.expected**2).mean(),
        }  # fmt: skip
        theirs = [] if one.is_control else [float(name in parts(one.kind)) for name in effects]
        rows.append([known.get(name, 0.0) for name in nuisance] + (theirs or [0.0] * len(effects)))
    x = np.array(rows)
    begin = len(nuisance)
    y = np.array([one.bought.mean() - b * one.expected.mean() for one, b in zip(seen, own, strict=True)])
    y = y - PRIOR_MEAN * x[:, begin]

    def prior(wide: float, apart: float) -> Floats:
        return np.diag([sds[what] ** 2 for what, _ in nuisance] + [wide**2] + [apart**2] * (len(effects) - 1))

    block = LEVEL**2
    for _ in range(ROUNDS):  # blocks' levels beside everything else, by EM
        whole = np.hstack([x, member])
        precision = np.linalg.inv(
            np.block([[prior(USUAL_WIDE, USUAL_SPREAD), np.zeros((x.shape[1], len(blocks)))],
                      [np.zeros((len(blocks), x.shape[1])), block * np.eye(len(blocks))]])
        )  # fmt: skip
        covariance = np.linalg.inv(whole.T @ np.linalg.inv(noise) @ whole + precision)
        mean = covariance @ whole.T @ np.linalg.inv(noise) @ y
        squares = mean[x.shape[1] :] ** 2 + np.diag(covariance)[x.shape[1] :]
        fresh = (squares.sum() + 2 * LEVEL**2 * (SHAPE + 1)) / (len(blocks) + 2 * SHAPE + 2)
        moved, block = abs(fresh / block - 1), float(fresh)
        if moved < SETTLED:
            break
    error = noise + block * member @ member.T
    found = []
    for (wide, likely_wide), (apart, likely_apart) in product(WIDE.items(), SPREAD.items()):
        p = prior(wide, apart)
        covariance = np.linalg.inv(x.T @ np.linalg.inv(error) @ x + np.linalg.inv(p))
        mean = covariance @ x.T @ np.linalg.inv(error) @ y
        density = multivariate_normal.logpdf(y, np.zeros(y.size), x @ p @ x.T + error)
        found.append((density + np.log(likely_wide * likely_apart), mean[begin:], covariance[begin:, begin:]))
    weight = np.exp(np.array([one[0] for one in found]) - max(one[0] for one in found))
    weight = weight / weight.sum()
    centre = sum(w * mean for w, (_, mean, _) in zip(weight, found, strict=True))
    about = sum(
        w * (covariance + np.outer(mean - centre, mean - centre))
        for w, (_, mean, covariance) in zip(weight, found, strict=True)
    )
    people = Counter[Kind]()
    for one in seen:
        people[one.kind] += 0 if one.is_control else one.bought.size
    return Believed(effects, np.asarray(centre) + PRIOR_MEAN * np.eye(len(effects))[0], np.asarray(about), +people)


async def test_what_is_believed_is_what_a_dense_reckoning_of_the_raw_rows_says(session: AsyncSession) -> None:
    days = (30, 16, 9)
    for ago in days:
        campaign = await sent_campaign(session, 90, days_ago=ago)
        await session.execute(text(_VARIED), {"id": campaign})
        await session.execute(text(_BUY), {"id": campaign, "later": 3})
        left = (await session.execute(text(_LEFT), {"id": campaign})).scalar_one()
        assert left > 20, "messages left, so that its decisions say something"
    late = await sent_campaign(session, 30, days_ago=5)  # its week is not over
    await session.execute(text(_BUY), {"id": late, "later": 1})

    at = await shop_now(session)
    seen = await raw(session, at.date())
    hand = by_hand(seen, (at.date() - timedelta(days=8) - MONDAY).days // 7)
    assert len({one.week for one in seen}) == 3
    assert len({one.kind[3] for one in seen}) == 3
    assert any(one.is_control for one in seen)

    await learn(session, SYSTEM)
    row = await read_learning(session, SYSTEM)
    posterior = row.beliefs.posterior
    assert (row.messages, row.controls) == (sum(hand.people.values()), sum(o.bought.size for o in seen if o.is_control))
    mean, sd = hand.mean[0], hand.covariance[0, 0] ** 0.5
    assert (row.overall.mean, row.overall.low, row.overall.high) == pytest.approx(
        (mean, mean - LEVEL_80 * sd, mean + LEVEL_80 * sd), abs=1e-9
    )
    for kind, many in hand.people.items():
        told = posterior.effects([Cell(*kind)])
        assert (told[0][0], told[1][0]) == pytest.approx(hand.of({kind: 1.0}), abs=1e-9), kind
        assert posterior.people[Cell(*kind)] == many
    assert len(row.cells) == len({kind[:3] for kind in hand.people})
    for cell in row.cells:
        mean, sd = hand.of(hand.across(cell.cell.segment, cell.cell.offer, cell.cell.channel))
        assert (cell.mean, cell.low, cell.high) == pytest.approx(
            (mean, mean - LEVEL_80 * sd, mean + LEVEL_80 * sd), abs=1e-9
        )
        line = line_of(cell, row.names)
        assert line.mean == said(mean), "the page says it"
        assert line.interval == f"{said(mean - LEVEL_80 * sd)} to {said(mean + LEVEL_80 * sd)}"
    assert summary_of(row, at).mean == said(hand.mean[0])

    segment = row.cells[0].cell.segment
    campaign = await add_campaign(session, [segment], holdout_pct=Decimal(0), constraints={"max_contacts_30_days": 20})
    plan = await make_plan(session, SYSTEM, campaign)
    planned = [one for one in plan.summary["cells"] if one["offer"] == "A word from the shop"]
    assert planned
    for one in planned:
        key = (one["segment"], one["offer"], one["channel"])
        assert one["uplift"] == pytest.approx(hand.of({(*key, "no_rhythm"): 1.0})[0], abs=6e-6)
        assert one["uplift_sd"] == pytest.approx(hand.of(hand.across(*key))[1], abs=6e-6)
    believed = {line.offer: line.believed for line in plan_view(plan).beliefs}
    assert believed["A word from the shop"] == said(planned[0]["uplift"])


def said(share: float) -> str:
    """Buyers of a hundred, with their sign, as pages have it."""
    return f"{share * 100:+.1f}".replace("-", "−")
