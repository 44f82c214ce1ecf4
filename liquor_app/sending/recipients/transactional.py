"""Messages somebody asked for: confirm a sign-up, say when you were born.

They carry no offer, so they need no consent and stand in no campaign's ledger. But they go to nobody who complained,
whose address came back, or who is known to be under age, and to no address more often than it can bear: anybody can
type anybody's address into a form.

A request is a row and a job in one transaction. The row leaves `waiting` before the provider is called, so a message
whose worker died is `unknown` and never sent twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.errors import AppError, Conflict, TooMany
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job, enqueue
from liquor_app.customers.addresses import address_hash
from liquor_app.organization.models import Channel
from liquor_app.organization.sending_switch import hold_sending_switch, load_sending_switch
from liquor_app.organization.service import default_brand, get_brand
from liquor_app.organization.settings import ComplianceSettings, load_settings
from liquor_app.organization.shop_identity import require_identity
from liquor_app.providers.kit.base import Outcome, OutgoingMessage
from liquor_app.providers.kit.message_bodies import Whole
from liquor_app.providers.service import open_provider
from liquor_app.sending.models import ERRAND, ErrandStatus
from liquor_app.sending.recipients.double_opt_in import confirm_link, sign_up
from liquor_app.sending.recipients.errand_refusals import refuse_barred, refuse_haste, refuse_minors
from liquor_app.sending.recipients.preferences import addresses_of, age_link, recipient_by_id
from liquor_app.sending.recipients.suppression_status import standing_of
from liquor_app.sending.sign_up.sign_up_message import waiting_sign_up
from liquor_app.templates.rendering.brand_header import masthead_of
from liquor_app.templates.rendering.render import Legal, Notice, render_notice
from liquor_app.templates.test_messages import Trial, route_for

TRIES = 3
LINKS_LAST = timedelta(days=7)
MOST_WAITING = 5_000
_WAITING = f"""
SELECT id FROM service_messages WHERE status = '{ErrandStatus.WAITING}' AND created_at > :since
 ORDER BY created_at, id LIMIT :most
"""
WAIT_SECONDS = (1.0, 4.0)
"""Between tries, where the provider said clearly that it did not take it."""


class Kind(StrEnum):
    CONFIRM = "confirm"
    AGE = "age"
    SIGN_UP = "sign_up"
    """For an address typed on a sign-up page: of nobody, until it says yes."""

    @property
    def label(self) -> str:
        return {"confirm": "Confirmation", "age": "Question for the date of birth", "sign_up": "Sign-up"}[self.value]


@dataclass(frozen=True, slots=True)
class ErrandRow:
    """A message somebody asked for; `detail` says why it failed."""

    id: UUID
    kind: Kind
    channel: Channel
    status: ErrandStatus
    detail: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SignedUp:
    """What became of a consent, and of the message that has it confirmed: `confirmation` is "queued", why none goes
    out, or empty where none is needed. The link is in that message alone: whoever has it can give the consent."""

    status: str
    confirmation: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message on the point of leaving, and whose it is."""

    errand_id: UUID
    trial: Trial


