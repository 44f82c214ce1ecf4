"""Links of messages, and messages somebody asked for; what a campaign sends stands in the ledger."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import SQLModel

from liquor_app.core.columns import blob, choice, flag, moment, pk, plain_uuid, ref, stamped, whole, words
from liquor_app.core.platform.named_in import named_in
from liquor_app.core.platform.personal_data import Personal
from liquor_app.core.platform.retention import Kept
from liquor_app.core.states import Transitions
from liquor_app.organization.channel import Channel


class TrackedLink(SQLModel, table=True):
    """Where a short link leads; one row per campaign and address. An address outlives its campaign: texts are kept."""

    __tablename__ = "tracked_links"
    __table_args__ = (Index("ix_tracked_links_campaign", "campaign_id"),)

    id: UUID = pk()
    campaign_id: UUID | None = ref("campaigns.id", ondelete="SET NULL", nullable=True)
    url: str = words()
    label: str | None = words(nullable=True)
    created_at: datetime = stamped()


class ShortLink(SQLModel, table=True):
    """A link of one text message: `code` follows from message and place, and cannot be guessed."""

    __tablename__ = "short_links"

    code: str = words(primary=True)
    send_id: UUID = plain_uuid(nullable=False)
    link_id: UUID = ref("tracked_links.id")
    place: int = whole(default=1, small=True)


class ReplyStatus(StrEnum):
    OPEN = "open"
    """Nobody has read it yet: nothing more goes to its number or address."""
    NO = "no"
    """It was a no: the number or address was taken off, as by STOP."""
    READ = "read"
    """It asked for nothing that binds us."""


REPLY = Transitions("reply somebody wrote to us", {ReplyStatus.OPEN: [ReplyStatus.NO, ReplyStatus.READ]})


class Proof(StrEnum):
    """Whose word an e-mail is. A text is its number's."""

    ANSWER = "answer"
    """It answers a message of ours by its name, which only who got it knows."""
    PASSED = "passed"
    """The author's domain sent it (DKIM or SPF)."""
    FAILED = "failed"
    NOT_TOLD = "not_told"
    """The provider says nothing of it."""


class Reply(SQLModel, table=True):
    """A text or an e-mail people wrote to us that no rule understands: a task for a person; and an e-mail that was a
    no. `status` is a `ReplyStatus`. One that does not hold (`holds`) waits as a task and lets messages go on."""

    __tablename__ = "replies"
    __table_args__ = (
        UniqueConstraint("provider", "event_id"),
        Index("ix_replies_open", "address_hash", postgresql_where=text("status = 'open'")),
        Index("ix_replies_received", "received_at", "id"),
        Index("ix_replies_customer", "customer_id"),
    )

    id: UUID = pk()
    provider: str = words()
    event_id: str = words()
    medium: Channel = choice("medium", Channel, Channel.SMS)
    address: str = words()
    address_hash: bytes = blob(nullable=False)
    customer_id: UUID | None = ref("customers.id", ondelete="SET NULL", nullable=True)
    body: str = words()
    proof: Proof = choice("proof", Proof, Proof.NOT_TOLD)
    holds: bool = flag(default=True)
    status: ReplyStatus = choice("status", ReplyStatus, ReplyStatus.OPEN)
    read_by: str = words(default="")
    read_at: datetime | None = moment()
    received_at: datetime = stamped()


class ErrandStatus(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It left and no answer came."""


ERRAND = Transitions(
    "message somebody asked for",
    {
        ErrandStatus.WAITING: [ErrandStatus.SENDING],
        ErrandStatus.SENDING: [ErrandStatus.SENT, ErrandStatus.FAILED, ErrandStatus.UNKNOWN],
        # the answer came after all
        ErrandStatus.UNKNOWN: [ErrandStatus.SENT, ErrandStatus.FAILED],
    },
)


class ServiceMessage(SQLModel, table=True):
    """A message somebody asked for (a confirmation, an age link): no offer, no campaign, no place in the ledger. Kept
    so that nobody gets too many, and to show what was sent when. `status` is an `ErrandStatus`."""

    __tablename__ = "service_messages"
    __table_args__ = (
        Index("ix_service_messages_address", "address_hash", "created_at"),
        Index("ix_service_messages_customer", "customer_id", "created_at"),
        Index("ix_service_messages_created_at", "created_at", postgresql_using="brin"),
    )

    id: UUID = pk()
    customer_id: UUID | None = ref("customers.id", ondelete="SET NULL", nullable=True)
    sign_up_id: UUID | None = plain_uuid()
    kind: str = words()
    channel: str = words()
    address_hash: bytes = blob(nullable=False)
    status: str = words()
    provider: str | None = words(nullable=True)
    provider_message_id: str | None = words(nullable=True)
    detail: str | None = words(nullable=True)
    created_at: datetime = stamped()


KEPT = (
    Kept("service_messages", "created_at", "sends_days"),
    # what nobody has read yet holds messages back
    Kept("replies", "received_at", "sends_days", only="t.status <> 'open'"),
)
"""How long rows are kept."""

PERSONAL = (
    Personal(
        "replies",
        rows="SELECT medium, address, body, proof, status, received_at FROM replies WHERE customer_id ="
        " ANY(:people) OR (customer_id IS NULL AND address_hash = ANY(:hashes))",
        scrub="DELETE FROM replies WHERE customer_id = ANY(:people) OR (customer_id IS NULL AND address_hash ="
        " ANY(:hashes))",
    ),
    Personal(
        "service_messages",
        rows="SELECT kind, channel, status, provider, detail, created_at FROM service_messages WHERE"
        " customer_id = ANY(:people) OR (customer_id IS NULL AND address_hash = ANY(:hashes))",
        scrub="UPDATE service_messages SET detail = NULL WHERE customer_id = ANY(:people) OR (customer_id IS"
        " NULL AND address_hash = ANY(:hashes))",
        why="that a message somebody asked for went out, by a keyed hash",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    named_in("tracked_links", ("url", "label"), name="url"),
    named_in("replies", ("body",), name="medium"),  # what others answered
    named_in("service_messages", ("detail",), name="kind"),
)
"""Where the shop's own words may name somebody."""
