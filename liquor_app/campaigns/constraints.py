"""What a campaign wants otherwise than the settings: known names alone, each within its range."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError

from liquor_app.core.errors import Invalid, Unknown
from liquor_app.organization.models import Channel


class Overrides(BaseModel):
    """`campaigns.constraints`: what this campaign wants otherwise than the settings. Caps can only be tightened."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email_capacity_per_day: int | None = Field(None, ge=0, le=5_000_000)
    sms_capacity_per_day: int | None = Field(None, ge=0, le=5_000_000)
    capacity_by_day: dict[date, dict[str, int]] = Field(default_factory=dict, max_length=62)
    """`{"2026-11-26": {"email": 20, "sms": 0}}`: a holiday, or a day of rest."""
    discount_budget: Decimal | None = Field(None, ge=0, le=Decimal("99999999"))
    margin_pct: Decimal | None = Field(None, ge=0, le=100)
    margin_floor_pct: Decimal | None = Field(None, ge=0, le=100)
    max_contacts_7_days: int | None = Field(None, ge=1, le=14)
    max_contacts_30_days: int | None = Field(None, ge=1, le=60)
    max_per_customer: int = Field(1, ge=1, le=7)
    """Messages this campaign may send one person, within the caps above."""
    min_profit: Decimal = Field(Decimal("0.01"), ge=0, le=1000)
    """An action that is not worth more than this is not worth somebody's attention: expected profit and, as wherever
    offers and plans are chosen, what of the value at risk counts as kept (`kept_share`)."""
    kept_share: Decimal = Field(Decimal("0.10"), ge=0, le=1)
    """Share of the value at risk that counts as kept when a lapsing customer answers; an assumption, shown."""
    explore: StrictBool = False
    """Plan to learn: actions are valued by draws of what is believed, as on autopilot, instead of by its mean. Where no
    message is believed to be worth its cost, those are written to in whose draw one is."""


def clean_constraints(constraints: dict[str, Any] | None) -> Overrides:
    """Return a campaign's own constraints, understood.

    Raises:
        Invalid: one is unknown or out of range; the message names it.
    """
    try:
        own = Overrides.model_validate(constraints or {})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(["constraints", *map(str, first["loc"])])
        if first["type"] == "extra_forbidden":
            raise Unknown(
                f"{field}: there is no such constraint. There are: {', '.join(Overrides.model_fields)}", field=field
            ) from error
        raise Invalid(f"{field}: {first['msg']}", field=field) from error
    for day, channels in own.capacity_by_day.items():
        for channel, count in channels.items():
            if channel not in set(Channel) or count < 0:
                field = f"constraints.capacity_by_day.{day}"
                raise Invalid(f"{field}: give email and sms as numbers from 0", field=field)
    return own
