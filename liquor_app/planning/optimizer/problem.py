"""What a plan has to solve, and what a solution says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from liquor_app.actions.frequency_caps import Counts

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Room = npt.NDArray[np.int64]
"""Messages left, shape (days, channels) or flattened (places,)."""

NOWHERE = -1
TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Problem:
    """Candidates, shape (n,): `customer` index 0…people−1, `channel` index, `value` and expected `discount` in money.

    `counts` holds the contacts around the plan (`pressure.contact_matrix`), `weight` what each day is worth, shape
    (days,), `capacity` the messages, shape (days, channels).
    """

    customer: Ints
    channel: Ints
    value: Floats
    discount: Floats
    counts: Counts
    weight: Floats
    capacity: Room
    budget: float
    cap_7: int
    cap_30: int
    max_per_customer: int = 1
    fit: Floats | None = None
    """What each day is worth for a customer beside their best, shape (people, days); None: all the same."""

    def weights(self, people: Ints) -> Floats:
        """Return what each day is worth for these customers, shape (people, days)."""
        if self.fit is None:
            return np.broadcast_to(self.weight, (people.size, self.weight.size))
        return np.asarray(self.weight * self.fit[people], dtype=np.float64)

    def worth(self, candidate: Ints, day: Ints) -> Floats:
        """Return what candidates bring on these days, shape of both."""
        value: Floats = self.value[candidate] * self.weight[day]
        return value if self.fit is None else value * self.fit[self.customer[candidate], day]

    @property
    def days(self) -> int:
        return int(self.weight.shape[0])


class Verdict(IntEnum):
    """What became of a candidate, and why."""

    CHOSEN = 0
    NO_DAY = 1
    """Every day would break a contact cap."""
    OTHER_CHOSEN = 2
    NOT_WORTH_IT = 3
    CAPACITY = 4
    BUDGET = 5
    NO_SHARE = 6
    """The plan has no place for such an action."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """The plan: `day` per candidate or −1, shape (n,); `price` of a message, shape (days, channels), and of a unit of
    discount; `value` reached; `bound` no plan can exceed (for one message a customer); `gap` = 1 − value / bound;
    `full` where no message is left of a day's room, shape (days, channels); None where that was not looked at; `slack`
    is what these prices say could be had (for one message a customer) beyond what the plan reaches."""

    day: Ints
    price: Floats
    budget_price: float
    value: float
    bound: float
    full: Flags | None = None
    slack: float = 0.0

    @property
    def price_where_full(self) -> Floats:
        """The price of a message where none is left; nothing elsewhere, whatever the dual says."""
        return self.price if self.full is None else np.where(self.full, self.price, 0.0)

    @property
    def gap(self) -> float:
        return max(0.0, 1.0 - self.value / self.bound) if self.bound > TINY else 0.0
