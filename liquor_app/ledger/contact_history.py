"""Tell when customers were contacted: what the frequency caps count. Corridor: no actor is asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest
from liquor_app.core.states import sql_list
from liquor_app.ledger.models import CONTACTS, UNFINISHED

MADE_BEFORE = timedelta(days=90)
"""Messages are made at most a campaign's length before they are due, which spares the old partitions."""

_PEOPLE = unnest("m", packed=("id",), id="uuid")
_CONTACTS = f"""
SELECT s.id, s.customer_id, s.contact_at
FROM {_PEOPLE} JOIN sends s ON s.customer_id = m.id
WHERE s.created_at > :oldest AND s.contact_at > :since AND s.contact_at < :until AND s.status = ANY(:statuses)
"""


@dataclass(frozen=True, slots=True)
class Contact:
    """A message that reached a customer, may have, or is about to."""

    send_id: UUID
    customer_id: UUID
    at: datetime


async def contacts_of(
    session: AsyncSession, customers: Collection[UUID], since: datetime, until: datetime
) -> list[Contact]:
    """Return every contact of these customers between two moments, by their campaigns' own clocks."""
    found = await session.execute(
        text(_CONTACTS),
        {
            **_PEOPLE.bind(id=customers),
            "oldest": since - MADE_BEFORE,
            "since": since,
            "until": until,
            "statuses": [status.value for status in CONTACTS],
        },
    )
    return [Contact(*row) for row in found]


# what is still on its way ends by itself: its customer is gone
_MOVE_SENDS = f"""
UPDATE sends SET customer_id = :to WHERE customer_id = :gone AND status NOT IN {sql_list(*UNFINISHED)} RETURNING id
"""
_RETURN_SENDS = "UPDATE sends SET customer_id = :gone WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to"


async def move_sends(session: AsyncSession, gone: UUID, to: UUID) -> list[str]:
    """Give the messages that reached one customer, or ended, to another, whose caps count them from then on; returns
    their ids. A corridor, for `doubles`."""
    moved = await session.execute(text(_MOVE_SENDS), {"gone": gone, "to": to})
    return [str(one) for one in moved.scalars()]


async def return_sends(session: AsyncSession, gone: UUID, to: UUID, ids: Sequence[str]) -> None:
    """Undo `move_sends`. A corridor, for `doubles`."""
    await session.execute(text(_RETURN_SENDS), {"gone": gone, "to": to, "ids": list(ids)})
