"""Shapes of the settings' and the jobs' routes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from liquor_app.api.schemas import Patch, Row
from liquor_app.compliance.service import RuleRow
from liquor_app.organization.models import Channel
from liquor_app.organization.service import ChannelRow
from liquor_app.organization.settings import ComplianceSettings


class ChannelsOut(Row):
    """Configured providers in the order they are tried; credentials are never shown."""

    items: list[ChannelRow]


class ComplianceOut(Row):
    """The store's own rules, and the law's: dated, cited, and only ever stricter."""

    settings: ComplianceSettings
    rules: list[RuleRow]


class CompliancePatch(Patch):
    """Settings to change; times are `HH:MM` by the recipient's own clock."""

    minimum_age: int | None = None
    unknown_age_email: str | None = None
    email_window_start: str | None = None
    email_window_end: str | None = None
    sms_window_start: str | None = None
    sms_window_end: str | None = None
    max_contacts_7_days: int | None = None
    max_contacts_30_days: int | None = None
    disclaimer: str | None = None


class ChannelPatch(Patch):
    """A provider of a channel, added or changed. `config` holds its credentials and is never shown again."""

    channel: Channel
    provider: str
    config: dict[str, Any] | None = None
    is_enabled: bool | None = None
    position: Annotated[int | None, Field(ge=0, le=1000)] = None
    rate_per_second: int | None = None


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
