"""Shapes of the routes of jobs, notices and guidance."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from liquor_app.api.schemas import Patch, Row
from liquor_app.core.queue import JobFields
from liquor_app.organization.bell import NotificationFields
from liquor_app.organization.guidance import Autonomy, Guidance, Phrases
from liquor_app.organization.models import Header
from liquor_app.organization.service import BrandFields


class JobOut(Row, JobFields):
    """Background work; `result` is there once it `succeeded`, `error` once it `failed`."""

    status: str


class NotificationMessage(Row, NotificationFields):
    """A notice: the unread ones on connecting, then each new one."""

    type: Literal["notification"] = "notification"


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


class BrandOut(Row, BrandFields):
    """How a brand looks, who it writes as, and whether it counts opens and clicks."""


class BrandPatch(Patch):
    """Fields to change; null empties one that may be empty.

    `track_clicks` leads links through this server to count who followed them; `track_opens` puts an invisible picture
    into e-mails. Customers with `no_tracking` are never counted, whatever a brand says.
    """

    nullable: ClassVar[frozenset[str]] = frozenset({"logo_url", "reply_to", "sms_sender"})

    name: Annotated[str | None, Field(max_length=80)] = None
    logo_url: Annotated[str | None, Field(max_length=2000)] = None
    logo_alt: Annotated[str | None, Field(max_length=120)] = None
    header: Header | None = None
    primary_color: Annotated[str | None, Field(max_length=7)] = None
    website_url: Annotated[str | None, Field(max_length=2000)] = None
    from_name: Annotated[str | None, Field(max_length=80)] = None
    from_email: Annotated[str | None, Field(max_length=254)] = None
    reply_to: Annotated[str | None, Field(max_length=254)] = None
    sms_sender: Annotated[str | None, Field(max_length=40)] = None
    postal_address: Annotated[str | None, Field(max_length=300)] = None
    footer_text: Annotated[str | None, Field(max_length=500)] = None
    timezone: Annotated[str | None, Field(max_length=60)] = None
    licence_state: Annotated[str | None, Field(max_length=2, examples=["ME"])] = None
    track_clicks: bool | None = None
    track_opens: bool | None = None


class FileOut(Row):
    """Where a file is fetched: by you alone, until `good_until`."""

    url: str
    name: str
    rows: int
    good_until: datetime
