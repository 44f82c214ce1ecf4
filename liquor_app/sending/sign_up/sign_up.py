"""Take what a visitor typed: nothing of it is a consent, and nobody known is touched, until the address itself says
yes. Whoever asks gets the same answer, whether we know the address or not. Corridors: the page is public.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Invalid, TooMany
from liquor_app.core.ids import uuid7
from liquor_app.customers.addresses import (
    address_hash,
    is_american,
    is_persons_phone,
    mailbox_of,
    normalise_email,
    normalise_phone,
    stands_for_nobody,
)
from liquor_app.customers.ages.birth_dates import age_on
from liquor_app.customers.visible_text import visible
from liquor_app.organization.models import Channel
from liquor_app.organization.service import notify
from liquor_app.organization.settings import shop_today
from liquor_app.sending.recipients.transactional import ask_to_confirm
from liquor_app.sending.sign_up.models import SignUpStatus
from liquor_app.sending.sign_up.sign_up_pages import OpenPage
from liquor_app.sending.sign_up.turned_away import doubt_customers, one_yes_at_a_time, turn_away, was_turned_away
from liquor_app.sending.sign_up.waiting_entry import WaitingEntry, seal_entry
from liquor_app.ui.words import figure

CONFIRM_WITHIN = timedelta(days=7)
"""After these what was typed is forgotten."""
UNCONFIRMED = 3
"""Messages an address gets in that time without saying yes; then we are silent."""
AFTER_A_NO = timedelta(days=30)
"""Whose own word keeps them off the list is asked once in this time: the form may be somebody else's joke."""

BELIEVED = {Channel.SMS: 100, Channel.EMAIL: 500}
"""Messages that may ask within a day whatever comes of them. Beyond, one in `ONE_IN` must have been answered by a yes:
whoever types thousands of strangers' numbers costs a shop money, and its name with the carriers."""
ONE_IN = 5
HELD = "Sign-ups are held back"

_LINKED = re.compile(r"\w{2}\.\w{2}")
"""What mail programs make a link of has no place in a name."""
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .'’-]){0,59}")
_ZIP = re.compile(r"\d{5}(?:-\d{4})?")

_KEEP = """
INSERT INTO sign_ups (id, form_id, brand_id, channel, address_hash, entry_encrypted, created_at)
VALUES (:id, :form, :brand, :channel, :hash, :entry, :now)
"""
_BEFORE = """
SELECT (SELECT count(*) FROM sign_ups WHERE address_hash = :hash AND created_at > :week AND status <> 'confirmed')
           AS unconfirmed,
       EXISTS (SELECT FROM service_messages WHERE address_hash = :hash AND kind = 'sign_up' AND created_at > :month
                AND sign_up_id <> :own)
           AS asked_lately,
       EXISTS (SELECT FROM suppressions WHERE address_hash = :hash AND lifted_at IS NULL
                AND (channel IS NULL OR channel = :channel)) AS is_listed,
       EXISTS (SELECT FROM suppressions WHERE address_hash = :mailbox AND lifted_at IS NULL AND :mailbox <> :hash
                AND (channel IS NULL OR channel = :channel)) AS said_no_elsewhere
"""
_ANSWERED = f"""
SELECT count(*) AS asked, count(*) FILTER (WHERE status = '{SignUpStatus.CONFIRMED}') AS confirmed
  FROM sign_ups WHERE channel = :channel AND created_at > :since
"""
_TOLD = "SELECT EXISTS (SELECT FROM notifications WHERE title = :title AND created_at > :since)"
_COUNT = """
INSERT INTO sign_up_days (brand_id, day, what, count) VALUES (:brand, :day, :what, 1)
ON CONFLICT (brand_id, day, what) DO UPDATE SET count = sign_up_days.count + 1
"""


