"""Worlds whose truth is known: customers with habits, and planted effects of messages on them. No database.

A customer has a rate of buying, a chance to stop for good after each purchase, a usual basket; the shop has a season.
An effect is planted for each cell (segment, offer, channel, due-state), as the share of those written to who buy
within the week and would not have. Whoever buys anyway may take the discount too, and some of those whom a message
brings pay at the till without the code. In a part of the worlds the uplift model's assumptions are false, see `Kind`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import numpy as np
import numpy.typing as npt

from liquor_app.core.holdout_draw import number_of
from liquor_app.scoring.estimators import bgnbd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

SEGMENTS = ("often", "sometimes", "seldom", "often, lapsed", "sometimes, lapsed", "seldom, lapsed")
DISCOUNTS = np.array([0.0, 0.05, 0.10, 0.15])
CHANNELS = ("email", "sms")
DUE = ("unknown", "not_yet_due", "due", "overdue")
SHAPE = (len(SEGMENTS), DISCOUNTS.size, len(CHANNELS), len(DUE))

MARGIN = 0.28
COSTS = np.array([0.001, 0.0079])
"""Of a message, by channel."""
BURN_IN = 52
"""Weeks of history before the first message."""
LAPSED_DAYS = 42
FIT_ON = 20_000
LEAKS = (0.25, 0.45)
"""Of those who buy anyway while a discount is theirs, the share who take it; drawn for each segment."""
CODED = 0.9
"""Of those whom a discount brings, the share who show the code; the others pay in full at the till."""
SPREAD = 0.3
"""Standard deviation of the cells' effects beside their mean, without what more off adds."""
PULLS = np.array([0.8, 0.95, 1.05, 1.2])
"""What more off adds to an effect, beside the mean of the four."""
FATIGUE = 0.75
"""What each message of the last 30 days leaves of an effect in a world of `Kind.DECAY`."""


class Kind(StrEnum):
    """Which of the uplift model's assumptions are false."""

    PLAIN = "plain"
    DRIFT = "drift"
    """Effects walk at random from week to week, and all of them fade by 40 % over the half year."""
    INTERACT = "interact"
    """Offers and due-states interact, and an effect is larger with those who would hardly have bought."""
    DECAY = "decay"
    """Every message takes a quarter off the effect of those of the next 30 days."""


@dataclass(frozen=True, slots=True)
class Size:
    """`customers` in the shop are `people` drawn one by one, each with `clones` who share habits, state and history."""

    people: int
    clones: int = 1
    weeks: int = 26

    @property
    def customers(self) -> int:
        return self.people * self.clones


@dataclass(frozen=True, slots=True)
class Habits:
    """What customers do if nobody writes to them; the same under every policy.

    `chance` (weeks, people) is p, the true chance of a purchase in a week without a message; `luck` what decides it;
    `draw` the number by which arms are drawn, 0 to 1; `weekday` the day a purchase of that week falls on.
    """

    size: Size
    chance: Floats
    luck: Floats
    draw: Floats
    weekday: npt.NDArray[np.int64]
    basket: Floats
    """The usual order, money."""
    told_basket: Floats
    """What the shop takes it for."""
    repeats: Floats
    last_day: Floats
    first_day: Floats
    past: Flags
    """Who bought in each week of the history, on the day `past_weekday`; shape (BURN_IN, people)."""
    past_weekday: npt.NDArray[np.int64]
    params: bgnbd.BgNbdParams
    many: tuple[float, float]
    """Orders from which on somebody buys sometimes, often."""


