"""One round of planning as arrays: prices by coordinate descent on the dual, and the plan read off them. Pure.

See `optimise` for the problem. A place is a pair (day, channel), flattened; worth is what a place would bring a
customer before its price.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from liquor_app.planning.optimizer.problem import NOWHERE, TINY, Flags, Floats, Ints, Problem, Room

SAMPLE = 40_000
"""Customers on which prices are fitted; fewer where there are more places than a week's by two channels."""
USUAL_PLACES = 14
LEAST_SAMPLE = 4_000
SWEEPS = 60
TOLERANCE = 1e-6
HALVINGS = 20
"""Of the interval in which the budget's price lies."""
EXACT = 400
"""Customers on the edge of two decisions, seated by the Hungarian method instead of by price."""
SEATS = 6_000
"""Seats it may choose from; a month of days would make it slow otherwise."""
FILLINGS = 50
"""Rounds of filling what is left; each seats at least one, most are done in a handful."""


class Book:
    """The candidates of one round, laid out by customer, channel and rank: arrays instead of loops.

    `value` and `discount` have shape (people, channels, ranks); a place is a pair (day, channel), flattened.
    """

    def __init__(self, problem: Problem, left: Ints, factor: float, usable: Flags) -> None:
        self.days, self.channels = problem.days, problem.capacity.shape[1]
        self.left_count = left.size
        customer = problem.customer[left]
        self.people, row = np.unique(customer, return_inverse=True)
        # the rank of a candidate among its customer's for the same channel
        order = np.lexsort((np.arange(left.size), problem.channel[left], row))
        key = row[order] * self.channels + problem.channel[left][order]
        starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
        rank = np.arange(key.size) - np.repeat(starts, np.diff(np.r_[starts, key.size]))
        shape = (self.people.size, self.channels, int(rank.max()) + 1)
        self.value = np.full(shape, -np.inf)
        self.discount = np.zeros(shape)
        self.origin = np.full(shape, NOWHERE, dtype=np.intp)
        where = (row[order], problem.channel[left][order], rank)
        self.value[where] = problem.value[left][order] * factor
        self.discount[where] = problem.discount[left][order]
        self.origin[where] = order
        self.usable = usable[self.people]
        self.weight = problem.weights(self.people)

    def worth(self, of_budget: float, rows: slice | Ints = slice(None)) -> tuple[Floats, Ints]:
        """Tell what each place is worth to each customer before its price, and by which rank; shape (people,
        places)."""
        value, asked, weight = self.value[rows], of_budget * self.discount[rows], self.weight[rows]
        people, _, ranks = value.shape
        best = np.empty((people, self.days, self.channels))
        rank = np.zeros((people, self.days, self.channels), dtype=np.intp)
        for day in range(self.days):
            top = value[:, :, 0] * weight[:, day, None] - asked[:, :, 0]
            for other in range(1, ranks):
                score = value[:, :, other] * weight[:, day, None] - asked[:, :, other]
                better = score > top
                rank[:, day][better] = other
                np.maximum(top, score, out=top)
            best[:, day] = top
        best[~self.usable[rows]] = -np.inf
        return best.reshape(people, -1), rank.reshape(people, -1)

    # --- prices ---

    def prices(self, room: Room, budget: float) -> list[tuple[Floats, float]]:
        """Prices of the places, shape (places,), and of a unit of discount; where the budget binds, the prices just
        above and just below it: which of the two rounds better differs."""
        people = self.people.size
        sample = max(SAMPLE * USUAL_PLACES // max(self.days * self.channels, USUAL_PLACES), LEAST_SAMPLE)
        if people > sample:
            rows: slice | Ints = np.arange(sample) * people // sample
            share = sample / people
        else:
            rows, share = slice(None), 1.0
        places: Floats = room.reshape(-1).astype(np.float64) * share
        prices, spent = self._fit(rows, places, 0.0, np.zeros(places.size))
        if spent <= budget * share:
            return [(prices, 0.0)]
        low, high = 0.0, 1.0
        for _ in range(60):
            prices, spent = self._fit(rows, places, high, prices)
            if spent <= budget * share:
                break
            low, high = high, high * 2
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            prices, spent = self._fit(rows, places, middle, prices)
            if spent > budget * share:
                low = middle
            else:
                high = middle
        return [(self._fit(rows, places, price, prices)[0], price) for price in (high, low)]

    def _fit(self, rows: slice | Ints, places: Floats, of_budget: float, start: Floats) -> tuple[Floats, float]:
        """Return the places' prices at a price of the budget, from `start` on, and the discount then spent."""
        worth, rank = self.worth(of_budget, rows)
        prices = start.copy()
        net = np.ascontiguousarray((worth - prices).T)
        groups = _groups(self.days, self.channels)
        last = np.inf
        for _ in range(SWEEPS):
            for group, others in groups:
                prices[group] += _shift(net, group, others, float(prices[group].min()), int(places[group].sum()))
            total = float(np.maximum(net.max(axis=0), 0.0).sum() + prices @ places)
            if last - total <= TOLERANCE * max(1.0, abs(total)):
                break
            last = total
        place = net.argmax(axis=0)
        person = np.flatnonzero(net.max(axis=0) > 0)
        place = place[person]
        given = self.discount[rows][person, place % self.channels, rank[person, place]]
        return prices, float(given.sum())

    def dual(self, prices: Floats, of_budget: float, room: Room, budget: float) -> float:
        """Return the bound these prices prove."""
        worth, _ = self.worth(of_budget)
        surplus = np.maximum((worth - prices).max(axis=1), 0.0).sum()
        return float(surplus + prices @ room.reshape(-1).astype(np.float64)) + of_budget * budget

    # --- the plan ---

    def plan(self, prices: Floats, of_budget: float, room: Room, budget: float) -> Ints:
        """Return the day of each candidate of the round or −1, shape (left,)."""
        worth, rank = self.worth(of_budget)
        seat = np.full(self.people.size, NOWHERE, dtype=np.intp)
        free = room.reshape(-1).copy()
        undecided = _undecided(worth - prices)
        clear = np.ones(self.people.size, dtype=np.bool_)
        clear[undecided] = False
        _seat(worth, prices, seat, free, np.flatnonzero(clear))
        _match(worth, seat, free, undecided)
        spent = self._within_budget(seat, rank, free, budget)
        # what prices left empty is filled by value, what they left unspent buys better offers
        left = self._fill(seat, rank, worth, free, budget - spent)
        self._upgrade(seat, rank, left)
        day = np.full(self.left_count, NOWHERE, dtype=np.intp)
        placed = np.flatnonzero(seat != NOWHERE)
        at = seat[placed]
        day[self.origin[placed, at % self.channels, rank[placed, at]]] = at // self.channels
        return day

    def _discounts(self, people: Ints, place: Ints, rank: Ints) -> Floats:
        given: Floats = self.discount[people, place % self.channels, rank[people, place]]
        return given

    def _within_budget(self, seat: Ints, rank: Ints, free: Room, budget: float) -> float:
        """Give up discounts until the budget holds, the least gain per unit of discount first: by a cheaper offer for
        the same place, else by no message. Changes `seat`, `rank` and `free`; returns what is spent."""
        placed = np.flatnonzero(seat != NOWHERE)
        place = seat[placed]
        given = self._discounts(placed, place, rank)
        spent = float(given.sum())
        if spent <= budget + TINY:
            return spent
        day, channel = place // self.channels, place % self.channels
        offers = self.value[placed, channel]
        free_of_charge = np.where(self.discount[placed, channel] <= TINY, offers, -np.inf)
        cheaper = free_of_charge.argmax(axis=1)
        instead = np.maximum(free_of_charge.max(axis=1), 0.0)
        loss = (offers[np.arange(placed.size), rank[placed, place]] - instead) * self.weight[placed, day]
        order = np.lexsort((placed, loss / np.maximum(given, TINY)))
        order = order[given[order] > 0]
        enough = int(np.searchsorted(np.cumsum(given[order]), spent - budget - TINY)) + 1
        changed = order[:enough]
        kept, dropped = changed[instead[changed] > 0], changed[instead[changed] <= 0]
        rank[placed[kept], place[kept]] = cheaper[kept]
        np.add.at(free, place[dropped], 1)
        seat[placed[dropped]] = NOWHERE
        return spent - float(given[changed].sum())

    def _fill(self, seat: Ints, rank: Ints, worth: Floats, free: Room, budget: float) -> float:
        """Seat whoever still gains in what is free, highest worth first, within the budget; returns what is left of
        it. Changes `seat` and `free`."""
        for _ in range(FILLINGS):
            waiting = np.flatnonzero(seat == NOWHERE)
            gain = np.where(free > 0, worth[waiting], -np.inf)
            if waiting.size == 0 or free.max(initial=0) == 0:
                return budget
            place = gain.argmax(axis=1)
            given = self._discounts(waiting, place, rank)
            good = (gain[np.arange(waiting.size), place] > 0) & (given <= budget + TINY)
            waiting, place, given = waiting[good], place[good], given[good]
            if waiting.size == 0:
                return budget
            order = np.lexsort((waiting, -worth[waiting, place]))
            waiting, place, given = waiting[order], place[order], given[order]
            taken = _first_in(place, free) & (np.cumsum(given) <= budget + TINY)
            if not taken.any():
                taken[np.flatnonzero(_first_in(place, free))[0]] = True
            seat[waiting[taken]] = place[taken]
            np.subtract.at(free, place[taken], 1)
            budget -= float(given[taken].sum())
        return budget

    def _upgrade(self, seat: Ints, rank: Ints, budget: float) -> None:
        """Better offers for the same place as far as the budget reaches, most gain per discount first."""
        placed = np.flatnonzero(seat != NOWHERE)
        place = seat[placed]
        channel = place % self.channels
        offers, given = self.value[placed, channel], self.discount[placed, channel]
        person = np.arange(placed.size)
        for _ in range(self.value.shape[2] + 8):
            now = rank[placed, place]
            gain = (offers - offers[person, now][:, None]) * self.weight[placed, place // self.channels][:, None]
            extra = given - given[person, now][:, None]
            ratio = np.where((gain > TINY) & (extra <= budget), gain / np.maximum(extra, TINY), -np.inf)
            better = ratio.argmax(axis=1)
            order = np.lexsort((placed, -ratio[person, better]))
            order = order[np.isfinite(ratio[order, better[order]])]
            fits = np.cumsum(np.maximum(extra[order, better[order]], 0.0)) <= budget
            if not fits.any():
                return
            changed = order[fits]
            rank[placed[changed], place[changed]] = better[changed]
            budget -= float(extra[changed, better[changed]].sum())


def _groups(days: int, channels: int) -> list[tuple[Ints, Ints]]:
    """Places whose prices move together, with all others: everything, by channel, by day, one by one. Alone, no price
    of a week that is sold out could rise, because its customers would only move to the next day."""
    places = np.arange(days * channels).reshape(days, channels)
    singles = [np.array([place]) for place in places.reshape(-1)]
    groups = [places.reshape(-1), *places.T, *places, *singles]
    return [(group, np.setdiff1d(places, group)) for group in groups]


def _shift(net: Floats, group: Ints, others: Ints, lowest: float, seats: int) -> float:
    """Tell how far a group's prices should move together for the dual to be least, the others standing.

    `net` is worth less price, shape (places, people), and is moved along; no price falls below zero (`lowest` is the
    group's lowest now).
    """
    gain = net[group].max(axis=0)
    if others.size:
        gain -= np.maximum(net[others].max(axis=0), 0.0)
    kth = gain.size - 1 - seats
    step = -lowest if kth < 0 else max(-lowest, float(np.partition(gain, kth)[kth]))
    if step:
        net[group] -= step
    return step


def _undecided(net: Floats) -> Ints:
    """Return the customers whom the smallest change of prices would move: between two places, or in and out of the
    plan."""
    best = net.argmax(axis=1)
    person = np.arange(net.shape[0])
    top = net[person, best]
    rest = net.copy()
    rest[person, best] = -np.inf
    margin = np.where(top > 0, top - np.maximum(rest.max(axis=1), 0.0), -top)
    if margin.size <= EXACT:
        return person
    return np.sort(np.argpartition(margin, EXACT)[:EXACT])


def _match(worth: Floats, seat: Ints, free: Room, people: Ints) -> None:
    """Seat a few people at best (Hungarian method) in what is free. Changes `seat` and `free`."""
    places = np.repeat(np.arange(free.size), np.minimum(free, max(1, SEATS // free.size)))
    gain = np.maximum(worth[people][:, places], 0.0)
    row, column = linear_sum_assignment(gain, maximize=True)
    good = gain[row, column] > 0
    seat[people[row[good]]] = places[column[good]]
    np.subtract.at(free, places[column[good]], 1)


def _seat(worth: Floats, prices: Floats, seat: Ints, free: Room, among: Ints) -> None:
    """Each of `among` to the place that leaves them most at these prices; who finds it full goes to the next best.

    In each round a full place keeps those who would lose most elsewhere. Changes `seat` and `free`.
    """
    net = worth - prices
    for _ in range(prices.size + 1):
        waiting = among[seat[among] == NOWHERE]
        options = np.where(free > 0, net[waiting], -np.inf)
        place = options.argmax(axis=1)
        best = options[np.arange(waiting.size), place]
        wants = best >= -TINY
        if not wants.any():
            return
        options[np.arange(waiting.size), place] = -np.inf
        regret = best - np.maximum(options.max(axis=1), 0.0)
        waiting, place, regret = waiting[wants], place[wants], regret[wants]
        order = np.lexsort((waiting, -regret))
        waiting, place = waiting[order], place[order]
        taken = _first_in(place, free)
        seat[waiting[taken]] = place[taken]
        np.subtract.at(free, place[taken], 1)


def _first_in(place: Ints, free: Room) -> Flags:
    """Tell which of a queue still find room, first come first served; shape of `place`."""
    order = np.argsort(place, kind="stable")
    sorted_place = place[order]
    starts = np.flatnonzero(np.r_[True, sorted_place[1:] != sorted_place[:-1]])
    position = np.arange(place.size) - np.repeat(starts, np.diff(np.r_[starts, place.size]))
    taken = np.empty(place.size, dtype=np.bool_)
    taken[order] = position < free[sorted_place]
    return taken
