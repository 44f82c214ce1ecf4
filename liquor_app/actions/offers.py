"""Which offer of a playbook a customer gets, in which words. Pure.

The playbook's order is the marketer's order of preference. An offer is passed over if it is for another category, if
the margin floor leaves nothing of its discount, or if it would cost this customer's purchase more than it brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from liquor_app.actions.priority import Floats, expected_profit, kept_value

NO_OFFER = -1
ANY_CATEGORY = "your favourites"


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer of a playbook, its discount already within the guardrails."""

    name: str
    text: str
    category: str | None
    listed_pct: Decimal
    discount_pct: Decimal

    @property
    def is_capped(self) -> bool:
        return self.discount_pct < self.listed_pct


@dataclass(frozen=True, slots=True)
class Playbook:
    """A target segment as the generator needs it."""

    slug: str
    name: str
    offers: tuple[Offer, ...]
    channels: tuple[str, ...]
    window: tuple[str, str]
    template_category: str


def most_discount(margin_pct: Decimal, floors: Sequence[Decimal], ceilings: Sequence[Decimal]) -> Decimal:
    """The largest discount the guardrails allow, in per cent: below every ceiling, and leaving every margin floor."""
    return max(Decimal(0), min([*ceilings, *(margin_pct - floor for floor in floors)]))


def read_offers(raw: Sequence[dict[str, Any]], most: Decimal) -> tuple[Offer, ...]:
    """The playbook's offers with discounts cut to `most` per cent. One whose discount would vanish is dropped: its
    words promise something."""
    offers = []
    for item in raw:
        listed = Decimal(str(item.get("discount_pct", 0)))
        allowed = min(listed, most).quantize(Decimal("1") if listed > most else Decimal("0.01"), rounding="ROUND_DOWN")
        if listed > 0 and allowed < 1:
            continue
        offers.append(Offer(str(item["name"]), str(item["text"]), item.get("category"), listed, allowed))
    return tuple(offers)


@dataclass(frozen=True, slots=True)
class Economics:
    """What an offer means for each customer, shape (n,); money unless said otherwise."""

    response: Floats
    """Probability of acting on the offer, by this channel."""
    basket: Floats
    baseline: Floats
    """Probability of buying anyway."""
    value_at_risk: Floats


@dataclass(frozen=True, slots=True)
class Choice:
    """The offer of each customer, shape (n,): index into the playbook's, or −1, with what it is expected to bring.

    Where no offer is worth it, the figures are those of the best one, so that the refusal can name them.
    """

    offer: npt.NDArray[np.int8]
    discount: Floats
    """Share of the price."""
    profit: Floats
    kept: Floats


def choose(
    offers: Sequence[Offer],
    people: Economics,
    categories: Sequence[frozenset[str]],
    *,
    margin: float,
    cost: float,
    kept_share: float,
) -> Choice:
    """The first offer in the playbook's order that suits and pays.

    Args:
        categories: what each customer buys, for offers of one category only; length n.
        margin: share of the price (0.28).
        cost: of one message, money.
        kept_share: see `Overrides.kept_share`.
    """
    count = people.basket.shape[0]
    chosen = np.full(count, NO_OFFER, dtype=np.int8)
    discount, profit = np.zeros(count), np.full(count, -np.inf)
    kept = kept_value(
        response=people.response,
        value_at_risk=people.value_at_risk,
        baseline=people.baseline,
        margin=margin,
        share=kept_share,
    )
    for index, offer in enumerate(offers):
        share = float(offer.discount_pct) / 100
        earned = expected_profit(
            response=people.response,
            basket=people.basket,
            baseline=people.baseline,
            margin=margin,
            discount=np.full(count, share),
            cost=cost,
        )
        suits = np.ones(count, dtype=np.bool_)
        if offer.category is not None:
            suits = np.fromiter((offer.category in bought for bought in categories), dtype=np.bool_, count=count)
        pays = earned + kept > 0
        take = suits & (chosen == NO_OFFER) & (pays | (earned > profit))
        profit[take], discount[take] = earned[take], share
        chosen[take & pays] = index
    profit[np.isinf(profit)] = 0.0
    return Choice(chosen, discount, profit, kept)


def offer_text(offer: Offer, category: str | None) -> str:
    """The offer in words for one customer: "10% off domestic wine"."""
    return offer.text.replace("{discount}", f"{offer.discount_pct.normalize():f}").replace(
        "{category}", _lower(category) if category else ANY_CATEGORY
    )


def _lower(category: str) -> str:
    return category if category.isupper() and len(category) <= 4 else category[:1].lower() + category[1:]


_MESSAGES = {
    "win_back": "It has been a while. {offer}, until {until}.",
    "loyalty": "For our regulars: {offer}, until {until}.",
    "bundle_offer": "Better as a pair: {offer}, until {until}.",
    "discovery": "Something new for you: {offer}, until {until}.",
    "second_purchase": "Good to have met you. {offer}, until {until}.",
}
_HINTS = {
    "win_back": "One bottle of {category} on the shelf with an empty place beside it; calm, no countdown.",
    "loyalty": "The crate of {category} just opened, a handwritten card; no price in the picture.",
    "bundle_offer": "Two of {category} side by side, the pair price large, one button.",
    "discovery": "A familiar {category} and the new one beside it; say what they share.",
    "second_purchase": "The shop front and who stands behind the counter; {category} in the corner.",
}


def message_text(template_category: str, offer: str, until: date) -> str:
    """The sentence the template carries; the name, the legal lines and the link are the template's."""
    return _MESSAGES[template_category].format(offer=_sentence_end(offer), until=f"{until.day} {until:%B}")


def creative_hint(template_category: str, category: str | None) -> str:
    """What a picture for it would show."""
    return _HINTS[template_category].format(category=_lower(category) if category else "the favourites")


def _sentence_end(offer: str) -> str:
    return offer.rstrip(". ")
