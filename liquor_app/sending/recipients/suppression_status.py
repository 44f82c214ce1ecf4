"""What the suppression list holds against one person, and which of it their own word may take back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.customers.addresses import address_hash
from liquor_app.customers.models import SuppressionReason
from liquor_app.organization.models import Channel

_LISTED = """
SELECT f.channel, bool_or(s.channel IS NULL OR s.reason <> :own OR EXISTS (
         SELECT 1 FROM sends e WHERE e.customer_id = :customer AND e.channel = f.channel
          AND lower(e.recipient) = f.address AND (e.complained_at IS NOT NULL OR e.bounced_at IS NOT NULL)
       )) AS is_barred
FROM unnest(CAST(:channels AS text[]), CAST(:addresses AS text[]), CAST(:hashes AS bytea[]))
  AS f(channel, address, hash)
JOIN suppressions s ON s.address_hash = f.hash AND s.lifted_at IS NULL AND (s.channel IS NULL OR s.channel = f.channel)
GROUP BY f.channel
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Channels whose address stands on the list; of these, `barred` are not the person's own to take back."""

    listed: frozenset[Channel]
    barred: frozenset[Channel]


async def standing_of(session: AsyncSession, customer_id: UUID, addresses: Mapping[Channel, str]) -> Standing:
    """How a customer's normalised `addresses` stand.

    Their own unsubscribing alone can be taken back. A callback that finds an address listed leaves the entry as it is,
    so a complaint or a bounce that came after an unsubscribing is looked up in the messages themselves.
    """
    found = await session.execute(
        text(_LISTED),
        {
            "channels": [channel.value for channel in addresses],
            "addresses": list(addresses.values()),
            "hashes": [address_hash(address) for address in addresses.values()],
            "customer": customer_id,
            "own": SuppressionReason.UNSUBSCRIBED.value,
        },
    )
    listed = {Channel(row.channel): bool(row.is_barred) for row in found}
    return Standing(frozenset(listed), frozenset(channel for channel, is_barred in listed.items() if is_barred))


async def lift_own(session: AsyncSession, customer_id: UUID, address: str, channel: Channel) -> bool:
    """Take back what somebody's own unsubscribing put on the list; False, and nothing is done, if more than that keeps
    the address there: a complaint, a bounce, the shop's own entry."""
    if (await standing_of(session, customer_id, {channel: address})).barred:
        return False
    await session.execute(
        text(
            "UPDATE suppressions SET lifted_at = now() WHERE lifted_at IS NULL AND reason = :reason"
            " AND address_hash = :hash AND channel = :channel"
        ),
        {"reason": SuppressionReason.UNSUBSCRIBED.value, "hash": address_hash(address), "channel": channel.value},
    )
    return True
