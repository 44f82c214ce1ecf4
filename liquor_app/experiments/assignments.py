"""Who was drawn into which arm of a campaign, written down from what stands in its actions. Corridors of `planning`."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permissions import Actor
from liquor_app.actions.models import Arm
from liquor_app.core.clock import now
from liquor_app.experiments.arms import Shares
from liquor_app.experiments.models import ExperimentKind

NAME = "Holdout"

_FORGET = f"DELETE FROM experiments WHERE campaign_id = :campaign AND kind = '{ExperimentKind.HOLDOUT}'"
_OPEN = """
INSERT INTO experiments (campaign_id, name, kind, seed, created_at) VALUES (:campaign, :name, :kind, :seed, :at)
ON CONFLICT (campaign_id, name) DO NOTHING
"""
_FIND = "SELECT id FROM experiments WHERE campaign_id = :campaign AND name = :name"
_ARM = """
INSERT INTO experiment_arms (experiment_id, name, share, is_control) VALUES (:id, :name, :share, :control)
ON CONFLICT (experiment_id, name) DO NOTHING
"""
_ASSIGN = """
INSERT INTO experiment_assignments (experiment_id, customer_id, arm_id, assigned_at)
SELECT DISTINCT ON (a.customer_id) :id, a.customer_id, m.id, :at FROM actions a
  JOIN experiment_arms m ON m.experiment_id = :id AND m.name = a.arm
 WHERE a.campaign_id = :campaign AND a.arm IS NOT NULL
ON CONFLICT DO NOTHING
"""
_COUNT = """
SELECT m.name, count(x.customer_id) AS people FROM experiment_arms m
  LEFT JOIN experiment_assignments x ON x.arm_id = m.id WHERE m.experiment_id = :id GROUP BY 1
"""
_SHARES = """
SELECT m.name, m.share FROM experiment_arms m JOIN experiments e ON e.id = m.experiment_id
 WHERE e.campaign_id = :campaign AND e.name = :name
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """People by arm, of a campaign."""

    agent: int = 0
    random: int = 0
    usual: int = 0
    fixed: int = 0
    holdout: int = 0

    @property
    def contacted(self) -> int:
        return self.agent + self.random + self.usual + self.fixed


async def standing_shares(session: AsyncSession, campaign_id: UUID) -> Shares | None:
    """Return the shares a running campaign was drawn with: who joins it later is drawn alike. None if none was."""
    found = await session.execute(text(_SHARES), {"campaign": campaign_id, "name": NAME})
    shares = {row.name: row.share for row in found}
    if not shares:
        return None
    return Shares(*(shares.get(arm, 0.0) for arm in (Arm.HOLDOUT, Arm.RANDOM, Arm.USUAL)))


async def record_arms(
    session: AsyncSession, actor: Actor, campaign_id: UUID, *, seed: str, shares: Shares, is_open: bool
) -> Drawn:
    """Write down the arms of everybody in one. While the campaign is not approved they follow the plan; afterwards
    people are only added. A corridor."""
    if is_open:
        await session.execute(text(_FORGET), {"campaign": campaign_id})
    if shares.holdout == 0 and not shares.draws:
        return Drawn()
    opened = {"campaign": campaign_id, "name": NAME}
    at = now()
    await session.execute(text(_OPEN), {**opened, "kind": ExperimentKind.HOLDOUT.value, "seed": seed, "at": at})
    experiment = UUID(str((await session.execute(text(_FIND), opened)).scalar_one()))
    parts = {
        Arm.AGENT: shares.agent, Arm.RANDOM: shares.random, Arm.USUAL: shares.usual, Arm.HOLDOUT: shares.holdout,
    }  # fmt: skip
    if shares.draws:  # of those it takes the place of every other arm but the holdout
        parts[Arm.FIXED] = 0.0
    await session.execute(
        text(_ARM),
        [
            {"id": experiment, "name": arm.value, "share": share, "control": arm is Arm.HOLDOUT}
            for arm, share in parts.items()
            if share > 0 or arm is Arm.FIXED
        ],
    )
    await session.execute(text(_ASSIGN), {"id": experiment, "campaign": campaign_id, "at": at})
    counted = await session.execute(text(_COUNT), {"id": experiment})
    drawn = Drawn(**{row.name: row.people for row in counted})
    await audit(
        session, actor, "holdout.drawn", "campaign", campaign_id,
        seed=seed, share=shares.holdout, random_share=shares.random, usual_share=shares.usual, held_out=drawn.holdout,
        random=drawn.random, usual=drawn.usual,
    )  # fmt: skip
    return drawn
