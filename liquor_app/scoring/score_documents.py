"""What is stored beside the scores: tastes, habits, the numbers and the sentences. Pure: frames in, JSON out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from liquor_app.customers.models import ChurnRisk
from liquor_app.scoring.due_state import due_day
from liquor_app.scoring.estimators.affinity import affinities
from liquor_app.scoring.estimators.clv import ClvMethod
from liquor_app.scoring.estimators.rfm import RfmSegment
from liquor_app.scoring.estimators.scorecard import Models
from liquor_app.scoring.explain import NIGHT_MIN_ORDERS, NIGHT_SHARE, CustomerFacts, explain, price_band


@dataclass(frozen=True, slots=True)
class Tastes:
    """Per customer: own items, best first, with their share of spend."""

    own: list[list[tuple[str, float]]]


def tastes(bought: pd.DataFrame, popularity: pd.Series, ids: pd.Series, *, k: int) -> Tastes:
    """Tell what customers like among the k best items of each.

    Args:
        bought: customer_id, name, baskets, net (what was paid, without what came back); one row per pair.
        popularity: baskets of everybody per name.
        ids: the customers wanted, in order.
        k: how many own items to keep.
    """
    own: list[list[tuple[str, float]]] = [[] for _ in range(len(ids))]
    if popularity.empty or ids.empty:
        return Tastes(own)
    who = pd.Index(ids).get_indexer(pd.Index(bought["customer_id"]))
    what = popularity.index.get_indexer(pd.Index(bought["name"]))
    # A name first sold while we were reading has no popularity yet; the next scoring knows it.
    seen = what >= 0
    who, what = who[seen], what[seen]
    net = bought["net"].to_numpy(dtype=np.float64)[seen]
    best = affinities(
        who,
        what,
        bought["baskets"].to_numpy(dtype=np.float64)[seen],
        customers=len(ids),
        items=len(popularity),
        k=k,
        popularity=popularity.to_numpy(),
    )
    spent = {(int(c), int(i)): float(a) for c, i, a in zip(who, what, net, strict=True)}
    total = np.bincount(who, weights=net, minlength=len(ids))
    names = popularity.index.tolist()
    for row, (items, is_own) in enumerate(zip(best.item.tolist(), best.own.tolist(), strict=True)):
        for item, bought_it in zip(items, is_own, strict=True):
            if bought_it:
                share = spent[row, item] / float(total[row]) if total[row] > 0 else 0.0
                own[row].append((names[item], round(share, 4)))
    return Tastes(own)


def category_baskets(bought: pd.DataFrame, ids: pd.Series) -> list[dict[str, int]]:
    """Tell in how many baskets of each customer of `ids` each category was; `bought` as in `tastes`."""
    found: dict[Any, dict[str, int]] = {one: {} for one in ids}
    for customer, name, baskets in zip(bought["customer_id"], bought["name"], bought["baskets"], strict=True):
        found[customer][str(name)] = int(baskets)
    return list(found.values())


def price_levels(bought: pd.DataFrame, prices: pd.Series, ids: pd.Series) -> list[float | None]:
    """Tell what each customer of `ids` pays, over what the same units of the same categories cost on average; None
    without a unit bought.

    Args:
        bought: customer_id, name (of the category), amount, quantity; one row per pair.
        prices: average price of a unit, by category.
    """
    usual = bought["quantity"] * bought["name"].map(prices)
    known = (bought["quantity"] > 0) & (bought["amount"] > 0) & usual.notna()
    sums = pd.DataFrame({"paid": bought["amount"], "usual": usual})[known].groupby(bought["customer_id"][known]).sum()
    level = (sums["paid"] / sums["usual"]).reindex(ids)
    return [None if np.isnan(value) else round(float(value), 3) for value in level]


def habits(customers: pd.DataFrame) -> pd.DataFrame:
    """Facts of the customer's record that need a rule: the usual hour, and whether they buy at night."""
    night = (customers["night_share"] >= NIGHT_SHARE) & (customers["baskets"] >= NIGHT_MIN_ORDERS)
    # −0.4 on the clock face is 0 o'clock, −1 is 23.
    hour = pd.Series(np.mod(np.round(customers["hour"]), 24), index=customers.index).astype("Int64")
    return pd.DataFrame({"avg_purchase_hour": hour, "is_night_buyer": night})


def describe(
    customers: pd.DataFrame,
    scores: pd.DataFrame,
    categories: Tastes,
    levels: list[float | None],
    baskets: list[dict[str, int]],
    *,
    models: Models,
    today: date,
) -> tuple[list[str], list[str]]:
    """Per row: the features document and the sentences, both as JSON text."""
    documents, sentences = [], []
    rows = zip(_records(customers), _records(scores), categories.own, levels, baskets, strict=True)
    for known, score, likes, level, by_category in rows:
        facts = _facts(known, score, likes, level, models=models, today=today)
        stored = _features(known, facts, today) | {
            "churn_method": models.churn.method,
            "response_odds": _number(score["response_odds"]),
            "category_baskets": by_category,
        }
        documents.append(json.dumps(stored))
        told = explain(facts) if not known["objected"] else []
        sentences.append(json.dumps([sentence.to_dict() for sentence in told]))
    return documents, sentences


