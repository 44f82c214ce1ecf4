"""The rule pack as data: dated, cited, editable, versioned."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import SQLModel

from liquor_app.core.columns import day, document, flag, pk, ref, stamped, words
from liquor_app.core.platform.personal_data import Mention


class ComplianceRule(SQLModel, table=True):
    """One rule of one place. A change ends the old row (`valid_to`) and starts a new one."""

    __tablename__ = "compliance_rules"
    __table_args__ = (Index("ix_compliance_rules_place", "jurisdiction", "kind", "valid_from"),)

    id: UUID = pk()
    jurisdiction: str = words()
    kind: str = words()
    channel: str | None = words(nullable=True)
    value: dict[str, Any] = document(empty="{}")
    citation: str = words()
    valid_from: date = day()
    valid_to: date | None = day(nullable=True)
    is_active: bool = flag(default=True)
    updated_by: UUID | None = ref("users.id", ondelete="SET NULL", nullable=True)
    created_at: datetime = stamped()


MENTIONS = (
    Mention(
        "compliance_rules",  # what was the law when is not rewritten unasked
        rows="SELECT id, citation AS name FROM compliance_rules WHERE concat_ws(' ', value, citation) ~* :named"
        " ORDER BY id",
        link="/settings/law",
    ),
)
"""Where the shop's own words may name somebody."""
