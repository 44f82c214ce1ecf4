"""Fitted models and what they said of each customer."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import SQLModel

from liquor_app.core.columns import choice, day, document, moment, pk, plain_uuid, ratio, ref, stamped, whole, words
from liquor_app.core.platform.personal_data import Personal
from liquor_app.core.states import Transitions


class ModelKind(StrEnum):
    CHURN = "churn"
    CLV = "clv"
    RESPONSE = "response"

    @property
    def label(self) -> str:
        return {"churn": "churn", "clv": "expected spend", "response": "response"}[self.value]


class ModelStatus(StrEnum):
    CANDIDATE = "candidate"
    ACTIVE = "active"
    RETIRED = "retired"
    REJECTED = "rejected"


MODEL = Transitions(
    "model",
    {
        ModelStatus.CANDIDATE: [ModelStatus.ACTIVE, ModelStatus.REJECTED],
        # a newer one took its place
        ModelStatus.ACTIVE: [ModelStatus.RETIRED],
    },
)


class ModelVersion(SQLModel, table=True):
    __tablename__ = "model_versions"
    __table_args__ = (
        UniqueConstraint("kind", "version"),
        Index("uq_model_versions_active", "kind", unique=True, postgresql_where=text("status = 'active'")),
    )

    id: UUID = pk()
    kind: ModelKind = choice("kind", ModelKind)
    version: int = whole()
    method: str = words()
    status: ModelStatus = choice("status", ModelStatus, ModelStatus.CANDIDATE)
    params: dict[str, Any] = document(empty="{}")
    metrics: dict[str, Any] = document(empty="{}")
    trained_from: datetime | None = moment()
    trained_to: datetime | None = moment()
    n: int = whole()
    created_at: datetime = stamped()


class UpliftModel(SQLModel, table=True):
    """What messages change, as learned from held-out groups up to a day (`estimators.uplift.Posterior`)."""

    __tablename__ = "uplift_models"
    __table_args__ = (UniqueConstraint("version"),)

    id: UUID = pk()
    version: int = whole()
    created_at: datetime = stamped()
    until: date = day()
    people: int = whole()
    controls: int = whole()
    params: dict[str, Any] = document(empty="{}")


class CustomerScore(SQLModel, table=True):
    """The features behind a customer's scores and the sentences that explain them; rewritten at each scoring."""

    __tablename__ = "customer_scores"

    customer_id: UUID = ref("customers.id", primary=True)
    computed_at: datetime = stamped()
    churn_model_id: UUID | None = plain_uuid()
    clv_model_id: UUID | None = plain_uuid()
    response_model_id: UUID | None = plain_uuid()
    p_alive: float | None = ratio()
    next_purchase_low: datetime | None = moment()
    next_purchase_high: datetime | None = moment()
    features: dict[str, Any] = document(empty="{}")
    explanation: list[Any] = document(empty="[]")


class Standard(SQLModel, table=True):
    """What a customer is compared with, as of the last scoring of everybody: one row (see `reference_cuts`)."""

    __tablename__ = "scoring_standards"

    key: str = words(primary=True)
    computed_at: datetime = stamped()
    content: dict[str, Any] = document(empty="{}")


PERSONAL = (
    Personal(
        "customer_scores",
        rows="SELECT * FROM customer_scores WHERE customer_id = ANY(:people)",
        scrub="DELETE FROM customer_scores WHERE customer_id = ANY(:people)",
    ),
)
"""What rows hold of a person."""
