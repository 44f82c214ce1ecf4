"""Which action for whom on which day: maximise the plan's value within capacity, budget and contact caps. Pure.

Days differ by the shop's trade (`weight`) and by when a customer is due (`fit`).

The problem: every customer takes at most one of (candidate, day); a channel carries only so many messages a day; the
expected discounts stay within a budget. Its Lagrange dual has one price per channel and day and one for the budget:

    minimise over prices λ, μ ≥ 0:  Σ customers max(0, max (value · w[day] − μ · discount − λ[day, channel]))
                                    + Σ λ · capacity + μ · budget

Prices are found by exact coordinate descent: with the others fixed, a place's price is the gain of the first customer
who gets none, a partial sort away. On large bases they are fitted on a fixed stretch of the customers. The plan is then
read off the prices and repaired until it fits. Every dual value bounds every plan from above, so the gap is reported
with each plan. A small shop's round is solved to its end besides (`exact_plan`), and the better of the two is taken.
More than one message per customer: solved in rounds, later messages counting half.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from liquor_app.actions.frequency_caps import BACK, open_days
from liquor_app.planning.optimizer.dual_prices import Book
from liquor_app.planning.optimizer.exact_plan import solve_exactly
from liquor_app.planning.optimizer.problem import NOWHERE, Allocation, Ints, Problem, Verdict

REPEAT = 0.5
"""What a second message in the same plan is worth beside the first."""


def optimise(problem: Problem) -> Allocation:
    """Choose actions and days. Deterministic; no constraint is ever broken.

    Raises:
        ValueError: the shapes do not fit together, or a value is not finite.
    """
    _check(problem)
    day = np.full(problem.customer.shape, NOWHERE, dtype=np.intp)
    counts, room, budget = problem.counts.copy(), problem.capacity.copy(), problem.budget
    value, bound = 0.0, 0.0
    price, budget_price, slack = np.zeros(room.shape), 0.0, 0.0
    for message in range(problem.max_per_customer):
        left = np.flatnonzero((day == NOWHERE) & (problem.value > 0))
        usable = open_days(counts, problem.days, problem.cap_7, problem.cap_30)
        if left.size == 0 or not usable.any():
            break
        book = Book(problem, left, REPEAT**message, usable)
        offered = book.prices(room, budget)
        plans = [book.plan(prices, of_budget, room, budget) for prices, of_budget in offered]
        proved = min(book.dual(prices, of_budget, room, budget) for prices, of_budget in offered)
        if (exact := solve_exactly(problem, left, usable, room, budget)) is not None:
            plans.append(exact[0])
            proved = min(proved, exact[1] * REPEAT**message)
        taken = max(plans, key=lambda plan: _worth_of(problem, left, plan))
        bound += proved
        if message == 0:
            price, budget_price = offered[0][0].reshape(room.shape), offered[0][1]
            slack = book.dual(*offered[0], room, budget) - _worth_of(problem, left, taken)
        chosen = taken >= 0
        picks, on = left[chosen], taken[chosen]
        if picks.size == 0:
            break
        day[picks] = on
        value += _worth_of(problem, left, taken) * REPEAT**message
        np.subtract.at(room, (on, problem.channel[picks]), 1)
        np.add.at(counts, (problem.customer[picks], BACK + on), 1)
        budget -= float(problem.discount[picks].sum())
    return Allocation(day, price, budget_price, value, bound, room <= 0, max(slack, 0.0))


def verdicts(problem: Problem, plan: Allocation) -> npt.NDArray[np.int8]:
    """Return a `Verdict` for each candidate, shape (n,)."""
    people = problem.counts.shape[0]
    chosen = plan.day != NOWHERE
    served = np.zeros(people, dtype=np.bool_)
    served[problem.customer[chosen]] = True
    usable = open_days(problem.counts, problem.days, problem.cap_7, problem.cap_30)
    room = problem.capacity.copy()
    np.subtract.at(room, (plan.day[chosen], problem.channel[chosen]), 1)
    # is there an open day with room for the candidate's channel? Then only the budget can have stood against it
    fits = (usable.astype(np.int32) @ (room > 0).astype(np.int32)) > 0
    verdict = np.where(fits[problem.customer, problem.channel], Verdict.BUDGET, Verdict.CAPACITY)
    verdict[problem.value <= 0] = Verdict.NOT_WORTH_IT
    verdict[served[problem.customer]] = Verdict.OTHER_CHOSEN
    verdict[~np.asarray(usable.any(axis=1))[problem.customer]] = Verdict.NO_DAY
    verdict[chosen] = Verdict.CHOSEN
    return verdict.astype(np.int8)


def _worth_of(problem: Problem, left: Ints, taken: Ints) -> float:
    chosen = taken >= 0
    return float(problem.worth(left[chosen], taken[chosen]).sum())


def _check(problem: Problem) -> None:
    count = problem.customer.shape[0]
    if any(array.shape != (count,) for array in (problem.channel, problem.value, problem.discount)):
        raise ValueError("customer, channel, value and discount must have the same length")
    if problem.capacity.shape[0] != problem.days or (problem.capacity < 0).any():
        raise ValueError("capacity must be a row of counts for each day")
    if not (np.isfinite(problem.value).all() and np.isfinite(problem.discount).all()):
        raise ValueError("value and discount must be finite")
    if (problem.discount < 0).any() or (problem.weight <= 0).any() or problem.budget < 0:
        raise ValueError("discount and budget must not be negative, weight must be positive")
