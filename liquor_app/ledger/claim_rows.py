"""Claim due messages, and let go of claimed ones: a message is one worker's at a time. Corridors: no actor is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.campaigns.models import CampaignStatus
from liquor_app.core.bulk import unnest
from liquor_app.core.ids import uuid7_time
from liquor_app.ledger.models import Send
from liquor_app.organization.models import Channel
from liquor_app.organization.sending_switch import IS_STOPPED

REOPENED_DAYS = 30
"""How long after its end a campaign's failed messages can be sent again."""

# A message and its customer are locked together or left alone: nobody waits, so nobody can deadlock, and while two
# messages of one person are decided, the second finds the first counted.
_CLAIM = f"""
WITH live AS MATERIALIZED (
    SELECT id, virtual_now IS NOT NULL AS is_played, COALESCE(virtual_now, now()) AS moment FROM campaigns
    WHERE NOT {IS_STOPPED}
      AND (status = '{CampaignStatus.ACTIVE}'
           OR (status = '{CampaignStatus.COMPLETED}' AND NOT is_history
               AND completed_at > now() - make_interval(days => :reopened)))
), due AS (
    SELECT d.id, d.created_at, k.moment
    FROM live k
    CROSS JOIN LATERAL (
        SELECT s.id, s.created_at, s.not_before
        FROM sends s JOIN customers c ON c.id = s.customer_id
        WHERE s.campaign_id = k.id AND s.status = 'pending' AND s.not_before <= k.moment
          AND (k.is_played OR s.channel = ANY(:channels))
        ORDER BY s.not_before
        LIMIT :n
        FOR UPDATE OF s SKIP LOCKED
        FOR NO KEY UPDATE OF c SKIP LOCKED
    ) d
    ORDER BY d.not_before
    LIMIT :n
)
UPDATE sends s SET status = 'claimed', claim_token = :token, contact_at = due.moment,
    lease_until = clock_timestamp() + make_interval(secs => :lease)
FROM due
WHERE s.id = due.id AND s.created_at = due.created_at
RETURNING s.id
"""

_RELEASED = unnest("f", id=Send.id, created_at=Send.created_at, due=Send.not_before, note=Send.note)
_SKIPPED = unnest("f", id=Send.id, created_at=Send.created_at, reason=Send.skip_reason, note=Send.note)

_RELEASE = f"""
UPDATE sends s SET status = 'pending', claim_token = NULL, lease_until = NULL, contact_at = NULL,
    not_before = COALESCE(f.due, s.not_before), note = COALESCE(f.note, s.note)
FROM {_RELEASED}
WHERE s.id = f.id AND s.created_at = f.created_at AND s.status = 'claimed' AND s.claim_token = :token
"""

_SKIP = f"""
UPDATE sends s SET status = 'skipped', claim_token = NULL, lease_until = NULL, contact_at = NULL,
    skip_reason = f.reason, note = f.note
FROM {_SKIPPED}
WHERE s.id = f.id AND s.created_at = f.created_at AND s.status = 'claimed' AND s.claim_token = :token
RETURNING s.id, s.action_id
"""


@dataclass(frozen=True, slots=True)
class Release:
    """A claimed message to be put back: until `due`, or for at once."""

    id: UUID
    due: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """A claimed message that is not to be sent, and why."""

    id: UUID
    reason: str
    note: str


async def claim_due(
    session: AsyncSession, channels: Sequence[Channel], *, token: UUID, limit: int, lease_seconds: float
) -> list[UUID]:
    """Claim up to `limit` due messages of running campaigns: nobody else holds them or their customers till commit."""
    claimed = await session.execute(
        text(_CLAIM),
        {
            "channels": [channel.value for channel in channels],
            "n": limit,
            "token": token,
            "lease": lease_seconds,
            "reopened": REOPENED_DAYS,
        },
    )
    return list(claimed.scalars())


async def release_claims(session: AsyncSession, token: UUID, releases: Sequence[Release]) -> None:
    """Put back messages that are still claimed under `token`."""
    if releases:
        await session.execute(
            text(_RELEASE),
            {
                "token": token,
                **_RELEASED.bind(
                    id=[one.id for one in releases],
                    created_at=[uuid7_time(one.id) for one in releases],
                    due=[one.due for one in releases],
                    note=[one.note for one in releases],
                ),
            },
        )


async def skip_claims(session: AsyncSession, token: UUID, skips: Sequence[Skip]) -> dict[UUID, UUID | None]:
    """Skip messages that are still claimed under `token`; returns the action of each that was."""
    if not skips:
        return {}
    skipped = await session.execute(
        text(_SKIP),
        {
            "token": token,
            **_SKIPPED.bind(
                id=[one.id for one in skips],
                created_at=[uuid7_time(one.id) for one in skips],
                reason=[one.reason for one in skips],
                note=[one.note for one in skips],
            ),
        },
    )
    return {row.id: row.action_id for row in skipped}
