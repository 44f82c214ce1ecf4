"""Changing a plan by hand: skip actions, move one, undo. Every change meets the same constraints and is kept.

Offers and copy are changed in `edit_offer`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor
from liquor_app.actions.edit_guards import (
    KEPT,
    Held,
    announce_edit,
    hold,
    hold_campaign,
    planned_on,
    record_edit,
    refuse_overfull,
    refuse_pressure,
)
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.models import ACTION, UNDECIDED, ActionStatus, Arm, EditKind
from liquor_app.campaigns.brief import CHANNELS
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Invalid
from liquor_app.core.security.redact import redact
from liquor_app.core.states import sql_list
from liquor_app.segments.playbook import clean_text
from liquor_app.ui.words import figure

_SKIP = f"""
UPDATE actions SET status = '{ActionStatus.SKIPPED}', skip_reason = :reason, skip_detail = :detail, updated_at = :at
 WHERE id = ANY(:ids) AND status IN {ACTION.sources_sql(ActionStatus.SKIPPED)}
"""
_MOVE = f"""
UPDATE actions SET status = '{ActionStatus.PENDING}', scheduled_date = :day, skip_reason = NULL, skip_detail = NULL,
       plan_id = :plan, updated_at = :at, offer_terms = offer_terms || CAST(:mark AS jsonb) WHERE id = :id
"""
_HELD_OUT = f"""
SELECT EXISTS (SELECT FROM actions WHERE campaign_id = :campaign AND customer_id = :customer
                AND plan_id IS NOT DISTINCT FROM :plan AND arm = '{Arm.HOLDOUT}')
"""
_RESTORE = f"""
UPDATE actions a SET {", ".join(f"{name} = r.{name}" for name in KEPT)}, updated_at = :at
  FROM (SELECT r.* FROM plan_edits e JOIN actions x ON x.id = e.action_id AND x.campaign_id = :campaign
                                                   AND x.status IN {sql_list(*UNDECIDED)}
         CROSS JOIN LATERAL jsonb_populate_record(x, e.before) r WHERE e.batch = :batch) r
 WHERE a.id = r.id AND {ACTION.allows_sql("a.status", "r.status")} RETURNING a.id
