"""The last look before a message leaves. Only the rows the fence returns leave the house."""

from __future__ import annotations

import json
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

# As JSON: arrays of text would have every quote of every body escaped, one by one.
_FENCE = """
UPDATE sends s SET status = 'sending', batch_id = b.id, provider = f.provider, recipient = f.recipient,
    subject = f.subject, body_html = f.body_html, body_text = f.body_text,
    template_version_id = f.template_version_id, error_code = NULL, error_message = NULL,
    lease_until = clock_timestamp() + make_interval(secs => :lease)
FROM json_to_recordset(CAST(:messages AS json)) AS f(
         id uuid, created_at timestamptz, provider text, recipient text, subject text, body_html text, body_text text,
         template_version_id uuid, closes_at timestamptz, hash text),
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
      WHERE p.lifted_at IS NULL AND p.address_hash = decode(f.hash, 'hex')
        AND (p.channel IS NULL OR p.channel = s.channel))
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
            "messages": json.dumps([_row(item) for item in messages]),
        },
    )
    return {row.id for row in passed}


def _row(item: Routed) -> dict[str, str | None]:
    claimed, outgoing = item.composed.claimed, item.composed.outgoing
    return {
        "id": str(claimed.id),
        "created_at": uuid7_time(claimed.id).isoformat(),
        "provider": item.provider,
        "recipient": outgoing.recipient,
        "subject": outgoing.subject,
        "body_html": outgoing.html,
        "body_text": outgoing.text,
        "template_version_id": str(item.composed.template_version_id),
        "closes_at": claimed.closes_at.isoformat(),
        "hash": claimed.address_hash.hex(),
    }
