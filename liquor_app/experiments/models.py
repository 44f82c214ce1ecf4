"""Who was held out, and who saw what."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import SQLModel

from liquor_app.actions.models import Arm
from liquor_app.core.columns import choice, day, document, exact, flag, moment, pk, ratio, ref, stamped, whole, words
from liquor_app.core.platform.named_in import named_in
from liquor_app.core.platform.personal_data import Personal


class ExperimentKind(StrEnum):
    HOLDOUT = "holdout"
    AB = "ab"


class Experiment(SQLModel, table=True):
    """A random split of a campaign's audience; the same `seed` always draws the same people."""

    __tablename__ = "experiments"
    __table_args__ = (UniqueConstraint("campaign_id", "name"),)

    id: UUID = pk()
    campaign_id: UUID = ref("campaigns.id")
    name: str = words()
    kind: ExperimentKind = choice("kind", ExperimentKind)
    seed: str = words()
    read_on: date | None = day(nullable=True)
    """The day whose beginning is the one final read: fixed when the campaign is approved, before anybody bought."""
    created_at: datetime = stamped()


class ExperimentArm(SQLModel, table=True):
    __tablename__ = "experiment_arms"
    __table_args__ = (UniqueConstraint("experiment_id", "name"),)

    id: UUID = pk()
    experiment_id: UUID = ref("experiments.id")
    name: str = words()
    share: float = ratio(nullable=False)
    is_control: bool = flag()


class ExperimentAssignment(SQLModel, table=True):
    __tablename__ = "experiment_assignments"
    __table_args__ = (Index("ix_experiment_assignments_customer", "customer_id"),)

    experiment_id: UUID = ref("experiments.id", primary=True)
    customer_id: UUID = ref("customers.id", primary=True)
    arm_id: UUID = ref("experiment_arms.id")
    assigned_at: datetime = stamped()


class PlayedOutcome(SQLModel, table=True):
    """What somebody of the sample did in a week that was played: simulated (`played_world`), and read by the campaign's
    page alone. `arm`, cell and `baseline` are their decision's, as it was."""

    __tablename__ = "played_outcomes"
    __table_args__ = (Index("ix_played_outcomes_customer", "customer_id"),)

    campaign_id: UUID = ref("campaigns.id", primary=True)
    customer_id: UUID = ref("customers.id", primary=True)
    arm: Arm = choice("arm", Arm)
    segment: str = words()
    channel: str = words()
    offer: str = words()
    due: str = words()
    baseline: float = ratio(nullable=False)
    is_sent: bool = flag()
    decided_at: datetime = moment(nullable=False)
    opened_at: datetime | None = moment()
    clicked_at: datetime | None = moment()
    bought_at: datetime | None = moment()
    total: Decimal = exact(12)


class GlobalHoldout(SQLModel, table=True):
    """A stretch of time in which one and the same draw was left out of every campaign, with its last reading.

    Another share or word ends it and begins the next: whoever was written to before is no control group. `from_at` is
    when the first message of a campaign left. `reading` is, by arm, `{"people", "buyers", "spent",
    "squares"}`, squares being of what each person spent.
    """

    __tablename__ = "global_holdouts"
    __table_args__ = (
        Index("uq_global_holdouts_open", "seed", "share", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    id: UUID = pk()
    seed: str = words()
    share: Decimal = exact(5)
    since: datetime = stamped()
    ended_at: datetime | None = moment()
    from_at: datetime | None = moment()
    read_at: datetime | None = moment()
    reading: dict[str, Any] | None = document()


class OutcomeSum(SQLModel, table=True):
    """What came of decisions, summed over people of one arm, segment, playbook and offer (`contrasts.Sums`). Written
    anew each night; `is_final` are those whose week was over at the date of the one final read, once that is past.
    `is_kept` is that read itself, as it was in the first night after its date: what is told or set later changes it no
    more."""

    __tablename__ = "outcome_sums"
    __table_args__ = (
        UniqueConstraint(
            "campaign_id", "arm", "segment_slug", "playbook", "offer_name", "discount_pct", "is_final", "is_kept"
        ),
    )

    id: UUID = pk()
    campaign_id: UUID = ref("campaigns.id")
    arm: str = words()
    segment_slug: str = words()
    playbook: str = words()
    offer_name: str = words()
    discount_pct: str = words()
    is_final: bool = flag()
    is_kept: bool = flag()
    drawn: int = whole()
    people: int = whole()
    bought: float = ratio(nullable=False)
    revenue: float = ratio(nullable=False)
    revenue_square: float = ratio(nullable=False)
    profit: float = ratio(nullable=False)
    profit_square: float = ratio(nullable=False)
    expected: float = ratio(nullable=False)
    expected_square: float = ratio(nullable=False)
    expected_bought: float = ratio(nullable=False)
    expected_revenue: float = ratio(nullable=False)
    expected_profit: float = ratio(nullable=False)
    discount: float = ratio(nullable=False)
    cost: float = ratio(nullable=False)
    read_at: datetime = stamped()


PERSONAL = (
    Personal(
        "experiment_assignments",
        rows="SELECT * FROM experiment_assignments WHERE customer_id = ANY(:people)",
        why="in which arm a profile was; they are of a profile that is nobody's after an erasure",
    ),
    Personal(
        "played_outcomes",
        rows="SELECT * FROM played_outcomes WHERE customer_id = ANY(:people)",
        why="what a played week made of a profile; they are of a profile that is nobody's after an erasure",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    named_in("outcome_sums", ("segment_slug", "playbook", "offer_name"), name="segment_slug"),
    named_in("played_outcomes", ("segment", "offer"), key="campaign_id", name="segment"),
    named_in("experiments", ("name",), name="name"),
    named_in("experiment_arms", ("name",), name="name"),
)
"""Where the shop's own words may name somebody."""
