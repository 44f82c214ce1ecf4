"""Drawing holdouts and reading experiments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.models import ACTION, ActionStatus
from liquor_app.actions.plan_decisions import hold_out_actions
from liquor_app.campaigns.models import OPEN
from liquor_app.campaigns.service import lock_campaign
from liquor_app.core.clock import now
from liquor_app.core.holdout_draw import draw_sql, threshold
from liquor_app.experiments.models import ExperimentKind
from liquor_app.experiments.statistics import Arm, Lift, SplitCheck, check_split, lift
from liquor_app.organization.settings import GeneralSettings, load_settings
from liquor_app.ui.words import percent

_DRAWN = f"""
SELECT DISTINCT s.customer_id FROM experiment_assignments s
  JOIN actions a ON a.customer_id = s.customer_id AND a.campaign_id = :campaign
   AND a.status IN {ACTION.sources_sql(ActionStatus.HELD_OUT)}
 WHERE s.experiment_id = :experiment AND s.arm_id = :holdout
"""

NAME = "Holdout"
CONTACTED, HELD_OUT = "contacted", "holdout"


@dataclass(frozen=True, slots=True)
class HoldoutRow:
    """A campaign's draw: people who may be contacted, people held out."""

    experiment_id: UUID | None
    seed: str
    share: float
    contacted: int
    held_out: int


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What a campaign's holdout shows so far. `bought` compares rates, `revenue` money per person."""

    experiment_id: UUID
    drawn_at: datetime
    split: SplitCheck
    bought: Lift
    revenue: Lift


async def draw_holdout(session: AsyncSession, actor: Actor, campaign_id: UUID) -> HoldoutRow:
    """Draw the campaign's control group among everybody with a proposed action, before anything is planned.

    Drawing again takes the same people (the seed decides). Their actions become `held_out`. While the campaign is
    not approved, the draw follows the audience; afterwards people are only added.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such campaign.
    """
    require(actor, Role.MANAGER)
    campaign = await lock_campaign(session, campaign_id)
    return await draw_within(
        session, actor, campaign_id, campaign.holdout_pct, campaign.seed, is_open=campaign.status in OPEN
    )


async def draw_within(
    session: AsyncSession, actor: Actor, campaign_id: UUID, holdout_pct: Decimal, own_seed: str, *, is_open: bool
) -> HoldoutRow:
    """Return the same for a campaign that is held. A corridor."""
    share = float(holdout_pct / 100)
    # the campaign's own id is part of the seed, so that two campaigns never hold out the same people
    seed = f"{campaign_id}:{own_seed}"
    if is_open:
        await session.execute(
            text("DELETE FROM experiments WHERE campaign_id = :id AND kind = 'holdout'"), {"id": campaign_id}
        )
    if share == 0:
        return HoldoutRow(None, seed, 0.0, await _reachable(session, campaign_id), 0)
    experiment_id, arms = await _ensure_experiment(session, campaign_id, seed, share)
    await session.execute(
        text(
            "INSERT INTO experiment_assignments (experiment_id, customer_id, arm_id, assigned_at)"
            f" SELECT :experiment, a.customer_id, CASE WHEN {draw_sql('a.customer_id')}"
            "   THEN CAST(:holdout AS uuid) ELSE CAST(:contacted AS uuid) END, :at"
            " FROM (SELECT DISTINCT customer_id FROM actions WHERE campaign_id = :campaign"
            "   AND status = ANY(:statuses)) a"
            " ON CONFLICT DO NOTHING"
        ),
        {
            "experiment": experiment_id,
            "holdout": arms[HELD_OUT],
            "contacted": arms[CONTACTED],
            "campaign": campaign_id,
            "statuses": [ActionStatus.PROPOSED, ActionStatus.PENDING, ActionStatus.HELD_OUT],
            "seed": seed,
            "below": threshold(share),
            "at": now(),
        },
    )
    drawn = await session.execute(
        text(_DRAWN), {"experiment": experiment_id, "holdout": arms[HELD_OUT], "campaign": campaign_id}
    )
    detail = f"Drawn at random, {percent(share)} of the audience, to measure what the campaign changes."
    await hold_out_actions(session, campaign_id, list(drawn.scalars()), detail)
    counted = await session.execute(
        text(
            "SELECT count(*) FILTER (WHERE arm_id = :holdout) AS held_out,"
            " count(*) FILTER (WHERE arm_id <> :holdout) AS contacted"
            " FROM experiment_assignments WHERE experiment_id = :experiment"
        ),
        {"experiment": experiment_id, "holdout": arms[HELD_OUT]},
    )
    counts = counted.one()
    await audit(
        session, actor, "holdout.drawn", "campaign", campaign_id, seed=seed, share=share, held_out=counts.held_out
    )
    return HoldoutRow(experiment_id, seed, share, counts.contacted, counts.held_out)


