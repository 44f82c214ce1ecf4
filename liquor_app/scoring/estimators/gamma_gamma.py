"""Gamma-Gamma: what a customer's average order will be, drawn towards everybody's when orders are few.

Order values of one customer are Gamma(p, ν) with ν ~ Gamma(q, v) across customers, independent of how often they
buy. Source: Fader and Hardie (2013), "The Gamma-Gamma Model of Monetary Value", note 025 (equation 1a for the
likelihood, equation 5 for the conditional mean).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import digamma, gammaln

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators.bgnbd import Numbers
from liquor_app.scoring.estimators.likelihood import FitFailed, Floats, minimise


@dataclass(frozen=True, slots=True)
class GammaGammaParams:
    """p, q without unit; v in the unit of money."""

    p: float
    q: float
    v: float

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not (np.isfinite(value) and value > 0):
                raise Invalid(f"Gamma-Gamma parameter {name} must be a positive number, not {value!r}", field=name)

    @property
    def mean(self) -> float | None:
        """Mean order value over all customers, p v / (q − 1); None where q ≤ 1 (it has no finite mean)."""
        return self.p * self.v / (self.q - 1) if self.q > 1 else None

    def to_dict(self) -> dict[str, float]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> GammaGammaParams:
        """Raises Invalid if a parameter is missing or not positive."""
        try:
            return cls(*(float(stored[name]) for name in ("p", "q", "v")))
        except (KeyError, TypeError, ValueError) as error:
            raise Invalid(f"stored Gamma-Gamma parameters are incomplete: {stored!r}", field="params") from error


@dataclass(frozen=True, slots=True)
class GammaGammaFit:
    params: GammaGammaParams
    log_likelihood: float
    customers: int


def fit(n: Numbers, mean_value: Numbers) -> GammaGammaFit:
    """Maximum-likelihood parameters from the customers with at least one order of positive value.

    Args:
        n: orders behind each mean, shape (m,).
        mean_value: mean order value, money, shape (m,).

    Raises:
        Invalid: shapes differ or a number is negative.
        FitFailed: fewer than two usable customers, all values alike, or no optimum.
    """
    orders, value = np.asarray(n, dtype=np.float64), np.asarray(mean_value, dtype=np.float64)
    if orders.shape != value.shape:
        raise Invalid(f"n and mean_value differ in shape: {orders.shape}, {value.shape}", field="mean_value")
    if not (np.all(np.isfinite(orders)) and np.all(np.isfinite(value)) and np.all(orders >= 0)):
        raise Invalid("orders and values must be finite and orders not below 0", field="n")
    usable = (orders > 0) & (value > 0)
    k, money = orders[usable], value[usable]
    if k.size < 2 or np.ptp(money) == 0:
        raise FitFailed("The Gamma-Gamma model needs at least two customers with different order values.")
    unit = float(money.mean())
    z = money / unit
    log_z, log_k = np.log(z), np.log(k)

    def objective(theta: Floats) -> tuple[float, Floats]:
        p, q, v = (float(number) for number in np.exp(theta))
        pk, spread = p * k, np.log(k * z + v)
        log_l = gammaln(pk + q) - gammaln(pk) - gammaln(q) + q * np.log(v)
        log_l += (pk - 1) * log_z + pk * log_k - (pk + q) * spread
        psi = digamma(pk + q)
        gradient = np.array(
            [
                np.mean(k * (psi - digamma(pk) + log_z + log_k - spread)),
                np.mean(psi - digamma(q) + np.log(v) - spread),
                np.mean(q / v - (pk + q) / (k * z + v)),
            ]
        )
        return -float(np.mean(log_l)), -gradient * np.exp(theta)

    p, q, v = (float(number) for number in np.exp(minimise(objective, np.log([2.0, 3.0, 1.0]), "Gamma-Gamma")))
    value_at = -objective(np.log([p, q, v]))[0] * k.size - float(k.size) * np.log(unit)
    return GammaGammaFit(GammaGammaParams(p, q, v * unit), value_at, int(k.size))


def expected_mean_value(params: GammaGammaParams, n: Numbers, mean_value: Numbers) -> Floats:
    """E[mean order value | n orders averaging mean_value] = p (v + n·mean) / (p n + q − 1); money.

    Where that is not finite (no orders and q ≤ 1) the customer's own mean is all there is.
    """
    orders, value = np.asarray(n, dtype=np.float64), np.asarray(mean_value, dtype=np.float64)
    below = params.p * orders + params.q - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = params.p * (params.v + orders * value) / below
    return np.where(below > 0, drawn, value)
