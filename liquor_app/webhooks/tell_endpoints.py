"""Tell endpoints what happened: signed as Standard Webhooks has it, tried for three days, never twice at one moment.

A try is claimed by moving its `next_at` and counting it, committed before anybody is called; whoever dies over it
leaves it due again a minute later. So an endpoint may hear of an event twice, under the same `webhook-id`, and never
not at all. Each has at most `EACH` tries of a round: one that hangs holds up nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from standardwebhooks.webhooks import Webhook

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.bulk import unnest
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.core.pubsub import publish
from liquor_app.core.security.crypto import decrypt
from liquor_app.core.security.outbound import BlockedAddress, http_client, is_blocked
from liquor_app.organization.service import notify
from liquor_app.ui.words import plural
from liquor_app.webhooks.models import DELIVERY, DeliveryStatus

TOPIC = "webhooks"
"""Where news of tries are heard."""
ANSWER_SECONDS = 15.0
LEASE_SECONDS = 60
EACH, ROUND = 5, 50
"""Tries of one endpoint, and of all, at one time."""
WAITS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 72_000)
"""Seconds after each try that failed: 71.5 hours in all (Standard Webhooks proposes as much)."""
MOST_TRIES = len(WAITS) + 1
FAILING_HOURS = 70
"""An endpoint that took nothing for as long, and by then made us give something up, is told no more."""

_WAITING = DeliveryStatus.PENDING
_CLAIM = f"""
WITH due AS (
    SELECT d.id FROM webhook_endpoints e CROSS JOIN LATERAL (
        SELECT id FROM webhook_deliveries WHERE endpoint_id = e.id AND status = '{_WAITING}' AND next_at <= now()
        ORDER BY next_at LIMIT :each FOR UPDATE SKIP LOCKED
    ) d WHERE e.is_active LIMIT :most
)
UPDATE webhook_deliveries d SET attempts = d.attempts + 1, next_at = now() + make_interval(secs => :lease)
FROM due, webhook_endpoints e, webhook_events v
WHERE d.id = due.id AND e.id = d.endpoint_id AND v.id = d.event_id
RETURNING d.id, d.endpoint_id, d.event_id, d.attempts, e.url, e.secret_encrypted, v.payload
"""
_ANSWERS = unnest("f", id="uuid", attempt="int", is_taken="bool", is_over="bool", code="int", error="text", wait="int")
_RECORD = f"""
UPDATE webhook_deliveries d SET
    status = CASE WHEN f.is_taken THEN '{DELIVERY.check(_WAITING, DeliveryStatus.DELIVERED)}'
                  WHEN f.is_over THEN '{DELIVERY.check(_WAITING, DeliveryStatus.FAILED)}' ELSE d.status END,
    response_code = f.code, error = f.error, last_at = now(), next_at = now() + make_interval(secs => f.wait)
FROM {_ANSWERS} WHERE d.id = f.id AND d.status = '{_WAITING}' AND d.attempts = f.attempt
RETURNING d.endpoint_id, d.status
"""
_WELL = """
UPDATE webhook_endpoints SET last_success_at = now(), failing_since = NULL WHERE id = ANY(CAST(:ids AS uuid[]))
"""
_ILL = """
UPDATE webhook_endpoints SET failing_since = COALESCE(failing_since, now()) WHERE id = ANY(CAST(:ids AS uuid[]))
"""
_DISABLE = """
UPDATE webhook_endpoints SET is_active = false, disabled_reason = :reason
WHERE id = ANY(CAST(:ids AS uuid[])) AND is_active
  AND (:at_once OR failing_since <= now() - make_interval(hours => :hours)) RETURNING id, url
"""
_REDIRECT = "It answers with a redirect, which is not followed."
_LATE = "It took nothing for three days."
_GONE = "It answers that it is gone (410)."


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a try. `code` is the answer's status, None without one; `error` in our words."""

    id: UUID
    endpoint_id: UUID
    attempt: int
    code: int | None
    error: str | None

    @property
    def is_taken(self) -> bool:
        return self.error is None

    @property
    def is_gone(self) -> bool:
        return self.code == httpx.codes.GONE

    @property
    def is_over(self) -> bool:
        return self.is_gone or self.attempt >= MOST_TRIES

    @property
    def wait(self) -> int:
        return WAITS[min(self.attempt, len(WAITS)) - 1]


