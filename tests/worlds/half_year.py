"""Half a year of a policy in a world: plan, draw arms, write, see who buys, learn, plan again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from liquor_app.actions.frequency_caps import Counts, contact_matrix
from liquor_app.actions.priority import expected_profit
from liquor_app.planning.optimizer import dual_prices
from liquor_app.planning.optimizer.optimise import optimise
from liquor_app.planning.optimizer.problem import NOWHERE, Problem
from liquor_app.scoring.estimators import bgnbd
from liquor_app.scoring.estimators.uplift import Cell, Group, Posterior, fit
from tests.worlds.policies import Policy, new_values, old_values
from tests.worlds.world import (
    CHANNELS,
    COSTS,
    DISCOUNTS,
    DUE,
    LAPSED_DAYS,
    MARGIN,
    SEGMENTS,
    SHAPE,
    Effects,
    Flags,
    Floats,
    Habits,
    Ints,
)

# Of the customers on the edge of two decisions a tenth is seated by the Hungarian method, for that took half of the
# time; with one day and two channels the plans reach the dual bound either way.
dual_prices.EXACT = 40
HOLDOUT, RANDOM = 0.10, 0.05
RANDOM_FROM = 200
"""Planned messages below which no random action is drawn."""
CAPACITY = (0.20, 0.05)
"""Messages a customer and week, by channel."""
DISCOUNTS_A_CUSTOMER = 0.04
"""Money a week that planned discounts may cost."""
CAP_7, CAP_30 = 1, 2
REPEATS = 50
Z_95, Z_80 = 1.959964, 1.281552
LEAK, LEAK_WEIGHT = 0.35, 20.0
"""Before redemptions were seen: the share of expected buyers who take a discount, and its weight in buyers."""

CELLS = [
    Cell(segment, f"{percent:.0%}", channel, due)
    for segment in SEGMENTS for percent in DISCOUNTS for channel in CHANNELS for due in DUE
]  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """What a policy brought and believed. Money; `covered` counts, `width` and `prior_width` are mean 95 % widths."""

    profit: list[float] = field(default_factory=list)
    """True incremental profit of each week, of the whole shop."""
    messages: int = 0
    random_messages: int = 0
    random_profit: float = 0.0
    discounts: float = 0.0
    cells: tuple[float, float, float, float] | None = None
    """At the end, over cells with customers: share within the 95 % and the 80 % interval, mean width, the prior's."""
    plan: list[tuple[bool, bool, float, float]] = field(default_factory=list)
    """Of each week's plan, the mean effect of its messages: within 95 %, within 80 %, width, the prior's width."""


@dataclass(frozen=True, slots=True)
class _Planned:
    """A week's plan, shape (m,) each; `told` is p₀, `heard` messages of the last 30 days."""

    who: Ints
    segment: Ints
    offer: Ints
    channel: Ints
    due: Ints
    told: Floats
    heard: Floats


@dataclass(slots=True)
class _Shop:
    """What the shop knows of its customers, and to whom it wrote in the last five weeks."""

    habits: Habits
    repeats: Floats
    last_day: Floats
    heard: list[tuple[Ints, int]] = field(default_factory=list)
    taken: Floats = field(default_factory=lambda: np.full(SHAPE[0], LEAK * LEAK_WEIGHT))
    could: Floats = field(default_factory=lambda: np.full(SHAPE[0], LEAK_WEIGHT))
    """Discounts taken by segment, and how many were expected to buy while one was theirs."""

    def facts(self, week: int) -> tuple[Ints, Ints, Floats]:
        """Return segment, due-state and p₀ of everybody."""
        today, known = 7.0 * week, self.habits
        t_x, age = self.last_day - known.first_day, today - known.first_day
        told = 1.0 - bgnbd.p_no_purchase(known.params, 7.0, self.repeats, t_x, age)
        quiet = age - t_x
        often = (self.repeats + 1 <= known.many[0]).astype(np.intp) + (self.repeats + 1 <= known.many[1])
        segment = often + 3 * (quiet > LAPSED_DAYS)
        gap = t_x / np.maximum(self.repeats, 1.0)
        due = np.where(self.repeats < 2, 0, 1 + (quiet >= gap) + (quiet >= np.log(10.0) * gap))
        return segment, due.astype(np.intp), told

    def contacts(self, week: int) -> Floats:
        """Return messages of the last 30 days."""
        heard = np.zeros(self.last_day.size)
        for who, then in self.heard:
            if 7 * (week - then) <= 30:
                heard[who] += 1
        return heard


