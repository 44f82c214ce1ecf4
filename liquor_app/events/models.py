"""The append-only log of everything that happened to a customer."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import SQLModel

from liquor_app.core.columns import document, pk, plain_uuid, ref, stamped, words
from liquor_app.core.platform.named_in import named_in
from liquor_app.core.platform.personal_data import Personal
from liquor_app.core.platform.retention import Kept


class EventType(StrEnum):
    """Well-known event types; a shop may post its own besides."""

    PAGE_VIEW = "page_view"
    PURCHASE = "purchase"
    EMAIL_SENT = "email_sent"
    SMS_SENT = "sms_sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    EMAIL_OPEN = "email_open"
    LINK_CLICK = "link_click"
    UNSUBSCRIBED = "unsubscribed"
    CONVERSION = "conversion"
    """An order that is attributed to a message."""
    REDEMPTION = "redemption"
    """What a message offered was taken up, and no order is attributed to it for that."""
    SKIPPED = "skipped"
    FAILED = "failed"


class AnalyticsEvent(SQLModel, table=True):
    """Time series (hypertable or monthly partitions). `send_id` has no foreign key: `sends` is partitioned too."""

    __tablename__ = "analytics_events"
    __table_args__ = (
        Index("ix_analytics_events_type", "event_type", "occurred_at"),
        Index("ix_analytics_events_customer", "customer_id", "occurred_at"),
        Index("ix_analytics_events_campaign", "campaign_id", "occurred_at"),
        Index("ix_analytics_events_send", "send_id"),
        {"postgresql_partition_by": "RANGE (occurred_at)"},
    )

    id: UUID = pk()
    occurred_at: datetime = stamped(primary=True)
    event_type: str = words()
    customer_id: UUID | None = ref("customers.id", ondelete="SET NULL", nullable=True)
    campaign_id: UUID | None = ref("campaigns.id", ondelete="SET NULL", nullable=True)
    send_id: UUID | None = plain_uuid()
    properties: dict[str, Any] = document(empty="{}")


KEPT = (Kept("analytics_events", "occurred_at", "events_days", key=("id", "occurred_at")),)
"""How long rows are kept."""

PERSONAL = (
    Personal(
        "analytics_events",
        rows="SELECT id, occurred_at, event_type, campaign_id, send_id, properties FROM analytics_events WHERE"
        " customer_id = ANY(:people) OR send_id = ANY(:sends)",
        scrub="UPDATE analytics_events SET properties = (SELECT COALESCE(jsonb_object_agg(p.key, p.value),"
        " jsonb_build_object())"
        " FROM jsonb_each(properties) p WHERE jsonb_typeof(p.value) IN ('boolean', 'number')) WHERE"
        " (customer_id = ANY(:people) OR send_id = ANY(:sends)) AND properties <> jsonb_build_object()",
        why="what happened and when, which figures are made of; of its properties sums and yes or no",
    ),
)
"""What rows hold of a person."""

MENTIONS = (named_in("analytics_events", ("event_type",), ("properties",), name="event_type"),)
"""Where the shop's own words may name somebody."""
