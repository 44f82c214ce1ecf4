"""Lifts that are none, looked at every day; and other policies judged from a log, their truth known."""

from __future__ import annotations

from typing import Any

import numpy as np

from liquor_app.experiments.off_policy import Log, NothingLeftToChance, evaluate
from liquor_app.experiments.statistics import Arm, lift
from tests.worlds.half_year import HOLDOUT, RANDOM
from tests.worlds.world import CHANNELS, COSTS, DISCOUNTS, MARGIN, Effects, Habits, Ints

DAYS = 90
ACTIONS = 1 + DISCOUNTS.size * COSTS.size
"""Nothing, then each offer by each channel."""


def look_daily(seed: int, *, people: int = 4000) -> dict[str, Any]:
    """Tell whether a lift that is none is ever called one: of buyers, as decisions' weeks end, and of revenue."""
    rng = np.random.default_rng([seed, 4])
    held = rng.random(people) < HOLDOUT
    chance = rng.beta(0.8, 5.0, people)
    bought, ends = rng.random(people) < chance, rng.integers(0, DAYS, people)
    spent = rng.poisson(chance / 7, (DAYS, people)) * rng.lognormal(np.log(45) - 0.5, 1.0, (DAYS, people))
    total = spent.cumsum(axis=0)
    alarms = {"buyers": False, "revenue": False}
    for day in range(DAYS):
        seen = ends <= day
        arms = [Arm.of_rate(int((seen & who).sum()), int(bought[seen & who].sum())) for who in (~held, held)]
        alarms["buyers"] |= lift(*arms).is_decided
        money = [
            Arm(int(who.sum()), float(total[day, who].sum()), float((total[day, who] ** 2).sum()))
            for who in (~held, held)
        ]
        alarms["revenue"] |= lift(*money).is_decided
    return {"seed": seed, **alarms}


def judge_other(seed: int, habits: Habits, effects: Effects, eligible: int) -> dict[str, Any]:
    """Judge "5 % off by e-mail for everybody" from the log of another policy: estimates, their intervals, the truth.

    The policy that ran gives each segment an action of its own; a tenth is held out, a twentieth gets one of `eligible`
    actions at random. The outcome is the week's profit, money a decision.
    """
    rng = np.random.default_rng([seed, 5])
    people = habits.size.people
    every = np.arange(people)
    segment = rng.integers(0, effects.leak.size, people)
    due = rng.integers(0, effects.cell.shape[-1], people)
    may = 1 + rng.permutation(ACTIONS - 1)[:eligible]
    asked_action = 1 + int(np.ravel_multi_index((1, 0), (DISCOUNTS.size, len(CHANNELS))))
    if asked_action not in may:
        may[0] = asked_action
    own = may[rng.integers(0, eligible, effects.leak.size)][segment]
    logged = np.zeros((people, ACTIONS))
    logged[:, 0] = HOLDOUT
    logged[:, may] = RANDOM / eligible
    logged[every, own] += 1 - HOLDOUT - RANDOM
    action = (rng.random(people)[:, None] > logged.cumsum(axis=1)).sum(axis=1).clip(0, ACTIONS - 1)

    def outcome_of(done: Ints) -> tuple[np.ndarray, np.ndarray]:
        """Return an outcome drawn for what was done, and its expectation."""
        offer, channel = np.unravel_index(np.maximum(done - 1, 0), (DISCOUNTS.size, len(CHANNELS)))
        p, something = habits.chance[0], done > 0
        effect = np.where(something, effects.of(0, (segment, offer, channel, due), p, np.zeros(people)), 0.0)
        taking = np.where(something, effects.taken(segment, offer, p, effect), 0.0)
        cost, off = np.where(something, COSTS[channel], 0.0), DISCOUNTS[offer]
        bought = rng.random(people) < p + effect
        taken = bought & (rng.random(people) < taking / np.maximum(p + effect, 1e-9))
        basket = habits.basket
        drawn = bought * basket * MARGIN - taken * basket * off - cost
        return drawn, (p + effect) * basket * MARGIN - taking * basket * off - cost

    asked_of = np.zeros((people, ACTIONS))
    asked_of[:, asked_action] = 1.0
    drawn = outcome_of(action)[0]
    truth = float(outcome_of(np.full(people, asked_action))[1].mean())
    told: dict[str, Any] = {"seed": seed, "eligible": eligible, "truth": truth}
    try:
        found = evaluate(Log(action, drawn, logged[every, action], asked_of))
    except NothingLeftToChance:
        return told | {"refused": True}
    told |= {"refused": False, "left_out": found.left_out, "lost": found.lost, "reliable": found.is_reliable}
    for name in ("ips", "snips", "doubly_robust"):
        one = getattr(found, name)
        told[name] = [one.mean - truth, one.width, bool(one.low <= truth <= one.high)]
    return told
