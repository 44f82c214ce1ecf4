"""What the sandbox kept, for reading in the app."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import NotFound
from liquor_app.organization.models import Channel
from liquor_app.templates.rendering.sms_length import SmsSize, sms_size
from liquor_app.templates.staff_copy import inert_headers, inert_html, inert_text

EXCERPT = 160
"""Characters of a text shown in the list."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message the sandbox kept, without its body."""

    id: UUID
    send_id: UUID | None
    campaign_id: UUID | None
    campaign_name: str | None
    channel: str
    sender: str
    recipient: str
    subject: str | None
    excerpt: str
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message the sandbox kept, as staff may read it (`staff_copy`): what the recipient would have got, inert."""

    row: OutboxRow
    body_html: str | None
    body_text: str | None
    headers: dict[str, str]
    sms_size: SmsSize | None = None
    """Of a text: what was sent, counted before its links and code were masked."""


_OUTBOX = """
SELECT o.id, o.send_id, o.campaign_id, k.name AS campaign_name, o.channel, o.sender, o.recipient, o.subject,
       left(COALESCE(o.body_text, ''), 2000) AS excerpt, o.accepted_at, c.code AS coupon {more}
FROM outbox_messages o
LEFT JOIN campaigns k ON k.id = o.campaign_id
LEFT JOIN sends s ON s.id = o.send_id AND s.created_at = uuid_v7_time(o.send_id)
LEFT JOIN coupons c ON c.action_id = s.action_id
"""


async def get_outbox_message(session: AsyncSession, actor: Actor, message_id: UUID) -> OutboxMessage:
    """Return one message of the outbox with its body.

    Raises:
        NotFound: there is none.
    """
    require(actor, Permission.SENDS_READ)
    found = await session.execute(
        text(f"{_OUTBOX.format(more=', o.body_html, o.body_text, o.headers')} WHERE o.id = :id"), {"id": message_id}
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such message in the outbox.")
    return OutboxMessage(
        outbox_row(row),
        inert_html(row["body_html"], row["coupon"]),
        inert_text(row["body_text"], row["coupon"]),
        inert_headers(row["headers"]),
        sms_size(row["body_text"] or "") if row["channel"] == Channel.SMS else None,
    )


def outbox_row(found: Any) -> OutboxRow:
    """Return a kept message as selected, its links inert and its code masked."""
    code = found["coupon"]
    values = {name: found[name] for name in OutboxRow.__slots__}
    # cut after masking, so that no half of a link or code is left over at the end
    excerpt = (inert_text(found["excerpt"], code) or "")[:EXCERPT]
    return OutboxRow(**{**values, "subject": inert_text(found["subject"], code), "excerpt": excerpt})
