"""Actions: for one customer, what to say, why, when and how."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from liquor_app.core.columns import (
    choice,
    day,
    document,
    exact,
    moment,
    pk,
    plain_uuid,
    ratio,
    ref,
    stamped,
    texts,
    whole,
    words,
)
from liquor_app.core.platform.named_in import named_in
from liquor_app.core.platform.personal_data import Personal
from liquor_app.core.platform.retention import Kept
from liquor_app.core.states import Transitions


class ActionStatus(StrEnum):
    PROPOSED = "proposed"
    """A candidate; no plan has chosen it yet."""
    PENDING = "pending"
    """Chosen by the campaign's current plan."""
    QUEUED = "queued"
    """In the send ledger."""
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not chosen, or stopped on the way; `skip_reason` says why."""
    HELD_OUT = "held_out"
    """In the control group: deliberately not contacted."""


class Arm(StrEnum):
    """Who decided for somebody, drawn after the plan was made: so the arms hold the same kind of people."""

    AGENT = "agent"
    """The planner's choice."""
    RANDOM = "random"
    """An eligible action drawn at random: against it the planner's choosing is judged."""
    USUAL = "usual"
    """What the shop would do without choosing: the first offer of somebody's first playbook, by its first channel."""
    FIXED = "fixed"
    """The planner's choice where chance has nothing to draw from: a marketer pinned it, or it is all they could get."""
    HOLDOUT = "holdout"
    """Nothing, though the planner would have written: against it messages are judged."""

    @property
    def label(self) -> str:
        return {
            "agent": "The agent's choice", "random": "Drawn at random", "usual": "Business as usual",
            "fixed": "Nothing else to draw", "holdout": "Held out",
        }[self.value]  # fmt: skip


TAKEN = (ActionStatus.PENDING, ActionStatus.QUEUED, ActionStatus.SENT)
"""A message that goes out, or did: it counts against capacity, caps and budget."""
UNDECIDED = (ActionStatus.PROPOSED, ActionStatus.PENDING, ActionStatus.SKIPPED)
"""Nothing of it is in the ledger, and nobody is held out: a plan or a person may still change it."""


ACTION = Transitions(
    "action",
    {
        ActionStatus.PROPOSED: [ActionStatus.PENDING, ActionStatus.SKIPPED, ActionStatus.HELD_OUT],
        ActionStatus.PENDING: [
            ActionStatus.QUEUED,
            ActionStatus.SKIPPED,
            ActionStatus.HELD_OUT,
            ActionStatus.PROPOSED,
        ],
        ActionStatus.QUEUED: [ActionStatus.SENT, ActionStatus.FAILED, ActionStatus.SKIPPED],
        ActionStatus.SENT: [ActionStatus.FAILED],
        ActionStatus.FAILED: [ActionStatus.QUEUED, ActionStatus.SENT],
        # back into the ledger: somebody sends to the rest of a campaign
        ActionStatus.SKIPPED: [
            ActionStatus.PROPOSED,
            ActionStatus.PENDING,
            ActionStatus.QUEUED,
            # and held out again: another engine's plan of the same round is chosen back
            ActionStatus.HELD_OUT,
        ],
        ActionStatus.HELD_OUT: [ActionStatus.PROPOSED, ActionStatus.SKIPPED],
    },
)


class Action(SQLModel, table=True):
    """`priority_score` (0–100) is the sum of four visible parts: value at risk, response, margin, minus fatigue."""

    __tablename__ = "actions"
    __table_args__ = (
        Index("ix_actions_campaign", "campaign_id", "status", text("priority_score DESC"), "id"),
        Index("ix_actions_customer", "customer_id", "created_at"),
        Index("ix_actions_status", "status", "id"),
        Index("ix_actions_scheduled", "scheduled_date", "id"),
        Index("ix_actions_priority_score", "priority_score", "id"),
        Index("ix_actions_learning", "scheduled_date", "id", postgresql_where=text("arm IS NOT NULL")),
        Index("uq_actions_candidate", "campaign_id", "customer_id", "segment_slug", "channel", unique=True),
    )

    id: UUID = pk()
    campaign_id: UUID | None = ref("campaigns.id", nullable=True)
    customer_id: UUID = ref("customers.id")
    plan_id: UUID | None = plain_uuid()
    segment_slug: str = words(default="")
    channel: str = words(default="email")

    priority_score: Decimal = exact(5)
    value_points: Decimal = exact(5)
    response_points: Decimal = exact(5)
    margin_points: Decimal = exact(5)
    fatigue_points: Decimal = exact(5)
    expected_response: float | None = ratio()
    expected_profit: Decimal = exact(12, scale=4)
    reason: str | None = words(nullable=True)

    offer: str = words()
    offer_terms: dict[str, Any] = document(empty="{}")
    message: str | None = words(nullable=True)
    creative_hint: str | None = words(nullable=True)
    template_category: str = words(default="win_back")

    scheduled_date: date = day()
    send_window: dict[str, Any] = document(empty="{}")
    channels: list[str] = texts(default="{email}")

    status: ActionStatus = choice("status", ActionStatus, ActionStatus.PROPOSED)
    skip_reason: str | None = words(nullable=True)
    skip_detail: str | None = words(nullable=True)

    arm: Arm | None = choice("arm", Arm, nullable=True)
    """Of chosen, drawn and held-out people; None of everybody else's."""
    propensity: float | None = ratio()
    """The chance with which just this was decided for them, holdout included."""
    policy: str | None = words(nullable=True)
    """What decided, with the version of what it believed: "mean:12"."""
    decision: dict[str, Any] | None = document()
    """What was known when it was decided: `{"options": [{"segment", "channel", "offer", "answers", "uplifts", …}]}`."""

    created_at: datetime = stamped()
    updated_at: datetime = stamped()


