"""The models page: what scores customers, how well it did, and whether customers have changed since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import reflex as rx

from liquor_app.core.db import transaction
from liquor_app.organization.settings import shop_now
from liquor_app.scoring.estimators.clv import ClvMethod
from liquor_app.scoring.judging import COUNT_NAMES
from liquor_app.scoring.models import ModelStatus
from liquor_app.scoring.service import ModelRow, list_models
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.charts.bars import Bar
from liquor_app.ui.words import figure, percent, plural, show_moment, show_money

TITLES = {"churn": "Churn risk", "clv": "Expected spend", "response": "Likelihood to respond"}
ASKS = {
    "churn": "Who will not come back within the horizon?",
    "clv": "What will each customer spend?",
    "response": "Who will act on an offer?",
}
METHODS = {
    "bgnbd_and_regression": "Half BG/NBD, half regression",
    "bgnbd": "BG/NBD, chance of no purchase",
    "spend_glm": "Regression on what customers went on to spend",
    "calibrated_count": "Spend to date, calibrated by recency",
    "logistic_regression": "Logistic regression",
    "best_count": "Best simple count, calibrated",
    "responses_per_contact": "Responses per contact",
    "recency_bands": "Recency bands, not enough data",
    "none": "Not enough data",
}
COUNTS = {**COUNT_NAMES, "spend_glm": "this model"}
LEVELS = {"stable": ("Stable", "green"), "moving": ("Moving", "amber"), "shifted": ("Shifted", "red")}
STATUSES = {"active": "In use", "retired": "Retired", "rejected": "Not promoted: it did worse"}


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model in use, in words. `figure` is how well it ranks; `bars` set it beside simple counts."""

    kind: str
    title: str
    asks: str
    method: str
    figure: str
    figure_name: str
    verdict: str
    trained: str
    drift: str
    drift_tone: str
    drift_words: str
    bars: list[Bar]
    measured: list[str]
    """How near it came, in words."""
    deciles: list[DecileLine]
    said_head: str
    seen_head: str


@dataclass(frozen=True, slots=True)
class DecileLine:
    """A tenth of the customers, by what was said of them."""

    part: str
    said: str
    seen: str


@dataclass(frozen=True, slots=True)
class VersionLine:
    title: str
    version: str
    method: str
    figure: str
    status: str
    tone: str
    at: str


def figure_of(row: ModelRow) -> tuple[str, str]:
    """Tell how well a model did in its own backtest: the number and what it measures; empty if it was never tested."""
    name, label = ("gini", "Gini") if row.kind == "clv" else ("auc", "AUC")
    value = row.metrics.get(name)
    if row.method == ClvMethod.COUNT:
        value = row.metrics.get("count_gini", {}).get(row.method)
    return ("–", "") if value is None else (figure(value, 3), label)


def bars_of(row: ModelRow) -> list[Bar]:
    """Return the model beside the counts it was tested against, by how well each sorts customers, best first."""
    found: dict[str, float] = dict(row.metrics.get("count_gini" if row.kind == "clv" else "count_auc", {}))
    if row.kind == "clv" and "gini" in row.metrics:
        found["spend_glm"] = row.metrics["gini"]
    elif row.method in {"bgnbd", "bgnbd_and_regression", "logistic_regression"} and "auc" in row.metrics:
        found["this model"] = row.metrics["auc"]
    # an AUC of one half is chance, and so the empty bar
    chance = 0.0 if row.kind == "clv" else 0.5
    most = max(max(found.values(), default=1.0) - chance, 1e-9)
    own = {"this model", row.method}
    return [
        Bar(
            COUNTS.get(name, name), figure(value, 3), 100 * max(value - chance, 0) / most, "c1" if name in own else "c3"
        )
        for name, value in sorted(found.items(), key=lambda item: -item[1])[:6]
    ]


def measured_of(row: ModelRow) -> list[str]:
    """Return how near the model came to what happened, in words; empty where it was never tested."""
    told, found = [], row.metrics
    windows = plural(int(found.get("windows", 0)), "earlier window")
    if row.kind == "clv" and found.get("total"):
        value, low, high = found["total"]
        told.append(
            f"All together it said {percent(value)} of what was then spent ({percent(low)} to {percent(high)}),"
            f" over {windows} of {found['days']} days."
        )
        nearer, low, high = found["nearer_than_count"]
        count = COUNTS.get(str(found["nearest_count"]), str(found["nearest_count"]))
        told.append(
            f"Poisson deviance beside the nearest count, {count}: {percent(nearer, 1)}"
            f" ({percent(low, 1)} to {percent(high, 1)}); below zero is nearer."
        )
        told += [
            f"At {days} days it said {percent(one['total'][0])}." for days, one in found.get("further", {}).items()
        ]
    if row.kind == "churn" and "bgnbd_brier" in found:
        told.append(
            f"Brier {figure(found['brier'], 4)}, BG/NBD alone {figure(found['bgnbd_brier'], 4)} (less is better),"
            f" over {windows} of {found['days']} days."
        )
    return told


