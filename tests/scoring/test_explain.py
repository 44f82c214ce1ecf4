"""Every score in words, with its numbers; and the words for not knowing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from liquor_app.customers.models import ChurnRisk
from liquor_app.scoring.estimators.rfm import RfmSegment
from liquor_app.scoring.explain import CustomerFacts, Tone, churn_sentence, explain, percent

REGULAR = CustomerFacts(
    orders=46,
    days_since_last=41,
    gap_median=9.0,
    gap_high=16.0,
    churn_probability=0.78,
    churn_risk=ChurnRisk.HIGH,
    more_orders_than=0.96,
    spend=612.4,
    segment=RfmSegment.HIGH_VALUE_AT_RISK,
    r=2,
    f=5,
    m=5,
    clv=208.0,
    clv_method="by what customers like this one went on to spend",
    value_if_back=370.24,
    value_if_gone=162.24,
    observed_days=366,
    value_at_risk=162.24,
    next_expected=date(2026, 11, 28),
    next_low=date(2026, 11, 22),
    next_high=date(2026, 12, 6),
    contacts=14,
    responses=3,
    response_likelihood=0.34,
    base_response=0.12,
    night_share=0.6,
    tastes=(("Beer", 0.77), ("Domestic wine", 0.15)),
)


def text(facts: CustomerFacts, topic: str) -> str:
    return next(f"{sentence.title}. {sentence.text}" for sentence in explain(facts) if sentence.topic == topic)


def test_churn_reads_as_promised() -> None:
    sentence = churn_sentence(REGULAR)
    assert sentence.text == "Buys every 9 days, last bought 41 days ago: 78% likely not to return within 60 days."
    assert sentence.title == "High churn risk, 78%"
    assert sentence.tone is Tone.WARNING


def test_every_number_behind_a_score_is_told() -> None:
    assert text(REGULAR, "rhythm") == "Overdue by 32 days. The usual gap is 9 days; nine of ten were 16 days or less."
    assert "between 22 Nov 2026 and 6 Dec 2026" in text(REGULAR, "next")
    assert "(recency 2, frequency 5, spend 5 of 5). Bought on 46 days, more than 96% of customers." in text(
        REGULAR, "segment"
    )
    assert text(REGULAR, "value") == (
        "$162.24 at risk. $612.40 so far. Expected over the next 12 months: $208.00, by what customers like this one"
        " went on to spend, extrapolated from 366 days of purchases. If they come back within 60 days (22% likely):"
        " $370.24; if not: $162.24. 78% of the difference is at risk: $162.24."
    )
    longer = text(replace(REGULAR, observed_days=731), "value")
    assert "extrapolated" not in longer, "two years have seen a year and what followed it"
    assert (
        "Acted on 3 of 14 messages in a year: 34% likely to act on an offer before it ends. Everybody's rate is 12%."
        in text(REGULAR, "response")
    )
    offers = replace(REGULAR, is_per_offer=True, answer_days=46.6)
    assert "34% likely to act on a typical offer within 47 days. Everybody's" in text(offers, "response")
    assert text(REGULAR, "night") == "Buys at night. 60% of orders between 20:00 and 04:00."
    assert text(REGULAR, "taste") == "Prefers Beer. Share of spend: Beer 77%, Domestic wine 15%."


def test_not_enough_data_says_what_is_missing_and_what_was_done_instead() -> None:
    thin = CustomerFacts(
        orders=1,
        days_since_last=20,
        churn_risk=ChurnRisk.LOW,
        churn_missing=("500 buyers are needed, there are 12",),
    )
    sentence = churn_sentence(thin)
    assert sentence.title == "Not enough data for a churn probability"
    assert sentence.text == (
        "Bought once, 20 days ago: the risk counts as low by recency alone. "
        "Not enough data for a probability: 500 buyers are needed, there are 12."
    )


def test_people_who_never_bought_get_a_sentence_too() -> None:
    (only,) = explain(CustomerFacts(orders=0))
    assert only.title == "Not enough data"
    assert len(explain(CustomerFacts(orders=0, response_likelihood=0.1, base_response=0.1))) == 2


@pytest.mark.parametrize(("since", "says"), [(5, "Not due yet"), (12, "Due now"), (17, "Overdue by 8 days")])
def test_rhythm(since: int, says: str) -> None:
    assert text(replace(REGULAR, days_since_last=since), "rhythm").startswith(says)


def test_unknown_things_are_left_unsaid() -> None:
    few = replace(REGULAR, orders=2, gap_median=None, night_share=0.5, tastes=(), next_expected=None, clv=None)
    topics = [sentence.topic for sentence in explain(few)]
    assert topics == ["churn", "segment", "response"]
    assert "Bought 2 times, last bought 41 days ago" in text(few, "churn")
    never = replace(REGULAR, contacts=0, responses=0)
    assert "Not contacted in the last year" in text(never, "response")
    open_end = replace(REGULAR, next_high=None)
    assert "how late is open" in text(open_end, "next")


def test_percentages_never_claim_certainty() -> None:
    assert [percent(p) for p in (0, 0.001, 0.5, 0.996, 1)] == ["0%", "under 1%", "50%", "over 99%", "100%"]


def test_sentences_are_plain_data() -> None:
    assert explain(REGULAR)[0].to_dict() == {
        "topic": "churn",
        "title": "High churn risk, 78%",
        "text": "Buys every 9 days, last bought 41 days ago: 78% likely not to return within 60 days.",
        "tone": "warning",
    }
