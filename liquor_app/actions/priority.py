"""Priority and expected profit of an action: an open formula, four parts anybody can add up.

    priority = value + response + margin − fatigue, each rounded to two places, kept between 0 and 100

    value     = 40 · v / (v + ṽ)    v the customer's value at risk
    response  = 35 · p / (p + p̃)    p the likelihood to act on the offer, by this channel
    margin    = 25 · m / (m + m̃)    m the margin of the usual basket after the discount
    fatigue   = 6 per message in the last 7 days, 2 per message in the 23 days before; at most 25

The tilde is the median over the shop's customers: a median customer gets half of each part's points. Value at risk
and likelihood to act stay two scores: contacting by value at risk alone ranks responders below chance.

Expected incremental profit counts only purchases the message brings about, and the discount of everybody who takes it:

    profit = τ · basket · margin − p · basket · discount − cost

τ is the uplift, the share of people like these who buy within the response week because of such a message: what the
shop's held-out groups have taught, or the prior of one point (`scoring.estimators.uplift`). p counts whoever acts on
the offer, those too who would have bought anyway: they cost the discount and bring nothing. That chance to buy anyway,
p₀, is asked of the churn model at seven days; where it told none, it follows from its chance q of no purchase within H
days: p₀ = 1 − q^(7 / H).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liquor_app.campaigns.brief import RESPONSE_DAYS

Floats = npt.NDArray[np.float64]

VALUE_MAX, RESPONSE_MAX, MARGIN_MAX, FATIGUE_MAX = 40.0, 35.0, 25.0, 25.0
WEEK_POINTS, MONTH_POINTS = 6.0, 2.0

UNKNOWN_CHURN = 0.5
"""Where there is not enough data for a churn probability, either is as likely."""
UNKNOWN_RESPONSE = 0.02
"""Where nobody was ever contacted there is no response rate to borrow; a cautious one."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Medians over the shop's customers, all positive."""

    value_at_risk: float
    response: float
    margin: float


@dataclass(frozen=True, slots=True)
class Points:
    """Shape (n,) each; `total` is their sum, fatigue taken off, between 0 and 100."""

    value: Floats
    response: Floats
    margin: Floats
    fatigue: Floats
    total: Floats


def saturating(amount: Floats, half: float, most: float) -> Floats:
    """0 at 0, `most / 2` at `half`, towards `most` beyond; negative amounts count as 0."""
    positive = np.maximum(amount, 0.0)
    return most * positive / (positive + half)


def priority(
    scale: Scale, *, value_at_risk: Floats, response: Floats, margin: Floats, week: Floats, month: Floats
) -> Points:
    """Return points of each action, shape (n,).

    Args:
        scale: the shop's medians.
        value_at_risk: money.
        response: probability, by the action's channel.
        margin: money, of the usual basket after the discount.
        week: messages in the last 7 days.
        month: messages in the last 30 days, those of the week included.
    """
    value = np.round(saturating(value_at_risk, scale.value_at_risk, VALUE_MAX), 2)
    answer = np.round(saturating(response, scale.response, RESPONSE_MAX), 2)
    earned = np.round(saturating(margin, scale.margin, MARGIN_MAX), 2)
    tired: Floats = np.minimum(WEEK_POINTS * week + MONTH_POINTS * np.maximum(month - week, 0.0), FATIGUE_MAX)
    total = np.round(np.clip(value + answer + earned - tired, 0.0, 100.0), 2)
    return Points(value, answer, earned, tired, np.asarray(total, dtype=np.float64))


def buys_anyway(this_week: Floats, churn_probability: Floats, horizon_days: int) -> Floats:
    """p₀: the chance of a purchase within the response week without any message, shape (n,).

    Args:
        this_week: the same as scored, asked at seven days; NaN where nobody was told one.
        churn_probability: P(no purchase within `horizon_days`), spread evenly where there is nothing better; NaN where
            not known.
    """
    quiet = np.where(np.isnan(churn_probability), UNKNOWN_CHURN, np.clip(churn_probability, 0.0, 1.0))
    spread = 1.0 - quiet ** (RESPONSE_DAYS / horizon_days)
    return np.asarray(np.where(np.isnan(this_week), spread, np.clip(this_week, 0.0, 1.0)), dtype=np.float64)


def expected_profit(
    *, response: Floats, basket: Floats, uplift: Floats, margin: float, discount: Floats, cost: float | Floats
) -> Floats:
    """Return expected incremental profit in money, shape (n,); may be negative.

    Args:
        response: P(acts on the offer).
        basket: money, the usual order.
        uplift: τ, P(buys and would not have without the message).
        margin, discount: shares of the price (0.28, 0.10).
        cost: money per message.
    """
    return np.asarray(basket * (uplift * margin - response * discount) - cost, dtype=np.float64)


def kept_value(*, uplift: Floats, value_at_risk: Floats, margin: float, share: float) -> Floats:
    """Margin of the value at risk that a purchase brought about is assumed to keep, shape (n,); see
    `Overrides.kept_share`."""
    return np.asarray(uplift * share * margin * np.maximum(value_at_risk, 0.0), dtype=np.float64)
