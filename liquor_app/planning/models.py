"""Plans: which actions a campaign takes, on which day, and the reasoning that stays with them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from liquor_app.campaigns.models import Engine
from liquor_app.core.columns import choice, day, document, moment, pk, plain_uuid, ref, stamped, whole, words
from liquor_app.core.platform.named_in import named_in, names_them
from liquor_app.core.platform.personal_data import Personal
from liquor_app.core.states import Transitions


class PlanStatus(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    SUPERSEDED = "superseded"


PLAN = Transitions(
    "plan",
    {
        PlanStatus.DRAFT: [PlanStatus.APPROVED, PlanStatus.SUPERSEDED],
        # approved anew: the campaign was sent back and its plan taken up again
        PlanStatus.APPROVED: [PlanStatus.APPROVED, PlanStatus.SUPERSEDED],
        # chosen back, while another engine's plan of the same round is on the table
        PlanStatus.SUPERSEDED: [PlanStatus.DRAFT],
    },
)


class Plan(SQLModel, table=True):
    __tablename__ = "plans"
    __table_args__ = (UniqueConstraint("campaign_id", "version"),)

    id: UUID = pk()
    campaign_id: UUID = ref("campaigns.id")
    version: int = whole()
    engine: Engine = choice("engine", Engine, Engine.HEURISTIC)
    status: PlanStatus = choice("status", PlanStatus, PlanStatus.DRAFT)
    constraints: dict[str, Any] = document(empty="{}")
    summary: dict[str, Any] = document(empty="{}")
    reasoning: list[Any] = document(empty="[]")
    fingerprint: str = words(default="")
    created_by: UUID | None = ref("users.id", ondelete="SET NULL", nullable=True)
    created_at: datetime = stamped()
    approved_by: UUID | None = ref("users.id", ondelete="SET NULL", nullable=True)
    approved_at: datetime | None = moment()
    guidance_version: int = whole()
    """The guidance that bound it."""
    engine_record: dict[str, Any] | None = document()
    """What the AI planner was asked, answered and cost; see `planning.ai.client.Record`."""


class PlanChoice(SQLModel, table=True):
    """What a plan decided of an action, kept while another engine's plan of the same campaign is on the table, so that
    either may be chosen. `content` holds the offer and copy of the chosen ones."""

    __tablename__ = "plan_choices"

    plan_id: UUID = ref("plans.id", primary=True)
    action_id: UUID = plain_uuid(primary=True)
    status: str = words()
    scheduled_date: date = day()
    skip_reason: str | None = words(nullable=True)
    skip_detail: str | None = words(nullable=True)
    content: dict[str, Any] | None = document()
    drawn: dict[str, Any] | None = document()
    """`{"arm", "propensity", "policy"}` of whose outcome teaches."""


_TOLD = names_them("concat_ws(' ', summary, reasoning, engine_record)", ":words")
_REASONED = names_them("concat_ws(' ', reasoning, engine_record)", ":words")
PERSONAL = (
    Personal(
        "plans",
        rows=f"SELECT id, reasoning, engine_record, created_at FROM plans WHERE {_TOLD}",
        scrub="UPDATE plans SET reasoning = CASE WHEN CAST(reasoning AS text) ~* :words THEN '[]' ELSE reasoning"
        " END, engine_record = CASE WHEN CAST(engine_record AS text) ~* :words THEN NULL ELSE"
        f" engine_record END WHERE {_REASONED}",
        why="plans of many people, which name nobody unless somebody wrote a name into one",
    ),
    Personal(
        "plan_choices",
        rows="SELECT * FROM plan_choices WHERE action_id = ANY(:actions)",
        scrub="UPDATE plan_choices SET skip_detail = NULL, content = content - ARRAY['message', 'reason',"
        " 'creative_hint'] WHERE action_id = ANY(:actions)",
        why="what a plan decided of a profile",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    named_in("plans", (), ("constraints", "summary"), name="'Plan ' || version"),
    # what was written to others
    named_in("plan_choices", ("skip_detail",), ("content", "drawn"), key="action_id", name="status"),
)
"""Where the shop's own words may name somebody."""