PROFILE: Mapping[str, object] = {
    "primary_category": None, "secondary_category": None, "favorite_brands": "[]", "success_rate_pct": None,
    "avg_purchase_hour": None, "is_night_buyer": False, "features": "{}", "explanation": "[]",
}  # fmt: skip
"""What is worked out of somebody's purchases beside scores, and how it stands of who objects to that."""


def without_profiles(frame: pd.DataFrame, objected: pd.Series) -> pd.DataFrame:
    """Return rows to be written, those of who objects to being profiled without what was worked out of them: what they
    bought and when stays, for it is the shop's record."""
    who = objected.to_numpy(dtype=bool)
    if not who.any():
        return frame
    return frame.assign(**{
        name: frame[name].where(~who, pd.NA if nothing is None else nothing) for name, nothing in PROFILE.items()
    })  # fmt: skip


def _facts(
    known: dict[str, Any],
    score: dict[str, Any],
    likes: list[tuple[str, float]],
    level: float | None,
    *,
    models: Models,
    today: date,
) -> CustomerFacts:
    method = models.clv.method
    likelihood = _number(score["response_likelihood"])
    spend, discount = _number(known["spend"]) or 0.0, _number(known["discount"]) or 0.0
    baskets = int(known["baskets"])
    return CustomerFacts(
        orders=int(known["order_days"]) if known["baskets"] else 0,
        days_since_last=_whole(score["recency"]),
        gap_median=_number(known["gap_median"]) if known["order_days"] >= 3 else None,
        gap_high=_number(known["gap_high"]) if known["order_days"] >= 3 else None,
        horizon_days=models.churn_days,
        churn_probability=_number(score["churn_probability"]),
        churn_risk=ChurnRisk(score["churn_risk"]) if isinstance(score["churn_risk"], str) else None,
        churn_missing=models.churn.missing,
        is_ranked=models.churn.rank_by is not None,
        more_orders_than=_number(score["more_orders_than"]),
        spend=spend,
        segment=RfmSegment(score["rfm_segment"]) if isinstance(score["rfm_segment"], str) else None,
        r=_whole(score["r_score"]),
        f=_whole(score["f_score"]),
        m=_whole(score["m_score"]),
        clv=_number(score["clv_score"]),
        clv_method=method.label if isinstance(method, ClvMethod) else "",
        clv_horizon_days=models.clv_days,
        value_at_risk=_number(score["value_at_risk"]),
        value_if_back=_number(score["value_if_back"]),
        value_if_gone=_number(score["value_if_gone"]),
        buys_this_week=_number(score["buys_this_week"]),
        observed_days=models.observed_days,
        next_expected=_day(today, score["next_expected"]),
        next_low=_day(today, score["next_low"]),
        next_high=_day(today, score["next_high"]),
        contacts=int(known["contacts"]),
        responses=int(known["responses"]),
        response_likelihood=likelihood,
        answer_days=models.response.life_days,
        response_by_channel={} if likelihood is None else models.response.by_channel(likelihood),
        base_response=models.response.base_rate,
        is_per_offer=models.response.offer is not None,
        night_share=_number(known["night_share"]),
        tastes=tuple(likes),
        price_level=level,
        discount_share=round(discount / (spend + discount), 4) if spend + discount > 0 else None,
        discounted_share=round(known["discounted"] / baskets, 4) if baskets else None,
        reached=int(known["reached"]),
        opened=int(known["opened"]),
        clicked=int(known["clicked"]),
    )


_STORED = (
    "orders", "days_since_last", "gap_median", "gap_high", "horizon_days", "churn_missing", "more_orders_than",
    "clv_method", "clv_horizon_days", "value_if_back", "value_if_gone", "buys_this_week", "observed_days",
    "contacts", "responses", "answer_days", "base_response", "night_share", "tastes",
    "response_by_channel", "price_level", "discount_share", "discounted_share", "reached", "opened", "clicked",
)  # fmt: skip
"""Facts kept as features; the others are columns already."""


def _features(known: dict[str, Any], facts: CustomerFacts, today: date) -> dict[str, Any]:
    """Return the numbers behind the scores, as stored. `due_on` is the last order plus the usual gap
    (`due_state`)."""
    due = due_day(today, facts.days_since_last, facts.gap_median)
    return {
        **{name: getattr(facts, name) for name in _STORED},
        "baskets": int(known["baskets"]),
        "age_days": _whole(-known["first_day"]),
        "window_orders": _whole(known["window_days"]),
        "window_spend": _number(known["window_spend"]),
        "due_on": due.isoformat() if due else None,
        "price_band": price_band(facts),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    columns = {str(name): frame[name].tolist() for name in frame}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _number(value: Any) -> float | None:
    return None if value is None or value is pd.NA or np.isnan(value) else float(value)


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else round(number)


def _day(today: date, days: Any) -> date | None:
    number = _number(days)
    return None if number is None else today + timedelta(days=round(number))
