"""Drawing the arms of a plan that was just chosen, whoever chose it: the agent's, at random, held out. Corridors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import Actor
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.models import ActionStatus, Arm
from liquor_app.actions.offering.playbook_offers import read_scale
from liquor_app.actions.plan_context import PlanContext
from liquor_app.actions.plan_decisions import (
    Decision,
    apply_decisions,
    copy_decisions,
    freeze_decisions,
    redraw_taken_out,
    stage_decisions,
    taken_out,
)
from liquor_app.campaigns.brief import CHANNELS, CampaignBrief
from liquor_app.campaigns.models import CampaignType
from liquor_app.experiments.arms import Shares, arm_of, chances, pick, within_budget, within_room
from liquor_app.experiments.assignments import Drawn, record_arms, standing_shares
from liquor_app.experiments.effects import fix_read
from liquor_app.planning.ai.apply_copy import Rewriting, rewrite
from liquor_app.planning.block_forecast import leave_out_blocked
from liquor_app.planning.drawing.ab_draw import AbDraw, Limits, draw_test
from liquor_app.planning.drawing.random_options import Chance, Kind, Option, read_chance
from liquor_app.planning.optimizer.problem import Room
from liquor_app.scoring.uplift_store import uplift_in_use
from liquor_app.ui.words import percent

_CHOSEN = f"""
SELECT a.id, a.customer_id, a.segment_slug, a.channel, a.scheduled_date, a.offer_terms ->> 'name' AS offer,
       COALESCE(jsonb_exists(a.offer_terms -> 'answers', a.offer_terms ->> 'name'), false)
         AND NOT a.offer_terms ? 'pinned' AS is_offered,
       a.expected_profit AS profit,
       a.expected_response * CAST(a.offer_terms ->> 'basket' AS double precision)
         * CAST(a.offer_terms ->> 'discount_pct' AS double precision) / 100 AS spent
  FROM actions a WHERE a.campaign_id = :campaign AND a.plan_id = :plan AND a.status = '{ActionStatus.PENDING}'
   AND a.arm IS NULL AND NOT a.offer_terms ? 'edited_by' ORDER BY a.customer_id, a.scheduled_date, a.id
"""


@dataclass(frozen=True, slots=True)
class Arms:
    """What came of the draw: people by arm, and what the random arm and business as usual are expected to cost beside
    the agent's choice."""

    people: Drawn
    random_cost: float
    usual_cost: float = 0.0
    bounded: int = 0
    """People with more options than leave each its chance: chance draws from some of them."""
    money_off: bool = True
    """Whether money off may be drawn; not where the budget is nearly spent."""
    tested: dict[str, Any] | None = None
    """What came of drawing the campaign's test of offers or channels (`AbDraw.told`)."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a plan may use: messages, shape (days, channels), and what may be given away, as they really are."""

    room: Room
    budget: float


@dataclass(frozen=True, slots=True)
class Choice:
    """How likely the planner was to choose each action of whom it chose, and nothing beside it, and how likely all that
    it did choose for them together; see `choice_shares`."""

    alone: Mapping[UUID, float]
    whole: Mapping[UUID, float]

    @classmethod
    def certain(cls, people: Iterable[Sequence[Any]]) -> Choice:
        """Return the choice of who goes by what is believed: just these messages of each."""
        chosen = list(people)
        return cls(
            {rows[0].id: 1.0 for rows in chosen if len(rows) == 1}, {row.id: 1.0 for rows in chosen for row in rows}
        )


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody the plan chose: their messages, in which arm."""

    id: UUID
    rows: Sequence[Any]
    arm: Arm

    def is_own(self, option: Option) -> bool:
        """Whether the planner chose just this."""
        return any(row.id == option.row.id and row.offer == option.offer.name for row in self.rows)


def before_draw(amount: float, holdout: float) -> float:
    """Return how much to choose, so that so much is left after some are held out."""
    return amount / (1.0 - holdout)


def roomier(room: Room, budget: float, holdout: float) -> tuple[Room, float]:
    """Return room and budget to choose within, so that what is left after the draw fills what there is."""
    grown: Room = np.floor(room * before_draw(1.0, holdout) + 1e-9).astype(np.int64)
    return grown, before_draw(budget, holdout)


async def shares_of(session: AsyncSession, brief: CampaignBrief) -> Shares:
    """Return the shares of a campaign's arms: what it asks for, or what a running one was drawn with."""
    holdout, random = float(brief.holdout_pct) / 100, float(brief.limits.explore_pct) / 100
    asked = Shares(holdout, random, max(min(float(brief.limits.usual_pct) / 100, 1.0 - holdout - random), 0.0))
    if brief.is_open:
        return asked
    if (standing := await standing_shares(session, brief.id)) is not None:
        return standing
    # nothing was drawn when it was approved; people of a triggered one come later
    return asked if _comes_singly(brief) else Shares(asked.holdout, 0.0)


