"""Scoring: fit the models, score every customer, keep the sentences, explain one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.db import allow_thinking
from liquor_app.core.errors import NotFound
from liquor_app.core.pubsub import publish
from liquor_app.customers.merging.gone_profiles import why_gone
from liquor_app.organization.settings import GeneralSettings, PlanningSettings, load_settings
from liquor_app.scoring import features, model_lifecycle
from liquor_app.scoring.estimators import scorecard
from liquor_app.scoring.estimators.scorecard import Models
from liquor_app.scoring.explain import Sentence, Tone
from liquor_app.scoring.features import Moment
from liquor_app.scoring.models import ModelKind
from liquor_app.scoring.response_model import ResponseModel
from liquor_app.scoring.score_store import Scoring, write
from liquor_app.scoring.settings import ScoringSettings
from liquor_app.scoring.training import ChurnModel, ClvModel

MODEL_HISTORY = 8
"""Versions of each kind shown."""

ADVISORY_LOCK = 7_283_001
"""One scoring at a time: two would only write the same rows twice."""


@dataclass(frozen=True, slots=True)
class ScoringRow:
    """What a scoring did. Methods are named as stored: `bgnbd` or `recency_bands`, and so on."""

    customers: int
    scored: int
    churn_method: str
    clv_method: str
    response_method: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A fitted model: how it works, since when, how it did in its own backtest, and how far customers have drifted."""

    kind: str
    version: int
    method: str
    metrics: dict[str, Any]
    n: int
    created_at: datetime
    status: str
    trained_from: datetime | None
    trained_to: datetime | None


@dataclass(frozen=True, slots=True)
class ExplanationRow:
    """Why a customer's scores are what they are. `computed_at` is None if the customer was never scored."""

    customer_id: UUID
    computed_at: datetime | None
    sentences: list[Sentence]
    features: dict[str, Any]
    next_low: datetime | None
    next_high: datetime | None
    p_alive: float | None
    models: list[ModelRow]


async def score_customers(
    session: AsyncSession, actor: Actor, customer_ids: Sequence[UUID] | None = None, *, refit: bool = False
) -> ScoringRow:
    """Score everybody, or only some customers with the models in use; in one transaction.

    Scoring everybody refits models that are a week old, or all of them with `refit`. The job of the same name does this
    in small transactions instead.

    Raises:
        Forbidden: the actor may only read.
    """
    started = now()
    scoring = await prepare(session, actor, customer_ids, refit=refit)
    for batch in range(scoring.batches):
        await write(session, actor, scoring, batch)
    publish(session, "dashboard", {"scored": len(scoring.customers)})
    return summary(scoring, started)


