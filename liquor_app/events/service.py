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
