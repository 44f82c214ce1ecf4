"""Days that must be counted again, because something was learned late of messages sent then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest
from liquor_app.core.clock import now

SELF_COUNTED = timedelta(days=2)
"""The minutely roll-up looks back so far by itself (`analytics.tasks.LATE_DAYS`, less a time zone)."""

MOST_AT_ONCE = 10_000

_HOURS = unnest("f", hour="timestamptz", campaign="uuid")


@dataclass(frozen=True, slots=True)
class Sent:
    """When a message was sent, and for which campaign."""

    sent_at: datetime
    campaign_id: UUID | None


@dataclass(frozen=True, slots=True)
class Recounts:
    """What has to be counted again. `ids` go to `forget_recounts` once it is."""

    ids: list[UUID]
    days: list[date]
    campaigns: list[UUID]


async def ask_recount(session: AsyncSession, messages: Sequence[Sent]) -> None:
    """Have the days and campaigns of old messages counted again by the next roll-up; new ones are counted anyway."""
    since = now() - SELF_COUNTED
    hours = {
        (one.sent_at.replace(minute=0, second=0, microsecond=0), one.campaign_id)
        for one in messages
        if one.sent_at < since
    }
    if hours:
        await session.execute(
            text(f"INSERT INTO recounts (sent_hour, campaign_id) SELECT * FROM {_HOURS}"),
            _HOURS.bind(hour=[hour for hour, _ in hours], campaign=[campaign for _, campaign in hours]),
        )


async def asked_recounts(session: AsyncSession, zone: str) -> Recounts:
    """Tell what was asked for so far. Half-hour zones have days that begin within an hour: both are counted."""
    found = (
        await session.execute(
            text(
                "SELECT id, campaign_id, CAST(sent_hour AT TIME ZONE :zone AS date) AS first,"
                " CAST((sent_hour + interval '1 hour') AT TIME ZONE :zone AS date) AS last"
                " FROM recounts ORDER BY id LIMIT :most"
            ),
            {"zone": zone, "most": MOST_AT_ONCE},
        )
    ).all()
    return Recounts(
        [row.id for row in found],
        sorted({day for row in found for day in (row.first, row.last)}),
        sorted({row.campaign_id for row in found if row.campaign_id is not None}),
    )


async def forget_recounts(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """In the transaction that has counted again."""
    await session.execute(text("DELETE FROM recounts WHERE id = ANY(:ids)"), {"ids": list(ids)})
