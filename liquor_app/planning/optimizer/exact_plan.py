"""One round of planning for a small shop, solved to its end: a mixed-integer program (HiGHS by `scipy.optimize.milp`).

With a handful of customers one seat or one dollar of the budget decides a large part of the plan, and what prices and
repairs leave behind is not small. From a few hundred candidates on it is, and the program would take too long. Pure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_matrix

from liquor_app.planning.optimizer.problem import NOWHERE, Flags, Ints, Problem, Room

MOST_CANDIDATES = 400
MOST_SEATS = 12_000
"""Pairs of a candidate and a day it may have: four weeks of the most candidates, one message a person and day."""
SECONDS = 5.0
"""After which the best plan found so far counts, if any."""
GAP = 1e-3
"""Of its value a plan may be away from the best; a plan of a few customers is the best."""


def solve_exactly(problem: Problem, left: Ints, usable: Flags, room: Room, budget: float) -> tuple[Ints, float] | None:
    """Return the day of each candidate of `left` or −1, shape (left,), and a value no plan of this round can exceed;
    None where the round is too large, or nothing was found in time.

    Args:
        usable: the days on which a person may be written to, shape (people, days).
        room: messages left, shape (days, channels).
    """
    if left.size > MOST_CANDIDATES:
        return None
    fits = usable[problem.customer[left]] & (room[:, problem.channel[left]].T > 0)
    which, day = np.nonzero(fits & (problem.discount[left] <= budget)[:, None])
    if not 0 < which.size <= MOST_SEATS:
        return None
    candidate = left[which]
    value = problem.worth(candidate, day)
    _, person = np.unique(problem.customer[candidate], return_inverse=True)
    places = room.shape[1] * day + problem.channel[candidate]
    people, seats = int(person.max()) + 1, np.arange(which.size)
    rows = np.concatenate([person, people + places, np.full(which.size, people + room.size)])
    shares = np.concatenate([np.ones(2 * which.size), problem.discount[candidate]])
    matrix = coo_matrix((shares, (rows, np.tile(seats, 3))), shape=(people + room.size + 1, which.size))
    most = np.concatenate([np.ones(people), room.reshape(-1), [budget]])
    with _quietly():
        found = milp(
            -value,
            integrality=np.ones(which.size),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(matrix.tocsr(), ub=most),
            options={"time_limit": SECONDS, "mip_rel_gap": GAP},
        )
    if found.x is None:
        return None
    days = np.full(left.size, NOWHERE, dtype=np.intp)
    chosen = np.flatnonzero(found.x > 0.5)
    if problem.discount[candidate[chosen]].sum() > budget:  # the solver's tolerance is not ours
        return None
    days[which[chosen]] = day[chosen]
    return days, -float(found.mip_dual_bound)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep what the solver prints past Python's own streams out of them: a command's JSON has to stay JSON."""
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
