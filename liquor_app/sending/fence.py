"""The last look before a message leaves. Only the rows the fence returns leave the house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.ids import uuid7_time
from liquor_app.sending.compose import Composed

OPEN_SECONDS = 60
"""The window must stay open this long: a message takes a moment to arrive."""

# Pause takes FOR UPDATE, so it waits for a fence in flight, and a fence waits for it and then finds nothing.
# A statement of its own: the next one then sees what was committed while this one waited.
_HOLD = "SELECT id FROM campaigns WHERE id = ANY(:campaigns) ORDER BY id FOR SHARE"

_FENCE = """
UPDATE sends s SET status = 'sending', batch_id = b.id, provider = f.provider, recipient = f.recipient,
    subject = f.subject, body_html = f.body_html, body_text = f.body_text,
    template_version_id = f.template_version_id, error_code = NULL, error_message = NULL,
    lease_until = clock_timestamp() + make_interval(secs => :lease)
FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[]), CAST(:providers AS text[]),
            CAST(:recipients AS text[]), CAST(:subjects AS text[]), CAST(:htmls AS text[]), CAST(:texts AS text[]),
            CAST(:versions AS uuid[]), CAST(:closings AS timestamptz[]), CAST(:hashes AS bytea[]))
       AS f(id, created_at, provider, recipient, subject, body_html, body_text, template_version_id, closes_at, hash),
     campaigns k, customers c, (SELECT uuid_v7() AS id) b
WHERE s.id = f.id AND s.created_at = f.created_at
  AND s.status = 'claimed' AND s.claim_token = :token AND s.lease_until > clock_timestamp()
  AND k.id = s.campaign_id
  AND (k.status = 'active' OR (k.status = 'completed' AND s.attempt > 1))
  AND (k.virtual_now IS NULL OR f.provider = :sandbox)
  AND COALESCE(k.virtual_now, clock_timestamp()) + make_interval(secs => :open) <= f.closes_at
  AND c.id = s.customer_id AND c.deleted_at IS NULL
  AND CASE s.channel WHEN 'email' THEN c.email_consent ELSE c.sms_consent END = 'given'
  AND NOT EXISTS (
      SELECT 1 FROM suppressions p
      WHERE p.lifted_at IS NULL AND p.address_hash = f.hash AND (p.channel IS NULL OR p.channel = s.channel))
RETURNING s.id, b.id AS batch_id
"""


@dataclass(frozen=True, slots=True)
class Routed:
    """A message and the provider that is to carry it."""

    composed: Composed
    provider: str


async def pass_fence(
    session: AsyncSession, token: UUID, messages: Sequence[Routed], *, sandbox: str, lease_seconds: float
) -> set[UUID]:
    """Mark as leaving what may still leave, its exact body kept; returns the ids of those.

    Each must still be ours under a live lease; its campaign running (and, while its week is played, bound for the
    sandbox); consent standing; the address not suppressed; its window open for another minute.
    """
    await session.execute(text(_HOLD), {"campaigns": list({item.composed.claimed.campaign_id for item in messages})})
    passed = await session.execute(
        text(_FENCE),
        {
            "token": token,
            "lease": lease_seconds,
            "open": OPEN_SECONDS,
            "sandbox": sandbox,
            "ids": [item.composed.claimed.id for item in messages],
            "moments": [uuid7_time(item.composed.claimed.id) for item in messages],
            "providers": [item.provider for item in messages],
            "recipients": [item.composed.outgoing.recipient for item in messages],
            "subjects": [item.composed.outgoing.subject for item in messages],
            "htmls": [item.composed.outgoing.html for item in messages],
            "texts": [item.composed.outgoing.text for item in messages],
            "versions": [item.composed.template_version_id for item in messages],
            "closings": [item.composed.claimed.closes_at for item in messages],
            "hashes": [item.composed.claimed.address_hash for item in messages],
        },
    )
    return {row.id for row in passed}
