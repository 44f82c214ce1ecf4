"""Add messages to the ledger: an action's first and its later attempts, each once. Corridors: no actor is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest
from liquor_app.core.ids import uuid7, uuid7_time
from liquor_app.ledger.models import Send, SendStatus

VARIANT_ENDED = "variant_ended"
"""Why a message is skipped whose offer or channel a guardrail ended: it can leave as nothing else."""

_NEW = unnest(
    "f", id=Send.id, created_at=Send.created_at, action_id=Send.action_id, customer_id=Send.customer_id,
    channel=Send.channel, recipient=Send.recipient, not_before=Send.not_before, expires_at=Send.expires_at,
    status=Send.status, reason=Send.skip_reason, note=Send.note, variant=Send.variant,
)  # fmt: skip

# Whose key is new, asked as a look-up in a hash: joined, a planner that expects two rows compares each with each, and
# sending ten thousand messages again took a quarter of a minute.
_TAKEN = "(f.id IN (SELECT send_id FROM keys)) IS TRUE"

_FIRST = f"""
WITH fresh AS (
    SELECT * FROM {_NEW}
), keys AS (
    INSERT INTO send_keys (action_id, channel, attempt, send_id)
    SELECT action_id, channel, 1, id FROM fresh
    ON CONFLICT DO NOTHING
    RETURNING send_id
)
INSERT INTO sends (id, created_at, action_id, customer_id, campaign_id, channel, recipient, status, not_before,
                   expires_at, skip_reason, note, variant)
SELECT f.id, f.created_at, f.action_id, f.customer_id, :campaign, f.channel, f.recipient, f.status, f.not_before,
       f.expires_at, f.reason, f.note, f.variant
FROM fresh f WHERE {_TAKEN}
RETURNING action_id
"""

_LATEST = "SELECT max(attempt) FROM send_keys WHERE action_id = :action AND channel = :channel"

_KEY = "INSERT INTO send_keys (action_id, channel, attempt, send_id) VALUES (:action, :channel, :attempt, :id)"

_NEXT = """
INSERT INTO sends (id, created_at, action_id, customer_id, campaign_id, channel, recipient, status, not_before,
                   expires_at, attempt, variant)
SELECT :id, :created, action_id, customer_id, campaign_id, channel, recipient, 'pending', :due, :ends, :attempt, variant
FROM sends WHERE id = :old AND created_at = :old_created
"""

# Of each message only the last attempt counts; two people who press the button at once make one new attempt.
_ALL = f"""
WITH latest AS MATERIALIZED (
    SELECT DISTINCT ON (s.action_id, s.channel) s.action_id, s.customer_id, s.channel, s.recipient, s.status, s.attempt,
           s.variant
    FROM sends s
    WHERE s.campaign_id = :campaign AND s.action_id IS NOT NULL
    ORDER BY s.action_id, s.channel, s.attempt DESC
), fresh AS MATERIALIZED (
    SELECT uuid_v7() AS id, l.action_id, l.customer_id, l.channel, l.recipient, l.attempt + 1 AS attempt,
           l.variant
    FROM latest l
    WHERE l.status = ANY(:statuses) AND l.customer_id IS NOT NULL
    LIMIT :n
), keys AS (
    INSERT INTO send_keys (action_id, channel, attempt, send_id)
    SELECT action_id, channel, attempt, id FROM fresh
    ON CONFLICT DO NOTHING
    RETURNING send_id
)
INSERT INTO sends (id, created_at, action_id, customer_id, campaign_id, channel, recipient, status, not_before,
                   expires_at, attempt, variant)
SELECT f.id, uuid_v7_time(f.id), f.action_id, f.customer_id, :campaign, f.channel, f.recipient, 'pending', :due,
       :ends, f.attempt, f.variant
FROM fresh f WHERE {_TAKEN}
RETURNING action_id
"""


# first attempts alone: somebody whose message failed gets the same words again
_RELEASE = f"""
UPDATE sends SET variant = NULL WHERE campaign_id = :campaign AND status = '{SendStatus.PENDING}'
   AND variant IS NOT NULL AND attempt = 1 AND (CAST(:only AS text) IS NULL OR variant = :only)
