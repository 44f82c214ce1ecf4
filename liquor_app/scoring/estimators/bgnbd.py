"""BG/NBD: how often customers buy, and whether they have stopped.

While active, a customer buys at rate λ ~ Gamma(r, α); after each purchase they stop for good with probability
p ~ Beta(a, b). A history is (x, t_x, T): repeat purchases, time of the last one and age, both since the first
purchase, in one unit of time (days throughout the product, weeks in the literature).

Source: Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2), 275–284;
equation numbers below are theirs. Likelihood in the form of Hardie's note 004.
"""
# ruff: noqa: N803, N806  (T is the literature's name for a customer's age; t is another thing)

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, digamma, expit, gammaln, hyp2f1

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators.likelihood import FitFailed, Floats, minimise

Numbers = npt.ArrayLike


@dataclass(frozen=True, slots=True)
class BgNbdParams:
    """r, α of the purchase rate's Gamma (α in units of time); a, b of the drop-out probability's Beta."""

    r: float
    alpha: float
    a: float
    b: float

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not (np.isfinite(value) and value > 0):
                raise Invalid(f"BG/NBD parameter {name} must be a positive number, not {value!r}", field=name)

    def to_dict(self) -> dict[str, float]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> BgNbdParams:
        """Raises Invalid if a parameter is missing or not positive."""
        try:
            return cls(*(float(stored[name]) for name in ("r", "alpha", "a", "b")))
        except (KeyError, TypeError, ValueError) as error:
            raise Invalid(f"stored BG/NBD parameters are incomplete: {stored!r}", field="params") from error


@dataclass(frozen=True, slots=True)
class BgNbdFit:
    """Estimates, the log-likelihood they reach, how many customers and how many distinct histories there were."""

    params: BgNbdParams
    log_likelihood: float
    customers: int
    patterns: int


def check_history(x: Numbers, t_x: Numbers, T: Numbers) -> tuple[Floats, Floats, Floats]:
    """Return the three as float arrays of one shape.

    Raises:
        Invalid: shapes differ, or some customer's history is impossible (negative, t_x > T, x = 0 but t_x > 0).
    """
    repeat, last, age = (np.asarray(values, dtype=np.float64) for values in (x, t_x, T))
    if not repeat.shape == last.shape == age.shape:
        raise Invalid(f"x, t_x and T differ in shape: {repeat.shape}, {last.shape}, {age.shape}", field="x")
    if not (np.all(np.isfinite(repeat)) and np.all(repeat >= 0)):
        raise Invalid("x (repeat purchases) must be a number not below 0", field="x")
    if not (np.all(np.isfinite(last)) and np.all(last >= 0) and np.all(last[repeat == 0] == 0)):
        raise Invalid("t_x (time of the last purchase) must be ≥ 0, and 0 for one-time buyers", field="t_x")
    if not (np.all(np.isfinite(age)) and np.all(age >= last)):
        raise Invalid("T (age) must not lie before the last purchase", field="T")
    return repeat, last, age


def group(*columns: Floats, weights: Numbers | None = None) -> tuple[list[Floats], Floats]:
    """Distinct rows of `columns` (each shape (n,)) and how many customers have each: sufficient statistics."""
    key = np.zeros(columns[0].shape, dtype=np.int64)
    for column in columns:
        values, code = np.unique(column, return_inverse=True)
        key = np.unique(key * len(values) + code, return_inverse=True)[1].astype(np.int64)
    _, first, code = np.unique(key, return_index=True, return_inverse=True)
    count = np.bincount(code, weights=None if weights is None else np.asarray(weights, dtype=np.float64))
    return [column[first] for column in columns], count.astype(np.float64)


def log_likelihood(params: BgNbdParams, x: Numbers, t_x: Numbers, T: Numbers) -> Floats:
    """ln L of each history (equation 3 integrated over λ and p: equation 6)."""
    repeat, last, age = check_history(x, t_x, T)
    return _terms(params, repeat, last, age)[0]


def _terms(params: BgNbdParams, x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats]:
    """ln L and the posterior weight of "stopped after the last purchase", per history."""
    r, alpha, a, b = params.r, params.alpha, params.a, params.b
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    common += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    active = -(r + x) * np.log(alpha + T)
    stopped = np.where(x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x), -np.inf)
    either = np.logaddexp(active, stopped)
    return common + either, np.exp(stopped - either)


