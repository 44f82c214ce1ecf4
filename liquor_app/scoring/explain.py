"""Scores in words, with the numbers behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from liquor_app.customers.models import ChurnRisk
from liquor_app.scoring.due_state import Due, DueState, due_day, state_words
from liquor_app.scoring.estimators.clv import HORIZON_DAYS
from liquor_app.scoring.estimators.rfm import RfmSegment
from liquor_app.ui.chances import acts_words
from liquor_app.ui.words import figure, percent, plural, show_full_day, show_money

NIGHT_SHARE = 0.5
NIGHT_MIN_ORDERS = 3
"""A night buyer makes half of the orders between 20:00 and 03:59; the share is stable from three orders on."""


BAND_MIN_ORDERS = 3
VALUE_BELOW, PREMIUM_ABOVE = 0.85, 1.2
"""Price bands, relative to what the same categories cost on average."""

OFFER_HUNTER, FULL_PRICE = 0.6, 0.15
"""Shares of orders with a discount at which somebody counts as one or the other."""


class Tone(StrEnum):
    GOOD = "good"
    NEUTRAL = "neutral"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One reason. `topic` is a stable key: churn, rhythm, next, segment, value, response, engagement, night, taste,
    price, discount."""

    topic: str
    title: str
    text: str
    tone: Tone = Tone.NEUTRAL

    def to_dict(self) -> dict[str, Any]:
        return {"topic": self.topic, "title": self.title, "text": self.text, "tone": self.tone.value}


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """Everything the sentences mention, of one customer; None where it is not known.

    Attributes:
        days_since_last: days since the last order; None without orders.
        gap_median, gap_high: median and 90 % quantile of days between orders; None with fewer than two gaps.
        churn_missing: what the shop's history is short of when there is no churn probability.
        is_ranked: bands then go by a BG/NBD whose chances are told to nobody, not by recency.
        more_orders_than: share of buyers with fewer orders, 0–1.
        clv_method: as people call it.
        value_if_back, value_if_gone: expected spend over the same days by whether they buy within `horizon_days`.
        buys_this_week: chance of a purchase within seven days, whatever is sent.
        observed_days: length of the shop's purchase log.
        contacts, responses: messages received and acted on in the last 365 days.
        response_likelihood: to a typical offer, where `is_per_offer`: one with the discount and the coverage of those
            made so far.
        answer_days: how long the offers held that it was learned from.
        base_response: response rate of everybody.
        night_share: share of orders between 20:00 and 03:59.
        tastes: categories with their share of spend, best first.
        response_by_channel: `response_likelihood` by each channel anybody was ever contacted by.
        price_level: what is paid over what the same units of the same categories cost on average.
        discount_share: discounts over prices before discounts; `discounted_share`: orders with any discount; 0–1.
        reached, opened, clicked: messages of the last 90 days, and those a person (no scanner) opened or clicked.
    """

    orders: int
    days_since_last: int | None = None
    gap_median: float | None = None
    gap_high: float | None = None
    horizon_days: int = 60
    churn_probability: float | None = None
    churn_risk: ChurnRisk | None = None
    churn_missing: tuple[str, ...] = ()
    is_ranked: bool = False
    more_orders_than: float | None = None
    spend: float = 0.0
    segment: RfmSegment | None = None
    r: int | None = None
    f: int | None = None
    m: int | None = None
    clv: float | None = None
    clv_method: str = ""
    clv_horizon_days: int = 365
    value_at_risk: float | None = None
    value_if_back: float | None = None
    value_if_gone: float | None = None
    buys_this_week: float | None = None
    observed_days: float = 0.0
    next_expected: date | None = None
    next_low: date | None = None
    next_high: date | None = None
    contacts: int = 0
    responses: int = 0
    response_likelihood: float | None = None
    answer_days: float | None = None
    base_response: float | None = None
    is_per_offer: bool = False
    night_share: float | None = None
    tastes: tuple[tuple[str, float], ...] = ()
    response_by_channel: Mapping[str, float] = field(default_factory=dict)
    price_level: float | None = None
    discount_share: float | None = None
    discounted_share: float | None = None
    reached: int = 0
    opened: int = 0
    clicked: int = 0


def explain(facts: CustomerFacts) -> list[Sentence]:
    """Return the sentences for one customer, most important first; at least one, also for people who never bought."""
    if facts.orders == 0 or facts.days_since_last is None:
        told = [Sentence("churn", "Not enough data", "Has not bought anything yet, so there is nothing to score.")]
        return told + [sentence for sentence in (_response(facts),) if sentence]
    parts = (
        churn_sentence(facts),
        _rhythm(facts),
        _next(facts),
        _segment(facts),
        _value(facts),
        _response(facts),
        _engagement(facts),
        _night(facts),
        _taste(facts),
        _price(facts),
        _discount(facts),
    )
    return [sentence for sentence in parts if sentence]