def _comes_singly(brief: CampaignBrief) -> bool:
    """Whether people come a few at a time, so that how many is no reason to leave nothing to chance."""
    return brief.type is CampaignType.TRIGGERED


async def draw_arms(
    session: AsyncSession,
    actor: Actor,
    context: PlanContext,
    plan_id: UUID,
    *,
    left: Left,
    choice: Choice | None = None,
) -> Arms:
    """Split the people of a plan that was just chosen, write down with which chance each got what, and on what.

    Messages that a person pinned are nobody's draw. Afterwards the plan holds no more than room and budget allow. A
    corridor.

    Args:
        choice: how likely its actions were to be chosen; None: it was certain, by what is believed.
    """
    brief, room, budget = context.brief, left.room, left.budget
    seed = f"{brief.id}:{brief.seed}"
    found = await session.execute(text(_CHOSEN), {"campaign": brief.id, "plan": plan_id})
    by_person: dict[UUID, list[Any]] = defaultdict(list)
    for row in found:
        by_person[row.customer_id].append(row)
    asked = await shares_of(session, brief)
    shares = asked.of(len(by_person)) if brief.is_open and not _comes_singly(brief) else asked
    beliefs = await uplift_in_use(session)
    chance = await read_chance(
        session, context, plan_id, by_person, [one for one in by_person if arm_of(seed, one, shares) in OTHERWISE],
        seed=seed, shares=shares, room=room, budget=budget,
    )  # fmt: skip
    people = [
        _Person(person, rows, arm_of(seed, person, shares, options=chance.count(person)))
        for person, rows in by_person.items()
    ]
    if choice is None:
        choice, policy = Choice.certain(by_person.values()), "mean"
    else:
        policy = "draw"
    swapped = {
        one.id: chance.as_usual[one.id]
        if one.arm is Arm.USUAL
        else chance.options[one.id][pick(seed, one.id, len(chance.options[one.id]))]
        for one in people
        if one.arm in OTHERWISE
    }
    limits = _left_for_a_test(brief, people, swapped, room, budget)
    once = {one.id: one.rows[0] for one in people if _may_be_tested(one)}
    test = await draw_test(session, context, once, {one.id: one.rows[0].scheduled_date for one in people}, limits)
    drawing = _Drawing(brief, seed, shares, f"{policy}:{beliefs.version}", chance, choice, test)
    stays = _fitting(drawing, people, swapped, room, budget)
    swapped |= test.given
    await stage_decisions(session)
    await copy_decisions(session, drawing.decisions(people, swapped, stays))
    await apply_decisions(session, plan_id)
    explored = [one for one in people if one.id in swapped and one.id in stays]
    for arm, words in OTHERWISE.items():
        given = [swapped[one.id] for one in explored if one.arm is arm and not one.is_own(swapped[one.id])]
        await _give(session, brief, given, words)
    for key, words in test.words.items():
        given = [swapped[one.id] for one in explored if test.drawn.get(one.id) == key]
        await _give(session, brief, given, words)
    if explored:
        await leave_out_blocked(session, context, plan_id, only=[swapped[one.id].row.id for one in explored])
    await freeze_decisions(session, brief.id, plan_id, policy=drawing.policy, seed=seed)
    await _redraw(session, brief, seed, shares)
    drawn = await record_arms(session, actor, brief.id, seed=seed, shares=shares, is_open=brief.is_open)
    if not brief.is_open:  # the first of a running campaign: of a triggered one nobody was drawn when it was approved
        await fix_read(session, brief.id, brief.end_date, anew=False)
    costs = dict.fromkeys(OTHERWISE, 0.0)
    for one in explored:
        if one.arm not in OTHERWISE:
            continue
        costs[one.arm] += sum(float(row.profit) for row in one.rows) - swapped[one.id].profit
    tested = test.told(stays)
    return Arms(drawn, costs[Arm.RANDOM], costs[Arm.USUAL], chance.bounded, chance.money_off, tested)


