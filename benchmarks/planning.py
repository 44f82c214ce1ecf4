"""The weekly plan as an optimisation: the gap to the LP's bound, time and memory; and how often A/A runs cry wolf.

`planning` lines: 1,500, 200,000 and 1,000,000 customers with five candidates each (two channels, several offers),
capacity for a third of them, a discount budget that binds; `draw_seconds` is what drawing values on autopilot takes
besides, and counting how likely each choice was. The bound is the dual's, which holds for every plan; for
1,500 customers HiGHS solves the linear relaxation as well. `calibration` lines: A/A experiments with 40 looks, a tenth
held out.
"""

from __future__ import annotations

import resource
import time
from collections.abc import AsyncIterator
from uuid import UUID

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from liquor_app.actions.frequency_caps import AHEAD, BACK
from liquor_app.experiments.arms import halves_of, tie_breaks, turns
from liquor_app.experiments.statistics import Arm, lift
from liquor_app.planning.candidates import HAIR
from liquor_app.planning.optimizer.drawn_values import REPEATS, DrawnValues, choice_shares
from liquor_app.planning.optimizer.optimise import optimise
from liquor_app.planning.optimizer.problem import Problem
from liquor_app.scoring.estimators.uplift import PRIOR_MEAN, Cell, Posterior

DAYS, CANDIDATES = 7, 5


def synthetic(people: int, seed: int = 7) -> Problem:
    """Five candidates each: three e-mail offers, two SMS; some people have been written to already."""
    rng = np.random.default_rng(seed)
    worth = rng.lognormal(-1, 1, people)
    customer = np.repeat(np.arange(people), CANDIDATES)
    channel = np.tile(np.array([0, 0, 0, 1, 1]), people)
    share = np.tile(np.array([0.0, 0.05, 0.15, 0.0, 0.10]), people)
    pull = 0.6 + 0.4 * np.minimum(share / 0.10, 1)
    amount = worth[customer] * pull * rng.uniform(0.7, 1.3, customer.size)
    discount = amount * share
    counts = np.zeros((people, BACK + DAYS + AHEAD), dtype=np.int16)
    busy = rng.choice(people, people // 5, replace=False)
    counts[busy, BACK + rng.integers(-6, DAYS, busy.size)] = 1
    return Problem(
        customer=customer.astype(np.intp),
        channel=channel.astype(np.intp),
        value=amount * 0.28 - discount * 0.5 - np.where(channel == 0, 0.001, 0.012),
        discount=discount,
        counts=counts,
        weight=np.array([0.9, 0.95, 1.0, 1.05, 1.15, 1.1, 0.85]),
        capacity=np.tile(np.array([people // 28, people // 84], dtype=np.int64), (DAYS, 1)),
        budget=0.005 * float(discount.sum()),
        cap_7=2,
        cap_30=6,
    )


def draw(problem: Problem, people: list[UUID], cells: int = 24) -> DrawnValues:
    """Values of a synthetic base on autopilot: fifty draws of the level, each customer's turn drawn by id."""
    rng = np.random.default_rng(1)
    known = [Cell(str(cell), "offer", "email", "due") for cell in range(cells)]
    slope = np.abs(problem.value) * 20
    halves = halves_of(people)
    option = np.tile(np.arange(CANDIDATES), len(people))
    drawn = DrawnValues(
        base=problem.value
        - PRIOR_MEAN * slope
        - HAIR * float(np.median(slope)) * tie_breaks("s", halves, problem.customer, option),
        slope=slope,
        cell=rng.integers(0, cells, slope.size),
        draws=Posterior.prior().level_draws(known, REPEATS, seed=1),
        turn=turns("s", halves, REPEATS),
        least=0.0,
    )
    drawn.own(problem.customer)
    return drawn


def lp_bound(problem: Problem) -> float:
    """The optimum of the linear relaxation by HiGHS, contact caps aside (they only close days)."""
    from liquor_app.actions.frequency_caps import open_days

    usable = open_days(problem.counts, DAYS, problem.cap_7, problem.cap_30)
    candidate = np.repeat(np.arange(problem.customer.size), DAYS)
    day = np.tile(np.arange(DAYS), problem.customer.size)
    kept = usable[problem.customer[candidate], day]
    candidate, day = candidate[kept], day[kept]
    people, channels = problem.counts.shape[0], problem.capacity.shape[1]
    rows = np.concatenate(
        [
            problem.customer[candidate],
            people + day * channels + problem.channel[candidate],
            np.full(candidate.size, people + DAYS * channels),
        ]
    )
    data = np.concatenate([np.ones(2 * candidate.size), problem.discount[candidate]])
    matrix = coo_matrix((data, (rows, np.tile(np.arange(candidate.size), 3)))).tocsr()
    limits = np.concatenate([np.ones(people), problem.capacity.reshape(-1), [problem.budget]])
    value = problem.value[candidate] * problem.weight[day]
    return -float(linprog(-value, A_ub=matrix, b_ub=limits, bounds=(0, None), method="highs").fun)


def false_positives(runs: int, seed: int = 7, *, people: int = 4_000, looks: int = 40, rate: float = 0.05) -> float:
    """Share of A/A experiments whose always-valid interval left out zero at any of the looks."""
    rng = np.random.default_rng(seed)
    cried = 0
    steps = np.linspace(people // looks, people, looks).astype(int)
    for _ in range(runs):
        held = rng.random(people) < 0.1
        bought = rng.random(people) < rate
        sizes, sums = np.cumsum(held), np.cumsum(held & bought)
        whole = np.cumsum(bought)
        cried += any(
            lift(
                Arm.of_rate(int(n - sizes[n - 1]), int(whole[n - 1] - sums[n - 1])),
                Arm.of_rate(int(sizes[n - 1]), int(sums[n - 1])),
            ).is_decided
            for n in steps
        )
    return cried / runs


SIZES = (1_500, 200_000, 1_000_000)


async def run(sizes: tuple[int, ...] = SIZES, runs: int = 2_000) -> AsyncIterator[dict[str, object]]:
    for people in sizes:
        problem = synthetic(people)
        began = time.perf_counter()
        plan = optimise(problem)
        seconds = time.perf_counter() - began
        ids = [UUID(int=one) for one in range(people)]
        began = time.perf_counter()
        drawn = draw(problem, ids)
        choice_shares(problem, plan, drawn)
        drawing = time.perf_counter() - began
        line: dict[str, object] = {
            "bench": "planning",
            "customers": people,
            "candidates": people * CANDIDATES,
            "seconds": round(seconds, 2),
            "draw_seconds": round(drawing, 2),
            "times_without": round((seconds + drawing) / seconds, 3),
            "gap_pct": round(plan.gap * 100, 4),
            "messages": int((plan.day >= 0).sum()),
            "discount_price": round(plan.budget_price, 4),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        if people <= 2_000:
            bound = lp_bound(problem)
            line |= {"lp_bound": round(bound, 4), "gap_to_lp_pct": round(100 * (1 - plan.value / bound), 4)}
        yield line
    yield {
        "bench": "calibration",
        "runs": runs,
        "looks": 40,
        "held_out": 0.1,
        "false_positives": round(false_positives(runs), 4),
    }
