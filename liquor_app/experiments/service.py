"""Reading what a campaign's arms did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions import models as actions
from liquor_app.experiments.contrasts import Outcome, Sums
from liquor_app.experiments.effects import CampaignDraw, EffectRow, arm_sums, campaign_effect, read_draws, split_of
from liquor_app.experiments.enough import LEAST_COMPARED, is_enough
from liquor_app.experiments.outcomes import read_outcomes
from liquor_app.experiments.statistics import Arm, Lift, SplitCheck, lift


@dataclass(frozen=True, slots=True)
class Beside:
    """One arm beside another, each outcome."""

    bought: Lift
    revenue: Lift
    profit: Lift

    @classmethod
    def of(cls, one: Sums, other: Sums) -> Beside:
        return cls(*(_lift(outcome, one, other) for outcome in (Outcome.BOUGHT, Outcome.REVENUE, Outcome.PROFIT)))


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What a campaign's arms show so far. `bought` compares rates, `revenue` and `profit` money per person.

    Each person's outcome is what they buy in the week from their own decision on; who has not had theirs is not
    counted yet. `effect` has the same of everybody written to, beside the one final read. `note` says in a sentence
    what cannot be told of it, and why; "" where all can.
    """

    drawn_at: datetime
    split: SplitCheck
    bought: Lift
    revenue: Lift
    profit: Lift
    chance: Beside | None
    """The agent's choice against an eligible action at random, where the campaign has such an arm."""
    usual: Beside | None
    """The agent's choice against business as usual, likewise."""
    effect: EffectRow
    is_held: bool
    """Whether anybody is held out, so that what mailing changes can be measured."""
    note: str


NO_HOLDOUT = (
    "Nobody is held out of this campaign, so what writing itself changes is not measured: only what choosing changes"
    " beside {what}."
)
NOTHING_BESIDE = "Nobody is held out of this campaign, so what writing itself changes is not measured."
TOO_FEW_HELD = (
    f"Fewer than {LEAST_COMPARED} people are held out whose decision has come: too few to say what writing changed."
)
TOO_FEW_WRITTEN = (
    f"Fewer than {LEAST_COMPARED} people whose decision has come were to be written to: too few to say what it changed."
)
NOBODY_REACHED = "No message of this campaign has reached anybody yet, so nothing is measured."
NOBODY_BOUGHT = (
    "Nobody of either group has bought in their week yet: what it changed cannot be told, in buyers or in money. What"
    " sending cost is not what it changed."
)


async def holdout_result(session: AsyncSession, actor: Actor, campaign_id: UUID) -> ResultRow | None:
    """Return what both groups bought, by intention: whoever was drawn counts, sent or not.

    None if the campaign leaves nothing to chance, has not started, or was only played.
    """
    require(actor, Permission.ANALYTICS_READ)
    draw: CampaignDraw | None = (await read_draws(session, [campaign_id])).get(campaign_id)
    rows = await read_outcomes(session, [campaign_id])
    if draw is None or draw.is_played or not draw.is_begun:
        return None
    written, control = arm_sums(rows, set(draw.shares) - draw.control), arm_sums(rows, draw.control)

    def beside(arm: actions.Arm) -> Beside | None:
        if arm not in draw.beside:
            return None
        return Beside.of(arm_sums(rows, [actions.Arm.AGENT]), arm_sums(rows, [arm]))

    return ResultRow(
        drawn_at=draw.drawn_at,
        split=split_of(rows, draw),
        bought=_lift(Outcome.BOUGHT, written, control),
        revenue=_lift(Outcome.REVENUE, written, control),
        profit=_lift(Outcome.PROFIT, written, control),
        chance=beside(actions.Arm.RANDOM),
        usual=beside(actions.Arm.USUAL),
        effect=campaign_effect(campaign_id, rows, draw),
        is_held=bool(draw.control),
        note=_note(draw, written, control),
    )


def _note(draw: CampaignDraw, written: Sums, control: Sums) -> str:
    """Tell what of a campaign cannot be told, and why."""
    if written.drawn + control.drawn == 0:
        return NOBODY_REACHED
    others = {actions.Arm.RANDOM: "chance", actions.Arm.USUAL: "business as usual"}
    told = []
    if not draw.control:
        what = " and ".join(others[one] for one in others if one in draw.beside)
        told.append(NO_HOLDOUT.format(what=what) if what else NOTHING_BESIDE)
    elif written.people and not is_enough(written.people, control.people):
        told.append(TOO_FEW_HELD if control.people < LEAST_COMPARED else TOO_FEW_WRITTEN)
    elif written.people and control.people and written.bought + control.bought == 0:
        told.append(NOBODY_BOUGHT)
    if not draw.control and written.people and written.bought == 0:
        told.append(NOBODY_BOUGHT)
    return " ".join(told)


def _lift(outcome: Outcome, one: Sums, other: Sums) -> Lift:
    """Compare two arms; without an interval while nobody of either bought: what sending costs varies hardly at all, and
    an interval about it would be sure of a loss."""
    found = lift(*(Arm(group.people, *group.of(outcome)[:2]) for group in (one, other)))
    return found if one.bought + other.bought else replace(found, low=None, high=None)
