"""The sandbox's outbox: what would have left the house."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.schema import PrimaryKeyConstraint
from sqlmodel import SQLModel

from liquor_app.core.columns import document, pk, plain_uuid, stamped, whole, words


class OutboxMessage(SQLModel, table=True):
    """A message the sandbox accepted. Not unique by send: a repeat must be visible, not hidden."""

    __tablename__ = "outbox_messages"
    __table_args__ = (
        Index("ix_outbox_messages_send", "send_id"),
        Index("ix_outbox_messages_accepted", "accepted_at"),
    )

    id: UUID = pk()
    send_id: UUID | None = plain_uuid()
    campaign_id: UUID | None = plain_uuid()
    channel: str = words()
    sender: str = words()
    recipient: str = words()
    subject: str | None = words(nullable=True)
    body_html: str | None = words(nullable=True)
    body_text: str | None = words(nullable=True)
    headers: dict[str, Any] = document(empty="{}")
    accepted_at: datetime = stamped()


class SenderDay(SQLModel, table=True):
    """Messages a sender was allowed to hand to a provider on a day (UTC) while it warms up."""

    __tablename__ = "sender_days"
    __table_args__ = (PrimaryKeyConstraint("provider", "sender", "day"),)

    provider: str = words()
    sender: str = words()
    day: date
    used: int = whole()
