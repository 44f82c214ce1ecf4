"""Fitting the models and judging them on what customers then did. Pure; `service` reads and stores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from liquor_app.scoring import bgnbd, gamma_gamma, response
from liquor_app.scoring.bgnbd import BgNbdParams
from liquor_app.scoring.churn import ChurnMethod, sufficiency
from liquor_app.scoring.clv import ClvMethod, choose_method, model_clv, spend_to_date_clv
from liquor_app.scoring.evaluate import auc, brier, ece
from liquor_app.scoring.gamma_gamma import GammaGammaParams
from liquor_app.scoring.history import Histories, Split
from liquor_app.scoring.likelihood import FitFailed, Floats
from liquor_app.scoring.models import ModelKind
from liquor_app.scoring.response import Contacts, Known, LogitParams, ResponseMethod

MIN_CLV_DAYS = 30
"""A shorter log, scaled to a year, would only be noise."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model ready to be stored: how it works, what it needs to score, how well it did, from how many."""

    kind: ModelKind
    method: str
    params: dict[str, Any]
    metrics: dict[str, Any]
    n: int


@dataclass(frozen=True, slots=True)
class ChurnModel:
    """`params` is None where recency bands have to do; `missing` says why."""

    params: BgNbdParams | None
    missing: tuple[str, ...]

    @classmethod
    def from_stored(cls, method: str, params: dict[str, Any]) -> ChurnModel:
        if method == ChurnMethod.BGNBD:
            return cls(BgNbdParams.from_dict(params), ())
        return cls(None, tuple(str(reason) for reason in params.get("missing", ())))


@dataclass(frozen=True, slots=True)
class ClvModel:
    """`method` is None where there is too little history for a value."""

    method: ClvMethod | None
    buying: BgNbdParams | None = None
    spending: GammaGammaParams | None = None

    @classmethod
    def from_stored(cls, method: str, params: dict[str, Any]) -> ClvModel:
        if method == ClvMethod.MODEL:
            return cls(
                ClvMethod.MODEL,
                BgNbdParams.from_dict(params["bgnbd"]),
                GammaGammaParams.from_dict(params["gamma_gamma"]),
            )
        return cls(ClvMethod.SPEND if method == ClvMethod.SPEND else None)

    def value(self, known: Histories, horizon: float, observed: float | None = None) -> Floats:
        """Money per customer over `horizon` days; NaN where there is too little history.

        Args:
            observed: length of the whole log, days, where `known` is only some of the customers.
        """
        if self.method is None:
            return np.full(known.x.shape, np.nan)
        if self.buying is not None and self.spending is not None:
            return model_clv(self.buying, self.spending, known, horizon)
        return spend_to_date_clv(known, observed_days(known) if observed is None else observed, horizon)


@dataclass(frozen=True, slots=True)
class ResponseModel:
    """`base_rate` is None where nobody was ever contacted."""

    logit: LogitParams | None
    base_rate: float | None

    @classmethod
    def from_stored(cls, method: str, params: dict[str, Any]) -> ResponseModel:
        logit = LogitParams.from_dict(params["logit"]) if method == ResponseMethod.LOGIT else None
        return cls(logit, params.get("base_rate"))

    def likelihood(self, known: Known) -> Floats:
        """P(response) per customer; NaN where nobody was ever contacted."""
        if self.base_rate is None:
            return np.full(known.responses.shape, np.nan)
        if self.logit is not None:
            return response.predict(self.logit, known.matrix())
        return response.response_rate(known.responses, known.contacts, self.base_rate)


def observed_days(known: Histories) -> float:
    """Length of the whole log, from the first order of anybody until now, both days included."""
    return float(known.T.max()) + 1 if known.T.size else 0.0