"""


_GROUP = "batch, plan_id, kind, summary"
_TOGETHER = f"{_GROUP}, count(*) AS actions, min(actor_name) AS by, min(created_at) AS at, min(undone_at) AS undone_at"
EDITS_OF_CAMPAIGN = f"(SELECT {_TOGETHER} FROM plan_edits WHERE campaign_id = :campaign GROUP BY {_GROUP}) t"
"""What was changed together, and is undone together, as one row."""
_EDIT = f"SELECT {_TOGETHER} FROM plan_edits WHERE batch = :batch GROUP BY {_GROUP}"


@dataclass(frozen=True)
class EditFields:
    """A change by hand, as it is told."""

    kind: EditKind
    summary: str
    actions: int
    by: str
    at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class EditRow(EditFields):
    """A change by hand: what, to how many actions, by whom; `undone_at` once it was taken back."""

    batch: UUID
    plan_id: UUID | None


async def skip_action(session: AsyncSession, actor: Actor, action_id: UUID, *, note: str = "") -> None:
    """Take an action out of the plan; planning again leaves it out.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: the campaign is approved already, the customer is held out, or the action is not one that waits.
    """
    held = await hold(session, actor, action_id)
    await _refuse_held_out(session, held)
    ACTION.check(held.status, ActionStatus.SKIPPED)
    detail = _by(actor, note)
    summary = f"Took {held.row['offer']} by {held.row['channel']} on {held.row['scheduled_date']} out"
    await record_edit(session, actor, held.brief, [action_id], kind=EditKind.SKIP, summary=summary)
    await _skip(session, [action_id], detail)
    await audit(session, actor, "action.skipped", "action", action_id, note=redact(note, 200))


async def _skip(session: AsyncSession, ids: list[UUID], detail: str) -> None:
    await session.execute(text(_SKIP), {"ids": ids, "reason": Reason.BY_HAND.value, "detail": detail, "at": now()})


def _by(actor: Actor, note: str) -> str:
    cleaned = clean_text(note, "note", 200, required=False)
    return f"By {actor.name}" + (f": {cleaned}" if cleaned else "")


async def skip_actions(
    session: AsyncSession,
    actor: Actor,
    campaign_id: UUID,
    *,
    segment: str = "",
    day: date | None = None,
    channel: str = "",
    note: str = "",
) -> int:
    """Take every planned action of a segment, day or channel (or their overlap) out of the plan; returns how many.

    Raises:
        Forbidden, NotFound: as usual.
        Invalid: neither segment, day nor channel is given, or the channel is unknown.
        Conflict: the campaign is approved already, or there is nothing to take out.
    """
    brief = await hold_campaign(session, actor, campaign_id, permission=Permission.PLANS_WRITE)
    if channel and channel not in CHANNELS:
        raise Invalid(f"channel must be one of {', '.join(CHANNELS)}", field="channel")
    if not (segment or day or channel):
        raise Invalid("Say which: a segment, a day or a channel.", field="segment")
    found = await session.execute(
        text(
            f"SELECT id FROM actions WHERE campaign_id = :campaign AND status = '{ActionStatus.PENDING}'"
            " AND (:segment = '' OR segment_slug = :segment) AND (:channel = '' OR channel = :channel)"
            " AND (CAST(:day AS date) IS NULL OR scheduled_date = :day) ORDER BY id FOR UPDATE"
        ),
        {"campaign": campaign_id, "segment": segment, "channel": channel, "day": day},
    )
    ids = list(found.scalars())
    if not ids:
        raise Conflict("Nothing of the plan is left there to take out.")
    where = ", ".join(str(part) for part in (segment, channel, day) if part)
    await record_edit(
        session, actor, brief, ids, kind=EditKind.SKIP, summary=f"Took {figure(len(ids))} actions out: {where}"
    )
    await _skip(session, ids, _by(actor, note))
    await audit(session, actor, "actions.skipped", "campaign", campaign_id, count=len(ids), where=where)
    return len(ids)


async def move_action(session: AsyncSession, actor: Actor, action_id: UUID, day: date) -> None:
    """Put an action on a day of the plan: moves a planned one, or takes a skipped or proposed one into the plan.

    Raises:
        Forbidden, NotFound: as usual.
        Invalid: the day is none of the plan's.
        Conflict: the campaign is approved already; the customer is held out; the day's capacity is used, the
            customer has another message then, or a cap would break.
    """
    held = await hold(session, actor, action_id)
    brief, row = held.brief, held.row
    await _refuse_held_out(session, held)
    if held.status is not ActionStatus.PENDING:
        ACTION.check(held.status, ActionStatus.PENDING)
    if day not in brief.days:
        raise Invalid(f"day must lie between {brief.days[0]} and {brief.days[-1]}", field="day")
    capacity = brief.limits.capacity(day, row["channel"])
    if await planned_on(session, brief, day, row["channel"], action_id) >= capacity:
        raise Conflict(
            f"{day}: all {figure(capacity)} messages by {row['channel']} are used. Move or skip another first."
        )
    await refuse_pressure(session, held, day)
    summary = f"Moved {row['offer']} by {row['channel']} from {row['scheduled_date']} to {day}"
    await record_edit(session, actor, brief, [action_id], kind=EditKind.MOVE, summary=summary)
    await session.execute(
        text(_MOVE),
        {
            "id": action_id,
            "day": day,
            "plan": brief.plan_id,
            "at": now(),
            "mark": json.dumps({"edited_by": actor.name, "pinned": True}),
        },
    )
    await audit_change(
        session, actor, "action.moved", "action", action_id, before={"day": row["scheduled_date"]}, after={"day": day}
    )


async def _refuse_held_out(session: AsyncSession, held: Held) -> None:
    """Who is held out was drawn: neither taken out nor written to by hand, the others would have nobody to stand
    against."""
    found = await session.execute(
        text(_HELD_OUT), {"campaign": held.brief.id, "customer": held.row["customer_id"], "plan": held.brief.plan_id}
    )
    if found.scalar_one():
        raise Conflict("This customer is held out, drawn at random, to measure what the campaign changes.")


async def undo_edit(session: AsyncSession, actor: Actor, campaign_id: UUID) -> EditRow:
    """Take back the last change by hand to the campaign's current plan, limits permitting; again for the one before.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: there is nothing to take back, its actions are gone, or a limit would break meanwhile.
    """
    brief = await hold_campaign(session, actor, campaign_id, permission=Permission.PLANS_WRITE)
    found = await session.execute(
        text(
            "SELECT batch, count(*) AS n FROM plan_edits WHERE campaign_id = :campaign AND undone_at IS NULL"
            " AND plan_id IS NOT DISTINCT FROM :plan GROUP BY batch ORDER BY batch DESC LIMIT 1"
        ),
        {"campaign": campaign_id, "plan": brief.plan_id},
    )
    last = found.first()
    if last is None:
        raise Conflict("Nothing was changed by hand in this plan.")
    restored = await session.execute(text(_RESTORE), {"campaign": campaign_id, "batch": last.batch, "at": now()})
    ids = list(restored.scalars())
    if len(ids) != last.n:
        raise Conflict("Some of these actions have changed since or are gone; it cannot be taken back any more.")
    await refuse_overfull(session, brief, ids)
    await session.execute(
        text("UPDATE plan_edits SET undone_at = :at WHERE batch = :batch"), {"at": now(), "batch": last.batch}
    )
    announce_edit(session, campaign_id)
    await audit(session, actor, "plan.edit_undone", "campaign", campaign_id, batch=last.batch, actions=len(ids))
    found = await session.execute(text(_EDIT), {"batch": last.batch})
    row = found.mappings().one()
    return EditRow(**{**row, "kind": EditKind(row["kind"])})
