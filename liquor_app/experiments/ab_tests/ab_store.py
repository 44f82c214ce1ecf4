"""Tests as they are kept: the row, and what jobs and approvals read of them. Corridors: no actor is asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.pubsub import publish
from liquor_app.experiments.ab_tests.models import AbStatus, AbTopic, Measure
from liquor_app.experiments.ab_tests.variants import Variant, from_documents
from liquor_app.organization.models import Channel
from liquor_app.ui.words import plain_number

COLUMNS = (
    "id", "campaign_id", "name", "hypothesis", "topic", "channel", "measure", "variants", "decide_on", "status",
    "harmful", "winner", "why", "learned", "created_at", "decided_at",
)  # fmt: skip
_READ = f"""
SELECT {", ".join(f"t.{name}" for name in COLUMNS)}, t.reading, k.name AS campaign, k.end_date,
       k.started_at IS NOT NULL AS is_begun
  FROM ab_tests t JOIN campaigns k ON k.id = t.campaign_id
"""
_TO_JUDGE = """
SELECT t.campaign_id FROM ab_tests t JOIN campaigns k ON k.id = t.campaign_id
 WHERE t.reading IS NULL AND k.started_at IS NOT NULL ORDER BY t.created_at, t.id LIMIT :n
"""
_OFFERS = """
SELECT o ->> 'name' AS name FROM campaigns k JOIN segments s ON s.slug = ANY(k.target_segments)
 CROSS JOIN LATERAL jsonb_array_elements(s.recommended_offers) o
 WHERE k.id = :campaign GROUP BY 1 ORDER BY 1 LIMIT 100
"""
_LABELS = """
SELECT o ->> 'name' AS name, min(COALESCE(CAST(o ->> 'discount_pct' AS numeric), 0)) AS least,
       max(COALESCE(CAST(o ->> 'discount_pct' AS numeric), 0)) AS most
  FROM campaigns k JOIN segments s ON s.slug = ANY(k.target_segments)
 CROSS JOIN LATERAL jsonb_array_elements(s.recommended_offers) o
 WHERE k.id = :campaign GROUP BY 1 ORDER BY 1 LIMIT 100
"""
_KEEP = "UPDATE ab_tests SET reading = CAST(:reading AS jsonb) WHERE id = :id AND reading IS NULL"


@dataclass(frozen=True, kw_only=True)
class AbTestFields:
    """What a list, the API and a campaign's page tell of a test."""

    id: UUID
    campaign_id: UUID
    campaign: str
    name: str
    hypothesis: str
    topic: AbTopic
    channel: Channel
    measure: Measure
    status: AbStatus
    winner: str | None
    why: str
    learned: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AbTestRow(AbTestFields):
    """A campaign's test. `read_on` is the day of the one final read; `reading` what it was."""

    variants: tuple[Variant, ...]
    decide_on: date | None
    harmful: tuple[str, ...]
    read_on: date
    reading: dict[str, Any] | None
    is_begun: bool
    decided_at: datetime | None

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(one.key for one in self.variants)


def row_of(found: Any) -> AbTestRow:
    """Return a row of `_READ` as the product has it."""
    held = {name: getattr(found, name) for name in COLUMNS}
    measure = Measure(found.measure)
    ends = found.decide_on or found.end_date + timedelta(days=1)
    return AbTestRow(
        **{
            **held,
            "campaign": found.campaign,
            "topic": AbTopic(found.topic),
            "channel": Channel(found.channel),
            "measure": measure,
            "variants": from_documents(found.variants),
            "status": AbStatus(found.status),
            "harmful": tuple(found.harmful),
            "read_on": ends + timedelta(days=measure.window_days + 1),
            "reading": found.reading,
            "is_begun": found.is_begun,
        }
    )


async def read_test(session: AsyncSession, campaign_id: UUID) -> AbTestRow | None:
    """Return a campaign's test; None if it has none."""
    found = await session.execute(text(f"{_READ} WHERE t.campaign_id = :campaign"), {"campaign": campaign_id})
    row = found.first()
    return None if row is None else row_of(row)


async def offers_of(session: AsyncSession, campaign_id: UUID) -> tuple[str, ...]:
    """Return the names of what a campaign's playbooks offer."""
    found = await session.execute(text(_OFFERS), {"campaign": campaign_id})
    return tuple(found.scalars())


async def offer_labels(session: AsyncSession, campaign_id: UUID) -> dict[str, str]:
    """Return what a campaign's playbooks offer, by name, with what each takes off: "Ten, 10% off", "Early, 5 to 10%
    off"."""
    found = await session.execute(text(_LABELS), {"campaign": campaign_id})
    return {row.name: f"{row.name}, {_off(row.least, row.most)}" for row in found}


def _off(least: Any, most: Any) -> str:
    if not most:
        return "nothing off"
    return f"{plain_number(most)}% off" if least == most else f"{plain_number(least)} to {plain_number(most)}% off"


async def keep_reading(session: AsyncSession, row: AbTestRow, reading: dict[str, Any]) -> None:
    """Keep the one final read; a second is not taken."""
    await session.execute(text(_KEEP), {"id": row.id, "reading": json.dumps(reading)})


async def yet_to_judge(session: AsyncSession, *, limit: int) -> list[UUID]:
    """Return campaigns that have begun and whose test's final read was not taken yet, the oldest test first."""
    found = await session.execute(text(_TO_JUDGE), {"n": limit})
    return list(found.scalars())


async def hold_test(session: AsyncSession, campaign_id: UUID) -> AbTestRow | None:
    """Return a campaign's test if nobody else is judging it just now, and keep it so."""
    found = await session.execute(
        text(f"{_READ} WHERE t.campaign_id = :campaign FOR UPDATE OF t SKIP LOCKED"), {"campaign": campaign_id}
    )
    row = found.first()
    return None if row is None else row_of(row)


def announce(session: AsyncSession, campaign_id: UUID) -> None:
    publish(session, f"campaign:{campaign_id}", {"campaign": str(campaign_id), "ab_test": True})