@dataclass(frozen=True, slots=True)
class Typed:
    """What stood in the form, as it was typed."""

    email: str = ""
    phone: str = ""
    first_name: str = ""
    postal_code: str = ""
    born: str = ""
    wants: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """What stood in the form, read. `addresses` are those whose box was ticked."""

    addresses: Mapping[Channel, str]
    first_name: str
    postal_code: str
    born: date


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a form came from."""

    ip: str | None
    user_agent: str
    was_too_young: bool = False
    """The same browser has given a date below the age lately."""


def read_entry(typed: Typed, page: OpenPage, today: date) -> tuple[Entry | None, dict[str, str]]:
    """Return what was typed, or what is wrong with it, by field. Pure."""
    problems: dict[str, str] = {}
    addresses: dict[Channel, str] = {}
    for channel in page.channels:
        given = (typed.email if channel is Channel.EMAIL else typed.phone).strip()
        name = "email" if channel is Channel.EMAIL else "phone"
        is_wanted = channel in typed.wants
        if is_wanted and not given:
            problems[name] = "Fill this in, or untick the box below."
        elif given and not is_wanted:
            problems[f"want_{name}"] = "Tick this if you agree, or leave the field above empty."
        elif given:
            try:
                addresses[channel] = _address(channel, given)
            except Invalid:
                problems[name] = (
                    "This is not an e-mail address." if channel is Channel.EMAIL
                    else "This is not a phone number of the United States."
                )  # fmt: skip
    if not addresses and not problems:
        problems["email"] = (
            "Give an e-mail address or a phone number, and tick its box." if Channel.SMS in page.channels
            else "Give your e-mail address, and tick its box."
        )  # fmt: skip
    first_name, postal_code = " ".join(visible(typed.first_name).split()), typed.postal_code.strip()
    if first_name and (not _NAME.fullmatch(first_name) or _LINKED.search(first_name)):
        problems["first_name"] = "Letters only, please."
    if postal_code and not _ZIP.fullmatch(postal_code):
        problems["postal_code"] = "A ZIP code has five digits."
    born = _born(typed.born, today)
    if born is None:
        problems["born"] = "Give your full date of birth."
    if problems or born is None:
        return None, problems
    return Entry(addresses, first_name, postal_code, born), {}


def is_too_young(entry: Entry, page: OpenPage, today: date) -> bool:
    return age_on(entry.born, today) < page.minimum_age


async def take_sign_up(session: AsyncSession, page: OpenPage, entry: Entry, evidence: Evidence) -> None:
    """Have each address asked whether it agrees. Who is too young is counted, and of their addresses a keyed hash is
    kept for a while: these, and their browser, are not asked then, whatever date they give, and what waits from before
    is void; a customer who has one of them is held until the shop has settled their age. Nor is an address asked that
    may not be written to, or was asked too often; nobody is told."""
    today = await shop_today(session)
    if is_too_young(entry, page, today):
        await one_yes_at_a_time(session)
        await turn_away(session, entry.addresses)
        await doubt_customers(session, entry.addresses)
        await count_sign_up(session, page.brand.id, today, "too_young")
        return
    if evidence.was_too_young or await was_turned_away(session, entry.addresses):
        return
    form_id = uuid7()
    for channel, address in sorted(entry.addresses.items()):
        sign_up_id, hashed = uuid7(), address_hash(address)
        if await _is_flooded(session, channel):
            continue
        try:
            async with session.begin_nested():
                await ask_to_confirm(session, sign_up_id, channel, address)
                await _refuse_unwanted(session, sign_up_id, channel, address)
                sealed = seal_entry(
                    WaitingEntry(
                        address, entry.first_name, entry.postal_code, entry.born.isoformat(),
                        f"{page.slug} {page.wording.version}", page.words(channel), evidence.ip,
                        evidence.user_agent[:300],
                    )
                )  # fmt: skip
                await session.execute(
                    text(_KEEP),
                    {
                        "id": sign_up_id, "form": form_id, "brand": page.brand.id, "channel": channel.value,
                        "hash": hashed, "entry": sealed, "now": now(),
                    },
                )  # fmt: skip
        except (Conflict, TooMany):
            continue
        await count_sign_up(session, page.brand.id, today, f"{channel.value}_asked")


async def count_sign_up(session: AsyncSession, brand_id: UUID, day: date, what: str) -> None:
    """Count one; `what` is a field of `sign_up_pages.DayFields`."""
    await session.execute(text(_COUNT), {"brand": brand_id, "day": day, "what": what})


async def _is_flooded(session: AsyncSession, channel: Channel) -> bool:
    """Tell whether hardly anybody asked within a day said yes; then nobody is asked, and staff are told once."""
    since = now() - timedelta(days=1)
    found = await session.execute(text(_ANSWERED), {"channel": channel.value, "since": since})
    asked, confirmed = found.one()
    if asked < BELIEVED[channel] or confirmed * ONE_IN >= asked:
        return False
    if not (await session.execute(text(_TOLD), {"title": HELD, "since": since})).scalar_one():
        await notify(
            session,
            title=HELD,
            body=f"{figure(asked)} addresses were asked for a confirmation by {channel.label} within a day, and"
            f" {figure(confirmed)} gave it: somebody is typing strangers' addresses. Nobody else is asked until that is"
            " a day ago. Shut the page if it goes on.",
            link="/settings/sign-up",
            level="warning",
        )
    return True


async def _refuse_unwanted(session: AsyncSession, own: UUID, channel: Channel, address: str) -> None:
    """Under the lock on the address that `ask_to_confirm` took. Who said no at a mailbox is not asked by its tags."""
    at: datetime = now()
    hashed = address_hash(address)
    mailbox = address_hash(mailbox_of(address)) if channel is Channel.EMAIL else hashed
    found = await session.execute(
        text(_BEFORE),
        {
            "own": own,
            "hash": hashed,
            "mailbox": mailbox,
            "channel": channel.value,
            "week": at - CONFIRM_WITHIN,
            "month": at - AFTER_A_NO,
        },
    )
    row = found.one()
    if row.said_no_elsewhere or row.unconfirmed >= UNCONFIRMED or (row.is_listed and row.asked_lately):
        raise TooMany("This address was asked often enough.", retry_after=int(CONFIRM_WITHIN.total_seconds()))


def _address(channel: Channel, given: str) -> str:
    if channel is Channel.EMAIL:
        address = normalise_email(given)
    else:
        address = normalise_phone(given, "US")
        if not is_american(address) or not is_persons_phone(address):
            raise Invalid("phone is not of the United States", field="phone")
    if stands_for_nobody(address):
        raise Invalid("nobody's address")
    return address


def _born(given: str, today: date) -> date | None:
    try:
        born = date.fromisoformat(given.strip())
    except ValueError:
        return None
    return born if date(1900, 1, 1) <= born <= today and age_on(born, today) <= 120 else None
