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

from liquor_app.core.bulk import PassedArray
from liquor_app.core.clock import now


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something that happened. `occurred_at` is real time."""

    event_type: str
    customer_id: UUID | None = None
    campaign_id: UUID | None = None
    send_id: UUID | None = None
    occurred_at: datetime = field(default_factory=now)
    properties: dict[str, Any] = field(default_factory=dict)


async def record_events(session: AsyncSession, events: Sequence[NewEvent]) -> None:
    """Append events in one statement."""
    if not events:
        return
    await session.execute(
        text(
            "INSERT INTO analytics_events"
            " (event_type, customer_id, campaign_id, send_id, occurred_at, properties)"
            " SELECT * FROM unnest(CAST(:types AS text[]), CAST(:customers AS uuid[]), CAST(:campaigns AS uuid[]),"
            " CAST(:sends AS uuid[]), CAST(:moments AS timestamptz[]), CAST(:properties AS jsonb[]))"
        ),
        {
            "types": [event.event_type for event in events],
            "customers": [event.customer_id for event in events],
            "campaigns": [event.campaign_id for event in events],
            "sends": [event.send_id for event in events],
            "moments": [event.occurred_at for event in events],
            "properties": [json.dumps(event.properties, default=str) for event in events],
        },
    )


_RECORD_ARRAYS = """
INSERT INTO analytics_events (event_type, customer_id, campaign_id, send_id, occurred_at)
SELECT f.*, CAST(:at AS timestamptz)
FROM unnest(CAST(:types AS text[]), CAST(:customers AS uuid[]), CAST(:campaigns AS uuid[]), CAST(:sends AS uuid[])) AS f
"""

_MARK_MACHINES = """
UPDATE analytics_events e
SET properties = CASE WHEN f.machine THEN e.properties || '{"machine": true}' ELSE e.properties - 'machine' END
FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[]), CAST(:machines AS boolean[]))
     AS f(id, moment, machine)
WHERE e.id = f.id AND e.occurred_at = f.moment
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
        await session.execute(
            text(_MARK_MACHINES),
            {
                "ids": [one.event_id for one in remarks],
                "moments": [one.occurred_at for one in remarks],
                "machines": [one.is_machine for one in remarks],
            },
        )
