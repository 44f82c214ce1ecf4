"""Expected spend over the next days: a quasi-Poisson regression on closed windows, its total that of a BG/NBD. Pure.

Who spends how much is learned from what the shop's own customers went on to spend; how much everybody together will,
from BG/NBD × Gamma-Gamma: a level learned from past windows is their season's. Beyond the horizon it was fitted to, a
customer's figure grows as the BG/NBD's own does, and is drawn half way (geometrically) to BG/NBD × Gamma-Gamma.

Sources: McCullagh and Nelder, Generalized Linear Models (1989), chapter 9, for the quasi-likelihood; Gneiting (2011),
"Making and Evaluating Point Forecasts", for judging a mean by its own loss and not by absolute error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators import bgnbd, gamma_gamma
from liquor_app.scoring.estimators.bgnbd import BgNbdParams
from liquor_app.scoring.estimators.clv import HORIZON_DAYS
from liquor_app.scoring.estimators.gamma_gamma import GammaGammaParams
from liquor_app.scoring.estimators.likelihood import FitFailed, Floats, minimise
from liquor_app.scoring.estimators.signals import HALF_LIVES, Signals
from liquor_app.scoring.estimators.snapshots import Snapshot

FEATURES = (
    "recency", "spend rate", *(f"spend of late, {half} days" for half in HALF_LIVES), "BG/NBD × Gamma-Gamma",
    "BG/NBD quiet", "one order", "age in the log", "usual basket", "overdue",
)  # fmt: skip

PENALTY = 30.0
"""On squared standardised coefficients, in units of one customer; 10 to 200 do alike on the sample."""

FAR_DAYS = 120
"""From here on the forecast is mixed with BG/NBD × Gamma-Gamma: nobody has seen so many closed windows."""

_LEAST = 0.05
"""Of a usual basket, added before logarithms: nothing spent is not infinitely unlike a dollar."""
_STEEPEST = 20.0


@dataclass(frozen=True, slots=True)
class SpendGlm:
    """Coefficients on standardised features of the logarithm of the money spent in `days`, in the shop's currency."""

    buying: BgNbdParams
    spending: GammaGammaParams
    days: int
    basket: float
    """The mean order value that money is measured in, as fitted."""
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float
    level: float = 1.0
    """What everybody's total is multiplied by to be BG/NBD × Gamma-Gamma's."""
    far_level: float = 1.0
    """The same for what is mixed at long horizons: a geometric mean lies below the mean of the two."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "days": self.days, "basket": self.basket, "mean": list(self.mean), "scale": list(self.scale),
            "coefficients": list(self.coefficients), "intercept": self.intercept, "level": self.level,
            "far_level": self.far_level, "names": list(FEATURES),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, buying: BgNbdParams, spending: GammaGammaParams, stored: dict[str, Any]) -> SpendGlm:
        """Raises Invalid if something is missing or was fitted on other features."""
        try:
            if tuple(stored["names"]) != FEATURES:
                raise Invalid("the stored value model is of another version", field="params")
            mean, scale, coefficients = (
                tuple(float(one) for one in stored[key]) for key in ("mean", "scale", "coefficients")
            )
            rest = [float(stored[key]) for key in ("intercept", "level", "far_level")]
            days, basket = int(stored["days"]), float(stored["basket"])
        except (KeyError, TypeError, ValueError) as error:
            raise Invalid("the stored value model is incomplete", field="params") from error
        if any(len(values) != len(FEATURES) for values in (mean, scale, coefficients)):
            raise Invalid("the stored value model's lists differ in length", field="params")
        return cls(buying, spending, days, basket, mean, scale, coefficients, *rest)

    def value(self, signals: Signals, horizon: float, observed: float) -> Floats:
        """Return money expected of each customer over `horizon` days, shape (n,).

        Args:
            observed: the whole log's length, days.
        """
        design = _features((self.buying, self.spending), signals, self.days, observed, self.basket)
        z = (design - np.array(self.mean)) / np.array(self.scale)
        eta = np.clip(z @ np.array(self.coefficients) + self.intercept, -_STEEPEST, _STEEPEST)
        near = self.basket * self.level * np.exp(eta)
        if horizon == self.days:
            return np.asarray(near, dtype=np.float64)
        own, far = (bgnbd_value(self.buying, self.spending, signals, span) for span in (self.days, horizon))
        grown = near * np.divide(far, own, out=np.full_like(far, horizon / self.days), where=own > 0)
        if horizon < FAR_DAYS:
            return np.asarray(grown, dtype=np.float64)
        return np.asarray(self.far_level * np.sqrt(grown * far), dtype=np.float64)


def bgnbd_value(buying: BgNbdParams, spending: GammaGammaParams, signals: Signals, horizon: float) -> Floats:
    """Return expected purchases × expected order value over `horizon` days; money, shape (n,).

    All of a customer's orders inform the order value, the first one too: one-time buyers are a quarter of a shop.
    """
    known = signals.known
    orders = bgnbd.expected_purchases(buying, horizon, known.x, known.t_x, known.T)
    basket = gamma_gamma.expected_mean_value(spending, known.orders, known.mean_value)
    return np.asarray(orders * basket, dtype=np.float64)


def fit(
    now: Signals, observed: float, buying: BgNbdParams, spending: GammaGammaParams, past: Sequence[Snapshot]
) -> SpendGlm:
    """Return the model for the horizon of `past`, learned from these snapshots; its level from `now`.

    Args:
        now: everybody (or a fair sample) as of today.
        observed: the log's length as of today, days.
        buying, spending: BG/NBD and Gamma-Gamma as of today.
        past: snapshots of one horizon.

    Raises:
        FitFailed: no snapshot after which anybody spent, or too few customers.
    """
    if not past:
        raise FitFailed("The log is too short to have shown what customers go on to spend.")
    days = past[0].window.days
    basket = float(now.known.mean_value.mean()) if len(now) else 0.0
    spent = np.concatenate([one.window.spent for one in past])
    if basket <= 0 or spent.sum() <= 0:
        raise FitFailed("Nobody spent anything in the days that could have taught the model.")
    design = np.concatenate(
        [
            _features((one.buying, one.spending), one.signals, days, one.observed, basket, expected=one.expected)
            for one in past
        ]
    )
    mean, scale, coefficients, intercept = _fitted(design, spent / basket)
    plain = SpendGlm(buying, spending, days, basket, mean, scale, coefficients, intercept)
    leveled = replace(plain, level=_level(plain, now, days, observed))
    return replace(leveled, far_level=_level(leveled, now, HORIZON_DAYS, observed))


def _level(model: SpendGlm, now: Signals, horizon: float, observed: float) -> float:
    """What everybody's total has to be multiplied by to be BG/NBD × Gamma-Gamma's."""
    said = float(model.value(now, horizon, observed).sum())
    wanted = float(bgnbd_value(model.buying, model.spending, now, horizon).sum())
    return wanted / said if said > 0 and wanted > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Return:
    """What a customer is expected to spend over the horizon if they buy within the days of the churn risk, and if they
    do not; money, shape (n,)."""

    back: Floats
    gone: Floats


def if_back(
    buying: BgNbdParams, signals: Signals, value: Floats, quiet: Floats, *, days: float, horizon: float
) -> Return:
    """Split what is expected of each customer by whether they come back: value = (1 − quiet) · back + quiet · gone.

    How much less is expected of somebody who stayed away is the BG/NBD's word: with no purchase in `days` a history
    (x, t_x, T) becomes (x, t_x, T + days). The level is that of `value` and `quiet`.

    Args:
        value: expected over `horizon` days, money, shape (n,).
        quiet: P(no purchase within `days`), shape (n,).
    """
    known = signals.known
    whole = bgnbd.expected_purchases(buying, horizon, known.x, known.t_x, known.T)
    left = max(horizon - days, 0.0)
    gone = bgnbd.expected_purchases(buying, left, known.x, known.t_x, known.T + days)
    silent = bgnbd.p_no_purchase(buying, days, known.x, known.t_x, known.T)
    comes = np.maximum(1 - silent, 1e-9)
    back = np.maximum(whole - silent * gone, 0.0) / comes
    share = np.clip(np.divide(gone, back, out=np.zeros_like(gone), where=back > 0), 0.0, 1.0)
    expected = value / np.maximum(1 - quiet + quiet * share, 1e-9)
    return Return(expected, expected * share)


def _features(
    models: tuple[BgNbdParams, GammaGammaParams],
    signals: Signals,
    days: float,
    observed: float,
    basket: float,
    *,
    expected: Floats | None = None,
) -> Floats:
    """Columns as `FEATURES`; `expected` is the BG/NBD's count of purchases over `days`, where it is at hand."""
    known, (buying, spending) = signals.known, models
    usual = gamma_gamma.expected_mean_value(spending, known.orders, known.mean_value)
    orders = bgnbd.expected_purchases(buying, days, known.x, known.t_x, known.T) if expected is None else expected

    def logged(money: Floats) -> Floats:
        return np.log(np.maximum(money, 0.0) / basket + _LEAST)

    return np.column_stack(
        [
            np.log1p(known.recency),
            logged(known.spend / max(observed, 1.0) * days),
            logged(signals.spend_lately),
            logged(orders * usual),
            bgnbd.p_no_purchase(buying, days, known.x, known.t_x, known.T),
            (known.x == 0).astype(np.float64),
            np.log((known.T + 7) / (max(observed, 1.0) + 6)),
            logged(usual),
            np.log1p(signals.overdue),
        ]
    )


def _fitted(design: Floats, spent: Floats) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...], float]:
    """Mean, scale, coefficients and intercept of the log of `spent`; the intercept is not penalised."""
    mean, spread = design.mean(axis=0), design.std(axis=0)
    scale = np.where(spread > 1e-12, spread, 1.0)
    z, n = (design - mean) / scale, design.shape[0]
    unit = float(spent.mean())
    share = spent / unit

    def objective(theta: Floats) -> tuple[float, Floats]:
        weights = theta[:-1]
        eta = np.clip(z @ weights + theta[-1], -_STEEPEST, _STEEPEST)
        said = np.exp(eta)
        value = float(np.mean(said - share * eta)) + PENALTY * float(weights @ weights) / (2 * n)
        error = said - share
        return value, np.append(z.T @ error / n + PENALTY * weights / n, error.mean())

    theta = minimise(objective, np.zeros(design.shape[1] + 1), "value", bounded=False)
    intercept = float(theta[-1]) + float(np.log(unit))
    return tuple(mean.tolist()), tuple(scale.tolist()), tuple(theta[:-1].tolist()), intercept