def live(
    habits: Habits, effects: Effects, policy: Policy, seed: int, *, judge: bool = False, learn_every: int = 1
) -> Outcome:
    """Let a policy run a shop.

    Args:
        judge: hold what is believed against the truth: each week's plan, and the cells at the end.
        learn_every: weeks between fits.
    """
    size = habits.size
    rng = np.random.default_rng([seed, 3, list(Policy).index(policy)])
    shop = _Shop(habits, habits.repeats.copy(), habits.last_day.copy())
    found, belief = Outcome(), Posterior.prior()
    groups: list[Group] = []
    for week in range(size.weeks):
        segment, due, told = shop.facts(week)
        heard = shop.contacts(week)
        response = np.minimum((shop.taken / shop.could)[segment] * told, 1.0)
        discounts = response[:, None, None] * (DISCOUNTS * habits.told_basket[:, None])[:, :, None]
        if policy.knows:
            values, taking = _oracle_values(shop, effects, week, segment, due, heard)
            discounts = taking * DISCOUNTS[:, None] * habits.told_basket[:, None, None]
        elif policy is Policy.OLD:
            values = old_values(segment, told, response, habits.told_basket)
        else:
            uplift = _believed(belief, policy, segment, due, rng)
            values = new_values(uplift, response[:, None] * (DISCOUNTS > 0), habits.told_basket)
        who, offer, channel = _plan(shop, week, values, discounts)
        planned = _Planned(who, segment[who], offer, channel, due[who], told[who], heard[who])
        if judge and who.size:
            found.plan.append(_judge_plan(belief, effects, week, planned, habits.chance[week, who]))
        groups += _happen(found, shop, effects, week, policy, planned, rng)
        if policy.learns and (week + 1) % learn_every == 0:
            belief = fit(groups, now_week=week)
    if judge:
        segment, due, _ = shop.facts(size.weeks)
        found.cells = _judge_cells(belief, effects, (segment, due), habits.chance[-1], shop.contacts(size.weeks))
    return found


def _oracle_values(
    shop: _Shop, effects: Effects, week: int, segment: Ints, due: Ints, heard: Floats
) -> tuple[Floats, Floats]:
    """Return what each action brings in who is thought to have this basket, its effect and the chance that its discount
    is taken being known: (n, 4, 2) each."""
    chance = shop.habits.chance[week][:, None, None]
    offer, channel = np.ogrid[: DISCOUNTS.size, : COSTS.size]
    where = (segment[:, None, None], offer[None], channel[None], due[:, None, None])
    effect = effects.of(week, where, chance, heard[:, None, None])
    taking = effects.taken(segment[:, None, None], offer[None], chance, effect)
    return worth(shop.habits.told_basket[:, None, None], effect, taking, offer[None], channel[None]), taking


def worth(basket: Floats, effect: Floats, taking: Floats, offer: Ints, channel: Ints) -> Floats:
    """Return what a message truly brings, money."""
    return expected_profit(
        response=taking, basket=basket, uplift=effect, margin=MARGIN, discount=DISCOUNTS[offer], cost=COSTS[channel]
    )


def _believed(belief: Posterior, policy: Policy, segment: Ints, due: Ints, rng: np.random.Generator) -> Floats:
    """Return what is believed of every action's effect, (n, 4, 2)."""
    if policy is Policy.GREEDY:
        return belief.effects(CELLS)[0].reshape(SHAPE)[segment, :, :, due]
    draw = belief.level_draws if policy is Policy.AGENT else belief.draws
    drawn = draw(CELLS, REPEATS, seed=int(rng.integers(2**32))).reshape(REPEATS, *SHAPE)
    return drawn[rng.integers(0, REPEATS, segment.size), segment, :, :, due]


