"""Why this customer, in words with the numbers behind them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from liquor_app.actions.offering.belief_basis import basis_in_words
from liquor_app.actions.offers import Offer
from liquor_app.campaigns.brief import RESPONSE_DAYS
from liquor_app.ui.chances import acts_words, buys_words
from liquor_app.ui.words import figure, percent, plain_number, plural, show_money


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sentences mention of one customer, as the last scoring found it: the customer's page says the same
    figures. None where it is not known."""

    orders: int
    days_since_last: int | None
    usual_gap: float | None
    """Days usually between orders, the median; None with fewer than two gaps."""
    churn_probability: float | None
    value_at_risk: float | None
    response: float | None
    """To the offer that is made, by the channel it goes by."""
    basket: float
    answer_days: float | None = None
    """How long the offers held that `response` was learned from."""
    is_overdue: bool = False


def days(number: float) -> str:
    """Return a whole number of days, in words."""
    whole = max(1, round(number))
    return plural(whole, "day")


def why(facts: Facts) -> str:
    """ "41 days since the last purchase, before that usually every 9 days. $84 at risk, 12% likely to act on …" """
    parts = [_rhythm(facts)]
    worth = []
    if facts.value_at_risk and facts.value_at_risk >= 1:
        worth.append(f"{show_money(facts.value_at_risk, cents=False)} at risk")
    elif facts.churn_probability is not None:
        worth.append(f"{percent(facts.churn_probability)} likely not to return")
    if facts.response is not None:
        worth.append(acts_words(facts.response, THIS_OFFER, facts.answer_days))
    if worth:
        parts.append(", ".join(worth))
    if facts.churn_probability is None:
        parts.append("Not enough data for a churn risk yet")
    return ". ".join(parts) + "."


THIS_OFFER = "this offer"
_UNTIL = "(?:within [0-9,]{1,9} days?|before it ends)"
_ACTS = re.compile(rf"(?:under |over )?(?<![0-9])[0-9]{{1,3}}% likely to act on {THIS_OFFER} {_UNTIL}")


def with_another_offer(reason: str, chance: float, answer_days: float | None) -> str:
    """Return what a reason says of the customer, with the chance that they act on another offer."""
    lead = reason.split(" The usual basket leaves", maxsplit=1)[0]
    return _ACTS.sub(acts_words(chance, THIS_OFFER, answer_days), lead, count=1)


def _rhythm(facts: Facts) -> str:
    if facts.orders == 0:
        return "Has not bought yet"
    if facts.days_since_last is None:
        return "Bought since the last scoring"
    when = {0: "today", 1: "yesterday"}.get(facts.days_since_last)
    ago = days(facts.days_since_last)
    if facts.orders == 1:
        return f"Bought once, {when}" if when else f"{ago} since the only purchase so far"
    # of whatever it was: the days are those since any order, and the last one need not hold the favourite
    since = f"Last bought {when}" if when else f"{ago} since the last purchase"
    if facts.usual_gap is None:
        return f"{since}, {facts.orders} purchases so far"
    gap = days(facts.usual_gap) if facts.usual_gap >= 1.5 else "day or so"
    if facts.is_overdue:
        return f"{since}, before that usually every {gap}"
    return f"{since}, buys about every {gap}"


def uplift_words(uplift: float, learned_from: int, baseline: float | None) -> str:
    """ "5.6% likely to buy within 7 days without the message, 6.8% with it: +1.2 buyers of a hundred, assumed."

    Args:
        baseline: P(buys within the week without the message); None of actions made before it was kept with them.
    """
    basis = basis_in_words(uplift, learned_from)
    if baseline is None:
        return f"Believed to win {figure(uplift * 100, 1, sign=True)} buyers of a hundred, {basis}."
    return f"{buys_words(baseline, uplift, RESPONSE_DAYS)}, {basis}."


def offer_reason(earns: float, discount_pct: float, capped_from: float | None, offer: Offer | None = None) -> str:
    """Tell what the offer leaves: "The usual basket leaves $3.60 after 10% off." And by whose margin, where it is not
    the shop's usual one."""
    left = f"The usual basket leaves {show_money(earns)}"
    whose = ""
    if offer is not None and offer.margin_pct is not None:
        whose = f" A margin of {plain_number(offer.margin_pct)}%, {offer.margin_from}."
    if offer is not None and offer.stock_unknown:
        whose += f" Whether {offer.product_name} is in stock is not known."
    if discount_pct == 0:
        return f"{left}; without a discount it is answered less often.{whose}"
    cap = f" (cut from {plain_number(capped_from)}% by the margin floor)" if capped_from is not None else ""
    return f"{left} after {plain_number(discount_pct)}% off{cap}.{whose}"
