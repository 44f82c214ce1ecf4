"""One trial each: what is run for a seed, as a line to be kept."""

from __future__ import annotations

from typing import Any

from tests.worlds.half_year import live
from tests.worlds.looks import judge_other, look_daily
from tests.worlds.policies import Policy
from tests.worlds.world import SPREAD, Kind, Size, effects, habits

SIZES = {1_500: Size(1_500), 20_000: Size(5_000, 4), 200_000: Size(5_000, 40)}
MEANS = (0.004, 0.008, 0.02, 0.05)
KINDS = (Kind.PLAIN, Kind.PLAIN, Kind.DRIFT, Kind.INTERACT, Kind.DECAY)
"""By seed in turn: two worlds of five are as the model assumes."""
SMALL = Size(1_000, 3, weeks=10)
"""Worlds in which intervals are held against the truth."""


def profit(customers: int, mean: float, seed: int, spread: float = SPREAD) -> dict[str, Any]:
    """Run every policy in one world; true incremental profit, money per 1,000 customer-weeks."""
    size, kind = SIZES[customers], KINDS[seed % len(KINDS)]
    people = habits(seed, size, keyed=size.clones == 1)
    planted = effects(seed, mean, kind, size.weeks, spread=spread)
    line: dict[str, Any] = {"customers": customers, "mean": mean, "spread": spread, "seed": seed, "kind": str(kind)}
    a_thousand = 1000 / (size.customers * size.weeks)
    for policy in Policy:
        found = live(people, planted, policy, seed)
        line[policy] = round(sum(found.profit) * a_thousand, 3)
        if policy is Policy.AGENT:
            line["second half"] = round(sum(found.profit[size.weeks // 2 :]) * a_thousand * 2, 3)
            line["random arm"] = round(found.random_profit * a_thousand, 3)
            line["messages"] = round(found.messages * a_thousand, 1)
    return line


def coverage(seed: int, kind: str = Kind.PLAIN, size: Size = SMALL) -> dict[str, Any]:
    """Hold what is believed after some weeks against the truth; policies and mean effects in turn."""
    mean, policy = MEANS[seed % 4], (Policy.AGENT, Policy.THOMPSON)[seed // 4 % 2]
    found = live(habits(seed, size, keyed=False), effects(seed, mean, Kind(kind), size.weeks), policy, seed, judge=True)
    assert found.cells is not None
    plan = found.plan[-1]
    return {
        "seed": seed, "mean": mean, "kind": str(kind), "policy": str(policy),
        "cells": [round(value, 5) for value in found.cells],
        "plan": [bool(plan[0]), bool(plan[1]), round(plan[2], 5), round(plan[3], 5)],
    }  # fmt: skip


def alarm(seed: int) -> dict[str, Any]:
    """Look daily at a lift that is none."""
    return look_daily(seed)


def other_policy(seed: int, eligible: int) -> dict[str, Any]:
    """Judge another policy from a log of 5,000 decisions."""
    size = Size(5_000, weeks=1)
    found = judge_other(seed, habits(seed, size, keyed=False), effects(seed, MEANS[seed % 4], Kind.PLAIN, 1), eligible)
    return {name: _rounded(value) for name, value in found.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return round(float(value), 5) if isinstance(value, float) else value
