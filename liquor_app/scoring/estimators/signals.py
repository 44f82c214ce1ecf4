"""What the models read of every buyer besides when and how often: how much lately, how regular, how overdue. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators.likelihood import Floats
from liquor_app.scoring.estimators.purchase_log import Histories

HALF_LIVES = (20, 45, 120)
"""Days after which an order weighs half: a fortnight's, a season's and a third of a year's habit."""

MOST_OVERDUE = 20.0
"""Usual gaps since the last order; beyond it nobody is told from anybody."""

_USUAL_GAP_FLOOR = 1.0


@dataclass(frozen=True, slots=True)
class Signals:
    """Buyers at a cut-off; arrays of shape (n,), or (n, 3) where there is a column for each of `HALF_LIVES`.

    Attributes:
        known: when and how often they bought, and for how much.
        orders_lately: order days, each weighing 2^(−days ago / half-life).
        spend_lately: what was paid on them, net of what came back, weighed alike; money.
        gap_variation: standard deviation of the days between orders over their mean; NaN with fewer than two gaps.
    """

    known: Histories
    orders_lately: Floats
    spend_lately: Floats
    gap_variation: Floats

    def __len__(self) -> int:
        return int(self.known.x.size)

    @property
    def overdue(self) -> Floats:
        """Days since the last order over the mean gap; 0 with one order, which has no gap yet."""
        known = self.known
        gap = np.maximum(known.t_x / np.maximum(known.x, 1), _USUAL_GAP_FLOOR)
        return np.where(known.x > 0, np.minimum(known.recency / gap, MOST_OVERDUE), 0.0)

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Signals:
        """Return some of the buyers."""
        known = self.known
        some = Histories(known.customer[rows], known.x[rows], known.t_x[rows], known.T[rows], known.spend[rows])
        return Signals(some, self.orders_lately[rows], self.spend_lately[rows], self.gap_variation[rows])


@dataclass(frozen=True, slots=True)
class Window:
    """Buyers at a cut-off, and what they did in the `days` after it: all of it is over."""

    signals: Signals
    days: int
    spent: Floats
    bought: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class DayLog:
    """Who bought for how much on which day; one row a customer and day, arrays of shape (m,).

    Attributes:
        customer: the caller's codes.
        day: local day number, any epoch, whole.
        spent: net money of the day; below zero where more came back than was bought.
        paid: something was bought and paid for: what makes the day an order.
    """

    customer: npt.NDArray[np.int64]
    day: Floats
    spent: Floats
    paid: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, customer: npt.ArrayLike, day: npt.ArrayLike, spent: npt.ArrayLike) -> DayLog:
        """Return the log of baskets, shape (m,) each; a basket of 0 is none, one below 0 a return.

        Raises:
            Invalid: the three differ in length.
        """
        who, money = np.asarray(customer, dtype=np.int64), np.asarray(spent, dtype=np.float64)
        when = np.floor(np.asarray(day, dtype=np.float64))
        if not who.shape == when.shape == money.shape:
            raise Invalid("customer, day and spent must be equally long", field="day")
        who, when, money = (part[money != 0] for part in (who, when, money))
        pairs, at = np.unique(np.stack([who.astype(np.float64), when]), axis=1, return_inverse=True)
        at = at.reshape(-1)
        total = np.bincount(at, weights=money, minlength=pairs.shape[1])
        paid = np.bincount(at, weights=money > 0, minlength=pairs.shape[1]) > 0
        return cls(pairs[0].astype(np.int64), pairs[1], total.astype(np.float64), paid)

    @property
    def first(self) -> float:
        return float(self.day[self.paid].min()) if self.paid.any() else 0.0

    def at(self, cutoff: float) -> Signals:
        """Return everybody who had bought by `cutoff`, its day included, in the order of their codes."""
        known = self.day <= cutoff
        who, day, spent, paid = self.customer[known], self.day[known], self.spent[known], self.paid[known]
        codes, at = np.unique(who[paid], return_inverse=True)
        n, when = codes.size, day[paid]
        first, last = np.full(n, np.inf), np.full(n, -np.inf)
        np.minimum.at(first, at, when)
        np.maximum.at(last, at, when)
        orders = np.bincount(at, minlength=n).astype(np.float64)
        everything = np.searchsorted(codes, who)
        theirs = (everything < n) & (codes[np.minimum(everything, max(n - 1, 0))] == who) if n else known[known]
        of, money, ago = everything[theirs], spent[theirs], cutoff - day[theirs]
        spend = np.maximum(np.bincount(of, weights=money, minlength=n), 0.0)
        history = Histories(codes, orders - 1, last - first, cutoff - first, spend)
        return Signals(
            history,
            _weighed(at, np.ones(at.size), cutoff - when, n),
            np.maximum(_weighed(of, money, ago, n), 0.0),
            _variation(at, when, n),
        )

    def window(self, cutoff: float, days: int) -> Window:
        """Return everybody who had bought by `cutoff` and what they did in the `days` after it."""
        signals = self.at(cutoff)
        n = len(signals)
        codes = signals.known.customer
        later = (self.day > cutoff) & (self.day <= cutoff + days)
        who = self.customer[later]
        place = np.minimum(np.searchsorted(codes, who), max(n - 1, 0))
        theirs = codes[place] == who if n else np.zeros(who.size, dtype=bool)
        spent = np.bincount(place[theirs], weights=self.spent[later][theirs], minlength=n)
        bought = np.bincount(place[theirs], weights=self.paid[later][theirs], minlength=n) > 0
        # sums of the same money in another order are the same money
        return Window(signals, days, np.maximum(np.round(spent, 4), 0.0), bought)


def _weighed(at: npt.NDArray[np.int64], amount: Floats, ago: Floats, n: int) -> Floats:
    columns = [np.bincount(at, weights=amount * np.exp2(-ago / half), minlength=n) for half in HALF_LIVES]
    return np.stack(columns, axis=1).astype(np.float64)


def _variation(at: npt.NDArray[np.int64], day: Floats, n: int) -> Floats:
    order = np.lexsort((day, at))
    who, when = at[order], day[order]
    same = who[1:] == who[:-1]
    gap, of = np.diff(when)[same], who[1:][same]
    count = np.bincount(of, minlength=n).astype(np.float64)
    total, squares = np.bincount(of, weights=gap, minlength=n), np.bincount(of, weights=gap**2, minlength=n)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / count
        spread = np.sqrt(np.maximum(squares - count * mean**2, 0.0) / (count - 1))
        return np.where(count >= 2, spread / mean, np.nan)