def churn_sentence(facts: CustomerFacts) -> Sentence:
    """ "Buys every 9 days, last bought 41 days ago: 78% likely not to return within 60 days." Needs an order."""
    lead = f"{_habit(facts)}, {_ago(facts)}" if facts.orders > 1 else f"Bought once, {_days_ago(facts)}"
    risk = facts.churn_risk or ChurnRisk.MEDIUM
    tone = {ChurnRisk.LOW: Tone.GOOD, ChurnRisk.MEDIUM: Tone.NEUTRAL, ChurnRisk.HIGH: Tone.WARNING}[risk]
    if facts.churn_probability is None:
        why = "; ".join(facts.churn_missing) or "the shop's history does not determine a model"
        text = (
            f"{lead}: the risk counts as {risk.value} by"
            f" {'when and how often they bought' if facts.is_ranked else 'recency alone'}."
            f" Not enough data for a probability: {why}."
        )
        return Sentence("churn", "Not enough data for a churn probability", text, tone)
    chance = percent(facts.churn_probability)
    title = f"{risk.value.capitalize()} churn risk, {chance}"
    return Sentence("churn", title, f"{lead}: {chance} likely not to return within {facts.horizon_days} days.", tone)


def days(number: float) -> str:
    whole = round(number)
    return plural(whole, "day")


def _habit(facts: CustomerFacts) -> str:
    if facts.gap_median is None:
        return f"Bought {figure(facts.orders)} times"
    return "Buys every day or so" if facts.gap_median < 1.5 else f"Buys every {days(facts.gap_median)}"


def _days_ago(facts: CustomerFacts) -> str:
    since = facts.days_since_last or 0
    return {0: "today", 1: "yesterday"}.get(since, f"{figure(since)} days ago")


def _ago(facts: CustomerFacts) -> str:
    return f"last bought {_days_ago(facts)}"


_SCORED_ON = date(2000, 1, 1)
"""The facts count days from the scoring; which day that was, the words do not say."""
_DUE_TONES = {DueState.NOT_YET: Tone.GOOD, DueState.DUE: Tone.NEUTRAL, DueState.OVERDUE: Tone.WARNING}


def _rhythm(facts: CustomerFacts) -> Sentence | None:
    if facts.gap_median is None or facts.gap_high is None or facts.days_since_last is None:
        return None
    day = due_day(_SCORED_ON, facts.days_since_last, facts.gap_median)
    due = Due.by(day, facts.days_since_last, facts.gap_high, _SCORED_ON)
    usual = f"The usual gap is {days(facts.gap_median)}; nine of ten were {days(facts.gap_high)} or less."
    return Sentence("rhythm", state_words(due, _SCORED_ON), usual, _DUE_TONES[due.state] if due else Tone.NEUTRAL)


def _next(facts: CustomerFacts) -> Sentence | None:
    if facts.next_expected is None:
        return None
    if facts.next_low and facts.next_high:
        span = f"Most likely between {_day(facts.next_low)} and {_day(facts.next_high)}."
    elif facts.next_low:
        span = f"Hardly before {_day(facts.next_low)}; how late is open."
    else:
        span = "By the customer's own usual gap."
    return Sentence("next", f"Next order expected by {_day(facts.next_expected)}", span)


def _segment(facts: CustomerFacts) -> Sentence | None:
    if facts.segment is None or facts.r is None or facts.f is None or facts.m is None:
        return None
    text = f"{facts.segment.description} (recency {facts.r}, frequency {facts.f}, spend {facts.m} of 5)."
    if facts.more_orders_than is not None and facts.more_orders_than >= 0.5:
        text += f" Bought on {days(facts.orders)}, more than {int(facts.more_orders_than * 100)}% of customers."
    return Sentence("segment", facts.segment.label, text)


def _value(facts: CustomerFacts) -> Sentence | None:
    if facts.clv is None:
        return None
    text = f"{show_money(facts.spend)} so far. Expected over {horizon_words(facts.clv_horizon_days)}:"
    text += f" {show_money(facts.clv)}, {facts.clv_method}{extrapolated(facts)}."
    if facts.churn_probability is None or facts.value_if_back is None or facts.value_if_gone is None:
        return Sentence("value", f"Expected spend {show_money(facts.clv)}", text)
    text += (
        f" If they come back within {facts.horizon_days} days ({percent(1 - facts.churn_probability)} likely):"
        f" {show_money(facts.value_if_back)}; if not: {show_money(facts.value_if_gone)}."
    )
    if facts.value_at_risk is None:
        return Sentence("value", f"Expected spend {show_money(facts.clv)}", text)
    text += f" {percent(facts.churn_probability)} of the difference is at risk: {show_money(facts.value_at_risk)}."
    return Sentence("value", f"{show_money(facts.value_at_risk)} at risk", text)


