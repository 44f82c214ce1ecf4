"""A small world that answers the sample's played weeks: who opens, clicks and buys is drawn by planted effects. Pure.

Nothing here was measured anywhere: the sample's people are made up, so is what they do. A purchase of the week comes
anyway with the churn model's own chance; a message adds what is planted for its segment, discount and channel (shares
of the people written to):

    segment's own + EACH_TEN_OFF · discount / 10 + channel's own

so that a marketer sees a lift where there is one, and an agent that finds it. Every draw is keyed by campaign and
customer: the same week played again comes out the same, and nobody's luck depends on anybody else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import NormalDist
from uuid import UUID

from liquor_app.campaigns.brief import RESPONSE_DAYS
from liquor_app.core.holdout_draw import number_of
from liquor_app.core.money import money
from liquor_app.organization.models import Channel

BY_SEGMENT = {
    "high_value_at_risk": 0.08, "at_risk": 0.08, "one_time_buyers": 0.05, "new_customers": 0.05, "hibernating": 0.03,
    "loyal": 0.02, "champions": 0.01,
}  # fmt: skip
OTHER_SEGMENTS = 0.03
EACH_TEN_OFF = 0.02
BY_CHANNEL = {Channel.EMAIL: 0.0, Channel.SMS: -0.01}
OPENS, CLICKS = 0.35, 0.10
"""Of those written to by e-mail; of those who opened it (of texts: got it). Who buys because of it opened it."""
CLICKS_TO_BUY = 0.60
"""Of those a message brings, how many click first; the others walk in."""
BASKET_SPREAD = 0.30
"""Standard deviation of the logarithm of a basket beside the usual one."""
OPENED_WITHIN_HOURS, CLICKED_WITHIN_MINUTES = 36, 20


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided for somebody, and what became of the message. `baseline` is P(buys in the week anyway)."""

    customer_id: UUID
    segment: str
    channel: str
    discount_pct: float
    baseline: float
    basket: float
    at: datetime
    is_sent: bool
    """False of the held out, and of whose message was skipped or failed."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What somebody did in the week from their decision on; None what they did not. `total` is the till's."""

    opened_at: datetime | None
    clicked_at: datetime | None
    bought_at: datetime | None
    total: Decimal


def planted(segment: str, channel: str, discount_pct: float) -> float:
    """Return the share of people written to so who buy within the week and would not have."""
    own = BY_SEGMENT.get(segment, OTHER_SEGMENTS)
    return max(0.0, own + EACH_TEN_OFF * discount_pct / 10 + BY_CHANNEL.get(Channel(channel), 0.0))


def live(seed: str, person: Decided) -> Lived:
    """Draw what somebody does; of the same seed always the same."""

    def drawn(what: str) -> float:
        return number_of(f"{seed}:{what}", person.customer_id) / 2**56

    luck = drawn("luck")
    won = person.is_sent and person.baseline <= luck < person.baseline + planted(
        person.segment, person.channel, person.discount_pct
    )  # fmt: skip
    buys = luck < person.baseline or won
    by_mail = person.channel == Channel.EMAIL
    opens = person.is_sent and by_mail and (won or drawn("open") < OPENS)
    reads = opens or (person.is_sent and not by_mail)
    clicks = reads and drawn("click") < (CLICKS_TO_BUY if won else CLICKS)
    read_at = person.at + timedelta(hours=OPENED_WITHIN_HOURS * drawn("when opened") ** 2)
    clicked_at = read_at + timedelta(minutes=CLICKED_WITHIN_MINUTES * drawn("when clicked"))
    first = clicked_at if won else person.at
    rest = person.at + timedelta(days=RESPONSE_DAYS) - first
    return Lived(
        opened_at=read_at if opens else None,
        clicked_at=clicked_at if clicks else None,
        bought_at=first + rest * drawn("when bought") if buys else None,
        total=_basket(person.basket, drawn("basket")) if buys else Decimal(0),
    )


def _basket(usual: float, share: float) -> Decimal:
    normal = NormalDist().inv_cdf(min(max(share, 1e-9), 1 - 1e-9))
    return money(Decimal(usual * math.exp(BASKET_SPREAD * normal - BASKET_SPREAD**2 / 2)))
