"""Likelihood to respond: who will act on an offer, learned from who acted on earlier ones.

A small logistic regression with an L2 penalty; where it does not rank later campaigns better than the best simple
count does, that count is used, as a regression on it alone; and where there are too few answers for either, responses
per contact, drawn towards everybody's rate. Either measures response, not uplift: only a
holdout tells what an offer changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators.evaluate import auc_within
from liquor_app.scoring.estimators.likelihood import FitFailed, Floats, minimise

MIN_RESPONSES = 30
"""Fewer positives than this cannot carry a regression."""

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


@dataclass(frozen=True, slots=True)
class Contacts:
    """Past contacts, oldest first, arrays of shape (n,): when (days), of which campaign (a code) by which channel,
    whether they were acted on, and what was known before."""

    day: Floats
    campaign: npt.NDArray[np.int64]
    channel: npt.NDArray[Any]
    responded: npt.NDArray[np.bool_]
    known: Known


class ResponseMethod(StrEnum):
    """How likelihoods are made; `SINGLE` is the best simple count, calibrated; `COUNT` does where little is known."""

    LOGIT = "logistic_regression"
    SINGLE = "best_count"
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

    def objective(theta: Floats) -> tuple[float, Floats]:
        weights, intercept = theta[:-1], theta[-1]
        odds = z @ weights + intercept
        value = np.mean(np.logaddexp(0, odds) - outcome * odds) + l2 * (weights @ weights) / (2 * contacts)
        error = expit(odds) - outcome
        gradient = np.append(z.T @ error / contacts + l2 * weights / contacts, error.mean())
        return float(value), gradient

    rate = positives / contacts
    start = np.append(np.zeros(design.shape[1]), np.log(rate / (1 - rate)))
    theta = minimise(objective, start, "response", bounded=False)
    return LogitParams(
        names=tuple(names),
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        coefficients=tuple(theta[:-1].tolist()),
        intercept=float(theta[-1]),
    )


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


@dataclass(frozen=True, slots=True)
class ResponseBacktest:
    """Trained on earlier contacts, tested on later ones. AUCs are within campaigns; .5 is chance.

    Attributes:
        method: which way won; `best_count` is the name of the count that ranked best.
        count_auc: of each feature by itself, its direction learned from the earlier contacts.
    """

    method: ResponseMethod
    train: int
    test: int
    logit_auc: float
    best_count: str
    count_auc: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "method": self.method.value}


def choose_method(
    features: npt.ArrayLike,
    responded: npt.ArrayLike,
    earlier: npt.ArrayLike,
    campaign: npt.ArrayLike,
    names: Sequence[str],
) -> ResponseBacktest:
    """Let regression and simple counts rank later contacts; the regression has to win to be used.

    Args:
        features: as of each contact, shape (contacts, features).
        responded: 0 or 1 per contact.
        earlier: True where a contact belongs to the training campaigns.
        campaign: a code per contact.
        names: one per feature.

    Raises:
        FitFailed: too few responses on either side of the split.
    """
    design, outcome = _matrix(features, len(names)), np.asarray(responded, dtype=np.float64)
    train, group = np.asarray(earlier, dtype=bool), np.asarray(campaign)
    tested = outcome[~train]
    if tested.size == 0 or tested.sum() < MIN_RESPONSES or tested.sum() == tested.size:
        raise FitFailed(f"A backtest needs at least {MIN_RESPONSES} later responses; there are {int(tested.sum())}.")

    def judged(columns: list[int]) -> float:
        model = fit(design[train][:, columns], outcome[train], [names[column] for column in columns])
        return auc_within(tested, predict(model, design[~train][:, columns]), group[~train])

    try:
        by_model = judged(list(range(len(names))))
        counts = {name: judged([column]) for column, name in enumerate(names)}
    except Invalid as flat:
        raise FitFailed("No later campaign has both people who answered and people who did not.") from flat
    best = max(counts, key=lambda name: counts[name])
    method = ResponseMethod.LOGIT if by_model >= counts[best] else ResponseMethod.SINGLE
    return ResponseBacktest(method, int(train.sum()), int((~train).sum()), by_model, best, counts)


def _matrix(features: npt.ArrayLike, columns: int) -> Floats:
    design = np.asarray(features, dtype=np.float64)
    if design.ndim != 2 or design.shape[1] != columns:
        raise Invalid(f"features must have {columns} columns, got shape {design.shape}", field="features")
    if not np.all(np.isfinite(design)):
        raise Invalid("features must be finite numbers", field="features")
    return design
