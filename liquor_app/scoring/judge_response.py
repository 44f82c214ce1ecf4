"""What a response model has to stand up to: campaigns that began after everything it learned from was over. Pure.

Brier decides, the ranking within campaigns guards: whoever is written to is chosen within a campaign.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators.evaluate import Difference, auc_difference, auc_within, brier, said_and_seen
from liquor_app.scoring.estimators.likelihood import Floats
from liquor_app.scoring.estimators.offer_response import FEATURES, Contacts, Tested, judge_in_order, levels
from liquor_app.scoring.estimators.response import MIN_RESPONSES

FORECASTS = ("offer", "customer", "band", "constant")


def judge(contacts: Contacts) -> dict[str, Any]:
    """Return the figures of the model on later campaigns beside one that knows nothing of the offer, a constant by
    band and a constant; `why_not` says in words what it failed at. Nothing where too little came later to tell."""
    tested = judge_in_order(contacts)
    if tested is None:
        return {}
    return figures(contacts, tested)


def figures(contacts: Contacts, tested: Tested) -> dict[str, Any]:
    """Return the same of forecasts made already."""
    answered = contacts.responded[tested.rows]
    if answered.sum() < MIN_RESPONSES or answered.all():
        return {}
    seen, said = answered.astype(np.float64), tested.said
    try:
        ranked = {name: auc_within(seen, said[name], tested.campaign) for name in FORECASTS}
    except Invalid:
        return {}  # in no campaign did some answer and others not
    squared = {name: brier(seen, said[name]) for name in FORECASTS}
    counts = _counts(contacts, tested, seen)
    best = max(counts, key=lambda name: auc_within(seen, counts[name], tested.campaign))
    beside = auc_difference(seen, said["offer"], counts[best], tested.campaign, rivals=len(counts))
    old = auc_difference(seen, said["offer"], said["customer"], tested.campaign)
    found = levels(said["offer"], answered, tested.campaign)
    why_not = []
    for name, words in (("constant", "everybody's rate"), ("band", "a constant by band")):
        if squared["offer"] >= squared[name]:
            why_not.append(f"{words} came nearer to who answered")
    if beside.high < 0:
        why_not.append(f"{best} ranked customers better by more than noise")
    return {
        "campaigns": tested.campaigns,
        "test": int(tested.rows.size),
        "train": int(contacts.day.size - tested.rows.size),
        "auc": ranked["offer"],
        "brier": squared["offer"],
        **{f"{name}_brier": squared[name] for name in FORECASTS[1:]},
        "customer_auc": ranked["customer"],
        "ahead_of_customer_alone": _interval(old),
        "count_auc": {name: auc_within(seen, count, tested.campaign) for name, count in counts.items()},
        "best_count": best,
        "ahead_of_best_count": _interval(beside),
        "total": float(said["offer"].sum() / seen.sum()),
        "level_sd": found.sd,
        "levels": _levels(tested, seen),
        "deciles": [list(one) for one in said_and_seen(said["offer"], seen)],
        "why_not": why_not,
    }


def _levels(tested: Tested, seen: Floats) -> list[list[float]]:
    """Return of each campaign, oldest first: the share said to answer, its interval, the share that did, contacts."""
    rows = [tested.campaign == place for place in range(tested.campaigns)]
    return [
        [float(tested.said["offer"][one].mean()), float(low), float(high), float(seen[one].mean()), int(one.sum())]
        for one, low, high in zip(rows, tested.low, tested.high, strict=True)
    ]


def _counts(contacts: Contacts, tested: Tested, seen: Floats) -> dict[str, Floats]:
    """Return each thing known by itself, turned the way it ranks better in hindsight: the strongest of rivals."""
    later = contacts.of(tested.rows)
    columns = np.column_stack([later.known.matrix(), later.offers.matrix(later.known.orders, 0.0)])
    counts = {}
    for place, name in enumerate(FEATURES):
        count = columns[:, place]
        counts[name] = count if auc_within(seen, count, tested.campaign) >= 0.5 else -count
    return counts


def _interval(gap: Difference) -> list[float]:
    return [gap.value, gap.low, gap.high]
