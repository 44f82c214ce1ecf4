"""Taking due messages out of the ledger, and asking of each whether it may go out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.action_status import Launched, skip_queued
from liquor_app.actions.offers import facts_of
from liquor_app.catalog.shelf import sold_out
from liquor_app.compliance.legal_rules import Rules
from liquor_app.compliance.may_offer import disclosures
from liquor_app.compliance.may_send import (
    Allowed,
    Blocked,
    BlockReason,
    PersonFacts,
    law_states,
    may_send,
    next_allowed,
)
from liquor_app.core.bulk import unnest
from liquor_app.core.ids import uuid7
from liquor_app.coupons.coupon_codes import give_codes
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.labels.custom_values import custom_of
from liquor_app.customers.models import ConsentStatus
from liquor_app.customers.recipient_consent import refused_numbers
from liquor_app.customers.whereabouts.zip_codes import known_zone
from liquor_app.events.models import EventType
from liquor_app.events.service import NewEvent, record_events
from liquor_app.experiments.ab_tests.in_force import TRIAL, TRIAL_WINDOW
from liquor_app.ledger.claim_rows import Release, Skip, claim_due, release_claims, skip_claims
from liquor_app.ledger.contact_history import contacts_of
from liquor_app.ledger.fence_rows import PERSON_FACTS
from liquor_app.organization.models import Channel
from liquor_app.organization.service import licences
from liquor_app.sending.events.replies import unread_from
from liquor_app.sending.pipeline.eligibility_facts import (
    code_wanted,
    has_coupon,
    is_over,
    message_facts,
    person_facts,
    place_facts,
)
from liquor_app.ui.words import show_moment

EXPIRED = "expired"
OUT_OF_STOCK = "out_of_stock"
"""What the offer is for is gone since it was planned."""

LASTING = timedelta(minutes=2)
"""A window that closes sooner is as good as closed: the fence wants a minute of it."""

_CLAIMED = unnest("m", packed=("id",), id="uuid")
_DETAILS = f"""
SELECT s.id, s.created_at, s.customer_id, s.action_id, s.campaign_id, s.channel, s.not_before,
       s.expires_at, s.contact_at AS moment, s.attempt,
       k.virtual_now IS NOT NULL AS is_played, k.brand_id, k.constraints, k.approved_wording,
       {TRIAL_WINDOW} AS send_window, trial.subject AS trial_subject, trial.words AS trial_words,
       a.offer, a.offer_terms, a.message, a.template_category, o.code AS coupon,
       c.name, c.first_name, c.city, c.primary_category, c.raw_data,
       c.email_key, c.phone, c.state, c.postal_code, c.timezone,
       c.deleted_at IS NOT NULL AS deleted, c.profiling_objected_at IS NOT NULL AS objected, c.no_tracking,
       c.paused_until, c.max_contacts_30_days, c.topics_off,
       c.of_age_on, c.age_verified_at IS NOT NULL AS age_verified,
       c.age_disputed_at IS NOT NULL AS age_disputed,
       CASE s.channel WHEN 'email' THEN c.email_consent ELSE c.sms_consent END AS consent,
       CASE s.channel WHEN 'email' THEN c.email_key ELSE c.phone END AS address,
       CASE s.channel WHEN 'email' THEN COALESCE(c.email, c.email_key) ELSE c.phone END AS recipient,
       g.at AS consent_at, b.has_alcohol_purchases, {PERSON_FACTS} AS facts
