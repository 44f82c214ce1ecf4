"""Which offer of a playbook a customer gets, in which words. Pure.

The playbook's order is the marketer's order of preference. An offer is passed over if it is for another category, if
the margin floor leaves nothing of its discount, or if it would cost this customer's purchase more than it brings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt

from liquor_app.actions.priority import Floats, expected_profit, kept_value
from liquor_app.catalog.shelf import Shelf
from liquor_app.compliance.may_offer import OfferFacts
from liquor_app.ui.words import plain_number, show_long_day

NO_OFFER = -1
LEAST_DISCOUNT = 1
"""Per cent. Less is no offer to anybody: what is cut below it is not made."""
LEGAL_TERMS = ("name", "subject", "discount_pct", "margin_pct", "price", "minimum_price")
"""What an action's `offer_terms` hold that `facts_of` reads."""
OWN_TERMS = ("product", "margin_pct", "margin_from", "price", "minimum_price")
"""What an action's `offer_terms` hold of its offer's product and margin; gone with the offer."""

UNDISCOUNTED_PULL = 0.6
FULL_PULL_PCT = 10.0
"""Until the response model has seen offers that differ in their discount, one without money off is taken to be answered
60 % as often as a coupon, from 10 % off on as often, in a straight line between: an assumption."""
ANY_CATEGORY = "your favourites"


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer of a playbook, its discount already within the guardrails."""

    name: str
    text: str
    category: str | None
    listed_pct: Decimal
    discount_pct: Decimal
    product: str | None = None
    """SKU or UPC of the product it is for."""
    product_name: str | None = None
    product_category: str | None = None
    margin_pct: Decimal | None = None
    """Of the product or its category, where the catalogue knows it; None: the shop's usual."""
    margin_from: str = ""
    price: Decimal | None = None
    minimum_price: Decimal | None = None
    """What the product sells at, and the least the law allows."""
    stock_unknown: bool = False
    """It names a product of which nobody knows whether it is there."""

    def margin(self, usual: float) -> float:
        """Return the margin it is reckoned with, as a share of the price."""
        return usual if self.margin_pct is None else float(self.margin_pct) / 100

    @property
    def own_terms(self) -> dict[str, str]:
        """What an action keeps of its product and margin, for those who reckon later."""
        told = {"product": self.product, "margin_from": self.margin_from}
        for name in ("margin_pct", "price", "minimum_price"):
            if (amount := getattr(self, name)) is not None:
                told[name] = str(amount)
        return {name: value for name, value in told.items() if value}

    @property
    def facts(self) -> OfferFacts:
        """What the law asks of it."""
        return OfferFacts(
            self.discount_pct, self.margin_pct, self.price, self.minimum_price, f"{self.name} {self.text}"
        )

    @property
    def is_capped(self) -> bool:
        return self.discount_pct < self.listed_pct


def pull(discount_pct: float) -> float:
    """Tell how often an offer is answered beside a coupon, 0.6 to 1."""
    return UNDISCOUNTED_PULL + (1.0 - UNDISCOUNTED_PULL) * min(discount_pct / FULL_PULL_PCT, 1.0)


@dataclass(frozen=True, slots=True)
class Playbook:
    """A target segment as the generator needs it."""

    slug: str
    name: str
    offers: tuple[Offer, ...]
    channels: tuple[str, ...]
    window: tuple[str, str]
    template_category: str
    left_out: tuple[str, ...] = ()
    """Why offers of it are not made."""
    unlawful: tuple[str, ...] = ()
    """Why the law of the licence forbids some, of the reasons above."""
    unguided: tuple[str, ...] = ()
    """Why the guidance allows some not, apart from the reasons above."""
    shelf: Shelf = field(default_factory=Shelf)


def most_discount(margin_pct: Decimal, floors: Sequence[Decimal], ceilings: Sequence[Decimal]) -> Decimal:
    """Return the largest discount the guardrails allow, in per cent: below every ceiling, and leaving every margin
    floor."""
    return max(Decimal(0), min([*ceilings, *(margin_pct - floor for floor in floors)]))


def read_offers(raw: Sequence[dict[str, Any]], most: Decimal) -> tuple[Offer, ...]:
    """Return the playbook's offers with discounts cut to `most` per cent. One whose discount would vanish is dropped:
    its words promise something."""
    offers = []
    for item in raw:
        listed = Decimal(str(item.get("discount_pct", 0)))
        allowed = min(listed, most).quantize(Decimal("1") if listed > most else Decimal("0.01"), rounding="ROUND_DOWN")
        if listed > 0 and allowed < LEAST_DISCOUNT:
            continue
        offers.append(Offer(str(item["name"]), str(item["text"]), item.get("category"), listed, allowed))
    return tuple(offers)


