"""Keep what providers call back about, each event once, until it is worked through. Corridors: no actor is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

FIRST_PAUSE = timedelta(seconds=30)
MOST_TRIES = 10
GIVE_UP = timedelta(hours=12)
"""An event may be faster than we are at writing down the name its message goes by at the provider, which after a crash
is only learned by asking. Each pause is twice the one before: ten tries take four hours and a quarter."""

Key = tuple[str, str]
"""Of a receipt: provider and event."""

_KEEP = """
INSERT INTO webhook_receipts (provider, event_id, kind, send_id, payload)
SELECT :provider, f.event_id, f.kind, f.send_id, f.payload
FROM unnest(CAST(:events AS text[]), CAST(:kinds AS text[]), CAST(:sends AS uuid[]), CAST(:payloads AS jsonb[]))
  AS f(event_id, kind, send_id, payload)
ON CONFLICT DO NOTHING RETURNING event_id
"""

_OPEN = """
SELECT provider, event_id, kind, payload -> 'event' AS event,
       tries + 1 < :most AND received_at > now() - CAST(:give_up AS interval) AS may_wait
FROM webhook_receipts
WHERE processed_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT :n FOR UPDATE SKIP LOCKED
"""

_DONE = """
UPDATE webhook_receipts r SET processed_at = now(), tries = r.tries + 1, error = f.error
FROM unnest(CAST(:providers AS text[]), CAST(:events AS text[]), CAST(:errors AS text[]))
     AS f(provider, event_id, error)
WHERE r.provider = f.provider AND r.event_id = f.event_id
"""

_LATER = """
UPDATE webhook_receipts r SET tries = r.tries + 1, due_at = now() + CAST(:pause AS interval) * power(2, r.tries)
FROM unnest(CAST(:providers AS text[]), CAST(:events AS text[])) AS f(provider, event_id)
WHERE r.provider = f.provider AND r.event_id = f.event_id
"""

# The oldest, as `_OPEN` takes them.
_SET_ASIDE = """
UPDATE webhook_receipts r SET tries = r.tries + 1, error = :error,
    due_at = now() + CAST(:pause AS interval) * power(2, r.tries),
    processed_at = CASE WHEN r.tries + 1 >= :most THEN now() END
FROM (
    SELECT provider, event_id FROM webhook_receipts
    WHERE processed_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
) x
WHERE r.provider = x.provider AND r.event_id = x.event_id
"""


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """An event as it is kept; `payload` is JSON."""

    event_id: str
    kind: str
    send_id: UUID | None
    payload: str


async def keep_receipts(session: AsyncSession, provider: str, receipts: Sequence[NewReceipt]) -> bool:
    """Keep events of a provider, each once; True if any is new."""
    kept = await session.execute(
        text(_KEEP),
        {
            "provider": provider,
            "events": [one.event_id for one in receipts],
            "kinds": [one.kind for one in receipts],
            "sends": [one.send_id for one in receipts],
            "payloads": [one.payload for one in receipts],
        },
    )
    return kept.first() is not None


async def take_receipts(session: AsyncSession, limit: int) -> Sequence[Any]:
    """Events that are due, oldest first, locked.

    Returns:
        Rows of `provider`, `event_id`, `kind`, `event` and whether it `may_wait` once more.
    """
    found = await session.execute(text(_OPEN), {"n": limit, "most": MOST_TRIES, "give_up": GIVE_UP})
    return found.all()


async def close_receipts(session: AsyncSession, done: Mapping[Key, str | None]) -> None:
    """Be done with events, each with the error that is left of it, if any."""
    await session.execute(
        text(_DONE),
        {
            "providers": [provider for provider, _ in done],
            "events": [event_id for _, event_id in done],
            "errors": list(done.values()),
        },
    )


async def put_off_receipts(session: AsyncSession, later: Collection[Key]) -> None:
    """Try events again later: after twice as long each time."""
    if later:
        await session.execute(
            text(_LATER),
            {
                "providers": [provider for provider, _ in later],
                "events": [event_id for _, event_id in later],
                "pause": FIRST_PAUSE,
            },
        )


async def set_first_aside(session: AsyncSession, error: str) -> None:
    """Put off the one event that is due first, because of an error; given up after the last try."""
    await session.execute(text(_SET_ASIDE), {"error": error[:500], "pause": FIRST_PAUSE, "most": MOST_TRIES})
