"""Plans by draws of what is believed: the chances they log, against counting by hand and against planning again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from liquor_app.actions.frequency_caps import BACK, open_days
from liquor_app.planning.optimizer import drawn_values, dual_prices
from liquor_app.planning.optimizer.drawn_values import DrawnValues, choice_shares
from liquor_app.planning.optimizer.optimise import optimise
from liquor_app.planning.optimizer.problem import NOWHERE, Allocation, Problem
from tests.planning.test_optimise import base


def drawing(problem: Problem, seed: int = 3, *, repeats: int = 50, least: float = 0.0) -> tuple[Problem, DrawnValues]:
    """Values by draws in four cells, of which some are worth nothing in some draws."""
    rng = np.random.default_rng(seed)
    count, people = problem.customer.size, problem.counts.shape[0]
    slope = rng.lognormal(0, 0.5, count)
    draws = 0.05 + rng.normal(0, 0.08, (repeats, 1)) + rng.normal(0, 0.02, (repeats, 4))
    drawn = DrawnValues(
        -problem.discount * 0.3, slope, rng.integers(0, 4, count), draws, rng.integers(0, repeats, people), least
    )
    return replace(problem, value=drawn.own(problem.customer)), drawn


def by_hand(problem: Problem, plan: Allocation, drawn: DrawnValues) -> tuple[list[float], list[float]]:
    """One customer, one draw, one candidate, one day after the other."""
    usable = open_days(problem.counts, problem.days, problem.cap_7, problem.cap_30)
    alone, whole = [0.0] * problem.customer.size, [0.0] * problem.customer.size
    for person in range(problem.counts.shape[0]):
        rows = np.flatnonzero(problem.customer == person)
        got = [row for row in rows if plan.day[row] != NOWHERE]
        if not got:
            continue
        came = []
        for repeat in range(len(drawn.draws)):
            if drawn.turn[person] == repeat:
                came.append(got)
                continue
            gains = []
            for row in rows:
                value = drawn.base[row] + drawn.slope[row] * drawn.draws[repeat][drawn.cell[row]]
                for day in range(problem.days):
                    fit = 1.0 if problem.fit is None else problem.fit[person, day]
                    gain = value * problem.weight[day] * fit - plan.budget_price * problem.discount[row]
                    gain -= plan.price[day, problem.channel[row]]
                    if usable[person, day] and value > drawn.least and gain > 0:
                        gains.append((-gain, row))
            best: dict[int, float] = {}
            for gain, row in sorted(gains):
                best.setdefault(int(row), gain)
            came.append(list(best)[: problem.max_per_customer])
        anything = sum(bool(one) for one in came)
        for one in came:
            for row in one:
                alone[row] += (len(one) == 1) / anything
            if sorted(one) == sorted(got):
                for row in got:
                    whole[row] += 1 / anything
    return alone, whole


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"budget": 0.05, "fit": np.random.default_rng(1).uniform(0.8, 1.0, (60, 7))},
        {"max_per_customer": 2, "cap_7": 3},
        {"email": 0.02, "sms": 0.02, "least": 0.05},
    ],
)
def test_shares_are_what_counting_by_hand_says(more: dict[str, Any]) -> None:
    least = more.pop("least", 0.0) if "least" in more else 0.0
    plain = base(60, 5, **more)
    plain.counts[:9, BACK + 2] = 2  # a day that is closed
    problem, drawn = drawing(plain, least=least)
    plan = optimise(problem)
    told = choice_shares(problem, plan, drawn)
    alone, whole = by_hand(problem, plan, drawn)
    found = told.alone
    assert found == pytest.approx(alone)
    assert told.whole == pytest.approx(whole)
    chosen = plan.day != NOWHERE
    assert (told.whole[chosen] > 0).all(), "what came to pass had a chance"
    if problem.max_per_customer == 1:
        assert told.whole[chosen].tolist() == found[chosen].tolist()
    assert ((found > 0) & (found < 1)).any(), "the draw changes what is chosen"
    assert not found[~np.isin(problem.customer, problem.customer[chosen])].any()


def test_they_do_not_depend_on_how_many_are_looked_at_together(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, drawn = drawing(base(300, 5, email=0.1))
    kept = np.random.default_rng(3).random(problem.customer.size) < 0.7  # of each customer another number
    problem = replace(
        problem, customer=problem.customer[kept], channel=problem.channel[kept], value=problem.value[kept],
        discount=problem.discount[kept],
    )  # fmt: skip
    drawn = replace(drawn, base=drawn.base[kept], slope=drawn.slope[kept], cell=drawn.cell[kept])
    plan = optimise(problem)
    told = choice_shares(problem, plan, drawn)
    assert told.alone == pytest.approx(by_hand(problem, plan, drawn)[0])
    for block in (1, 7, 64):
        monkeypatch.setattr(drawn_values, "BLOCK", block)
        again = choice_shares(problem, plan, drawn)
        assert (again.alone.tolist(), again.whole.tolist()) == (told.alone.tolist(), told.whole.tolist())


def test_of_one_message_the_shares_of_whom_the_plan_chose_add_up_to_one() -> None:
    problem, drawn = drawing(base(200, 6, email=0.05))
    plan = optimise(problem)
    sums = np.bincount(problem.customer, choice_shares(problem, plan, drawn).alone, problem.counts.shape[0])
    served = np.bincount(problem.customer[plan.day != NOWHERE], minlength=sums.size) > 0
    assert sums == pytest.approx(served.astype(float))


@pytest.mark.proof
def test_prices_that_stand_say_what_planning_anew_with_another_turn_would(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The plan made again for each of fifty turns of one customer, for four customers."""
    monkeypatch.setattr(dual_prices, "EXACT", 40)  # else the Hungarian method takes most of the time
    problem, drawn = drawing(base(250, 8, email=0.05, sms=0.02))
    plan = optimise(problem)
    shares = choice_shares(problem, plan, drawn).alone
    served = np.unique(problem.customer[plan.day != NOWHERE])[:4]
    off = []
    for person in served:
        rows = np.flatnonzero(problem.customer == person)
        counts = np.zeros(rows.size)
        for repeat in range(len(drawn.draws)):
            value = problem.value.copy()
            value[rows] = drawn.base[rows] + drawn.slope[rows] * drawn.draws[repeat, drawn.cell[rows]]
            value[rows] = np.where(value[rows] > drawn.least, value[rows], np.minimum(value[rows], 0.0))
            counts += optimise(replace(problem, value=value)).day[rows] != NOWHERE
        off.append(np.abs(counts / counts.sum() - shares[rows]).max())
    assert np.mean(off) < 0.03
    assert np.max(off) < 0.2, "edges: a place that prices leave to either"


def test_a_draw_is_its_seeds() -> None:
    first, again = (drawing(base(100, 9), 4)[1] for _ in range(2))
    assert first.own(base(100, 9).customer).tolist() == again.own(base(100, 9).customer).tolist()
    assert drawing(base(100, 9), 5)[1].draws[0, 0] != first.draws[0, 0]


def test_nobody_chosen_has_no_shares() -> None:
    problem, drawn = drawing(base(20, 2, email=0.0, sms=0.0))
    found = choice_shares(problem, optimise(problem), drawn)
    assert not found.alone.any()
    assert not found.whole.any()