def fit(x: Numbers, t_x: Numbers, T: Numbers) -> BgNbdFit:
    """Maximum-likelihood parameters.

    Args:
        x, t_x, T: one entry per customer, shape (n,); times in one unit, which the result's α is in.

    Raises:
        Invalid: an impossible history.
        FitFailed: no repeat purchase at all, or too few or too uniform customers to find an optimum.
    """
    repeat, last, age = check_history(x, t_x, T)
    if repeat.size == 0 or not np.any(repeat > 0) or not np.any(age > 0):
        raise FitFailed("The BG/NBD model needs customers who bought again; there are none.")
    # Time is scaled to around one, so that one start serves days and weeks alike; α is scaled back at the end.
    unit = float(np.mean(age))
    (gx, gt, gT), weight = group(repeat, last / unit, age / unit)
    share = weight / weight.sum()
    distinct, at = np.unique(gx, return_inverse=True)

    def objective(theta: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = (float(value) for value in np.exp(theta))
        log_l, stopped = _terms(BgNbdParams(r, alpha, a, b), gx, gt, gT)
        active = 1 - stopped
        # ψ only depends on x, of which there are few distinct values.
        psi_rx, psi_bx, psi_abx = (digamma(shape + distinct)[at] for shape in (r, b, a + b))
        gradient = np.array(
            [
                psi_rx - digamma(r) + np.log(alpha) - active * np.log(alpha + gT) - stopped * np.log(alpha + gt),
                r / alpha - (r + gx) * (active / (alpha + gT) + stopped / (alpha + gt)),
                digamma(a + b) - psi_abx + stopped / a,
                digamma(a + b) + psi_bx - digamma(b) - psi_abx - stopped / (b + np.maximum(gx, 1) - 1),
            ]
        )
        return -float(share @ log_l), -(gradient @ share) * np.exp(theta)

    theta = minimise(objective, np.log([0.5, 0.5, 0.8, 2.0]), "BG/NBD")
    r, alpha, a, b = (float(value) for value in np.exp(theta))
    params = BgNbdParams(r, alpha * unit, a, b)
    total = float(log_likelihood(params, repeat, last, age).sum())
    return BgNbdFit(params, total, int(repeat.size), int(gx.size))


def p_alive(params: BgNbdParams, x: Numbers, t_x: Numbers, T: Numbers) -> Floats:
    """P(still active at T | history). 1 for one-time buyers by construction, so never a churn score.

    Source: Fader and Hardie, note 021, "Computing P(alive) using the BG/NBD model".
    """
    repeat, last, age = check_history(x, t_x, T)
    r, alpha, a, b = params.r, params.alpha, params.a, params.b
    odds = (r + repeat) * np.log((alpha + age) / (alpha + last)) + np.log(a / (b + np.maximum(repeat, 1) - 1))
    return np.where(repeat == 0, 1.0, expit(-odds))


def p_no_purchase(params: BgNbdParams, h: Numbers, x: Numbers, t_x: Numbers, T: Numbers) -> Floats:
    """P(no purchase in (T, T + h] | history).

    Derivation. Given λ and p, the likelihood is the sum of two ways the history came about:
    still active, (1 − p)ˣ λˣ e^(−λT), and stopped at t_x, p (1 − p)ˣ⁻¹ λˣ e^(−λ t_x) (x > 0). A stopped customer
    buys nothing for certain; an active one buys nothing in h with probability e^(−λh) (drop-out only happens at
    purchases, so p plays no part). Multiplying the active part by e^(−λh) turns T into T + h in its exponent;
    integrated over λ ~ Gamma(r, α) that part is proportional to (α + T + h)^−(r+x) instead of (α + T)^−(r+x).
    Dividing by the likelihood gives

        1 − P(alive) · [1 − ((α + T) / (α + T + h))^(r + x)].
    """
    repeat, _, age = check_history(x, t_x, T)
    horizon = _horizon(h)
    quiet = (params.r + repeat) * (np.log(params.alpha + age) - np.log(params.alpha + age + horizon))
    return np.asarray(1 + p_alive(params, x, t_x, T) * np.expm1(quiet), dtype=np.float64)


def expected_purchases(params: BgNbdParams, t: Numbers, x: Numbers, t_x: Numbers, T: Numbers) -> Floats:
    """E[Y(t)]: purchases expected in (T, T + t] given the history (equation 10).

    The hypergeometric function is taken after Euler's transformation
    ₂F₁(A, B; C; z) = (1 − z)^(C−A−B) ₂F₁(C − A, C − B; C; z), which cancels the huge powers of the printed form,
    so hundreds of purchases do not overflow.
    """
    repeat, last, age = check_history(x, t_x, T)
    span = _horizon(t)
    r, alpha, a, b = params.r, params.alpha, params.a, params.b
    # The singularities at a = 1 and a + b + x = 1 are removable: step a hair aside.
    a = a if abs(a - 1) > 1e-6 else 1 + 1e-6
    top = a + b + repeat - 1
    top = np.where(np.abs(top) > 1e-9, top, 1e-9)
    z = span / (alpha + age + span)
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = (1 - z) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, top, z)
        while_active = np.asarray(top / (a - 1) * (1 - ratio), dtype=np.float64)
    lost = ~np.isfinite(while_active)
    if lost.any():
        repeat, last, age, span = np.broadcast_arrays(repeat, last, age, span)
        while_active = np.broadcast_to(while_active, repeat.shape).copy()
        lost = ~np.isfinite(while_active)
        while_active[lost] = _expected_while_active(params, span[lost], repeat[lost], age[lost])
    return np.asarray(while_active * p_alive(params, repeat, last, age), dtype=np.float64)


