"""Who decides for whom: people a plan has chosen are split by a keyed draw, after the choosing. Pure.

Drawn after, the arms hold the same kind of people, and the held out are just those who would have been written to: the
contrast is not thinned by people the plan would have left alone (ghost plan). A customer's number under the seed
decides (`core.holdout_draw`): the lowest are held out, the next get an eligible action at random, the next what the
shop would send without choosing, the rest what the planner chose. The same people are held out whatever else is
decided.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import numpy as np
import numpy.typing as npt

from liquor_app.actions.models import Arm
from liquor_app.core.holdout_draw import number_of, numbers_of, threshold
from liquor_app.experiments.off_policy import LEAST_PROPENSITY

T = TypeVar("T")
Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]

LEAST_FOR_RANDOM = 200
"""People a plan must choose before some are given an action at random: below it the arm would show nothing."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Of the people a plan chooses: held out, given an eligible action at random, and given what is usual; the rest are
    the agent's."""

    holdout: float
    random: float
    usual: float = 0.0

    @property
    def agent(self) -> float:
        return max(1.0 - self.holdout - self.random - self.usual, 0.0)

    @property
    def draws(self) -> bool:
        """Whether anybody gets anything else than the agent's choice."""
        return self.random > 0 or self.usual > 0

    def of(self, people: int) -> Shares:
        """Return the same for a plan of so many: a small one leaves nothing to chance but the holdout."""
        return self if people >= LEAST_FOR_RANDOM else Shares(self.holdout, 0.0)


def arm_of(seed: str, customer_id: UUID, shares: Shares, *, options: int = 1) -> Arm:
    """Tell which arm a customer is drawn into.

    Args:
        options: from which an action could be drawn; with none the planner's choice is all there is.
    """
    number = number_of(seed, customer_id)
    if number < threshold(shares.holdout):
        return Arm.HOLDOUT
    if shares.draws and options == 0:
        return Arm.FIXED
    if number < threshold(min(shares.holdout + shares.random, 1.0)):
        return Arm.RANDOM
    return Arm.USUAL if number < threshold(min(1.0 - shares.agent, 1.0)) and shares.usual > 0 else Arm.AGENT


def pick(seed: str, customer_id: UUID, options: int) -> int:
    """Draw one of so many options, each as likely; independent of the arm."""
    return number_of(f"{seed}:option", customer_id) * options >> 56


def halves_of(customers: Sequence[UUID]) -> Words:
    """Return the ids' two halves, shape (n, 2), for what is drawn of everybody at once."""
    halves = np.frombuffer(b"".join([one.bytes for one in customers]), dtype=">u8").astype(np.uint64)
    return halves.reshape(-1, 2)


def turns(seed: str, customers: Words, draws: int) -> Ints:
    """Tell by which of so many imagined truths each customer's actions are valued, shape (n,); independent of arm and
    option.

    Everybody of the base has a turn, not only who is chosen, so it is drawn of all at once (`halves_of`).
    """
    mixed = _words(f"{seed}:truth", customers)
    return ((mixed >> np.uint64(32)) * np.uint64(draws) >> np.uint64(32)).astype(np.intp)


def tie_breaks(seed: str, customers: Words, customer: Ints, option: Ints) -> Floats:
    """Return a number in [0, 1) for each option of a customer, shape (n,), the same whatever is imagined.

    Args:
        customers: `halves_of` all of them.
        customer: indices into them, shape (n,).
        option: what tells a customer's options apart, small numbers from 0, shape (n,).
    """
    keys = _mixed(np.arange(1, int(option.max(initial=0)) + 2, dtype=np.uint64))
    mixed = _words(f"{seed}:ties", customers).take(customer)
    mixed ^= keys.take(option)
    # one round of it, in place, for there are millions of options: both words are mixed already
    mixed ^= mixed >> np.uint64(32)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed >>= np.uint64(11)
    return np.asarray(mixed * 2.0**-53, dtype=np.float64)


