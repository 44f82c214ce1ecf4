"""One question about an offer, asked when it is planned, edited, approved and sent: may this licence make it? Pure.

Offer and price law binds the state that gave the licence, wherever the recipient lives. Where nobody has said yet which
state that is, nothing of it can be told: plans may be drafted, and are not approved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache

from liquor_app.compliance.legal_rules import FEDERAL, OFFER_LAW, Rule, RuleKind, Rules, reaches
from liquor_app.compliance.offer_words import given_away, told_money_off
from liquor_app.ui.words import plain_number

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """What an offer promises.

    Attributes:
        discount_pct: off the price; None if it cannot be read, which is held to every rule.
        margin_pct: what the price leaves before the discount, of the product or its category; None: the shop's usual.
        price, minimum_price: of the product it names; None where it names none or that is not known.
        words: all that is said to the customer about it. Money off they promise beyond the discount counts as it.
        is_whole: the words are a whole message's, of which only part is an offer.
    """

    discount_pct: Decimal | None = Decimal(0)
    margin_pct: Decimal | None = None
    price: Decimal | None = None
    minimum_price: Decimal | None = None
    words: str = ""
    is_whole: bool = False

    @property
    def is_money_off(self) -> bool:
        return self.discount_pct is None or self.discount_pct > 0 or self.as_told.discount_pct != 0

    @property
    def as_told(self) -> OfferFacts:
        """The same with the discount its words promise, where that is more than its figure says."""
        told, own = told_money_off(self.words), self.discount_pct
        if own is None:
            return self
        if told.unreadable or (told.named and told.percent is None and own == 0):
            return replace(self, discount_pct=None)
        if told.percent is not None and told.percent > own:
            return replace(self, discount_pct=told.percent)
        return self


@dataclass(frozen=True, slots=True)
class Unlawful:
    """The licence may not make this offer: which rule says so, in words, and what it would leave of the discount (None
    where less of it does not help)."""

    rule: Rule
    detail: str
    most_pct: Decimal | None = None


@lru_cache(maxsize=256)
def offer_law(licence: str, day: date, rules: Rules) -> tuple[Rule, ...]:
    """Return the rules on offers and prices that bind a licence on a day."""
    return tuple(
        rule
        for rule in rules.laws
        if rule.kind in OFFER_LAW
        and rule.jurisdiction in (FEDERAL, licence)
        and any(rule.binds(channel, day) for channel in ("email", "sms"))
    )


def may_offer(offer: OfferFacts, licence: str, day: date, rules: Rules) -> Unlawful | None:
    """Return the first rule that forbids the offer to a licence of this state (two letters) on a day; None if none
    does. What the words promise counts as well as the figures."""
    laws = offer_law(licence, day, rules)
    if not laws:
        return None
    as_told = offer.as_told
    found = (_held_to(rule, as_told, rules) for rule in laws)
    refused = next((answer for answer in found if answer is not None), None)
    if refused is None or as_told is offer or refused.rule.kind is RuleKind.REBATE_BAN:
        return refused
    told = told_money_off(offer.words)
    promise = told.unreadable or told.words or told.named
    return replace(refused, detail=f"Its words promise “{promise}”. {refused.detail}", most_pct=None)


def lawful_discount(offer: OfferFacts, licence: str, day: date, rules: Rules) -> Decimal:
    """Return the largest discount the law leaves of an offer, in whole per cent; its own where nothing forbids it, 0
    where no money off is lawful or its words are forbidden."""
    left = offer.discount_pct if offer.discount_pct is not None else _HUNDRED
    if offer.as_told is not offer and may_offer(offer, licence, day, rules) is not None:
        return Decimal(0)
    for rule in offer_law(licence, day, rules):
        answer = _held_to(rule, offer, rules)
        if answer is not None:
            left = min(left, answer.most_pct if answer.most_pct is not None else Decimal(0))
    return max(Decimal(0), left)


def disclosures(licence: str | None, states: Iterable[str] | None, day: date, rules: Rules) -> tuple[str, ...]:
    """Return what must stand beside an offer chosen for one person, each text once: by the licence's law, and by that
    of the states the person may live in (N.Y. Gen. Bus. Law § 349-a protects those who live there); every state's where
    nobody knows (None)."""
    places = None if states is None else frozenset({licence or FEDERAL, *states})
    found = (
        rule.text
        for rule in rules.laws
        if rule.kind is RuleKind.DISCLOSURE
        and reaches(rule, places)
        and any(rule.binds(channel, day) for channel in ("email", "sms"))
    )
    return tuple(dict.fromkeys(found))


def _held_to(rule: Rule, offer: OfferFacts, rules: Rules) -> Unlawful | None:
    where = f"{rule.jurisdiction}, by {rule.citation}"
    if rule.kind is RuleKind.REBATE_BAN:
        if promised := given_away(offer.words, in_passing=offer.is_whole):
            return Unlawful(rule, f"“{promised}” promises goods or money back, which is forbidden in {where}.")
        return None
    if offer.discount_pct == 0:
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