def _expected_while_active(params: BgNbdParams, t: Floats, x: Floats, T: Floats) -> Floats:
    """E[Y(t) | active at T] where the closed form overflows (b in the thousands: hardly anybody ever stops).

    Given λ and p, an active customer buys (1 − e^(−λpt)) / p times; over λ ~ Gamma(r + x, α + T) that is
    (1 − ((α + T) / (α + T + pt))^(r + x)) / p, and over p ~ Beta(a, b + x) it is integrated by Gauss and Legendre
    along p's quantiles.
    """
    nodes, weights = np.polynomial.legendre.leggauss(64)
    p = np.maximum(betaincinv(params.a, params.b + x[:, None], (nodes + 1) / 2), 1e-300)
    shrink = -(params.r + x[:, None]) * np.log1p(p * (t / (params.alpha + T))[:, None])
    return np.asarray((-np.expm1(shrink) / p) @ (weights / 2), dtype=np.float64)


def expected_purchases_new(params: BgNbdParams, t: Numbers) -> Floats:
    """E[X(t)]: repeat purchases of a customer in the time t after the first one (equation 9)."""
    span = _horizon(t)
    none = np.zeros_like(span)
    return expected_purchases(params, span, none, none, none)


def next_purchase(params: BgNbdParams, quantile: float, x: Numbers, t_x: Numbers, T: Numbers) -> Floats:
    """Time from now by which the customer will have bought with probability `quantile`; inf if never that likely.

    The inverse of 1 − `p_no_purchase`: having stopped for good counts as never, so the distribution is defective
    and its upper quantiles do not exist for customers who may well be gone.

    Raises:
        Invalid: `quantile` is not strictly between 0 and 1, or an impossible history.
    """
    if not 0 < quantile < 1:
        raise Invalid("quantile must lie between 0 and 1", field="quantile")
    repeat, last, age = check_history(x, t_x, T)
    alive = p_alive(params, repeat, last, age)
    reachable = quantile < alive
    within = np.divide(quantile, alive, out=np.zeros_like(alive), where=reachable)
    wait = (params.alpha + age) * np.expm1(-np.log1p(-within) / (params.r + repeat))
    return np.where(reachable, wait, np.inf)


def _horizon(t: Numbers) -> Floats:
    span = np.asarray(t, dtype=np.float64)
    if not (np.all(np.isfinite(span)) and np.all(span >= 0)):
        raise Invalid("the horizon must be a number not below 0", field="horizon")
    return span
