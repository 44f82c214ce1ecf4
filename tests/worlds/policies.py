"""Who decides: what an action is worth to each policy that is compared. Shapes: people n, offers 4, channels 2."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from liquor_app.actions.offers import pull
from liquor_app.actions.priority import expected_profit
from tests.worlds.world import COSTS, DISCOUNTS, MARGIN, Floats, Ints

PLAYBOOKS = ((0, 1), (1, 0), (2, 1), (3, 2), (3, 2), (2, 1))
"""Offers of each segment, best first, as the shipped playbooks have them: regulars early access, then a little off;
who has lapsed 15 %, then 10 % off."""


class Policy(StrEnum):
    OLD = "old rule"
    """p(1 − p₀), the first offer of the playbook that pays: what was shipped until November 2026."""
    AGENT = "agent"
    """The posterior's mean, and one of fifty draws of what all cells share for each customer."""
    GREEDY = "greedy"
    """The posterior's mean."""
    THOMPSON = "thompson"
    """A draw from the posterior, one of fifty for each customer."""
    ORACLE = "oracle"
    """Knows every effect and how often a discount is taken, baskets as all do; same caps, nobody held out."""
    BOUND = "oracle, same arms"
    """The oracle with the same people held out and as many drawn at random: what knowing all is worth to who learns."""

    @property
    def learns(self) -> bool:
        return self in (Policy.AGENT, Policy.GREEDY, Policy.THOMPSON)

    @property
    def knows(self) -> bool:
        return self in (Policy.ORACLE, Policy.BOUND)

    @property
    def draws(self) -> bool:
        """Whether it gives some of whom it chose a random action."""
        return self.learns or self is Policy.BOUND


def old_values(segment: Ints, chance: Floats, response: Floats, basket: Floats) -> Floats:
    """Return what the old rule expects, (n, 4, 2); −1 for all but the offer it takes.

    Args:
        response: chance that a discount is taken, as learned from redemptions.
    """
    values = np.full((segment.size, DISCOUNTS.size, COSTS.size), -1.0)
    for offers_of, book in enumerate(PLAYBOOKS):
        who = np.flatnonzero(segment == offers_of)
        for channel, cost in enumerate(COSTS):
            open_ = np.ones(who.size, dtype=np.bool_)
            for offer in book:
                answers = response[who] * pull(float(DISCOUNTS[offer]) * 100)
                worth = answers * basket[who] * ((1.0 - chance[who]) * MARGIN - DISCOUNTS[offer]) - cost
                take = open_ & (worth > 0)
                values[who[take], offer, channel] = worth[take]
                open_ &= ~take
    return values


def new_values(uplift: Floats, response: Floats, basket: Floats) -> Floats:
    """Return what is expected of each action, (n, 4, 2).

    Args:
        uplift: (n, 4, 2).
        response: (n, 4) or by channel (n, 4, 2), chance that the discount is taken.
    """
    return expected_profit(
        response=response if response.ndim == 3 else response[:, :, None], basket=basket[:, None, None],
        uplift=uplift, margin=MARGIN, discount=DISCOUNTS[None, :, None], cost=COSTS[None, None, :],
    )  # fmt: skip
