"""Fitting the models and judging them on what customers then did. Pure; `service` reads and stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from liquor_app.core.errors import Invalid
from liquor_app.scoring import judging
from liquor_app.scoring.estimators import bgnbd, calibrated_count, churn_blend, gamma_gamma, response, spend_glm
from liquor_app.scoring.estimators.baselines import counts_of_histories
from liquor_app.scoring.estimators.bgnbd import BgNbdParams
from liquor_app.scoring.estimators.calibrated_count import CalibratedCount
from liquor_app.scoring.estimators.churn import MIN_BUYERS, ChurnMethod, ChurnScores, bands, churn, sufficiency
from liquor_app.scoring.estimators.churn_blend import ChurnBlend
from liquor_app.scoring.estimators.clv import ClvMethod
from liquor_app.scoring.estimators.gamma_gamma import GammaGammaParams
from liquor_app.scoring.estimators.likelihood import FitFailed, Floats
from liquor_app.scoring.estimators.purchase_log import Histories
from liquor_app.scoring.estimators.response import LogitParams
from liquor_app.scoring.estimators.signals import Signals
from liquor_app.scoring.estimators.snapshots import Snapshots
from liquor_app.scoring.estimators.spend_glm import Return, SpendGlm
from liquor_app.scoring.models import ModelKind
from liquor_app.ui.words import figure

MIN_CLV_DAYS = 30
"""A shorter log, scaled to a year, would only be noise."""

WEEK = 7
"""Days of the chance that somebody buys anyway: a plan is a week's."""

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
    """What churn risk is told by: blends by horizon, else a BG/NBD, else a count that beat both. With neither there are
    bands alone, ranked by `rank_by` (a BG/NBD whose level nobody should be told) or by recency; `missing` says why."""

    params: BgNbdParams | None
    missing: tuple[str, ...] = ()
    count: CountModel | None = None
    blends: Mapping[int, ChurnBlend] = field(default_factory=dict)
    rank_by: BgNbdParams | None = None

    @classmethod
    def from_stored(cls, method: str, params: dict[str, Any]) -> ChurnModel:
        try:
            return cls._read(method, params)
        except (Invalid, KeyError):
            return cls(None)  # of a shape nobody reads any more: bands until the next fit, which is tonight's

    @classmethod
    def _read(cls, method: str, params: dict[str, Any]) -> ChurnModel:
        missing = tuple(str(reason) for reason in params.get("missing", ()))
        if method in (ChurnMethod.BLEND, ChurnMethod.BGNBD):
            buying = BgNbdParams.from_dict(params.get("bgnbd", params))
            try:
                return cls(buying, blends=_blends(buying, params))
            except Invalid:
                return cls(buying)  # fitted by an older version, on features that are no more: the next refit mends it
        if method == ChurnMethod.COUNT:
            line = LogitParams.from_dict(params["line"])
            return cls(None, missing, CountModel(str(params["count"]), line, int(params["days"])))
        return cls(None, missing, rank_by=BgNbdParams.from_dict(params["rank_by"]) if "rank_by" in params else None)

    @property
    def method(self) -> ChurnMethod:
        if any(days != WEEK for days in self.blends):
            return ChurnMethod.BLEND
        if self.params is not None:
            return ChurnMethod.BGNBD
        return ChurnMethod.RECENCY if self.count is None else ChurnMethod.COUNT

    def risk(self, signals: Signals, days: int, observed: float) -> ChurnScores:
        """Everybody's chance of no purchase within `days`, and band. What was fitted for other days does not speak of
        these: then there is the BG/NBD, or bands alone until it is fitted again.

        Args:
            observed: length of the whole log, days.
        """
        known = signals.known
        if (blend := self.blends.get(days)) is not None:
            chance = blend.probability(signals, observed)
            return ChurnScores(ChurnMethod.BLEND, chance, bands(chance))
        if self.count is not None and self.count.days == days:
            values = np.log1p(counts_of_histories(known)[self.count.name])
            chance = response.predict(self.count.line, values[:, None])
            return ChurnScores(ChurnMethod.COUNT, chance, bands(chance))
        return churn(known, self.params, days, rank_by=self.rank_by)

    def buys_this_week(self, signals: Signals, observed: float) -> Floats:
        """P(a purchase within seven days), shape (n,); NaN where nobody is told a chance. Asked at seven days: a longer
        horizon's chance, spread evenly, is too low for whoever buys in rhythm."""
        if (blend := self.blends.get(WEEK)) is not None:
            return 1 - blend.probability(signals, observed)
        known = signals.known
        if self.params is None:
            return np.full(known.x.shape, np.nan)
        return 1 - bgnbd.p_no_purchase(self.params, WEEK, known.x, known.t_x, known.T)


def _blends(buying: BgNbdParams, params: dict[str, Any]) -> dict[int, ChurnBlend]:
    found = [ChurnBlend.from_dict(buying, stored) for stored in params.get("blends", ())]
    return {one.days: one for one in found}


