"""The way out: a signed link that needs no sign-in, does not expire and shows no address (RFC 8058)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.core.ids import parse_id, uuid7_time
from liquor_app.core.pubsub import publish
from liquor_app.core.security.crypto import sign, unsign
from liquor_app.customers.addresses import address_hash, normalise_email, normalise_phone
from liquor_app.customers.consents import record_consent, suppress_address
from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.customers.recipient_consent import is_last_no
from liquor_app.events.models import EventType
from liquor_app.events.service import NewEvent, record_events
from liquor_app.ledger.send_status import mark_unsubscribed
from liquor_app.organization.models import Channel
from liquor_app.sending.recipients.page_branding import BRAND_COLUMNS, Look, look_of
from liquor_app.sending.recipients.suppression_status import Owned, lift_own

PATH, AGAIN = "/u", "/again"
"""`GET` shows a page that asks, `POST` unsubscribes: scanners follow links, and only a POST may change anything."""

GONE = "We no longer know this address, and will not write to it."
BARRED = (
    "We cannot write to this address: messages to it came back, or somebody there asked us to stop."
    " Please write to the shop if that is wrong."
)
ANOTHER = "This message went to an address that is no longer the one we have. Please use a newer one, or sign up again."

_PURPOSE = "unsubscribe"
WORDING = "unsubscribe-1"
"""Version of the words on the page, for the evidence."""

_SEND = f"""
SELECT s.id, s.customer_id, s.campaign_id, s.channel, s.recipient, b.name, b.primary_color, b.logo_url,
       COALESCE(CASE s.channel WHEN 'email' THEN c.email_key ELSE c.phone END, lower(s.recipient)) AS address,
       CASE WHEN c.deleted_at IS NULL THEN CASE s.channel WHEN 'email' THEN c.email_consent ELSE c.sms_consent END END
           AS consent,
       c.id IS NOT NULL AND c.deleted_at IS NULL AS is_known
FROM sends s
LEFT JOIN customers c ON c.id = s.customer_id
LEFT JOIN campaigns k ON k.id = s.campaign_id
LEFT JOIN LATERAL (
    SELECT {BRAND_COLUMNS} FROM brands ORDER BY id = k.brand_id DESC NULLS LAST, is_default DESC LIMIT 1
) b ON true
WHERE s.id = :id AND s.created_at = :moment
"""

_LISTED = """
SELECT 1 FROM suppressions
WHERE lifted_at IS NULL AND address_hash = :hash AND (channel IS NULL OR channel = :channel)
LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class UnsubscribeView:
    """What the confirmation page shows; deliberately no address. `is_done` tells of now, not of once: somebody who
    came back can leave again by the same link. `can_undo` if there is still somebody to write to."""

    look: Look
    channel: str
    is_done: bool
    can_undo: bool = False

    @property
    def brand(self) -> str:
        return self.look.name


def message_token(send_id: UUID) -> str:
    """Tell what opens the pages of one message: its way out, its wishes, itself."""
    return sign(_PURPOSE, {"s": send_id.hex})


def unsubscribe_url(send_id: UUID) -> str:
    """Return the link of one message."""
    return f"{get_settings().base_url}{PATH}/{message_token(send_id)}"


async def unsubscribe_view(session: AsyncSession, token: str) -> UnsubscribeView:
    """Tell what a link is about. Changes nothing.

    Raises:
        Invalid: the link is not ours.
        NotFound: the message is no longer known.
    """
    row = await _find(session, token)
    return _view(row, is_done=await _is_out(session, row))


