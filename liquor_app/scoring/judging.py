"""What a model has to stand up to before it is used: earlier windows it has not seen, beside the simple counts. Pure.

A forecast of money is judged as the mean it claims to be (Poisson deviance, totals, bands); by rank alone total spend
under another name would win. A chance is judged by Brier, its ranking guards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquor_app.scoring.estimators import bgnbd, calibrated_count, churn_blend, spend_glm
from liquor_app.scoring.estimators.baselines import as_money, counts_of_histories
from liquor_app.scoring.estimators.evaluate import (
    auc,
    auc_difference,
    brier,
    deviance_difference,
    ece,
    normalised_gini,
    poisson_deviance,
    said_and_seen,
    spearman,
    spearman_difference,
    total_interval,
)
from liquor_app.scoring.estimators.likelihood import FitFailed, Floats
from liquor_app.scoring.estimators.snapshots import Snapshot, Snapshots
from liquor_app.ui.words import figure, percent

VALUE_DAYS = 60
"""The horizon a value model is learned on and has to stand up at; at 90 and 180 too, where the log allows."""
FURTHER_DAYS = (90, 180)

TOTAL_WITHIN = (0.85, 1.15)
BAND_WITHIN = (0.7, 1.4)
BAND_CUSTOMERS = 200
"""A band of fewer proves nothing; one of more fails if all its 95 % interval lies outside `BAND_WITHIN`."""

RECENCY_EDGES = (14.0, 30.0, 60.0, 120.0)
TENURE_EDGES = (30.0, 90.0, 180.0)
RISK_EDGES = (0.1, 0.33, 0.66, 0.9)

COUNT_NAMES = {
    "recency": "recency", "frequency": "frequency", "rfm_sum": "RFM score", "spend_to_date": "spend to date",
    "calibrated_count": "spend to date by recency",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """Forecasts of several windows beside what happened; arrays of all customers of all windows, shape (m,).

    Attributes:
        window: which of the windows, 0 for the latest.
        customer: the same customer in each.
        said: by forecast; the first is the model's.
        recency, tenure, risk: what bands are cut from: days, days, and P(no purchase) by BG/NBD.
    """

    days: int
    windows: int
    window: npt.NDArray[np.int64]
    customer: npt.NDArray[np.int64]
    seen: Floats
    said: Mapping[str, Floats]
    recency: Floats
    tenure: Floats
    risk: Floats


def judge_value(snapshots: Snapshots) -> dict[str, Any]:
    """Return the figures of the value model at `VALUE_DAYS` and, in `further`, at longer horizons; `why_not` says in
    words what it failed at, and is empty if it stands. Nothing at all where the log is too short to tell."""
    judged = value_forecasts(snapshots, VALUE_DAYS)
    if judged is None:
        return {}
    found = value_figures(judged)
    why_not: list[str] = list(found["why_not"])
    further = {}
    for days in FURTHER_DAYS:
        longer = value_forecasts(snapshots, days)
        if longer is None or longer.windows < 3:
            continue
        figures = value_figures(longer)
        further[str(days)] = {key: figures[key] for key in ("deviance", "count_deviance", "spearman", "total")}
        why_not += [f"at {days} days: {one}" for one in figures["why_not"]]
    return found | {"further": further, "why_not": why_not}


def value_forecasts(snapshots: Snapshots, days: int) -> Judged | None:
    """Return what the model and each count would have said on the eve of up to three windows, from what was known."""
    parts: list[tuple[Snapshot, dict[str, Floats]]] = []
    for snapshot, past in snapshots.judged(days):
        if not past:
            continue
        try:
            model = spend_glm.fit(snapshot.signals, snapshot.observed, snapshot.buying, snapshot.spending, past)
        except FitFailed:
            continue
        said = {"spend_glm": model.value(snapshot.signals, days, snapshot.observed)}
        parts.append((snapshot, said | money_of_counts(snapshot, past, days)))
    return join(parts, days) if parts else None


def money_of_counts(snapshot: Snapshot, past: list[Snapshot], days: int) -> dict[str, Floats]:
    """Return every simple count as money, its worth learned from the latest of `past`; spend to date is scaled by the
    log's length."""
    signals = snapshot.signals
    then = counts_of_histories(past[0].signals.known)
    found = {"calibrated_count": calibrated_count.fit(past).value(signals, days, snapshot.observed)}
    for name, count in counts_of_histories(signals.known).items():
        if name == "spend_to_date":
            money: Floats | None = signals.known.spend * (days / snapshot.observed)
        else:
            money = as_money(_worth(name, then[name]), past[0].window.spent, _worth(name, count))
        if money is not None:
            found[name] = money
    return found


