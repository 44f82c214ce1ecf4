"""Scoring: fit the models, score every customer, keep the sentences, explain one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.errors import NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.pubsub import publish
from liquor_app.organization.settings import GeneralSettings, PlanningSettings, load_settings
from liquor_app.scoring import features, scorecard, training
from liquor_app.scoring.explain import Sentence, Tone
from liquor_app.scoring.features import Moment
from liquor_app.scoring.models import ModelKind
from liquor_app.scoring.scorecard import Models
from liquor_app.scoring.settings import ScoringSettings
from liquor_app.scoring.standards import Standards
from liquor_app.scoring.training import ChurnModel, ClvModel, ResponseModel, Trained
from liquor_app.scoring.writing import Scoring, write

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
    """A fitted model in use: how it works, since when, and how it did in its own backtest."""

    kind: str
    version: int
    method: str
    metrics: dict[str, Any]
    n: int
    created_at: datetime


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
    session: AsyncSession, actor: Actor, customer_ids: Sequence[UUID] | None = None
) -> ScoringRow:
    """Score everybody, or only some customers with the models in use; in one transaction.

    Scoring everybody refits the models. The job of the same name does this in small transactions instead.

    Raises:
        Forbidden: the actor may only read.
    """
    started = now()
    scoring = await prepare(session, actor, customer_ids)
    for batch in range(scoring.batches):
        await write(session, actor, scoring, batch)
    publish(session, "dashboard", {"scored": len(scoring.customers)})
    return summary(scoring, started)


async def prepare(session: AsyncSession, actor: Actor, customer_ids: Sequence[UUID] | None = None) -> Scoring:
    """Read what is known, fit (or load) the models and work out the scores; writes the models only.

    Quintiles and shares compare a customer with everybody; a few are compared with everybody as of the last scoring of
    all (`standards`), so that only their own rows are read. Everybody is read where there is none such yet.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Role.MANAGER)
    general = await load_settings(session, GeneralSettings)
    planning = await load_settings(session, PlanningSettings)
    settings = await load_settings(session, ScoringSettings)
    clock = now()
    moment = Moment(clock, clock.astimezone(ZoneInfo(general.timezone)).date(), general.timezone)
    in_use = {} if customer_ids is None else await _stored(session)
    standards = await _standards(session) if len(in_use) == len(ModelKind) else None
    if standards is not None:
        customers = await features.read_customers(
            session, moment, window_days=settings.rfm_window_days, ids=customer_ids
        )
    else:
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        customers = await features.read_customers(session, moment, window_days=settings.rfm_window_days)
        in_use = await _train(session, moment, customers, planning.horizon_days)
        standards = scorecard.standards_of(
            customers,
            await features.read_popularity(session, moment, "category"),
            await features.read_popularity(session, moment, "brand"),
        )
        await _keep_standards(session, standards, moment)
        if customer_ids is not None:
            customers = customers[customers["id"].isin(list(customer_ids))]
    models = Models(
        churn=ChurnModel.from_stored(*in_use[ModelKind.CHURN][1:]),
        clv=ClvModel.from_stored(*in_use[ModelKind.CLV][1:]),
        response=ResponseModel.from_stored(*in_use[ModelKind.RESPONSE][1:]),
        churn_days=planning.horizon_days,
        clv_days=settings.clv_horizon_days,
    )
    return Scoring(
        moment=moment,
        models=models,
        model_ids={kind: stored[0] for kind, stored in in_use.items()},
        methods={kind: stored[1] for kind, stored in in_use.items()},
        customers=customers,
        scores=scorecard.scored(customers, models, standards),
        categories=standards.categories,
        brands=standards.brands,
    )


async def _standards(session: AsyncSession) -> Standards | None:
    found = await session.execute(text("SELECT content FROM scoring_standards WHERE key = 'current'"))
    kept = found.scalar()
    return None if kept is None else Standards.from_dict(kept)


async def _keep_standards(session: AsyncSession, standards: Standards, moment: Moment) -> None:
    await session.execute(
        text(
            "INSERT INTO scoring_standards (key, computed_at, content)"
            " VALUES ('current', :at, CAST(:content AS jsonb))"
            " ON CONFLICT (key) DO UPDATE SET computed_at = excluded.computed_at, content = excluded.content"
        ),
        {"at": moment.now, "content": json.dumps(standards.to_dict())},
    )


async def claim_touched(session: AsyncSession, mark: UUID) -> None:
    """Mark everybody whose purchases changed, before everybody is read; `release_touched` takes the marked away once
    their scores are written. Whoever is touched again meanwhile loses the mark and stays."""
    await session.execute(text("UPDATE touched_customers SET claimed = :mark"), {"mark": mark})


async def release_touched(session: AsyncSession, mark: UUID) -> None:
    """Everybody marked has been scored."""
    await session.execute(text("DELETE FROM touched_customers WHERE claimed = :mark"), {"mark": mark})


