"""What a plan is worth beside other plans and beside sending nothing, in words that hold whatever it earns. Pure.

A plan is the best by what its actions are chosen by, which need not be what it is expected to earn: a return that is
assumed to be kept counts there, and what was drawn from what is believed; and some actions are left to chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liquor_app.actions.eligibility import Reason
from liquor_app.campaigns.brief import Limits
from liquor_app.planning.optimizer.problem import TINY, Allocation
from liquor_app.ui.words import percent, show_money

NO_GAP = 0.0005
"""Closer to the bound than a twentieth of a per cent is told as the best there is."""
HALF_A_CENT = 0.005


@dataclass(frozen=True, slots=True)
class Doubt:
    """That a plan is not expected to earn more than sending nothing would."""

    title: str
    words: str


def measure_words(limits: Limits, summary: Mapping[str, Any]) -> str:
    """Tell what actions are chosen by: "expected profit with what a return is assumed to keep"."""
    kept = " with what a return is assumed to keep" if limits.kept_share > 0 else ""
    return f"expected profit{kept}{', as drawn from what is believed' if summary.get('drawn') else ''}"


def gap_words(plan: Allocation, limits: Limits, summary: Mapping[str, Any]) -> str:
    """Tell how much better another choice could be; empty of a plan that nothing was chosen for.

    Several messages to one customer are chosen in rounds, and only each round's bound is known.
    """
    if plan.bound <= TINY:
        return ""
    within = summary.get("optimality", {}).get("within")
    named = f"{within} and these limits" if within else "these limits"
    measure = measure_words(limits, summary)
    if limits.max_per_customer > 1:
        rounds = f"Messages are chosen in rounds, one for each customer at a time: by {measure}, within {named},"
        if plan.gap < NO_GAP:
            return f"{rounds} no round could be better after those before it."
        return f"{rounds} the rounds could be at most {percent(plan.gap, 1)} better, each after those before it."
    if plan.gap < NO_GAP:
        return f"By {measure}, no better choice exists within {named}."
    return f"By {measure}, no choice within {named} can be more than {percent(plan.gap, 1)} better."


def doubt_of(summary: Mapping[str, Any]) -> Doubt | None:
    """Tell what a plan rests on that is not expected to earn more than sending nothing would; None if it is."""
    simulated, arms = summary["simulation"], summary.get("arms") or {}
    profit = float(simulated["incremental_profit"]["mean"])
    if profit >= HALF_A_CENT:
        return None
    if profit > -HALF_A_CENT:
        title = "Sending nothing is expected to earn as much"
        words = "The messages themselves are expected to bring nothing against sending nothing."
    else:
        title = "Sending nothing is expected to earn more"
        words = f"The messages themselves are expected to bring {show_money(profit)} against sending nothing."
    if (kept := float(simulated.get("value_kept") or 0)) >= HALF_A_CENT:
        words += f" They are chosen for {show_money(kept)} of value at risk that is assumed to be kept, too."
    if summary.get("drawn"):
        words += " They are chosen by draws from what is believed: some are sent to learn what messages change."
    for arm, whose in (("random", "actions at random"), ("usual", "business as usual")):
        if float(arms.get(f"{arm}_cost") or 0) >= HALF_A_CENT:
            words += f" {show_money(arms[f'{arm}_cost'])} is what {whose} are expected to cost."
    return Doubt(title, words.replace("business as usual are", "business as usual is"))


def binding_words(plan: Allocation, limits: Limits, summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what more room would be worth at most, title and text, of each limit that something was left out for.

    Prices are a dual's: whatever is added, at what they ask, bounds what any plan could gain by it. Where two limits
    meet, more of one alone may bring nothing; and of several messages to one customer only a round's price is known.
    """
    measure, told = measure_words(limits, summary), []
    for index, name in enumerate(("E-mail", "SMS")):
        dearest = float(plan.price_where_full[:, index].max()) if plan.price.size else 0.0
        if dearest >= HALF_A_CENT:
            one = f"One more {name if name == 'SMS' else name.lower()} on the fullest day"
            told.append((f"{name} is full", _at_most(one, dearest, plan, limits, measure)))
    left_out = {row["reason"] for row in summary["rejected"]}
    if plan.budget_price > 0 and Reason.BUDGET in left_out:
        one = f"One more dollar than {show_money(limits.discount_budget)}"
        told.append(("The discount budget leaves some out", _at_most(one, plan.budget_price, plan, limits, measure)))
    return told


def _at_most(one: str, price: float, plan: Allocation, limits: Limits, measure: str) -> str:
    if limits.max_per_customer > 1:
        return f"{one} was priced at {show_money(price)} when everybody's first message was chosen, by {measure}."
    return f"{one} would be worth at most {show_money(price + plan.slack)}, by {measure}."


def beside_words(plan: Allocation, other: float, limits: Limits, summary: Mapping[str, Any]) -> str:
    """Tell what another way to plan the same week would have been worth."""
    kept = " The expected profit leaves out what is kept." if limits.kept_share > 0 else ""
    return (
        f"Worth {show_money(other)} beside {show_money(plan.value)} of this plan, so it was not taken: both by"
        f" {measure_words(limits, summary)}.{kept}"
    )