def _plan(shop: _Shop, week: int, values: Floats, discounts: Floats) -> tuple[Ints, Ints, Ints]:
    """Choose people and their actions within capacity, budget and caps: people, offers, channels."""
    people = values.shape[0]
    offer = values.argmax(axis=1)
    best = np.take_along_axis(values, offer[:, None, :], axis=1)[:, 0, :]
    who, channel = np.nonzero(best > 0)
    empty = np.zeros(0, dtype=np.intp)
    if who.size == 0:
        return empty, empty, empty
    asked = offer[who, channel]
    known = [(one, np.full(one.size, 7 * (then - week))) for one, then in shop.heard if 7 * (week - then) <= 30]
    contacted = np.concatenate([one for one, _ in known] or [empty])
    days = np.concatenate([day for _, day in known] or [empty])
    discount = np.broadcast_to(discounts, values.shape)[who, asked, channel]
    day = allocate(
        who, channel, best[who, channel], discount, contact_matrix(people, contacted, days, 1),
        capacity=[int(share * people) for share in CAPACITY], budget=DISCOUNTS_A_CUSTOMER * people,
    )  # fmt: skip
    chosen = np.flatnonzero(day != NOWHERE)
    return who[chosen], asked[chosen], channel[chosen]


def allocate(
    who: Ints, channel: Ints, value: Floats, discount: Floats, counts: Counts, *, capacity: list[int], budget: float,
    weight: float = 1.0,
) -> Ints:  # fmt: skip
    """Return the day of each candidate in a plan of one day, or nowhere; shape (n,)."""
    problem = Problem(
        customer=who, channel=channel, value=value, discount=discount, counts=counts, weight=np.array([weight]),
        capacity=np.array([capacity], dtype=np.int64), budget=budget, cap_7=CAP_7, cap_30=CAP_30,
    )  # fmt: skip
    return optimise(problem).day


def arms_of(number: Floats, share_held: float, share_random: float, actions: int) -> Ints:
    """Return whom the numbers draw: 0 the policy's action, 1 held out, from 2 on one of so many random actions."""
    arm = np.where(number < share_held, 1, 0)
    if share_random:
        lot = np.floor((number - share_held) / share_random * actions).astype(np.intp)
        arm = np.where((lot >= 0) & (lot < actions), 2 + lot, arm)
    return arm


