"""Reading the ledger, and what a person may do with a message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.action_status import requeue_actions, settle_action
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.core.errors import Conflict, NotFound
from liquor_app.core.ids import uuid7_time
from liquor_app.core.paging import check_limit
from liquor_app.core.pubsub import publish
from liquor_app.ledger.claim_rows import REOPENED_DAYS
from liquor_app.ledger.models import SendStatus
from liquor_app.ledger.new_sends import add_attempt, latest_attempt
from liquor_app.ledger.send_status import settle_send
from liquor_app.sending.pipeline.stored_bodies import BODY_COLUMNS, BODY_JOIN, read_body
from liquor_app.templates.staff_copy import inert_html, inert_text

RESEND_DAYS = 3
REOPENABLE = (CampaignStatus.ACTIVE, CampaignStatus.PAUSED, CampaignStatus.COMPLETED)
RESENDABLE = (SendStatus.FAILED, SendStatus.UNKNOWN, SendStatus.BOUNCED)


@dataclass(frozen=True, slots=True)
class SendRow:
    """A message of the ledger with the names around it, without its body."""

    id: UUID
    created_at: datetime
    action_id: UUID | None
    campaign_id: UUID | None
    campaign_name: str | None
    customer_id: UUID | None
    customer_name: str | None
    channel: str
    recipient: str
    subject: str | None
    status: SendStatus
    not_before: datetime
    contact_at: datetime | None
    attempt: int
    retry_count: int
    provider: str | None
    provider_message_id: str | None
    sent_at: datetime | None
    delivered_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None
    bounced_at: datetime | None
    complained_at: datetime | None
    unsubscribed_at: datetime | None
    redeemed_at: datetime | None
    converted_at: datetime | None
    conversion_value: Decimal | None
    conversion_inferred: bool | None
    skip_reason: str | None
    error_code: str | None
    error_message: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class SendDetail:
    """A message with what it said, as staff may read it (`staff_copy`)."""

    send: SendRow
    body_html: str | None
    body_text: str | None
    template_version_id: UUID | None
    reason: str | None
    """Why this customer was chosen."""


@dataclass(frozen=True, slots=True)
class SendEventRow:
    at: datetime
    event_type: str
    properties: dict[str, Any]


_SEND = """
SELECT s.id, s.created_at, s.action_id, s.campaign_id, k.name AS campaign_name, s.customer_id,
       COALESCE(c.name, c.email, c.phone, c.external_id) AS customer_name, s.channel, s.recipient, s.subject,
       s.status, s.not_before, s.contact_at, s.attempt, s.retry_count, s.provider, s.provider_message_id, s.sent_at,
       s.delivered_at, s.opened_at, s.clicked_at, s.bounced_at, s.complained_at, s.unsubscribed_at, s.redeemed_at,
       s.converted_at, s.conversion_value, s.conversion_inferred,
       s.skip_reason, s.error_code, s.error_message, s.note, o.code AS coupon
       {more}
FROM sends s
LEFT JOIN coupons o ON o.action_id = s.action_id
LEFT JOIN customers c ON c.id = s.customer_id
LEFT JOIN campaigns k ON k.id = s.campaign_id
{joins}
"""


async def get_send(session: AsyncSession, actor: Actor, send_id: UUID) -> SendDetail:
    """Return one message with its body, its links inert and its code masked.

    Raises:
        NotFound: there is none.
    """
    require(actor, Permission.SENDS_READ)
    statement = _SEND.format(
        more=f", {BODY_COLUMNS}, s.template_version_id, a.reason",
        joins=f"LEFT JOIN actions a ON a.id = s.action_id {BODY_JOIN}",
    )
    found = await session.execute(
        text(f"{statement} WHERE s.id = :id AND s.created_at = :moment"),
        {"id": send_id, "moment": uuid7_time(send_id)},
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such message.")
    body = read_body(row, send_id)
    return SendDetail(
        send_row(row),
        inert_html(body.html, row["coupon"]),
        inert_text(body.text, row["coupon"]) or None,
        row["template_version_id"],
        row["reason"],
    )


async def send_events(session: AsyncSession, actor: Actor, send_id: UUID, *, limit: int = 100) -> list[SendEventRow]:
    """Tell what happened to a message, oldest first."""
    require(actor, Permission.SENDS_READ)
    found = await session.execute(
        text(
            "SELECT occurred_at AS at, event_type, properties FROM analytics_events"
            " WHERE send_id = :id AND occurred_at >= :moment ORDER BY occurred_at, id LIMIT :n"
        ),
        {"id": send_id, "moment": uuid7_time(send_id) - timedelta(days=1), "n": check_limit(limit)},
    )
    return [SendEventRow(row.at, row.event_type, _inert(row.properties)) for row in found]


def _inert(properties: dict[str, Any]) -> dict[str, Any]:
    """Providers tell clicks by the address that was clicked, which is the recipient's own."""
    return {name: inert_text(value) if isinstance(value, str) else value for name, value in properties.items()}


