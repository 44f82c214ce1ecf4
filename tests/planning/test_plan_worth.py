"""What is said of a plan's worth is true in every case: at a loss, at nothing, at a gain, bound by limits or not."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from liquor_app.actions.frequency_caps import BACK
from liquor_app.planning.optimizer.optimise import optimise, verdicts
from liquor_app.planning.optimizer.problem import NOWHERE, Allocation, Problem, Verdict
from liquor_app.planning.reasoning.plan_worth import (
    beside_words,
    binding_words,
    doubt_of,
    gap_words,
    measure_words,
)

DAYS = 2


def problem(values: list[float], room: int, budget: float, most: int = 1, people: int | None = None) -> Problem:
    """Candidates by e-mail, each of a customer of their own, over two days."""
    count = len(values)
    owners = np.arange(count, dtype=np.intp) if people is None else np.arange(count, dtype=np.intp) % people
    span = 2 * BACK + DAYS
    return Problem(
        customer=owners,
        channel=np.zeros(count, dtype=np.intp),
        value=np.array(values),
        discount=np.linspace(1.0, 2.0, count),
        counts=np.zeros((int(owners.max()) + 1, span), dtype=np.int16),
        weight=np.array([1.0, 0.9]),
        capacity=np.array([[room, 0], [room, 0]], dtype=np.int64),
        budget=budget,
        cap_7=7,
        cap_30=30,
        max_per_customer=most,
    )


def best(of: Problem) -> float:
    """The best there is, every choice tried: one message a customer."""
    found = 0.0
    for days in itertools.product((NOWHERE, 0, 1), repeat=len(of.value)):
        day = np.array(days)
        taken = np.flatnonzero(day != NOWHERE)
        fits = all((day == on).sum() <= of.capacity[on, 0] for on in range(DAYS))
        if fits and of.discount[taken].sum() <= of.budget + 1e-9:
            found = max(found, float(of.worth(taken, day[taken]).sum()))
    return found


@cache
def most_gained(room: int, budget: float, of_budget: bool | None = None) -> float:
    """The best there is; with one more dollar, or with one more message on the better day."""
    whole = problem(VALUES, room, budget)
    if of_budget is None:
        return best(whole)
    if of_budget:
        return best(replace(whole, budget=whole.budget + 1))
    ones = [np.array(one) for one in ([[1, 0], [0, 0]], [[0, 0], [1, 0]])]
    return max(best(replace(whole, capacity=whole.capacity + one)) for one in ones)


def limits(**more: Any) -> Any:
    return SimpleNamespace(kept_share=0, max_per_customer=1, discount_budget=5, **more)


def summary(
    profit: str, *, kept: str = "0", drawn: bool = False, random_cost: str = "0", **more: Any
) -> dict[str, Any]:
    return {
        "simulation": {"incremental_profit": {"mean": profit}, "value_kept": kept},
        "arms": {"random_cost": random_cost, "usual_cost": "0"},
        "optimality": {},
        "rejected": [],
        **({"drawn": {"repeats": 50}} if drawn else {}),
        **more,
    }


VALUES = [6.0, 5.0, 4.0, 2.5, 1.0]


@pytest.mark.parametrize("room", [0, 1, 2, 5])
@pytest.mark.parametrize("budget", [0.0, 3.0, 100.0])
@pytest.mark.parametrize("profit", ["-12.00", "-0.30", "0.00", "0.30", "12.00"])
@pytest.mark.parametrize("drawn", [False, True])
@pytest.mark.parametrize("kept", ["0", "9.00"])
@pytest.mark.parametrize("random_cost", ["0", "2.00"])
def test_every_word_is_true_in_every_case(
    room: int, budget: float, profit: str, drawn: bool, kept: str, random_cost: str
) -> None:
    """ "No better plan exists" and "Sending nothing would earn as much" were said of plans expected to lose."""
    whole = problem(VALUES, room, budget)
    plan = optimise(whole)
    reasons = {Verdict.BUDGET: "discount_budget_spent", Verdict.CAPACITY: "capacity_full"}
    codes = verdicts(whole, plan)
    rejected = [
        {"reason": reasons[Verdict(int(code))]} for code in set(codes.tolist()) if Verdict(int(code)) in reasons
    ]
    told = summary(profit, kept=kept, drawn=drawn, random_cost=random_cost, rejected=rejected)
    bounds = limits() if kept == "0" else replace_kept(limits())

    measure = measure_words(bounds, told)
    assert ("assumed to keep" in measure) is (kept != "0")
    assert ("as drawn" in measure) is drawn

    words = gap_words(plan, bounds, told)
    assert (words == "") is (plan.value == plan.bound == 0)
    if words:
        assert words.startswith(f"By {measure}, "), "better by what it is chosen by, not by what it is expected to earn"
    if "no better choice exists" in words:
        assert plan.value == pytest.approx(most_gained(room, budget), abs=1e-6)
    elif words:
        assert most_gained(room, budget) <= plan.bound + 1e-6

    doubt = doubt_of(told)
    earned = float(profit)
    assert (doubt is None) is (earned > 0)
    if doubt is not None:
        assert doubt.title.endswith("earn more" if earned < 0 else "earn as much")
        assert ("value at risk" in doubt.words) is (kept != "0")
        assert ("to learn" in doubt.words) is drawn
        assert ("actions at random" in doubt.words) is (random_cost != "0")
        assert ("−" in doubt.words) is (earned < 0)

    for title, text in binding_words(plan, bounds, told):
        assert measure in text
        most = float(re.findall(r"at most \$([0-9.]+)", text)[0])
        gained = most_gained(room, budget, of_budget="budget" in title) - most_gained(room, budget)
        assert gained <= most + 0.005, f"{title}: {gained:.2f} more could be had"
    if room == 5 and budget == 100.0:
        assert binding_words(plan, bounds, told) == []
    assert ("leaves out what is kept" in beside_words(plan, 1.0, bounds, told)) is (kept != "0")


def replace_kept(found: Any) -> Any:
    found.kept_share = 1
    return found


@pytest.mark.parametrize(("value", "ending"), [
    (10.0, "no round could be better after those before it."),
    (8.0, "the rounds could be at most 20.0% better, each after those before it."),
])  # fmt: skip
def test_of_several_messages_only_rounds_are_told(value: float, ending: str) -> None:
    """The bounds of rounds are none of the whole: another first round may leave a better second."""
    plan = Allocation(np.zeros(1, dtype=np.intp), np.zeros((DAYS, 2)), 0.0, value, 10.0)
    bounds = limits()
    bounds.max_per_customer = 2
    words = gap_words(plan, bounds, summary("1"))
    assert words.startswith("Messages are chosen in rounds")
    assert words.endswith(ending)
    within = gap_words(plan, bounds, summary("1", optimality={"within": "the AI planner's shares"}))
    assert "within the AI planner's shares and these limits, " in within


def test_a_price_where_there_is_room_left_is_not_told() -> None:
    """A dual may say a price of a day that is not full in the plan that was taken."""
    price = np.array([[3.0, 0.0], [2.0, 0.0]])
    full = np.array([[False, False], [True, False]])
    plan = Allocation(np.zeros(1, dtype=np.intp), price, 0.0, 1.0, 1.0, full)
    ((title, text),) = binding_words(plan, limits(), summary("1"))
    assert title == "E-mail is full"
    assert "at most $2.00" in text
    bounds = limits()
    bounds.max_per_customer = 2
    ((_, text),) = binding_words(plan, bounds, summary("1"))
    assert "was priced at $2.00 when everybody's first message was chosen" in text
    assert binding_words(replace(plan, full=np.zeros_like(full)), limits(), summary("1")) == []
