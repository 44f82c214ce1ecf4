"""Record what providers answered: in bulk, and never backwards. Corridors: no actor is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import PassedArray, unnest
from liquor_app.core.ids import uuid7_time
from liquor_app.events.models import EventType
from liquor_app.ledger.models import SEND, Send, SendStatus

_TAKEN = unnest("f", packed=("send_id",), send_id=Send.id, message_id=Send.provider_message_id)
_REFUSED = unnest("f", id=Send.id, created_at=Send.created_at, code=Send.error_code, detail=Send.error_message)
_TRIED = unnest(
    "f", id=Send.id, created_at=Send.created_at, code=Send.error_code, detail=Send.error_message, counts="int"
)

_BECOME_SENT = SEND.sources_sql(SendStatus.SENT)

# A webhook may have been faster: then only what is missing is filled in. Handed on column by column, for a message not
# to cost a round trip of its columns through Python.
_SENT = f"""
WITH done AS (
    UPDATE sends s SET
        status = CASE WHEN s.status IN {_BECOME_SENT} THEN 'sent' ELSE s.status END,
        sent_at = COALESCE(s.sent_at, clock_timestamp()),
        provider_message_id = COALESCE(s.provider_message_id, f.message_id),
        claim_token = NULL, lease_until = NULL,
        -- of earlier tries; a bounce that was told first keeps its reason
        error_code = CASE WHEN s.status IN {_BECOME_SENT} THEN NULL ELSE s.error_code END,
        error_message = CASE WHEN s.status IN {_BECOME_SENT} THEN NULL ELSE s.error_message END
    FROM {_TAKEN}
    WHERE s.id = f.send_id AND s.created_at = uuid_v7_time(f.send_id)
      AND (s.status IN {_BECOME_SENT} OR s.status IN ('delivered', 'bounced', 'complained'))
    RETURNING s.id, s.action_id, s.customer_id, s.campaign_id, s.channel
)
SELECT count(*) AS messages, array_send(array_agg(id)) AS ids, array_send(array_agg(action_id)) AS actions,
       array_send(array_agg(customer_id)) AS customers, array_send(array_agg(campaign_id)) AS campaigns,
       array_send(array_agg(CASE channel WHEN 'sms' THEN CAST(:by_sms AS text) ELSE :by_email END)) AS types
FROM done
"""

# What was not taken is written down by whoever still holds the message: a worker that slept through its lease must not
# put back what somebody else is sending meanwhile. What was taken is a fact, whoever tells it.
_FAILED = f"""
UPDATE sends s SET status = 'failed', error_code = f.code, error_message = f.detail,
    claim_token = NULL, lease_until = NULL
FROM {_REFUSED}
WHERE s.id = f.id AND s.created_at = f.created_at
  AND (s.status = 'unknown' OR (s.status = 'sending' AND s.claim_token = CAST(:token AS uuid)))
RETURNING s.id, s.action_id, s.customer_id, s.campaign_id, s.channel, s.recipient
"""

# The pause before the next attempt doubles, with jitter, by the campaign's own clock.
_RETRY = f"""
UPDATE sends s SET status = 'pending', claim_token = NULL, lease_until = NULL, contact_at = NULL,
    error_code = f.code, error_message = f.detail, retry_count = s.retry_count + f.counts,
    not_before = COALESCE(k.virtual_now, now()) + make_interval(secs =>
        LEAST(:ceiling, :base * power(2, s.retry_count)) * (0.5 + random()))
FROM campaigns k, {_TRIED}
WHERE s.id = f.id AND s.created_at = f.created_at AND s.status = 'sending'
  AND s.claim_token = CAST(:token AS uuid) AND k.id = s.campaign_id
  AND s.retry_count + f.counts <= :most
RETURNING s.id
"""

# Still on its way as far as anybody knows: the next round of recovery asks the provider, or tells the operator.
_UNSURE = f"""
UPDATE sends s SET error_code = f.code, error_message = f.detail, lease_until = clock_timestamp()
FROM {_REFUSED}
WHERE s.id = f.id AND s.created_at = f.created_at AND s.status = 'sending' AND s.claim_token = CAST(:token AS uuid)
"""


class Answer(Protocol):
    """What a provider said of a message (`providers.kit.base.SendResult`)."""

    @property
    def send_id(self) -> UUID: ...
    @property
    def message_id(self) -> str | None: ...
    @property
    def code(self) -> str | None: ...
    @property
    def detail(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds before a message is tried again: `base`, doubled each time up to `ceiling`; `most` tries."""

    base: float
    ceiling: float
    most: int


@dataclass(frozen=True, slots=True)
class MarkedSent:
    """Messages recorded as sent, column by column; `types` are those of their events."""

    messages: int
    ids: PassedArray
    actions: PassedArray
    customers: PassedArray
    campaigns: PassedArray
    types: PassedArray


async def mark_sent(session: AsyncSession, answers: Sequence[Answer]) -> MarkedSent | None:
    """Mark messages their provider has taken; None if all were marked already. Twice changes nothing."""
    if not answers:
        return None
    done = await session.execute(
        text(_SENT),
        {
            **_TAKEN.rows(answers),
            "by_email": EventType.EMAIL_SENT.value,
            "by_sms": EventType.SMS_SENT.value,
        },
    )
    row = done.one()
    return MarkedSent(row.messages, *map(PassedArray, row[1:])) if row.messages else None


async def mark_failed(session: AsyncSession, answers: Sequence[Answer], token: UUID) -> Sequence[Any]:
    """Mark messages their provider will never take, but for those somebody else holds by now.

    Returns:
        Rows of `id`, `action_id`, `customer_id`, `campaign_id`, `channel`, `recipient`.
    """
    if not answers:
        return []
    return (await session.execute(text(_FAILED), {**_REFUSED.bind(**_said(answers)), "token": token})).all()


async def retry_later(
    session: AsyncSession, answers: Sequence[Answer], counts: Sequence[int], token: UUID, backoff: Backoff
) -> set[UUID]:
    """Put messages back for another try; returns which. Not those that were tried often enough, or are no longer ours.

    Args:
        counts: by how much each try counts; 0 where it was not the message's fault.
    """
    if not answers:
        return set()
    done = await session.execute(
        text(_RETRY),
        {
            **_TRIED.bind(**_said(answers), counts=counts),
            "token": token,
            "base": backoff.base,
            "ceiling": backoff.ceiling,
            "most": backoff.most,
        },
    )
    return set(done.scalars())


async def mark_unsure(session: AsyncSession, answers: Sequence[Answer], token: UUID) -> None:
    """Leave messages `sending` whose answer nobody has: recovery takes them at once."""
    if answers:
        await session.execute(text(_UNSURE), {**_REFUSED.bind(**_said(answers)), "token": token})


def _said(answers: Sequence[Answer]) -> dict[str, list[Any]]:
    return {
        "id": [one.send_id for one in answers],
        "created_at": [uuid7_time(one.send_id) for one in answers],
        "code": [one.code for one in answers],
        "detail": [one.detail for one in answers],
    }