async def request_errand(
    session: AsyncSession, actor: Actor, customer_id: UUID, channel: Channel, kind: Kind
) -> ErrandRow:
    """Have a message sent that somebody asked for.

    Raises:
        Forbidden: the actor may only read.
        NotFound: no such customer.
        Conflict: there is no address on the channel; it complained, came back or was put on the list by the shop; or
            the customer is known to be under age.
        TooMany: it got one in the last ten minutes, or three today.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    row = await recipient_by_id(session, customer_id, by_staff=True)
    address = addresses_of(row).get(channel)
    if address is None or kind is Kind.SIGN_UP:
        raise Conflict(f"There is no address for {channel.label} to send this to.")
    if channel in (await standing_of(session, customer_id, {channel: address})).barred:
        raise Conflict("Nothing is sent to this address: it complained, came back, or was put on the list by the shop.")
    await refuse_minors(session, customer_id)
    made = await _queue(session, kind, channel, address, customer=customer_id, sign_up=None, by=actor.user_id)
    await audit(session, actor, "message.asked_for", "customer", customer_id, kind=kind.value, channel=channel.value)
    return _row(made)


async def ask_to_confirm(session: AsyncSession, sign_up_id: UUID, channel: Channel, address: str) -> None:
    """Have a normalised address asked whether it meant to sign up. A corridor, for `sign_up`, whose row it is.

    Raises:
        Conflict: it complained, came back or was put on the list by the shop, or is somebody's who is under age.
        TooMany: it got such a message in the last ten minutes, or three today.
    """
    await _queue(session, Kind.SIGN_UP, channel, address, customer=None, sign_up=sign_up_id, by=None)
    await refuse_barred(session, channel, address)


async def _queue(
    session: AsyncSession, kind: Kind, channel: Channel, address: str, *, customer: UUID | None, sign_up: UUID | None,
    by: UUID | None,
) -> Any:  # fmt: skip
    """Put a message and its job down, unless the address had enough of them."""
    hashed = address_hash(address)
    await refuse_haste(session, hashed)
    errand_id = uuid7()
    made = await session.execute(
        text(
            "INSERT INTO service_messages"
            " (id, customer_id, sign_up_id, kind, channel, address_hash, status, created_at)"
            " VALUES (:id, :customer, :sign_up, :kind, :channel, :hash, 'waiting', :now)"
            " RETURNING id, kind, channel, status, detail, created_at"
        ),
        {
            "id": errand_id, "customer": customer, "sign_up": sign_up, "kind": kind.value, "channel": channel.value,
            "hash": hashed, "now": now(),
        },
    )  # fmt: skip
    await enqueue(session, Job.SEND_ERRAND, {"errand_id": str(errand_id)}, created_by=by)
    return made.one()


async def sign_up_and_ask(
    session: AsyncSession, actor: Actor, customer_id: UUID, channel: Channel, **evidence: Any
) -> SignedUp:
    """Record that somebody agreed and, where that has to be confirmed, send the link that does. A message that may not
    go out now takes nothing back: the consent waits, and the link can be sent later.

    Raises:
        Forbidden, NotFound, Conflict, Invalid: as `optin.sign_up`, whose `evidence` it takes.
    """
    made = await sign_up(session, actor, customer_id, channel, **evidence)
    if not made.waits:
        return SignedUp(made.status, "")
    try:
        await request_errand(session, actor, customer_id, channel, Kind.CONFIRM)
    except (Conflict, TooMany) as why:
        return SignedUp(made.status, why.message)
    return SignedUp(made.status, "queued")


async def errands_of(session: AsyncSession, actor: Actor, customer_id: UUID, *, limit: int = 5) -> list[ErrandRow]:
    """Return the latest messages a customer was sent because they, or the shop, asked for them."""
    require(actor, Permission.CUSTOMERS_READ)
    found = await session.execute(
        text(
            "SELECT id, kind, channel, status, detail, created_at FROM service_messages WHERE customer_id = :id"
            " ORDER BY created_at DESC LIMIT :n"
        ),
        {"id": customer_id, "n": min(limit, 50)},
    )
    return [_row(row) for row in found]


async def prepare_errand(session: AsyncSession, actor: Actor, errand_id: UUID) -> Prepared | None:
    """Take a waiting message, made up and ready; None if it is not waiting (any more), or if all sending is stopped:
    then it goes on waiting. Everything that bars it is asked again: it may have waited for a while. What cannot be sent
    is recorded as failed.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    await hold_sending_switch(session)
    if (await load_sending_switch(session)).stopped:
        return None  # it waits; `queue_waiting` has it sent once sending goes on
    taken = await session.execute(
        text(
            f"UPDATE service_messages SET status = '{ErrandStatus.SENDING}'"
            f" WHERE id = :id AND status IN {ERRAND.sources_sql(ErrandStatus.SENDING)}"
            " RETURNING customer_id, sign_up_id, kind, channel, address_hash"
        ),
        {"id": errand_id},
    )
    errand = taken.first()
    if errand is None:
        await session.execute(
            text(
                f"UPDATE service_messages SET status = '{ErrandStatus.UNKNOWN}',"
                " detail = 'Its worker stopped on the way.'"
                f" WHERE id = :id AND status IN {ERRAND.sources_sql(ErrandStatus.UNKNOWN)}"
            ),
            {"id": errand_id},
        )
        return None
    try:
        return await _made(session, actor, errand_id, errand)
    except AppError as error:
        await record_errand(session, errand_id, ErrandStatus.FAILED, detail=error.message)
        return None


async def queue_waiting(session: AsyncSession) -> int:
    """Have the messages sent that waited while all sending was stopped, the oldest first; returns how many. What is
    older than its links is left. A corridor, for `stop_all`."""
    found = await session.execute(text(_WAITING), {"since": now() - LINKS_LAST, "most": MOST_WAITING})
    waiting = list(found.scalars())
    for errand_id in waiting:
        await enqueue(session, Job.SEND_ERRAND, {"errand_id": str(errand_id)})
    return len(waiting)


async def hand_over_errand(prepared: Prepared) -> tuple[ErrandStatus, str | None, str | None]:
    """Give a message to its provider; outside any transaction. Only what was clearly not taken is tried again.

    Returns:
        What became of it, the provider's id, and its words if it was not taken.
    """
    try:
        carrier = open_provider(prepared.trial.route.provider, prepared.trial.route.config)
    except AppError as error:
        return ErrandStatus.FAILED, None, error.message
    try:
        for wait in (*WAIT_SECONDS[: TRIES - 1], None):
            (answer,) = await carrier.send_batch([prepared.trial.message])
            if answer.outcome is not Outcome.TRANSIENT or wait is None:
                break
            await asyncio.sleep(wait)
    finally:
        await carrier.aclose()
    words = " ".join(part for part in (answer.code, answer.detail) if part) or None
    match answer.outcome:
        case Outcome.ACCEPTED:
            return ErrandStatus.SENT, answer.message_id, None
        case Outcome.UNKNOWN:
            return ErrandStatus.UNKNOWN, None, words
        case _:
            return ErrandStatus.FAILED, None, words


