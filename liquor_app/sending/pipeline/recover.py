"""After a crash: nothing is lost, nothing is sent twice, and what nobody can know is said to be unknown.

Leases run by the database's clock, so that workers need not agree on the time.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, NotFound, Unavailable
from liquor_app.core.ids import uuid7, uuid7_time
from liquor_app.core.pubsub import publish
from liquor_app.organization.service import notify
from liquor_app.organization.settings import SendingSettings, load_settings
from liquor_app.providers.kit.base import Handed, Outcome, Provider, SendResult
from liquor_app.providers.service import load_routes
from liquor_app.sending.fast_forward import keep_playing
from liquor_app.sending.pipeline.results import MAX_RETRIES, record_accepted
from liquor_app.sending.pipeline.routing import Routes
from liquor_app.sending.service import resend, settle_unknown

log = logging.getLogger(__name__)

LOOKUP_LIMIT = 200
LEASE_SECONDS = 60.0
GIVE_UP = timedelta(hours=1)
"""How long beyond its grace a provider may refuse to answer a look-up before the outcome is called unknown."""

ASK_AGAIN = timedelta(minutes=10)

CANCELLED = "campaign_cancelled"
CUSTOMER_GONE = "customer_deleted"

_UNCLAIM = """
UPDATE sends SET status = 'pending', claim_token = NULL, lease_until = NULL, contact_at = NULL
WHERE status = 'claimed' AND lease_until < clock_timestamp()
"""

_CANCEL = """
WITH due AS (
    SELECT s.id, s.created_at FROM campaigns k JOIN sends s ON s.campaign_id = k.id
    WHERE k.status = 'cancelled' AND s.status IN ('pending', 'claimed')
    LIMIT 5000 FOR UPDATE OF s SKIP LOCKED
)
UPDATE sends s SET status = 'cancelled', claim_token = NULL, lease_until = NULL, contact_at = NULL
FROM due WHERE s.id = due.id AND s.created_at = due.created_at
"""

_CANCEL_ACTIONS = """
UPDATE actions a SET status = 'skipped', skip_reason = :reason, skip_detail = 'The campaign was cancelled.',
    updated_at = now()
FROM campaigns k
WHERE k.id = a.campaign_id AND k.status = 'cancelled' AND NOT k.is_history AND a.status IN ('pending', 'queued')
  AND NOT EXISTS (SELECT 1 FROM sends s WHERE s.action_id = a.id AND s.status IN ('pending', 'claimed', 'sending'))
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

_AGAIN = """
UPDATE sends s SET status = 'pending', claim_token = NULL, lease_until = NULL, contact_at = NULL,
    retry_count = s.retry_count + 1
FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[])) AS f(id, created_at)
WHERE s.id = f.id AND s.created_at = f.created_at AND s.status IN ('sending', 'unknown') AND s.claim_token = :token
  AND s.retry_count < :most
RETURNING s.id
"""

_WAIT = """
UPDATE sends s SET claim_token = NULL, lease_until = clock_timestamp() + make_interval(secs => f.seconds)
FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[]), CAST(:seconds AS float8[]))
       AS f(id, created_at, seconds)
WHERE s.id = f.id AND s.created_at = f.created_at AND s.status IN ('sending', 'unknown') AND s.claim_token = :token
"""

# A provider that can be asked is asked again now and then; whoever cannot be asked leaves it to a late callback.
_UNKNOWN = """
WITH old AS (
    SELECT s.id, s.created_at, s.status FROM sends s
    JOIN unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[])) AS f(id, created_at)
      ON s.id = f.id AND s.created_at = f.created_at
    WHERE s.status IN ('sending', 'unknown') AND s.claim_token = :token
    FOR UPDATE OF s
)
UPDATE sends s SET status = 'unknown', claim_token = NULL, note = :note,
    lease_until = clock_timestamp() + make_interval(secs => :again)
FROM old WHERE s.id = old.id AND s.created_at = old.created_at
RETURNING s.id, old.status AS was
"""

