"""The second half of a double opt-in for strangers: the address itself says yes, by the link in its mailbox or by
answering YES to its text, and only then is there a consent and, if there was none, a customer.

What was typed is the word of whoever confirms it. It fills what we do not know of somebody and overwrites nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.errors import AppError, Conflict, Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.queue import Job, enqueue
from liquor_app.core.security.crypto import unsign
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.ages.age_verification import hear_birthday
from liquor_app.customers.consents import record_consent
from liquor_app.customers.editing.change_customer import create_customer, update_customer
from liquor_app.customers.merging.aliases import aliases_among
from liquor_app.customers.models import ConsentStatus
from liquor_app.customers.service import get_customer
from liquor_app.organization.models import Channel
from liquor_app.organization.service import BrandRow, get_brand
from liquor_app.organization.settings import shop_today
from liquor_app.providers.kit.base import WebhookEvent
from liquor_app.sending.events.sms_keywords import BY_TEXT, Wish, is_yes, number_of, wish_of
from liquor_app.sending.recipients.page_branding import Look, look_of
from liquor_app.sending.recipients.suppression_status import is_barred, lift_own, owners_of
from liquor_app.sending.recipients.unsubscribe import BARRED
from liquor_app.sending.sign_up.models import SIGN_UP, SignUpStatus
from liquor_app.sending.sign_up.sign_up import AFTER_A_NO, CONFIRM_WITHIN, count_sign_up
from liquor_app.sending.sign_up.sign_up_message import YES
from liquor_app.sending.sign_up.turned_away import forget_refusals, is_form_turned_away, one_yes_at_a_time
from liquor_app.sending.sign_up.waiting_entry import WaitingEntry, open_entry

SOURCE = "sign-up page"
NUMBER_HOLDS = timedelta(days=365)
"""How long a number that said yes itself is taken for the same person's. Carriers give a number away again after 45 to
90 days (47 CFR 52.15(f)); whoever has one and still gets our texts can say STOP."""
ANOTHER_ADDRESS = "The shop knows you by another address. Sign up with that one, or write to the shop to change it."
EXPIRED = "This link has expired. Please sign up again."

_BY_ID = "SELECT * FROM sign_ups WHERE id = :id AND created_at > :since FOR UPDATE"
_BY_PHONE = f"""
SELECT s.* FROM sign_ups s
 WHERE s.address_hash = :hash AND s.channel = '{Channel.SMS}' AND s.status = '{SignUpStatus.WAITING}'
   AND s.created_at > :since AND s.created_at <= :said
   AND EXISTS (SELECT FROM service_messages m WHERE m.sign_up_id = s.id AND m.status IN ('sending', 'sent', 'unknown'))
 ORDER BY s.created_at DESC, s.id DESC LIMIT 1 FOR UPDATE OF s
"""
_CONFIRMED = f"""
UPDATE sign_ups SET status = '{SignUpStatus.CONFIRMED}', became_id = :customer, made_customer = :made,
       entry_encrypted = NULL
 WHERE id = :id AND status IN {SIGN_UP.sources_sql(SignUpStatus.CONFIRMED)}
"""
_CANCEL = f"""
UPDATE sign_ups SET status = '{SignUpStatus.CANCELLED}', entry_encrypted = NULL
 WHERE address_hash = ANY(:hashes) AND channel = :channel AND status IN {SIGN_UP.sources_sql(SignUpStatus.CANCELLED)}
"""
_SAID_NO_SINCE = f"""
SELECT EXISTS (SELECT FROM suppressions WHERE address_hash = :hash AND (channel IS NULL OR channel = :channel)
                AND greatest(created_at, repeated_at) >= :asked)
    OR EXISTS (SELECT FROM consents WHERE customer_id = ANY(:customers) AND channel = :channel
                AND status = '{ConsentStatus.WITHDRAWN}' AND at >= :asked)
"""
_SIBLING = f"""
SELECT c.id FROM sign_ups s JOIN customers c ON c.id = s.became_id AND c.deleted_at IS NULL
 WHERE s.form_id = :form AND s.made_customer AND s.status = '{SignUpStatus.CONFIRMED}'
"""
_IS_THEIRS = f"""
SELECT c.sms_consent = '{ConsentStatus.GIVEN}' AND EXISTS (
           SELECT FROM consents g WHERE g.customer_id = c.id AND g.channel = '{Channel.SMS}'
              AND g.status = '{ConsentStatus.GIVEN}' AND g.source = ANY(:proofs) AND g.at > :since)
       AS was_confirmed,
       c.email_key FROM customers c WHERE c.id = :id
