"""The simple counts every model has to beat, turned into forecasts as fairly as the models are. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators import response
from liquor_app.scoring.estimators.evaluate import (
    auc,
    auc_within,
    brier,
    ece,
    lift,
    mae,
    normalised_gini,
    poisson_deviance,
    spearman,
)
from liquor_app.scoring.estimators.likelihood import FitFailed, Floats
from liquor_app.scoring.estimators.purchase_log import Histories
from liquor_app.scoring.estimators.rfm import quintiles

Counts = Mapping[str, Floats]
"""By name, shape (n,) each: recency (days), frequency (orders), rfm_sum (3 to 15), spend_to_date (money)."""


@dataclass(frozen=True, slots=True)
class Measures:
    """How good a forecast was; None where the measure makes no sense for it.

    `auc` and `lift_decile_1` judge the ranking (for expected spend: who buys at all, and the share of money found in
    the best tenth over a tenth), `brier` and `ece` the probability, `spearman` and `gini` how the money is sorted,
    `deviance` (Poisson), `total` (said over seen) and `mae` the money. `mae` is told for the record: it rewards
    low-balling.
    """

    auc: float | None = None
    brier: float | None = None
    ece: float | None = None
    lift_decile_1: float | None = None
    spearman: float | None = None
    mae: float | None = None
    gini: float | None = None
    deviance: float | None = None
    total: float | None = None


def counts_of(recency: Floats, orders: Floats, spend: Floats) -> dict[str, Floats]:
    """Tell what a shop without models would sort its customers by; arrays of shape (n,)."""
    total = quintiles(recency, higher_is_better=False) + quintiles(orders) + quintiles(spend)
    return {"recency": recency, "frequency": orders, "rfm_sum": total.astype(np.float64), "spend_to_date": spend}


def counts_of_histories(known: Histories) -> dict[str, Floats]:
    return counts_of(known.recency, known.orders, known.spend)


def as_probability(before: Floats, happened: npt.ArrayLike, now: Floats) -> Floats | None:
    """Return a count as a probability: a logistic regression on its logarithm, learned one period earlier.

    Args:
        before, happened: the count and the outcome of the earlier period, shape (m,).
        now: the count to forecast from, shape (n,).

    Returns:
        shape (n,); None where the earlier period teaches nothing.
    """
    try:
        line = response.fit(np.log1p(before)[:, None], happened, ("count",))
    except FitFailed:
        return None
    return response.predict(line, np.log1p(now)[:, None])


def as_money(before: Floats, spent: Floats, now: Floats) -> Floats | None:
    """Return a count as money: what one unit of it was worth in the earlier period; None if it was worth nothing."""
    total = float(before.sum())
    return now * (float(spent.sum()) / total) if total > 0 and spent.sum() > 0 else None


def judge_ranking(
    happened: npt.ArrayLike, score: Floats, probability: Floats | None, group: npt.ArrayLike | None = None
) -> Measures:
    """Return a forecast of something that happens or not.

    Args:
        score: higher is likelier.
        probability: the same as a probability, where it is one.
        group: rank within these groups only (campaigns).
    """
    within = auc(happened, score) if group is None else auc_within(happened, score, group)
    return Measures(
        auc=within,
        brier=None if probability is None else brier(happened, probability),
        ece=None if probability is None else ece(happened, probability),
        lift_decile_1=lift(happened, score),
    )


def judge_chance(happened: npt.ArrayLike, said: Floats, group: npt.ArrayLike) -> Measures:
    """Return a probability judged within groups, with how much of what happened it said in all."""
    seen = np.asarray(happened, dtype=np.float64)
    found = judge_ranking(seen, said, said, group)
    return replace(found, total=float(said.sum() / seen.sum()) if seen.sum() > 0 else None)


def judge_money(spent: Floats, score: Floats, money: Floats | None) -> Measures:
    """Return a forecast of what is spent.

    Args:
        score: higher is more.
        money: the same as money, where it is some.
    """
    try:
        buys = auc(spent > 0, score)
    except Invalid:
        buys = None
    return Measures(
        auc=buys,
        lift_decile_1=lift(spent / spent.max(), score) if spent.max() > 0 else None,
        spearman=spearman(spent, score),
        mae=None if money is None else mae(spent, money),
        gini=normalised_gini(spent, score),
        deviance=None if money is None else poisson_deviance(spent, money),
        total=None if money is None or spent.sum() <= 0 else float(money.sum() / spent.sum()),
    )
