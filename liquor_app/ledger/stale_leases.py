"""Take up what was interrupted or has lost its ground: expired leases, cancelled campaigns, deleted customers.

Leases run by the database's clock, so that workers need not agree on the time. Corridors: no actor is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.campaigns.models import CampaignStatus
from liquor_app.core.bulk import unnest
from liquor_app.core.ids import uuid7_time
from liquor_app.ledger.models import SEND, Send, SendStatus

_UNCLAIM = """
UPDATE sends SET status = 'pending', claim_token = NULL, lease_until = NULL, contact_at = NULL
WHERE status = 'claimed' AND lease_until < clock_timestamp()
"""

_CANCEL = f"""
WITH due AS (
    SELECT s.id, s.created_at FROM campaigns k JOIN sends s ON s.campaign_id = k.id
    WHERE k.status = '{CampaignStatus.CANCELLED}' AND s.status IN {SEND.sources_sql(SendStatus.CANCELLED)}
    LIMIT 5000 FOR UPDATE OF s SKIP LOCKED
)
UPDATE sends s SET status = 'cancelled', claim_token = NULL, lease_until = NULL, contact_at = NULL
FROM due WHERE s.id = due.id AND s.created_at = due.created_at
"""

_ORPHANS = """
UPDATE sends SET status = CASE WHEN campaign_id IS NULL THEN 'cancelled' ELSE 'skipped' END,
    skip_reason = :reason, note = 'The customer or the campaign was deleted.'
WHERE status = 'pending' AND (customer_id IS NULL OR campaign_id IS NULL)
"""

_TAKE = """
UPDATE sends s SET claim_token = :token, lease_until = clock_timestamp() + make_interval(secs => :lease)
FROM (
    SELECT id, created_at FROM sends WHERE status IN ('sending', 'unknown') AND lease_until < clock_timestamp()
    ORDER BY lease_until LIMIT :n FOR UPDATE SKIP LOCKED
) x
WHERE s.id = x.id AND s.created_at = x.created_at
RETURNING s.id, s.recipient, s.provider, s.channel, s.campaign_id, clock_timestamp() - uuid_v7_time(s.batch_id) AS age
"""

_HELD = unnest("f", id=Send.id, created_at=Send.created_at)
_PAUSED = unnest("f", id=Send.id, created_at=Send.created_at, seconds="float8")

_AGAIN = f"""
UPDATE sends s SET status = 'pending', claim_token = NULL, lease_until = NULL, contact_at = NULL,
    retry_count = s.retry_count + 1
FROM {_HELD}
WHERE s.id = f.id AND s.created_at = f.created_at AND s.claim_token = :token
  AND s.status IN {SEND.sources_sql(SendStatus.PENDING, SendStatus.SENDING, SendStatus.UNKNOWN)}
  AND s.retry_count < :most
RETURNING s.id
"""

_WAIT = f"""
UPDATE sends s SET claim_token = NULL, lease_until = clock_timestamp() + make_interval(secs => f.seconds)
FROM {_PAUSED}
WHERE s.id = f.id AND s.created_at = f.created_at AND s.status IN ('sending', 'unknown') AND s.claim_token = :token
"""

# A provider that can be asked is asked again now and then; whoever cannot be asked leaves it to a late callback.
_UNKNOWN = f"""
WITH old AS (
    SELECT s.id, s.created_at, s.status FROM sends s
    JOIN {_HELD}
      ON s.id = f.id AND s.created_at = f.created_at
    WHERE s.status IN ('sending', 'unknown') AND s.claim_token = :token
    FOR UPDATE OF s
)
UPDATE sends s SET status = 'unknown', claim_token = NULL, note = :note,
    lease_until = clock_timestamp() + make_interval(secs => :again)
FROM old WHERE s.id = old.id AND s.created_at = old.created_at
RETURNING old.status AS was
"""

_OLD_UNKNOWN = """
SELECT id FROM sends WHERE status = 'unknown' AND uuid_v7_time(batch_id) < now() - make_interval(hours => :hours)
LIMIT 500
"""


async def unclaim_expired(session: AsyncSession) -> int:
    """Put back messages whose worker let its claim expire; returns how many."""
    done = await session.execute(text(_UNCLAIM))
    return int(done.rowcount)  # type: ignore[attr-defined]


async def cancel_sends(session: AsyncSession) -> int:
    """Cancel what cancelled campaigns have not sent, a portion at a time; returns how many."""
    done = await session.execute(text(_CANCEL))
    return int(done.rowcount)  # type: ignore[attr-defined]


async def close_orphans(session: AsyncSession, reason: str) -> None:
    """End waiting messages whose customer or campaign was deleted."""
    await session.execute(text(_ORPHANS), {"reason": reason})


async def take_expired(session: AsyncSession, token: UUID, *, limit: int, lease_seconds: float) -> Sequence[Any]:
    """Take messages nobody has heard of for as long as their lease, under a new one.

    Returns:
        Rows of `id`, `recipient`, `provider`, `channel`, `campaign_id` and `age` since they passed the fence.
    """
    taken = await session.execute(text(_TAKE), {"token": token, "lease": lease_seconds, "n": limit})
    return taken.all()


async def send_after_all(session: AsyncSession, token: UUID, ids: Sequence[UUID], *, most: int) -> set[UUID]:
    """Put back messages their provider knows nothing of, up to `most` times each; returns which."""
    again = await session.execute(
        text(_AGAIN),
        {**_HELD.bind(id=ids, created_at=[uuid7_time(one) for one in ids]), "token": token, "most": most},
    )
    return set(again.scalars())


async def ask_later(session: AsyncSession, token: UUID, pauses: Sequence[tuple[UUID, timedelta]]) -> None:
    """Let go of messages until their provider can be asked again; half a second at least."""
    await session.execute(
        text(_WAIT),
        {
            "token": token,
            **_PAUSED.bind(
                id=[send_id for send_id, _ in pauses],
                created_at=[uuid7_time(send_id) for send_id, _ in pauses],
                seconds=[max(pause.total_seconds(), 0.5) for _, pause in pauses],
            ),
        },
    )


async def mark_unknown(
    session: AsyncSession, token: UUID, ids: Sequence[UUID], note: str, *, again: timedelta | None = None
) -> int:
    """Mark messages whose outcome nobody can know; returns how many were not unknown already.

    Args:
        again: when to ask the provider once more; None if it cannot be asked.
    """
    done = await session.execute(
        text(_UNKNOWN),
        {
            "token": token,
            **_HELD.bind(id=ids, created_at=[uuid7_time(one) for one in ids]),
            "note": note,
            "again": None if again is None else again.total_seconds(),
        },
    )
    return list(done.scalars()).count(SendStatus.SENDING.value)


async def old_unknowns(session: AsyncSession, hours: int) -> list[UUID]:
    """Return messages whose outcome has been unknown for so long, some hundreds at a time."""
    return list((await session.execute(text(_OLD_UNKNOWN), {"hours": hours})).scalars())
