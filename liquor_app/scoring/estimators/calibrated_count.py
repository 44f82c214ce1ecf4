"""Spend to date as a forecast, calibrated by how long ago somebody last bought: what there is without a model. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators.likelihood import Floats
from liquor_app.scoring.estimators.signals import Signals
from liquor_app.scoring.estimators.snapshots import Snapshot

EDGES = (14.0, 30.0, 60.0, 120.0)
"""Days since the last order at which a band ends; the last one is open."""

PRIOR_CUSTOMERS = 50.0
"""Customers' worth of everybody's factor that a band starts from."""


@dataclass(frozen=True, slots=True)
class CalibratedCount:
    """Spend per day of the log × days ahead × the band's factor; `days` is what the factors were learned over, 0 where
    they could not be: then they are all 1."""

    factors: tuple[float, ...] = (1.0,) * (len(EDGES) + 1)
    days: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {"factors": list(self.factors), "days": self.days}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> CalibratedCount:
        """Raises Invalid if something is missing."""
        try:
            found = cls(tuple(float(one) for one in stored["factors"]), int(stored["days"]))
        except (KeyError, TypeError, ValueError) as error:
            raise Invalid("the stored value count is incomplete", field="params") from error
        if len(found.factors) != len(EDGES) + 1:
            raise Invalid("the stored value count is of another version", field="params")
        return found

    def value(self, signals: Signals, horizon: float, observed: float) -> Floats:
        """Return money expected of each customer over `horizon` days, shape (n,); `observed` is the log's length."""
        if observed <= 0:
            raise Invalid("the purchase log must span at least one day", field="observed_days")
        factor = np.array(self.factors)[band_of(signals)]
        return np.asarray(signals.known.spend * (horizon / observed) * factor, dtype=np.float64)


def band_of(signals: Signals) -> npt.NDArray[np.intp]:
    """Return the place of each customer's recency among `EDGES`, 0 to 4."""
    return np.searchsorted(EDGES, signals.known.recency, side="left")


def fit(past: Sequence[Snapshot]) -> CalibratedCount:
    """Return the count with factors of what followed `past`; as it is where nothing did."""
    said, seen, people = np.zeros(len(EDGES) + 1), np.zeros(len(EDGES) + 1), np.zeros(len(EDGES) + 1)
    for one in past:
        band = band_of(one.signals)
        forecast = CalibratedCount().value(one.signals, one.window.days, one.observed)
        said += np.bincount(band, weights=forecast, minlength=said.size)
        seen += np.bincount(band, weights=one.window.spent, minlength=said.size)
        people += np.bincount(band, minlength=said.size)
    if not past or said.sum() <= 0 or seen.sum() <= 0:
        return CalibratedCount()
    everybody = seen.sum() / said.sum()
    each = said.sum() / people.sum()
    factors = (seen + PRIOR_CUSTOMERS * each * everybody) / (said + PRIOR_CUSTOMERS * each)
    return CalibratedCount(tuple(factors.tolist()), past[0].window.days)
