"""Scores of every customer at once. Pure: a frame in, a frame out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from liquor_app.scoring.estimators import bgnbd, churn
from liquor_app.scoring.estimators.likelihood import Floats
from liquor_app.scoring.estimators.purchase_log import Histories
from liquor_app.scoring.estimators.response import Known
from liquor_app.scoring.estimators.signals import HALF_LIVES, Signals
from liquor_app.scoring.reference_cuts import Standards
from liquor_app.scoring.response_model import ResponseModel
from liquor_app.scoring.training import ChurnModel, ClvModel


@dataclass(frozen=True, slots=True)
class Models:
    """What scores are computed with, and how far ahead they look (days)."""

    churn: ChurnModel
    clv: ClvModel
    response: ResponseModel
    churn_days: int
    clv_days: int
    observed_days: float = 0.0
    """Length of the whole log."""


def histories_of(customers: pd.DataFrame) -> Histories:
    """Return the models' view of rows with purchases; `customer` is the row's index label."""
    orders, first, last = (customers[name].to_numpy() for name in ("order_days", "first_day", "last_day"))
    return Histories(
        customers.index.to_numpy(dtype=np.int64), orders - 1, last - first, -first, customers["spend"].to_numpy()
    )


def signals_of(customers: pd.DataFrame) -> Signals:
    """Return the models' whole view of rows with purchases."""
    lately = {
        name: customers[[f"{name}_{half}" for half in HALF_LIVES]].to_numpy(dtype=np.float64)
        for name in ("orders", "spend")
    }
    return Signals(
        histories_of(customers),
        np.nan_to_num(lately["orders"]),
        np.nan_to_num(lately["spend"]),
        customers["gap_variation"].to_numpy(dtype=np.float64),
    )


def buyers_of(customers: pd.DataFrame) -> pd.DataFrame:
    """Return those who bought and did not object to profiling."""
    return customers[~customers["objected"].to_numpy(dtype=bool) & (customers["baskets"].to_numpy() > 0)]


def standards_of(customers: pd.DataFrame, *, categories: pd.Series, brands: pd.Series, prices: pd.Series) -> Standards:
    """Tell what `scored` compares with, of everybody."""
    buyers = buyers_of(customers)
    known = histories_of(buyers)
    orders, spend = buyers["window_days"].to_numpy(), buyers["window_spend"].to_numpy()
    return Standards.of(known, orders, spend, categories=categories, brands=brands, prices=prices)


def scored(customers: pd.DataFrame, models: Models, standards: Standards) -> pd.DataFrame:
    """Return scores of the rows of `features.read_customers`, same index; NaN or None where there is no telling.

    People who never bought or who objected to profiling are not scored. Times are days from today.
    """
    profiled = customers[~customers["objected"].to_numpy(dtype=bool)]
    buyers = buyers_of(customers)
    signals, observed = signals_of(buyers), standards.observed_days
    known = signals.known
    risk = models.churn.risk(signals, models.churn_days, observed)
    value = models.clv.value(signals, models.clv_days, observed)
    after = models.clv.if_back(
        signals, value, risk.probability, days=models.churn_days, horizon=models.clv_days
    )  # fmt: skip
    named = standards.rfm(known, buyers["window_days"].to_numpy(), buyers["window_spend"].to_numpy())
    coming = _next(buyers, known, models.churn)
    scores = pd.DataFrame(
        {
            "r_score": named.r,
            "f_score": named.f,
            "m_score": named.m,
            "rfm_segment": named.segment,
            "churn_risk": risk.band,
            # the last digits of a product of matrices depend on how many rows it has; a score must not
            "churn_probability": np.round(risk.probability, 9),
            "p_alive": _p_alive(known, models.churn),
            "clv_score": np.round(value, 2),
            "value_if_back": np.round(after.back, 2),
            "value_if_gone": np.round(after.gone, 2),
            "value_at_risk": np.round(risk.probability * (after.back - after.gone), 2),
            "buys_this_week": np.round(models.churn.buys_this_week(signals, observed), 9),
            "next_expected": coming.expected,
            "next_low": coming.low,
            "next_high": coming.high,
            "recency": known.recency,
            "more_orders_than": standards.share_with_fewer(known.orders),
        },
        index=buyers.index,
    )
    everybody = scores.reindex(customers.index)
    whole = ["r_score", "f_score", "m_score"]
    everybody[whole] = everybody[whole].astype("Int64")
    counts = {
        name: profiled[name].to_numpy() for name in ("responses", "contacts", "answers", "recent", "coupons", "spend")
    }
    asked = Known(**counts, orders=profiled["baskets"].to_numpy(), recency=-profiled["last_day"].to_numpy())
    for name, values in (
        ("response_likelihood", models.response.typical(asked)), ("response_odds", models.response.odds(asked)),
    ):  # fmt: skip
        everybody[name] = pd.Series(np.round(values, 9), index=profiled.index).reindex(customers.index)
    return everybody


def _next(buyers: pd.DataFrame, known: Histories, model: ChurnModel) -> churn.NextPurchase:
    if model.params is not None:
        return churn.next_purchase(known, model.params)
    gaps = (buyers[name].to_numpy() for name in ("gap_low", "gap_median", "gap_high"))
    return churn.next_by_own_gap(known, *gaps)


def _p_alive(known: Histories, model: ChurnModel) -> Floats:
    if model.params is None:
        return np.full(known.x.shape, np.nan)
    return bgnbd.p_alive(model.params, known.x, known.t_x, known.T)


def moments(base: datetime, days: pd.Series) -> pd.Series:
    """`base` plus so many days, as aware times; NaT where unknown."""
    return pd.Series(pd.Timestamp(base) + pd.to_timedelta(days.round(), unit="D"), index=days.index)
