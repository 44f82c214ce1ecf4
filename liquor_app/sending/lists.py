"""The lists of messages: of the ledger, and of what the sandbox kept."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import Whole, add_up, read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import Page
from liquor_app.ledger.models import LONGEST_CAMPAIGN_DAYS, SendStatus
from liquor_app.organization.lists import CHANNEL_FILTER, by_shop_days
from liquor_app.sending.events.replies import ReplyRow
from liquor_app.sending.models import ReplyStatus
from liquor_app.sending.sandbox_outbox import OutboxRow, outbox_row
from liquor_app.sending.service import SendRow, send_row
from liquor_app.ui.status_looks import STATUS_WORDS


class Did(StrEnum):
    """What became of a message."""

    SENT = "sent"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    REDEEMED = "redeemed"
    BOUGHT = "bought"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"

    @property
    def column(self) -> str:
        """The moment in the ledger that tells of it."""
        return "converted_at" if self is Did.BOUGHT else f"{self.value}_at"


_DAY = "CAST(CAST(:{} AS date) AS timestamp) AT TIME ZONE :zone"
BY_COUPON = "(s.clicked_at IS NULL OR s.conversion_inferred IS FALSE)"
"""Whether a purchase belongs to message `s` by its coupon, not by a click: what was attributed without one was."""
_ATTRIBUTED = f"CASE WHEN {BY_COUPON} THEN 'coupon' ELSE 'click' END".replace("s.", "t.")

SENDS = ListSpec(
    name="sends",
    row=SendRow,
    source="sends t LEFT JOIN coupons o ON o.action_id = t.action_id LEFT JOIN customers c ON c.id = t.customer_id"
    " LEFT JOIN campaigns k ON k.id = t.campaign_id",
    counted="sends t",
    select={"campaign_name": "k.name", "customer_name": "COALESCE(c.name, c.email, c.phone, c.external_id)"},
    more={"coupon": "o.code"},
    build=send_row,
    order="-created_at",
    permission=Permission.SENDS_READ,
    export_permission=Permission.SENDS_PRIVATE,
    sorts=(Sort("created_at", first="-"),),
    filters=(
        Filter("campaign_id", "t.campaign_id", Match.ID, label="Of campaign"),
        Filter("customer_id", "t.customer_id", Match.ID),
        Filter("status", "t.status", options=tuple(SendStatus), label="Status", spoken=STATUS_WORDS),
        CHANNEL_FILTER,
        Filter(
            "did",
            " OR ".join(f"'{one}' = ANY(:did) AND t.{one.column} IS NOT NULL" for one in Did),
            options=tuple(Did), label="Did",
        ),
        Filter(
            "sent_from",
            f"t.sent_at >= {_DAY.format('sent_from')}"
            f" AND t.created_at >= ({_DAY.format('sent_from')}) - interval '{LONGEST_CAMPAIGN_DAYS} days'",
            Match.FROM, label="Sent from",
        ),
        Filter(
            "sent_until",
            "t.sent_at < CAST(CAST(:sent_until AS date) + 1 AS timestamp) AT TIME ZONE :zone"
            " AND t.created_at < CAST(CAST(:sent_until AS date) + 1 AS timestamp) AT TIME ZONE :zone",
            Match.UNTIL, label="Sent until",
        ),
        Filter("of_campaigns", "(t.campaign_id IS NOT NULL)", Match.FLAG, label="Sent by"),
        Filter(
            "played",
            "EXISTS (SELECT FROM campaigns y WHERE y.id = t.campaign_id AND y.virtual_now IS NOT NULL)",
            Match.FLAG, label="Played weeks",
        ),
        Filter(
            "segment", "EXISTS (SELECT FROM actions a WHERE a.id = t.action_id AND a.segment_slug = :segment)",
            Match.EXACT,
        ),
        Filter(
            "attributed", f"t.converted_at IS NOT NULL AND {_ATTRIBUTED} = ANY(:attributed)",
            options=("click", "coupon"),
        ),
    ),
    export={
        "id": "id", "created_at": "made", "campaign_name": "campaign", "customer_name": "customer",
        "channel": "channel", "recipient": "to", "subject": "subject", "status": "status", "provider": "provider",
        "sent_at": "sent", "delivered_at": "delivered", "opened_at": "opened", "clicked_at": "clicked",
        "bounced_at": "bounced", "complained_at": "complained", "unsubscribed_at": "unsubscribed",
        "redeemed_at": "redeemed", "converted_at": "bought", "conversion_value": "value",
        "skip_reason": "not sent because", "error_message": "error",
    },
)  # fmt: skip

REPLIES = ListSpec(
    name="replies",
    row=ReplyRow,
    source="replies t LEFT JOIN customers c ON c.id = t.customer_id",
    counted="replies t",
    select={
        "customer_name": "COALESCE(c.name, c.email, c.phone, c.external_id)", "sender": "t.address", "words": "t.body",
        "reader": "t.read_by", "channel": "t.medium", "sender_proof": "t.proof",
    },
    order="-received_at",
    permission=Permission.SENDS_PRIVATE,
    export_permission=Permission.SENDS_PRIVATE,
    sorts=(Sort("received_at", first="-"),),
    filters=(
        Filter("customer_id", "t.customer_id", Match.ID),
        Filter("status", "t.status", options=tuple(ReplyStatus), label="Status", spoken=STATUS_WORDS),
        replace(CHANNEL_FILTER, sql="t.medium"),
    ),
    export={
        "channel": "channel",
        "received_at": "received", "sender": "from", "customer_name": "customer", "words": "words",
        "sender_proof": "proof", "status": "status",
        "reader": "read by", "read_at": "read",
    },
)  # fmt: skip

LEFT_SENDS = replace(
    SENDS, where="t.sent_at IS NOT NULL", order="-sent_at", sorts=(Sort("sent_at", first="-"),),
    never_empty=frozenset({"sent_at"}),
)  # fmt: skip
"""Those that left the house, latest first: what a live list shows."""

# Without the coupon's code: who looks for one letter after the other would find it otherwise.
_FOUND = """
lower(t.recipient || ' ' || replace(COALESCE(t.subject, ''), COALESCE((
    SELECT c.code FROM sends s JOIN coupons c ON c.action_id = s.action_id
    WHERE s.id = t.send_id AND s.created_at = uuid_v7_time(t.send_id)
), chr(1)), '')) LIKE :search
"""

OUTBOX = ListSpec(
    name="outbox",
    row=OutboxRow,
    source="outbox_messages t LEFT JOIN campaigns k ON k.id = t.campaign_id"
    " LEFT JOIN sends s ON s.id = t.send_id AND s.created_at = uuid_v7_time(t.send_id)"
    " LEFT JOIN coupons c ON c.action_id = s.action_id",
    counted="outbox_messages t",
    select={"campaign_name": "k.name", "excerpt": "left(COALESCE(t.body_text, ''), 2000)"},
    more={"coupon": "c.code"},
    build=outbox_row,
    order="-accepted_at",
    permission=Permission.SENDS_READ,
    export_permission=Permission.SENDS_PRIVATE,
    sorts=(Sort("accepted_at", first="-"),),
    filters=(
        Filter("campaign_id", "t.campaign_id", Match.ID),
        Filter("send_id", "t.send_id", Match.ID),
        CHANNEL_FILTER,
    ),
    search=_FOUND,
)


async def list_sends(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[SendRow]:
    """Return a page of messages, newest first unless asked otherwise.

    Raises:
        Invalid: see `read_list`.
    """
    require(actor, Permission(SENDS.permission))
    return await read_list(session, actor, SENDS, await by_shop_days(session, query))


async def add_up_sends(session: AsyncSession, actor: Actor, query: ListQuery) -> Whole:
    """Count messages that match, and tell what the orders attributed to them came to.

    Raises:
        Invalid: see `read_list`.
    """
    require(actor, Permission(SENDS.permission))
    return await add_up(session, actor, SENDS, await by_shop_days(session, query), "conversion_value")


async def list_replies(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[ReplyRow]:
    """Return texts people wrote that no rule understands, newest first.

    Raises:
        Forbidden: the actor is not a manager: they are people's own words.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, REPLIES, query)


async def list_left(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[SendRow]:
    """Return a page of messages that left the house, latest first.

    Raises:
        Invalid: see `read_list`.
    """
    require(actor, Permission(LEFT_SENDS.permission))
    return await read_list(session, actor, LEFT_SENDS, await by_shop_days(session, query))


async def list_outbox(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[OutboxRow]:
    """Return a page of what the sandbox kept, latest first; a search looks into recipient and subject.

    Raises:
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, OUTBOX, query)
