"""The last look before a message leaves. Only the rows the fence returns leave the house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.db import raw_connection
from liquor_app.core.ids import uuid7_time
from liquor_app.providers.kit.base import Provider
from liquor_app.sending.pipeline.compose import Composed
from liquor_app.sending.pipeline.stored_bodies import keep_stencils, stored_body

OPEN_SECONDS = 60
"""The window must stay open this long: a message takes a moment to arrive."""

# Pause takes FOR UPDATE, so it waits for a fence in flight, and a fence waits for it and then finds nothing.
# A statement of its own: the next one then sees what was committed while this one waited.
_HOLD = "SELECT id FROM campaigns WHERE id = ANY(:campaigns) ORDER BY id FOR SHARE"

# In psycopg's own binary form (`%b`): twelve kilobytes a body would otherwise be escaped here and read again there.
_FENCE = """
UPDATE sends s SET status = 'sending', batch_id = b.id, provider = f.provider, recipient = f.recipient,
    subject = f.subject, body_html = f.body_html, body_text = f.body_text,
    stencil_id = f.stencil_id, body_values = f.body_values::jsonb,
    template_version_id = f.template_version_id, error_code = NULL, error_message = NULL,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
FROM unnest(
         %(id)b::uuid[], %(created_at)b::timestamptz[], %(provider)b::text[], %(recipient)b::text[],
         %(subject)b::text[], %(body_html)b::text[], %(body_text)b::text[], %(stencil_id)b::uuid[],
         %(body_values)b::text[], %(template_version_id)b::uuid[],
         %(closes_at)b::timestamptz[], %(hash)b::bytea[]) AS f(
         id, created_at, provider, recipient, subject, body_html, body_text, stencil_id, body_values,
         template_version_id, closes_at, hash),
     campaigns k, customers c, (SELECT uuid_v7() AS id) b
WHERE s.id = f.id AND s.created_at = f.created_at
  AND s.status = 'claimed' AND s.claim_token = %(token)s AND s.lease_until > clock_timestamp()
  AND k.id = s.campaign_id
  AND (k.status = 'active' OR (k.status = 'completed' AND s.attempt > 1))
  AND (k.virtual_now IS NULL OR f.provider = %(sandbox)s)
  AND COALESCE(k.virtual_now, clock_timestamp()) + make_interval(secs => %(open)s) <= f.closes_at
  AND c.id = s.customer_id AND c.deleted_at IS NULL
  AND CASE s.channel WHEN 'email' THEN c.email_consent ELSE c.sms_consent END = 'given'
  AND c.age_disputed_at IS NULL
  AND (c.paused_until IS NULL OR c.paused_until <= COALESCE(k.virtual_now, clock_timestamp()))
  AND NOT EXISTS (
      SELECT 1 FROM suppressions p
      WHERE p.lifted_at IS NULL AND p.address_hash = f.hash
        AND (p.channel IS NULL OR p.channel = s.channel))
RETURNING s.id, b.id AS batch_id
"""


@dataclass(frozen=True, slots=True)
class Routed:
    """A message and the provider that is to carry it: `carrier` itself, so that what was written down is what is used,
    whatever the settings become meanwhile."""

    composed: Composed
    provider: str
    carrier: Provider | None = None


async def pass_fence(
    session: AsyncSession, token: UUID, messages: Sequence[Routed], *, sandbox: str, lease_seconds: float
) -> set[UUID]:
    """Mark as leaving what may still leave, its exact body kept; returns the ids of those.

    Each must still be ours under a live lease; its campaign running (and, while its week is played, bound for the
    sandbox); consent standing, no pause begun, the age not in doubt; the address not suppressed; its window open for
    another minute.
    """
    await session.execute(text(_HOLD), {"campaigns": list({item.composed.claimed.campaign_id for item in messages})})
    await keep_stencils(session, [item.composed.outgoing.body for item in messages])
    connection = await raw_connection(session)
    passed = await connection.execute(
        _FENCE, {"token": token, "lease": lease_seconds, "open": OPEN_SECONDS, "sandbox": sandbox, **_columns(messages)}
    )
    return {row[0] for row in await passed.fetchall()}


def _columns(messages: Sequence[Routed]) -> dict[str, list[Any]]:
    claimed = [item.composed.claimed for item in messages]
    outgoing = [item.composed.outgoing for item in messages]
    kept = [stored_body(one.body) for one in outgoing]
    return {
        "id": [one.id for one in claimed],
        "created_at": [uuid7_time(one.id) for one in claimed],
        "provider": [item.provider for item in messages],
        "recipient": [one.recipient for one in outgoing],
        "subject": [one.subject for one in outgoing],
        "body_html": [one.html for one in kept],
        "body_text": [one.text for one in kept],
        "stencil_id": [one.stencil_id for one in kept],
        "body_values": [one.values for one in kept],
        "template_version_id": [item.composed.template_version_id for item in messages],
        "closes_at": [one.closes_at for one in claimed],
        "hash": [one.address_hash for one in claimed],
    }
