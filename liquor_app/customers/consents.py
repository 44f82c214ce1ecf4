"""What people agreed to, and the list of addresses that must not be written to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.bulk import unnest
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.merging.gone_profiles import why_gone
from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.customers.visible_text import visible
from liquor_app.organization.models import Channel
from liquor_app.webhooks.models import Happened
from liquor_app.webhooks.outbox import emit

MAX_SUPPRESSED = 500
"""Customers one call may suppress."""

FINAL = (SuppressionReason.COMPLAINED, SuppressionReason.ERASED)
"""Reasons no admin lifts."""

_GROWN_UP = "({c}.of_age_on IS NULL OR {c}.of_age_on <= {today}) AND {c}.age_disputed_at IS NULL"
REACHABLE = {
    Channel.EMAIL: f"{{c}}.email_consent = 'given' AND {{c}}.email_key IS NOT NULL AND {_GROWN_UP}",
    # a no to texts is the number's, whoever else has it (`recipient_consent.refused_numbers`)
    Channel.SMS: f"{{c}}.sms_consent = 'given' AND {{c}}.phone IS NOT NULL AND {_GROWN_UP}"
    " AND NOT EXISTS (SELECT FROM customers refused WHERE refused.phone = {c}.phone AND refused.deleted_at IS NULL"
    f" AND refused.sms_consent = '{ConsentStatus.WITHDRAWN}')",
}
"""Who counts as somebody who can be written to, for a row `c` and the shop's `today`: agreed, has an address, is not
known to be under age nor in doubt. A figure for people; whether a message may go is asked of `may_send`."""

NOT_ERASED = (
    "NOT EXISTS (SELECT FROM suppressions e WHERE e.address_hash = {row}.hash AND e.channel IS NULL"
    f" AND e.reason = '{SuppressionReason.ERASED}' AND e.lifted_at IS NULL)"
)
"""Whoever was erased stands on the list for good, by a hash alone: nobody writes their address there again."""

_GRAVITY = {SuppressionReason.UNSUBSCRIBED: 0, SuppressionReason.BOUNCED: 2, **dict.fromkeys(FINAL, 3)}


def gravity(reason: SuppressionReason) -> int:
    """Tell how little a reason can be taken back."""
    return _GRAVITY.get(reason, 1)


_GRAVER = (
    "(suppressions.reason = :own AND excluded.reason <> :own)"
    " OR (suppressions.reason <> ALL(:final) AND excluded.reason = ANY(:final))"
)
"""What takes the place of an entry that stands there."""

_ENTRIES = unnest(
    "f", hash="bytea", address="text", channel="text", reason="text", customer="uuid",
)  # fmt: skip


_WITHDRAWN = f"""
WITH RECURSIVE theirs AS (
    SELECT id, email_key, phone FROM customers WHERE id = :id
     UNION SELECT g.id, g.email_key, g.phone FROM customers g JOIN theirs t ON g.merged_into = t.id
)
SELECT DISTINCT a.channel, a.address
  FROM customers c CROSS JOIN theirs t
 CROSS JOIN LATERAL (
    VALUES ('{Channel.EMAIL}', t.email_key, c.email_consent), ('{Channel.SMS}', t.phone, c.sms_consent)
 ) AS a(channel, address, said)
 WHERE c.id = :id AND a.address IS NOT NULL AND a.said = '{ConsentStatus.WITHDRAWN}'
