"""Plans by draws of what is believed: the chances they log, against counting by hand and against planning again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from liquor_app.actions.frequency_caps import BACK, open_days
from liquor_app.experiments.arms import halves_of, tie_breaks
from liquor_app.planning.candidates import HAIR
from liquor_app.planning.optimizer import drawn_values, dual_prices
from liquor_app.planning.optimizer.drawn_values import DrawnValues, choice_shares, chosen_at_prices
from liquor_app.planning.optimizer.optimise import optimise
from liquor_app.planning.optimizer.problem import NOWHERE, Allocation, Ints, Problem
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
        told = []
        for repeat in range(len(drawn.draws)):
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
            told.append(sorted(list(best)[: problem.max_per_customer]))
        own = told[drawn.turn[person]] if plan.budget_price > 0 else []  # what prices say of it, not what came of it
        came = [got if at == drawn.turn[person] or (one and one == own) else one for at, one in enumerate(told)]
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
    off = _off(*drawing(base(250, 8, email=0.05, sms=0.02)), people=4)
    assert np.mean(off) < 0.03
    assert np.max(off) < 0.2, "edges: a place that prices leave to either"


def two_sold_out_channels(hair: float, size: int = 250) -> tuple[Problem, DrawnValues]:
    """Everybody's e-mail is worth a cent more than their text, and there is less room for either than is wanted: at
    the prices, nobody who can have both has a better one."""
    plain = base(size, 8, email=0.03, sms=0.02)
    rng = np.random.default_rng(1)
    people = plain.counts.shape[0]
    draws = np.tile(0.05 + rng.normal(0, 0.08, (50, 1)), (1, 4))
    ids = halves_of([UUID(int=person + 1) for person in range(people)])
    apart = hair * 20 * tie_breaks("ties", ids, plain.customer, plain.channel)
    drawn = DrawnValues(
        base=-np.array([0.001, 0.012])[plain.channel] - apart,
        slope=20 * rng.lognormal(0, 0.5, people)[plain.customer],
        cell=rng.integers(0, 4, people)[plain.customer],
        draws=draws,
        turn=rng.integers(0, 50, people),
        least=0.0,
    )
    return replace(plain, value=drawn.own(plain.customer), discount=np.zeros(plain.customer.size)), drawn


def _off(problem: Problem, drawn: DrawnValues, people: int, *, of: Ints | None = None) -> list[float]:
    """By how much a customer's chances differ from how often they are chosen where the plan is made again for each of
    fifty turns of theirs."""
    plan = optimise(problem)
    shares = choice_shares(problem, plan, drawn).alone
    off = []
    for person in (np.unique(problem.customer[plan.day != NOWHERE]) if of is None else of)[:people]:
        rows = np.flatnonzero(problem.customer == person)
        counts = np.zeros(rows.size)
        for repeat in range(len(drawn.draws)):
            value = problem.value.copy()
            value[rows] = drawn.base[rows] + drawn.slope[rows] * drawn.draws[repeat, drawn.cell[rows]]
            value[rows] = np.where(value[rows] > drawn.least, value[rows], np.minimum(value[rows], 0.0))
            counts += optimise(replace(problem, value=value)).day[rows] != NOWHERE
        off.append(float(np.abs(counts / counts.sum() - shares[rows]).max()))
    return off


def budget_that_binds(size: int) -> tuple[Problem, DrawnValues]:
    """Everybody may have money off or not; what it wins beside differs, whether messages work at all is imagined."""
    rng = np.random.default_rng(2)
    customer, discounted = np.repeat(np.arange(size), 2), np.tile([0.0, 1.0], size)
    discount = 0.02 * discounted * np.repeat(rng.lognormal(0, 0.5, size), 2)
    slope = np.repeat(rng.lognormal(1, 0.5, size), 2)
    level = 0.02 + rng.normal(0, 0.02, (50, 1))
    drawn = DrawnValues(
        base=-0.001 - discount, slope=slope, cell=discounted.astype(np.intp), draws=level + np.array([0.0, 0.04]),
        turn=rng.integers(0, 50, size), least=0.0,
    )  # fmt: skip
    plain = base(size, 8)
    problem = replace(
        plain, customer=customer, channel=np.zeros(customer.size, dtype=np.intp), value=drawn.own(customer),
        discount=discount, capacity=np.full((plain.days, 2), size), budget=0.1 * float(discount.sum()),
    )  # fmt: skip
    return problem, drawn


def test_what_makes_a_plan_fit_its_budget_does_so_in_every_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """What prices leave of a budget buys some a dearer offer than they say, whichever draw is theirs: it was taken for
    what one draw of fifty would choose."""
    monkeypatch.setattr(dual_prices, "EXACT", 40)
    problem, drawn = budget_that_binds(300)
    plan = optimise(problem)
    chosen = plan.day != NOWHERE
    fitted = np.setdiff1d(problem.customer[chosen], problem.customer[chosen & chosen_at_prices(problem, plan)])
    assert plan.budget_price > 0
    assert fitted.size >= 1
    assert np.max(_off(problem, drawn, 4, of=fitted)) < 0.1


@pytest.mark.proof
def test_where_both_channels_are_sold_out_a_hair_decides_and_its_chance_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dual_prices, "EXACT", 40)
    left_to_rounding = _off(*two_sold_out_channels(0.0, 1_000), people=8)
    told_apart = _off(*two_sold_out_channels(HAIR, 1_000), people=8)
    assert np.mean(left_to_rounding) > 0.05, "the case is one where rounding decides"
    assert np.mean(told_apart) < 0.03
    assert np.max(told_apart) < 0.2


def test_a_hair_costs_next_to_nothing_and_is_the_same_for_every_draw() -> None:
    (plain, _), (apart, drawn) = two_sold_out_channels(0.0), two_sold_out_channels(HAIR)
    best, found = optimise(plain), optimise(apart)
    worth = [float(plain.value[plan.day != NOWHERE].sum()) for plan in (best, found)]
    assert worth[1] > 0.999 * worth[0]
    people = np.arange(plain.counts.shape[0])
    ids = halves_of([UUID(int=person + 1) for person in range(people.size)])
    again = tie_breaks("ties", ids, plain.customer, plain.channel)
    assert (drawn.base == -np.array([0.001, 0.012])[plain.channel] - HAIR * 20 * again).all()
    assert 0 <= again.min() < again.max() < 1
    assert 0.4 < again.mean() < 0.6
    emails = tie_breaks("ties", ids, people, np.zeros_like(people))
    texts = tie_breaks("ties", ids, people, np.ones_like(people))
    assert abs(np.corrcoef(emails, texts)[0, 1]) < 0.2, "an e-mail's says nothing of a text's"
    assert (emails != tie_breaks("others", ids, people, np.zeros_like(people))).all()


def test_a_draw_is_its_seeds() -> None:
    first, again = (drawing(base(100, 9), 4)[1] for _ in range(2))
    assert first.own(base(100, 9).customer).tolist() == again.own(base(100, 9).customer).tolist()
    assert drawing(base(100, 9), 5)[1].draws[0, 0] != first.draws[0, 0]


def test_nobody_chosen_has_no_shares() -> None:
    problem, drawn = drawing(base(20, 2, email=0.0, sms=0.0))
    found = choice_shares(problem, optimise(problem), drawn)
    assert not found.alone.any()
    assert not found.whole.any()
