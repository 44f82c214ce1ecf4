"""One question about an offer, asked when it is planned, edited, approved and sent: may this licence make it? Pure.

Offer and price law binds the state that gave the licence, wherever the recipient lives. Where nobody has said yet which
state that is, nothing of it can be told: plans may be drafted, and are not approved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal

from liquor_app.compliance.legal_rules import FEDERAL, OFFER_LAW, Rule, RuleKind, Rules
from liquor_app.ui.words import plain_number

_HUNDRED = Decimal(100)

_GIVEN_AWAY = re.compile(
    r"\brebates?\b|\brefund(?:s|ed)?\b|\bcash[\s-]?back\b|\bmoney[\s-]back\b|\bgratis\b|\bcomplimentary\b"
    r"|\bfree\b(?![\s-]+(?:of\b|deliver|shipping|pick|parking|tasting notes|entry))|\bon (?:us|the house)\b"
    r"|\bbuy\s+(?:one|two|three|\d+)\b.{0,20}\bget\b|\bbogo\b|\b\d+\s+for\s+(?:the price of\s+)?(?:one|1)\b|\bgifts?\b",
    re.IGNORECASE,
)
"""Words that promise goods or money back. A delivery or a tasting is no goods; "sulphite-free" is an ingredient."""
_FREE_OF = re.compile(r"(?<![\w-])[\w-]+-free\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """What an offer promises.

    Attributes:
        discount_pct: off the price; None if it cannot be read, which is held to every rule.
        margin_pct: what the price leaves before the discount, of the product or its category; None: the shop's usual.
        price, minimum_price: of the product it names; None where it names none or that is not known.
        words: all that is said to the customer about it.
    """

    discount_pct: Decimal | None = Decimal(0)
    margin_pct: Decimal | None = None
    price: Decimal | None = None
    minimum_price: Decimal | None = None
    words: str = ""

    @property
    def is_money_off(self) -> bool:
        return self.discount_pct is None or self.discount_pct > 0


@dataclass(frozen=True, slots=True)
class Unlawful:
    """The licence may not make this offer: which rule says so, in words, and what it would leave of the discount (None
    where less of it does not help)."""

    rule: Rule
    detail: str
    most_pct: Decimal | None = None


def offer_law(licence: str, day: date, rules: Rules) -> list[Rule]:
    """Return the rules on offers and prices that bind a licence on a day."""
    return [
        rule
        for rule in rules.laws
        if rule.kind in OFFER_LAW
        and rule.jurisdiction in (FEDERAL, licence)
        and any(rule.binds(channel, day) for channel in ("email", "sms"))
    ]


def may_offer(offer: OfferFacts, licence: str, day: date, rules: Rules) -> Unlawful | None:
    """Return the first rule that forbids the offer to a licence of this state (two letters) on a day; None if none
    does."""
    found = (_held_to(rule, offer, rules) for rule in offer_law(licence, day, rules))
    return next((answer for answer in found if answer is not None), None)


def lawful_discount(offer: OfferFacts, licence: str, day: date, rules: Rules) -> Decimal:
    """Return the largest discount the law leaves of an offer, in whole per cent; its own where nothing forbids it, 0
    where no money off is lawful or its words are forbidden."""
    left = offer.discount_pct if offer.discount_pct is not None else _HUNDRED
    for rule in offer_law(licence, day, rules):
        answer = _held_to(rule, offer, rules)
        if answer is not None:
            left = min(left, answer.most_pct if answer.most_pct is not None else Decimal(0))
    return max(Decimal(0), left)


def disclosures(licence: str | None, states: Iterable[str | None], day: date, rules: Rules) -> tuple[str, ...]:
    """Return what must stand beside an offer chosen for one person, each text once: by the licence's law, and by that
    of the places the person may live in (N.Y. Gen. Bus. Law § 349-a protects those who live there)."""
    places = {FEDERAL, licence, *states} - {None}
    found = (
        rule.text
        for rule in rules.laws
        if rule.kind is RuleKind.DISCLOSURE
        and rule.jurisdiction in places
        and any(rule.binds(channel, day) for channel in ("email", "sms"))
    )
    return tuple(dict.fromkeys(found))


def _held_to(rule: Rule, offer: OfferFacts, rules: Rules) -> Unlawful | None:
    where = f"{rule.jurisdiction}, by {rule.citation}"
    if rule.kind is RuleKind.REBATE_BAN:
        told = _FREE_OF.sub("", offer.words)
        if (promised := _GIVEN_AWAY.search(told)) is not None:
            return Unlawful(
                rule, f"“{promised[0].strip()}” promises goods or money back, which is forbidden in {where}."
            )
        return None
    if not offer.is_money_off:
        return None
    match rule.kind:
        case RuleKind.COUPON_BAN:
            return Unlawful(rule, f"Coupons and personal discounts on alcohol are banned in {where}.", Decimal(0))
        case RuleKind.MAX_DISCOUNT if offer.discount_pct is None or offer.discount_pct > rule.percent:
            return Unlawful(
                rule, f"A discount may be at most {plain_number(rule.percent)} % of the price in {where}.", rule.percent
            )
        case RuleKind.MIN_MARKUP:
            return _markup(rule, offer, rules, where)
        case RuleKind.MIN_PRICE:
            return _minimum(rule, offer, where)
        case _:
            return None


def _markup(rule: Rule, offer: OfferFacts, rules: Rules, where: str) -> Unlawful | None:
    """The price after the discount must be the cost and so much of it: (1 − d) ≥ (1 − margin) × (1 + markup)."""
    margin = rules.usual_margin_pct if offer.margin_pct is None else offer.margin_pct
    least = (_HUNDRED - margin) * (_HUNDRED + rule.percent) / _HUNDRED
    most = _floor(_HUNDRED - least)
    if offer.discount_pct is not None and offer.discount_pct <= max(_HUNDRED - least, Decimal(0)):
        return None
    whose = "the shop's usual margin" if offer.margin_pct is None else "the margin"
    floor = (
        "what the shop paid" if rule.percent == 0 else f"what the shop paid and {plain_number(rule.percent)} % of it"
    )
    return Unlawful(
        rule,
        f"The price must be {floor} at least in {where}: with {whose} of {plain_number(margin)} % that leaves"
        f" {plain_number(most)} % off.",
        most,
    )


def _minimum(rule: Rule, offer: OfferFacts, where: str) -> Unlawful | None:
    if offer.price is None or offer.minimum_price is None or offer.price <= 0:
        return Unlawful(
            rule,
            f"No price may go below the product's minimum in {where}; give the offer a product whose price and minimum"
            " price the catalogue knows.",
            Decimal(0),
        )
    most = _floor(_HUNDRED - _HUNDRED * offer.minimum_price / offer.price)
    after = offer.price * (_HUNDRED - (offer.discount_pct if offer.discount_pct is not None else _HUNDRED)) / _HUNDRED
    if after >= offer.minimum_price:
        return None
    return Unlawful(
        rule, f"The price would go below the product's minimum in {where}: at most {plain_number(most)} % off.", most
    )


def _floor(percent: Decimal) -> Decimal:
    return max(Decimal(0), percent.quantize(Decimal(1), rounding=ROUND_DOWN))
