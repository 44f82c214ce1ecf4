"""Churn risk: the probability that a customer buys nothing in the next H days.

Not 1 − P(alive): for one-time buyers that is 0 by construction, and on liquor buyers it ranks worse than chance.
Where the shop's history is too thin for a model, nobody gets a probability; the bands then go by recency alone, and
the explanation says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from liquor_app.core.errors import Invalid
from liquor_app.customers.models import ChurnRisk
from liquor_app.scoring.estimators import bgnbd
from liquor_app.scoring.estimators.bgnbd import BgNbdParams
from liquor_app.scoring.estimators.likelihood import Floats
from liquor_app.scoring.estimators.purchase_log import Histories
from liquor_app.ui.words import figure

HORIZON_DAYS = 60
LOW_BELOW = 0.33
HIGH_ABOVE = 0.66

MIN_BUYERS = 500
MIN_HISTORY_DAYS = 180
MAX_DAYS_SINCE_LAST_ORDER = 30
MIN_FREQUENT_BUYERS = 10
"""Buyers with three or more orders; below this the rhythm of buying is guesswork."""

MAX_HORIZON_DAYS = 730

LONGEST_WAIT_DAYS = 180
"""A next purchase further away than this is no forecast."""

_BANDS = np.array([ChurnRisk.LOW, ChurnRisk.MEDIUM, ChurnRisk.HIGH], dtype=object)


class ChurnMethod(StrEnum):
    """`BLEND` is half a BG/NBD, half a regression; `COUNT` a simple count, calibrated, where it ranks better than that
    by more than noise."""

    BLEND = "bgnbd_and_regression"
    BGNBD = "bgnbd"
    COUNT = "best_count"
    RECENCY = "recency_bands"


@dataclass(frozen=True, slots=True)
class DataSufficiency:
    """What the shop's purchase log has to offer a churn model (the gates are Klaviyo's)."""

    buyers: int
    history_days: int
    days_since_last_order: int
    frequent_buyers: int

    @property
    def missing(self) -> tuple[str, ...]:
        """What is short, in words with numbers; empty when the data suffice."""
        short: list[str] = []
        if self.buyers < MIN_BUYERS:
            short.append(f"{MIN_BUYERS} buyers are needed, there are {figure(self.buyers)}")
        if self.history_days < MIN_HISTORY_DAYS:
            short.append(f"{MIN_HISTORY_DAYS} days of history are needed, there are {figure(self.history_days)}")
        if self.days_since_last_order > MAX_DAYS_SINCE_LAST_ORDER:
            short.append(
                f"an order in the last {MAX_DAYS_SINCE_LAST_ORDER} days is needed, "
                f"the last one was {figure(self.days_since_last_order)} days ago"
            )
        if self.frequent_buyers < MIN_FREQUENT_BUYERS:
            short.append(
                f"{MIN_FREQUENT_BUYERS} buyers with three or more orders are needed, there are"
                f" {figure(self.frequent_buyers)}"
            )
        return tuple(short)

    @property
    def sufficient(self) -> bool:
        return not self.missing


def sufficiency(known: Histories) -> DataSufficiency:
    """Return the gates' figures from the histories."""
    if known.x.size == 0:
        return DataSufficiency(0, 0, 0, 0)
    return DataSufficiency(
        buyers=int(known.x.size),
        history_days=int(known.T.max()),
        days_since_last_order=int(known.recency.min()),
        frequent_buyers=int(np.count_nonzero(known.orders >= 3)),
    )


@dataclass(frozen=True, slots=True)
class ChurnScores:
    """Per customer, shape (n,): probability of no purchase in the horizon (NaN without a model) and its band."""

    method: ChurnMethod
    probability: Floats
    band: npt.NDArray[Any]


def bands(probability: npt.ArrayLike) -> npt.NDArray[Any]:
    """Low below 33 %, High above 66 %, Medium between; `ChurnRisk` members, shape (n,)."""
    value = np.asarray(probability, dtype=np.float64)
    return _BANDS[(value >= LOW_BELOW).astype(np.int64) + (value > HIGH_ABOVE)]


def recency_bands(days_since_last: npt.ArrayLike, horizon: float = HORIZON_DAYS) -> npt.NDArray[Any]:
    """Return the fallback: Low up to half the horizon since the last order, Medium up to one and a half, then High."""
    days = np.asarray(days_since_last, dtype=np.float64)
    return _BANDS[(days > horizon / 2).astype(np.int64) + (days > horizon * 1.5)]


def churn(
    known: Histories,
    params: BgNbdParams | None,
    horizon: float = HORIZON_DAYS,
    *,
    rank_by: BgNbdParams | None = None,
) -> ChurnScores:
    """Risk of every customer.

    Args:
        known: histories in days.
        params: a fitted BG/NBD, or None where the gates or the fit failed.
        horizon: days ahead, 1 to 730.
        rank_by: with `params` None, a BG/NBD that bands go by though its chances are told to nobody: on a log too short
            to check them it still ranks better than recency (.73 to .75 beside .67 to .70 on the sample's parts).

    Raises:
        Invalid: the horizon is out of range.
    """
    if not 1 <= horizon <= MAX_HORIZON_DAYS:
        raise Invalid(f"the churn horizon must lie between 1 and {MAX_HORIZON_DAYS} days", field="horizon")
    if params is None:
        nothing = np.full(known.x.shape, np.nan)
        if rank_by is not None:
            hidden = bgnbd.p_no_purchase(rank_by, horizon, known.x, known.t_x, known.T)
            return ChurnScores(ChurnMethod.RECENCY, nothing, bands(hidden))
        return ChurnScores(ChurnMethod.RECENCY, nothing, recency_bands(known.recency, horizon))
    probability = bgnbd.p_no_purchase(params, horizon, known.x, known.t_x, known.T)
    return ChurnScores(ChurnMethod.BGNBD, probability, bands(probability))


@dataclass(frozen=True, slots=True)
class NextPurchase:
    """Days from now to the expected next purchase and an 80 % interval, shape (n,); NaN where none can be told.

    `expected` is the day by which the customer will have bought with a chance of one half, the possibility of their
    never returning included: customers more likely gone than not have none. `high` is open (NaN) more often.
    """

    expected: Floats
    low: Floats
    high: Floats


def next_purchase(known: Histories, params: BgNbdParams) -> NextPurchase:
    """Quantiles 10, 50 and 90 % of the BG/NBD's predictive waiting time."""
    low, expected, high = (
        _told(bgnbd.next_purchase(params, quantile, known.x, known.t_x, known.T)) for quantile in (0.1, 0.5, 0.9)
    )
    return NextPurchase(expected, np.where(np.isnan(expected), np.nan, low), high)


def next_by_own_gap(known: Histories, gap_low: Floats, gap_median: Floats, gap_high: Floats) -> NextPurchase:
    """Without a model: the last order plus the customer's own usual gap (NaN with fewer than two gaps).

    Args:
        gap_low, gap_median, gap_high: quantiles 10, 50 and 90 % of the customer's own gaps, days, NaN where unknown.

    The result may be negative: the customer is overdue by that many days.
    """
    enough = known.x >= 2
    low, expected, high = (np.where(enough, gap - known.recency, np.nan) for gap in (gap_low, gap_median, gap_high))
    return NextPurchase(expected, low, high)


def _told(days: Floats) -> Floats:
    return np.where(days <= LONGEST_WAIT_DAYS, days, np.nan)
