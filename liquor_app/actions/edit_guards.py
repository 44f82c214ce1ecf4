"""Holding an action for a change by hand: locked, allowed, its limits at hand, and what it was kept for undoing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.audience import CHUNK, contacts
from liquor_app.actions.frequency_caps import BACK, open_days
from liquor_app.actions.models import TAKEN, ActionStatus, EditKind
from liquor_app.campaigns.brief import CampaignBrief, lock_brief
from liquor_app.campaigns.models import LIVE
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.pubsub import publish
from liquor_app.core.states import sql_list
from liquor_app.ui.words import figure

KEPT = (
    "status", "scheduled_date", "skip_reason", "skip_detail", "offer", "offer_terms", "message", "reason",
    "priority_score", "response_points", "margin_points", "expected_response", "expected_profit",
)  # fmt: skip
"""What a change by hand may touch, and undoing puts back."""


@dataclass(frozen=True, slots=True)
class Held:
    """An action and its campaign, both locked."""

    brief: CampaignBrief
    row: Any

    @property
    def status(self) -> ActionStatus:
        return ActionStatus(self.row["status"])


async def hold_campaign(
    session: AsyncSession, actor: Actor, campaign_id: UUID, *, permission: Permission = Permission.ACTIONS_WRITE
) -> CampaignBrief:
    """Return the campaign, locked, if its plan may be changed by hand: one action of it, or (`permission`) the whole.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: it is approved already, or over.
    """
    require(actor, permission)
    brief = await lock_brief(session, campaign_id)
    if not brief.is_open:
        raise Conflict(f"The campaign is {brief.status}. Send it back to review before changing its plan.")
    return brief


async def hold(session: AsyncSession, actor: Actor, action_id: UUID) -> Held:
    """Return one action, locked with its campaign; raises as `hold_campaign`."""
    require(actor, Permission.ACTIONS_WRITE)
    owner = await session.execute(text("SELECT campaign_id FROM actions WHERE id = :id"), {"id": action_id})
    campaign_id = owner.scalar()
    if campaign_id is None:
        raise NotFound("There is no such action, or it belongs to no campaign.")
    brief = await hold_campaign(session, actor, campaign_id)
    found = await session.execute(text("SELECT * FROM actions WHERE id = :id FOR UPDATE"), {"id": action_id})
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such action.")
    return Held(brief, row)


async def record_edit(
    session: AsyncSession, actor: Actor, brief: CampaignBrief, ids: Sequence[UUID], *, kind: EditKind, summary: str
) -> None:
    """Keep what the actions are now, before they are changed; they share a batch. A corridor."""
    kept = ", ".join(f"'{name}', {name}" for name in KEPT)
    await session.execute(
        text(
            "INSERT INTO plan_edits (campaign_id, plan_id, batch, action_id, kind, summary, before, actor_id,"
            " actor_name, created_at) SELECT :campaign, :plan, :batch, id, :kind, :summary,"
            f" jsonb_build_object({kept}), :actor, :name, :at FROM actions WHERE id = ANY(:ids)"
        ),
        {
            "campaign": brief.id,
            "plan": brief.plan_id,
            "batch": uuid7(),
            "kind": kind.value,
            "summary": summary[:400],
            "actor": actor.id,
            "name": actor.name,
            "at": now(),
            "ids": list(ids),
        },
    )
    announce_edit(session, brief.id)


def announce_edit(session: AsyncSession, campaign_id: UUID) -> None:
    """Tell whoever looks at a plan that it was changed by hand. A corridor."""
    publish(session, f"campaign:{campaign_id}", {"plan": True})


async def planned_on(
    session: AsyncSession, brief: CampaignBrief, day: date, channel: str, besides: UUID | None = None
) -> int:
    """Return messages of a channel due on a day: this campaign's and every other approved one's."""
    found = await session.execute(
        text(
            "SELECT count(*) FROM actions a JOIN campaigns k ON k.id = a.campaign_id"
            " WHERE a.scheduled_date = :day AND a.channel = :channel AND a.id IS DISTINCT FROM :besides"
            f" AND a.status IN {sql_list(*TAKEN)}"
            f" AND (k.id = :campaign OR k.status IN {sql_list(*LIVE)})"
        ),
        {"day": day, "channel": channel, "besides": besides, "campaign": brief.id},
    )
    return int(found.scalar_one())


async def refuse_pressure(session: AsyncSession, held: Held, day: date) -> None:
    """Raises:
    Conflict: one more message on `day` would break a contact cap of the customer.
    """
    brief, row, limits = held.brief, held.row, held.brief.limits
    others = await session.execute(
        text(
            "SELECT scheduled_date FROM actions WHERE campaign_id = :campaign AND customer_id = :customer"
            f" AND id <> :id AND status = '{ActionStatus.PENDING}'"
        ),
        {"campaign": brief.id, "customer": row["customer_id"], "id": row["id"]},
    )
    taken = [other for other in others.scalars() if other >= brief.days[0]]
    if len(taken) >= limits.max_per_customer:
        raise Conflict(
            f"This campaign may send each customer {limits.max_per_customer}; another action is planned for {taken[0]}."
        )
    counts = await contacts(session, [row["customer_id"]], brief)
    for other in taken:
        counts[0, BACK + (other - brief.days[0]).days] += 1
    span = (brief.days[-1] - brief.days[0]).days + 1
    allowed = open_days(counts, span, limits.max_contacts_7_days, limits.max_contacts_30_days)
    if not allowed[0, (day - brief.days[0]).days]:
        raise Conflict(
            f"{day} would break a contact cap for this customer ({limits.max_contacts_7_days} in 7 days,"
            f" {limits.max_contacts_30_days} in 30), or another message is due that day."
        )


async def refuse_over_budget(session: AsyncSession, held: Held, discount: float) -> None:
    """Raises:
    Conflict: with this expected discount the plan would exceed its budget.
    """
    spent = await planned_discount(session, held.brief, held.row["id"])
    budget = held.brief.limits.discount_budget
    if held.status is ActionStatus.PENDING and spent + discount > float(budget):
        raise Conflict(f"The plan's discount budget of {budget} would be exceeded. Lower another discount first.")


async def planned_discount(session: AsyncSession, brief: CampaignBrief, besides: UUID | None = None) -> float:
    """Return expected discount of the campaign's planned actions, in money."""
    spent = await session.execute(
        text(
            "SELECT COALESCE(sum(expected_response * CAST(offer_terms ->> 'basket' AS numeric)"
            " * CAST(offer_terms ->> 'discount_pct' AS numeric) / 100), 0) FROM actions"
            f" WHERE campaign_id = :campaign AND status = '{ActionStatus.PENDING}' AND id IS DISTINCT FROM :besides"
        ),
        {"campaign": brief.id, "besides": besides},
    )
    return float(spent.scalar_one())