def deciles_of(row: ModelRow) -> list[DecileLine]:
    """Return what was said beside what was seen, a tenth of the customers a line, lowest first."""
    shown = show_money if row.kind == "clv" else percent
    found = row.metrics.get("deciles", [])
    return [
        DecileLine(str(place), shown(said), shown(seen)) for place, (said, seen, _) in enumerate(found, start=1)
    ]  # fmt: skip


def _interval(gap: list[float]) -> str:
    mean, low, high = (figure(value, 3, sign=True) for value in gap)
    return f"{mean} (95% interval {low} to {high})"


def verdict_of(row: ModelRow) -> str:
    """Return one sentence on why this method is used."""
    missing = row.metrics.get("missing") or []
    gap = row.metrics.get("ahead_of_best_count")
    best = str(row.metrics.get("best_count", ""))
    if row.kind == "churn" and gap:
        name, margin = COUNTS.get(best, best), _interval(gap)
        if row.method == "best_count":
            return f"A simple count beat the model by more than luck, so the count is used. Model less count: {margin}."
        return f"Ranking against the best simple count, {name}: {margin}."
    if row.kind == "clv" and "why_not" in row.metrics:
        if row.metrics["why_not"]:
            return f"The model is not used: {'; '.join(row.metrics['why_not'])}."
        return "It stood up to earlier weeks: nearer than every simple count, in total and in every band of customers."
    if row.kind == "response" and "train" in row.metrics:
        return (
            f"Learned from {figure(row.metrics['train'])} contacts, tested on the {figure(row.metrics['test'])}"
            " after them, within campaigns. It measures response, not what an offer changed: only a holdout tells that."
        )
    return "; ".join(missing) or "Not tested yet: the history is too short."


def card_of(row: ModelRow, at: datetime) -> ModelCard:
    quality, name = figure_of(row)
    drift: dict[str, Any] = row.metrics.get("drift") or {}
    label, tone = LEVELS.get(str(drift.get("level")), ("Not checked yet", "gray"))
    words = (
        f"Stability index {figure(drift['psi'], 3)} since it was fitted"
        if drift
        else "Compared from the next scoring on"
    )
    counted = plural(row.n, "contact" if row.kind == "response" else "customer")
    return ModelCard(
        row.kind,
        TITLES.get(row.kind, row.kind),
        ASKS.get(row.kind, ""),
        METHODS.get(row.method, row.method),
        quality,
        name,
        verdict_of(row),
        f"Version {row.version}, from {counted}, {show_moment(row.created_at, at)}" if row.n else "No model yet",
        label,
        tone,
        words,
        bars_of(row),
        measured_of(row),
        deciles_of(row),
        "Said" if row.kind == "clv" else "Said to stay away",
        "Spent" if row.kind == "clv" else "Stayed away",
    )


def line_of(row: ModelRow, at: datetime) -> VersionLine:
    tones = {"active": "green", "rejected": "amber"}
    quality, name = figure_of(row)
    if not row.n:  # fitted to nobody: it stands in until there are data, and judges nobody
        status, tone = METHODS["none"], "gray"
    else:
        status, tone = STATUSES.get(row.status, row.status), tones.get(row.status, "gray")
    return VersionLine(
        TITLES.get(row.kind, row.kind),
        str(row.version),
        METHODS.get(row.method, row.method),
        f"{quality} {name}".strip(),
        status,
        tone,
        show_moment(row.created_at, at),
    )


class ModelsState(rx.State):
    """Read only: models are fitted by the nightly job, or by `liquor score --refit`."""

    loading: bool = True
    is_empty: bool = False
    cards: list[ModelCard] = []
    versions: list[VersionLine] = []

    @rx.event
    @guarded
    async def load(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            rows = await list_models(session, actor, history=True)
            at = await shop_now(session)
        self.cards = [card_of(row, at) for row in rows if row.status == ModelStatus.ACTIVE]
        self.versions = [line_of(row, at) for row in sorted(rows, key=lambda row: row.created_at, reverse=True)]
        self.is_empty, self.loading = not any(row.n for row in rows if row.status == ModelStatus.ACTIVE), False