def horizon_words(days_ahead: int) -> str:
    """ "the next 12 months" """
    return "the next 12 months" if days_ahead == HORIZON_DAYS else f"the next {figure(days_ahead)} days"


def extrapolated(facts: CustomerFacts) -> str:
    """Say so where the log has not seen such a span and what followed it; empty where it has."""
    if not facts.observed_days or facts.observed_days > 2 * facts.clv_horizon_days:
        return ""
    return f", extrapolated from {figure(facts.observed_days)} days of purchases"


def _response(facts: CustomerFacts) -> Sentence | None:
    if facts.response_likelihood is None:
        return None
    what = acts_words(facts.response_likelihood, _offer(facts), facts.answer_days)
    if facts.contacts == 0:
        text = f"Not contacted in the last year: {what}, by what similar customers did."
    else:
        text = f"Acted on {figure(facts.responses)} of {plural(facts.contacts, 'message')} in a year: {what}."
    if facts.base_response is not None:
        text += f" Everybody's rate is {percent(facts.base_response)}."
    if len(facts.response_by_channel) > 1:
        names = {"email": "e-mail", "sms": "SMS"}
        by = [f"{percent(chance)} by {names.get(one, one)}" for one, chance in facts.response_by_channel.items()]
        text += f" By channel: {', '.join(by)}."
    if facts.responses:
        return Sentence("response", "Answers offers", text, Tone.GOOD)
    return Sentence("response", f"{percent(facts.response_likelihood)} likely to act on {_offer(facts)}", text)


def _offer(facts: CustomerFacts) -> str:
    return "a typical offer" if facts.is_per_offer else "an offer"


def _night(facts: CustomerFacts) -> Sentence | None:
    if facts.night_share is None or facts.orders < NIGHT_MIN_ORDERS or facts.night_share < NIGHT_SHARE:
        return None
    return Sentence("night", "Buys at night", f"{percent(facts.night_share)} of orders between 20:00 and 04:00.")


def _taste(facts: CustomerFacts) -> Sentence | None:
    if not facts.tastes:
        return None
    listed = ", ".join(f"{name} {percent(share)}" for name, share in facts.tastes[:3])
    return Sentence("taste", f"Prefers {facts.tastes[0][0]}", f"Share of spend: {listed}.")


def _engagement(facts: CustomerFacts) -> Sentence | None:
    if not facts.opened:
        return None
    messages = "message" if facts.reached == 1 else "messages"
    text = (
        f"Of {figure(facts.reached)} {messages} in 90 days, opened {figure(facts.opened)} and clicked"
        f" {figure(facts.clicked)}."
    )
    return Sentence("engagement", "Reads what we send", text, Tone.GOOD)


def price_band(facts: CustomerFacts) -> str | None:
    """`value`, `middle` or `premium`; None with fewer than three orders, when a single bottle would decide."""
    if facts.price_level is None or facts.orders < BAND_MIN_ORDERS:
        return None
    return "value" if facts.price_level < VALUE_BELOW else "premium" if facts.price_level > PREMIUM_ABOVE else "middle"


def _price(facts: CustomerFacts) -> Sentence | None:
    band = price_band(facts)
    if band is None or facts.price_level is None:
        return None
    title = {"value": "Buys value", "middle": "Buys the middle of the shelf", "premium": "Buys premium"}[band]
    off = round(abs(facts.price_level - 1) * 100)
    than = f"{off}% {'more' if facts.price_level > 1 else 'less'} than" if off else "the same as"
    return Sentence("price", title, f"Pays {than} the average for the same amount of the same categories.")


def _discount(facts: CustomerFacts) -> Sentence | None:
    # a shop that does not record discounts would have everybody paying full price
    if not facts.discounted_share or facts.discount_share is None or facts.orders < BAND_MIN_ORDERS:
        return None
    share = percent(facts.discounted_share)
    text = f"Something was reduced in {share} of orders; {percent(facts.discount_share)} off in all."
    if facts.discounted_share >= OFFER_HUNTER:
        return Sentence("discount", "Buys what is on offer", text)
    if facts.discounted_share <= FULL_PRICE:
        return Sentence("discount", "Pays full price", text, Tone.GOOD)
    return Sentence("discount", "Sometimes buys on offer", text)


def _day(moment: date) -> str:
    return show_full_day(moment)
