"""The send ledger: one row per message, and the small tables that keep it unique."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.schema import PrimaryKeyConstraint
from sqlmodel import SQLModel

from liquor_app.core.columns import (
    choice,
    document,
    exact,
    moment,
    pk,
    plain_uuid,
    ref,
    stamped,
    texts,
    whole,
    words,
)
from liquor_app.core.platform.named_in import named_in, names_them, spoken
from liquor_app.core.platform.personal_data import Personal
from liquor_app.core.platform.retention import Kept
from liquor_app.core.states import Transitions
from liquor_app.organization.models import Channel

LONGEST_CAMPAIGN_DAYS = 45
"""A message is made at most so long before it is sent: what asks for those sent from a day on spares partitions made
before that."""


class SendStatus(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """The request left and no answer came: neither lost nor repeated silently."""


ON_ITS_WAY = (SendStatus.CLAIMED, SendStatus.SENDING)
"""In a worker's hands."""
UNFINISHED = (SendStatus.PENDING, *ON_ITS_WAY)
"""Something still becomes of it by itself."""
CONTACTS = (*ON_ITS_WAY, SendStatus.SENT, SendStatus.DELIVERED, SendStatus.BOUNCED, SendStatus.COMPLAINED,
            SendStatus.UNKNOWN)  # fmt: skip
"""What counts as a contact: everything that has reached somebody, may have, or is about to."""
REACHED = (SendStatus.SENT, SendStatus.DELIVERED)
"""As far as anybody knows it is there."""


SEND = Transitions(
    "send",
    {
        SendStatus.PENDING: [SendStatus.CLAIMED, SendStatus.SKIPPED, SendStatus.CANCELLED],
        SendStatus.CLAIMED: [SendStatus.PENDING, SendStatus.SENDING, SendStatus.SKIPPED, SendStatus.CANCELLED],
        SendStatus.SENDING: [
            SendStatus.SENT,
            SendStatus.DELIVERED,
            SendStatus.BOUNCED,
            SendStatus.COMPLAINED,
            SendStatus.FAILED,
            SendStatus.UNKNOWN,
            SendStatus.PENDING,
        ],
        SendStatus.UNKNOWN: [
            SendStatus.SENT,
            SendStatus.DELIVERED,
            SendStatus.BOUNCED,
            SendStatus.COMPLAINED,
            SendStatus.FAILED,
            SendStatus.PENDING,
        ],
        SendStatus.SENT: [SendStatus.DELIVERED, SendStatus.BOUNCED, SendStatus.COMPLAINED, SendStatus.FAILED],
        SendStatus.DELIVERED: [SendStatus.BOUNCED, SendStatus.COMPLAINED],
        SendStatus.BOUNCED: [SendStatus.COMPLAINED],
        # a provider may give a message up and deliver it after all
        SendStatus.FAILED: [SendStatus.DELIVERED, SendStatus.BOUNCED, SendStatus.COMPLAINED],
    },
)


