"""What recipients may see and say without signing in: their message, their wishes, their age, their yes.

Tokens are signed, reveal no address and belong to one purpose. What changes anything is a verb of its own; looking
never does.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.core.ids import parse_id, uuid7_time
from liquor_app.core.security.crypto import sign, unsign
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.ages.age_verification import hear_birthday
from liquor_app.customers.consents import record_consent, suppress_address
from liquor_app.customers.merging.gone_profiles import why_gone
from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.customers.recipient_consent import is_last_no, limit_contacts
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import PreferenceSettings, load_settings
from liquor_app.organization.topics import Topic, parse_topics
from liquor_app.providers.kit.message_bodies import Whole
from liquor_app.sending.pipeline.stored_bodies import BODY_COLUMNS, BODY_JOIN, read_body
from liquor_app.sending.recipients.page_branding import BRAND_COLUMNS, Look, look_of
from liquor_app.sending.recipients.suppression_status import Owned, lift_own, standing_of
from liquor_app.sending.recipients.unsubscribe import GONE, is_same_address, message_of

AGE_PATH, CONFIRM_PATH = "/a", "/k"
_AGE = "age"

PAUSE = timedelta(days=30)
FREQUENCIES = {"": None, "4": 4, "2": 2, "1": 1}
"""At most so many messages in 30 days; empty leaves it to the shop."""

PAGE = "preference page"
"""The source of what was said here, in consents and on the list."""
WORDING = "preferences-2"
"""Version of the words on the page, for the evidence."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it was sent."""

    subject: str
    html: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody has told us they want; deliberately no address. `channels` are those we have an address for; those
    `barred` stay off whatever they say (a complaint, a bounce, the shop's own entry), and those `elsewhere` can only be
    turned on from their own address: whoever reads an e-mail need not hold the phone. `topics` are the shop's, on or
    off."""

    look: Look
    channels: dict[Channel, bool]
    barred: frozenset[Channel]
    elsewhere: frozenset[Channel]
    is_paused: bool
    frequency: int | None
    topics: dict[str, bool]


@dataclass(frozen=True, slots=True)
class Ask:
    """A question put to one person."""

    look: Look
    channel: str
    is_done: bool
    is_of_age: bool = False


async def stored_message(session: AsyncSession, token: str) -> Stored:
    """Return the message of this token.

    Raises:
        Invalid: the token is not ours.
        NotFound: the message, or its body, is no longer kept.
    """
    send_id = message_of(token)
    found = await session.execute(
        text(f"SELECT s.subject, {BODY_COLUMNS} FROM sends s {BODY_JOIN} WHERE s.id = :id AND s.created_at = :at"),
        {"id": send_id, "at": uuid7_time(send_id)},
    )
    row = found.mappings().first()
    body = read_body(row, send_id) if row is not None else Whole("")
    if row is None or not (body.html or body.text):
        raise NotFound("This message is no longer kept here.")
    return Stored(row["subject"] or "", body.html, body.text)


_PERSON = """
SELECT c.id, c.email_key, c.phone, c.email_consent, c.sms_consent, c.paused_until, c.max_contacts_30_days, c.topics_off,
       {message}, b.name, b.primary_color, b.logo_url
FROM {whose}
LEFT JOIN LATERAL (
    SELECT {columns} FROM brands ORDER BY id = {brand} DESC NULLS LAST, is_default DESC LIMIT 1
) b ON true
WHERE c.deleted_at IS NULL AND {which}
"""
_BY_SEND = _PERSON.format(
    whose="sends s JOIN customers c ON c.id = s.customer_id LEFT JOIN campaigns k ON k.id = s.campaign_id",
    brand="k.brand_id",
    columns=BRAND_COLUMNS,
    message="s.channel, s.recipient",
    which="s.id = :id AND s.created_at = :at",
)
_PRESENT = "c.id = COALESCE((SELECT m.merged_into FROM customers m WHERE m.id = :id), :id)"
"""Whoever became part of another profile is that one."""
_BY_ID = _PERSON.format(
    whose="customers c", brand="NULL", columns=BRAND_COLUMNS, message="NULL AS channel, NULL AS recipient",
    which=_PRESENT,
)  # fmt: skip
_TICKED_OFF = f"""
SELECT EXISTS (
    SELECT FROM (SELECT status, source, evidence ->> 'had' AS had FROM consents
                  WHERE customer_id = :id AND channel = :channel ORDER BY at DESC, id DESC LIMIT 1) latest
     WHERE latest.status = '{ConsentStatus.WITHDRAWN}' AND latest.source = :page
       AND latest.had = '{ConsentStatus.GIVEN}'
) AND NOT EXISTS (
    SELECT FROM suppressions WHERE address_hash = :hash AND lifted_at IS NULL
     AND (channel IS NULL OR channel = :channel) AND source <> :page
)
"""
"""Whether all that keeps a channel off is a tick on this very page, which took a consent."""


async def _recipient(session: AsyncSession, token: str) -> Row[Any]:
    send_id = message_of(token)
    found = await session.execute(text(_BY_SEND), {"id": send_id, "at": uuid7_time(send_id)})
    row = found.first()
    if row is None:
        raise NotFound(GONE)
    return row


def addresses_of(row: Row[Any]) -> dict[Channel, str]:
    """Of a row with `email_key` and `phone`, the channels somebody can be written to on."""
    has = {Channel.EMAIL: row.email_key, Channel.SMS: row.phone}
    return {channel: address for channel, address in has.items() if address}


async def _wishes(session: AsyncSession, row: Row[Any], topics: Sequence[Topic]) -> Wishes:
    standing = await standing_of(session, row.id, addresses_of(row))
    said = {Channel.EMAIL: row.email_consent, Channel.SMS: row.sms_consent}
    channels = {
        channel: said[channel] == ConsentStatus.GIVEN and channel not in standing.listed
        for channel in addresses_of(row)
    }
    off = [one for one, is_on in channels.items() if not is_on and one not in standing.barred]
    elsewhere = frozenset([one for one in off if not await _may_turn_on(session, row, one)])
    wanted = {topic.name: not set(topic.kinds) & set(row.topics_off) for topic in topics}
    is_paused = row.paused_until is not None and row.paused_until > now()
    return Wishes(look_of(row), channels, standing.barred, elsewhere, is_paused, row.max_contacts_30_days, wanted)


async def _may_turn_on(session: AsyncSession, row: Row[Any], channel: Channel) -> bool:
    """Tell whether a yes on the page of one message is the word of who has the channel's address: the message went
    there, or a tick here took what a tick gives back. A STOP by text is the phone's own to take back."""
    address = addresses_of(row)[channel]
    if row.channel == channel and is_same_address(channel, row.recipient, address):
        return True
    found = await session.execute(
        text(_TICKED_OFF),
        {"id": row.id, "channel": channel.value, "hash": address_hash(address), "page": PAGE},
    )
    return bool(found.scalar_one())


async def recipient_of(session: AsyncSession, token: str) -> tuple[UUID, Look]:
    """Tell whose message this token belongs to, and how its brand looks. A corridor.

    Raises:
        Invalid: the token is not ours.
        NotFound: the message or its recipient is gone.
    """
    row = await _recipient(session, token)
    return row.id, look_of(row)


async def wishes_of(session: AsyncSession, token: str) -> Wishes:
    """Tell what the recipient of this token's message wants. Changes nothing.

    Raises:
        Invalid: the token is not ours.
        NotFound: they are no longer known.
    """
    return await _wishes(session, await _recipient(session, token), await _topics(session))


async def save_wishes(
    session: AsyncSession,
    token: str,
    *,
    channels: set[str],
    frequency: str,
    pause: bool,
    topics: AbstractSet[str] = frozenset(),
    shown: AbstractSet[str] = frozenset(),
    ip: str | None,
    user_agent: str | None = None,
) -> Wishes:
    """Keep what somebody wants, with the evidence. Turning a channel on lifts their own unsubscribing, never a bounce
    or a complaint, and only where it is their own to take back (`Wishes.elsewhere`). Of the topics `shown` those not
    among `topics` are turned off; others stay as they are.

    Raises:
        Invalid: the token is not ours, or an unknown frequency.
        NotFound: they are no longer known.
    """
    if frequency not in FREQUENCIES:
        raise Invalid("Choose how often from the list.", field="frequency")
    row = await _recipient(session, token)
    offered = await _topics(session)
    before = await _wishes(session, row, offered)
    evidence = {"send_id": str(message_of(token)), "user_agent": (user_agent or "")[:300]}
    for channel, was_on in before.channels.items():
        turned_on = channel.value in channels
        if channel in before.barred or (turned_on and channel in before.elsewhere):
            continue
        if turned_on != was_on or (not turned_on and await _says_no_again(session, row, channel, message_of(token))):
            await _turn(session, row, channel, on=turned_on, ip=ip, evidence=evidence)
    off = set(row.topics_off)
    for topic in offered:
        if topic.name in shown:
            off = off - set(topic.kinds) if topic.name in topics else off | set(topic.kinds)
    await limit_contacts(
        session, row.id, most=FREQUENCIES[frequency], topics_off=list(off), pause=PAUSE if pause else None
    )
    after = await wishes_of(session, token)
    await audit(
        session, SYSTEM, "preferences.said", "customer", row.id, before=_told(before), after=_told(after), ip=ip,
        wording=WORDING, **evidence,
    )  # fmt: skip
    return after


def _told(wishes: Wishes) -> dict[str, Any]:
    return {"paused": wishes.is_paused, "frequency": wishes.frequency, "topics": wishes.topics}


async def _topics(session: AsyncSession) -> tuple[Topic, ...]:
    return parse_topics((await load_settings(session, PreferenceSettings)).topics)


async def _says_no_again(session: AsyncSession, row: Row[Any], channel: Channel, send_id: UUID) -> bool:
    """Tell whether a channel left off is one they are out of by another's word: now it is their own."""
    said = row.email_consent if channel is Channel.EMAIL else row.sms_consent
    return said == ConsentStatus.WITHDRAWN and not await is_last_no(session, row.id, channel, send_id)


async def _turn(
    session: AsyncSession, row: Row[Any], channel: Channel, *, on: bool, ip: str | None, evidence: dict[str, Any]
) -> None:
    address = addresses_of(row)[channel]
    if not on:
        evidence = {**evidence, "had": row.email_consent if channel is Channel.EMAIL else row.sms_consent}
    await record_consent(
        session, SYSTEM, row.id, channel=channel, source=PAGE, wording_version=WORDING, ip=ip,
        status=ConsentStatus.GIVEN if on else ConsentStatus.WITHDRAWN, evidence=evidence,
    )  # fmt: skip
    if on:
        await lift_own(session, [Owned(channel, address, row.id)])
        return
    await suppress_address(
        session, address, reason=SuppressionReason.UNSUBSCRIBED, channel=channel, customer_id=row.id, source=PAGE
    )  # fmt: skip


def age_link(actor: Actor, customer_id: UUID) -> str:
    """Return a link under which one customer may give their date of birth.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    return f"{get_settings().base_url}{AGE_PATH}/{sign(_AGE, {'c': customer_id.hex})}"


async def age_question(session: AsyncSession, token: str) -> Ask:
    """Tell whom a link asks for their age. Changes nothing.

    Raises:
        Invalid, NotFound: as `wishes_of`.
    """
    row = await recipient_by_id(session, named(_AGE, token))
    return Ask(look_of(row), "", False)


async def tell_age(session: AsyncSession, token: str, born: str, *, ip: str | None) -> Ask:
    """Keep a date of birth in the age ledger. Of two dates the younger counts; who is under age by either gets nothing
    more, and two that do not agree hold all sending until the shop has settled it (`customers.ages.age_verification`).

    Raises:
        Invalid: the token is not ours, or not a full, possible date.
        NotFound: they are no longer known.
    """
    customer_id = named(_AGE, token)
    row = await recipient_by_id(session, customer_id)
    try:
        day = date.fromisoformat(born)
    except ValueError as error:
        raise Invalid("Give your full date of birth.", field="born") from error
    age = await hear_birthday(session, row.id, day, ip=ip)
    return Ask(look_of(row), "", True, age.is_of_age)


async def recipient_by_id(session: AsyncSession, customer_id: UUID, *, by_staff: bool = False) -> Row[Any]:
    """Tell what the pages ask of one customer.

    Args:
        by_staff: people of the shop ask, who are told what became of the profile, also where it is part of another
            one: they name whom they mean. A recipient's link finds the one that stayed, and tells nothing of it.

    Raises:
        NotFound: they are not, or no longer, known.
    """
    found = await session.execute(text(_BY_ID), {"id": customer_id})
    row = found.first()
    if row is None or (by_staff and row.id != customer_id):
        raise NotFound(await why_gone(session, customer_id) if by_staff else GONE)
    return row


def named(purpose: str, token: str) -> UUID:
    """Tell whom a token of this purpose names.

    Raises:
        Invalid: it is not ours.
    """
    payload = unsign(purpose, token)
    return parse_id(str(payload.get("c", "")) if isinstance(payload, dict) else "", "token")
