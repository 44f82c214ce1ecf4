"""A proposal's shares as a problem for the same solver: each lane is a channel of its own, each share its room. Pure.

The optimiser knows days and channels. A lane (segment, channel, offer) takes the place of a channel, and a share of
the messages the plan can hold becomes the lane's room on that day, rounded so that no real channel's room is exceeded
on any day. Every other limit (discount budget, contact caps, one message a day) is the solver's as always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from liquor_app.actions.offers import Offer, pull
from liquor_app.actions.priority import expected_profit
from liquor_app.campaigns.brief import Limits
from liquor_app.planning.ai.response_schema import Lane, Proposal
from liquor_app.planning.optimizer.optimise import optimise, verdicts
from liquor_app.planning.optimizer.problem import NOWHERE, Allocation, Flags, Floats, Ints, Problem, Verdict

CELLS_AT_ONCE = 30_000_000
"""People times places that are solved together; beyond, the base is dealt into hands of this size."""


@dataclass(frozen=True, slots=True)
class Base:
    """The candidates as proposed, shape (n,): place in the target segments, channel, figures of their own offer."""

    customer: Ints
    segment: Ints
    channel: Ints
    response: Floats
    basket: Floats
    uplift: Floats
    kept: Floats
    margin: Floats
    """Share of the price that their own offer's product leaves."""
    discount_pct: Floats
    may_discount: Flags
    category: Sequence[str | None]
    answers: Mapping[str, Floats] = field(default_factory=dict)
    """P(acts on it) of the playbooks' offers, by name; NaN for whom one is not of their playbook."""
    uplifts: Mapping[str, Floats] = field(default_factory=dict)
    """P(buys and would not have), the same way."""


