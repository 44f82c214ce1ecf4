"""Who may be on a list of people to be offered a bottle, and why somebody may not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.customers.addresses import address_hash
from liquor_app.organization.channel import Channel

GONE = "no longer a customer"
UNDER_AGE = "not of age"
AGE_IN_DOUBT = "their age is in doubt"
UNWILLING = "asked not to be written to"

_PEOPLE = """
SELECT id, email_key, phone, of_age_on, age_disputed_at FROM customers WHERE id = ANY(:ids) AND deleted_at IS NULL
"""
_SUPPRESSED = """
SELECT address_hash, channel FROM suppressions WHERE lifted_at IS NULL AND address_hash = ANY(:hashes)
"""


async def why_not(session: AsyncSession, customer_ids: Sequence[UUID], today: date) -> dict[UUID, str]:
    """Return those who may not be offered a bottle, each with the reason. Whose age nobody knows may be: whoever hands
    the bottle over asks. A corridor."""
    found = (await session.execute(text(_PEOPLE), {"ids": list(customer_ids)})).all()
    addresses = {
        row.id: [
            (address_hash(address), channel)
            for address, channel in ((row.email_key, Channel.EMAIL), (row.phone, Channel.SMS))
            if address
        ]
        for row in found
    }
    hashes = [hashed for mine in addresses.values() for hashed, _ in mine]
    listed = await session.execute(text(_SUPPRESSED), {"hashes": hashes})
    stopped = {
        (bytes(row.address_hash), channel)
        for row in listed
        for channel in Channel
        if row.channel in (None, channel.value)
    }
    reasons: dict[UUID, str] = dict.fromkeys(customer_ids, GONE)
    for row in found:
        mine = addresses[row.id]
        if row.of_age_on is not None and row.of_age_on > today:
            reasons[row.id] = UNDER_AGE
        elif row.age_disputed_at is not None:
            reasons[row.id] = AGE_IN_DOUBT
        elif mine and all(one in stopped for one in mine):
            reasons[row.id] = UNWILLING
        else:
            del reasons[row.id]
    return reasons