class Send(SQLModel, table=True):
    """Time series by `created_at`, which is the time inside `id`, so a look-up by id touches one partition.

    What is said stands in `body_html` and `body_text`, or in a stencil with `body_values` in its holes.
    `contact_at` is when the customer was contacted by the campaign's own clock (real time, or the played
    week's); frequency caps count it. `sent_at` is always real time.
    `redeemed_at`: what it offered was taken up, by its code or as a history tells; `converted_at`: an order of the
    shop's was attributed to it. Either may be without the other.
    """

    __tablename__ = "sends"
    __table_args__ = (
        PrimaryKeyConstraint("id", "created_at"),
        Index("ix_sends_due", "campaign_id", "not_before", postgresql_where=text("status = 'pending'")),
        Index("ix_sends_lease", "lease_until", postgresql_where=text("status IN ('claimed', 'sending', 'unknown')")),
        Index("ix_sends_action", "action_id"),
        Index("ix_sends_customer", "customer_id", "contact_at"),
        Index("ix_sends_campaign", "campaign_id", "status"),
        Index("ix_sends_recent", "created_at", "id"),
        Index(
            "ix_sends_status",
            "status",
            "created_at",
            "id",  # what waits and is on its way has its own
            postgresql_where=text(
                "status IN ('sent', 'delivered', 'bounced', 'complained', 'skipped', 'failed', 'cancelled', 'unknown')"
            ),
        ),
        Index("ix_sends_sent", "sent_at", "id", postgresql_where=text("sent_at IS NOT NULL")),
        Index("ix_sends_message", "provider_message_id", postgresql_where=text("provider_message_id IS NOT NULL")),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: UUID = plain_uuid(nullable=False)
    created_at: datetime = stamped()
    action_id: UUID | None = ref("actions.id", nullable=True)
    customer_id: UUID | None = ref("customers.id", ondelete="SET NULL", nullable=True)
    campaign_id: UUID | None = ref("campaigns.id", ondelete="SET NULL", nullable=True)

    channel: Channel = choice("channel", Channel)
    recipient: str = words()
    subject: str | None = words(nullable=True)
    body_html: str | None = words(nullable=True)
    body_text: str | None = words(nullable=True)
    stencil_id: UUID | None = plain_uuid()
    body_values: dict[str, Any] | None = document()
    template_version_id: UUID | None = plain_uuid()
    variant: str | None = words(nullable=True)
    """Of the campaign's A/B test, as drawn when it was launched; None of whoever is in none."""

    status: SendStatus = choice("status", SendStatus, SendStatus.PENDING)
    not_before: datetime = moment(nullable=False)
    expires_at: datetime | None = moment()
    claim_token: UUID | None = plain_uuid()
    lease_until: datetime | None = moment()
    attempt: int = whole(default=1)
    batch_id: UUID | None = plain_uuid()
    provider: str | None = words(nullable=True)
    provider_message_id: str | None = words(nullable=True)
    contact_at: datetime | None = moment()

    sent_at: datetime | None = moment()
    delivered_at: datetime | None = moment()
    opened_at: datetime | None = moment()
    clicked_at: datetime | None = moment()
    bounced_at: datetime | None = moment()
    complained_at: datetime | None = moment()
    unsubscribed_at: datetime | None = moment()
    redeemed_at: datetime | None = moment()
    converted_at: datetime | None = moment()
    conversion_value: Decimal | None = exact(12, nullable=True)
    conversion_inferred: bool | None = None

    skip_reason: str | None = words(nullable=True)
    error_code: str | None = words(nullable=True)
    error_message: str | None = words(nullable=True)
    retry_count: int = whole()
    note: str | None = words(nullable=True)


class StencilRow(SQLModel, table=True):
    """What many messages say alike: literal, hole, literal, hole, …, literal. Named after its content."""

    __tablename__ = "stencils"

    id: UUID = plain_uuid(primary=True)
    html: list[str] = texts()
    text: list[str] = texts()
    links: dict[str, str] = document(nullable=False, empty="{}")
    created_at: datetime = stamped()


class SendKey(SQLModel, table=True):
    """Uniqueness of (action, channel, attempt), which the partitioned ledger itself cannot express."""

    __tablename__ = "send_keys"

    action_id: UUID = ref("actions.id")
    channel: str = words()
    attempt: int = whole(default=1)
    send_id: UUID = plain_uuid(nullable=False)

    __table_args__ = (
        PrimaryKeyConstraint("action_id", "channel", "attempt"),
        Index("ix_send_keys_send", "send_id"),
    )


class WebhookReceipt(SQLModel, table=True):
    """Every inbound provider event once; the raw event is kept.

    One whose message is not known yet is tried again at `due_at`, a bounded number of times.
    """

    __tablename__ = "webhook_receipts"
    __table_args__ = (Index("ix_webhook_receipts_open", "due_at", postgresql_where=text("processed_at IS NULL")),)

    provider: str = words(primary=True)
    event_id: str = words(primary=True)
    kind: str = words(default="")
    send_id: UUID | None = plain_uuid()
    payload: dict[str, Any] = document(empty="{}")
    received_at: datetime = stamped()
    processed_at: datetime | None = moment()
    error: str | None = words(nullable=True)
    tries: int = whole(small=True)
    due_at: datetime = stamped()


class Recount(SQLModel, table=True):
    """An hour of sending about whose messages something was learned so late that the daily roll-ups no longer look.

    Only ever appended to, so that nobody waits for anybody; the next roll-up takes all there are.
    """

    __tablename__ = "recounts"

    id: UUID = pk()
    sent_hour: datetime = moment(nullable=False)
    campaign_id: UUID | None = plain_uuid()


KEPT = (
    Kept("sends", "created_at", "sends_days", key=("id", "created_at")),
    # what a message says is kept as long as the message
    Kept("stencils", "created_at", "sends_days", only="NOT EXISTS (SELECT FROM sends s WHERE s.stencil_id = t.id)"),
    Kept("webhook_receipts", "processed_at", 90, key=("provider", "event_id")),
)
"""How long rows are kept."""

_RECEIPT = names_them(spoken(["payload", "error"]), ":words")

PERSONAL = (
    Personal(
        "stencils",
        rows="SELECT html, text FROM stencils WHERE id IN (SELECT stencil_id FROM sends WHERE id = ANY(:sends))",
        scrub="DELETE FROM stencils t WHERE EXISTS (SELECT FROM sends s WHERE s.stencil_id = t.id AND s.id ="
        " ANY(:sends)) AND NOT EXISTS (SELECT FROM sends s WHERE s.stencil_id = t.id AND s.id <>"
        " ALL(:sends))",
        why="what others were written as well",
    ),
    Personal(
        "sends",
        rows="SELECT * FROM sends WHERE id = ANY(:sends)",
        scrub="UPDATE sends SET recipient = '', subject = NULL, body_html = NULL, body_text = NULL, stencil_id ="
        " NULL, body_values = NULL, error_message = NULL, note = NULL WHERE id = ANY(:sends)",
        why="evidence: that a message went to a profile, when, and what became of it",
    ),
    Personal(
        "webhook_receipts",
        rows="SELECT provider, event_id, kind, payload, received_at FROM webhook_receipts WHERE send_id ="
        f" ANY(:sends) OR {_RECEIPT}",
        scrub="UPDATE webhook_receipts SET payload = jsonb_build_object(), error = NULL, processed_at ="
        " COALESCE(processed_at,"
        f" now()) WHERE send_id = ANY(:sends) OR {_RECEIPT}",
        why="that an event came, so that it counts once",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    named_in("stencils", (), ("links",), ("html", "text"), name="'message'"),  # what many were written
    named_in(
        "sends",  # what others were written, and what was said of it
        ("subject", "body_html", "body_text", "error_message", "note"),
        ("body_values",),
        name="status",
    ),
)
"""Where the shop's own words may name somebody."""
