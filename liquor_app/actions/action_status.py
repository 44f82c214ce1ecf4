"""Change actions' statuses as their messages fare. Corridors: no actor is asked; people decide in `edit_actions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.models import ACTION, Action, ActionStatus
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.core.bulk import PassedArray, unnest
from liquor_app.core.ids import uuid_array
from liquor_app.core.states import sql_list
from liquor_app.ledger.models import UNFINISHED

_HOLD_OUT = """
UPDATE actions SET status = 'held_out', updated_at = now()
WHERE id = ANY(CAST(CAST(:ids AS text) AS uuid[])) AND status = 'pending'
"""

_ENDED = unnest("f", packed=("id",), id=Action.id, reason=Action.skip_reason, note=Action.skip_detail)

_LAUNCH = f"""
UPDATE actions a SET status = CASE WHEN f.reason IS NULL THEN 'queued' ELSE 'skipped' END,
    skip_reason = f.reason, skip_detail = f.note, updated_at = now()
FROM {_ENDED}
WHERE a.id = f.id AND a.status = 'pending'
"""

_SKIP = f"""
UPDATE actions a SET status = 'skipped', skip_reason = f.reason, skip_detail = f.note, updated_at = now()
FROM {_ENDED}
WHERE a.id = f.id AND a.status = 'queued'
"""

_SENT = f"""
UPDATE actions SET status = 'sent', updated_at = now()
WHERE id = ANY(CAST(:ids AS uuid[])) AND status IN {ACTION.sources_sql(ActionStatus.SENT)}
"""

_FAILED = """
UPDATE actions SET status = 'failed', updated_at = now()
WHERE id = ANY(CAST(CAST(:ids AS text) AS uuid[])) AND status = 'queued'
"""

_REQUEUE = f"""
UPDATE actions SET status = 'queued', skip_reason = NULL, skip_detail = NULL, updated_at = now()
WHERE id = ANY(CAST(CAST(:ids AS text) AS uuid[]))
  AND status IN {ACTION.sources_sql(ActionStatus.QUEUED, ActionStatus.FAILED, ActionStatus.SKIPPED)}
"""

_FARED = unnest("f", packed=("action_id",), action_id=Action.id, channel="text", attempt="int", status=Action.status)
# A newer attempt speaks for its action itself.
_TOLD = f"""
UPDATE actions a SET status = f.status, updated_at = now()
FROM {_FARED}
WHERE a.id = f.action_id AND (a.status = 'queued' OR (a.status = 'failed' AND f.status = 'sent'))
  AND NOT EXISTS (SELECT 1 FROM send_keys k
                  WHERE k.action_id = f.action_id AND k.channel = f.channel AND k.attempt > f.attempt)
"""

_SETTLE = "UPDATE actions SET status = :status, updated_at = now() WHERE id = :id AND status = 'queued'"

_CANCEL = f"""
UPDATE actions a SET status = 'skipped', skip_reason = :reason, skip_detail = 'The campaign was cancelled.',
    updated_at = now()
FROM campaigns k
WHERE k.id = a.campaign_id AND k.status = '{CampaignStatus.CANCELLED}' AND NOT k.is_history
  AND a.status IN ('pending', 'queued')
  AND NOT EXISTS (SELECT 1 FROM sends s WHERE s.action_id = a.id AND s.status IN {sql_list(*UNFINISHED)})
"""


# whoever is held out is counted as that
_GIVE_UP = f"""
UPDATE actions SET status = '{ActionStatus.SKIPPED}', skip_reason = :reason, updated_at = now()
 WHERE customer_id = ANY(:people)
   AND status IN {
    ACTION.sources_sql(ActionStatus.SKIPPED, ActionStatus.PROPOSED, ActionStatus.PENDING, ActionStatus.QUEUED)
}
"""


@dataclass(frozen=True, slots=True)
class Launched:
    """An action whose message is in the ledger; with a `reason` it was skipped there at once."""

    action_id: UUID
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ToldAction:
    """What a callback makes of an action: its message's channel and attempt, and whether it was sent or failed."""

    action_id: UUID
    channel: str
    attempt: int
    was_sent: bool