def _happen(
    found: Outcome, shop: _Shop, effects: Effects, week: int, policy: Policy, planned: _Planned,
    rng: np.random.Generator,
) -> list[Group]:  # fmt: skip
    """Draw arms, write, let everybody buy or not, and sum up what the model learns from."""
    habits = shop.habits
    size, chance = habits.size, habits.chance[week]
    number = habits.draw[week, planned.who]
    share_held = 0.0 if policy is Policy.ORACLE else HOLDOUT
    share_random = RANDOM if policy.draws and planned.who.size * size.clones >= RANDOM_FROM else 0.0
    actions = DISCOUNTS.size * COSTS.size
    arm = arms_of(number, share_held, share_random, actions)
    if size.clones == 1:
        row, count = np.arange(arm.size), np.ones(arm.size)
        kind = arm
    else:
        shares = [1 - share_held - share_random, share_held, *[share_random / actions] * actions]
        drawn = rng.multinomial(size.clones, shares, planned.who.size)
        row, kind = np.nonzero(drawn)
        count = drawn[row, kind].astype(np.float64)
    held = kind == 1
    offer = np.where(kind >= 2, (kind - 2) // COSTS.size, planned.offer[row])
    channel = np.where(kind >= 2, (kind - 2) % COSTS.size, planned.channel[row])
    who, segment, due = planned.who[row], planned.segment[row], planned.due[row]
    p = chance[who]
    effect = effects.of(week, (segment, offer, channel, due), p, planned.heard[row])
    taking = effects.taken(segment, offer, p, effect)
    brought = count * worth(habits.basket[who], effect, taking, offer, channel)
    found.profit.append(float(brought[~held].sum()))
    found.messages += int(count[~held].sum())
    found.random_messages += int(count[kind >= 2].sum())
    found.random_profit += float(brought[kind >= 2].sum())
    will = p + np.where(held, 0.0, effect)
    own = habits.luck[week, who] < will
    bought = own.astype(np.float64) if size.clones == 1 else rng.binomial(count.astype(np.int64), will)
    taken = rng.binomial(bought.astype(np.int64), np.where(held, 0.0, taking) / np.maximum(will, 1e-9))
    offered = ~held & (DISCOUNTS[offer] > 0)
    shop.taken += np.bincount(segment[offered], taken[offered], SHAPE[0])
    shop.could += np.bincount(segment[offered], (count * planned.told[row])[offered], SHAPE[0])
    _record(shop, week, planned, arm, effects)
    if not policy.learns:
        return []
    return groups_of(week, np.ravel_multi_index((segment, offer, channel, due), SHAPE), held, count, bought,
                   planned.told[row])  # fmt: skip


def _record(shop: _Shop, week: int, planned: _Planned, arm: Ints, effects: Effects) -> None:
    """Bring everybody's history up to the end of the week."""
    habits, chance = shop.habits, shop.habits.chance[week]
    offer = np.where(arm >= 2, (arm - 2) // COSTS.size, planned.offer)
    channel = np.where(arm >= 2, (arm - 2) % COSTS.size, planned.channel)
    will = chance.copy()
    own = effects.of(week, (planned.segment, offer, channel, planned.due), chance[planned.who], planned.heard)
    will[planned.who] += np.where(arm == 1, 0.0, own)
    buys = np.flatnonzero(habits.luck[week] < will)
    shop.repeats[buys] += 1
    shop.last_day[buys] = 7.0 * week + habits.weekday[week, buys]
    shop.heard = [(who, then) for who, then in shop.heard if week - then < 5]
    # clones share a history of messages, too: that of whom the arm of the first says
    shop.heard.append((planned.who[arm != 1], week))


def groups_of(
    week: int, cell: Ints, held: Flags, count: Floats, bought: Floats, told: Floats, *, cells: Sequence[Cell] = CELLS
) -> list[Group]:
    """Sum a week's decisions up by cell (an index into `cells`) and side; shape (m,) each."""
    key = cell * 2 + held
    sums = [
        np.bincount(key, weights, 2 * len(cells))
        for weights in (count, bought, count * told, count * told**2, bought * told)
    ]
    return [
        Group(week, cells[one // 2], bool(one % 2), int(sums[0][one]), *(float(column[one]) for column in sums[1:]))
        for one in np.flatnonzero(sums[0])
    ]


def _judge_plan(
    belief: Posterior, effects: Effects, week: int, planned: _Planned, chance: Floats
) -> tuple[bool, bool, float, float]:
    """Hold the mean effect of a plan's messages against the truth."""
    where = (planned.segment, planned.offer, planned.channel, planned.due)
    truth = float(effects.of(week, where, chance, planned.heard).mean())
    weights = np.bincount(np.ravel_multi_index(where, SHAPE), minlength=len(CELLS)) / planned.who.size
    sds = []
    for one in (belief, Posterior.prior()):
        whole = one.knowing(CELLS)
        row = weights @ whole.design(CELLS)
        sds.append(float(np.sqrt(row @ whole.covariance @ row)))
        if one is belief:
            off = abs(float(row @ whole.mean) - truth)
    return off < Z_95 * sds[0], off < Z_80 * sds[0], 2 * Z_95 * sds[0], 2 * Z_95 * sds[1]


def _judge_cells(
    belief: Posterior, effects: Effects, now: tuple[Ints, Ints], chance: Floats, heard: Floats
) -> tuple[float, float, float, float]:
    """Hold every cell that has customers against the truth: their mean effect in the last week."""
    segment, due = now
    offer, channel = np.ogrid[: DISCOUNTS.size, : COSTS.size]
    where = (segment[:, None, None], offer[None], channel[None], due[:, None, None])
    own = effects.of(len(effects.cell) - 1, where, chance[:, None, None], heard[:, None, None])
    code = np.broadcast_to(np.ravel_multi_index(np.broadcast_arrays(*where), SHAPE), own.shape).ravel()
    people = np.bincount(code, minlength=len(CELLS))
    some = np.flatnonzero(people)
    truth = np.bincount(code, own.ravel(), len(CELLS))[some] / people[some]
    mean, sd = (values[some] for values in belief.effects(CELLS))
    prior = Posterior.prior().effects(CELLS)[1][some]
    off = np.abs(mean - truth)
    return (
        float((off < Z_95 * sd).mean()), float((off < Z_80 * sd).mean()), float(2 * Z_95 * sd.mean()),
        float(2 * Z_95 * prior.mean()),
    )  # fmt: skip
