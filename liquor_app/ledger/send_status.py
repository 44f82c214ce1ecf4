"""Change what the ledger says of messages that left: as is told of them, or by hand. Corridors: no actor is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest
from liquor_app.core.ids import uuid7_time
from liquor_app.ledger.models import SEND, Send, SendStatus

# Locked in the order of their ids, as everywhere.
_IDS = unnest("m", packed=("id",), id=Send.id)
_LOCK = f"""
SELECT s.id, s.provider, s.provider_message_id, s.recipient, s.customer_id, s.campaign_id, s.action_id, s.channel,
       s.attempt, s.batch_id, s.status, s.sent_at, s.delivered_at, s.opened_at, s.clicked_at, s.bounced_at,
       s.complained_at, s.unsubscribed_at, s.error_code, s.error_message
FROM {_IDS}
JOIN sends s ON s.id = m.id AND s.created_at = uuid_v7_time(m.id)
ORDER BY s.id FOR UPDATE OF s
"""

_TIMES = ("sent_at", "delivered_at", "opened_at", "clicked_at", "bounced_at", "complained_at", "unsubscribed_at")
_WORDS = ("error_code", "error_message")

_FATES = unnest("f", id=Send.id, status=Send.status, **{name: getattr(Send, name) for name in (*_TIMES, *_WORDS)})

_TOLD = f"""
UPDATE sends s SET status = f.status, {", ".join(f"{name} = f.{name}" for name in (*_TIMES, *_WORDS))},
    claim_token = CASE WHEN s.status = 'sending' THEN NULL ELSE s.claim_token END,
    lease_until = CASE WHEN s.status IN ('sending', 'unknown') THEN NULL ELSE s.lease_until END
FROM {_FATES}
WHERE s.id = f.id AND s.created_at = uuid_v7_time(f.id)
"""

_SETTLE = """
UPDATE sends SET status = :status, sent_at = CASE WHEN :sent THEN COALESCE(sent_at, now()) END, note = :note
WHERE id = :id AND created_at = :moment
"""

_UNSUBSCRIBED = """
UPDATE sends SET unsubscribed_at = now() WHERE id = :id AND created_at = :moment AND unsubscribed_at IS NULL
"""

_BROUGHT = unnest(
    "f", packed=("id",), id=Send.id, at=Send.converted_at, worth=Send.conversion_value, inferred="boolean"
)

_CONVERTED = f"""
UPDATE sends s SET converted_at = f.at, conversion_value = f.worth, conversion_inferred = f.inferred
FROM {_BROUGHT}
WHERE s.id = f.id AND s.created_at = uuid_v7_time(f.id) AND s.converted_at IS NULL
RETURNING s.id
"""


_TAKEN_UP = unnest("f", packed=("id",), id=Send.id, at=Send.redeemed_at)
_REDEEMED = f"""
UPDATE sends s SET redeemed_at = f.at FROM {_TAKEN_UP}
WHERE s.id = f.id AND s.created_at = uuid_v7_time(f.id) AND s.redeemed_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Fate:
    """What has become of a message."""

    status: SendStatus
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    opened_at: datetime | None = None
    clicked_at: datetime | None = None
    bounced_at: datetime | None = None
    complained_at: datetime | None = None
    unsubscribed_at: datetime | None = None
    error_code: str | None = None
    error_message: str | None = None

    @classmethod
    def of(cls, row: Any) -> Fate:
        """Of a row of `lock_sends`."""
        return cls(SendStatus(row.status), **{name: getattr(row, name) for name in (*_TIMES, *_WORDS)})


@dataclass(frozen=True, slots=True)
class Conversion:
    """A purchase a message brought; `is_inferred` unless its coupon proves it."""

    send_id: UUID
    at: datetime
    value: Decimal
    is_inferred: bool


async def lock_sends(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Return messages by id, locked: with `provider`, `provider_message_id`, `recipient`, `customer_id`, `campaign_id`,
    `action_id`, `channel`, `attempt`, `batch_id` and what `Fate.of` reads."""
    found = await session.execute(text(_LOCK), _IDS.bind(id=ids))
    return {row.id: row for row in found}


async def change_fates(session: AsyncSession, changed: Mapping[UUID, tuple[Fate, Fate]]) -> None:
    """Write what became of locked messages, each from one fate to another.

    Raises:
        Conflict: a message in that status cannot get that one.
    """
    for before, after in changed.values():
        if after.status is not before.status:
            SEND.check(before.status, after.status)
    if changed:
        fates = [after for _, after in changed.values()]
        await session.execute(
            text(_TOLD),
            _FATES.bind(
                id=changed,
                status=[fate.status.value for fate in fates],
                **{name: [getattr(fate, name) for fate in fates] for name in (*_TIMES, *_WORDS)},
            ),
        )


async def settle_send(session: AsyncSession, send_id: UUID, old: SendStatus, *, was_sent: bool, note: str) -> None:
    """Decide of a locked message what nobody could know.

    Raises:
        Conflict: a message in status `old` cannot become that.
    """
    status = SEND.check(old, SendStatus.SENT if was_sent else SendStatus.FAILED)
    await session.execute(
        text(_SETTLE),
        {"status": status.value, "sent": was_sent, "note": note, "id": send_id, "moment": uuid7_time(send_id)},
    )


async def mark_unsubscribed(session: AsyncSession, send_id: UUID) -> None:
    """Note the first time somebody unsubscribed by a message."""
    await session.execute(text(_UNSUBSCRIBED), {"id": send_id, "moment": uuid7_time(send_id)})


async def mark_redeemed(session: AsyncSession, redeemed: Mapping[UUID, datetime]) -> None:
    """Note when what messages offered was taken up; one noted before keeps its first moment."""
    if redeemed:
        await session.execute(text(_REDEEMED), _TAKEN_UP.bind(id=redeemed, at=list(redeemed.values())))


async def mark_converted(session: AsyncSession, conversions: Sequence[Conversion]) -> set[UUID]:
    """Note which purchase each message brought; returns those that had brought none."""
    if not conversions:
        return set()
    done = await session.execute(
        text(_CONVERTED),
        _BROUGHT.bind(
            id=[one.send_id for one in conversions],
            at=[one.at for one in conversions],
            worth=[one.value for one in conversions],
            inferred=[one.is_inferred for one in conversions],
        ),
    )
    return set(done.scalars())
