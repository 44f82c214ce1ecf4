"""What actions are worth when effects are drawn instead of believed, and how likely a choice made so was. Pure.

On autopilot every customer's actions are valued by one of `REPEATS` imagined truths (Thompson sampling: Thompson 1933;
Russo et al. 2018), and the plan is made with those values. How likely it was to choose just that action is counted over
all the imagined truths at the *plan's own prices*: one customer's draw hardly moves the price of a place, and a new
optimum for each of fifty draws would take fifty times as long to say the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from liquor_app.actions.frequency_caps import open_days
from liquor_app.planning.optimizer.problem import NOWHERE, Allocation, Flags, Floats, Ints, Problem

REPEATS = 50
"""Imagined truths: a chance is known to two in a hundred."""


@dataclass(frozen=True, slots=True)
class DrawnValues:
    """Values of candidates, shape (n,), under each imagined truth.

    A candidate is worth `base` + uplift · `slope`, money. `draws` (repeats, cells) are uplifts by `cell` (n,); `turn`
    (people,) is whose values come from which draw.
    """

    base: Floats
    slope: Floats
    cell: Ints
    draws: Floats
    turn: Ints
    least: float
    """What an action must bring, money; of one that does not, the value is at most 0."""

    def values(self, rows: Ints, repeat: Ints | int) -> Floats:
        """Return what these candidates are worth under one draw, or under one each."""
        value = self.base[rows] + self.slope[rows] * self.draws[repeat, self.cell[rows]]
        return np.asarray(np.where(value > self.least, value, np.minimum(value, 0.0)), dtype=np.float64)

    def own(self, customer: Ints) -> Floats:
        """Return what every candidate is worth under its customer's own draw."""
        return self.values(np.arange(customer.size), self.turn[customer])


def choice_shares(problem: Problem, plan: Allocation, drawn: DrawnValues) -> Floats:
    """Return how often each candidate would be chosen, of the draws in which its customer gets anything; shape (n,).

    Customers whom the plan left alone have 0: nobody is drawn into an arm who was not chosen. A customer's own draw
    counts as what came of it, so whatever was chosen has a share above 0. Where a plan may hold several messages for
    one, each draw chooses as many as pay, best first.
    """
    shares = np.zeros(problem.customer.size)
    chosen = plan.day != NOWHERE
    served = np.zeros(problem.counts.shape[0], dtype=np.bool_)
    served[problem.customer[chosen]] = True
    rows = np.flatnonzero(served[problem.customer])
    if rows.size == 0:
        return shares
    at = _AtPrices.of(problem, plan, rows[np.argsort(problem.customer[rows], kind="stable")])
    turns, picked = drawn.turn[problem.customer[at.rows]], chosen[at.rows]
    wins, any_wins = np.zeros(rows.size), np.zeros(at.starts.size)
    for repeat in range(drawn.draws.shape[0]):
        won = np.where(turns == repeat, picked, at.winners(drawn.values(at.rows, repeat)))
        wins += won
        any_wins += np.logical_or.reduceat(won, at.starts)
    shares[at.rows] = wins / any_wins[at.person]
    return shares


@dataclass(frozen=True, slots=True)
class _AtPrices:
    """Candidates of whom a plan chose, shape (m,), by customer, and what their days cost at its prices."""

    rows: Ints
    starts: Ints
    """Where each customer's begin."""
    person: Ints
    """Index into `starts`, shape (m,)."""
    weight: Floats
    """What each day is worth, shape (m, days)."""
    asked: Floats
    """The price of each day and of the discount, shape (m, days); infinite where a day is closed."""
    most: int

    @classmethod
    def of(cls, problem: Problem, plan: Allocation, rows: Ints) -> _AtPrices:
        customer = problem.customer[rows]
        starts = np.flatnonzero(np.r_[True, customer[1:] != customer[:-1]])
        asked = plan.budget_price * problem.discount[rows][:, None] + plan.price[:, problem.channel[rows]].T
        usable = open_days(problem.counts, problem.days, problem.cap_7, problem.cap_30)[customer]
        person = np.repeat(np.arange(starts.size), np.diff(np.r_[starts, customer.size]))
        return cls(
            rows, starts, person, problem.weights(customer), np.where(usable, asked, np.inf), problem.max_per_customer
        )

    def winners(self, value: Floats) -> Flags:
        """Tell which are chosen if they are worth this, shape (m,): of each customer the best that gain anything."""
        gain = np.full(value.size, -np.inf)
        for day in range(self.asked.shape[1]):
            np.maximum(gain, value * self.weight[:, day] - self.asked[:, day], out=gain)
        gain[value <= 0] = -np.inf
        if self.most == 1:
            best = gain == np.maximum.reduceat(gain, self.starts)[self.person]
            first = np.flatnonzero(best)
            first = first[np.r_[True, self.person[first[1:]] != self.person[first[:-1]]]]
            won = np.zeros(gain.size, dtype=np.bool_)
            won[first] = gain[first] > 0
            return won
        order = np.lexsort((np.arange(gain.size), -gain, self.person))
        rank = np.empty(gain.size, dtype=np.intp)
        rank[order] = np.arange(gain.size) - self.starts[self.person]
        return np.asarray((gain > 0) & (rank < self.most), dtype=np.bool_)