class CellRule(SQLModel, table=True):
    """A cell somebody pinned or forbade (`offering.cell_rules`); `due` empty is whoever they are due."""

    __tablename__ = "cell_rules"
    __table_args__ = (
        CheckConstraint("effect IN ('pin', 'forbid')", name="effect"),
        Index("ix_cell_rules_standing", "created_at", postgresql_where=text("undone_at IS NULL")),
    )

    id: UUID = pk()
    effect: str = words()
    segment_slug: str = words()
    offer: str = words()
    channel: str = words()
    due: str = words(default="")
    why: str = words()
    actor_id: UUID | None = plain_uuid()
    actor_name: str = words()
    created_at: datetime = stamped()
    undone_at: datetime | None = moment()
    undone_by: str | None = words(nullable=True)


class DecisionCount(SQLModel, table=True):
    """What a plan decided of everybody else: people by segment and reason. Any one of them can be worked out again from
    the policy, its beliefs' version and the seed."""

    __tablename__ = "decision_counts"

    plan_id: UUID = plain_uuid(primary=True)
    campaign_id: UUID = ref("campaigns.id")
    segment_slug: str = words(primary=True)
    reason: str = words(primary=True)
    people: int = whole()
    policy: str = words()
    seed: str = words()


class Exclusion(SQLModel, table=True):
    """Why a customer of the audience got no action: every customer not contacted has a reason too."""

    __tablename__ = "exclusions"
    __table_args__ = (
        Index("ix_exclusions_customer", "customer_id", "created_at"),
        Index("ix_exclusions_created_at", "created_at", postgresql_using="brin"),
    )

    campaign_id: UUID = ref("campaigns.id", primary=True)
    customer_id: UUID = ref("customers.id", primary=True)
    reason: str = words()
    detail: str = words(default="")
    created_at: datetime = stamped()


class EditKind(StrEnum):
    """What somebody changed in a plan by hand."""

    SKIP = "skip"
    MOVE = "move"
    OFFER = "offer"
    COPY = "copy"


class PlanEdit(SQLModel, table=True):
    """A change by hand to one action of a plan, with what it was before. Changes made together share a `batch` and
    are undone together."""

    __tablename__ = "plan_edits"
    __table_args__ = (
        Index("ix_plan_edits_campaign", "campaign_id", "id"),
        Index("ix_plan_edits_plan", "plan_id", "id"),
        Index("ix_plan_edits_batch", "batch"),
    )

    id: UUID = pk()
    campaign_id: UUID = ref("campaigns.id")
    plan_id: UUID | None = plain_uuid()
    batch: UUID = plain_uuid(nullable=False)
    action_id: UUID = plain_uuid(nullable=False)
    kind: str = words()
    summary: str = words()
    before: dict[str, Any] = document(empty="{}")
    actor_id: UUID | None = plain_uuid()
    actor_name: str = words()
    created_at: datetime = stamped()
    undone_at: datetime | None = moment()


KEPT = (Kept("exclusions", "created_at", "sends_days", key=("campaign_id", "customer_id")),)
"""How long rows are kept."""

PERSONAL = (
    Personal(
        "actions",
        rows="SELECT * FROM actions WHERE customer_id = ANY(:people)",
        scrub="UPDATE actions SET reason = NULL, message = NULL, creative_hint = NULL, skip_detail = NULL, offer"
        " = CASE WHEN offer ~* :words THEN '' ELSE offer END, decision = CASE WHEN CAST(decision AS text)"
        " ~* :words THEN NULL ELSE decision END WHERE customer_id = ANY(:people)",
        why="what was decided of a profile, which learning reads",
    ),
    Personal(
        "exclusions",
        rows="SELECT * FROM exclusions WHERE customer_id = ANY(:people)",
        scrub="UPDATE exclusions SET detail = '' WHERE customer_id = ANY(:people)",
        why="why a profile was left out",
    ),
    Personal(
        "plan_edits",
        rows="SELECT kind, summary, before, created_at FROM plan_edits WHERE action_id = ANY(:actions)",
        scrub="UPDATE plan_edits SET summary = 'erased', before = jsonb_build_object(), undone_at ="
        " COALESCE(undone_at, now())"
        " WHERE action_id = ANY(:actions)",
        why="that somebody changed an action",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    named_in("cell_rules", ("segment_slug", "offer", "why"), name="why"),
    # what was written to others, and where a segment is named after somebody, read once: there are millions
    named_in(
        "actions",
        ("segment_slug", "message", "reason", "creative_hint", "skip_detail", "offer"),
        ("offer_terms", "decision"),
        name="segment_slug",
    ),
    named_in("decision_counts", ("segment_slug", "reason"), key="plan_id", name="segment_slug"),
    named_in("plan_edits", ("summary",), ("before",), name="kind"),
    named_in("exclusions", ("detail",), key="campaign_id", name="reason"),
)
"""Where the shop's own words may name somebody."""
