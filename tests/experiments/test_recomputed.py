"""What discounts gave away, and campaigns pooled, reckoned once more by other means: SQL over raw rows, and numpy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import multivariate_normal, norm
from scipy.stats import t as student
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.experiments.contrasts import Contrast, pool
from liquor_app.experiments.effects import By, read_effects
from liquor_app.experiments.learning import learn
from tests.experiments.test_effects import EMAIL, SMS, VIEWER, shop_that_sent

GIVEN_AWAY = """
WITH written AS (
    SELECT a.customer_id, (a.scheduled_date::timestamp AT TIME ZONE 'America/New_York') AS since
      FROM actions a WHERE a.campaign_id = :id AND a.arm IS NOT NULL AND a.arm <> 'holdout'),
baskets AS (SELECT DISTINCT p.id, p.coupon_code, p.discount FROM written w JOIN purchases p
              ON p.customer_id = w.customer_id AND p.occurred_at >= w.since
             AND p.occurred_at < w.since + interval '7 days'),
lines AS (SELECT b.id, coalesce(sum(l.coupon_discount), 0) AS off FROM baskets b
            LEFT JOIN purchase_lines l ON l.purchase_id = b.id GROUP BY 1)
SELECT sum(CASE WHEN n.off > 0 THEN n.off WHEN b.coupon_code IS NOT NULL THEN b.discount ELSE 0 END)
  FROM baskets b JOIN lines n ON n.id = b.id
"""
"""A redemption takes off what its lines say, else, with a code, the basket's whole discount."""
SENT = """
SELECT sum(CASE s.channel WHEN 'email' THEN CAST(:email AS numeric) ELSE CAST(:sms AS numeric) END) FROM sends s
 WHERE s.campaign_id = :id AND s.status IN ('delivered', 'sent', 'unknown')
"""


async def test_what_discounts_gave_away_is_that_of_the_redemptions(session: AsyncSession) -> None:
    sent = await shop_that_sent(session, 2)
    await learn(session, SYSTEM)
    rows = {row.key: row for row in (await read_effects(session, VIEWER, By.CAMPAIGN))[0]}
    for campaign in sent:
        off = await session.scalar(text(GIVEN_AWAY), {"id": campaign})
        cost = await session.scalar(text(SENT), {"id": campaign, "email": EMAIL, "sms": SMS})
        row = rows[str(campaign)]
        assert (row.discount, row.cost) == (pytest.approx(float(off), abs=1e-6), pytest.approx(float(cost), abs=1e-6))
        assert row.discount > 0
    ((whole,), _) = await read_effects(session, VIEWER, By.ALL)
    assert whole.discount == pytest.approx(sum(row.discount for row in rows.values()), abs=1e-6)


def pooled_again(effects: np.ndarray, variances: np.ndarray, apart: float, people: int) -> tuple[float, float]:
    """Mean and half-width of μ by the forty spreads the docs name, each weighted by how likely the contrasts of the
    campaigns are under it: what no common mean can change, as a density of its own."""
    count = len(effects)
    spreads = apart * student.ppf((np.arange(40) + 0.5) / 80 + 0.5, 3)
    # differences from the first campaign know nothing of μ: their density is the likelihood with μ integrated out
    apart_from_first = np.hstack([-np.ones((count - 1, 1)), np.eye(count - 1)])
    weights, means, sds = [], [], []
    for spread in spreads:
        sigma = np.diag(variances + spread**2)
        weights.append(
            multivariate_normal.pdf(apart_from_first @ effects, cov=apart_from_first @ sigma @ apart_from_first.T)
        )
        inverse = np.linalg.inv(sigma)
        sds.append((1 / inverse.sum()) ** 0.5)
        means.append(float(np.ones(count) @ inverse @ effects) * sds[-1] ** 2)
    share = np.array(weights) / np.sum(weights)
    mean = float(share @ means)

    def short(wide: float) -> float:
        inside = norm.cdf((mean + wide - np.array(means)) / sds) - norm.cdf((mean - wide - np.array(means)) / sds)
        return float(share @ inside) - 0.95

    wide = brentq(short, 1e-9, 10.0, xtol=1e-12)
    return mean, wide * float(student.ppf(0.975, people - 2 * count) / norm.ppf(0.975))


@pytest.mark.parametrize("campaigns", [2, 3, 8])
def test_campaigns_pooled_are_the_same_to_six_places(campaigns: int) -> None:
    rng = np.random.default_rng(campaigns)
    effects, variances = rng.normal(0.02, 0.03, campaigns), rng.uniform(2e-4, 2e-3, campaigns)
    found = pool(
        [Contrast(float(one), float(two), 500, 0.02) for one, two in zip(effects, variances, strict=True)], apart=0.02
    )
    assert found is not None
    mean, wide = pooled_again(effects, variances, 0.02, 500 * campaigns)
    assert found.mean == pytest.approx(mean, abs=1e-6)
    assert (found.once.low, found.once.high) == pytest.approx((mean - wide, mean + wide), abs=1e-6)