@dataclass(frozen=True, slots=True)
class Steered:
    """Candidates in lanes, shape (m,): `origin` is the candidate, `lane` the proposal's, with the offer's figures."""

    origin: Ints
    lane: Ints
    response: Floats
    discount_pct: Floats
    profit: Floats
    problem: Problem


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each candidate, shape (n,): a `Verdict`, the day or −1, the steered index of the chosen."""

    verdict: npt.NDArray[np.int8]
    day: Ints
    chosen: Ints
    value: float
    bound: float


def steer(
    base: Base, problem: Problem, proposal: Proposal, offers: Sequence[Offer], *, most: int, limits: Limits
) -> Steered:
    """Return the solver's problem within the proposal's shares.

    Args:
        problem: the same week without shares; its people, caps, budget, weights and room hold.
        offers: of the question, by the lanes' `option`.
        most: messages that a share of 1 would be.
    """
    lanes = proposal.lanes
    margin, costs = float(limits.margin_pct) / 100, (float(limits.email_cost), float(limits.sms_cost))
    parts: list[tuple[Ints, Ints, Floats, Floats, Floats, Floats]] = []
    for number, lane in enumerate(lanes):
        offer = offers[lane.option]
        percent = float(offer.discount_pct)
        suits = (base.segment == lane.segment) & (base.channel == lane.channel)
        if percent > 0:
            suits &= base.may_discount
        if offer.category is not None:
            same = np.fromiter((category == offer.category for category in base.category), np.bool_, suits.size)
            suits &= same
        who = np.flatnonzero(suits)
        response = _response(base, offer, who)
        uplift = _uplift(base, offer, who)
        ratio = _over(uplift, base.uplift[who])
        profit = expected_profit(
            response=response,
            basket=base.basket[who],
            uplift=uplift,
            margin=offer.margin(margin),
            discount=np.full(who.size, percent / 100),
            cost=costs[lane.channel],
        )
        value = profit + base.kept[who] * ratio * _over(offer.margin(margin), base.margin[who])
        value[value <= float(limits.min_profit)] = -1.0
        parts.append((who, np.full(who.size, number), response, np.full(who.size, percent), profit, value))
    origin, lane_of, response, percents, profit, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((lane_of, origin))
    origin, lane_of, response, percents, profit, value = (
        column[order] for column in (origin, lane_of, response, percents, profit, value)
    )
    steered = replace(
        problem,
        customer=base.customer[origin],
        channel=lane_of.astype(np.intp),
        value=value,
        discount=response * base.basket[origin] * percents / 100,
        capacity=rooms(proposal, lanes, problem.capacity, most),
    )
    return Steered(origin.astype(np.intp), lane_of.astype(np.intp), response, percents, profit, steered)


def _over(one: Floats | float, other: Floats) -> Floats:
    """Return how many times `other` it is; once of nothing, of which nothing is kept."""
    found: Floats = np.divide(one, other, out=np.ones(other.size), where=other != 0)
    return found


def _response(base: Base, offer: Offer, who: Ints) -> Floats:
    """Return P(acts on an offer) of these candidates: as the response model said of it, else as of their own, by what
    is taken off."""
    own = np.array([pull(float(value)) for value in base.discount_pct[who]])
    assumed = np.clip(base.response[who] * pull(float(offer.discount_pct)) / own, 0.0, 1.0) if who.size else own
    told = base.answers.get(offer.name)
    return assumed if told is None else np.where(np.isnan(told[who]), assumed, told[who])


def _uplift(base: Base, offer: Offer, who: Ints) -> Floats:
    """Return P(buys and would not have) of these candidates: as believed of the offer, else as of their own."""
    told = base.uplifts.get(offer.name)
    return base.uplift[who] if told is None else np.where(np.isnan(told[who]), base.uplift[who], told[who])


def rooms(proposal: Proposal, lanes: Sequence[Lane], room: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
    """Return messages by day and lane, shape (days, lanes): the shares by largest remainder, never above a channel's
    room."""
    wanted = np.zeros((room.shape[0], len(lanes)))
    for (lane, day), share in proposal.shares.items():
        wanted[day, lanes.index(lane)] = share * most
    total = min(round(float(wanted.sum())), most)
    made = np.floor(wanted + 1e-9).astype(np.int64)
    left = room.copy()
    channel = np.array([lane.channel for lane in lanes], dtype=np.intp)
    for day in range(room.shape[0]):
        for number in range(len(lanes)):
            made[day, number] = min(made[day, number], left[day, channel[number]])
            left[day, channel[number]] -= made[day, number]
    rest = np.where(wanted > 0, wanted - made, -1.0)
    for place in np.argsort(-rest, axis=None, kind="stable"):
        day, number = divmod(int(place), len(lanes))
        if rest[day, number] <= 0 or made.sum() >= total:
            break
        if left[day, channel[number]] > 0:
            made[day, number] += 1
            left[day, channel[number]] -= 1
    return made


def solve(steered: Steered, candidates: int) -> Outcome:
    """Choose within the shares; `candidates` is how many there were before they were put into lanes."""
    problem = steered.problem
    plan = _in_hands(problem)
    codes = verdicts(problem, plan)
    chosen = np.flatnonzero(plan.day != NOWHERE)
    verdict = np.full(candidates, Verdict.NO_SHARE, dtype=np.int8)
    # the friendliest of a candidate's verdicts is told: an offer that nearly made it says more than one that could not
    rank = np.full(len(Verdict), len(Verdict))
    for position, code in enumerate(_FRIENDLY):
        rank[code] = position
    order = np.argsort(-rank[codes], kind="stable")
    verdict[steered.origin[order]] = codes[order]
    # an action has one day: where two of its offers were placed, the better one stays
    chosen = chosen[np.argsort(problem.value[chosen], kind="stable")]
    day = np.full(candidates, NOWHERE, dtype=np.intp)
    by = np.full(candidates, NOWHERE, dtype=np.intp)
    day[steered.origin[chosen]] = plan.day[chosen]
    by[steered.origin[chosen]] = chosen
    verdict[steered.origin[chosen]] = Verdict.CHOSEN
    return Outcome(verdict, day, by, plan.value, plan.bound)


_FRIENDLY = (
    Verdict.CHOSEN, Verdict.BUDGET, Verdict.CAPACITY, Verdict.OTHER_CHOSEN, Verdict.NO_DAY, Verdict.NOT_WORTH_IT,
    Verdict.NO_SHARE,
)  # fmt: skip


def _in_hands(problem: Problem) -> Allocation:
    """Return the allocation; a large base is dealt into hands that are solved one by one, each with its part of every
    room.

    The bound is then that of the hands together: with thousands in each it differs from the whole's by less than a
    hundredth of a per cent.
    """
    people, places = problem.counts.shape[0], problem.capacity.size
    hands = max(1, -(-people * places // CELLS_AT_ONCE))
    if hands == 1:
        return optimise(problem)
    day = np.full(problem.customer.size, NOWHERE, dtype=np.intp)
    # dealt at random, the same way each time, so that no hand is different in kind
    hand_of = np.random.default_rng(0).permutation(people) % hands
    spread = np.arange(places).reshape(problem.capacity.shape)
    value = bound = spent = 0.0
    for hand in range(hands):
        mine = np.flatnonzero(hand_of[problem.customer] == hand)
        who = np.unique(problem.customer[mine])
        part = replace(
            problem,
            customer=np.searchsorted(who, problem.customer[mine]),
            channel=problem.channel[mine],
            value=problem.value[mine],
            discount=problem.discount[mine],
            counts=problem.counts[who],
            fit=None if problem.fit is None else problem.fit[who],
            capacity=problem.capacity // hands + ((spread + hand) % hands < problem.capacity % hands),
            # what a hand leaves of its part of the budget goes to the next
            budget=max(0.0, problem.budget * (hand + 1) / hands - spent),
        )
        plan = optimise(part)
        day[mine] = plan.day
        spent += float(part.discount[plan.day != NOWHERE].sum())
        value, bound = value + plan.value, bound + plan.bound
    return Allocation(day, np.zeros(problem.capacity.shape), 0.0, value, bound)