def money_off(offer_terms: Mapping[str, Any]) -> Decimal | None:
    """Return the offer's discount in per cent, 0 if it has none; None if it cannot be read."""
    percent = _amount(offer_terms, "discount_pct")
    if percent is None:
        return Decimal(0) if not offer_terms.get("discount_pct") else None
    return percent if 0 <= percent <= 100 else None


def facts_of(offer_terms: Mapping[str, Any], *words: str | None) -> OfferFacts:
    """Return what the law asks of an action's offer; `words` are all that is said of it."""
    told = (str(offer_terms.get("name") or ""), str(offer_terms.get("subject") or ""), *words)
    return OfferFacts(
        discount_pct=money_off(offer_terms),
        margin_pct=_amount(offer_terms, "margin_pct"),
        price=_amount(offer_terms, "price"),
        minimum_price=_amount(offer_terms, "minimum_price"),
        words=" · ".join(filter(None, told)),
    )


def _amount(offer_terms: Mapping[str, Any], name: str) -> Decimal | None:
    try:
        amount = Decimal(str(offer_terms.get(name)))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


@dataclass(frozen=True, slots=True)
class Economics:
    """What an offer means for each customer, shape (n,); money unless said otherwise."""

    response: Floats
    """Probability of acting on a typical offer, by this channel."""
    basket: Floats
    baseline: Floats
    """Probability of buying anyway."""
    uplift: Sequence[Floats]
    """Of each of the offers, by this channel: P(buys and would not have), each of shape (n,)."""
    value_at_risk: Floats
    may_discount: npt.NDArray[np.bool_]
    """Whether the law of their state allows personal discounts."""
    categories: Sequence[frozenset[str]]
    """What each buys, for offers of one category only."""
    hope: Sequence[Floats] | None = None
    """Of each of the offers, the most its uplift may be drawn as: on autopilot what pays only then is an action, too,
    for the plan to draw about. None: only what pays as believed."""
    per_offer: Sequence[Floats] | None = None
    """Probability of acting on each of the offers, by this channel; None: as on a typical one, by the discount."""
    forbidden: Sequence[npt.NDArray[np.bool_]] = ()
    pinned: Sequence[npt.NDArray[np.bool_]] = ()
    """Of each of the offers, who may not get it, and who gets no other if it suits them; empty: nobody."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the shop earns and asks: margin as a share of the price, cost of one message, more than what an action must
    be worth (`Choice.worth`), and `Overrides.kept_share`."""

    margin: float
    """The usual one; an offer's own goes before it."""
    cost: float
    least: float
    kept_share: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The offer of each customer, shape (n,): index into the playbook's, or −1, with what it is expected to bring.

    Where no offer is worth it, the figures are those of the best one, so that the refusal can name them.
    """

    offer: npt.NDArray[np.int8]
    response: Floats
    """Probability of acting on this offer."""
    discount: Floats
    """Share of the price."""
    profit: Floats
    kept: Floats
    margin: Floats
    """Share of the price that the offer's product leaves."""
    uplift: Floats
    """P(buys and would not have), of this offer."""
    suits: Sequence[npt.NDArray[np.bool_]]
    """Of each of the playbook's offers, whether it is for them and lawful, each of shape (n,)."""
    barred: npt.NDArray[np.bool_]
    """Whom an offer would suit that a marketer forbade."""
    pinned: npt.NDArray[np.bool_]
    """Who gets no other offer than one a marketer pinned."""

    @property
    def worth(self) -> Floats:
        """What offers are compared by, and what the least asked of an action is compared with: profit and what is
        assumed to be kept."""
        return self.profit + self.kept


