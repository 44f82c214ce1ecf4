"""Fitting the models and judging them on what customers then did. Pure; `service` reads and stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from liquor_app.scoring.estimators import bgnbd, gamma_gamma, response
from liquor_app.scoring.estimators.baselines import counts_of_histories
from liquor_app.scoring.estimators.bgnbd import BgNbdParams
from liquor_app.scoring.estimators.churn import ChurnMethod, ChurnScores, bands, churn, sufficiency
from liquor_app.scoring.estimators.clv import ClvMethod, choose_method, model_clv, spend_to_date_clv
from liquor_app.scoring.estimators.evaluate import auc, auc_difference, brier, ece
from liquor_app.scoring.estimators.gamma_gamma import GammaGammaParams
from liquor_app.scoring.estimators.likelihood import FitFailed, Floats
from liquor_app.scoring.estimators.purchase_log import Histories, Split
from liquor_app.scoring.estimators.response import Contacts, Known, LogitParams, ResponseMethod
from liquor_app.scoring.models import ModelKind
from liquor_app.ui.words import figure

MIN_CLV_DAYS = 30
"""A shorter log, scaled to a year, would only be noise."""

SHIPPABLE = ("recency", "frequency", "spend_to_date")
"""Counts that can stand in for a model: each is known of a customer alone, without ranking everybody."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model ready to be stored: how it works, what it needs to score, how well it did, from how many."""

    kind: ModelKind
    method: str
    params: dict[str, Any]
    metrics: dict[str, Any]
    n: int


@dataclass(frozen=True, slots=True)
class CountModel:
    """A simple count as the chance of no purchase within `days`: `name` is one of `SHIPPABLE`."""

    name: str
    line: LogitParams
    days: int


