"""Writing down what became of messages: in bulk, and never backwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.campaigns.lifecycle import pause_campaign
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.core.clock import now
from liquor_app.core.ids import uuid7_time, uuid_array
from liquor_app.core.pubsub import publish
from liquor_app.customers.addresses import normalise_email
from liquor_app.customers.consents import suppress_address
from liquor_app.customers.models import SuppressionReason
from liquor_app.events.models import EventType
from liquor_app.events.service import NewEvent, record_events
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.base import EventKind, Outcome, SendResult, WebhookEvent
from liquor_app.sending.events.suppress_on_event import Ending, stop_writing

MAX_RETRIES = 5
BACKOFF_SECONDS = 30
MAX_BACKOFF_SECONDS = 3600
OPTED_OUT = "21610"
"""Twilio's word for somebody who has answered STOP."""

# A webhook may have been faster: then only what is missing is filled in.
_ACCEPTED = """
WITH done AS (
    UPDATE sends s SET
        status = CASE WHEN s.status IN ('sending', 'unknown') THEN 'sent' ELSE s.status END,
        sent_at = COALESCE(s.sent_at, clock_timestamp()),
        provider_message_id = COALESCE(s.provider_message_id, f.message_id),
        claim_token = NULL, lease_until = NULL,
        -- of earlier tries; a bounce that was told first keeps its reason
        error_code = CASE WHEN s.status IN ('sending', 'unknown') THEN NULL ELSE s.error_code END,
        error_message = CASE WHEN s.status IN ('sending', 'unknown') THEN NULL ELSE s.error_message END
    FROM unnest(CAST(CAST(:ids AS text) AS uuid[]), CAST(:messages AS text[])) AS f(id, message_id)
    WHERE s.id = f.id AND s.created_at = uuid_v7_time(f.id)
      AND s.status IN ('sending', 'unknown', 'delivered', 'bounced', 'complained')
    RETURNING s.id, s.action_id, s.customer_id, s.campaign_id, s.channel
), told AS (
    UPDATE actions a SET status = 'sent', updated_at = now()
    FROM done d WHERE a.id = d.action_id AND a.status IN ('queued', 'failed')
), logged AS (
    -- here and not through a list of events: a message costs a row, not a round trip of its columns
    INSERT INTO analytics_events (event_type, customer_id, campaign_id, send_id, occurred_at)
    SELECT CASE d.channel WHEN 'sms' THEN :by_sms ELSE :by_email END, d.customer_id, d.campaign_id, d.id,
           CAST(:now AS timestamptz)
    FROM done d
)
SELECT count(*) FROM done
"""

# What was not taken is written down by whoever still holds the message: a worker that slept through its lease must not
# put back what somebody else is sending meanwhile. What was taken is a fact, whoever tells it.
_REJECTED = """
WITH done AS (
    UPDATE sends s SET status = 'failed', error_code = f.code, error_message = f.detail,
        claim_token = NULL, lease_until = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[]), CAST(:codes AS text[]),
                CAST(:details AS text[])) AS f(id, created_at, code, detail)
    WHERE s.id = f.id AND s.created_at = f.created_at
      AND (s.status = 'unknown' OR (s.status = 'sending' AND s.claim_token = CAST(:token AS uuid)))
    RETURNING s.id, s.action_id, s.customer_id, s.campaign_id, s.channel, s.recipient
), told AS (
    UPDATE actions a SET status = 'failed', updated_at = now()
    FROM done d WHERE a.id = d.action_id AND a.status = 'queued'
)
SELECT id, customer_id, campaign_id, channel, recipient FROM done
"""

# The pause before the next attempt doubles, with jitter, by the campaign's own clock.
_RETRY = """
UPDATE sends s SET status = 'pending', claim_token = NULL, lease_until = NULL, contact_at = NULL,
    error_code = f.code, error_message = f.detail, retry_count = s.retry_count + f.counts,
    not_before = COALESCE(k.virtual_now, now()) + make_interval(secs =>
        LEAST(:ceiling, :base * power(2, s.retry_count)) * (0.5 + random()))
FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[]), CAST(:codes AS text[]), CAST(:details AS text[]),
            CAST(:counts AS int[])) AS f(id, created_at, code, detail, counts), campaigns k
WHERE s.id = f.id AND s.created_at = f.created_at AND s.status = 'sending'
  AND s.claim_token = CAST(:token AS uuid) AND k.id = s.campaign_id
  AND s.retry_count + f.counts <= :most
RETURNING s.id
"""

# Still on its way as far as anybody knows: the next round of recovery asks the provider, or tells the operator.
_UNSURE = """
UPDATE sends s SET error_code = f.code, error_message = f.detail, lease_until = clock_timestamp()
FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[]), CAST(:codes AS text[]),
            CAST(:details AS text[])) AS f(id, created_at, code, detail)
WHERE s.id = f.id AND s.created_at = f.created_at AND s.status = 'sending' AND s.claim_token = CAST(:token AS uuid)
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many of each; `campaigns` are those concerned."""

    sent: int = 0
    failed: int = 0
    retried: int = 0
    unsure: int = 0
    campaigns: frozenset[UUID] = frozenset()


