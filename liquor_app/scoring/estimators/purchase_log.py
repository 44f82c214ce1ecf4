"""A purchase log as the models read it: one row per customer, as of a moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators.likelihood import Floats


@dataclass(frozen=True, slots=True)
class Histories:
    """What is known of each buyer at the cut-off; all arrays have shape (n,), times are in days.

    Several baskets on one local day count as one order: they are one occasion, and the models assume that the next
    purchase does not depend on the one an hour ago.

    Attributes:
        customer: the caller's integer code of each buyer.
        x: repeat orders (orders − 1).
        t_x: days from the first order to the last.
        T: days from the first order to the cut-off.
        spend: total spent, money.
    """

    customer: npt.NDArray[np.int64]
    x: Floats
    t_x: Floats
    T: Floats
    spend: Floats

    @property
    def orders(self) -> Floats:
        return self.x + 1

    @property
    def mean_value(self) -> Floats:
        return self.spend / self.orders

    @property
    def recency(self) -> Floats:
        """Days since the last order."""
        return self.T - self.t_x

    @property
    def observed(self) -> float:
        """Length of the whole log, from anybody's first order until the cut-off, both days included; days."""
        return float(self.T.max()) + 1 if self.T.size else 0.0


def histories(customer: npt.ArrayLike, day: npt.ArrayLike, value: npt.ArrayLike, as_of: float) -> Histories:
    """Histories from a log of baskets, counting those on days ≤ `as_of`.

    Args:
        customer: integer code of the buyer of each basket, shape (m,).
        day: local day number of each basket (whole, any epoch), shape (m,).
        value: what was paid, money, shape (m,).
        as_of: the last day that counts, in the same epoch.

    Raises:
        Invalid: the three differ in length.
    """
    who = np.asarray(customer, dtype=np.int64)
    when, paid = np.asarray(day, dtype=np.float64), np.asarray(value, dtype=np.float64)
    if not who.shape == when.shape == paid.shape:
        raise Invalid("customer, day and value must be equally long", field="day")
    known = when <= as_of
    who, when, paid = who[known], np.floor(when[known]), paid[known]
    codes, at = np.unique(who, return_inverse=True)
    first = np.full(codes.size, np.inf)
    last = np.full(codes.size, -np.inf)
    np.minimum.at(first, at, when)
    np.maximum.at(last, at, when)
    occasions = np.unique(np.stack([at.astype(np.float64), when]), axis=1)[0].astype(np.int64)
    x = np.bincount(occasions, minlength=codes.size).astype(np.float64) - 1
    spend = np.bincount(at, weights=paid, minlength=codes.size).astype(np.float64)
    return Histories(codes, x, last - first, as_of - first, spend)


@dataclass(frozen=True, slots=True)
class Split:
    """Histories at a cut-off, and what followed until now; arrays of shape (n,)."""

    known: Histories
    days_after: int
    spent_after: Floats
    bought_after: npt.NDArray[np.bool_]