def _may_be_tested(one: _Person) -> bool:
    return one.arm in (Arm.AGENT, Arm.FIXED) and len(one.rows) == 1


def _left_for_a_test(
    brief: CampaignBrief, people: Sequence[_Person], swapped: Mapping[UUID, Option], room: Room, budget: float
) -> Limits:
    """Return what is left beside what is drawn at random and beside all other messages of the plan."""
    first = brief.days[0]
    taken: dict[tuple[int, str], int] = defaultdict(int)
    spent = 0.0
    for one in people:
        if one.arm is Arm.HOLDOUT:
            continue
        if (drawn := swapped.get(one.id)) is not None:
            taken[(one.rows[0].scheduled_date - first).days, drawn.row.channel] += 1
            spent += drawn.spent
            continue
        for row in one.rows:
            taken[(row.scheduled_date - first).days, row.channel] += 1
            spent += 0.0 if _may_be_tested(one) else float(row.spent or 0)
    left = {
        (day, channel): int(room[day, place]) - taken[day, channel]
        for day in range(room.shape[0])
        for place, channel in enumerate(CHANNELS)
    }
    return Limits(first, budget - spent, left)


async def _redraw(session: AsyncSession, brief: CampaignBrief, seed: str, shares: Shares) -> None:
    """Draw anew, where the shares are others than before, whoever a person took out: else an arm would hold people that
    are in another by now."""
    before = await standing_shares(session, brief.id)
    if before is None or before == shares:
        return
    await redraw_taken_out(
        session,
        {
            action: arm_of(seed, person, shares, options=0 if arm is Arm.FIXED else 1)
            for action, person, arm in await taken_out(session, brief.id)
        },
    )


async def restore_arms(session: AsyncSession, actor: Actor, brief: CampaignBrief, summary: Mapping[str, Any]) -> Drawn:
    """Write down the arms of a plan that is in force again, with this summary. A corridor."""
    asked = await shares_of(session, brief)
    had = summary.get("arms") or {}
    shares = Shares(asked.holdout, asked.random if had.get("random") else 0.0, asked.usual if had.get("usual") else 0.0)
    seed = f"{brief.id}:{brief.seed}"
    return await record_arms(session, actor, brief.id, seed=seed, shares=shares, is_open=brief.is_open)


@dataclass(frozen=True, slots=True)
class _Drawing:
    brief: CampaignBrief
    seed: str
    shares: Shares
    policy: str
    chance: Chance
    choice: Choice
    test: AbDraw

    def decisions(
        self, people: Sequence[_Person], swapped: Mapping[UUID, Option], stays: set[UUID]
    ) -> Iterator[Decision]:
        """Yield what becomes of each chosen action, and of what was drawn in its stead."""
        held = f"Drawn at random, {percent(self.shares.holdout)} of whom the plan chose, to measure what it changes."
        for one in people:
            options, drawn = self.chance.count(one.id), swapped.get(one.id)
            among = self.chance.logged(one.id, len(one.rows), self.test.logged(one.id))
            for row in one.rows:
                if one.id not in stays:
                    yield Decision(row.id, ActionStatus.SKIPPED, None, Reason.GAVE_WAY.value, NO_SEAT)
                elif one.arm is Arm.HOLDOUT:
                    yield Decision(
                        row.id, ActionStatus.HELD_OUT, row.scheduled_date, Reason.HOLDOUT.value, held,
                        arm=Arm.HOLDOUT, propensity=self.shares.holdout, policy=self.policy, decision=among,
                    )  # fmt: skip
                elif drawn is None:
                    yield Decision(
                        row.id, ActionStatus.PENDING, row.scheduled_date, arm=one.arm, policy=self.policy,
                        propensity=self._chance(one, row, options), decision=among,
                    )  # fmt: skip
                elif row.id != drawn.row.id:
                    instead = _INSTEAD.get(one.arm, _TESTED_INSTEAD)
                    yield Decision(row.id, ActionStatus.SKIPPED, None, Reason.BETTER_ACTION.value, instead)
            if drawn is not None and one.id in stays:  # one message, whatever the planner chose
                yield Decision(
                    drawn.row.id, ActionStatus.PENDING, one.rows[0].scheduled_date, arm=one.arm, policy=self.policy,
                    propensity=chances(
                        self.shares, options, by_agent=self._by_agent(drawn),
                        is_option=self.chance.has(one.id, drawn.kind),
                        is_usual=self.chance.is_usual(one.id, drawn.kind),
                    ),
                    decision=among,
                )  # fmt: skip

    def _chance(self, one: _Person, row: Any, options: int) -> float:
        """Return the chance of just what somebody gets: several messages are one decision, and chance draws but one."""
        is_one, by_agent = len(one.rows) == 1, self.choice.whole.get(row.id, 0.0)
        if is_one:
            by_agent = self.test.chance(row.id, row.offer or "", own=by_agent, chosen=self.choice.alone)
        return chances(
            self.shares, options, by_agent=by_agent, is_option=is_one and self._is_option(row),
            is_usual=is_one and self.chance.is_usual(row.customer_id, _kind(row)),
        )  # fmt: skip

    def _is_option(self, row: Any) -> bool:
        return bool(row.is_offered) and self.chance.has(row.customer_id, _kind(row))

    def _by_agent(self, option: Option) -> float:
        own = option.row.offer_terms.get("name") == option.offer.name
        alone = self.choice.alone
        chosen = alone.get(option.row.id, 0.0) if own else 0.0
        return self.test.chance(option.row.id, option.offer.name, own=chosen, chosen=alone)