async def record_errand(
    session: AsyncSession,
    errand_id: UUID,
    status: ErrandStatus,
    *,
    provider: str | None = None,
    provider_id: str | None = None,
    detail: str | None = None,
) -> None:
    """Keep what became of a message; what is known to have been sent stays so."""
    await session.execute(
        text(
            "UPDATE service_messages SET status = :status, provider = :provider, provider_message_id = :provider_id,"
            " detail = :detail WHERE id = :id AND status = ANY(:before)"
        ),
        {
            "before": ERRAND.sources(status),
            "status": status.value, "provider": provider, "provider_id": provider_id, "id": errand_id,
            "detail": detail[:500] if detail else None,
        },
    )  # fmt: skip


async def _made(session: AsyncSession, actor: Actor, errand_id: UUID, errand: Any) -> Prepared:
    channel, kind = Channel(errand.channel), Kind(errand.kind)
    compliance = await load_settings(session, ComplianceSettings)
    if kind is Kind.SIGN_UP:
        asked = await waiting_sign_up(session, errand.sign_up_id)
        await refuse_barred(session, channel, asked.address)
        address, brand, notice = asked.address, await get_brand(session, asked.brand_id), asked.notice
    else:
        address = await _still_theirs(session, errand, channel)
        brand = await default_brand(session)
        notice = _confirmation(brand.name, confirm_link(actor, errand.customer_id, channel, address), channel)
        if kind is Kind.AGE:
            notice = _question(brand.name, age_link(actor, errand.customer_id), compliance.minimum_age)
    require_identity(brand)
    sender = brand.from_email if channel is Channel.EMAIL else brand.sms_sender
    if not sender:
        raise Conflict(f"The brand {brand.name} has no sender for {channel.label}.")
    legal = Legal(
        brand.name, brand.postal_address, brand.footer_text, compliance.disclaimer, compliance.minimum_age, "",
        masthead=masthead_of(brand),
    )  # fmt: skip
    made = render_notice(channel, notice, legal)
    message = OutgoingMessage(
        send_id=errand_id,
        campaign_id=None,
        channel=channel,
        sender=sender,
        sender_name=brand.from_name,
        recipient=address,
        body=Whole(made.text, made.html),
        subject=made.subject,
        reply_to=brand.reply_to,
        headers={"Auto-Submitted": "auto-generated"} if channel is Channel.EMAIL else {},
    )
    return Prepared(errand_id, Trial(message, await route_for(session, channel)))


async def _still_theirs(session: AsyncSession, errand: Any, channel: Channel) -> str:
    """Return a customer's address, if it is the one a message was asked for and may still be written to."""
    if errand.customer_id is None:
        raise Conflict("The customer is no longer there.")
    address = addresses_of(await recipient_by_id(session, errand.customer_id)).get(channel)
    if address is None or address_hash(address) != bytes(errand.address_hash):
        raise Conflict("The address has changed since.")
    if channel in (await standing_of(session, errand.customer_id, {channel: address})).barred:
        raise Conflict("The address complained or came back since.")
    await refuse_minors(session, errand.customer_id)
    return address


def _confirmation(brand: str, link: str, channel: Channel) -> Notice:
    what = "e-mails" if channel is Channel.EMAIL else "texts"
    return Notice(
        title=f"Please confirm: {what} from {brand}",
        words=f"Somebody, we hope you, signed this address up for {what} from {brand}. Say yes and you will get them.",
        button=f"Yes, send me {what}",
        link=link,
        why="If it was not you, do nothing: you will hear no more from us. The link works for seven days.",
        sms=f"{brand}: please confirm that you want our texts.",
    )


def _question(brand: str, link: str, minimum_age: int) -> Notice:
    return Notice(
        title=f"{brand} asks for your date of birth",
        words=f"We sell drinks, and write about them only to people of {minimum_age} or more. Please tell us once.",
        button="Give my date of birth",
        link=link,
        why="If you would rather not, do nothing: it stays as it is.",
        sms=f"{brand}: we write only to people of {minimum_age}+. Please tell us your date of birth.",
    )


def _row(found: Any) -> ErrandRow:
    return ErrandRow(
        found.id, Kind(found.kind), Channel(found.channel), ErrandStatus(found.status), found.detail, found.created_at
    )


_MOVE_ERRANDS = """
UPDATE service_messages x SET customer_id = :to WHERE customer_id = :gone RETURNING id
"""
_RETURN_ERRANDS = (
    "UPDATE service_messages SET customer_id = :gone WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to"
)


async def move_errands(session: AsyncSession, gone: UUID, to: UUID) -> list[str]:
    """Give the messages one customer asked for to another; returns their ids. A corridor, for `doubles`."""
    moved = await session.execute(text(_MOVE_ERRANDS), {"gone": gone, "to": to})
    return [str(one) for one in moved.scalars()]


async def return_errands(session: AsyncSession, gone: UUID, to: UUID, ids: Sequence[str]) -> None:
    """Undo `move_errands`. A corridor, for `doubles`."""
    await session.execute(text(_RETURN_ERRANDS), {"gone": gone, "to": to, "ids": list(ids)})