async def take_touched(session: AsyncSession, most: int) -> list[UUID]:
    """Take away up to `most` customers whose purchases changed, to be scored in this transaction; those being
    written right now are left for later."""
    found = await session.execute(
        text(
            "DELETE FROM touched_customers WHERE customer_id = ANY(ARRAY(SELECT customer_id FROM touched_customers"
            " ORDER BY customer_id LIMIT :most FOR UPDATE SKIP LOCKED)) RETURNING customer_id"
        ),
        {"most": most},
    )
    return [UUID(str(row)) for row in found.scalars()]


async def touched_share(session: AsyncSession) -> float:
    """Which share of the base waits to be scored, 0 to 1; 1 where nobody was ever scored."""
    if await _standards(session) is None or len(await _stored(session)) < len(ModelKind):
        return 1.0
    found = await session.execute(
        text(
            "SELECT (SELECT count(*) FROM touched_customers), (SELECT count(*) FROM customers WHERE deleted_at IS NULL)"
        )
    )
    touched, everybody = found.one()
    return float(touched) / max(float(everybody), 1.0)


def summary(scoring: Scoring, started: datetime) -> ScoringRow:
    """What the scoring did, for people and logs."""
    return ScoringRow(
        customers=len(scoring.customers),
        scored=int(scoring.scores["rfm_segment"].notna().sum()),
        churn_method=scoring.methods[ModelKind.CHURN],
        clv_method=scoring.methods[ModelKind.CLV],
        response_method=scoring.methods[ModelKind.RESPONSE],
        seconds=round((now() - started).total_seconds(), 2),
    )


Stored = tuple[UUID, str, dict[str, Any]]
"""A model in use: id, method, parameters."""


async def _train(
    session: AsyncSession, moment: Moment, customers: pd.DataFrame, churn_days: int
) -> dict[ModelKind, Stored]:
    known = scorecard.histories_of(scorecard.buyers_of(customers))
    span = int(training.observed_days(known))
    held_out = halves = None
    if span > 2 * churn_days:
        held_out = await features.read_split(session, moment, moment.today - timedelta(days=churn_days))
    if span >= 2 * training.MIN_CLV_DAYS:
        halves = await features.read_split(session, moment, moment.today - timedelta(days=span // 2))
    churn = training.train_churn(known, held_out)
    clv = training.train_clv(known, ChurnModel.from_stored(churn.method, churn.params), halves)
    response = training.train_response(await features.read_contacts(session, moment))
    first = None if not span else moment.now - timedelta(days=span)
    return {trained.kind: await _store(session, trained, first, moment.now) for trained in (churn, clv, response)}


async def _stored(session: AsyncSession) -> dict[ModelKind, Stored]:
    found = await session.execute(text("SELECT kind, id, method, params FROM model_versions WHERE status = 'active'"))
    return {ModelKind(kind): (model_id, method, params) for kind, model_id, method, params in found.all()}


async def _store(session: AsyncSession, trained: Trained, first: datetime | None, last: datetime) -> Stored:
    """Make a trained model the one in use."""
    model_id = uuid7()
    await session.execute(
        text("UPDATE model_versions SET status = 'retired' WHERE kind = :kind AND status = 'active'"),
        {"kind": trained.kind.value},
    )
    await session.execute(
        text(
            "INSERT INTO model_versions"
            " (id, kind, version, method, status, params, metrics, trained_from, trained_to, n)"
            " SELECT :id, :kind, COALESCE(max(version), 0) + 1, :method, 'active', CAST(:params AS jsonb),"
            " CAST(:metrics AS jsonb), :first, :last, :n FROM model_versions WHERE kind = :kind"
        ),
        {
            "id": model_id,
            "kind": trained.kind.value,
            "method": str(trained.method),
            "params": json.dumps(trained.params),
            "metrics": json.dumps(trained.metrics),
            "first": first,
            "last": last,
            "n": trained.n,
        },
    )
    return model_id, str(trained.method), trained.params


async def explain_customer(session: AsyncSession, actor: Actor, customer_id: UUID) -> ExplanationRow:
    """The sentences and numbers behind a customer's scores, and the models that made them.

    Raises:
        NotFound: there is no such customer.
    """
    require(actor, Role.USER)
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
        raise NotFound("There is no such customer, or it was deleted.")
    models = await session.execute(
        text(
            "SELECT kind, version, method, metrics, n, created_at FROM model_versions WHERE id = ANY(:ids)"
            " ORDER BY kind"
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


async def list_models(session: AsyncSession, actor: Actor) -> list[ModelRow]:
    """The models in use, one per kind at most, with their backtests."""
    require(actor, Role.USER)
    found = await session.execute(
        text(
            "SELECT kind, version, method, metrics, n, created_at FROM model_versions WHERE status = 'active'"
            " ORDER BY kind"
        )
    )
    return [ModelRow(**row) for row in found.mappings()]
