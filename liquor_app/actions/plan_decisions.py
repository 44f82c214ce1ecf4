"""Change actions as a plan decides: chosen, left out, proposed anew, held out, reworded; every status by `ACTION`.

Corridors: the doors are in `planning` and `experiments`, which hold the campaign. Decisions about a whole plan are
staged in a table of the transaction, by COPY or by an INSERT … SELECT of whoever keeps them, and applied at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.eligibility import Reason
from liquor_app.actions.models import ACTION, ActionStatus
from liquor_app.core.clock import now
from liquor_app.core.db import raw_connection
from liquor_app.core.errors import Conflict

CONTENT = (
    "offer", "offer_terms", "message", "reason", "priority_score", "response_points", "margin_points",
    "expected_response", "expected_profit",
)  # fmt: skip
"""Columns of an action that differ between plans of different engines: the keys of `plan_decisions.content`."""

_STAGE = """
CREATE TEMP TABLE plan_decisions
    (action_id uuid, status text, scheduled_date date, skip_reason text, skip_detail text, content jsonb) ON COMMIT DROP
"""
_COPY = "COPY plan_decisions (action_id, status, scheduled_date, skip_reason, skip_detail, content) FROM STDIN"
_ANALYZE = "ANALYZE plan_decisions"
_STAGED = "SELECT count(*) FROM plan_decisions"

_DECIDE = f"""
UPDATE actions a SET status = d.status, scheduled_date = COALESCE(d.scheduled_date, a.scheduled_date),
       plan_id = :plan, skip_reason = d.skip_reason, skip_detail = d.skip_detail, updated_at = :at
  FROM plan_decisions d WHERE a.id = d.action_id AND {ACTION.allows_sql("a.status", "d.status")}
"""

_REWRITE = f"""
UPDATE actions a SET {", ".join(f"{name} = r.{name}" for name in CONTENT)}, updated_at = :at
  FROM (SELECT r.* FROM plan_decisions d JOIN actions x ON x.id = d.action_id
         CROSS JOIN LATERAL jsonb_populate_record(x, d.content) r WHERE d.content IS NOT NULL) r
 WHERE a.id = r.id
"""

_REOPEN = f"""
UPDATE actions SET status = '{ActionStatus.PROPOSED}', skip_reason = NULL, skip_detail = NULL, updated_at = :at
 WHERE campaign_id = :campaign AND status = ANY(:statuses)
   AND status IN {ACTION.sources_sql(ActionStatus.PROPOSED)} AND skip_reason IS DISTINCT FROM :by_hand
   AND NOT (status = '{ActionStatus.PENDING}' AND offer_terms ? 'edited_by'
            AND scheduled_date BETWEEN :first AND :last)
"""

_LEAVE_OUT = f"""
UPDATE actions SET plan_id = :plan, updated_at = :at, status = '{ActionStatus.SKIPPED}', skip_reason = :better
 WHERE campaign_id = :campaign AND status = '{ActionStatus.PROPOSED}'
"""
_ADOPT = f"""
UPDATE actions SET plan_id = :plan, updated_at = :at
 WHERE campaign_id = :campaign AND status = '{ActionStatus.PENDING}' AND plan_id IS DISTINCT FROM :plan
"""

_HOLD_OUT = f"""
UPDATE actions SET status = '{ActionStatus.HELD_OUT}', skip_reason = :reason, skip_detail = :detail, updated_at = :at
 WHERE campaign_id = :campaign AND customer_id = ANY(:people)
   AND status IN {ACTION.sources_sql(ActionStatus.HELD_OUT)}
"""


class Decision(NamedTuple):
    """What a plan decides of one action. `content` is JSON of some of `CONTENT`."""

    action_id: UUID
    status: ActionStatus | None
    scheduled_date: date | None = None
    skip_reason: str | None = None
    skip_detail: str | None = None
    content: str | None = None


async def stage_decisions(session: AsyncSession) -> None:
    """Begin to gather decisions in `plan_decisions`; `apply_decisions` or `apply_content` ends it."""
    connection = await raw_connection(session)
    await connection.execute("DROP TABLE IF EXISTS pg_temp.plan_decisions")
    await connection.execute(_STAGE)


async def copy_decisions(session: AsyncSession, decisions: Iterable[Decision]) -> None:
    """Add decisions to those staged."""
    connection = await raw_connection(session)
    async with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for one in decisions:
            await copy.write_row(one)


async def apply_decisions(session: AsyncSession, plan_id: UUID) -> None:
    """Let the actions stand as was decided, all or none.

    Raises:
        Conflict: one of them is gone, or moved on to where the decision may not follow.
    """
    staged = await session.execute(text(_STAGED))
    await session.execute(text(_ANALYZE))
    decided = await session.execute(text(_DECIDE), {"plan": plan_id, "at": now()})
    if decided.rowcount != staged.scalar_one():  # type: ignore[attr-defined]
        raise Conflict("Some of the plan's actions have changed since or are gone. Plan again.")
    await apply_content(session)


async def apply_content(session: AsyncSession) -> None:
    """Give the actions the offers, words and figures that were decided for them."""
    await session.execute(text(_REWRITE), {"at": now()})
    await (await raw_connection(session)).execute("DROP TABLE pg_temp.plan_decisions")


async def reopen_actions(
    session: AsyncSession, campaign_id: UUID, statuses: Sequence[str], *, keep: tuple[date, date]
) -> None:
    """Make proposals again of actions with these statuses, but for what people decided and what is in the ledger. What
    was moved or reworded keeps its place between the days `keep`; a day that has passed is no decision any more."""
    await session.execute(
        text(_REOPEN),
        {
            "campaign": campaign_id,
            "statuses": list(statuses),
            "by_hand": Reason.BY_HAND.value,
            "first": keep[0],
            "last": keep[1],
            "at": now(),
        },
    )


async def settle_actions(session: AsyncSession, campaign_id: UUID, plan_id: UUID) -> None:
    """Settle what was no candidate: pinned actions belong to this plan too, the rest of their customers' give way."""
    params = {"plan": plan_id, "campaign": campaign_id, "at": now()}
    await session.execute(text(_ADOPT), params)
    await session.execute(text(_LEAVE_OUT), {**params, "better": Reason.BETTER_ACTION.value})


async def hold_out_actions(session: AsyncSession, campaign_id: UUID, people: Sequence[UUID], detail: str) -> None:
    """Contact none of these people: their actions that wait become the control group's."""
    await session.execute(
        text(_HOLD_OUT),
        {
            "campaign": campaign_id,
            "people": list(people),
            "reason": Reason.HOLDOUT.value,
            "detail": detail,
            "at": now(),
        },
    )
