"""The life of a model: fitted weekly, promoted only if it is no worse, watched for drift meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import uuid7
from liquor_app.organization.service import notify
from liquor_app.scoring import contacts, features, training
from liquor_app.scoring.estimators import scorecard
from liquor_app.scoring.estimators.evaluate import Difference, auc_difference, psi, spearman_difference
from liquor_app.scoring.estimators.likelihood import Floats
from liquor_app.scoring.estimators.offer_response import Contacts
from liquor_app.scoring.estimators.snapshots import Snapshot, Snapshots
from liquor_app.scoring.features import Moment
from liquor_app.scoring.judging import VALUE_DAYS
from liquor_app.scoring.models import MODEL, ModelKind, ModelStatus
from liquor_app.scoring.reference_cuts import Standards
from liquor_app.scoring.response_model import ResponseModel, train_response
from liquor_app.scoring.training import ChurnModel, ClvModel, Trained
from liquor_app.ui.words import figure

REFIT_DAYS = 7
"""Scores are new every night; the models behind them once a week, so that a drift between fits can be seen."""

SHIFTED, MOVING = 0.25, 0.1
"""Population stability index from which the population is another one, or on its way (Siddiqi 2006)."""

GROWTH = 1.2
FALLBACKS = frozenset({"none", "recency_bands", "responses_per_contact"})
"""Methods that only stand in until the data suffice for a model."""

MATERIAL = 0.005
"""Of AUC or Spearman. Two fits of nearly the same data rank nearly alike, so that even a difference without any
meaning is beyond noise; a refit must lose by more than this to be refused."""

BINS = 10
SCORE_OF = {
    ModelKind.CHURN: "churn_probability",
    ModelKind.CLV: "clv_score",
    ModelKind.RESPONSE: "response_likelihood",
}

_RETIRE = f"""
UPDATE model_versions SET status = '{ModelStatus.RETIRED}'
 WHERE kind = :kind AND status IN {MODEL.sources_sql(ModelStatus.RETIRED)}
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A model version as it stands in the database."""

    id: UUID
    method: str
    params: dict[str, Any]
    metrics: dict[str, Any]
    n: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """What models of each kind are judged on: the log as it stood on earlier days, and every contact whose offer is
    over."""

    snapshots: Snapshots
    churn_days: int
    contacts: Contacts

    def latest(self, days: int) -> Snapshot | None:
        """Return the latest day whose `days` are over; None where the log is too short."""
        return self.snapshots.at(self.snapshots.until - days, days)


async def models_in_use(session: AsyncSession) -> dict[ModelKind, Stored]:
    """Return the active version of each kind."""
    found = await session.execute(
        text("SELECT kind, id, method, params, metrics, n, created_at FROM model_versions WHERE status = 'active'")
    )
    return {
        ModelKind(row.kind): Stored(row.id, row.method, row.params, row.metrics, row.n, row.created_at) for row in found
    }


async def is_due(session: AsyncSession, in_use: dict[ModelKind, Stored], buyers: int) -> bool:
    """Tell whether it is time to fit anew: some kind has no model yet or makes do with a fallback, the shop has grown
    by a fifth (a file was imported), or the last attempt is a week old."""
    if len(in_use) < len(ModelKind) or any(model.method in FALLBACKS for model in in_use.values()):
        return True
    if any(_is_outdated(kind, model) for kind, model in in_use.items()):
        return True
    if buyers > GROWTH * in_use[ModelKind.CHURN].n:
        return True
    found = await session.execute(text("SELECT max(created_at) FROM model_versions"))
    latest: datetime = found.scalar_one()
    return latest < now() - timedelta(days=REFIT_DAYS, hours=-1)


def _is_outdated(kind: ModelKind, model: Stored) -> bool:
    """Whether what is stored was fitted by another version of the program, and scores nobody any more."""
    if kind is ModelKind.CHURN:
        return ChurnModel.from_stored(model.method, model.params).method != model.method
    if kind is ModelKind.RESPONSE:
        return ResponseModel.from_stored(model.method, model.params).method != model.method
    return ClvModel.from_stored(model.method, model.params).method != model.method


async def refit(
    session: AsyncSession, moment: Moment, customers: pd.DataFrame, churn_days: int
) -> dict[ModelKind, Stored]:
    """Fit every kind anew; a refit that does worse than the model in use is kept as rejected and not promoted.

    Args:
        customers: rows of `features.read_customers`.
    """
    known = scorecard.histories_of(scorecard.buyers_of(customers))
    span = int(known.observed)
    reach = await contacts.read_reach(session, moment)
    evidence = Evidence(
        await features.read_snapshots(session, moment), churn_days, await contacts.read_contacts(session, moment, reach)
    )  # fmt: skip
    churn = training.train_churn(known, evidence.snapshots, churn_days)
    clv = training.train_clv(known, evidence.snapshots)
    response = train_response(evidence.contacts, reach)
    first = None if not span else moment.now - timedelta(days=span)
    in_use = await models_in_use(session)
    return {
        trained.kind: await _promote(session, trained, in_use.get(trained.kind), evidence, (first, moment.now))
        for trained in (churn, clv, response)
    }


def regression(trained: Trained, incumbent: Stored, evidence: Evidence) -> Difference | None:
    """By how much the model in use does better than a refit, on the same customers; None if they cannot be compared.

    Both are judged as stored, on the evidence the refit was fitted to as well: whoever loses there, loses anywhere.
    Where either is no model but a fallback, the data have changed so much that the newcomer stands.
    """
    if trained.method != incumbent.method:
        return None
    if trained.kind is ModelKind.RESPONSE:
        return _response_regression(trained, incumbent, evidence.contacts)
    latest = evidence.latest(evidence.churn_days if trained.kind is ModelKind.CHURN else VALUE_DAYS)
    if latest is None:
        return None
    window, signals, observed = latest.window, latest.signals, latest.observed
    if trained.kind is ModelKind.CHURN:
        old, new = (
            ChurnModel.from_stored(trained.method, params).risk(signals, window.days, observed).probability
            for params in (incumbent.params, trained.params)
        )
        return _if_told(old, new, lambda: auc_difference(~window.bought, old, new))
    old, new = (
        ClvModel.from_stored(trained.method, params).value(signals, window.days, observed)
        for params in (incumbent.params, trained.params)
    )
    return _if_told(old, new, lambda: spearman_difference(window.spent, old, new))


def _response_regression(trained: Trained, incumbent: Stored, contacts: Contacts) -> Difference | None:
    if not contacts.responded.any():
        return None
    old, new = (
        ResponseModel.from_stored(trained.method, params).likelihood(contacts.known, contacts.offers)
        for params in (incumbent.params, trained.params)
    )
    return _if_told(old, new, lambda: auc_difference(contacts.responded, old, new, contacts.campaign))


def _if_told(old: Floats, new: Floats, difference: Callable[[], Difference]) -> Difference | None:
    if np.isnan(old).any() or np.isnan(new).any():
        return None
    try:
        return difference()
    except Invalid:
        return None  # all alike: nothing to rank


async def _promote(
    session: AsyncSession,
    trained: Trained,
    incumbent: Stored | None,
    evidence: Evidence,
    span: tuple[datetime | None, datetime],
) -> Stored:
    """Store a refit: as the model in use, or as rejected beside the one that stays."""
    lost = None if incumbent is None else regression(trained, incumbent, evidence)
    metrics = dict(trained.metrics)
    if lost is not None:
        metrics["incumbent_ahead"] = [lost.value, lost.low, lost.high]
    is_worse = lost is not None and lost.low > 0 and lost.value > MATERIAL
    model_id, clock = uuid7(), now()
    if not is_worse:
        await session.execute(
            text(_RETIRE),
            {"kind": trained.kind.value},
        )
    await session.execute(
        text(
            "INSERT INTO model_versions"
            " (id, kind, version, method, status, params, metrics, trained_from, trained_to, n, created_at)"
            " SELECT :id, :kind, COALESCE(max(version), 0) + 1, :method, :status, CAST(:params AS jsonb),"
            " CAST(:metrics AS jsonb), :first, :last, :n, :at FROM model_versions WHERE kind = :kind"
        ),
        {
            "id": model_id,
            "kind": trained.kind.value,
            "method": str(trained.method),
            "status": MODEL.check(
                ModelStatus.CANDIDATE, ModelStatus.REJECTED if is_worse else ModelStatus.ACTIVE
            ).value,
            "params": json.dumps(trained.params),
            "metrics": json.dumps(metrics),
            "first": span[0],
            "last": span[1],
            "n": trained.n,
            "at": clock,
        },
    )
    if is_worse and incumbent is not None:
        return incumbent
    return Stored(model_id, str(trained.method), trained.params, metrics, trained.n, clock)


async def watch(session: AsyncSession, in_use: dict[ModelKind, Stored], scores: pd.DataFrame) -> None:
    """Compare everybody's new scores with those of the day each model was fitted, and keep the drift with the model.

    The first scoring of a model becomes what later ones are compared with. When a population has become another one,
    the shop is told once.

    Args:
        scores: of everybody, as `scorecard.scored` returns them.
    """
    for kind, model in in_use.items():
        values = scores[SCORE_OF[kind]].dropna().to_numpy(dtype=np.float64)
        if not values.size:
            continue
        reference = model.metrics.get("reference")
        if reference is None:
            edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
            seen: dict[str, Any] = {"reference": {"edges": edges.tolist(), "counts": _counts(values, edges)}}
        else:
            index = psi(reference["counts"], _counts(values, np.asarray(reference["edges"])))
            level = "shifted" if index > SHIFTED else "moving" if index > MOVING else "stable"
            seen = {"drift": {"psi": round(index, 4), "level": level, "checked_at": now().isoformat()}}
            if level == "shifted" and model.metrics.get("drift", {}).get("level") != "shifted":
                await notify(
                    session,
                    title=f"Customers have changed since the {kind.label} model was fitted",
                    body=f"Stability index {figure(index, 2)}; {SHIFTED} and more is another population. It is fitted"
                    " anew within the week; if a file was imported by mistake, look at that first.",
                    link="/models",
                    level="warning",
                )
        await session.execute(
            text("UPDATE model_versions SET metrics = metrics || CAST(:seen AS jsonb) WHERE id = :id"),
            {"seen": json.dumps(seen), "id": model.id},
        )


def _counts(values: Floats, edges: Floats) -> list[int]:
    return [int(n) for n in np.bincount(np.searchsorted(edges, values, side="right"), minlength=edges.size + 1)]


async def load_standards(session: AsyncSession) -> Standards | None:
    """Tell what a few customers are compared with; None before everybody was scored once."""
    found = await session.execute(text("SELECT content FROM scoring_standards WHERE key = 'current'"))
    kept = found.scalar()
    return None if kept is None else Standards.from_dict(kept)


async def keep_standards(session: AsyncSession, standards: Standards, at: datetime) -> None:
    """Keep what everybody was compared with."""
    await session.execute(
        text(
            "INSERT INTO scoring_standards (key, computed_at, content)"
            " VALUES ('current', :at, CAST(:content AS jsonb))"
            " ON CONFLICT (key) DO UPDATE SET computed_at = excluded.computed_at, content = excluded.content"
        ),
        {"at": at, "content": json.dumps(standards.to_dict())},
    )