@dataclass(frozen=True, slots=True)
class ChurnModel:
    """A BG/NBD, or a count that beat it, or neither: then recency bands have to do, and `missing` says why."""

    params: BgNbdParams | None
    missing: tuple[str, ...]
    count: CountModel | None = None

    @classmethod
    def from_stored(cls, method: str, params: dict[str, Any]) -> ChurnModel:
        missing = tuple(str(reason) for reason in params.get("missing", ()))
        if method == ChurnMethod.BGNBD:
            return cls(BgNbdParams.from_dict(params), ())
        if method == ChurnMethod.COUNT:
            line = LogitParams.from_dict(params["line"])
            return cls(None, missing, CountModel(str(params["count"]), line, int(params["days"])))
        return cls(None, missing)

    @property
    def method(self) -> ChurnMethod:
        if self.params is not None:
            return ChurnMethod.BGNBD
        return ChurnMethod.RECENCY if self.count is None else ChurnMethod.COUNT

    def risk(self, known: Histories, days: float) -> ChurnScores:
        """Everybody's chance of no purchase within `days`, and band. A count only speaks of the days it was fitted
        for; of others there are bands alone until it is fitted again."""
        if self.count is None or self.count.days != days:
            return churn(known, self.params, days)
        values = np.log1p(counts_of_histories(known)[self.count.name])
        chance = response.predict(self.count.line, values[:, None])
        return ChurnScores(ChurnMethod.COUNT, chance, bands(chance))


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
        """Return money per customer over `horizon` days; NaN where there is too little history.

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
    """`base_rate` is None where nobody was ever contacted; `channels` are the rates of each channel."""

    logit: LogitParams | None
    base_rate: float | None
    channels: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_stored(cls, method: str, params: dict[str, Any]) -> ResponseModel:
        logit = LogitParams.from_dict(params["logit"]) if "logit" in params else None
        if logit is not None and not set(logit.names) <= set(response.FEATURES):
            logit = None  # fitted by an older version, on features that are no more: the next refit mends it
        return cls(logit, params.get("base_rate"), params.get("channels", {}))

    def likelihood(self, known: Known) -> Floats:
        """P(response) per customer; NaN where nobody was ever contacted."""
        if self.base_rate is None:
            return np.full(known.responses.shape, np.nan)
        if self.logit is not None:
            columns = [response.FEATURES.index(name) for name in self.logit.names]
            return response.predict(self.logit, known.matrix()[:, columns])
        return response.response_rate(known.responses, known.contacts, self.base_rate)

    def by_channel(self, likelihood: float) -> dict[str, float]:
        """Return one customer's likelihood on each channel anybody was ever contacted by: scaled by how the channel
        does."""
        if not self.base_rate:
            return {}
        return {
            channel: round(min(likelihood * rate / self.base_rate, 0.99), 4) for channel, rate in self.channels.items()
        }


def observed_days(known: Histories) -> float:
    """Length of the whole log, from the first order of anybody until now, both days included."""
    return float(known.T.max()) + 1 if known.T.size else 0.0


def train_churn(known: Histories, held_out: Split | None) -> Trained:
    """BG/NBD if the history suffices, it can be fitted and no simple count ranks better by more than noise; else the
    best count; else recency bands.

    Args:
        known: everybody's history until now.
        held_out: histories at a cut-off one horizon ago and who has bought since; None if the log is shorter.
    """
    missing = sufficiency(known).missing
    metrics: dict[str, Any] = {}
    size = int(known.x.size)
    if not missing:
        try:
            fitted = bgnbd.fit(known.x, known.t_x, known.T)
            metrics = _judge_churn(held_out) | {"log_likelihood": fitted.log_likelihood}
            if not metrics.get("is_beaten"):
                return Trained(ModelKind.CHURN, ChurnMethod.BGNBD, fitted.params.to_dict(), metrics, fitted.customers)
            missing = ("tested on the latest weeks, a simple count ranked customers better than the model",)
            if held_out is not None:
                return _best_count(held_out, metrics, missing, size)
        except FitFailed as failure:
            missing = (failure.message,)
    return Trained(ModelKind.CHURN, ChurnMethod.RECENCY, {"missing": list(missing)}, metrics, size)


def _best_count(held_out: Split, metrics: dict[str, Any], missing: tuple[str, ...], size: int) -> Trained:
    name = max(SHIPPABLE, key=lambda count: metrics["count_auc"][count])
    values = np.log1p(counts_of_histories(held_out.known)[name])
    line = response.fit(values[:, None], ~held_out.bought_after, (name,))
    params = {"count": name, "line": line.to_dict(), "days": held_out.days_after, "missing": list(missing)}
    return Trained(ModelKind.CHURN, ChurnMethod.COUNT, params, metrics | {"auc": metrics["count_auc"][name]}, size)


def _judge_churn(held_out: Split | None) -> dict[str, Any]:
    """Tell how the model fitted at the cut-off ranked those who then stayed away; empty if that cannot be told."""
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
    # who bought little, rarely and long ago is likelier to stay away
    risky = {name: count if name == "recency" else -count for name, count in counts_of_histories(past).items()}
    counts = {name: auc(gone, count) for name, count in risky.items()}
    best = max(counts, key=lambda name: counts[name])
    gap = auc_difference(gone, said, risky[best], rivals=len(risky))
    return {
        "days": held_out.days_after,
        "customers": int(gone.size),
        "auc": auc(gone, said),
        "brier": brier(gone, said),
        "ece": ece(gone, said),
        "count_auc": counts,
        "best_count": best,
        "ahead_of_best_count": [gap.value, gap.low, gap.high],
        "is_beaten": gap.high < 0,
    }


def train_clv(known: Histories, buying: ChurnModel, halves: Split | None) -> Trained:
    """Return the way that ranked customers better over the second half of the log; spend to date where that is open.

    Args:
        known: everybody's history until now.
        buying: the churn model; without a BG/NBD there is only spend to date.
        halves: histories at the middle of the log and what was spent since; None if the log is short.
    """
    size = int(known.x.size)
    if observed_days(known) < MIN_CLV_DAYS:
        short = f"{MIN_CLV_DAYS} days of history are needed, there are {figure(observed_days(known))}"
        return Trained(ModelKind.CLV, "none", {"missing": [short]}, {}, size)
    plain = Trained(ModelKind.CLV, ClvMethod.SPEND, {}, {}, size)
    if buying.params is None or halves is None:
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
    params = {"bgnbd": buying.params.to_dict(), "gamma_gamma": spending.to_dict()}
    metrics = tested.to_dict() | {"days": halves.days_after}
    return Trained(ModelKind.CLV, tested.method, params, metrics, size)


def train_response(contacts: Contacts) -> Trained:
    """Logistic regression if it ranks later campaigns at least as well as every simple count; else the best count.

    Trained on the contacts until half of the responses had come in, tested on the rest.
    """
    n = int(contacts.day.size)
    if n == 0:
        return Trained(ModelKind.RESPONSE, "none", {"base_rate": None}, {}, 0)
    # Jeffreys' prior: a handful of contacts without an answer does not prove that nobody ever answers.
    base_rate = (float(contacts.responded.sum()) + 0.5) / (n + 1)
    params: dict[str, Any] = {"base_rate": base_rate, "channels": _channel_rates(contacts, base_rate)}
    counted = Trained(ModelKind.RESPONSE, ResponseMethod.COUNT, params, {}, n)
    if not contacts.responded.any():
        return counted
    earlier = contacts.day < np.median(contacts.day[contacts.responded])
    features = contacts.known.matrix()
    try:
        tested = response.choose_method(features, contacts.responded, earlier, contacts.campaign, response.FEATURES)
        names = response.FEATURES if tested.method is ResponseMethod.LOGIT else (tested.best_count,)
        columns = [response.FEATURES.index(name) for name in names]
        logit = response.fit(features[:, columns], contacts.responded, names)
    except FitFailed:
        return counted
    metrics = tested.to_dict() | {
        "auc": tested.logit_auc if tested.method is ResponseMethod.LOGIT else tested.count_auc[tested.best_count]
    }
    return Trained(ModelKind.RESPONSE, tested.method, params | {"logit": logit.to_dict()}, metrics, n)


def _channel_rates(contacts: Contacts, base_rate: float) -> dict[str, float]:
    """Responses per contact of each channel, drawn towards everybody's rate."""
    rates = {}
    for channel in sorted(set(contacts.channel.tolist())):
        by = contacts.channel == channel
        rate = response.response_rate([contacts.responded[by].sum()], [np.count_nonzero(by)], base_rate)
        rates[str(channel)] = round(float(rate[0]), 6)
    return rates