"""
_TYPED_TOO = "SELECT address_hash FROM sign_ups WHERE form_id = :form AND channel = :email"
_FORGET_MESSAGES = "DELETE FROM service_messages WHERE kind = 'sign_up' AND created_at < :before"
_FORGET = "DELETE FROM sign_ups WHERE created_at < :before"


@dataclass(frozen=True, slots=True)
class YesAsked:
    """What a link asks; `is_done` once it was said."""

    look: Look
    is_done: bool


async def yes_question(session: AsyncSession, token: str) -> YesAsked:
    """Tell what a link of a sign-up asks. Changes nothing.

    Raises:
        Invalid: it is not ours, older than seven days, or they said no, or that they
            are too young, since.
        Conflict: more than their own unsubscribing keeps the address on the list.
    """
    row = await _row(session, token)
    look = look_of(await get_brand(session, row.brand_id))
    if row.status == SignUpStatus.CONFIRMED:
        return YesAsked(look, True)
    await _refuse_no(session, row)
    return YesAsked(look, False)


async def say_yes(session: AsyncSession, token: str, *, ip: str | None, user_agent: str | None = None) -> YesAsked:
    """Consent, from the mailbox itself. A second time changes nothing: a yes taken back since stays taken back.

    Raises:
        Invalid: as `yes_question`.
        Conflict: as `yes_question`, or the customer who once had this address has another.
    """
    await one_yes_at_a_time(session)
    asked = await yes_question(session, token)
    if not asked.is_done:
        row = await _row(session, token)
        await _take_in(session, row, {"confirmed_ip": ip, "confirmed_by": (user_agent or "")[:300]})
    return YesAsked(asked.look, True)


async def take_yeses(session: AsyncSession, texts: Sequence[WebhookEvent]) -> frozenset[str]:
    """Take each YES that answers a sign-up of its own number, unless that number said STOP after it; returns the events
    that were such answers. Any other yes stays what it was: words that make no consent. A corridor, for the inbox."""
    last: dict[str, datetime] = {}
    for event in texts:
        if wish_of(event.text, event.opt_out) is Wish.STOP and (number := number_of(event)):
            last[number] = max(event.at, last.get(number, event.at))
    taken = set()
    if any(is_yes(event.text) for event in texts):
        await one_yes_at_a_time(session)
    for event in sorted(texts, key=lambda one: one.at):
        if not is_yes(event.text) or ((said_no := last.get(number_of(event))) and said_no >= event.at):
            continue
        if (row := await _answered(session, event)) is None:
            continue
        await _take_in(session, row, {"reply": (event.text or "")[:160], "event_id": event.event_id})
        taken.add(event.event_id)
    return frozenset(taken)


async def brand_asking(session: AsyncSession, event: WebhookEvent) -> BrandRow | None:
    """Return the brand whose question a YES answers, if it does. A corridor: it takes nothing yet."""
    row = await _answered(session, event)
    return None if row is None else await get_brand(session, row.brand_id)


async def _answered(session: AsyncSession, event: WebhookEvent) -> Any:
    """Return the sign-up that waits for the number a text came from; None if there is none, or it said no since."""
    if not (phone := number_of(event)):
        return None
    try:
        found = await session.execute(
            text(_BY_PHONE), {"hash": address_hash(phone), "since": now() - CONFIRM_WITHIN, "said": event.at}
        )
        if (row := found.first()) is not None:
            await _refuse_no(session, row)
    except AppError:
        return None
    return row


async def forget_sign_ups(session: AsyncSession) -> int:
    """Forget what nobody confirmed in time, and that somebody did: the consent is kept with its evidence. A corridor,
    for the clock."""
    await forget_refusals(session)
    await session.execute(text(_FORGET_MESSAGES), {"before": now() - AFTER_A_NO})
    gone = await session.execute(text(_FORGET), {"before": now() - CONFIRM_WITHIN})
    return int(gone.rowcount)  # type: ignore[attr-defined]


async def cancel_sign_ups(session: AsyncSession, channel: Channel, hashes: Sequence[bytes]) -> None:
    """Let nobody confirm what these addresses said no to since. A corridor."""
    await session.execute(text(_CANCEL), {"hashes": list(hashes), "channel": channel.value})


async def _row(session: AsyncSession, token: str) -> Any:
    payload = unsign(YES, token)
    sign_up_id = parse_id(str(payload.get("s", "")) if isinstance(payload, dict) else "", "token")
    found = await session.execute(text(_BY_ID), {"id": sign_up_id, "since": now() - CONFIRM_WITHIN})
    row = found.first()
    if row is None or row.status == SignUpStatus.CANCELLED or row.channel != Channel.EMAIL:
        raise Invalid(EXPIRED, field="token")
    return row


async def _refuse_no(session: AsyncSession, row: Any) -> None:
    if await is_form_turned_away(session, row.form_id):
        raise Invalid(EXPIRED, field="token")
    owners = await owners_of(session, Channel(row.channel), open_entry(row.entry_encrypted).address)
    if await is_barred(session, owners):
        raise Conflict(BARRED)
    found = await session.execute(
        text(_SAID_NO_SINCE),
        {
            "hash": row.address_hash, "channel": row.channel, "asked": row.created_at,
            "customers": [one.customer_id for one in owners if one.customer_id],
        },
    )  # fmt: skip
    if found.scalar_one():
        raise Invalid(EXPIRED, field="token")


async def _take_in(session: AsyncSession, row: Any, how: dict[str, Any]) -> None:
    channel, entry = Channel(row.channel), open_entry(row.entry_encrypted)
    customer_id, is_new = await _whose(session, row.form_id, channel, entry)
    evidence = {
        "words": entry.words, "asked_at": row.created_at.isoformat(), "user_agent": entry.user_agent,
        "sign_up": str(row.id), **how,
    }  # fmt: skip
    await record_consent(
        session, SYSTEM, customer_id, channel=channel, status=ConsentStatus.GIVEN, source=SOURCE,
        wording_version=entry.version, ip=entry.ip, evidence=evidence,
    )  # fmt: skip
    await hear_birthday(session, customer_id, date.fromisoformat(entry.born), ip=entry.ip)
    await lift_own(session, await owners_of(session, channel, entry.address))
    await session.execute(text(_CONFIRMED), {"id": row.id, "customer": customer_id, "made": is_new})
    await cancel_sign_ups(session, channel, [bytes(row.address_hash)])
    await count_sign_up(session, row.brand_id, await shop_today(session), f"{channel.value}_confirmed")


async def _whose(session: AsyncSession, form_id: UUID, channel: Channel, entry: WaitingEntry) -> tuple[UUID, bool]:
    """Return the one customer who has the address, else the one the same form has just made, else a new one. A number
    several people have is nobody's to choose: who confirms it becomes somebody of their own (families share them). So
    does who confirms a number that may have changed hands since we knew it (`_is_still_theirs`)."""
    known = [one.customer_id for one in await owners_of(session, channel, entry.address) if one.customer_id]
    if channel is Channel.EMAIL and not known:
        known = await _who_was_merged(session, entry.address)
    typed = {"name": entry.first_name, "postal_code": entry.postal_code}
    is_anew = len(known) == 1 and channel is Channel.SMS and not await _is_still_theirs(session, known[0], form_id)
    if len(known) == 1 and not is_anew:
        person = await get_customer(session, SYSTEM, known[0])
        missing = {name: value for name, value in typed.items() if value and not getattr(person, name)}
        if missing:
            await update_customer(session, SYSTEM, known[0], missing)
        return known[0], False
    column = "email" if channel is Channel.EMAIL else "phone"
    for sibling in (await session.execute(text(_SIBLING), {"form": form_id})).scalars():
        if not getattr(await get_customer(session, SYSTEM, sibling), column):
            await update_customer(session, SYSTEM, sibling, {column: entry.address})
            return sibling, False
    values = {column: entry.address, **{name: value for name, value in typed.items() if value}}
    if known:  # somebody looks whether the two are one person
        await enqueue(session, Job.FIND_DOUBLES, dedupe_key="all")
    return (await create_customer(session, SYSTEM, values)).id, True


async def _is_still_theirs(session: AsyncSession, customer_id: UUID, form_id: UUID) -> bool:
    """Tell whether a profile's number is still its person's: the number itself said yes within `NUMBER_HOLDS` and has
    taken nothing back, or the form named the profile's e-mail address too. Numbers are given to others after weeks; a
    YES then belongs to what was typed, and to nobody's old profile."""
    found = await session.execute(
        text(_IS_THEIRS),
        {"id": customer_id, "proofs": [SOURCE, BY_TEXT], "since": now() - NUMBER_HOLDS},
    )
    row = found.one()
    if row.was_confirmed:
        return True
    if row.email_key is None:
        return False
    typed = await session.execute(text(_TYPED_TOO), {"form": form_id, "email": Channel.EMAIL.value})
    return address_hash(row.email_key) in {bytes(one) for one in typed.scalars()}


async def _who_was_merged(session: AsyncSession, address: str) -> list[UUID]:
    """Return the customer whose profile once had this address and has none now; it is theirs again.

    Raises:
        Conflict: they have another: a yes from an old mailbox is none for the new one, whoever reads the old one now.
    """
    merged = list((await aliases_among(session, {"email_key": [address]})).values())
    for customer_id in merged:
        if (await get_customer(session, SYSTEM, customer_id)).email:
            raise Conflict(ANOTHER_ADDRESS)
        await update_customer(session, SYSTEM, customer_id, {"email": address})
    return merged
