"""Reading what a campaign's arms did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions import models as actions
from liquor_app.campaigns.brief import RESPONSE_DAYS
from liquor_app.core.clock import now
from liquor_app.experiments.statistics import Arm, Lift, SplitCheck, check_split, lift
from liquor_app.organization.settings import GeneralSettings, load_settings

_EXPERIMENT = """
SELECT e.id, e.created_at, k.started_at, CAST(k.end_date + 8 AS timestamp) AT TIME ZONE :zone AS until
  FROM experiments e JOIN campaigns k ON k.id = e.campaign_id
 WHERE e.campaign_id = :id AND e.kind = 'holdout' AND k.started_at IS NOT NULL
"""

DECIDED_AT = """
(CAST(a.scheduled_date AS timestamp)
 + CAST(COALESCE(a.send_window ->> 'best', a.send_window ->> 'start', '00:00') AS time)) AT TIME ZONE :zone"""
"""SQL: when an action was to go out, of whoever was held out as of everybody else. Binds `:zone`."""

_ARMS = f"""
WITH drawn AS (
    SELECT s.customer_id, s.arm_id, d.at AS decided,
           COALESCE(d.at, :since) AS since, COALESCE(d.at + :window * interval '1 day', :until) AS until
      FROM experiment_assignments s LEFT JOIN LATERAL (
           SELECT min({DECIDED_AT}) AS at FROM actions a WHERE a.campaign_id = :campaign
              AND a.customer_id = s.customer_id AND a.arm IS NOT NULL) d ON true
     WHERE s.experiment_id = :id
), spent AS (
    SELECT w.customer_id, sum(p.total) AS spent, bool_or(p.total > 0) AS bought
      FROM drawn w JOIN purchases p ON p.customer_id = w.customer_id
       AND p.occurred_at >= w.since AND p.occurred_at < w.until
     WHERE w.since <= :at GROUP BY 1
)
SELECT m.name, m.is_control, m.share, count(w.customer_id) AS drawn,
       count(w.customer_id) FILTER (WHERE w.since <= :at) AS people, count(*) FILTER (WHERE b.bought) AS buyers,
       COALESCE(sum(b.spent), 0) AS spent, COALESCE(sum(b.spent * b.spent), 0) AS squares
  FROM experiment_arms m LEFT JOIN drawn w ON w.arm_id = m.id LEFT JOIN spent b ON b.customer_id = w.customer_id
 WHERE m.experiment_id = :id GROUP BY m.id ORDER BY m.is_control
"""


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What a campaign's arms show so far. `bought` compares rates, `revenue` money per person.

    Each person's outcome is what they buy in the week from their own decision on; who has not had theirs is not
    counted yet.
    """

    experiment_id: UUID
    drawn_at: datetime
    split: SplitCheck
    bought: Lift
    revenue: Lift
    agent_bought: Lift | None
    """The agent's choice against an eligible action at random, where the campaign has such an arm."""
    agent_revenue: Lift | None


async def holdout_result(session: AsyncSession, actor: Actor, campaign_id: UUID) -> ResultRow | None:
    """Return what both groups bought, by intention: whoever was drawn counts, sent or not.

    None if the campaign holds nobody out or has not started.
    """
    require(actor, Role.USER)
    zone = (await load_settings(session, GeneralSettings)).timezone
    found = await session.execute(text(_EXPERIMENT), {"id": campaign_id, "zone": zone})
    experiment = found.mappings().first()
    if experiment is None:
        return None
    counted = await session.execute(
        text(_ARMS),
        {
            "id": experiment["id"],
            "campaign": campaign_id,
            "since": experiment["started_at"],
            "until": experiment["until"],
            "window": RESPONSE_DAYS,
            "zone": zone,
            "at": now(),
        },
    )
    arms = counted.all()
    written, control = ([row for row in arms if row.is_control is held] for held in (False, True))
    if not control:
        return None
    drawn = [sum(row.drawn for row in group) for group in (written, control)]
    random = [row for row in arms if row.name == actions.Arm.RANDOM]
    agent = [row for row in arms if row.name == actions.Arm.AGENT]
    return ResultRow(
        experiment_id=experiment["id"],
        drawn_at=experiment["created_at"],
        split=check_split(drawn, [sum(row.share for row in group) for group in (written, control)]),
        bought=lift(_rate(written), _rate(control)),
        revenue=lift(_money(written), _money(control)),
        agent_bought=lift(_rate(agent), _rate(random)) if random else None,
        agent_revenue=lift(_money(agent), _money(random)) if random else None,
    )


def _rate(rows: Sequence[Any]) -> Arm:
    return Arm.of_rate(sum(row.people for row in rows), sum(row.buyers for row in rows))


def _money(rows: Sequence[Any]) -> Arm:
    return Arm(sum(row.people for row in rows), *(sum(float(row[at]) for row in rows) for at in (6, 7)))
