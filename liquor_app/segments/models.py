"""Segments: a rule, who matches it, and the playbook for them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import SQLModel

from liquor_app.core.columns import choice, document, exact, flag, moment, pk, ref, stamped, texts, whole, words
from liquor_app.core.platform.named_in import named_in
from liquor_app.core.platform.personal_data import Personal
from liquor_app.core.platform.retention import Kept


class SegmentKind(StrEnum):
    RULE = "rule"
    STATIC = "static"


class Segment(SQLModel, table=True):
    """`rules` follows the schema of `segments.rules`; the playbook is the second half of the columns.

    `slug` is the stable name campaigns refer to. `recommended_offers` is a list of
    `{"name", "discount_pct", "text", "category"?}`, best first.
    """

    __tablename__ = "segments"

    id: UUID = pk()
    slug: str = words(unique=True)
    name: str = words()
    description: str | None = words(nullable=True)
    kind: SegmentKind = choice("kind", SegmentKind, SegmentKind.RULE)
    rules: dict[str, Any] = document(empty="{}")
    color: str = words(default="c6")

    recommended_offers: list[dict[str, Any]] = document(empty="[]")
    messaging_strategy: str | None = words(nullable=True)
    optimal_channels: list[str] = texts(default="{email}")
    optimal_send_window: dict[str, str] = document(empty="{}")
    template_category: str = words(default="win_back")
    max_discount_pct: Decimal = exact(5)
    margin_floor_pct: Decimal = exact(5)

    is_active: bool = flag(default=True)
    is_default: bool = flag()
    position: int = whole()
    customer_count: int = whole()
    last_computed_at: datetime | None = moment()
    counted_since: datetime | None = moment()
    """When its present rule was counted first: whoever it held then is no growth."""
    created_at: datetime = stamped()
    updated_at: datetime = stamped()


class SegmentMember(SQLModel, table=True):
    __tablename__ = "segment_members"
    __table_args__ = (Index("ix_segment_members_customer", "customer_id"),)

    segment_id: UUID = ref("segments.id", primary=True)
    customer_id: UUID = ref("customers.id", primary=True)
    entered_at: datetime = stamped()


class SegmentChange(SQLModel, table=True):
    """Entered and left, append-only."""

    __tablename__ = "segment_changes"
    __table_args__ = (
        Index("ix_segment_changes_segment", "segment_id", "at"),
        Index("ix_segment_changes_customer", "customer_id"),
        Index("ix_segment_changes_at", "at", postgresql_using="brin"),
    )

    id: UUID = pk()
    segment_id: UUID = ref("segments.id")
    customer_id: UUID = ref("customers.id")
    entered: bool = flag()
    at: datetime = stamped()


KEPT = (Kept("segment_changes", "at", "events_days"),)
"""How long rows are kept."""

PERSONAL = (
    Personal(
        "segment_members",
        rows="SELECT s.name, m.entered_at FROM segment_members m JOIN segments s ON s.id = m.segment_id WHERE"
        " m.customer_id = ANY(:people)",
        scrub="DELETE FROM segment_members WHERE customer_id = ANY(:people)",
    ),
    Personal(
        "segment_changes",
        rows="SELECT s.name, c.entered, c.at FROM segment_changes c JOIN segments s ON s.id = c.segment_id"
        " WHERE c.customer_id = ANY(:people)",
        scrub="DELETE FROM segment_changes WHERE customer_id = ANY(:people)",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    named_in(
        "segments",
        ("slug", "name", "description", "messaging_strategy"),
        ("rules", "recommended_offers"),
        name="name",
        also="updated_at = now()",
    ),
)
"""Where the shop's own words may name somebody."""
