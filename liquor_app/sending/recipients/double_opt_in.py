"""Double opt-in: a consent that somebody else may have typed waits until the address itself has said yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.core.security.crypto import sign, unsign
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.consents import record_consent
from liquor_app.customers.models import ConsentStatus
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import PreferenceSettings, load_settings
from liquor_app.sending.recipients.page_branding import look_of
from liquor_app.sending.recipients.preferences import CONFIRM_PATH, WORDING, Ask, addresses_of, named, recipient_by_id
from liquor_app.sending.recipients.suppression_status import Owned, lift_own, standing_of
from liquor_app.sending.recipients.unsubscribe import BARRED, GONE

CONFIRM_WITHIN = timedelta(days=7)

_CONFIRM = "confirm"
_EXPIRED = "This link has expired. Please sign up again."


@dataclass(frozen=True, slots=True)
class SignUp:
    """What became of a consent. While it `waits`, the link that confirms it goes to the address itself."""

    status: str
    waits: bool


async def sign_up(
    session: AsyncSession,
    actor: Actor,
    customer_id: UUID,
    channel: Channel,
    *,
    source: str,
    wording_version: str | None = None,
    ip: str | None = None,
) -> SignUp:
    """Record that somebody agreed: at once, or pending until confirmed where the shop's settings ask for that.

    Nothing is sent from here, and the link is told to nobody: `transactional` makes it for the message to the address.

    Raises:
        Forbidden: the actor may only read.
        NotFound: no such customer.
        Conflict: there is no address on this channel to confirm.
        Invalid: no source.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    row = await recipient_by_id(session, customer_id, by_staff=True)
    said = row.email_consent if channel is Channel.EMAIL else row.sms_consent
    waits = (await load_settings(session, PreferenceSettings)).double_opt_in == "on" and said != ConsentStatus.GIVEN
    if waits and channel not in addresses_of(row):
        raise Conflict(f"There is no address for {channel.label} that could confirm this.")
    status = ConsentStatus.PENDING if waits else ConsentStatus.GIVEN
    await record_consent(
        session, actor, customer_id, channel=channel, status=status, source=source, wording_version=wording_version,
        ip=ip,
    )  # fmt: skip
    return SignUp(status.value, waits)


def confirm_link(actor: Actor, customer_id: UUID, channel: Channel, address: str) -> str:
    """Return the second half of a double opt-in: a link that gives consent, for seven days and this address.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    payload = {"c": customer_id.hex, "ch": channel.value, "t": int(now().timestamp()), "a": _mark(address)}
    return f"{get_settings().base_url}{CONFIRM_PATH}/{sign(_CONFIRM, payload)}"


def _mark(address: str) -> str:
    return address_hash(address).hex()[:16]


async def confirm_question(session: AsyncSession, token: str) -> Ask:
    """Tell what a confirmation link asks. Changes nothing.

    Raises:
        Invalid: the token is not ours, older than seven days, or for an address they no longer have.
        NotFound: they, or the address, are no longer known.
        Conflict: more than their own unsubscribing keeps the address on the list.
    """
    customer_id, channel, _, mark = _confirming(token)
    row = await recipient_by_id(session, customer_id)
    addresses = addresses_of(row)
    if channel not in addresses:
        raise NotFound(GONE)
    if mark != _mark(addresses[channel]):
        raise Invalid(_EXPIRED, field="token")
    standing = await standing_of(session, customer_id, {channel: addresses[channel]})
    if channel in standing.barred:
        raise Conflict(BARRED)
    said = row.email_consent if channel is Channel.EMAIL else row.sms_consent
    return Ask(look_of(row), channel.label, said == ConsentStatus.GIVEN and channel not in standing.listed)


async def confirm(session: AsyncSession, token: str, *, ip: str | None, user_agent: str | None = None) -> Ask:
    """Consent, confirmed from the mailbox or phone itself. A second time changes nothing.

    Raises:
        Invalid: as `confirm_question`, or they said no since.
        NotFound, Conflict: as `confirm_question`.
    """
    asked = await confirm_question(session, token)
    customer_id, channel, issued_at, _ = _confirming(token)
    if not asked.is_done:
        if await _left_since(session, customer_id, channel, issued_at):
            raise Invalid(_EXPIRED, field="token")
        row = await recipient_by_id(session, customer_id)
        await record_consent(
            session, SYSTEM, customer_id, channel=channel, status=ConsentStatus.GIVEN, source="double opt-in",
            wording_version=WORDING, ip=ip, evidence={"user_agent": (user_agent or "")[:300]},
        )  # fmt: skip
        await lift_own(session, [Owned(channel, addresses_of(row)[channel], customer_id)])
    return Ask(asked.look, asked.channel, True)


async def _left_since(session: AsyncSession, customer_id: UUID, channel: Channel, moment: datetime) -> bool:
    """Tell whether they said no after a link was made: an old yes does not overrule it."""
    found = await session.execute(
        text(
            "SELECT 1 FROM consents WHERE customer_id = :id AND channel = :channel"
            f" AND status = '{ConsentStatus.WITHDRAWN}'"
            " AND at >= :moment LIMIT 1"
        ),
        {"id": customer_id, "channel": channel.value, "moment": moment},
    )
    return found.first() is not None


def _confirming(token: str) -> tuple[UUID, Channel, datetime, str]:
    """Tell whom a link asks, about which channel, when it was made, and the mark of the address."""
    customer_id = named(_CONFIRM, token)
    payload: dict[str, Any] = unsign(_CONFIRM, token)
    made = datetime.fromtimestamp(float(payload.get("t", 0)), UTC)
    if now() - made > CONFIRM_WITHIN:
        raise Invalid(_EXPIRED, field="token")
    try:
        return customer_id, Channel(str(payload.get("ch"))), made, str(payload.get("a", ""))
    except ValueError as error:
        raise Invalid("This link is damaged or incomplete.", field="token") from error