FROM {_CLAIMED}
JOIN sends s ON s.id = m.id AND s.created_at = uuid_v7_time(m.id)
JOIN campaigns k ON k.id = s.campaign_id
JOIN customers c ON c.id = s.customer_id
LEFT JOIN actions a ON a.id = s.action_id
{TRIAL}
LEFT JOIN LATERAL (
    SELECT code FROM coupons WHERE customer_id = s.customer_id AND action_id = s.action_id LIMIT 1
) o ON true
LEFT JOIN LATERAL (
    SELECT at FROM consents
    WHERE c.of_age_on IS NOT NULL AND customer_id = c.id AND channel = s.channel
      AND status = '{ConsentStatus.GIVEN}'
    ORDER BY at DESC LIMIT 1
) g ON true
LEFT JOIN LATERAL (
    SELECT true AS has_alcohol_purchases FROM purchases
    WHERE c.of_age_on IS NULL AND c.age_verified_at IS NULL AND customer_id = c.id AND alcohol_total > 0 LIMIT 1
) b ON true
ORDER BY s.not_before, s.id
"""

_SUPPRESSED = """
SELECT address_hash, channel FROM suppressions WHERE lifted_at IS NULL AND address_hash = ANY(:hashes)
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that may go out until `closes_at` (by its campaign's clock), with all that rendering it takes."""

    id: UUID
    created_at: datetime
    campaign_id: UUID
    customer_id: UUID
    channel: Channel
    recipient: str
    closes_at: datetime
    address_hash: bytes
    is_played: bool
    no_tracking: bool
    brand_id: UUID | None
    template_category: str
    approved_templates: Mapping[str, str] | None
    """Versions by "channel:kind" that its campaign was approved with; None: whichever are in use."""
    name: str | None
    city: str | None
    favourite: str | None
    custom: Mapping[str, str]
    given: str | None
    offer: str
    offer_terms: dict[str, Any]
    message: str | None
    trial_subject: str | None
    trial_words: str | None
    """What its variant of the campaign's A/B test says instead, as it was typed."""
    coupon: str | None
    day: date
    """On which they get it, by their own calendar."""
    disclosure: str
    """What must stand beside an offer chosen for them."""
    licence: str | None
    """The state of the licence it goes out under, as it is now."""
    facts: str
    """`fence_rows.PERSON_FACTS` of who gets it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Messages under one token and lease; `taken` counts those it decided, skipped and put off ones included."""

    token: UUID
    messages: list[Claimed]
    taken: int
    campaigns: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a claimed message is skipped, or put off until `due`."""

    id: UUID
    reason: str | None
    note: str
    due: datetime | None = None
    customer_id: UUID | None = None
    campaign_id: UUID | None = None


async def claim_batch(
    session: AsyncSession, rules: Rules, channels: Sequence[Channel], *, limit: int, lease_seconds: float
) -> Claim:
    """Claim up to `limit` due messages of running campaigns, decide each, and reserve the contact of those that may
    go out. What may not is skipped with its reason or put off to its next lawful moment, in the same transaction."""
    token = uuid7()
    ids = await claim_due(session, channels, token=token, limit=limit, lease_seconds=lease_seconds)
    if not ids:
        return Claim(token, [], 0, frozenset())
    found = await session.execute(text(_DETAILS), _CLAIMED.bind(id=ids))
    rows = found.all()
    hashes = {row.id: address_hash(row.address) for row in rows if row.address}
    suppressed = await _suppressed(session, set(hashes.values()))
    refused = await refused_numbers(session, {row.phone for row in rows if row.channel == Channel.SMS and row.phone})
    contacts, brands = await _contacts(session, rows), await licences(session)
    unread = await unread_from(session, set(hashes.values()))
    gone = await sold_out(session, filter(None, map(_product_of, rows)))
    passed: list[tuple[Any, Allowed]] = []
    stops: list[Stop] = []
    for row in rows:
        is_suppressed = (hashes.get(row.id), row.channel) in suppressed
        licence = brands.get(row.brand_id, brands.get(None))
        facts = person_facts(
            row,
            suppressed=is_suppressed,
            number_refused=row.phone in refused,
            contacts=_within(contacts[row.customer_id], row.moment),
            unread_reply=hashes.get(row.id) in unread,
        )
        verdict = _decide(row, rules, licence, facts)
        if isinstance(verdict, Allowed) and _product_of(row) in gone:
            note = f"{row.offer_terms['name']}: the product {row.offer_terms['product']} is out of stock."
            verdict = Stop(row.id, OUT_OF_STOCK, note, None, row.customer_id, row.campaign_id)
        if isinstance(verdict, Stop):
            stops.append(verdict)
            continue
        contacts[row.customer_id].append(row.moment)
        passed.append((row, verdict))
    wanted = [one for row, _ in passed if row.coupon is None and (one := code_wanted(row)) is not None]
    given = await give_codes(session, wanted, rules.store_zone)
    stops += [_without_code(row, *given.without[row.action_id]) for row, _ in passed if row.action_id in given.without]
    allowed = [
        _claimed(
            row,
            verdict,
            hashed=hashes[row.id],
            coupon=given.codes.get(row.action_id, row.coupon),
            day=row.moment.astimezone(ZoneInfo(known_zone(row.timezone) or rules.store_zone)).date(),
            licence=brands.get(row.brand_id, brands.get(None)),
            rules=rules,
        )
        for row, verdict in passed
        if row.action_id not in given.without
    ]
    await stop_messages(session, token, stops)
    return Claim(token, allowed, len(ids), frozenset(row.campaign_id for row in rows))


async def stop_messages(session: AsyncSession, token: UUID, stops: Sequence[Stop]) -> None:
    """Skip or put off messages that are still claimed under `token`."""
    await release_claims(
        session, token, [Release(stop.id, stop.due, stop.note or None) for stop in stops if stop.reason is None]
    )
    never = {stop.id: stop for stop in stops if stop.reason is not None}
    skipped = await skip_claims(
        session, token, [Skip(stop.id, stop.reason or "", stop.note) for stop in never.values()]
    )
    await skip_queued(
        session,
        [
            Launched(action_id, never[send_id].reason, never[send_id].note)
            for send_id, action_id in skipped.items()
            if action_id is not None
        ],
    )
    await record_events(
        session,
        [
            NewEvent(EventType.SKIPPED, stop.customer_id, stop.campaign_id, stop.id,
                     properties={"reason": stop.reason, "detail": stop.note})
            for stop in never.values() if stop.id in skipped
        ],
    )  # fmt: skip


def _decide(row: Any, rules: Rules, licence: str | None, person: PersonFacts) -> Allowed | Stop:
    moment: datetime = row.moment
    if is_over(moment + LASTING, row.expires_at):
        ended = show_moment(row.expires_at, moment.astimezone(ZoneInfo(rules.store_zone)))
        note = f"It was not sent in time; the offer's campaign ended {ended}."
        return Stop(row.id, EXPIRED, note, None, row.customer_id, row.campaign_id)
    message = message_facts(row, licence)
    verdict = may_send(person, message, moment, rules)
    if isinstance(verdict, Blocked):
        return _stop(row, verdict)
    if verdict.closes_at - moment <= LASTING:
        until = next_allowed(person, message, moment, rules, lasting=LASTING)
        return _stop(row, Blocked(BlockReason.QUIET_HOURS, "The window closes within two minutes.", until))
    return verdict


def _stop(row: Any, verdict: Blocked) -> Stop:
    if verdict.until is not None and not is_over(verdict.until, row.expires_at):
        return Stop(row.id, None, verdict.detail, verdict.until)
    return Stop(row.id, verdict.reason.value, verdict.detail, None, row.customer_id, row.campaign_id)


def _without_code(row: Any, reason: str | None, note: str) -> Stop:
    """Return its pool is empty; without a reason only for the moment, so that it is asked about again at once."""
    if reason is None:
        return Stop(row.id, None, note, row.moment)
    return Stop(row.id, reason, note, None, row.customer_id, row.campaign_id)


def _product_of(row: Any) -> str:
    """Return the product an action's offer is for, as `sold_out` names it; "" for none."""
    return str((row.offer_terms or {}).get("product") or "").lower()


def _within(contacts: Sequence[datetime], moment: datetime) -> tuple[int, int, int]:
    """Return contacts within 24 hours, 7 and 30 days of `moment`, on either side: another campaign's clock may be
    ahead."""

    if not contacts:
        return 0, 0, 0

    def count(span: timedelta) -> int:
        return sum(1 for contact in contacts if abs(contact - moment) < span)

    return count(timedelta(hours=24)), count(timedelta(days=7)), count(timedelta(days=30))


async def _contacts(session: AsyncSession, rows: Sequence[Any]) -> dict[UUID, list[datetime]]:
    first, last = min(row.moment for row in rows), max(row.moment for row in rows)
    month = timedelta(days=30)
    contacts: dict[UUID, list[datetime]] = defaultdict(list)
    own = {row.id for row in rows}
    for contact in await contacts_of(session, {row.customer_id for row in rows}, first - month, last + month):
        if contact.send_id not in own:
            contacts[contact.customer_id].append(contact.at)
    return contacts


async def _suppressed(session: AsyncSession, hashes: set[bytes]) -> set[tuple[bytes | None, str]]:
    """(address hash, channel) pairs on the list; an entry without a channel counts for every one."""
    found = await session.execute(text(_SUPPRESSED), {"hashes": list(hashes)})
    return {
        (bytes(row.address_hash), channel.value)
        for row in found
        for channel in Channel
        if row.channel in (None, channel.value)
    }


def _disclosure(row: Any, licence: str | None, rules: Rules) -> str:
    """Return the law's words for an offer with money off; all of ours are chosen for the person."""
    terms = row.offer_terms or {}
    if not has_coupon(terms) and not facts_of(terms, row.offer, row.message).is_money_off:
        return ""
    day = row.moment.astimezone(ZoneInfo(rules.store_zone)).date()
    return " ".join(disclosures(licence, law_states(place_facts(row)), day, rules))


def _claimed(
    row: Any, verdict: Allowed, *, hashed: bytes, coupon: str | None, licence: str | None, rules: Rules, day: date
) -> Claimed:
    return Claimed(
        id=row.id,
        created_at=row.created_at,
        campaign_id=row.campaign_id,
        customer_id=row.customer_id,
        channel=Channel(row.channel),
        recipient=row.recipient,
        closes_at=min(verdict.closes_at, row.expires_at or verdict.closes_at),
        address_hash=hashed,
        is_played=row.is_played,
        no_tracking=row.no_tracking,
        brand_id=row.brand_id,
        template_category=row.template_category or "win_back",
        approved_templates=(row.approved_wording or {}).get("templates"),
        name=row.name,
        city=row.city,
        favourite=row.primary_category,
        custom=custom_of(row.raw_data),
        given=row.first_name,
        offer=row.offer or "",
        offer_terms=row.offer_terms or {},
        message=row.message,
        trial_subject=row.trial_subject,
        trial_words=row.trial_words,
        coupon=coupon,
        day=day,
        disclosure=_disclosure(row, licence, rules),
        licence=licence,
        facts=row.facts,
    )
