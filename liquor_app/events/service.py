"""Writing to the append-only log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import PassedArray, unnest
from liquor_app.core.clock import now
from liquor_app.events.models import AnalyticsEvent


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something that happened. `occurred_at` is real time."""

    event_type: str
    customer_id: UUID | None = None
    campaign_id: UUID | None = None
    send_id: UUID | None = None
    occurred_at: datetime = field(default_factory=now)
    properties: dict[str, Any] = field(default_factory=dict)


_NEW = unnest(
    "f", event_type=AnalyticsEvent.event_type, customer_id=AnalyticsEvent.customer_id,
    campaign_id=AnalyticsEvent.campaign_id, send_id=AnalyticsEvent.send_id, occurred_at=AnalyticsEvent.occurred_at,
    properties=AnalyticsEvent.properties,
)  # fmt: skip


async def record_events(session: AsyncSession, events: Sequence[NewEvent]) -> None:
    """Append events in one statement."""
    if not events:
        return
    await session.execute(
        text(
            "INSERT INTO analytics_events"
            " (event_type, customer_id, campaign_id, send_id, occurred_at, properties)"
            f" SELECT * FROM {_NEW}"
        ),
        _NEW.bind(
            event_type=[event.event_type for event in events],
            customer_id=[event.customer_id for event in events],
            campaign_id=[event.campaign_id for event in events],
            send_id=[event.send_id for event in events],
            occurred_at=[event.occurred_at for event in events],
            properties=[json.dumps(event.properties, default=str) for event in events],
        ),
    )


_RECORD_ARRAYS = """
INSERT INTO analytics_events (event_type, customer_id, campaign_id, send_id, occurred_at)
SELECT f.*, CAST(:at AS timestamptz)
FROM unnest(CAST(:types AS text[]), CAST(:customers AS uuid[]), CAST(:campaigns AS uuid[]), CAST(:sends AS uuid[])) AS f
"""

_REMARKS = unnest("f", event_id=AnalyticsEvent.id, occurred_at=AnalyticsEvent.occurred_at, is_machine="boolean")

_MARK_MACHINES = f"""
UPDATE analytics_events e
SET properties = CASE WHEN f.is_machine THEN e.properties || '{{"machine": true}}' ELSE e.properties - 'machine' END
FROM {_REMARKS}
WHERE e.id = f.event_id AND e.occurred_at = f.occurred_at
"""


@dataclass(frozen=True, slots=True)
class Remark:
    """An event that was thought a person's and was a machine's, or the other way round."""

    event_id: UUID
    occurred_at: datetime
    is_machine: bool


async def record_many(
    session: AsyncSession, *, types: PassedArray, customers: PassedArray, campaigns: PassedArray, sends: PassedArray
) -> None:
    """Append an event a message, now and without properties."""
    await session.execute(
        text(_RECORD_ARRAYS),
        {"types": types, "customers": customers, "campaigns": campaigns, "sends": sends, "at": now()},
    )


async def mark_machines(session: AsyncSession, remarks: Sequence[Remark]) -> None:
    """Set right whose an open or click was: the only thing in the log that is ever changed."""
    if remarks:
        await session.execute(text(_MARK_MACHINES), _REMARKS.rows(remarks))


_MOVE_EVENTS = """
UPDATE analytics_events x SET customer_id = :to WHERE customer_id = :gone RETURNING id
"""
_RETURN_EVENTS = (
    "UPDATE analytics_events SET customer_id = :gone WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to"
)


async def move_events(session: AsyncSession, gone: UUID, to: UUID) -> list[str]:
    """Give what one customer did to another; returns their ids. A corridor, for `doubles`."""
    moved = await session.execute(text(_MOVE_EVENTS), {"gone": gone, "to": to})
    return [str(one) for one in moved.scalars()]


async def return_events(session: AsyncSession, gone: UUID, to: UUID, ids: Sequence[str]) -> None:
    """Undo `move_events`. A corridor, for `doubles`."""
    await session.execute(text(_RETURN_EVENTS), {"gone": gone, "to": to, "ids": list(ids)})