def choose(offers: Sequence[Offer], people: Economics, terms: Terms) -> Choice:
    """Return the offer that suits, is lawful and brings most; of equals the first in the playbook's order."""
    count = people.basket.shape[0]
    chosen = np.full(count, NO_OFFER, dtype=np.int8)
    response, discount, kept = people.response.copy(), np.zeros(count), np.zeros(count)
    uplift = np.zeros(count)
    suiting, barred, pinned = _suiting(offers, people)
    profit, margins = np.full(count, -np.inf), np.full(count, terms.margin)
    for index, offer in enumerate(offers):
        share, margin = float(offer.discount_pct) / 100, offer.margin(terms.margin)
        answers = people.response * pull(share * 100) if people.per_offer is None else people.per_offer[index]
        earned = expected_profit(
            response=answers,
            basket=people.basket,
            uplift=people.uplift[index],
            margin=margin,
            discount=np.full(count, share),
            cost=terms.cost,
        )
        saved = kept_value(
            uplift=people.uplift[index],
            value_at_risk=people.value_at_risk,
            margin=margin,
            share=terms.kept_share,
        )
        pays = earned + saved > terms.least
        if people.hope is not None:
            a_buyer = people.basket * margin + terms.kept_share * margin * np.maximum(people.value_at_risk, 0.0)
            pays = earned + saved + (people.hope[index] - people.uplift[index]) * a_buyer > terms.least
        take = suiting[index] & (earned + saved > profit + kept)
        response[take], discount[take], profit[take], kept[take] = answers[take], share, earned[take], saved[take]
        margins[take], uplift[take] = margin, people.uplift[index][take]
        chosen[take & pays] = index
    profit[np.isinf(profit)] = 0.0
    return Choice(chosen, response, discount, profit, kept, margins, uplift, suiting, barred, pinned)


_Flags = npt.NDArray[np.bool_]


def _suiting(offers: Sequence[Offer], people: Economics) -> tuple[list[_Flags], _Flags, _Flags]:
    """Return for whom each offer is, for whom one would be that is forbidden, and who gets none but a pinned one: pins
    hold where law and category let them."""
    count = people.basket.shape[0]
    found = []
    barred = np.zeros(count, dtype=np.bool_)
    for index, offer in enumerate(offers):
        suits = people.may_discount.copy() if offer.discount_pct > 0 else np.ones(count, dtype=np.bool_)
        if offer.category is not None:
            suits &= np.fromiter((offer.category in bought for bought in people.categories), np.bool_, count=count)
        if people.forbidden:
            barred |= suits & people.forbidden[index]
            suits = suits & ~people.forbidden[index]
        found.append(suits)
    pinned = np.zeros(count, dtype=np.bool_)
    if people.pinned:
        own = [suits & pin for suits, pin in zip(found, people.pinned, strict=True)]
        pinned = np.logical_or.reduce(own) if own else pinned
        found = [np.where(pinned, mine, suits) for suits, mine in zip(found, own, strict=True)]
    return found, barred, pinned


def offer_text(offer: Offer, category: str | None) -> str:
    """Return the offer in words for one customer: "10% off domestic wine"."""
    words = offer.text.replace("{discount}", plain_number(offer.discount_pct)).replace(
        "{category}", _lower(category) if category else ANY_CATEGORY
    )
    return words.replace("{product}", offer.product_name or ANY_CATEGORY)


def _lower(category: str) -> str:
    return category if category.isupper() and len(category) <= 4 else category[:1].lower() + category[1:]


_MESSAGES = {
    "win_back": "It has been a while. {offer}.",
    "loyalty": "For our regulars: {offer}.",
    "bundle_offer": "Better as a pair: {offer}.",
    "discovery": "Something new for you: {offer}.",
    "second_purchase": "Good to have met you. {offer}.",
}
_HINTS = {
    "win_back": "One bottle of {category} on the shelf with an empty place beside it; calm, no countdown.",
    "loyalty": "The crate of {category} just opened, a handwritten card; no price in the picture.",
    "bundle_offer": "Two bottles side by side, {category} and what goes with it; one button.",
    "discovery": "A familiar {category} and the new one beside it; say what they share.",
    "second_purchase": "The shop front and who stands behind the counter; {category} in the corner.",
}


def message_text(template_category: str, offer: str, until: date, discount_pct: float | Decimal) -> str:
    """Return the sentence the template carries; the name, the legal lines and the link are the template's. What takes
    no money off has no last day: a deadline that binds nothing is a hurry made up."""
    pattern, words = _MESSAGES[template_category], offer.rstrip(". ")
    if ": {offer}" in pattern:
        words = _lower(words)
    return pattern.format(offer=f"{words}, until {show_long_day(until)}" if discount_pct > 0 else words)


def creative_hint(template_category: str, category: str | None) -> str:
    """Tell what a picture for it would show."""
    return _HINTS[template_category].format(category=_lower(category) if category else "the favourites")
