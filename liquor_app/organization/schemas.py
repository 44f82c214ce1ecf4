"""Shapes of the routes of jobs, notices and guidance."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from liquor_app.api.schemas import Patch, Row
from liquor_app.organization.guidance import Autonomy, Guidance, Phrases


class JobOut(Row):
    """Background work; `result` is there once it `succeeded`, `error` once it `failed`."""

    id: UUID
    name: str
    status: str
    done: int
    total: int
    message: str | None
    result: dict[str, Any] | None
    error: str | None
    created_at: datetime
    finished_at: datetime | None


class NotificationMessage(Row):
    """A notice: the unread ones on connecting, then each new one."""

    type: Literal["notification"] = "notification"
    id: UUID
    level: str
    title: str
    body: str
    link: str | None
    created_at: datetime


class AutopilotOut(Row):
    """The kill switch."""

    stopped: bool
    stopped_at: datetime | None
    stopped_by: str


class GuidanceRowOut(Row):
    version: int
    guidance: Guidance
    created_by: str
    created_at: datetime | None


class GuidanceOut(Row):
    """A version of the guidance, and the kill switch."""

    row: GuidanceRowOut
    autopilot: AutopilotOut


class GuidancePatch(Patch):
    """Fields to change; null takes a limit away where there may be none."""

    nullable: ClassVar[frozenset[str]] = frozenset({"admin_above_discount", "admin_above_recipients"})

    tone: Annotated[str | None, Field(max_length=1000)] = None
    banned_health: Phrases | None = None
    banned_excess: Phrases | None = None
    banned_youth: Phrases | None = None
    banned_other: Phrases | None = None
    allowed_offers: Phrases | None = None
    max_discount_pct: Decimal | None = None
    admin_above_discount: Decimal | None = None
    admin_above_recipients: int | None = None
    one_time: Autonomy | None = None
    weekly_plan: Autonomy | None = None
    triggered: Autonomy | None = None
    autopilot_max_recipients: int | None = None
    autopilot_max_discount: Decimal | None = None
    autopilot_min_profit: Decimal | None = None