def _worth(name: str, count: Floats) -> Floats:
    """Higher is better: whoever has long been silent is worth little."""
    return 1 / (1 + count) if name == "recency" else count


def join(parts: list[tuple[Snapshot, dict[str, Floats]]], days: int) -> Judged:
    """Return the forecasts of several snapshots as one."""
    names = set.intersection(*(set(said) for _, said in parts))
    order = [name for name in parts[0][1] if name in names]

    def joined(of: Callable[[Snapshot], Any]) -> Any:
        return np.concatenate([of(snapshot) for snapshot, _ in parts])

    def risk(one: Snapshot) -> Floats:
        known = one.signals.known
        return bgnbd.p_no_purchase(one.buying, days, known.x, known.t_x, known.T)

    return Judged(
        days,
        len(parts),
        np.concatenate([np.full(len(one.signals), place) for place, (one, _) in enumerate(parts)]),
        joined(lambda one: one.signals.known.customer),
        joined(lambda one: one.window.spent),
        {name: np.concatenate([said[name] for _, said in parts]) for name in order},
        joined(lambda one: one.signals.known.recency),
        joined(lambda one: one.signals.known.T),
        joined(risk),
    )


def value_figures(judged: Judged) -> dict[str, Any]:
    """Return the figures of the first forecast beside the others, as they are stored; ratios are said over seen."""
    own, *others = judged.said
    said, seen = judged.said[own], judged.seen
    deviance = {name: poisson_deviance(seen, value) for name, value in judged.said.items()}
    ranking = {name: _mean_spearman(judged, value) for name, value in judged.said.items()}
    total = total_interval(seen, said, who=judged.customer) if seen.sum() > 0 else None
    bands = [band for band in bands_of(judged, said) if band["customers"] >= BAND_CUSTOMERS]
    best = max(others, key=lambda name: ranking[name])
    near = min(others, key=lambda name: deviance[name])
    behind = spearman_difference(seen, said, judged.said[best], judged.window, rivals=len(others))
    ahead = deviance_difference(seen, said, judged.said[near], who=judged.customer)
    why_not = []
    if deviance[own] >= deviance[near]:
        why_not.append(f"{COUNT_NAMES[near]} came nearer to what was spent")
    if behind.high < 0:
        why_not.append(f"{COUNT_NAMES[best]} ranked customers better by more than noise")
    if total is None or not TOTAL_WITHIN[0] <= total.value <= TOTAL_WITHIN[1]:
        told = "cannot be told" if total is None else f"was {percent(total.value)} of what was spent"
        why_not.append(f"its total {told}")
    why_not += [f"{one['band']}: said {figure(one['ratio'], 2)} times what was spent" for one in bands if one["fails"]]
    return {
        "days": judged.days,
        "windows": judged.windows,
        "customers": int(np.unique(judged.customer).size),
        "deviance": deviance[own],
        "count_deviance": {name: deviance[name] for name in others},
        "nearest_count": near,
        "nearer_than_count": [ahead.value, ahead.low, ahead.high],
        "spearman": ranking[own],
        "count_spearman": {name: ranking[name] for name in others},
        "best_count": best,
        "ahead_of_best_count": [behind.value, behind.low, behind.high],
        "total": None if total is None else [total.value, total.low, total.high],
        "gini": normalised_gini(seen, said),
        "count_gini": {name: normalised_gini(seen, judged.said[name]) for name in others},
        "deciles": [list(one) for one in said_and_seen(said, seen)],
        "bands": bands,
        "why_not": why_not,
    }


def _mean_spearman(judged: Judged, said: Floats) -> float:
    within = [judged.window == place for place in range(judged.windows)]
    return float(np.mean([spearman(judged.seen[rows], said[rows]) for rows in within]))