NO_SEAT = "More were chosen for the day than it has room for, because some are held out; who had to give way was drawn."
OTHERWISE = {
    Arm.RANDOM: "Drawn at random among all this customer could get, to judge the agent's choosing by.",
    Arm.USUAL: "Business as usual: what the shop would send without choosing, to judge the agent's choosing by.",
}
"""Arms whose people get something else than the agent's choice, and what is said of it."""
_INSTEAD = {
    Arm.RANDOM: "Another action was drawn at random for this customer, to judge the agent's choosing by.",
    Arm.USUAL: "This customer gets business as usual, to judge the agent's choosing by.",
}
_TESTED_INSTEAD = "The A/B test drew another channel for this customer."


def _kind(row: Any) -> Kind:
    return Kind(row.segment_slug, row.channel, row.offer or "")


def _fitting(
    drawing: _Drawing, people: Sequence[_Person], swapped: Mapping[UUID, Option], room: Room, budget: float
) -> set[UUID]:
    """Tell who keeps their message, or their place as a ghost. What the agent did not choose is seated first: it is
    little, and has room and budget whatever is drawn (`drawing.random_options`)."""
    left, first = room.copy(), drawing.brief.days[0]
    stays: set[UUID] = set()
    spent = 0.0
    for one in (one for one in people if one.arm in OTHERWISE):
        drawn = swapped[one.id]
        left[(one.rows[0].scheduled_date - first).days, CHANNELS.index(drawn.row.channel)] -= 1
        spent += drawn.spent
        stays.add(one.id)
    others = [one for one in people if one.arm not in OTHERWISE]
    messages = [(one, row) for one in others for row in one.rows]
    counted = np.array([one.arm is not Arm.HOLDOUT for one, _ in messages], dtype=np.bool_)
    place = np.array(
        [(row.scheduled_date - first).days * len(CHANNELS) + CHANNELS.index(row.channel) for _, row in messages],
        dtype=np.intp,
    )
    kept = within_room(drawing.seed, [one.id for one, _ in messages], place, counted, left.reshape(-1))
    seated = [messages[index] for index in kept]
    given = np.array([float(row.spent or 0) for _, row in seated])
    fits = within_budget(drawing.seed, [one.id for one, _ in seated], given, counted[kept], budget - spent)
    whole: dict[UUID, int] = defaultdict(int)
    for index in fits:
        whole[seated[index][0].id] += 1
    return stays | {one.id for one in others if whole[one.id] == len(one.rows)}


async def _give(session: AsyncSession, brief: CampaignBrief, drawn: Sequence[Option], words: str) -> None:
    """Give actions that the planner did not choose their offers, and say of them why they have them."""
    made = [
        Rewriting(one.row.id, one.offer, one.response, float(one.offer.discount_pct), one.profit, (), words)
        for one in drawn
    ]
    if made:
        scale = await read_scale(session, float(brief.limits.margin_pct) / 100)
        await rewrite(session, brief, made, scale=scale, brand="")  # words of their own would need one