async def hold_out_pending(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Take chosen actions out of a campaign because their customers are in its control group."""
    if ids:
        await session.execute(text(_HOLD_OUT), {"ids": uuid_array(ids)})


async def mark_launched(session: AsyncSession, launched: Sequence[Launched]) -> None:
    """Queue chosen actions whose messages are in the ledger now, or skip them with their reason."""
    await session.execute(text(_LAUNCH), _columns(launched))


async def skip_queued(session: AsyncSession, skipped: Sequence[Launched]) -> None:
    """Skip queued actions whose messages were skipped."""
    if skipped:
        await session.execute(text(_SKIP), _columns(skipped))


async def mark_actions_sent(session: AsyncSession, ids: PassedArray) -> None:
    """Mark actions whose messages were sent, as `ledger.send_results` hands them on."""
    await session.execute(text(_SENT), {"ids": ids})


async def mark_actions_failed(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Mark queued actions whose messages were refused for good."""
    if ids:
        await session.execute(text(_FAILED), {"ids": uuid_array(ids)})


async def requeue_actions(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Queue failed and skipped actions again: a new attempt of their messages is in the ledger."""
    if ids:
        await session.execute(text(_REQUEUE), {"ids": uuid_array(ids)})


async def mark_told(session: AsyncSession, told: Sequence[ToldAction]) -> None:
    """Mark actions sent or failed as callbacks tell, unless a newer attempt of their message speaks for them."""
    if told:
        await session.execute(
            text(_TOLD),
            _FARED.bind(
                action_id=[one.action_id for one in told],
                channel=[one.channel for one in told],
                attempt=[one.attempt for one in told],
                status=[_outcome(one.was_sent).value for one in told],
            ),
        )


async def settle_action(session: AsyncSession, action_id: UUID | None, *, was_sent: bool) -> None:
    """Mark a queued action whose message's outcome somebody decided."""
    await session.execute(text(_SETTLE), {"status": _outcome(was_sent).value, "id": action_id})


async def skip_cancelled(session: AsyncSession, reason: str) -> None:
    """Skip what cancelled campaigns had chosen and nobody is sending any more."""
    await session.execute(text(_CANCEL), {"reason": reason})


def _outcome(was_sent: bool) -> ActionStatus:
    return ACTION.check(ActionStatus.QUEUED, ActionStatus.SENT if was_sent else ActionStatus.FAILED)


def _columns(launched: Sequence[Launched]) -> dict[str, object]:
    return _ENDED.bind(
        id=[one.action_id for one in launched],
        reason=[one.reason for one in launched],
        note=[one.note for one in launched],
    )


_UNENDED = (ActionStatus.PROPOSED, ActionStatus.PENDING, ActionStatus.QUEUED)
_MOVE_ACTIONS = f"""
UPDATE actions a SET customer_id = :to WHERE customer_id = :gone AND status NOT IN {sql_list(*_UNENDED)}
   AND NOT EXISTS (SELECT FROM actions o WHERE o.campaign_id = a.campaign_id AND o.customer_id = :to
                      AND o.segment_slug = a.segment_slug AND o.channel = a.channel)
RETURNING id
"""
_RETURN_ACTIONS = "UPDATE actions SET customer_id = :gone WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to"


async def move_actions(session: AsyncSession, gone: UUID, to: UUID) -> list[str]:
    """Give the ended actions of one customer to another, but for those both had in one campaign; returns their ids.
    A corridor, for `doubles`."""
    moved = await session.execute(text(_MOVE_ACTIONS), {"gone": gone, "to": to})
    return [str(one) for one in moved.scalars()]


async def return_actions(session: AsyncSession, gone: UUID, to: UUID, ids: Sequence[str]) -> None:
    """Undo `move_actions`. A corridor, for `doubles`."""
    await session.execute(text(_RETURN_ACTIONS), {"gone": gone, "to": to, "ids": list(ids)})


async def give_up_people(session: AsyncSession, people: Sequence[UUID], reason: str) -> None:
    """Skip every action of these customers whose message has not left. A corridor, for `privacy`."""
    await session.execute(text(_GIVE_UP), {"people": list(people), "reason": reason})