def habits(seed: int, size: Size, *, keyed: bool = True) -> Habits:
    """Draw customers and let them live for a year and the weeks to come.

    Args:
        keyed: arms by the product's own draw; else by as many random numbers (the hash of 200,000 takes its time).
    """
    rng = np.random.default_rng([seed, 1])
    people, weeks = size.people, size.weeks
    rate = rng.gamma(0.9, 0.30, people)
    stop = rng.beta(0.8, 12.0, people)
    season = _season(rng, BURN_IN + weeks)
    joined = np.minimum(rng.integers(0, BURN_IN * 5 // 4, people), BURN_IN - 1)
    luck, weekday = rng.random((BURN_IN + weeks, people)), rng.integers(0, 7, (BURN_IN + weeks, people))
    stops = rng.random((BURN_IN + weeks, people)) < stop
    alive = np.ones(people, dtype=np.bool_)
    orders, first, last = np.zeros(people), np.zeros(people), np.zeros(people)
    chance, past = np.zeros((weeks, people)), np.zeros((BURN_IN, people), dtype=np.bool_)
    for week in range(BURN_IN + weeks):
        here = alive & (joined <= week)
        p = np.where(here, -np.expm1(-rate * season[week]), 0.0)
        buys = (luck[week] < p) | (joined == week)
        if week >= BURN_IN:
            chance[week - BURN_IN] = p
        else:
            day = (week - BURN_IN) * 7.0 + weekday[week]
            first = np.where(buys & (orders == 0), day, first)
            last = np.where(buys, day, last)
            orders += buys
            past[week] = buys
        alive &= ~(buys & stops[week])
    sample = slice(0, FIT_ON)
    params = bgnbd.fit(orders[sample] - 1, (last - first)[sample], -first[sample]).params
    many = np.quantile(orders, [1 / 3, 2 / 3])
    basket = rng.lognormal(np.log(45.0) - 0.3**2 / 2, 0.3, people)
    return Habits(
        size, chance, luck[BURN_IN:], _draws(seed, size, rng, keyed=keyed), weekday[BURN_IN:], basket,
        basket * rng.lognormal(0.0, 0.2, people), orders - 1, last, first, past, weekday[:BURN_IN],
        params, (float(many[0]), float(many[1])),
    )  # fmt: skip


def _season(rng: np.random.Generator, weeks: int) -> Floats:
    wave = 1.0 + 0.2 * np.sin(2 * np.pi * (np.arange(weeks) / 52 + rng.random()))
    season: Floats = wave * np.where(rng.random(weeks) < 0.08, 1.5, 1.0) * rng.lognormal(0.0, 0.05, weeks)
    return season


def _draws(seed: int, size: Size, rng: np.random.Generator, *, keyed: bool) -> Floats:
    """Return who is drawn for which arm: a campaign a week, its seed a word of its own."""
    if not keyed:
        return rng.random((size.weeks, size.people))
    ids = [UUID(int=person) for person in range(size.people)]
    return np.array([[number_of(f"{seed}/{week}", one) / 2**56 for one in ids] for week in range(size.weeks)])


@dataclass(frozen=True, slots=True)
class Effects:
    """What is planted: `cell` (weeks, 6, 4, 2, 4), shares; `leak` by segment."""

    kind: Kind
    cell: Floats
    leak: Floats

    def of(self, week: int, cell: tuple[Ints, ...], chance: Floats, heard: Floats) -> Floats:
        """Return these people's true effects, kept within what probability allows; shape as theirs.

        Args:
            cell: segment, offer, channel and due-state of each.
            chance: p.
            heard: messages of the last 30 days.
        """
        effect = self.cell[week][cell]
        if self.kind is Kind.INTERACT:
            effect = effect * (1.0 - chance) / 0.85
        if self.kind is Kind.DECAY:
            effect = effect * FATIGUE**heard
        return np.clip(effect, -chance, 1.0 - chance)

    def taken(self, segment: Ints, offer: Ints, chance: Floats, effect: Floats) -> Floats:
        """Return the chance that the discount is taken, 0 where there is none."""
        anyway = self.leak[segment] * np.minimum(chance, chance + effect)
        return np.where(DISCOUNTS[offer] > 0, anyway + CODED * np.maximum(effect, 0.0), 0.0)


def effects(seed: int, mean: float, kind: Kind, weeks: int, *, spread: float = SPREAD) -> Effects:
    """Plant effects whose mean over the cells is `mean` in the first week."""
    rng = np.random.default_rng([seed, 2])
    unit = spread * mean / np.sqrt(1 + 3 * 0.25 + 1)
    segment, offer, channel, due = (
        _centred(rng.normal(0, share * unit, size)) for share, size in zip((1, 0.5, 0.5, 0.5), SHAPE, strict=True)
    )
    together = _centred(rng.normal(0, unit, SHAPE[:3]))
    cell = (
        mean * PULLS[None, :, None, None] + segment[:, None, None, None] + offer[None, :, None, None]
        + channel[None, None, :, None] + due + together[..., None]
    )  # fmt: skip
    if kind is Kind.INTERACT:
        cell = cell + _centred(rng.normal(0, unit, (SHAPE[1], SHAPE[3])))[None, :, None, :]
    steps = np.zeros((weeks, *SHAPE))
    if kind is Kind.DRIFT:
        walk = rng.normal(0, 0.1 * unit, (weeks, *SHAPE[:3])).cumsum(axis=0)
        steps += walk[..., None] - 0.4 * mean * (np.arange(weeks) / weeks)[:, None, None, None, None]
    return Effects(kind, cell + steps, rng.uniform(*LEAKS, SHAPE[0]))


def _centred(values: Floats) -> Floats:
    return values - values.mean()
