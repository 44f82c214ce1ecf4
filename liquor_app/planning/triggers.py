"""What makes a triggered campaign write to somebody, and the SQL that finds them. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from liquor_app.core.errors import Invalid

LOOK_BACK_DAYS = 7
"""Occasions older than this are missed for good: after a long outage a late word does more harm than none."""


class TriggerKind(StrEnum):
    SEGMENT_ENTERED = "segment_entered"
    EVENT = "event"
    PURCHASE_OVERDUE = "purchase_overdue"
    """The expected purchase date passed, `days` ago."""
    AFTER_FIRST_PURCHASE = "after_first_purchase"
    """`days` after the first purchase."""


class Trigger(BaseModel):
    """`{"kind": "after_first_purchase", "days": 14}`; `segment` and `event` name what was entered or happened."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: TriggerKind
    segment: str = Field("", max_length=60)
    event: str = Field("", max_length=60, pattern=r"^[a-z0-9_.:-]*$")
    days: int = Field(0, ge=0, le=365)

    @model_validator(mode="after")
    def _complete(self) -> Trigger:
        if (self.kind is TriggerKind.SEGMENT_ENTERED) != bool(self.segment):
            raise ValueError("name the segment, and only for segment_entered")
        if (self.kind is TriggerKind.EVENT) != bool(self.event):
            raise ValueError("name the event, and only for event")
        return self

    @property
    def words(self) -> str:
        """As people read it."""
        days = f"{self.days} day{'s' if self.days != 1 else ''}"
        return {
            TriggerKind.SEGMENT_ENTERED: f"entered the segment {self.segment}",
            TriggerKind.EVENT: f"the event {self.event} happened",
            TriggerKind.PURCHASE_OVERDUE: f"the expected purchase is {days} overdue",
            TriggerKind.AFTER_FIRST_PURCHASE: f"{days} after the first purchase",
        }[self.kind]


def read_trigger(value: object) -> Trigger:
    """A trigger from what a client sent or the database holds.

    Raises:
        Invalid: unknown, incomplete or out of range; `field` is `trigger` or the part to blame.
    """
    try:
        return Trigger.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(["trigger", *map(str, first["loc"])])
        raise Invalid(f"{field}: {str(first['msg']).removeprefix('Value error, ')}", field=field) from error


_OCCASIONS = {
    TriggerKind.SEGMENT_ENTERED: (
        "SELECT c.customer_id, c.at FROM segment_changes c JOIN segments s ON s.id = c.segment_id"
        " WHERE s.slug = :segment AND c.entered AND c.at > :since AND c.at <= :until"
    ),
    TriggerKind.EVENT: (
        "SELECT customer_id, occurred_at AS at FROM analytics_events"
        " WHERE event_type = :event AND occurred_at > :since AND occurred_at <= :until AND customer_id IS NOT NULL"
    ),
    TriggerKind.PURCHASE_OVERDUE: (
        "SELECT id AS customer_id, next_purchase_at + make_interval(days => :days) AS at FROM customers"
        " WHERE next_purchase_at > CAST(:since AS timestamptz) - make_interval(days => :days)"
        " AND next_purchase_at <= CAST(:until AS timestamptz) - make_interval(days => :days)"
    ),
    TriggerKind.AFTER_FIRST_PURCHASE: (
        "SELECT id AS customer_id, first_purchase_at + make_interval(days => :days) AS at FROM customers"
        " WHERE first_purchase_at > CAST(:since AS timestamptz) - make_interval(days => :days)"
        " AND first_purchase_at <= CAST(:until AS timestamptz) - make_interval(days => :days)"
    ),
}


def occasions_sql(trigger: Trigger) -> tuple[str, dict[str, Any]]:
    """A query of (customer_id, at) between `:since` and `:until`, and what else it binds."""
    binds: dict[TriggerKind, dict[str, Any]] = {
        TriggerKind.SEGMENT_ENTERED: {"segment": trigger.segment},
        TriggerKind.EVENT: {"event": trigger.event},
        TriggerKind.PURCHASE_OVERDUE: {"days": trigger.days},
        TriggerKind.AFTER_FIRST_PURCHASE: {"days": trigger.days},
    }
    return _OCCASIONS[trigger.kind], binds[trigger.kind]
