"""Write a scoring, a batch at a time: a temporary table by COPY, from there to the scores."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.bulk import copy_frame
from liquor_app.customers.score_columns import write_scores
from liquor_app.scoring import features, score_documents
from liquor_app.scoring.estimators import scorecard
from liquor_app.scoring.estimators.scorecard import Models
from liquor_app.scoring.features import Moment
from liquor_app.scoring.models import ModelKind
from liquor_app.scoring.reference_cuts import with_own

BATCH = 5_000
"""Customers written per batch: a batch's rows stay locked until its transaction ends."""

FAVOURITES = 3
"""Categories and brands kept per customer."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """A scoring worked out and not yet written. `customers` and `scores` share their index."""

    moment: Moment
    models: Models
    model_ids: dict[ModelKind, UUID]
    methods: dict[ModelKind, str]
    customers: pd.DataFrame
    scores: pd.DataFrame
    categories: pd.Series
    brands: pd.Series
    prices: pd.Series

    @property
    def batches(self) -> int:
        return -(-len(self.customers) // BATCH)


_SCRATCH = """
CREATE TEMP TABLE IF NOT EXISTS scored (
    id uuid, next_low timestamptz, next_high timestamptz, p_alive float8, features jsonb, explanation jsonb
) ON COMMIT DROP
"""
_OWN = ("id", "next_low", "next_high", "p_alive", "features", "explanation")

_TO_SCORES = """
INSERT INTO customer_scores AS k (customer_id, computed_at, churn_model_id, clv_model_id, response_model_id, p_alive,
    next_purchase_low, next_purchase_high, features, explanation)
SELECT s.id, :now, :churn, :clv, :response, s.p_alive, s.next_low, s.next_high, s.features, s.explanation
FROM scored s JOIN customers c ON c.id = s.id AND c.deleted_at IS NULL
ON CONFLICT (customer_id) DO UPDATE SET computed_at = excluded.computed_at, churn_model_id = excluded.churn_model_id,
    clv_model_id = excluded.clv_model_id, response_model_id = excluded.response_model_id, p_alive = excluded.p_alive,
    next_purchase_low = excluded.next_purchase_low, next_purchase_high = excluded.next_purchase_high,
    features = excluded.features, explanation = excluded.explanation
WHERE k.computed_at <= excluded.computed_at
"""


async def write(session: AsyncSession, actor: Actor, scoring: Scoring, batch: int) -> int:
    """Write one batch of a scoring (0 to `batches` − 1); returns how many customers.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.ANALYTICS_WRITE)
    rows = slice(batch * BATCH, (batch + 1) * BATCH)
    customers, scores, moment = scoring.customers.iloc[rows], scoring.scores.iloc[rows], scoring.moment
    ids = customers["id"].tolist()
    bought = await features.read_tastes(session, moment, "category", ids)
    branded = await features.read_tastes(session, moment, "brand", ids)
    liked, brands = (
        score_documents.tastes(found, with_own(popular, found), customers["id"], k=FAVOURITES)
        for found, popular in ((bought, scoring.categories), (branded, scoring.brands))
    )
    levels = score_documents.price_levels(bought, scoring.prices, customers["id"])
    features_json, sentences = score_documents.describe(
        customers, scores, liked, levels, score_documents.category_baskets(bought, customers["id"]),
        models=scoring.models, today=moment.today,
    )  # fmt: skip
    noon = datetime.combine(moment.today, time(12), tzinfo=ZoneInfo(moment.zone)).astimezone(UTC)
    contacts = customers["contacts"]
    frame = pd.DataFrame(
        {
            "id": customers["id"],
            "first_purchase_at": customers["first_at"],
            "last_purchase_at": customers["last_at"],
            "purchase_frequency": customers["baskets"].astype("int64"),
            "total_spent": customers["spend"].fillna(0.0).round(2),
            "avg_order_value": (customers["spend"] / customers["baskets"]).fillna(0.0).round(2),
            **score_documents.habits(customers),
            "primary_category": [own[0][0] if own else None for own in liked.own],
            "secondary_category": [own[1][0] if len(own) > 1 else None for own in liked.own],
            "favorite_brands": [json.dumps([name for name, _ in own]) for own in brands.own],
            "success_rate_pct": (100 * customers["responses"] / contacts.where(contacts > 0)).round(2),
            **{name: scores[name] for name in (
                "rfm_segment", "r_score", "f_score", "m_score", "churn_risk", "churn_probability", "clv_score",
                "value_at_risk", "response_likelihood", "p_alive",
            )},
            "next_purchase_at": scorecard.moments(noon, scores["next_expected"]),
            "next_low": scorecard.moments(noon, scores["next_low"]),
            "next_high": scorecard.moments(noon, scores["next_high"]),
            "features": features_json,
            "explanation": sentences,
        }
    )  # fmt: skip
    frame = score_documents.without_profiles(frame, customers["objected"])
    await write_scores(session, frame, moment.now)
    await session.execute(text(_SCRATCH))
    await session.execute(text("TRUNCATE scored"))
    await copy_frame(session, "scored", frame[list(_OWN)])
    bound = {"now": moment.now, **{kind.value: model_id for kind, model_id in scoring.model_ids.items()}}
    await session.execute(text(_TO_SCORES), bound)
    return len(ids)