"""
NEWS = "(xmax = 0) AS is_new, id, channel, reason, customer_id"
"""What a statement returns of the entries it wrote."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """A normalised address that is not to be written to; on no channel, if none is named."""

    address: str
    reason: SuppressionReason
    channel: Channel | None = None
    customer_id: UUID | None = None


async def record_consent(
    session: AsyncSession,
    actor: Actor,
    customer_id: UUID,
    *,
    channel: Channel,
    status: ConsentStatus,
    source: str,
    wording_version: str | None = None,
    ip: str | None = None,
    evidence: dict[str, Any] | None = None,
) -> None:
    """Append consent evidence and make it the customer's present state.

    Raises:
        NotFound: no such customer.
        Invalid: no source.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    source = " ".join(visible(source).split())
    if not any(map(str.isalnum, source)):
        raise Invalid("source must say where the consent came from", field="source")
    updated = await session.execute(
        text(
            "UPDATE customers c SET"
            " email_consent = CASE :channel WHEN 'email' THEN :status ELSE c.email_consent END,"
            " sms_consent = CASE :channel WHEN 'sms' THEN :status ELSE c.sms_consent END, updated_at = now()"
            " FROM (SELECT id, email_consent, sms_consent FROM customers WHERE id = :id FOR UPDATE) b"
            " WHERE c.id = b.id AND c.deleted_at IS NULL"
            " RETURNING CASE :channel WHEN 'email' THEN b.email_consent ELSE b.sms_consent END"
        ),
        {"channel": channel.value, "status": status.value, "id": customer_id},
    )
    if (row := updated.first()) is None:
        raise NotFound(await why_gone(session, customer_id))
    await session.execute(
        text(
            "INSERT INTO consents (customer_id, channel, status, source, wording_version, ip, evidence, recorded_by)"
            " VALUES (:id, :channel, :status, :source, :wording, :ip, CAST(:evidence AS jsonb), :by)"
        ),
        {
            "id": customer_id,
            "channel": channel.value,
            "status": status.value,
            "source": source[:120],
            "wording": wording_version,
            "ip": ip,
            "evidence": json.dumps(evidence or {}, default=str),
            "by": actor.user_id,
        },
    )
    await audit_change(
        session,
        actor,
        f"consent.{status.value}",
        "customer",
        customer_id,
        before={"consent": row[0]},
        after={"consent": status.value},
        channel=channel.value,
    )


async def suppress_customer(
    session: AsyncSession, actor: Actor, customer_id: UUID, *, reason: SuppressionReason = SuppressionReason.MANUAL
) -> int:
    """Suppress every address of a customer on every channel; returns how many addresses.

    Raises:
        NotFound: no such customer.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    found = await session.execute(
        text("SELECT email_key, phone FROM customers WHERE id = :id AND deleted_at IS NULL"), {"id": customer_id}
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound(await why_gone(session, customer_id))
    addresses = [address for address in (row["email_key"], row["phone"]) if address]
    for address in addresses:
        await suppress_address(session, address, reason=reason, customer_id=customer_id, source=actor.kind.value)
    await audit(session, actor, "customer.suppressed", "customer", customer_id, reason=reason.value)
    return len(addresses)


async def suppress_customers(session: AsyncSession, actor: Actor, customer_ids: Sequence[UUID]) -> int:
    """Suppress every address of up to 500 customers on every channel; returns how many customers were found.

    Raises:
        Invalid: nobody, or too many at once.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    if not 1 <= len(customer_ids) <= MAX_SUPPRESSED:
        raise Invalid(f"Give 1 to {MAX_SUPPRESSED} customers at a time.", field="customer_ids")
    found = await session.execute(
        text("SELECT id, email_key, phone FROM customers WHERE id = ANY(:ids) AND deleted_at IS NULL"),
        {"ids": list(customer_ids)},
    )
    people = found.all()
    entries = [
        Suppression(address, SuppressionReason.MANUAL, None, row.id)
        for row in people
        for address in (row.email_key, row.phone)
        if address
    ]
    await suppress_addresses(session, entries, source=actor.kind.value)
    await audit(session, actor, "customers.suppressed", "customer", None, customers=[str(row.id) for row in people])
    return len(people)


async def tell_added(session: AsyncSession, rows: Iterable[Any]) -> int:
    """Tell endpoints of the entries that are new, without their addresses; returns how many those are. A corridor."""
    new = [
        {"suppression_id": row.id, "channel": row.channel, "reason": row.reason, "customer_id": row.customer_id}
        for row in rows
        if row.is_new
    ]
    await emit(session, Happened.SUPPRESSION_ADDED, new)
    return len(new)


async def suppress_address(
    session: AsyncSession,
    address: str,
    *,
    reason: SuppressionReason,
    channel: Channel | None = None,
    customer_id: UUID | None = None,
    source: str = "app",
) -> None:
    """Put a normalised address on the list, as `suppress_addresses` does."""
    await suppress_addresses(session, [Suppression(address, reason, channel, customer_id)], source=source)


