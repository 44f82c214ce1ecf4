"""Let messages pass the fence: the one statement that makes `sending` of `claimed`. Corridor: no actor is asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.campaigns.models import CampaignStatus
from liquor_app.core.db import raw_connection
from liquor_app.organization.sending_switch import IS_STOPPED

PERSON_FACTS = (
    "CAST(ROW(c.state, c.postal_code, c.timezone, c.phone, c.email_key, c.of_age_on, c.age_verified_at IS NOT NULL,"
    " c.profiling_objected_at IS NOT NULL, c.max_contacts_30_days, c.topics_off) AS text)"
)
"""What was asked of customer `c` when the message was claimed, as one text: where they live, how old they are, what
they wish. Whoever is somebody else by now is asked about again."""

OPEN_SECONDS = 60
"""The window must stay open this long: a message takes a moment to arrive."""

# Pause takes FOR UPDATE, so it waits for a fence in flight, and a fence waits for it and then finds nothing.
# A statement of its own: the next one then sees what was committed while this one waited.
_HOLD = "SELECT id FROM campaigns WHERE id = ANY(:campaigns) ORDER BY id FOR SHARE"

# In psycopg's own binary form (`%b`): twelve kilobytes a body would otherwise be escaped here and read again there.
_FENCE = f"""
UPDATE sends s SET status = 'sending', batch_id = b.id, provider = f.provider, recipient = f.recipient,
    subject = f.subject, body_html = f.body_html, body_text = f.body_text,
    stencil_id = f.stencil_id, body_values = f.body_values::jsonb,
    template_version_id = f.template_version_id, error_code = NULL, error_message = NULL,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
FROM campaigns k, customers c, (SELECT uuid_v7() AS id) b, unnest(
         %(id)b::uuid[], %(created_at)b::timestamptz[], %(provider)b::text[], %(recipient)b::text[],
         %(subject)b::text[], %(body_html)b::text[], %(body_text)b::text[], %(stencil_id)b::uuid[],
         %(body_values)b::text[], %(template_version_id)b::uuid[],
         %(closes_at)b::timestamptz[], %(hash)b::bytea[], %(facts)b::text[]) AS f(
         id, created_at, provider, recipient, subject, body_html, body_text, stencil_id, body_values,
         template_version_id, closes_at, hash, facts)
WHERE s.id = f.id AND s.created_at = f.created_at
  AND s.status = 'claimed' AND s.claim_token = %(token)s AND s.lease_until > clock_timestamp()
  AND k.id = s.campaign_id
  AND (k.status = '{CampaignStatus.ACTIVE}' OR (k.status = '{CampaignStatus.COMPLETED}' AND s.attempt > 1))
  AND (k.virtual_now IS NULL OR f.provider = %(sandbox)s)
  AND COALESCE(k.virtual_now, clock_timestamp()) + make_interval(secs => %(open)s) <= f.closes_at
  AND c.id = s.customer_id AND c.deleted_at IS NULL
  AND CASE s.channel WHEN 'email' THEN c.email_consent ELSE c.sms_consent END = 'given'
  AND c.age_disputed_at IS NULL AND {PERSON_FACTS} = f.facts
  AND (c.paused_until IS NULL OR c.paused_until <= COALESCE(k.virtual_now, clock_timestamp()))
  AND NOT EXISTS (
      SELECT 1 FROM suppressions p
      WHERE p.lifted_at IS NULL AND p.address_hash = f.hash
        AND (p.channel IS NULL OR p.channel = s.channel))
  AND NOT EXISTS (
      SELECT 1 FROM customers o
      WHERE s.channel = 'sms' AND o.phone = c.phone AND o.deleted_at IS NULL AND o.sms_consent = 'withdrawn')
  AND NOT {IS_STOPPED}
"""
_PASSED = "RETURNING s.id, b.id AS batch_id"


@dataclass(frozen=True, slots=True)
class Leaving:
    """Messages on the point of leaving, column by column: each with its provider, its exact body as the ledger keeps
    it, when its window closes, and the hash of its address."""

    id: list[UUID]
    created_at: list[datetime]
    provider: list[str]
    recipient: list[str]
    subject: list[str | None]
    body_html: list[str | None]
    body_text: list[str | None]
    stencil_id: list[UUID | None]
    body_values: list[str | None]
    template_version_id: list[UUID]
    closes_at: list[datetime]
    hash: list[bytes]
    facts: list[str]


async def hold_campaigns(session: AsyncSession, campaigns: Collection[UUID]) -> None:
    """Keep these campaigns from being paused or cancelled until the transaction ends; before `mark_sending`."""
    await session.execute(text(_HOLD), {"campaigns": list(campaigns)})


async def mark_sending(
    session: AsyncSession, token: UUID, leaving: Leaving, *, sandbox: str, lease_seconds: float, unless: str
) -> set[UUID]:
    """Mark as leaving what may still leave, its exact body kept: only the ids this returns leave the house.

    Each must still be ours under a live lease; its campaign running (and, while its week is played, bound for the
    sandbox); consent standing, no pause begun, the age not in doubt, and the person as they were when it was claimed;
    the address not suppressed, and nothing unread that holds it (`unless`); its window open for another minute;
    and sending not stopped altogether.

    Args:
        unless: what else keeps a message here, a condition of its address's `f.hash`: a constant of whoever owns it.
    """
    connection = await raw_connection(session)
    columns = {name: getattr(leaving, name) for name in Leaving.__slots__}
    passed = await connection.execute(
        f"{_FENCE} AND NOT {unless} {_PASSED}",
        {"token": token, "lease": lease_seconds, "open": OPEN_SECONDS, "sandbox": sandbox, **columns},
    )
    return {row[0] for row in await passed.fetchall()}