"""
_WITHDRAW = f"""
UPDATE sends SET status = '{SendStatus.SKIPPED}', skip_reason = '{VARIANT_ENDED}', note = :note, variant = NULL
 WHERE campaign_id = :campaign AND status = '{SendStatus.PENDING}' AND variant = :only AND attempt = 1
 RETURNING action_id
"""


@dataclass(frozen=True, slots=True)
class NewSend:
    """An action's first message: due from `not_before`, worth sending until `expires_at`; with a `reason` it is
    skipped from the start."""

    action_id: UUID
    customer_id: UUID
    channel: str
    recipient: str
    not_before: datetime
    expires_at: datetime
    reason: str | None = None
    note: str | None = None
    variant: str | None = None


async def add_sends(session: AsyncSession, campaign_id: UUID, sends: Sequence[NewSend]) -> set[UUID]:
    """Add first attempts; returns the actions whose message was not in the ledger yet."""
    ids = [uuid7() for _ in sends]
    added = await session.execute(
        text(_FIRST),
        {
            "campaign": campaign_id,
            **_NEW.bind(
                id=ids,
                created_at=[uuid7_time(send_id) for send_id in ids],
                action_id=[one.action_id for one in sends],
                customer_id=[one.customer_id for one in sends],
                channel=[one.channel for one in sends],
                recipient=[one.recipient for one in sends],
                not_before=[one.not_before for one in sends],
                expires_at=[one.expires_at for one in sends],
                status=[(SendStatus.SKIPPED if one.reason else SendStatus.PENDING).value for one in sends],
                reason=[one.reason for one in sends],
                note=[one.note for one in sends],
                variant=[one.variant for one in sends],
            ),
        },
    )
    return set(added.scalars())


async def latest_attempt(session: AsyncSession, action_id: UUID, channel: str) -> int:
    """Return the number of an action's last attempt on a channel; 0 if there is none."""
    found = await session.execute(text(_LATEST), {"action": action_id, "channel": channel})
    return int(found.scalar_one() or 0)


async def add_attempt(
    session: AsyncSession, old_id: UUID, *, action_id: UUID, channel: str, attempt: int, due: datetime, ends: datetime
) -> UUID:
    """Add a message like an old one, as its action's next attempt; returns its id."""
    fresh = uuid7()
    await session.execute(text(_KEY), {"action": action_id, "channel": channel, "attempt": attempt, "id": fresh})
    await session.execute(
        text(_NEXT),
        {
            "id": fresh,
            "created": uuid7_time(fresh),
            "due": due,
            "ends": ends,
            "attempt": attempt,
            "old": old_id,
            "old_created": uuid7_time(old_id),
        },
    )
    return fresh


async def add_attempts(
    session: AsyncSession, campaign_id: UUID, statuses: Sequence[str], due: datetime, ends: datetime, *, limit: int
) -> list[UUID]:
    """Add the next attempt of up to `limit` of a campaign's messages whose last one is in one of `statuses`; returns
    their actions."""
    added = await session.execute(
        text(_ALL), {"campaign": campaign_id, "statuses": list(statuses), "due": due, "ends": ends, "n": limit}
    )
    return list(added.scalars())


async def release_variants(session: AsyncSession, campaign_id: UUID, *, only: str | None = None) -> None:
    """Take what has not left yet out of a campaign's A/B test; of one variant, or of all."""
    await session.execute(text(_RELEASE), {"campaign": campaign_id, "only": only})


async def withdraw_variant(session: AsyncSession, campaign_id: UUID, key: str, note: str) -> list[UUID]:
    """Skip what has not left yet of a variant that is an offer or a channel of its own; returns the actions."""
    found = await session.execute(text(_WITHDRAW), {"campaign": campaign_id, "only": key, "note": note})
    return [one for one in found.scalars() if one is not None]
