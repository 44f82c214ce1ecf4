"""The models page: what scores customers, how well it did, and whether customers have changed since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.organization.settings import shop_now
from liquor_app.scoring.estimators.clv import ClvMethod
from liquor_app.scoring.judging import COUNT_NAMES
from liquor_app.scoring.models import ModelStatus
from liquor_app.scoring.service import ModelRow, list_models
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.charts.bars import Bar
from liquor_app.ui.words import figure, percent, plural, show_moment, show_money

TITLES = {"churn": "Churn risk", "clv": "Expected spend", "response": "Likelihood to act on an offer"}
ASKS = {
    "churn": "Who will not come back within the horizon?",
    "clv": "What will each customer spend?",
    "response": "Who will act on an offer?",
}
METHODS = {
    "bgnbd_and_regression": "Each customer's own rhythm and habits of late",
    "bgnbd": "Each customer's own rhythm (BG/NBD)",
    "spend_glm": "What customers like this one went on to spend",
    "calibrated_count": "Spend so far, by how long ago the last order was",
    "offer_regression": "Who answered which offers",
    "rate_by_band": "How often people like this answered before",
    "best_count": "The best simple count",
    "responses_per_contact": "Answers per message",
    "recency_bands": "How long ago the last order was: not enough data for more",
    "none": "Not enough data",
}
DECILE_HEADS = {
    "churn": ("Said to stay away", "Stayed away"),
    "clv": ("Said", "Spent"),
    "response": ("Said to answer", "Answered"),
}
COUNTS = {**COUNT_NAMES, "spend_glm": "this model"}
LEVELS = {"stable": ("Stable", "green"), "moving": ("Moving", "amber"), "shifted": ("Shifted", "red")}
DRIFT = {
    "stable": "Customers are like those it learned from",
    "moving": "Customers are drifting away from those it learned from",
    "shifted": "Customers are no longer like those it learned from",
}
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
    plain: str
    measured: list[str]
    """The figures behind it, for whoever knows statistics."""
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
    """Tell how well a model did in its own backtest, as a number and what it counts; empty if it was never tested.

    An AUC is the share of pairs, one to whom it happened and one to whom it did not, that are told apart.
    """
    if row.kind == "clv":
        total = row.metrics.get("total") if row.method == ClvMethod.GLM else None
        return ("–", "") if total is None else (percent(total[0]), "of what was spent")
    value = row.metrics.get("auc")
    return ("–", "") if value is None else (f"{round(100 * value)} of 100", "pairs told apart")


def bars_of(row: ModelRow) -> list[Bar]:
    """Return the model beside the counts it was tested against, by how well each sorts customers, best first."""
    found: dict[str, float] = dict(row.metrics.get("count_gini" if row.kind == "clv" else "count_auc", {}))
    if row.kind == "clv" and "gini" in row.metrics:
        found["spend_glm"] = row.metrics["gini"]
    elif row.method in {"bgnbd", "bgnbd_and_regression", "offer_regression"} and "auc" in row.metrics:
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


def plain_of(row: ModelRow) -> str:
    """Return what the figure means to somebody who sells, in a sentence or two; empty where it was never tested."""
    quality, _ = figure_of(row)
    if not quality.startswith("–") and row.kind == "clv":
        return (
            f"Of {plural(int(row.metrics['windows']), 'earlier stretch', 'earlier stretches')} of"
            f" {row.metrics['days']} days it said {quality} of what customers then spent; 100% would be exact."
        )
    if quality.startswith("–"):
        return ""
    happens = {
        "churn": "one who stayed away and one who came back",
        "response": "one who acted on a message and one who did not",
    }[row.kind]
    return f"Of 100 pairs of customers, {happens}, it names the right one in {quality.split()[0]}; a guess in 50."


def measured_of(row: ModelRow) -> list[str]:
    """Return the figures behind it, for whoever knows statistics; empty where it was never tested."""
    told, found = [], row.metrics
    windows = plural(int(found.get("windows", 0)), "earlier window")
    if row.kind == "clv" and found.get("total"):
        _, low, high = found["total"]
        told.append(
            f"Total over what was spent: 95% interval {percent(low)} to {percent(high)} ({windows} of"
            f" {found['days']} days). Normalised Gini {figure(found['gini'], 3)}."
        )
        nearer, low, high = found["nearer_than_count"]
        told.append(
            f"Poisson deviance beside the nearest count, {_count(found['nearest_count'])}: {percent(nearer, 1)}"
            f" ({percent(low, 1)} to {percent(high, 1)}); below zero is nearer."
        )
        told += [
            f"At {days} days it said {percent(one['total'][0])}." for days, one in found.get("further", {}).items()
        ]
    if "auc" in found and row.kind != "clv":
        told.append(f"AUC {figure(found['auc'], 3)}.")
    if row.kind == "churn" and "bgnbd_brier" in found:
        told.append(
            f"Brier {figure(found['brier'], 4)}, BG/NBD alone {figure(found['bgnbd_brier'], 4)} (less is better),"
            f" over {windows} of {found['days']} days."
        )
    if row.kind == "response" and "constant_brier" in found:
        told.append(
            f"Brier {figure(found['brier'], 4)}; {figure(found['customer_brier'], 4)} without knowing the offer,"
            f" {figure(found['band_brier'], 4)} a constant by band, {figure(found['constant_brier'], 4)} everybody's"
            " rate (less is better)."
        )
        inside = sum(low <= seen <= high for _, low, high, seen, _ in found["levels"])
        told.append(
            f"In all it said {percent(found['total'])} of the answers there were. A campaign's level lay within the"
            f" interval given before in {figure(inside)} of {figure(found['campaigns'])}."
        )
    if gap := found.get("ahead_of_best_count"):
        told.append(f"Ranking beside the best simple count, {_count(found['best_count'])}: {_interval(gap)}.")
    return told


def _count(name: object) -> str:
    return COUNTS.get(str(name), str(name))


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
        if row.method == "best_count":
            return f"Sorting by {_count(best)} beat the model by more than luck, so that is used."
        if gap[1] > 0:
            return f"Better than sorting customers by {_count(best)}, by more than luck."
        return (
            f"It sorts customers as well as {_count(best)} does, within luck, and says of each how likely it is, which"
            " a count cannot."
        )
    if row.kind == "clv" and "why_not" in row.metrics:
        if row.metrics["why_not"]:
            return f"The model is not used: {'; '.join(row.metrics['why_not'])}."
        return (
            "It stood up to earlier weeks: nearer than every simple count, its total within 15%, and no large group of"
            " customers clearly off."
        )
    if row.kind == "response" and "levels" in row.metrics:
        if row.metrics["why_not"]:
            return f"The model is not used: {'; '.join(row.metrics['why_not'])}."
        return (
            f"It stood up to {plural(row.metrics['campaigns'], 'campaign')} ({figure(row.metrics['test'])} contacts)"
            " that began after all it had learned from. It measures response, not what an offer changed: only a holdout"
            " tells that."
        )
    return "; ".join(missing) or "Not tested yet: the history is too short."


def card_of(row: ModelRow, at: datetime) -> ModelCard:
    quality, name = figure_of(row)
    drift: dict[str, Any] = row.metrics.get("drift") or {}
    label, tone = LEVELS.get(str(drift.get("level")), ("Not checked yet", "gray"))
    words = (
        f"{DRIFT[str(drift.get('level'))]} (stability index {figure(drift['psi'], 3)})"
        if drift
        else "Whether customers change is watched from the next scoring on"
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
        plain_of(row),
        measured_of(row),
        deciles_of(row),
        *DECILE_HEADS.get(row.kind, ("Said", "Seen")),
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
    @needs(Permission.ANALYTICS_READ)
    async def load(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            rows = await list_models(session, actor, history=True)
            at = await shop_now(session)
        self.cards = [card_of(row, at) for row in rows if row.status == ModelStatus.ACTIVE]
        self.versions = [line_of(row, at) for row in sorted(rows, key=lambda row: row.created_at, reverse=True)]
        self.is_empty, self.loading = not any(row.n for row in rows if row.status == ModelStatus.ACTIVE), False