async def refuse_overfull(session: AsyncSession, brief: CampaignBrief, ids: Sequence[UUID]) -> None:
    """Check planned actions against every limit as if each had just been put where it stands.

    Raises:
        Conflict: a day's capacity, the discount budget, a contact cap or the messages a customer would break.
    """
    found = await session.execute(
        text(
            "SELECT customer_id, channel, scheduled_date FROM actions"
            f" WHERE id = ANY(:ids) AND status = '{ActionStatus.PENDING}' ORDER BY customer_id"
        ),
        {"ids": list(ids)},
    )
    rows = found.all()
    if not rows:
        return
    if strange := next((row for row in rows if row.scheduled_date not in brief.days), None):
        raise Conflict(f"{strange.scheduled_date} can no longer be planned.")
    await _refuse_full_days(session, brief)
    if await planned_discount(session, brief) > float(brief.limits.discount_budget) + 1e-6:
        raise Conflict(f"The plan's discount budget of {brief.limits.discount_budget} would be exceeded.")
    people = sorted({row.customer_id for row in rows})
    for start in range(0, len(people), CHUNK):
        await _refuse_pressed(session, brief, people[start : start + CHUNK])


async def _refuse_full_days(session: AsyncSession, brief: CampaignBrief) -> None:
    found = await session.execute(
        text(
            "SELECT a.scheduled_date AS day, a.channel, count(*) AS n FROM actions a"
            " JOIN campaigns k ON k.id = a.campaign_id WHERE a.scheduled_date = ANY(:days)"
            f" AND a.status IN {sql_list(*TAKEN)}"
            f" AND (k.id = :campaign OR k.status IN {sql_list(*LIVE)}) GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        {"days": list(brief.days), "campaign": brief.id},
    )
    for row in found:
        if row.n > (capacity := brief.limits.capacity(row.day, row.channel)):
            raise Conflict(
                f"{row.day}: {figure(row.n)} messages by {row.channel} would exceed the {figure(capacity)} it holds."
            )


async def _refuse_pressed(session: AsyncSession, brief: CampaignBrief, people: Sequence[UUID]) -> None:
    limits = brief.limits
    found = await session.execute(
        text(
            "SELECT customer_id, scheduled_date FROM actions"
            f" WHERE campaign_id = :campaign AND status = '{ActionStatus.PENDING}' AND customer_id = ANY(:people)"
        ),
        {"campaign": brief.id, "people": list(people)},
    )
    counts = await contacts(session, people, brief)
    span = (brief.days[-1] - brief.days[0]).days + 1
    index = {person: position for position, person in enumerate(people)}
    mine = np.zeros(len(people), dtype=np.int64)
    for row in found.all():
        at, day = index[row.customer_id], (row.scheduled_date - brief.days[0]).days
        if not 0 <= day < span:
            continue
        allowed = open_days(counts[at : at + 1], span, limits.max_contacts_7_days, limits.max_contacts_30_days)
        mine[at] += 1
        if not allowed[0, day] or mine[at] > limits.max_per_customer:
            raise Conflict(f"{row.scheduled_date} would break a contact cap of a customer.")
        counts[at, BACK + day] += 1
