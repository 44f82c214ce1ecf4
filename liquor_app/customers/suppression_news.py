"""Addresses that came on the list are told to whoever asked: which entry, which channel and why; never the address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.webhooks.models import Happened
from liquor_app.webhooks.outbox import emit

NEWS = "(xmax = 0) AS is_new, id, channel, reason, customer_id"
"""What a statement returns of the entries it wrote."""


async def tell_added(session: AsyncSession, rows: Iterable[Any]) -> int:
    """Tell of the entries that are new; returns how many those are. A corridor."""
    new = [
        {"suppression_id": row.id, "channel": row.channel, "reason": row.reason, "customer_id": row.customer_id}
        for row in rows
        if row.is_new
    ]
    await emit(session, Happened.SUPPRESSION_ADDED, new)
    return len(new)
