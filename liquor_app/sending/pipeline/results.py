"""Writing down what became of messages: in bulk, and never backwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.action_status import mark_actions_failed, mark_actions_sent
from liquor_app.campaigns.lifecycle import pause_campaign
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.core.clock import now
from liquor_app.core.pubsub import publish
from liquor_app.customers.addresses import normalise_email
from liquor_app.customers.consents import suppress_address
from liquor_app.customers.models import SuppressionReason
from liquor_app.events.models import EventType
from liquor_app.events.service import NewEvent, record_events, record_many
from liquor_app.ledger.send_results import Backoff, mark_failed, mark_sent, mark_unsure, retry_later
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.base import EventKind, Outcome, SendResult, WebhookEvent
from liquor_app.sending.events.suppress_on_event import Ending, stop_writing

MAX_RETRIES = 5
BACKOFF_SECONDS = 30
MAX_BACKOFF_SECONDS = 3600
OPTED_OUT = "21610"
"""Twilio's word for somebody who has answered STOP."""


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
    await mark_unsure(session, unsure, token)
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
    """Return messages a provider has taken; returns how many were not recorded yet."""
    sent = await mark_sent(session, results)
    if sent is None:
        return 0
    await mark_actions_sent(session, sent.actions)
    await record_many(session, types=sent.types, customers=sent.customers, campaigns=sent.campaigns, sends=sent.ids)
    return sent.messages


async def record_rejected(session: AsyncSession, results: Sequence[SendResult], token: UUID) -> int:
    """Return messages a provider will never take; returns how many."""
    done = await mark_failed(session, results, token)
    await mark_actions_failed(session, [row.action_id for row in done if row.action_id is not None])
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
    counts = [int(result.outcome is Outcome.TRANSIENT and not result.is_throttled) for result in results]
    backoff = Backoff(BACKOFF_SECONDS, MAX_BACKOFF_SECONDS, MAX_RETRIES)
    return await retry_later(session, results, counts, token, backoff)


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
