"""Providers as they are configured, how young senders warm up, and the sandbox's outbox: what would have left the
house."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.schema import PrimaryKeyConstraint
from sqlmodel import SQLModel

from liquor_app.core.columns import (
    blob,
    choice,
    document,
    exact,
    flag,
    moment,
    pk,
    plain_uuid,
    stamped,
    texts,
    whole,
    words,
)
from liquor_app.core.platform.named_in import named_in, names_them
from liquor_app.core.platform.personal_data import Personal
from liquor_app.core.platform.retention import Kept
from liquor_app.organization.channel import Channel


class ChannelProvider(SQLModel, table=True):
    """A configured provider of a channel; the lowest `position` that is enabled and healthy is used.

    `failures` in a row have opened its circuit, until `paused_until`; then one worker tries a few messages. A warm-up
    lets each sender begin with `warmup_first_day` messages on `warmup_from` and grow by `warmup_growth_pct` a day.
    """

    __tablename__ = "channels"
    __table_args__ = (UniqueConstraint("channel", "provider"),)

    id: UUID = pk()
    channel: Channel = choice("channel", Channel)
    provider: str = words()
    config_encrypted: bytes | None = blob()
    is_enabled: bool = flag(default=True)
    position: int = whole()
    rate_per_second: int = whole(default=100)
    cost_per_message: Any = exact(8, scale=4)
    paused_until: datetime | None = moment()
    pause_reason: str | None = words(nullable=True)
    failures: int = whole()
    warmup_from: date | None = None
    warmup_first_day: int = whole(default=200)
    warmup_growth_pct: int = whole(default=50)
    created_at: datetime = stamped()
    updated_at: datetime = stamped()


class OutboxMessage(SQLModel, table=True):
    """A message the sandbox accepted. Not unique by send: a repeat must be visible, not hidden."""

    __tablename__ = "outbox_messages"
    __table_args__ = (
        Index("ix_outbox_messages_send", "send_id"),
        Index("ix_outbox_messages_accepted", "accepted_at", "id"),
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


class SenderCheck(SQLModel, table=True):
    """What the last look at a sending domain's SPF, DKIM and DMARC found, by provider; `selectors` and `envelope` are
    what the shop told us. `provider` is empty while all mail stays in the house."""

    __tablename__ = "sender_checks"
    __table_args__ = (PrimaryKeyConstraint("domain", "provider"),)

    domain: str = words()
    provider: str = words()
    selectors: list[str] = texts()
    envelope: str = words(default="")
    verdict: str = words(default="unknown")
    findings: list[dict[str, Any]] = document(empty="[]")
    checked_at: datetime | None = moment()


KEPT = (Kept("outbox_messages", "accepted_at", "outbox_days"),)
"""How long rows are kept."""

_SAID = names_them("concat_ws(' ', subject, body_text, headers)", ":words")
_WRITTEN = names_them("concat_ws(' ', recipient, subject, body_text, body_html, headers)", ":words")
PERSONAL = (
    Personal(
        "outbox_messages",
        rows="SELECT * FROM outbox_messages WHERE send_id = ANY(:sends) OR lower(recipient) = ANY(:addresses)"
        f" OR {_SAID}",
        scrub="DELETE FROM outbox_messages WHERE send_id = ANY(:sends) OR lower(recipient) = ANY(:addresses) OR"
        f" {_WRITTEN}",
    ),
)
"""What rows hold of a person."""

MENTIONS = (named_in("channels", ("pause_reason",), key="provider"),)
"""Where the shop's own words may name somebody."""
