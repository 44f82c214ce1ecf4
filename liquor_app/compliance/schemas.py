"""Shapes of the compliance settings' routes."""

from __future__ import annotations

from liquor_app.api.schemas import Patch, Row
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