async def suppress_addresses(session: AsyncSession, entries: Sequence[Suppression], *, source: str = "app") -> None:
    """Put normalised addresses on the list; harmless where they stand there.

    What is graver takes the place of an own unsubscribing, which its owner could take back, and a complaint that of
    anything an admin could lift. Of several entries for one address the gravest counts.
    """
    gravest: dict[tuple[str, Channel | None], Suppression] = {}
    for entry in sorted(entries, key=lambda one: gravity(one.reason)):
        if entry.address:  # a message whose recipient was erased names none
            gravest[entry.address, entry.channel] = entry
    # in the order of their addresses, so that two such calls wait for each other and cannot deadlock
    chosen = sorted(gravest.values(), key=lambda one: (one.address, one.channel or ""))
    if not chosen:
        return
    done = await session.execute(
        text(
            "INSERT INTO suppressions (address_hash, address, channel, reason, customer_id, source)"
            " SELECT f.hash, f.address, f.channel, f.reason, f.customer, :source"
            f" FROM {_ENTRIES} WHERE {NOT_ERASED.format(row='f')}"
            " ON CONFLICT (address_hash, coalesce(channel, '*')) WHERE lifted_at IS NULL"
            " DO UPDATE SET repeated_at = now(), repeats = suppressions.repeats + 1,"
            f" reason = CASE WHEN {_GRAVER} THEN excluded.reason ELSE suppressions.reason END,"
            f" source = CASE WHEN {_GRAVER} THEN excluded.source ELSE suppressions.source END RETURNING {NEWS}"
        ),
        {
            **_ENTRIES.bind(
                hash=[address_hash(entry.address) for entry in chosen],
                address=[entry.address for entry in chosen],
                channel=[entry.channel.value if entry.channel else None for entry in chosen],
                reason=[entry.reason.value for entry in chosen],
                customer=[entry.customer_id for entry in chosen],
            ),
            "source": source,
            "own": SuppressionReason.UNSUBSCRIBED.value,
            "final": [reason.value for reason in FINAL],
        },
    )
    await tell_added(session, done.all())


async def suppress_withdrawn(session: AsyncSession, customer_id: UUID) -> None:
    """Keep a no of somebody who is deleted: the addresses of theirs, and of profiles merged into them, on the channels
    they withdrew from. Only their own word takes it back. A corridor."""
    found = await session.execute(text(_WITHDRAWN), {"id": customer_id})
    entries = [
        Suppression(row.address, SuppressionReason.UNSUBSCRIBED, Channel(row.channel), customer_id) for row in found
    ]
    await suppress_addresses(session, entries, source="consent withdrawn, customer deleted")


async def lift_suppression(session: AsyncSession, actor: Actor, customer_id: UUID) -> int:
    """Take a customer's addresses off the list (not after a complaint or an erasure); returns how many entries.

    Raises:
        Forbidden: the actor is not an admin.
    """
    require(actor, Permission.CUSTOMERS_ADMIN)
    lifted = await session.execute(
        text("UPDATE suppressions SET lifted_at = now() WHERE customer_id = :id AND lifted_at IS NULL"
             " AND reason <> ALL(:final) RETURNING id"),
        {"id": customer_id, "final": [reason.value for reason in FINAL]},
    )  # fmt: skip
    count = len(lifted.all())
    await audit(session, actor, "customer.suppression_lifted", "customer", customer_id, entries=count)
    return count


async def suppression_of(session: AsyncSession, actor: Actor, customer_id: UUID) -> str | None:
    """Tell why a customer is suppressed; None if not."""
    require(actor, Permission.CUSTOMERS_READ)
    found = await session.execute(
        text("SELECT reason FROM suppressions WHERE customer_id = :id AND lifted_at IS NULL"
             " ORDER BY created_at LIMIT 1"),
        {"id": customer_id},
    )  # fmt: skip
    reason = found.scalar()
    return None if reason is None else str(reason)


async def suppressed_among(session: AsyncSession, actor: Actor, customer_ids: Sequence[UUID]) -> set[UUID]:
    """Tell which of these customers are suppressed."""
    require(actor, Permission.CUSTOMERS_READ)
    found = await session.execute(
        text("SELECT DISTINCT customer_id FROM suppressions WHERE customer_id = ANY(:ids) AND lifted_at IS NULL"),
        {"ids": list(customer_ids)},
    )
    return {UUID(str(one)) for one in found.scalars()}
