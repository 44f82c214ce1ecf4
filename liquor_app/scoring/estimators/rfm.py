"""Recency, frequency, monetary value as quintiles 1–5, and the named segments made of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators.evaluate import ranks

Scores = npt.NDArray[np.int16]

WINDOW_DAYS = 365
NEW_WITHIN_DAYS = 30


class RfmSegment(StrEnum):
    """Every buyer is in exactly one; people who never bought are in none."""

    CHAMPIONS = "Champions"
    LOYAL = "Loyal"
    VERY_FREQUENT_BUYERS = "Very_Frequent_Buyers"
    LOW_VALUE_FREQUENT = "Low_Value_Frequent"
    HIGH_VALUE_OCCASIONAL = "High_Value_Occasional"
    HIGH_VALUE_AT_RISK = "High_Value_At_Risk"
    AT_RISK = "At_Risk"
    OCCASIONAL = "Occasional"
    HIBERNATING = "Hibernating"
    NEW = "New"
    ONE_TIME = "One_Time"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def description(self) -> str:
        """The rule in words."""
        return next(rule.meaning for rule in RULES if rule.segment is self)


_LABELS = {
    RfmSegment.CHAMPIONS: "Champions",
    RfmSegment.LOYAL: "Loyal",
    RfmSegment.VERY_FREQUENT_BUYERS: "Very frequent buyers",
    RfmSegment.LOW_VALUE_FREQUENT: "Low value, frequent",
    RfmSegment.HIGH_VALUE_OCCASIONAL: "High value, occasional",
    RfmSegment.HIGH_VALUE_AT_RISK: "High value, at risk",
    RfmSegment.AT_RISK: "At risk",
    RfmSegment.OCCASIONAL: "Occasional",
    RfmSegment.HIBERNATING: "Hibernating",
    RfmSegment.NEW: "New",
    RfmSegment.ONE_TIME: "One-time",
}

_ANY = (1, 5)


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table: inclusive ranges of the three scores, and of the order count and the first order's age."""

    segment: RfmSegment
    meaning: str
    r: tuple[int, int] = _ANY
    f: tuple[int, int] = _ANY
    m: tuple[int, int] = _ANY
    max_orders: float = np.inf
    max_age_days: float = np.inf


RULES: tuple[Rule, ...] = (
    Rule(
        RfmSegment.NEW,
        f"First order in the last {NEW_WITHIN_DAYS} days, at most two so far",
        max_orders=2,
        max_age_days=NEW_WITHIN_DAYS,
    ),
    Rule(RfmSegment.ONE_TIME, f"Bought exactly once, more than {NEW_WITHIN_DAYS} days ago", max_orders=1),
    Rule(RfmSegment.CHAMPIONS, "Recency, frequency and spend all 4 or 5", r=(4, 5), f=(4, 5), m=(4, 5)),
    Rule(RfmSegment.HIGH_VALUE_AT_RISK, "Spend 4 or 5, but recency only 1 or 2", r=(1, 2), m=(4, 5)),
    Rule(RfmSegment.AT_RISK, "Used to buy often (frequency 3 or more), recency only 1 or 2", r=(1, 2), f=(3, 5)),
    Rule(RfmSegment.HIBERNATING, "Recency 1 or 2, frequency 1 or 2", r=(1, 2), f=(1, 2)),
    Rule(RfmSegment.LOW_VALUE_FREQUENT, "Frequency 4 or 5, spend 3 or less", f=(4, 5), m=(1, 3)),
    Rule(RfmSegment.VERY_FREQUENT_BUYERS, "Frequency 5, spend 4 or 5, recency 3", f=(5, 5)),
    Rule(RfmSegment.LOYAL, "Recency, frequency and spend 3 or more", f=(3, 5), m=(3, 5)),
    Rule(RfmSegment.HIGH_VALUE_OCCASIONAL, "Spend 4 or 5 in few orders (frequency 1 or 2)", m=(4, 5)),
    Rule(RfmSegment.OCCASIONAL, "Everybody else: recency 3 or more, little frequency and spend"),
)
"""First match wins; the last row takes whoever is left, so the table is total."""


def quintiles(values: npt.ArrayLike, *, higher_is_better: bool = True) -> Scores:
    """Return scores 1 (worst) to 5 (best), shape (n,).

    By mid-rank: a value's share of the customers below it, ties counting half. Equal values therefore always get
    equal scores whatever the order of the rows, and ten customers are enough.

    Raises:
        Invalid: a value is not a finite number.
    """
    data = np.asarray(values, dtype=np.float64)
    if not np.all(np.isfinite(data)):
        raise Invalid("RFM values must be finite numbers", field="values")
    if data.size == 0:
        return np.empty(0, dtype=np.int16)
    share = (ranks(data if higher_is_better else -data) - 0.5) / data.size
    return (np.floor(share * 5) + 1).astype(np.int16)


@dataclass(frozen=True, slots=True)
class Rfm:
    """Scores and segment (`RfmSegment` members) of each buyer, shape (n,)."""

    r: Scores
    f: Scores
    m: Scores
    segment: npt.NDArray[np.object_]


def rfm(
    recency_days: npt.ArrayLike,
    orders_in_window: npt.ArrayLike,
    spend_in_window: npt.ArrayLike,
    orders_ever: npt.ArrayLike,
    age_days: npt.ArrayLike,
) -> Rfm:
    """Score and name every buyer.

    Args:
        recency_days: days since the last order.
        orders_in_window, spend_in_window: within the settable window (365 days by default).
        orders_ever: all orders, ≥ 1.
        age_days: days since the first order.
    """
    r = quintiles(recency_days, higher_is_better=False)
    f, m = quintiles(orders_in_window), quintiles(spend_in_window)
    return Rfm(r, f, m, segments(r, f, m, orders_ever, age_days))


def segments(
    r: Scores, f: Scores, m: Scores, orders_ever: npt.ArrayLike, age_days: npt.ArrayLike
) -> npt.NDArray[np.object_]:
    """Return the table applied: one `RfmSegment` per buyer, shape (n,)."""
    orders, age = np.asarray(orders_ever, dtype=np.float64), np.asarray(age_days, dtype=np.float64)
    row = np.full(r.shape, len(RULES) - 1, dtype=np.int64)
    for position in reversed(range(len(RULES))):
        rule = RULES[position]
        matches = (orders <= rule.max_orders) & (age <= rule.max_age_days)
        for score, (least, most) in ((r, rule.r), (f, rule.f), (m, rule.m)):
            matches &= (score >= least) & (score <= most)
        row[matches] = position
    names = np.empty(len(RULES), dtype=object)
    names[:] = [rule.segment for rule in RULES]
    return names[row]