async def record_results(
    session: AsyncSession,
    results: Sequence[SendResult],
    campaign_of: Mapping[UUID, UUID],
    token: UUID,
    *,
    pauses: bool = True,
) -> Recorded:
    """Record what a provider said; `campaign_of` is by send id. Recording the same results twice changes nothing.

    Args:
        token: under which the messages were claimed; those somebody else holds by now are left alone, unless taken.
        pauses: a refusal that is our fault pauses the campaigns; not if another provider takes over.
    """
    touched = frozenset(campaign_of[result.send_id] for result in results)
    sent = await record_accepted(session, _of(results, Outcome.ACCEPTED))
    failed = await record_rejected(session, _of(results, Outcome.REJECTED), token)
    again = [*_of(results, Outcome.TRANSIENT), *_of(results, Outcome.MISCONFIGURED)]
    retried = await _retry(session, again, token)
    failed += await record_rejected(session, [result for result in again if result.send_id not in retried], token)
    unsure = _of(results, Outcome.UNKNOWN)
    if unsure:
        await session.execute(text(_UNSURE), _said(unsure, token))
    broken = _of(results, Outcome.MISCONFIGURED)
    if broken and pauses:
        # trying others is useless until somebody acts
        reason = f"The provider refuses us ({broken[0].code}): {broken[0].detail or 'no reason given'}."
        await pause_campaigns(session, {campaign_of[result.send_id] for result in broken}, reason)
    for campaign_id in touched:
        publish(session, f"campaign:{campaign_id}", {"sent": sent, "failed": failed})
    publish(session, "sends", {"sent": sent, "failed": failed})
    publish(session, "dashboard", {"sent": sent})
    return Recorded(sent, failed, len(retried), len(unsure), touched)


async def record_accepted(session: AsyncSession, results: Sequence[SendResult]) -> int:
    """Messages a provider has taken; returns how many were not recorded yet."""
    if not results:
        return 0
    done = await session.execute(
        text(_ACCEPTED),
        {
            "ids": uuid_array(result.send_id for result in results),
            "messages": [result.message_id for result in results],
            "by_email": EventType.EMAIL_SENT.value,
            "by_sms": EventType.SMS_SENT.value,
            "now": now(),
        },
    )
    return int(done.scalar_one())


async def record_rejected(session: AsyncSession, results: Sequence[SendResult], token: UUID) -> int:
    """Messages a provider will never take; returns how many."""
    if not results:
        return 0
    done = (await session.execute(text(_REJECTED), _said(results, token))).all()
    await _suppress(session, {result.send_id: result for result in results if result.is_dead_address}, done)
    codes = {result.send_id: result.code for result in results}
    events = [
        NewEvent(EventType.FAILED, row.customer_id, row.campaign_id, row.id, properties={"code": codes[row.id]})
        for row in done
    ]
    await record_events(session, events)
    return len(events)


async def _retry(session: AsyncSession, results: Sequence[SendResult], token: UUID) -> set[UUID]:
    """Back into the queue; not those that have been tried often enough. What was not the message's fault does not
    count against it."""
    if not results:
        return set()
    counts = [int(result.outcome is Outcome.TRANSIENT and not result.is_throttled) for result in results]
    done = await session.execute(
        text(_RETRY),
        {
            **_said(results, token),
            "counts": counts,
            "base": BACKOFF_SECONDS,
            "ceiling": MAX_BACKOFF_SECONDS,
            "most": MAX_RETRIES,
        },
    )
    return set(done.scalars())


async def pause_campaigns(session: AsyncSession, campaigns: Iterable[UUID], reason: str) -> None:
    """Stop those that run, and say why."""
    active = await session.execute(
        text("SELECT id FROM campaigns WHERE id = ANY(:ids) AND status = :active ORDER BY id FOR UPDATE"),
        {"ids": list(campaigns), "active": CampaignStatus.ACTIVE.value},
    )
    for campaign_id in list(active.scalars()):
        await pause_campaign(session, SYSTEM, campaign_id, reason=reason[:500])


async def _suppress(session: AsyncSession, dead: Mapping[UUID, SendResult], rows: Iterable[Any]) -> None:
    """Addresses the provider calls dead; where the owner has opted out there, consent ends too. Rare: one by one."""
    for row in rows:
        if row.id not in dead:
            continue
        if dead[row.id].code == OPTED_OUT:
            told = WebhookEvent(EventKind.UNSUBSCRIBED, f"{row.id}:{OPTED_OUT}", now(), send_id=row.id)
            await stop_writing(session, [Ending.of_send(row, told)])
            continue
        await suppress_address(
            session,
            normalise_email(row.recipient) if row.channel == Channel.EMAIL else row.recipient,
            reason=SuppressionReason.BOUNCED,
            channel=Channel(row.channel),
            customer_id=row.customer_id,
            source="provider",
        )


def _of(results: Sequence[SendResult], outcome: Outcome) -> list[SendResult]:
    return [result for result in results if result.outcome is outcome]


def _keys(results: Sequence[SendResult]) -> dict[str, list[object]]:
    return {
        "ids": [result.send_id for result in results],
        "moments": [uuid7_time(result.send_id) for result in results],
    }


def _said(results: Sequence[SendResult], token: UUID) -> dict[str, object]:
    return {
        "token": token,
        **_keys(results),
        "codes": [result.code for result in results],
        "details": [result.detail for result in results],
    }
