"""Tell what the suppression list holds against people, and take back what their own word may: one check for pages and
texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.models import SuppressionReason
from liquor_app.customers.recipient_consent import lift_unsubscribings
from liquor_app.organization.models import Channel

_ASKED = unnest("f", channel="text", address="text", hash="bytea", customer="uuid")
_PHONES = unnest("f", phone="text")
_LISTED = f"""
SELECT f.channel, f.address, bool_or(s.channel IS NULL OR s.reason <> :own OR EXISTS (
         SELECT 1 FROM sends e WHERE e.customer_id = f.customer AND e.channel = f.channel
          AND lower(e.recipient) = f.address AND (e.complained_at IS NOT NULL OR e.bounced_at IS NOT NULL)
       )) AS is_barred
FROM {_ASKED}
JOIN suppressions s ON s.address_hash = f.hash AND s.lifted_at IS NULL AND (s.channel IS NULL OR s.channel = f.channel)
GROUP BY f.channel, f.address
"""


@dataclass(frozen=True, slots=True)
class Owned:
    """A normalised address of a customer; of nobody known, if there is none."""

    channel: Channel
    address: str
    customer_id: UUID | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Channels whose address stands on the list; of these, `barred` are not the person's own to take back."""

    listed: frozenset[Channel]
    barred: frozenset[Channel]


async def standing_of(session: AsyncSession, customer_id: UUID, addresses: Mapping[Channel, str]) -> Standing:
    """Tell how a customer's normalised `addresses` stand."""
    listed = await _listed(session, [Owned(channel, address, customer_id) for channel, address in addresses.items()])
    return Standing(
        frozenset(channel for channel, _ in listed),
        frozenset(channel for (channel, _), is_barred in listed.items() if is_barred),
    )


async def lift_own(session: AsyncSession, asked: Sequence[Owned], *, source: str | None = None) -> bool:
    """Take back what people's own unsubscribing put on the list, where nothing else keeps the address there: no
    complaint, no bounce, no entry of the shop's own.

    Args:
        source: take back only what was said this way.

    Returns:
        Whether that was so of all.
    """
    listed = await _listed(session, asked)
    free = {(one.channel, one.address) for one in asked if not listed.get((one.channel, one.address))}
    await lift_unsubscribings(session, sorted(free), source=source)
    return len(free) == len({(one.channel, one.address) for one in asked})


async def is_barred(session: AsyncSession, asked: Sequence[Owned]) -> bool:
    """Tell whether anything but their own unsubscribing keeps one of these addresses on the list."""
    return any((await _listed(session, asked)).values())


async def owners_of(session: AsyncSession, channel: Channel, address: str) -> list[Owned]:
    """Return everybody who has this normalised address; an address of nobody stands alone."""
    if channel is Channel.SMS:
        return await owners_of_phones(session, [address])
    found = await session.execute(
        text("SELECT id FROM customers WHERE email_key = :address AND deleted_at IS NULL"), {"address": address}
    )
    return [Owned(channel, address, one) for one in found.scalars()] or [Owned(channel, address, None)]


async def owners_of_phones(session: AsyncSession, phones: Sequence[str]) -> list[Owned]:
    """Return everybody who has one of these numbers: families share them. A number of nobody stands alone."""
    found = await session.execute(
        text(
            f"SELECT f.phone, c.id FROM {_PHONES} LEFT JOIN customers c ON c.phone = f.phone AND c.deleted_at IS NULL"
        ),
        _PHONES.bind(phone=phones),
    )
    return [Owned(Channel.SMS, phone, customer_id) for phone, customer_id in found]


async def _listed(session: AsyncSession, asked: Sequence[Owned]) -> dict[tuple[Channel, str], bool]:
    """Addresses on the list, and whether they are barred.

    Their own unsubscribing alone can be taken back. A callback that finds an address listed leaves the entry as it is,
    so a complaint or a bounce that came after an unsubscribing is looked up in the messages themselves.
    """
    found = await session.execute(
        text(_LISTED),
        {
            **_ASKED.bind(
                channel=[one.channel.value for one in asked],
                address=[one.address for one in asked],
                hash=[address_hash(one.address) for one in asked],
                customer=[one.customer_id for one in asked],
            ),
            "own": SuppressionReason.UNSUBSCRIBED.value,
        },
    )
    return {(Channel(row.channel), row.address): bool(row.is_barred) for row in found}