@dataclass(frozen=True, slots=True)
class ClvModel:
    """What a customer is expected to spend; neither part where there is too little history for a value, or what is
    stored is of an older version: the next fit mends that."""

    glm: SpendGlm | None = None
    count: CalibratedCount | None = None

    @classmethod
    def from_stored(cls, method: str, params: dict[str, Any]) -> ClvModel:
        try:
            if method == ClvMethod.GLM:
                buying = BgNbdParams.from_dict(params["bgnbd"])
                spending = GammaGammaParams.from_dict(params["gamma_gamma"])
                return cls(glm=SpendGlm.from_dict(buying, spending, params["glm"]))
            if method == ClvMethod.COUNT:
                return cls(count=CalibratedCount.from_dict(params["count"]))
        except (Invalid, KeyError):
            pass
        return cls()

    @property
    def method(self) -> ClvMethod | None:
        return ClvMethod.GLM if self.glm is not None else ClvMethod.COUNT if self.count is not None else None

    def value(self, signals: Signals, horizon: float, observed: float) -> Floats:
        """Return money expected of each customer over `horizon` days, NaN where there is too little to go by.

        Args:
            observed: length of the whole log, days.
        """
        model = self.glm or self.count
        if model is None:
            return np.full(signals.known.x.shape, np.nan)
        return model.value(signals, horizon, observed)

    def if_back(self, signals: Signals, value: Floats, quiet: Floats, *, days: float, horizon: float) -> Return:
        """Split `value` by whether somebody buys within `days`; NaN where no model knows what a return is worth."""
        if self.glm is None:
            nothing = np.full(signals.known.x.shape, np.nan)
            return Return(nothing, nothing)
        return spend_glm.if_back(self.glm.buying, signals, value, quiet, days=days, horizon=horizon)


def train_churn(known: Histories, snapshots: Snapshots, days: int) -> Trained:
    """Half BG/NBD, half a regression, if the history suffices and earlier windows do not speak against it: then the
    BG/NBD alone, or the best count where that ranks better by more than noise; with too little history bands alone.

    Args:
        known: everybody's history until now.
        snapshots: of everybody or a fair sample.
        days: how far the risk looks ahead.
    """
    missing, size = sufficiency(known).missing, int(known.x.size)
    try:
        fitted = bgnbd.fit(known.x, known.t_x, known.T)
    except FitFailed as failure:
        return Trained(
            ModelKind.CHURN, ChurnMethod.RECENCY, {"missing": list(missing or (failure.message,))}, {}, size
        )  # fmt: skip
    buying = fitted.params.to_dict()
    if missing:
        # a handful of buyers determine no rhythm, not even an order
        enough = size >= MIN_BUYERS
        params = {"missing": list(missing), **({"rank_by": buying} if enough else {})}
        return Trained(ModelKind.CHURN, ChurnMethod.RECENCY, params, {}, size)
    metrics = judging.judge_churn(snapshots, days)
    if metrics.get("is_beaten") and (counted := _best_count(snapshots, days, metrics, size)) is not None:
        return counted
    blends = [
        blend
        for horizon in dict.fromkeys((days, WEEK))
        if horizon == WEEK or (metrics and not metrics["is_worse"])
        for blend in _blend(fitted.params, snapshots, horizon)
    ]
    method = ChurnMethod.BLEND if any(one.days == days for one in blends) else ChurnMethod.BGNBD
    stored = {"bgnbd": buying, "blends": [one.to_dict() for one in blends]}
    told = metrics | {"log_likelihood": fitted.log_likelihood}
    return Trained(ModelKind.CHURN, method, stored, told, fitted.customers)


def _blend(buying: BgNbdParams, snapshots: Snapshots, days: int) -> list[ChurnBlend]:
    try:
        return [churn_blend.fit(buying, snapshots.closed(snapshots.until, days))]
    except FitFailed:
        return []


def _best_count(snapshots: Snapshots, days: int, metrics: dict[str, Any], size: int) -> Trained | None:
    latest = snapshots.at(snapshots.until - days, days)
    if latest is None:
        return None
    name = max(SHIPPABLE, key=lambda count: metrics["count_auc"][count])
    values = np.log1p(counts_of_histories(latest.signals.known)[name])
    try:
        line = response.fit(values[:, None], ~latest.window.bought, (name,))
    except FitFailed:
        return None
    missing = ["tested on the latest weeks, a simple count ranked customers better than the model"]
    params = {"count": name, "line": line.to_dict(), "days": days, "missing": missing}
    told = metrics | {"auc": metrics["count_auc"][name]}
    return Trained(ModelKind.CHURN, ChurnMethod.COUNT, params, told, size)


def train_clv(known: Histories, snapshots: Snapshots) -> Trained:
    """The regression on closed windows where it stands up to earlier ones (`judging.judge_value`); else spend to date,
    calibrated by recency.

    Args:
        known: everybody's history until now.
        snapshots: of everybody or a fair sample.
    """
    size, observed = int(known.x.size), snapshots.observed
    if observed < MIN_CLV_DAYS:
        short = f"{MIN_CLV_DAYS} days of history are needed, there are {figure(observed)}"
        return Trained(ModelKind.CLV, "none", {"missing": [short]}, {}, size)
    past = snapshots.closed(snapshots.until, judging.VALUE_DAYS)
    metrics = judging.judge_value(snapshots) | {"observed_days": observed}
    if "why_not" in metrics and not metrics["why_not"]:
        try:
            buying = bgnbd.fit(known.x, known.t_x, known.T).params
            spending = gamma_gamma.fit(known.orders, known.mean_value).params
            glm = spend_glm.fit(snapshots.log.at(snapshots.until), observed, buying, spending, past)
        except FitFailed as failure:
            metrics["why_not"] = [failure.message]
        else:
            params = {"bgnbd": buying.to_dict(), "gamma_gamma": spending.to_dict(), "glm": glm.to_dict()}
            return Trained(ModelKind.CLV, ClvMethod.GLM, params, metrics, size)
    counted = calibrated_count.fit(past)
    return Trained(ModelKind.CLV, ClvMethod.COUNT, {"count": counted.to_dict()}, metrics, size)
