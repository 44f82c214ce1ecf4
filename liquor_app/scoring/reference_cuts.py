"""What a customer is compared with, kept from the last scoring of everybody, so that a few can be scored without
reading the rest. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from liquor_app.scoring.estimators.likelihood import Floats
from liquor_app.scoring.estimators.purchase_log import Histories
from liquor_app.scoring.estimators.rfm import Rfm, quintiles, segments

MOST_NAMES = 2_000
"""Categories or brands kept, the most popular; a rarer one counts as bought once."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where the quintiles lie: `bounds[k]` is the value from which the score is at least k + 2. A value of the base
    gets exactly the score it got there; one between two of them gets the worse one's."""

    bounds: tuple[float, float, float, float]
    higher_is_better: bool = True

    @classmethod
    def of(cls, values: Floats, *, higher_is_better: bool = True) -> Cuts:
        scores = quintiles(values, higher_is_better=higher_is_better)
        sign = 1 if higher_is_better else -1
        least = [float((values[scores >= score] * sign).min(initial=math.inf)) * sign for score in (2, 3, 4, 5)]
        return cls((least[0], least[1], least[2], least[3]), higher_is_better)

    def score(self, values: Floats) -> npt.NDArray[np.int16]:
        """Return scores 1 to 5, shape (n,)."""
        bounds = np.asarray(self.bounds)
        above = values[:, None] >= bounds if self.higher_is_better else values[:, None] <= bounds
        score: npt.NDArray[np.int16] = (above.sum(axis=1) + 1).astype(np.int16)
        return score


@dataclass(frozen=True, slots=True)
class Standards:
    """The base as one customer sees it.

    Attributes:
        recency, orders, spend: cuts of days since the last order, of order days and of spend in the RFM window.
        order_counts: share of buyers with fewer orders, by number of orders, ascending.
        observed_days: length of the whole log.
        categories, brands: baskets by name, most popular first.
        prices: average price of a unit, by category.
    """

    recency: Cuts
    orders: Cuts
    spend: Cuts
    order_counts: tuple[tuple[float, float], ...]
    observed_days: float
    categories: pd.Series
    brands: pd.Series
    prices: pd.Series

    @classmethod
    def of(
        cls,
        known: Histories,
        window_orders: Floats,
        window_spend: Floats,
        *,
        categories: pd.Series,
        brands: pd.Series,
        prices: pd.Series,
    ) -> Standards:
        """Of everybody; arrays of shape (n,)."""
        counts, how_many = np.unique(known.orders, return_counts=True)
        below = (np.cumsum(how_many) - how_many) / max(known.orders.size, 1)
        return cls(
            Cuts.of(known.recency, higher_is_better=False),
            Cuts.of(window_orders),
            Cuts.of(window_spend),
            tuple(zip(counts.tolist(), below.tolist(), strict=True)),
            known.observed,
            categories,
            brands,
            prices,
        )

    def rfm(self, known: Histories, window_orders: Floats, window_spend: Floats) -> Rfm:
        """Return scores and segment of each buyer."""
        r, f, m = self.recency.score(known.recency), self.orders.score(window_orders), self.spend.score(window_spend)
        return Rfm(r, f, m, segments(r, f, m, known.orders, known.T))

    def share_with_fewer(self, orders: Floats) -> Floats:
        """Of all buyers, the share with fewer orders, shape (n,)."""
        if not self.order_counts:
            return np.zeros(orders.shape)
        counts, shares = (np.asarray(column) for column in zip(*self.order_counts, strict=True))
        place = np.searchsorted(counts, orders, side="left")
        return np.where(place < counts.size, shares[np.minimum(place, counts.size - 1)], 1.0)

    def to_dict(self) -> dict[str, Any]:
        """As kept in the database; infinities as null."""
        cuts = {
            name: [None if math.isinf(bound) else bound for bound in getattr(self, name).bounds]
            for name in ("recency", "orders", "spend")
        }
        names = {
            name: [[str(key), float(value)] for key, value in getattr(self, name).head(MOST_NAMES).items()]
            for name in ("categories", "brands", "prices")
        }
        return {**cuts, **names, "order_counts": self.order_counts, "observed_days": self.observed_days}

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Standards:
        def cuts(name: str, *, higher_is_better: bool = True) -> Cuts:
            never = math.inf if higher_is_better else -math.inf
            first, second, third, fourth = (never if bound is None else float(bound) for bound in kept[name])
            return Cuts((first, second, third, fourth), higher_is_better)

        def series(name: str) -> pd.Series:
            pairs = kept[name]
            return pd.Series([pair[1] for pair in pairs], index=[pair[0] for pair in pairs], dtype="float64")

        return cls(
            cuts("recency", higher_is_better=False),
            cuts("orders"),
            cuts("spend"),
            tuple((float(count), float(share)) for count, share in kept["order_counts"]),
            float(kept["observed_days"]),
            series("categories"),
            series("brands"),
            series("prices"),
        )


def with_own(popularity: pd.Series, bought: pd.DataFrame) -> pd.Series:
    """Return the popularity with the names these customers bought that are too rare or too new to be in it, as bought
    once."""
    missing = pd.Index(bought["name"].unique()).difference(popularity.index, sort=True)
    if missing.empty:
        return popularity
    whole: pd.Series = pd.concat([popularity, pd.Series(1.0, index=missing, dtype="float64")])
    return whole
