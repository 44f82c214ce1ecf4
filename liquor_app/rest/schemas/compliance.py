"""Shapes of the compliance settings' routes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import Field

from liquor_app.api.schemas import Body, Day, Patch, Row
from liquor_app.compliance.service import RuleRow
from liquor_app.organization.settings import ComplianceSettings


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


class RuleIn(Body):
    """A rule to start on a day; `replaces` ends another one that day."""

    jurisdiction: str = Field(max_length=2)
    kind: str = Field(max_length=20)
    channel: str | None = Field(default=None, max_length=10)
    value: dict[str, Any] = Field(default_factory=dict, max_length=5)
    citation: str = Field(max_length=300)
    valid_from: Day
    replaces: UUID | None = None


class RuleEnd(Body):
    """The first day a rule binds no more."""

    on: Day