async def resend(session: AsyncSession, actor: Actor, send_id: UUID) -> SendRow:
    """Try a message again, as a new attempt with its own row; the old one stays as it is.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such message.
        Conflict: it did not fail, a newer attempt exists, or its campaign is no longer open.
    """
    require(actor, Permission.SENDS_WRITE)
    old = await _lock(session, send_id)
    if old.status not in RESENDABLE:
        allowed = ", ".join(RESENDABLE)
        raise Conflict(f"A message that is {old.status} is not sent again; only those that are {allowed} are.")
    if old.action_id is None or old.campaign_id is None:
        raise Conflict("The action or campaign of this message was deleted.")
    campaign = await open_campaign(session, old.campaign_id)
    latest = await latest_attempt(session, old.action_id, old.channel)
    if latest > old.attempt:
        raise Conflict(f"There is a newer attempt (number {latest}) of this message already.")
    ends = campaign.moment + timedelta(days=RESEND_DAYS)
    fresh = await add_attempt(
        session,
        send_id,
        action_id=old.action_id,
        channel=old.channel,
        attempt=latest + 1,
        due=campaign.moment,
        ends=ends,
    )
    await requeue_actions(session, [old.action_id])
    await audit(session, actor, "send.resent", "send", send_id, attempt=latest + 1, send_id=fresh)
    publish(session, f"campaign:{old.campaign_id}", {"resent": fresh})
    return (await get_send(session, actor, fresh)).send


async def open_campaign(session: AsyncSession, campaign_id: UUID) -> Any:
    """Return a campaign whose messages may be sent again, with its `moment` by its own clock.

    Raises:
        NotFound: there is none.
        Conflict: it has not begun, is over for too long, or its played week has ended.
    """
    campaign = (
        await session.execute(
            text(
                "SELECT status, virtual_now, COALESCE(virtual_now, now()) AS moment,"
                " completed_at > now() - make_interval(days => :days) AS is_recent FROM campaigns WHERE id = :id"
            ),
            {"id": campaign_id, "days": REOPENED_DAYS},
        )
    ).first()
    if campaign is None:
        raise NotFound("There is no such campaign.")
    over = campaign.status == CampaignStatus.COMPLETED
    if campaign.status not in REOPENABLE or (over and not campaign.is_recent):
        raise Conflict(f"The campaign is {campaign.status}; put the customers into a new one.")
    if over and campaign.virtual_now is not None:
        raise Conflict("The campaign's week was played and is over; its clock stands still.")
    return campaign


async def settle_unknown(session: AsyncSession, actor: Actor, send_id: UUID, *, was_sent: bool) -> SendRow:
    """Decide what nobody could know: it reached the customer, or it failed (and may then be sent again).

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such message.
        Conflict: its outcome is known.
    """
    require(actor, Permission.SENDS_WRITE)
    old = await _lock(session, send_id)
    if old.status != SendStatus.UNKNOWN:
        raise Conflict(f"This message is {old.status}; only an unknown outcome is decided by hand.")
    await settle_send(session, send_id, SendStatus(old.status), was_sent=was_sent, note=f"Settled by {actor.name}.")
    await settle_action(session, old.action_id, was_sent=was_sent)
    after = (await get_send(session, actor, send_id)).send
    await audit_change(
        session,
        actor,
        "send.settled",
        "send",
        send_id,
        before={"status": old.status},
        after={"status": after.status},
        was_sent=was_sent,
    )
    publish(session, f"campaign:{old.campaign_id}", {"settled": send_id})
    return after


async def _lock(session: AsyncSession, send_id: UUID) -> Any:
    found = await session.execute(
        text(
            "SELECT id, action_id, campaign_id, channel, attempt, status FROM sends"
            " WHERE id = :id AND created_at = :moment FOR UPDATE"
        ),
        {"id": send_id, "moment": uuid7_time(send_id)},
    )
    row = found.first()
    if row is None:
        raise NotFound("There is no such message.")
    return row


def send_row(values: Any) -> SendRow:
    """Return a message as selected, its links inert and its code masked."""
    known = {name: values[name] for name in SendRow.__slots__}
    subject = inert_text(values["subject"], values["coupon"])
    return SendRow(**{**known, "status": SendStatus(values["status"]), "subject": subject})