async def _reachable(session: AsyncSession, campaign_id: UUID) -> int:
    found = await session.execute(
        text("SELECT count(DISTINCT customer_id) FROM actions WHERE campaign_id = :id"), {"id": campaign_id}
    )
    return int(found.scalar_one())


async def _ensure_experiment(
    session: AsyncSession, campaign_id: UUID, seed: str, share: float
) -> tuple[UUID, dict[str, UUID]]:
    await session.execute(
        text(
            "INSERT INTO experiments (campaign_id, name, kind, seed, created_at) VALUES (:campaign, :name, :kind,"
            " :seed, :at) ON CONFLICT (campaign_id, name) DO NOTHING"
        ),
        {"campaign": campaign_id, "name": NAME, "kind": ExperimentKind.HOLDOUT.value, "seed": seed, "at": now()},
    )
    found = await session.execute(
        text("SELECT id FROM experiments WHERE campaign_id = :campaign AND name = :name"),
        {"campaign": campaign_id, "name": NAME},
    )
    experiment_id = UUID(str(found.scalar_one()))
    await session.execute(
        text(
            "INSERT INTO experiment_arms (experiment_id, name, share, is_control)"
            " VALUES (:id, :contacted, :rest, false), (:id, :held_out, :share, true)"
            " ON CONFLICT (experiment_id, name) DO NOTHING"
        ),
        {"id": experiment_id, "contacted": CONTACTED, "rest": 1 - share, "held_out": HELD_OUT, "share": share},
    )
    arms = await session.execute(
        text("SELECT name, id FROM experiment_arms WHERE experiment_id = :id"), {"id": experiment_id}
    )
    return experiment_id, {row.name: row.id for row in arms}


async def holdout_result(session: AsyncSession, actor: Actor, campaign_id: UUID) -> ResultRow | None:
    """Return purchases of both groups since the campaign started, by intention: whoever was drawn counts, sent or not.

    None if the campaign holds nobody out or has not started.
    """
    require(actor, Role.USER)
    found = await session.execute(
        text(
            "SELECT e.id, e.created_at, k.started_at, CAST(k.end_date + 8 AS timestamp) AT TIME ZONE :zone AS until"
            " FROM experiments e JOIN campaigns k ON k.id = e.campaign_id"
            " WHERE e.campaign_id = :id AND e.kind = 'holdout' AND k.started_at IS NOT NULL"
        ),
        {"id": campaign_id, "zone": (await load_settings(session, GeneralSettings)).timezone},
    )
    experiment = found.mappings().first()
    if experiment is None:
        return None
    arms = await session.execute(
        text(
            "SELECT m.is_control, m.share, count(s.customer_id) AS people, count(*) FILTER (WHERE b.bought) AS buyers,"
            " COALESCE(sum(b.spent), 0) AS spent, COALESCE(sum(b.spent * b.spent), 0) AS squares"
            " FROM experiment_arms m LEFT JOIN experiment_assignments s ON s.arm_id = m.id"
            " LEFT JOIN (SELECT customer_id, sum(total) AS spent, bool_or(total > 0) AS bought FROM purchases"
            "   WHERE occurred_at >= :since AND occurred_at < :until"
            "   AND customer_id IN (SELECT customer_id FROM experiment_assignments WHERE experiment_id = :id)"
            "   GROUP BY customer_id) b ON b.customer_id = s.customer_id"
            " WHERE m.experiment_id = :id GROUP BY m.id ORDER BY m.is_control"
        ),
        {"id": experiment["id"], "since": experiment["started_at"], "until": experiment["until"]},
    )
    contacted, control = arms.all()
    return ResultRow(
        experiment_id=experiment["id"],
        drawn_at=experiment["created_at"],
        split=check_split([contacted.people, control.people], [contacted.share, control.share]),
        bought=lift(Arm.of_rate(contacted.people, contacted.buyers), Arm.of_rate(control.people, control.buyers)),
        revenue=lift(
            Arm(contacted.people, float(contacted.spent), float(contacted.squares)),
            Arm(control.people, float(control.spent), float(control.squares)),
        ),
    )