def _words(seed: str, customers: Words) -> Words:
    """Return 64 bits of each id: both its halves, one after the other, mixed with a key of the seed by SplitMix64's
    finaliser (Steele, Lea and Flood 2014)."""
    key = np.uint64(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]))
    return _mixed(_mixed(customers[:, 0] ^ key) ^ customers[:, 1])


def _mixed(word: Words) -> Words:
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


def draw_seed(seed: str, version: int) -> int:
    """Return what a campaign's imagined truths are drawn with, of one version of what is believed."""
    return int.from_bytes(hashlib.sha256(f"{seed}:truths:{version}".encode()).digest()[:8])


def most_options(random: float) -> int:
    """Return from how many options one may be drawn so that each has the least chance that teaches (`off_policy`)."""
    if random <= 0:  # nobody draws one
        return sys.maxsize
    return max(int(random / LEAST_PROPENSITY + 1e-9), 1)


def among(seed: str, customer_id: UUID, options: Sequence[T], most: int) -> Sequence[T]:
    """Return the options an action is drawn from: all, or as many as leave each its chance, from a place on that is the
    customer's own. Over customers each option is as likely to be among them; independent of arm and option."""
    if len(options) <= most:
        return options
    start = number_of(f"{seed}:among", customer_id) * len(options) >> 56
    return [options[(start + step) % len(options)] for step in range(most)]


def chances(shares: Shares, options: int, *, by_agent: float, is_option: bool = True, is_usual: bool = False) -> float:
    """Return the chance of a message to somebody a plan chose: by the agent, by the random draw among `options`, and as
    what is usual.

    Args:
        by_agent: how likely the agent was to choose just it, for whom it chose anything: 1 or 0 where it goes by what
            is believed, a share of draws where it draws.
        is_option: whether it is one of those an action may be drawn from.
        is_usual: whether it is what the shop would send them without choosing.
    """
    if options == 0:
        return (1.0 - shares.holdout) * by_agent
    drawn = shares.random / options if is_option else 0.0
    return shares.agent * by_agent + drawn + (shares.usual if is_usual else 0.0)


def seats(seed: str, customers: Sequence[UUID]) -> npt.NDArray[np.int64]:
    """Return each one's turn where there are more people than places, shape (n,); independent of arm and option."""
    return numbers_of(f"{seed}:seat", customers)


def within_room(seed: str, people: Sequence[UUID], place: Ints, is_counted: npt.NDArray[np.bool_], room: Ints) -> Ints:
    """Tell who keeps their place: more were chosen than there is room for, because some of them are held out.

    At each place people come in an order drawn at random, the held out among them, until as many are counted as there
    is room for. Who comes later gets nothing, in whichever arm: what is left is alike in all of them.

    Args:
        place: of each, shape (n,).
        is_counted: who takes up room, shape (n,).
        room: by place.

    Returns:
        Indexes of who stays.
    """
    order = np.argsort(seats(seed, people), kind="stable")
    order = order[np.argsort(place[order], kind="stable")]
    starts = np.r_[True, place[order][1:] != place[order][:-1]] if order.size else np.zeros(0, dtype=np.bool_)
    taken = np.cumsum(is_counted[order])
    before: Ints = np.repeat((taken - is_counted[order])[starts], np.diff(np.r_[np.flatnonzero(starts), order.size]))
    # the held out who come after the last seat are no ghosts of anybody
    stays = np.where(is_counted[order], taken - before <= room[place[order]], taken - before < room[place[order]])
    return np.sort(order[stays])


def within_budget(
    seed: str, people: Sequence[UUID], given: Floats, is_counted: npt.NDArray[np.bool_], budget: float
) -> Ints:
    """Tell who stays within a budget, in an order drawn at random; who is given nothing does in any case.

    Args:
        given: the discount of each, of the held out what they would have been given, shape (n,).
        is_counted: whose discount is spent, shape (n,).

    Returns:
        Indexes of who stays.
    """
    left, stays = budget + 1e-9, []
    for index in np.argsort(seats(seed, people), kind="stable").tolist():
        if given[index] <= 0 or given[index] <= left:
            stays.append(index)
            left -= given[index] if is_counted[index] else 0.0
    return np.sort(np.array(stays, dtype=np.intp))
