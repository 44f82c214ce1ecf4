"""Keep what providers call back about, each event once, until it is worked through. Corridors: no actor is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest

FIRST_PAUSE = timedelta(seconds=30)
MOST_TRIES = 10
GIVE_UP = timedelta(hours=12)
"""An event may be faster than we are at writing down the name its message goes by at the provider, which after a crash
is only learned by asking. Each pause is twice the one before: ten tries take four hours and a quarter."""

Key = tuple[str, str]
"""Of a receipt: provider and event."""

_NEW = unnest("f", event_id="text", kind="text", send_id="uuid", payload="jsonb")
_KEEP = f"""
INSERT INTO webhook_receipts (provider, event_id, kind, send_id, payload)
SELECT :provider, f.event_id, f.kind, f.send_id, f.payload
FROM {_NEW}
ON CONFLICT DO NOTHING RETURNING event_id
"""

_OPEN = """
SELECT provider, event_id, kind, payload -> 'event' AS event,
       tries + 1 < :most AND received_at > now() - CAST(:give_up AS interval) AS may_wait
FROM webhook_receipts
WHERE processed_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT :n FOR UPDATE SKIP LOCKED
"""

_ENDED = unnest("f", provider="text", event_id="text", error="text")
_DONE = f"""
UPDATE webhook_receipts r SET processed_at = now(), tries = r.tries + 1, error = f.error
FROM {_ENDED}
WHERE r.provider = f.provider AND r.event_id = f.event_id
"""

_KEYS = unnest("f", provider="text", event_id="text")
_LATER = f"""
UPDATE webhook_receipts r SET tries = r.tries + 1, due_at = now() + CAST(:pause AS interval) * power(2, r.tries)
FROM {_KEYS}
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
        {**_NEW.rows(receipts), "provider": provider},
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
        _ENDED.bind(
            provider=[provider for provider, _ in done],
            event_id=[event_id for _, event_id in done],
            error=done.values(),
        ),
    )


async def put_off_receipts(session: AsyncSession, later: Collection[Key]) -> None:
    """Try events again later: after twice as long each time."""
    if later:
        await session.execute(
            text(_LATER),
            {
                **_KEYS.bind(
                    provider=[provider for provider, _ in later], event_id=[event_id for _, event_id in later]
                ),
                "pause": FIRST_PAUSE,
            },
        )


async def set_first_aside(session: AsyncSession, error: str) -> None:
    """Put off the one event that is due first, because of an error; given up after the last try."""
    await session.execute(text(_SET_ASIDE), {"error": error[:500], "pause": FIRST_PAUSE, "most": MOST_TRIES})
