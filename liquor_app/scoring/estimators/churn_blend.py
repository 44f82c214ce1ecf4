"""Churn risk as half a BG/NBD, half a regression on what a BG/NBD does not see, within what history has shown. Pure.

The BG/NBD knows how often and when last; it takes every pause of a frequent buyer for a farewell (said .997, seen .63
on liquor buyers). The regression knows habits of late, how overdue somebody is and how regular, but learns the level
of the weeks it was fitted to, which are another season. Their mean is better than either on nine shops (docs/scoring).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, logit

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators import bgnbd, response
from liquor_app.scoring.estimators.bgnbd import BgNbdParams
from liquor_app.scoring.estimators.evaluate import isotonic
from liquor_app.scoring.estimators.likelihood import FitFailed, Floats
from liquor_app.scoring.estimators.response import LogitParams
from liquor_app.scoring.estimators.signals import HALF_LIVES, Signals
from liquor_app.scoring.estimators.snapshots import Snapshot

FEATURES = (
    "BG/NBD", "recency", *(f"orders of late, {half} days" for half in HALF_LIVES), "overdue", "gap variation",
    "no gaps yet", "one order", "age in the log",
)  # fmt: skip

PENALTY = 10.0
"""On squared standardised coefficients, in units of one customer: three shops' snapshots could not tell 1 from 50."""

MIN_SEEN = 50
"""Customers behind the highest and the lowest chance that is ever printed."""

MOST_VARIED = 5.0
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class ChurnBlend:
    """The chance of no purchase within `days`, from `lowest` to `highest`, which history has shown."""

    buying: BgNbdParams
    line: LogitParams
    days: int
    lowest: float
    highest: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "line": self.line.to_dict(), "days": self.days, "lowest": self.lowest, "highest": self.highest,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, buying: BgNbdParams, stored: dict[str, Any]) -> ChurnBlend:
        """Raises Invalid if something is missing or out of range."""
        try:
            days, lowest, highest = int(stored["days"]), float(stored["lowest"]), float(stored["highest"])
            line = LogitParams.from_dict(stored["line"])
        except (KeyError, TypeError, ValueError) as error:
            raise Invalid("the stored churn model is incomplete", field="params") from error
        if line.names != FEATURES or not 0 <= lowest <= highest <= 1:
            raise Invalid("the stored churn model is of another version", field="params")
        return cls(buying, line, days, lowest, highest)

    def probability(self, signals: Signals, observed: float) -> Floats:
        """P(no purchase within `days`), shape (n,); `observed` is the whole log's length in days."""
        said = _mean(self.buying, self.line, signals, self.days, observed)
        return np.clip(said, self.lowest, self.highest)


def fit(buying: BgNbdParams, past: Sequence[Snapshot]) -> ChurnBlend:
    """Return the blend for the horizon of `past`, learned from these snapshots alone.

    Args:
        buying: the BG/NBD as of today, the other half.
        past: snapshots of one horizon.

    Raises:
        FitFailed: no snapshot, or too few who came back or stayed away.
    """
    if not past:
        raise FitFailed("The log is too short to have shown who comes back.")
    days = past[0].window.days
    design = np.concatenate([_features(one.buying, one.signals, days, one.observed) for one in past])
    stayed_away = np.concatenate([~one.window.bought for one in past])
    line = response.fit(design, stayed_away, FEATURES, l2=PENALTY)
    said = (expit(design[:, 0]) + response.predict(line, design)) / 2
    lowest, highest = _shown(said, stayed_away.astype(np.float64))
    return ChurnBlend(buying, line, days, lowest, highest)


def _mean(buying: BgNbdParams, line: LogitParams, signals: Signals, days: float, observed: float) -> Floats:
    design = _features(buying, signals, days, observed)
    return np.asarray((expit(design[:, 0]) + response.predict(line, design)) / 2, dtype=np.float64)


def _features(buying: BgNbdParams, signals: Signals, days: float, observed: float) -> Floats:
    known = signals.known
    quiet = np.clip(bgnbd.p_no_purchase(buying, days, known.x, known.t_x, known.T), _EDGE, 1 - _EDGE)
    return np.column_stack(
        [
            logit(quiet),
            np.log1p(known.recency),
            np.log1p(signals.orders_lately),
            np.log1p(signals.overdue),
            np.minimum(np.nan_to_num(signals.gap_variation, nan=0.0), MOST_VARIED),
            np.isnan(signals.gap_variation).astype(np.float64),
            (known.x == 0).astype(np.float64),
            known.T / max(observed, 1.0),
        ]
    )


def _shown(said: Floats, seen: Floats) -> tuple[float, float]:
    """Return the least and the most that at least `MIN_SEEN` customers with such a forecast have done."""
    level, weight = isotonic(said, seen)
    enough = level[weight >= min(MIN_SEEN, weight.max())]
    return float(enough.min()), float(enough.max())
