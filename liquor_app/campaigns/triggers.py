"""What makes a triggered campaign write to somebody. Pure."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from liquor_app.core.errors import Invalid


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
            TriggerKind.PURCHASE_OVERDUE: f"the next purchase was expected {days} ago",
            TriggerKind.AFTER_FIRST_PURCHASE: f"{days} after the first purchase",
        }[self.kind]


def read_trigger(value: object) -> Trigger:
    """Return a trigger from what a client sent or the database holds.

    Raises:
        Invalid: unknown, incomplete or out of range; `field` is `trigger` or the part to blame.
    """
    try:
        return Trigger.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(["trigger", *map(str, first["loc"])])
        raise Invalid(f"{field}: {str(first['msg']).removeprefix('Value error, ')}", field=field) from error