def bands_of(judged: Judged, said: Floats) -> list[dict[str, Any]]:
    """Return each band of recency, tenure and risk: said over seen with its 95 % interval, of how many customers, and
    whether that fails."""
    found = []
    for name, values, edges in (
        ("recency", judged.recency, RECENCY_EDGES), ("tenure", judged.tenure, TENURE_EDGES),
        ("risk", judged.risk, RISK_EDGES),
    ):  # fmt: skip
        place = np.searchsorted(edges, values, side="left")
        for band in range(len(edges) + 1):
            rows = place == band
            people = int(np.unique(judged.customer[rows]).size)
            if not people or judged.seen[rows].sum() <= 0:
                continue
            ratio = total_interval(judged.seen[rows], said[rows], who=judged.customer[rows])
            found.append(
                {
                    "band": _band_name(name, edges, band),
                    "customers": people,
                    "ratio": ratio.value,
                    "low": ratio.low,
                    "high": ratio.high,
                    "fails": people >= BAND_CUSTOMERS and (ratio.high < BAND_WITHIN[0] or ratio.low > BAND_WITHIN[1]),
                }
            )
    return found


def _band_name(name: str, edges: tuple[float, ...], band: int) -> str:
    low, high = (edges[band - 1] if band else 0.0), (edges[band] if band < len(edges) else None)
    if name == "risk":
        return f"risk {percent(low)} to {percent(1.0 if high is None else high)}"
    what, ago = {"recency": ("last order", " ago"), "tenure": ("known for", "")}[name]
    span = f"over {figure(low)}" if high is None else f"{figure(low)} to {figure(high)}"
    return f"{what} {span} days{ago}"


def judge_churn(snapshots: Snapshots, days: int) -> dict[str, Any]:
    """Return how the blend, the BG/NBD alone and the simple counts did on up to three earlier windows; nothing where
    nobody came back or nobody stayed away, or the log is too short to tell.

    `is_beaten` says that a count ranks better by more than noise; `is_worse` that the blend's Brier is above the
    BG/NBD's, or that it ranks worse by more than noise.
    """
    blend, plain, gone, window, who = [], [], [], [], []
    counts: dict[str, list[Floats]] = {}
    for place, (snapshot, past) in enumerate(snapshots.judged(days)):
        known, stayed_away = snapshot.signals.known, ~snapshot.window.bought
        if stayed_away.all() or not stayed_away.any():
            continue
        alone = bgnbd.p_no_purchase(snapshot.buying, days, known.x, known.t_x, known.T)
        try:
            both = churn_blend.fit(snapshot.buying, past).probability(snapshot.signals, snapshot.observed)
        except FitFailed:
            if place:
                continue
            both = alone  # the latest window of a short log: nothing earlier could have taught the other half
        blend.append(both)
        plain.append(alone)
        gone.append(stayed_away)
        window.append(np.full(alone.size, place))
        who.append(known.customer)
        for name, count in counts_of_histories(known).items():
            # who bought little, rarely and long ago is likelier to stay away
            counts.setdefault(name, []).append(count if name == "recency" else -count)
    if not blend:
        return {}
    said, alone, away, group = (np.concatenate(part) for part in (blend, plain, gone, window))
    risky = {name: np.concatenate(part) for name, part in counts.items()}
    ranked = {name: _mean_auc(away, count, group) for name, count in risky.items()}
    best = max(ranked, key=lambda name: ranked[name])
    gap = auc_difference(away, said, risky[best], group, rivals=len(risky))
    beside = auc_difference(away, said, alone, group)
    return {
        "days": days,
        "windows": len(blend),
        "customers": int(np.unique(np.concatenate(who)).size),
        "auc": _mean_auc(away, said, group),
        "brier": brier(away, said),
        "ece": ece(away, said),
        "bgnbd_auc": _mean_auc(away, alone, group),
        "bgnbd_brier": brier(away, alone),
        "count_auc": ranked,
        "best_count": best,
        "ahead_of_best_count": [gap.value, gap.low, gap.high],
        "is_beaten": gap.high < 0,
        "is_worse": brier(away, said) > brier(away, alone) or beside.high < 0,
        "deciles": [list(one) for one in said_and_seen(said, away.astype(np.float64))],
    }


def _mean_auc(away: npt.NDArray[np.bool_], score: Floats, group: npt.NDArray[np.int64]) -> float:
    return float(np.mean([auc(away[group == one], score[group == one]) for one in np.unique(group)]))