def train_churn(known: Histories, held_out: Split | None) -> Trained:
    """BG/NBD if the history suffices, can be fitted and ranks no worse than recency alone; else recency bands.

    Args:
        known: everybody's history until now.
        held_out: histories at a cut-off one horizon ago and who has bought since; None if the log is shorter.
    """
    missing = sufficiency(known).missing
    metrics: dict[str, Any] = {}
    if not missing:
        try:
            fitted = bgnbd.fit(known.x, known.t_x, known.T)
            metrics = _judge_churn(held_out) | {"log_likelihood": fitted.log_likelihood}
            if metrics.get("auc", 1.0) >= metrics.get("recency_auc", 0.0):
                return Trained(ModelKind.CHURN, ChurnMethod.BGNBD, fitted.params.to_dict(), metrics, fitted.customers)
            missing = ("tested on the latest weeks, recency alone ranked customers better than the model",)
        except FitFailed as failure:
            missing = (failure.message,)
    return Trained(ModelKind.CHURN, ChurnMethod.RECENCY, {"missing": list(missing)}, metrics, int(known.x.size))


def _judge_churn(held_out: Split | None) -> dict[str, Any]:
    """How the model fitted at the cut-off ranked those who then stayed away; empty if that cannot be told."""
    if held_out is None or held_out.known.x.size == 0:
        return {}
    gone, past = ~held_out.bought_after, held_out.known
    if not (gone.any() and held_out.bought_after.any()):
        return {}
    try:
        params = bgnbd.fit(past.x, past.t_x, past.T).params
    except FitFailed:
        return {}
    said = bgnbd.p_no_purchase(params, held_out.days_after, past.x, past.t_x, past.T)
    return {
        "days": held_out.days_after,
        "customers": int(gone.size),
        "auc": auc(gone, said),
        "brier": brier(gone, said),
        "ece": ece(gone, said),
        "recency_auc": auc(gone, past.recency),
    }


def train_clv(known: Histories, churn: ChurnModel, halves: Split | None) -> Trained:
    """The way that ranked customers better over the second half of the log; spend to date where that is open.

    Args:
        known: everybody's history until now.
        churn: the churn model; without a BG/NBD there is only spend to date.
        halves: histories at the middle of the log and what was spent since; None if the log is short.
    """
    size = int(known.x.size)
    if observed_days(known) < MIN_CLV_DAYS:
        short = f"{MIN_CLV_DAYS} days of history are needed, there are {observed_days(known):.0f}"
        return Trained(ModelKind.CLV, "none", {"missing": [short]}, {}, size)
    plain = Trained(ModelKind.CLV, ClvMethod.SPEND, {}, {}, size)
    if churn.params is None or halves is None:
        return plain
    try:
        spending = gamma_gamma.fit(known.orders, known.mean_value).params
        past = halves.known
        buying_then = bgnbd.fit(past.x, past.t_x, past.T).params
        spending_then = gamma_gamma.fit(past.orders, past.mean_value).params
    except FitFailed:
        return plain
    tested = choose_method(
        halves.spent_after,
        model_clv(buying_then, spending_then, past, halves.days_after),
        spend_to_date_clv(past, observed_days(past), halves.days_after),
    )
    params = {"bgnbd": churn.params.to_dict(), "gamma_gamma": spending.to_dict()}
    metrics = tested.to_dict() | {"days": halves.days_after}
    return Trained(ModelKind.CLV, tested.method, params, metrics, size)


def train_response(contacts: Contacts) -> Trained:
    """Logistic regression if it ranks later contacts at least as well as every simple count; else the count.

    Trained on the contacts until half of the responses had come in, tested on the rest.
    """
    n = int(contacts.day.size)
    if n == 0:
        return Trained(ModelKind.RESPONSE, "none", {"base_rate": None}, {}, 0)
    # Jeffreys' prior: a handful of contacts without an answer does not prove that nobody ever answers.
    base_rate = (float(contacts.responded.sum()) + 0.5) / (n + 1)
    params: dict[str, Any] = {"base_rate": base_rate}
    counted = Trained(ModelKind.RESPONSE, ResponseMethod.COUNT, params, {}, n)
    if not contacts.responded.any():
        return counted
    earlier = contacts.day < np.median(contacts.day[contacts.responded])
    rate = response.response_rate(contacts.known.responses, contacts.known.contacts, base_rate)
    features = contacts.known.matrix()
    try:
        tested = response.choose_method(features, contacts.responded, earlier, rate, response.FEATURES)
        if tested.method is ResponseMethod.LOGIT:
            params["logit"] = response.fit(features, contacts.responded, response.FEATURES).to_dict()
    except FitFailed:
        return counted
    return Trained(ModelKind.RESPONSE, tested.method, params, tested.to_dict(), n)