_OLD_UNKNOWN = """
SELECT id FROM sends WHERE status = 'unknown' AND uuid_v7_time(batch_id) < now() - make_interval(hours => :hours)
LIMIT 500
"""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a round found: claims given back, messages the provider had taken, messages to be sent after all, and
    outcomes nobody can know."""

    unclaimed: int = 0
    found: int = 0
    resent: int = 0
    unknown: int = 0
    cancelled: int = 0


async def recover_once(routes: Routes | None = None, *, lease_seconds: float = LEASE_SECONDS) -> Recovered:
    """One round. Safe to run at any time, on several workers at once; `lease_seconds` outlasts a look-up.

    Raises:
        Unavailable, Conflict: the database cannot be reached or two rounds collided; the next round does it.
    """
    own = routes or Routes()
    try:
        async with transaction() as session:
            unclaimed = await _count(session, _UNCLAIM)
            cancelled = await _count(session, _CANCEL)
            await session.execute(text(_CANCEL_ACTIONS), {"reason": CANCELLED})
            await session.execute(text(_ORPHANS), {"reason": CUSTOMER_GONE})
            await keep_playing(session)
        token = uuid7()
        async with transaction() as session:
            taken = await session.execute(text(_TAKE), {"token": token, "lease": lease_seconds, "n": LOOKUP_LIMIT})
            rows = taken.all()
            configs = {
                (route.channel.value, route.provider): route.config
                for route in (await load_routes(session, even_closed=True) if rows else [])
            }
        groups: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for row in rows:
            groups[row.channel, row.provider or ""].append(row)
        found = resent = unknown = 0
        for (channel, name), group in groups.items():
            provider = own.open(name, configs.get((channel, name)))
            some = await _resolve(token, provider, group)
            found, resent, unknown = found + some[0], resent + some[1], unknown + some[2]
        return Recovered(unclaimed, found, resent, unknown, cancelled)
    finally:
        if routes is None:
            await own.aclose()


async def _resolve(token: UUID, provider: Provider | None, rows: list[Any]) -> tuple[int, int, int]:
    """Found, sent again, unknown."""
    grace = provider.lookup_grace if provider else None
    if provider is None or grace is None:
        return 0, 0, await _call_unknown(token, rows, "The provider cannot tell whether it took this message.")
    try:
        taken = await provider.lookup([Handed(row.id, row.recipient) for row in rows])
    except Unavailable as problem:
        log.warning("look-up at %s: %s", provider.name, problem.message)
        old = [row for row in rows if row.age > grace + GIVE_UP]
        await _wait(token, [(row, timedelta(seconds=30)) for row in rows if row not in old])
        return 0, 0, await _call_unknown(token, old, "The provider could not be asked for an hour.", again=ASK_AGAIN)
    async with transaction() as session:
        accepted = [SendResult(row.id, Outcome.ACCEPTED, taken[row.id]) for row in rows if row.id in taken]
        found = await record_accepted(session, accepted)
        missing = [row for row in rows if row.id not in taken and row.age > grace]
        again = await session.execute(
            text(_AGAIN),
            {
                "token": token,
                "ids": [row.id for row in missing],
                "moments": [uuid7_time(row.id) for row in missing],
                "most": MAX_RETRIES,
            },
        )
        resent = set(again.scalars())
        for campaign_id in {row.campaign_id for row in rows}:
            publish(session, f"campaign:{campaign_id}", {"recovered": found})
    stuck = [row for row in missing if row.id not in resent]
    await _wait(token, [(row, grace - row.age) for row in rows if row.id not in taken and row.age <= grace])
    note = f"No answer {MAX_RETRIES} times, and the provider knows nothing of it."
    unknown = await _call_unknown(token, stuck, note)
    return found, len(resent), unknown


async def _wait(token: UUID, rows: list[tuple[Any, timedelta]]) -> None:
    if rows:
        async with transaction() as session:
            await session.execute(
                text(_WAIT),
                {
                    "token": token,
                    "ids": [row.id for row, _ in rows],
                    "moments": [uuid7_time(row.id) for row, _ in rows],
                    "seconds": [max(pause.total_seconds(), 0.5) for _, pause in rows],
                },
            )


async def _call_unknown(token: UUID, rows: list[Any], note: str, *, again: timedelta | None = None) -> int:
    """`again`: when to ask once more; those that were unknown already are not announced a second time."""
    if not rows:
        return 0
    async with transaction() as session:
        done = await session.execute(
            text(_UNKNOWN),
            {
                "token": token,
                "ids": [row.id for row in rows],
                "moments": [uuid7_time(row.id) for row in rows],
                "note": note,
                "again": None if again is None else again.total_seconds(),
            },
        )
        count = [row.was for row in done].count("sending")
        if count:
            await notify(
                session,
                title=f"{count:,} messages have an unknown outcome",
                body=f"{note} Decide for each: sent, or send again.",
                link="/outbox?status=unknown",
                level="warning",
            )
            for campaign_id in {row.campaign_id for row in rows}:
                publish(session, f"campaign:{campaign_id}", {"unknown": count})
    return count


async def settle_by_policy() -> int:
    """What nobody could know for long enough is settled as the settings say; returns how many."""
    async with transaction() as session:
        settings = await load_settings(session, SendingSettings)
        if settings.unknown_policy == "leave":
            return 0
        found = await session.execute(text(_OLD_UNKNOWN), {"hours": settings.unknown_hours})
        ids = list(found.scalars())
    settled = 0
    for send_id in ids:
        try:
            async with transaction() as session:
                if settings.unknown_policy == "sent":
                    await settle_unknown(session, SYSTEM, send_id, was_sent=True)
                else:
                    await resend(session, SYSTEM, send_id)
                    await settle_unknown(session, SYSTEM, send_id, was_sent=False)
            settled += 1
        except (Conflict, NotFound) as problem:
            log.info("message %s stays unknown: %s", send_id, problem.message)
    return settled


async def _count(session: AsyncSession, statement: str) -> int:
    done = await session.execute(text(statement))
    return int(done.rowcount)  # type: ignore[attr-defined]
