"""Logistic regression with an L2 penalty, and what is known of a customer before a contact. Pure.

Which offer somebody may act on is `offer_response`'s. It measures response, not uplift: only a holdout tells what an
offer changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators.likelihood import FitFailed, Floats

MIN_RESPONSES = 30
"""Fewer positives than this cannot carry a regression."""

MOST_STEPS = 100

PRIOR_CONTACTS = 10.0
"""How many contacts' worth of everybody's rate the simple count starts from."""

CONTACT_WINDOW_DAYS = 365
"""How long contacts and answers to them count."""

RECENT_DAYS = 90
"""What counts as a recent order."""

FEATURES = (
    "past responses", "past contacts", "response rate", "answering baskets", "orders", "recent orders",
    "recent coupon lines", "spend", "recency",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of customers before a contact; arrays of shape (n,).

    Attributes:
        responses, contacts: messages acted on, and received, within the contact window.
        answers: baskets bought in answer to messages; one message may bring several.
        orders, recent: all baskets so far, and those of the last 90 days.
        coupons: lines bought with a coupon in the last 90 days.
        spend: all money so far.
        recency: days since the last basket, NaN if there is none.
    """

    responses: Floats
    contacts: Floats
    answers: Floats
    orders: Floats
    recent: Floats
    coupons: Floats
    spend: Floats
    recency: Floats

    def of(self, rows: npt.NDArray[Any]) -> Known:
        return Known(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    def matrix(self) -> Floats:
        """Return columns as `FEATURES`: long-tailed counts as log1p; recency at most a year, which also stands for
        never."""
        return np.column_stack(
            [
                np.log1p(self.responses),
                np.log1p(self.contacts),
                # A fixed base: the intercept knows everybody's real rate.
                response_rate(self.responses, self.contacts, 0.1),
                np.log1p(self.answers),
                np.log1p(self.orders),
                np.log1p(self.recent),
                np.log1p(self.coupons),
                np.log1p(np.maximum(np.nan_to_num(self.spend), 0)),
                np.minimum(np.nan_to_num(self.recency, nan=CONTACT_WINDOW_DAYS), CONTACT_WINDOW_DAYS),
            ]
        )


class ResponseMethod(StrEnum):
    """How likelihoods are made: per offer; a constant by band where that does not stand up; answers per contact where
    little is known."""

    OFFER = "offer_regression"
    BAND = "rate_by_band"
    COUNT = "responses_per_contact"


@dataclass(frozen=True, slots=True)
class LogitParams:
    """Coefficients on standardised features, with the standardisation.

    Attributes:
        names: the features, in column order.
        mean, scale: of each feature in the training data; a constant feature has scale 1.
        coefficients, intercept: of the log-odds.
    """

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> LogitParams:
        """Raises Invalid if something is missing or the lengths disagree."""
        try:
            names = tuple(str(name) for name in stored["names"])
            lists = [tuple(float(v) for v in stored[key]) for key in ("mean", "scale", "coefficients")]
            intercept = float(stored["intercept"])
        except (KeyError, TypeError, ValueError) as error:
            raise Invalid("the stored response model is incomplete", field="params") from error
        if any(len(values) != len(names) for values in lists):
            raise Invalid("the stored response model's lists differ in length", field="params")
        return cls(names, lists[0], lists[1], lists[2], intercept)


def fit(features: npt.ArrayLike, responded: npt.ArrayLike, names: Sequence[str], *, l2: float = 1.0) -> LogitParams:
    """Penalised maximum likelihood (the intercept is not penalised).

    Args:
        features: shape (contacts, features); long-tailed counts belong in as log1p.
        responded: 0 or 1 per contact, shape (contacts,).
        names: one per feature.
        l2: penalty on squared standardised coefficients, in units of one contact.

    Raises:
        Invalid: shapes or values are wrong.
        FitFailed: fewer than 30 responses, or everybody responded.
    """
    design, outcome = _matrix(features, len(names)), np.asarray(responded, dtype=np.float64)
    if outcome.shape != design.shape[:1]:
        raise Invalid("features and responses differ in length", field="responded")
    if not np.all((outcome == 0) | (outcome == 1)):
        raise Invalid("a response is 0 or 1", field="responded")
    positives = int(outcome.sum())
    if positives < MIN_RESPONSES or positives == outcome.size:
        raise FitFailed(f"A response model needs at least {MIN_RESPONSES} responses; there are {positives}.")
    mean, spread = design.mean(axis=0), design.std(axis=0)
    scale = np.where(spread > 1e-12, spread, 1.0)
    z = (design - mean) / scale
    contacts = outcome.size

    rate = positives / contacts
    start = np.append(np.zeros(design.shape[1]), np.log(rate / (1 - rate)))
    theta = _newton(np.column_stack([z, np.ones(contacts)]), outcome, np.append(np.full(design.shape[1], l2), 0), start)
    return LogitParams(
        names=tuple(names),
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        coefficients=tuple(theta[:-1].tolist()),
        intercept=float(theta[-1]),
    )


def _newton(design: Floats, outcome: Floats, penalty: Floats, theta: Floats) -> Floats:
    """Return the penalised maximum likelihood; convex, so that Newton's steps, halved where they overshoot, get there.

    Raises:
        FitFailed: they did not.
    """

    def loss(at: Floats) -> float:
        odds = design @ at
        return float(np.logaddexp(0, odds).sum() - odds @ outcome + penalty @ at**2 / 2)

    now = loss(theta)
    for _ in range(MOST_STEPS):
        chance = expit(design @ theta)
        slope = design.T @ (chance - outcome) + penalty * theta
        if np.abs(slope).max() < 1e-8 * outcome.size:
            return theta
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(penalty + 1e-9)
        step = np.linalg.solve(curve, slope)
        size = 1.0
        while (then := loss(theta - size * step)) > now and size > 1e-6:
            size /= 2
        theta, now = theta - size * step, then
    raise FitFailed("The response model could not be fitted: the answers are too few or too uniform.")


def predict(params: LogitParams, features: npt.ArrayLike) -> Floats:
    """P(response) per row, shape (n,); features in the order of `params.names`."""
    z = (_matrix(features, len(params.names)) - np.array(params.mean)) / np.array(params.scale)
    return np.asarray(expit(z @ np.array(params.coefficients) + params.intercept), dtype=np.float64)


def response_rate(responses: npt.ArrayLike, contacts: npt.ArrayLike, base_rate: float) -> Floats:
    """Return the simple count: (responses + 10 · base) / (contacts + 10), shape (n,).

    Raises:
        Invalid: `base_rate` is not a probability, or somebody responded more often than contacted.
    """
    hits, tries = np.asarray(responses, dtype=np.float64), np.asarray(contacts, dtype=np.float64)
    if not 0 <= base_rate <= 1:
        raise Invalid("the base rate must lie between 0 and 1", field="base_rate")
    if np.any(hits < 0) or np.any(hits > tries):
        raise Invalid("responses must lie between 0 and the number of contacts", field="responses")
    return np.asarray((hits + PRIOR_CONTACTS * base_rate) / (tries + PRIOR_CONTACTS), dtype=np.float64)


def _matrix(features: npt.ArrayLike, columns: int) -> Floats:
    design = np.asarray(features, dtype=np.float64)
    if design.ndim != 2 or design.shape[1] != columns:
        raise Invalid(f"features must have {columns} columns, got shape {design.shape}", field="features")
    if not np.all(np.isfinite(design)):
        raise Invalid("features must be finite numbers", field="features")
    return design
