"""What others are told of as it happens here: where to, what, and how far each telling has come."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from liquor_app.core.columns import blob, choice, flag, moment, pk, plain_uuid, ref, stamped, texts, whole, words
from liquor_app.core.platform.named_in import named_in
from liquor_app.core.platform.personal_data import Mention
from liquor_app.core.platform.retention import Kept
from liquor_app.core.states import Transitions

KEPT_DAYS = 30


class Happened(StrEnum):
    """What an endpoint may ask for. Stored and sent as they stand here."""

    CUSTOMER_CREATED = "customer.created"
    CUSTOMER_UPDATED = "customer.updated"
    PURCHASE_CREATED = "purchase.created"
    CAMPAIGN_APPROVED = "campaign.approved"
    CAMPAIGN_FINISHED = "campaign.finished"
    SEND_DELIVERED = "send.delivered"
    SEND_BOUNCED = "send.bounced"
    SUPPRESSION_ADDED = "suppression.added"
    IMPORT_FINISHED = "import.finished"
    TEST = "webhook.test"
    """Sent by hand, to one endpoint; nobody asks for it."""

    @property
    def label(self) -> str:
        """As people say it: "Purchase added"."""
        return _SAID[self]


_SAID = {
    Happened.CUSTOMER_CREATED: "Customer added", Happened.CUSTOMER_UPDATED: "Customer changed",
    Happened.PURCHASE_CREATED: "Purchase added", Happened.CAMPAIGN_APPROVED: "Campaign approved",
    Happened.CAMPAIGN_FINISHED: "Campaign finished", Happened.SEND_DELIVERED: "Message delivered",
    Happened.SEND_BOUNCED: "Message bounced", Happened.SUPPRESSION_ADDED: "Address suppressed",
    Happened.IMPORT_FINISHED: "Import finished", Happened.TEST: "Test",
}  # fmt: skip


ASKED_FOR = tuple(one for one in Happened if one is not Happened.TEST)


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up: it was tried for three days, or the endpoint is gone."""

    @property
    def label(self) -> str:
        return self.value.capitalize()


DELIVERY = Transitions(
    "delivery",
    {
        DeliveryStatus.PENDING: [DeliveryStatus.PENDING, DeliveryStatus.DELIVERED, DeliveryStatus.FAILED],
        # again, because somebody asked
        DeliveryStatus.DELIVERED: [DeliveryStatus.PENDING],
        DeliveryStatus.FAILED: [DeliveryStatus.PENDING],
    },
)


class WebhookEndpoint(SQLModel, table=True):
    """An address of somebody's program, and what it wants to hear. The secret signs what is sent to it."""

    __tablename__ = "webhook_endpoints"

    id: UUID = pk()
    url: str = words()
    description: str = words(default="")
    events: list[str] = texts()
    secret_encrypted: bytes = blob(nullable=False)
    is_active: bool = flag(default=True)
    disabled_reason: str | None = words(nullable=True)
    """Why we stopped telling it; NULL where somebody paused it."""
    failing_since: datetime | None = moment()
    """The first failure since it last took anything."""
    last_success_at: datetime | None = moment()
    created_by: UUID | None = plain_uuid()
    created_at: datetime = stamped()


class OutboxEvent(SQLModel, table=True):
    """The outbox: written by the transaction in which it happened. `payload` is sent as it stands here, to the byte."""

    __tablename__ = "webhook_events"
    __table_args__ = (Index("ix_webhook_events_created", "created_at", "id"),)

    id: UUID = pk()
    type: Happened = choice("type", Happened)
    payload: str = words()
    created_at: datetime = stamped()


class WebhookDelivery(SQLModel, table=True):
    """One event for one endpoint. Whoever tries it moves `next_at` first: it is due again if they die."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_due", "endpoint_id", "next_at", postgresql_where=text("status = 'pending'")),
        Index("ix_webhook_deliveries_endpoint", "endpoint_id", "created_at", "id"),
        Index("ix_webhook_deliveries_created", "created_at", "id"),
        Index("uq_webhook_deliveries_event", "event_id", "endpoint_id", unique=True),
    )

    id: UUID = pk()
    event_id: UUID = ref("webhook_events.id")
    endpoint_id: UUID = ref("webhook_endpoints.id")
    status: DeliveryStatus = choice("status", DeliveryStatus, DeliveryStatus.PENDING)
    attempts: int = whole()
    next_at: datetime = stamped()
    last_at: datetime | None = moment()
    response_code: int | None = whole(nullable=True)
    error: str | None = words(nullable=True)
    """In our words: what a stranger's server answers is never kept."""
    created_at: datetime = stamped()


KEPT = (Kept("webhook_deliveries", "created_at", KEPT_DAYS), Kept("webhook_events", "created_at", KEPT_DAYS))
"""How long rows are kept."""

MENTIONS = (
    named_in("webhook_endpoints", ("description", "disabled_reason"), name="description"),
    Mention(
        "webhook_endpoints",  # another address is another program
        rows="SELECT id, url AS name FROM webhook_endpoints WHERE url ~* :named ORDER BY id",
        link="/settings/webhooks",
    ),
    named_in("webhook_deliveries", ("error",)),
    named_in("webhook_events", ("payload",)),
)
"""Where the shop's own words may name somebody."""