async def deliver_due() -> int:
    """Try what is due, once; returns how many that were. Nothing is held while others answer."""
    async with transaction() as session:
        found = await session.execute(text(_CLAIM), {"each": EACH, "most": ROUND, "lease": LEASE_SECONDS})
        claimed = found.all()
    if not claimed:
        return 0
    async with http_client("", connections=ROUND, seconds=ANSWER_SECONDS) as client:
        tried = await asyncio.gather(*(_try(client, one) for one in claimed))
    async with transaction() as session:
        await record(session, tried)
    return len(tried)


async def _try(client: httpx.AsyncClient, one: Any) -> Tried:
    """Send one; redirects are not followed, and what the answer says is not read."""
    code, error = None, None
    message_id, at = f"evt_{one.event_id.hex}", now()
    try:
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(decrypt(one.secret_encrypted)).sign(message_id, at, one.payload),
        }
        async with (
            asyncio.timeout(ANSWER_SECONDS),
            client.stream("POST", one.url, content=one.payload.encode(), headers=headers) as answer,
        ):
            code = answer.status_code
            if not answer.is_success:
                error = _REDIRECT if answer.is_redirect else f"It answers {code}."
    except AppError as unreadable:  # a key that was retired too early: the others are told all the same
        error = unreadable.message
    except TimeoutError:
        error = f"No answer within {plural(int(ANSWER_SECONDS), 'second')}."
    except httpx.HTTPError as failed:
        error = str(BlockedAddress()) if is_blocked(failed) else "Nobody answers at this address, or not to the end."
    return Tried(one.id, one.endpoint_id, one.attempts, code, error)


async def record(session: AsyncSession, tried: Sequence[Tried]) -> None:
    """Write down what came of tries; an endpoint that fails for too long is told no more, and admins are told so. Who
    slept through the lease of a try changes nothing. A corridor."""
    done = await session.execute(
        text(_RECORD),
        _ANSWERS.bind(
            id=[one.id for one in tried],
            attempt=[one.attempt for one in tried],
            is_taken=[one.is_taken for one in tried],
            is_over=[one.is_over for one in tried],
            code=[one.code for one in tried],
            error=[one.error for one in tried],
            wait=[one.wait for one in tried],
        ),
    )
    ended = done.all()
    well = {row.endpoint_id for row in ended if row.status == DeliveryStatus.DELIVERED}
    ill = {one.endpoint_id for one in tried if not one.is_taken} - well
    given_up = {row.endpoint_id for row in ended if row.status == DeliveryStatus.FAILED} - well
    gone = {one.endpoint_id for one in tried if one.is_gone}
    if well:
        await session.execute(text(_WELL), {"ids": sorted(well)})
    if ill:
        await session.execute(text(_ILL), {"ids": sorted(ill)})
    await _disable(session, gone, _GONE, at_once=True)
    await _disable(session, given_up - gone, _LATE, at_once=False)
    publish(session, TOPIC, {"tried": len(tried)})


async def _disable(session: AsyncSession, endpoints: set[UUID], reason: str, *, at_once: bool) -> None:
    if not endpoints:
        return
    values = {"ids": sorted(endpoints), "reason": reason, "at_once": at_once, "hours": FAILING_HOURS}
    for row in (await session.execute(text(_DISABLE), values)).all():
        await audit(session, SYSTEM, "webhook.disabled", "webhook", row.id, url=row.url, reason=reason)
        host = urlsplit(row.url).hostname  # alone: everybody has a bell, and an address may be a secret
        await notify(
            session, title="A webhook endpoint is told no more", body=f"{host}: {reason} What happened since waits.",
            link="/settings/webhooks", level="warning",
        )  # fmt: skip