async def unsubscribe(
    session: AsyncSession, token: str, *, ip: str | None = None, user_agent: str | None = None
) -> UnsubscribeView:
    """Withdraw consent and suppress the address, at once and for good. A second time by the same link changes nothing;
    who was out by another's word, a merge's say, has now said so themselves.

    Raises:
        Invalid: the link is not ours.
        NotFound: the message is no longer known.
    """
    row = await _find(session, token, lock=True)
    channel = Channel(row.channel)
    was_out = await _is_out(session, row)
    if row.is_known and not (was_out and await is_last_no(session, row.customer_id, channel, row.id)):
        await record_consent(
            session,
            SYSTEM,
            row.customer_id,
            channel=channel,
            status=ConsentStatus.WITHDRAWN,
            source="unsubscribe link",
            ip=ip,
            wording_version=WORDING,
            evidence={"send_id": row.id, "user_agent": (user_agent or "")[:300]},
        )
    await suppress_address(
        session,
        row.address,
        reason=SuppressionReason.UNSUBSCRIBED,
        channel=channel,
        customer_id=row.customer_id,
        source="unsubscribe link",
    )
    if was_out:
        return _view(row, is_done=True)
    await mark_unsubscribed(session, row.id)
    await record_events(session, [NewEvent(EventType.UNSUBSCRIBED, row.customer_id, row.campaign_id, row.id)])
    publish(session, "sends", {"unsubscribed": row.id})
    return _view(row, is_done=True)


async def resubscribe(
    session: AsyncSession, token: str, *, ip: str | None = None, user_agent: str | None = None
) -> UnsubscribeView:
    """Take an unsubscribing back that was a mistake; for who is not out it changes nothing.

    Raises:
        Invalid: the link is not ours.
        NotFound: the message, or whom it went to, is no longer known.
        Conflict: more than their own unsubscribing keeps the address on the list, or the message went to an address
            that is no longer theirs: its reader cannot say yes for another.
    """
    row = await _find(session, token, lock=True)
    channel = Channel(row.channel)
    if not row.is_known:
        raise NotFound(GONE)
    if not await _is_out(session, row):
        return _view(row, is_done=False)
    if not is_same_address(channel, row.recipient, row.address):
        raise Conflict(ANOTHER)
    if not await lift_own(session, [Owned(channel, row.address, row.customer_id)]):
        raise Conflict(BARRED)
    await record_consent(
        session,
        SYSTEM,
        row.customer_id,
        channel=channel,
        status=ConsentStatus.GIVEN,
        source="unsubscribing undone",
        wording_version=WORDING,
        ip=ip,
        evidence={"send_id": row.id, "user_agent": (user_agent or "")[:300]},
    )
    publish(session, "sends", {"subscribed_again": row.id})
    return _view(row, is_done=False)


def _view(row: Row[Any], *, is_done: bool) -> UnsubscribeView:
    can_undo = row.is_known and is_same_address(Channel(row.channel), row.recipient, row.address)
    return UnsubscribeView(look_of(row), Channel(row.channel).label, is_done, can_undo)


def is_same_address(channel: Channel, went_to: str, normalised: str) -> bool:
    """Tell whether a message went to an address somebody has now: only who reads it there may say yes by its links."""
    try:
        was = normalise_email(went_to) if channel is Channel.EMAIL else normalise_phone(went_to, is_given_out=False)
    except Invalid:
        return False
    return was == normalised


async def _is_out(session: AsyncSession, row: Row[Any]) -> bool:
    """Tell whether nothing more is written to them on this channel, whatever was unsubscribed and taken back before."""
    return row.consent != ConsentStatus.GIVEN and await _is_listed(session, row)


async def _is_listed(session: AsyncSession, row: Row[Any]) -> bool:
    found = await session.execute(text(_LISTED), {"hash": address_hash(row.address), "channel": row.channel})
    return found.first() is not None


async def _find(session: AsyncSession, token: str, *, lock: bool = False) -> Row[Any]:
    send_id = message_of(token)
    found = await session.execute(
        text(_SEND + (" FOR UPDATE OF s" if lock else "")), {"id": send_id, "moment": uuid7_time(send_id)}
    )
    row = found.first()
    if row is None:
        raise NotFound("This message is no longer known here. Write to the shop to be taken off its list.")
    return row


def message_of(token: str) -> UUID:
    """Tell whose token this is.

    Raises:
        Invalid: it is not ours.
    """
    payload = unsign(_PURPOSE, token)
    if not isinstance(payload, dict) or "s" not in payload:
        raise Invalid("This link is damaged or incomplete. Please open it again from the message.", field="token")
    return parse_id(str(payload["s"]), "token")