async def prepare(
    session: AsyncSession, actor: Actor, customer_ids: Sequence[UUID] | None = None, *, refit: bool = False
) -> Scoring:
    """Read what is known, fit (or load) the models and work out the scores; writes the models only.

    Quintiles and shares compare a customer with everybody; a few are compared with everybody as of the last scoring of
    all (`reference_cuts`), so that only their own rows are read. Everybody is read where there is none such yet.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.ANALYTICS_WRITE)
    general = await load_settings(session, GeneralSettings)
    planning = await load_settings(session, PlanningSettings)
    settings = await load_settings(session, ScoringSettings)
    clock = now()
    moment = Moment(clock, clock.astimezone(ZoneInfo(general.timezone)).date(), general.timezone)
    in_use = await model_lifecycle.models_in_use(session)
    standards = await model_lifecycle.load_standards(session)
    everybody = customer_ids is None or standards is None or len(in_use) < len(ModelKind)
    if everybody:
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        await allow_thinking(session)
    customers = await features.read_customers(
        session, moment, window_days=settings.rfm_window_days, ids=None if everybody else customer_ids
    )
    if everybody:
        buyers = int((customers["baskets"] > 0).sum())
        if refit or await model_lifecycle.is_due(session, in_use, buyers):
            in_use = await model_lifecycle.refit(session, moment, customers, planning.horizon_days)
        standards = scorecard.standards_of(
            customers,
            categories=await features.read_popularity(session, moment, "category"),
            brands=await features.read_popularity(session, moment, "brand"),
            prices=await features.read_prices(session, moment),
        )
        await model_lifecycle.keep_standards(session, standards, moment.now)
    assert standards is not None
    churn, clv, response = (in_use[kind] for kind in (ModelKind.CHURN, ModelKind.CLV, ModelKind.RESPONSE))
    models = Models(
        churn=ChurnModel.from_stored(churn.method, churn.params),
        clv=ClvModel.from_stored(clv.method, clv.params),
        response=ResponseModel.from_stored(response.method, response.params),
        churn_days=planning.horizon_days,
        clv_days=settings.clv_horizon_days,
        observed_days=standards.observed_days,
    )
    scores = scorecard.scored(customers, models, standards)
    if everybody:
        await model_lifecycle.watch(session, in_use, scores)
    if everybody and customer_ids is not None:
        wanted = customers["id"].isin(list(customer_ids))
        customers, scores = customers[wanted], scores[wanted]
    return Scoring(
        moment=moment,
        models=models,
        model_ids={kind: model.id for kind, model in in_use.items()},
        methods={kind: model.method for kind, model in in_use.items()},
        customers=customers,
        scores=scores,
        categories=standards.categories,
        brands=standards.brands,
        prices=standards.prices,
    )


def summary(scoring: Scoring, started: datetime) -> ScoringRow:
    """Tell what the scoring did, for people and logs."""
    return ScoringRow(
        customers=len(scoring.customers),
        scored=int(scoring.scores["rfm_segment"].notna().sum()),
        churn_method=scoring.methods[ModelKind.CHURN],
        clv_method=scoring.methods[ModelKind.CLV],
        response_method=scoring.methods[ModelKind.RESPONSE],
        seconds=round((now() - started).total_seconds(), 2),
    )


async def explain_customer(session: AsyncSession, actor: Actor, customer_id: UUID) -> ExplanationRow:
    """Return the sentences and numbers behind a customer's scores, and the models that made them.

    Raises:
        NotFound: there is no such customer.
    """
    require(actor, Permission.CUSTOMERS_READ)
    found = await session.execute(
        text(
            "SELECT k.computed_at, k.explanation, k.features, k.next_purchase_low, k.next_purchase_high, k.p_alive,"
            " k.churn_model_id, k.clv_model_id, k.response_model_id, c.profiling_objected_at"
            " FROM customers c LEFT JOIN customer_scores k ON k.customer_id = c.id"
            " WHERE c.id = :id AND c.deleted_at IS NULL"
        ),
        {"id": customer_id},
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound(await why_gone(session, customer_id))
    models = await session.execute(
        text(
            "SELECT kind, version, method, metrics, n, created_at, status, trained_from, trained_to"
            " FROM model_versions WHERE id = ANY(:ids) ORDER BY kind"
        ),
        {"ids": [row[f"{kind}_model_id"] for kind in ModelKind if row[f"{kind}_model_id"]]},
    )
    return ExplanationRow(
        customer_id=customer_id,
        computed_at=row["computed_at"],
        sentences=_sentences(row),
        features=row["features"] or {},
        next_low=row["next_purchase_low"],
        next_high=row["next_purchase_high"],
        p_alive=row["p_alive"],
        models=[ModelRow(**model) for model in models.mappings()],
    )


def _sentences(row: Any) -> list[Sentence]:
    if row["profiling_objected_at"] is not None:
        return [Sentence("churn", "Not scored", "Objected to profiling, so there are no scores and no reasons.")]
    if row["computed_at"] is None:
        return [Sentence("churn", "Not scored yet", "Added since the last scoring; the next one runs tonight.")]
    return [Sentence(**{**stored, "tone": Tone(stored["tone"])}) for stored in row["explanation"]]


async def list_models(session: AsyncSession, actor: Actor, *, history: bool = False) -> list[ModelRow]:
    """Return the models in use, one per kind at most, with their backtests; with `history` the latest of each kind,
    those that were retired or rejected too, newest first."""
    require(actor, Permission.ANALYTICS_READ)
    found = await session.execute(
        text(
            "SELECT kind, version, method, metrics, n, created_at, status, trained_from, trained_to FROM ("
            " SELECT *, row_number() OVER (PARTITION BY kind ORDER BY version DESC) AS place FROM model_versions"
            " WHERE :history OR status = 'active') m WHERE place <= :most ORDER BY kind, version DESC"
        ),
        {"history": history, "most": MODEL_HISTORY},
    )
    return [ModelRow(**row) for row in found.mappings()]
