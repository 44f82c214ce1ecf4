"""What actions are worth when effects are drawn instead of believed, and how likely a choice made so was. Pure.

On autopilot every customer's actions are valued by one of `REPEATS` imagined truths (Thompson sampling: Thompson 1933;
Russo et al. 2018), and the plan is made with those values. How likely it was to choose just that action is counted over
all the imagined truths at the *plan's own prices*: one customer's draw hardly moves the price of a place, and a new
optimum for each of fifty draws would take fifty times as long to say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from liquor_app.actions.frequency_caps import open_days
from liquor_app.planning.optimizer.problem import NOWHERE, Allocation, Flags, Floats, Ints, Problem

T = TypeVar("T", bound=np.generic)
REPEATS = 50
"""Imagined truths: a chance is known to two in a hundred."""
BLOCK = 8_192
"""Candidates looked at together."""


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

    def own(self, customer: Ints) -> Floats:
        """Return what every candidate is worth under its customer's own draw."""
        value = self.draws.ravel().take(self.turn.take(customer) * self.draws.shape[1] + self.cell)
        value *= self.slope
        value += self.base
        return np.asarray(np.where(value > self.least, value, np.minimum(value, 0.0)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class ChoiceShares:
    """Of the draws in which a customer gets anything, how many choose a candidate and nothing beside it (`alone`), and
    how many choose just all that the plan chose for them (`whole`, of what was chosen); shape (n,) each."""

    alone: Floats
    whole: Floats


def choice_shares(problem: Problem, plan: Allocation, drawn: DrawnValues) -> ChoiceShares:
    """Return how often each candidate would be chosen, of the draws in which its customer gets anything.

    Customers whom the plan left alone have 0: nobody is drawn into an arm who was not chosen. A customer's own draw
    counts as what came of it, so whatever was chosen has a share above 0. Where a budget binds, so does every draw of
    which the prices say the same as of that one: what made the plan fit the budget gave them something else, whatever
    is imagined (ADR 154). Where a plan may hold several messages for one, each draw chooses as many as pay, best first;
    what somebody gets is all of them together.
    """
    found = ChoiceShares(np.zeros(problem.customer.size), np.zeros(problem.customer.size))
    chosen = plan.day != NOWHERE
    served = np.zeros(problem.counts.shape[0], dtype=np.bool_)
    served[problem.customer[chosen]] = True
    rows = np.flatnonzero(served[problem.customer])
    if rows.size == 0:
        return found
    rows = rows[np.argsort(problem.customer[rows], kind="stable")]
    first = np.flatnonzero(np.r_[True, np.diff(problem.customer[rows]) != 0])
    usable = open_days(problem.counts, problem.days, problem.cap_7, problem.cap_30)
    # fifty rounds over what the processor's cache holds take a third of the time of as many over all of it
    for start, end in _blocks(first, rows.size):
        block = _AtPrices.of(problem, plan, usable, rows[start:end])
        found.alone[block.rows], found.whole[block.rows] = block.shares(drawn, chosen)
    return found


def chosen_at_prices(problem: Problem, plan: Allocation) -> Flags:
    """Tell which candidates would be chosen at the prices of a plan that was made without them, shape (n,)."""
    chosen = np.zeros(problem.customer.size, dtype=np.bool_)
    rows = np.argsort(problem.customer, kind="stable")
    if rows.size:
        usable = open_days(problem.counts, problem.days, problem.cap_7, problem.cap_30)
        block = _AtPrices.of(problem, plan, usable, rows)
        chosen[rows] = block.winners(block.table(problem.value[rows], np.float64(-np.inf)), 0.0)[block.place]
    return chosen


def _blocks(first: Ints, size: int) -> Iterator[tuple[int, int]]:
    """Yield where blocks of about `BLOCK` rows begin and end; a customer's rows, which begin at `first`, stay
    together."""
    start = 0
    while start < size:
        nth = int(np.searchsorted(first, start + BLOCK))
        end = int(first[nth]) if nth < first.size else size
        yield start, end
        start = end


@dataclass(frozen=True, slots=True)
class _AtPrices:
    """Candidates of whom a plan chose, shape (m,), by customer, and what their days cost at its prices.

    They are looked at as a table of (width, people), a customer's down a column; what is missing there is worth
    nothing.
    """

    rows: Ints
    customers: Ints
    """Whose the columns are, shape (people,)."""
    place: tuple[Ints, Ints]
    """Where each candidate stands in the table, shape (m,) each."""
    width: int
    weight: Floats
    """What each day is worth, shape (days, people)."""
    asked: Floats
    """The price of each day and of the discount, shape (days, width, people); infinite where a day is closed."""
    most: int
    is_budgeted: bool
    """A budget binds: what is spent has a price, and the plan was made to fit by giving some a cheaper or dearer offer
    than prices say."""

    @classmethod
    def of(cls, problem: Problem, plan: Allocation, usable: Flags, rows: Ints) -> _AtPrices:
        customer = problem.customer[rows]
        starts = np.flatnonzero(np.r_[True, customer[1:] != customer[:-1]])
        many = np.diff(np.r_[starts, customer.size])
        column = np.repeat(np.arange(starts.size), many)
        place = (np.arange(rows.size) - starts[column], column)
        width, customers = int(many.max()), customer[starts]
        asked = np.full((problem.days, width, starts.size), np.inf)
        of_row = plan.budget_price * problem.discount[rows] + plan.price[:, problem.channel[rows]]
        asked[:, *place] = np.where(usable[customer].T, of_row, np.inf)
        weight = np.ascontiguousarray(problem.weights(customers).T)
        return cls(rows, customers, place, width, weight, asked, problem.max_per_customer, plan.budget_price > 0)

    def table(self, values: npt.NDArray[T], empty: T) -> npt.NDArray[T]:
        """Return candidates' values, shape (m,), where they stand; `empty` where none does."""
        table = np.full((self.width, self.customers.size), empty, dtype=values.dtype)
        table[self.place] = values
        return table

    def shares(self, drawn: DrawnValues, chosen: Flags) -> tuple[Floats, Floats]:
        """Return how often each is chosen alone, and how often just what the plan chose, of the draws in which its
        customer gets anything, shape (m,) each; what the plan chose counts in the draw whose turn it was and, where
        a budget binds, wherever the prices say what they say there."""
        base = self.table(drawn.base[self.rows], np.float64(-np.inf))
        slope = self.table(drawn.slope[self.rows], np.float64(0))
        cell, picked = self.table(drawn.cell[self.rows], np.intp(0)), self.table(chosen[self.rows], np.False_)
        turns = drawn.turn[self.customers]
        alone, whole, any_wins = np.zeros(cell.shape), np.zeros(turns.size), np.zeros(turns.size)
        told: Flags = picked
        says: Flags = np.zeros(turns.size, dtype=np.bool_)
        if self.is_budgeted:
            told = self.winners(base + slope * drawn.draws[turns, cell], drawn.least)
            says = np.asarray(told.any(axis=0), dtype=np.bool_)
        for repeat, uplifts in enumerate(drawn.draws):
            won = self.winners(base + slope * uplifts.take(cell), drawn.least)
            mine: Flags = np.equal(turns, repeat)
            if self.is_budgeted:
                mine = np.asarray(mine | (says & (won == told).all(axis=0)), dtype=np.bool_)
            won[:, mine] = picked[:, mine]
            alone += won & (won.sum(axis=0) == 1) if self.most > 1 else won
            whole += (won == picked).all(axis=0)
            any_wins += won.any(axis=0)
        of_all = np.where(picked, whole, 0.0)
        return (alone / any_wins)[self.place], (of_all / any_wins)[self.place]

    def winners(self, value: Floats, least: float) -> Flags:
        """Tell which are chosen if they are worth this, shape (width, people): of each customer the best that gain
        anything, of those that bring the least that is asked."""
        gain, on = np.full(value.shape, -np.inf), np.empty(value.shape)
        for weight, asked in zip(self.weight, self.asked, strict=True):
            np.multiply(value, weight, out=on)
            np.subtract(on, asked, out=on)
            np.maximum(gain, on, out=gain)
        gain[value <= max(least, 0.0)] = -np.inf
        if self.most > 1:
            rank = np.argsort(np.argsort(-gain, axis=0, kind="stable"), axis=0)
            return np.asarray((gain > 0) & (rank < self.most), dtype=np.bool_)
        top = gain.max(axis=0)
        won = (gain == top) & (top > 0)
        for nth in range(1, self.width):  # of equals the first
            won[nth] &= ~won[:nth].any(axis=0)
        return np.asarray(won, dtype=np.bool_)
